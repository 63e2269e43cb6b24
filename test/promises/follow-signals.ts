import { hookNamedIn, type Instance, isSignalled, readsTagByApi } from './instance.ts';

/** One that was away for less than this, in ms, may not have been seen to be away. */
const SEEN_TO_BE_GONE_MS = 15_000;

/** What `source` says from now on; without one, what the tag says now. */
export function followSignals(instance: Instance, at: number, source?: string, isThere?: boolean): void {
  const { signals, setting, disturbances } = instance;
  const before = isSignalled(instance);
  const set = (name: string, is: boolean) => {
    if (is && (name === 'manual' || setting.signals.includes(name))) signals.add(name);
    else signals.delete(name);
  };
  set('tag', isTagged(instance));
  if (source !== undefined) set(source, isThere === true);
  if (isSignalled(instance) === before) return;
  instance.signalledSince = at;
  disturbances.change(at, false);
  if (before) instance.goneAt = at;
  else if (wasSeenToBeGone(instance, at)) beginDrain(instance, at);
}

function isTagged({ tag, tagShown, tagsServed, setting }: Instance): boolean {
  const fromApi = setting.tagSource === 'imds' ? undefined : tag;
  const read = setting.tagSource !== 'ec2' && tagsServed ? tagShown : fromApi;
  return read !== undefined && read.trim().toLowerCase() !== 'false';
}

function wasSeenToBeGone(instance: Instance, at: number): boolean {
  const { drainSince, goneAt, disturbances, setting } = instance;
  if (drainSince === undefined) return true;
  // Under another's name nothing of the drain ends.
  if (instance.lieSince !== undefined) return false;
  // The EC2 API is asked for the tag more rarely, and more rarely still for minutes after it has throttled.
  const [seenMs, troubledMs] = readsTagByApi(instance)
    ? [25_000, 400_000]
    : [Math.max(SEEN_TO_BE_GONE_MS, setting.pollInterval * 1.2 + 3_000), 0];
  return at - goneAt > seenMs && disturbances.troubleAt(at) < goneAt - troubledMs;
}

function beginDrain(instance: Instance, at: number): void {
  instance.drainSince = at;
  instance.downMs = 0;
  instance.taggedHook = hookNamedIn(instance.tag);
  instance.oursBefore = undefined;
  // What was listed counts for one drain only.
  instance.process?.listed.clear();
}
