import type { Span } from './draw-rare.ts';
import type { Plan, TaskPlan } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/**
 * Draws what AWS has said before and does not say any more, or not yet: into one of two hundred runs each, from a source of its own,
 * so that everything else stays as it was drawn.
 */

/**
 * An operator's drain is cancelled, and ECS throttles what would give the instance back. Meanwhile its root volume is to be replaced,
 * of which metadata tells nothing, and the operator drains it once more.
 */
export function addAgainBeforeGivenBack(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 200)) return plan;
  const goneAt = start + random.integer(5 * SECOND, MINUTE);
  const againAt = goneAt + random.integer(6 * SECOND, 2 * MINUTE);
  const isTag = random.chance(0.5);
  return {
    ...plan,
    flags: [],
    machine: { ...plan.machine, metadataTags: true },
    services: [],
    tasks: [lasting(goneAt + random.spread(SECOND, againAt - goneAt + 20 * SECOND))],
    happenings: [
      isTag ? { at: start, what: 'tag', value: 'maintenance' } : { at: start, what: 'manual-drain' },
      isTag ? { at: goneAt, what: 'untag' } : { at: goneAt, what: 'manual-cancel' },
      { at: random.integer(goneAt + 5 * SECOND, againAt), what: 'replace-root-volume' },
      { at: againAt, what: 'manual-drain' },
    ],
    faults: [
      {
        at: goneAt,
        match: { api: 'ecs:UpdateContainerInstancesState' },
        fault: { what: 'throttle' },
        forMs: againAt - goneAt + random.spread(SECOND, MINUTE),
      },
    ],
    kills: [],
    world: { ...plan.world, rootVolumeTarget: 'InService' },
  };
}

const lasting = (runsFor: number): TaskPlan => ({
  at: 0,
  runsFor,
  ignoresSigterm: false,
  exitAfterSigterm: 500,
});
