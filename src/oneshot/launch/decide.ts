import { formatDuration } from '../../base/duration.ts';
import { CANCELLED, EXIT } from '../exit-codes.ts';
import { failureWords } from './failure-words.ts';
import type {
  Cancel,
  End,
  Fit,
  Following,
  Growth,
  Launch,
  Policy,
  Starting,
  Step,
  StopWhy,
  TaskView,
} from './model.ts';

/** How long a launcher that gives up looks for a task that it may have started, in ms. */
const SEARCH_MS = 60_000;
/** ECS's lists and descriptions can lag by minutes (ECS API reference, RunTask): until then a task can be on its way. */
export const SETTLES_MS = 300_000;
/** That there is no room is known for so long at most when a group is asked for more, or a task is given up, in ms. */
const NEWS_MS = 2_000;
/** How long a process that has reached AWS with no call yet waits for credentials, in ms. */
const NO_CREDENTIALS_MS = 20_000;

/**
 * What a launch does next: the whole policy, from what is known and the time. It has no effect, and every step can be
 * made again: RunTask by its client token, StopTask because a task stops once.
 *
 * @param now in ms since the Unix epoch
 */
export function decide(launch: Launch, policy: Policy, now: number): Step {
  const { phase, cancel } = launch;
  if (phase.kind === 'ended') return { kind: 'end', end: phase.end };
  if (cancel?.insists) return end(leftAtOnce(launch, policy, cancel));
  switch (phase.kind) {
    case 'defining':
      if (cancel && !policy.isKeyGiven) return end(nothingStarted(cancel));
      return patient(launch, policy, now, cancel ? { kind: 'look' } : { kind: 'define' });
    case 'looking':
      if (cancel && now - cancel.at >= SEARCH_MS)
        return end(mayRun('cancelled, and ECS did not say whether a task of this key runs'));
      return patient(launch, policy, now, { kind: 'look' });
    case 'starting':
      return decideStarting(launch, phase, policy, now);
    case 'following':
      return decideFollowing(launch, phase, policy, now);
  }
}

function decideStarting(launch: Launch, phase: Starting, policy: Policy, now: number): Step {
  const { cancel } = launch;
  const mayBeStarted = isUnsettled(phase);
  if (cancel) {
    if (!mayBeStarted) return end(nothingStarted(cancel));
    // Nothing is started after a cancel, not even to be stopped at once.
    if (now - cancel.at >= SEARCH_MS) return end(mayRun('cancelled while RunTask had no answer'));
    return due(launch, now, { kind: 'look' });
  }
  const { waitingSince, searchedAt } = phase;
  const deadline = (waitingSince ?? now) + policy.capacityTimeoutMs;
  if (waitingSince !== undefined && now >= deadline) {
    if (!mayBeStarted) return end(noRoom(phase, launch, now));
    const hasLooked = searchedAt !== undefined && searchedAt >= deadline;
    if (hasLooked || now - deadline >= SEARCH_MS) return end(mayRun('RunTask had no answer'));
    return due(launch, now, { kind: 'look' }, deadline + SEARCH_MS);
  }
  const { growth, shortAt } = phase;
  const { fit, needs } = launch;
  const { catchUp } = phase;
  // Before anything is made of an answer that may be an old one.
  if (policy.isKeyGiven && needs && catchUp.except && catchUp.quick === 0 && now >= catchUp.dueAt)
    return { kind: 'compare', needs, except: catchUp.except };
  // Whether it has been started must be known before it can be said that it never will be.
  const isShort = shortAt !== undefined && catchUp.quick === 0;
  if (
    isShort &&
    needs &&
    fit.kind === 'unasked' &&
    now >= fit.dueAt &&
    !mayBeStarted &&
    policy.group !== undefined
  )
    return { kind: 'measure', needs, misfit: phase.misfit };
  const start: Step = { kind: 'start', attempt: phase.attempt, container: launch.container ?? '' };
  if (growth && isShort && now >= growth.dueAt) {
    // An instance may have come since: what is asked for is what is missing now.
    const isOld = now - shortAt > NEWS_MS && launch.failures === 0;
    return isOld ? start : growStep(growth, fit, needs?.subnets ?? []);
  }
  return due(launch, now, start, Math.min(deadline, isShort ? (growth?.dueAt ?? Infinity) : Infinity));
}

function decideFollowing(launch: Launch, phase: Following, policy: Policy, now: number): Step {
  const { task, stop } = phase;
  const { arn } = task;
  if (!policy.waits && !launch.cancel) return end(detached(phase));
  if (phase.missingSince !== undefined && now - phase.missingSince >= SETTLES_MS)
    return end(mayRun('ECS does not know the task any more', phase));
  const why = whyStop(launch, phase, policy, now);
  if (why === 'timed-out' && policy.onTimeout === 'detach' && !stop)
    return end({
      ...mayRun('the time limit passed, and the task was left to run', phase),
      code: EXIT.timedOut,
      kind: 'timed-out',
    });
  // It may have been placed since it was seen last, and then it is not to be stopped.
  const isOld = why === 'no-room' && now - phase.seenAt > NEWS_MS;
  if (why !== undefined && !stop && !isOld) return due(launch, now, { kind: 'stop', arn, why });
  return due(launch, now, { kind: 'describe', arn });
}

function whyStop({ cancel }: Launch, phase: Following, policy: Policy, now: number): StopWhy | undefined {
  if (cancel) return 'cancelled';
  const { placedAt, task } = phase;
  if (placedAt === undefined)
    return now - waitsSince(phase, now) >= policy.capacityTimeoutMs ? 'no-room' : undefined;
  const since = runsSince(task, placedAt, now);
  return policy.timeoutMs !== undefined && now - since >= policy.timeoutMs ? 'timed-out' : undefined;
}

/**
 * Since when the time limit counts. If this host's clock was behind when the task started, and has been set right since, it is by now past
 * the time that ECS gave, and that counts: by the time that was read here before, the task would be stopped early.
 */
export function runsSince({ startedAt }: TaskView, placedAt: number, now: number): number {
  return startedAt !== undefined && startedAt <= now ? Math.max(placedAt, startedAt) : placedAt;
}

/**
 * Since when a task waits for its place, by this host's clock. ECS says by its own clock when it was created: where that is long before it
 * was first seen, though this launcher has started it, or yet to come, this host's clock is wrong.
 */
export function waitsSince(
  { task: { createdAt }, firstSeenAt, isAttached }: Pick<Following, 'task' | 'firstSeenAt' | 'isAttached'>,
  now: number,
): number {
  const isWrong = createdAt === undefined || createdAt > now;
  return isWrong || (!isAttached && createdAt < firstSeenAt - SETTLES_MS) ? firstSeenAt : createdAt;
}

/** Whether a launch waits for an instance that has room for its task. */
export function lacksRoom({ phase, cancel }: Launch): boolean {
  return phase.kind === 'starting' && phase.shortAt !== undefined && !cancel;
}

/** Whether RunTask may have started the task without saying so. */
export function isUnsettled({ isSent, unansweredAt }: Starting): boolean {
  return isSent || unansweredAt !== undefined;
}

/** A question before anything is started: given up when it could not be asked for as long as room is waited for. */
function patient(launch: Launch, policy: Policy, now: number, step: Step): Step {
  if (isWithoutCredentials(launch, now)) return end(withoutCredentials(launch));
  if (now - launch.beganAt >= policy.capacityTimeoutMs && launch.trouble !== undefined) {
    return end({
      code: EXIT.noRoom,
      source: 'launcher',
      kind: 'no-room',
      reason: `AWS could not be asked, and nothing was started: ${launch.trouble}`,
      task: undefined,
    });
  }
  const limit = launch.hasReached || !launch.lacksCredentials ? policy.capacityTimeoutMs : NO_CREDENTIALS_MS;
  return due(launch, now, step, launch.beganAt + limit);
}

/** The most instances that one launcher asks for at a time. */
const MOST_ASKED = 16;

/**
 * One instance at first, and twice as many each time that those have come and left no room: a crowd of launchers sends the
 * same request, and none of them knows of the others.
 */
function growStep({ launches, failures, pending, own }: Growth, fit: Fit, subnets: readonly string[]): Step {
  return {
    kind: 'grow',
    count: Math.min(MOST_ASKED, 2 ** launches),
    zone: failures,
    pending,
    leavesRoom: fit.kind !== 'fits' || fit.leavesRoom,
    subnets,
    own,
  };
}

/** The step when it is due; until then a wait, at most to `deadline`, when there is something else to decide. */
const due = (launch: Launch, now: number, step: Step, deadline = Infinity): Step =>
  now >= launch.dueAt ? step : { kind: 'wait', until: Math.min(launch.dueAt, deadline) };

const isWithoutCredentials = ({ hasReached, lacksCredentials, beganAt }: Launch, now: number) =>
  !hasReached && lacksCredentials && now - beganAt >= NO_CREDENTIALS_MS;

const end = (one: End): Step => ({ kind: 'end', end: one });

const nothingStarted = ({ signal }: Cancel): End => ({
  code: CANCELLED[signal],
  source: 'launcher',
  kind: 'cancelled',
  reason: `cancelled by ${signal}; nothing was started`,
  task: undefined,
});

const mayRun = (why: string, following?: Following): End => ({
  code: EXIT.lost,
  source: 'launcher',
  kind: 'lost',
  reason: `${why}; it may still run`,
  task: following?.task,
});

function leftAtOnce(launch: Launch, policy: Policy, cancel: Cancel): End {
  const { phase } = launch;
  const mayBe =
    phase.kind === 'following' ||
    phase.kind === 'looking' ||
    (phase.kind === 'defining' && policy.isKeyGiven) ||
    (phase.kind === 'starting' && isUnsettled(phase));
  if (!mayBe) return nothingStarted(cancel);
  return mayRun('left at once, at the second signal', phase.kind === 'following' ? phase : undefined);
}

function noRoom(phase: Starting, launch: Launch, now: number): End {
  const what =
    phase.missing.length > 0
      ? `${phase.missing.map(failureWords).join(' and ')} on every instance (${phase.missing.join(', ')})`
      : (launch.trouble ?? 'the cluster has no instance');
  return {
    code: EXIT.noRoom,
    source: 'launcher',
    kind: 'no-room',
    reason: `not started within ${formatDuration(now - (phase.waitingSince ?? now))}: ${what}; it is safe to try again`,
    task: undefined,
  };
}

function withoutCredentials({ trouble }: Launch): End {
  return {
    code: EXIT.permission,
    source: 'launcher',
    kind: 'forbidden',
    reason: trouble ?? '',
    task: undefined,
  };
}

const detached = ({ task, isAttached }: Following): End => ({
  code: 0,
  source: 'launcher',
  kind: 'detached',
  reason: isAttached ? 'it was started before' : 'it is started, and not waited for',
  task,
});
