import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Happening } from '../../src/sandbox/world/timeline.ts';
import { checkProperties } from './check.ts';
import type { Entry, Setting } from './entry.ts';

// Every log here is written by hand, times in seconds. The checker is of use only if it can find fault.

const A = 'i-0000000000000000a';
const ARN = 'arn:aws:ecs:eu-west-1:111122223333:container-instance/web/aaaa';
const TASK = 'arn:aws:ecs:eu-west-1:111122223333:task/web/0123456789ab';

function happened(at: number, event: Happening): Entry {
  return { kind: 'event', at: at * 1000, event: { at: at * 1000, ...event } };
}

function called(at: number, api: string, input: object = {}, outcome = 'ok'): Entry {
  return { kind: 'request', at: at * 1000, api, instanceId: A, input, outcome };
}

const started = (at: number): Entry => ({ kind: 'agent', at: at * 1000, instanceId: A, change: 'started' });
const readImds = (at: number, answered = true): Entry => ({
  kind: 'host-request',
  at: at * 1000,
  instanceId: A,
  to: 'imds',
  answered,
});
const status = (at: number, to: 'ACTIVE' | 'DRAINING' | 'INACTIVE') =>
  happened(at, { type: 'container-instance', instanceId: A, containerInstanceArn: ARN, from: undefined, to });
const task = (at: number, to: 'RUNNING' | 'STOPPING' | 'STOPPED') =>
  happened(at, { type: 'task', instanceId: A, taskArn: TASK, group: 'service:web', from: undefined, to });
const lifecycle = (at: number, to: 'InService' | 'Terminating' | 'Terminating:Wait') =>
  happened(at, { type: 'lifecycle-state', group: 'g', instanceId: A, from: undefined, to });
const tag = (at: number, value = '') =>
  happened(at, { type: 'tag-put', instanceId: A, key: 'ecs-drain-agent:terminate', value });
const tagRemoved = (at: number) =>
  happened(at, { type: 'tag-removed', instanceId: A, key: 'ecs-drain-agent:terminate' });
const chosen = (at: number) =>
  happened(at, { type: 'scale-in-chosen', group: 'g', instanceId: A, cause: '' });
const ended = (at: number, by: 'call' | 'heartbeat-timeout') =>
  happened(at, {
    type: 'lifecycle-action-ended',
    group: 'g',
    hook: 'drain',
    instanceId: A,
    result: 'CONTINUE',
    by,
  });

const looks = (at: number) => [
  called(at, 'ecs:DescribeContainerInstances'),
  called(at, 'ecs:ListTasks'),
  called(at, 'autoscaling:DescribeAutoScalingInstances'),
];
const setStatus = (at: number, to: 'DRAINING' | 'ACTIVE', arn = ARN) =>
  called(at, 'ecs:UpdateContainerInstancesState', { containerInstances: [arn], status: to });
const deregister = (at: number, force = false) =>
  called(at, 'ecs:DeregisterContainerInstance', { containerInstance: ARN, force });
const complete = (at: number, hook = 'drain', result = 'CONTINUE', instance = A) =>
  called(at, 'autoscaling:CompleteLifecycleAction', {
    LifecycleHookName: hook,
    LifecycleActionResult: result,
    InstanceId: instance,
  });

const atRest = [status(0, 'ACTIVE'), lifecycle(0, 'InService'), task(0, 'RUNNING'), started(0), readImds(1)];
const draining = [
  ...atRest,
  chosen(10),
  lifecycle(10, 'Terminating'),
  lifecycle(11, 'Terminating:Wait'),
  readImds(12),
  ...looks(12),
  status(13, 'DRAINING'),
  setStatus(13, 'DRAINING'),
];
const drained = [
  ...draining,
  task(60, 'STOPPED'),
  ...looks(61),
  status(62, 'INACTIVE'),
  deregister(62),
  ended(63, 'call'),
  complete(63),
];

function found(log: readonly Entry[], end: number, setting: Partial<Setting> = {}): readonly string[] {
  return checkProperties(log, end * 1000, setting);
}

test('a drain as it should be breaks nothing', () => {
  assert.deepEqual(found(drained, 120), []);
});

test('an instance at rest breaks nothing', () => {
  assert.deepEqual(found(atRest, 3600), []);
});

describe('S1, an early release', () => {
  test('CONTINUE while a task runs', () => {
    assert.deepEqual(found([...draining, ended(20, 'call'), complete(20)], 21), [
      `S1: ${A} was released (CONTINUE) while task service:web 01234567 was still RUNNING`,
    ]);
  });

  test('CONTINUE while a task is on its way down', () => {
    assert.deepEqual(found([...draining, task(19, 'STOPPING'), ended(20, 'call'), complete(20)], 21), [
      `S1: ${A} was released (CONTINUE) while task service:web 01234567 was still STOPPING`,
    ]);
  });

  test('TerminateInstance while a task runs', () => {
    const terminate = called(20, 'autoscaling:TerminateInstanceInAutoScalingGroup', { InstanceId: A });
    assert.deepEqual(found([...draining, terminate], 21), [
      `S1: ${A} was released (terminate) while task service:web 01234567 was still RUNNING`,
    ]);
  });

  test('ABANDON while a task runs, in a group that does not retain', () => {
    const log = [...draining, ended(20, 'call'), complete(20, 'drain', 'ABANDON')];
    assert.deepEqual(found(log, 21), [
      `S1: ${A} was released (ABANDON) while task service:web 01234567 was still RUNNING`,
    ]);
    assert.deepEqual(found(log, 21, { retains: true }), []);
  });

  test("before the operator's limit, but not after it", () => {
    const log = [...draining, ended(20, 'call'), complete(20)];
    const limit = (after: number) => ({ limit: { after, onTimeout: 'continue' } as const });
    assert.equal(found(log, 21, limit(10_001)).length, 1);
    assert.deepEqual(found(log, 21, limit(10_000)), []);
  });

  test('the limit allows only what the operator chose', () => {
    const log = [...draining, ended(20, 'call'), complete(20)];
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
    assert.deepEqual(found([...draining, ended(20, 'call'), lost], 21), [
      `S1: ${A} went while task service:web 01234567 was RUNNING: its work is lost`,
    ]);
  });
});

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
    assert.deepEqual(found(log, 21), [
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
    ]);
  });

  test("the group's state", () => {
    const log = [
      ...draining.filter((entry) => !('api' in entry) || !entry.api.startsWith('autoscaling:')),
      task(60, 'STOPPED'),
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
});

describe('L1, kept without work', () => {
  const kept = (seconds: string) =>
    `L1: ${A} was kept for ${seconds} s after it could have gone: an instance without work is paid for`;

  test('never let go', () => {
    assert.deepEqual(found([...draining, task(60, 'STOPPED')], 65), []);
    assert.deepEqual(found([...draining, task(60, 'STOPPED')], 65.1), [kept('5.1')]);
  });

  test('let go too late', () => {
    const late = [
      ...draining,
      task(60, 'STOPPED'),
      ...looks(68),
      status(68, 'INACTIVE'),
      deregister(68),
      complete(68),
    ];
    assert.deepEqual(found(late, 69), [kept('8.0')]);
  });

  test('deregistered, and then forgotten', () => {
    assert.deepEqual(found(drained.slice(0, -2), 120), [kept('60.0')]);
  });

  test('not while AWS did not answer, nor while nobody was there to do it', () => {
    const failing = called(58, 'ecs:ListTasks', {}, 'fault:5xx');
    assert.deepEqual(found([...draining, failing, task(60, 'STOPPED')], 70), []);
    const killed: Entry = { kind: 'agent', at: 50_000, instanceId: A, change: 'ended' };
    assert.deepEqual(found([...draining, killed, task(60, 'STOPPED')], 70), []);
  });
});

test('L2, a hook that timed out beside a living agent', () => {
  assert.deepEqual(found([...draining, ended(41, 'heartbeat-timeout')], 42), [
    `L2: the hook drain of ${A} timed out for want of a heartbeat, with 1 tasks left`,
  ]);
});

describe('L4, cancelled', () => {
  const cancelled = [
    ...atRest,
    tag(10),
    readImds(11),
    ...looks(11),
    status(12, 'DRAINING'),
    setStatus(12, 'DRAINING'),
    tagRemoved(20),
  ];

  test('given back', () => {
    assert.deepEqual(found([...cancelled, setStatus(25, 'ACTIVE'), status(25, 'ACTIVE')], 60), []);
  });

  test('left DRAINING', () => {
    assert.deepEqual(found(cancelled, 60), [
      `L4: ${A} was left DRAINING after its drain was cancelled: it takes no task any more`,
    ]);
  });

  test("somebody else's DRAINING undone", () => {
    const log = [
      ...atRest,
      status(5, 'DRAINING'),
      tag(10),
      ...looks(11),
      tagRemoved(20),
      setStatus(25, 'ACTIVE'),
    ];
    assert.deepEqual(found(log, 26), [
      `L4: ${A} was set ACTIVE, though it was somebody else who had set it DRAINING`,
    ]);
  });
});

describe('Q1, at rest', () => {
  test('a request', () => {
    assert.deepEqual(found([...atRest, called(5, 'ec2:DescribeTags')], 6), [
      `Q1: ${A} called ec2:DescribeTags at rest: every instance of a fleet would`,
    ]);
    assert.deepEqual(found([...atRest, called(5, 'ec2:DescribeTags')], 6, { tagsInMetadata: false }), []);
  });

  test('long after a drain was cancelled', () => {
    const log = [...atRest, tag(10), tagRemoved(20), called(60, 'ecs:ListTasks')];
    assert.deepEqual(found(log, 61), [
      `Q1: ${A} called ecs:ListTasks at rest: every instance of a fleet would`,
    ]);
  });
});

describe('Q2, twelve a minute', () => {
  const beats = (count: number, seconds: number) =>
    Array.from({ length: count }, (_, index) =>
      called(20 + index * seconds, 'autoscaling:DescribeLifecycleHooks'),
    );

  test('the thirteenth', () => {
    assert.deepEqual(found([...draining, ...beats(12, 1)], 80), []);
    assert.deepEqual(found([...draining, ...beats(13, 1)], 80), [
      `Q2: ${A} called autoscaling:DescribeLifecycleHooks 13 times within a minute: a fleet would be throttled`,
    ]);
  });

  test('spread over more than a minute, or over two processes', () => {
    assert.deepEqual(found([...draining, ...beats(40, 5)], 300), []);
    const [first, second] = [beats(7, 1), beats(14, 1).slice(7)];
    assert.deepEqual(found([...draining, ...first, started(26.5), ...second], 80), []);
  });

  test('a throttled request is a request', () => {
    const throttled = Array.from({ length: 13 }, (_, index) =>
      called(20 + index, 'ecs:ListTasks', {}, 'ThrottlingException'),
    );
    assert.equal(found([...draining, ...throttled], 80).length, 1);
  });
});

test('a dry run that changed something', () => {
  assert.deepEqual(found(draining, 20, { dryRun: true }), [
    `dry run: ${A} called ecs:UpdateContainerInstancesState, though it was to change nothing`,
  ]);
});
