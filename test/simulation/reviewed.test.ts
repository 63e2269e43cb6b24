import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadAgent } from './load-agent.ts';
import { plain, task } from './plain-plan.ts';
import type { Plan } from './plan.ts';
import { simulate } from './simulate.ts';
import { createTimeline } from './timeline.ts';

// What reviewers of the agent have found, where the search had not.

const MINUTE = 60_000;
const drain = { name: 'drain', heartbeatTimeout: 300, defaultResult: 'CONTINUE' } as const;
const other = { ...drain, name: 'other' };
const both = { hooks: [drain, other], ours: 'drain', retain: false } as const;
const silent = {
  at: 5_000,
  match: { service: 'introspection' },
  fault: { what: 'refuse' },
  forMs: 900_000,
} as const;
const replaced = { ...plain.world, rootVolumeTarget: 'Terminated', timings: {} } as const;
const long = task(60 * MINUTE);
const tasks = (count: number) => Array.from({ length: count }, () => long);
/** The tag names another hook by mistake, is corrected, and is removed before the group begins to terminate the instance. */
const corrected = (from: number, every: number): Plan['happenings'] => [
  { at: from, what: 'tag', value: 'hook=other' },
  { at: from + every, what: 'tag', value: 'hook=drain' },
  { at: from + 2 * every, what: 'untag' },
];
/** Somebody sets it ACTIVE for a moment, and a task comes that takes 25 s to stop. */
const activeFrom = (at: number, until: number): Plan['happenings'] => [
  { at: 10_000, what: 'replace-root-volume' },
  { at, what: 'other-activates' },
  { at: until, what: 'other-stops-tasks' },
  { at: until, what: 'other-drains' },
];
const slowToStop = (at: number) => ({ ...task(600_000, at), exitAfterSigterm: 25_000 });

const stories: Record<string, Partial<Plan>> = {
  'the tag names another hook, is corrected and is removed, all before the hooks are read': {
    flags: ['--signals', 'tag,spot'],
    group: both,
    happenings: [
      { at: 10_000, what: 'manual-drain' },
      ...corrected(20_000, 40_000),
      { at: 200_000, what: 'scale-in' },
    ],
    tasks: [task(20 * MINUTE)],
    horizon: 22 * MINUTE,
  },
  'that tag is corrected while the hooks cannot be read, after a restart': {
    group: both,
    happenings: [
      { at: 10_000, what: 'manual-drain' },
      ...corrected(60_000, 60_000),
      { at: 20 * MINUTE, what: 'scale-in' },
    ],
    kills: [{ when: 'at', at: 40_000, downMs: 1_000, state: 'kept' }],
    faults: [
      { at: 0, match: { api: 'autoscaling:DescribeLifecycleHooks' }, fault: { what: '5xx' }, forMs: 60_000 },
    ],
    horizon: 32 * MINUTE,
  },
  'the tag of an event that is over is given once as a page that is no value of it': {
    happenings: [
      { at: 10_000, what: 'tag', value: 'time=2026-01-02T03:04:05Z' },
      // So that the run goes on until then.
      { at: 4 * MINUTE, what: 'introspection', answersAfter: 0 },
    ],
    faults: [
      {
        at: 150_000,
        match: { service: 'imds', path: 'tags/instance/ecs-drain-agent' },
        fault: { what: 'html' },
        count: 1,
      },
    ],
    horizon: 5 * MINUTE,
  },
  'metadata says once that the Spot notice that it has given is not there': {
    happenings: [{ at: 60_000, what: 'spot', inMs: 120_000 }],
    faults: [
      {
        at: 90_000,
        match: { service: 'imds', path: 'spot' },
        fault: { what: 'error', name: 'NotFound', status: 404 },
        count: 1,
      },
    ],
    tasks: [long],
    horizon: 5 * MINUTE,
  },
  'a retained instance whose hook is short is terminated once more, and then the group does not answer': {
    group: {
      hooks: [{ ...drain, heartbeatTimeout: 40, globalTimeout: 420 }],
      ours: 'drain',
      retain: true,
    },
    happenings: [
      { at: 20_000, what: 'scale-in' },
      { at: 290_000, what: 'other-terminates-retained' },
    ],
    faults: [
      {
        at: 318_000,
        match: { api: 'autoscaling:DescribeAutoScalingInstances' },
        fault: { what: '5xx' },
        forMs: 14_000,
      },
    ],
    tasks: [task(20 * MINUTE)],
    horizon: 22 * MINUTE,
  },
  'another hook ends in retaining an instance whose own hook was completed, and somebody terminates it again unseen':
    {
      flags: ['--lifecycle-hook', 'drain'],
      group: {
        hooks: [
          { ...drain, heartbeatTimeout: 7_200 },
          { ...other, heartbeatTimeout: 130, defaultResult: 'ABANDON' },
        ],
        ours: 'drain',
        retain: true,
      },
      happenings: [
        { at: 20_000, what: 'scale-in' },
        { at: 153_000, what: 'other-terminates-retained' },
        { at: 200_000, what: 'hook-deleted', name: 'other' },
        // So that the run goes on until then.
        { at: 30 * MINUTE, what: 'introspection', answersAfter: 0 },
      ],
      horizon: 40 * MINUTE,
    },
  'a tag is withdrawn while ECS throttles, and the group terminates the instance, which no signal tells': {
    flags: ['--signals', 'tag,spot', '--drain-timeout', '600s', '--on-timeout', 'stop-tasks'],
    happenings: [
      { at: 10_000, what: 'tag', value: 'true' },
      { at: 60_000, what: 'untag' },
      { at: 91_000, what: 'scale-in' },
      { at: 29 * MINUTE, what: 'introspection', answersAfter: 0 },
    ],
    faults: [
      {
        at: 50_000,
        match: { api: 'ecs:UpdateContainerInstancesState' },
        fault: { what: 'throttle' },
        forMs: 90_000,
      },
    ],
    tasks: [task(70 * MINUTE)],
    horizon: 30 * MINUTE,
  },
  'one read of the Spot notice fails right after a hibernation that has ended it': {
    group: undefined,
    happenings: [
      { at: 10_000, what: 'manual-drain' },
      { at: 60_000, what: 'spot', inMs: 40_000, action: 'hibernate' },
      { at: 65_000, what: 'hibernation', forMs: 300_000 },
    ],
    faults: [{ at: 364_999, match: { service: 'imds', path: 'spot' }, fault: { what: 'reset' }, count: 1 }],
    tasks: [long],
    horizon: 400_000,
  },
  'that hibernation comes while the agent is down': {
    group: undefined,
    happenings: [
      { at: 10_000, what: 'manual-drain' },
      { at: 60_000, what: 'spot', inMs: 40_000, action: 'hibernate' },
      { at: 65_000, what: 'hibernation', forMs: 300_000 },
    ],
    kills: [{ when: 'at', at: 64_000, downMs: 3_000, state: 'kept' }],
    faults: [{ at: 364_999, match: { service: 'imds', path: 'spot' }, fault: { what: 'reset' }, count: 1 }],
    tasks: [long],
    horizon: 400_000,
  },
  'tasks are asked to stop for a Spot notice, one after the other, while the host is hibernated': {
    happenings: [
      { at: 60_000, what: 'spot', inMs: 40_000, action: 'hibernate' },
      { at: 72_000, what: 'hibernation', forMs: 20_000 },
    ],
    faults: [{ at: 0, match: { api: 'ecs:StopTask' }, fault: { what: 'delay', ms: 1_500 }, forMs: 600_000 }],
    tasks: tasks(20),
  },
  'tasks are asked to stop at a limit, and the tag is removed while the host is hibernated': {
    group: undefined,
    flags: ['--drain-timeout', '60s', '--on-timeout', 'stop-tasks'],
    happenings: [
      { at: 20_000, what: 'tag', value: 'yes' },
      { at: 141_900, what: 'hibernation', forMs: 600_000 },
      { at: 151_900, what: 'untag' },
    ],
    tasks: tasks(14),
  },
  'a hibernation of 20 s ends a Spot notice while metadata is slow to say whose it is': {
    happenings: [
      { at: 60_000, what: 'spot', inMs: 40_000, action: 'hibernate' },
      { at: 71_000, what: 'hibernation', forMs: 20_000 },
    ],
    faults: [
      {
        at: 69_500,
        match: { service: 'imds', path: 'instance-id' },
        fault: { what: 'delay', ms: 3_000 },
        forMs: 3_000,
      },
    ],
    tasks: [long],
  },
  'a root volume is to be replaced, the ECS agent is silent, and a task comes and is stopping since the last list':
    {
      world: replaced,
      happenings: activeFrom(90_000, 110_000),
      faults: [
        silent,
        { at: 0, match: { api: 'ecs:ListTasks' }, fault: { what: 'delay', ms: 600 }, forMs: 900_000 },
        { at: 71_900, match: { api: 'ecs:DescribeContainerInstances' }, fault: { what: '5xx' }, count: 1 },
        {
          at: 0,
          match: { api: 'autoscaling:CompleteLifecycleAction' },
          fault: { what: 'throttle' },
          count: 8,
        },
      ],
      tasks: [slowToStop(90_300)],
      horizon: 300_000,
    },
  'the same, since a list that was throttled half-way': {
    world: { ...replaced, deregisterRefusedFor: 'pending-or-running' },
    happenings: activeFrom(74_000, 85_000),
    faults: [
      silent,
      { at: 55_000, match: { api: 'ecs:ListTasks' }, fault: { what: 'throttle' }, count: 1 },
      { at: 72_300, match: { api: 'ecs:DescribeContainerInstances' }, fault: { what: 'throttle' }, count: 5 },
    ],
    tasks: [slowToStop(74_300)],
    horizon: 240_000,
  },
};

/** A group that retains, and a hook of half an hour that begins to wait after three quarters. */
const justBegun: Partial<Plan> = {
  group: { hooks: [{ ...drain, globalTimeout: 1_800 }], ours: 'drain', retain: true },
  tasks: [task(100 * MINUTE)],
  horizon: 60 * MINUTE,
};
const untold: Record<string, Partial<Plan>> = {
  'a tag was left of an earlier event': {
    ...justBegun,
    happenings: [
      { at: 10_000, what: 'tag', value: 'time=2026-01-02T03:04:05Z' },
      { at: 45 * MINUTE, what: 'scale-in' },
    ],
  },
  'the role has not been allowed to read the tag by the EC2 API for three quarters of an hour': {
    ...justBegun,
    machine: { ...plain.machine, metadataTags: false },
    happenings: [{ at: 45 * MINUTE - 1_500, what: 'scale-in' }],
    faults: [
      {
        at: 60_000,
        match: { api: 'ec2:DescribeTags' },
        fault: { what: 'error', name: 'UnauthorizedOperation', status: 403 },
        forMs: 80 * MINUTE,
      },
    ],
  },
};

const agent = await loadAgent();

const callsIn = async (plan: Partial<Plan>) => {
  const timeline = createTimeline(true);
  await simulate(agent, { ...plain, ...plan }, timeline);
  return timeline.lines.filter((line) => line.includes(' call '));
};

describe('an action that has just begun to wait is not abandoned, though', () => {
  for (const [name, plan] of Object.entries(untold))
    test(name, async () => {
      const calls = await callsIn(plan);
      assert.ok(calls.some((call) => call.includes('RecordLifecycleActionHeartbeat')));
      assert.deepEqual(
        calls.filter((call) => call.includes('ABANDON')),
        [],
      );
    });
});

test('heartbeats are recorded while the group, which kept the instance before, throttles the question of what it does now', async () => {
  const calls = await callsIn({
    group: { hooks: [{ ...drain, heartbeatTimeout: 120 }], ours: 'drain', retain: false },
    happenings: [
      { at: 10_000, what: 'manual-drain' },
      { at: 60_000, what: 'scale-in' },
    ],
    faults: [
      {
        at: 59_000,
        match: { api: 'autoscaling:DescribeAutoScalingInstances' },
        fault: { what: 'throttle' },
        forMs: 10 * MINUTE,
      },
    ],
    tasks: [task(12 * MINUTE)],
  });
  assert.ok(
    calls.some((call) => call.includes('CompleteLifecycleAction')),
    'the hook timed out, and its task was lost',
  );
});

test('such a heartbeat is remembered: a process that is killed after it leaves the next one the hook, though that cannot read the hooks', async () => {
  const throttled = (api: string) =>
    ({ at: 59_000, match: { api }, fault: { what: 'throttle' }, forMs: 10 * MINUTE }) as const;
  const calls = await callsIn({
    group: { hooks: [{ ...drain, heartbeatTimeout: 120 }], ours: 'drain', retain: false },
    happenings: [
      { at: 10_000, what: 'manual-drain' },
      { at: 60_000, what: 'scale-in' },
    ],
    kills: [{ when: 'at', at: 200_000, downMs: 2_000, state: 'kept' }],
    faults: [
      throttled('autoscaling:DescribeAutoScalingInstances'),
      throttled('autoscaling:DescribeLifecycleHooks'),
    ],
    tasks: [task(12 * MINUTE)],
  });
  assert.ok(
    calls.some((call) => call.includes('CompleteLifecycleAction')),
    'the hook timed out, and its task was lost',
  );
});

describe('an instance that its group terminates is not set ACTIVE while the group cannot be heard and metadata has no word of it,', () => {
  const unheard: Record<string, Pick<Plan, 'happenings'> & { readonly from: number }> = {
    'from the beginning': { happenings: plain.happenings, from: 0 },
    'nor since it said that it keeps the instance': {
      happenings: [
        { at: 5_000, what: 'manual-drain' },
        ...plain.happenings,
        { at: 60_000, what: 'manual-cancel' },
      ],
      from: 15_000,
    },
  };
  for (const [name, { happenings, from }] of Object.entries(unheard))
    test(name, async () => {
      const calls = await callsIn({
        machine: { ...plain.machine, metadataTags: false },
        happenings,
        tasks: [task(5 * MINUTE)],
        faults: [
          {
            at: from,
            match: { api: 'autoscaling:DescribeAutoScalingInstances' },
            fault: { what: '5xx' },
            forMs: 150_000 - from,
          },
          {
            at: 80_000,
            match: { service: 'imds', path: 'target-lifecycle-state' },
            fault: { what: 'error', name: 'NotFound', status: 404 },
            count: 3,
          },
        ],
      });
      assert.ok(calls.some((call) => call.includes('"DRAINING"')));
      assert.deepEqual(
        calls.filter((call) => call.includes('"ACTIVE"')),
        [],
      );
    });
});

test('an instance that was drained by hand is released though its empty cluster was deleted before its group terminates it', async () => {
  const calls = await callsIn({
    happenings: [
      { at: 10_000, what: 'manual-drain' },
      { at: 8 * MINUTE, what: 'scale-in' },
    ],
    tasks: [task(2 * MINUTE)],
    faults: [
      {
        at: 6 * MINUTE,
        match: { service: 'ecs' },
        fault: { what: 'error', name: 'ClusterNotFoundException', status: 400 },
        forMs: 60 * MINUTE,
      },
    ],
  });
  assert.ok(
    calls.some((call) => call.includes('CONTINUE')),
    'it waits until the hook’s limit',
  );
});

test('a tag that is removed once the EC2 API answers again is soon read: the instance would be deregistered minutes after it', async () => {
  const calls = await callsIn({
    flags: ['--tag-source', 'ec2', '--signals', 'tag,spot'],
    machine: { ...plain.machine, metadataTags: false },
    group: undefined,
    happenings: [
      { at: 10_000, what: 'tag', value: 'true' },
      { at: 10 * MINUTE, what: 'untag' },
    ],
    faults: [
      { at: MINUTE, match: { api: 'ec2:DescribeTags' }, fault: { what: 'throttle' }, forMs: 6 * MINUTE },
    ],
    tasks: [task(11.9 * MINUTE)],
  });
  assert.deepEqual(
    calls.filter((call) => call.includes('Deregister')),
    [],
  );
  assert.ok(
    calls.some((call) => call.includes('"ACTIVE"')),
    'the drain began, and was cancelled',
  );
});

test('tasks are asked to stop before a Spot interruption though DRAINING cannot be set: they would end without SIGTERM', async () => {
  const calls = await callsIn({
    happenings: [{ at: MINUTE, what: 'spot', inMs: 120_000 }],
    faults: [
      {
        at: 0,
        match: { api: 'ecs:UpdateContainerInstancesState' },
        fault: { what: 'throttle' },
        forMs: 5 * MINUTE,
      },
    ],
    tasks: [long],
    horizon: 6 * MINUTE,
  });
  assert.ok(calls.some((call) => call.includes('StopTask')));
});

describe('before a Spot interruption, with DRAINING late', () => {
  const noticed = { happenings: [{ at: MINUTE, what: 'spot', inMs: 120_000 }], horizon: 6 * MINUTE } as const;
  const failing = (api: string, until: number, what: '5xx' | 'throttle' | 'stall' = 'throttle') =>
    ({ at: 0, match: { api: `ecs:${api}` }, fault: { what }, forMs: until }) as const;
  const late = { ...noticed, tasks: [long, task(60 * MINUTE, 165_000)] };

  for (const [name, faults] of [
    ['StopTask fails', [failing('UpdateContainerInstancesState', 151_000), failing('StopTask', 200_000)]],
    [
      'tasks cannot be listed',
      [failing('UpdateContainerInstancesState', 95_000, '5xx'), failing('ListTasks', 200_000, '5xx')],
    ],
  ] as const)
    test(`it is set all the same where ${name}: tasks would be placed that end at once`, async () => {
      const timeline = createTimeline(true);
      await simulate(agent, { ...plain, ...late, faults }, timeline);
      assert.ok(timeline.lines.some((line) => line.includes('"from":"ACTIVE","to":"DRAINING"')));
    });

  test('tasks are asked to stop while that call gets no answer', async () => {
    const calls = await callsIn({
      ...noticed,
      happenings: [{ at: MINUTE, what: 'spot', inMs: 90_000 }],
      faults: [failing('UpdateContainerInstancesState', 300_000, 'stall')],
      tasks: [long],
    });
    const stop = calls.find((call) => call.includes('StopTask')) ?? '';
    assert.match(stop, /^00:02:0[0-2]/, stop);
  });
});

describe('tasks are asked to stop in time before a Spot interruption', () => {
  const throttled = (api: string, at: number, more: { count: number } | { forMs: number }) =>
    ({ at, match: { api: `ecs:${api}` }, fault: { what: 'throttle' }, ...more }) as const;
  const noticed = {
    happenings: [{ at: MINUTE, what: 'spot', inMs: 120_000 }],
    tasks: [long],
    horizon: 6 * MINUTE,
  } as const;
  const onlyListed: Partial<Plan> = {
    tasks: [task(60 * MINUTE, 45_000)],
    faults: [{ at: 85_000, match: { api: 'ecs:ListTasks' }, fault: { what: '5xx' }, forMs: 100_000 }],
  };
  for (const [name, plan] of Object.entries<Partial<Plan>>({
    'while DRAINING cannot be set and two lists are throttled': {
      faults: [
        throttled('UpdateContainerInstancesState', 0, { forMs: 300_000 }),
        throttled('ListTasks', 130_000, { count: 2 }),
      ],
    },
    'by a process that has just started, and whose first looks are throttled': {
      kills: [{ when: 'at', at: 140_000, downMs: 5_000, state: 'kept' }],
      faults: [throttled('DescribeContainerInstances', 141_000, { count: 2 })],
    },
    'in mode deregister, where two looks are throttled': {
      flags: ['--mode', 'deregister'],
      faults: [throttled('ListTasks', 136_000, { count: 2 })],
    },
    'where tasks that were described can no longer be listed': onlyListed,
    'as soon as a description of the container instance that failed for 35 s comes again': {
      faults: [
        {
          at: 110_000,
          match: { api: 'ecs:DescribeContainerInstances' },
          fault: { what: '5xx' },
          forMs: 35_000,
        },
      ],
    },
    'while DRAINING cannot be set, the lists have three pages and tasks could not be described': {
      world: { ...plain.world, pageSize: 1 },
      tasks: tasks(3),
      faults: [
        { ...silent, at: 5_000 },
        {
          at: 0,
          match: { api: 'ecs:UpdateContainerInstancesState' },
          fault: { what: '5xx' },
          forMs: 300_000,
        },
        { at: 127_445, match: { api: 'ecs:DescribeTasks' }, fault: { what: '5xx' }, forMs: 19_714 },
      ],
    },
  }))
    for (const seed of [2, 7, 11])
      test(`${name} (${seed})`, async () => {
        const calls = await callsIn({ ...noticed, ...plan, seed });
        const stop = calls.find((call) => call.includes('StopTask')) ?? 'never';
        assert.match(stop, /^00:02:3[0-5]/, stop);
      });
});

test('a task that ECS has forgotten holds a release no longer where the process is started anew again and again', async () => {
  const kills = [145, 245, 345, 445, 545].map(
    (second) => ({ when: 'at', at: second * 1_000, downMs: 1_000, state: 'kept' }) as const,
  );
  const calls = await callsIn({
    happenings: [
      { at: 20_000, what: 'scale-in' },
      { at: 100_000, what: 'ecs-loses-tasks' },
    ],
    world: { ...plain.world, lostTasks: 'forgotten' },
    tasks: [task(150_000)],
    kills,
    horizon: 30 * MINUTE,
  });
  const release = calls.find((call) => call.includes('CompleteLifecycleAction')) ?? 'never';
  assert.match(release, /^00:0[2-5]:/, release);
});

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8])
  test(`three heartbeats of a hook of 30 s that are throttled one after the other lose no task (${seed})`, async () => {
    const timeline = createTimeline(true);
    const group = { hooks: [{ ...drain, heartbeatTimeout: 30 }], ours: 'drain', retain: false } as const;
    const match = { api: 'autoscaling:RecordLifecycleActionHeartbeat' } as const;
    const faults = [{ at: 90_000, match, fault: { what: 'throttle' }, count: 3 }] as const;
    await simulate(agent, { ...plain, seed, group, faults, tasks: [task(5 * MINUTE)] }, timeline);
    assert.ok(timeline.lines.some((line) => line.includes('lifecycle-action-ended')));
    assert.ok(!timeline.lines.some((line) => line.includes('heartbeat-timeout')));
  });

test('three hundred tasks that have just stopped keep none from being asked to stop before a Spot interruption', async () => {
  const plan = {
    happenings: [{ at: MINUTE, what: 'spot', inMs: 120_000 }],
    faults: [
      {
        at: 0,
        match: { api: 'ecs:UpdateContainerInstancesState' },
        fault: { what: '5xx' },
        forMs: 145_000,
      },
    ],
    tasks: [long, ...Array.from({ length: 350 }, () => task(1_000))],
    horizon: 6 * MINUTE,
  } as const;
  const calls = await callsIn(plan);
  assert.match(calls.find((call) => call.includes('StopTask')) ?? '', /^00:02:3[01]/);
});

test('a drain that is cancelled while DRAINING is on its way, and the host registers anew, is not over before that is given back', async () => {
  const failing = (at: number, forMs: number, fault: Plan['faults'][number]['fault']) =>
    ({ at, match: { api: 'ecs:UpdateContainerInstancesState' }, fault, forMs }) as const;
  const calls = await callsIn({
    happenings: [
      { at: 20_000, what: 'manual-drain' },
      { at: 29_000, what: 'registers-anew', cluster: 'web' },
      { at: 36_000, what: 'manual-cancel' },
    ],
    faults: [failing(0, 27_500, { what: 'throttle' }), failing(27_500, 36_000, { what: 'delay', ms: 9_900 })],
    horizon: 6 * MINUTE,
  });
  const set = calls.filter((call) => call.includes('UpdateContainerInstancesState'));
  assert.ok(set.at(-1)?.includes('"ACTIVE"'), set.at(-1));
});

test('an instance that EC2 recommends to replace, and that somebody has put in Standby since, is not terminated', async () => {
  const calls = await callsIn({
    group: { hooks: [{ ...drain, heartbeatTimeout: 3_600 }], ours: 'drain', retain: false },
    flags: ['--signals', 'tag,lifecycle,rebalance', '--rebalance-terminate', 'true'],
    operatorHooks: { holds: false, stages: { drained: { ms: 100_000, failures: 0 } } },
    tasks: [task(MINUTE)],
    happenings: [
      { at: 20_000, what: 'rebalance' },
      { at: 100_000, what: 'standby' },
      { at: 6 * MINUTE, what: 'introspection', answersAfter: 0 },
    ],
  });
  assert.ok(
    calls.some((call) => call.includes('Deregister')),
    'it was drained',
  );
  assert.deepEqual(
    calls.filter((call) => call.includes('TerminateInstance')),
    [],
  );
});

test('an ECS agent that goes down while the hooks of stage drained are held is no reason to look again and again', async () => {
  const calls = await callsIn({
    operatorHooks: { holds: true, stages: { drained: { ms: 1_000, failures: 3 } } },
    tasks: [task(30_000)],
    happenings: [
      { at: 20_000, what: 'scale-in' },
      { at: 78_600, what: 'ecs-agent', to: 'down' },
    ],
  });
  const looks = calls.filter((call) => call.includes('ListContainerInstances')).length;
  assert.ok(looks < 10, `${looks} requests at once are a minute’s`);
});

test('a process that starts beside the tag of an event that is over hears the group first: its services would lose tasks', async () => {
  const calls = await callsIn({
    happenings: [
      { at: 10_000, what: 'tag', value: 'time=2026-01-02T03:04:05Z' },
      { at: 4 * MINUTE, what: 'introspection', answersAfter: 0 },
    ],
    kills: [{ when: 'at', at: 18_000, downMs: 40_000, state: 'kept' }],
    faults: [
      {
        at: 50_000,
        match: { api: 'autoscaling:DescribeAutoScalingInstances' },
        fault: { what: 'delay', ms: 6_000 },
        count: 1,
      },
    ],
    tasks: [long],
  });
  assert.ok(calls.length > 3, 'the group was asked');
  assert.deepEqual(
    calls.filter((call) => call.includes('"DRAINING"')),
    [],
  );
});

test('a tag of an event that is over does not drain an instance whose group fails for two seconds: its services would lose tasks', async () => {
  const calls = await callsIn({
    happenings: [
      { at: 10_000, what: 'tag', value: 'hook=drain time=2026-01-02T03:04:05Z' },
      // So that the run goes on until then.
      { at: 4 * MINUTE, what: 'introspection', answersAfter: 0 },
    ],
    faults: [
      {
        at: 42_000,
        match: { api: 'autoscaling:DescribeAutoScalingInstances' },
        fault: { what: '5xx' },
        forMs: 2_000,
      },
    ],
  });
  assert.ok(calls.length > 3, 'the group was asked');
  assert.deepEqual(
    calls.filter((call) => call.includes('"DRAINING"')),
    [],
  );
});

describe('no promise is broken when', () => {
  for (const [name, plan] of Object.entries(stories))
    test(name, async () => {
      const { violation, calls } = await simulate(agent, { ...plain, ...plan });
      assert.equal(violation, undefined);
      assert.ok(calls > 3, 'the drain began');
    });
});
