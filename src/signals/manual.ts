import { closeSync, fchownSync, lstatSync, openSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { known, unknown } from '../base/reading.ts';
import type { ReadSignal } from './signal.ts';

/** The name whose presence in the state directory asks for a drain, whatever it is the name of. */
const fileIn = (stateDir: string) => join(stateDir, 'drain-requested');

/** What `ecs-drain-agent drain` on the host asks for. It outlives restarts, as a tag does. */
export const manualSignal =
  (stateDir: string): ReadSignal =>
  async () => {
    try {
      // At once: in Node's thread pool each look would wake two threads.
      const found = lstatSync(fileIn(stateDir), { throwIfNoEntry: false });
      return known(found && { source: 'manual' });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOTDIR') return known(undefined);
      return unknown(`looking for a request to drain: ${message}`);
    }
  };

/**
 * Asks for a drain. Resolves with whether nobody had asked before. Rejects where the state directory can't be written. Root
 * asks too, in a directory that the agent's user may write: what is there already is neither opened, written nor given away.
 */
export async function requestDrain(stateDir: string): Promise<boolean> {
  let file: number;
  try {
    file = openSync(fileIn(stateDir), 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    // Left by root, it is the agent's all the same: a state directory has one owner.
    const { uid, gid } = statSync(stateDir);
    if (process.getuid?.() === 0) fchownSync(file, uid, gid);
  } finally {
    closeSync(file);
  }
  return true;
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
