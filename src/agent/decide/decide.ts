import type { Hook } from '../../aws/auto-scaling.ts';
import type { Task } from '../../aws/ecs.ts';
import { ifKnown } from '../../base/reading.ts';
import type { Config } from '../../config/options.ts';
import type { Signal } from '../../signals/signal.ts';
import { isReleased } from '../act/hook-stages.ts';
import type { ContainerInstance, Heartbeat, Memory, Observation, Waiting } from '../model.ts';
import { chooseHook, type HookChoice } from './lifecycle-hook.ts';

/** What the policy needs of the configuration. */
export type Policy = Pick<
  Config,
  'mode' | 'drainTimeout' | 'onTimeout' | 'lifecycleHook' | 'spotStopTasks' | 'rebalanceTerminate'
>;

export type Decision = {
  readonly action: Action;
  /** The lifecycle action whose heartbeat is due, beside the action. */
  readonly heartbeat?: { readonly group: string; readonly hook: string } | undefined;
  /** When the next one will be due, in ms since the Unix epoch. */
  readonly nextHeartbeatAt?: number | undefined;
};

export type Action =
  | { readonly kind: 'watch' }
  | { readonly kind: 'refuse'; readonly why: 'identity-changed' }
  | { readonly kind: 'set-active'; readonly containerInstance: Registered }
  | { readonly kind: 'set-draining'; readonly containerInstance: Registered }
  | {
      readonly kind: 'stop-tasks';
      readonly cluster: string;
      readonly tasks: readonly Task[];
      readonly why: 'timeout' | 'spot';
    }
  | { readonly kind: 'deregister'; readonly containerInstance: Registered }
  | {
      readonly kind: 'complete';
      readonly group: string;
      readonly hook: string;
      readonly result: 'CONTINUE' | 'ABANDON';
      readonly why: 'drained' | 'timeout' | 'hook-limit';
    }
  | { readonly kind: 'terminate'; readonly why: 'drained' | 'timeout' | 'rebalance' }
  /** Tasks are left, or something must become known first. */
  | { readonly kind: 'wait'; readonly why: Wait }
  | { readonly kind: 'done'; readonly why: Done };

export type Wait =
  | { readonly for: 'tasks'; readonly tasks: readonly Task[]; readonly pastTimeout: boolean }
  | { readonly for: 'signals' | 'container-instance' | 'task-list' | 'group-state'; readonly cause: string }
  /** The group has begun to terminate the instance, and its hook does not wait yet. */
  | { readonly for: 'hook' }
  /** The operator's own, of stage `drained`. `failed`: they are tried again until they succeed. */
  | { readonly for: 'operator-hooks'; readonly state: 'running' | 'failed' }
  /** The lifecycle action waits, and which hook is ours can't be told. */
  | { readonly for: 'hook-choice'; readonly choice: Exclude<HookChoice, { kind: 'ours' }> };

export type Done =
  /** Deregistered by request; the group has not begun to terminate the instance. */
  | 'maintenance'
  /** In no group: there is nobody to tell. */
  | 'no-group'
  /** We completed the lifecycle action or terminated the instance. */
  | 'released'
  /** The group is terminating the instance whatever we do. */
  | 'terminating';

export type Registered = Extract<ContainerInstance, { kind: 'registered' }>;

/** A Spot interruption minus this many ms is when tasks are asked to stop: ECS gives them 30 s by default. */
export const SPOT_STOP_TASKS_MS = 30_000;
/** A retaining group's hook is abandoned this many ms before its global limit, while it still can be. */
export const ABANDON_BEFORE_LIMIT_MS = 5 * 60_000;
/** A task that did not stop is asked again after this many ms: the first request may have been lost. */
export const ASK_AGAIN_MS = 60_000;
/** So many tasks are asked to stop within ASK_AGAIN_MS at an operator's limit: what the API's budget lets through. */
export const STOP_AT_ONCE = 12;

/** The whole policy: what to do next, given what is known. The first line that applies decides. */
export function decide(observation: Observation, policy: Policy): Decision {
  const action = nextAction(observation, policy);
  // An action that is being completed needs none; one that is being abandoned does, should AWS not answer: where the
  // default result is CONTINUE its time-out would end what an abandoned action keeps.
  const isEnding = action.kind === 'complete' && action.result === 'CONTINUE';
  const next = isEnding ? undefined : nextHeartbeat(observation, policy);
  if (!next) return { action };
  const { at, ...heartbeat } = next;
  return at <= observation.now ? { action, heartbeat } : { action, nextHeartbeatAt: at };
}

function nextAction(observed: Observation, policy: Policy): Action {
  const { signals, memory } = observed;

  if (observed.identity === 'changed') return { kind: 'refuse', why: 'identity-changed' };
  if (signals.kind === 'known' && signals.value.length === 0) {
    if (memory.drainingSetAt === undefined) return { kind: 'watch' };
    return cancelled(observed);
  }
  if (signals.kind === 'unknown' && !terminationDecided(observed)) {
    return memory.signalledAt === undefined
      ? { kind: 'watch' }
      : { kind: 'wait', why: { for: 'signals', cause: signals.cause } };
  }

  const abandoned = beyondHookLimit(observed, policy);
  if (abandoned) return abandoned;
  if (observed.containerInstance.kind === 'unknown') {
    return waitFor('container-instance', observed.containerInstance);
  }
  const containerInstance = observed.containerInstance.value;
  if (
    containerInstance.kind === 'registered' &&
    containerInstance.status === 'ACTIVE' &&
    policy.mode === 'drain'
  ) {
    return { kind: 'set-draining', containerInstance };
  }
  if (observed.tasks.kind === 'unknown') return waitFor('task-list', observed.tasks);
  if (observed.tasks.value.length > 0) {
    const limited = atLimit(observed, policy, containerInstance, observed.tasks.value);
    if (limited) return limited;
    // The plain mode leaves it to ECS to say that tasks still run.
    if (policy.mode === 'deregister' && containerInstance.kind === 'registered') {
      return { kind: 'deregister', containerInstance };
    }
    return {
      kind: 'wait',
      why: { for: 'tasks', tasks: observed.tasks.value, pastTimeout: pastTimeout(observed, policy) },
    };
  }
  if (containerInstance.kind === 'registered') return { kind: 'deregister', containerInstance };
  return release(observed, policy);
}

/** The signal is gone after we set DRAINING: give the instance back, if it is still there to give. */
function cancelled({ containerInstance }: Observation): Action {
  if (containerInstance.kind === 'unknown') return waitFor('container-instance', containerInstance);
  return containerInstance.value.kind === 'registered' && containerInstance.value.status === 'DRAINING'
    ? { kind: 'set-active', containerInstance: containerInstance.value }
    : { kind: 'watch' };
}

/** No task is left and ECS knows the instance no more: let the group have it. */
function release(observed: Observation, policy: Policy): Action {
  const { lifecycle, memory } = observed;
  const held = heldByHooks(observed, policy);
  if (held) return held;
  if (lifecycle.kind === 'unknown') return waitFor('group-state', lifecycle);
  if (lifecycle.value.kind === 'no-group') return { kind: 'done', why: 'no-group' };
  const { group, state } = lifecycle.value;
  switch (state) {
    case 'Terminating':
      return { kind: 'wait', why: { for: 'hook' } };
    case 'Terminating:Wait': {
      // Ours is done; another owner's hook still holds the instance.
      if (isCompleted(memory)) return { kind: 'done', why: 'released' };
      const choice = chooseHook(observed.hooks, policy.lifecycleHook, signalsOf(observed));
      return choice.kind === 'ours'
        ? { kind: 'complete', group, hook: choice.hook.name, result: 'CONTINUE', why: 'drained' }
        : { kind: 'wait', why: { for: 'hook-choice', choice } };
    }
    case 'Terminating:Retained':
      return memory.terminated ? { kind: 'done', why: 'released' } : { kind: 'terminate', why: 'drained' };
    case 'Terminating:Proceed':
    case 'Terminated':
      return { kind: 'done', why: memory.completed ? 'released' : 'terminating' };
    case 'InService':
      // Asked to terminate it, the group may not have begun yet.
      if (memory.terminated) return { kind: 'wait', why: { for: 'hook' } };
      return policy.rebalanceTerminate && signalsOf(observed).some(({ source }) => source === 'rebalance')
        ? { kind: 'terminate', why: 'rebalance' }
        : { kind: 'done', why: 'maintenance' };
    default:
      return { kind: 'done', why: 'maintenance' };
  }
}

/** The operator's hooks have their time once nothing can run here any more, and before anybody lets the machine go. */
function heldByHooks(observed: Observation, policy: Policy): Action | undefined {
  const { drainedHooks, memory } = observed;
  if (drainedHooks === undefined || drainedHooks === 'settled' || isReleased(memory)) return undefined;
  if (drainedHooks === 'held' && pastTimeout(observed, policy)) {
    const waiting = waitingHook(observed, policy);
    if (policy.onTimeout === 'continue') return undefined;
    if (policy.onTimeout === 'abandon' && waiting) return complete(waiting, 'ABANDON', 'timeout');
  }
  const state = drainedHooks === 'held' ? 'failed' : 'running';
  return { kind: 'wait', why: { for: 'operator-hooks', state } };
}

/** What a limit that has come asks for while tasks are left. */
function atLimit(
  observed: Observation,
  policy: Policy,
  containerInstance: ContainerInstance,
  tasks: readonly Task[],
): Action | undefined {
  const { now, memory } = observed;
  const stop = (why: 'timeout' | 'spot'): Action | undefined => {
    const lately = Object.values(memory.askedToStop ?? {}).filter((at) => now < at + ASK_AGAIN_MS).length;
    const room = why === 'spot' ? Infinity : Math.max(0, STOP_AT_ONCE - lately);
    const toStop = notAsked(tasks, observed).slice(0, room);
    return toStop.length > 0 && containerInstance.kind === 'registered'
      ? { kind: 'stop-tasks', cluster: containerInstance.cluster, tasks: toStop, why }
      : undefined;
  };

  const spot = signalsOf(observed).find((signal) => signal.source === 'spot');
  if (policy.spotStopTasks && spot && now >= spot.interruptionAt - SPOT_STOP_TASKS_MS) {
    const stopping = stop('spot');
    if (stopping) return stopping;
  }

  const waiting = waitingHook(observed, policy);
  if (pastTimeout(observed, policy)) {
    if (policy.onTimeout === 'stop-tasks') {
      const stopping = stop('timeout');
      if (stopping) return stopping;
    }
    if (policy.onTimeout === 'abandon' && waiting) return complete(waiting, 'ABANDON', 'timeout');
    if (policy.onTimeout === 'continue') {
      if (waiting) return complete(waiting, 'CONTINUE', 'timeout');
      if (groupState(observed) === 'Terminating:Retained' && !memory.terminated) {
        return { kind: 'terminate', why: 'timeout' };
      }
    }
  }
  return undefined;
}

/**
 * Near the hook's global limit, a group that retains abandoned instances is told to: the wait then goes on
 * without a limit. That costs no task, so it needs no certainty about them.
 */
function beyondHookLimit(observed: Observation, policy: Policy): Action | undefined {
  const limit = hookLimit(observed);
  if (limit === undefined || observed.now < limit - ABANDON_BEFORE_LIMIT_MS) return undefined;
  const isEmpty = ifKnown(observed.tasks)?.length === 0 && observed.drainedHooks !== 'held';
  if (!ifKnown(observed.retainsAbandoned) || isEmpty) return undefined;
  const waiting = waitingHook(observed, policy);
  return waiting && complete(waiting, 'ABANDON', 'hook-limit');
}

/**
 * The hook's global limit, in ms since the Unix epoch: no heartbeat takes a lifecycle action beyond it.
 * Undefined while nothing waits, or where the hook's own numbers are not known.
 */
export function hookLimit({ memory }: Observation): number | undefined {
  const globalTimeout = memory.waiting?.hook?.globalTimeout;
  if (isCompleted(memory) || !memory.waiting || globalTimeout === undefined) return undefined;
  return memory.waiting.since + globalTimeout;
}

/** The operator's own limit, in ms since the Unix epoch. */
export function drainDeadline({ memory }: Observation, policy: Policy): number | undefined {
  if (policy.drainTimeout === undefined || memory.signalledAt === undefined) return undefined;
  return memory.signalledAt + policy.drainTimeout;
}

/**
 * How long after a heartbeat the next one is due, in ms. A sixth of the time-out leaves room for an outage of
 * two thirds of it, found in the worst moment, and for the tries that end it; six seconds keep the shortest
 * time-out of 30 s within ten requests a minute, so that twelve leave two for an outage.
 */
export function heartbeatInterval(hook: Hook): number {
  return Math.max(6_000, Math.min(timeoutOf(hook) / 6, 600_000));
}

/** How long after a heartbeat that failed the next try is due, in ms. */
export function heartbeatRetry(hook: Hook): number {
  return Math.max(5_000, Math.min(timeoutOf(hook) / 12, 60_000));
}

/** Auto Scaling API reference, PutLifecycleHook: HeartbeatTimeout is 30 to 7200 s. */
const SHORTEST_HEARTBEAT_TIMEOUT_MS = 30_000;
/** The last try before a hook's time-out comes this many ms before it, whatever the pace. */
const LAST_TRY_MS = 2_000;

const timeoutOf = (hook: Hook): number => hook.heartbeatTimeout ?? SHORTEST_HEARTBEAT_TIMEOUT_MS;

function nextHeartbeat(
  observed: Observation,
  policy: Policy,
): { readonly group: string; readonly hook: string; readonly at: number } | undefined {
  const { lastHeartbeat, signals, memory } = observed;
  if (observed.identity === 'changed' || isCompleted(memory)) return undefined;
  if (signals.kind === 'known' && signals.value.length === 0) return undefined;
  // A heartbeat does no harm where nothing waits any more, and its lack may: what was last known is enough.
  const waiting =
    waitingHook(observed, policy) ?? (observed.lifecycle.kind === 'unknown' ? memory.waiting : undefined);
  if (!waiting?.hook) return undefined;
  const at = lastHeartbeat ? afterHeartbeat(lastHeartbeat, waiting.hook) : observed.now;
  return { group: waiting.group, hook: waiting.hook.name, at };
}

/** When the next heartbeat is due after this one. */
function afterHeartbeat(last: Heartbeat, hook: Hook): number {
  switch (last.outcome) {
    case 'recorded':
      return last.at + heartbeatInterval(hook);
    case 'failed': {
      const next = last.at + heartbeatRetry(hook);
      const lastTry = (last.recordedAt ?? -Infinity) + timeoutOf(hook) - LAST_TRY_MS;
      return last.at < lastTry ? Math.min(next, lastTry) : next;
    }
    // Soon enough if AWS was mistaken, and ever more rarely where it is not: another hook can hold the instance for days.
    case 'nothing-waiting':
      return last.at + Math.min(LONGEST_PAUSE_MS, heartbeatInterval(hook) * 2 ** (last.times - 1));
  }
}

const LONGEST_PAUSE_MS = 3_600_000;

/** Our hook, while its lifecycle action is known to wait for us. */
function waitingHook(observed: Observation, policy: Policy): Waiting | undefined {
  if (isCompleted(observed.memory) || groupState(observed) !== 'Terminating:Wait') return undefined;
  const { memory, lifecycle } = observed;
  const choice = chooseHook(observed.hooks, policy.lifecycleHook, signalsOf(observed));
  if (choice.kind !== 'ours' || lifecycle.kind !== 'known' || lifecycle.value.kind !== 'in-group')
    return undefined;
  return { since: memory.waiting?.since ?? observed.now, group: lifecycle.value.group, hook: choice.hook };
}

const complete = (
  { group, hook }: Waiting,
  result: 'CONTINUE' | 'ABANDON',
  why: 'timeout' | 'hook-limit',
): Action => ({ kind: 'complete', group, hook: hook.name, result, why });

/** Whether the lifecycle action is behind us, as far as can be told. */
const isCompleted = ({ completed }: Memory): boolean =>
  completed !== undefined && completed.standing !== 'doubted';

/** A group that terminates the instance never takes that back: as good as any signal. */
const terminationDecided = (observed: Observation): boolean =>
  groupState(observed)?.startsWith('Terminat') ?? false;

function groupState({ lifecycle }: Observation): string | undefined {
  return lifecycle.kind === 'known' && lifecycle.value.kind === 'in-group'
    ? lifecycle.value.state
    : undefined;
}

/** The signals as they are, or as they last were when nothing answers. */
function signalsOf({ signals, memory }: Observation): readonly Signal[] {
  return ifKnown(signals) ?? memory.signals ?? [];
}

function pastTimeout(observed: Observation, policy: Policy): boolean {
  const deadline = drainDeadline(observed, policy);
  return deadline !== undefined && observed.now >= deadline;
}

function notAsked(tasks: readonly Task[], { now, memory }: Observation): readonly Task[] {
  return tasks.filter(({ arn, desiredStatus }) => {
    const askedAt = memory.askedToStop?.[arn];
    return desiredStatus !== 'STOPPED' && (askedAt === undefined || now >= askedAt + ASK_AGAIN_MS);
  });
}

const waitFor = (
  what: 'container-instance' | 'task-list' | 'group-state',
  { cause }: { readonly cause: string },
): Action => ({ kind: 'wait', why: { for: what, cause } });
