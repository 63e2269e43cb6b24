import { type Clock, isoTime } from '../../base/clock.ts';
import { ifKnown } from '../../base/reading.ts';
import type { HookFacts, HookStage, OperatorHooks } from '../../operator-hooks/operator-hooks.ts';
import type { Action, Policy } from '../decide/decide.ts';
import type { Memory, Observation } from '../model.ts';
import { factsOf } from '../report/report.ts';

/** How the hooks of one stage are doing. `held`: they failed, and the instance waits until they succeed. */
export type StageState = 'due' | 'running' | 'held' | 'settled';

/**
 * The stages whose hooks have their time now and have not run in this drain. Each has its time from some moment
 * on, whatever else goes on: none waits for another.
 */
export function stagesDue(observed: Observation, action: Action, policy: Pick<Policy, 'mode'>): HookStage[] {
  const { memory } = observed;
  if (action.kind === 'watch' || action.kind === 'refuse' || action.kind === 'set-active') return [];
  if (action.kind === 'wait' && action.why.for === 'signals') return [];
  const isDue: Record<HookStage, boolean> = {
    draining: takesNoMoreTasks(observed, policy),
    drained: action.kind === 'wait' && action.why.for === 'operator-hooks',
    released: isReleased(memory) || (action.kind === 'done' && action.why === 'terminating'),
  };
  return (Object.keys(isDue) as HookStage[]).filter((stage) => isDue[stage] && !memory.hooksRun?.[stage]);
}

/** Whether the instance has been let go, by us. An abandoned action may leave it retained, with its tasks. */
export const isReleased = ({ completed, terminated }: Memory): boolean =>
  completed?.result === 'CONTINUE' || terminated === true;

function takesNoMoreTasks(observed: Observation, { mode }: Pick<Policy, 'mode'>): boolean {
  const containerInstance = ifKnown(observed.containerInstance);
  // Right after it was set DRAINING its tasks are listed anew: a hook is told how many there are.
  if (!containerInstance || observed.tasks.kind === 'unknown') return false;
  return (
    mode === 'deregister' || containerInstance.kind !== 'registered' || containerInstance.status !== 'ACTIVE'
  );
}

/** What a stage's hooks are told. */
export function hookFacts(
  observed: Observation,
  policy: Policy,
  instanceId: string,
  region: string,
): HookFacts {
  const {
    tasks: _,
    deadline: __,
    blockedBy: ___,
    lastTaskEndedAt: ____,
    ...facts
  } = factsOf(observed, policy);
  const { signalledAt } = observed.memory;
  return {
    ...facts,
    cluster: facts.cluster ?? clusterIn(facts.containerInstance),
    instanceId,
    region,
    ...(signalledAt !== undefined && { signalledAt: isoTime(signalledAt) }),
  };
}

/** In an ARN of today's form, `…:container-instance/CLUSTER/ID`: once deregistered, nothing else says it. */
function clusterIn(arn: string | undefined): string | undefined {
  const parts = arn?.split('/') ?? [];
  return parts.length === 3 ? parts[1] : undefined;
}

/** The first pause after a failure, in ms; it doubles up to the longest. */
export const RETRY_MS = 15_000;
export const LONGEST_RETRY_MS = 300_000;

export type Stages = {
  state(stage: HookStage): StageState;
  /** Runs the stage's hooks, unless they run already, have run, or rest after a failure. */
  start(stage: HookStage, facts: HookFacts): void;
  /** When hooks that failed are tried again, in ms by the agent's clock. */
  retryAt(): number;
  /** What has run was of another drain. */
  forget(): void;
};

export type StagesPorts = {
  readonly hooks: OperatorHooks;
  readonly clock: Clock;
  /** A stage's hooks have run, for the last time in this drain. Not called where it has none. */
  readonly onRun: (stage: HookStage, result: 'succeeded' | 'failed') => void;
  /** They failed and are tried again after so many ms. */
  readonly onHeld: (stage: HookStage, retryMs: number) => void;
  /** Something has changed. */
  readonly onChange: () => void;
};

/** Runs the hooks of each stage beside everything else: nothing but the release ever waits for them. */
export function createStages({ hooks, clock, onRun, onHeld, onChange }: StagesPorts): Stages {
  const states = new Map<HookStage, StageState>();
  let drain = 0;
  let failures = 0;
  let retryAt = Infinity;

  async function run(stage: HookStage, facts: HookFacts) {
    const startedIn = drain;
    states.set(stage, 'running');
    const result = await hooks.run(stage, facts, stage === 'drained' ? failures + 1 : 1);
    if (startedIn !== drain) return;
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

  return {
    state: (stage) => states.get(stage) ?? 'due',
    start: (stage, facts) => {
      const state = states.get(stage) ?? 'due';
      if (state === 'running' || state === 'settled') return;
      if (state === 'held' && clock.now() < retryAt) return;
      retryAt = Infinity;
      void run(stage, facts);
    },
    retryAt: () => retryAt,
    forget: () => {
      drain++;
      states.clear();
      failures = 0;
      retryAt = Infinity;
      hooks.forget();
    },
  };
}
