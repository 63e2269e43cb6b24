import { closeSync, fchownSync, lstatSync, openSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isInstanceId } from '../aws/instance-id.ts';
import { readKeptFile, removeIfPossible } from '../base/files.ts';
import { known, type Reading, unknown } from '../base/reading.ts';
import type { Signal } from './signal.ts';

/**
 * The name whose presence in the state directory asks for a drain, whatever it is the name of. A file that holds an instance id asks
 * for the drain of that instance: an image can be taken from a host that was drained for it.
 */
const fileIn = (stateDir: string) => join(stateDir, 'drain-requested');

/** More than an instance id and the end of its line. */
const MOST_BYTES = 64;

/** The host that is asked to drain. */
export type RequestedOn = {
  readonly instanceId: string;
  /** The instance of which the state in the same directory was when the agent started; undefined where it was this one's, or none. */
  readonly stateOf: string | undefined;
};

/** Reads whether a drain was asked for on this host. Never rejects. */
export type ReadManualSignal = (on: RequestedOn) => Promise<Reading<Signal | undefined>>;

/**
 * What `ecs-drain-agent drain` on the host asks for. It outlives restarts, as a tag does.
 *
 * @param onOthers told once of a request that was made on another instance, and so asks for nothing here
 */
export function manualSignal(stateDir: string, onOthers: (why: string) => void): ReadManualSignal {
  const path = fileIn(stateDir);
  let isTold = false;
  /** What was there at the first look may have come with the state of another instance. */
  let mayHaveCome = true;

  function ignore(why: string) {
    if (!isTold) onOthers(why);
    isTold = true;
    return known(undefined);
  }

  return async ({ instanceId, stateOf }) => {
    try {
      // At once: in Node's thread pool each look would wake two threads.
      const found = lstatSync(path, { throwIfNoEntry: false });
      const named = found && instanceIn(path);
      mayHaveCome &&= found !== undefined && named === undefined && stateOf !== undefined;
      if (!found) return known(undefined);
      if (named !== undefined && named !== instanceId)
        return ignore(`the request to drain in ${path} was made on ${named}: it does not count here`);
      if (!mayHaveCome) return known({ source: 'manual' });
      // After a restart nobody could tell any more.
      removeIfPossible(path);
      mayHaveCome = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
      return ignore(`the request to drain in ${path} came with the state of ${stateOf}: it is removed`);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOTDIR') return known(undefined);
      return unknown(`looking for a request to drain: ${message}`);
    }
  };
}

/** The instance that a request names; undefined where it names none, as one of an earlier version, or whatever else is of that name. */
function instanceIn(path: string): string | undefined {
  try {
    const text = readKeptFile(path, MOST_BYTES).trim();
    return isInstanceId(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** The instance that a request to drain in this directory names, where there is one that names any. */
export const requestedInstance = (stateDir: string): string | undefined => instanceIn(fileIn(stateDir));

/**
 * Asks for a drain. Resolves with whether nobody had asked before on this instance. Rejects where the state directory can't be
 * written. Root asks too, in a directory that the agent's user may write: what is there already is neither followed, written nor given
 * away.
 *
 * @param instanceId this instance; undefined where it is not known, and then the request names none
 */
export async function requestDrain(stateDir: string, instanceId: string | undefined): Promise<boolean> {
  const path = fileIn(stateDir);
  if (instanceId !== undefined && (instanceIn(path) ?? instanceId) !== instanceId) unlinkSync(path);
  let file: number;
  try {
    file = openSync(path, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    // Left by root, it is the agent's all the same: a state directory has one owner.
    const { uid, gid } = statSync(stateDir);
    if (process.getuid?.() === 0) fchownSync(file, uid, gid);
    if (instanceId !== undefined) name(file, instanceId);
  } finally {
    closeSync(file);
  }
  return true;
}

/** On a full disk there is no room for a name, and the request is one all the same. */
function name(file: number, instanceId: string) {
  try {
    writeSync(file, `${instanceId}\n`);
  } catch {
    // It names no instance.
  }
}

/** Withdraws the request. Resolves with whether there was one. Rejects where it can't be removed. */
export async function withdrawDrain(stateDir: string): Promise<boolean> {
  try {
    unlinkSync(fileIn(stateDir));
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}
