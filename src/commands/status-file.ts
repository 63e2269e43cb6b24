import { join } from 'node:path';
import type { Report } from '../agent/report/report.ts';
import { isoTime, systemClock } from '../base/clock.ts';
import type { Environment } from '../base/environment.ts';
import { readTextFile, removeIfPossible, replaceFile } from '../base/files.ts';
import { clip } from '../base/text.ts';
import { isRunning, ownProcess, type ProcessId } from '../host/process.ts';

/** What the running agent writes for `ecs-drain-agent status`. */
export type Status = Report &
  ProcessId & {
    /** ISO time of the last change. */
    readonly updatedAt: string;
  };

/** The agent on this host, as far as its status file tells. */
export type Found =
  | { readonly kind: 'running'; readonly status: Status }
  | { readonly kind: 'not-running' }
  /** There is a file, and this user may not read it. */
  | { readonly kind: 'unreadable'; readonly path: string };

/** While a drain is on, the file follows it at this pace, in ms; at rest it is written only when it changes. */
const REFRESH_MS = 10_000;
const FOR_EVERY_USER = 0o644;
/** In UTF-16 code units. */
const LONGEST_TEXT = 2_000;
/** A status is some kB. */
const MOST_BYTES = 1024 * 1024;
/** systemd's runtime directory for the agent, where it is looked for when no other is named. */
const RUNTIME_DIRECTORY = '/run/ecs-drain-agent';

/** `status.json` in systemd's runtime directory; without one, in the state directory. */
export function statusPath(stateDir: string, environment: Environment): string {
  return join(environment.RUNTIME_DIRECTORY ?? stateDir, 'status.json');
}

export function createStatusFile(
  stateDir: string,
  environment: Environment,
): { write(report: Report): void; remove(): void } {
  const path = statusPath(stateDir, environment);
  const own = ownProcess();
  let last = '';
  let writtenAt = -Infinity;
  return {
    write: (report) => {
      const now = systemClock.monotonic();
      const key = changeOf(report);
      const isDue = report.state === 'draining' && now >= writtenAt + REFRESH_MS;
      if (key === last && !isDue) return;
      last = key;
      writtenAt = now;
      const updatedAt = isoTime(systemClock.now());
      const status: Status = { ...report, ...own, updatedAt };
      try {
        replaceFile(path, JSON.stringify(status, bounded), { mode: FOR_EVERY_USER, durable: false });
      } catch {
        // The agent does not depend on it: `status` then says that no agent runs.
      }
    },
    remove: () => {
      const status = readStatus(path);
      // Another agent with a state directory of its own can have the same runtime directory.
      if (typeof status === 'object' && status.pid === own.pid) removeIfPossible(path);
    },
  };
}

/** For JSON.stringify: names that others chose can be of any length. */
const bounded = (_: string, value: unknown) =>
  typeof value === 'string' ? clip(value, LONGEST_TEXT) : value;

/** Two reports with the same key say the same. During a drain the summary holds times, which always change. */
function changeOf({ state, summary, ...facts }: Report): string {
  const { signals, tasksLeft, containerInstance, lifecycleState } = facts;
  const said = state === 'draining' ? '' : summary;
  return JSON.stringify([state, said, signals, tasksLeft, containerInstance, lifecycleState]);
}

/** Looks for the status file where this configuration, or else systemd, lets the agent write it. */
export function findAgent(stateDir: string, environment: Environment): Found {
  const paths = environment.RUNTIME_DIRECTORY
    ? [statusPath(stateDir, environment)]
    : [statusPath(stateDir, {}), statusPath(stateDir, { RUNTIME_DIRECTORY })];
  let unreadable: string | undefined;
  for (const path of paths) {
    const status = readStatus(path);
    if (status === 'unreadable') unreadable ??= path;
    else if (status && isRunning(status) !== false) return { kind: 'running', status };
  }
  return unreadable ? { kind: 'unreadable', path: unreadable } : { kind: 'not-running' };
}

function readStatus(path: string): Status | 'unreadable' | undefined {
  try {
    const status = JSON.parse(readTextFile(path, MOST_BYTES)) as Status | null;
    const { pid, state, summary, signals, updatedAt } = status ?? {};
    const isStatus =
      Number.isSafeInteger(pid) &&
      [state, summary, updatedAt].every((text) => typeof text === 'string') &&
      Array.isArray(signals);
    return isStatus ? (status as Status) : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM' ? 'unreadable' : undefined;
  }
}
