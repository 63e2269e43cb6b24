import type { Span } from './draw-rare.ts';
import type { Happening, Plan, PlannedFault, TaskPlan } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/**
 * Draws what is ordinary, and takes long: into one of some hundred runs each, from a source of its own, so that everything else stays as it
 * was drawn.
 */

/** Nothing happens for up to two hours: agents watch for weeks. */
export function addRest(random: Random, plan: Plan): Plan {
  if (!random.chance(1 / 300)) return plan;
  return later(plan, 0, random.spread(10 * MINUTE, 2 * 60 * MINUTE));
}

/** An operator drains an instance, which stays drained for a while before its group terminates it. */
export function addLateTermination(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  const at = start + random.spread(5 * MINUTE, 90 * MINUTE);
  return {
    ...plan,
    flags: random.chance(0.2) ? ['--signals', 'tag,spot'] : [],
    machine: { ...plan.machine, metadataTags: true },
    services: [],
    tasks: plan.tasks
      .filter((task) => task.at === 0)
      .map((task) => ({ ...task, runsFor: random.spread(SECOND, 5 * MINUTE) })),
    happenings: [
      random.chance(0.5)
        ? { at: start, what: 'tag', value: 'maintenance' }
        : { at: start, what: 'manual-drain' },
      { at, what: 'scale-in' },
    ],
    faults: [],
    kills: [],
  };
}

/** Who set the tag cancels by overwriting it with `false`, as the documentation says, instead of removing it. */
export function addFalse(random: Random, plan: Plan): Plan {
  if (!plan.happenings.some(({ what }) => what === 'untag') || !random.chance(0.2)) return plan;
  const value = random.pick(['false', 'False', ' false ']);
  const happenings = plan.happenings.map(
    (one): Happening => (one.what === 'untag' ? { at: one.at, what: 'tag', value } : one),
  );
  // Half of the value is a signal like any other text: nobody can tell.
  return { ...plan, happenings, faults: plan.faults.filter(({ fault }) => fault.what !== 'truncated') };
}

/** Tasks use up the host's disk, and the agent's process, or the host, ends before the state is on the disk itself. */
export function addSlowDisk(random: Random, plan: Plan): Plan {
  const ends =
    plan.kills.length > 0 || plan.happenings.some(({ what }) => what === 'reboot' || what === 'stop');
  if (!ends || !random.chance(0.05)) return plan;
  return { ...plan, syncMs: random.spread(100, MINUTE) };
}

/**
 * Images that take minutes to be pulled, so that a task placed before the drain begins its work in the middle of it; and programs
 * that take minutes to end once they are asked to.
 */
export function addSlowTasks(random: Random, plan: Plan, { start }: Span): Plan {
  if (!random.chance(1 / 200)) return plan;
  const pending = random.spread(30 * SECOND, 10 * MINUTE);
  const slow = (): TaskPlan => ({
    at: Math.max(1, start - random.integer(0, pending)),
    runsFor: random.chance(0.8) ? random.spread(SECOND, 10 * MINUTE) : undefined,
    ignoresSigterm: random.chance(0.3),
    exitAfterSigterm: random.spread(500, 5 * MINUTE),
  });
  const timings = { ...plan.world.timings, pending, stopTimeout: random.spread(30 * SECOND, 10 * MINUTE) };
  return {
    ...plan,
    world: { ...plan.world, timings },
    tasks: [...plan.tasks, ...Array.from({ length: random.integer(1, 3) }, slow)],
  };
}

/** An operator sets an instance aside in its group while he drains it, and brings it back, has it terminated, or takes it out of the group. */
export function addSetAside(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 200)) return plan;
  const standbyAt = start + random.integer(-20 * SECOND, 2 * MINUTE);
  const endAt = Math.max(start, standbyAt) + random.spread(5 * SECOND, 20 * MINUTE);
  const again = endAt + random.spread(SECOND, 2 * MINUTE);
  const end = random.pick<readonly Happening[]>([
    [{ at: endAt, what: 'detach' }],
    [
      { at: endAt, what: 'in-service' },
      { at: again, what: 'untag' },
    ],
    [
      { at: endAt, what: 'untag' },
      { at: again, what: 'in-service' },
    ],
    [
      { at: endAt, what: 'in-service' },
      { at: again, what: 'scale-in' },
    ],
  ]);
  const standby: readonly Happening[] = random.chance(0.8)
    ? [{ at: Math.max(1, standbyAt), what: 'standby' }]
    : [];
  return { ...plan, happenings: [{ at: start, what: 'tag', value: 'maintenance' }, ...standby, ...end] };
}

/** Tasks that save their own work at a Spot notice are not asked to stop before the interruption. */
export function addNoStop(random: Random, plan: Plan): Plan {
  const isDrawn = plan.happenings.some(({ what }) => what === 'spot') && random.chance(0.1);
  return isDrawn && !plan.flags.includes('--spot-stop-tasks')
    ? { ...plan, flags: [...plan.flags, '--spot-stop-tasks', 'false'] }
    : plan;
}

/** A role that was given all that the agent needs but one thing, which it can do without. */
export function addForbidden(random: Random, plan: Plan): Plan {
  if (!random.chance(1 / 200)) return plan;
  const forbidden: PlannedFault = {
    at: 0,
    match: { api: random.pick(DISPENSABLE) },
    fault: { what: 'error', name: 'AccessDeniedException', status: 400 },
    forMs: plan.horizon,
  };
  return { ...plan, faults: [...plan.faults, forbidden] };
}
const DISPENSABLE = [
  'ecs:DescribeServices',
  'ecs:GetTaskProtection',
  'ecs:StopTask',
  'autoscaling:DescribeAutoScalingGroups',
  'autoscaling:DescribeLifecycleHooks',
  'autoscaling:TerminateInstanceInAutoScalingGroup',
  'ec2:DescribeTags',
];

/** The same plan, all that comes after `from` so many ms later. */
function later(plan: Plan, from: number, ms: number): Plan {
  const moved = <T extends { readonly at: number }>(one: T): T =>
    one.at > from ? { ...one, at: one.at + ms } : one;
  return {
    ...plan,
    happenings: plan.happenings.map(moved),
    faults: plan.faults.map(moved),
    kills: plan.kills.map((one) => (one.when === 'at' ? moved(one) : one)),
    tasks: plan.tasks.map((task) =>
      task.at > from || task.runsFor === undefined ? moved(task) : { ...task, runsFor: task.runsFor + ms },
    ),
    services: plan.services.map((one) => ({ ...one, releasedAt: one.releasedAt + ms })),
  };
}
