import { lasting } from './draw-parts.ts';
import type { Span } from './draw-rare.ts';
import type { Kill, Plan, PlannedFault } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/**
 * For minutes it is not known that the hook waits: Auto Scaling is down, or no agent runs. Then tasks outlast the hook's global limit, in
 * a group that retains, but not after the default result.
 */
export function addLateWait(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  const forMs = random.integer(6 * MINUTE, 11 * MINUTE);
  const minutes = random.integer(20, 30);
  const isDown = random.chance(0.5);
  const outage: PlannedFault = {
    at: start - SECOND,
    match: { service: 'autoscaling' },
    fault: { what: 'error', name: 'ServiceUnavailable', status: 503 },
    forMs,
  };
  const kill: Kill = {
    when: 'at',
    at: start + random.integer(3 * SECOND, 6 * SECOND),
    downMs: forMs,
    state: 'kept',
  };
  return {
    ...plan,
    group: {
      hooks: [
        {
          name: 'drain',
          heartbeatTimeout: 20 * 60,
          globalTimeout: minutes * 60,
          defaultResult: 'CONTINUE',
        },
      ],
      ours: 'drain',
      retain: true,
    },
    flags: [],
    machine: { ...plan.machine, metadataTags: true, ecsAgentAfter: 0 },
    services: [],
    tasks: [lasting(start + (minutes + 5) * MINUTE)],
    happenings: [{ at: start, what: 'scale-in' }],
    faults: isDown ? [] : [outage],
    kills: isDown ? [kill] : [],
  };
}

/**
 * An instance whose tag tells of a lifecycle event is retained. Then somebody takes the group's policy away, and terminates the instance
 * once more, to wait for its task the ordinary way; the tag still tells of the first event.
 */
export function addSecondWait(random: Random, plan: Plan): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  const removedAt = 3 * MINUTE;
  const againAt = removedAt + random.integer(12 * MINUTE, 16 * MINUTE);
  const kill: Kill = {
    when: 'at',
    at: againAt - random.integer(-3 * SECOND, MINUTE),
    downMs: random.integer(SECOND, 30 * SECOND),
    state: 'kept',
  };
  return {
    ...plan,
    group: {
      hooks: [
        {
          name: 'drain',
          heartbeatTimeout: random.integer(120, 300),
          globalTimeout: 7 * 60,
          defaultResult: 'ABANDON',
        },
      ],
      ours: 'drain',
      retain: true,
    },
    flags: [],
    machine: { ...plan.machine, metadataTags: true, ecsAgentAfter: 0 },
    services: [],
    tasks: [lasting(againAt + random.integer(2 * MINUTE, 5 * MINUTE))],
    happenings: [
      { at: SECOND, what: 'scale-in' },
      { at: SECOND, what: 'tag', value: 'time=2026-01-02T03:04:05Z' },
      { at: removedAt, what: 'retention', to: false },
      { at: againAt, what: 'other-terminates-retained' },
    ],
    faults: [],
    kills: random.chance(0.3) ? [kill] : [],
  };
}
