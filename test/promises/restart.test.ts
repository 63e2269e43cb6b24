import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Entry } from './entry.ts';
import {
  A,
  atRest,
  called,
  chosen,
  deregister,
  found,
  lifecycle,
  looks,
  readImds,
  setStatus,
  started,
  status,
  tag,
  tagRemoved,
  task,
} from './log.ts';

// What a process was told is in the state file that the next one finds, but for its last moment.

const restarted = (at: number): readonly Entry[] => [
  { kind: 'agent', at: at * 1000, instanceId: A, change: 'ended' },
  started(at + 1),
  called(at + 2, 'ecs:DescribeContainerInstances'),
  called(at + 2, 'ecs:ListTasks', { desiredStatus: 'RUNNING' }),
  called(at + 2, 'ecs:ListTasks', { desiredStatus: 'STOPPED' }),
];
const lateOf = (log: readonly Entry[], end: number) => found(log, end).filter((one) => one.startsWith('L4'));

describe('L4, a root volume that is replaced', () => {
  test('deregistered for an operator’s tag that was gone', () => {
    const log = [
      ...atRest,
      tag(5),
      ...looks(12),
      status(12, 'DRAINING'),
      setStatus(12, 'DRAINING'),
      tagRemoved(50),
      lifecycle(51, 'ReplacingRootVolume:Wait'),
      task(52, 'STOPPED'),
    ];
    const late = (at: number) => lateOf([...log, status(at, 'INACTIVE'), deregister(at)], at + 1);
    assert.deepEqual(late(53), [], 'metadata is read every three seconds');
    assert.deepEqual(late(54), [
      `L4: ${A} was deregistered while its root volume was being replaced: it takes no task any more`,
    ]);
  });
});

describe('L4, after a restart', () => {
  test('deregistered though the group had said that it replaces the root volume', () => {
    const log = (endedAt: number) => [
      ...atRest,
      tag(5),
      lifecycle(10, 'ReplacingRootVolume:Wait'),
      ...looks(12),
      status(12, 'DRAINING'),
      setStatus(12, 'DRAINING'),
      ...restarted(endedAt),
      task(40, 'STOPPED'),
      status(62, 'INACTIVE'),
      deregister(62),
    ];
    const violation = `L4: ${A} was deregistered while its root volume was being replaced: it takes no task any more`;
    assert.deepEqual(lateOf(log(20), 63), [violation]);
    assert.deepEqual(lateOf(log(13), 63), [], 'it may have died before that was saved');
  });

  test('given back though the group had said that it terminates the instance', () => {
    const log = (endedAt: number) => [
      ...atRest,
      tag(9),
      chosen(10),
      lifecycle(10, 'Terminating'),
      readImds(11),
      ...looks(12),
      status(12, 'DRAINING'),
      setStatus(12, 'DRAINING'),
      tagRemoved(13),
      called(13, 'ecs:ListTasks', {}, 'fault:5xx'),
      ...restarted(endedAt),
      readImds(endedAt + 3),
      status(60, 'ACTIVE'),
      setStatus(60, 'ACTIVE'),
    ];
    const violation = `L4: ${A} was set ACTIVE, though its group itself terminates it: it is given tasks that end with it`;
    assert.deepEqual(lateOf(log(20), 61), [violation]);
    assert.deepEqual(lateOf(log(13), 61), [], 'it may have died before that was saved');
  });
});
