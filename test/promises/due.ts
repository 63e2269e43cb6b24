import {
  canTellSignals,
  containerInstanceOf,
  type Instance,
  isAskedByOthers,
  isGroupUnread,
  isHookTagUnread,
  isOursForgotten,
  isRegistered,
  isTakenForAnother,
  isTerminating,
  mustGo,
  ourEnd,
  outlastsEvent,
  restsFrom,
  runsUnasked,
  type Task,
  tasksLeft,
  tasksRunningUnseen,
  waitingForUs,
} from './instance.ts';
import { isReplacement, isRetained, leaves } from './lifecycle-states.ts';
import { latestLimit } from './limits.ts';

/** Something that must be done: by which promise, what is still the case, and since when at the earliest. */
export type Due = {
  readonly property: 'L1' | 'L4' | 'L5';
  /** Short, and the same for as long as it is due. */
  readonly what: string;
  readonly consequence: string;
  /** Whether the instance could go but for this. */
  readonly isRelease: boolean;
  /** In ms since the Unix epoch; -Infinity where nothing but calm is needed. */
  readonly since: number;
};

const due = (property: Due['property'], what: string, consequence: string, since = -Infinity): Due => ({
  property,
  what,
  consequence,
  isRelease: false,
  since,
});

export const STILL_ACTIVE = 'is still ACTIVE';

/** What the agent has to do now, if anything, as far as it can know. */
export function whatIsDue(instance: Instance, at: number): Due | undefined {
  const { setting, lieSince } = instance;
  if (lieSince !== undefined || setting.dryRun || instance.isGone) return undefined;
  if (isTakenForAnother(instance)) return undefined;
  return mustGo(instance) ? dueInDrain(instance, at) : dueAtRest(instance, at);
}

function dueAtRest(instance: Instance, at: number): Due | undefined {
  if (isTerminating(instance) || isReplacement(instance.lifecycle) || !canTellSignals(instance))
    return undefined;
  const { drainingBy, process } = instance;
  const status = containerInstanceOf(instance)?.status;
  const remembers = instance.stateIsWhole && !instance.stateWasLost;
  if (drainingBy === 'agent' && status === 'DRAINING' && remembers)
    return due(
      'L4',
      'was left DRAINING after its drain was cancelled',
      'it takes no task any more',
      restsFrom(instance),
    );
  const doing = process?.doing?.();
  if (status === 'ACTIVE' && doing !== undefined && doing !== 'watching')
    return due(
      'L4',
      `is ${doing}, though its drain was cancelled`,
      'the next drain finds nobody who watches',
      Math.max(restsFrom(instance), givenUpBy(instance, at)),
    );
  return undefined;
}

/**
 * By when it has given up what it had set DRAINING and ECS knows no more, though the host has registered anew since: after a reboot ECS
 * may only have failed to find it.
 */
const givenUpBy = (instance: Instance, at: number): number =>
  doubtedUntil(instance, at, instance.drainingRequestedOn) + LOOKED_AT_MS;
/** A drain that is over is looked at once in so many ms. */
export const LOOKED_AT_MS = 61_000;

function dueInDrain(instance: Instance, at: number): Due | undefined {
  const { setting, ecsAgent, lastStopAt, lastExitAt } = instance;
  if (!isKnownToEcs(instance, at)) return undefined;
  const containerInstance = containerInstanceOf(instance);
  const status = containerInstance?.status;
  if (status === 'ACTIVE' && setting.mode === 'drain')
    return due(
      'L1',
      STILL_ACTIVE,
      'it is given new tasks, and the drain cannot end',
      checkedBy(instance, at),
    );
  const left = tasksLeft(instance);
  if (left.length > 0) return dueForIgnored(instance, left, at) ?? dueAtLimit(instance, left, at);
  if (ecsAgent.isFrozen || ecsAgent.isImpersonated || tasksRunningUnseen(instance).length > 0)
    return undefined;
  if (mayStillCome(instance, at)) return undefined;
  // What was to get another root volume, and is terminated in the end, is looked for once a minute.
  const isTurned = instance.wasReplacing && !isReplacement(instance.lifecycle);
  const release = (what: string): Due => ({
    ...due(
      'L1',
      what,
      'an instance without work is paid for',
      Math.max(
        lastStopAt,
        lastExitAt,
        joinedAt(instance),
        clearAt(instance),
        toldBy(instance),
        heardBy(instance),
      ),
    ),
    isRelease: !isTurned,
  });
  const isKept = setting.mode === 'drain' && isReplacement(instance.lifecycle);
  // Metadata says that it goes, and its group that it stays.
  const isContradicted =
    instance.lifecycle !== undefined && !leaves(instance.lifecycle) && !isAskedByOthers(instance);
  if (isRegistered(containerInstance) && isContradicted) return undefined;
  const isAwaiting = outlastsEvent(instance) && !leaves(instance.lifecycle ?? '');
  if (isRegistered(containerInstance) && isAwaiting) return undefined;
  if (isRegistered(containerInstance) && !isKept) return release('is still registered, with no task left');
  // Which hook is ours is read once in ten minutes.
  const isClear =
    !isGroupUnread(instance, at) && !isOursForgotten(instance) && !isHookTagUnread(instance, at);
  const waits = waitingForUs(instance) !== undefined && isClear;
  if (waits) return release('is still held by our lifecycle action, with no task left');
  if (isToTerminate(instance)) {
    const found = release('was retained and is not terminated, with no task left');
    const rest = terminateRest(instance);
    if (rest > 0) return { ...found, isRelease: false, since: instance.lifecycleSince + rest };
    // After it was released, another owner's hook can end in retaining it: that is looked for once a minute.
    return { ...found, isRelease: ourEnd(instance)?.at === instance.lifecycleSince };
  }
  if (setting.rebalanceTerminate && instance.signals.has('rebalance') && instance.lifecycle === 'InService')
    return recommended(release('is not terminated as EC2 recommends, with no task left'), instance);
  return undefined;
}

/** What comes into service in the middle of its drain, from its launch or from standby, is looked at every five minutes. */
function recommended(found: Due, { lifecycleSince, drainSince = -Infinity }: Instance): Due {
  const servesBy = lifecycleSince > drainSince ? lifecycleSince + CHECK_MS : -Infinity;
  return { ...found, isRelease: false, since: Math.max(found.since, servesBy) };
}

/**
 * By when the replacement of a root volume is noticed of which metadata has no word: the group is asked once in five minutes where no
 * task depends on it.
 */
export function toldBy({ setting, signals, lifecycle, lifecycleSince }: Instance): number {
  const isUntold = setting.signals.includes('lifecycle') && !signals.has('lifecycle');
  return isUntold && isReplacement(lifecycle) ? lifecycleSince + CHECK_MS : -Infinity;
}

/** An ECS agent that is silent for less than a minute may know a task of which ECS says nothing. */
function heardBy({ process, drainSince = -Infinity }: Instance): number {
  const { untoldOfTasksSince, bornAt = -Infinity } = process ?? {};
  return untoldOfTasksSince === undefined
    ? -Infinity
    : Math.max(untoldOfTasksSince, drainSince, bornAt) + WAITED_FOR_MS;
}
/** … and what a look takes, in ms. */
const WAITED_FOR_MS = 66_000;

/** When what asks for it beside an event that it would have outlasted has been seen. */
export const joinedAt = ({ outlastedUntil, setting }: Instance): number =>
  outlastedUntil + setting.pollInterval * 1.2 + SEEN_MS;

/** Of several container instances, ECS must say which one's ECS agent is connected; then all is looked at. */
export function clearAt({ containerInstances }: Instance): number {
  if (containerInstances.size < 2) return -Infinity;
  return Math.max(...[...containerInstances.values()].map((one) => one.connectedSince)) + CLEAR_MS;
}
const CLEAR_MS = 10_000;

/** Until a signal that was read is acted on; the EC2 API is asked for the tag every 15 to 18 s. */
const SEEN_MS = 21_000;

/** L1: tasks that never end by themselves are asked to stop once no other is left. Twelve requests a minute. */
function dueForIgnored(instance: Instance, left: readonly Task[], at: number): Due | undefined {
  const { isFrozen, isImpersonated } = instance.ecsAgent;
  // Who answers there may list others that ran before, and they hold the instance.
  if (isFrozen || isImpersonated || mayStillCome(instance, at)) return undefined;
  const isOnly = left.every(({ isIgnored }) => isIgnored) && tasksRunningUnseen(instance).length === 0;
  if (!isOnly || !left.some(runsUnasked) || !isRegistered(containerInstanceOf(instance))) return undefined;
  // An answer that left out what they are known by holds the instance until the next check.
  const told = Math.max(instance.lastStopAt, instance.disturbances.troubleAt(at) + CHECK_RESTS_MS);
  const since = told + 60_000 * Math.floor(left.length / 12);
  return due('L1', 'has not asked the tasks that it ignores to stop', 'it is held for ever', since);
}

/** A task that the host named, and that ECS has never described, holds the instance for minutes: it may be new. */
export function mayStillCome(instance: Instance, at: number): boolean {
  const { tasksForgottenFrom, drainSince = at, stoodStillUntil, process, tasks } = instance;
  if (at < impersonatedUntil(instance, at)) return true;
  if (at < tasksForgottenFrom) return false;
  const placedAt = [...tasks.values()].map((task) => task.placedAt);
  // A host that takes long to tell of the signal tells of its tasks to an agent that has only just begun.
  const { bornAt = at, takenUpAt = drainSince } = process ?? {};
  return at - Math.max(drainSince, takenUpAt, stoodStillUntil, bornAt, ...placedAt) < CLAIM_MS;
}

/** A claim about this host that ECS does not confirm is held against it for so long, in ms, and what a look takes. */
const CLAIM_MS = 5 * 60_000 + 30_000;
/** ECS describes an INACTIVE container instance for at least so long, in ms. */
const DESCRIBED_MS = 55 * 60_000;

/** Whether something says which container instance the host is: the ECS agent, its earlier word, or an option. */
function isKnownToEcs(instance: Instance, at: number): boolean {
  const { containerInstances, ecsAgent, setting, knowsRegistration } = instance;
  if (at < claimsUntil(instance, at)) return false;
  let registered = 0;
  for (const { status } of containerInstances.values()) if (status !== 'INACTIVE') registered++;
  const answers = ecsAgent.isUp && !ecsAgent.isHanging;
  if (!answers && (registered > 1 || isUntoldElsewhere(instance))) return false;
  return setting.namesCluster || (answers && containerInstances.size > 0) || knowsRegistration;
}

/** Whether the host has registered in a cluster where nobody has told its agent to look. */
function isUntoldElsewhere({ containerInstances, process }: Instance): boolean {
  const [last, ...earlier] = [...containerInstances.values()].reverse();
  if (!last || earlier.length === 0 || process?.toldOf.has(last.arn)) return false;
  return earlier.every(({ cluster }) => cluster !== last.cluster);
}

/** Until when what the ECS agent's port names, and ECS does not know, may be about to register. */
export const claimsUntil = (instance: Instance, at: number): number =>
  Math.max(unknownUntil(instance, at), doubtedUntil(instance, at));

/** After a reboot nothing says for how long the host was down: what ECS has forgotten meanwhile it may have described a moment before. */
function doubtedUntil(instance: Instance, at: number, only?: ReadonlySet<string>): number {
  const { containerInstances, process, rebootedAt } = instance;
  const isDoubted = [...containerInstances.values()].some(
    ({ arn, status, since, registeredAt }) =>
      status === 'INACTIVE' &&
      at - since > DESCRIBED_MS &&
      rebootedAt > registeredAt &&
      only?.has(arn) !== false,
  );
  return isDoubted ? Math.max(rebootedAt, process?.bornAt ?? at) + CLAIM_MS : -Infinity;
}

function unknownUntil(instance: Instance, at: number): number {
  const { containerInstances, process, stateLostAt, knowsRegistration, keptConfirmed } = instance;
  if (containerInstances.size === 0 || !knowsRegistration) return impersonatedUntil(instance, at);
  const one = containerInstanceOf(instance);
  // What ECS has forgotten counts as gone for who remembers that ECS once knew it.
  const isForgotten = one?.status === 'INACTIVE' && at - one.since > DESCRIBED_MS;
  if (!isForgotten) return -Infinity;
  // At rest ECS is asked nothing.
  const beganAt = Math.max(process?.bornAt ?? at, instance.drainSince ?? at);
  const couldAsk = beganAt <= one.since + DESCRIBED_MS;
  if (stateLostAt <= one.registeredAt && couldAsk) return -Infinity;
  if (stateLostAt <= one.registeredAt && keptConfirmed.includes(one.arn)) return -Infinity;
  // Only in a cluster that somebody names is ECS's denial believed.
  return instance.setting.namesCluster ? beganAt + CLAIM_MS : Infinity;
}

/**
 * Until when what another process has said on the ECS agent's port may hold the host: minutes, which count anew after a reboot. Its
 * agent keeps one time for all that it knows of: when the last of them was new to it, which it is once ECS answers.
 */
function impersonatedUntil(
  { ecsAgent, process, rebootedAt, tasks, disturbances }: Instance,
  at: number,
): number {
  const { impersonatedAt } = ecsAgent;
  if (impersonatedAt === -Infinity) return -Infinity;
  const isBeforeReboot = rebootedAt > impersonatedAt;
  const from = isBeforeReboot ? Math.max(rebootedAt, process?.bornAt ?? at) : impersonatedAt;
  const newest = Math.max(...[...tasks.values()].map(({ toldAt }) => (toldAt <= at ? toldAt : -Infinity)));
  const knownAt = newest > impersonatedAt ? Math.max(newest, disturbances.troubleAt(at)) : -Infinity;
  return Math.max(from, knownAt) + CLAIM_MS;
}

/** While tasks run on the host, ECS is looked at so often, in ms, for what somebody may have changed there. */
const CHECK_MS = 5.5 * 60_000;

/** A check that was throttled rests up to two minutes: this much longer than what is urgent, in ms. */
const CHECK_RESTS_MS = 60_000;

/**
 * By when the agent has seen that somebody set it ACTIVE in the middle of the drain; -Infinity where it was ACTIVE when the
 * drain began, or is new. In ms since the Unix epoch.
 */
function checkedBy(instance: Instance, at: number): number {
  const { drainingSince: changedAt, signalledSince, drainSince = signalledSince, disturbances } = instance;
  const isNew = containerInstanceOf(instance)?.registeredAt === changedAt;
  if (changedAt <= drainSince || isNew) return -Infinity;
  // Where ECS throttles, checks are spread over twice that time.
  const isCrowded = instance.ecsThrottledAt >= drainSince;
  return Math.max(changedAt + CHECK_MS * (isCrowded ? 2 : 1), disturbances.troubleAt(at) + CHECK_RESTS_MS);
}

/** The requests of a minute are counted to the second. */
const BATCH_MS = 61_000;

/** L5: a limit that the operator set takes effect. */
function dueAtLimit(instance: Instance, left: readonly Task[], at: number): Due | undefined {
  const { setting } = instance;
  const limitAt = latestLimit(instance);
  if (limitAt === undefined || at < limitAt) return undefined;
  const passed = 'though the operator’s limit has passed';
  switch (setting.limit?.onTimeout) {
    case 'stop-tasks': {
      // The ignored ones are asked once no other is left, limit or not.
      const forgotten = left.find((task) => runsUnasked(task) && !task.isIgnored);
      if (!forgotten || !isRegistered(containerInstanceOf(instance))) return undefined;
      // Twelve requests a minute, once nothing keeps the tasks unknown.
      const from = Math.max(limitAt, instance.disturbances.troubleAt(at));
      // Where a list takes many requests, those that were placed since are seen as rarely as they allow.
      const seenAt =
        setting.hasSmallPages && forgotten.placedAt > limitAt
          ? forgotten.placedAt + CHECK_MS
          : forgotten.placedAt;
      const since = Math.max(from, seenAt) + BATCH_MS * Math.floor(left.length / 12);
      return due('L5', `has tasks that were not asked to stop, ${passed}`, 'they run on for ever', since);
    }
    case 'continue':
    case 'abandon':
      if (isGroupUnread(instance, at) || isOursForgotten(instance)) return undefined;
      // What becomes of an abandoned replacement of a root volume is documented nowhere.
      if (setting.limit.onTimeout === 'abandon' && isReplacement(instance.lifecycle)) return undefined;
      if (waitingForUs(instance))
        return due(
          'L5',
          `is still held by our lifecycle action, ${passed}`,
          'it is paid for',
          turnedBy(instance, limitAt),
        );
      if (setting.limit.onTimeout === 'continue' && isToTerminate(instance))
        return due(
          'L5',
          `was retained and is not terminated, ${passed}`,
          'it is paid for',
          // While a task runs here the group is asked every 5 min.
          Math.max(limitAt, instance.lifecycleSince + Math.max(CHECK_MS, terminateRest(instance))),
        );
  }
  return undefined;
}

/** What was to get another root volume, and is terminated in the end, is looked for once a minute. */
const turnedBy = ({ wasReplacing, lifecycle, lifecycleSince }: Instance, limitAt: number): number =>
  wasReplacing && !isReplacement(lifecycle) ? Math.max(limitAt, lifecycleSince + TURNED_MS) : limitAt;

const TURNED_MS = 60_000;

/** A group that retains it again each time is told ever more rarely: after so many ms. */
const terminateRest = ({ timesTerminated }: Instance): number =>
  timesTerminated === 0 ? 0 : Math.min(300_000, 30_000 * 2 ** (timesTerminated - 1));

/** It is retained, and the group does not refuse to terminate it. */
const isToTerminate = ({ lifecycle, setting }: Instance): boolean =>
  isRetained(lifecycle) && (setting.terminatesWarmRetained || !lifecycle?.startsWith('Warmed:'));
