import type { Clock } from '../base/clock.ts';
import type { Environment } from '../base/environment.ts';
import type { Config } from '../config/options.ts';
import type { Log } from '../log/log.ts';

/** When the operator's executables run. Each stage is a directory of that name. */
export const HOOK_STAGES = ['draining', 'drained', 'released'] as const;
export type HookStage = (typeof HOOK_STAGES)[number];

/** What a hook is told, in its environment and as JSON on its standard input. */
export type HookFacts = {
  readonly instanceId: string;
  readonly region: string;
  readonly cluster?: string | undefined;
  readonly containerInstance?: string | undefined;
  readonly group?: string | undefined;
  readonly lifecycleState?: string | undefined;
  readonly signals: readonly string[];
  readonly tasksLeft?: number | undefined;
  /** ISO time at which the first signal was seen. */
  readonly signalledAt?: string | undefined;
  readonly waitedSeconds?: number | undefined;
};

/** The outcome of a stage's hooks; `none`: it has none. */
export type HooksResult = 'none' | 'succeeded' | 'failed';

/** The operator's own executables. */
export type OperatorHooks = {
  /** Whether an instance is kept until the hooks of stage `drained` have succeeded. */
  readonly holds: boolean;
  /**
   * Runs the hooks of a stage, one after the other. Those that succeeded in an earlier attempt are not run again.
   * Never rejects.
   *
   * @param attempt 1 for the first
   * @param succeeded the paths of those that have succeeded in this drain; the next ones are added
   */
  run(stage: HookStage, facts: HookFacts, attempt: number, succeeded: Set<string>): Promise<HooksResult>;
};

export type OperatorHooksPorts = {
  readonly config: Pick<Config, 'hooksDir' | 'hookTimeout' | 'hookFailure' | 'dryRun'>;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: AbortSignal;
};
