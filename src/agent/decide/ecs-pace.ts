import { REQUESTS } from '../../aws/budget.ts';
import { ifKnown } from '../../base/reading.ts';
import type { EcsView, ViewKind } from '../model.ts';
import { type DrainPace, FIRST_ANSWER_MS, type Step, stepAfter } from './drain-pace.ts';
import { dueAfter, type Urgency } from './rest.ts';

/**
 * While the ECS agent says that a task runs here, nothing that ECS says can end the drain, and asking the ECS agent costs
 * nothing. Then ECS is looked at only for what somebody may have changed there.
 */
const CHECK_MS = 300_000;
/** Where some tasks may be such as the drain does not wait for: which, ECS must have said before the others have ended. */
const CHECK_IGNORED_MS = 60_000;
/**
 * ECS's descriptions lag: one that calls the instance DRAINING, which nobody has set so in this drain, may be older than what
 * has set it ACTIVE. Such a word is asked for twice more in the first minute, and once in each of the next ones.
 */
const FOUND_DRAINING: readonly Step[] = [
  { until: 45_000, every: 25_000 },
  { until: 300_000, every: 60_000 },
];
/** What the tasks are that run here, for people, once all of a fleet have had time to be DRAINING. */
const GLANCE_MS = 5_000;
const GLANCE_IGNORED_MS = 1_000;
/** Where the ECS agent does not answer, ECS alone knows. */
const WITHOUT_ECS_AGENT_MS = 30_000;
const RELEASED_MS = 60_000;
/**
 * Where ECS does not tell where this host is. What it does not know yet it knows within minutes; after that somebody must fix it, or
 * say so: what the ECS agent says anew is asked for at once.
 */
const UNCLEAR: readonly Step[] = [
  { until: 360_000, every: 15_000 },
  { until: Infinity, every: 60_000 },
];
const UNCLEAR_AT_FIRST: readonly Step[] = [
  { until: 360_000, every: FIRST_ANSWER_MS },
  { until: Infinity, every: 60_000 },
];
/** … and where nothing asks for the instance any more. */
const UNCLEAR_OVER: readonly Step[] = [
  { until: 60_000, every: 15_000 },
  { until: 300_000, every: 60_000 },
  { until: Infinity, every: CHECK_MS },
];
/** Before tasks are asked to stop, and afterwards, they are listed as a whole so often, while the host names them. */
const LIST_MS = 60_000;
/** For so long only the tasks are asked after that are about to end, and not what somebody may have changed. */
const UNSEEN_MS = 60_000;
/** Where tasks can still be placed, or must be asked to stop. */
const LOOK_MS = 15_000;
/** A list that is older than this, in ms, is read anew. */
const LISTED_LATELY_MS = 20_000;
const LONGEST_LOOK_MS = 300_000;
/** Until a limit at which tasks are asked to stop: they must be known by then. */
const BEFORE_STOP_MS = 60_000;
/** Tasks that do not stop are asked again once a minute: after so long they need be known no sooner. */
const AFTER_STOP_MS = 600_000;

/** ECS learns of a task's end 1 to 30 s after the host. Its last word, by how long ago the host's last task ended. */
const END_LOOKS: readonly Step[] = [
  { until: 4_000, every: 2_000 },
  { until: 7_000, every: 3_000 },
  { until: 14_000, every: 4_000 },
  { until: 60_000, every: 4_800 },
  { until: 300_000, every: 15_000 },
  { until: Infinity, every: 30_000 },
];
/** What stays DRAINING in its cluster, with no task left, by how long it has been empty. */
const DRAINED: readonly Step[] = [
  { until: 60_000, every: LOOK_MS },
  { until: 300_000, every: 60_000 },
  { until: Infinity, every: CHECK_MS },
];
const FIRST_END_LOOK_MS = 2_000;

/** An instance that is DRAINING can wait for its release; one that is not yet is given tasks meanwhile. */
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
  // It waits for its group alone.
  if (pace.isOver) return every(CHECK_MS);
  const { containerInstance } = last;
  if (containerInstance.kind !== 'registered') return every(releasedInterval(pace, last));
  const { emptySince } = pace;
  if (emptySince !== undefined)
    return every(
      isEndNear(pace, last) ? endInterval(pace, last, emptySince) : drainedInterval(pace, last, emptySince),
    );
  if (!isSettled(pace, last)) return every(viewInterval(pace, last));
  if (pace.isHostBusy) return every(checkInterval(pace, last));
  return every(Math.max(listInterval(last.requests), WITHOUT_ECS_AGENT_MS * (1 + pace.spread / 2)));
}

/**
 * What the next view of ECS reads. `quick` and `check` rest on the last one, and say of no task that it is the last: they
 * are enough only where ECS has the container instance DRAINING, so that nothing new is placed on it.
 */
export function nextViewKind(pace: DrainPace): ViewKind {
  const { asked, ecsView: last, isHostBusy } = pace;
  const { isStale, failure, at } = asked.ecsView;
  if (pace.isOver) return 'given-back';
  if (last?.containerInstance.kind !== 'registered') return 'full';
  if (isAnew(pace)) return 'full';
  // Where ECS throttles, the first look after DRAINING is so late that somebody may have set it ACTIVE.
  const isChecked = pace.now - (last.describedAt ?? at) < CHECK_MS;
  if (isHostBusy && isSettled(pace, last))
    return isUndescribed(last) && !isStale && isChecked ? 'quick' : 'check';
  // An answer that no longer counts asks for a whole view; one that did not come asks for the same again.
  if (isStale && failure === undefined) return isJustListed(pace, last) ? 'confirm' : 'full';
  if (isHostBusy && isUnchanged(pace, last) && wasListedLately(pace, last)) return 'check';
  const { emptySince } = pace;
  if (emptySince === undefined || !isEndNear(pace, last)) return 'full';
  // Somebody may have set it ACTIVE, however long its last tasks take to end.
  const isSeen = pace.now - Math.max(last.describedAt ?? at, emptySince) < UNSEEN_MS;
  return isSeen && (last.containerInstance.status === 'DRAINING' || pace.listsWhileActive) ? 'quick' : 'full';
}

/**
 * What stays in its cluster is asked about once more after a host that took its time: a whole view each time would use up a minute's
 * requests, so that each waits for them, the host is asked again after it, and none of them is ever the last.
 */
function isJustListed({ isReplacing, now, tasksSeenHere }: DrainPace, last: EcsView): boolean {
  const { containerInstance, tasks, isListed, listedAt = -Infinity } = last;
  const isEmpty = isListed && tasksSeenHere === 0 && ifKnown(tasks)?.length === 0;
  const isDraining = containerInstance.kind === 'registered' && containerInstance.status === 'DRAINING';
  return isReplacing && isEmpty && isDraining && now - listedAt < LISTED_LATELY_MS;
}

/** How often, in ms, a list that takes so many requests may be asked for: one more must always fit into the budget. */
export function listInterval(requests: number): number {
  const room = Math.max(1, REQUESTS - requests);
  return Math.min(LONGEST_LOOK_MS, Math.max(LOOK_MS, (requests * 60_000) / room));
}

/** The host is another container instance by now, which is given tasks, and ECS was not asked about that one, or did not answer. */
const isAnew = ({ asked: { ecsView: asked }, registeredAnewAt }: DrainPace): boolean =>
  registeredAnewAt !== undefined && (asked.at < registeredAnewAt || asked.failure !== undefined);

/** A task runs on what ECS last said that this host is: then there is time, whatever it says by now. */
const isHostHolding = ({ isHostBusy, isOver, ecsView, registeredAnewAt }: DrainPace): boolean =>
  isHostBusy && !isOver && ecsView !== undefined && registeredAnewAt === undefined;

function unclearInterval(pace: DrainPace, unclearSince: number): number {
  const { asked, ecsView, isOver, signalledAt = -Infinity, registeredAnewAt = -Infinity } = pace;
  const since = Math.max(unclearSince, signalledAt, registeredAnewAt);
  const steps = isOver ? UNCLEAR_OVER : ecsView ? UNCLEAR : UNCLEAR_AT_FIRST;
  return stepAfter(steps, asked.ecsView.at - since);
}

/** Until when others of a fleet that began with this one, and whose first look is throttled too, have ECS's answers. */
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
  // What the ECS agent says that this host is, and ECS does not say yet, may be given tasks.
  const isConfirmed = heard === undefined || heard === containerInstance.arn;
  return isConfirmed && !listsWhileActive;
}

/**
 * Before tasks are asked to stop all of them must be known: those that were listed, and what the host has named since. A list takes
 * several requests where many have stopped, and the last one, on which the release rests, must not wait for its own.
 */
const wasListedLately = ({ now }: DrainPace, last: EcsView): boolean =>
  !isUndescribed(last) && now - (last.listedAt ?? -Infinity) < LIST_MS;

function isStopNear({ now, stopTasksAt = Infinity }: DrainPace): boolean {
  return now >= stopTasksAt - BEFORE_STOP_MS;
}

/** ECS still lists some task, or what is left is not known, though the host has none any more. */
const isEndNear = ({ tasksSeenHere }: DrainPace, { tasks }: EcsView): boolean =>
  !(ifKnown(tasks)?.length === 0 && tasksSeenHere === 0);

const isUndescribed = ({ tasks }: EcsView): boolean => tasks.kind === 'unknown';

function checkInterval(pace: DrainPace, last: EcsView): number {
  const { asked, spread, isQueued, foundDrainingSince } = pace;
  const usual = usualCheckInterval(pace, last);
  // Where a fleet has more to ask than ECS answers, these looks would be the first to keep it from what is urgent.
  if (foundDrainingSince === undefined || isQueued) return usual;
  const every = stepAfter(FOUND_DRAINING, asked.ecsView.at - foundDrainingSince);
  return Math.min(usual, every * (1 + spread / 10));
}

function usualCheckInterval({ spread, isEcsCrowded, mustDescribe }: DrainPace, last: EcsView): number {
  if (isUndescribed(last) && (mustDescribe || !isEcsCrowded))
    return mustDescribe ? GLANCE_IGNORED_MS : GLANCE_MS * (1 + spread);
  return (mustDescribe ? CHECK_IGNORED_MS : CHECK_MS) * (1 + (isEcsCrowded ? spread : spread / 10));
}

function endInterval({ asked, tasksSeenHere }: DrainPace, last: EcsView, emptySince: number): number {
  const { at } = asked.ecsView;
  const known = (ifKnown(last.tasks)?.length ?? 0) + tasksSeenHere;
  // ECS's word on those that were seen here needs a moment; where there were none, there is none to wait for.
  if (at < emptySince) return known > 0 ? emptySince + FIRST_END_LOOK_MS - at : 0;
  const every = stepAfter(END_LOOKS, at - emptySince);
  return known === 0 ? Math.max(every, LOOK_MS) : every;
}

/** It is empty, and waits for something else: its group, another owner's hook, or an event that EC2 has announced a day ahead. */
function drainedInterval(pace: DrainPace, last: EcsView, emptySince: number): number {
  const usual = viewInterval(pace, last);
  return isUnchanged(pace, last)
    ? Math.max(usual, stepAfter(DRAINED, pace.asked.ecsView.at - emptySince))
    : usual;
}

/** Nothing new comes to a host that ECS has let go; what was seen on it must still be seen to end. */
function releasedInterval(
  { asked, emptySince, isHostBusy, isRegistrationTold, tasksSeenHere, spread }: DrainPace,
  { heard, tasks }: EcsView,
): number {
  const { at } = asked.ecsView;
  const isEmpty = tasksSeenHere === 0 && ifKnown(tasks)?.length === 0;
  // A host that registers anew says so, unless its ECS agent is silent: then only ECS tells.
  const tellsAnew = heard !== undefined && isRegistrationTold;
  if (isEmpty || isHostBusy) return tellsAnew ? CHECK_MS : RELEASED_MS;
  if (emptySince === undefined) return WITHOUT_ECS_AGENT_MS * (1 + spread / 2);
  return at < emptySince ? 0 : stepAfter(END_LOOKS, Math.max(14_000, at - emptySince));
}

function viewInterval(pace: DrainPace, last: EcsView): number {
  const { now, jitter, stopTasksAt = Infinity } = pace;
  const { requests, containerInstance } = last;
  // Set DRAINING once more shortly before the limit, and not listed since. An ACTIVE one is not listed at all.
  const isDraining = containerInstance.kind === 'registered' && containerInstance.status === 'DRAINING';
  if (isDraining && isUndescribed(last) && isStopNear(pace)) return GLANCE_IGNORED_MS;
  const isOld = now >= stopTasksAt + AFTER_STOP_MS;
  return Math.max(isOld ? 60_000 : 0, listInterval(requests)) * (1 + jitter * 0.2);
}

/** An instance that is given tasks comes first, then one that could go; a check while the host is busy can wait. */
function urgencyOf(pace: DrainPace): Urgency {
  const { containerInstance } = pace.ecsView ?? {};
  if (isAnew(pace)) return 'draining';
  if (!pace.ecsView || (containerInstance?.kind === 'registered' && containerInstance.status === 'ACTIVE'))
    return pace.isHostBusy || pace.isQueued ? 'draining' : 'release';
  // Those that keep the host busy may all be such as the drain does not wait for, and only ECS tells.
  if (isStopNear(pace)) return 'release';
  if (pace.isHostBusy) return pace.mustDescribe ? 'release' : 'nothing';
  return pace.isQueued ? 'queued' : 'release';
}
