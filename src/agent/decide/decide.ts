import type { Task } from '../../aws/ecs.ts';
import { ifKnown } from '../../base/reading.ts';
import { whySilent } from '../../signals/read-signals.ts';
import type { Action, ContainerInstance, Decision, Done, Observation, Policy, Registered } from '../model.ts';
import {
  demand,
  groupState,
  holdsRootVolume,
  hookChoice,
  isAssumed,
  isCompleted,
  isContradicted,
  isDrainingOurs,
  isEventAlone,
  isRebalanced,
  isReleased,
  isTerminatedLately,
  KEPT_MS,
  leavingGroup,
  maybeGroupsDoing,
  outlastsEvent,
} from './facts.ts';
import { type Leaving, leaving } from './group-state.ts';
import { nextHeartbeat } from './heartbeat.ts';
import {
  abandon,
  abandonUnknown,
  atLimit,
  beforeInterruption,
  beyondHookLimit,
  pastTimeout,
  stopIgnored,
} from './limits.ts';

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
  const asked = demand(observed);
  if (asked === 'withdrawn') return cancelled(observed);
  if (asked === 'unheard') return waitFor('group-state', UNHEARD);
  if (asked === 'unknown' && signals.kind === 'unknown') {
    return memory.signalledAt === undefined && memory.drainingSetAt === undefined
      ? { kind: 'watch' }
      : waitFor('signals', signals);
  }
  const past = pastEvent(observed, policy);
  if (past) return past;

  const abandoned = beyondHookLimit(observed, policy);
  if (abandoned) return abandoned;
  if (observed.containerInstance.kind === 'unknown') {
    return abandonUnknown(observed, policy) ?? waitFor('container-instance', observed.containerInstance);
  }
  const containerInstance = observed.containerInstance.value;
  if (isActive(containerInstance) && policy.mode === 'drain') {
    // What a limit asks for does not wait for DRAINING, for which others can use up the requests, nor DRAINING for that.
    const mayStop = observed.now >= (observed.spotStopRestsUntil ?? -Infinity);
    const tasks = mayStop ? ifKnown(observed.tasks) : undefined;
    const stopped = beforeInterruption(observed, policy, containerInstance, tasks ?? []);
    return stopped ?? abandonUnknown(observed, policy) ?? { kind: 'set-draining', containerInstance };
  }
  if (observed.tasks.kind === 'unknown')
    return abandonUnknown(observed, policy) ?? waitFor('task-list', observed.tasks);
  const tasks = observed.tasks.value;
  if (tasks.length > 0) {
    const limited = atLimit(observed, policy, containerInstance, tasks);
    if (limited?.kind === 'stop-tasks') return limited;
    // The group may not carry out what a limit asks of it, and the ignored tasks need not wait for that. Nor does the limit for them, where
    // they cannot be asked to stop.
    const ignored = stopIgnored(observed, policy, containerInstance, tasks);
    if (ignored && !(limited && areRefused(observed, ignored.tasks))) return ignored;
    if (limited) return limited;
    // In mode `deregister` it is ECS that says whether tasks still run.
    if (policy.mode === 'deregister' && containerInstance.kind === 'registered') {
      return { kind: 'deregister', containerInstance };
    }
    return { kind: 'wait', why: { for: 'tasks', tasks, pastTimeout: pastTimeout(observed, policy) } };
  }
  if (containerInstance.kind === 'registered') {
    if (policy.mode === 'drain' && outlastsEvent(observed))
      return heldByHooks(observed, policy) ?? { kind: 'done', why: 'event' };
    return leaveCluster(observed, policy, containerInstance);
  }
  return release(observed, policy);
}

/**
 * How long, in ms, the agent waits for the group's word. After that it does what can be undone, and what an operator asks for: S5
 * in guarantees.md promises half a minute. By then the group has been asked several times, and most of a Spot notice's two
 * minutes are left.
 */
const GROUP_PATIENCE_MS = 30_000;

/**
 * Since when the group has not told what it does with the instance. Counts from what asks for the instance now, since the drain itself can be
 * older, and from the group's first failure: one that answered a moment ago is heard again more often than not.
 */
function unheardSince(observed: Observation): number {
  const { now, memory, signalsChangedAt, groupSilentSince = -Infinity } = observed;
  return Math.max(signalsChangedAt ?? memory.signalledAt ?? now, groupSilentSince);
}

/**
 * Handles a tag of a lifecycle event, if nothing else asks for the instance: the event may be over. DRAINING would move the tasks
 * of services, so the group is heard first, and nothing irreversible is done without its word.
 */
function pastEvent(observed: Observation, { mode }: Policy): Action | undefined {
  const { lifecycle, memory, now, keptForMs = 0, silentSignals } = observed;
  if (!isEventAlone(observed)) return undefined;
  if (lifecycle.kind === 'unknown') {
    // The lifecycle action was known to wait before, and no heartbeat has said since that it does not.
    if (memory.waiting && observed.lastHeartbeat?.outcome !== 'nothing-waiting') return undefined;
    const containerInstance = ifKnown(observed.containerInstance);
    const isDue = mode === 'drain' && now >= unheardSince(observed) + GROUP_PATIENCE_MS;
    return isDue && containerInstance && isActive(containerInstance)
      ? { kind: 'set-draining', containerInstance }
      : waitFor('group-state', lifecycle);
  }
  if (!isContradicted(observed)) return undefined;
  if (keptForMs < KEPT_MS) return waitFor('group-state', contradiction(observed));
  return silentSignals === undefined
    ? cancelled(observed)
    : waitFor('signals', { cause: whySilent(silentSignals) });
}

/**
 * A drained container instance leaves its cluster, unless its root volume is replaced: then the instance returns to service, and
 * deregistering cannot be undone. An operator's own request waits for the group's word, but only for GROUP_PATIENCE_MS.
 */
function leaveCluster(observed: Observation, policy: Policy, containerInstance: Registered): Action {
  const deregister: Action = { kind: 'deregister', containerInstance };
  if (policy.mode !== 'drain') return deregister;
  const { newer } = containerInstance;
  if (leavingGroup(observed)?.aim === 'root-volume')
    // Once this container instance is deregistered, the newer one is found. If this one stays, the newer one is not looked for,
    // and can have tasks.
    return newer === undefined
      ? release(observed, policy)
      : waitFor('container-instance', { cause: `this host may have become the container instance ${newer}` });
  const { lifecycle, memory, now } = observed;
  if (lifecycle.kind === 'unknown') {
    const isPatient = now < unheardSince(observed) + GROUP_PATIENCE_MS;
    const mustHear = memory.isReplacing || maybeGroupsDoing(observed) || isPatient;
    return mustHear ? waitFor('group-state', lifecycle) : deregister;
  }
  if (isAssumed(lifecycle.value)) return waitFor('group-state', ASSUMED);
  return isContradicted(observed) ? waitFor('group-state', contradiction(observed)) : deregister;
}

const ASSUMED = { cause: 'the group itself is asked first' };
const UNHEARD = { cause: 'the signal is gone, and the group is asked whether it terminates the instance' };

function contradiction(observed: Observation) {
  const what = isEventAlone(observed)
    ? 'the tag tells of a lifecycle event'
    : 'metadata says that the group takes the instance out';
  const state = groupState(observed);
  const says =
    state === undefined ? 'Auto Scaling says that it is in no group' : `the group itself says ${state}`;
  return { cause: `${what}, and ${says}` };
}

/**
 * The signal is gone. What we set DRAINING is given back, if it is still registered, even if ECS calls it ACTIVE: its
 * descriptions lag, and setting it once more does no harm. An instance whose root volume is about to be replaced is given back
 * only afterwards, because new tasks would end with the old volume.
 */
function cancelled(observed: Observation): Action {
  const { containerInstance, memory, lifecycle } = observed;
  if (lifecycle.kind === 'unknown' && memory.isReplacing) return waitFor('group-state', lifecycle);
  const isOurs = memory.drainingSetAt !== undefined;
  if (leavingGroup(observed)?.aim === 'root-volume' && (isOurs || holdsRootVolume(observed)))
    return waitFor('group-state', { cause: REPLACED_FIRST });
  if (!isOurs) return { kind: 'watch' };
  if (containerInstance.kind === 'unknown') return waitFor('container-instance', containerInstance);
  const { value } = containerInstance;
  const isGiven = value.kind === 'registered' && (value.status === 'DRAINING' || value.status === 'ACTIVE');
  return isGiven && isDrainingOurs(memory, value.arn)
    ? { kind: 'set-active', containerInstance: value }
    : { kind: 'watch' };
}

const REPLACED_FIRST =
  'the signal is gone, and the instance is given back once its root volume has been replaced';

/** No task is left, and the container instance has left ECS, or stays there for its new root volume: the group may have the instance. */
function release(observed: Observation, policy: Policy): Action {
  const { lifecycle, memory } = observed;
  const held = heldByHooks(observed, policy);
  if (held) return held;
  if (lifecycle.kind === 'unknown') return waitFor('group-state', lifecycle);
  if (lifecycle.value.kind === 'no-group') return { kind: 'done', why: 'no-group' };
  if (isAssumed(lifecycle.value)) return waitFor('group-state', ASSUMED);
  const { group, state } = lifecycle.value;
  const where = leaving(state);
  switch (where?.stage) {
    case 'begun':
      return { kind: 'wait', why: { for: 'hook' } };
    case 'waiting': {
      // Our action is completed; another owner's hook still holds the instance.
      if (isCompleted(memory) && !isToBeConfirmed(observed)) return { kind: 'done', why: doneFor(where) };
      const choice = hookChoice(observed, policy);
      return choice.kind === 'ours'
        ? { kind: 'complete', group, hook: choice.hook.name, result: 'CONTINUE', why: 'drained' }
        : { kind: 'wait', why: { for: 'hook-choice', choice } };
    }
    case 'retained':
      return isTerminatedLately(observed)
        ? { kind: 'done', why: 'released' }
        : { kind: 'terminate', why: 'drained' };
    case 'proceeding':
    case 'over':
      if (where.aim === 'root-volume') return { kind: 'done', why: 'root-volume' };
      return { kind: 'done', why: memory.completed ? 'released' : 'terminating' };
    case undefined:
      // The group was asked to terminate the instance, and may not have begun yet.
      if (state === 'InService' && isTerminatedLately(observed))
        return { kind: 'wait', why: { for: 'hook' } };
      return mayTerminate(observed, policy, state)
        ? { kind: 'terminate', why: 'rebalance' }
        : { kind: 'done', why: 'maintenance' };
  }
}

/**
 * If another owner's hook ends in retaining the instance, and somebody terminates it again before the group is asked, ours waits anew, and
 * nothing shows that it is another wait. So the completion is repeated now and then: where nothing waits, it does nothing.
 */
const isToBeConfirmed = ({ now, memory: { completed } }: Observation): boolean =>
  completed?.result === 'CONTINUE' &&
  completed.standing === 'confirmed' &&
  now >= completed.at + CONFIRMED_MS;
const CONFIRMED_MS = 5 * 60_000;

const doneFor = ({ aim }: Leaving): Done => (aim === 'root-volume' ? 'root-volume' : 'released');

const mayTerminate = (observed: Observation, { rebalanceTerminate }: Policy, state: string): boolean =>
  state === 'InService' && rebalanceTerminate && isRebalanced(observed);

/** The operator's hooks in `drained/` run once nothing can be placed here any more, and before anything releases the instance. */
function heldByHooks(observed: Observation, policy: Policy): Action | undefined {
  const { drainedHooks, memory } = observed;
  if (drainedHooks === undefined || drainedHooks === 'settled' || isReleased(memory)) return undefined;
  if (drainedHooks === 'held' && pastTimeout(observed, policy)) {
    if (policy.onTimeout === 'continue') return undefined;
    const abandoned = policy.onTimeout === 'abandon' ? abandon(observed, policy, 'timeout') : undefined;
    if (abandoned) return abandoned;
  }
  const state = drainedHooks === 'held' ? 'failed' : 'running';
  return { kind: 'wait', why: { for: 'operator-hooks', state } };
}

const areRefused = ({ stopRefusedAt = {} }: Observation, tasks: readonly Task[]): boolean =>
  tasks.every(({ arn }) => arn in stopRefusedAt);

const isActive = (one: ContainerInstance): one is Registered =>
  one.kind === 'registered' && one.status === 'ACTIVE';

const waitFor = (
  what: 'signals' | 'container-instance' | 'task-list' | 'group-state',
  { cause }: { readonly cause: string },
): Action => ({ kind: 'wait', why: { for: what, cause } });
