/** The only way this program learns the time or waits. Tests and the simulation pass a virtual one. */
export type Clock = {
  /** Wall-clock time in ms since the Unix epoch. May jump in either direction when the host's clock is set. */
  now(): number;
  /** Monotonic time in ms from an arbitrary origin: for measuring durations, never for showing. */
  monotonic(): number;
  /**
   * Waits for `ms` milliseconds. Resolves early, without throwing, when `signal` aborts: the caller looks at
   * the signal itself, so that stopping is never mistaken for a failure.
   */
  sleep(ms: number, options?: { signal?: AbortSignal | undefined }): Promise<void>;
};

/** The host's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, { signal } = {}) =>
    new Promise((resolve) => {
      if (signal?.aborted) {
        resolve();
        return;
      }
      const finish = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      // setTimeout fires at once for anything above 2^31 - 1 ms, which would turn a long wait into a busy loop.
      const timer = setTimeout(finish, Math.min(ms, 2 ** 31 - 1));
      signal?.addEventListener('abort', finish, { once: true });
    }),
};
