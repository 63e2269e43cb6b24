import type { Action, ContainerInstance, Decision, Observation, Policy, Registered } from '../model.ts';
import {
  hookChoice,
  isCompleted,
  isReleased,
  isTerminatedLately,
  signalsOf,
  terminationDecided,
  waitingHook,
} from './facts.ts';
import { nextHeartbeat } from './heartbeat.ts';
import { atLimit, beyondHookLimit, complete, pastTimeout, stopIgnored } from './limits.ts';

/** The whole policy: what to do next, given what is known. The first line that applies decides. */
export function decide(observed: Observation, policy: Policy): Decision {
  const action = nextAction(observed, policy);
  const next = nextHeartbeat(observed, policy, action);
  if (!next) return { action };
  const { at, ...heartbeat } = next;
  return at <= observed.now ? { action, heartbeat } : { action, nextHeartbeatAt: at };
}

function nextAction(observed: Observation, policy: Policy): Action {
  const { signals, memory } = observed;

  if (observed.identity === 'changed') return { kind: 'refuse', why: 'identity-changed' };
  if (signals.kind === 'known' && signals.value.length === 0) {
    return memory.drainingSetAt === undefined ? { kind: 'watch' } : cancelled(observed);
  }
  if (signals.kind === 'unknown' && !terminationDecided(observed)) {
    return memory.signalledAt === undefined && memory.drainingSetAt === undefined
      ? { kind: 'watch' }
      : { kind: 'wait', why: { for: 'signals', cause: signals.cause } };
  }

  const abandoned = beyondHookLimit(observed, policy);
  if (abandoned) return abandoned;
  if (observed.containerInstance.kind === 'unknown') {
    return waitFor('container-instance', observed.containerInstance);
  }
  const containerInstance = observed.containerInstance.value;
  if (isActive(containerInstance) && policy.mode === 'drain') {
    return { kind: 'set-draining', containerInstance };
  }
  if (observed.tasks.kind === 'unknown') return waitFor('task-list', observed.tasks);
  const tasks = observed.tasks.value;
  if (tasks.length > 0) {
    const limited = atLimit(observed, policy, containerInstance, tasks);
    if (limited) return limited;
    const ignored = stopIgnored(observed, policy, containerInstance, tasks);
    if (ignored) return ignored;
    // The plain mode leaves it to ECS to say that tasks still run.
    if (policy.mode === 'deregister' && containerInstance.kind === 'registered') {
      return { kind: 'deregister', containerInstance };
    }
    return { kind: 'wait', why: { for: 'tasks', tasks, pastTimeout: pastTimeout(observed, policy) } };
  }
  if (containerInstance.kind === 'registered') return { kind: 'deregister', containerInstance };
  return release(observed, policy);
}

/**
 * The signal is gone after we set DRAINING: give the instance back, if it is still there to give. Also where ECS calls it
 * ACTIVE: its descriptions lag, and setting it once more does no harm.
 */
function cancelled({ containerInstance }: Observation): Action {
  if (containerInstance.kind === 'unknown') return waitFor('container-instance', containerInstance);
  const { value } = containerInstance;
  return value.kind === 'registered' && (value.status === 'DRAINING' || value.status === 'ACTIVE')
    ? { kind: 'set-active', containerInstance: value }
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
      const choice = hookChoice(observed, policy);
      return choice.kind === 'ours'
        ? { kind: 'complete', group, hook: choice.hook.name, result: 'CONTINUE', why: 'drained' }
        : { kind: 'wait', why: { for: 'hook-choice', choice } };
    }
    case 'Terminating:Retained':
      return isTerminatedLately(observed)
        ? { kind: 'done', why: 'released' }
        : { kind: 'terminate', why: 'drained' };
    case 'Terminating:Proceed':
    case 'Terminated':
      return { kind: 'done', why: memory.completed ? 'released' : 'terminating' };
    case 'InService':
      // Asked to terminate it, the group may not have begun yet.
      if (isTerminatedLately(observed)) return { kind: 'wait', why: { for: 'hook' } };
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

const isActive = (one: ContainerInstance): one is Registered =>
  one.kind === 'registered' && one.status === 'ACTIVE';

const waitFor = (
  what: 'container-instance' | 'task-list' | 'group-state',
  { cause }: { readonly cause: string },
): Action => ({ kind: 'wait', why: { for: what, cause } });
