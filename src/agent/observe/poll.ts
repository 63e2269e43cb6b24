import { AwsError, type AwsErrorKind } from '../../aws/errors.ts';
import type { Clock } from '../../base/clock.ts';
import { known, type Reading, unknown } from '../../base/reading.ts';

/** Something that is asked now and then, what it last said, and when. Times are in ms by the agent's clock. */
export type Source<T> = {
  reading(): Reading<T>;
  /** When the reading's question was put. -Infinity before the first. */
  askedAt(): number;
  /** Whether an answer is awaited. */
  isAsking(): boolean;
  /** Whether what it said no longer counts, or it failed to say anything. */
  isStale(): boolean;
  /** Not before this time, after a failure. */
  restsUntil(): number;
  /** Asks, unless an answer is awaited already. */
  ask(): void;
  /**
   * What we know better than the source, having just changed it. An answer on its way is dropped.
   * @param asOf since when the rest of it is known, in ms by the agent's clock; now unless told
   */
  set(value: T, asOf?: number): void;
  /** Whether it has answered, or failed to, since it was made or forgotten. */
  hasAnswered(): boolean;
  /** What it said is of another time: it is unknown until asked again. */
  forget(): void;
  /** What it said no longer counts: it is due at once, and an answer on its way is dropped. */
  invalidate(): void;
};

/** The cause of a reading before its first question. */
export const NOT_ASKED = 'not asked yet';

/**
 * How long a call rests after it failed, in ms, by the kind of failure. Nothing is retried within a call: twelve requests
 * a minute are there for each API, and in an outage they must not be used up when it ends.
 */
export const REST_MS: Record<AwsErrorKind, number> = {
  transient: 5_000,
  credentials: 5_000,
  throttled: 15_000,
  permission: 60_000,
  rejected: 15_000,
  stopped: 0,
};

/** … and how long after the first failure in a row, where nothing says that AWS has had too much. */
const FIRST_REST_MS = 1_000;

/** @param failures how many in a row, this one included */
export function restAfter(kind: AwsErrorKind, failures: number, rests = REST_MS): number {
  return kind === 'transient' && failures === 1 ? FIRST_REST_MS : rests[kind];
}

/**
 * @param read asks once; an AwsError that it rejects with makes the reading unknown, and the source rest
 * @param onAnswer called whenever an answer or a failure has come
 * @param random uniform in [0, 1): instances that failed together must not come back together
 * @param rests how long it rests after a failure of each kind, in ms
 */
export function createSource<T>(
  read: () => Promise<Reading<T>>,
  clock: Clock,
  onAnswer: () => void,
  random: () => number,
  rests: Record<AwsErrorKind, number> = REST_MS,
): Source<T> {
  let reading: Reading<T> = unknown(NOT_ASKED);
  let askedAt = -Infinity;
  let restsUntil = -Infinity;
  let asking = false;
  let stale = true;
  let generation = 0;
  let failures = 0;

  async function ask() {
    if (asking) return;
    const asked = generation;
    const at = clock.now();
    asking = true;
    const answer = await read().then(
      (told) => {
        failures = 0;
        return told;
      },
      (error: unknown) => {
        if (error instanceof AwsError) {
          const rest = restAfter(error.kind, ++failures, rests);
          restsUntil = clock.now() + rest * (1 + random() * 0.2);
        }
        return unknown(error instanceof Error ? error.message : String(error));
      },
    );
    asking = false;
    if (asked === generation) {
      reading = answer;
      askedAt = at;
      // After a failure it is due as soon as it has rested, whatever its pace.
      stale = failures > 0;
    }
    onAnswer();
  }

  return {
    hasAnswered: () => askedAt > -Infinity,
    forget: () => {
      generation++;
      reading = unknown(NOT_ASKED);
      askedAt = -Infinity;
      restsUntil = -Infinity;
      stale = true;
    },
    reading: () => reading,
    askedAt: () => askedAt,
    isAsking: () => asking,
    isStale: () => stale,
    restsUntil: () => restsUntil,
    ask: () => void ask(),
    set: (value, asOf = clock.now()) => {
      generation++;
      reading = known(value);
      askedAt = asOf;
      stale = false;
    },
    invalidate: () => {
      generation++;
      stale = true;
    },
  };
}
