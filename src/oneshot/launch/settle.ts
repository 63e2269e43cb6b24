import { type AwsError, isRefusal } from '../../aws/errors.ts';
import { EXIT } from '../exit-codes.ts';
import { countedContainer } from './counted-container.ts';
import { SETTLES_MS } from './decide.ts';
import { ended, refused } from './ended.ts';
import type { Call, Cancel, Launch, Outcome, Policy, Starting, TaskDefinition, TaskView } from './model.ts';
import { needsOf } from './needs.ts';
import { networkProblem } from './network.ts';
import { backoff, type Random, STOPPING_DELAY_MS, slower } from './pace.ts';
import { differs } from './parameters.ts';
import { growFailed, grown, measured, measureFailed } from './settle-growth.ts';
import { compared, compareFailed, firstStart, startAnswered } from './settle-start.ts';
import { described, follow } from './settle-task.ts';

/** The refusals in a row after which a running task counts as out of sight. */
const MOST_REFUSALS = 5;

/** A launch before its first step. @param now in ms since the Unix epoch */
export function begin(now: number): Launch {
  return {
    phase: { kind: 'defining' },
    beganAt: now,
    dueAt: now,
    failures: 0,
    slowness: 1,
    trouble: undefined,
    lacksCredentials: false,
    hasReached: false,
    container: undefined,
    log: undefined,
    needs: undefined,
    fit: { kind: 'unasked', failures: 0, dueAt: now },
    told: undefined,
    cancel: undefined,
  };
}

/** A signal has come: the first cancels, the second leaves at once. */
export function cancelled(launch: Launch, signal: Cancel['signal'], now: number): Launch {
  const { cancel } = launch;
  return {
    ...launch,
    // What was to be asked later is asked now.
    dueAt: now,
    cancel: cancel ? { ...cancel, insists: true } : { signal, at: now, insists: false },
  };
}

/** A call is on its way. */
export function sent(launch: Launch, call: Call['kind']): Launch {
  const { phase } = launch;
  if (call !== 'start' || phase.kind !== 'starting') return launch;
  return { ...launch, phase: { ...phase, isSent: true } };
}

/** What a call's outcome makes of the launch. @param now in ms since the Unix epoch, when the outcome came */
export function settle(
  launch: Launch,
  policy: Policy,
  outcome: Outcome,
  now: number,
  random: Random,
): Launch {
  if (launch.phase.kind === 'ended') return launch;
  if (outcome.kind === 'failed') return failed(launch, policy, outcome.call, outcome.error, now, random);
  const answered: Launch = {
    ...launch,
    failures: 0,
    trouble: undefined,
    lacksCredentials: false,
    hasReached: true,
    dueAt: now,
  };
  switch (outcome.kind) {
    case 'defined':
      return defined(answered, policy, outcome.definition);
    case 'looked':
      return looked(answered, policy, outcome.task, now);
    case 'start-answered':
      return startAnswered(answered, launch, policy, outcome.answer, now, random);
    case 'compared':
      return compared(launch, policy, outcome.hasRoom, now, random);
    case 'measured':
      return measured(launch, outcome.fit, now);
    case 'grown':
      return grown(launch, policy, outcome.answer, now, random);
    case 'described':
      return described(answered, policy, outcome.task, now, random);
    case 'stop-accepted': {
      const { phase } = answered;
      if (phase.kind !== 'following') return answered;
      return {
        ...answered,
        phase: { ...phase, missingSince: undefined, stop: { why: outcome.why, askedAt: now } },
        dueAt: now + STOPPING_DELAY_MS / 2,
      };
    }
  }
}

function defined(launch: Launch, policy: Policy, definition: TaskDefinition): Launch {
  const counted = countedContainer(definition.containers, policy.container);
  if (counted.kind === 'unclear') return refused(launch, EXIT.usage, counted.why);
  const wrongNetwork = networkProblem(definition, policy.asked);
  if (wrongNetwork !== undefined) return refused(launch, EXIT.notStarted, wrongNetwork);
  const { name, log } = counted.container;
  const needs = needsOf(definition, name, policy.asked);
  const phase: Launch['phase'] = policy.isKeyGiven ? { kind: 'looking' } : firstStart;
  return { ...launch, container: name, log, needs, phase };
}

function looked(launch: Launch, policy: Policy, task: TaskView | undefined, now: number): Launch {
  const { phase } = launch;
  if (!task) {
    if (phase.kind === 'looking' || phase.kind === 'defining') return { ...launch, phase: firstStart };
    return phase.kind === 'starting' ? notFound(launch, phase, now) : launch;
  }
  const isOwn = phase.kind === 'starting';
  // A cancel before the task definition was read comes without the name of its container.
  const container = launch.container ?? policy.container;
  const difference = isOwn ? undefined : differs(task, policy.asked, container);
  if (difference !== undefined)
    return ended(
      launch,
      'conflict',
      EXIT.conflict,
      `the key was used with other parameters: ${difference}`,
      task,
    );
  return follow(launch, policy, task, !isOwn, now);
}

/** Only a launch that gives up looks again. What a list does not show has not been started once lists have had the time. */
function notFound(launch: Launch, phase: Starting, now: number): Launch {
  const { unansweredAt } = phase;
  const isSettled = unansweredAt !== undefined && now - unansweredAt >= SETTLES_MS;
  return {
    ...launch,
    dueAt: now + STOPPING_DELAY_MS,
    phase: { ...phase, searchedAt: now, unansweredAt: isSettled ? undefined : unansweredAt },
  };
}

function failed(
  launch: Launch,
  policy: Policy,
  call: Call['kind'],
  error: AwsError,
  now: number,
  random: Random,
): Launch {
  const { phase } = launch;
  if (call === 'grow') return growFailed(launch, error, now, random);
  if (call === 'measure') return measureFailed(launch, error, now, random);
  if (call === 'compare') return compareFailed(launch, policy, error, now, random);
  const isStop = call === 'stop' && phase.kind === 'following';
  const failures = (isStop ? phase.stopFailures : launch.failures) + 1;
  const next: Launch = {
    ...launch,
    failures,
    slowness: error.kind === 'throttled' ? slower(launch.slowness) : launch.slowness,
    trouble: error.message,
    lacksCredentials: error.kind === 'credentials',
    dueAt: now + backoff(failures, random),
  };
  if (phase.kind === 'following') {
    const stopRefusals = isRefusal(error) && !isUnknownTask(error) ? phase.stopRefusals + 1 : 0;
    const tried = isStop ? { ...phase, stopFailures: failures, stopRefusals } : phase;
    // Not yet known to StopTask, right after RunTask: as with MISSING, that says nothing for minutes.
    if (isStop && isUnknownTask(error))
      return { ...next, phase: { ...tried, missingSince: phase.missingSince ?? now } };
    if (!isRefusal(error) || (isStop ? stopRefusals : failures) < MOST_REFUSALS)
      return { ...next, phase: tried };
    const what = call === 'stop' ? 'ECS does not let it be stopped' : 'ECS does not tell how it is';
    return ended(next, 'lost', EXIT.lost, `${what}: ${error.message}; it may still run`, phase.task);
  }
  if (!isRefusal(error) || phase.kind === 'starting') return next;
  if (error.kind === 'permission') return ended(next, 'forbidden', EXIT.permission, error.message, undefined);
  return refused(next, EXIT.notStarted, error.message);
}

const isUnknownTask = ({ kind, message }: AwsError) =>
  kind === 'rejected' && /referenced task was not found/i.test(message);
