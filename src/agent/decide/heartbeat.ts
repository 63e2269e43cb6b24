import type { Hook } from '../../aws/auto-scaling.ts';
import { ifKnown } from '../../base/reading.ts';
import type { Action, Heartbeat, Observation, Policy, Waiting } from '../model.ts';
import { hookChoice, hookSeen, isAssumed, isCompleted, isHookWanted, waitingHook } from './facts.ts';

export type DueHeartbeat = { readonly group: string; readonly hook: string; readonly at: number };

/** The next heartbeat, and when it is due; undefined where no lifecycle action is known to wait for us. */
export function nextHeartbeat(
  observed: Observation,
  policy: Policy,
  action: Action,
): DueHeartbeat | undefined {
  const { lastHeartbeat, memory, now } = observed;
  if (observed.identity === 'changed' || isCompleted(memory)) return undefined;
  if (!isHookWanted(observed)) return undefined;
  // A heartbeat does no harm if nothing waits any more, but a missing one may do harm: so what was last known is enough.
  const waiting =
    waitingHook(observed, policy) ??
    assumedHook(observed, policy) ??
    unaskedHook(observed, policy) ??
    (observed.lifecycle.kind === 'unknown' ? lastWaiting(observed, policy) : undefined);
  const { group, hook, since = now } = waiting ?? {};
  if (!group || !hook) return undefined;
  // An action that is completed within the second needs no first heartbeat; it does need one if its completion is delayed.
  const spared = action.kind === 'complete' ? since + heartbeatInterval(hook) : -Infinity;
  const first = Math.max(firstAt(observed, hook, since), spared);
  // When the group says that the hook waits, it does not say since when: while tries failed, or metadata was silent, it may have
  // waited for minutes.
  const keptAt = observed.crowded?.keptAt ?? Infinity;
  const waitsSince = Math.min(since, (memory.signalledAt ?? now) + BEFORE_WAIT_MS, keptAt);
  if (!lastHeartbeat) return { group, hook: hook.name, at: first };
  const usual = afterHeartbeat(lastHeartbeat, hook, waitsSince, isUnheard(observed));
  // The question that would tell the hook's time-out is throttled, and each heartbeat takes a request from it. As long as none is
  // throttled itself there are requests for both, and the time-out may be the shortest.
  const isUnread = hook.heartbeatTimeout === undefined && observed.crowded !== undefined;
  const rest =
    isUnread && lastHeartbeat.wasThrottled
      ? Math.min((lastHeartbeat.at - waitsSince) * UNREAD_SHARE, LONGEST_UNREAD_MS)
      : 0;
  return { group, hook: hook.name, at: Math.max(since, usual, lastHeartbeat.at + rest) };
}

/** The action that was last known to wait, of the hook that is ours by now: the option may name another one than an earlier process had. */
function lastWaiting(observed: Observation, policy: Policy): Observation['memory']['waiting'] {
  const { waiting } = observed.memory;
  const choice = hookChoice(observed, policy);
  return waiting?.hook && choice.kind === 'ours' ? { ...waiting, hook: choice.hook } : waiting;
}

/**
 * This share of the time that has passed is always shorter than what an outage of two thirds of a time-out leaves, whatever the
 * time-out is.
 */
const UNREAD_SHARE = 0.4;
const LONGEST_UNREAD_MS = 60_000;

/**
 * When the first heartbeat is due, which tells whether the hook waits. If requests are short that can wait, because other
 * instances need theirs to keep their hooks alive.
 */
function firstAt({ now, crowded }: Observation, hook: Hook, since: number): number {
  if (!crowded || timeoutOf(hook) < SHORTEST_STRETCHED_MS) return Math.max(now, since);
  const least = Math.min(FIRST_BY_MS.least, timeoutOf(hook) / 3);
  const most = Math.min(FIRST_BY_MS.most, timeoutOf(hook) * FIRST_BY);
  return Math.max(now, crowded.keptAt + least + crowded.spread * (most - least));
}

/** Our hook, while only metadata has said that the group terminates the instance: a heartbeat tells whether the hook waits yet. */
function assumedHook(observed: Observation, policy: Policy): Waiting | undefined {
  const { memory, now, assumedGroup: group } = observed;
  const hook = group === undefined ? undefined : likelyHook(observed, policy);
  if (group === undefined || !hook) return undefined;
  const since = (memory.signalledAt ?? now) + BEFORE_WAIT_MS;
  return { since, group, hook };
}

/**
 * Our hook, while tasks may be left and the group, which had begun to terminate the instance, has not been heard for longer than a first
 * heartbeat can wait: a release that was throttled may have used up the minute's requests, and then the host was given a task.
 */
function unaskedHook(observed: Observation, policy: Policy): Waiting | undefined {
  const { notWaitingAt, beginningGroup: group, tasks } = observed;
  if (group === undefined || notWaitingAt === undefined || ifKnown(tasks)?.length === 0) return undefined;
  const hook = likelyHook(observed, policy);
  return hook && { since: notWaitingAt + UNASKED * heartbeatInterval(hook), group, hook };
}

/** So many heartbeats' time after the last word of a group that is to be asked once in that time. */
const UNASKED = 1.5;

/** An earlier process may have read the hooks. */
function likelyHook(observed: Observation, policy: Policy): Hook | undefined {
  const choice = hookChoice(observed, policy);
  if (choice.kind === 'ours') return choice.hook;
  return choice.kind === 'unknown' ? hookSeen(observed.memory) : undefined;
}

/** How late, in ms, the first heartbeat comes if requests are short: near the limit of a group that retains, five minutes are left. */
const FIRST_BY_MS = { least: 100_000, most: 240_000 } as const;
/** … as a share of the time-out: more than a fifth of it is left for an outage that begins just then. */
const FIRST_BY = 0.79;
/** From `Terminating` to `Terminating:Wait` takes seconds. */
const BEFORE_WAIT_MS = 4_000;

/**
 * How long after a heartbeat the next one is due, in ms. A quarter of the time-out leaves room for an outage of two thirds of it
 * that begins at the worst moment, and for the tries that end it. Six seconds keep the shortest time-out of 30 s within ten
 * requests a minute, so that two of the twelve are left for an outage.
 *
 * If the account's requests are short, each instance asks less often: at most seven tenths of the time-out apart.
 *
 * @param strain from 0 to 1: how scarce requests are
 * @param jitter uniform in [0, 1): instances that were throttled together must not come back together
 */
export function heartbeatInterval(hook: Hook, strain = 0, jitter = 0): number {
  const timeout = timeoutOf(hook);
  const usual = Math.max(6_000, Math.min(timeout / 4 - SPARE_MS, LONGEST_INTERVAL_MS));
  const rarest =
    timeout < SHORTEST_STRETCHED_MS
      ? usual
      : Math.max(usual, Math.min(timeout * RAREST, 2 * LONGEST_INTERVAL_MS));
  return usual + strain * (rarest - usual) * (1 - jitter / 5);
}

/** The longest time between two heartbeats, as a share of the time-out. */
const RAREST = 0.7;
const SPARE_MS = 1_500;
const LONGEST_INTERVAL_MS = 600_000;
/** A time-out that is shorter than this, in ms, is never stretched: no account can keep many such hooks alive at once. */
const SHORTEST_STRETCHED_MS = 120_000;

/** How long after a heartbeat that failed the next try is due, in ms. */
export function heartbeatRetry(hook: Hook): number {
  return Math.max(SHORTEST_RETRY_MS, Math.min(timeoutOf(hook) / 12, 60_000));
}

/** Tries that are closer together would use up the twelve requests of a minute, and leave none for when the outage ends. */
const SHORTEST_RETRY_MS = 5_000;

/**
 * When a throttled heartbeat is tried again, as a delay in ms: with full jitter, and sooner as the time-out comes nearer. Before the
 * first one is recorded, only the earliest moment is known at which the hook can time out: around that, nothing is left to chance. A short
 * hook would time out where two tries in a row are throttled and far apart.
 */
function throttledRetry(last: FailedHeartbeat, jitter: number, hook: Hook, since: number): number {
  const known = timesOutAt(last, hook, since) - last.at;
  const mayBeNow = known <= SHORTEST_RETRY_MS && known > -SEEN_LATE_MS;
  if (last.recordedAt === undefined && mayBeNow) return SHORTEST_RETRY_MS;
  // We do not know what an earlier process has recorded, nor whether a heartbeat counted if its answer was lost. An outage of two
  // thirds of the time-out leaves a third.
  const left = known > 0 ? known : timeoutOf(hook) / 3;
  const isShort = timeoutOf(hook) < SHORTEST_STRETCHED_MS;
  const longest = isShort ? timeoutOf(hook) / 12 : 60_000;
  return SHORTEST_RETRY_MS + jitter * Math.max(2_000, Math.min(left ** 2 / timeoutOf(hook), longest));
}

/** When the hook times out at the earliest. If no heartbeat was recorded, that counts from when its action began to wait. */
function timesOutAt({ at, recordedAt }: FailedHeartbeat, hook: Hook, since: number): number {
  return (recordedAt ?? Math.min(at, since) - SEEN_LATE_MS) + timeoutOf(hook);
}

/** How late, in ms, we may learn that an action waits: metadata tells at the next poll, and a heartbeat seconds later. */
const SEEN_LATE_MS = 10_000;

type FailedHeartbeat = Extract<Heartbeat, { outcome: 'failed' }>;

/** The shortest hook. Auto Scaling API reference, PutLifecycleHook: HeartbeatTimeout is 30 to 7200 s. */
export const SHORTEST_HEARTBEAT_TIMEOUT_MS = 30_000;
/** The last try before a hook's time-out comes this many ms before it, whatever the pace. */
const LAST_TRY_MS = 2_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** Then only another heartbeat tells that the wait has begun meanwhile, which takes minutes behind a load balancer. */
const isUnheard = ({ lifecycle }: Observation): boolean =>
  lifecycle.kind === 'unknown' || isAssumed(lifecycle.value);

const timeoutOf = (hook: Hook): number => hook.heartbeatTimeout ?? SHORTEST_HEARTBEAT_TIMEOUT_MS;

/**
 * @param since when the action can have begun to wait, at the earliest
 * @param isUnheard whether the group itself does not say how far it has come
 */
function afterHeartbeat(last: Heartbeat, hook: Hook, since: number, isUnheard: boolean): number {
  switch (last.outcome) {
    case 'recorded':
      return last.at + heartbeatInterval(hook, last.strain, last.jitter);
    case 'failed': {
      const { jitter } = last;
      const next =
        last.at + (jitter === undefined ? heartbeatRetry(hook) : throttledRetry(last, jitter, hook, since));
      const lastTry = timesOutAt(last, hook, since) - LAST_TRY_MS;
      return last.at < lastTry ? Math.min(next, lastTry) : next;
    }
    // Soon enough if AWS was mistaken, and less and less often if it was not: another hook can hold the instance for days.
    case 'nothing-waiting':
      return (
        last.at +
        Math.min(LONGEST_PAUSE_MS, heartbeatInterval(hook) * (isUnheard ? 1 : 2 ** (last.times - 1)))
      );
  }
}
