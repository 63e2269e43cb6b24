import { type Instance, oursOf, readsTagByApi } from './instance.ts';

/** An action is abandoned so long before its hook's global limit, in ms, while it still can be. */
const ABANDON_BEFORE_LIMIT_MS = 5 * 60_000;

/** Whether the operator's limit has passed, at the earliest, and allows this. */
export function limitAllows(
  { setting, drainSince, drainLeft, process }: Instance,
  onTimeout: string,
  at: number,
): boolean {
  const { limit } = setting;
  if (limit?.onTimeout !== onTimeout || drainSince === undefined) return false;
  const since = (process?.bornAt ?? -Infinity) >= drainSince ? (drainLeft ?? drainSince) : drainSince;
  return at >= since + limit.after;
}

/**
 * Before this, in ms since the Unix epoch, no action is abandoned for its hook's global limit. The tag can tell that it
 * waits for longer than the agent has seen. Undefined where the limit is not known.
 */
export function earliestAbandon(instance: Instance): number | undefined {
  const { waitsSince, seemsToWaitSince, taggedEventAt = Infinity, clockSetAt, setting, group } = instance;
  const timeout = oursOf(instance)?.globalTimeout;
  if (waitsSince === undefined || timeout === undefined) return undefined;
  // An action keeps the limit that its hook had when it began, and the agent reads the one that it has now.
  if (group && group.changedAt >= waitsSince) return undefined;
  // By a clock that was set, the tag's time can be any time.
  const isSure = clockSetAt === -Infinity && setting.clockAheadMs === 0;
  const tagged = isSure || taggedEventAt === Infinity ? taggedEventAt : -Infinity;
  const since = Math.min(waitsSince, seemsToWaitSince, tagged, maySeemToWaitSince(instance));
  return since + timeout - ABANDON_BEFORE_LIMIT_MS - HOST_FIRST_MS;
}

/** The host is asked before the group, and what it says counts from then: an ECS agent that hangs takes two seconds. */
const HOST_FIRST_MS = 3_000;

/** An action counts as waiting from when nothing said any more that it does not: the group itself, or, where that is silent, metadata. */
function maySeemToWaitSince(instance: Instance): number {
  const { notWaitingToldAt, drainSince = Infinity, setting, disturbances, process } = instance;
  const isKept = process !== undefined && process.bornAt > notWaitingToldAt;
  if (notWaitingToldAt >= drainSince) return isKept ? notWaitingToldAt - KEPT_EVERY_MS : notWaitingToldAt;
  // Whether the EC2 API tells of a tag says nothing of metadata.
  const isMetadata = (api: string) => api !== 'ec2:DescribeTags';
  const silentMs = disturbances.span(drainSince - SILENT_MS, drainSince, isMetadata);
  // A read that failed a moment before is one that did not tell.
  const polls = disturbances.troubleAt(drainSince) >= drainSince - setting.pollInterval * 3 ? 3 : 1;
  return drainSince - silentMs - polls * setting.pollInterval * 1.2;
}

/** What the group has said of that is saved once in so many ms, for the next process. */
const KEPT_EVERY_MS = 60_000;

/** For so long before a drain metadata can have been silent, in ms: outages that are drawn are shorter. */
const SILENT_MS = 30 * 60_000;

/**
 * When the operator's limit has passed for the agent too, at the latest: it counts from when it saw the signal, anew
 * where its state was lost, and without what passed before a reboot. In ms since the Unix epoch.
 */
export function latestLimit(instance: Instance): number | undefined {
  const { setting, signalledSince, stoodStillUntil, stateLostAt, drainSince, rebootedAt, process } = instance;
  // Where no signal is left it counts from when the group itself has said that it terminates the instance.
  const toldSince = instance.signals.size === 0 ? instance.toldToGoSince : -Infinity;
  if (setting.limit === undefined || drainSince === undefined) return undefined;
  const isAnew = stateLostAt > drainSince;
  const anew = isAnew ? (process?.bornAt ?? Infinity) : -Infinity;
  const seen = setting.pollInterval * 1.2 + (readsTagByApi(instance) ? 15_000 : 0);
  // What came while the host stood still, or metadata answered nothing that can be read, is seen when that is over.
  const takenUpAt = (isAnew ? process?.takenUpAt : instance.takenUpAt) ?? -Infinity;
  const noticedBy = Math.max(Math.max(signalledSince, stoodStillUntil, anew) + seen, takenUpAt, toldSince);
  // How long the host was down for a reboot, it cannot tell.
  const uncounted = rebootedAt > drainSince ? instance.downMs : 0;
  return noticedBy + uncounted + setting.limit.after;
}

/** Until it is at work on a drain, an agent says that it watches, or that it starts. Call it often. */
export function noteTakenUp(instance: Instance, at: number): void {
  const { process, setting, drainSince, tasksForgottenFrom } = instance;
  const isOfUse = setting.limit !== undefined || tasksForgottenFrom < Infinity;
  if (!process || process.takenUpAt !== undefined || !isOfUse || drainSince === undefined) return;
  const doing = process.doing?.();
  if (doing === undefined || doing === 'watching' || doing === 'starting') return;
  process.takenUpAt = at;
  instance.takenUpAt ??= at;
}
