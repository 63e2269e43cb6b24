import type { Span } from './draw-rare.ts';
import type { Happening, Plan, PlannedFault, TaskPlan } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/**
 * Each API of ECS answers from a replica of an age of its own, so that one may know what the next one does not: while the ECS agent is
 * silent, the host has registered anew, or been given a task, a moment ago. Into one of two hundred runs, from a source of its own.
 */
export function addReplicas(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 200)) return plan;
  const newAt = Math.max(0, start + random.integer(-20 * SECOND, MINUTE));
  const silentAt = Math.max(0, start - random.integer(-10 * SECOND, 30 * SECOND));
  const isAnew = random.chance(0.7);
  return {
    ...plan,
    flags: random.chance(0.5) ? ['--cluster', 'web'] : [],
    machine: { ...plan.machine, imdsAfter: 0, credentialsAfter: 0, ecsAgentAfter: 0 },
    services: [],
    tasks: drawTasks(random, newAt, !isAnew),
    happenings: [
      ...drawSignals(random, start),
      ...(isAnew ? [{ at: newAt, what: 'registers-anew', cluster: 'web' } as const] : []),
      ...(random.chance(0.3)
        ? [{ at: newAt + random.integer(SECOND, MINUTE), what: 'other-stops-tasks' } as const]
        : []),
    ],
    faults: [
      {
        at: silentAt,
        match: { service: 'introspection' },
        fault: { what: random.pick(['refuse', 'reset'] as const) },
        forMs: random.spread(20 * SECOND, 6 * MINUTE),
      },
      ...Array.from({ length: random.integer(2, 6) }, () => drawStale(random, newAt)),
    ],
    kills: random.chance(0.2)
      ? [
          {
            when: 'at',
            at: newAt + random.integer(0, 2 * MINUTE),
            downMs: random.spread(100, 20 * SECOND),
            state: 'kept',
          },
        ]
      : [],
  };
}

function drawTasks(random: Random, newAt: number, isGiven: boolean): readonly TaskPlan[] {
  const task = (at: number): TaskPlan => ({
    at,
    runsFor: random.spread(SECOND, 4 * MINUTE),
    ignoresSigterm: random.chance(0.3),
    exitAfterSigterm: random.spread(500, 20 * SECOND),
  });
  const before = random.chance(0.4) ? [task(0)] : [];
  return isGiven || random.chance(0.5) ? [...before, task(newAt + random.integer(0, 5 * SECOND))] : before;
}

function drawSignals(random: Random, start: number): readonly Happening[] {
  const goesAt = start + random.integer(0, 2 * MINUTE);
  return random.pick<readonly Happening[]>([
    [{ at: start, what: 'scale-in' }],
    [{ at: start, what: 'scale-in' }],
    [{ at: start, what: 'replace-root-volume' }],
    [
      { at: start, what: 'manual-drain' },
      { at: goesAt, what: 'scale-in' },
    ],
  ]);
}

const drawStale = (random: Random, newAt: number): PlannedFault => ({
  at: Math.max(0, newAt + random.integer(-10 * SECOND, 2 * MINUTE)),
  match: { api: random.pick(READS) },
  fault: { what: 'stale', ms: random.spread(5 * SECOND, 3 * MINUTE) },
  ...(random.chance(0.5)
    ? { count: random.integer(1, 5) }
    : { forMs: random.spread(2 * SECOND, 90 * SECOND) }),
});

const READS = [
  'ecs:ListContainerInstances',
  'ecs:DescribeContainerInstances',
  'ecs:ListTasks',
  'ecs:DescribeTasks',
];
