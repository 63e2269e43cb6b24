import type { Environment } from '../base/environment.ts';
import { readKeptFile } from '../base/files.ts';
import { fits } from '../base/json-schema.ts';
import { isOneOf, isRecord } from '../base/shape.ts';
import { isRunning } from '../host/process.ts';
import { JSON_VERSION } from './json-version.ts';
import { MOST_BYTES, type Status, statusPath } from './status-file.ts';
import { RUNNING_STATES, statusSchema } from './status-schema.ts';

/** The agent on this host, as far as its status file tells. */
export type Found =
  | { readonly kind: 'running'; readonly status: Status; readonly path: string }
  | { readonly kind: 'not-running' }
  /** There is something, and this user may not read it, or it is no file. */
  | { readonly kind: 'unreadable'; readonly why: string };

/** systemd's runtime directory for the agent, where it is looked for when no other is named. */
const RUNTIME_DIRECTORY = '/run/ecs-drain-agent';

/** Looks for the status file where this configuration, or else systemd, lets the agent write it. */
export function findAgent(stateDir: string, environment: Environment): Found {
  const paths = environment.RUNTIME_DIRECTORY
    ? [statusPath(stateDir, environment)]
    : [statusPath(stateDir, {}), statusPath(stateDir, { RUNTIME_DIRECTORY })];
  let unreadable: Unreadable | undefined;
  for (const path of paths) {
    const status = readStatus(path);
    if (status?.kind === 'unreadable') unreadable ??= status;
    else if (status && isRunning(status.status) !== false)
      return { kind: 'running', status: status.status, path };
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
    const read: unknown = JSON.parse(text);
    // An agent of another version may run, that has not been started anew since an upgrade.
    const status = isRecord(read) ? { ...read, schemaVersion: JSON_VERSION } : read;
    return isStatus(status) ? { kind: 'read', status } : undefined;
  } catch {
    return undefined;
  }
}

/** Whoever may write the directory may write anything: `status` of root must neither fail of it nor obey it. */
function isStatus(value: unknown): value is Status {
  return (
    fits(value, statusSchema) &&
    isRecord(value) &&
    isOneOf(value.state, RUNNING_STATES) &&
    ALWAYS.every((name) => value[name] !== undefined)
  );
}

/** What every version of the agent has written. */
const ALWAYS = ['pid', 'updatedAt', 'summary', 'signals'] as const satisfies readonly (keyof Status)[];
