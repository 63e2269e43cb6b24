import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Log } from '../log/log.ts';
import { findHooks } from './find-hooks.ts';
import { HOOK_STAGES } from './model.ts';

/** Logs each file of each stage that is not run, and why. */
export function sayNotRun(hooksDir: string, log: Log): void {
  for (const stage of HOOK_STAGES) {
    const directory = join(hooksDir, stage);
    if (!existsSync(directory)) continue;
    const found = findHooks(directory);
    if (found.kind === 'unreadable') {
      log('hook.failed', `the hooks in ${directory} cannot be listed: ${found.why}`, { stage });
      continue;
    }
    for (const { path, why } of found.skipped)
      log('hook.skipped', `${path} will not be run: ${why}`, { stage, hook: basename(path) });
    for (const { path, why } of found.refused)
      log('hook.refused', `${path} will not be run: ${why}`, { stage, hook: basename(path) });
  }
}
