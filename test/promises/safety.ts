import { memberOf, namedIn, neededBefore, statusSetBy, textIn } from './calls.ts';
import type { Request } from './entry.ts';
import {
  canTellSignals,
  EC2_PATIENCE_MS,
  eventTimeIn,
  hookNamedIn,
  type Instance,
  isCalm,
  isHookTagUnread,
  isSignalled,
  isTakenForAnother,
  isTerminating,
  isToldToGo,
  ourEnd,
  oursOf,
  readsTagByApi,
} from './instance.ts';
import { isReplacement, isTermination, leaves } from './lifecycle-states.ts';
import { listsMs } from './liveness.ts';
import type { Owners } from './owners.ts';
import type { Process } from './process.ts';
import type { Verdict } from './verdict.ts';

/** A request that was begun while there was a signal can still be on its way, with its retries, in ms. */
const ON_ITS_WAY_MS = 150_000;

/** S2: a container instance is never deregistered by force. */
export function checkForce({ id }: Instance, { api, input }: Request, verdict: Verdict): void {
  verdict.check(
    'S2',
    memberOf(input, 'force') !== true,
    () => `${id} called ${api} with force: tasks that still run are orphaned`,
  );
}

/** S3: what is changed is this very instance, its container instance, or a task of it. */
export function checkNames(instance: Instance, request: Request, owners: Owners, verdict: Verdict): void {
  const { id } = instance;
  if (isTakenForAnother(instance)) return;
  const named = namedIn(request);
  const strange = strangeIn(instance, request, owners);
  verdict.check('S3', named.length > 0 && strange === undefined, () =>
    named.length === 0
      ? `${id} called ${request.api} without naming its own instance`
      : `${id} called ${request.api} for ${strange}, which is not its own`,
  );
}

/** Whether a request is about this instance, its container instances and tasks alone. */
export const namesOwn = (instance: Instance, request: Request, owners: Owners): boolean =>
  strangeIn(instance, request, owners) === undefined;

const strangeIn = ({ id }: Instance, request: Request, owners: Owners): string | undefined =>
  namedIn(request).find((name) => name !== id && owners.of(name) !== id);

/** S3: from when on metadata speaks of another instance, nothing is changed any more. */
export function checkIdentity(instance: Instance, { api, at }: Request, verdict: Verdict): void {
  const { id, process, lieSince } = instance;
  if (!process || isTakenForAnother(instance)) return;
  if (process.toldOtherAt !== undefined)
    verdict.check(
      'S3',
      at - process.toldOtherAt <= SOON_THERE_MS + instance.setting.slack,
      () => `${id} called ${api} after metadata had told it that it is another instance`,
    );
  if (lieSince === undefined) return;
  const isLater = instance.signalledSince > lieSince && at - lieSince > SOON_THERE_MS;
  verdict.check(
    'S3',
    !isLater || instance.disturbances.troubleAt(at) > lieSince,
    () => `${id} called ${api} on signals that came when metadata was another instance's`,
  );
}

/** Until a request is there, where all goes well, in ms. */
const SOON_THERE_MS = 500;

/** S4: nothing is changed without a signal. */
export function checkSignal(instance: Instance, request: Request, verdict: Verdict): void {
  const { id, goneAt, setting } = instance;
  const { api, at } = request;
  const holds =
    isSignalled(instance) ||
    isTerminating(instance) ||
    at <= goneAt + onItsWay() ||
    isUnheard(instance, request) ||
    isForRootVolume(instance, request);
  verdict.check('S4', holds, () => `${id} called ${api} though nothing asked for the instance to go`);

  /** What was decided while the signal was there may be on its way, or be tried again. */
  function onItsWay(): number {
    if (!isCalm(instance, at) && !isToldUnasked(instance, at)) return ON_ITS_WAY_MS;
    return setting.pollInterval * 1.2 + 2_500 + setting.slack + (readsTagByApi(instance) ? TAG_BY_API_MS : 0);
  }
}

/** Whether metadata has answered, since the last signal went, that none of the sources asks for the instance, and the agent reads no other. */
function isToldUnasked({ process, setting, goneAt, tagsServed }: Instance, at: number): boolean {
  if (!setting.tagsInMetadata || !tagsServed || setting.tagSource === 'ec2') return false;
  const words = setting.signals.map((source) => process?.words.get(source));
  const isTold = words.every((word) => word?.value === undefined && (word?.at ?? -Infinity) > goneAt);
  return isTold && words.every((word) => at - (word?.since ?? at) > TOLD_LATELY_MS);
}

/** What waits for its turn is withdrawn within so many ms of the word that nothing asks for it any more. */
const TOLD_LATELY_MS = 5_000;

/**
 * Tasks end with a root volume that is replaced: its hook is kept alive for them, as long as the group says that it waits. What it
 * has said to the process before counts until it answers this one.
 */
function isForRootVolume(instance: Instance, { api }: Request): boolean {
  const { lifecycle, process, toldOfReplacementAt } = instance;
  const isKept = process?.lifecycle === undefined && toldOfReplacementAt < Infinity;
  return (
    api === 'autoscaling:RecordLifecycleActionHeartbeat' &&
    (isReplacement(lifecycle) || isReplacement(process?.lifecycle) || isKept)
  );
}

/**
 * A tag that tells of a lifecycle event may be believed as far as DRAINING, which can be undone, while the group cannot be
 * heard.
 */
function isUnheard(instance: Instance, request: Request): boolean {
  const { disturbances, isPastTag, lifecycle, setting } = instance;
  // Metadata that serves no tags any more takes back none, and a heartbeat only keeps what may wait.
  if (!canTellSignals(instance) && request.api === 'autoscaling:RecordLifecycleActionHeartbeat') return true;
  // Nor does an EC2 API that has not answered since: what was not read is no word that the tag is gone.
  const isUnread = setting.signals.includes('tag') && readsTagByApi(instance) && isTagUnread(instance);
  if (isUnread && request.api === 'autoscaling:RecordLifecycleActionHeartbeat')
    return request.at - disturbances.troubleAt(request.at) <= EC2_PATIENCE_MS;
  // A process that was started since believes it.
  if (isPastTag && lifecycle !== undefined && leaves(lifecycle)) return true;
  // A hook that waited may wait still, as long as the group cannot be asked.
  const { lifecycleToldAt, toldKeptSince, goneAt } = instance;
  // One answer that it stays can be a replica's that lags: it is asked for again for half a minute.
  const isUntold = lifecycleToldAt < goneAt || request.at - toldKeptSince <= TOLD_AGAIN_MS;
  if (isUntold && request.api === 'autoscaling:RecordLifecycleActionHeartbeat')
    return request.at - disturbances.troubleAt(request.at) <= UNTOLD_MS;
  if (!isPastTag || statusSetBy(request) !== 'DRAINING') return false;
  return request.at - Math.max(disturbances.troubleAt(request.at), disturbances.changeAt()) <= ON_ITS_WAY_MS;
}

const isTagUnread = ({ process, goneAt }: Instance): boolean => (process?.tagReadAt ?? -Infinity) <= goneAt;

/** The group's word that it keeps an instance counts after half a minute, and then the heartbeat is on its way, in ms. */
const TOLD_AGAIN_MS = 40_000;

/** A request that AWS refuses is made again after a minute, jittered by a fifth, in ms. */
const UNTOLD_MS = 75_000;

/** The EC2 API is asked for the tag once in so many ms, jittered by a fifth. */
const TAG_BY_API_MS = 18_000;

/** S4, L4: what is set ACTIVE was set DRAINING by the agent itself, and has no reason to go. */
export function checkGivingBack(instance: Instance, request: Request, verdict: Verdict): void {
  const { id, setting, containerInstances, drainingRequestedOn, drainingBy, drainingSince, signalledSince } =
    instance;
  const { at } = request;
  verdict.check(
    'L4',
    // What is not DRAINING stays as it is: the answer to the call before may have been lost.
    namedIn(request).every(
      (arn) => drainingRequestedOn.has(arn) || containerInstances.get(arn)?.status !== 'DRAINING',
    ),
    () => `${id} was set ACTIVE, though it was somebody else who had set it DRAINING`,
  );
  const [asking] = askingFor(instance, at);
  verdict.check(
    'L4',
    asking === undefined,
    () =>
      `${id} was set ACTIVE, though metadata had last said that it has to go (${asking}): it is given tasks again`,
  );
  // Who gives it back asks its group first.
  const isTold = isToldToGo(instance) || (isTerminating(instance) && isCalm(instance, at));
  verdict.check(
    'L4',
    !isTold || at - instance.terminatingSince <= SOON_TOLD_MS,
    () => `${id} was set ACTIVE, though its group itself terminates it: it is given tasks that end with it`,
  );
  // Metadata can show for minutes what the EC2 API no longer has.
  const isRemoved = readsTagByApi(instance) && instance.tag === undefined;
  const isAsked = isSignalled(instance) && canTellSignals(instance) && !isRemoved;
  // One that came while another asked for it may not have been read when that one goes.
  const signalledFor = isAsked ? at - Math.max(signalledSince, Math.min(...instance.signals.values())) : 0;
  // Who has set it DRAINING since the signal came has seen that.
  const seenMs = setting.pollInterval * 1.2 + SEEN_MS;
  const wasSet = drainingBy === 'agent' && drainingSince >= signalledSince;
  const isSeen = wasSet && isReadAtOnce(instance) && signalledFor > seenMs;
  verdict.check(
    'L4',
    isDenied(instance) || (!isSeen && signalledFor <= unseenFor(instance, at)),
    () => `${id} was set ACTIVE, though it has had to go for ${signalledFor} ms: it is given tasks again`,
  );
}

/**
 * The sources that ask for the instance by metadata's last word, heard a moment ago or before. A tag of a lifecycle event may be past, and of
 * one that metadata has not just shown the EC2 API may know that it is gone.
 */
function askingFor({ process, setting }: Instance, at: number): readonly string[] {
  const shownMs = setting.pollInterval * 1.2 + SHOWN_LATELY_MS;
  return setting.signals.filter((source) => {
    const word = process?.words.get(source);
    if (word?.value === undefined || at - word.since <= SHOWN_LATELY_MS) return false;
    return source !== 'tag' || (at - word.at <= shownMs && eventTimeIn(word.value) === undefined);
  });
}

/** A request that was decided on before may be on its way for so long, in ms. */
const SHOWN_LATELY_MS = 1_000;

/** What was decided before the group said so may be on its way for so long, in ms. */
const SOON_TOLD_MS = 5_000;

/** Until what came beside another signal is read too, in ms: Spot notices are read every five seconds. */
const SEEN_MS = 6_000;

/**
 * Whether something asks for it that is read with each poll: what EC2 has scheduled is read more rarely, and so is a tag by the EC2 API,
 * which can take back by an older answer what it has told.
 */
function isReadAtOnce(instance: Instance): boolean {
  const isSlow = (signal: string) => signal === 'scheduled' || (signal === 'tag' && readsTagByApi(instance));
  return [...instance.signals.keys()].some((signal) => !isSlow(signal));
}

/** Whether metadata has said of all that asks for the instance that it is not there, ever since it came. */
const isDenied = ({ signals, process }: Instance): boolean =>
  [...signals].every(([source, since]) => {
    const word = process?.words.get(source);
    return word !== undefined && word.value === undefined && word.at > since && word.since <= since;
  });

/** For so long, in ms, a signal may not have been seen. */
function unseenFor(instance: Instance, at: number): number {
  const { disturbances, setting } = instance;
  const isQuiet = isCalm(instance, at) && disturbances.changeAt() < at - LATELY_MS;
  if (isQuiet && isReadAtOnce(instance)) return setting.pollInterval * 1.2 + 5_000;
  return isReadAtOnce(instance) || !readsTagByApi(instance) ? LONGEST_UNSEEN_MS : LONGEST_UNSEEN_BY_API_MS;
}
const LATELY_MS = 60_000;
const LONGEST_UNSEEN_MS = 100_000;
/** Answers of the EC2 API are up to two minutes old, in ms, and it is asked every 18 s. */
const LONGEST_UNSEEN_BY_API_MS = 140_000;

/** S4: heartbeats end with the action: at once where the agent ended it, else as soon as answers tell. */
export function checkHeartbeat(instance: Instance, { at }: Request, verdict: Verdict): void {
  const { id, process } = instance;
  const endedAt = ourEnd(instance)?.at ?? Infinity;
  const isCompleted = at - (process?.completedAt ?? Infinity) > 30_000;
  const isKnownToHaveEnded =
    instance.lifecycleToldAt >= endedAt && at - Math.max(endedAt, process?.bornAt ?? at) > ON_ITS_WAY_MS;
  if (!isCompleted && !isKnownToHaveEnded) return;
  // What does not reach AWS is not answered by it, and is sent again.
  const troubleAt = instance.disturbances.troubleAt(at);
  const isSentAgain = troubleAt >= instance.lateHeartbeatAt;
  instance.lateHeartbeatAt = at;
  if (at - troubleAt < 15_000 || isSentAgain) return;
  // AWS's word that it has ended may be put to the test, now and then.
  instance.lateHeartbeats++;
  verdict.check(
    'S4',
    instance.lateHeartbeats <= (isCompleted ? 1 : 12),
    () =>
      `${id} sent ${instance.lateHeartbeats} heartbeats for an action that has ended: nobody waits for them`,
  );
}

/** An answer older than this, in ms, is no longer known to be true: the longest interval, its retries, its budget. */
const FRESH_MS = 180_000;
/** … and what metadata said of the signals, which it is asked all the time. */
const FRESH_SIGNALS_MS = 90_000;

/** S5: what cannot be undone rests on answers that this process got, and not too long ago. */
export function checkKnowledge(instance: Instance, request: Request, verdict: Verdict): void {
  const { id, process, setting } = instance;
  const { api, at } = request;
  const needed = neededBefore(api);
  if (needed.length === 0 || !process) return;
  const answeredAt = (source: string) => process.answeredAt.get(source) ?? -Infinity;
  // What was listed once is then asked after by name; what stops one task rests on what ECS says of that one.
  const knownAt = (source: string) =>
    source === 'ecs:ListTasks' && (answeredAt(source) > -Infinity || api === 'ecs:StopTask')
      ? Math.max(answeredAt(source), answeredAt('ecs:DescribeTasks'))
      : answeredAt(source);
  // Whole lists that use up a minute's requests are rare, and where ECS has placed a task stays true.
  const freshMs = api === 'ecs:StopTask' ? Math.max(FRESH_MS, listsMs(instance)) : FRESH_MS;
  const stale = needed.find((source) => at - knownAt(source) > freshMs && !isHeldOn(knownAt(source)));
  verdict.check('S5', stale === undefined, () => `${id} called ${api} without a good answer from ${stale}`);
  verdict.check('S5', knowsSignals(), () => `${id} called ${api} while its signals were unknown`);
  if (api !== 'ecs:DeregisterContainerInstance' || setting.mode !== 'drain') return;
  verdict.check(
    'S5',
    hasListed(process),
    () => `${id} called ${api} without having listed all of its tasks in this drain`,
  );
  // Only others than the group ask for that without its word, and they wait for it for half a minute.
  const isHeard = answeredAt('autoscaling:DescribeAutoScalingInstances') > -Infinity;
  verdict.check(
    'S5',
    isHeard || at - (instance.drainSince ?? at) >= UNHEARD_MS,
    () =>
      `${id} called ${api} at once, without a word of its group: its root volume may be about to be replaced`,
  );

  /**
   * While ECS throttles and the host says that a task runs, what ECS has said in this drain of where it has placed that stays true; but
   * not for a host that has stood still since.
   */
  function isHeldOn(toldAt: number): boolean {
    const { ecsThrottledAt, drainSince = -Infinity, stoodStillUntil } = instance;
    const isOnlyThrottled = api === 'ecs:StopTask' && ecsThrottledAt > toldAt;
    return isOnlyThrottled && toldAt >= Math.max(drainSince, stoodStillUntil);
  }

  function knowsSignals(): boolean {
    const isTold = process?.lifecycle !== undefined && isTermination(process.lifecycle);
    const isDecided = isTold || instance.signals.has('manual');
    return isDecided || at - (process?.signalsReadAt ?? -Infinity) <= FRESH_SIGNALS_MS + setting.slack;
  }
}

/** So long, in ms, the group's word is waited for. */
const UNHEARD_MS = 30_000;

const hasListed = ({ listed }: Process): boolean =>
  ['RUNNING', 'STOPPED'].every((status) => listed.get(status)?.isWhole === true);

/** S6: another owner's hook is neither completed nor kept alive. */
export function checkHook(instance: Instance, { api, input, at }: Request, verdict: Verdict): void {
  const hook = textIn(input, 'LifecycleHookName');
  if (hook === undefined) return;
  // Its hooks are read once in ten minutes, where they can be read: what was read since says which is ours.
  const wasOursUntil = instance.formerHooks.get(hook) ?? namedUntil(instance, hook);
  const readAt = instance.process?.answeredAt.get('autoscaling:DescribeLifecycleHooks') ?? -Infinity;
  const namedLatelyMs = readsTagByApi(instance) ? EC2_PATIENCE_MS : NAMED_LATELY_MS;
  const namedFrom = Math.max(wasOursUntil ?? -Infinity, instance.disturbances.troubleAt(at));
  const isKept = hook === instance.oursAsRead;
  const isUnread = at - namedFrom <= namedLatelyMs || readAt <= (wasOursUntil ?? -Infinity);
  const wasOurs = wasOursUntil !== undefined && (isUnread || isHookTagUnread(instance, at));
  const consequence = api.endsWith('Heartbeat') ? 'was kept waiting' : 'was completed';
  verdict.check(
    'S6',
    hook === oursOf(instance)?.name ||
      isKept ||
      wasOurs ||
      isOverByThen(instance, hook) ||
      isNobodys(instance, hook),
    () =>
      `the hook ${hook}, which is not ours, ${consequence} by ${instance.id}: its owner's work is broken off`,
  );
}

/** It was ours, and the group has deleted it: nothing waits for it any more. */
const isNobodys = ({ formerHooks, group }: Instance, hook: string): boolean =>
  formerHooks.has(hook) && group?.deletedHooks.has(hook) === true && group.hooks?.has(hook) !== true;

/** What the option names, and is the hook of a launch, does not wait any more once the group takes the instance out. */
const isOverByThen = ({ setting, lifecycle }: Instance, hook: string): boolean =>
  lifecycle !== undefined && leaves(lifecycle) && hook === setting.lifecycleHook;

/** Until when the group had the hook that the option or the tag names: nothing waits for one that is deleted. */
function namedUntil({ group, setting, tag, taggedHook }: Instance, hook: string): number | undefined {
  const isNamed = hook === (setting.lifecycleHook ?? taggedHook ?? hookNamedIn(tag));
  return isNamed ? group?.deletedHooks.get(hook) : undefined;
}

/** What names another one, such as the tag, is read within a few seconds, in ms. */
const NAMED_LATELY_MS = 10_000;

/** A dry run changes nothing; an agent that was told to end begins nothing. */
export function checkMayAct(instance: Instance, { api, at }: Request, verdict: Verdict): void {
  const { id, setting, process } = instance;
  if (setting.dryRun) verdict.violate('dry run', `${id} called ${api}, though it was to change nothing`);
  if (process?.stoppingAt === undefined) return;
  const sinceStop = at - process.stoppingAt;
  verdict.check(
    'X3',
    sinceStop <= setting.slack,
    () => `${id} called ${api} ${sinceStop} ms after SIGTERM: nobody is left to see what comes of it`,
  );
}

/** Whether a request gives the instance back to its cluster. */
export const givesBack = (request: Request): boolean => statusSetBy(request) === 'ACTIVE';
