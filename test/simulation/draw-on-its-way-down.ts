import { lasting, withOurHook } from './draw-parts.ts';
import type { Span } from './draw-rare.ts';
import type { Happening, Kill, Plan, PlannedFault } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/**
 * A task is placed shortly before the drain and asked to stop soon after, so that ECS does not count it any more; its lists are older, and
 * the ECS agent falls silent. What has told of it may be an earlier count, process or drain. Into one of eighty runs, from a
 * source of its own.
 */
export function addOnItsWayDown(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 80)) return plan;
  const signalledAt = Math.max(start, 30 * SECOND);
  const around = (least: number, most: number) => signalledAt + random.integer(least, most);
  return {
    ...plan,
    group: withOurHook(plan.group, { heartbeatTimeout: 600, defaultResult: 'ABANDON' }),
    flags: random.chance(0.7) ? ['--cluster', 'web'] : [],
    machine: { ...plan.machine, ecsAgentAfter: 0 },
    services: [],
    tasks: [
      ...(random.chance(0.5) ? [lasting(random.integer(SECOND, 10 * SECOND))] : []),
      {
        at: around(-6 * SECOND, 2 * SECOND),
        runsFor: undefined,
        ignoresSigterm: false,
        exitAfterSigterm: random.integer(20 * SECOND, 110 * SECOND),
      },
    ],
    happenings: [
      { at: signalledAt, what: 'scale-in' },
      { at: around(-2 * SECOND, random.pick([5 * SECOND, 24 * SECOND])), what: 'other-stops-tasks' },
      ...(random.chance(0.3) ? [{ at: around(-SECOND, SECOND), what: 'other-drains' } as const] : []),
      ...(random.chance(0.25) ? cancelledBefore(random, signalledAt) : []),
    ],
    faults: [
      {
        // ECS still has its ECS agent connected, and places tasks.
        at: around(-15 * SECOND, 6 * SECOND),
        match: { service: 'introspection' },
        fault: { what: random.pick(['reset', '5xx', 'stall'] as const) },
        forMs: 10 * MINUTE,
      },
      {
        at: around(-2 * SECOND, random.pick([2 * SECOND, 15 * SECOND])),
        match: { api: 'ecs:ListTasks' },
        fault: { what: 'stale', ms: random.pick([random.integer(3, 58), random.integer(20, 58)]) * SECOND },
        forMs: random.pick([random.integer(1, 60), random.integer(20, 60)]) * SECOND,
      },
      ...(random.chance(0.3) ? [throttled(random, signalledAt)] : []),
    ],
    kills: random.chance(0.4) ? [killed(around(2 * SECOND, 12 * SECOND))] : [],
    world: {
      ...plan.world,
      deregisterRefusedFor: random.chance(0.8) ? 'pending-or-running' : 'not-stopped',
      timings: { ...plan.world.timings, stopTimeout: 2 * MINUTE },
    },
  };
}

/** An operator's drain, which is given up before the group terminates the instance. */
function cancelledBefore(random: Random, signalledAt: number): readonly Happening[] {
  return [
    { at: signalledAt - random.integer(12 * SECOND, 25 * SECOND), what: 'manual-drain' },
    { at: signalledAt - random.integer(SECOND, 8 * SECOND), what: 'manual-cancel' },
  ];
}

const throttled = (random: Random, at: number): PlannedFault => ({
  at,
  match: random.pick([{ service: 'ecs' }, { api: 'ecs:UpdateContainerInstancesState' }] as const),
  fault: { what: 'throttle' },
  forMs: random.integer(3 * SECOND, 25 * SECOND),
});

const killed = (at: number): Kill => ({ when: 'at', at, downMs: 500, state: 'kept' });
