import { lasting, withOurHook } from './draw-parts.ts';
import type { Span } from './draw-rare.ts';
import type { Plan, PlannedFault } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/**
 * Draws what AWS has said before and does not say any more, or not yet: into one of two hundred runs each, from a source of its own,
 * so that everything else stays as it was drawn.
 */

/**
 * An operator's drain is cancelled, and ECS throttles what would give the instance back. Meanwhile its root volume is to be replaced,
 * of which metadata tells nothing, and the operator drains it once more.
 */
export function addAgainBeforeGivenBack(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 200)) return plan;
  const goneAt = start + random.integer(5 * SECOND, MINUTE);
  const againAt = goneAt + random.integer(6 * SECOND, 2 * MINUTE);
  const isTag = random.chance(0.5);
  return {
    ...plan,
    flags: [],
    machine: { ...plan.machine, metadataTags: true },
    services: [],
    tasks: [lasting(goneAt + random.spread(SECOND, againAt - goneAt + 20 * SECOND))],
    happenings: [
      isTag ? { at: start, what: 'tag', value: 'maintenance' } : { at: start, what: 'manual-drain' },
      isTag ? { at: goneAt, what: 'untag' } : { at: goneAt, what: 'manual-cancel' },
      { at: random.integer(goneAt + 5 * SECOND, againAt), what: 'replace-root-volume' },
      { at: againAt, what: 'manual-drain' },
    ],
    faults: [
      {
        at: goneAt,
        match: { api: 'ecs:UpdateContainerInstancesState' },
        fault: { what: 'throttle' },
        forMs: againAt - goneAt + random.spread(SECOND, MINUTE),
      },
    ],
    kills: [],
    world: { ...plan.world, rootVolumeTarget: 'InService' },
  };
}

/** An operator drains an instance with work for a while, and an instance refresh comes to its root volume: metadata has no word for that. */
export function addUntoldReplacement(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 200)) return plan;
  const replacedAt = start + random.spread(10 * SECOND, 10 * MINUTE);
  const timeout = random.integer(60, 400);
  return {
    ...plan,
    flags: random.chance(0.3) ? ['--cluster', 'web'] : [],
    group: withOurHook(plan.group, { heartbeatTimeout: timeout, defaultResult: 'CONTINUE' }),
    services: [],
    tasks: [lasting(replacedAt + random.spread(MINUTE, 20 * MINUTE))],
    happenings: [
      random.chance(0.5)
        ? { at: start, what: 'tag', value: 'maintenance' }
        : { at: start, what: 'manual-drain' },
      { at: replacedAt, what: 'replace-root-volume' },
    ],
    faults: [],
    kills: random.chance(0.3)
      ? [
          {
            when: 'at',
            at: random.integer(start, replacedAt),
            downMs: random.spread(100, 20 * SECOND),
            state: 'kept',
          },
        ]
      : [],
    world: { ...plan.world, rootVolumeTarget: 'InService' },
  };
}

/**
 * A host is new, and nothing on it says what it is. ECS has told one process, which is killed while it waits for the tasks, or a drain,
 * which is cancelled. What ECS tells the next one is older than the registration.
 */
export function addForgottenByEcs(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 200)) return plan;
  const registeredAt = random.integer(0, 10 * SECOND);
  const signalledAt = registeredAt + random.integer(5 * SECOND, MINUTE);
  const knownAt = signalledAt + 4 * SECOND;
  const downMs = random.spread(100, 10 * SECOND);
  const isKilled = random.chance(0.7);
  const againAt = isKilled ? knownAt : knownAt + random.integer(5 * SECOND, 30 * SECOND);
  const stale = (api: string): PlannedFault => ({
    at: againAt,
    match: { api },
    fault: { what: 'stale', ms: againAt - registeredAt + random.spread(20 * SECOND, 2 * MINUTE) },
    forMs: downMs + random.spread(5 * SECOND, 40 * SECOND),
  });
  return {
    ...plan,
    flags: ['--cluster', 'web'],
    machine: { metadataTags: true, imdsAfter: 0, credentialsAfter: 0, ecsAgentAfter: registeredAt },
    services: [],
    tasks: [{ ...lasting(random.spread(20 * SECOND, 5 * MINUTE)), at: registeredAt + SECOND }],
    happenings: isKilled
      ? [{ at: signalledAt, what: 'scale-in' }]
      : [
          { at: signalledAt, what: 'manual-drain' },
          { at: knownAt, what: 'manual-cancel' },
          { at: againAt, what: 'scale-in' },
        ],
    faults: [
      {
        at: 0,
        match: { service: 'introspection' },
        fault: { what: 'refuse' },
        forMs: random.chance(0.7) ? start + 60 * MINUTE : knownAt + random.spread(SECOND, MINUTE),
      },
      { at: 0, match: { api: 'ecs:ListTasks' }, fault: { what: 'delay', ms: 15 * SECOND }, forMs: knownAt },
      stale('ecs:DescribeContainerInstances'),
      stale('ecs:ListContainerInstances'),
    ],
    kills: isKilled
      ? [{ when: 'at', at: knownAt + random.integer(1, 5 * SECOND), downMs, state: 'kept' }]
      : [],
  };
}

/**
 * The group terminates the instance and has said so, the tag that told of it is removed, and answers of Auto Scaling are older than all
 * that, for less than half a minute: as if the group kept the instance, or as if it were in none yet.
 */
export function addTakenBack(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 200)) return plan;
  const terminatingToWait = random.chance(0.6)
    ? random.integer(200, 5_000)
    : random.spread(20_000, 3 * MINUTE);
  const taggedAt = start + random.integer(500, 8_000);
  const goneAt = taggedAt + random.integer(10 * SECOND, MINUTE);
  const wrongAt = goneAt + random.integer(-SECOND, 2 * MINUTE);
  return {
    ...plan,
    group: withOurHook(plan.group, { heartbeatTimeout: random.integer(60, 300), defaultResult: 'ABANDON' }),
    flags: ['--signals', random.pick(['tag', 'tag,spot'])],
    machine: { ...plan.machine, metadataTags: true },
    services: [],
    tasks: [lasting(wrongAt + random.integer(2, 8) * MINUTE)],
    happenings: [
      { at: start, what: 'scale-in' },
      { at: taggedAt, what: 'tag', value: 'hook=drain time=2026-01-02T03:04:05Z' },
      { at: goneAt, what: 'untag' },
    ],
    faults: [
      {
        at: wrongAt,
        match: { api: 'autoscaling:DescribeAutoScalingInstances' },
        fault: { what: 'stale', ms: wrongAt - start + (random.chance(0.7) ? MINUTE : 60 * MINUTE) },
        count: random.integer(1, 4),
      },
    ],
    kills: random.chance(0.8)
      ? []
      : [
          {
            when: 'at',
            at: wrongAt + random.integer(0, 10 * SECOND),
            downMs: random.spread(100, 5_000),
            state: 'kept',
          },
        ],
    world: { ...plan.world, timings: { ...plan.world.timings, terminatingToWait } },
  };
}

/**
 * A task has been placed a moment ago and is asked to stop, which takes it half a minute, while the ECS agent is silent. What ECS lists, or
 * describes, is from before the task, though it counts it, or has listed it once.
 */
export function addOlderThanTask(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 200)) return plan;
  const at = Math.max(0, start - random.integer(SECOND, 8 * SECOND));
  const stale = (api: string, from: number): PlannedFault => ({
    at: from,
    match: { api },
    fault: { what: 'stale', ms: from - at + random.integer(20 * SECOND, 40 * SECOND) },
    forMs: random.integer(10 * SECOND, 30 * SECOND),
  });
  const isListed = random.chance(0.5);
  return {
    ...plan,
    services: [],
    tasks: [{ at, runsFor: 10 * MINUTE, ignoresSigterm: true, exitAfterSigterm: 500 }],
    happenings: [
      { at: start, what: 'scale-in' },
      { at: start + random.spread(500, 6 * SECOND), what: 'other-stops-tasks' },
    ],
    faults: [
      { at: 0, match: { service: 'introspection' }, fault: { what: 'reset' }, forMs: start + 4 * MINUTE },
      stale('ecs:ListTasks', isListed ? start + random.integer(6 * SECOND, 12 * SECOND) : start),
      ...(isListed ? [stale('ecs:DescribeTasks', start)] : []),
    ],
    kills: [],
    world: { ...plan.world, deregisterRefusedFor: 'pending-or-running' },
  };
}
