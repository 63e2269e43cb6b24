import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { known } from '../../../src/base/reading.ts';
import { manualSignal, requestDrain, withdrawDrain } from '../../../src/signals/manual.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const OWN = 'i-0123456789abcdef0';
const OTHER = 'i-0fedcba9876543210';

/** Looks for a request on our own instance. @param stateOf the instance whose state was in the directory */
function looking(stateDir: string, stateOf?: string) {
  const told: string[] = [];
  const look = manualSignal(stateDir, (why) => told.push(why));
  return Object.assign(() => look({ instanceId: OWN, stateOf }), { told });
}

/** What whoever may write the state directory can put there. */
const planted: Record<string, (path: string, outside: string) => void> = {
  'a link to a file': (path, outside) => symlinkSync(join(outside, 'victim'), path),
  'a link to nothing': (path, outside) => symlinkSync(join(outside, 'new'), path),
  'a link to a device': (path) => symlinkSync('/dev/full', path),
  'a link to itself': (path) => symlinkSync(path, path),
  'a FIFO': (path) => execFileSync('mkfifo', [path]),
};

describe('a drain asked for by hand', () => {
  test('is there until it is taken back', async (t) => {
    const stateDir = temporaryDirectory(t);
    const read = looking(stateDir);
    assert.deepEqual(await read(), known(undefined));
    await requestDrain(stateDir, OWN);
    await requestDrain(stateDir, OWN);
    assert.deepEqual(await read(), known({ source: 'manual' }));
    assert.equal(await withdrawDrain(stateDir), true);
    assert.deepEqual(await read(), known(undefined));
    assert.equal(await withdrawDrain(stateDir), false);
  });

  test('on another instance, of which an image was made, asks for nothing: each that is launched from it would leave its cluster', async (t) => {
    const stateDir = temporaryDirectory(t);
    const path = join(stateDir, 'drain-requested');
    await requestDrain(stateDir, OTHER);
    const read = looking(stateDir);
    for (const _ of [1, 2]) assert.deepEqual(await read(), known(undefined));
    assert.deepEqual(read.told, [
      `the request to drain in ${path} was made on ${OTHER}: it does not count here`,
    ]);
    assert.equal(await requestDrain(stateDir, OWN), true, 'nobody has asked on this instance');
    assert.deepEqual(await read(), known({ source: 'manual' }));
    assert.equal(await requestDrain(stateDir, OWN), false);
  });

  test('that names no instance, as an earlier version left it, counts, also where the host does not know its name', async (t) => {
    const stateDir = temporaryDirectory(t);
    assert.equal(await requestDrain(stateDir, undefined), true);
    assert.equal(await requestDrain(stateDir, OWN), false);
    const read = looking(stateDir);
    assert.deepEqual(await read(), known({ source: 'manual' }));
    assert.deepEqual(read.told, []);
  });

  test('that names no instance, and was there with the state of another one, is that one’s, and is removed', async (t) => {
    const stateDir = temporaryDirectory(t);
    const path = join(stateDir, 'drain-requested');
    await requestDrain(stateDir, undefined);
    const read = looking(stateDir, OTHER);
    assert.deepEqual(await read(), known(undefined));
    assert.deepEqual(read.told, [
      `the request to drain in ${path} came with the state of ${OTHER}: it is removed`,
    ]);
    assert.equal(existsSync(path), false, 'after a restart it would count');
    await requestDrain(stateDir, undefined);
    assert.deepEqual(await read(), known({ source: 'manual' }), 'it was made after the agent’s start');
  });

  test('beside the state of another instance counts where it names this one, or was made since: nobody would drain it', async (t) => {
    const stateDir = temporaryDirectory(t);
    const first = looking(stateDir, OTHER);
    await requestDrain(stateDir, OWN);
    assert.deepEqual(await first(), known({ source: 'manual' }));
    await withdrawDrain(stateDir);
    const later = looking(stateDir, OTHER);
    assert.deepEqual(await later(), known(undefined));
    await requestDrain(stateDir, undefined);
    assert.deepEqual(await later(), known({ source: 'manual' }));
    assert.deepEqual([...first.told, ...later.told], []);
  });

  test('that is longer than the name of an instance names none, whatever it begins with', async (t) => {
    const stateDir = temporaryDirectory(t);
    const asked = async (text: string) => {
      writeFileSync(join(stateDir, 'drain-requested'), text);
      return looking(stateDir)();
    };
    const padded = (length: number) => OTHER.padEnd(length);
    assert.deepEqual(await asked(padded(64)), known(undefined));
    assert.deepEqual(
      await asked(padded(65)),
      known({ source: 'manual' }),
      'a file of any size would be read',
    );
  });

  test('no file stays open: an agent that is asked again and again would run out of them', {
    skip: !existsSync('/proc/self/fd'),
  }, async (t) => {
    const stateDir = temporaryDirectory(t);
    const before = readdirSync('/proc/self/fd').length;
    await requestDrain(stateDir, OWN);
    assert.equal(readdirSync('/proc/self/fd').length, before);
  });

  test('a state directory that is not there holds no request', async (t) => {
    const missing = join(temporaryDirectory(t), 'none');
    assert.deepEqual(await looking(missing)(), known(undefined));
    assert.equal(await withdrawDrain(missing), false);
    await assert.rejects(requestDrain(missing, OWN), { code: 'ENOENT' });
  });

  test('a file in the place of the state directory holds none either', async (t) => {
    const file = join(temporaryDirectory(t), 'file');
    writeFileSync(file, '');
    assert.deepEqual(await looking(file)(), known(undefined));
    assert.equal(await withdrawDrain(file), false);
  });

  test('a request that cannot be taken back is told: the drain goes on', async (t) => {
    const stateDir = temporaryDirectory(t);
    mkdirSync(join(stateDir, 'drain-requested'));
    await assert.rejects(
      withdrawDrain(stateDir),
      (error: NodeJS.ErrnoException) => error.code === 'EISDIR' || error.code === 'EPERM',
    );
  });

  test('a request that root leaves is the owner’s of the state directory, who must be able to remove it', {
    skip: process.getuid?.() !== 0,
  }, async (t) => {
    const stateDir = temporaryDirectory(t);
    chownSync(stateDir, 1_234, 5_678);
    await requestDrain(stateDir, OWN);
    const { uid, gid } = statSync(join(stateDir, 'drain-requested'));
    assert.deepEqual([uid, gid], [1_234, 5_678]);
  });

  for (const [what, plant] of Object.entries(planted)) {
    test(`${what} of that name is a request, is not followed, and can be withdrawn`, {
      timeout: 20_000,
    }, async (t) => {
      const outside = temporaryDirectory(t);
      const victim = join(outside, 'victim');
      writeFileSync(victim, 'root:$6$hash', { mode: 0o640 });
      const stateDir = temporaryDirectory(t);
      chownSync(stateDir, process.getuid?.() === 0 ? 1_234 : -1, -1);
      plant(join(stateDir, 'drain-requested'), outside);
      const before = statSync(victim);
      await requestDrain(stateDir, OWN);
      assert.deepEqual(await looking(stateDir)(), known({ source: 'manual' }));
      assert.equal(await withdrawDrain(stateDir), true);
      const { uid, gid, mode } = statSync(victim);
      assert.deepEqual([uid, gid, mode], [before.uid, before.gid, before.mode], 'it was given away');
      assert.equal(readFileSync(victim, 'utf8'), 'root:$6$hash', 'it was emptied');
      assert.deepEqual(readdirSync(outside), ['victim'], 'a file was made where a link led');
    });
  }

  test('a state directory that cannot be looked into is no word', {
    skip: process.getuid?.() !== 0,
  }, async (t) => {
    // Made for its owner alone. Only a process that is wholly somebody else's cannot look into it.
    const stateDir = temporaryDirectory(t);
    const script = `
      const { manualSignal } = await import(${JSON.stringify(new URL('../../../src/signals/manual.ts', import.meta.url).href)});
      process.setgroups([]); process.setgid(65534); process.setuid(65534);
      console.log(JSON.stringify(await manualSignal(${JSON.stringify(stateDir)}, () => {})({})));`;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    const reading = JSON.parse(said);
    assert.equal(reading.kind, 'unknown');
    assert.match(reading.cause, /^looking for a request to drain: EACCES: permission denied/);
  });
});
