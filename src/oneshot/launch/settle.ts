import type { AwsError } from '../../aws/errors.ts';
import { EXIT } from '../exit-codes.ts';
import { countedContainer } from './counted-container.ts';
import { isUnsettled, SETTLES_MS } from './decide.ts';
import { endOf } from './ending.ts';
import { failureWords } from './failure-words.ts';
import type {
  Call,
  Cancel,
  CatchUp,
  End,
  EndKind,
  Fit,
  Following,
  GrowAnswer,
  Growth,
  Launch,
  Misfit,
  Needs,
  Outcome,
  Policy,
  StartAnswer,
  Starting,
  TaskDefinition,
  TaskView,
  Unstarted,
} from './model.ts';
import { needsOf } from './needs.ts';
import { networkProblem } from './network.ts';
import {
  BOOTING_DELAY_MS,
  backoff,
  bootDelay,
  catchUpDelay,
  compareDelay,
  FULL_DELAY_MS,
  faster,
  lookDelay,
  type Random,
  roomDelay,
  STOPPING_DELAY_MS,
  slower,
} from './pace.ts';
import { differs } from './parameters.ts';

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
      // Whether it is tried again, and when, does not depend on it.
      return grown(launch, policy, outcome.answer, now, random);
    case 'described':
      return described(answered, policy, outcome.task, now, random);
    case 'stop-accepted': {
      const { phase } = answered;
      if (phase.kind !== 'following') return answered;
      return {
        ...answered,
        phase: { ...phase, stop: { why: outcome.why, askedAt: now } },
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

const firstStart: Starting = {
  kind: 'starting',
  attempt: 0,
  tries: 0,
  waitingSince: undefined,
  missing: [],
  shortAt: undefined,
  misfit: undefined,
  catchUp: { dueAt: 0, except: undefined, quick: 0, walked: 0 },
  growth: undefined,
  searchedAt: undefined,
  isSent: false,
  unansweredAt: undefined,
};

function looked(launch: Launch, policy: Policy, task: TaskView | undefined, now: number): Launch {
  const { phase } = launch;
  if (!task) {
    if (phase.kind === 'looking' || phase.kind === 'defining') return { ...launch, phase: firstStart };
    return phase.kind === 'starting' ? notFound(launch, phase, now) : launch;
  }
  const isOwn = phase.kind === 'starting';
  const difference = isOwn || launch.cancel ? undefined : differs(task, policy.asked, launch.container);
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

function follow(launch: Launch, policy: Policy, task: TaskView, isAttached: boolean, now: number): Launch {
  const phase: Following = {
    kind: 'following',
    task,
    isAttached,
    missingSince: undefined,
    placedAt: placed(task, undefined, now),
    stop: undefined,
  };
  if (task.lastStatus === 'STOPPED' && (policy.waits || launch.cancel)) return stopped(launch, phase, task);
  return { ...launch, phase, dueAt: launch.cancel ? now : now + STOPPING_DELAY_MS };
}

function stopped(launch: Launch, { stop }: Following, task: TaskView): Launch {
  const { container, cancel } = launch;
  return { ...launch, phase: { kind: 'ended', end: endOf(task, { container, cancel, stopped: stop?.why }) } };
}

/** Without an instance, a task waits for a capacity provider to find it one. */
function placed(task: TaskView, before: number | undefined, now: number): number | undefined {
  if (task.startedAt !== undefined || before !== undefined) return task.startedAt ?? before;
  const isPlaced = task.containerInstanceArn !== undefined || task.lastStatus !== 'PROVISIONING';
  return isPlaced ? now : undefined;
}

function startAnswered(
  answered: Launch,
  before: Launch,
  policy: Policy,
  answer: StartAnswer,
  now: number,
  random: Random,
): Launch {
  const { phase } = answered;
  if (phase.kind !== 'starting') return answered;
  const failures = before.failures + 1;
  const waiting = {
    ...phase,
    isSent: false,
    tries: phase.tries + (answer.kind === 'unanswered' ? 0 : 1),
    waitingSince: phase.waitingSince ?? now,
  };
  switch (answer.kind) {
    case 'started':
      return follow(answered, policy, answer.task, false, now);
    case 'no-room':
      return short(answered, seen(waiting, answer), policy, { ...answer, misfit: undefined }, now, random);
    case 'misfit': {
      const { reasons: missing, by, completed } = answer;
      const { catchUp, ...rest } = seen(waiting, answer);
      // Nothing else is to be waited for.
      const dueAt = catchUp.dueAt === Infinity || policy.group !== undefined ? catchUp.dueAt : now;
      const next = { ...rest, catchUp: { ...catchUp, dueAt } };
      const why = misfitWords({ reasons: missing, by });
      // Others' tasks and ECS agents come and go.
      if (answered.needs?.constraints.some(isPassing))
        return notYet({ ...answered, failures }, next, { why, completed }, now, random);
      if (policy.group === undefined && !isToBeCompared(next, policy))
        return ended(answered, 'refused', EXIT.notStarted, why, undefined);
      // One that the group launches may be another kind, until it is there and refuses too.
      const isNews = arnsOf(phase.misfit?.by) !== arnsOf(by);
      return short(
        isNews ? { ...answered, fit: { kind: 'unasked', failures: 0, dueAt: now } } : answered,
        next,
        policy,
        { missing, completed, misfit: { reasons: missing, by } },
        now,
        random,
      );
    }
    case 'not-yet':
      return notYet({ ...answered, failures }, seen(waiting, answer), answer, now, random);
    case 'unanswered':
      return {
        ...before,
        failures,
        trouble: answer.why,
        phase: { ...waiting, unansweredAt: now, catchUp: { ...waiting.catchUp, except: undefined } },
        dueAt: now + backoff(failures, random),
      };
    case 'conflict':
      return ended(answered, 'conflict', EXIT.conflict, conflictWords(answer.tasks), undefined);
    case 'never':
    case 'forbidden':
      // An earlier request may have got through all the same.
      if (phase.unansweredAt !== undefined)
        return ended(
          answered,
          'lost',
          EXIT.lost,
          `${answer.why}; an earlier RunTask had no answer, and it may run`,
          undefined,
        );
      return answer.kind === 'never'
        ? ended(answered, 'refused', EXIT.notStarted, answer.why, undefined)
        : ended(answered, 'forbidden', EXIT.permission, answer.why, undefined);
  }
}

const arnsOf = (by: Misfit['by'] | undefined) => by?.map(({ arn }) => arn).join();

/** What `task:group`, `runningTasksCount` and `agentConnected` say of an instance changes. */
const isPassing = (constraint: Needs['constraints'][number]) =>
  constraint.type === 'memberOf' &&
  /\b(task:group|runningTasksCount|agentConnected)\b/.test(constraint.expression);

/** An answer that is to be compared with the cluster: only one that has used up its token can be an old one. */
function seen(phase: Starting, { completed, except }: Unstarted): Starting {
  const { catchUp } = phase;
  if (!completed) return { ...phase, catchUp: { ...catchUp, except: undefined } };
  return { ...phase, catchUp: { ...catchUp, except, quick: Math.max(0, catchUp.quick - 1) } };
}

/** Whether what RunTask says can still turn out to be of an earlier call. */
const isToBeCompared = ({ catchUp }: Starting, { isKeyGiven }: Policy) =>
  isKeyGiven && (catchUp.quick > 0 || catchUp.dueAt < Infinity);

/** The most tries that follow on one comparison, and on all of them that find room: where they are wrong, that must end. */
const QUICK_TRIES = 16;
const MOST_QUICK_TRIES = 200;

function compared(launch: Launch, policy: Policy, hasRoom: boolean, now: number, random: Random): Launch {
  const { phase } = launch;
  if (phase.kind !== 'starting') return launch;
  const { catchUp, waitingSince = now } = phase;
  if (!hasRoom) {
    const dueAt = now + compareDelay(now - waitingSince, random);
    return believed({ ...launch, hasReached: true }, phase, policy, { ...catchUp, dueAt, walked: 0 });
  }
  const quick = Math.min(QUICK_TRIES, catchUp.walked + 2);
  const walked = catchUp.walked + quick;
  const dueAt = walked < MOST_QUICK_TRIES ? now : Infinity;
  return {
    ...launch,
    hasReached: true,
    dueAt: now,
    phase: { ...phase, catchUp: { dueAt, except: undefined, quick, walked } },
  };
}

/** Where that cannot be told, used tokens take the time of a try for room each. */
function compareFailed(launch: Launch, policy: Policy, error: AwsError, now: number, random: Random): Launch {
  const { phase } = launch;
  if (phase.kind !== 'starting') return launch;
  const { catchUp, waitingSince = now } = phase;
  const isRefusal = error.kind === 'permission' || error.kind === 'rejected';
  if (isRefusal) return believed(launch, phase, policy, { ...catchUp, dueAt: Infinity });
  const dueAt = now + compareDelay(now - waitingSince, random);
  return { ...launch, phase: { ...phase, catchUp: { ...catchUp, dueAt, except: undefined } } };
}

/** The last answer is taken for a new one: then it may end the launch. */
function believed(launch: Launch, phase: Starting, policy: Policy, catchUp: CatchUp): Launch {
  const { misfit } = phase;
  if (misfit && policy.group === undefined && !isUnsettled(phase))
    return ended(launch, 'refused', EXIT.notStarted, misfitWords(misfit), undefined);
  return { ...launch, phase: { ...phase, catchUp: { ...catchUp, except: undefined } } };
}

const misfitWords = ({ reasons }: Misfit) =>
  `no container instance of the cluster can take it: ${reasons.map(failureWords).join(', ')}`;

/** There is no room: then the group is asked for some. */
function short(
  launch: Launch,
  phase: Starting,
  policy: Policy,
  { missing, misfit, completed }: Pick<Starting, 'missing' | 'misfit'> & { readonly completed: boolean },
  now: number,
  random: Random,
): Launch {
  const growth = phase.growth ?? (policy.group !== undefined && policy.asksGroup ? notAsked(now) : undefined);
  const isOld = completed && phase.catchUp.quick > 0;
  return {
    ...launch,
    phase: { ...moved(phase, completed), missing, misfit, shortAt: now, growth },
    dueAt: now + (isOld ? catchUpDelay(random) : roomDelay(phase.tries - 1, random)),
  };
}

/** It cannot be started now, and not for want of room. */
function notYet(
  launch: Launch,
  phase: Starting,
  { why, completed }: { readonly why: string; readonly completed: boolean },
  now: number,
  random: Random,
): Launch {
  return {
    ...launch,
    trouble: why,
    phase: { ...moved(phase, completed), missing: [], misfit: undefined, shortAt: undefined },
    dueAt: now + delay(),
  };
  function delay(): number {
    if (!completed) return backoff(launch.failures, random);
    return phase.catchUp.quick > 0 ? catchUpDelay(random) : roomDelay(phase.tries - 1, random);
  }
}

const notAsked = (now: number): Growth => ({
  launches: 0,
  failures: 0,
  dueAt: now,
  pending: undefined,
  own: [],
  said: '',
});

function grown(launch: Launch, policy: Policy, answer: GrowAnswer, now: number, random: Random): Launch {
  const { phase } = launch;
  if (phase.kind !== 'starting' || !phase.growth) return launch;
  const { growth } = phase;
  const next = (change: Partial<Growth>): Launch => ({
    ...launch,
    hasReached: true,
    phase: { ...phase, growth: { ...growth, pending: undefined, ...change } },
  });
  const failures = growth.failures + 1;
  const group = `the group ${policy.group}`;
  switch (answer.kind) {
    case 'launched': {
      const what = answer.count === 1 ? 'an instance' : `${answer.count} instances`;
      const dueAt = now + bootDelay(random);
      const launched = next({
        launches: growth.launches + 1,
        failures: 0,
        dueAt,
        own: [...growth.own, ...answer.ids],
        said: `${group} launches ${what}`,
      });
      // What it has registered by then tells better than its type whether another one like it is of any use.
      return launch.fit.kind === 'fits' && launch.fit.isTight
        ? { ...launched, fit: { kind: 'unasked', failures: 0, dueAt } }
        : launched;
    }
    case 'booting':
      return next({
        dueAt: now + BOOTING_DELAY_MS * (1 + random() / 4),
        said: `${group} has ${answer.count === 1 ? 'an instance that boots' : `${answer.count} instances that boot`}`,
      });
    case 'watched':
      return next({
        dueAt: now + answer.ms,
        said: `${group} is about to be given a higher desired capacity`,
      });
    case 'full':
      return next({ dueAt: now + FULL_DELAY_MS, said: `${group} is at its maximum of ${answer.max}` });
    case 'not-launched':
      return next({
        failures,
        dueAt: now + roomDelay(failures, random),
        said: `${group} launches none: ${answer.why}`,
      });
    case 'unanswered':
      return next({ failures, dueAt: now + backoff(failures, random), pending: answer.request });
    case 'no-group':
      if (phase.unansweredAt !== undefined)
        return next({ dueAt: now + FULL_DELAY_MS, said: `${group} is not there` });
      return refused(launch, EXIT.notStarted, `there is no Auto Scaling group ${policy.group}`);
  }
}

/** A request that has completed has used up its token, and answers for those before it with the same one. */
function moved(phase: Starting, completed: boolean): Starting {
  return completed ? { ...phase, attempt: phase.attempt + 1, unansweredAt: undefined } : phase;
}

function conflictWords(tasks: readonly string[]): string {
  const what = tasks.length > 0 ? `, for ${tasks.join(', ')}` : '';
  return `the key was used with other parameters${what}: nothing was started`;
}

function described(
  launch: Launch,
  policy: Policy,
  task: TaskView | undefined,
  now: number,
  random: Random,
): Launch {
  const { phase } = launch;
  if (phase.kind !== 'following') return launch;
  // MISSING right after RunTask, or by a view that lags, is no end.
  if (!task) {
    const missingSince = phase.missingSince ?? now;
    return {
      ...launch,
      phase: { ...phase, missingSince },
      dueAt: now + lookDelay(now - missingSince, random),
    };
  }
  if (task.lastStatus === 'STOPPED') return stopped(launch, phase, task);
  const placedAt = placed(task, phase.placedAt, now);
  const slowness = faster(launch.slowness);
  const age = now - (placedAt ?? task.createdAt ?? now);
  const wait = phase.stop ? STOPPING_DELAY_MS : lookDelay(age, random, slowness);
  const limit =
    placedAt !== undefined && policy.timeoutMs !== undefined && !phase.stop
      ? placedAt + policy.timeoutMs
      : Infinity;
  return {
    ...launch,
    slowness,
    phase: { ...phase, task, missingSince: undefined, placedAt },
    dueAt: Math.min(now + wait, Math.max(now, limit)),
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
  const failures = launch.failures + 1;
  const next: Launch = {
    ...launch,
    failures,
    slowness: error.kind === 'throttled' ? slower(launch.slowness) : launch.slowness,
    trouble: error.message,
    lacksCredentials: error.kind === 'credentials',
    dueAt: now + backoff(failures, random),
  };
  const isRefusal = error.kind === 'permission' || error.kind === 'rejected';
  if (phase.kind === 'following') {
    if (!isRefusal || failures < MOST_REFUSALS) return next;
    const what = call === 'stop' ? 'ECS does not let it be stopped' : 'ECS does not tell how it is';
    return ended(next, 'lost', EXIT.lost, `${what}: ${error.message}; it may still run`, phase.task);
  }
  if (!isRefusal || phase.kind === 'starting') return next;
  if (error.kind === 'permission') return ended(next, 'forbidden', EXIT.permission, error.message, undefined);
  return refused(next, EXIT.notStarted, error.message);
}

/** So often it is asked whether the group could hold the task where AWS does not answer. */
const MOST_MEASURES = 3;

function measured(launch: Launch, fit: Fit, now: number): Launch {
  const { phase } = launch;
  if (fit.kind !== 'never') return { ...launch, hasReached: true, fit };
  if (phase.kind === 'starting' && isUnsettled(phase))
    return { ...launch, fit: { kind: 'unasked', failures: 0, dueAt: now + FULL_DELAY_MS } };
  return refused(launch, EXIT.notStarted, fit.why);
}

/** Where that cannot be told, it waits for room all the same. */
function measureFailed(launch: Launch, error: AwsError, now: number, random: Random): Launch {
  if (launch.fit.kind !== 'unasked') return launch;
  const failures = launch.fit.failures + 1;
  const isRefusal = error.kind === 'permission' || error.kind === 'rejected';
  if (isRefusal || failures >= MOST_MEASURES) return { ...launch, fit: { kind: 'unknown' } };
  return { ...launch, fit: { kind: 'unasked', failures, dueAt: now + backoff(failures, random) } };
}

/** The group cannot be asked: RunTask is tried all the same, since others make room too. */
function growFailed(launch: Launch, error: AwsError, now: number, random: Random): Launch {
  const { phase } = launch;
  if (phase.kind !== 'starting' || !phase.growth) return launch;
  const { growth } = phase;
  const failures = growth.failures + 1;
  const isRefusal = error.kind === 'permission' || error.kind === 'rejected';
  const dueAt = now + (isRefusal ? FULL_DELAY_MS : backoff(failures, random));
  const said = isRefusal ? error.message : growth.said;
  return { ...launch, phase: { ...phase, growth: { ...growth, failures, dueAt, said } } };
}

const refused = (launch: Launch, code: number, reason: string) =>
  ended(launch, 'refused', code, reason, undefined);

function ended(
  launch: Launch,
  kind: EndKind,
  code: number,
  reason: string,
  task: TaskView | undefined,
): Launch {
  const end: End = { code, source: 'launcher', kind, reason, task };
  return { ...launch, phase: { kind: 'ended', end } };
}
