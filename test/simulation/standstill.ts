import type { Clock } from '../../src/base/clock.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';

/** A host that stands still with all its processes, as one that is hibernated. */
export type Standstill = {
  /** Stands still for so long, in ms. */
  readonly begin: (forMs: number) => void;
  /** The host's clock: its monotonic time stands still too, as Linux's does, and its timers with it. */
  readonly clock: Clock;
  /** Runs now, or when the host goes on. */
  whenRunning(run: () => void): void;
  /** An answer that is under way when the host stands still is lost, with its connection. */
  during<T>(answer: Promise<T>): Promise<T>;
};

/** @param clock goes on all the time */
export function createStandstill(clock: VirtualClock): Standstill {
  let stoodStill = 0;
  let goesOnAt = -Infinity;
  let times = 0;
  // Ahead of what it shows while it stands still: nobody sees that.
  const monotonic = () => clock.monotonic() - stoodStill;
  const goesOn = () => clock.sleep(Math.max(1, goesOnAt - clock.monotonic()));

  return {
    begin: (forMs) => {
      goesOnAt = clock.monotonic() + forMs;
      stoodStill += forMs;
      times++;
    },
    clock: {
      now: clock.now,
      monotonic,
      sleep: async (ms, options) => {
        const wakesAt = monotonic() + ms;
        const isOver = () => options?.signal?.aborted === true || monotonic() > wakesAt - 1;
        do await clock.sleep(wakesAt - monotonic(), options);
        while (!isOver());
        if (clock.monotonic() < goesOnAt) await goesOn();
      },
    },
    whenRunning: (run) => {
      if (clock.monotonic() < goesOnAt) clock.at(clock.trueNow() + goesOnAt - clock.monotonic(), run);
      else run();
    },
    during: async (answer) => {
      const before = times;
      const outcome = await answer.then(
        (value) => () => value,
        (error: unknown) => () => {
          throw error;
        },
      );
      if (times === before) return outcome();
      if (clock.monotonic() < goesOnAt) await goesOn();
      throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET', name: 'TimeoutError' });
    },
  };
}

export const neverStandsStill = (clock: VirtualClock): Standstill => ({
  begin: () => {},
  clock,
  whenRunning: (run) => run(),
  during: (answer) => answer,
});
