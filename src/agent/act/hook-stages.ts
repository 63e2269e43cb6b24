import type { Clock } from '../../base/clock.ts';
import type { HookFacts, HookStage, OperatorHooks } from '../../operator-hooks/operator-hooks.ts';
import type { StageState } from '../model.ts';

/** The first pause after a failure, in ms; it doubles up to the longest. */
export const RETRY_MS = 15_000;
export const LONGEST_RETRY_MS = 300_000;

export type HookStages = {
  state(stage: HookStage): StageState;
  /** Whether the stage's hooks neither run already, nor have run, nor rest after a failure. */
  mayStart(stage: HookStage): boolean;
  /** Runs them, if they may start. */
  start(stage: HookStage, facts: HookFacts): void;
  /** When hooks that failed are tried again, in ms by the agent's clock. */
  retryAt(): number;
  /** The drain is over: what still runs changes nothing any more. */
  close(): void;
};

/** The stages whose hooks are running, each until its promise is settled. */
export type RunningHooks = Map<HookStage, Promise<unknown>>;

export type HookStagesPorts = {
  readonly hooks: OperatorHooks;
  /** What is under way, of the drains before too: one map for all of them. */
  readonly running: RunningHooks;
  readonly clock: Clock;
  /** A stage's hooks have run, for the last time in this drain. Not called where it has none. */
  readonly onRun: (stage: HookStage, result: 'succeeded' | 'failed') => void;
  /** They failed and are tried again after so many ms. */
  readonly onHeld: (stage: HookStage, retryMs: number) => void;
  /** Something has changed. */
  readonly onChange: () => void;
};

/** Runs the hooks of one drain's stages beside everything else: nothing but the release ever waits for them. */
export function createHookStages({
  hooks,
  running,
  clock,
  onRun,
  onHeld,
  onChange,
}: HookStagesPorts): HookStages {
  const states = new Map<HookStage, StageState>();
  const succeeded = new Set<string>();
  let isClosed = false;
  let failures = 0;
  let retryAt = Infinity;

  async function run(stage: HookStage, facts: HookFacts) {
    states.set(stage, 'running');
    // A drain that was cancelled leaves its hooks running, and they need not bear to run twice at once.
    const before = running.get(stage);
    if (before) await before;
    if (isClosed) return;
    const own = hooks.run(stage, facts, stage === 'drained' ? failures + 1 : 1, succeeded);
    running.set(stage, own);
    const result = await own;
    running.delete(stage);
    if (isClosed) return;
    if (result === 'failed' && stage === 'drained' && hooks.holds) {
      const rest = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** failures);
      failures++;
      retryAt = clock.now() + rest;
      states.set(stage, 'held');
      onHeld(stage, rest);
    } else {
      states.set(stage, 'settled');
      if (result !== 'none') onRun(stage, result);
    }
    onChange();
  }

  function mayStart(stage: HookStage): boolean {
    const state = states.get(stage);
    return state === undefined || state === 'due' || (state === 'held' && clock.now() >= retryAt);
  }

  return {
    state: (stage) => states.get(stage) ?? 'due',
    mayStart,
    start: (stage, facts) => {
      if (!mayStart(stage)) return;
      retryAt = Infinity;
      void run(stage, facts);
    },
    retryAt: () => retryAt,
    close: () => {
      isClosed = true;
    },
  };
}
