import type { Clock, SleepSignal } from '../base/clock.ts';

/** Lets one loop sleep until a time, or until somebody rings. A ring while it is awake ends the next sleep. */
export type Wakeup = {
  ring(): void;
  /** Sleeps up to `ms`; not at all once `stop` has aborted, which ends a sleep too. */
  sleep(ms: number): Promise<void>;
};

export function createWakeup(clock: Clock, stop: AbortSignal): Wakeup {
  let rung = false;
  let wake: (() => void) | undefined;
  const ring = () => {
    rung = true;
    wake?.();
  };
  stop.addEventListener('abort', ring, { once: true });
  // An AbortSignal for each sleep would be a tenth of what a turn of the loop costs.
  const rings: SleepSignal = {
    get aborted() {
      return rung;
    },
    addEventListener: (_, listener) => {
      wake = listener;
    },
    removeEventListener: () => {
      wake = undefined;
    },
  };
  return {
    ring,
    sleep: async (ms) => {
      if (!rung && !stop.aborted) await clock.sleep(ms, { signal: rings });
      wake = undefined;
      rung = false;
    },
  };
}
