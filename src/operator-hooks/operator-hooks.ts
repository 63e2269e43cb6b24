import { readdirSync } from 'node:fs';
import { join } from 'node:path';
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

/** A directory that exists and cannot be read does not count as empty: somebody wants hooks to run. */
function isEmpty(directory: string): boolean {
  try {
    return readdirSync(directory).length === 0;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR';
  }
}
