import { lasting } from './draw-parts.ts';
import type { Span } from './draw-rare.ts';
import type { Plan, PlannedFault } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/*
 * What a second review has found, varied: each into a few runs of a thousand, from a source of its own. The stories themselves are in
 * reviewed.test.ts.
 */

/** A tag names another owner's hook by mistake, is corrected and is removed, and then the group terminates the instance. */
export function addCorrectedTag(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  const metadataTags = random.chance(0.7);
  // The EC2 API is asked for the tag once in 18 s.
  const pause = () => random.spread((metadataTags ? 8 : 25) * SECOND, 3 * MINUTE);
  const wrongAt = start + pause();
  const rightAt = wrongAt + pause();
  const goneAt = rightAt + pause();
  const terminatedAt = goneAt + random.spread(5 * SECOND, 20 * MINUTE);
  const hook = (name: string) => ({
    name,
    heartbeatTimeout: random.integer(60, 900),
    defaultResult: 'CONTINUE' as const,
  });
  return {
    ...plan,
    group: { hooks: [hook('drain'), hook('backup')], ours: 'drain', retain: random.chance(0.3) },
    flags: random.chance(0.5) ? ['--signals', 'tag,spot'] : [],
    machine: { ...plan.machine, metadataTags, ecsAgentAfter: 0 },
    services: [],
    tasks: random.chance(0.7) ? [lasting(terminatedAt + random.spread(MINUTE, 20 * MINUTE))] : [],
    happenings: [
      { at: start, what: 'manual-drain' },
      { at: wrongAt, what: 'tag', value: 'hook=backup' },
      { at: rightAt, what: 'tag', value: 'hook=drain' },
      { at: goneAt, what: 'untag' },
      { at: terminatedAt, what: 'scale-in' },
    ],
    faults: random.chance(0.5)
      ? [
          {
            at: 0,
            match: { api: 'autoscaling:DescribeLifecycleHooks' },
            fault: { what: '5xx' },
            forMs: start + random.spread(5 * SECOND, 3 * MINUTE),
          },
        ]
      : [],
    kills: drawKill(random, start, terminatedAt),
  };
}

/** A group retains an instance, somebody terminates it again, and then the group does not answer for a part of its hook's time-out. */
export function addTerminatedAgain(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  const heartbeatTimeout = random.integer(30, 150);
  const againAt = start + random.integer(230 * SECOND, 330 * SECOND);
  return {
    ...plan,
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout, globalTimeout: 420, defaultResult: 'CONTINUE' }],
      ours: 'drain',
      retain: true,
    },
    flags: [],
    machine: { ...plan.machine, metadataTags: true, ecsAgentAfter: 0 },
    services: [],
    tasks: [lasting(againAt + 10 * MINUTE)],
    happenings: [
      { at: start, what: 'scale-in' },
      { at: againAt, what: 'other-terminates-retained' },
    ],
    faults: [
      {
        at: againAt + random.integer(-20 * SECOND, 40 * SECOND),
        match: { api: 'autoscaling:DescribeAutoScalingInstances' },
        fault: { what: random.pick(['5xx', 'throttle', 'reset'] as const) },
        forMs: random.integer(1, Math.round((heartbeatTimeout * 2) / 3)) * SECOND,
      },
    ],
    kills: [],
  };
}

/** A Spot host is hibernated for its notice while tasks are asked to stop, and metadata is slow or fails once when it goes on. */
export function addHibernatedInMidStop(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  const inMs = random.integer(20 * SECOND, MINUTE);
  const sleepsAt = start + Math.max(0, inMs - random.integer(0, 35 * SECOND));
  const forMs = random.spread(2 * SECOND, 5 * MINUTE);
  const goesOnAt = sleepsAt + forMs;
  const faults: PlannedFault[] = [
    {
      at: start,
      match: { api: 'ecs:StopTask' },
      fault: { what: 'delay', ms: random.integer(100, 2 * SECOND) },
      forMs: 10 * MINUTE,
    },
  ];
  if (random.chance(0.5))
    faults.push({
      at: goesOnAt - 1,
      match: { service: 'imds', path: random.pick(['spot', 'instance-id', 'target-lifecycle-state']) },
      fault: { what: 'reset' },
      count: random.integer(1, 3),
    });
  if (random.chance(0.4))
    faults.push({
      at: sleepsAt - 2 * SECOND,
      match: { service: 'imds', path: 'instance-id' },
      fault: { what: 'delay', ms: random.integer(SECOND, 3_500) },
      forMs: 4 * SECOND + forMs,
    });
  return {
    ...plan,
    flags: [],
    machine: { ...plan.machine, metadataTags: true, ecsAgentAfter: 0 },
    services: [],
    tasks: Array.from({ length: random.integer(1, 20) }, () => lasting(goesOnAt + 30 * MINUTE)),
    happenings: [
      ...(random.chance(0.5)
        ? [{ at: Math.max(0, start - 20 * SECOND), what: 'manual-drain' } as const]
        : []),
      { at: start, what: 'spot', inMs, action: 'hibernate' },
      { at: sleepsAt, what: 'hibernation', forMs },
    ],
    faults,
    kills: drawKill(random, start, sleepsAt),
  };
}

/** A tag is withdrawn while ECS throttles, and the group terminates the instance meanwhile, which no signal tells. */
export function addUntoldTermination(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  const goneAt = start + random.spread(10 * SECOND, 3 * MINUTE);
  const terminatedAt = goneAt + random.integer(0, 60 * SECOND);
  return {
    ...plan,
    flags: [
      '--signals',
      'tag,spot',
      '--drain-timeout',
      `${random.integer(30, 600)}s`,
      '--on-timeout',
      random.pick(['stop-tasks', 'continue'] as const),
    ],
    machine: { ...plan.machine, metadataTags: true, ecsAgentAfter: 0 },
    services: [],
    tasks: [lasting(terminatedAt + random.spread(MINUTE, 30 * MINUTE))],
    happenings: [
      { at: start, what: 'tag', value: 'true' },
      { at: goneAt, what: 'untag' },
      { at: terminatedAt, what: 'scale-in' },
    ],
    faults: [
      {
        at: goneAt - random.integer(0, 5 * SECOND),
        match: { api: 'ecs:UpdateContainerInstancesState' },
        fault: { what: random.pick(['throttle', '5xx'] as const) },
        forMs: random.spread(10 * SECOND, 2 * MINUTE),
      },
    ],
    kills: [],
  };
}

/** In one of five the agent is killed once, from then to then. */
function drawKill(random: Random, from: number, to: number): Plan['kills'] {
  if (!random.chance(0.2)) return [];
  const downMs = random.spread(100, 20 * SECOND);
  return [{ when: 'at', at: random.integer(from, to), downMs, state: 'kept' }];
}
