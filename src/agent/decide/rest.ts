import type { AwsErrorKind } from '../../aws/errors.ts';
import type { Asked, Failure } from '../model.ts';

/**
 * What waits for an answer, which decides how long a call may rest after it failed:
 * - `releasing`: the release itself;
 * - `release`: an instance that could be released, or a person;
 * - `queued`: the same, in an account whose other drains ask for more than AWS answers;
 * - `draining`: an instance that is given new tasks until it is DRAINING;
 * - `hold`: a lifecycle action that times out unless it hears from us;
 * - `nothing`: it is a check, or for people to read.
 */
export type Urgency = 'releasing' | 'release' | 'queued' | 'draining' | 'hold' | 'nothing';

/** A rest that is drawn between `least` and `most`, in ms. `most` grows by `factor` with each failure in a row, up to `longest`. */
type Throttled = {
  readonly least: number;
  readonly most: number;
  readonly longest: number;
  readonly factor: number;
};

/**
 * After throttling, with full jitter: thousands of instances share an account's requests, and must not come back together. A
 * throttled call costs the others nothing, but calls that nothing waits for must leave the room to those that something waits
 * for.
 */
const THROTTLED: Readonly<Record<'release' | 'queued' | 'nothing', Throttled>> = {
  release: { least: 300, most: 1_200, longest: 6_000, factor: 1.5 },
  queued: { least: 300, most: 1_200, longest: 20_000, factor: 1.5 },
  nothing: { least: 5_000, most: 20_000, longest: 120_000, factor: 2 },
};

/**
 * A hook whose time-out is not known yet may have one of 30 s. After an outage of two thirds of a time-out a third is left, so a
 * rest of two fifths of the time that has passed is never too long, whatever the time-out is, nor is one of half that time less what
 * had passed unseen: metadata tells up to 4 s late that the hook waits. From the fifth try on rests are not short either: the twelve
 * requests of a minute must not be used up before the outage ends.
 */
const HOLD = {
  least: 500,
  most: 5_000,
  longest: 20_000,
  share: 0.4,
  unseen: 5_000,
  soon: 4,
  spacing: 0.8,
} as const;

/**
 * While instances wait to be DRAINING. At first most of a fleet wait, and each has time. Later only few are left, and they are
 * served almost at once. So rests become shorter, and longer again only if none of a minute's twelve tries has helped.
 */
const DRAINING_MS = [
  { times: 2, least: 4_000, most: 14_000 },
  { times: 5, least: 3_000, most: 9_000 },
  { times: 12, least: 1_500, most: 5_000 },
] as const;
const DRAINING_LATER_MS = { least: 3_000, most: 9_000 } as const;

/**
 * A release takes one request from the group's, for which a fleet's heartbeats ask as well. They have minutes, and it has seconds:
 * so its first tries are close together, and the others of a minute's twelve are not.
 */
const RELEASING_MS = { times: 4, least: 250, most: 750, later: 1_000 } as const;

/**
 * How long a call rests after other failures, in ms. Nothing is retried within a call: each API has twelve requests a minute, and
 * in an outage they must not be used up when it ends.
 */
const REST_MS: Readonly<Record<Exclude<AwsErrorKind, 'throttled'>, number>> = {
  transient: 5_000,
  credentials: 5_000,
  permission: 60_000,
  rejected: 15_000,
  unsent: 0,
  stopped: 0,
};

/** … after the first failure in a row, if nothing says that AWS is overloaded. */
const FIRST_REST_MS = 1_000;
/** … and at the longest, if nothing waits for the answer. */
const LONGEST_REST_MS = 40_000;

/** How long a call rests after it failed, in ms. */
export function restAfter(failure: Failure, urgency: Urgency): number {
  const { kind, jitter } = failure;
  if (kind !== 'throttled') return plainRest(kind, failure.times, urgency) * (1 + jitter * 0.2);
  const { least, most } = throttledRest(failure, urgency);
  return least + jitter * (most - least);
}

function throttledRest(failure: Failure, urgency: Urgency): { least: number; most: number } {
  const { times, at, since } = failure;
  switch (urgency) {
    case 'releasing': {
      if (times <= RELEASING_MS.times) return RELEASING_MS;
      const { most } = throttledRest(failure, 'release');
      return { least: RELEASING_MS.later, most };
    }
    case 'draining':
      return DRAINING_MS.find((step) => times <= step.times) ?? DRAINING_LATER_MS;
    case 'hold': {
      const passed = at - since;
      const most = clamp(Math.min(passed * HOLD.share, passed / 2 - HOLD.unseen), HOLD.most, HOLD.longest);
      return { least: times > HOLD.soon ? most * HOLD.spacing : HOLD.least, most };
    }
    default: {
      const { least, most, longest, factor } = THROTTLED[urgency];
      return { least, most: Math.min(longest, most * factor ** (times - 1)) };
    }
  }
}

function plainRest(kind: Exclude<AwsErrorKind, 'throttled'>, times: number, urgency: Urgency): number {
  if (kind !== 'transient') return REST_MS[kind];
  if (times === 1) return FIRST_REST_MS;
  return urgency === 'nothing'
    ? Math.min(LONGEST_REST_MS, REST_MS.transient * 2 ** (times - 2))
    : REST_MS.transient;
}

const clamp = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value));

/** When a question is due that is asked every so many ms: at once if its answer no longer counts, but never before it has rested. */
export function dueAfter(asked: Asked, every: number, urgency: Urgency): number {
  const rested = restedUntil(asked, urgency);
  return asked.isStale ? rested : Math.max(asked.at + every, rested);
}

/** Until when a question rests after a failure, in ms by the agent's clock; -Infinity if it does not rest. */
export const restedUntil = ({ failure }: Asked, urgency: Urgency): number =>
  failure ? failure.at + restAfter(failure, urgency) : -Infinity;
