import type { Hook, Lifecycle } from '../../aws/auto-scaling.ts';
import { ifKnown } from '../../base/reading.ts';
import type { Signal } from '../../signals/signal.ts';
import type { HookChoice, Memory, Observation, Policy, Waiting } from '../model.ts';
import { type Leaving, leaving } from './group-state.ts';
import { chooseHook } from './lifecycle-hook.ts';

/** The signals as they are; those of a source that does not answer as they last were. */
export function signalsOf(observed: Observation): readonly Signal[] {
  const { memory, silentSignals } = observed;
  const heard = signalsHeard(observed);
  if (!silentSignals || !memory.signals) return heard;
  const kept = memory.signals.filter(({ source }) => source in silentSignals);
  return kept.length > 0 ? [...heard, ...kept] : heard;
}

/** Those that are there now, whatever a silent source had; or as they last were when nothing answers. What cannot be undone rests on these. */
const signalsHeard = ({ signals, memory }: Observation): readonly Signal[] =>
  ifKnown(signals) ?? memory.signals ?? [];

/** The instance's state in its group; undefined where it is not known, or in no group. */
export const groupState = (observed: Observation): string | undefined => membership(observed)?.state;

function membership({ lifecycle }: Observation): Extract<Lifecycle, { kind: 'in-group' }> | undefined {
  const state = ifKnown(lifecycle);
  return state?.kind === 'in-group' ? state : undefined;
}

/** How far its group has come with taking the instance out; undefined where it keeps it, or nothing is known. */
export function leavingGroup(observed: Observation): Leaving | undefined {
  const state = groupState(observed);
  return state === undefined ? undefined : leaving(state);
}

/** A group that terminates the instance never takes that back: as good as any signal, once it has said so itself. */
export const terminationDecided = (observed: Observation): boolean =>
  leavingGroup(observed)?.aim === 'termination' && membership(observed)?.from === undefined;

/**
 * What asks for the instance to go. `unheard`: nothing does any more, but its group was last known to terminate it, or to wait for
 * its hook, and has to be asked, or has just been asked. `withdrawn`: nothing does. What the group itself terminates needs no signal.
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
 * Whether the group itself says that its hook waits before the root volume is replaced, and the ECS agent does not say that no task runs
 * here: the tasks end with the old volume, whether or not anything asks for the instance any more.
 */
export function holdsRootVolume(observed: Observation): boolean {
  const where = leavingGroup(observed);
  const isHeard = membership(observed)?.from === undefined;
  return where?.aim === 'root-volume' && where.stage === 'waiting' && isHeard && !observed.emptySince;
}

/** Whether our hook is kept alive, where it waits. */
export const isHookWanted = (observed: Observation): boolean =>
  demand(observed) !== 'withdrawn' || holdsRootVolume(observed);

/** Whether every source says that it has no signal. */
export const isUnsignalled = ({ signals }: Observation): boolean =>
  signals.kind === 'known' && signals.value.length === 0;

/** What only metadata and heartbeats have said holds an instance, and lets none go. */
export const isAssumed = (lifecycle: Lifecycle): boolean =>
  lifecycle.kind === 'in-group' && lifecycle.from !== undefined;

/**
 * Whether Auto Scaling says that the instance stays, though nothing but its group's own doing asks for it to go. That it is in no
 * group contradicts metadata, which knows of one; a tag may be older.
 */
export function isContradicted(observed: Observation): boolean {
  const { lifecycle } = observed;
  if (lifecycle.kind === 'unknown' || leavingGroup(observed) || !isGroupsDoing(observed)) return false;
  return (
    lifecycle.value.kind === 'in-group' || signalsOf(observed).some(({ source }) => source === 'lifecycle')
  );
}

/** Whether all signals that are there come from the group: what metadata says of it, and tags that tell of its lifecycle event. */
export const isGroupsDoing = (observed: Observation): boolean => signalsHeard(observed).every(isGroups);

const isGroups = (signal: Signal): boolean =>
  signal.source === 'lifecycle' || (signal.source === 'tag' && signal.eventAt !== undefined);

/**
 * Whether no signal is sure to ask for good: a tag that names a hook may be what is left of a lifecycle event, and what EC2 has
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
 * Whether nothing asks for the instance but a tag that tells of a lifecycle event, as the tagger writes it. The tag outlives
 * the event where the instance does: after its root volume was replaced, or in a warm pool.
 */
export function isEventAlone(observed: Observation): boolean {
  if (observed.signals.kind === 'unknown') return false;
  const signals = signalsOf(observed);
  return (
    signals.length > 0 && signals.every((signal) => signal.source === 'tag' && signal.eventAt !== undefined)
  );
}

/** The group has said for so many ms that it keeps the instance: the event that the tag tells of is over. */
export const KEPT_MS = 30_000;

/**
 * Whether nothing asks for the instance any more, so that all that is left is to give back what was set DRAINING: no signal is
 * there, or none but a tag of a lifecycle event that is over.
 */
export function isOver(observed: Observation): boolean {
  const { keptForMs = 0, silentSignals } = observed;
  if (demand(observed) === 'withdrawn') return true;
  // Another source may have asked for the instance all the while.
  const isHeard = silentSignals === undefined;
  return isHeard && isEventAlone(observed) && isContradicted(observed) && keptForMs >= KEPT_MS;
}

/** The scheduled events after which the same host goes on. */
const PASSING_EVENTS: ReadonlySet<string> = new Set([
  'instance-reboot',
  'system-reboot',
  'system-maintenance',
]);

/** Whether EC2 recommends to replace the instance, and says so now. */
export const isRebalanced = (observed: Observation): boolean =>
  signalsHeard(observed).some(({ source }) => source === 'rebalance');

const isPassing = (signal: Signal): boolean =>
  signal.source === 'scheduled' && PASSING_EVENTS.has(signal.code);

/**
 * Whether nothing asks for the instance but an event that EC2 has scheduled and that the host outlasts. Drained, it stays in
 * its cluster, to be ACTIVE again afterwards: what is deregistered does not come back with a reboot. What tells of the group's
 * own doing asks for nothing where the group itself says that the instance stays.
 */
export function outlastsEvent(observed: Observation): boolean {
  const signals = signalsHeard(observed);
  if (leavingGroup(observed) || !signals.some(isPassing)) return false;
  const others = signals.filter((signal) => !isPassing(signal));
  return others.length === 0 || (membership(observed) !== undefined && others.every(isGroups));
}

/** Whether it was us who set this container instance DRAINING: a host that registers anew has another one, which may be anybody's. */
export const isDrainingOurs = ({ drainingSetAt, drainingSetOn }: Memory, arn: string): boolean =>
  drainingSetAt !== undefined && (drainingSetOn ?? arn) === arn;

/** Whether the lifecycle action is behind us, as far as can be told. */
export const isCompleted = ({ completed }: Memory): boolean =>
  completed !== undefined && completed.standing !== 'doubted';

/** Whether the instance has been let go, by us. An abandoned action may leave it retained, with its tasks. */
export const isReleased = ({ completed, terminatedAt }: Memory): boolean =>
  completed?.result === 'CONTINUE' || terminatedAt !== undefined;

/**
 * Whether the group was asked to terminate the instance so lately that it may not show yet. After that, an instance that is
 * as it was has been retained once more, unseen.
 */
export const isTerminatedLately = ({ now, memory: { terminatedAt = -Infinity } }: Observation): boolean =>
  now < terminatedAt + SHOWN_AFTER_MS;

const SHOWN_AFTER_MS = 30_000;

/**
 * Which hook is ours, as far as can be told. Whether a hook that is changed counts for the action that waits is not
 * documented: of its numbers then and now the smaller ones count.
 */
export function hookChoice(
  observed: Observation,
  { lifecycleHook }: Pick<Policy, 'lifecycleHook'>,
): HookChoice {
  const { hooks, memory, pastTag } = observed;
  // What names a hook may do so long after its own event.
  const signals = pastTag ? [...signalsOf(observed), pastTag] : signalsOf(observed);
  const choice = chooseHook(hooks, lifecycleHook, signals, hookBefore(memory));
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

/** The hook that was ours before, in this drain: a retained instance can come to wait once more. */
const hookBefore = ({ waiting, hook }: Memory): Hook | undefined => waiting?.hook ?? hook;

/** Our hook, while its lifecycle action is known to wait for us. */
export function waitingHook(
  observed: Observation,
  policy: Pick<Policy, 'lifecycleHook'>,
): Waiting | undefined {
  const { memory, now } = observed;
  const member = membership(observed);
  // At a limit, too, the action is only ended by the group's own word that it waits.
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
