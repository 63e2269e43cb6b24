import type { Span } from './draw-rare.ts';
import type { Plan, PlannedFault, ServicePlan } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/**
 * Draws how slow AWS is with its own affairs, and what it does where it documents nothing: into one of seven runs, from a
 * source of its own, so that everything else stays as it was drawn.
 */
export function addLags(random: Random, plan: Plan, span: Span): Plan {
  const undocumented: Plan = {
    ...plan,
    world: {
      ...plan.world,
      tasksOfUnknown: random.pick(['empty', 'refused'] as const),
      tasksOfInactive: random.pick(['listed', 'empty', 'refused'] as const),
    },
  };
  if (!random.chance(0.15)) return undocumented;
  const add = random.pick([addLateTag, addStaleTags, addSlowLoadBalancer, addUnnoticedLoss, addHibernation]);
  return add(random, undocumented, span);
}

const withTimings = (plan: Plan, timings: Plan['world']['timings']): Plan => ({
  ...plan,
  world: { ...plan.world, timings: { ...plan.world.timings, ...timings } },
});

/** Metadata shows a tag seconds or minutes after it was put, and goes on showing it after it was removed. */
function addLateTag(random: Random, plan: Plan, { start }: Span): Plan {
  const late = withTimings(plan, {
    tagAdditionShown: random.spread(SECOND, 3 * MINUTE),
    ...(random.chance(0.5) && { tagRemovalShown: random.integer(3_000, 125_000) }),
  });
  if (plan.happenings.some(({ what }) => what === 'tag')) return late;
  return { ...late, happenings: [...late.happenings, { at: start, what: 'tag', value: 'true' }] };
}

/** The EC2 API's own tags lag behind, where it is asked for them. */
function addStaleTags(random: Random, plan: Plan, { start, end }: Span): Plan {
  const asks = plan.flags.includes('--tag-source') || !plan.machine.metadataTags;
  const faults = Array.from(
    { length: random.integer(1, 3) },
    (): PlannedFault => ({
      at: Math.max(0, random.integer(start - 10_000, end + 10_000)),
      match: { api: 'ec2:DescribeTags' },
      fault: { what: 'stale', ms: random.spread(SECOND, 2 * MINUTE) },
      forMs: random.spread(SECOND, 2 * MINUTE),
    }),
  );
  return {
    ...plan,
    flags: asks ? plan.flags : [...plan.flags, '--tag-source', 'ec2'],
    faults: [...plan.faults, ...faults],
  };
}

/** The tasks of a service behind a load balancer are DEACTIVATING for minutes before they get SIGTERM. */
function addSlowLoadBalancer(random: Random, plan: Plan, { end }: Span): Plan {
  // With more tasks the lists would have more pages than a minute has requests.
  if (plan.world.pageSize !== undefined) return plan;
  const service = (index: number): ServicePlan => ({
    name: `behind-balancer-${index}`,
    strategy: 'REPLICA',
    count: random.integer(1, 4),
    ignoresSigterm: random.chance(0.2),
    releasedAt: end + random.integer(0, MINUTE),
    deregistrationDelay: random.spread(10 * SECOND, 10 * MINUTE),
  });
  return {
    ...plan,
    services: [...plan.services, ...Array.from({ length: random.integer(1, 2) }, (_, i) => service(i))],
  };
}

/** For minutes ECS takes an ECS agent for connected that has gone, and a host that registered anew for two. */
function addUnnoticedLoss(random: Random, plan: Plan, { start, end }: Span): Plan {
  const slow = withTimings(plan, {
    agentLossNoticed: random.spread(5 * SECOND, 3 * MINUTE),
    ...(random.chance(0.5) && { agentConnects: random.spread(200, 20_000) }),
  });
  const at = Math.max(0, random.integer(start - 30_000, end + MINUTE));
  if (random.chance(0.5))
    return { ...slow, happenings: [...slow.happenings, { at, what: 'registers-anew', cluster: 'web' }] };
  return {
    ...slow,
    happenings: [
      ...slow.happenings,
      { at, what: 'ecs-agent', to: 'down' },
      { at: at + random.spread(SECOND, 5 * MINUTE), what: 'ecs-agent', to: 'up' },
    ],
  };
}

/** A Spot instance is hibernated, without a notice, and goes on as if nothing had happened. */
function addHibernation(random: Random, plan: Plan, { start, end }: Span): Plan {
  const at = Math.max(0, random.integer(start - 20_000, end + 20_000));
  const forMs = random.spread(2 * SECOND, 20 * MINUTE);
  return { ...plan, happenings: [...plan.happenings, { at, what: 'hibernation', forMs }] };
}
