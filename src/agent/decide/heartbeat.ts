import type { Hook } from '../../aws/auto-scaling.ts';
import type { Action, Heartbeat, Observation, Policy, Waiting } from '../model.ts';
import { hookChoice, isCompleted, isHookWanted, waitingHook } from './facts.ts';

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
  // A heartbeat does no harm where nothing waits any more, and its lack may: what was last known is enough.
  const waiting =
    waitingHook(observed, policy) ??
    assumedHook(observed, policy) ??
    (observed.lifecycle.kind === 'unknown' ? memory.waiting : undefined);
  const { group, hook, since = now } = waiting ?? {};
  if (!group || !hook) return undefined;
  // An action that is completed within the second needs no first heartbeat; one whose completion is held up does.
  const spared = action.kind === 'complete' ? since + heartbeatInterval(hook) : -Infinity;
  const first = Math.max(firstAt(observed, hook, since), spared);
  // A group that says at last that it waits says not since when: while tries failed, or metadata was silent, it may have waited
  // for minutes.
  const keptAt = observed.crowded?.keptAt ?? Infinity;
  const waitsSince = Math.min(since, (memory.signalledAt ?? now) + BEFORE_WAIT_MS, keptAt);
  if (!lastHeartbeat) return { group, hook: hook.name, at: first };
  const usual = afterHeartbeat(lastHeartbeat, hook, waitsSince);
  // The question after its time-out is throttled, and each heartbeat takes a request from it.
  const isUnread = hook.heartbeatTimeout === undefined && observed.crowded !== undefined;
  const rest = isUnread ? Math.min((lastHeartbeat.at - waitsSince) * UNREAD_SHARE, LONGEST_UNREAD_MS) : 0;
  return { group, hook: hook.name, at: Math.max(usual, lastHeartbeat.at + rest) };
}

/** What an outage of two thirds of a time-out leaves is longer than this share of what has passed, whatever the time-out is. */
const UNREAD_SHARE = 0.4;
const LONGEST_UNREAD_MS = 60_000;

/** The first one tells whether the hook waits. Where requests are short that can wait: others need theirs to live. */
function firstAt({ now, crowded }: Observation, hook: Hook, since: number): number {
  if (!crowded || timeoutOf(hook) < SHORTEST_STRETCHED_MS) return Math.max(now, since);
  const least = Math.min(FIRST_BY_MS.least, timeoutOf(hook) / 3);
  const most = Math.min(FIRST_BY_MS.most, (timeoutOf(hook) * 3) / 4);
  return Math.max(now, crowded.keptAt + least + crowded.spread * (most - least));
}

/** Our hook, while only metadata says that the group terminates the instance: a heartbeat tells whether it waits yet. */
function assumedHook(observed: Observation, policy: Policy): Waiting | undefined {
  const { lifecycle, memory, now } = observed;
  if (lifecycle.kind === 'unknown' || lifecycle.value.kind !== 'in-group' || !lifecycle.value.from)
    return undefined;
  const choice = hookChoice(observed, policy);
  if (choice.kind !== 'ours') return undefined;
  const since = (memory.signalledAt ?? now) + BEFORE_WAIT_MS;
  return { since, group: lifecycle.value.group, hook: choice.hook };
}

/** So late the first heartbeat comes where requests are short, in ms: a retaining group's limit leaves five minutes. */
const FIRST_BY_MS = { least: 100_000, most: 240_000 } as const;
/** From `Terminating` to `Terminating:Wait` takes seconds. */
const BEFORE_WAIT_MS = 4_000;

/**
 * How long after a heartbeat the next one is due, in ms. A quarter of the time-out leaves room for an outage of two thirds of
 * it, found in the worst moment, and for the tries that end it; six seconds keep the shortest time-out of 30 s within ten
 * requests a minute, so that twelve leave two for an outage.
 *
 * Where the account's requests are short, each instance asks for less of them: seven tenths of the time-out are the most.
 *
 * @param strain from 0 to 1: how short they are
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
/** A shorter time-out than this, in ms, has no room: no account can keep many such hooks alive at once. */
const SHORTEST_STRETCHED_MS = 120_000;

/** How long after a heartbeat that failed the next try is due, in ms. */
export function heartbeatRetry(hook: Hook): number {
  return Math.max(SHORTEST_RETRY_MS, Math.min(timeoutOf(hook) / 12, 60_000));
}

/** Closer to each other they would use up the twelve requests of a minute, and leave none for when the outage ends. */
const SHORTEST_RETRY_MS = 5_000;

/** With full jitter, and sooner as the time-out nears. */
function throttledRetry(last: FailedHeartbeat, jitter: number, hook: Hook, since: number): number {
  const known = timesOutAt(last, hook, since) - last.at;
  // What an earlier process has recorded is not known, nor whether a heartbeat counted whose answer was lost: an outage of two
  // thirds leaves a third.
  const left = known > 0 ? known : timeoutOf(hook) / 3;
  return SHORTEST_RETRY_MS + jitter * Math.max(2_000, Math.min(left ** 2 / timeoutOf(hook), 60_000));
}

/** When the hook times out at the earliest; where none was recorded since its action began to wait. */
function timesOutAt({ at, recordedAt }: FailedHeartbeat, hook: Hook, since: number): number {
  return (recordedAt ?? Math.min(at, since) - SEEN_LATE_MS) + timeoutOf(hook);
}

/** So late, in ms, it can be known that an action waits: metadata tells at the next poll, and a heartbeat seconds later. */
const SEEN_LATE_MS = 10_000;

type FailedHeartbeat = Extract<Heartbeat, { outcome: 'failed' }>;

/** The shortest hook. Auto Scaling API reference, PutLifecycleHook: HeartbeatTimeout is 30 to 7200 s. */
export const SHORTEST_HEARTBEAT_TIMEOUT_MS = 30_000;
/** The last try before a hook's time-out comes this many ms before it, whatever the pace. */
const LAST_TRY_MS = 2_000;
const LONGEST_PAUSE_MS = 3_600_000;

const timeoutOf = (hook: Hook): number => hook.heartbeatTimeout ?? SHORTEST_HEARTBEAT_TIMEOUT_MS;

/** @param since when the action can have begun to wait, at the earliest */
function afterHeartbeat(last: Heartbeat, hook: Hook, since: number): number {
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
    // Soon enough if AWS was mistaken, and ever more rarely where it is not: another hook can hold the instance for days.
    case 'nothing-waiting':
      return last.at + Math.min(LONGEST_PAUSE_MS, heartbeatInterval(hook) * 2 ** (last.times - 1));
  }
}
