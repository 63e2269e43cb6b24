import type { Hook, Lifecycle } from '../../aws/auto-scaling.ts';
import { ifKnown } from '../../base/reading.ts';
import type { Signal } from '../../signals/signal.ts';
import type { Action, HookChoice, Memory, Observation, Policy, Waiting } from '../model.ts';
import { type Leaving, leaving } from './group-state.ts';
import { chooseHook } from './lifecycle-hook.ts';

/** The current signals. If a source does not answer, its last ones count. */
export function signalsOf(observed: Observation): readonly Signal[] {
  const { signals, memory, silentSignals } = observed;
  const heard = signalsHeard(observed);
  if (signals.kind === 'unknown' || !silentSignals || !memory.signals) return heard;
  const kept = memory.signals.filter(({ source }) => source in silentSignals);
  return kept.length > 0 ? [...heard, ...kept] : heard;
}

/**
 * The signals of the sources that answer now; if none of these has one, the last known ones of those that are silent. What cannot be undone
 * rests only on these.
 */
function signalsHeard({ signals, silentSignals, memory }: Observation): readonly Signal[] {
  if (signals.kind === 'known') return signals.value;
  const last = memory.signals ?? [];
  return silentSignals === undefined ? last : last.filter(({ source }) => source in silentSignals);
}

/** The instance's state in its group; undefined where it is not known, or in no group. */
export const groupState = (observed: Observation): string | undefined => membership(observed)?.state;

function membership({ lifecycle }: Observation): Extract<Lifecycle, { kind: 'in-group' }> | undefined {
  const state = ifKnown(lifecycle);
  return state?.kind === 'in-group' ? state : undefined;
}

/** How far the group has come with taking the instance out; undefined if it keeps the instance, or nothing is known. */
export function leavingGroup(observed: Observation): Leaving | undefined {
  const state = groupState(observed);
  return state === undefined ? undefined : leaving(state);
}

/** The group itself has said that it terminates the instance, which it never takes back: that counts as much as any signal. */
export const terminationDecided = (observed: Observation): boolean =>
  leavingGroup(observed)?.aim === 'termination' && membership(observed)?.from === undefined;

/**
 * What asks for the instance to go.
 *
 * - `signalled`: a signal does, or the group itself, which needs no signal.
 * - `unknown`: it is not known whether a signal does.
 * - `unheard`: no signal does any more, but the group was last known to terminate the instance, or to wait for its hook. It has
 * to be asked first, or has just been asked.
 * - `withdrawn`: nothing does.
 */
export function demand(observed: Observation): 'signalled' | 'unknown' | 'unheard' | 'withdrawn' {
  const { signals, lifecycle, memory, isGroupAwaited = false } = observed;
  if (terminationDecided(observed)) return 'signalled';
  if (signals.kind === 'unknown') return 'unknown';
  if (signals.value.length > 0) return 'signalled';
  const mayBeLeaving =
    lifecycle.kind === 'unknown' ? isGroupAwaited || wasLeaving(memory) : isAssumed(lifecycle.value);
  return mayBeLeaving ? 'unheard' : 'withdrawn';
}

const wasLeaving = ({ waiting, isTerminating }: Memory): boolean =>
  waiting !== undefined || isTerminating === true;

/**
 * Whether the group itself says that its hook waits before the root volume is replaced, while the ECS agent does not say that no
 * task runs here. The tasks would end with the old volume, whether or not anything still asks for the instance.
 */
export function holdsRootVolume(observed: Observation): boolean {
  const where = leavingGroup(observed);
  const isHeard = membership(observed)?.from === undefined;
  return where?.aim === 'root-volume' && where.stage === 'waiting' && isHeard && !observed.emptySince;
}

/** Whether our hook is to be kept alive, if it waits. */
export const isHookWanted = (observed: Observation): boolean =>
  demand(observed) !== 'withdrawn' || holdsRootVolume(observed);

/** Whether every source says that it has no signal. */
export const isUnsignalled = ({ signals }: Observation): boolean =>
  signals.kind === 'known' && signals.value.length === 0;

/** Only metadata and heartbeats have said this, not the group itself: it can hold an instance, but never release it. */
export const isAssumed = (lifecycle: Lifecycle): boolean =>
  lifecycle.kind === 'in-group' && lifecycle.from !== undefined;

/**
 * Whether Auto Scaling says that the instance stays, or that it is in no group, although only the group's own signals ask for it to go:
 * metadata may lag, and the tag of a lifecycle event outlives it.
 */
export const isContradicted = (observed: Observation): boolean =>
  observed.lifecycle.kind === 'known' && !leavingGroup(observed) && isGroupsDoing(observed);

/** Whether all current signals come from the group: the state in metadata, and tags of its lifecycle event. */
export const isGroupsDoing = (observed: Observation): boolean => signalsHeard(observed).every(isGroups);

const isGroups = (signal: Signal): boolean =>
  signal.source === 'lifecycle' || (signal.source === 'tag' && signal.eventAt !== undefined);

/**
 * Whether no signal is certain to be permanent: a tag that names a hook may be left from a lifecycle event, and what EC2 has
 * scheduled may pass.
 */
export const maybeGroupsDoing = (observed: Observation): boolean =>
  signalsHeard(observed).every(
    (signal) =>
      signal.source === 'lifecycle' ||
      (signal.source === 'tag' && (signal.eventAt !== undefined || signal.hook !== undefined)) ||
      isPassing(signal),
  );

/**
 * Whether only a tag of a lifecycle event, as the tagger writes it, asks for the instance. The tag outlives its event if the
 * instance stays: after its root volume was replaced, or in a warm pool.
 */
export function isEventAlone(observed: Observation): boolean {
  if (observed.signals.kind === 'unknown') return false;
  const signals = signalsOf(observed);
  return (
    signals.length > 0 && signals.every((signal) => signal.source === 'tag' && signal.eventAt !== undefined)
  );
}

/** Once the group has said for this long, in ms, that it keeps the instance, the event of the tag is over. */
export const KEPT_MS = 30_000;

/**
 * Whether nothing asks for the instance any more: no signal is there, or only a tag of a lifecycle event that is over. Then it
 * only remains to give back what was set DRAINING.
 */
export function isOver(observed: Observation): boolean {
  const { keptForMs = 0, silentSignals } = observed;
  if (demand(observed) === 'withdrawn') return true;
  // A source that is silent may have been asking for the instance all the time.
  const isHeard = silentSignals === undefined;
  return isHeard && isEventAlone(observed) && isContradicted(observed) && keptForMs >= KEPT_MS;
}

/** The scheduled events after which the same host goes on. */
const PASSING_EVENTS: ReadonlySet<string> = new Set([
  'instance-reboot',
  'system-reboot',
  'system-maintenance',
]);

/** Whether EC2 currently recommends to replace the instance. */
export const isRebalanced = (observed: Observation): boolean =>
  signalsHeard(observed).some(({ source }) => source === 'rebalance');

const isPassing = (signal: Signal): boolean =>
  signal.source === 'scheduled' && PASSING_EVENTS.has(signal.code);

/**
 * Whether only a scheduled event that the host outlasts asks for the instance. After the drain such an instance stays in its
 * cluster, and is ACTIVE again afterwards: a deregistered one would not come back with a reboot. The group's own signals do not
 * count if Auto Scaling says that the instance stays, or that it is in no group.
 */
export function outlastsEvent(observed: Observation): boolean {
  const signals = signalsHeard(observed);
  if (leavingGroup(observed) || !signals.some(isPassing)) return false;
  const others = signals.filter((signal) => !isPassing(signal));
  return others.length === 0 || (observed.lifecycle.kind === 'known' && others.every(isGroups));
}

/** Whether we set this container instance DRAINING. If the host registers anew it has another one, which somebody else may have set. */
export const isDrainingOurs = ({ drainingSetAt, drainingSetOn }: Memory, arn: string): boolean =>
  drainingSetAt !== undefined && (drainingSetOn ?? arn) === arn;

/** Whether our lifecycle action is completed, as far as we can tell. */
export const isCompleted = ({ completed }: Memory): boolean =>
  completed !== undefined && completed.standing !== 'doubted';

/** Whether this repeats a completion that Auto Scaling has confirmed: the instance stays let go of meanwhile. */
export const isConfirmedAnew = (action: Action, { memory: { completed } }: Observation): boolean =>
  action.kind === 'complete' && action.result === 'CONTINUE' && completed?.standing === 'confirmed';

/** Whether we have let the instance go. Abandoning the action does not count: the group may retain the instance, with its tasks. */
export const isReleased = ({ completed, terminatedAt }: Memory): boolean =>
  completed?.result === 'CONTINUE' || terminatedAt !== undefined;

/**
 * Whether the group was asked to terminate the instance so recently that its state may not show it yet. If the state is still
 * unchanged after that, the group has retained the instance once more, unseen.
 */
export const isTerminatedLately = ({ now, memory: { terminatedAt = -Infinity } }: Observation): boolean =>
  now < terminatedAt + SHOWN_AFTER_MS;

const SHOWN_AFTER_MS = 30_000;

/**
 * Which hook is ours, as far as we can tell. AWS does not document whether a change of a hook applies to an action that already
 * waits, so the smaller of its old and new numbers count.
 */
export function hookChoice(
  observed: Observation,
  { lifecycleHook }: Pick<Policy, 'lifecycleHook'>,
): HookChoice {
  const { hooks, memory, pastTag } = observed;
  // A tag still names the hook long after its own event.
  const signals = pastTag ? [...signalsOf(observed), pastTag] : signalsOf(observed);
  const choice = chooseHook(hooks, lifecycleHook, signals, hookBefore(memory, hooks));
  const waits = memory.waiting?.hook;
  if (choice.kind !== 'ours' || choice.hook.name !== waits?.name) return choice;
  const { hook } = choice;
  return {
    ...choice,
    hook: {
      ...hook,
      heartbeatTimeout: earlier(hook.heartbeatTimeout, waits.heartbeatTimeout),
      globalTimeout: earlier(hook.globalTimeout, waits.globalTimeout),
    },
  };
}

/** The hook that was ours earlier in this drain: an instance that was retained can come to wait once more. */
const hookBefore = ({ waiting, namedHook, hook }: Memory, hooks: Observation['hooks']): Hook | undefined =>
  waiting?.hook ?? ifKnown(hooks)?.find(({ name }) => name === namedHook) ?? hook;

/**
 * Our hook while the hooks cannot be read: the one that waited, or that the group was seen to have earlier in this drain. A name that
 * only a tag has told may be no hook of the group's.
 */
export const hookSeen = ({ waiting, hook }: Memory): Hook | undefined =>
  waiting?.hook ?? (hook?.heartbeatTimeout === undefined ? undefined : hook);

/** Our hook, while its lifecycle action is known to wait for us. */
export function waitingHook(
  observed: Observation,
  policy: Pick<Policy, 'lifecycleHook'>,
): Waiting | undefined {
  const { memory, now } = observed;
  const member = membership(observed);
  // Even at a limit, the action is ended only if the group itself says that it waits.
  if (isCompleted(memory) || !member || member.from) return undefined;
  if (leaving(member.state)?.stage !== 'waiting') return undefined;
  const choice = hookChoice(observed, policy);
  const hook =
    choice.kind === 'ours' ? choice.hook : choice.kind === 'unknown' ? memory.waiting?.hook : undefined;
  return hook && { since: memory.waiting?.since ?? now, group: member.group, hook };
}

/**
 * A time that AWS announces, on the agent's clock. It is converted anew each time it is used, since the host's clock
 * may have been set since the agent started, or since the announcement was read.
 */
export const onAgentClock = (
  announced: number,
  { now, wallNow }: Pick<Observation, 'now' | 'wallNow'>,
): number => now + (announced - wallNow);

/** The reverse: a time of the agent's as the host's clock shows it now, for people to read. */
export const onWallClock = (at: number, { now, wallNow }: Pick<Observation, 'now' | 'wallNow'>): number =>
  wallNow + (at - now);

/** The earlier of two times, or the shorter of two, where either may be missing: deadlines only tighten. */
export const earlier = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b);
