import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createChecker } from './checker.ts';
import type { Entry, Setting } from './entry.ts';
import {
  A,
  ARN,
  atRest,
  called,
  chosen,
  complete,
  containers,
  disturbed,
  draining,
  ended,
  found,
  happened,
  lifecycle,
  looks,
  readImds,
  setStatus,
  started,
  status,
  stopTask,
  TASK,
  task,
} from './log.ts';

// The checker is of use only if it can find fault.

const limit = (after: number, onTimeout: 'stop-tasks' | 'continue' | 'abandon' | 'wait') => ({
  limit: { after, onTimeout } as const,
});
const runningHere = [...draining, containers(13, 'running')];

describe('S1, what truly runs on the host', () => {
  const lost = [...runningHere, task(20, 'STOPPED'), status(20, 'INACTIVE')];

  test('let go while ECS calls its task STOPPED and its ECS agent says RUNNING', () => {
    assert.deepEqual(found([...lost, ...looks(21), ended(22, 'call'), complete(22)], 23), [
      `S1: ${A} was released (CONTINUE) while its ECS agent said that task service:web 01234567 runs: its work is lost`,
    ]);
  });

  test('deregistered meanwhile', () => {
    const log = [
      ...runningHere,
      task(20, 'STOPPED'),
      ...looks(21),
      called(22, 'ecs:DeregisterContainerInstance', { containerInstance: ARN }),
    ];
    assert.deepEqual(found(log, 23), [
      `S1: ${A} was deregistered while its ECS agent said that task service:web 01234567 runs`,
    ]);
  });

  test('not where that agent does not answer, nor once the containers have exited', () => {
    const silent: Entry = {
      kind: 'host-request',
      at: 21_000,
      instanceId: A,
      to: 'introspection',
      answered: false,
    };
    assert.deepEqual(found([...lost, silent, ...looks(21), ended(22, 'call'), complete(22)], 23), []);
    const exited = [...lost, containers(21, 'exited'), ...looks(21), ended(22, 'call'), complete(22)];
    assert.deepEqual(found(exited, 23), []);
  });
});

describe('S1, abandoning', () => {
  const hooks = { hooks: [{ name: 'drain', heartbeatTimeout: 30 }], retains: true };
  const abandoned = (at: number) => [
    ...draining,
    called(at - 1, 'autoscaling:DescribeAutoScalingInstances'),
    ended(at, 'call'),
    complete(at, 'drain', 'ABANDON'),
  ];

  test('far from the hook’s global limit, which is 3000 s after 11 s', () => {
    assert.deepEqual(found(abandoned(1_000), 1_001, hooks), [
      `S1: ${A} was abandoned 1703 s before its hook's limit comes near: nothing but the group's policy keeps it any more`,
    ]);
  });

  const heardAt = (...times: readonly number[]) => [
    ...atRest,
    chosen(10),
    lifecycle(10, 'Terminating'),
    readImds(12),
    status(13, 'DRAINING'),
    setStatus(13, 'DRAINING'),
    ...times.map((at) => called(at, 'autoscaling:DescribeAutoScalingInstances')),
    lifecycle(501, 'Terminating:Wait'),
  ];

  test('… which counts from the group’s own word that the hook does not wait yet', () => {
    const log = heardAt(500);
    assert.deepEqual(found([...log, ...abandoned(3_000).slice(draining.length)], 3_001, hooks), [
      `S1: ${A} was abandoned 197 s before its hook's limit comes near: nothing but the group's policy keeps it any more`,
    ]);
  });

  test('… or from when it was to be asked for that, where a minute’s requests were used up', () => {
    const early = (at: number, ...times: readonly number[]) =>
      found([...heardAt(...times), ...abandoned(at).slice(draining.length)], at + 1, hooks).length;
    const crowd = Array.from({ length: 12 }, (_, index) => 440 + 5 * index);
    assert.equal(early(3_168, ...crowd, 500), 0, 'the answers of half a minute may not have counted');
    assert.equal(early(3_166, ...crowd, 500), 1);
    assert.equal(early(3_195, 495, 500), 1);
  });

  test('not five minutes before it, nor at the operator’s limit', () => {
    assert.deepEqual(found(abandoned(2_712), 2_713, hooks), []);
    assert.deepEqual(found(abandoned(1_000), 1_001, { ...hooks, ...limit(985_000, 'abandon') }), []);
  });
});

test('S1, a task that is asked to stop without a limit', () => {
  assert.deepEqual(found([...draining, stopTask(20)], 21), [`S1: ${A} asked a task to stop that may run on`]);
  assert.deepEqual(found([...draining, stopTask(20)], 21, limit(5_000, 'stop-tasks')), []);
});

describe('tasks that the drain does not wait for', () => {
  const MONITOR = `${TASK.slice(0, -1)}0`;
  const monitor = (at: number, to: 'RUNNING' | 'STOPPED') =>
    happened(at, {
      type: 'task',
      instanceId: A,
      taskArn: MONITOR,
      group: 'family:monitor',
      family: 'monitor',
      startedBy: 'user-data',
      from: undefined,
      to,
    });
  const both = [...draining, monitor(14, 'RUNNING')];
  const asked = [stopTask(70, MONITOR)];

  for (const ignores of [['family:monitor'], ['group:family:monitor'], ['startedBy:user-data']]) {
    test(`${ignores}: S1, asked to stop before the last other task has ended`, () => {
      assert.deepEqual(found([...both, ...looks(69), ...asked], 71, { ignores }), [
        `S1: ${A} asked an ignored task to stop while task service:web 01234567 was still RUNNING: it goes without it`,
      ]);
      const after = [...both, task(60, 'STOPPED'), ...looks(69), ...asked];
      assert.deepEqual(found(after, 71, { ignores }), []);
    });
  }

  test('S1, asked to stop though it is none of them', () => {
    const log = [...both, task(60, 'STOPPED'), ...looks(69), ...asked];
    assert.deepEqual(found(log, 71, { ignores: ['family:monitors'] }), [
      `S1: ${A} asked a task to stop that may run on`,
    ]);
  });

  test('L1, not asked to stop though no other is left', () => {
    const log = [...both, task(60, 'STOPPED')];
    assert.deepEqual(found(log, 200, { ignores: ['family:monitor'] }), [
      `L1: ${A} has not asked the tasks that it ignores to stop, for 140.0 s: it is held for ever`,
    ]);
    assert.deepEqual(found(log, 200, { ignores: [] }), []);
  });

  test('S1, let go while one of them still runs', () => {
    const log = [...both, task(60, 'STOPPED'), ...looks(61), status(62, 'INACTIVE'), ended(63, 'call')];
    assert.deepEqual(found([...log, complete(63)], 64, { ignores: ['family:monitor'] }), [
      `S1: ${A} was released (CONTINUE) while task family:monitor 01234567 was still RUNNING`,
    ]);
  });
});

describe('L5, an operator’s limit that takes no effect', () => {
  const late = (setting: Partial<Setting>) => found(draining, 200, setting);

  test('stop-tasks', () => {
    assert.deepEqual(late(limit(60_000, 'stop-tasks')), [
      `L5: ${A} has tasks that were not asked to stop, though the operator’s limit has passed, for 126.4 s: they run on for ever`,
    ]);
    const asked = happened(76, {
      type: 'task-asked-to-stop',
      taskArn: 'arn:aws:ecs:eu-west-1:111122223333:task/web/0123456789ab',
      group: 'service:web',
      instanceId: A,
      reason: '',
    });
    assert.deepEqual(found([...draining, asked], 200, limit(60_000, 'stop-tasks')), []);
  });

  test('stop-tasks, twelve a minute from when ECS answers again', () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      happened(14, {
        type: 'task',
        instanceId: A,
        taskArn: `arn:aws:ecs:eu-west-1:111122223333:task/web/${index}`,
        group: 'service:web',
        from: undefined,
        to: 'RUNNING',
      }),
    );
    const log = [...draining, ...many, disturbed(150, { what: 'fault', restsMs: 0 })];
    // 31 tasks take two minutes more after 150 s, and 75 s are there to recover.
    assert.deepEqual(found(log, 345, limit(60_000, 'stop-tasks')), []);
    assert.equal(found(log, 355, limit(60_000, 'stop-tasks')).length, 1);
  });

  test('continue', () => {
    assert.deepEqual(late(limit(60_000, 'continue')), [
      `L5: ${A} is still held by our lifecycle action, though the operator’s limit has passed, for 126.4 s: it is paid for`,
    ]);
  });

  test('abandon', () => {
    assert.deepEqual(late(limit(60_000, 'abandon')), [
      `L5: ${A} is still held by our lifecycle action, though the operator’s limit has passed, for 126.4 s: it is paid for`,
    ]);
  });

  test('counts from when its agent could see that it must go', () => {
    let state = 'watching';
    const asked: Entry = { kind: 'agent', at: 0, instanceId: A, change: 'started', doing: () => state };
    const checker = createChecker(limit(60_000, 'continue'));
    const pass = (from: number, to: number) => {
      for (let second = from; second <= to; second++) checker.time(second * 1000);
    };
    for (const entry of [asked, ...draining.filter(({ kind }) => kind !== 'agent')]) checker.see(entry);
    // Metadata answers nothing that can be read until then.
    checker.see(disturbed(14, { what: 'fault', restsMs: 136_000 }));
    pass(14, 150);
    state = 'draining';
    pass(151, 284);
    assert.deepEqual(checker.violations, []);
    pass(285, 290);
    assert.equal(checker.violations.length, 1);
  });

  test('not before the limit, nor where it only warns', () => {
    assert.deepEqual(late(limit(190_000, 'stop-tasks')), []);
    assert.deepEqual(late(limit(60_000, 'wait')), []);
  });
});

describe('L5, a Spot interruption', () => {
  const notice = happened(200, {
    type: 'spot-interruption',
    instanceId: A,
    action: 'terminate',
    time: 320_000,
  });
  const noticed = [
    ...atRest,
    readImds(199),
    notice,
    ...looks(202),
    status(203, 'DRAINING'),
    setStatus(203, 'DRAINING'),
  ];

  test('whose tasks are not asked to stop 30 s before', () => {
    assert.deepEqual(found(noticed, 293), [
      `L5: ${A} had not asked task service:web 01234567 to stop 30 s before its Spot interruption: it is cut off without SIGTERM`,
    ]);
  });

  test('that only the call for DRAINING fails excuses nothing: StopTask rests on other answers', () => {
    const fails = (api: string) => found([...noticed, called(260, api, {}, 'InternalFailure')], 293);
    assert.equal(fails('ecs:UpdateContainerInstancesState').filter((one) => one.startsWith('L5')).length, 1);
    assert.deepEqual(fails('ecs:ListTasks'), []);
  });

  test('whose tasks are asked to stop minutes before', () => {
    assert.deepEqual(found([...noticed, stopTask(210)], 211), [
      `S1: ${A} asked a task to stop that may run on`,
    ]);
    assert.deepEqual(found([...noticed, readImds(287), ...looks(287), stopTask(288)], 289), []);
  });

  test('not where they were, nor where that is off', () => {
    const asked = happened(290, {
      type: 'task-asked-to-stop',
      taskArn: 'arn:aws:ecs:eu-west-1:111122223333:task/web/0123456789ab',
      group: 'service:web',
      instanceId: A,
      reason: '',
    });
    assert.deepEqual(found([...noticed, asked], 293), []);
    assert.deepEqual(found(noticed, 293, { spotStopTasks: false }), []);
  });

  test('not for what was placed less than a minute before that, where lists have several pages', () => {
    const placed = { type: 'task', instanceId: A, taskArn: `${TASK}b`, group: 'b', from: undefined } as const;
    const stopped = [...noticed, task(210, 'STOPPED')];
    const log = (seconds: number) => [...stopped, happened(seconds, { ...placed, to: 'RUNNING' })];
    const unasked = (pages: boolean, seconds: number) =>
      found(log(seconds), 293, { hasSmallPages: pages }).filter((one) => one.startsWith('L5')).length;
    assert.equal(unasked(false, 240), 1);
    assert.equal(unasked(true, 240), 0);
    assert.equal(unasked(true, 225), 1);
  });
});

describe('L2, the hook’s global limit in a group that retains', () => {
  const kept = [
    ...atRest,
    chosen(10),
    lifecycle(10, 'Terminating'),
    lifecycle(11, 'Terminating:Wait'),
    ...looks(12),
    called(12, 'autoscaling:DescribeAutoScalingGroups'),
    status(13, 'DRAINING'),
    setStatus(13, 'DRAINING'),
  ];
  const violation = `L2: the hook of ${A} ran into its global limit while task service:web 01234567 was still RUNNING, in a group that retains what is abandoned: its default result ends the task`;

  test('reached with tasks left, though retention had been read', () => {
    const log = [...kept, ended(3_011, 'global-timeout')];
    assert.deepEqual(found(log, 3_012, { retains: true }), [violation]);
    assert.deepEqual(found(log, 3_012, { retains: false }), []);
  });

  test('single reads that fail are no excuse, an outage is', () => {
    const fails = (at: number) => called(at, 'autoscaling:DescribeAutoScalingGroups', {}, 'InternalFailure');
    const single = [...kept, fails(2_800), fails(2_801), ended(3_011, 'global-timeout')];
    assert.deepEqual(found(single, 3_012, { retains: true }), [violation]);
    const outage = (api: string) =>
      Array.from({ length: 6 }, (_, index) => called(2_711 + index * 60, api, {}, 'InternalFailure'));
    const log = (api: string) => [...kept, ...outage(api), ended(3_012, 'global-timeout')];
    // What the group has said before outlives the one outage, but not the other.
    const ofPolicy = log('autoscaling:DescribeAutoScalingGroups');
    assert.deepEqual(found(ofPolicy, 3_013, { retains: true }), [violation]);
    assert.deepEqual(found(log('autoscaling:DescribeAutoScalingInstances'), 3_013, { retains: true }), []);
  });

  test('not where the agent died before it was told of the wait, and came back minutes later', () => {
    const asked = (path: string): Entry => ({
      kind: 'host-request',
      at: 12_000,
      instanceId: A,
      to: 'imds',
      answered: true,
      path: `http://169.254.169.254/latest/meta-data/${path}`,
    });
    const log = (path: string): readonly Entry[] => [
      ...atRest,
      chosen(10),
      lifecycle(10, 'Terminating'),
      lifecycle(11, 'Terminating:Wait'),
      asked(path),
      { kind: 'agent', at: 13_000, instanceId: A, change: 'ended' },
      started(400),
      ...looks(401),
      called(401, 'autoscaling:DescribeAutoScalingGroups'),
      status(401, 'DRAINING'),
      setStatus(401, 'DRAINING'),
      ended(3_011, 'global-timeout'),
    ];
    const retains = { retains: true };
    assert.deepEqual(found(log('autoscaling/target-lifecycle-state'), 3_012, retains), [violation]);
    assert.deepEqual(found(log('instance-id'), 3_012, retains), [], 'that says nothing of a signal');
  });
});
