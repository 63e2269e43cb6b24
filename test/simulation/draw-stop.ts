import { lasting } from './draw-parts.ts';
import type { Span } from './draw-rare.ts';
import type { Happening, Kill, Plan, PlannedFault } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/**
 * An operator stops the EC2 instance before a drain, in the middle of it or after it, and starts it again minutes or hours later: the
 * same instance, from the same root volume. Meanwhile what asked for it comes or goes, limits pass, and hooks time out. It is in no
 * group, set aside in one, or in one that does not look; or the group takes it for unhealthy.
 */
export function addStop(random: Random, plan: Plan, { start }: Span): Plan {
  if (plan.machine.launching || !random.chance(1 / 150)) return plan;
  if (random.chance(0.25)) return withSpotStops(random, plan, start);
  const where = random.pick(['no-group', 'standby', 'suspended', 'suspended', 'replaced'] as const);
  const group = where === 'no-group' ? undefined : plan.group;
  const stopAt = start + random.spread(SECOND, 3 * MINUTE);
  const forMs = random.spread(MINUTE, 4 * 60 * MINUTE);
  const startAt = stopAt + forMs;
  const ecsAgentAfter = random.chance(0.7)
    ? random.integer(0, 20 * SECOND)
    : random.spread(SECOND, 3 * MINUTE);
  const isOrderly = random.chance(0.7);
  const before = (most: number) => Math.max(1, stopAt - random.spread(500, most));
  const during = () => random.integer(stopAt + 1, startAt - 1);
  const after = () => startAt + random.spread(SECOND, 5 * MINUTE);
  const happenings: Happening[] = plan.happenings.filter(({ what }) => !REPLACED.has(what));
  if (where === 'standby' && group) happenings.push({ at: before(20 * SECOND), what: 'standby' });
  happenings.push(...drawSignals());
  if (random.chance(0.2))
    happenings.push({
      at: during(),
      what: random.pick(['other-drains', 'other-activates', 'other-deregisters'] as const),
    });
  happenings.push({ at: stopAt, what: 'stop', forMs, ecsAgentAfter, losesPower: !isOrderly });
  if (random.chance(0.1)) {
    const again = { forMs: random.spread(MINUTE, 30 * MINUTE), ecsAgentAfter, losesPower: !isOrderly };
    happenings.push({ at: after(), what: 'stop', ...again });
  }
  // Of another type it registers anew.
  if (random.chance(0.15))
    happenings.push({
      at: startAt + ecsAgentAfter + random.integer(1, SECOND),
      what: 'registers-anew',
      cluster: 'web',
    });
  // The clock is wrong after the start, until it is set right.
  if (random.chance(0.15)) {
    const ms = random.spread(SECOND, 72 * 60 * MINUTE) * random.pick([-1, 1]);
    happenings.push(
      { at: stopAt - 1, what: 'clock-jump', ms },
      { at: startAt + random.spread(SECOND, MINUTE), what: 'clock-jump', ms: -ms },
    );
  }
  // The host asks its services to end first.
  const ends: readonly Kill[] = isOrderly
    ? [
        {
          by: 'SIGTERM',
          when: 'at',
          at: stopAt - random.integer(50, 400),
          downMs: SECOND,
          state: random.chance(0.9) ? 'kept' : 'lost',
        },
      ]
    : [];
  const later = Array.from({ length: random.integer(0, 3) }, () => ({
    ...lasting(random.spread(SECOND, 5 * MINUTE)),
    at: startAt + ecsAgentAfter + random.spread(500, 3 * MINUTE),
  }));
  const [running = lasting(0), ...others] = plan.tasks;
  // One that would have gone on is cut off, as a rule.
  const first = random.chance(0.6) ? { ...running, at: 0, runsFor: startAt + 5 * MINUTE } : running;
  return {
    ...plan,
    group,
    flags: [...withoutLimit(plan.flags), ...drawLimit()],
    machine: { ...plan.machine, warm: false, imdsAfter: 0, credentialsAfter: 0, ecsAgentAfter: 0 },
    world: {
      ...plan.world,
      stoppedHostTasks: random.pick(['at-once', 'when-back'] as const),
      replacesStopped: where === 'replaced',
    },
    agentAfterStart: drawAgentAfter(random),
    tasks: [first, ...others, ...later],
    happenings,
    faults: random.chance(0.4) ? plan.faults : [],
    kills: [...(random.chance(0.4) ? plan.kills : []), ...ends],
  };

  function drawSignals(): Happening[] {
    const drain = (at: number): Happening =>
      random.chance(0.6)
        ? { at, what: 'tag', value: random.pick(['true', 'maintenance']) }
        : { at, what: 'manual-drain' };
    const undo = (one: Happening, at: number): Happening =>
      one.what === 'tag' ? { at, what: 'untag' } : { at, what: 'manual-cancel' };
    const first = drain(before(2 * MINUTE));
    const scaleIn = (at: number): Happening => ({ at, what: 'scale-in' });
    const kinds: (() => Happening[])[] = [
      () => [first],
      () => [first, undo(first, during())],
      () => [first, undo(first, after())],
      () => [first, undo(first, during()), drain(after())],
      () => [first, { at: before(SECOND), what: 'untag' }, { at: before(SECOND), what: 'manual-cancel' }],
      () => [{ at: during(), what: 'tag', value: 'maintenance' }],
      () => [drain(after())],
      () => [],
    ];
    const inGroup: (() => Happening[])[] = [
      () => [scaleIn(before(2 * MINUTE))],
      () => [scaleIn(before(2 * MINUTE))],
      () => [scaleIn(during())],
      () => [scaleIn(after())],
      () => [first, scaleIn(during())],
      () => [first, undo(first, during()), scaleIn(after())],
    ];
    return random.pick(group ? [...kinds, ...inGroup] : kinds)();
  }

  /** One that passes before, while it is stopped, or after. */
  function drawLimit(): string[] {
    if (!random.chance(0.3)) return [];
    const seconds = Math.round(random.spread(10 * SECOND, forMs + 10 * MINUTE) / SECOND);
    return [
      '--drain-timeout',
      `${seconds}s`,
      '--on-timeout',
      random.pick(['wait', 'stop-tasks', 'continue', 'abandon']),
    ];
  }
}

/** Its agent waits for the network, or for what else comes first. */
const drawAgentAfter = (random: Random): number =>
  random.chance(0.7) ? 0 : random.spread(SECOND, 2 * MINUTE);

/**
 * A Spot interruption stops the host, AWS starts it again when there is room, and minutes later another notice may come: its two minutes
 * are its own.
 */
function withSpotStops(random: Random, plan: Plan, start: number): Plan {
  const forMs = random.spread(MINUTE, 60 * MINUTE);
  const startAt = start + 2 * MINUTE + forMs;
  const ecsAgentAfter = random.integer(0, MINUTE);
  const againAt = startAt + random.spread(SECOND, 10 * MINUTE);
  const again: readonly Happening[] = random.chance(0.7)
    ? [
        {
          at: againAt,
          what: 'spot',
          inMs: 2 * MINUTE,
          ...(random.chance(0.5) && { action: 'stop' as const, forMs }),
        },
      ]
    : [];
  const isDrained = random.chance(0.6);
  // Right after its start metadata may not tell whether the notice is gone.
  const silence: readonly PlannedFault[] = random.chance(0.6)
    ? [
        {
          at: startAt - SECOND,
          match: { service: 'imds', path: 'spot/instance-action' },
          fault: { what: '5xx' },
          forMs: random.spread(5 * SECOND, 3 * MINUTE),
        },
      ]
    : [];
  const endsIn = random.chance(0.5) ? forMs + 20 * MINUTE : random.spread(SECOND, 3 * MINUTE);
  return {
    ...plan,
    group: random.chance(0.5) ? undefined : plan.group,
    agentAfterStart: drawAgentAfter(random),
    machine: { ...plan.machine, warm: false, imdsAfter: 0, credentialsAfter: 0, ecsAgentAfter: 0 },
    world: {
      ...plan.world,
      stoppedHostTasks: random.pick(['at-once', 'when-back'] as const),
      replacesStopped: false,
    },
    tasks: [
      lasting(start + endsIn),
      ...plan.tasks,
      { ...lasting(20 * MINUTE), at: startAt + random.integer(SECOND, MINUTE) },
    ],
    happenings: [
      ...plan.happenings.filter(({ what }) => !REPLACED.has(what)),
      ...(isDrained
        ? [{ at: Math.max(1, start - random.integer(0, MINUTE)), what: 'manual-drain' } as const]
        : []),
      { at: start, what: 'spot', inMs: 2 * MINUTE, action: 'stop', forMs, ecsAgentAfter },
      ...again,
    ],
    faults: [...(random.chance(0.3) ? plan.faults : []), ...silence],
    kills: random.chance(0.3) ? plan.kills : [],
  };
}

const withoutLimit = (flags: readonly string[]): string[] =>
  flags.filter((_, at) => ![at, at - 1].some((one) => LIMITS.has(flags[one] ?? '')));
const LIMITS: ReadonlySet<string> = new Set(['--drain-timeout', '--on-timeout']);

const REPLACED: ReadonlySet<Happening['what']> = new Set([
  'tag',
  'untag',
  'scale-in',
  'spot',
  'manual-drain',
  'manual-cancel',
  'rebalance',
  'replace-root-volume',
  'hibernation',
  'other-completes',
]);
