import type { Span } from './draw-rare.ts';
import { type Happening, type Plan, type PlannedFault, SCHEDULED_CODES, type TaskPlan } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/** Draws the options that few operators set, each with what it is for. */
export function addOptions(random: Random, plan: Plan, span: Span): Plan {
  const ignoring = random.chance(0.07) ? addIgnoredTasks(random, plan, span) : plan;
  return random.chance(0.05) ? addScheduledEvent(random, ignoring, span) : ignoring;
}

/**
 * EC2 schedules an event, calls it off or carries it out; sometimes one that is too far away to count. A reboot is planned
 * with it, as the host goes down with its agent.
 */
function addScheduledEvent(random: Random, plan: Plan, { start, end }: Span): Plan {
  const isFar = random.chance(0.15);
  const code = random.pick(SCHEDULED_CODES);
  const inMs = isFar ? 40 * 24 * 60 * MINUTE : random.spread(MINUTE, 60 * MINUTE);
  const isReboot = code === 'instance-reboot' || code === 'system-reboot';
  const happenings: Happening[] = [{ at: start, what: 'event-scheduled', code, inMs }];
  const offAt = start + random.spread(SECOND, Math.max(2 * SECOND, Math.min(inMs, end - start + 10_000)) - 1);
  if (random.chance(0.4)) happenings.push({ at: offAt, what: 'event-unscheduled' });
  else if (isReboot && !isFar)
    happenings.push(
      { at: start + inMs - 1, what: 'event-unscheduled' },
      { at: start + inMs - 1, what: 'reboot', downMs: random.integer(20_000, 90_000) },
    );
  const index = plan.flags.indexOf('--signals');
  const others = index < 0 ? 'tag,lifecycle,spot' : plan.flags[index + 1];
  const flags = [
    ...plan.flags.filter((_, at) => index < 0 || (at !== index && at !== index + 1)),
    '--signals',
    `${others},scheduled`,
  ];
  // Beside another signal, or as the only one.
  const kept = random.chance(0.6)
    ? plan.happenings.filter(({ what }) => !SIGNALLING.has(what))
    : plan.happenings;
  return { ...plan, flags, happenings: [...kept, ...happenings] };
}

const SIGNALLING: ReadonlySet<string> = new Set(['tag', 'scale-in', 'spot', 'manual-drain', 'rebalance']);

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
