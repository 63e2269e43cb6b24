import { lasting } from './draw-parts.ts';
import type { Span } from './draw-rare.ts';
import type { Plan, PlannedFault, TaskPlan } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/*
 * Sources of signals: those that fall silent beside others that are heard, and one that few listen to. Each is drawn into one run of two hundred, from a source of its own, so
 * that everything else stays as it was drawn.
 */

/**
 * An operator drains a Spot instance by hand, a notice of its interruption comes, and metadata does not tell of that any more: the
 * request on the host is heard all the while.
 */
export function addSilentNotice(random: Random, plan: Plan, { start }: Span): Plan {
  if (!random.chance(1 / 200)) return plan;
  const noticedAt = start + random.integer(10 * SECOND, MINUTE);
  return {
    ...plan,
    flags: [],
    machine: { ...plan.machine, metadataTags: true, ecsAgentAfter: 0 },
    services: [],
    tasks: [lasting(20 * MINUTE)],
    happenings: [
      { at: start, what: 'manual-drain' },
      { at: noticedAt, what: 'spot', inMs: 2 * MINUTE },
    ],
    faults: [
      {
        at: noticedAt + random.integer(15 * SECOND, 85 * SECOND),
        match: { service: 'imds', path: 'spot/instance-action' },
        fault: { what: '5xx' },
        forMs: 2 * MINUTE,
      },
    ],
    kills: [],
  };
}

/**
 * The role may not ask the EC2 API for the tag. An operator drains the instance by hand, and it is hibernated with a notice while StopTask
 * is forbidden; it goes on, and minutes later a second notice comes.
 */
export function addNoticeBesideSilence(random: Random, plan: Plan, { start }: Span): Plan {
  if (!random.chance(1 / 200)) return plan;
  const noticedAt = start + random.integer(10 * SECOND, MINUTE);
  const inMs = random.integer(SECOND, 10 * SECOND);
  const forMs = random.integer(5 * SECOND, 2 * MINUTE);
  const againAt = noticedAt + inMs + forMs + random.integer(3 * MINUTE, 6 * MINUTE);
  const fault = { what: 'error', name: 'AccessDeniedException', status: 400 } as const;
  return {
    ...plan,
    flags: [],
    machine: { ...plan.machine, metadataTags: false, ecsAgentAfter: 0 },
    services: [],
    tasks: [{ at: 0, runsFor: againAt + 10 * MINUTE, ignoresSigterm: false, exitAfterSigterm: 500 }],
    happenings: [
      { at: start, what: 'manual-drain' },
      { at: noticedAt, what: 'spot', inMs, action: 'hibernate' },
      { at: noticedAt + inMs, what: 'hibernation', forMs },
      { at: againAt, what: 'spot', inMs: 2 * MINUTE },
    ],
    faults: [
      { at: 0, match: { api: 'ec2:DescribeTags' }, fault, forMs: againAt + 10 * MINUTE },
      { at: noticedAt, match: { api: 'ecs:StopTask' }, fault, forMs: inMs + forMs + 5 * SECOND },
    ],
    kills: [],
  };
}

/** EC2 recommends to replace an instance whose operator has it terminated then, once it is empty. */
export function addRecommendation(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 200)) return plan;
  return {
    ...plan,
    flags: ['--signals', 'tag,lifecycle,spot,rebalance', '--rebalance-terminate'],
    services: [],
    tasks: plan.tasks.map((task) => ({ ...task, runsFor: random.spread(SECOND, 10 * MINUTE) })),
    happenings: [{ at: start, what: 'rebalance' }],
  };
}

/**
 * Spot interrupts the instance, and ECS throttles it time and again, as it does where many are interrupted at the same moment. Tasks are
 * placed until it is DRAINING, and ECS may be the only one to tell of them at first.
 */
export function addThrottledNotice(random: Random, plan: Plan, { start }: Span): Plan {
  if (!random.chance(1 / 200)) return plan;
  const long = (at: number): TaskPlan => ({ ...lasting(start + 10 * MINUTE), at });
  const many = Array.from({ length: random.integer(1, 14) }, () => long(0));
  const late = Array.from({ length: random.integer(0, 3) }, () =>
    long(start + random.integer(-3 * SECOND, 20 * SECOND)),
  );
  const throttled = (at: number): PlannedFault => ({
    at,
    match: random.pick([
      { service: 'ecs' },
      { api: 'ecs:DescribeContainerInstances' },
      { api: 'ecs:ListTasks' },
      { api: 'ecs:DescribeTasks' },
    ] as const),
    fault: { what: 'throttle' },
    count: random.integer(2, 6),
  });
  return {
    ...plan,
    flags: [],
    machine: { ...plan.machine, ecsAgentAfter: 0 },
    services: [],
    tasks: [...many, ...late],
    happenings: [{ at: start, what: 'spot', inMs: 2 * MINUTE }],
    faults: [
      throttled(start + random.integer(0, 40 * SECOND)),
      ...(random.chance(0.4) ? [throttled(start + random.integer(20 * SECOND, 80 * SECOND))] : []),
    ],
    kills: random.chance(0.3) ? plan.kills : [],
  };
}
