import { AwsError } from '../../aws/errors.ts';
import type { Clock } from '../../base/clock.ts';
import type { LogStream } from '../aws/logs.ts';
import { backoff, type Random } from '../launch/pace.ts';

/** The bounds between two questions for new lines, in ms. An account may ask 10 times a second in some Regions. */
const SOONEST_MS = 2_000;
const LATEST_MS = 15_000;
/** What has come this long after a look at the end comes too late, in ms. */
const LAST_PAUSE_MS = 1_000;
/** How long the exit code waits for the rest of the log, in ms. */
const MOST_END_MS = 8_000;

export type FollowPorts = {
  readonly stream: LogStream;
  readonly write: (lines: readonly string[]) => void;
  /** Told once, when the log cannot be read. */
  readonly onTrouble: (why: string) => void;
  readonly clock: Clock;
  readonly random: Random;
};

export type Follower = {
  /** The task has ended: reads what is left, for a few seconds at most. Never rejects. */
  finish(): Promise<void>;
};

/** Writes a log's lines as they come. Whatever happens to the log, the launch goes on. */
export function followLog({ stream, write, onTrouble, clock, random }: FollowPorts): Follower {
  const ended = new AbortController();
  let token: string | undefined;
  let isForbidden = false;

  /** All that has come since the last time. Returns how many lines that was. */
  async function readNew(): Promise<number> {
    let count = 0;
    for (;;) {
      const page = await stream.read(token);
      if (page.lines.length > 0) write(page.lines);
      count += page.lines.length;
      const isAll = page.token === token;
      token = page.token;
      if (isAll) return count;
    }
  }

  async function follow(): Promise<void> {
    let delay = SOONEST_MS;
    let failures = 0;
    while (!ended.signal.aborted && !isForbidden) {
      await clock.sleep(delay * (0.75 + random() / 2), { signal: ended.signal });
      if (ended.signal.aborted) return;
      try {
        delay = (await readNew()) > 0 ? SOONEST_MS : Math.min(LATEST_MS, delay * 1.5);
        failures = 0;
      } catch (error) {
        delay = backoff(++failures, random);
        noteFailure(error);
      }
    }
  }

  function noteFailure(error: unknown): void {
    if (!(error instanceof AwsError)) throw error;
    if (error.kind !== 'permission' && error.kind !== 'rejected') return;
    isForbidden = true;
    onTrouble(error.message);
  }

  async function readRest(): Promise<void> {
    let count = 1;
    while (!isForbidden && count > 0) {
      try {
        count = await readNew();
      } catch (error) {
        noteFailure(error);
      }
      await clock.sleep(LAST_PAUSE_MS);
    }
    if (!isForbidden) await readNew().catch(noteFailure);
  }

  const following = follow();
  return {
    finish: async () => {
      ended.abort();
      const limit = new AbortController();
      await Promise.race([following.then(readRest), clock.sleep(MOST_END_MS, { signal: limit.signal })]);
      limit.abort();
    },
  };
}
