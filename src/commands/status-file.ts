import { lutimesSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '../agent/report/report.ts';
import { type Clock, isoTime, systemClock } from '../base/clock.ts';
import type { Environment } from '../base/environment.ts';
import { readKeptFile, removeIfPossible, replaceFile } from '../base/files.ts';
import { clip } from '../base/text.ts';
import { version } from '../base/version.ts';
import { ownProcess, type ProcessId } from '../host/process.ts';
import { JSON_VERSION } from './json-version.ts';

/** What the running agent writes for `ecs-drain-agent status`. */
export type Status = Report &
  ProcessId & {
    readonly schemaVersion: number;
    /** Of the agent that runs; absent from what an agent of before this field has written. */
    readonly version?: string | undefined;
    /** ISO time of the last change. */
    readonly updatedAt: string;
  };

/** While a drain is on, the file follows it at this pace, in ms; at rest it is written only when it changes. */
const REFRESH_MS = 10_000;
/** At rest it is touched at this pace, in ms: a file that is older is of an agent that hangs. */
const TOUCH_MS = 30_000;
/** The loop goes round once a minute at least, and an agent that waits for metadata says so as often. */
const HANGS_MS = 180_000;
const FOR_EVERY_USER = 0o644;
/** In UTF-16 code units. */
const LONGEST_TEXT = 2_000;
/** A status is some kB. */
export const MOST_BYTES = 1024 * 1024;

/** `status.json` in systemd's runtime directory; without one, in the state directory. */
export function statusPath(stateDir: string, environment: Environment): string {
  return join(environment.RUNTIME_DIRECTORY ?? stateDir, 'status.json');
}

/** Whether the agent that writes this file goes on: one that hangs, or is stopped (SIGSTOP), has a process as well. */
export function isFresh(path: string, clock: Clock): boolean {
  const touchedAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return touchedAt !== undefined && clock.now() - touchedAt < HANGS_MS;
}

export function createStatusFile(
  stateDir: string,
  environment: Environment,
  clock: Clock = systemClock,
): { write(report: Report): void; remove(): void } {
  const path = statusPath(stateDir, environment);
  const own = ownProcess();
  let last = '';
  let writtenAt = -Infinity;
  let touchedAt = -Infinity;

  function touch(now: number) {
    touchedAt = now;
    const seconds = clock.now() / 1_000;
    try {
      lutimesSync(path, seconds, seconds);
    } catch {
      // It is gone, or cannot be reached: what is written next says all anew.
      last = '';
    }
  }

  return {
    write: (report) => {
      const now = clock.monotonic();
      const key = changeOf(report);
      const isDue = report.state === 'draining' && now >= writtenAt + REFRESH_MS;
      if (key === last && !isDue) {
        if (now >= touchedAt + TOUCH_MS) touch(now);
        return;
      }
      last = key;
      touchedAt = now;
      writtenAt = now;
      const updatedAt = isoTime(clock.now());
      const status: Status = { schemaVersion: JSON_VERSION, version, ...report, ...own, updatedAt };
      try {
        replaceFile(path, JSON.stringify(status, bounded), { mode: FOR_EVERY_USER, durable: false });
      } catch {
        // The agent does not depend on it: `status` then says that no agent runs.
      }
    },
    // Another agent with a state directory of its own can have the same runtime directory.
    remove: () => {
      if (pidIn(path) === own.pid) removeIfPossible(path);
    },
  };
}

/** For JSON.stringify: names that others chose can be of any length. */
const bounded = (_: string, value: unknown) =>
  typeof value === 'string' ? clip(value, LONGEST_TEXT) : value;

/** Two reports with the same key say the same, but for the times that the summary of a drain holds. */
function changeOf({ state, summary, problems = [], ...facts }: Report): string {
  const { signals, tasksLeft, containerInstance, cluster, group, lifecycleState } = facts;
  const said = state === 'draining' ? summary.replaceAll(/\d+/g, '') : summary;
  const wrong = problems.map(({ kind, why, fix }) => [kind, why.replaceAll(/\d+/g, ''), fix]);
  return JSON.stringify([
    state,
    said,
    signals,
    tasksLeft,
    containerInstance,
    cluster,
    group,
    lifecycleState,
    wrong,
  ]);
}

function pidIn(path: string): unknown {
  try {
    return (JSON.parse(readKeptFile(path, MOST_BYTES)) as Partial<Status> | null)?.pid;
  } catch {
    return undefined;
  }
}
