import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Entry, Setting } from './entry.ts';
import {
  A,
  ARN,
  atRest,
  called,
  chosen,
  complete,
  containers,
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
  TASK,
  tag,
  tagRemoved,
  task,
} from './log.ts';

// The checker is of use only if it can find fault.

describe('L1, kept without work', () => {
  const kept = (seconds: string) =>
    `L1: ${A} is still registered, with no task left, for ${seconds} s: an instance without work is paid for`;

  test('never let go', () => {
    assert.deepEqual(found([...draining, task(60, 'STOPPED')], 65), []);
    assert.deepEqual(found([...draining, task(60, 'STOPPED')], 65.1), [kept('5.1')]);
  });

  test('let go a little late where a drain was cancelled less than a minute before', () => {
    const second = (goneAt: number) => [
      ...atRest,
      tag(5),
      tagRemoved(goneAt),
      tag(60),
      readImds(61),
      ...looks(61),
      status(62, 'DRAINING'),
      setStatus(62, 'DRAINING'),
      task(90, 'STOPPED'),
    ];
    assert.equal(found(second(25), 95.1).length, 1);
    assert.deepEqual(found(second(38), 95.1), []);
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

  test('not where the hook’s limit ended the wait for a task that ECS had lost and the host still ran', () => {
    const other = { type: 'task-containers', instanceId: A, taskArn: `${TASK}b`, to: 'exited' } as const;
    const proceeds = {
      type: 'lifecycle-state',
      group: 'g',
      instanceId: A,
      from: 'Terminating:Wait',
      to: 'Terminating:Proceed',
    } as const;
    const timedOut = (exited: readonly Entry[]) => [
      ...draining,
      containers(20, 'running'),
      happened(55, {
        type: 'task',
        instanceId: A,
        taskArn: `${TASK}b`,
        group: '',
        from: undefined,
        to: 'STOPPED',
      }),
      happened(55, other),
      task(60, 'STOPPED'),
      ...exited,
      ended(300, 'global-timeout'),
      happened(300, proceeds),
    ];
    assert.deepEqual(found(timedOut([]), 301), []);
    const left = `L1: ${A} was released 240000 ms after its last task stopped: it is paid for meanwhile`;
    assert.ok(found(timedOut([containers(60, 'exited')]), 301).includes(left));
  });

  test('not where somebody else deregisters an instance that is to get another root volume', () => {
    const kept = (state: 'ReplacingRootVolume:Wait' | 'Terminating') => [
      ...atRest,
      chosen(10),
      lifecycle(11, state),
      readImds(12),
      ...looks(12),
      status(13, 'DRAINING'),
      setStatus(13, 'DRAINING'),
      task(60, 'STOPPED'),
      status(68, 'INACTIVE'),
    ];
    const hooks = [{ name: 'theirs' }];
    const setting = { hooks, lifecycleHook: 'drain' };
    assert.deepEqual(found(kept('ReplacingRootVolume:Wait'), 69, setting), []);
    const late = `L1: ${A} was released 8000 ms after its last task stopped: it is paid for meanwhile`;
    assert.ok(found(kept('Terminating'), 69, setting).includes(late));
  });

  test('not where a tag that metadata never showed would have said which of two hooks is ours', () => {
    const key = 'ecs-drain-agent:terminate';
    const put = { type: 'tag-put', instanceId: A, key, value: 'hook=drain' } as const;
    const log = (shown: boolean) => [
      hookPut('drain'),
      hookPut('backup'),
      ...atRest,
      happened(5, shown ? put : { ...put, showsLater: true }),
      ...drained.slice(atRest.length, -2),
      tagRemoved(62),
    ];
    assert.deepEqual(found(log(false), 200), []);
    const held = `L1: ${A} is still held by our lifecycle action, with no task left`;
    assert.ok(found(log(true), 200).some((one) => one.startsWith(held)));
  });

  test('not yet where the EC2 API has refused to say which of two hooks the tag names', () => {
    const key = 'ecs-drain-agent:terminate';
    const read = (at: number, outcome?: string) => called(at, 'ec2:DescribeTags', {}, outcome);
    const log = (...reads: readonly Entry[]) => [
      hookPut('drain'),
      hookPut('backup'),
      ...atRest,
      happened(5, { type: 'tag-put', instanceId: A, key, value: 'hook=drain' }),
      ...drained.slice(atRest.length, -2),
      ...reads,
    ];
    const foundBy = (end: number, ...reads: readonly Entry[]) =>
      found(log(...reads), end, { tagsInMetadata: false });
    const refused = read(64, 'RequestLimitExceeded');
    assert.deepEqual(foundBy(460, refused), []);
    const held = `L1: ${A} is still held by our lifecycle action, with no task left`;
    assert.ok(foundBy(470, refused).some((one) => one.startsWith(held)));
    assert.ok(foundBy(200, refused, read(100, 'ok')).some((one) => one.startsWith(held)));
  });

  test('not where the agent was killed before it could note which hook was its own, and has two now', () => {
    const log = (killedAt: number): readonly Entry[] => [
      hookPut('drain'),
      ...draining,
      called(13, 'autoscaling:DescribeLifecycleHooks'),
      { kind: 'agent', at: killedAt * 1000, instanceId: A, change: 'ended' },
      hookPut('backup', 20),
      task(60, 'STOPPED'),
      started(900),
      readImds(901),
      ...looks(902),
      status(903, 'INACTIVE'),
      deregister(903),
    ];
    assert.deepEqual(found(log(14), 1_100), []);
    assert.match(found(log(16), 1_100).join(), /is still held by our lifecycle action, with no task left/);
  });

  test('nor where that hook came, and the wait began, while the agent was down', () => {
    const log: readonly Entry[] = [
      hookPut('drain'),
      ...atRest,
      tag(2),
      readImds(3),
      ...looks(4),
      status(5, 'DRAINING'),
      setStatus(5, 'DRAINING'),
      called(5, 'autoscaling:DescribeLifecycleHooks'),
      { kind: 'agent', at: 6_000, instanceId: A, change: 'ended' },
      hookPut('backup', 8),
      chosen(10),
      lifecycle(10, 'Terminating'),
      lifecycle(11, 'Terminating:Wait'),
      task(60, 'STOPPED'),
      started(900),
      readImds(901),
      ...looks(902),
      status(903, 'INACTIVE'),
      deregister(903),
    ];
    assert.deepEqual(found(log, 1_100), []);
  });

  test('not minutes after a task was placed that ECS has forgotten: it may be one that ECS does not know yet', () => {
    const taskArn = `${TASK}b`;
    const placed = (at: number, to: 'RUNNING' | 'STOPPED') =>
      happened(at, { type: 'task', instanceId: A, taskArn, group: 'g', from: undefined, to });
    const log = [
      ...draining,
      placed(400, 'RUNNING'),
      happened(405, { type: 'task-lost', taskArn, group: 'g', instanceId: A, as: 'forgotten' }),
      placed(405, 'STOPPED'),
      task(410, 'STOPPED'),
    ];
    assert.deepEqual(found(log, 729), []);
    assert.deepEqual(found(log, 731), [kept('321.0')]);
  });

  test('not minutes after the signal where ECS called a task STOPPED that ran on, unless it still shows that one', () => {
    const log = (signalledAt: number): readonly Entry[] => [
      ...atRest,
      happened(2, { type: 'task-lost', taskArn: TASK, group: 'g', instanceId: A, as: 'stopped' }),
      containers(2, 'running'),
      task(2, 'STOPPED'),
      readImds(signalledAt),
      chosen(signalledAt),
      lifecycle(signalledAt, 'Terminating:Wait'),
      ...looks(signalledAt + 2),
      status(signalledAt + 2, 'DRAINING'),
      setStatus(signalledAt + 2, 'DRAINING'),
      containers(signalledAt + 3, 'exited'),
    ];
    const isFound = (signalledAt: number) =>
      found(log(signalledAt), signalledAt + 100).some((one) =>
        one.includes('is still registered, with no task left'),
      );
    assert.equal(isFound(3_000), true);
    assert.equal(isFound(4_000), false);
  });

  test('not for minutes after another process has answered on the ECS agent’s port, which count anew after a reboot', () => {
    const answers = (to: 'impostor' | 'impostor-gone', at: number) =>
      happened(at, { type: 'ecs-agent', instanceId: A, to });
    const log = (...before: readonly Entry[]): readonly Entry[] => [
      ...before,
      ...draining,
      task(60, 'STOPPED'),
      happened(62, { type: 'machine-stopped', instanceId: A, forMs: 338_000 }),
      { kind: 'agent', at: 62_000, instanceId: A, change: 'ended' },
      started(400),
    ];
    const heard = log(answers('impostor', 1), answers('impostor-gone', 2));
    assert.equal(found(log(), 480).length, 1);
    assert.deepEqual(found(heard, 480), []);
    assert.equal(found(heard, 820).length, 1);
  });

  test('deregistered, and then forgotten', () => {
    assert.deepEqual(found(drained.slice(0, -2), 120), [
      `L1: ${A} is still held by our lifecycle action, with no task left, for 60.0 s: an instance without work is paid for`,
    ]);
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
    `L2: the hook drain of ${A} timed out while task service:web 01234567 was still RUNNING, with trouble for only 0 ms of its 30000 ms`,
  ]);
});

test('L2, a hook that timed out after it was let go at the operator’s limit', () => {
  const limit = { after: 20_000, onTimeout: 'continue' } as const;
  const timedOut = (letGoAt: number) =>
    found([...draining, complete(letGoAt), ended(letGoAt + 2, 'heartbeat-timeout')], 61, { limit }).length;
  assert.equal(timedOut(35), 0);
  const waits = found([...draining, ended(37, 'heartbeat-timeout')], 38, { limit });
  assert.equal(waits.length, 1, 'it was not let go, and its tasks end with the hook all the same');
});

test('L2, a hook of minutes whose heartbeats were throttled, and then an outage of a third of its time-out', () => {
  const beat = 'autoscaling:RecordLifecycleActionHeartbeat';
  const outage = [70, 80, 90, 105, 110].map((at) => called(at, 'ecs:ListTasks', {}, 'fault:5xx'));
  const timesOut = ended(170, 'heartbeat-timeout');
  const late = (span: number) => [
    `L2: the hook drain of ${A} timed out while task service:web 01234567 was still RUNNING, with trouble for only ${span} ms of its 159000 ms`,
  ];
  assert.deepEqual(found([...draining, ...outage, timesOut], 171), late(40_000));
  const refused: Entry = { kind: 'refusal', at: 30_000, instanceId: A, api: beat, error: 'Throttling' };
  assert.deepEqual(found([...draining, refused, ...outage, timesOut], 171), []);
});

const BEAT = 'autoscaling:RecordLifecycleActionHeartbeat';
const outage = (api: string, ...times: readonly number[]) =>
  times.map((at) => called(at, api, { InstanceId: A }, 'InternalFailure'));
const beats = outage(BEAT, 13, 21, 30);
const recorded = happened(13, {
  type: 'heartbeat',
  group: 'g',
  hook: 'drain',
  instanceId: A,
  timesOutAt: 43_000,
});
const timedOut = (fails: readonly Entry[], setting: Partial<Setting>, ...before: readonly Entry[]) =>
  found([...draining, ...before, ...fails, ended(41, 'heartbeat-timeout')], 42, setting);
const lateBy = (span: number, timeout: number) => [
  `L2: the hook drain of ${A} timed out while task service:web 01234567 was still RUNNING, with trouble for only ${span} ms of its ${timeout} ms`,
];

test('L2, a poll interval of more than usual takes from the outage that a hook withstands, but only before its first heartbeat', () => {
  assert.deepEqual(timedOut(beats, { pollInterval: 3_000 }), lateBy(17_000, 30_000));
  assert.deepEqual(timedOut(beats, { pollInterval: 7_000 }), []);
  assert.deepEqual(timedOut(beats, { pollInterval: 7_000 }, recorded), lateBy(17_000, 28_000));
});

test('L2, what nothing but a heartbeat depends on any more once one has been recorded', () => {
  const long = (api: string) => outage(api, 13, 21, 35);
  assert.deepEqual(timedOut(long('ecs:ListTasks'), {}), []);
  assert.deepEqual(timedOut(long('ecs:ListTasks'), {}, recorded), lateBy(0, 28_000));
  assert.deepEqual(timedOut(long(BEAT), {}, recorded), []);
});

test('L2, of several hooks only one is left, which nothing named before', () => {
  const timedOut = (deletedAt: number) => [
    hookPut('drain', 0, 156_000),
    hookPut('backup', 0, 156_000),
    ...draining,
    called(14, 'autoscaling:DescribeLifecycleHooks'),
    happened(deletedAt, { type: 'hook-deleted', group: 'g', hook: 'backup' }),
    ended(167, 'heartbeat-timeout'),
  ];
  assert.deepEqual(found(timedOut(49), 168), [
    `L2: the hook drain of ${A} timed out while task service:web 01234567 was still RUNNING, with trouble for only 0 ms of its 156000 ms`,
  ]);
  assert.deepEqual(found(timedOut(51), 168), [], 'the hooks are read again once in a minute');
});

test('L1, given back for a tag whose event was over by the group’s word of half a minute before, and no earlier', () => {
  const given = (keptAt: number): readonly Entry[] => [
    ...atRest.filter(({ kind }) => kind !== 'agent'),
    { kind: 'agent', at: 0, instanceId: A, change: 'started', doing: () => 'draining' },
    tag(10, 'time=1970-01-01T00:00:05Z'),
    readImds(11),
    called(11, 'autoscaling:DescribeAutoScalingInstances'),
    disturbed(45, { what: 'fault', restsMs: 33_000 }),
    called(keptAt, 'autoscaling:DescribeAutoScalingInstances'),
    chosen(68),
    lifecycle(68, 'Terminating'),
    setStatus(80, 'ACTIVE'),
  ];
  const signals = { signals: ['tag'] } as const;
  assert.deepEqual(found(given(50), 180, signals), []);
  assert.deepEqual(found(given(48), 180, signals), [
    `L1: ${A} is still ACTIVE, for 102.0 s: it is given new tasks, and the drain cannot end`,
  ]);
});

test('L1, a tag that tells of a lifecycle event before its group begins with one, which is asked again a quarter of a minute later', () => {
  const log = [
    ...atRest.filter(({ kind }) => kind !== 'agent'),
    { kind: 'agent', at: 198_000, instanceId: A, change: 'started', doing: () => 'draining' } as const,
    readImds(199),
    tag(200, 'time=1970-01-01T00:03:20Z'),
    readImds(201),
    called(201, 'autoscaling:DescribeAutoScalingInstances'),
    chosen(204),
    lifecycle(204, 'Terminating'),
    readImds(210),
  ];
  const late = (seconds: string) =>
    `L1: ${A} is still ACTIVE, for ${seconds} s: it is given new tasks, and the drain cannot end`;
  assert.deepEqual(found(log, 230, { signals: ['tag'] }), []);
  assert.deepEqual(found(log, 231, { signals: ['tag'] }), [late('5.4')]);
  assert.deepEqual(found(log, 216, { signals: ['tag', 'lifecycle'] }), [late('5.4')]);
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
      `L4: ${A} was left DRAINING after its drain was cancelled, for 33.4 s: it takes no task any more`,
    ]);
  });

  test('not while ECS, which has told nothing for five minutes, is asked every five', () => {
    const fails = (until: number) =>
      Array.from({ length: (until - 25) / 20 + 1 }, (_, index) =>
        called(25 + index * 20, 'ecs:ListContainerInstances', {}, 'InternalFailure'),
      );
    const log = (until: number) => [...cancelled, ...fails(until)];
    assert.equal(found(log(205), 285).length, 1);
    assert.deepEqual(found(log(365), 700), []);
    assert.equal(found(log(365), 745).length, 1);
  });

  test('a host that registers anew after it was stopped for longer than ECS tells of what was deregistered meanwhile', () => {
    const anew = happened(6_030, {
      type: 'container-instance',
      instanceId: A,
      containerInstanceArn: `${ARN}b`,
      from: undefined,
      to: 'ACTIVE',
    });
    const log = (deregisteredAt: number, set = [setStatus(12, 'DRAINING')]): readonly Entry[] => [
      ...cancelled.slice(0, -2),
      ...set,
      tagRemoved(20),
      { kind: 'agent', at: 21_000, instanceId: A, change: 'ended' },
      disturbed(21, { what: 'reboot', downMs: 5_979_000 }),
      status(deregisteredAt, 'INACTIVE'),
      { kind: 'agent', at: 6_000_000, instanceId: A, change: 'started', doing: () => 'draining' },
      readImds(6_001),
      anew,
    ];
    const busy = [
      `L4: ${A} is draining, though its drain was cancelled, for 170.0 s: the next drain finds nobody who watches`,
    ];
    assert.deepEqual(found(log(100), 6_391), [], 'ECS may only have failed to find what it described before');
    assert.equal(found(log(100), 6_480).length, 1, 'it waits for ever');
    assert.deepEqual(found(log(5_900), 6_200), busy, 'ECS still tells that it was deregistered');
    assert.deepEqual(found(log(100, []), 6_200), busy, 'it had set none DRAINING');
  });

  test('given back though it has to go', () => {
    const tagged = [...cancelled.slice(0, -1), setStatus(111, 'ACTIVE'), status(111, 'ACTIVE')];
    assert.deepEqual(found(tagged, 112), [
      `L4: ${A} was set ACTIVE, though it has had to go for 101000 ms: it is given tasks again`,
    ]);
  });

  test('given back against the last word of metadata', () => {
    const word = (
      at: number,
      body: string,
      path = 'autoscaling/target-lifecycle-state',
      status = 200,
    ): Entry => ({
      kind: 'host-request',
      at: at * 1000,
      instanceId: A,
      to: 'imds',
      answered: true,
      path: `http://169.254.169.254/latest/meta-data/${path}`,
      body,
      status,
    });
    const given = (...told: readonly Entry[]) =>
      found(
        [...atRest, tag(10), ...looks(11), setStatus(12, 'DRAINING'), ...told, setStatus(20, 'ACTIVE')],
        21,
      );
    const against = `L4: ${A} was set ACTIVE, though metadata had last said that it has to go (lifecycle): it is given tasks again`;
    assert.ok(given(word(15, 'Terminated')).includes(against));
    assert.ok(!given(word(15, 'Terminated'), word(18, 'InService')).includes(against));
    assert.ok(!given(word(19.5, 'Terminated')).includes(against), 'the request was on its way');
    const shown = word(18, 'true', 'tags/instance/ecs-drain-agent:terminate');
    const againstTag = against.replace('lifecycle', 'tag');
    assert.ok(given(shown).includes(againstTag));
    const gone = word(18.5, '', 'tags/instance', 404);
    assert.ok(!given(shown, gone).includes(againstTag), 'with the last tag metadata has none any more');
    const late = `L4: ${A} was set ACTIVE, though it has had to go for 10000 ms: it is given tasks again`;
    const before = word(5, '', 'tags/instance', 404);
    assert.ok(!given(before, gone).includes(late), 'metadata has never shown the tag');
    assert.ok(given(before, shown, gone).includes(late), 'it has, and one answer says no more');
  });

  test('another instance given back, which metadata has named from the start on', () => {
    const other = { ...readImds(1), path: '/latest/meta-data/instance-id', body: 'i-0000000000000000b' };
    const log = [...atRest.slice(0, -1), other, tag(10), setStatus(111, 'ACTIVE', 'arn:other')];
    assert.deepEqual(found(log, 112), []);
  });

  test("somebody else's DRAINING undone, which the agent has set once more, unless ECS had called it ACTIVE", () => {
    const told = (toldStatus: string): Entry => ({
      kind: 'answer',
      at: 71_000,
      api: 'ecs:DescribeContainerInstances',
      instanceId: A,
      input: {},
      output: { containerInstances: [{ ec2InstanceId: A, status: toldStatus }] },
    });
    const log = (toldStatus: string) => [
      ...atRest,
      status(5, 'DRAINING'),
      tag(70),
      ...looks(71),
      told(toldStatus),
      setStatus(71.5, 'DRAINING'),
      tagRemoved(80),
      setStatus(85, 'ACTIVE'),
    ];
    assert.deepEqual(found(log('ACTIVE'), 86), []);
    assert.deepEqual(found(log('DRAINING'), 86), [
      `L4: ${A} was set ACTIVE, though it was somebody else who had set it DRAINING`,
    ]);
  });

  test("somebody else's DRAINING undone, unless the agent was killed before its state said that it had given back its own", () => {
    const state = (at: number, change: 'saving' | 'saved', notesDraining: boolean): Entry => {
      const of = { kind: 'state', at: at * 1000, instanceId: A, notesDraining } as const;
      return change === 'saving'
        ? { ...of, change }
        : { ...of, change, registrations: [], confirmed: [], onDisk: 'new' };
    };
    const log = (...kept: readonly Entry[]): readonly Entry[] => [
      ...atRest,
      tag(10),
      ...looks(11),
      state(12, 'saving', true),
      state(12, 'saved', true),
      setStatus(12, 'DRAINING'),
      status(12, 'DRAINING'),
      tagRemoved(20),
      setStatus(21, 'ACTIVE'),
      status(21, 'ACTIVE'),
      ...kept,
      { kind: 'agent', at: 22_000, instanceId: A, change: 'ended' },
      status(24, 'DRAINING'),
      { kind: 'agent', at: 26_000, instanceId: A, change: 'started' },
      setStatus(27, 'ACTIVE'),
    ];
    const against = `L4: ${A} was set ACTIVE, though it was somebody else who had set it DRAINING`;
    assert.ok(!found(log(), 28).includes(against));
    assert.ok(!found(log(state(21, 'saving', false)), 28).includes(against));
    assert.ok(found(log(state(21, 'saving', false), state(21, 'saved', false)), 28).includes(against));
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

test('L1, a busy host that is set DRAINING half a minute late, though all answer', () => {
  const known = [status(0, 'ACTIVE'), lifecycle(0, 'InService'), task(0, 'RUNNING'), started(0), readImds(1)];
  const log = [
    ...known,
    chosen(200),
    lifecycle(200, 'Terminating'),
    lifecycle(201, 'Terminating:Wait'),
    readImds(202),
  ];
  assert.deepEqual(found(log, 210), []);
  assert.deepEqual(found(log, 212), [
    `L1: ${A} is still ACTIVE, for 5.4 s: it is given new tasks, and the drain cannot end`,
  ]);
});

test('L1, held by our lifecycle action though it has read how the hooks were changed', () => {
  const held = (...read: readonly Entry[]) => [
    hookPut('drain'),
    ...draining,
    hookPut('drain', 30),
    ...read,
    task(60, 'STOPPED'),
    ...looks(61),
    status(62, 'INACTIVE'),
    deregister(62),
  ];
  const isFound = (log: readonly Entry[]) =>
    found(log, 140).some((one) => one.includes('is still held by our lifecycle action, with no task left'));
  assert.equal(isFound(held()), false, 'it may not know yet which hooks there are');
  assert.equal(isFound(held(called(40, 'autoscaling:DescribeLifecycleHooks'))), true);
});
