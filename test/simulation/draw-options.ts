import type { Span } from './draw-rare.ts';
import type { Happening, Plan, PlannedFault, TaskPlan } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/** Draws the options that few operators set, each with what it is for. */
export function addOptions(random: Random, plan: Plan, span: Span): Plan {
  return random.chance(0.07) ? addIgnoredTasks(random, plan, span) : plan;
}

const NAMED = ['family', 'group', 'startedBy'] as const;

/**
 * Tasks that never end by themselves and that the drain is told not to wait for; one of the others that matches too; answers
 * that leave out what they are known by; and one that lands on the instance at the very end.
 */
function addIgnoredTasks(random: Random, plan: Plan, span: Span): Plan {
  const by = random.pick(NAMED);
  const patterns = random.chance(0.5) ? [by] : NAMED;
  const count = random.chance(0.1) ? 0 : random.chance(0.05) ? 15 : random.integer(1, 3);
  const ignored = Array.from(
    { length: count },
    (): TaskPlan => ({
      at: random.chance(0.8) ? 0 : Math.max(0, span.start - random.integer(1, 10_000)),
      runsFor: undefined,
      ignoresSigterm: random.chance(0.2),
      exitAfterSigterm: random.spread(50, 25_000),
      known: by,
    }),
  );
  const [first, ...others] = plan.tasks;
  const tasks = first && random.chance(0.2) ? [{ ...first, known: by }, ...others] : plan.tasks;
  const end = () => Math.max(0, span.end - random.integer(0, 30_000));
  const happenings: Happening[] = [];
  const late: TaskPlan[] = [];
  if (random.chance(0.3)) {
    const at = end();
    happenings.push({ at, what: 'other-activates' });
    late.push({
      at: at + random.integer(0, 3_000),
      runsFor: random.spread(5 * SECOND, 3 * MINUTE),
      ignoresSigterm: false,
      exitAfterSigterm: 500,
    });
  }
  const faults: PlannedFault[] = random.chance(0.4)
    ? [
        {
          at: end(),
          match: { api: 'ecs:DescribeTasks' },
          fault: { what: 'omits', nth: random.integer(0, 60) },
          count: random.spread(1, 10),
        },
      ]
    : [];
  return {
    ...plan,
    flags: [...plan.flags, '--ignore-tasks', patterns.map((one) => `${one}:${KNOWN_AS[one]}`).join(',')],
    tasks: [...tasks, ...ignored, ...late],
    happenings: [...plan.happenings, ...happenings],
    faults: [...plan.faults, ...faults],
  };
}

/** What the tasks that a drain does not wait for are known by. */
export const KNOWN_AS = { family: 'monitor', group: 'monitors', startedBy: 'user-data' } as const;
