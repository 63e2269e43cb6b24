import type { Hook } from '../../aws/auto-scaling.ts';
import type { Action, Heartbeat, Observation, Policy } from '../model.ts';
import { isCompleted, waitingHook } from './facts.ts';

export type DueHeartbeat = { readonly group: string; readonly hook: string; readonly at: number };

/** The next heartbeat, and when it is due; undefined where no lifecycle action is known to wait for us. */
export function nextHeartbeat(
  observed: Observation,
  policy: Policy,
  action: Action,
): DueHeartbeat | undefined {
  const { lastHeartbeat, signals, memory, now } = observed;
  if (observed.identity === 'changed' || isCompleted(memory)) return undefined;
  if (signals.kind === 'known' && signals.value.length === 0) return undefined;
  // A heartbeat does no harm where nothing waits any more, and its lack may: what was last known is enough.
  const waiting =
    waitingHook(observed, policy) ?? (observed.lifecycle.kind === 'unknown' ? memory.waiting : undefined);
  const { group, hook, since = now } = waiting ?? {};
  if (!group || !hook) return undefined;
  // An action that is completed within the second needs no first heartbeat; one whose completion is held up does.
  const first = action.kind === 'complete' ? since + heartbeatInterval(hook) : now;
  return { group, hook: hook.name, at: lastHeartbeat ? afterHeartbeat(lastHeartbeat, hook) : first };
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
const LONGEST_PAUSE_MS = 3_600_000;

const timeoutOf = (hook: Hook): number => hook.heartbeatTimeout ?? SHORTEST_HEARTBEAT_TIMEOUT_MS;

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
