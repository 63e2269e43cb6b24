import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { known, unknown } from '../reading.ts';
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
export const requestDrain = (stateDir: string): Promise<void> => writeFile(fileIn(stateDir), '');

/** Takes the request back. */
export const withdrawDrain = (stateDir: string): Promise<void> => rm(fileIn(stateDir), { force: true });
