import { lasting } from './draw-parts.ts';
import type { Span } from './draw-rare.ts';
import type { Happening, Plan } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/*
 * What reviews have found, and chance alone would hardly meet. Each is drawn into a few runs of a thousand, from a source of its own,
 * so that everything else stays as it was drawn.
 */

/**
 * Somebody ends our lifecycle action, another owner's hook holds the instance beyond our hook's limit, and the group retains: there is
 * nothing to abandon. Then another limit comes, or somebody sets the instance ACTIVE.
 */
export function addNothingToAbandon(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  const minutes = random.integer(6, 8);
  const at = start + (minutes - 5) * MINUTE + random.integer(30 * SECOND, 3 * MINUTE);
  const what = random.pick(['limit', 'spot', 'other-activates'] as const);
  const limit = Math.round((at - start) / SECOND);
  const happenings: Happening[] = [
    { at: start, what: 'scale-in' },
    { at: start + random.integer(20 * SECOND, 50 * SECOND), what: 'other-completes' },
  ];
  if (what === 'spot') happenings.push({ at, what, inMs: 2 * MINUTE });
  if (what === 'other-activates') happenings.push({ at, what });
  return {
    ...plan,
    group: {
      hooks: [
        {
          name: 'drain',
          heartbeatTimeout: random.integer(60, 300),
          globalTimeout: minutes * 60,
          defaultResult: 'ABANDON',
        },
        { name: 'backup', heartbeatTimeout: 3_600, defaultResult: 'ABANDON' },
      ],
      ours: 'drain',
      retain: true,
    },
    flags: [
      '--lifecycle-hook',
      'drain',
      ...(what === 'limit' ? ['--drain-timeout', `${limit}s`, '--on-timeout', 'stop-tasks'] : []),
    ],
    machine: { ...plan.machine, metadataTags: true, ecsAgentAfter: 0 },
    services: [],
    tasks: [lasting(at + 15 * MINUTE)],
    happenings,
    faults: [],
    kills: [],
  };
}

/**
 * While a deregistration is on its way ECS counts a task once more that has ended, and lists none: whether one is left is not known
 * when the deregistration is answered.
 */
export function addDoubtedDeregistration(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  const endsAt = start + random.integer(10 * SECOND, 30 * SECOND);
  return {
    ...plan,
    flags: [],
    machine: { ...plan.machine, metadataTags: true, ecsAgentAfter: 0 },
    services: [],
    tasks: [lasting(endsAt)],
    happenings: [{ at: start, what: 'scale-in' }],
    faults: [
      {
        at: endsAt,
        match: { api: 'ecs:ListTasks' },
        fault: { what: 'delay', ms: random.integer(3_000, 4_500) },
        forMs: 8 * SECOND,
      },
      {
        at: start,
        match: { api: 'ecs:DeregisterContainerInstance' },
        fault: { what: 'delay', ms: random.integer(8_500, 9_900) },
        count: 1,
      },
      {
        at: endsAt + random.integer(8 * SECOND, 16 * SECOND),
        match: { api: 'ecs:DescribeContainerInstances' },
        fault: { what: 'stale', ms: random.integer(20 * SECOND, 40 * SECOND) },
        forMs: 8 * SECOND,
      },
    ],
    kills: [],
  };
}

/**
 * A Spot host is hibernated, with a notice, while something else keeps its drain open and StopTask is forbidden; it goes on, and minutes
 * later a second notice comes.
 */
export function addSecondNotice(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  const noticedAt = start + random.integer(10 * SECOND, MINUTE);
  const inMs = random.integer(SECOND, 10 * SECOND);
  const forMs = random.integer(5 * SECOND, 2 * MINUTE);
  const goesOnAt = noticedAt + inMs + forMs;
  const againAt = goesOnAt + random.integer(3 * MINUTE, 6 * MINUTE);
  return {
    ...plan,
    flags: [],
    machine: { ...plan.machine, metadataTags: true, ecsAgentAfter: 0 },
    services: [],
    tasks: [lasting(againAt + 10 * MINUTE)],
    happenings: [
      { at: start, what: 'tag', value: 'true' },
      { at: noticedAt, what: 'spot', inMs, action: 'hibernate' },
      { at: noticedAt + inMs, what: 'hibernation', forMs },
      { at: againAt, what: 'spot', inMs: 2 * MINUTE },
    ],
    faults: [
      {
        at: noticedAt,
        match: { api: 'ecs:StopTask' },
        fault: { what: 'error', name: 'AccessDeniedException', status: 400 },
        forMs: inMs + forMs + 5 * SECOND,
      },
    ],
    kills: [],
  };
}

/**
 * An event that EC2 has announced is over, the instance is set ACTIVE, and the answer to that is lost again and again. Tasks come, and
 * the group terminates the instance: a second drain, whose operator's hooks are its own.
 */
export function addLostAnswer(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  const overAt = start + random.integer(15 * SECOND, MINUTE);
  const againAt = overAt + random.integer(4 * SECOND, 30 * SECOND);
  const stage = () => ({ ms: random.spread(10, 20 * SECOND), failures: 0 });
  return {
    ...plan,
    flags: ['--signals', 'tag,lifecycle,spot,scheduled'],
    machine: { ...plan.machine, metadataTags: true, ecsAgentAfter: 0 },
    services: [],
    tasks: [
      {
        ...lasting(random.spread(10 * SECOND, 3 * MINUTE)),
        at: overAt + random.integer(4 * SECOND, 20 * SECOND),
      },
    ],
    happenings: [
      { at: start, what: 'event-scheduled', code: 'system-reboot', inMs: 60 * MINUTE },
      { at: overAt, what: 'event-unscheduled' },
      { at: againAt, what: 'scale-in' },
    ],
    faults: [
      {
        at: overAt,
        match: { api: 'ecs:UpdateContainerInstancesState' },
        fault: { what: 'act-then-lose-response' },
        forMs: againAt - overAt + 5 * SECOND,
      },
    ],
    kills: [],
    operatorHooks: { holds: random.chance(0.5), stages: { draining: stage(), drained: stage() } },
  };
}

/**
 * A host that waits, DRAINING, for an event that EC2 has announced registers anew, and somebody sets what it is then DRAINING himself
 * before the agent does. Then the event is over.
 */
export function addOthersDraining(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  const anewAt = start + random.integer(20 * SECOND, MINUTE);
  return {
    ...plan,
    flags: ['--signals', 'tag,lifecycle,spot,scheduled'],
    machine: { ...plan.machine, metadataTags: true, ecsAgentAfter: 0 },
    services: [],
    tasks: [],
    happenings: [
      { at: start, what: 'event-scheduled', code: 'system-reboot', inMs: 60 * MINUTE },
      { at: anewAt, what: 'registers-anew', cluster: 'web' },
      { at: anewAt + random.integer(50, 2 * SECOND), what: 'other-drains' },
      { at: anewAt + random.integer(20 * SECOND, 3 * MINUTE), what: 'event-unscheduled' },
    ],
    faults: [],
    kills: random.chance(0.3)
      ? [{ when: 'at', at: anewAt + random.integer(5 * SECOND, 20 * SECOND), downMs: SECOND, state: 'kept' }]
      : [],
  };
}

/**
 * In mode `deregister` ECS lists tasks and throttles whoever would describe them, for minutes: the look at ECS that ends in the release
 * began long ago, and the instance was ACTIVE all the time.
 */
export function addLongLook(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  return {
    ...plan,
    flags: [
      '--mode',
      'deregister',
      '--drain-timeout',
      `${random.integer(5, 30)}s`,
      '--on-timeout',
      'stop-tasks',
    ],
    machine: { ...plan.machine, metadataTags: true, ecsAgentAfter: 0 },
    world: { ...plan.world, deregisterRefusedFor: 'pending-or-running' },
    services: [],
    tasks: Array.from({ length: random.integer(1, 3) }, () => lasting(start + 30 * MINUTE)),
    happenings: [{ at: start, what: 'tag', value: 'true' }],
    faults: [
      {
        at: start + random.integer(3 * SECOND, 20 * SECOND),
        match: { api: 'ecs:DescribeTasks' },
        fault: { what: 'throttle' },
        forMs: random.integer(150 * SECOND, 9 * MINUTE),
      },
    ],
    kills: [],
  };
}

/**
 * Our action of a root volume's replacement is completed, or is not yet, when another owner's hook ends in ABANDON: the group terminates
 * the instance instead, and our hook waits anew.
 */
export function addTurned(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  const othersTimeout = random.integer(40, 200);
  return {
    ...plan,
    group: {
      hooks: [
        { name: 'drain', heartbeatTimeout: random.integer(30, 900), defaultResult: 'CONTINUE' },
        { name: 'backup', heartbeatTimeout: othersTimeout, defaultResult: 'ABANDON' },
      ],
      ours: 'drain',
      retain: false,
    },
    flags: ['--lifecycle-hook', 'drain'],
    machine: { ...plan.machine, metadataTags: true, ecsAgentAfter: 0 },
    world: { ...plan.world, rootVolumeTarget: 'Terminated', rootVolumeAbandoned: 'terminates' },
    services: [],
    tasks: [lasting(start + random.integer(5, othersTimeout + 20) * SECOND)],
    happenings: [{ at: start, what: 'replace-root-volume' }],
    faults: [],
    kills: random.chance(0.2)
      ? [
          {
            when: 'at',
            at: start + random.integer(5, othersTimeout + 60) * SECOND,
            downMs: SECOND,
            state: 'kept',
          },
        ]
      : [],
  };
}
