import { lasting } from './draw-parts.ts';
import type { Span } from './draw-rare.ts';
import type { Happening, Plan, PlannedFault } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/*
 * What a third review has found, varied: each into a few runs of a thousand, from a source of its own. The stories themselves are in
 * reviewed.test.ts and regressions.test.ts.
 */

const NOT_FOUND = { what: 'error', name: 'NotFound', status: 404 } as const;

/** An operator drains the instance, its group then terminates it, and neither the group nor metadata can be heard at times. */
export function addUnheardSinceKept(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  const terminatedAt = start + random.spread(5 * SECOND, 10 * MINUTE);
  const cancelledAt = terminatedAt + random.integer(-5 * SECOND, 90 * SECOND);
  const withdrawn: Happening[] = random.chance(0.6) ? [{ at: cancelledAt, what: 'manual-cancel' }] : [];
  const heartbeatTimeout = random.integer(60, 600);
  const faults: PlannedFault[] = [
    {
      at: terminatedAt - random.integer(0, 40 * SECOND),
      match: { api: 'autoscaling:DescribeAutoScalingInstances' },
      fault: { what: random.pick(['5xx', 'throttle', 'reset'] as const) },
      forMs: random.integer(1, Math.round((heartbeatTimeout * 2) / 3)) * SECOND,
    },
  ];
  if (random.chance(0.6))
    faults.push({
      at: cancelledAt + random.integer(-10 * SECOND, 30 * SECOND),
      match: { service: 'imds', path: 'target-lifecycle-state' },
      fault: NOT_FOUND,
      count: random.integer(1, 4),
    });
  return {
    ...plan,
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout, defaultResult: 'CONTINUE' }],
      ours: 'drain',
      retain: random.chance(0.3),
    },
    flags: [],
    machine: { ...plan.machine, metadataTags: random.chance(0.5), ecsAgentAfter: 0 },
    services: [],
    tasks: [lasting(terminatedAt + random.spread(2 * MINUTE, 20 * MINUTE))],
    happenings: [{ at: start, what: 'manual-drain' }, { at: terminatedAt, what: 'scale-in' }, ...withdrawn],
    faults,
    kills: [],
  };
}

/** Metadata gives one odd answer about a signal: a web page, nothing, or that what it gave a moment ago is not there. */
export function addOddAnswer(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  const oddAt = start + random.spread(5 * SECOND, 8 * MINUTE);
  const kind = random.pick(['past', 'spot', 'lifecycle'] as const);
  const value = 'hook=drain time=2026-01-02T03:04:05Z';
  const begins: Record<typeof kind, Happening> = {
    past: { at: start, what: 'tag', value },
    spot: { at: start, what: 'spot', inMs: 2 * MINUTE, action: random.pick([undefined, 'stop'] as const) },
    lifecycle: { at: start, what: 'scale-in' },
  };
  const path = { past: 'tags/instance/', spot: 'spot/instance-action', lifecycle: 'target-lifecycle-state' };
  const spotAt = start + random.integer(3 * SECOND, 110 * SECOND);
  return {
    ...plan,
    flags: [],
    machine: { ...plan.machine, metadataTags: true, ecsAgentAfter: 0 },
    services: [],
    tasks: random.chance(0.5) ? [lasting(oddAt + 5 * MINUTE)] : [],
    happenings: [begins[kind]],
    faults: [
      {
        at: kind === 'spot' ? spotAt : oddAt,
        match: { service: 'imds', path: path[kind] },
        fault: random.pick([NOT_FOUND, { what: 'html' }, { what: 'empty' }] as const),
        count: 1,
      },
    ],
    kills: [],
  };
}

/** ECS throttles around an operator's limit that lets the instance go with its tasks, and what it had said may be of before a hibernation. */
export function addThrottledAtLimit(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  const limit = random.integer(5, 600);
  const limitAt = start + limit * SECOND;
  const sleepsAt = limitAt + random.integer(-30 * SECOND, 5 * SECOND);
  const forMs = random.spread(2 * SECOND, MINUTE);
  return {
    ...plan,
    flags: ['--drain-timeout', `${limit}s`, '--on-timeout', random.pick(['continue', 'abandon'] as const)],
    machine: { ...plan.machine, metadataTags: true, ecsAgentAfter: 0 },
    services: [],
    tasks: Array.from({ length: random.integer(1, 5) }, () => lasting(limitAt + 30 * MINUTE)),
    happenings: [
      { at: start, what: 'scale-in' },
      ...(random.chance(0.7) ? [{ at: Math.max(start, sleepsAt), what: 'hibernation', forMs } as const] : []),
    ],
    faults: [
      {
        at: random.chance(0.3) ? 0 : limitAt - random.integer(0, 40 * SECOND),
        match: { api: random.pick(['ecs:DescribeTasks', 'ecs:DescribeContainerInstances'] as const) },
        fault: { what: 'throttle' },
        count: random.integer(1, 8),
      },
    ],
    kills: [],
  };
}

/**
 * A host that has moved to another cluster has a silent ECS agent, ECS takes its time to list it in each, and it registers anew in one of
 * them meanwhile.
 */
export function addLookedForInTwo(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  // The drain of one that is still being launched begins too late: nobody has heard of the other cluster by then.
  if (plan.machine.launching) return plan;
  const movedAt = random.integer(2 * SECOND, 15 * SECOND);
  // The ECS agent has told where it is by then.
  const begunAt = movedAt + Math.max(start, 10 * SECOND);
  const endedAt = begunAt + random.integer(20 * SECOND, 90 * SECOND);
  const silentAt = begunAt + random.integer(8 * SECOND, 15 * SECOND);
  const anewAt = Math.max(endedAt, silentAt + MINUTE) + random.integer(0, 4 * MINUTE);
  return {
    ...plan,
    flags: [],
    machine: { ...plan.machine, metadataTags: true, ecsAgentAfter: 0 },
    services: [],
    tasks: [
      { ...lasting(endedAt - movedAt - SECOND), at: movedAt + SECOND },
      { ...lasting(10 * MINUTE), at: anewAt + random.integer(100, 2 * SECOND) },
    ],
    happenings: [
      { at: movedAt, what: 'registers-anew', cluster: 'other' },
      { at: begunAt, what: 'scale-in' },
      { at: anewAt, what: 'registers-anew', cluster: random.pick(['web', 'other'] as const) },
    ],
    faults: [
      { at: silentAt, match: { service: 'introspection' }, fault: { what: 'refuse' }, forMs: 20 * MINUTE },
      {
        at: silentAt,
        match: { api: 'ecs:ListContainerInstances' },
        fault: { what: 'delay', ms: random.integer(5 * SECOND, 9 * SECOND) },
        forMs: 10 * MINUTE,
      },
    ],
    kills: [],
  };
}

/** DRAINING cannot be set for a Spot notice, at times until the interruption: the tasks have a right to their SIGTERM all the same. */
export function addSpotWhileActive(random: Random, plan: Plan, { start }: Span): Plan {
  if (!random.chance(1 / 300)) return plan;
  const noticedAt = start + random.integer(0, MINUTE);
  const inMs = random.pick([60, 90, 120, 120, 120] as const) * SECOND;
  const endsAt = noticedAt + inMs;
  const failsUntil = random.chance(0.6) ? endsAt + MINUTE : noticedAt + random.integer(SECOND, inMs);
  return {
    ...plan,
    flags: [],
    machine: {
      ...plan.machine,
      metadataTags: random.chance(0.5),
      imdsAfter: 0,
      credentialsAfter: 0,
      ecsAgentAfter: 0,
    },
    services: [],
    tasks: Array.from({ length: random.integer(1, 4) }, () => lasting(endsAt + 10 * MINUTE)),
    happenings: [{ at: noticedAt, what: 'spot', inMs }],
    faults: [
      {
        at: 0,
        match: { api: 'ecs:UpdateContainerInstancesState' },
        fault: random.pick([
          { what: '5xx' },
          { what: 'throttle' },
          { what: 'stall' },
          { what: 'reset' },
        ] as const),
        forMs: failsUntil,
      },
    ],
    kills: [],
  };
}
