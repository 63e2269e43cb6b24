import type { TimelineEvent } from '../../src/sandbox/world/timeline.ts';
import { type Request, type Setting, textIn } from './entry.ts';
import { type Host, isCalm, isRegistered, tasksLeft } from './host.ts';

/** L1: how long after the last task's end an instance is kept, in ms. */
const RELEASE_MS = 5_000;
/** Until a process that was just started, or a signal that has just come, is at work, in ms. */
const BEGIN_MS = 3_000;

/** Until a new lifecycle state is noticed, in ms: it can only be polled for. */
const NOTICED_MS = 5_000;

/** L1: an instance that may go is let go. Judged whenever something happens, and at the end. */
export function keptTooLong(host: Host, at: number, setting: Setting): string | undefined {
  const readyAt = mayGoSince(host, setting);
  if (readyAt === undefined || !isCalm(host, readyAt) || !isCalm(host, at)) return undefined;
  const kept = at - readyAt;
  if (kept <= RELEASE_MS + setting.slack) return undefined;
  return `L1: ${host.id} was kept for ${(kept / 1000).toFixed(1)} s after it could have gone: an instance without work is paid for`;
}

/** Since when nothing holds the instance but its own agent; undefined while something does, or once it is released. */
function mayGoSince(host: Host, setting: Setting): number | undefined {
  const { aliveSince, signalledAt, lastStoppedAt, lifecycle } = host;
  if (host.gone || setting.dryRun || setting.mode !== 'drain') return undefined;
  if (aliveSince === undefined || signalledAt === undefined) return undefined;
  if (tasksLeft(host).length > 0 || host.containerInstances.size === 0) return undefined;
  const waits =
    (lifecycle === 'Terminating:Wait' && host.ended === undefined && setting.ownHooks.length > 0) ||
    lifecycle === 'Terminating:Retained';
  if (!waits && !isRegistered(host)) return undefined;
  return Math.max(
    lastStoppedAt ?? -Infinity,
    waits ? host.lifecycleSince + NOTICED_MS : -Infinity,
    signalledAt + setting.pollInterval * 1.2 + BEGIN_MS,
    aliveSince + setting.pollInterval * 1.2 + BEGIN_MS,
  );
}

/** L2: while an agent lives and AWS answers, its hook does not time out. */
export function hookTimedOut(host: Host, event: TimelineEvent, setting: Setting): string | undefined {
  if (event.type !== 'lifecycle-action-ended' || event.by !== 'heartbeat-timeout') return undefined;
  if (!setting.ownHooks.includes(event.hook) || setting.dryRun) return undefined;
  const aliveFor = event.at - (host.aliveSince ?? Infinity);
  if (aliveFor < LONG_ENOUGH_FOR_A_HEARTBEAT_MS || !isCalm(host, event.at)) return undefined;
  return `L2: the hook ${event.hook} of ${host.id} timed out for want of a heartbeat, with ${tasksLeft(host).length} tasks left`;
}

const LONG_ENOUGH_FOR_A_HEARTBEAT_MS = 25_000;

/** L4: somebody else's DRAINING is not undone. */
export function undidOthersDraining(host: Host, { api, input }: Request): string | undefined {
  if (api !== 'ecs:UpdateContainerInstancesState' || textIn(input, 'status') !== 'ACTIVE') return undefined;
  if (host.drainingBy !== 'other') return undefined;
  return `L4: ${host.id} was set ACTIVE, though it was somebody else who had set it DRAINING`;
}

/** L4: what was cancelled in time is given back. Judged at the end. */
export function leftDraining(host: Host, at: number, setting: Setting): string | undefined {
  if (host.signals.size > 0 || host.signalGoneAt === undefined || host.aliveSince === undefined)
    return undefined;
  if (host.drainingBy !== 'agent' || !isCalm(host, at)) return undefined;
  const since = Math.max(host.signalGoneAt, host.aliveSince);
  if (at - since <= setting.pollInterval * 1.2 + RELEASE_MS + setting.slack) return undefined;
  return `L4: ${host.id} was left DRAINING after its drain was cancelled: it takes no task any more`;
}
