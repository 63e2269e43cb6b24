import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadAgent } from './load-agent.ts';
import { plain, task } from './plain-plan.ts';
import type { Plan } from './plan.ts';
import { simulate } from './simulate.ts';

// What the simulation once found, made smaller: the least that led to it.

const MINUTE = 60_000;

/** ECS describes and lists container instances as it did right before the host registered anew, for so many seconds each. */
const behind = (api: string): Plan['faults'] =>
  [
    { at: 55, seconds: 40, by: 40 },
    { at: 95, seconds: 35, by: 73 },
    { at: 130, seconds: 35, by: 108 },
    { at: 165, seconds: 35, by: 143 },
    { at: 200, seconds: 35, by: 178 },
  ].map(({ at, seconds, by }) => ({
    at: at * 1_000,
    match: { api },
    fault: { what: 'stale', ms: by * 1_000 },
    forMs: seconds * 1_000,
  }));

const stories: Record<string, Partial<Plan>> = {
  'somebody removes the tag of an instance that its group terminates': {
    flags: ['--signals', 'tag'],
    happenings: [
      { at: 20_000, what: 'scale-in' },
      { at: 23_000, what: 'tag', value: 'hook=drain time=2026-01-02T03:04:05Z' },
      { at: 2 * MINUTE, what: 'untag' },
    ],
    tasks: [task(10 * MINUTE)],
  },
  'metadata answers once that it knows of no target state, in the middle of a termination': {
    faults: [
      {
        at: 2 * MINUTE,
        match: { service: 'imds', path: 'target-lifecycle-state' },
        fault: { what: 'error', name: 'NotFound', status: 404 },
        count: 1,
      },
    ],
    tasks: [task(10 * MINUTE)],
  },
  'the tagger overwrites the tag by which an operator has drained the instance for a while': {
    flags: ['--signals', 'tag,spot'],
    happenings: [
      { at: 20_000, what: 'tag', value: 'maintenance' },
      { at: 2 * MINUTE, what: 'scale-in' },
      { at: 2 * MINUTE + 3_000, what: 'tag', value: 'hook=drain time=2026-01-02T03:04:05Z' },
    ],
    tasks: [task(10 * MINUTE)],
  },
  'somebody sets the instance ACTIVE in the last seconds of its drain, and a task lands on it': {
    world: {
      deregisterAgain: 'inactive',
      deregisterRefusedFor: 'pending-or-running',
      timings: {
        provisioning: 1_200,
        pending: 2_300,
        deprovisioning: 1_700,
        agentReportLag: 700,
        terminatingToWait: 8_700,
      },
    },
    happenings: [
      { at: 23_409, what: 'scale-in' },
      { at: 28_195, what: 'other-activates' },
    ],
    tasks: [task(27_370), task(4_395, 29_070)],
  },
  'somebody deregisters the instance while ECS takes its time to stop the last task': {
    world: {
      deregisterAgain: 'inactive',
      deregisterRefusedFor: 'pending-or-running',
      timings: { deactivating: 1_900, deprovisioning: 4_600, agentReportLag: 1_900, terminatingToWait: 200 },
    },
    happenings: [
      { at: 23_825, what: 'other-stops-tasks' },
      { at: 24_837, what: 'scale-in' },
      { at: 24_916, what: 'other-deregisters' },
    ],
    tasks: [task(26_600)],
  },
  'the state in the group is throttled twice, and the heartbeat time-out is short': {
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 30, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: true,
    },
    tasks: [task(3 * MINUTE)],
    faults: [
      {
        at: 0,
        match: { api: 'autoscaling:DescribeAutoScalingInstances' },
        fault: { what: 'throttle' },
        count: 2,
      },
    ],
  },
  'the list of tag keys is cut off in the middle of a drain': {
    happenings: [{ at: 20_000, what: 'tag', value: 'true' }],
    tasks: [task(6 * MINUTE)],
    faults: [
      {
        at: 3 * MINUTE,
        match: { service: 'imds', path: 'tags/instance' },
        fault: { what: 'truncated' },
        forMs: 30_000,
      },
    ],
  },
  'Auto Scaling does not answer for half of a short heartbeat time-out': {
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 31, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: true,
    },
    tasks: [task(3 * MINUTE)],
    faults: [{ at: 19_000, match: { service: 'autoscaling' }, fault: { what: 'refuse' }, forMs: 18_000 }],
  },
  'the answer to DRAINING is lost while the drain is cancelled': {
    happenings: [
      { at: 20_000, what: 'tag', value: '' },
      { at: 24_500, what: 'untag' },
    ],
    tasks: [task(5 * MINUTE)],
    faults: [
      { at: 0, match: { api: 'ecs:UpdateContainerInstancesState' }, fault: { what: 'drip' }, count: 4 },
    ],
  },
  'the instance id is cut off when the agent asks who it is': {
    machine: { ...plain.machine, imdsAfter: 500 },
    tasks: [task(MINUTE)],
    faults: [
      { at: 0, match: { service: 'imds', path: 'instance-id' }, fault: { what: 'truncated' }, count: 1 },
    ],
  },
  'fifty tasks are asked to stop at a limit, and end before the last has been asked': {
    flags: ['--drain-timeout', '30s', '--on-timeout', 'stop-tasks'],
    tasks: Array.from({ length: 50 }, () => task(MINUTE)),
  },
  'metadata becomes another instance’s a moment before it tells of a termination': {
    // With it, the second poll comes within five seconds of the name.
    seed: 5,
    happenings: [
      { at: 1_500, what: 'claims-neighbour' },
      { at: 2_500, what: 'scale-in' },
    ],
    tasks: [task(MINUTE)],
  },
  'metadata names another instance, then refuses to say': {
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 3600, defaultResult: 'CONTINUE' }],
      ours: 'drain',
      retain: false,
    },
    happenings: [
      { at: 20_000, what: 'scale-in' },
      { at: MINUTE, what: 'claims-neighbour' },
    ],
    tasks: [task(18 * MINUTE)],
    faults: [
      {
        at: 13 * MINUTE,
        match: { service: 'imds', path: 'instance-id' },
        fault: { what: 'error', name: 'Forbidden', status: 403 },
        forMs: MINUTE,
      },
    ],
  },
  'the agent is restarted while ECS, which let go of the instance, still stops its last task': {
    seed: 76_866,
    flags: ['--mode', 'deregister', '--drain-timeout', '9s', '--on-timeout', 'stop-tasks'],
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 112, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: true,
    },
    world: {
      deregisterAgain: 'inactive',
      deregisterRefusedFor: 'pending-or-running',
      timings: {
        provisioning: 2_462,
        pending: 16_390,
        deactivating: 4_226,
        deprovisioning: 2_352,
        agentReportLag: 14_563,
        scheduler: 197,
        terminatingToWait: 859,
      },
    },
    happenings: [{ at: 13_031, what: 'scale-in' }],
    tasks: [{ at: 0, runsFor: 24_091, ignoresSigterm: false, exitAfterSigterm: 1_267 }],
    kills: [{ downMs: 432, state: 'kept', when: 'before-call', call: 29 }],
    horizon: 972_388,
  },
  'Auto Scaling fails for two thirds of the shortest heartbeat time-out, from one heartbeat on': {
    seed: 354_323,
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 30, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: true,
    },
    world: { ...plain.world, timings: { terminatingToWait: 2_701 } },
    happenings: [{ at: 23_844, what: 'scale-in' }],
    tasks: [task(125_645)],
    faults: [
      { at: 48_423, match: { service: 'autoscaling' }, fault: { what: '5xx', status: 500 }, count: 8 },
    ],
  },
  'a retained instance is terminated once more, and then its group throttles for almost two thirds of a time-out':
    {
      seed: 77_210_477,
      group: {
        hooks: [{ name: 'drain', heartbeatTimeout: 97, globalTimeout: 420, defaultResult: 'CONTINUE' }],
        ours: 'drain',
        retain: true,
      },
      happenings: [
        { at: 11_877, what: 'scale-in' },
        { at: 268_455, what: 'other-terminates-retained' },
      ],
      tasks: [task(868_455)],
      faults: [
        {
          at: 288_435,
          match: { api: 'autoscaling:DescribeAutoScalingInstances' },
          fault: { what: 'throttle' },
          forMs: 62_000,
        },
      ],
      horizon: 1_768_455,
    },
  'an operator’s limit that lets the instance go passes while ECS throttles, and a hibernation has made its answers old':
    {
      seed: 77_084_829,
      flags: ['--drain-timeout', '5s', '--on-timeout', 'continue'],
      group: {
        hooks: [{ name: 'drain', heartbeatTimeout: 52, globalTimeout: 1_200, defaultResult: 'CONTINUE' }],
        ours: 'drain',
        retain: true,
      },
      world: { deregisterAgain: 'inactive', deregisterRefusedFor: 'not-stopped', timings: {} },
      happenings: [
        { at: 8_498, what: 'scale-in' },
        { at: 16_473, what: 'hibernation', forMs: 5_529 },
      ],
      tasks: [{ ...task(Infinity, 1), ignoresSigterm: true, exitAfterSigterm: 53_891 }],
      faults: [{ at: 15_720, match: { api: 'ecs:DescribeTasks' }, fault: { what: 'throttle' }, count: 6 }],
      kills: [{ downMs: 12_748, state: 'kept', when: 'in-write', operation: 7 }],
      horizon: 2_208_541,
    },
  'a Spot host is hibernated while its agent is down, and when it goes on another source is silent': {
    seed: 83_022_575,
    group: {
      hooks: [
        { name: 'ecs-managed-draining-termination-hook', heartbeatTimeout: 746, defaultResult: 'ABANDON' },
      ],
      ours: undefined,
      retain: true,
    },
    machine: { ...plain.machine, clockAhead: -200_053 },
    happenings: [
      { at: 1_585, what: 'spot', inMs: 30_628, action: 'hibernate' },
      { at: 19_889, what: 'hibernation', forMs: 99_885 },
    ],
    tasks: [task(1_919_774)],
    faults: [
      {
        at: 119_773,
        match: { service: 'imds', path: 'target-lifecycle-state' },
        fault: { what: 'reset' },
        count: 2,
      },
    ],
    kills: [{ when: 'at', at: 6_484, downMs: 14_193, state: 'kept' }],
    horizon: 2_833_967,
  },
  'a group that kept the instance fails from then on, and metadata has no word of its termination for seconds':
    {
      seed: 83_099_710,
      group: {
        hooks: [{ name: 'drain', heartbeatTimeout: 529, defaultResult: 'CONTINUE' }],
        ours: 'drain',
        retain: false,
      },
      world: { ...plain.world, timings: { terminatingToWait: 41_398 } },
      happenings: [
        { at: 210_070, what: 'manual-drain' },
        { at: 250_399, what: 'scale-in' },
        { at: 287_935, what: 'manual-cancel' },
      ],
      tasks: [task(437_522)],
      faults: [
        {
          at: 227_245,
          match: { api: 'autoscaling:DescribeAutoScalingInstances' },
          fault: { what: 'reset' },
          forMs: 291_000,
        },
        {
          at: 281_722,
          match: { service: 'imds', path: 'target-lifecycle-state' },
          fault: { what: 'error', name: 'NotFound', status: 404 },
          count: 3,
        },
      ],
      horizon: 1_418_245,
    },
  'ECS lets go of an ACTIVE instance while it stops a task that was placed a moment ago': {
    seed: 298_392,
    flags: ['--mode', 'deregister'],
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 1_200, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: true,
    },
    world: { deregisterAgain: 'inactive', deregisterRefusedFor: 'pending-or-running', timings: {} },
    happenings: [{ at: 6_483, what: 'scale-in' }],
    tasks: [task(43_316), task(4_077, 49_784)],
    faults: [
      {
        at: 39_096,
        match: { service: 'introspection', path: '/v1/tasks' },
        fault: { what: 'reset-mid-body' },
        count: 16,
      },
    ],
    kills: [{ downMs: 674, state: 'kept', when: 'after-call', call: 24 }],
  },
  'a host that was drained for maintenance is registered anew, gets a task, and is scaled in': {
    happenings: [
      { at: 8_000, what: 'tag', value: '' },
      { at: 25_000, what: 'registers-anew', cluster: 'web' },
      { at: 46_000, what: 'scale-in' },
    ],
    tasks: [task(MINUTE, 27_000)],
    faults: [
      {
        at: 40_000,
        match: { service: 'introspection', path: '/v1/tasks' },
        fault: { what: 'refuse' },
        forMs: 20_000,
      },
    ],
  },
  'a host is registered anew, and gets a task, in the middle of its drain while its ECS agent is silent': {
    happenings: [
      { at: 20_000, what: 'scale-in' },
      { at: 80_000, what: 'registers-anew', cluster: 'web' },
    ],
    tasks: [task(40_000), task(5 * MINUTE, 81_000)],
    faults: [
      { at: 30_000, match: { service: 'introspection' }, fault: { what: 'refuse' }, forMs: 4 * MINUTE },
      {
        at: 30_000,
        match: { api: 'ecs:DeregisterContainerInstance' },
        fault: { what: '5xx' },
        forMs: MINUTE,
      },
    ],
  },
  'a host is registered anew in another cluster while its last task is still to be seen to end': {
    happenings: [
      { at: 20_000, what: 'scale-in' },
      { at: 61_000, what: 'registers-anew', cluster: 'other' },
    ],
    tasks: [task(55_000), task(2 * MINUTE, 62_000)],
    faults: [{ at: 50_000, match: { api: 'ecs:DescribeTasks' }, fault: { what: '5xx' }, forMs: 50_000 }],
  },
  'the clock is set forward while the agent is down': {
    flags: ['--drain-timeout', '600s', '--on-timeout', 'continue'],
    happenings: [
      { at: 20_000, what: 'scale-in' },
      { at: MINUTE, what: 'clock-jump', ms: 5 * 60 * MINUTE },
    ],
    tasks: [task(8 * MINUTE)],
    kills: [{ when: 'at', at: 55_000, downMs: 10_000, state: 'kept' }],
  },
  'somebody else deregisters the instance by force, and ECS calls its running task STOPPED': {
    happenings: [
      { at: 20_000, what: 'scale-in' },
      { at: 50_000, what: 'other-deregisters-by-force' },
    ],
    tasks: [task(5 * MINUTE)],
  },
  'somebody else deregisters the instance by force, and ECS forgets its running task': {
    world: { ...plain.world, lostTasks: 'forgotten' },
    happenings: [
      { at: 20_000, what: 'scale-in' },
      { at: 50_000, what: 'other-deregisters-by-force' },
    ],
    tasks: [task(5 * MINUTE)],
  },
  'ECS calls a task STOPPED that runs on, and the ECS agent says so': {
    happenings: [
      { at: 20_000, what: 'scale-in' },
      { at: 50_000, what: 'ecs-loses-tasks' },
    ],
    tasks: [task(5 * MINUTE)],
  },
  'introspection takes 600 ms to answer': {
    happenings: [
      { at: 0, what: 'introspection', answersAfter: 600 },
      { at: 20_000, what: 'scale-in' },
    ],
    tasks: [task(MINUTE)],
  },
  'introspection accepts connections and never answers': {
    happenings: [
      { at: 0, what: 'introspection', answersAfter: Infinity },
      { at: 20_000, what: 'scale-in' },
    ],
    tasks: [task(MINUTE)],
  },
  'one read of the group fails in the last minutes before the limit of its hook': {
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 60, globalTimeout: 1_200, defaultResult: 'CONTINUE' }],
      ours: 'drain',
      retain: true,
    },
    tasks: [task(25 * MINUTE)],
    faults: [
      {
        at: 9 * MINUTE,
        match: { api: 'autoscaling:DescribeAutoScalingGroups' },
        fault: { what: '5xx' },
        forMs: 2 * MINUTE,
      },
    ],
    horizon: 40 * MINUTE,
  },
  'the disk has room for a part of the state only': {
    happenings: [
      { at: 15_000, what: 'disk', to: 40 },
      { at: 20_000, what: 'tag', value: '' },
      { at: 2 * MINUTE, what: 'untag' },
    ],
    tasks: [task(4 * MINUTE)],
    kills: [{ when: 'at', at: MINUTE, downMs: 1_000, state: 'kept' }],
  },
  'the disk is full when a drain is cancelled, and the next one has a limit and a restart': {
    seed: 2_173_389,
    flags: ['--drain-timeout', '96s', '--on-timeout', 'stop-tasks'],
    happenings: [
      { at: 21_000, what: 'tag', value: '' },
      { at: 53_000, what: 'disk', to: 'full' },
      { at: 69_000, what: 'untag' },
      { at: 79_000, what: 'tag', value: '' },
    ],
    tasks: [task(10 * MINUTE)],
    kills: [{ when: 'at', at: 95_000, downMs: 7_000, state: 'kept' }],
  },
  'the clock is set forward between the start and a Spot interruption': {
    group: undefined,
    machine: { ...plain.machine, clockAhead: -5 * MINUTE },
    happenings: [
      { at: MINUTE, what: 'clock-jump', ms: 5 * MINUTE },
      { at: 2 * MINUTE, what: 'spot', inMs: 2 * MINUTE },
    ],
    tasks: [task(10 * MINUTE)],
  },
  'the clock is set back between the start and a Spot interruption': {
    group: undefined,
    machine: { ...plain.machine, clockAhead: 5 * MINUTE },
    happenings: [
      { at: MINUTE, what: 'clock-jump', ms: -5 * MINUTE },
      { at: 2 * MINUTE, what: 'spot', inMs: 2 * MINUTE },
    ],
    tasks: [task(10 * MINUTE)],
  },
  'something else answers in the ECS agent’s place, with an ARN that ECS does not know and no tasks': {
    happenings: [
      { at: 10_000, what: 'ecs-agent', to: 'down' },
      { at: 10_001, what: 'impostor', claims: 'unknown', tasks: 'none' },
      { at: 20_000, what: 'scale-in' },
    ],
    tasks: [task(5 * MINUTE)],
  },
  'something else answers in the ECS agent’s place, and lists the task of another host at a limit': {
    flags: ['--drain-timeout', '30s', '--on-timeout', 'stop-tasks'],
    happenings: [
      { at: 10_000, what: 'ecs-agent', to: 'down' },
      { at: 10_001, what: 'impostor', claims: 'own', tasks: 'neighbour' },
      { at: 20_000, what: 'scale-in' },
    ],
    tasks: [task(5 * MINUTE)],
  },
  'something else has answered in the ECS agent’s place, and listed a task of another cluster': {
    happenings: [
      { at: 10_000, what: 'ecs-agent', to: 'down' },
      { at: 10_001, what: 'impostor', claims: 'own', tasks: 'other-cluster' },
      { at: 20_000, what: 'scale-in' },
      { at: 50_000, what: 'impostor-gone' },
      { at: 51_000, what: 'ecs-agent', to: 'up' },
    ],
    tasks: [task(MINUTE)],
  },
  'a root volume is replaced while a task runs, and nothing of the agent is left on the new one': {
    world: { ...plain.world, rootVolumeTarget: 'Terminated' },
    happenings: [{ at: 20_000, what: 'replace-root-volume' }],
    tasks: [task(2 * MINUTE)],
  },
  'a root volume is replaced for a tag, the state of both agents is elsewhere, and the tag stays': {
    world: { ...plain.world, rootVolumeTarget: 'InService', rootVolumeHoldsEcsAgent: false },
    rootVolumeKeepsState: true,
    happenings: [
      { at: 20_000, what: 'replace-root-volume' },
      { at: 21_000, what: 'tag', value: 'hook=drain time=2026-01-02T03:04:05Z' },
      { at: 8 * MINUTE, what: 'scale-in' },
    ],
    tasks: [task(MINUTE)],
  },
  'a root volume was to be replaced, and another hook’s end has the group terminate the instance instead': {
    group: {
      hooks: [
        { name: 'drain', heartbeatTimeout: 167, defaultResult: 'CONTINUE' },
        { name: 'ecs-managed-draining-termination-hook', heartbeatTimeout: 112, defaultResult: 'ABANDON' },
      ],
      ours: 'drain',
      retain: false,
    },
    world: { ...plain.world, rootVolumeTarget: 'Terminated', rootVolumeAbandoned: 'terminates' },
    happenings: [{ at: 20_000, what: 'replace-root-volume' }],
    tasks: [task(10_000)],
  },
  'Auto Scaling answers about another instance while a root volume is replaced': {
    world: { ...plain.world, rootVolumeTarget: 'Terminated' },
    happenings: [{ at: 20_000, what: 'replace-root-volume' }],
    faults: [
      {
        at: 14_828,
        match: { api: 'autoscaling:DescribeAutoScalingInstances' },
        fault: { what: 'misnames' },
        count: 9,
      },
    ],
    tasks: [task(10_000)],
  },
  'an operator drains by hand what gets another root volume, and the group falls silent': {
    happenings: [
      { at: 9_506, what: 'manual-drain' },
      { at: 9_506, what: 'replace-root-volume' },
    ],
    faults: [{ at: 40_144, match: { service: 'autoscaling' }, fault: { what: '5xx' }, forMs: 39_186 }],
    tasks: [task(10_000), task(25_000)],
  },
  'the group retains the instance again each time, because of a hook whose target is broken': {
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 60, defaultResult: 'ABANDON', targetBroken: true }],
      ours: 'drain',
      retain: true,
    },
    tasks: [task(2 * MINUTE)],
  },
  'an instance of a warm pool that never registered is terminated': {
    flags: ['--cluster', 'web'],
    machine: { ...plain.machine, warm: true, ecsAgentAfter: 'never' },
  },
  'a load balancer takes half an hour before the hook waits': {
    world: { ...plain.world, timings: { terminatingToWait: 30 * MINUTE } },
    tasks: [task(40 * MINUTE)],
    horizon: 60 * MINUTE,
  },
  'another hook retains what was completed at the operator’s limit, long after its last heartbeat': {
    flags: ['--drain-timeout', '14s', '--on-timeout', 'continue'],
    group: {
      hooks: [
        { name: 'ecs-managed-draining-termination-hook', heartbeatTimeout: 432, defaultResult: 'ABANDON' },
        { name: 'drain', heartbeatTimeout: 300, defaultResult: 'ABANDON' },
      ],
      ours: 'drain',
      retain: true,
    },
    elsewhere: 'full',
    services: [{ name: 'web', strategy: 'REPLICA', count: 3, ignoresSigterm: false, releasedAt: 38_484 }],
    happenings: [
      { at: 14_168, what: 'scale-in' },
      { at: 30_549, what: 'ecs-agent', to: 'down' },
    ],
  },
  'a root volume is not replaced before the hook’s limit, and the instance is terminated instead': {
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 120, globalTimeout: 420, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: true,
    },
    world: { ...plain.world, rootVolumeTarget: 'Terminated', rootVolumeAbandoned: 'terminates' },
    happenings: [{ at: 10_528, what: 'replace-root-volume' }],
    rootVolumeKeepsState: true,
    tasks: [task(16 * MINUTE)],
    horizon: 30 * MINUTE,
  },
  'a tag is left of a lifecycle event, and EC2 has scheduled a reboot': {
    flags: ['--signals', 'tag,lifecycle,spot,scheduled'],
    happenings: [
      { at: 4_124, what: 'event-scheduled', code: 'system-reboot', inMs: 35 * MINUTE },
      { at: 71_187, what: 'tag', value: 'hook=drain time=2026-01-02T03:04:05Z' },
    ],
    tasks: [task(99_832)],
    horizon: 50 * MINUTE,
  },
  'ECS calls the instance ACTIVE for a minute after it was set DRAINING, and the drain is cancelled and begun anew':
    {
      seed: 902_938,
      world: { ...plain.world, timings: { tagAdditionShown: 4_460 } },
      happenings: [
        { at: 25_054, what: 'tag', value: 'true' },
        { at: 64_492, what: 'untag' },
        { at: 75_513, what: 'tag', value: 'true' },
      ],
      faults: [
        {
          at: 13_801,
          match: { api: 'ecs:DescribeContainerInstances' },
          fault: { what: 'stale', ms: 119_406 },
          forMs: 39_442,
        },
      ],
    },
  'heartbeats are throttled for half of a short time-out, and the tries must last until it ends': {
    seed: 400_270,
    flags: ['--mode', 'deregister'],
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 33, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: false,
    },
    world: { ...plain.world, deregisterAgain: 'inactive' },
    happenings: [{ at: 17_677, what: 'scale-in' }],
    faults: [{ at: 74_960, match: { service: 'autoscaling' }, fault: { what: 'throttle' }, count: 8 }],
    kills: [{ downMs: 118, state: 'kept', when: 'in-write', operation: 35 }],
    tasks: [task(150_363)],
  },
  'the answers to the first heartbeats are lost for five minutes, and the hook’s limit is near': {
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 199, globalTimeout: 1_200, defaultResult: 'CONTINUE' }],
      ours: 'drain',
      retain: true,
    },
    happenings: [{ at: 5_976, what: 'scale-in' }],
    faults: [
      {
        at: 5_888,
        match: { api: 'autoscaling:RecordLifecycleActionHeartbeat' },
        fault: { what: 'act-then-lose-response' },
        count: 19,
      },
    ],
    tasks: [task(23 * MINUTE)],
    horizon: 40 * MINUTE,
  },
  'the clock is set back before a scheduled event, and the agent restarted': {
    flags: ['--signals', 'tag,lifecycle,spot,scheduled'],
    group: undefined,
    happenings: [
      { at: 16_556, what: 'event-scheduled', code: 'system-maintenance', inMs: 8 * MINUTE },
      { at: 36_913, what: 'clock-jump', ms: -30 * 60 * MINUTE },
    ],
    kills: [{ when: 'at', at: 30_000, downMs: 20_000, state: 'kept' }],
  },
  'a root volume is replaced while the agent is down, and nothing waits for the hook any more': {
    seed: 407_877,
    elsewhere: 'full',
    world: { ...plain.world, rootVolumeTarget: 'Terminated' },
    rootVolumeKeepsState: true,
    group: {
      hooks: [
        { name: 'ecs-managed-draining-termination-hook', heartbeatTimeout: 36, defaultResult: 'ABANDON' },
        { name: 'drain', heartbeatTimeout: 168, defaultResult: 'ABANDON' },
      ],
      ours: 'drain',
      retain: true,
    },
    happenings: [{ at: 22_402, what: 'replace-root-volume' }],
    tasks: [task(32_479, 6_483)],
    kills: [{ when: 'after-call', call: 7, downMs: 196_806, state: 'kept' }],
  },
  'a short hook has timed out in an outage, and heartbeats for it are throttled for minutes': {
    seed: 438_404,
    group: {
      hooks: [
        { name: 'ecs-managed-draining-termination-hook', heartbeatTimeout: 1_387, defaultResult: 'ABANDON' },
        { name: 'drain', heartbeatTimeout: 36, defaultResult: 'CONTINUE' },
      ],
      ours: 'drain',
      retain: false,
    },
    happenings: [
      { at: 0, what: 'introspection', answersAfter: 300 },
      { at: 3_390, what: 'scale-in' },
    ],
    faults: [
      {
        at: 0,
        match: { api: 'autoscaling:RecordLifecycleActionHeartbeat' },
        fault: { what: 'throttle' },
        count: 14,
      },
      { at: 0, match: { service: 'autoscaling' }, fault: { what: 'drip' }, count: 9 },
    ],
  },
  'the host is hibernated, and metadata is silent when it goes on, where the EC2 API was asked for the tag': {
    seed: 446_849,
    group: undefined,
    machine: { ...plain.machine, untagged: true },
    world: {
      ...plain.world,
      deregisterRefusedFor: 'pending-or-running',
      deregisterAgain: 'inactive',
      emptyTagFolder: 'missing',
    },
    happenings: [
      { at: 14_627, what: 'tag', value: '{"a":1}' },
      { at: 20_821, what: 'hibernation', forMs: 144_757 },
    ],
    faults: [{ at: 42_194, match: { service: 'imds' }, fault: { what: 'drip' }, forMs: 159_769 }],
    tasks: [task(5_589, 15_780)],
  },
  'metadata falls silent for minutes, and only it has told that the group terminates the instance': {
    flags: ['--mode', 'deregister'],
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 123, defaultResult: 'CONTINUE' }],
      ours: 'drain',
      retain: false,
    },
    happenings: [{ at: 23_128, what: 'scale-in' }],
    faults: [{ at: 283_013, match: { service: 'imds' }, fault: { what: '5xx' }, forMs: 187_268 }],
    tasks: [task(466_407)],
  },
  'the tag is removed while another hook holds what gets another root volume': {
    seed: 467_451,
    elsewhere: 'full',
    services: [{ name: 'web', strategy: 'REPLICA', count: 3, ignoresSigterm: false, releasedAt: 18_166 }],
    group: {
      hooks: [
        { name: 'backup', heartbeatTimeout: 194, defaultResult: 'ABANDON' },
        { name: 'drain', heartbeatTimeout: 995, defaultResult: 'ABANDON' },
      ],
      ours: 'drain',
      retain: true,
    },
    happenings: [
      { at: 8_581, what: 'replace-root-volume' },
      { at: 16_389, what: 'tag', value: 'hook=drain time=2026-01-02T03:04:05Z' },
      { at: 110_770, what: 'untag' },
    ],
  },
  'a host registers anew in its drain, is given a task, and ECS describes it as it was for a while': {
    seed: 478_732,
    world: { ...plain.world, deregisterAgain: 'inactive' },
    services: [{ name: 'web', strategy: 'DAEMON', count: 4, ignoresSigterm: false, releasedAt: 80_511 }],
    happenings: [
      { at: 30_722, what: 'tag', value: 'yes' },
      { at: 70_287, what: 'registers-anew', cluster: 'web' },
    ],
    faults: [
      {
        at: 23_996,
        match: { api: 'ecs:DescribeContainerInstances' },
        fault: { what: 'stale', ms: 50_831 },
        forMs: 108_715,
      },
    ],
    kills: [{ downMs: 142, state: 'kept', when: 'after-call', call: 3 }],
  },
  'a host has registered anew, and ECS still calls both of its ECS agents connected when Spot interrupts it':
    {
      seed: 224_895,
      elsewhere: 'full',
      world: { ...plain.world, timings: { agentLossNoticed: 139_880, agentConnects: 321, scheduler: 212 } },
      services: [
        { name: 'web', strategy: 'REPLICA', count: 3, ignoresSigterm: false, releasedAt: 10 * MINUTE },
      ],
      happenings: [
        { at: 400, what: 'registers-anew', cluster: 'web' },
        { at: 9_401, what: 'spot', inMs: 120_000 },
      ],
    },
  'mode deregister, and the answers of ECS are lost for minutes, until after the task that it knew has exited':
    {
      seed: 1_023_139,
      flags: ['--mode', 'deregister'],
      group: {
        hooks: [{ name: 'drain', heartbeatTimeout: 614, defaultResult: 'ABANDON' }],
        ours: 'drain',
        retain: false,
      },
      world: {
        ...plain.world,
        deregisterAgain: 'inactive',
        timings: { provisioning: 2_664, pending: 195, agentReportLag: 6_309, terminatingToWait: 14_534 },
      },
      happenings: [{ at: 8_000, what: 'scale-in' }],
      tasks: [task(251_624, 8_513)],
      faults: [
        {
          at: 39_775,
          match: { service: 'ecs' },
          fault: { what: 'act-then-lose-response' },
          forMs: 224_915,
        },
      ],
    },
  'the first heartbeats of a short hook are throttled': {
    seed: 480_410,
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 42, defaultResult: 'CONTINUE' }],
      ours: 'drain',
      retain: false,
    },
    machine: { ...plain.machine, clockAhead: 6_610 },
    happenings: [{ at: 5_180, what: 'scale-in' }],
    faults: [
      {
        at: 0,
        match: { api: 'autoscaling:RecordLifecycleActionHeartbeat' },
        fault: { what: 'throttle' },
        count: 2,
      },
    ],
    tasks: [task(180_628)],
  },
  'ECS lets go of the instance while it stops a task, and something else answers in the ECS agent’s place': {
    seed: 487_348,
    flags: [
      '--cluster',
      'web',
      '--mode',
      'deregister',
      '--drain-timeout',
      '1s',
      '--on-timeout',
      'stop-tasks',
    ],
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 83, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: false,
    },
    world: { ...plain.world, deregisterRefusedFor: 'pending-or-running' },
    happenings: [
      { at: 19_271, what: 'scale-in' },
      { at: 20_681, what: 'ecs-agent', to: 'down' },
      { at: 21_773, what: 'impostor', claims: 'unknown', tasks: 'none' },
    ],
    tasks: [task(5 * MINUTE)],
  },
  'metadata falls silent in a termination, and the tag of an event that is over is still there': {
    seed: 268_095,
    machine: { ...plain.machine, metadataTags: false },
    happenings: [
      { at: 20_000, what: 'tag', value: 'time=2026-01-02T03:04:05Z' },
      { at: 2 * MINUTE, what: 'scale-in' },
    ],
    faults: [{ at: 5 * MINUTE, match: { service: 'imds' }, fault: { what: 'reset' }, forMs: 40_000 }],
    tasks: [task(10 * MINUTE)],
  },
  'the event that EC2 has scheduled cannot be read, and only the tag of an event that is over is left': {
    flags: ['--signals', 'tag,lifecycle,spot,scheduled'],
    machine: { ...plain.machine, metadataTags: false },
    happenings: [
      { at: 20_000, what: 'event-scheduled', code: 'instance-retirement', inMs: 30 * MINUTE },
      { at: 40_000, what: 'tag', value: 'time=2026-01-02T03:04:05Z' },
    ],
    faults: [{ at: 3 * MINUTE, match: { service: 'imds' }, fault: { what: 'reset' }, forMs: 10 * MINUTE }],
    tasks: [task(20 * MINUTE)],
  },
  'nothing says which of two hooks is ours, and one of them is deleted while both wait': {
    seed: 232_786,
    group: {
      hooks: [
        { name: 'backup', heartbeatTimeout: 156, defaultResult: 'ABANDON' },
        { name: 'drain', heartbeatTimeout: 199, defaultResult: 'ABANDON' },
      ],
      ours: 'drain',
      retain: false,
    },
    happenings: [
      { at: 20_000, what: 'scale-in' },
      { at: 30_000, what: 'hook-deleted', name: 'drain' },
    ],
    tasks: [task(10 * MINUTE)],
  },
  'a host registers anew, and its root volume is to be replaced before ECS knows which container instance it is':
    {
      seed: 613_463,
      world: {
        ...plain.world,
        rootVolumeTarget: 'Terminated',
        timings: { agentLossNoticed: 18_672, agentConnects: 13_004 },
      },
      happenings: [
        { at: 14_000, what: 'registers-anew', cluster: 'web' },
        { at: 19_000, what: 'replace-root-volume' },
      ],
    },
  'heartbeats are throttled for two thirds of a time-out, and the group says in the middle of it that the hook waits':
    {
      seed: 52,
      group: {
        hooks: [{ name: 'drain', heartbeatTimeout: 114, defaultResult: 'ABANDON' }],
        ours: 'drain',
        retain: false,
      },
      world: { ...plain.world, timings: { terminatingToWait: 6_000 } },
      happenings: [
        { at: 20_000, what: 'scale-in' },
        { at: 80_000, what: 'introspection', answersAfter: Infinity },
      ],
      faults: [
        {
          at: 19_000,
          match: { api: 'autoscaling:RecordLifecycleActionHeartbeat' },
          fault: { what: 'throttle' },
          forMs: 80_000,
        },
      ],
      tasks: [task(10 * MINUTE)],
    },
  'the first ten heartbeats are throttled, however long that takes': {
    seed: 2_162_119,
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 114, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: false,
    },
    world: { ...plain.world, timings: { terminatingToWait: 6_363 } },
    happenings: [{ at: 17_187, what: 'scale-in' }],
    faults: [
      {
        at: 16_907,
        match: { api: 'autoscaling:RecordLifecycleActionHeartbeat' },
        fault: { what: 'throttle' },
        count: 10,
      },
    ],
    tasks: [task(5 * MINUTE)],
  },
  'what answers the completion at an operator’s limit is not Auto Scaling, and the hook times out': {
    seed: 5_101_427,
    flags: ['--drain-timeout', '2s', '--on-timeout', 'continue'],
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 31, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: true,
    },
    happenings: [{ at: 9_000, what: 'scale-in' }],
    faults: [
      {
        at: 13_000,
        match: { api: 'autoscaling:CompleteLifecycleAction' },
        fault: { what: 'html' },
        count: 4,
      },
    ],
    tasks: [task(5 * MINUTE)],
  },
  'a root volume is to be replaced, the ECS agent takes its time, and failed looks have used up a minute’s requests':
    {
      seed: 1_680,
      group: {
        hooks: [{ name: 'drain', heartbeatTimeout: 1_328, defaultResult: 'ABANDON' }],
        ours: 'drain',
        retain: true,
      },
      world: { ...plain.world, deregisterRefusedFor: 'pending-or-running', rootVolumeTarget: 'Terminated' },
      happenings: [
        { at: 0, what: 'introspection', answersAfter: 646 },
        { at: 13_461, what: 'replace-root-volume' },
      ],
      faults: [{ at: 11_601, match: { api: 'ecs:ListTasks' }, fault: { what: 'garbage' }, count: 12 }],
      tasks: [task(26_818)],
    },
  'a drain is over, its container instance gone, and another process on the ECS agent’s port claims to be one of another cluster':
    {
      seed: 3_013_834,
      flags: ['--signals', 'tag,lifecycle,spot,scheduled'],
      happenings: [
        { at: 14_250, what: 'tag', value: 'time=2026-01-01T00:00:00Z' },
        { at: 22_163, what: 'event-scheduled', code: 'instance-retirement', inMs: 47 * MINUTE },
        { at: 28_258, what: 'event-unscheduled' },
        { at: 30_807, what: 'other-deregisters-by-force' },
        { at: 39_255, what: 'ecs-agent', to: 'down' },
        { at: 39_284, what: 'impostor', claims: 'other-cluster', tasks: 'neighbour' },
        { at: 5 * MINUTE, what: 'ecs-agent', to: 'up' },
      ],
      tasks: [task(30 * MINUTE)],
    },
  'a drain for a new root volume is cancelled, and the lifecycle action waits for minutes more': {
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 3_600, defaultResult: 'CONTINUE' }],
      ours: 'drain',
      retain: false,
    },
    world: { ...plain.world, rootVolumeTarget: 'InService' },
    happenings: [
      { at: 20_000, what: 'replace-root-volume' },
      { at: 20_500, what: 'tag', value: 'true' },
      { at: 35_000, what: 'untag' },
      { at: 10 * MINUTE, what: 'tag', value: 'true' },
    ],
    tasks: [task(80_000)],
  },
  'a hundred tasks have ended before an operator’s limit, and the last one is asked to stop at it': {
    seed: 3_022_640,
    flags: ['--poll-interval', '30s', '--drain-timeout', '63s', '--on-timeout', 'stop-tasks'],
    happenings: [{ at: 3_143, what: 'scale-in' }],
    tasks: [...Array.from({ length: 101 }, (_, index) => task(20_000 + index * 600)), task(110_000)],
  },
  'a root volume waits for another owner’s hook, somebody sets the instance ACTIVE meanwhile, and that hook ends in ABANDON':
    {
      seed: 5_302_262,
      flags: ['--lifecycle-hook', 'drain'],
      group: {
        hooks: [
          { name: 'drain', heartbeatTimeout: 38, defaultResult: 'ABANDON' },
          { name: 'ship-logs', heartbeatTimeout: 114, defaultResult: 'ABANDON' },
        ],
        ours: 'drain',
        retain: true,
      },
      world: { ...plain.world, rootVolumeTarget: 'Terminated' },
      happenings: [
        { at: 10_588, what: 'replace-root-volume' },
        { at: 94_080, what: 'other-activates' },
      ],
      tasks: [task(79_228, 94_430)],
    },
  'another owner’s hook ends the replacement of a root volume while a look at ECS waits for its share of requests':
    {
      seed: 9_067_445,
      group: {
        hooks: [
          { name: 'drain', heartbeatTimeout: 45, defaultResult: 'ABANDON' },
          { name: 'ship-logs', heartbeatTimeout: 163, defaultResult: 'ABANDON' },
        ],
        ours: 'drain',
        retain: false,
      },
      world: { ...plain.world, rootVolumeAbandoned: 'terminates' },
      happenings: [
        { at: 1_413, what: 'replace-root-volume' },
        { at: 3_284, what: 'tag', value: 'hook=drain time=2026-01-02T03:04:05Z' },
      ],
      faults: [
        { at: 15_390, match: { service: 'ecs' }, fault: { what: 'reset-mid-body' }, count: 9 },
        {
          at: 69_493,
          match: { api: 'autoscaling:CompleteLifecycleAction' },
          fault: { what: '5xx' },
          count: 9,
        },
      ],
      tasks: [task(68_381)],
    },
  'a host was rebooted half a minute after it had registered, and ECS’s answers are older than that': {
    seed: 9_994_690,
    flags: ['--signals', 'tag,lifecycle,spot,rebalance'],
    machine: { metadataTags: true, imdsAfter: 1_301, credentialsAfter: 18_694, ecsAgentAfter: 7_507 },
    happenings: [
      { at: 7_840, what: 'rebalance' },
      { at: 29_006, what: 'reboot', downMs: 6_448 },
      { at: 48_086, what: 'scale-in' },
    ],
    faults: [
      {
        at: 20_810,
        match: { api: 'ecs:ListContainerInstances' },
        fault: { what: 'stale', ms: 110_777 },
        forMs: 100_213,
      },
      {
        at: 25_669,
        match: { api: 'ecs:DescribeContainerInstances' },
        fault: { what: 'stale', ms: 75_427 },
        forMs: 104_478,
      },
    ],
    tasks: [task(60_000, 8_000)],
  },
  'a host registers anew after it was deregistered, and its ECS agent falls silent before anybody has asked it':
    {
      group: {
        hooks: [
          { name: 'backup', heartbeatTimeout: 3_049, defaultResult: 'CONTINUE' },
          { name: 'drain', heartbeatTimeout: 143, defaultResult: 'ABANDON' },
        ],
        ours: undefined,
        retain: false,
      },
      happenings: [
        { at: 14_936, what: 'scale-in' },
        { at: 23_831, what: 'registers-anew', cluster: 'web' },
        { at: 35_206, what: 'ecs-agent', to: 'down' },
      ],
      services: [
        { name: 'service-1', strategy: 'REPLICA', count: 3, ignoresSigterm: false, releasedAt: 49_212 },
      ],
      seed: 9_971_675,
    },
  'a host was hibernated beyond an operator’s limit, and ECS throttles when it resumes': {
    seed: 9_069_137,
    flags: ['--drain-timeout', '23s', '--on-timeout', 'stop-tasks'],
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 38, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: true,
    },
    happenings: [
      { at: 13_706, what: 'tag', value: 'maintenance' },
      { at: 32_483, what: 'hibernation', forMs: 753_434 },
    ],
    faults: [{ at: 33_467, match: { api: 'ecs:ListTasks' }, fault: { what: 'throttle' }, count: 5 }],
    tasks: [{ ...task(41_516, 11_068), exitAfterSigterm: 11_908 }],
  },
  'a Spot notice joins a drain of minutes, and the host’s clock is ahead of its interruption': {
    seed: 10_501_480,
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 35, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: true,
    },
    machine: {
      metadataTags: true,
      imdsAfter: 0,
      credentialsAfter: 0,
      ecsAgentAfter: 0,
      clockAhead: 897_880,
    },
    happenings: [
      { at: 10_000, what: 'tag', value: 'true' },
      { at: 300_000, what: 'spot', inMs: 2 * MINUTE },
    ],
    tasks: [task(20 * MINUTE)],
  },
  'mode deregister has a limit, and ECS throttles the description of tasks for three minutes': {
    seed: 10_717_672,
    flags: ['--mode', 'deregister', '--drain-timeout', '5s', '--on-timeout', 'stop-tasks'],
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 46, defaultResult: 'CONTINUE' }],
      ours: 'drain',
      retain: false,
    },
    elsewhere: 'full',
    services: [
      { name: 'service-0', strategy: 'REPLICA', count: 4, ignoresSigterm: false, releasedAt: 16_994 },
    ],
    happenings: [{ at: 13_160, what: 'tag', value: 'yes' }],
    faults: [
      { at: 21_187, match: { api: 'ecs:DescribeTasks' }, fault: { what: 'throttle' }, forMs: 186_915 },
    ],
  },
  'somebody deregisters a hibernated host, ECS lists no task of it any more, and its ECS agent stays down': {
    world: {
      deregisterAgain: 'not-found',
      deregisterRefusedFor: 'pending-or-running',
      timings: {},
      tasksOfInactive: 'refused',
    },
    happenings: [
      { at: 5_531, what: 'hibernation', forMs: 64_962 },
      { at: 11_197, what: 'other-stops-tasks' },
      { at: 16_416, what: 'other-deregisters' },
    ],
    tasks: [{ ...task(13_333), exitAfterSigterm: 347 }],
  },
  'an operator drains an instance, and its root volume is to be replaced, for which metadata has no word': {
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 60, defaultResult: 'CONTINUE' }],
      ours: 'drain',
      retain: false,
    },
    world: { ...plain.world, rootVolumeTarget: 'InService' },
    happenings: [
      { at: 20_000, what: 'tag', value: 'maintenance' },
      { at: 3 * MINUTE, what: 'replace-root-volume' },
    ],
    tasks: [task(12 * MINUTE)],
  },
  'the tag is removed while the agent is down, of an instance that its group terminates': {
    flags: ['--signals', 'tag'],
    happenings: [
      { at: 20_000, what: 'tag', value: 'yes' },
      { at: 20_000, what: 'scale-in' },
      { at: 26_000, what: 'untag' },
    ],
    kills: [{ downMs: 8_000, state: 'kept', when: 'before-call', call: 2 }],
  },
  'a drain begins right after a cancelled one, and for minutes ECS calls the instance DRAINING as it was': {
    happenings: [
      { at: 19_113, what: 'tag', value: 'true' },
      { at: 4 * MINUTE, what: 'untag' },
      { at: 4 * MINUTE + 4_000, what: 'scale-in' },
    ],
    faults: [
      {
        at: 4 * MINUTE + 4_000,
        match: { api: 'ecs:DescribeContainerInstances' },
        fault: { what: 'stale', ms: 150_000 },
        forMs: 150_000,
      },
    ],
    tasks: [task(15 * MINUTE)],
  },
  'a host comes back from a new root volume, and ECS takes the container instance before it for connected': {
    seed: 45_003_685,
    group: { hooks: [], ours: undefined, retain: false },
    world: {
      ...plain.world,
      rootVolumeTarget: 'Terminated',
      timings: { terminatingToWait: 11_560, agentConnects: 12_076, agentLossNoticed: 128_093 },
    },
    happenings: [{ at: 13_998, what: 'replace-root-volume' }],
    faults: [{ at: 37_024, match: { api: 'ecs:ListTasks' }, fault: { what: 'omits', nth: 7 }, count: 9 }],
  },
  'ECS may not be asked any more what a silent host is, which registers anew': {
    happenings: [
      { at: 24_277, what: 'scale-in' },
      { at: 40_102, what: 'registers-anew', cluster: 'web' },
    ],
    faults: [
      {
        at: 37_987,
        match: { api: 'ecs:ListContainerInstances' },
        fault: { what: 'error', name: 'AccessDeniedException', status: 400 },
        count: 8,
      },
      { at: 6_816, match: { service: 'introspection' }, fault: { what: 'refuse' }, forMs: 144_277 },
    ],
  },
  'the same after a restart of the agent': {
    happenings: [
      { at: 24_277, what: 'scale-in' },
      { at: 40_102, what: 'registers-anew', cluster: 'web' },
    ],
    faults: [
      {
        at: 37_987,
        match: { api: 'ecs:ListContainerInstances' },
        fault: { what: 'error', name: 'AccessDeniedException', status: 400 },
        forMs: 10 * MINUTE,
      },
      { at: 6_816, match: { service: 'introspection' }, fault: { what: 'refuse' }, forMs: 10 * MINUTE },
    ],
    kills: [{ when: 'at', at: 38_500, downMs: 1_000, state: 'kept' }],
    horizon: 8 * MINUTE,
  },
  'a group that is to retain does so no more a minute before an action is abandoned': {
    seed: 47_019_635,
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 193, globalTimeout: 420, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: true,
    },
    world: { ...plain.world, timings: { terminatingToWait: 113_283 } },
    happenings: [
      { at: 1_000, what: 'scale-in' },
      { at: 150_000, what: 'retention', to: false },
    ],
    tasks: [task(1_333_437)],
  },
  'ECS answers drop by drop from an operator’s limit on': {
    seed: 46_068_955,
    flags: ['--drain-timeout', '28s', '--on-timeout', 'stop-tasks'],
    happenings: [{ at: 10_798, what: 'tag', value: 'yes' }],
    faults: [{ at: 32_969, match: { service: 'ecs' }, fault: { what: 'drip' }, forMs: 201_957 }],
    tasks: [task(65_009)],
  },
  'metadata names another instance for a while, and a minute later fails to tell the name': {
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 62, defaultResult: 'CONTINUE' }],
      ours: 'drain',
      retain: false,
    },
    happenings: [
      { at: 107_424, what: 'claims-neighbour' },
      { at: 126_609, what: 'claims-itself' },
      { at: 140_907, what: 'scale-in' },
    ],
    faults: [
      {
        at: 156_421,
        match: { service: 'imds', path: 'instance-id' },
        fault: { what: 'html' },
        count: 11,
      },
    ],
    tasks: [task(5 * MINUTE)],
  },
  'ECS throttles once, and describes an instance as it was before its last drain was cancelled': {
    seed: 50_018_446,
    flags: ['--signals', 'tag,lifecycle,spot,scheduled'],
    world: { ...plain.world, deregisterAgain: 'inactive' },
    elsewhere: 'full',
    services: [
      { name: 'service-1', strategy: 'REPLICA', count: 4, ignoresSigterm: true, releasedAt: 122_743 },
    ],
    happenings: [
      { at: 18_980, what: 'event-scheduled', code: 'system-reboot', inMs: 105_048 },
      { at: 124_027, what: 'reboot', downMs: 45_419 },
      { at: 208_647, what: 'tag', value: 'true' },
    ],
    faults: [
      { at: 32_094, match: { api: 'ecs:DescribeTasks' }, fault: { what: 'throttle' }, count: 1 },
      { at: 0, match: { api: 'ecs:DescribeTasks' }, fault: { what: 'stale', ms: 39_669 }, count: 2 },
      {
        at: 0,
        match: { api: 'ecs:DescribeContainerInstances' },
        fault: { what: 'stale', ms: 115_143 },
        count: 4,
      },
    ],
    tasks: [task(34_345)],
  },
  'a drain is withdrawn after a restart, metadata tells of a termination, and the group fails to': {
    seed: 50_052_433,
    flags: ['--signals', 'tag,spot'],
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 647, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: false,
    },
    world: { ...plain.world, timings: { pending: 449_708, stopTimeout: 56_696 } },
    happenings: [
      { at: 20_077, what: 'tag', value: 'true' },
      { at: 25_255, what: 'tag', value: 'False' },
      { at: 31_288, what: 'scale-in' },
    ],
    faults: [
      {
        at: 31_824,
        match: { api: 'autoscaling:DescribeAutoScalingInstances' },
        fault: { what: 'redirect' },
        count: 9,
      },
    ],
    kills: [{ downMs: 204_575, state: 'kept', when: 'after-call', call: 1 }],
    tasks: [task(18_869, 1)],
  },
  'the EC2 API lists the tag and leaves out its value': {
    seed: 51_007_820,
    group: undefined,
    machine: { ...plain.machine, metadataTags: false },
    happenings: [{ at: 13_267, what: 'tag', value: 'true' }],
    faults: [
      { at: 3 * MINUTE, match: { api: 'ec2:DescribeTags' }, fault: { what: 'omits', nth: 27 }, count: 5 },
    ],
    tasks: [task(8 * MINUTE)],
  },
  'the group says once that it has not got the instance, of which EC2 recommends to be rid': {
    seed: 51_029_794,
    flags: ['--signals', 'tag,lifecycle,spot,rebalance', '--rebalance-terminate'],
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 236, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: false,
    },
    happenings: [{ at: 24_141, what: 'rebalance' }],
    faults: [
      {
        at: 173_986,
        match: { api: 'autoscaling:DescribeAutoScalingInstances' },
        fault: { what: 'stale', ms: 209_845 },
        count: 1,
      },
    ],
    kills: [{ when: 'at', at: 181_489, downMs: 3_923, state: 'kept' }],
    tasks: [task(293_574)],
  },
  'a termination waits for requests, and the host registers anew': {
    seed: 52_000_159,
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 112, defaultResult: 'ABANDON', targetBroken: true }],
      ours: 'drain',
      retain: true,
    },
    happenings: [
      { at: 23_157, what: 'scale-in' },
      { at: 204_968, what: 'registers-anew', cluster: 'web' },
    ],
    faults: [
      { at: 168_598, match: { service: 'autoscaling' }, fault: { what: 'html' }, count: 1 },
      { at: 140_134, match: { service: 'autoscaling' }, fault: { what: 'redirect' }, count: 4 },
      {
        at: 130_710,
        match: { api: 'autoscaling:TerminateInstanceInAutoScalingGroup' },
        fault: { what: '5xx' },
        count: 3,
      },
    ],
    tasks: [{ at: 0, runsFor: 171_074, ignoresSigterm: true, exitAfterSigterm: 442 }],
  },
  'a host that was let go registers anew and falls silent, and for minutes ECS does not know what it is': {
    world: { ...plain.world, timings: { terminatingToWait: 140_000 } },
    happenings: [
      { at: 20_000, what: 'scale-in' },
      { at: 60_000, what: 'registers-anew', cluster: 'web' },
      { at: 85_000, what: 'ecs-agent', to: 'down' },
    ],
    faults: [...behind('ecs:DescribeContainerInstances'), ...behind('ecs:ListContainerInstances')],
    tasks: [task(30 * MINUTE, 78_000)],
  },
  'a host that was let go registers anew and falls silent seconds before its hook waits': {
    world: { ...plain.world, timings: { terminatingToWait: 52_000 } },
    happenings: [
      { at: 20_000, what: 'scale-in' },
      { at: 60_000, what: 'registers-anew', cluster: 'web' },
      { at: 67_000, what: 'ecs-agent', to: 'down' },
    ],
    faults: [...behind('ecs:DescribeContainerInstances'), ...behind('ecs:ListContainerInstances')],
    tasks: [task(30 * MINUTE, 70_500)],
  },
  'a host registers anew before its root volume is replaced, and for minutes ECS does not know what it is': {
    world: { ...plain.world, rootVolumeTarget: 'Terminated', timings: { terminatingToWait: MINUTE } },
    happenings: [
      { at: 10_000, what: 'replace-root-volume' },
      { at: 55_000, what: 'registers-anew', cluster: 'web' },
    ],
    faults: [...behind('ecs:DescribeContainerInstances'), ...behind('ecs:ListContainerInstances')],
    tasks: [task(10 * MINUTE, 103_000)],
  },
  'ECS throttles, and somebody sets the instance ACTIVE before the first look after that': {
    seed: 54_005_853,
    group: {
      hooks: [
        { name: 'ecs-managed-draining-termination-hook', heartbeatTimeout: 4_321, defaultResult: 'CONTINUE' },
        { name: 'drain', heartbeatTimeout: 66, defaultResult: 'ABANDON' },
      ],
      ours: 'drain',
      retain: false,
    },
    machine: { ...plain.machine, metadataTags: false },
    world: {
      ...plain.world,
      timings: {
        provisioning: 3_965,
        pending: 17_888,
        deactivating: 1_278,
        deprovisioning: 591,
        agentReportLag: 440,
        scheduler: 2_711,
        terminatingToWait: 1_125,
        tagRemovalShown: 87_988,
        rootVolumeExchange: 14_440,
      },
      rootVolumeTarget: 'ReplacingRootVolume',
      rootVolumeAbandoned: 'terminates',
    },
    elsewhere: 'full',
    services: [
      { name: 'service-0', strategy: 'DAEMON', count: 3, ignoresSigterm: true, releasedAt: 217_835 },
    ],
    happenings: [
      { at: 7_479, what: 'replace-root-volume' },
      { at: 172_684, what: 'other-activates' },
    ],
    faults: [{ at: 128_866, match: { service: 'ecs' }, fault: { what: 'throttle' }, count: 3 }],
    kills: [
      { downMs: 52_975, state: 'kept', when: 'in-write', operation: 17 },
      { downMs: 78_024, state: 'kept', when: 'after-call', call: 5 },
    ],
    horizon: 22 * MINUTE,
    rootVolumeKeepsState: true,
  },
  'an answer of before its launch puts it in no group, its launch is abandoned, and nothing else tells of that':
    {
      flags: ['--signals', 'tag'],
      group: {
        hooks: [{ name: 'drain', heartbeatTimeout: 198, defaultResult: 'ABANDON' }],
        launchHooks: [{ name: 'bootstrap', heartbeatTimeout: 192, defaultResult: 'CONTINUE' }],
        ours: 'drain',
        retain: false,
      },
      machine: { metadataTags: true, imdsAfter: 0, credentialsAfter: 0, ecsAgentAfter: 0, launching: true },
      world: { timings: { terminatingToWait: 115_973, pendingToWait: 4_099 } },
      happenings: [
        { at: 99_859, what: 'launch-hook', hook: 'bootstrap', result: 'ABANDON' },
        { at: 117_429, what: 'manual-drain' },
      ],
      faults: [
        {
          at: 79_903,
          match: { api: 'autoscaling:DescribeAutoScalingInstances' },
          fault: { what: 'stale', ms: 130_000 },
          count: 2,
        },
      ],
      tasks: [task(559_903)],
    },
  'a Spot interruption stops the host, and metadata does not tell after its start that the notice is gone': {
    group: undefined,
    world: { stoppedHostTasks: 'when-back', timings: {} },
    happenings: [
      { at: 1, what: 'manual-drain' },
      { at: 22_250, what: 'spot', inMs: 120_000, action: 'stop', forMs: 297_005 },
      { at: 95_940, what: 'reboot', downMs: 100_019 },
    ],
    faults: [
      {
        at: 130_587,
        match: { service: 'imds', path: 'spot/instance-action' },
        fault: { what: 'reset-mid-body' },
        count: 4,
      },
    ],
    tasks: [task(10 * MINUTE)],
  },
  'the agent is restarted on a detached instance, whose tag tells of an event that is over': {
    happenings: [
      { at: 20_000, what: 'tag', value: 'hook=drain time=2026-01-02T03:04:05Z' },
      { at: 90_000, what: 'detach' },
    ],
    kills: [{ when: 'at', at: 2 * MINUTE, downMs: 1_000, state: 'kept', by: 'SIGTERM' }],
    tasks: [task(3 * MINUTE)],
  },
  'the tag tells of an event that is over, and one answer of Auto Scaling is of before the instance was launched':
    {
      happenings: [{ at: 20_000, what: 'tag', value: 'hook=drain time=2026-01-02T03:04:05Z' }],
      faults: [
        {
          at: 19_000,
          match: { api: 'autoscaling:DescribeAutoScalingInstances' },
          fault: { what: 'stale', ms: 60 * MINUTE },
          count: 2,
        },
      ],
    },
  'a drain ends while ECS describes what the host was before, and does not know what was set DRAINING': {
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 229, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: false,
    },
    happenings: [
      { at: 37_271, what: 'manual-drain' },
      { at: 47_525, what: 'registers-anew', cluster: 'web' },
      { at: 56_017, what: 'reboot', downMs: 16_950 },
      { at: 59_237, what: 'manual-cancel' },
    ],
    faults: [
      {
        at: 66_722,
        match: { api: 'ecs:DescribeContainerInstances' },
        fault: { what: 'stale', ms: 45_517 },
        forMs: 11_400,
      },
    ],
    tasks: [task(105_900, 48_197)],
  },
  'a host that ECS did not know registers at last, and is given tasks a minute before a Spot interruption': {
    machine: { metadataTags: true, imdsAfter: 0, credentialsAfter: 0, ecsAgentAfter: 89_207 },
    happenings: [{ at: 51_801, what: 'spot', inMs: 120_000 }],
    tasks: [task(15 * MINUTE, 90_000)],
  },
  'ECS describes nothing for minutes, and in mode deregister the last task ends': {
    seed: 56_002_940,
    flags: ['--mode', 'deregister'],
    happenings: [
      { at: 168_846, what: 'other-drains' },
      { at: 193_433, what: 'tag', value: 'true' },
    ],
    world: { ...plain.world, timings: { agentReportLag: 4_165, terminatingToWait: 2_106 } },
    faults: [
      {
        at: 716_135,
        match: { api: 'ecs:DescribeContainerInstances' },
        fault: { what: 'reset' },
        count: 5,
      },
      {
        at: 525_680,
        match: { api: 'ecs:DescribeContainerInstances' },
        fault: { what: 'throttle' },
        count: 7,
      },
    ],
    tasks: [task(971_065)],
    horizon: 32 * MINUTE,
  },
  'a tag is left of a lifecycle event where no group has the instance, and EC2 announces a maintenance': {
    flags: ['--signals', 'tag,lifecycle,spot,scheduled'],
    group: undefined,
    happenings: [
      { at: 1_099, what: 'tag', value: 'time=2026-01-02T03:04:05Z' },
      { at: 1_099, what: 'event-scheduled', code: 'system-maintenance', inMs: 60 * MINUTE },
    ],
    tasks: [task(3 * MINUTE)],
    horizon: 20 * MINUTE,
  },
  'the tag names a hook that the group has not': {
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 30, defaultResult: 'CONTINUE' }],
      ours: 'drain',
      retain: false,
    },
    happenings: [
      { at: 20_000, what: 'scale-in' },
      { at: 40_000, what: 'tag', value: 'hook=nosuch' },
    ],
    tasks: [task(5 * MINUTE)],
  },
  'the ECS agent is silent, its last word ends, and the host has registered anew and runs a task': {
    seed: 87_794_441,
    flags: ['--spot-stop-tasks', 'false'],
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 85, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: true,
    },
    happenings: [
      { at: 1_039, what: 'spot', inMs: 2 * MINUTE },
      { at: 1_039, what: 'replace-root-volume' },
      { at: 40_788, what: 'registers-anew', cluster: 'web' },
    ],
    services: [
      { name: 'service-1', strategy: 'DAEMON', count: 1, ignoresSigterm: false, releasedAt: 90_020 },
    ],
    faults: [{ at: 11_218, match: { service: 'introspection' }, fault: { what: 'refuse' }, forMs: 91_609 }],
    operatorHooks: {
      holds: false,
      stages: { draining: { ms: 48, failures: 0 }, drained: { ms: 1_093, failures: 0 } },
    },
    rootVolumeKeepsState: false,
    tasks: [task(14_174)],
    horizon: 20 * MINUTE,
  },
  'only the question after the hooks is throttled, and the option names one of 32 s': {
    seed: 87_845_597,
    flags: ['--lifecycle-hook', 'drain'],
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 32, defaultResult: 'CONTINUE' }],
      ours: 'drain',
      retain: false,
    },
    world: { ...plain.world, rootVolumeTarget: 'Terminated' },
    happenings: [
      { at: 27_052, what: 'ecs-agent', to: 'down' },
      { at: 31_652, what: 'replace-root-volume' },
    ],
    faults: [
      {
        at: 28_784,
        match: { api: 'autoscaling:DescribeLifecycleHooks' },
        fault: { what: 'throttle' },
        forMs: 116_000,
      },
    ],
    tasks: [task(34_335)],
    horizon: 20 * MINUTE,
  },
  'the tag comes back while another source takes its time to answer, and the instance is given back': {
    seed: 88_001_526,
    happenings: [
      { at: 9_212, what: 'tag', value: '' },
      { at: 12_625, what: 'tag', value: 'False' },
      { at: 15_693, what: 'tag', value: '' },
    ],
    faults: [
      { at: 0, match: { api: 'ecs:UpdateContainerInstancesState' }, fault: { what: 'html' }, count: 6 },
      {
        at: 16_754,
        match: { service: 'imds', path: 'target-lifecycle-state' },
        fault: { what: 'drip' },
        count: 10,
      },
    ],
    tasks: [],
    horizon: 15 * MINUTE,
  },
  'a Spot host is hibernated for seconds while its agent is down, and the notice cannot be read when it goes on':
    {
      seed: 88_364_267,
      happenings: [
        { at: 1_006, what: 'manual-drain' },
        { at: 21_006, what: 'spot', inMs: 50_860, action: 'hibernate' },
        { at: 43_947, what: 'hibernation', forMs: 3_339 },
      ],
      faults: [{ at: 47_285, match: { service: 'imds', path: 'spot' }, fault: { what: 'reset' }, count: 2 }],
      kills: [{ when: 'at', at: 32_133, downMs: 18_968, state: 'kept' }],
      tasks: [task(31 * MINUTE)],
      horizon: 46 * MINUTE,
    },
  'ECS has throttled the drain once, and half an hour later learns of the last task’s end at once': {
    seed: 88_444_771,
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 445, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: true,
    },
    world: {
      ...plain.world,
      timings: { deprovisioning: 219, agentReportLag: 125, terminatingToWait: 242 },
    },
    happenings: [{ at: 21_126, what: 'scale-in' }],
    faults: [
      { at: 0, match: { api: 'ecs:DescribeContainerInstances' }, fault: { what: 'throttle' }, count: 6 },
    ],
    tasks: [task(2_057_126)],
    horizon: 49 * MINUTE,
  },
  'a process is started anew, and its first answers are from before the last task that the one before it had seen':
    {
      seed: 94_708_626,
      group: {
        hooks: [{ name: 'drain', heartbeatTimeout: 143, defaultResult: 'ABANDON' }],
        ours: 'drain',
        retain: false,
      },
      world: {
        ...plain.world,
        deregisterAgain: 'inactive',
        deregisterRefusedFor: 'pending-or-running',
        timings: {
          provisioning: 4_092,
          pending: 3_829,
          deactivating: 771,
          deprovisioning: 1_433,
          agentReportLag: 3_331,
          scheduler: 100,
          terminatingToWait: 3_107,
        },
      },
      happenings: [{ at: 24_131, what: 'scale-in' }],
      faults: [
        {
          at: 0,
          match: { api: 'ecs:ListTasks' },
          fault: { what: 'stale', ms: 39_248 },
          forMs: 168_779,
        },
        { at: 19_495, match: { api: 'ecs:DescribeTasks' }, fault: { what: 'stale', ms: 126_562 }, count: 1 },
      ],
      kills: [{ downMs: 366, state: 'kept', when: 'after-call', call: 4 }],
      tasks: [
        { at: 5_890, runsFor: 19_901, ignoresSigterm: false, exitAfterSigterm: 9_747 },
        { at: 0, runsFor: 26_077, ignoresSigterm: true, exitAfterSigterm: 59 },
      ],
      horizon: 18 * MINUTE,
    },
  'DRAINING cannot be set before a Spot interruption, and the lists of tasks have four pages': {
    seed: 94_190_478,
    machine: { ...plain.machine, metadataTags: false },
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 781, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: true,
    },
    world: { ...plain.world, pageSize: 1 },
    happenings: [{ at: 28_058, what: 'spot', inMs: 120_000 }],
    faults: [
      {
        at: 0,
        match: { api: 'ecs:UpdateContainerInstancesState' },
        fault: { what: '5xx' },
        forMs: 208_058,
      },
    ],
    tasks: [task(748_058), task(748_058), task(748_058), task(748_058)],
    horizon: 28 * MINUTE,
  },
  'the tag of an earlier event names our hook, and is removed while the group cannot tell its hooks': {
    seed: 91_540_485,
    group: {
      hooks: [
        { name: 'backup', heartbeatTimeout: 59, defaultResult: 'ABANDON' },
        { name: 'drain', heartbeatTimeout: 152, defaultResult: 'ABANDON' },
      ],
      ours: undefined,
      retain: true,
    },
    happenings: [
      { at: 24_907, what: 'replace-root-volume' },
      { at: 31_716, what: 'tag', value: 'hook=drain time=2026-01-02T03:04:05Z' },
      { at: 186_458, what: 'scale-in' },
      { at: 194_504, what: 'untag' },
    ],
    faults: [
      {
        at: 11_099,
        match: { api: 'autoscaling:DescribeLifecycleHooks' },
        fault: { what: '5xx' },
        count: 7,
      },
      {
        at: 30_861,
        match: { api: 'autoscaling:DescribeAutoScalingInstances' },
        fault: { what: 'misnames' },
        count: 9,
      },
    ],
    rootVolumeKeepsState: false,
    horizon: 19 * MINUTE,
  },
  'a host with a silent ECS agent registers anew while a look waits for its turn, before its root volume is replaced':
    {
      seed: 90_837_045,
      group: {
        hooks: [{ name: 'drain', heartbeatTimeout: 307, defaultResult: 'ABANDON' }],
        ours: 'drain',
        retain: true,
      },
      world: {
        ...plain.world,
        deregisterAgain: 'inactive',
        timings: {
          provisioning: 4_875,
          pending: 10_807,
          deactivating: 1_640,
          deprovisioning: 446,
          agentReportLag: 683,
          scheduler: 2_737,
          terminatingToWait: 12_799,
          rootVolumeExchange: 37_390,
        },
        rootVolumeTarget: 'Terminated',
      },
      happenings: [
        { at: 14_391, what: 'replace-root-volume' },
        { at: 55_343, what: 'other-activates' },
        { at: 115_490, what: 'registers-anew', cluster: 'web' },
      ],
      faults: [
        {
          at: 31_281,
          match: { service: 'introspection', path: '/v1/metadata' },
          fault: { what: '5xx' },
          forMs: 130_801,
        },
        {
          at: 15_249,
          match: { api: 'autoscaling:CompleteLifecycleAction' },
          fault: { what: '5xx' },
          count: 7,
        },
      ],
      rootVolumeKeepsState: false,
      horizon: 18 * MINUTE,
    },
  'a process that begins gives the instance back by what a killed one has saved, is killed itself, and the host loses power':
    {
      seed: 75_638_091,
      group: undefined,
      world: { ...plain.world, stoppedHostTasks: 'when-back' },
      happenings: [
        { at: 1, what: 'manual-drain' },
        { at: 30_736, what: 'stop', forMs: 120_358, ecsAgentAfter: 12_550, losesPower: true },
        { at: 165_665, what: 'manual-cancel' },
      ],
      faults: [
        {
          at: 53_050,
          match: { api: 'ecs:DescribeContainerInstances' },
          fault: { what: 'stale', ms: 93_746 },
          count: 7,
        },
      ],
      kills: [
        { when: 'before-call', call: 1, downMs: 19_504, state: 'kept' },
        { when: 'in-write', operation: 29, downMs: 2_398, state: 'kept' },
      ],
      tasks: [{ ...task(125_493), ignoresSigterm: true, exitAfterSigterm: 85 }],
      horizon: 19 * MINUTE,
      agentAfterStart: 0,
    },
  'a process that begins hears only from metadata of the replacement that the one before had heard of from the group':
    {
      seed: 96_730_591,
      group: {
        hooks: [{ name: 'drain', heartbeatTimeout: 4_273, defaultResult: 'CONTINUE' }],
        ours: 'drain',
        retain: false,
      },
      world: {
        deregisterAgain: 'inactive',
        deregisterRefusedFor: 'not-stopped',
        rootVolumeTarget: 'Terminated',
        timings: { terminatingToWait: 4_732, agentReportLag: 16_144, tagAdditionShown: 1_963 },
      },
      happenings: [
        { at: 8_313, what: 'replace-root-volume' },
        { at: 8_313, what: 'tag', value: 'true' },
      ],
      faults: [
        {
          at: 63_480,
          match: { api: 'autoscaling:DescribeAutoScalingInstances' },
          fault: { what: 'error', name: 'AccessDeniedException', status: 400, message: 'not authorized' },
          count: 18,
        },
      ],
      kills: [{ when: 'after-call', call: 5, downMs: 32_251, state: 'kept' }],
      rootVolumeKeepsState: true,
      tasks: [task(66_849)],
    },
  'metadata names another instance while a process begins, and this one again later: what that process cannot tell is promised by none':
    {
      seed: 96_902_917,
      group: {
        hooks: [{ name: 'drain', heartbeatTimeout: 1_490, defaultResult: 'CONTINUE' }],
        ours: 'drain',
        retain: false,
        launchHooks: [{ name: 'bootstrap', heartbeatTimeout: 4_942, defaultResult: 'ABANDON' }],
      },
      machine: { ...plain.machine, metadataTags: false, launching: true, warm: false },
      happenings: [
        { at: 14_024, what: 'claims-neighbour' },
        { at: 85_341, what: 'claims-itself' },
        { at: 2_471_474, what: 'launch-hook', hook: 'bootstrap', result: 'ABANDON' },
      ],
      kills: [{ when: 'before-call', call: 5, downMs: 534, state: 'lost' }],
      tasks: [task(2_480_683, 33_878)],
      horizon: 136 * MINUTE,
    },
  'a root volume is replaced after the drain was cancelled, and the group does not answer the process that begins on the new one':
    {
      seed: 96_418_847,
      flags: ['--lifecycle-hook', 'drain'],
      group: {
        hooks: [
          { name: 'drain', heartbeatTimeout: 73, defaultResult: 'ABANDON' },
          { name: 'ship-logs', heartbeatTimeout: 139, defaultResult: 'ABANDON' },
        ],
        ours: 'drain',
        retain: false,
      },
      world: {
        deregisterAgain: 'inactive',
        deregisterRefusedFor: 'not-stopped',
        timings: { rootVolumeExchange: 33_251 },
      },
      happenings: [
        { at: 20_712, what: 'manual-drain' },
        { at: 20_712, what: 'replace-root-volume' },
        { at: 32_759, what: 'manual-cancel' },
      ],
      faults: [{ at: 192_760, match: { service: 'autoscaling' }, fault: { what: 'throttle' }, forMs: 3_673 }],
      rootVolumeKeepsState: true,
    },
  'a hook is added to the group while it keeps the instance, and the wait begins while the host is hibernated':
    {
      seed: 96_290_686,
      group: {
        hooks: [{ name: 'drain', heartbeatTimeout: 387, defaultResult: 'ABANDON' }],
        ours: 'drain',
        retain: true,
      },
      world: {
        deregisterAgain: 'inactive',
        deregisterRefusedFor: 'not-stopped',
        timings: { terminatingToWait: 14_228 },
      },
      happenings: [
        { at: 24_907, what: 'manual-drain' },
        { at: 49_656, what: 'hook-put', name: 'backup', heartbeatTimeout: 123 },
        { at: 70_242, what: 'hibernation', forMs: 375_621 },
      ],
      faults: [
        {
          at: 17_245,
          match: { api: 'ecs:ListContainerInstances' },
          fault: { what: 'stale', ms: 48_487 },
          count: 5,
        },
      ],
      horizon: 970_242,
    },
  'a lie of a task on the ECS agent’s port is followed by a task that its agent learns of late, and the process begins anew':
    {
      seed: 96_382_512,
      flags: [
        ...['--tag-source', 'ec2', '--ignore-tasks', 'family:monitor,group:monitors,startedBy:user-data'],
        ...['--signals', 'tag,lifecycle,spot,scheduled'],
      ],
      group: {
        hooks: [{ name: 'drain', heartbeatTimeout: 75, defaultResult: 'ABANDON' }],
        ours: 'drain',
        retain: false,
      },
      world: { deregisterAgain: 'inactive', deregisterRefusedFor: 'pending-or-running', timings: {} },
      elsewhere: 'full',
      services: [
        { name: 'service-2', strategy: 'REPLICA', count: 1, ignoresSigterm: false, releasedAt: 201_227 },
      ],
      happenings: [
        { at: 17_294, what: 'event-scheduled', code: 'instance-reboot', inMs: 3_139_398 },
        { at: 19_586, what: 'ecs-agent', to: 'down' },
        { at: 19_815, what: 'impostor', claims: 'unknown', tasks: 'unknown' },
        { at: 91_104, what: 'ecs-agent', to: 'up' },
        { at: 150_760, what: 'other-activates' },
        { at: 157_794, what: 'impostor-gone' },
      ],
      faults: [{ at: 106_224, match: { service: 'ecs' }, fault: { what: 'throttle' }, count: 12 }],
      kills: [
        { when: 'before-call', call: 41, downMs: 106_106, state: 'kept' },
        { when: 'at', at: 46_502, downMs: 119_039, state: 'kept' },
      ],
      tasks: [
        { at: 10_098, runsFor: undefined, ignoresSigterm: false, exitAfterSigterm: 2_979, known: 'group' },
        task(107_145, 151_780),
      ],
      horizon: 71 * MINUTE,
    },
  'the process is killed in the moment in which it has noted and sent DRAINING, and the host loses what the disk had not synced':
    {
      seed: 96_567_716,
      group: {
        hooks: [
          {
            name: 'ecs-managed-draining-termination-hook',
            heartbeatTimeout: 4_562,
            defaultResult: 'CONTINUE',
          },
          { name: 'drain', heartbeatTimeout: 71, defaultResult: 'CONTINUE' },
        ],
        ours: 'drain',
        retain: false,
      },
      world: { deregisterAgain: 'inactive', deregisterRefusedFor: 'not-stopped', timings: {} },
      happenings: [
        { at: 22_378, what: 'tag', value: 'hook=drain' },
        { at: 28_577, what: 'reboot', downMs: 137_216 },
        { at: 40_280, what: 'untag' },
      ],
      kills: [{ when: 'before-call', call: 4, downMs: 10_051, state: 'kept' }],
      horizon: 998_821,
    },
  'ECS fails, then lists other hosts for this one, and half-way the drain is over: it is asked every five minutes from then on':
    {
      seed: 96_705_670,
      flags: ['--signals', 'tag,lifecycle,spot,scheduled'],
      group: {
        hooks: [
          { name: 'backup', heartbeatTimeout: 96, defaultResult: 'CONTINUE' },
          { name: 'drain', heartbeatTimeout: 164, defaultResult: 'CONTINUE' },
        ],
        ours: 'drain',
        retain: false,
      },
      machine: { metadataTags: true, imdsAfter: 7_062, credentialsAfter: 10_534, ecsAgentAfter: 4_162 },
      world: { deregisterAgain: 'not-found', deregisterRefusedFor: 'pending-or-running', timings: {} },
      elsewhere: 'full',
      happenings: [
        { at: 145_526, what: 'event-scheduled', code: 'system-maintenance', inMs: 100_470 },
        { at: 163_927, what: 'ecs-agent', to: 'down' },
      ],
      faults: [
        { at: 166_371, match: { service: 'ecs' }, fault: { what: 'act-then-lose-response' }, count: 11 },
        {
          at: 159_688,
          match: { api: 'ecs:ListContainerInstances' },
          fault: { what: 'unfiltered' },
          count: 10,
        },
      ],
      horizon: 1_084_426,
    },
  'a hook is added to the group while it keeps the instance, and ours waits once a hibernated host goes on': {
    seed: 96_835_915,
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: 935, defaultResult: 'ABANDON' }],
      ours: 'drain',
      retain: false,
    },
    world: { deregisterAgain: 'inactive', deregisterRefusedFor: 'pending-or-running', timings: {} },
    happenings: [
      { at: 21_921, what: 'tag', value: 'yes' },
      { at: 30_735, what: 'hook-put', name: 'backup', heartbeatTimeout: 32 },
      { at: 71_347, what: 'hibernation', forMs: 11_525 },
      { at: 76_897, what: 'scale-in' },
    ],
    faults: [
      {
        at: 18_151,
        match: { api: 'autoscaling:RecordLifecycleActionHeartbeat' },
        fault: { what: 'throttle' },
        count: 2,
      },
    ],
    tasks: [{ ...task(56_278), exitAfterSigterm: 21_561 }],
    horizon: 1_007_697,
  },
  'the EC2 API tells no tag in the moment in which one that names our hook is set, and throttles from then on':
    {
      seed: 96_853_588,
      group: {
        hooks: [
          { name: 'backup', heartbeatTimeout: 34, defaultResult: 'CONTINUE' },
          { name: 'drain', heartbeatTimeout: 2_786, defaultResult: 'ABANDON' },
        ],
        ours: undefined,
        retain: false,
      },
      machine: { ...plain.machine, metadataTags: false },
      world: { deregisterAgain: 'not-found', deregisterRefusedFor: 'pending-or-running', timings: {} },
      happenings: [
        { at: 0, what: 'tag', value: 'hook=drain time=2026-01-02T03:04:05Z' },
        { at: 19_488, what: 'scale-in' },
      ],
      faults: [{ at: 7_281, match: { api: 'ec2:DescribeTags' }, fault: { what: 'throttle' }, count: 9 }],
      horizon: 957_096,
    },
  'the event of a tag is found to be over while metadata names another instance, and nothing tells of the next one':
    {
      seed: 96_902_048,
      flags: ['--signals', 'tag'],
      group: {
        hooks: [{ name: 'drain', heartbeatTimeout: 1_940, defaultResult: 'ABANDON' }],
        ours: 'drain',
        retain: false,
      },
      world: { deregisterAgain: 'inactive', deregisterRefusedFor: 'pending-or-running', timings: {} },
      happenings: [
        { at: 10_439, what: 'claims-neighbour' },
        { at: 17_115, what: 'tag', value: 'time=2026-01-02T03:04:05Z' },
        { at: 74_747, what: 'scale-in' },
        { at: 103_748, what: 'claims-itself' },
      ],
      horizon: 1_003_748,
    },
};

const agent = await loadAgent();

describe('no promise is broken when', () => {
  for (const [name, plan] of Object.entries(stories))
    test(name, async () => {
      const { violation, calls } = await simulate(agent, { ...plain, ...plan });
      assert.equal(violation, undefined);
      assert.ok(calls > 3, 'the drain began');
    });
});
