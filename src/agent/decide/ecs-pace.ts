import { REQUESTS } from '../../aws/budget.ts';
import { ifKnown } from '../../base/reading.ts';
import type { EcsView, ViewKind } from '../model.ts';
import { type DrainPace, FIRST_ANSWER_MS, type Step, stepAfter } from './drain-pace.ts';
import { dueAfter, type Urgency } from './rest.ts';

/**
 * How often ECS is checked while the ECS agent says that a task runs here. Then no answer from ECS can end the drain, and the ECS
 * agent costs nothing to ask. ECS is asked only about changes that somebody may have made there.
 */
const CHECK_MS = 300_000;
/** How often, with `--ignore-tasks`: ECS must have said which tasks are ignored before the others have ended. */
const CHECK_IGNORED_MS = 60_000;
/**
 * If the agent found the instance DRAINING instead of setting it so, ECS's description may be older than a call that has set it
 * ACTIVE. So ECS is asked twice more in the first minute, and once in each of the next ones.
 */
const FOUND_DRAINING: readonly Step[] = [
  { until: 45_000, every: 25_000 },
  { until: 300_000, every: 60_000 },
];
/** When ECS is first asked what the tasks are, for people to read: after a whole fleet has had time to be DRAINING. */
const GLANCE_MS = 5_000;
const GLANCE_IGNORED_MS = 1_000;
/** While the ECS agent does not answer, only ECS knows about the tasks. */
const WITHOUT_ECS_AGENT_MS = 30_000;
const RELEASED_MS = 60_000;
/**
 * While ECS does not say where this host is. What ECS does not know yet it learns within minutes; after that, somebody must fix
 * it. If the ECS agent names another container instance, ECS is asked at once.
 */
const UNCLEAR: readonly Step[] = [
  { until: 360_000, every: 15_000 },
  { until: Infinity, every: 60_000 },
];
const UNCLEAR_AT_FIRST: readonly Step[] = [
  { until: 360_000, every: FIRST_ANSWER_MS },
  { until: Infinity, every: 60_000 },
];
/** The same, once nothing asks for the instance any more. */
const UNCLEAR_OVER: readonly Step[] = [
  { until: 60_000, every: 15_000 },
  { until: 300_000, every: 60_000 },
  { until: Infinity, every: CHECK_MS },
];
/** How often all tasks are listed before and after they are asked to stop, while the host names some. */
const LIST_MS = 60_000;
/** How long a view reads only the tasks that are about to end, before somebody's changes must be read again. */
const UNSEEN_MS = 60_000;
/** How often ECS is asked while tasks can still be placed here, or must be asked to stop. */
const LOOK_MS = 15_000;
/** A list that is older than this, in ms, is read anew. */
const LISTED_LATELY_MS = 20_000;
const LONGEST_LOOK_MS = 300_000;
/** So long before a limit at which tasks are asked to stop they must be known. */
const BEFORE_STOP_MS = 60_000;
/** The same while the instance is ACTIVE: no sooner, since its lists take requests that DRAINING waits for. */
const BEFORE_SPOT_STOP_MS = 20_000;
/** How long ECS counts as used up after it has throttled several looks in a row: as long as the notice of an interruption. */
const QUEUED_MS = 120_000;
/** The looks after StopTask do not come all at the same time. */
const AFTER_LOOK_MS = 10_000;
/** By then the interruption has come, or nothing comes of its notice. */
const AFTER_SPOT_STOP_MS = 60_000;
/** After a limit, tasks that do not stop are asked again once a minute. After this long they need not be known any sooner. */
const AFTER_STOP_MS = 600_000;

/**
 * ECS learns of a task's end 1 to 30 s after the host. How often ECS is asked whether the last tasks are STOPPED, by the time
 * since the host's last task ended.
 */
const END_LOOKS: readonly Step[] = [
  { until: 4_000, every: 2_000 },
  { until: 7_000, every: 3_000 },
  { until: 14_000, every: 4_000 },
  { until: 60_000, every: 4_800 },
  { until: 300_000, every: 15_000 },
  { until: Infinity, every: 30_000 },
];
/** … and after ECS has throttled this drain: the first looks would nearly always be too early, and a fleet has no requests for them. */
const END_LOOKS_CROWDED: readonly Step[] = [
  { until: 60_000, every: 4_700 },
  { until: 300_000, every: 15_000 },
  { until: Infinity, every: 30_000 },
];
/** How often ECS is asked about an instance that is empty but stays DRAINING in its cluster, by how long it has been empty. */
const DRAINED: readonly Step[] = [
  { until: 60_000, every: LOOK_MS },
  { until: 300_000, every: 60_000 },
  { until: Infinity, every: CHECK_MS },
];
const FIRST_END_LOOK_MS = 2_000;
/** ECS may learn of the end before the host is asked again: with the second until then, this is within the 5 s. */
const FIRST_END_LOOK_CROWDED_MS = 3_900;

/** A fleet that is throttled lets instances go first that are not DRAINING yet, because those are given tasks meanwhile. */
const OTHERS_FIRST_MS = 52_000;

/** When ECS is to be looked at next, in ms by the agent's clock. */
export function ecsViewDue(pace: DrainPace): number {
  return Math.max(dueByItself(pace), othersFirst(pace));
}

function dueByItself(pace: DrainPace): number {
  const { asked, ecsView: last } = pace;
  const every = (ms: number) => dueAfter(asked.ecsView, ms, urgencyOf(pace));
  if (isAnew(pace)) return every(0);
  const { unclearSince } = pace;
  if (unclearSince !== undefined && !isHostHolding(pace)) return every(unclearInterval(pace, unclearSince));
  if (!last) return every(FIRST_ANSWER_MS);
  // It waits only for its group.
  if (pace.isOver) return every(CHECK_MS);
  const { containerInstance } = last;
  if (containerInstance.kind !== 'registered') return every(releasedInterval(pace, last));
  // A dry run that is done has only pretended to deregister it.
  if (pace.phase === 'done' && pace.listsWhileActive) return every(CHECK_MS * (1 + pace.spread / 10));
  const { emptySince } = pace;
  if (emptySince !== undefined)
    return every(
      isEndNear(pace, last) ? endInterval(pace, last, emptySince) : drainedInterval(pace, last, emptySince),
    );
  if (!isSettled(pace, last)) return every(viewInterval(pace, last));
  if (pace.isHostBusy) return every(untilCheck(pace, last));
  return every(Math.max(listInterval(last.requests), WITHOUT_ECS_AGENT_MS * (1 + pace.spread / 2)));
}

/**
 * What the next view of ECS reads. `quick` and `check` build on the last view, and never say that no task is left. They are
 * enough only while ECS has the container instance DRAINING, so that nothing new is placed on it.
 */
export function nextViewKind(pace: DrainPace): ViewKind {
  const kind = usualViewKind(pace);
  // DRAINING may not be set by then, and the tasks have a right to their SIGTERM all the same.
  return kind === 'full' && isSpotStopNear(pace) ? 'all' : kind;
}

function usualViewKind(pace: DrainPace): ViewKind {
  const { asked, ecsView: last, isHostBusy } = pace;
  const { isStale, failure, at } = asked.ecsView;
  if (pace.isOver) return 'given-back';
  if (last?.containerInstance.kind !== 'registered') return 'full';
  if (isAnew(pace)) return 'full';
  // If ECS throttles, the first view after DRAINING comes so late that somebody may have set the instance ACTIVE meanwhile.
  const isChecked = pace.now - (last.describedAt ?? at) < CHECK_MS;
  // If an answer no longer counts, more is needed. If one did not come, the same is asked again.
  const isOutdated = isStale && failure === undefined;
  if (isHostBusy && isSettled(pace, last))
    return isUndescribed(last) && !isOutdated && isChecked ? 'quick' : 'check';
  if (isQueuedForSpot(pace, last)) return isOutdated || !isChecked ? 'check' : 'quick';
  if (isOutdated) return isJustListed(pace, last) ? 'confirm' : 'full';
  if (isHostBusy && isUnchanged(pace, last) && wasListedLately(pace, last)) return 'check';
  const { emptySince } = pace;
  if (emptySince === undefined || !isEndNear(pace, last)) return 'full';
  // However long the last tasks take to end, somebody may set the instance ACTIVE meanwhile.
  const { describedAt = at } = last;
  // In mode `deregister` ECS itself decides on what the look says.
  const seenAt = pace.listsWhileActive ? describedAt : Math.max(describedAt, emptySince);
  const isSeen = pace.now - seenAt < UNSEEN_MS;
  return isSeen && (last.containerInstance.status === 'DRAINING' || pace.listsWhileActive) ? 'quick' : 'full';
}

/**
 * An instance that stays in its cluster is checked once more if the host was slow to answer. A full view each time would use up
 * the minute's requests: each view would wait for them, the host would be asked again after it, and no view would ever be the
 * last.
 */
function isJustListed({ isReplacing, now, tasksSeenHere }: DrainPace, last: EcsView): boolean {
  const { containerInstance, tasks, isListed, listedAt = -Infinity } = last;
  const isEmpty = isListed && tasksSeenHere === 0 && ifKnown(tasks)?.length === 0;
  const isDraining = containerInstance.kind === 'registered' && containerInstance.status === 'DRAINING';
  return isReplacing && isEmpty && isDraining && now - listedAt < LISTED_LATELY_MS;
}

/** How often, in ms, a list may be asked for that takes so many requests: one more must always fit into the budget. */
export function listInterval(requests: number): number {
  const room = Math.max(1, REQUESTS - requests);
  return Math.min(LONGEST_LOOK_MS, Math.max(LOOK_MS, (requests * 60_000) / room));
}

/**
 * How old, in ms, the lists of an ACTIVE container instance may be that took so many requests. Each time that DRAINING fails, ECS is looked at
 * anew, and whole lists each time would use up the minute's requests before the tasks are asked to stop: they get half of these.
 */
export const activeListInterval = (requests: number): number =>
  (BEFORE_SPOT_STOP_MS * requests) / (REQUESTS / 2);

/** The host has become another container instance, which is given tasks, and ECS was not asked about that one yet, or did not answer. */
const isAnew = ({ asked: { ecsView: asked }, registeredAnewAt }: DrainPace): boolean =>
  registeredAnewAt !== undefined && (asked.at < registeredAnewAt || asked.failure !== undefined);

/**
 * A task runs on the container instance that ECS last named for this host. That holds the instance, so there is time, whatever
 * ECS says by now.
 */
const isHostHolding = ({ isHostBusy, isOver, ecsView, registeredAnewAt }: DrainPace): boolean =>
  isHostBusy && !isOver && ecsView !== undefined && registeredAnewAt === undefined;

function unclearInterval(pace: DrainPace, unclearSince: number): number {
  const { asked, ecsView, isOver, signalledAt = -Infinity, registeredAnewAt = -Infinity } = pace;
  const since = Math.max(unclearSince, signalledAt, registeredAnewAt);
  const steps = isOver ? UNCLEAR_OVER : ecsView ? UNCLEAR : UNCLEAR_AT_FIRST;
  return stepAfter(steps, asked.ecsView.at - since);
}

/** Until when this instance leaves ECS's answers to others of its fleet that are throttled too. */
function othersFirst({ isQueued, signalledAt = -Infinity, spread, isHostBusy, ecsView }: DrainPace): number {
  const isDraining =
    ecsView?.containerInstance.kind === 'registered' && ecsView.containerInstance.status === 'DRAINING';
  return isQueued && isDraining && !isHostBusy ? signalledAt + OTHERS_FIRST_MS * (1 + spread / 4) : -Infinity;
}

/** Nothing new is placed here, and no task is to be asked to stop. */
const isSettled = (pace: DrainPace, last: EcsView): boolean => isUnchanged(pace, last) && !isStopNear(pace);

/** Nothing new is placed here. */
function isUnchanged({ listsWhileActive }: DrainPace, { containerInstance, heard }: EcsView): boolean {
  if (containerInstance.kind !== 'registered' || containerInstance.status !== 'DRAINING') return false;
  // If the ECS agent names a container instance that ECS does not confirm yet, tasks may be placed on it.
  const isConfirmed = heard === undefined || heard === containerInstance.arn;
  return isConfirmed && !listsWhileActive;
}

/**
 * Before tasks are asked to stop, all of them must be known: those that ECS listed, and those that the host has named since. A
 * list takes several requests if many tasks have stopped, and the last view, on which the release rests, must not have to wait
 * for its own.
 */
const wasListedLately = ({ now }: DrainPace, last: EcsView): boolean =>
  !isUndescribed(last) && now - (last.listedAt ?? -Infinity) < LIST_MS;

/**
 * Many instances are interrupted at the same moment, and ECS answers them one after the other. The ECS agent names the tasks of one that is
 * DRAINING, so a single request tells which can be asked to stop: lists would take the others' turns.
 */
const isQueuedForSpot = (pace: DrainPace, last: EcsView): boolean =>
  pace.now - (pace.queuedAt ?? -Infinity) < QUEUED_MS &&
  pace.isHostBusy &&
  isUnchanged(pace, last) &&
  pace.now < spotLookAt(pace);

/** Once its tasks are known, it leaves ECS's answers to the others until it has asked them to stop, and a little longer. */
const spotLookAt = ({ spotStopAt = -Infinity, spread }: DrainPace): number =>
  spotStopAt + LOOK_MS + spread * AFTER_LOOK_MS;

function isStopNear({ now, stopTasksAt = Infinity }: DrainPace): boolean {
  return now >= stopTasksAt - BEFORE_STOP_MS;
}

const isSpotStopNear = ({ now, spotStopAt = Infinity }: Pick<DrainPace, 'now' | 'spotStopAt'>): boolean =>
  now >= spotStopAt - BEFORE_SPOT_STOP_MS;

/** The last view was to list all tasks for an interruption that is not over: its lists have failed if it tells of none. */
const wasToListAll = ({ now, asked: { ecsView }, spotStopAt = Infinity }: DrainPace): boolean =>
  isSpotStopNear({ now: ecsView.at, spotStopAt }) && now < spotStopAt + AFTER_SPOT_STOP_MS;

/** A limit that lets the instance go with its tasks has passed, and takes effect only once ECS has said which they are. */
function isLimitWaiting({ now, letsGoAt = Infinity, asked, ecsView: last }: DrainPace): boolean {
  const isUnknown = asked.ecsView.isStale || (last !== undefined && isUndescribed(last));
  return isUnknown && now >= letsGoAt && now < letsGoAt + AFTER_STOP_MS;
}

/** The host has no task any more, but ECS still lists one, or does not say what is left. */
const isEndNear = ({ tasksSeenHere }: DrainPace, { tasks }: EcsView): boolean =>
  !(ifKnown(tasks)?.length === 0 && tasksSeenHere === 0);

const isUndescribed = ({ tasks }: EcsView): boolean => tasks.kind === 'unknown';

/** Views that read only the tasks do not put a check off. */
function untilCheck(pace: DrainPace, last: EcsView): number {
  const { at } = pace.asked.ecsView;
  const uncheckedMs = isUndescribed(last) ? 0 : Math.max(0, at - (last.describedAt ?? at));
  return Math.max(0, checkInterval(pace, last) - uncheckedMs);
}

function checkInterval(pace: DrainPace, last: EcsView): number {
  const { asked, spread, isQueued, foundDrainingSince } = pace;
  const usual = usualCheckInterval(pace, last);
  // If a fleet asks more than ECS answers, these checks would be the first to delay what is urgent.
  if (foundDrainingSince === undefined || isQueued) return usual;
  const every = stepAfter(FOUND_DRAINING, asked.ecsView.at - foundDrainingSince);
  return Math.min(usual, every * (1 + spread / 10));
}

function usualCheckInterval(pace: DrainPace, last: EcsView): number {
  const { spread, isEcsCrowded, mustDescribe } = pace;
  const isWanted = mustDescribe || !isEcsCrowded || isLimitWaiting(pace);
  if (isUndescribed(last) && isWanted) return mustDescribe ? GLANCE_IGNORED_MS : GLANCE_MS * (1 + spread);
  return (mustDescribe ? CHECK_IGNORED_MS : CHECK_MS) * (1 + (isEcsCrowded ? spread : spread / 10));
}

function endInterval(pace: DrainPace, last: EcsView, emptySince: number): number {
  const { asked, tasksSeenHere, isEcsCrowded } = pace;
  const { at } = asked.ecsView;
  const known = (ifKnown(last.tasks)?.length ?? 0) + tasksSeenHere;
  // ECS needs a moment to learn that the tasks seen here have ended. If there were none, there is nothing to wait for.
  const first = isEcsCrowded ? FIRST_END_LOOK_CROWDED_MS : FIRST_END_LOOK_MS;
  if (at < emptySince) return known > 0 ? emptySince + first - at : 0;
  const every = stepAfter(isEcsCrowded ? END_LOOKS_CROWDED : END_LOOKS, at - emptySince);
  return known === 0 ? Math.max(every, LOOK_MS) : every;
}

/** The instance is empty, and waits for something else: its group, another owner's hook, or an event that EC2 has announced a day ahead. */
function drainedInterval(pace: DrainPace, last: EcsView, emptySince: number): number {
  const usual = viewInterval(pace, last);
  return isUnchanged(pace, last)
    ? Math.max(usual, stepAfter(DRAINED, pace.asked.ecsView.at - emptySince))
    : usual;
}

/** Nothing is placed on a host that ECS has let go. The tasks that were seen on it must still be seen to end. */
function releasedInterval(
  { asked, emptySince, isHostBusy, isRegistrationTold, tasksSeenHere, spread }: DrainPace,
  { heard, tasks }: EcsView,
): number {
  const { at } = asked.ecsView;
  const isEmpty = tasksSeenHere === 0 && ifKnown(tasks)?.length === 0;
  // A host that registers anew names its new container instance, unless its ECS agent is silent: then only ECS tells.
  const tellsAnew = heard !== undefined && isRegistrationTold;
  if (isEmpty || isHostBusy) return tellsAnew ? CHECK_MS : RELEASED_MS;
  if (emptySince === undefined) return WITHOUT_ECS_AGENT_MS * (1 + spread / 2);
  return at < emptySince ? 0 : stepAfter(END_LOOKS, Math.max(14_000, at - emptySince));
}

function viewInterval(pace: DrainPace, last: EcsView): number {
  const { now, jitter, asked, stopTasksAt = Infinity } = pace;
  const { requests, containerInstance } = last;
  // The instance was set DRAINING once more shortly before the limit, and its tasks were not listed since (while it is ACTIVE,
  // they are not listed at all).
  const isDraining = containerInstance.kind === 'registered' && containerInstance.status === 'DRAINING';
  if (isDraining && isUndescribed(last) && isStopNear(pace)) return GLANCE_IGNORED_MS;
  if (isQueuedForSpot(pace, last) && pace.areTasksTold) return spotLookAt(pace) - asked.ecsView.at;
  if (isUndescribed(last) && wasToListAll(pace)) return GLANCE_MS;
  const isOld = now >= stopTasksAt + AFTER_STOP_MS;
  return Math.max(isOld ? 60_000 : 0, listInterval(requests)) * (1 + jitter * 0.2);
}

/** An instance that is still given tasks comes first, then one that could be released. A check while the host is busy can wait. */
function urgencyOf(pace: DrainPace): Urgency {
  const { containerInstance } = pace.ecsView ?? {};
  if (isAnew(pace)) return 'draining';
  // Who is throttled now cannot let others go first: nothing is left to wait for.
  if (isSpotStopNear(pace)) return 'release';
  if (!pace.ecsView || (containerInstance?.kind === 'registered' && containerInstance.status === 'ACTIVE'))
    return pace.isHostBusy || pace.isQueued ? 'draining' : 'release';
  // All tasks that keep the host busy may be ignored ones, and only ECS says so.
  if (isStopNear(pace) || isLimitWaiting(pace)) return 'release';
  if (pace.isHostBusy) return pace.mustDescribe ? 'release' : 'nothing';
  return pace.isQueued ? 'queued' : 'release';
}
