import type { Span } from './draw-rare.ts';
import type { GroupPlan, Happening, Plan, TaskPlan } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/** Draws what a group can do beside plain terminations, into a tenth of the runs that are in one. */
export function addGroupStates(random: Random, plan: Plan, span: Span): Plan {
  if (!random.chance(0.1) || !plan.group) return plan;
  const add = random.pick([
    addRootVolume,
    addRootVolume,
    addRootVolume,
    addWarmPool,
    addWarmPool,
    addLongTerminating,
    addBrokenTarget,
    addAbandoningHook,
    addPastTag,
  ]);
  return add(random, plan, span);
}

/** As the tagger writes it: the hook, and when the lifecycle event was. */
const EVENT = 'hook=drain time=2026-01-02T03:04:05Z';

/** An instance refresh replaces the root volume, told by metadata, by a tag of somebody's, by both, or by nothing. */
function addRootVolume(random: Random, plan: Plan, { start, end }: Span): Plan {
  const happenings: Happening[] = plan.happenings.filter(({ what }) => !FROM_GROUP.has(what));
  happenings.push({ at: start, what: 'replace-root-volume' });
  if (random.chance(0.6)) {
    happenings.push({ at: start + random.integer(500, 8_000), what: 'tag', value: EVENT });
    if (random.chance(0.3)) happenings.push({ at: end + random.integer(SECOND, 3 * MINUTE), what: 'untag' });
  }
  if (random.chance(0.3)) happenings.push({ at: end + random.integer(MINUTE, 5 * MINUTE), what: 'scale-in' });
  const holdsEcsAgent = random.chance(0.6);
  const kind = random.next();
  const varied =
    kind < 0.2 ? withAbandoningHook(random, plan) : kind < 0.35 ? withNearLimit(random, plan, start) : plan;
  return {
    ...varied,
    // What is on no other volume is gone with it.
    rootVolumeKeepsState: !holdsEcsAgent && random.chance(0.7),
    happenings,
    world: {
      ...plan.world,
      rootVolumeTarget: random.pick([
        'InService',
        'Terminated',
        'Terminated',
        'ReplacingRootVolume',
      ] as const),
      rootVolumeAbandoned: random.pick(['proceeds', 'terminates'] as const),
      rootVolumeHoldsEcsAgent: holdsEcsAgent,
      timings: { ...plan.world.timings, rootVolumeExchange: random.spread(5_000, MINUTE) },
    },
  };
}

/** Another owner's hook waits on, after ours was completed, and ends in ABANDON. */
function withAbandoningHook(random: Random, plan: Plan): Plan {
  const { group } = plan;
  if (!group?.ours) return plan;
  const other = {
    name: 'ship-logs',
    heartbeatTimeout: random.spread(60, 200),
    defaultResult: 'ABANDON',
  } as const;
  const isNamed = plan.flags.includes('--lifecycle-hook');
  return {
    ...plan,
    flags: isNamed ? plan.flags : [...plan.flags, '--lifecycle-hook', group.ours],
    group: { ...group, hooks: [...group.hooks.filter(({ name }) => name === group.ours), other] },
  };
}

/** A task outlasts the hook's global limit, in a group that retains what is terminated. */
function withNearLimit(random: Random, plan: Plan, start: number): Plan {
  const minutes = random.integer(7, 10);
  const hook = {
    name: 'drain',
    heartbeatTimeout: 120,
    globalTimeout: minutes * 60,
    defaultResult: 'ABANDON',
  } as const;
  const outlasting: TaskPlan = {
    at: 0,
    runsFor: start + minutes * MINUTE + random.integer(-2 * MINUTE, 2 * MINUTE),
    ignoresSigterm: false,
    exitAfterSigterm: 500,
  };
  return {
    ...plan,
    group: { hooks: [hook], ours: 'drain', retain: true },
    tasks: [outlasting, ...plan.tasks.slice(0, 3)],
  };
}

/** What makes the group take the instance, or tells of it. */
const FROM_GROUP: ReadonlySet<Happening['what']> = new Set(['scale-in', 'tag', 'untag']);

/** An instance of the warm pool is terminated there; its ECS agent may never have registered it. */
function addWarmPool(random: Random, plan: Plan, span: Span): Plan {
  const isNever = random.chance(0.4);
  const machine = { ...plan.machine, warm: true, ...(isNever && { ecsAgentAfter: 'never' as const }) };
  const isNamed = plan.flags.includes('--cluster');
  const flags = isNever && !isNamed ? [...plan.flags, '--cluster', 'web'] : plan.flags;
  const terminatesWarmRetained = random.pick(['refused', 'accepted'] as const);
  return withTermination({ ...plan, machine, flags, world: { ...plan.world, terminatesWarmRetained } }, span);
}

/** Behind a load balancer the hook does not wait before the instance is deregistered there. */
function addLongTerminating(random: Random, plan: Plan, span: Span): Plan {
  const terminatingToWait = random.spread(20 * SECOND, 60 * MINUTE);
  const timings = { ...plan.world.timings, terminatingToWait };
  return withTermination({ ...plan, world: { ...plan.world, timings } }, span);
}

/** The notification target of a hook does not work: it ends at once, with its default result. */
function addBrokenTarget(random: Random, plan: Plan, span: Span): Plan {
  const { group } = plan;
  if (!group) return plan;
  const index = random.integer(0, Math.max(0, group.hooks.length - 1));
  const hooks = group.hooks.map((hook, at) => (at === index ? { ...hook, targetBroken: true } : hook));
  return withTermination({ ...plan, group: { ...group, hooks } }, span);
}

/** Another owner's hook runs into its time-out and ends ours as well, while tasks run. */
function addAbandoningHook(random: Random, plan: Plan, span: Span): Plan {
  const { group } = plan;
  if (!group) return plan;
  const hook = { heartbeatTimeout: random.spread(30, 120), defaultResult: 'ABANDON' } as const;
  const others: GroupPlan['hooks'] = [
    ...group.hooks.filter(({ name }) => name !== 'ship-logs'),
    { name: 'ship-logs', ...hook },
  ];
  const ours = group.ours;
  const flags =
    ours && !plan.flags.includes('--lifecycle-hook') ? [...plan.flags, '--lifecycle-hook', ours] : plan.flags;
  const outlasting: TaskPlan = {
    at: 0,
    runsFor: span.start + random.integer(MINUTE, 6 * MINUTE),
    ignoresSigterm: false,
    exitAfterSigterm: 500,
  };
  return withTermination(
    { ...plan, flags, group: { ...group, hooks: others }, tasks: [...plan.tasks, outlasting] },
    span,
  );
}

/** A tag was left by a lifecycle event that is over, or comes before one that is about to be. */
function addPastTag(random: Random, plan: Plan, { start, end }: Span): Plan {
  const at = random.chance(0.5) ? 0 : random.integer(0, end);
  // Of several hooks the tag names ours: one that is replaced before it was read would name it to nobody.
  const isAlone = plan.group?.hooks.length === 1;
  const happenings: Happening[] = [
    ...plan.happenings.filter(({ what }) => what !== 'tag' || (isAlone && random.chance(0.5))),
    {
      at,
      what: 'tag',
      value: random.pick([EVENT, 'time=2026-01-02T03:04:05Z', 'time=2026-01-01T00:00:00Z']),
    },
  ];
  if (random.chance(0.4))
    happenings.push({ at: random.integer(start, end + MINUTE), what: 'tag', value: EVENT });
  if (random.chance(0.3)) happenings.push({ at: random.integer(start, end + MINUTE), what: 'scale-in' });
  return { ...plan, happenings };
}

function withTermination(plan: Plan, { start }: Span): Plan {
  const isTaken = plan.happenings.some(({ what }) => what === 'scale-in');
  return isTaken ? plan : { ...plan, happenings: [...plan.happenings, { at: start, what: 'scale-in' }] };
}
