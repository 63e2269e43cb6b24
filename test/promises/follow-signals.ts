import {
  canTellSignals,
  containerInstanceOf,
  eventTimeIn,
  forgetTold,
  hookNamedIn,
  type Instance,
  isAskedByOthers,
  isSignalled,
  outlastsEvent,
  PAST_TAG_MS,
  REPLACED_SEEN_MS,
  readsTagByApi,
  readTag,
  restsFrom,
} from './instance.ts';
import { leaves } from './lifecycle-states.ts';

/** One that was away for less than this, in ms, may not have been seen to be away. */
const SEEN_TO_BE_GONE_MS = 15_000;

/** What `source` says from now on; without one, what the tag says now. */
export function followSignals(instance: Instance, at: number, source?: string, isThere?: boolean): void {
  const { signals, setting, disturbances } = instance;
  const before = isSignalled(instance);
  const didOutlast = outlastsEvent(instance);
  const set = (name: string, is: boolean) => {
    if (is && (name === 'manual' || setting.signals.includes(name)))
      signals.set(name, signals.get(name) ?? at);
    else signals.delete(name);
  };
  const restedFrom = restsFrom(instance);
  const wasPast = instance.isPastTag;
  notePastTag(instance, at);
  set('tag', isTagged(instance) && !instance.isPastTag);
  if (source !== undefined) set(source, isThere === true);
  if (isAskedByOthers(instance)) instance.othersAskedUntil = Infinity;
  else instance.othersAskedUntil = Math.min(instance.othersAskedUntil, at);
  const isOnlyScheduled = signals.size === 1 && signals.has('scheduled');
  instance.onlyScheduledSince = isOnlyScheduled ? (instance.onlyScheduledSince ?? at) : undefined;
  if (didOutlast && !outlastsEvent(instance)) instance.outlastedUntil = at;
  // Until it is known to be past, the agent drains because of it.
  if (!before && instance.isPastTag && !wasPast && wasSeenToBeGone(instance, at, restedFrom, wasPast))
    beginDrain(instance, at);
  if (isSignalled(instance) === before) {
    if (wasPast !== instance.isPastTag && !before) {
      instance.signalledSince = at;
      if (wasPast) instance.goneAt = at;
    }
    return;
  }
  instance.signalledSince = at;
  disturbances.change(at, false);
  if (before) instance.goneAt = at;
  else if (wasSeenToBeGone(instance, at, restedFrom, wasPast)) beginDrain(instance, at);
}

function isTagged(instance: Instance): boolean {
  const value = readTag(instance);
  return value !== undefined && value.trim().toLowerCase() !== 'false';
}

/** Metadata names another instance, and its agent, which changes nothing meanwhile, has been told for long enough that its group keeps it. */
const hasFoundOutInVain = ({ lieSince, process, lifecycleToldAt, toldKeptSince }: Instance): boolean =>
  lieSince !== undefined && !leaves(process?.lifecycle ?? '') && lifecycleToldAt - toldKeptSince >= KEPT_MS;

/** So long, in ms, the group has to say that it keeps an instance before the event of its tag is over. */
const KEPT_MS = 30_000;

/**
 * A tag that names the time of a lifecycle event asks for nothing in no group or while the group keeps the instance, nor afterwards to an agent
 * that has found out.
 */
function notePastTag(instance: Instance, at: number): void {
  const { lifecycle } = instance;
  const isKept = lifecycle === undefined || !leaves(lifecycle);
  const value = readTag(instance);
  const isEvent = value !== undefined && eventTimeIn(value) !== undefined;
  const isWatching = (instance.process?.doing?.() ?? 'watching') === 'watching';
  const isFoundOut = value === instance.pastTag && (isWatching || hasFoundOutInVain(instance));
  const isPast = isEvent && (isKept || isFoundOut || value === instance.tagGivenBack);
  if (isPast && (!instance.isPastTag || value !== instance.pastTag)) instance.pastTagSince = at;
  if (instance.isPastTag && !isPast && value === instance.pastTag) instance.foretoldSince = at;
  instance.isPastTag = isPast;
  instance.pastTag = isPast ? value : undefined;
}

function wasSeenToBeGone(instance: Instance, at: number, goneAt: number, wasPast: boolean): boolean {
  const { drainSince, disturbances, setting } = instance;
  if (drainSince === undefined) return true;
  // Under another's name nothing of the drain ends.
  if (instance.lieSince !== undefined || !canTellSignals(instance)) return false;
  // Nothing asked for it, and its agent has noticed.
  if (instance.isAlive && instance.process?.doing?.() === 'watching') return true;
  // What the group itself terminates needs no signal: the same drain goes on.
  if (instance.lifecycle !== undefined && leaves(instance.lifecycle)) return false;
  // The EC2 API is asked for the tag more rarely, and more rarely still for minutes after it has throttled.
  const [seenMs, apiMs] = readsTagByApi(instance)
    ? [Math.max(25_000, setting.pollInterval * 2.4 + 3_000), 400_000]
    : [Math.max(SEEN_TO_BE_GONE_MS, setting.pollInterval * 1.2 + 3_000), 0];
  // A process that has only just begun has to ask its group, too, what became of the root volume.
  const { replacedAt, process } = instance;
  const toldFrom =
    replacedAt < goneAt - REPLACED_SEEN_MS
      ? goneAt
      : Math.max(replacedAt, process?.bornAt ?? at) + REPLACED_SEEN_MS;
  if (at - Math.max(goneAt, toldFrom) <= seenMs) return false;
  // That an event is over takes answers of the group over half a minute, besides.
  const troubledMs = apiMs + (wasPast ? PAST_TAG_MS : 0);
  if (disturbances.troubleAt(at) < goneAt - troubledMs) return true;
  // Trouble that came long after it had gone hid nothing.
  return disturbances.longestCalm(goneAt, at) > seenMs + troubledMs;
}

function beginDrain(instance: Instance, at: number): void {
  const isToGiveBack =
    instance.drainingBy === 'agent' && containerInstanceOf(instance)?.status === 'DRAINING';
  // On a full disk, what tells that it is to be given back tells of the drain before, too.
  instance.drainLeft =
    isToGiveBack && !instance.stateIsWhole ? (instance.drainLeft ?? instance.drainSince) : undefined;
  instance.drainSince = at;
  instance.takenUpAt = undefined;
  instance.wasSeenBefore = false;
  if (instance.process) instance.process.takenUpAt = undefined;
  instance.lateHeartbeats = 0;
  instance.lateHeartbeatAt = Infinity;
  instance.downMs = 0;
  instance.taggedHook = hookNamedIn(readTag(instance));
  instance.oursBefore = undefined;
  instance.oursAsRead = undefined;
  // What was listed counts for one drain only.
  instance.process?.listed.clear();
  forgetTold(instance);
}
