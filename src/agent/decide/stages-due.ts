import { ifKnown } from '../../base/reading.ts';
import type { HookStage } from '../../operator-hooks/operator-hooks.ts';
import type { Action, Observation, Policy } from '../model.ts';
import { isReleased } from './facts.ts';

/**
 * The stages whose hooks are due now and have not run in this drain. Each stage is due from some moment on, and does not wait for
 * another stage.
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

function takesNoMoreTasks(observed: Observation, { mode }: Pick<Policy, 'mode'>): boolean {
  const containerInstance = ifKnown(observed.containerInstance);
  // Right after DRAINING was set, the tasks are listed anew: hooks are told how many there are.
  if (!containerInstance || observed.tasks.kind === 'unknown') return false;
  return (
    mode === 'deregister' || containerInstance.kind !== 'registered' || containerInstance.status !== 'ACTIVE'
  );
}

/**
 * Whether ECS must be looked at again before the hooks of a stage begin. That no task is left can follow from the time that has passed
 * alone, as when a silent ECS agent's last word no longer counts, and a host that has registered anew since may have tasks again.
 *
 * @param ecsView ECS's last answer
 * @param now in ms by the agent's clock
 */
export const restsOnOldView = (
  stage: HookStage,
  { answeredAt, isOfAnother }: ViewedBefore,
  now: number,
): boolean => stage === 'drained' && (isOfAnother || now - answeredAt > VIEWED_LATELY_MS);

/** ECS's last answer: when it came, and whether the ECS agent names another container instance by now than while ECS was asked. */
export type ViewedBefore = { readonly answeredAt: number; readonly isOfAnother: boolean };

const VIEWED_LATELY_MS = 5_000;
