import type { Clock } from '../../../src/base/clock.ts';

/** A clock that stands still until it is told: `pass(ms)` wakes whoever slept that long. */
export type ManualClock = Clock & { pass(ms: number): void };

/** 2026-01-02T03:04:05.000Z */
export const startTime = 1_767_323_045_000;

export function createManualClock(start = startTime): ManualClock {
  let now = start;
  const sleepers = new Set<{ until: number; wake: () => void }>();
  return {
    now: () => now,
    monotonic: () => now - start,
    sleep: (ms, { signal } = {}) =>
      new Promise((resolve) => {
        if (signal?.aborted) {
          resolve();
          return;
        }
        const sleeper = {
          until: now + ms,
          wake: () => {
            sleepers.delete(sleeper);
            signal?.removeEventListener('abort', sleeper.wake);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', sleeper.wake, { once: true });
      }),
    pass: (ms) => {
      now += ms;
      for (const sleeper of [...sleepers]) if (sleeper.until <= now) sleeper.wake();
    },
  };
}
