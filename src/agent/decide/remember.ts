import { ifKnown } from '../../base/reading.ts';
import type { Config } from '../../config/options.ts';
import { type Signal, SPOT_NOTICE_MS } from '../../signals/signal.ts';
import type { Completion, Memory, Observation, WaitingHint } from '../model.ts';
import {
  groupState,
  hookChoice,
  hookSeen,
  isAssumed,
  isOver,
  leavingGroup,
  onAgentClock,
  signalsOf,
  terminationDecided,
} from './facts.ts';
import { leaving } from './group-state.ts';

/** A tag that is older than this says nothing about the lifecycle action that waits now, because no hook lasts longer. */
const LONGEST_WAIT_MS = 48 * 3_600_000;

/** A completed lifecycle action is gone within seconds. */
const DOUBTED_AFTER_MS = 30_000;

/** What is to be kept after an observation. Returns the same object if nothing is new. */
export function remember(observed: Observation, config: Pick<Config, 'lifecycleHook'>): Memory {
  const { memory, now, signals } = observed;
  if (isOver(observed)) {
    // What we set DRAINING is kept until it is given back. So is the replacement that this waits for, with the hook that is kept
    // alive until then.
    const { drainingSetAt, drainingSetOn } = memory;
    const isReplacing = replaces(observed);
    if (drainingSetAt === undefined && !isReplacing) return Object.keys(memory).length === 0 ? memory : {};
    const waiting = isReplacing && rememberWaiting(observed, config, false);
    // What we completed gets no heartbeats, although another owner's hook still holds the replacement.
    const completed = isReplacing && doubt(observed);
    const isAsBefore = memory.signalledAt === undefined && memory.isReplacing === isReplacing;
    if (isAsBefore && memory.waiting === waiting && memory.completed === completed) return memory;
    return {
      ...(drainingSetAt !== undefined && { drainingSetAt }),
      ...(drainingSetOn !== undefined && { drainingSetOn }),
      ...(isReplacing && { isReplacing }),
      ...(waiting && { waiting }),
      ...(isReplacing && memory.hook && { hook: memory.hook }),
      ...(completed && { completed }),
    };
  }

  let next = memory;
  if (signals.kind === 'known' && signals.value.length > 0) {
    const merged = mergeSignals(memory.signals ?? [], signalsOf(observed));
    if (memory.signalledAt === undefined || merged !== memory.signals) {
      next = { ...next, signalledAt: memory.signalledAt ?? now, signals: merged };
    }
  } else if (
    signals.kind === 'unknown' &&
    memory.signals &&
    signalsOf(observed).length < memory.signals.length
  ) {
    // A source that says that it has none has taken its signal back, whoever else is silent.
    next = { ...next, signals: signalsOf(observed) };
  } else if (memory.signalledAt === undefined && terminationDecided(observed)) {
    // The group itself asks for it, without a signal: an operator's limit counts from then.
    next = { ...next, signalledAt: now };
  }
  const isReplacing = replaces(observed);
  const isTurned = memory.isReplacing === true && !isReplacing;
  if (isReplacing && !memory.isReplacing) next = { ...next, isReplacing };
  if (isTurned) {
    const { isReplacing: _, ...rest } = next;
    next = rest;
  }
  next = rememberTermination(next, observed);
  next = rememberNotWaiting(next, observed);
  const waiting = rememberWaiting(observed, config, isTurned);
  if (waiting !== memory.waiting) {
    const { waiting: _, ...rest } = next;
    next = waiting ? { ...rest, waiting } : rest;
  }
  const state = groupState(observed);
  const stage = state === undefined ? undefined : leaving(state)?.stage;
  if (next.terminatedAt !== undefined && (waiting || stage === 'begun')) {
    // The group has begun to terminate the instance. If the end of another hook makes it retain the instance, it must be told once more.
    const { terminatedAt: _, ...rest } = next;
    next = rest;
  }
  next = rememberHook(next, observed, config);
  next = rememberTasks(next, observed);
  next = rememberSpot(next, observed);
  // The group's answer must outlast a question that fails, and a restart.
  const retains = ifKnown(observed.retainsAbandoned);
  if (retains !== undefined && retains !== next.retains) next = { ...next, retains };
  // An instance that is retained, or stays, waits for its hooks once more: the earlier completion does not count for that wait.
  const isBetween = state !== undefined && (stage === undefined || stage === 'begun' || stage === 'retained');
  const completed = isBetween || isTurned ? undefined : doubt(observed);
  if (completed === memory.completed) return next;
  const { completed: _, ...rest } = next;
  return completed ? { ...rest, completed } : rest;
}

/**
 * Whether the group replaces the root volume, as far as it was last heard. Metadata may have the same word for that as for a
 * termination, so what only metadata and heartbeats have said changes nothing.
 */
function replaces(observed: Observation): boolean | undefined {
  const group = ifKnown(observed.lifecycle);
  if (group?.kind !== 'in-group' || isAssumed(group)) return observed.memory.isReplacing;
  return leaving(group.state)?.aim === 'root-volume' || undefined;
}

function rememberTermination(memory: Memory, observed: Observation): Memory {
  if (observed.lifecycle.kind === 'unknown' || isAssumed(observed.lifecycle.value)) return memory;
  const isTerminating = terminationDecided(observed);
  if (isTerminating === (memory.isTerminating ?? false)) return memory;
  const { isTerminating: _, ...rest } = memory;
  return isTerminating ? { ...rest, isTerminating } : rest;
}

/** Kept to the minute only: it is for the next process, and each change is written to disk. */
function rememberNotWaiting(memory: Memory, { notWaitingAt }: Observation): Memory {
  const isNews =
    notWaitingAt !== undefined && notWaitingAt >= (memory.notWaitingAt ?? -Infinity) + NOT_WAITING_KEPT_MS;
  return isNews ? { ...memory, notWaitingAt } : memory;
}
const NOT_WAITING_KEPT_MS = 60_000;

/** A hook that the tag chose, or whose action waits, stays ours even if the tag's value changes or another hook is added. */
function rememberHook(memory: Memory, observed: Observation, config: Pick<Config, 'lifecycleHook'>): Memory {
  const { pastTag } = observed;
  // In a drain, a tag still names the hook long after its own event.
  const past = memory.signalledAt === undefined ? undefined : pastTag;
  const named = signalsOf(observed).find((signal) => signal.source === 'tag') ?? past;
  if (observed.hooks.kind === 'unknown') {
    // Whether the group has that hook is asked only once it terminates the instance, and the tag may have another value by then.
    const name = named?.hook;
    if (name === undefined || name === (memory.namedHook ?? memory.hook?.name)) return memory;
    // A name that the group does not have counts no more than none, so the one before is kept too.
    return memory.hook
      ? { ...memory, namedHook: name }
      : { ...memory, hook: { name, heartbeatTimeout: undefined, globalTimeout: undefined } };
  }
  const choice = hookChoice(observed, config);
  if (choice.kind !== 'ours' || sameHook(memory.hook, choice.hook)) return memory;
  const isChosen = named?.hook === choice.hook.name || mayWait(observed);
  const { namedHook: _, ...rest } = memory;
  return isChosen ? { ...rest, hook: choice.hook } : memory;
}

/** The hook waits, or may do so while only metadata says that the group terminates the instance. */
function mayWait(observed: Observation): boolean {
  const lifecycle = ifKnown(observed.lifecycle);
  return (lifecycle && isAssumed(lifecycle)) || leavingGroup(observed)?.stage === 'waiting';
}

function rememberTasks(memory: Memory, { tasks, now }: Observation): Memory {
  if (tasks.kind === 'unknown' || memory.signalledAt === undefined) return memory;
  const before = new Set(memory.tasksLeft);
  const left = tasks.value.map(({ arn }) => arn);
  if (left.length === before.size && left.every((arn) => before.has(arn))) return memory;
  const { tasksLeft: _, tasksAddedAt, ...rest } = memory;
  if (left.length === 0) return rest;
  const addedAt = left.every((arn) => before.has(arn)) ? tasksAddedAt : now;
  return { ...rest, tasksLeft: left, ...(addedAt !== undefined && { tasksAddedAt: addedAt }) };
}

/**
 * A Spot notice is forgotten once its interruption must have come, which has stopped or hibernated the host. The next notice is
 * recognized by its time, because nobody may have noticed that the first one was gone.
 */
function rememberSpot(memory: Memory, observed: Observation): Memory {
  const { now } = observed;
  const { spotSeenAt, ...rest } = memory;
  const notice = spotNotice(signalsOf(observed));
  const isOver = spotSeenAt !== undefined && now >= spotSeenAt + SPOT_NOTICE_MS;
  if (!notice) return isOver ? rest : memory;
  const before = spotNotice(observed.memory.signals ?? []) ?? notice;
  const isNext = isOver && before.interruptionAt !== notice.interruptionAt;
  return spotSeenAt === undefined || isNext ? { ...memory, spotSeenAt: now } : memory;
}

const spotNotice = (signals: readonly Signal[]) => signals.find((signal) => signal.source === 'spot');

/**
 * CompleteLifecycleAction returns no content, so an answer that is not Auto Scaling's can look like success. So an action that
 * still waits a while later is completed again. If it is another owner's hook that waits, Auto Scaling then says so.
 */
function doubt(observed: Observation): Completion | undefined {
  const {
    now,
    memory: { completed },
  } = observed;
  if (completed?.standing !== 'answered' || now < completed.at + DOUBTED_AFTER_MS) return completed;
  return leavingGroup(observed)?.stage === 'waiting' ? { ...completed, standing: 'doubted' } : completed;
}

function rememberWaiting(
  observed: Observation,
  config: Pick<Config, 'lifecycleHook'>,
  isTurned: boolean,
): WaitingHint | undefined {
  const { now, lifecycle, hooks, memory } = observed;
  if (lifecycle.kind === 'unknown') return memory.waiting;
  if (lifecycle.value.kind !== 'in-group' || leaving(lifecycle.value.state)?.stage !== 'waiting')
    return undefined;
  const { group } = lifecycle.value;
  const choice = hookChoice(observed, config);
  // If the group now wants something else of the instance, the tag belongs to the earlier event.
  const since = isTurned ? now : (memory.waiting?.since ?? mayWaitSince(observed));
  const hook = choice.kind === 'ours' ? choice.hook : hooks.kind === 'unknown' ? hookSeen(memory) : undefined;
  const old = memory.waiting;
  if (old && old.since === since && old.group === group && sameHook(old.hook, hook)) return old;
  return hook ? { since, group, hook } : { since, group };
}

/**
 * Merges the signals: the first one stays the first, later ones join it, and each is kept as it is now. A signal that is gone is
 * left out.
 */
function mergeSignals(before: readonly Signal[], now: readonly Signal[]): readonly Signal[] {
  const merged = before.flatMap((old) => now.find(({ source }) => source === old.source) ?? []);
  const joined = now.filter(({ source }) => !before.some((old) => old.source === source));
  const same =
    joined.length === 0 &&
    merged.length === before.length &&
    merged.every((signal, index) => sameSignal(signal, before[index]));
  return same ? before : [...merged, ...joined];
}

const sameSignal = (a: Signal, b: Signal | undefined) =>
  a === b || (b !== undefined && hasMembersOf(a, b) && hasMembersOf(b, a));

/** Signals are flat. */
const hasMembersOf = (a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>) =>
  Object.keys(b).every((name) => a[name] === b[name]);

/**
 * The earliest time at which an action can have begun to wait that is only now known to wait. The group may not have been heard
 * for minutes: if the limit counted from now, it would be known too late to abandon the action. If the group itself has said in
 * this drain that none waits, the wait began after that, and an earlier tag belongs to another event.
 */
function mayWaitSince(observed: Observation): number {
  const { now, memory, keptAt } = observed;
  const heardAt = observed.notWaitingAt ?? memory.notWaitingAt;
  if (heardAt !== undefined) return heardAt;
  return [memory.signalledAt, keptAt, eventTime(observed)].reduce<number>(
    (first, at) => Math.min(first, at ?? first),
    now,
  );
}

function eventTime(observed: Observation): number | undefined {
  const announced = signalsOf(observed).find((signal) => signal.source === 'tag')?.eventAt;
  const eventAt = announced === undefined ? undefined : onAgentClock(announced, observed);
  return eventAt !== undefined && eventAt > observed.now - LONGEST_WAIT_MS ? eventAt : undefined;
}

const sameHook = (a: WaitingHint['hook'], b: WaitingHint['hook']) =>
  a?.name === b?.name && a?.heartbeatTimeout === b?.heartbeatTimeout && a?.globalTimeout === b?.globalTimeout;
