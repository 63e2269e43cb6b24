import type { Clock } from '../../base/clock.ts';

/**
 * Why other credentials might do better:
 * - `refused`: AWS does not accept them.
 * - `denied`: a policy forbids a call, perhaps that of a role which has been exchanged since.
 * - `silent`: none came for as long as a call may take.
 */
export type Doubt = keyof typeof REST_MS;

/** The least time between two questions for new credentials, in ms; up to half as much again is drawn. */
const REST_MS = { refused: 5_000, denied: 30_000, silent: 5_000 };

/** When credentials are asked for anew: with the first call after AWS has refused them, then after a rest each time. */
export type RefreshPace = {
  doubt(why: Doubt): void;
  isDue(): boolean;
  /** They are being asked for: what was doubted before is settled. */
  begun(): void;
};

export function createRefreshPace({
  clock,
  random,
}: {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}): RefreshPace {
  let askedAt = -Infinity;
  let due: number | undefined;
  return {
    doubt: (why) => {
      due = Math.min(due ?? Infinity, askedAt + REST_MS[why] * (1 + random() / 2));
    },
    isDue: () => due !== undefined && clock.monotonic() >= due,
    begun: () => {
      askedAt = clock.monotonic();
      due = undefined;
    },
  };
}
