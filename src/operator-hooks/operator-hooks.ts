import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../base/text.ts';
import type { Log } from '../log/log.ts';
import { HOOK_STAGES, type OperatorHooks, type OperatorHooksPorts } from './model.ts';

export type { HookFacts, HookStage, HooksResult, OperatorHooks } from './model.ts';

/** The hooks in `--hooks-dir`. */
export function createOperatorHooks(ports: OperatorHooksPorts): OperatorHooks {
  const { config } = ports;
  return {
    holds: config.hookFailure === 'hold',
    run: async (stage, facts, attempt, succeeded) => {
      const directory = join(config.hooksDir, stage);
      if (isEmpty(directory)) return 'none';
      try {
        const { runStage } = await import('./run-stage.ts');
        return await runStage({ ...ports, directory, stage, facts, attempt, succeeded });
      } catch (error) {
        ports.log('hook.failed', `the hooks in ${directory} cannot be run: ${messageOf(error)}`, { stage });
        return 'failed';
      }
    },
  };
}

/**
 * Says at the start what will not be run, and loads what runs the hooks that are there: the middle of a drain is a bad time to
 * learn that either is amiss. Rejects where a file of the program cannot be read.
 */
export async function prepareHooks(hooksDir: string, log: Log): Promise<void> {
  if (isEmpty(hooksDir)) return;
  const { sayNotRun } = await import('./not-run.ts');
  sayNotRun(hooksDir, log);
  if (HOOK_STAGES.some((stage) => !isEmpty(join(hooksDir, stage)))) await import('./run-stage.ts');
}

/** What exists and cannot be listed does not count as empty: somebody wants hooks to run. */
function isEmpty(directory: string): boolean {
  try {
    return readdirSync(directory).length === 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
