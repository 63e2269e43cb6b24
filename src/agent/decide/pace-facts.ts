import { ifKnown } from '../../base/reading.ts';
import type { HookChoice, Observation, Policy } from '../model.ts';
import type { DrainPace } from './drain-pace.ts';
import {
  earlier,
  hookChoice,
  isContradicted,
  isOver,
  isRebalanced,
  isUnsignalled,
  signalsOf,
} from './facts.ts';
import { heartbeatInterval } from './heartbeat.ts';
import { abandonAt, drainDeadline, hookLimit, interruptionAt, SPOT_STOP_TASKS_MS } from './limits.ts';

/** What the pace of questions depends on, of all that is observed. */
export type PaceFacts = Pick<
  DrainPace,
  | 'stopTasksAt'
  | 'spotStopAt'
  | 'limitAt'
  | 'letsGoAt'
  | 'heartbeatInterval'
  | 'areHooksKnown'
  | 'unclearInterval'
  | 'hookLimit'
  | 'abandonAt'
  | 'isSignalUnknown'
  | 'isUnsignalled'
  | 'isTermination'
  | 'isContradicted'
  | 'isOver'
  | 'isToTerminate'
>;

export const UNOBSERVED: PaceFacts = {
  stopTasksAt: undefined,
  spotStopAt: undefined,
  limitAt: undefined,
  letsGoAt: undefined,
  heartbeatInterval: undefined,
  areHooksKnown: false,
  unclearInterval: undefined,
  hookLimit: undefined,
  abandonAt: undefined,
  isSignalUnknown: false,
  isUnsignalled: false,
  isTermination: false,
  isContradicted: false,
  isOver: false,
  isToTerminate: false,
};

export function paceFacts(observed: Observation, policy: Policy): PaceFacts {
  const choice = hookChoice(observed, policy);
  const interruption = policy.spotStopTasks ? interruptionAt(observed) : undefined;
  const spotStopAt = interruption && interruption - SPOT_STOP_TASKS_MS;
  const letsGo = policy.onTimeout === 'continue' || policy.onTimeout === 'abandon';
  const deadline = policy.onTimeout === 'stop-tasks' ? drainDeadline(observed, policy) : undefined;
  return {
    stopTasksAt: earlier(spotStopAt, deadline),
    spotStopAt,
    limitAt: earlier(drainDeadline(observed, policy), hookLimit(observed)),
    letsGoAt: letsGo ? drainDeadline(observed, policy) : undefined,
    heartbeatInterval: choice.kind === 'ours' ? heartbeatInterval(choice.hook) : undefined,
    areHooksKnown: observed.hooks.kind === 'known',
    unclearInterval: unclearInterval(choice, observed),
    hookLimit: hookLimit(observed),
    abandonAt: abandonAt(observed, policy),
    isSignalUnknown: observed.signals.kind === 'unknown',
    isUnsignalled: isUnsignalled(observed),
    isTermination: signalsOf(observed).some(({ source }) => source === 'lifecycle'),
    isContradicted: isContradicted(observed),
    isOver: isOver(observed),
    isToTerminate: policy.rebalanceTerminate && isRebalanced(observed),
  };
}

function unclearInterval({ kind }: HookChoice, { hooks }: Observation): number | undefined {
  if (kind !== 'ambiguous' && kind !== 'missing') return undefined;
  return Math.min(...(ifKnown(hooks) ?? []).map((hook) => heartbeatInterval(hook)));
}
