import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Config } from '../../config/options.ts';
import { findHooks } from '../../operator-hooks/find-hooks.ts';
import { HOOK_STAGES } from '../../operator-hooks/model.ts';
import { type Checks, fail, ok, warn } from './check.ts';

/** The operator's hooks: which ones run, and why others do not. Says nothing where there are none. */
export async function* checkHooks({ hooksDir, hookFailure }: Config): Checks {
  const name = 'hooks';
  // With --hook-failure hold, a hook of this stage that never succeeds keeps the instance.
  const judge = (stage: string) => (hookFailure === 'hold' && stage === 'drained' ? fail : warn);
  for (const stage of HOOK_STAGES) {
    const directory = join(hooksDir, stage);
    if (!existsSync(directory)) continue;
    const found = findHooks(directory);
    if (found.kind === 'unreadable') {
      yield judge(stage)(
        name,
        `${directory} cannot be listed: ${found.why}`,
        'make it a directory of root’s',
      );
      continue;
    }
    const { paths, skipped, refused } = found;
    if (paths.length > 0) yield ok(name, `${stage}: ${paths.map((path) => basename(path)).join(', ')}`);
    for (const { path, why } of skipped)
      yield warn(name, `${path} is not run: ${why}`, 'make it an executable file, or remove it');
    for (const { path, why } of refused) {
      const fix = 'let root own the whole path to it, and nobody else write it';
      yield judge(stage)(name, `${path} is not run: ${why}`, fix);
    }
  }
}
