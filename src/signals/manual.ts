import { chown, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { known, unknown } from '../base/reading.ts';
import type { ReadSignal } from './metadata.ts';

/** The file whose presence in the state directory asks for a drain. */
const fileIn = (stateDir: string) => join(stateDir, 'drain-requested');

/** What `ecs-drain-agent drain` on the host asks for. It outlives restarts, as a tag does. */
export const manualSignal =
  (stateDir: string): ReadSignal =>
  async () => {
    try {
      await stat(fileIn(stateDir));
      return known({ source: 'manual' });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return known(undefined);
      return unknown(`looking for a request to drain: ${message}`);
    }
  };

/** Asks for a drain. Rejects where the state directory can't be written. */
export async function requestDrain(stateDir: string): Promise<void> {
  const file = fileIn(stateDir);
  await writeFile(file, '');
  // Left by root, it is the agent's all the same: a state directory has one owner.
  const { uid, gid } = await stat(stateDir);
  if (process.getuid?.() === 0) await chown(file, uid, gid);
}

/** Withdraws the request. Resolves with whether there was one. Rejects where it can't be removed. */
export async function withdrawDrain(stateDir: string): Promise<boolean> {
  try {
    await rm(fileIn(stateDir));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
