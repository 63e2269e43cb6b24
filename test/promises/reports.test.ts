import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Entry, OnDisk } from './entry.ts';
import {
  A,
  atRest,
  called,
  deregister,
  draining,
  found,
  looks,
  setStatus,
  status,
  tag,
  tagRemoved,
  task,
} from './log.ts';

// The checker is of use only if it can find fault.

const reported = (at: number, lastTaskEndedAt?: number, waitedSeconds?: number): Entry => ({
  kind: 'report',
  at: at * 1000,
  instanceId: A,
  lastTaskEndedAt: lastTaskEndedAt === undefined ? undefined : lastTaskEndedAt * 1000,
  waitedSeconds,
});

describe('X2, what is reported is of this drain', () => {
  test('a last task that ended before it', () => {
    assert.deepEqual(found([...draining, reported(20, 5)], 21), [
      `X2: ${A} reports that its last task ended 5 s before this drain began: its operator is shown another drain`,
    ]);
    assert.deepEqual(found([...draining, reported(20, 15)], 21), []);
  });

  test('a wait that is longer than it', () => {
    assert.deepEqual(found([...draining, reported(20, undefined, 60)], 21), [
      `X2: ${A} reports a wait of 60 s in a drain of 10 s: its operator is shown another drain`,
    ]);
    assert.deepEqual(found([...draining, reported(20, undefined, 10)], 21), []);
  });
});

describe('X4, the state file', () => {
  const saved = (change: 'saved' | 'save-failed', onDisk: OnDisk): Entry =>
    change === 'saved'
      ? {
          kind: 'state',
          at: 20_000,
          instanceId: A,
          change,
          notesDraining: true,
          registrations: [],
          confirmed: [],
          onDisk,
        }
      : { kind: 'state', at: 20_000, instanceId: A, change, onDisk };

  test('damaged, or as before, after a save that was said to have succeeded', () => {
    assert.deepEqual(found([...draining, saved('saved', 'damaged')], 21), [
      `X4: ${A} saved its state, and the file cannot be read: the next process starts without it`,
    ]);
    assert.deepEqual(found([...draining, saved('saved', 'old')], 21), [
      `X4: ${A} saved its state, and the file holds the state before: the next process starts without it`,
    ]);
    assert.deepEqual(found([...draining, saved('saved', 'new')], 21), []);
  });

  test('damaged by a save that failed', () => {
    assert.deepEqual(found([...draining, saved('save-failed', 'damaged')], 21), [
      `X4: ${A} could not save its state, and the file cannot be read: the next process starts without the old one`,
    ]);
    assert.deepEqual(found([...draining, saved('save-failed', 'old')], 21), []);
  });
});

test('X3, a call after SIGTERM', () => {
  const stopping: Entry = { kind: 'agent', at: 20_000, instanceId: A, change: 'stopping' };
  const log = [
    ...draining,
    stopping,
    ...looks(20),
    task(20, 'STOPPED'),
    status(22, 'INACTIVE'),
    deregister(22),
  ];
  assert.deepEqual(found(log, 23), [
    `X3: ${A} called ecs:DeregisterContainerInstance 2000 ms after SIGTERM: nobody is left to see what comes of it`,
  ]);
});

test('X1, a process that ends by itself', () => {
  const crashed: Entry = { kind: 'agent', at: 20_000, instanceId: A, change: 'ended', by: 'a TypeError' };
  assert.deepEqual(found([...draining, crashed], 21), [`X1: the agent of ${A} ended by itself: a TypeError`]);
});

test('S5, what was listed in the drain before', () => {
  const log = [
    ...atRest,
    tag(10),
    ...looks(12),
    status(13, 'DRAINING'),
    setStatus(13, 'DRAINING'),
    tagRemoved(20),
    setStatus(25, 'ACTIVE'),
    status(25, 'ACTIVE'),
    tag(60),
    task(61, 'STOPPED'),
    status(64, 'DRAINING'),
    setStatus(64, 'DRAINING'),
    called(65, 'ecs:DescribeContainerInstances'),
    deregister(66),
  ];
  assert.deepEqual(found(log, 66.1), [
    `S5: ${A} called ecs:DeregisterContainerInstance without having listed all of its tasks in this drain`,
  ]);
});

test('several agents in one World are judged each by its own instance', () => {
  const other = 'i-0000000000000000b';
  const start: Entry = { kind: 'agent', at: 0, instanceId: other, change: 'started' };
  const stop = { ...called(20, 'ecs:ListTasks'), instanceId: other };
  assert.deepEqual(found([start, ...draining, stop], 21), [
    `Q1: ${other} called ecs:ListTasks at rest: every instance of a fleet would`,
  ]);
});
