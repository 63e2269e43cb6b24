import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Entry } from './entry.ts';
import {
  A,
  ARN,
  atRest,
  called,
  chosen,
  complete,
  containers,
  deregister,
  drained,
  draining,
  ended,
  found,
  happened,
  lifecycle,
  looks,
  readImds,
  setStatus,
  status,
  TASK,
  tag,
  task,
} from './log.ts';

// The checker is of use only if it can find fault.

test('a drain as it should be breaks nothing', () => {
  assert.deepEqual(found(drained, 120), []);
});

test('an instance at rest breaks nothing', () => {
  assert.deepEqual(found(atRest, 3600), []);
});

test('X5, a release without the operator’s hooks of its own drain', () => {
  const ran = (at: number): Entry => ({
    kind: 'operator-hooks',
    at: at * 1000,
    instanceId: A,
    stage: 'drained',
    runMs: 0,
    counts: true,
  });
  const setting = { hookStages: ['drained'] };
  const without = [
    `X5: ${A} was released (CONTINUE) without the operator's hooks of stage drained: what they save is lost`,
  ];
  const log = (at: number) => [...drained.slice(0, -2), ran(at), ...drained.slice(-2)];
  assert.deepEqual(found(log(62), 64, setting), []);
  assert.deepEqual(found(drained, 64, setting), without);
  assert.deepEqual(found([...atRest.slice(0, -1), ran(1), ...drained.slice(4)], 64, setting), without);
  const early = [...draining, ran(20), ...drained.slice(draining.length)];
  assert.deepEqual(found(early, 64, setting), [
    `X5: ${A} ran the operator's hooks of stage drained while tasks were left: what those write is not saved`,
  ]);
  const anew = happened(15, {
    type: 'container-instance',
    instanceId: A,
    containerInstanceArn: `${ARN}-anew`,
    from: undefined,
    to: 'ACTIVE',
  });
  const listed = (arns: readonly string[]): Entry => ({
    kind: 'answer',
    at: 34_000,
    api: 'ecs:ListContainerInstances',
    instanceId: A,
    input: { cluster: 'web' },
    output: { containerInstanceArns: arns },
  });
  const unlisted = (...arns: readonly string[]) => {
    const log = [...draining, anew, listed(arns), ran(35), ...drained.slice(draining.length)];
    return found(log, 64, setting).filter((one) => one.startsWith('X5'));
  };
  assert.deepEqual(unlisted(), [], 'ECS has just said that the host is no other one');
  assert.equal(unlisted(`${ARN}-anew`).length, 1);
  const long = { ...ran(62), runMs: 5_000 } as Entry;
  assert.deepEqual(found([...drained.slice(0, -2), long, ...drained.slice(-2)], 64, setting), [
    `X5: ${A} was released (CONTINUE) while the operator's hooks of stage drained ran: they are cut off`,
  ]);
  const failed = { ...ran(62), counts: false } as Entry;
  assert.deepEqual(found([...drained.slice(0, -2), failed, ...drained.slice(-2)], 64, setting), without);
});

test('S4, an instance that its group is told to terminate, though somebody only drained it', () => {
  const terminate = called(63, 'autoscaling:TerminateInstanceInAutoScalingGroup', { InstanceId: A });
  const empty = [task(60, 'STOPPED'), ...looks(61), status(62, 'INACTIVE')];
  const byHand = [...atRest, tag(10), readImds(12), ...looks(12), status(13, 'DRAINING'), ...empty];
  assert.deepEqual(found([...byHand, terminate], 64), [
    `S4: ${A} told its group to terminate it, which nothing had asked for: it was to stay`,
  ]);
});

test('S5, a release though ECS last counted a task', () => {
  const told = (at: number, count: number, containerInstanceArn = `${ARN}-anew`): Entry => ({
    kind: 'answer',
    at: at * 1000,
    api: 'ecs:DescribeContainerInstances',
    instanceId: A,
    input: {},
    output: {
      containerInstances: [
        {
          containerInstanceArn,
          ec2InstanceId: A,
          status: 'DRAINING',
          runningTasksCount: count,
          pendingTasksCount: 0,
        },
      ],
    },
  });
  const log = (...more: Entry[]) => [...drained.slice(0, -2), ...more, ...drained.slice(-2)];
  assert.deepEqual(found(log(told(62, 1), told(62, 0)), 64), []);
  assert.deepEqual(found(log(told(62, 1, ARN)), 64), [], 'ECS had looked when it let it be deregistered');
  assert.deepEqual(found(log(told(62, 0), told(62, 1)), 64), [
    `S5: ${A} was released (CONTINUE) though ECS last counted a task on it: that it lists none is no word that none is left`,
  ]);
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

  test('CONTINUE while ECS cleans up after a task that had ended, and its lists are older than the task', () => {
    const lists = (status: string, arns: readonly string[]): Entry => ({
      kind: 'answer',
      at: 18_000,
      api: 'ecs:ListTasks',
      instanceId: A,
      input: { desiredStatus: status },
      output: { taskArns: arns },
    });
    const tasksOnHost = (knownStatus: string): Entry => ({
      kind: 'host-request',
      at: 18_000,
      instanceId: A,
      to: 'introspection',
      answered: true,
      path: '/v1/tasks',
      body: JSON.stringify({ Tasks: [{ Arn: TASK, KnownStatus: knownStatus }] }),
    });
    const released = (...told: readonly Entry[]) => [
      ...draining,
      containers(14, 'exited'),
      task(15, 'STOPPING'),
      ...told,
      status(19, 'INACTIVE'),
      ended(20, 'call'),
      complete(20),
    ];
    const cut = [`S1: ${A} was released (CONTINUE) while task service:web 01234567 was still STOPPING`];
    const [running, stopped] = [lists('RUNNING', []), lists('STOPPED', [])];
    assert.deepEqual(found(released(tasksOnHost('STOPPED'), running, stopped), 21), []);
    assert.deepEqual(found(released(tasksOnHost('RUNNING'), running, stopped), 21), cut, 'the host named it');
    assert.deepEqual(found(released(running), 21), cut, 'those on their way down were not listed');
    assert.deepEqual(found(released(running, lists('STOPPED', [TASK])), 21), cut, 'ECS listed it');
    const runs = released(running, stopped).filter(
      (entry) => entry.kind !== 'event' || entry.event.type !== 'task-containers',
    );
    assert.deepEqual(found(runs, 21), cut, 'nothing says that it has ended');
    const unbegun = (lastStatus: 'PENDING' | 'DEPROVISIONING') =>
      runs.map((entry) => (entry.kind === 'event' && entry.at === 15_000 ? task(15, lastStatus) : entry));
    assert.deepEqual(found(unbegun('DEPROVISIONING'), 21), [], 'it was stopped before it began');
    assert.equal(found(unbegun('PENDING'), 21).length, 1, 'it is about to begin');
    const named = (knownStatus: string) =>
      unbegun('DEPROVISIONING').flatMap((entry) =>
        entry === running ? [tasksOnHost(knownStatus), entry] : [entry],
      );
    assert.deepEqual(found(named('STOPPED'), 21), []);
    assert.equal(found(named('CREATED'), 21).length, 1, 'the host named it');
  });

  test('CONTINUE where somebody else has deregistered the host, before its silent ECS agent was waited for', () => {
    const asked = (at: number, body?: string): Entry => ({
      kind: 'host-request',
      at: at * 1000,
      instanceId: A,
      to: 'introspection',
      path: '/v1/tasks',
      ...(body === undefined ? { answered: false } : { answered: true, body }),
    });
    const released = (at: number, ...told: readonly Entry[]) => [
      ...draining.slice(0, -2),
      status(12, 'INACTIVE'),
      ...told,
      ended(at, 'call'),
      complete(at),
    ];
    const cut = [`S1: ${A} was released (CONTINUE) while task service:web 01234567 was still RUNNING`];
    assert.deepEqual(found(released(73, asked(13), asked(73)), 73.5), []);
    assert.deepEqual(found(released(62, asked(13), asked(62)), 62.5), cut, 'a minute is not over');
    assert.deepEqual(found(released(69, asked(13), asked(69)), 69.5), cut, 'nor is it a little later');
    assert.ok(
      found(released(80, asked(13), deregister(14), asked(73)), 80.5).includes(cut[0] ?? ''),
      'it has let the host go itself, for which it had to know its tasks',
    );
    assert.deepEqual(found(released(73), 73.5), cut, 'nobody has asked the ECS agent');
    const empty = JSON.stringify({ Tasks: [] });
    assert.deepEqual(
      found(released(73, asked(13), asked(40, empty), asked(73)), 73.5),
      cut,
      'it has answered',
    );
    const named = JSON.stringify({ Tasks: [{ Arn: TASK, KnownStatus: 'RUNNING' }] });
    assert.deepEqual(
      found(released(73, asked(12, named), asked(13), asked(73)), 73.5),
      cut,
      'it has named it',
    );
    const list: Entry = {
      kind: 'answer',
      at: 13_000,
      api: 'ecs:ListTasks',
      instanceId: A,
      input: { desiredStatus: 'RUNNING' },
      output: { taskArns: [] },
    };
    assert.deepEqual(found(released(73, asked(13), list, asked(73)), 73.5), cut, 'half of them was listed');
  });

  test('CONTINUE while a task is on its way down that neither ECS nor the ECS agent tells of', () => {
    const silent = (at: number): Entry => ({
      kind: 'host-request',
      at: at * 1000,
      instanceId: A,
      to: 'introspection',
      path: '/v1/tasks',
      answered: false,
    });
    const answer = (at: number, api: string, input: object, output: object): Entry => ({
      kind: 'answer',
      at: at * 1000,
      api,
      instanceId: A,
      input,
      output,
    });
    const lists = (at: number, desiredStatus: string) =>
      answer(at, 'ecs:ListTasks', { desiredStatus }, { taskArns: [] });
    const counts = (at: number, runningTasksCount: number) => {
      const counted = { runningTasksCount, pendingTasksCount: 0 };
      const one = { containerInstanceArn: ARN, ec2InstanceId: A, status: 'DRAINING', ...counted };
      return answer(at, 'ecs:DescribeContainerInstances', {}, { containerInstances: [one] });
    };
    const asked = happened(11, {
      type: 'task-asked-to-stop',
      taskArn: TASK,
      group: 'service:web',
      instanceId: A,
      reason: 'somebody asked for it',
    });
    const both = [lists(14, 'RUNNING'), lists(14, 'STOPPED')];
    const goes = (at: number) => [status(at, 'INACTIVE'), ended(at, 'call'), complete(at)];
    const s1 = (log: readonly Entry[], end: number) =>
      found([...draining.slice(0, -2), ...log], end).filter((one) => one.startsWith('S1'));
    const answered = (at: number) =>
      answer(at, 'ecs:DeregisterContainerInstance', { containerInstance: ARN }, {});
    const released = (at: number, ...seen: readonly Entry[]) =>
      s1([...seen, deregister(at), answered(at), ...goes(at)], at + 0.5);
    const cut = [`S1: ${A} was released (CONTINUE) while task service:web 01234567 was still RUNNING`];
    const down = [asked, silent(13), counts(14, 0), ...both];
    assert.deepEqual(released(28, ...down), []);
    assert.deepEqual(released(21, ...down), cut, 'the ECS agent may answer again');
    assert.deepEqual(released(28, silent(13), counts(14, 0), ...both), cut, 'nobody has asked it to stop');
    assert.deepEqual(released(28, asked, counts(14, 0), ...both), cut, 'the ECS agent was not asked');
    assert.deepEqual(released(28, asked, silent(13), counts(13, 1), counts(14, 0), ...both), cut, 'counted');
    const another = answer(13, 'ecs:ListTasks', { desiredStatus: 'STOPPED' }, { taskArns: ['another'] });
    const later = { ...asked, at: 13_500 };
    const shown = [silent(13), counts(13, 1), another, later, counts(14, 0), ...both];
    assert.deepEqual(released(28, ...shown), cut, 'counted, and the list shows another one');
    assert.deepEqual(released(71, ...shown), [], 'the ECS agent has been waited for');
    assert.deepEqual(released(28, asked, silent(13), counts(14, 0), lists(14, 'STOPPED')), cut, 'half');
    assert.deepEqual(s1([...down, ...goes(28)], 28.5), cut, 'somebody else has deregistered it');
  });

  const lost = (taskArn: string) =>
    happened(22, {
      type: 'task-interrupted',
      interruption: {
        at: 22_000,
        taskArn,
        group: 'service:web',
        instanceId: A,
        lastStatus: 'RUNNING',
        containersRan: true,
        orphaned: false,
        cause: 'the group g terminated it',
      },
    });

  test('a task that was lost', () => {
    const log = [...draining, complete(19), status(19, 'INACTIVE'), ended(20, 'call'), lost(TASK)];
    assert.equal(
      found(log, 22).at(-1),
      `S1: ${A} went while task service:web 01234567 was RUNNING: its work is lost`,
    );
  });

  const anew = `${ARN}-anew`;
  const later = `${TASK}-later`;
  const registersAnew = (at: number) =>
    happened(at, {
      type: 'container-instance',
      instanceId: A,
      containerInstanceArn: anew,
      from: undefined,
      to: 'ACTIVE',
    });
  const placed = happened(21, {
    type: 'task',
    instanceId: A,
    taskArn: later,
    group: 'service:web',
    from: undefined,
    to: 'RUNNING',
  });

  test('not a task that came to a host whose root volume is replaced, long after the agent had let go of it', () => {
    const wait = lifecycle(11, 'ReplacingRootVolume:Wait');
    const log = [...atRest, task(5, 'STOPPED'), chosen(10), wait, readImds(12), ...looks(12)];
    const released = [status(13, 'DRAINING'), setStatus(13, 'DRAINING'), ...looks(14)];
    const letGo = (at: number) => [ended(at, 'call'), complete(at)];
    assert.deepEqual(found([...log, ...released, ...letGo(15), placed, lost(later)], 22), []);
    assert.equal(
      found([...log, ...released, placed, ...letGo(21.5), lost(later)], 22).at(-1),
      `S1: ${A} went while task service:web 01234567 was RUNNING: its work is lost`,
    );
  });

  test('not a task that was placed on a host that registered anew once it had been let go', () => {
    const log = [...draining, task(18, 'STOPPED'), ...looks(19), status(19, 'INACTIVE'), deregister(19)];
    const all = [...log, ended(20, 'call'), complete(20), registersAnew(21), placed, lost(later)];
    assert.deepEqual(found(all, 22), []);
  });

  test('ACTIVE as another container instance that nothing has named, only where the role was never allowed to list it', () => {
    const entry = (at: number, rest: object) =>
      ({ at: at * 1000, instanceId: A, api: 'ecs:ListContainerInstances', ...rest }) as unknown as Entry;
    const denied = (at: number, error = 'AccessDeniedException') => entry(at, { kind: 'refusal', error });
    const listed = (at: number, ...arns: readonly string[]) =>
      entry(at, { kind: 'answer', input: { cluster: 'web' }, output: { containerInstanceArns: arns } });
    const released = (...told: readonly Entry[]) => {
      const log = [...draining, registersAnew(40), task(52, 'STOPPED'), ...looks(53), ...told];
      return found([...log, ended(56, 'call'), complete(56)], 56.5);
    };
    const cut = [`S1: ${A} was released (CONTINUE) while ECS could still place tasks on it`];
    assert.deepEqual(released(denied(54)), []);
    assert.deepEqual(released(), cut);
    assert.deepEqual(released(denied(54, 'ServerException')), cut);
    assert.deepEqual(released(denied(39)), cut, 'it was to be asked once more');
    assert.deepEqual(released(listed(30, ARN), denied(54)), cut, 'it was allowed before');
    const gone = (...told: readonly Entry[]) => {
      const log = [...draining, task(18, 'STOPPED'), ...looks(18), status(19, 'INACTIVE'), deregister(19)];
      return found(
        [...log, registersAnew(19), ...told, ended(20, 'call'), complete(20), placed, lost(later)],
        22,
      );
    };
    assert.deepEqual(gone(denied(19.5)), []);
    assert.notDeepEqual(gone(), []);
  });

  test('but one that was placed after it had registered anew before that', () => {
    const log = [...draining, task(18, 'STOPPED'), ...looks(18), status(19, 'INACTIVE'), deregister(19)];
    const all = [...log, registersAnew(19), ended(20, 'call'), complete(20), placed, lost(later)];
    assert.equal(
      found(all, 22).at(-1),
      `S1: ${A} went while task service:web 01234567 was RUNNING: its work is lost`,
    );
  });
});
