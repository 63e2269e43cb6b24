import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../log/log.ts';
import type { OperatorHooks, OperatorHooksPorts } from './model.ts';

export type { HookFacts, HookStage, HooksResult, OperatorHooks } from './model.ts';

/** The hooks in `--hooks-dir`. What runs them is loaded once there is one to run. */
export function createOperatorHooks(ports: OperatorHooksPorts): OperatorHooks {
  const { config } = ports;
  return {
    holds: config.hookFailure === 'hold',
    run: async (stage, facts, attempt, succeeded) => {
      const directory = join(config.hooksDir, stage);
      if (isEmpty(directory)) return 'none';
      const { runStage } = await import('./run-stage.ts');
      return runStage({ ...ports, directory, stage, facts, attempt, succeeded });
    },
  };
}

/** Says at the start what will not be run: the middle of a drain is a bad time to learn it. Never rejects. */
export async function sayWhatIsNotRun(hooksDir: string, log: Log): Promise<void> {
  if (isEmpty(hooksDir)) return;
  const { sayNotRun } = await import('./not-run.ts');
  sayNotRun(hooksDir, log);
}

/** What exists and cannot be listed does not count as empty: somebody wants hooks to run. */
function isEmpty(directory: string): boolean {
  try {
    return readdirSync(directory).length === 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
