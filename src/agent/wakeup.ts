import type { Clock } from '../base/clock.ts';

/** Lets one loop sleep until a time, or until somebody rings. A ring while it is awake ends the next sleep. */
export type Wakeup = {
  ring(): void;
  /** Sleeps up to `ms`. */
  sleep(ms: number, stop: AbortSignal): Promise<void>;
};

export function createWakeup(clock: Clock): Wakeup {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring: () => {
      rung = true;
      wake?.();
    },
    sleep: async (ms, stop) => {
      if (!rung && !stop.aborted) {
        const awake = new AbortController();
        // With a reason of its own: the one that Node makes carries a stack.
        wake = () => awake.abort('rung');
        stop.addEventListener('abort', wake);
        await clock.sleep(ms, { signal: awake.signal });
        stop.removeEventListener('abort', wake);
        wake = undefined;
      }
      rung = false;
    },
  };
}
