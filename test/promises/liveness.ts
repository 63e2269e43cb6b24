import type { TimelineEvent } from '../../src/sandbox/index.ts';
import { clearAt, type Due, joinedAt, mayStillCome, STILL_ACTIVE, toldBy, whatIsDue } from './due.ts';
import {
  CALM_MS,
  containerInstanceOf,
  EC2_PATIENCE_MS,
  holdsRootVolume,
  type Instance,
  isGroupUnread,
  isHookTagUnread,
  isOursForgotten,
  isSignalled,
  isTakenForAnother,
  isTruthful,
  mustGo,
  oursOf,
  outlastsEvent,
  readsTagByApi,
  retains,
  type Task,
  taskNamed,
  tasksLeft,
  tasksRunningUnseen,
  waitsForTagByApi,
} from './instance.ts';
import { isReplacement, isRetained, waits } from './lifecycle-states.ts';
import { limitAllows, noteTakenUp } from './limits.ts';
import type { Verdict } from './verdict.ts';

/** L1: last task stopped, everything answers: released within this, in ms. */
const RELEASE_MS = 5_000;
/** Until a process that was just started, or a signal that has just come, is at work, in ms. */
const BEGIN_MS = 3_000;
/** Until a new lifecycle state is noticed, in ms: it can only be polled for. */
const NOTICED_MS = 5_000;
/** … and where that is no signal: the state in the group is looked at so often, in ms. */
const LOOKED_AT_MS = 30_000;
/** The EC2 API is asked for the tag once in so many ms, jittered by a fifth. */
const TAG_BY_API_MS = 18_000;
/** After the last trouble whatever is due is done within this, in ms (L1 after an outage, L3, L4, L5). */
const RECOVERY_MS = 75_000;
/** In mode `deregister` each try takes a list of its own: with several pages those use up a minute's requests, in ms. */
const LISTS_MS = 61_000;
/** … and where a list of small pages takes most of the twelve requests, it is asked for as rarely as every five minutes. */
export const listsMs = ({ setting, tasks }: Instance): number =>
  setting.hasSmallPages && tasks.size > 6 ? LONG_LISTS_MS : LISTS_MS;
const LONG_LISTS_MS = 10 * 60_000;
/** What the host claims to be, and ECS does not know, may be new to ECS for so long, in ms. */
const CLAIM_MS = 5 * 60_000;
/** Each earlier registration of the host takes its share of a minute's twelve requests; two fit into it, in ms. */
const EACH_REGISTRATION_MS = 20_000;
/** A signal that is polled for at the usual pace is seen within this, in ms. */
const SEEN_MS = 4_000;
/** A process that starts needs this long, in ms, to learn what it must keep alive. */
const START_MS = 30_000;

/** What is due on one instance, and since when that has not changed. */
export type Liveness = {
  /** Looks whether something is overdue. Call it often; it looks once a second. */
  probe(at: number): void;
  /** It was released, at this time. */
  released(at: number): void;
  /** What is due, as of the last look. */
  due(): Due | undefined;
  /** Since when that is so, in ms since the Unix epoch. */
  settledSince(): number;
  /** From the last task's end to the release, in ms; undefined where it was not measured. */
  releasedAfter(): number | undefined;
};

export function createLiveness(instance: Instance, verdict: Verdict): Liveness {
  const { id, setting } = instance;
  let nextProbe = -Infinity;
  let last: Due | undefined;
  let settledSince = 0;
  let releasedAfter: number | undefined;
  // What is late once would be reported with every later look.
  const late = new Set<string>();

  function check(due: Due, at: number) {
    const { property, what, consequence } = due;
    const isAfterKill = instance.restarts > 0 && property === 'L1';
    const promise = isAfterKill ? 'L3' : property;
    verdict.count(promise);
    const once = due.isRelease ? 'released' : what;
    // That a host never registered is looked at twice: a minute apart, if something was unclear for minutes before.
    const patience =
      RECOVERY_MS +
      (waitsForTagByApi(instance) ? EC2_PATIENCE_MS : 0) +
      (setting.mode === 'deregister' ? listsMs(instance) : 0) +
      (instance.containerInstances.size === 0 ? LOOKED_AT_MS : 0) +
      (mustGo(instance) ? 0 : rarelyAskedMs(instance, at)) +
      Math.max(0, instance.containerInstances.size - 2) * EACH_REGISTRATION_MS +
      (isForgotten(instance) ? CLAIM_MS : 0) +
      setting.slack;
    const readyAt = Math.max(due.since, begunAt(instance));
    const promised = promisedWithin(due, readyAt, at);
    if (promised !== undefined) verdict.count(`${property} within seconds`);
    const isLate = promised !== undefined && at - readyAt > promised;
    const from = isLate ? readyAt : Math.max(due.since, wellSince(instance, at));
    if ((!isLate && at - from <= patience) || late.has(once)) return;
    late.add(once);
    verdict.violate(promise, `${id} ${what}, for ${((at - from) / 1000).toFixed(1)} s: ${consequence}`);
  }

  /** Where all is well, so many ms; undefined where no more than the time of a recovery is promised. */
  function promisedWithin(
    { property, isRelease, what }: Due,
    readyAt: number,
    at: number,
  ): number | undefined {
    // That a host never registered is looked at twice.
    const isRegisteredOnce = instance.containerInstances.size > 0;
    const isPlainActive = what === STILL_ACTIVE && isNoticed(instance);
    // Else new tasks come after the limit, or there were more than a minute's requests can stop.
    const isPlainLimit =
      property === 'L5' && containerInstanceOf(instance)?.status === 'DRAINING' && instance.tasks.size <= 12;
    const isPlainRelease = isRelease && isRegisteredOnce;
    const isDue = isPlainRelease || isPlainActive || isPlainLimit;
    const isSoon = property === 'L4' || (setting.mode === 'drain' && isDue);
    return isSoon && isPlain(instance, readyAt, at) ? RELEASE_MS + setting.slack : undefined;
  }

  return {
    probe: (at) => {
      if (at < nextProbe) return;
      nextProbe = at + 1_000;
      noteTakenUp(instance, at);
      const due = whatIsDue(instance, at);
      if (due?.what !== last?.what) settledSince = at;
      last = due;
      if (due) check(due, at);
    },
    released: (at) => {
      const { lastStopAt } = instance;
      // It was to stay in its cluster: somebody else has let it go.
      if (outlastsEvent(instance)) return;
      if (!isSignalled(instance) || !instance.isAlive || instance.lieSince !== undefined) return;
      if (isTakenForAnother(instance)) return;
      if (tasksLeft(instance).length > 0 || lastStopAt === -Infinity) return;
      // What ECS calls STOPPED and the host still runs is waited for, until the hook's limit ends the wait.
      if (tasksRunningUnseen(instance).length > 0 || mayStillCome(instance, at)) return;
      // It was to stay, drained, until something else asked for it; or which one it is was not clear yet.
      if (Math.max(joinedAt(instance), clearAt(instance), toldBy(instance)) > lastStopAt) return;
      if (setting.mode !== 'drain' || setting.dryRun) return;
      // It was to stay, until another hook's end made the group terminate it.
      if (instance.wasReplacing && !isReplacement(instance.lifecycle)) return;
      if (!isPlain(instance, lastStopAt, at) || begunAt(instance) > lastStopAt) return;
      releasedAfter = at - Math.max(lastStopAt, instance.hostEmptyAt);
      verdict.check(
        'L1',
        releasedAfter <= RELEASE_MS + setting.slack,
        () => `${id} was released ${releasedAfter} ms after its last task stopped: it is paid for meanwhile`,
      );
    },
    due: () => last,
    settledSince: () => settledSince,
    releasedAfter: () => releasedAfter,
  };
}

/** Its state was lost after ECS had let go of the host, and ECS forgets what it has let go of. */
function isForgotten(instance: Instance): boolean {
  const one = containerInstanceOf(instance);
  return one?.status === 'INACTIVE' && instance.stateLostAt > one.since;
}

/** A cancelled drain asks ECS every five minutes, in ms, once ECS has not told it for five where its host is, some of them before. */
function rarelyAskedMs({ disturbances, goneAt, process }: Instance, at: number): number {
  const untoldMs = disturbances.span(Math.max(goneAt - RARELY_MS, process?.bornAt ?? at), at);
  return untoldMs >= RARELY_MS ? RARELY_MS : 0;
}
const RARELY_MS = 5 * 60_000;

/** Since when nothing has gone wrong or changed, in ms since the Unix epoch. */
export const wellSince = (instance: Instance, at: number): number =>
  Math.max(
    instance.disturbances.since(at),
    instance.lastStopAt,
    instance.lastExitAt,
    instance.lifecycleSince,
    instance.process?.bornAt ?? -Infinity,
  );

/** Whether it was registered when the signal came, and has been ACTIVE ever since then, and all can read that. */
function isNoticed(instance: Instance): boolean {
  const { signals, signalledSince, tag, tagShown } = instance;
  const isRead = tag === tagShown || !signals.has('tag') || signals.size > 1;
  const { registeredAt = Infinity, since } = containerInstanceOf(instance) ?? {};
  // What was given back a moment ago has used up requests of this minute.
  return isRead && since === registeredAt && registeredAt < signalledSince - REGISTERED_MS;
}
/** What has registered so long before, in ms, its agent has heard of. */
const REGISTERED_MS = 15_000;

/** When the agent can be expected to be at work on its drain, and on the lifecycle state that is. */
function begunAt(instance: Instance): number {
  const { setting, signalledSince, process, lifecycle, lifecycleSince } = instance;
  const seen = setting.pollInterval * 1.2 + BEGIN_MS + (readsTagByApi(instance) ? TAG_BY_API_MS : 0);
  const isHeld = waits(lifecycle) || isRetained(lifecycle);
  // The group had just said that it keeps the instance, and metadata is not asked for what it does.
  const isAskedAgain = !instance.signals.has('lifecycle') && instance.foretoldSince === signalledSince;
  return Math.max(
    signalledSince + seen + (isAskedAgain ? KEPT_AGAIN_MS : 0),
    (process?.bornAt ?? -Infinity) + seen,
    isHeld ? lifecycleSince + noticedWithin(instance) : -Infinity,
  );
}

/** A group that keeps an instance, though its tag tells of a lifecycle event, is asked again after so long, in ms. */
const KEPT_AGAIN_MS = 15_000;

/** Where metadata says nothing of it, the state in the group is looked at. */
function noticedWithin({ setting, signals, lifecycleSince, terminatingSince }: Instance): number {
  // The longer it has been Terminating, the more rarely the group is asked whether its hook waits.
  const lasted = lifecycleSince - terminatingSince;
  const later = TERMINATING_MS.find(({ until }) => lasted <= until)?.noticed ?? LATEST_NOTICED_MS;
  return Math.max(later, signals.has('lifecycle') ? setting.pollInterval * 1.2 : LOOKED_AT_MS);
}

const TERMINATING_MS = [
  { until: 6_000, noticed: NOTICED_MS },
  { until: 12_000, noticed: 7_000 },
  { until: 30_000, noticed: 19_000 },
] as const;
const LATEST_NOTICED_MS = 61_000;

/** Whether nothing has gone wrong for long before `since`, nor has anything since: then it takes seconds, not a minute. */
function isPlain(instance: Instance, since: number, at: number): boolean {
  const { disturbances, ecsAgent, lastStopAt, hostEmptyAt, tasks, setting, spot, goneAt } = instance;
  const { drainSince = at } = instance;
  // Two drains within a minute share its twelve requests.
  const isSecond = drainSince > goneAt && goneAt > since - PERSON_MS;
  const calmMs = CALM_MS + (readsTagByApi(instance) ? EC2_PATIENCE_MS : 0);
  return (
    disturbances.troubleAt(at) < since - calmMs &&
    disturbances.changeAt() < since - PERSON_MS &&
    !isSecond &&
    isTruthful(ecsAgent) &&
    // Each look at so many tasks takes several requests: those of a drain's first seconds use up the minute's twelve, and so
    // do those before an interruption.
    (tasks.size <= 100 || (since > drainSince + FIRST_LOOKS_MS && spot === undefined)) &&
    // Ignored tasks end after the others: the looks at both ends use up a minute's twelve requests.
    !hasJustStoppedIgnored(instance, since) &&
    // A list of several pages takes as many of a minute's requests.
    !setting.hasSmallPages &&
    // ECS hears of the end within about 30 s of the host.
    (lastStopAt === -Infinity || lastStopAt - hostEmptyAt <= 30_000)
  );
}

function hasJustStoppedIgnored({ tasks }: Instance, since: number): boolean {
  for (const { isIgnored, askedAt } of tasks.values())
    if (isIgnored && askedAt !== undefined && since - askedAt < 60_000) return true;
  return false;
}

const FIRST_LOOKS_MS = 60_000;

/** What a person has changed is noticed within a minute, by a look that comes anyway. */
const PERSON_MS = 60_000;

/** L2: while tasks run, our hook does not time out before its global limit, and then it was abandoned. */
export function checkTimeout(
  instance: Instance,
  event: Extract<TimelineEvent, { type: 'lifecycle-action-ended' }>,
  verdict: Verdict,
): void {
  const { id, setting, lieSince, process } = instance;
  if (event.hook !== oursOf(instance)?.name || setting.dryRun || lieSince !== undefined) return;
  if (isTakenForAnother(instance)) return;
  const [left] = tasksLeft(instance);
  if (event.by === 'global-timeout') {
    checkGlobalTimeout(instance, event.at, left, verdict);
    return;
  }
  if (event.by !== 'heartbeat-timeout' || isOursForgotten(instance)) return;
  if (!mustGo(instance) && !holdsRootVolume(instance)) return;
  if (isHookTagUnread(instance, event.at)) return;
  // Who looks for the signal as rarely as the hook times out has chosen so.
  const at = event.at;
  const beatAt = instance.beats.get(event.hook) ?? instance.waitsSince ?? at;
  const timeout = at - beatAt;
  if (!left || setting.pollInterval * 4 > timeout) return;
  // At the operator's limit the agent has let go, tasks or not: an answer that was none of Auto Scaling's can have said that it had.
  const isLimitPassed = limitAllows(instance, 'continue', at) || limitAllows(instance, 'abandon', at);
  if (instance.releasedBy !== undefined && isLimitPassed) return;
  // A hook that was changed before its agent could read it may count as it was, which nobody can read any more.
  const changedAt = instance.group?.changedAt ?? -Infinity;
  if (changedAt > (instance.waitsSince ?? at) && (process?.hooksReadAt ?? at) > changedAt) return;
  if (isChangeUnread(instance, event.hook, beatAt, at)) return;
  const since = holdsRootVolume(instance) ? instance.waitsSince : instance.drainSince;
  const signalledFor = since === undefined ? 0 : at - since;
  if (signalledFor < timeout + (waitsForTagByApi(instance) ? EC2_PATIENCE_MS : 0)) return;
  const isFirst = (instance.beats.get(event.hook) ?? -Infinity) <= instance.stateLostAt;
  // What the first one has taken is known from then on.
  const span = instance.disturbances.span(at - timeout, at, (api) => isFirst || api === HEARTBEAT);
  const starts = (process?.bornAt ?? at) > at - timeout ? START_MS : 0;
  // Without that signal the state in the group is looked at every half a minute.
  const notices = instance.signals.has('lifecycle') ? 0 : LOOKED_AT_MS;
  const unread = Math.max(0, readAnewBy(instance, event.hook, timeout) - (at - timeout));
  // A signal that is looked for more rarely than usual is seen so much later, and the first heartbeat comes with it.
  const unseen = isFirst ? Math.max(0, setting.pollInterval * 1.2 - SEEN_MS) : 0;
  const isRare = instance.rareBeats > 0 && timeout >= SHORTEST_RARE_MS;
  const withstood = isRare ? timeout / 5 : (timeout * 2) / 3;
  verdict.check(
    'L2',
    span + unseen + Math.max(starts, notices, unread) > withstood,
    () =>
      `the hook ${event.hook} of ${id} timed out while ${taskNamed(left)}, with trouble for only ${span} ms of its ${timeout} ms`,
  );
}

/**
 * Whether the group's hooks were changed since the agent last read them, and it need not have read them since: that it does beside a
 * heartbeat, five minutes after the last time, or a quarter of an hour where heartbeats are throttled, and when the wait begins.
 */
function isChangeUnread(instance: Instance, hook: string, beatAt: number, at: number): boolean {
  const { group, process, disturbances, rareBeats, waitsSince = at } = instance;
  const readAt = process?.answeredAt.get('autoscaling:DescribeLifecycleHooks') ?? at;
  // Where none was ours they are read once a minute.
  if (!group || group.changedAt < readAt || !instance.formerHooks.has(hook)) return false;
  const every = rareBeats > 0 ? 3 * READ_AFRESH_MS : READ_AFRESH_MS;
  const isReadLately = group.changedAt > waitsSince - READ_LATELY_MS && beatAt < readAt + every;
  return isReadLately || disturbances.troubleAt(at) > beatAt - READ_RESTS_MS;
}

const READ_AFRESH_MS = 300_000;
/** What was read so lately before the wait began is not read again, in ms. */
const READ_LATELY_MS = 35_000;
/** So long a read rests that was throttled, in ms. */
const READ_RESTS_MS = 120_000;

/**
 * Until when the agent may not have read of the change that made a hook ours. Where several could be, they are read again once in a
 * quarter of the time-out, which is at least a minute and at most ten. In ms since the Unix epoch; -Infinity where none made it so.
 */
function readAnewBy({ group, waitsSince = 0, formerHooks }: Instance, hook: string, timeout: number): number {
  if (!group || group.changedAt <= waitsSince || formerHooks.has(hook)) return -Infinity;
  return group.changedAt + Math.max(60_000, Math.min(timeout / 4, 600_000)) + READ_MS;
}

/** So long a read takes, at the pace of an agent that is at work on it, in ms. */
const READ_MS = 5_000;

/** Heartbeats of shorter hooks than this, in ms, are never rarer. */
const SHORTEST_RARE_MS = 120_000;

const HEARTBEAT = 'autoscaling:RecordLifecycleActionHeartbeat';

/** A group that retains is told to before the hook's global limit, though single reads fail. */
function checkGlobalTimeout(instance: Instance, at: number, left: Task | undefined, verdict: Verdict): void {
  const { id, disturbances, waitsSince = at } = instance;
  // What the group has said outlives reads that fail, and the process that was told.
  const isTold = isToldOfRetention(instance);
  // It had a minute in which it could ask.
  const couldAsk = isTold || disturbances.longestCalm(waitsSince + 60_000, at - LAST_MS) >= 60_000;
  if (
    !retains(instance) ||
    isReplacement(instance.lifecycle) ||
    isGroupUnread(instance, at) ||
    !left ||
    !mustGo(instance) ||
    !couldAsk
  )
    return;
  // Who is the first to see it, while it waits, does not know since when.
  if (!instance.wasSeenBefore && (instance.process?.bornAt ?? at) > waitsSince) return;
  // Without its state the agent does not know for how long the action has waited, nor what passed before a reboot.
  if (instance.stateLostAt > waitsSince || instance.rebootedAt > waitsSince) return;
  verdict.check(
    'L2',
    disturbances.longestCalm(at - LAST_MS, at, (api) => !(isTold && api === RETENTION)) <= RECOVERY_MS,
    () =>
      `the hook of ${id} ran into its global limit while ${taskNamed(left)}, in a group that retains what is abandoned: its default result ends the task`,
  );
}

function isToldOfRetention({
  retentionReadAt,
  stateLostAt,
  drainSince = Infinity,
  group,
}: Instance): boolean {
  return retentionReadAt >= Math.max(drainSince, stateLostAt, group?.changedAt ?? -Infinity);
}

/** What tells whether the group retains. */
const RETENTION = 'autoscaling:DescribeAutoScalingGroups';

/** The time in which the action is abandoned, in ms: five minutes before the limit. */
const LAST_MS = 5 * 60_000;
