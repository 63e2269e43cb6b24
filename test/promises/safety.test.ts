import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Entry } from './entry.ts';
import {
  A,
  atRest,
  called,
  chosen,
  complete,
  deregister,
  disturbed,
  drained,
  draining,
  ended,
  found,
  happened,
  hookPut,
  lifecycle,
  looks,
  readImds,
  setStatus,
  started,
  status,
  stopTask,
  TASK,
  tag,
  tagRemoved,
  task,
} from './log.ts';

// The checker is of use only if it can find fault.

test('S2, force', () => {
  assert.deepEqual(found([...draining, status(20, 'INACTIVE'), deregister(20, true)], 21), [
    `S2: ${A} called ecs:DeregisterContainerInstance with force: tasks that still run are orphaned`,
  ]);
});

describe("S3, somebody else's instance", () => {
  test('a container instance', () => {
    assert.deepEqual(found([...draining, setStatus(20, 'DRAINING', 'arn:other')], 21), [
      `S3: ${A} called ecs:UpdateContainerInstancesState for arn:other, which is not its own`,
    ]);
  });

  test('an EC2 instance', () => {
    const log = [...drained.slice(0, -1), complete(63, 'drain', 'CONTINUE', 'i-0000000000000000b')];
    assert.deepEqual(found(log, 64), [
      `S3: ${A} called autoscaling:CompleteLifecycleAction for i-0000000000000000b, which is not its own`,
    ]);
  });

  test('a task', () => {
    const log = [...draining, called(20, 'ecs:StopTask', { task: 'arn:task/other' })];
    assert.deepEqual(found(log, 21, { limit: { after: 5_000, onTimeout: 'stop-tasks' } }), [
      `S3: ${A} called ecs:StopTask for arn:task/other, which is not its own`,
    ]);
  });

  test('none named', () => {
    const log = [
      ...draining,
      called(20, 'autoscaling:RecordLifecycleActionHeartbeat', { LifecycleHookName: 'drain' }),
    ];
    assert.deepEqual(found(log, 21), [
      `S3: ${A} called autoscaling:RecordLifecycleActionHeartbeat without naming its own instance`,
    ]);
  });
});

describe('S4, nothing asked for it', () => {
  const unasked = `S4: ${A} called ecs:UpdateContainerInstancesState though nothing asked for the instance to go`;

  test('no signal', () => {
    const log = [...atRest, status(20, 'DRAINING'), setStatus(20, 'DRAINING')];
    assert.ok(found(log, 21).includes(unasked));
  });

  test('a tag whose value is false', () => {
    const log = [...atRest, tag(10, 'false'), status(20, 'DRAINING'), setStatus(20, 'DRAINING')];
    assert.ok(found(log, 21).includes(unasked));
  });

  test('a tag that is no signal here', () => {
    const log = [...atRest, tag(10), status(20, 'DRAINING'), setStatus(20, 'DRAINING')];
    assert.deepEqual(found(log, 21), []);
    assert.ok(found(log, 21, { signals: ['lifecycle'] }).includes(unasked));
  });

  test('long after the signal had gone', () => {
    const log = [...atRest, tag(10), tagRemoved(12), status(40, 'DRAINING'), setStatus(40, 'DRAINING')];
    assert.ok(found(log, 41).includes(unasked));
  });

  test('a heartbeat, once the group, which could not be asked before, has said for half a minute that it keeps it', () => {
    const input = { AutoScalingGroupName: 'g', LifecycleHookName: 'drain', InstanceId: A };
    const ask = (at: number, outcome?: string) =>
      called(at, 'autoscaling:DescribeAutoScalingInstances', { InstanceIds: [A] }, outcome);
    const heartbeatAt = (at: number, ...asks: readonly Entry[]) =>
      found(
        [
          ...atRest,
          tag(10),
          tagRemoved(12),
          ...asks,
          called(at, 'autoscaling:RecordLifecycleActionHeartbeat', input),
        ],
        at + 1,
      ).filter((one) => one.startsWith('S4')).length;
    const unheard = [150, 180].map((at) => ask(at, 'InternalFailure'));
    assert.equal(heartbeatAt(190, ...unheard), 0);
    assert.equal(heartbeatAt(239, ...unheard, ask(200), ask(235)), 0);
    assert.equal(heartbeatAt(241, ...unheard, ask(200), ask(235)), 1);
  });

  test('a heartbeat long after, but for an agent that reads the tag in metadata that serves none any more', () => {
    const input = { AutoScalingGroupName: 'asg', LifecycleHookName: 'drain', InstanceId: A };
    const beat = called(200, 'autoscaling:RecordLifecycleActionHeartbeat', input);
    const log = [...atRest, tag(10), tagRemoved(12), beat];
    const late = `S4: ${A} called autoscaling:RecordLifecycleActionHeartbeat though nothing asked for the instance to go`;
    assert.ok(found(log, 201).includes(late));
    const unserved = { tagSource: 'imds', tagsServed: false } as const;
    assert.ok(!found(log, 201, unserved).includes(late), 'nothing tells it that the tag is gone');
    assert.ok(
      found(
        [...atRest, tag(10), tagRemoved(12), status(40, 'DRAINING'), setStatus(40, 'DRAINING')],
        41,
        unserved,
      ).includes(unasked),
    );
  });
});

test('S4, minutes after metadata has said that nothing asks for the instance, whatever else fails', () => {
  const at = (seconds: number, path: string, body?: string): Entry => ({
    kind: 'host-request',
    at: seconds * 1000,
    instanceId: A,
    to: 'imds',
    answered: true,
    path: `http://169.254.169.254/latest/meta-data/${path}`,
    status: body === undefined ? 404 : 200,
    ...(body !== undefined && { body }),
  });
  const isUnasked = (...told: readonly Entry[]) =>
    found(
      [
        ...atRest,
        tag(10),
        tagRemoved(12),
        disturbed(13, { what: 'fault', restsMs: 0 }),
        ...told,
        setStatus(40, 'DRAINING'),
      ],
      41,
    ).some((one) => one.startsWith('S4'));
  const untagged = at(20, 'tags/instance', 'Name');
  const kept = at(20, 'autoscaling/target-lifecycle-state', 'InService');
  assert.equal(isUnasked(), false, 'it may not have seen that yet');
  assert.equal(isUnasked(untagged, kept), false, 'nothing is known of Spot');
  assert.equal(isUnasked(untagged, kept, at(20, 'spot/instance-action')), true);
});

describe('S5, on an unknown', () => {
  test('tasks that were never listed', () => {
    const log = [
      ...atRest,
      chosen(10),
      task(11, 'STOPPED'),
      readImds(12),
      called(12, 'ecs:DescribeContainerInstances'),
      called(12, 'ecs:ListTasks', {}, 'ServerException'),
      status(13, 'INACTIVE'),
      deregister(13),
    ];
    assert.deepEqual(found(log, 14), [
      `S5: ${A} called ecs:DeregisterContainerInstance without a good answer from ecs:ListTasks`,
      `S5: ${A} called ecs:DeregisterContainerInstance without having listed all of its tasks in this drain`,
      `S5: ${A} called ecs:DeregisterContainerInstance at once, without a word of its group: its root volume may be about to be replaced`,
    ]);
  });

  test('a list that another process had read', () => {
    const log = [
      ...draining,
      started(50),
      readImds(50),
      task(60, 'STOPPED'),
      status(61, 'INACTIVE'),
      deregister(61),
    ];
    assert.deepEqual(found(log, 62), [
      `S5: ${A} called ecs:DeregisterContainerInstance without a good answer from ecs:DescribeContainerInstances`,
      `S5: ${A} called ecs:DeregisterContainerInstance without having listed all of its tasks in this drain`,
    ]);
  });

  test('a task that is asked to stop on a list of minutes ago, but not while ECS throttles, nor where a list takes long', () => {
    const limit = { after: 236_000, onTimeout: 'stop-tasks' } as const;
    const asked = (between: readonly Entry[], hasSmallPages = false) =>
      found([...draining, ...between, readImds(250), stopTask(250)], 251, {
        limit,
        signals: ['lifecycle'],
        hasSmallPages,
      });
    const old = `S5: ${A} called ecs:StopTask without a good answer from ecs:ListTasks`;
    const throttled = called(240, 'ecs:DescribeContainerInstances', {}, 'ThrottlingException');
    assert.deepEqual(asked([]), [old]);
    assert.deepEqual(asked([throttled]), [], 'what ECS has placed here stays here');
    const many = Array.from({ length: 12 }, (_, index) =>
      happened(20, {
        type: 'task',
        instanceId: A,
        taskArn: `${TASK}${index}`,
        group: 'g',
        from: undefined,
        to: 'STOPPED',
      }),
    );
    assert.deepEqual(asked(many), [old]);
    assert.deepEqual(asked([], true), [old]);
    assert.deepEqual(asked(many, true), [], 'every page takes a request');
    const stoodStill = disturbed(30, { what: 'hibernation', forMs: 190_000 });
    assert.deepEqual(asked([stoodStill, throttled]), [old], 'the host may be another by now');
  });

  test("the group's state", () => {
    const log = [
      ...draining.filter((entry) => !('api' in entry) || !entry.api?.startsWith('autoscaling:')),
      task(60, 'STOPPED'),
      status(60, 'INACTIVE'),
      ended(61, 'call'),
      complete(61),
    ];
    assert.deepEqual(found(log, 62), [
      `S5: ${A} called autoscaling:CompleteLifecycleAction without a good answer from autoscaling:DescribeAutoScalingInstances`,
    ]);
  });

  test('signals', () => {
    const log = [
      ...atRest,
      tag(10),
      readImds(11),
      task(200, 'STOPPED'),
      ...looks(201),
      status(202, 'INACTIVE'),
      deregister(202),
    ];
    assert.deepEqual(found(log, 203, { mode: 'deregister' }), [
      `S5: ${A} called ecs:DeregisterContainerInstance while its signals were unknown`,
    ]);
  });
});

describe("S6, another owner's hook", () => {
  test('completed', () => {
    const log = [...drained, complete(64, 'ecs-managed-draining-termination-hook')];
    assert.deepEqual(found(log, 65), [
      `S6: the hook ecs-managed-draining-termination-hook, which is not ours, was completed by ${A}: its owner's work is broken off`,
    ]);
  });

  test('kept waiting', () => {
    const beat = called(20, 'autoscaling:RecordLifecycleActionHeartbeat', {
      LifecycleHookName: 'theirs',
      InstanceId: A,
    });
    assert.deepEqual(found([...draining, beat], 21), [
      `S6: the hook theirs, which is not ours, was kept waiting by ${A}: its owner's work is broken off`,
    ]);
  });

  test('not one that was the only one when the hooks were read on the way out, unless they were read before', () => {
    const read = (at: number) => called(at, 'autoscaling:DescribeLifecycleHooks');
    const isFound = (readAt: number) =>
      found(
        [
          ...atRest,
          hookPut('drain', 1),
          ...(readAt < 10 ? [read(readAt)] : []),
          chosen(10),
          lifecycle(10, 'Terminating'),
          readImds(12),
          ...(readAt > 10 ? [read(readAt)] : []),
          hookPut('theirs', 20),
          read(30),
          called(60, 'autoscaling:RecordLifecycleActionHeartbeat', {
            LifecycleHookName: 'drain',
            InstanceId: A,
          }),
        ],
        61,
      ).some((one) => one.startsWith('S6: the hook drain'));
    assert.equal(isFound(15), false);
    assert.equal(isFound(5), true);
  });

  test('one that was ours until the tag named another, once the hooks were read anew', () => {
    const beat = called(60, 'autoscaling:RecordLifecycleActionHeartbeat', {
      LifecycleHookName: 'theirs',
      InstanceId: A,
    });
    const beats = (readAt: number) => [
      ...atRest,
      hookPut('theirs', 1),
      chosen(10),
      lifecycle(10, 'Terminating'),
      readImds(12),
      hookPut('drain', 20),
      called(readAt, 'autoscaling:DescribeLifecycleHooks'),
      tag(22, 'hook=drain'),
      beat,
    ];
    const isFound = (readAt: number) =>
      found(beats(readAt), 61).some((one) => one.startsWith('S6: the hook theirs'));
    assert.equal(isFound(15), false, 'it has not read of the other');
    assert.equal(isFound(30), true);
  });
});

test('a dry run that changed something', () => {
  assert.deepEqual(found(draining, 20, { dryRun: true }), [
    `dry run: ${A} called ecs:UpdateContainerInstancesState, though it was to change nothing`,
  ]);
});
