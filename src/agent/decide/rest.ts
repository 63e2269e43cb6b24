import type { AwsErrorKind } from '../../aws/errors.ts';
import type { Asked, Failure } from '../model.ts';

/**
 * What waits for an answer, and so how long a call may rest after it failed:
 * - `release`: an instance that could go, or a person who waits for it;
 * - `queued`: the same, in an account whose other drains ask for more than AWS answers;
 * - `draining`: an instance that is given new tasks until it is DRAINING;
 * - `hold`: a lifecycle action that times out unless it hears from us;
 * - `nothing`: it is a check, or for people to read.
 */
export type Urgency = 'release' | 'queued' | 'draining' | 'hold' | 'nothing';

/** A rest drawn between `least` and `most`, in ms; `most` grows by a factor with each failure in a row, up to `longest`. */
type Throttled = {
  readonly least: number;
  readonly most: number;
  readonly longest: number;
  readonly factor: number;
};

/**
 * After throttling, with full jitter: thousands of instances share an account's requests, and must not come back together.
 * A call that is throttled costs the others nothing, but what waits for nothing must leave the room to what does.
 */
const THROTTLED: Readonly<Record<'release' | 'queued' | 'nothing', Throttled>> = {
  release: { least: 300, most: 1_200, longest: 6_000, factor: 1.5 },
  queued: { least: 300, most: 1_200, longest: 20_000, factor: 1.5 },
  nothing: { least: 5_000, most: 20_000, longest: 120_000, factor: 2 },
};

/**
 * A hook whose time-out is not known yet can be of 30 s. After an outage of two thirds of a time-out a third is left: a rest
 * of two fifths of what has passed is never too long, whatever the time-out is. After four tries rests are no longer short either:
 * twelve requests a minute must not be used up before the outage ends.
 */
const HOLD = { least: 500, most: 5_000, longest: 20_000, share: 0.4, soon: 4, spacing: 0.6 } as const;

/**
 * While an instance waits to be DRAINING, at first the most wait and each of them has time; later few are left, and those are
 * served almost at once. So rests become shorter, and longer again only where none of a minute's twelve has helped.
 */
const DRAINING_MS = [
  { times: 2, least: 2_000, most: 14_000 },
  { times: 3, least: 2_000, most: 10_000 },
  { times: 12, least: 1_500, most: 5_500 },
] as const;
const DRAINING_LATER_MS = { least: 3_000, most: 9_000 } as const;

/**
 * How long a call rests otherwise, in ms. Nothing is retried within a call: twelve requests a minute are there for each API,
 * and in an outage they must not be used up when it ends.
 */
const REST_MS: Readonly<Record<Exclude<AwsErrorKind, 'throttled'>, number>> = {
  transient: 5_000,
  credentials: 5_000,
  permission: 60_000,
  rejected: 15_000,
  unsent: 0,
  stopped: 0,
};

/** … and how long after the first failure in a row, where nothing says that AWS has had too much. */
const FIRST_REST_MS = 1_000;
/** … and at the longest, where nothing waits for it. */
const LONGEST_REST_MS = 40_000;

/** How long a call rests after it failed, in ms. */
export function restAfter(failure: Failure, urgency: Urgency): number {
  const { kind, jitter } = failure;
  if (kind !== 'throttled') return plainRest(kind, failure.times, urgency) * (1 + jitter * 0.2);
  const { least, most } = throttledRest(failure, urgency);
  return least + jitter * (most - least);
}

function throttledRest({ times, at, since }: Failure, urgency: Urgency): { least: number; most: number } {
  switch (urgency) {
    case 'draining':
      return DRAINING_MS.find((step) => times <= step.times) ?? DRAINING_LATER_MS;
    case 'hold': {
      const most = clamp((at - since) * HOLD.share, HOLD.most, HOLD.longest);
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

/** When a question is due that is asked every so many ms: at once where its answer no longer counts, never before it has rested. */
export function dueAfter(asked: Asked, every: number, urgency: Urgency): number {
  const rested = restedUntil(asked, urgency);
  return asked.isStale ? rested : Math.max(asked.at + every, rested);
}

/** Until when a question rests after a failure, in ms by the agent's clock; -Infinity where it need not. */
export const restedUntil = ({ failure }: Asked, urgency: Urgency): number =>
  failure ? failure.at + restAfter(failure, urgency) : -Infinity;
