import { join } from 'node:path';
import type { Report } from '../agent/report/report.ts';
import { isoTime, systemClock } from '../base/clock.ts';
import type { Environment } from '../base/environment.ts';
import { readKeptFile, removeIfPossible, replaceFile } from '../base/files.ts';
import { isOneOf, isRecord } from '../base/shape.ts';
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
  /** There is something, and this user may not read it, or it is no file. */
  | { readonly kind: 'unreadable'; readonly why: string };

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
      const found = readStatus(path);
      // Another agent with a state directory of its own can have the same runtime directory.
      if (found?.kind === 'read' && found.status.pid === own.pid) removeIfPossible(path);
    },
  };
}

/** For JSON.stringify: names that others chose can be of any length. */
const bounded = (_: string, value: unknown) =>
  typeof value === 'string' ? clip(value, LONGEST_TEXT) : value;

/** Two reports with the same key say the same, but for the times that the summary of a drain holds. */
function changeOf({ state, summary, ...facts }: Report): string {
  const { signals, tasksLeft, containerInstance, lifecycleState } = facts;
  const said = state === 'draining' ? summary.replaceAll(/\d+/g, '') : summary;
  return JSON.stringify([state, said, signals, tasksLeft, containerInstance, lifecycleState]);
}

/** Looks for the status file where this configuration, or else systemd, lets the agent write it. */
export function findAgent(stateDir: string, environment: Environment): Found {
  const paths = environment.RUNTIME_DIRECTORY
    ? [statusPath(stateDir, environment)]
    : [statusPath(stateDir, {}), statusPath(stateDir, { RUNTIME_DIRECTORY })];
  let unreadable: Unreadable | undefined;
  for (const path of paths) {
    const status = readStatus(path);
    if (status?.kind === 'unreadable') unreadable ??= status;
    else if (status && isRunning(status.status) !== false) return { kind: 'running', status: status.status };
  }
  return unreadable ?? { kind: 'not-running' };
}

type Unreadable = Extract<Found, { kind: 'unreadable' }>;

/** Undefined where there is none, or nothing that an agent writes. */
function readStatus(path: string): { kind: 'read'; status: Status } | Unreadable | undefined {
  let text: string;
  try {
    text = readKeptFile(path, MOST_BYTES);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM')
      return { kind: 'unreadable', why: `${path} may not be read by this user; try again as root` };
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : { kind: 'unreadable', why: message };
  }
  try {
    const status: unknown = JSON.parse(text);
    return isStatus(status) ? { kind: 'read', status } : undefined;
  } catch {
    return undefined;
  }
}

/** Whoever may write the directory may write anything: `status` of root must neither fail of it nor obey it. */
function isStatus(value: unknown): value is Status {
  return (
    isRecord(value) &&
    isOneOf(value.state, STATES) &&
    Object.entries(SHAPES).every(([name, isRight]) => isRight(value[name]))
  );
}

const STATES: readonly Report['state'][] = ['starting', 'watching', 'draining', 'released'];

const optional = (isRight: (value: unknown) => boolean) => (value: unknown) =>
  value === undefined || isRight(value);
const isNumber = (value: unknown) => typeof value === 'number';
const isString = (value: unknown) => typeof value === 'string';
const isTask = (value: unknown) =>
  isRecord(value) &&
  [value.group, value.id, value.status].every(isString) &&
  optional(isNumber)(value.ageSeconds);
const isBlocked = (value: unknown) => isRecord(value) && isString(value.why);
const isListOf = (isRight: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every(isRight);

const SHAPES: Record<keyof Omit<Status, 'state'>, (value: unknown) => boolean> = {
  pid: (value) => Number.isSafeInteger(value) && (value as number) > 0,
  startedTicks: optional(isString),
  updatedAt: isString,
  summary: isString,
  signals: isListOf(isString),
  containerInstance: optional(isString),
  cluster: optional(isString),
  group: optional(isString),
  lifecycleState: optional(isString),
  tasksLeft: optional(isNumber),
  lastTaskEndedAt: optional(isString),
  tasks: optional(isListOf(isTask)),
  blockedBy: optional(isListOf(isBlocked)),
  waitedSeconds: optional(isNumber),
  deadline: optional(isString),
  otherHook: optional((value) => isRecord(value) && isString(value.name) && isString(value.endsAt)),
};
