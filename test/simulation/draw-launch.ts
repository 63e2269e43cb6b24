import type { Span } from './draw-rare.ts';
import type { Happening, HookPlan, Plan } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/**
 * The group has just launched the instance, and its launch hooks hold it ahead of its service or of its warm pool, for seconds or an
 * hour: its agents are up by then. It is drained by an operator or for a Spot notice meanwhile, its launch is abandoned, or it comes
 * into service and is terminated later.
 */
export function addLaunch(random: Random, plan: Plan, { start }: Span): Plan {
  const { group } = plan;
  if (!group || !random.chance(1 / 150)) return plan;
  const end = random.pick(['continued', 'continued', 'continued', 'abandoned', 'times-out'] as const);
  const lasts = random.spread(5 * SECOND, 60 * MINUTE);
  const [first, ...others] = drawHooks(random, end === 'times-out' ? lasts : 2 * lasts);
  const timings = {
    ...plan.world.timings,
    pendingToWait: random.spread(500, 30 * SECOND),
    pendingToService: random.spread(200, 30 * SECOND),
  };
  const endsAt =
    timings.pendingToWait + Math.max(1, lasts - (end === 'times-out' ? 0 : random.integer(0, SECOND)));
  const happenings: Happening[] = plan.happenings.filter(({ what }) => !SIGNALS.has(what));
  // Who owns the second of two ends it a moment before.
  for (const { name: hook } of others)
    happenings.push({
      at: random.integer(timings.pendingToWait + 1, endsAt),
      what: 'launch-hook',
      hook,
      result: 'CONTINUE',
    });
  if (end !== 'times-out')
    happenings.push({
      at: endsAt,
      what: 'launch-hook',
      hook: first.name,
      result: end === 'continued' ? 'CONTINUE' : 'ABANDON',
    });
  if (random.chance(0.75)) happenings.push(...drawSignals(random, first.name, endsAt));
  if (random.chance(0.5)) {
    const servesAt = endsAt + timings.pendingToService;
    happenings.push({ at: servesAt + random.spread(SECOND, 10 * MINUTE), what: 'scale-in' });
  }
  if (random.chance(0.06))
    happenings.push({ at: random.integer(1, endsAt), what: 'hook-deleted', name: first.name });
  const isPooled = random.chance(0.2);
  const stopsInPool = isPooled ? drawPool(endsAt + timings.pendingToService) : undefined;
  // As long as one waits all the while, or as long as it was to take.
  const runsLater = random.chance(0.5) ? random.integer(0, endsAt) : 0;
  const tasks = plan.tasks.map((task) =>
    task.runsFor === undefined ? task : { ...task, runsFor: task.runsFor + runsLater },
  );
  return {
    ...plan,
    group: { ...group, launchHooks: [first, ...others] },
    machine: {
      ...plan.machine,
      launching: true,
      warm: isPooled || random.chance(0.15),
      ...(stopsInPool && { stopsInPool }),
      ecsAgentAfter:
        stopsInPool && random.chance(0.4)
          ? endsAt + MINUTE
          : random.chance(0.7)
            ? 0
            : random.spread(SECOND, 90 * SECOND),
    },
    // Who names a launch hook as his own has named none.
    flags: random.chance(0.04) ? [...withoutHook(plan.flags), '--lifecycle-hook', first.name] : plan.flags,
    tasks,
    world: {
      ...plan.world,
      timings,
      launchTarget: random.pick(['ahead', 'none'] as const),
      launchAbandoned: random.pick(['hooks-wait', 'at-once'] as const),
      stoppedHostTasks: random.pick(['at-once', 'when-back'] as const),
    },
    happenings,
    faults: random.chance(0.5) ? plan.faults : [],
    kills: random.chance(0.5) ? plan.kills : [],
    // What was to be at the start of a drain may be needed later.
    services: random.chance(0.5) ? plan.services : [],
  };

  /** It is stopped in the pool, drained there or not, and launched into service minutes or hours later. */
  function drawPool(from: number) {
    const forMs = random.spread(MINUTE, 3 * 60 * MINUTE);
    const launchedAt = from + forMs + timings.pendingToWait;
    const servesAt = launchedAt + random.spread(5 * SECOND, 10 * MINUTE);
    for (const { name: hook } of [first, ...others])
      if (random.chance(0.9))
        happenings.push({
          at: servesAt,
          what: 'launch-hook',
          hook,
          result: random.chance(0.9) ? 'CONTINUE' : 'ABANDON',
        });
    if (random.chance(0.4)) happenings.push(...drawSignals(random, first.name, servesAt));
    if (random.chance(0.5))
      happenings.push({
        at: servesAt + timings.pendingToService + random.spread(SECOND, 5 * MINUTE),
        what: 'scale-in',
      });
    // Some ECS agents register only once the instance is in service.
    const ecsAgentAfter = random.chance(0.6)
      ? random.integer(0, 20 * SECOND)
      : servesAt - from - forMs + MINUTE;
    return { forMs, ecsAgentAfter };
  }

  function drawHooks(random: Random, timeoutMs: number): [HookPlan, ...HookPlan[]] {
    const hook = (name: string, ms: number): HookPlan => ({
      name,
      heartbeatTimeout: Math.min(7_200, Math.max(30, Math.round(ms / SECOND))),
      defaultResult: random.pick(['ABANDON', 'CONTINUE'] as const),
    });
    const only = hook('bootstrap', timeoutMs);
    return random.chance(0.8) ? [only] : [only, hook('register', 4 * timeoutMs + start)];
  }
}

/** Somebody asks for it while it is launched, or soon after; some take that back. */
function drawSignals(random: Random, hook: string, endsAt: number): Happening[] {
  const at = random.integer(500, endsAt + 30 * SECOND);
  const backAt = at + random.spread(2 * SECOND, 10 * MINUTE);
  const isTakenBack = random.chance(0.3);
  const what = random.pick(['tag', 'tag', 'names-hook', 'manual', 'manual', 'spot', 'rebalance'] as const);
  switch (what) {
    case 'tag':
    case 'names-hook':
      return [
        { at, what: 'tag', value: what === 'tag' ? 'maintenance' : `hook=${hook}` },
        ...(isTakenBack ? [{ at: backAt, what: 'untag' } as const] : []),
      ];
    case 'manual':
      return [
        { at, what: 'manual-drain' },
        ...(isTakenBack ? [{ at: backAt, what: 'manual-cancel' } as const] : []),
      ];
    case 'spot':
      return [{ at, what: 'spot', inMs: 2 * MINUTE }];
    case 'rebalance':
      return [{ at, what: 'rebalance' }];
  }
}

const withoutHook = (flags: readonly string[]): string[] =>
  flags.filter((_, at) => flags[at] !== '--lifecycle-hook' && flags[at - 1] !== '--lifecycle-hook');

const SIGNALS: ReadonlySet<Happening['what']> = new Set([
  'tag',
  'untag',
  'scale-in',
  'spot',
  'manual-drain',
  'manual-cancel',
  'rebalance',
  'other-completes',
]);
