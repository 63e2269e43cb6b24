/** The only way in which this program reads the time or waits. Tests and the simulation pass a virtual one. */
export type Clock = {
  /** Wall-clock time in ms since the Unix epoch. May jump in either direction when the host's clock is set. */
  now(): number;
  /** Monotonic time in ms from an arbitrary origin: for measuring durations, never for showing. */
  monotonic(): number;
  /**
   * Waits for `ms` milliseconds. Resolves early, without throwing, when `signal` aborts: the caller looks at
   * the signal itself, so that stopping is never mistaken for a failure.
   */
  sleep(ms: number, options?: { signal?: SleepSignal | undefined }): Promise<void>;
  /** For how long the host has stood still, hibernated, by now, in ms. Absent: that is not seen. */
  stoodStill?(): number;
};

/** What a sleep needs of an AbortSignal. The loop, which sleeps for years, passes less than a whole one. */
export type SleepSignal = {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { once: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
};

/** The host's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  // Not performance.now(): that loads all of Node's perf_hooks, 0.4 MB.
  monotonic: () => process.uptime() * 1_000,
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
      // setTimeout fires at once for anything above 2^31 - 1 ms, which would turn a long wait into a busy loop, and warns of a
      // time that has just passed.
      const timer = setTimeout(finish, Math.min(Math.max(0, ms), 2 ** 31 - 1));
      signal?.addEventListener('abort', finish);
    }),
};

/** `ms` since the Unix epoch as ISO 8601 in UTC; a time that no calendar holds is shown as it stands. */
export function isoTime(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString();
}

/** `ms` since the Unix epoch as a clock on the wall here shows it, with its distance from UTC: `09:22:56 +02:00`. */
export function localTime(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return `${ms} ms`;
  const minutes = -date.getTimezoneOffset();
  const two = (amount: number) => String(Math.abs(amount)).padStart(2, '0');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  if (minutes === 0) return `${clock} UTC`;
  return `${clock} ${minutes < 0 ? '-' : '+'}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}

/** ISO 8601 to ms since the Unix epoch; undefined where the text is no time. */
export function parseTime(text: string): number | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The same of a time in UTC as AWS writes it, in full. A number that merely parses as a time will not do. */
export function parseUtcTime(text: string): number | undefined {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(text) ? parseTime(text) : undefined;
}

/**
 * A clock whose `now` starts at the wall clock and then only follows the monotonic one, so that a host that
 * sets its time in the middle of a drain moves no deadline. While the host is hibernated the monotonic clock
 * stands still, and what was learnt before it would count as new: so that time is added.
 *
 * @param uptime how long the host has been up, hibernated or not, in ms
 */
export function steady(clock: Clock, uptime?: () => number): Clock {
  let stoodStill = 0;
  let ahead = uptime ? uptime() - clock.monotonic() : 0;
  let lookAt = -Infinity;
  const monotonic = () => {
    const running = clock.monotonic();
    if (running >= lookAt) look(running);
    return running + stoodStill;
  };
  const look = (running: number) => {
    if (!uptime) return;
    lookAt = running + LOOK_MS;
    const more = uptime() - running - ahead;
    // The host tells its uptime in hundredths of a second.
    if (more <= STANDSTILL_MS) return;
    ahead += more;
    stoodStill += more;
  };
  const offset = clock.now() - clock.monotonic();
  return {
    ...clock,
    monotonic,
    now: () => offset + monotonic(),
    stoodStill: () => {
      look(clock.monotonic());
      return stoodStill;
    },
  };
}

/** For the time, the host's uptime is read so often at most, in ms: each time it is a file. */
const LOOK_MS = 50;
/** What counts as a standstill, in ms. */
export const STANDSTILL_MS = 1_000;

/** `ms` since the Unix epoch as the SDK's own outputs hold times. */
export function dateAt(ms: number): Date {
  return new Date(ms);
}

/** ms since the Unix epoch of one of the SDK's own times; undefined for anything else. */
export function timeOfDate(value: unknown): number | undefined {
  return value instanceof Date ? value.getTime() : undefined;
}
