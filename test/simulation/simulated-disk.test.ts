import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Disk,
  fsync,
  fsyncSync,
  insertDisk,
  openSync,
  readFileSync,
  renameSync,
  STATE_DIR,
  writeSync,
} from './simulated-disk.ts';

const STATE = `${STATE_DIR}/state.json`;
const DRAFT = `${STATE}.tmp`;

/** Writes the file in place, as far as the kernel's cache. */
function write(text: string, path = STATE): number {
  const handle = openSync(path, 'w');
  writeSync(handle, text);
  return handle;
}

function replace(text: string) {
  fsyncSync(write(text, DRAFT));
  renameSync(DRAFT, STATE);
}

const syncFolder = () => fsyncSync(openSync(STATE_DIR, 'r'));

/** A disk with a state that has reached the platter. */
function setUp(): Disk {
  const disk = insertDisk();
  replace('old');
  syncFolder();
  return disk;
}

describe('once the power has failed, the simulated disk holds', () => {
  it('what was synced, with its name', () => {
    const disk = setUp();
    replace('new');
    syncFolder();
    disk.losePower();
    assert.equal(disk.content(), 'new');
  });

  it('the earlier file where the folder was not synced: an agent that leaves that out would never be caught', () => {
    const disk = setUp();
    replace('new');
    assert.equal(disk.content(), 'new', 'a process that was only killed leaves its file behind');
    disk.losePower();
    assert.equal(disk.content(), 'old');
  });

  it('an empty file where its content was not synced: an agent that leaves that out would never be caught', () => {
    const disk = setUp();
    write('new', DRAFT);
    renameSync(DRAFT, STATE);
    syncFolder();
    disk.losePower();
    assert.equal(disk.content(), '');
  });

  it('all that the kernel had the time to write back', () => {
    const disk = setUp();
    write('new', DRAFT);
    renameSync(DRAFT, STATE);
    disk.writeBack();
    disk.losePower();
    assert.equal(disk.content(), 'new', 'a fault that no host has would be called the agent’s');
  });

  it('what was written long ago, though a later write has failed since', () => {
    const disk = setUp();
    disk.now = () => 10;
    write('new', DRAFT);
    renameSync(DRAFT, STATE);
    disk.now = () => 60;
    write('never', DRAFT);
    disk.writeBack(20);
    disk.losePower();
    assert.equal(disk.content(), 'new', 'a fault that no host has would be called the agent’s');
    assert.throws(() => readFileSync(DRAFT), { code: 'ENOENT' });
  });

  it('what fsync(2) has been told to put there, once it returns, and not what was written meanwhile', () => {
    const disk = setUp();
    const ends: (() => void)[] = [];
    disk.whenSynced = (end) => void ends.push(end);
    const told: (Error | null)[] = [];
    const handle = write('new', DRAFT);
    fsync(handle, (error) => told.push(error));
    writeSync(handle, 'er');
    renameSync(DRAFT, STATE);
    syncFolder();
    assert.deepEqual(told, []);
    ends.pop()?.();
    assert.deepEqual(told, [null]);
    disk.losePower();
    assert.equal(disk.content(), 'new');
  });

  it('nothing of what fsync(2) was still at, of which a process that has ended is not told either', () => {
    const disk = setUp();
    const ends: (() => void)[] = [];
    disk.whenSynced = (end) => void ends.push(end);
    fsync(write('new'), () => assert.fail('the process after it would act for it'));
    disk.endProcess();
    disk.losePower();
    ends.pop()?.();
    disk.losePower();
    assert.equal(disk.content(), 'old');
  });

  it('what fsync(2) was at when its process was killed: the kernel goes on', () => {
    const disk = setUp();
    const ends: (() => void)[] = [];
    disk.whenSynced = (end) => void ends.push(end);
    fsync(write('new'), () => assert.fail('the process after it would act for it'));
    disk.endProcess();
    ends.pop()?.();
    disk.losePower();
    assert.equal(disk.content(), 'new');
  });

  it('nothing of what was written after that', () => {
    const disk = setUp();
    disk.writeBack();
    replace('new');
    disk.losePower();
    assert.equal(disk.content(), 'old');
  });
});
