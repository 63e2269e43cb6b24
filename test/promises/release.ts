import { parseEcsArn } from '../../src/base/arn.ts';
import type { TimelineEvent } from '../../src/sandbox/index.ts';
import { releaseBy, textIn } from './calls.ts';
import type { Request } from './entry.ts';
import {
  type ActionEnd,
  containerInstanceOf,
  type Instance,
  isCalm,
  isLostWithHost,
  isRegistered,
  isTerminating,
  isTruthful,
  ourEnd,
  outlastsEvent,
  readsTagByApi,
  retains,
  short,
  type Task,
  taskNamed,
  tasksLeft,
  tasksRunningUnseen,
  waitingForUs,
} from './instance.ts';
import { isReplacement } from './lifecycle-states.ts';
import { earliestAbandon, limitAllows } from './limits.ts';
import type { Verdict } from './verdict.ts';

/** S1: the instance is not let go while a task on it has not ended. */
export function checkRelease(instance: Instance, request: Request, verdict: Verdict): void {
  const { id, setting } = instance;
  const { at, api } = request;
  const how = releaseBy(request);
  if (how === 'ABANDON') {
    checkAbandon(instance, request, verdict);
    return;
  }
  const deregisters = api === 'ecs:DeregisterContainerInstance' && setting.mode === 'drain';
  if (how === undefined && !deregisters) return;
  if (deregisters) checkOutlasted(instance, at, verdict);
  // An action that has ended already lets go of nothing any more.
  if (how === 'CONTINUE' && !stillWaits(instance, at)) return;
  const isAllowed = limitAllows(instance, 'continue', at);
  const isNew = mayBeUnknown(instance, at);
  const released = how === undefined ? 'deregistered' : `released (${how})`;
  const [running] = hostSaysRunning(instance, at);
  if (how === undefined) {
    checkStays(instance, at, verdict);
    verdict.check(
      'S1',
      running === undefined || isNew,
      () =>
        `${id} was ${released} while its ECS agent said that task ${running?.group} ${short(running?.arn ?? '')} runs`,
    );
    return;
  }
  if (how === 'terminate') checkTerminate(instance, verdict);
  checkOperatorHooks(instance, how, at, verdict);
  const [left = running] = knownTasksLeft(instance, at);
  verdict.check('S1', left === undefined || isAllowed || isNew, () =>
    left === running
      ? `${id} was ${released} while its ECS agent said that task ${left?.group} ${short(left?.arn ?? '')} runs: its work is lost`
      : `${id} was ${released} while ${left ? taskNamed(left) : ''}`,
  );
  if (isAllowed) return;
  verdict.check(
    'S5',
    instance.process?.isToldBusy !== true,
    () =>
      `${id} was ${released} though ECS last counted a task on it: that it lists none is no word that none is left`,
  );
  const containerInstance = containerInstanceOf(instance);
  // What gets another root volume stays in its cluster.
  const isToldSo = isReplacement(instance.process?.lifecycle);
  const toldEmpty = instance.process?.toldEmpty;
  // ECS's description can be older than what has set the instance ACTIVE.
  const isToldDraining =
    toldEmpty?.status === 'DRAINING' &&
    toldEmpty.arn === containerInstance?.arn &&
    at - toldEmpty.at <= JUST_TOLD_MS;
  const isDraining = containerInstance?.status === 'DRAINING' || isToldDraining;
  const isKept = (isReplacement(instance.lifecycle) || isToldSo) && isDraining;
  verdict.check(
    'S1',
    !isRegistered(containerInstance) || isKept || isNew,
    () => `${id} was ${released} while ECS could still place tasks on it`,
  );
}

const JUST_TOLD_MS = 500;

/** Whether nothing may have told its agent yet which container instance the host is. */
export const mayBeUnknown = (instance: Instance, at: number): boolean =>
  isTooNewToBeKnown(instance, at) ||
  hasLeftNoTrace(instance) ||
  mayNotBeListed(instance) ||
  isInUnnamedCluster(instance);

/** The tasks that ECS has not STOPPED and that its agent can know of. @param at in ms since the Unix epoch */
export const knownTasksLeft = (instance: Instance, at: number): readonly Task[] =>
  tasksLeft(instance).filter(
    (task) =>
      !isLostWithHost(instance, task) &&
      !hasEndedUnseen(instance, task, at) &&
      !isKnownToNobody(instance, task, at) &&
      !wasOnItsWayDown(instance, task, at),
  );

/** S4: an operator's drain leaves the instance in its group, where he has not said otherwise. */
function checkTerminate(instance: Instance, verdict: Verdict): void {
  const { id, setting, signals } = instance;
  verdict.check(
    'S4',
    isTerminating(instance) || (setting.rebalanceTerminate && signals.has('rebalance')),
    () => `${id} told its group to terminate it, which nothing had asked for: it was to stay`,
  );
}

/** The end of a run and what follows it are the same moment, in ms. */
const ENDED_MS = 5;

/** X5: what the operator wants saved or deregistered before an instance goes is done in each drain anew. */
function checkOperatorHooks(instance: Instance, how: string, at: number, verdict: Verdict): void {
  const { id, setting, drainSince = -Infinity, drainedHooks, givenBackAt, process } = instance;
  if (setting.dryRun || limitAllows(instance, 'continue', at)) return;
  checkStageRan(instance, 'draining', at, verdict);
  if (!setting.hookStages.includes('drained')) return;
  const isOfDrain = drainedHooks !== undefined && drainedHooks.at >= Math.max(drainSince, givenBackAt);
  verdict.check(
    'X5',
    isOfDrain,
    () => `${id} was released (${how}) without the operator's hooks of stage drained: what they save is lost`,
  );
  if (!isOfDrain) return;
  verdict.check(
    'X5',
    !drainedHooks.hasTasks,
    () =>
      `${id} ran the operator's hooks of stage drained while tasks were left: what those write is not saved`,
  );
  verdict.check(
    'X5',
    drainedHooks.process !== process || drainedHooks.endsAt <= at + setting.slack + ENDED_MS,
    () => `${id} was released (${how}) while the operator's hooks of stage drained ran: they are cut off`,
  );
}

/** X5: those of stage `released` begin as soon as AWS has answered that the lifecycle action has ended with CONTINUE. */
export function checkReleasedHooks(instance: Instance, at: number, verdict: Verdict): void {
  const { process, isAlive } = instance;
  if (!isAlive || ourEnd(instance)?.result !== 'CONTINUE' || process?.stoppingAt !== undefined) return;
  if ((process?.completedAt ?? Infinity) < at) checkStageRan(instance, 'released', at, verdict);
}

/** X5: the operator's programs of a stage that is behind it were begun in this drain, or wait for a run of the one before to end. */
export function checkStageRan(instance: Instance, stage: string, at: number, verdict: Verdict): void {
  const { id, setting, drainSince = -Infinity, givenBackAt, stageRuns } = instance;
  if (!setting.hookStages.includes(stage) || setting.dryRun) return;
  const { at: ranAt = -Infinity, endsAt = -Infinity } = stageRuns.get(stage) ?? {};
  verdict.check(
    'X5',
    ranAt >= Math.max(drainSince, givenBackAt) || endsAt > at,
    () => `${id} goes without the operator's hooks of stage ${stage}: what they do is not done`,
  );
}

/** Its containers have ended, so that no work is lost, and nothing has told its agent by then that it is left. */
const hasEndedUnseen = (instance: Instance, task: Task, at: number): boolean =>
  hasLeftNothing(instance, task) || wasNeverTold(task, at);

/**
 * Somebody else has deregistered the host, whose ECS agent then stays down, and ECS lists no tasks of what is deregistered: nobody knows
 * of it, once the ECS agent has been waited for.
 */
function isKnownToNobody(instance: Instance, { toldAt, leftOutOf }: Task, at: number): boolean {
  const { process, drainSince = -Infinity, deregisteredOnes } = instance;
  const untoldSince = Math.max(process?.untoldOfTasksSince ?? Infinity, drainSince);
  const one = containerInstanceOf(instance);
  // Who has deregistered it had to list its tasks before, and once more after it.
  const isLetGo = one?.status === 'INACTIVE' && !deregisteredOnes.has(one.arn);
  // Who has one of the lists has to ask for the other.
  const isHalfListed = leftOutOf.size === 1;
  return isLetGo && !isHalfListed && toldAt > at && at - untoldSince >= WAITED_FOR_MS;
}

/**
 * Somebody had asked it to stop before its agent first saw the instance DRAINING, so that ECS did not count it any more, ECS's lists
 * were older than the task, and the ECS agent did not answer.
 */
function wasOnItsWayDown(
  instance: Instance,
  { askedAt = Infinity, toldAt, leftOutOf, isCounted }: Task,
  at: number,
): boolean {
  const { process, drainSince = -Infinity, deregisteredOnes } = instance;
  const untoldSince = Math.max(process?.untoldOfTasksSince ?? Infinity, drainSince);
  const wasCounted = (process?.countedUnlistedAt ?? -Infinity) >= drainSince;
  const one = containerInstanceOf(instance);
  // What somebody else has deregistered has no counts.
  const isDraining = one !== undefined && (one.status === 'DRAINING' || deregisteredOnes.has(one.arn));
  const isUntold = !isCounted || at - untoldSince >= WAITED_FOR_MS;
  const isUnlisted = toldAt > at && leftOutOf.size === 2;
  return (
    isDraining &&
    isUnlisted &&
    isUntold &&
    !wasCounted &&
    askedAt <= at &&
    at - untoldSince >= WAITED_FOR_COUNTED_MS
  );
}

/** If ECS counts no task of a DRAINING container instance, it is waited for twelve seconds, in ms, less the same. */
const WAITED_FOR_COUNTED_MS = 9_000;

/** An ECS agent that is silent for a minute is not waited for, in ms, less the two seconds that it takes to find that it does not answer. */
const WAITED_FOR_MS = 57_000;

/**
 * The host had ended it before anybody asked, and ECS's lists, of both desired statuses, were older than it. It could be asked after by the
 * name under which the host lists it for hours: a request of every instance, for what only ECS still has to clean up.
 */
function wasNeverTold({ containersRun, status, toldAt, leftOutOf }: Task, at: number): boolean {
  const isListed = !leftOutOf.has('RUNNING') || !leftOutOf.has('STOPPED');
  // Somebody may have stopped it before its containers began.
  const hasEnded = containersRun === false || (containersRun === undefined && status === 'DEPROVISIONING');
  return hasEnded && toldAt > at && !isListed;
}

/**
 * The containers had ended before this process began, what the one before knew of it is lost, and ECS lists no tasks of what
 * somebody has deregistered.
 */
function hasLeftNothing(instance: Instance, { containersRun, placedAt }: Task): boolean {
  const { process, hostEmptyAt, stateLostAt } = instance;
  return (
    containersRun === false &&
    containerInstanceOf(instance)?.status === 'INACTIVE' &&
    stateLostAt > placedAt &&
    process !== undefined &&
    process.bornAt > hostEmptyAt
  );
}

/** L4: an instance that the group keeps is not taken out of its cluster for the group's sake. */
function checkStays(instance: Instance, at: number, verdict: Verdict): void {
  const { id, lifecycle, process, toldOfReplacementAt, othersAskedUntil, setting } = instance;
  if (!isReplacement(lifecycle)) return;
  // The next process has that from the one before.
  const isTold = isReplacement(process?.lifecycle) || toldOfReplacementAt < Infinity;
  // Told that it is in no group, it cannot know better where metadata does not say so either.
  const isMisled = process?.lifecycle === 'none' && !instance.signals.has('lifecycle');
  const isAsked = at <= othersAskedUntil + setting.pollInterval * 1.2 + setting.slack || isMisled;
  verdict.check(
    'L4',
    !isTold && isAsked && !restsOnOldWord(instance),
    () => `${id} was deregistered while its root volume was being replaced: it takes no task any more`,
  );
}

/** What its group said for a drain that was taken back, as it has seen, says nothing of the next one. */
function restsOnOldWord({ process, goneAt, signalledSince }: Instance): boolean {
  if (!process || process.bornAt > goneAt) return false;
  const sawItGone = process.givesBackAt > goneAt && process.givesBackAt <= signalledSince;
  return sawItGone && process.groupAskedAt < signalledSince;
}

/** L4: what goes on after an event that EC2 has scheduled stays in its cluster: it could not be given back. */
function checkOutlasted(instance: Instance, at: number, verdict: Verdict): void {
  const { id, scheduledCode, onlyScheduledSince = Infinity } = instance;
  // What asked for it before may have been known for a while longer.
  const isSure = at - onlyScheduledSince > (readsTagByApi(instance) ? 400_000 : 90_000);
  verdict.check(
    'L4',
    !isSure || !outlastsEvent(instance) || isTerminating(instance),
    () => `${id} was deregistered for ${scheduledCode}: it does not come back with the host`,
  );
}

/** The tasks that ECS calls STOPPED, and of which the host's own ECS agent says truthfully that they run. */
function hostSaysRunning(instance: Instance, at: number) {
  const { ecsAgent, process } = instance;
  // Who does not answer is not waited for.
  const failedLately = at - (process?.introspectionFailedAt ?? -Infinity) <= BELIEVED_MS;
  if (!isTruthful(ecsAgent) || failedLately) return [];
  // Nobody waits for the work of an ignored task: once ECS calls it STOPPED, that is enough.
  return tasksRunningUnseen(instance).filter(({ isIgnored }) => !isIgnored);
}

/** After so long, in ms, an ECS agent that failed to answer has been asked again. */
const BELIEVED_MS = 15_000;

/** The action waits, or was ended by a call of this very moment: an effect can be noted before its call. */
function stillWaits(instance: Instance, at: number): boolean {
  const end = ourEnd(instance);
  return waitingForUs(instance) !== undefined || (end?.by === 'call' && end.at === at);
}

/**
 * ECS lists no container instance that it has let go. Only the ECS agent tells which one the host was, where no process could
 * save that, or what it saved is lost.
 */
function hasLeftNoTrace(instance: Instance): boolean {
  const { ecsAgent, process, couldSaveItself } = instance;
  const one = containerInstanceOf(instance);
  if (one?.status !== 'INACTIVE' || ecsAgent.isUp) return false;
  const isNamed = process !== undefined && process.introspectionAnsweredAt < Infinity;
  return instance.stateLostAt > one.since || (!couldSaveItself && !isNamed);
}

/** One that was registered a moment ago could not be known: as long as a look takes, which is longer in trouble. */
function isTooNewToBeKnown(instance: Instance, at: number): boolean {
  const containerInstance = containerInstanceOf(instance);
  // An ECS agent that hangs is asked for two seconds, and hears nothing of what the host becomes meanwhile.
  const isHanging = at - (instance.process?.introspectionFailedAt ?? -Infinity) <= 1_000;
  const calmMs = isHanging ? 3_000 : 1_000;
  const unseenMs = at - instance.disturbances.troubleAt(at) < 15_000 ? 15_000 : calmMs;
  if (!containerInstance) return false;
  return at - containerInstance.registeredAt < unseenMs || isDenied(instance, containerInstance.arn, at);
}

/** It registered anew, nothing has named it, and the role was never allowed to list it. */
function mayNotBeListed(instance: Instance): boolean {
  const one = containerInstanceOf(instance);
  const isDeniedNow = one !== undefined && (instance.process?.listDeniedAt ?? -Infinity) >= one.registeredAt;
  return isDeniedNow && !instance.mayList && !isNamed(instance, one.arn);
}

/** It registered in a cluster that neither its ECS agent, before that fell silent, nor a configuration has named. */
function isInUnnamedCluster(instance: Instance): boolean {
  const { process, keptRegistrations, keptConfirmed, setting } = instance;
  const one = containerInstanceOf(instance);
  const isSilent =
    one !== undefined && (process?.untoldOfTasksSince ?? Infinity) <= one.registeredAt + ASKED_EVERY_MS;
  const clusterOf = (arn: string | undefined) => parseEcsArn(arn ?? '')?.cluster;
  const cluster = clusterOf(one?.arn);
  const named = [...(process?.toldOf ?? []), ...keptRegistrations, ...keptConfirmed];
  const isNamed = named.some((arn) => clusterOf(arn) === cluster);
  return !setting.namesCluster && isSilent && cluster !== undefined && named.length > 0 && !isNamed;
}

/** How often an ECS agent is asked in a drain what it is registered as, in ms. */
const ASKED_EVERY_MS = 15_000;

/** ECS has just listed the host without it, after it had registered, and nobody has ever named it to this process, or to one before. */
function isDenied(instance: Instance, arn: string, at: number): boolean {
  const unlistedAt = instance.process?.unlistedAt.get(arn) ?? -Infinity;
  return !isNamed(instance, arn) && at - unlistedAt <= LISTED_LATELY_MS;
}

/** Whether the host, or ECS, has named the container instance to its agent, in this process or before. */
const isNamed = ({ process, keptRegistrations }: Instance, arn: string): boolean =>
  process?.toldOf.has(arn) !== false || keptRegistrations.includes(arn);

/** A list so old, in ms, is asked for once more before the instance is let go. */
const LISTED_LATELY_MS = 5_500;

/** S1: an action is abandoned in a group that retains, near the hook's global limit, or by the operator's limit. */
function checkAbandon(instance: Instance, { at }: Request, verdict: Verdict): void {
  const { id } = instance;
  const [left] = tasksLeft(instance);
  // What becomes of an abandoned replacement of a root volume is documented nowhere.
  const isAllowed = limitAllows(instance, 'abandon', at) && !isReplacement(instance.lifecycle);
  verdict.check(
    'S1',
    left === undefined || mayRetain(instance, at) || isAllowed,
    () => `${id} was released (ABANDON) while ${left ? taskNamed(left) : ''}`,
  );
  if (isAllowed || !stillWaits(instance, at)) return;
  const earliest = earliestAbandon(instance);
  verdict.check(
    'S1',
    earliest === undefined || at >= earliest,
    () =>
      `${id} was abandoned ${Math.round(((earliest ?? at) - at) / 1000)} s before its hook's limit comes near: nothing but the group's policy keeps it any more`,
  );
}

/** A policy that was removed a moment ago may not have been read anew. */
const mayRetain = (instance: Instance, at: number) =>
  !isReplacement(instance.lifecycle) && wasRetaining(instance, at);

/** Whether the group retained when its agent could last ask. */
function wasRetaining(instance: Instance, at: number): boolean {
  const { group, disturbances } = instance;
  const { retainedUntil = -Infinity } = group ?? {};
  return (
    retains(instance) ||
    at - retainedUntil <= RETAINED_LATELY_MS ||
    (retainedUntil > -Infinity && disturbances.longestCalm(retainedUntil, at) < at - retainedUntil)
  );
}

/** Whether the group retains is asked so long before an action is abandoned at most, in ms, and that takes its time. */
const RETAINED_LATELY_MS = 35_000;

/** S1: no task is asked to stop before the limit that the operator set, or the end that a Spot notice names. */
export function checkStopTask(instance: Instance, { at, input }: Request, verdict: Verdict): void {
  const { id, setting, tasks } = instance;
  const isForSpot = setting.signals.includes('spot') && setting.spotStopTasks && isSpotNear(instance, at);
  if (isForSpot || limitAllows(instance, 'stop-tasks', at)) {
    verdict.count('S1');
    return;
  }
  const isIgnored = tasks.get(textIn(input, 'task') ?? '')?.isIgnored === true;
  verdict.check('S1', isIgnored, () => `${id} asked a task to stop that may run on`);
  if (!isIgnored) return;
  const other = tasksLeft(instance).find(
    (task) => !task.isIgnored && at - task.placedAt > newFor(instance, at),
  );
  verdict.check(
    'S1',
    other === undefined,
    () => `${id} asked an ignored task to stop while ${other ? taskNamed(other) : ''}: it goes without it`,
  );
}

/** A task that was placed so many ms ago may not be known yet: lists lag. */
const newFor = (instance: Instance, at: number) => (isCalm(instance, at) ? 20_000 : 240_000);

/** The interruption comes as announced, and two minutes after its notice at the latest. */
function isSpotNear({ spot, spotWasTold, clockAheadMs, process }: Instance, at: number): boolean {
  // A host whose own clock is wrong cannot tell when the announced time is, nor whether it has passed, until metadata tells anew.
  const isClockWrong = Math.abs(clockAheadMs) > 1_000;
  if (!spot) return spotWasTold && isClockWrong && at - (process?.bornAt ?? at) <= TOLD_ANEW_MS;
  if (isClockWrong) return true;
  return at >= Math.min(spot.at, spot.noticedAt + 120_000) - STOPPED_BEFORE_MS;
}

/** So long, in ms, a process that has begun may not have read from metadata that there is no notice any more. */
const TOLD_ANEW_MS = 30_000;

/** Tasks are asked to stop 30 s before a Spot interruption, and no sooner than this, in ms. */
const STOPPED_BEFORE_MS = 35_000;

/** S1 from its other end: a machine went with a task on it. */
export function checkInterruption(
  instance: Instance,
  { interruption }: Extract<TimelineEvent, { type: 'task-interrupted' }>,
  verdict: Verdict,
): void {
  const { id, completedByOthers, terminatedByOthers, releasedBy } = instance;
  const { group, taskArn, lastStatus, cause, at } = interruption;
  // Not the agent's doing: a Spot interruption, or a machine that failed.
  if (!cause.startsWith('the group')) return;
  // What ECS calls STOPPED is judged by what the host said when the instance was let go.
  if (lastStatus === 'STOPPED') return;
  const end = ourEnd(instance);
  const byHook = end !== undefined && end.by !== 'call';
  const byAgent =
    releasedBy === 'CONTINUE' ||
    releasedBy === 'terminate' ||
    (releasedBy && !wasRetaining(instance, end?.at ?? at));
  const isNobodysHook = end === undefined && !waitingForUs(instance) && instance.waitsSince === undefined;
  const byLimit = limitAllows(instance, 'continue', at) || limitAllows(instance, 'abandon', at);
  const task = instance.tasks.get(taskArn);
  const letGoAt = end?.at ?? at;
  const isLost =
    task !== undefined &&
    (isLostWithHost(instance, task) ||
      hasEndedUnseen(instance, task, letGoAt) ||
      isKnownToNobody(instance, task, letGoAt) ||
      wasOnItsWayDown(instance, task, letGoAt));
  const isLater =
    isPlacedAfter(instance, taskArn, end) ||
    isPlacedOnKept(instance, taskArn, end) ||
    hasLeftNoTrace(instance) ||
    mayNotBeListed(instance) ||
    isInUnnamedCluster(instance);
  verdict.check(
    'S1',
    byHook ||
      !byAgent ||
      completedByOthers ||
      terminatedByOthers ||
      isNobodysHook ||
      byLimit ||
      isLater ||
      isLost,
    () => `${id} went while task ${group} ${short(taskArn)} was ${lastStatus}: its work is lost`,
  );
}

/**
 * What gets another root volume stays in its cluster, and may wait for another owner's hook long after the agent has let go of it:
 * a task that is placed then, because somebody sets it ACTIVE, is none that the agent let go.
 */
function isPlacedOnKept(instance: Instance, arn: string, end: ActionEnd | undefined): boolean {
  const placedAt = instance.tasks.get(arn)?.placedAt;
  const registeredAt = containerInstanceOf(instance)?.registeredAt;
  if (!isReplacement(instance.lifecycle) || end?.by !== 'call') return false;
  if (placedAt === undefined || registeredAt === undefined) return false;
  return registeredAt < end.at && placedAt > end.at;
}

/** A host that registers anew as it is let go, or after it, is given tasks until it is gone, and no agent can help that. */
function isPlacedAfter(instance: Instance, arn: string, end: ActionEnd | undefined): boolean {
  const placedAt = instance.tasks.get(arn)?.placedAt;
  const registeredAt = containerInstanceOf(instance)?.registeredAt;
  if (end === undefined || placedAt === undefined || registeredAt === undefined) return false;
  return placedAt >= registeredAt && isTooNewToBeKnown(instance, end.at);
}
