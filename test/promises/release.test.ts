import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  A,
  atRest,
  called,
  complete,
  drained,
  draining,
  ended,
  found,
  happened,
  status,
  TASK,
  task,
} from './log.ts';

// The checker is of use only if it can find fault.

test('a drain as it should be breaks nothing', () => {
  assert.deepEqual(found(drained, 120), []);
});

test('an instance at rest breaks nothing', () => {
  assert.deepEqual(found(atRest, 3600), []);
});

describe('S1, an early release', () => {
  test('CONTINUE while a task runs', () => {
    assert.deepEqual(found([...draining, status(15, 'INACTIVE'), ended(20, 'call'), complete(20)], 21), [
      `S1: ${A} was released (CONTINUE) while task service:web 01234567 was still RUNNING`,
    ]);
  });

  test('CONTINUE while a task is on its way down', () => {
    assert.deepEqual(
      found([...draining, status(15, 'INACTIVE'), task(19, 'STOPPING'), ended(20, 'call'), complete(20)], 21),
      [`S1: ${A} was released (CONTINUE) while task service:web 01234567 was still STOPPING`],
    );
  });

  test('TerminateInstance while a task runs', () => {
    const terminate = called(20, 'autoscaling:TerminateInstanceInAutoScalingGroup', { InstanceId: A });
    assert.deepEqual(found([...draining, status(15, 'INACTIVE'), terminate], 21), [
      `S1: ${A} was released (terminate) while task service:web 01234567 was still RUNNING`,
    ]);
  });

  test('ABANDON while a task runs, in a group that does not retain', () => {
    const log = [...draining, status(15, 'INACTIVE'), ended(20, 'call'), complete(20, 'drain', 'ABANDON')];
    assert.deepEqual(found(log, 21), [
      `S1: ${A} was released (ABANDON) while task service:web 01234567 was still RUNNING`,
    ]);
    assert.deepEqual(found(log, 21, { retains: true }), []);
  });

  test("before the operator's limit, but not after it", () => {
    const log = [...draining, status(15, 'INACTIVE'), ended(20, 'call'), complete(20)];
    const limit = (after: number) => ({ limit: { after, onTimeout: 'continue' } as const });
    assert.equal(found(log, 21, limit(10_001)).length, 1);
    assert.deepEqual(found(log, 21, limit(10_000)), []);
  });

  test('the limit allows only what the operator chose', () => {
    const log = [...draining, status(15, 'INACTIVE'), ended(20, 'call'), complete(20)];
    for (const onTimeout of ['wait', 'stop-tasks', 'abandon'] as const)
      assert.equal(found(log, 21, { limit: { after: 0, onTimeout } }).length, 1, onTimeout);
  });

  test('a task that was lost', () => {
    const lost = happened(21, {
      type: 'task-interrupted',
      interruption: {
        at: 21_000,
        taskArn: TASK,
        group: 'service:web',
        instanceId: A,
        lastStatus: 'RUNNING',
        containersRan: true,
        orphaned: false,
        cause: 'the group g terminated it',
      },
    });
    const log = [...draining, complete(19), status(19, 'INACTIVE'), ended(20, 'call'), lost];
    assert.equal(
      found(log, 21).at(-1),
      `S1: ${A} went while task service:web 01234567 was RUNNING: its work is lost`,
    );
  });
});
