import type { Task } from '../../aws/ecs.ts';
import { ifKnown } from '../../base/reading.ts';
import { SPOT_NOTICE_MS } from '../../signals/signal.ts';
import type { Action, ContainerInstance, Observation, Policy, Waiting } from '../model.ts';
import {
  earlier,
  isCompleted,
  isTerminatedLately,
  leavingGroup,
  onAgentClock,
  signalsOf,
  waitingHook,
} from './facts.ts';
import { isIgnored } from './ignored-tasks.ts';

/** A Spot interruption minus this many ms is when tasks are asked to stop: ECS gives them 30 s by default. */
export const SPOT_STOP_TASKS_MS = 30_000;
/** A retaining group's hook is abandoned this many ms before its global limit, while it still can be. */
export const ABANDON_BEFORE_LIMIT_MS = 5 * 60_000;
/** A task that did not stop is asked again after this many ms: the first request may have been lost. */
export const ASK_AGAIN_MS = 60_000;
/** One of which AWS has refused to stop it is tried again after this many ms at the earliest. */
const REFUSED_MS = 10_000;
/** How many tasks are asked to stop within ASK_AGAIN_MS at an operator's limit: as many as the API's budget allows. */
export const STOP_AT_ONCE = 12;

type StopTasks = Extract<Action, { kind: 'stop-tasks' }>;

/** What a limit that has been reached asks for while tasks are left. */
export function atLimit(
  observed: Observation,
  policy: Policy,
  containerInstance: ContainerInstance,
  tasks: readonly Task[],
): Action | undefined {
  const stopped = beforeInterruption(observed, policy, containerInstance, tasks);
  if (stopped) return stopped;
  if (!pastTimeout(observed, policy)) return undefined;
  switch (policy.onTimeout) {
    case 'stop-tasks':
      // The ignored ones may serve the others until these have ended, as one that ships their logs does.
      return stopTasks(observed, containerInstance, awaited(tasks, policy), 'timeout');
    case 'abandon':
      return abandon(observed, policy, 'timeout');
    case 'continue': {
      const waiting = waitingHook(observed, policy);
      if (waiting)
        return isCompletionResting(observed) ? undefined : complete(waiting, 'CONTINUE', 'timeout');
      return leavingGroup(observed)?.stage === 'retained' && !isTerminatedLately(observed)
        ? { kind: 'terminate', why: 'timeout' }
        : undefined;
    }
    case 'wait':
      return undefined;
  }
}

/** Asks the tasks to stop that a Spot interruption would end without a SIGTERM. */
export function beforeInterruption(
  observed: Observation,
  { spotStopTasks }: Policy,
  containerInstance: ContainerInstance,
  tasks: readonly Task[],
): StopTasks | undefined {
  const interruption = interruptionAt(observed) ?? Infinity;
  if (!spotStopTasks || observed.now < interruption - SPOT_STOP_TASKS_MS) return undefined;
  return stopTasks(observed, containerInstance, tasks, 'spot');
}

/**
 * Asks the ignored tasks to stop once no other task is left. A task that ECS cannot describe in full, or that only the host
 * names, matches no pattern and is waited for.
 */
export function stopIgnored(
  observed: Observation,
  policy: Policy,
  containerInstance: ContainerInstance,
  tasks: readonly Task[],
): StopTasks | undefined {
  if (!tasks.every((task) => isIgnored(task, policy))) return undefined;
  return stopTasks(observed, containerInstance, tasks, 'ignored');
}

const awaited = (tasks: readonly Task[], policy: Policy) => tasks.filter((task) => !isIgnored(task, policy));

/** Only those that ECS itself places on this container instance: what else the host names may be anybody's. */
function stopTasks(
  { now, memory, stopRefusedAt = {} }: Observation,
  containerInstance: ContainerInstance,
  tasks: readonly Task[],
  why: 'timeout' | 'spot' | 'ignored',
): StopTasks | undefined {
  if (containerInstance.kind !== 'registered') return undefined;
  const { cluster, arn } = containerInstance;
  const asked = memory.askedToStop ?? {};
  const lately = Object.values(asked).filter((at) => now < at + ASK_AGAIN_MS).length;
  const room = why === 'spot' ? Infinity : Math.max(0, STOP_AT_ONCE - lately);
  const toStop = tasks
    .filter(({ containerInstanceArn }) => containerInstanceArn === arn)
    .filter(({ desiredStatus }) => desiredStatus !== 'STOPPED')
    .filter((task) => now >= (asked[task.arn] ?? -Infinity) + ASK_AGAIN_MS)
    // Before an interruption, others that were throttled are tried again within a second.
    .filter(({ arn }) => now >= (stopRefusedAt[arn] ?? -Infinity) + REFUSED_MS)
    // A dozen that are refused each time would keep all others from being asked.
    .toSorted((a, b) => (stopRefusedAt[a.arn] ?? 0) - (stopRefusedAt[b.arn] ?? 0))
    .slice(0, room);
  return toStop.length > 0 ? { kind: 'stop-tasks', cluster, tasks: toStop, why } : undefined;
}

/**
 * Near the hook's global limit, in a group that retains, the action is abandoned: the wait then continues without a limit. That
 * costs no task, so the tasks need not be known.
 */
export function beyondHookLimit(observed: Observation, policy: Policy): Action | undefined {
  const limit = hookLimit(observed);
  if (limit === undefined || observed.now < limit - ABANDON_BEFORE_LIMIT_MS) return undefined;
  if (!ifKnown(observed.retainsAbandoned) || isInterruptionNear(observed, policy)) return undefined;
  const { tasks, drainedHooks = 'settled' } = observed;
  // An operator's hook that runs can take longer than the group waits.
  const isAboutToGo = ifKnown(tasks)?.length === 0 && drainedHooks === 'settled';
  return isAboutToGo ? undefined : abandon(observed, policy, 'hook-limit');
}

/**
 * At the operator's limit, in a group that is known to retain, the action may be abandoned even if it is not known which tasks
 * are left, or where this host is registered: that costs no task. Other actions at that limit cannot be undone, and wait until
 * the tasks are known.
 */
export function abandonUnknown(observed: Observation, policy: Policy): Action | undefined {
  if (policy.onTimeout !== 'abandon' || !pastTimeout(observed, policy)) return undefined;
  // If we have deregistered the instance, it had no task left, unless the host has registered anew since.
  const { deregistered, tasksLeft = [] } = observed.memory;
  const isEmpty = deregistered !== undefined && tasksLeft.length === 0;
  if (!ifKnown(observed.retainsAbandoned) || observed.isRetentionOld || isEmpty) return undefined;
  return abandon(observed, policy, 'timeout');
}

/** When the operator's limit abandons the action; undefined if none does. */
export const abandonAt = (observed: Observation, policy: Policy): number | undefined =>
  policy.onTimeout === 'abandon' ? drainDeadline(observed, policy) : undefined;

/**
 * Ends our lifecycle action with ABANDON. AWS does not document what happens to a replacement of a root volume that is abandoned,
 * so that is never done.
 *
 * If the completion has had no effect, the rest of the drain goes first until it is tried again: Auto Scaling may be down, or
 * somebody else may have ended the action while another owner's hook can hold the instance for days.
 */
export function abandon(
  observed: Observation,
  policy: Policy,
  why: 'timeout' | 'hook-limit',
): Action | undefined {
  if (isCompletionResting(observed) || leavingGroup(observed)?.aim !== 'termination') return undefined;
  const waiting = waitingHook(observed, policy);
  return waiting && complete(waiting, 'ABANDON', why);
}

const isCompletionResting = ({ now, completionRestsUntil = -Infinity }: Observation): boolean =>
  now < completionRestsUntil;

/**
 * The hook's global limit, beyond which no heartbeat keeps a lifecycle action alive. Undefined while nothing waits, or if the
 * hook's own numbers are not known.
 */
export function hookLimit({ memory }: Observation): number | undefined {
  const globalTimeout = memory.waiting?.hook?.globalTimeout;
  if (isCompleted(memory) || !memory.waiting || globalTimeout === undefined) return undefined;
  return memory.waiting.since + globalTimeout;
}

/** The operator's own limit. */
export function drainDeadline({ memory }: Observation, policy: Policy): number | undefined {
  if (policy.drainTimeout === undefined || memory.signalledAt === undefined) return undefined;
  return memory.signalledAt + policy.drainTimeout;
}

/** When a Spot interruption comes: as announced, and two minutes after its notice was seen at the latest. */
export function interruptionAt(observed: Observation): number | undefined {
  const spot = signalsOf(observed).find((signal) => signal.source === 'spot');
  if (!spot) return undefined;
  const noticedAt = observed.memory.spotSeenAt ?? observed.now;
  return earlier(onAgentClock(spot.interruptionAt, observed), noticedAt + SPOT_NOTICE_MS);
}

/** Whether the tasks must be asked to stop now: the interruption comes, whatever happens to the hook. */
function isInterruptionNear(observed: Observation, { spotStopTasks }: Policy): boolean {
  const at = interruptionAt(observed) ?? Infinity;
  return spotStopTasks && observed.now >= at - SPOT_STOP_TASKS_MS && observed.now < at;
}

/** When an event that EC2 has scheduled ends the wait, at the earliest. */
function scheduledAt(observed: Observation): number | undefined {
  const event = signalsOf(observed).find((signal) => signal.source === 'scheduled');
  return event && onAgentClock(event.notBefore, observed);
}

/**
 * The nearest limit that ends the wait, for people to read. Two limits are left out because the wait continues beyond them: the
 * hook's own in a group that is known to retain, and the operator's with `--on-timeout wait`.
 */
export const nearestLimit = (observed: Observation, policy: Policy): number | undefined =>
  [
    policy.onTimeout === 'wait' ? undefined : drainDeadline(observed, policy),
    interruptionAt(observed),
    scheduledAt(observed),
  ].reduce(earlier, isHandedOver(observed) ? undefined : hookLimit(observed));

/** Whether the group is known to keep the instance when its hook is abandoned. It is asked only in the last 65 minutes before the limit. */
export const isHandedOver = (observed: Observation): boolean =>
  ifKnown(observed.retainsAbandoned) === true && leavingGroup(observed)?.aim !== 'root-volume';

/** Whether the operator's own limit has passed. */
export function pastTimeout(observed: Observation, policy: Policy): boolean {
  const deadline = drainDeadline(observed, policy);
  return deadline !== undefined && observed.now >= deadline;
}

/** Ends our lifecycle action because of a limit. */
const complete = (
  { group, hook }: Waiting,
  result: 'CONTINUE' | 'ABANDON',
  why: 'timeout' | 'hook-limit',
): Action => ({ kind: 'complete', group, hook: hook.name, result, why });
