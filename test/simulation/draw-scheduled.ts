import { lasting } from './draw-parts.ts';
import type { Span } from './draw-rare.ts';
import type { Happening, Kill, Plan } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/**
 * EC2 has announced that it will stop an instance. Somebody stops it before, as AWS advises, and starts it again on other hardware, minutes
 * or hours later. By then the event is gone, is listed for minutes more, or stays, and may still be carried out.
 */
export function addScheduledStop(random: Random, plan: Plan, { start }: Span): Plan {
  if (plan.machine.launching || !random.chance(1 / 300)) return plan;
  const inMs = random.spread(30 * SECOND, 20 * MINUTE);
  const stopAt = start + random.integer(SECOND, inMs - 1);
  const forMs = random.spread(MINUTE, 2 * 60 * MINUTE);
  const startAt = stopAt + forMs;
  const ecsAgentAfter = random.spread(SECOND, MINUTE);
  const isOrderly = random.chance(0.7);
  const code = random.pick(['instance-stop', 'instance-retirement'] as const);
  const goneAt = random.pick([stopAt - 1, startAt + random.spread(SECOND, 5 * MINUTE), undefined]);
  const gone: readonly Happening[] = goneAt === undefined ? [] : [{ at: goneAt, what: 'event-unscheduled' }];
  const ends: readonly Kill[] = isOrderly
    ? [{ by: 'SIGTERM', when: 'at', at: stopAt - random.integer(50, 400), downMs: SECOND, state: 'kept' }]
    : [];
  const later = Array.from({ length: random.integer(0, 2) }, () => ({
    ...lasting(random.spread(SECOND, 5 * MINUTE)),
    at: startAt + ecsAgentAfter + random.spread(500, 5 * MINUTE),
  }));
  return {
    ...plan,
    group: random.chance(0.5) ? undefined : plan.group,
    flags: ['--signals', 'tag,lifecycle,spot,scheduled'],
    machine: { ...plan.machine, warm: false, imdsAfter: 0, credentialsAfter: 0, ecsAgentAfter: 0 },
    world: {
      ...plan.world,
      stoppedHostTasks: random.pick(['at-once', 'when-back'] as const),
      replacesStopped: random.chance(0.2),
    },
    agentAfterStart: random.chance(0.7) ? 0 : random.spread(SECOND, 2 * MINUTE),
    services: [],
    // One that ends in time, or is cut off.
    tasks: [lasting(start + random.spread(SECOND, 2 * inMs)), ...later],
    happenings: [
      { at: start, what: 'event-scheduled', code, inMs },
      { at: stopAt, what: 'stop', forMs, ecsAgentAfter, losesPower: !isOrderly },
      ...gone,
      ...(random.chance(0.3)
        ? [{ at: startAt + random.spread(SECOND, 5 * MINUTE), what: 'scale-in' } as const]
        : []),
    ],
    faults: random.chance(0.3) ? plan.faults : [],
    kills: ends,
  };
}
