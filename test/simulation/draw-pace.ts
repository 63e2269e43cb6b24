import { lasting, withOurHook } from './draw-parts.ts';
import type { Span } from './draw-rare.ts';
import type { Plan } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/**
 * Draws what a drain meets that asks too rarely: into one of two hundred runs each, from a source of its own, so that everything else
 * stays as it was drawn.
 */

/** Somebody shortens our hook, while its action waits, or before it does: behind a load balancer, or while the group retains the instance. */
export function addShortenedHook(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 200)) return plan;
  const when = random.pick(['waiting', 'waiting', 'terminating'] as const);
  const terminatingToWait = when === 'waiting' ? 500 : random.integer(2, 15) * MINUTE;
  const from = when === 'waiting' ? start + terminatingToWait : start;
  const changedAt = from + random.integer(5 * SECOND, when === 'waiting' ? 15 * MINUTE : terminatingToWait);
  return {
    ...plan,
    flags: [],
    group: withOurHook(plan.group, {
      heartbeatTimeout: random.integer(1_200, 3_600),
      defaultResult: 'CONTINUE',
    }),
    services: [],
    tasks: [lasting(changedAt + random.integer(15, 30) * MINUTE)],
    happenings: [
      { at: start, what: 'scale-in' },
      { at: changedAt, what: 'hook-put', name: 'drain', heartbeatTimeout: random.integer(100, 240) },
    ],
    faults: [],
    kills: random.chance(0.8)
      ? []
      : [
          {
            when: 'at',
            at: random.integer(start, changedAt),
            downMs: random.spread(100, 20 * SECOND),
            state: 'kept',
          },
        ],
    world: {
      ...plan.world,
      heartbeatCounts: random.pick(['hook-as-begun', 'hook-as-is'] as const),
      timings: { ...plan.world.timings, terminatingToWait },
    },
  };
}

/**
 * An operator drains an instance with work before its root volume is replaced, and withdraws that while the replacement waits: the
 * tasks still end with the old volume.
 */
export function addWithdrawnInReplacement(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 200)) return plan;
  const replacedAt = start + random.integer(5 * SECOND, MINUTE);
  const goneAt = replacedAt + random.integer(10 * SECOND, 4 * MINUTE);
  const isTag = random.chance(0.5);
  return {
    ...plan,
    flags: [],
    group: withOurHook(plan.group, { heartbeatTimeout: random.integer(60, 300), defaultResult: 'CONTINUE' }),
    machine: { ...plan.machine, metadataTags: true },
    services: [],
    tasks: [lasting(goneAt + random.integer(MINUTE, 15 * MINUTE))],
    happenings: [
      isTag ? { at: start, what: 'tag', value: 'maintenance' } : { at: start, what: 'manual-drain' },
      ...(random.chance(0.3) ? [{ at: start - SECOND, what: 'other-drains' } as const] : []),
      { at: replacedAt, what: 'replace-root-volume' },
      isTag ? { at: goneAt, what: 'untag' } : { at: goneAt, what: 'manual-cancel' },
    ],
    faults: [],
    kills: random.chance(0.7)
      ? []
      : [
          {
            when: 'at',
            at: random.integer(start, goneAt + MINUTE),
            downMs: random.spread(100, 10 * SECOND),
            state: 'kept',
          },
        ],
    world: { ...plan.world, rootVolumeTarget: 'InService' },
  };
}
