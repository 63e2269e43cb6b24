import { join } from 'node:path';
import { makeDirectory, readKeptFile, removeIfPossible, replaceFile } from '../base/files.ts';
import { isRunning, ownProcess, type ProcessId } from '../host/process.ts';

/** Which agent a state directory belongs to. */
export type Claim =
  | { readonly kind: 'ours'; readonly release: () => void }
  /** An agent that still runs had it first. */
  | { readonly kind: 'taken'; readonly pid: number }
  /** Nothing can be kept there. */
  | { readonly kind: 'unusable'; readonly why: string };

/**
 * Makes the state directory where it is missing and claims it for this process: two agents would overwrite each other's
 * state and status. Only a process that certainly still runs keeps it: whoever cannot tell goes on, since an instance
 * without an agent is worse off than one with two. (Two that start in the same millisecond both go on.)
 */
export function claimStateDir(stateDir: string): Claim {
  const path = join(stateDir, 'agent.pid');
  const own = ownProcess();
  try {
    makeDirectory(stateDir);
    const owner = readOwner(path);
    if (owner && owner.pid !== own.pid && isRunning(owner) === true) return { kind: 'taken', pid: owner.pid };
    replaceFile(path, `${JSON.stringify(own)}\n`, { mode: 0o644, durable: false });
  } catch (error) {
    return { kind: 'unusable', why: (error as Error).message };
  }
  return {
    kind: 'ours',
    release: () => {
      if (readOwner(path)?.pid === own.pid) removeIfPossible(path);
    },
  };
}

/** Undefined where nobody is named, or not readably: a crash of the host can leave anything. */
function readOwner(path: string): ProcessId | undefined {
  try {
    const owner = JSON.parse(readKeptFile(path, 4_096)) as Partial<ProcessId> | null;
    return Number.isSafeInteger(owner?.pid) ? (owner as ProcessId) : undefined;
  } catch {
    return undefined;
  }
}
