import type { Lifecycle } from '../../aws/auto-scaling.ts';
import { ifKnown } from '../../base/reading.ts';
import type { Asked } from '../model.ts';
import { type DrainPace, FIRST_ANSWER_MS, type Step, stepAfter } from './drain-pace.ts';
import { isAssumed } from './facts.ts';
import { type Leaving, leaving } from './group-state.ts';
import { SHORTEST_HEARTBEAT_TIMEOUT_MS } from './heartbeat.ts';
import { dueAfter, restedUntil, type Urgency } from './rest.ts';

/**
 * From `Terminating` to `Terminating:Wait` takes seconds, or as long as a load balancer takes to deregister the instance:
 * asked after 3, 6, 12 and 30 s, then once a minute.
 */
const TERMINATING: readonly Step[] = [
  { until: 6_000, every: 3_000 },
  { until: 12_000, every: 6_000 },
  { until: 30_000, every: 18_000 },
  { until: Infinity, every: 60_000 },
];
/** A state that changes only when somebody else acts. */
const CHECK_MS = 300_000;
/** How often, if only the group itself tells what it wants: metadata is not read for it, contradicts it, or may have no word for it. */
const GROUP_ALONE_MS = SHORTEST_HEARTBEAT_TIMEOUT_MS;
const GROUP_ALONE_DONE_MS = 15_000;
const DONE_MS = 60_000;
/** A completed lifecycle action is gone within seconds. One that still waits half a minute later was not completed. */
const COMPLETED_MS = 25_000;
/** How often the hooks are read again while it is not clear which is ours: somebody may fix that while the hook still waits. */
const HOOKS_AGAIN_MS = { least: 60_000, most: 600_000 } as const;
/**
 * How often the hooks are read again once ours is known: somebody may shorten it. With hooks of 20 min or more that is beside
 * each heartbeat. While heartbeats are throttled, other instances' heartbeats need the requests, so the hooks are read STRAINED
 * times less often.
 */
const HOOKS_AFRESH_MS = 290_000;
const STRAINED = 3;
/** … and at most this long after the heartbeat: the shortest time-out leaves twenty seconds. */
const AFTER_HEARTBEATS_MS = 10_000;
/** If the hooks were read within this time, they need not be read again when one of them begins to wait. */
const HOOKS_LATELY_MS = 30_000;
/** How long the release of an instance without tasks can take while requests are short. Until then all requests are left to releases. */
const RELEASE_FIRST_MS = 30_000;
/** How long before the hook's global limit the agent asks whether the group retains; it abandons the action 5 min before the limit. */
const RETENTION_BEFORE_MS = [65, 35, 25, 15, 8].map((minutes) => minutes * 60_000);

/** When the group is to be asked for the instance's state next, in ms by the agent's clock. */
export function lifecycleDue(pace: DrainPace): number {
  const last = ifKnown(pace.lifecycle);
  const where = last?.kind === 'in-group' ? leaving(last.state) : undefined;
  // The group says that the instance is in no group, or stays, but metadata says that it is terminated. On a wrong answer a hook
  // may time out.
  const isContradicted = last !== undefined && !where && pace.isTermination;
  const every = isContradicted
    ? contradictedInterval(pace)
    : last
      ? lifecycleInterval(pace, last, where)
      : FIRST_ANSWER_MS;
  const due = dueAfter(sinceTermination(pace.asked.lifecycle, pace), every, urgencyOf(pace));
  return where?.stage === 'waiting' || isHookHeld(pace) ? due : Math.min(due, beforeUnseen(pace));
}

/**
 * The hook may have begun to wait up to one heartbeat's interval before the first failure. An outage of two thirds of its time-out then leaves a
 * twelfth, a third of that interval: so this long after a failure the group is asked again.
 */
function beforeUnseen({ asked, heartbeatInterval, emptySince }: DrainPace): number {
  const { failure } = asked.lifecycle;
  if (failure?.kind !== 'throttled' || heartbeatInterval === undefined || emptySince !== undefined)
    return Infinity;
  return failure.at + Math.max(SHORTEST_UNSEEN_MS, heartbeatInterval / 3);
}
/** Twelve requests a minute. */
const SHORTEST_UNSEEN_MS = 5_100;

/** Less often after a while: no answer is wrong for ever. */
function contradictedInterval({ now, contradictedSince = now, heartbeatInterval }: DrainPace): number {
  if (now < contradictedSince + CONTRADICTED_MS) return FIRST_ANSWER_MS;
  return Math.max(FIRST_ANSWER_MS, Math.min(heartbeatInterval ?? GROUP_ALONE_MS, GROUP_ALONE_MS));
}

const CONTRADICTED_MS = 300_000;

function lifecycleInterval(pace: DrainPace, last: Lifecycle, where: Leaving | undefined): number {
  const { phase, terminatingSince, asked, completedAt = -Infinity, heartbeatInterval = Infinity } = pace;
  const { at } = asked.lifecycle;
  // A hook that has begun to wait must be noticed before it needs its first heartbeat.
  if (terminatingSince !== undefined)
    return Math.min(stepAfter(TERMINATING, at - terminatingSince), heartbeatInterval);
  if (!where) return last.kind === 'no-group' ? nowhereInterval(pace) : keptInterval(pace);
  if (isAssumed(last)) return assumedInterval(pace);
  // The end of another hook can turn the replacement into a termination, and ours then waits anew.
  const settled = where.aim === 'root-volume' ? turnedInterval(heartbeatInterval) : DONE_MS;
  // The answer may be from before the group was told to terminate the instance.
  if (phase === 'done' && where.stage === 'retained' && pace.terminatedAt !== undefined)
    return stepAfter(TERMINATING, at - pace.terminatedAt);
  if (phase === 'done') return at < completedAt + COMPLETED_MS ? completedAt + COMPLETED_MS - at : settled;
  switch (where.stage) {
    // Each recorded heartbeat shows that the hook still waits. Before the release the group is asked once more.
    case 'waiting':
      if (pace.emptySince !== undefined)
        return at < pace.emptySince
          ? 0
          : isHookHeld(pace) && where.aim === 'termination'
            ? CHECK_MS
            : settled;
      // Heartbeats are recorded just the same if the instance is terminated instead, so only the group tells.
      if (where.aim === 'root-volume') return settled;
      if (pace.isUnsignalled) return DONE_MS;
      if (isHookHeld(pace)) return Infinity;
      return pace.isHostBusy ? CHECK_MS : DONE_MS;
    // Somebody may terminate the instance, and its hook then waits again.
    case 'retained':
      return Math.min(heartbeatInterval, CHECK_MS);
    default:
      return DONE_MS;
  }
}

const isHookHeld = ({ heldAt }: DrainPace): boolean => heldAt !== undefined;

const turnedInterval = (heartbeatInterval: number): number =>
  Math.min(DONE_MS, Math.max(TURNED_MS, heartbeatInterval));
const TURNED_MS = SHORTEST_HEARTBEAT_TIMEOUT_MS / 2;

const BEFORE_LIMIT_MS = 600_000;

/**
 * When the group itself is asked while only metadata has said that it terminates the instance: before the release, near a limit,
 * when metadata has fallen silent, if the hooks do not tell which of them to keep alive, and if heartbeats do not show that the
 * hook waits, because its global limit counts from when the wait began.
 */
function assumedInterval(pace: DrainPace): number {
  const { now, isHostBusy, heartbeatInterval, heartbeatFailed, asked, spread, limitAt = Infinity } = pace;
  if (!isHostBusy || pace.isSignalUnknown || pace.isUnsignalled || now >= limitAt - BEFORE_LIMIT_MS) return 0;
  const { at, failure } = asked.hooks;
  const mayAnswer = at === -Infinity || failure?.kind === 'throttled' || failure?.kind === 'transient';
  if (heartbeatInterval === undefined && !mayAnswer) return 0;
  if (heartbeatFailed === 'unclear') return HEARTBEAT_UNCLEAR_MS;
  if (heartbeatFailed === 'throttled') {
    return Math.max(HEARTBEAT_THROTTLED_MS, HEARTBEATS_THROTTLED * (heartbeatInterval ?? 0));
  }
  return CHECK_MS * (1 + 2 * spread);
}

/**
 * How long after the signal. The action is abandoned five minutes before its limit, so it may have waited for almost that long
 * before the wait is known.
 */
const HEARTBEAT_UNCLEAR_MS = 30_000;
const HEARTBEAT_THROTTLED_MS = 200_000;
/**
 * … and this many heartbeat intervals. The limit is a hundred times the time-out. If that is hours, the question can wait for
 * more heartbeats: each question takes a request from somebody's heartbeat when there are too few for all.
 */
const HEARTBEATS_THROTTLED = 12;

/**
 * One answer can be from before the group listed the instance, and the release would then not tell the group. So the group is
 * asked once more when no task is left. Where only the group says that it terminates the instance, it is asked often in the first
 * five minutes: otherwise the hook could time out before the next question. Where the group is to be told to terminate the instance,
 * also in the five minutes after the last task's end: nothing else tells that it is in one.
 */
function nowhereInterval(pace: DrainPace): number {
  const { emptySince = -Infinity, asked, hearsOfTermination, signalledAt = -Infinity } = pace;
  if (pace.isContradicted && !pace.isOver) return GROUP_ALONE_MS;
  if (asked.lifecycle.at < emptySince) return 0;
  const mayBeNew = !hearsOfTermination && asked.lifecycle.at < signalledAt + NEW_MS;
  const mayBeWrong = pace.isToTerminate && asked.lifecycle.at < emptySince + NEW_MS;
  return mayBeNew || mayBeWrong ? GROUP_ALONE_MS : CHECK_MS;
}
const NEW_MS = 300_000;

/** How often, while the group keeps the instance. */
function keptInterval(pace: DrainPace): number {
  const { phase, hearsOfTermination, isContradicted, isOver } = pace;
  if (isKeptUntold(pace)) return untoldInterval(pace);
  if (isOver) return CHECK_MS;
  if (isContradicted || (phase === 'done' && pace.isToTerminate)) return GROUP_ALONE_MS;
  if (hearsOfTermination) return CHECK_MS;
  return phase === 'done' ? GROUP_ALONE_DONE_MS : GROUP_ALONE_MS;
}

/** Metadata may not show the replacement of a root volume, and tasks still run: the hook must hear from us in time. */
function untoldInterval({ heartbeatInterval, unclearInterval }: DrainPace): number {
  const needed = heartbeatInterval ?? unclearInterval ?? CHECK_MS;
  return Math.max(GROUP_ALONE_MS, Math.min(needed, CHECK_MS));
}

/**
 * When the hooks are to be read. They matter once the group terminates the instance. While one of them is ours they are read
 * again now and then, because somebody can change it. While the group keeps the instance they are read once, because they say how
 * soon a wait must be noticed.
 */
export function hooksDue(pace: DrainPace): number {
  // If the hooks are only read again, heartbeats come first, or releases if ours is known.
  const isSpare = isHookHeld(pace) || (pace.heartbeatInterval !== undefined && pace.emptySince !== undefined);
  const urgency = pace.areHooksKnown && isSpare ? 'nothing' : urgencyOf(pace);
  if (isLeaving(pace))
    return dueAfter(sinceTermination(pace.asked.hooks, pace), hooksInterval(pace), urgency);
  return isKeptUntold(pace) ? dueAfter(pace.asked.hooks, Infinity, 'nothing') : Infinity;
}

const isKeptUntold = ({ lifecycle, phase, hearsOfTermination, isContradicted, isOver }: DrainPace): boolean =>
  ifKnown(lifecycle)?.kind === 'in-group' &&
  phase === 'draining' &&
  hearsOfTermination &&
  !isContradicted &&
  !isOver;

function hooksInterval(pace: DrainPace): number {
  const { heartbeatInterval, unclearInterval = Infinity } = pace;
  if (heartbeatInterval !== undefined) return Math.min(sinceHeartbeat(pace), sinceWait(pace));
  return Math.max(HOOKS_AGAIN_MS.least, Math.min(unclearInterval, HOOKS_AGAIN_MS.most));
}

/**
 * The hook's values at a heartbeat may be those that count, so it is enough to read them soon after it. A fleet's heartbeats come
 * together, so the readings are spread.
 */
function sinceHeartbeat({ asked, heldAt = -Infinity, strain, spread }: DrainPace): number {
  const elapsed = heldAt - asked.hooks.at;
  const isDue = elapsed >= HOOKS_AFRESH_MS * (1 + (STRAINED - 1) * strain);
  return isDue ? elapsed + spread * AFTER_HEARTBEATS_MS : Infinity;
}

/** Our hook may have been changed before the wait began. */
function sinceWait({ asked, waitToldAt = -Infinity, emptySince, phase }: DrainPace): number {
  const elapsed = waitToldAt - asked.hooks.at;
  const isDue = elapsed > HOOKS_LATELY_MS && phase === 'draining';
  return isDue ? elapsed + (emptySince === undefined ? 0 : RELEASE_FIRST_MS) : Infinity;
}

/** When to ask whether the group retains: near a limit at which the action is abandoned, because somebody may have changed it by then. */
export function retentionDue(pace: DrainPace): number {
  const { hookLimit, abandonAt, asked } = pace;
  const times = hookLimit === undefined ? [] : RETENTION_BEFORE_MS.map((before) => hookLimit - before);
  if (abandonAt !== undefined) times.push(abandonAt);
  if (!isLeaving(pace) || times.length === 0) return Infinity;
  const next = Math.min(...times.filter((at) => at > asked.retention.at));
  const rested = restedUntil(asked.retention, 'hold');
  // It was asked in this drain, and must be asked again before the action is abandoned.
  const isWanted = asked.retention.isStale && asked.retention.at > -Infinity;
  if (asked.retention.failure || isWanted) return rested;
  return next;
}

function isLeaving({ lifecycle }: DrainPace): boolean {
  const last = ifKnown(lifecycle);
  return last?.kind === 'in-group' && leaving(last.state) !== undefined;
}

/** What failed before the group began to terminate the instance says nothing about how much of a hook's time-out is left. */
function sinceTermination(asked: Asked, { terminationSince = -Infinity }: DrainPace): Asked {
  const { failure } = asked;
  if (!failure || failure.since >= terminationSince) return asked;
  return { ...asked, failure: { ...failure, since: terminationSince } };
}

/** If no task is left, the instance could be released; otherwise its hook must hear from us in time. */
const urgencyOf = ({ emptySince }: DrainPace): Urgency => (emptySince === undefined ? 'hold' : 'release');
