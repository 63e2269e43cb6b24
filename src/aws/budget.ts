import type { Clock } from '../base/clock.ts';

/** The most requests to one API within a window. */
export const REQUESTS = 12;
/** The window, in ms: a second more than a minute, for the time that a request spends on the wire. */
export const WINDOW_MS = 61_000;

/**
 * Keeps every API within its share, whatever the reason for calling it: fleets are throttled per account, so
 * an instance that retries hard takes requests from the others. `take` waits until the API may be asked again,
 * or until the signal aborts, which uses up nothing.
 */
export type Budget = { take(api: string, signal: AbortSignal): Promise<void> };

/** @param requests the most to one API within the window */
export function createBudget(clock: Clock, requests = REQUESTS): Budget {
  const sent = new Map<string, number[]>();
  return {
    take: async (api, signal) => {
      const times = sent.get(api) ?? [];
      sent.set(api, times);
      for (;;) {
        const now = clock.monotonic();
        const oldest = times.length < requests ? undefined : times[0];
        if (signal.aborted) return;
        if (oldest === undefined || now - oldest >= WINDOW_MS) break;
        await clock.sleep(oldest + WINDOW_MS - now, { signal });
      }
      times.push(clock.monotonic());
      if (times.length > requests) times.shift();
    },
  };
}
