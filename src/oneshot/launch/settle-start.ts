import { type AwsError, isRefusal } from '../../aws/errors.ts';
import { EXIT } from '../exit-codes.ts';
import { isUnsettled } from './decide.ts';
import { ended } from './ended.ts';
import { failureWords } from './failure-words.ts';
import type { CatchUp, Launch, Misfit, Needs, Policy, StartAnswer, Starting, Unstarted } from './model.ts';
import { backoff, catchUpDelay, compareDelay, type Random, roomDelay } from './pace.ts';
import { notAsked } from './settle-growth.ts';
import { follow } from './settle-task.ts';

/** Before the first RunTask. */
export const firstStart: Starting = {
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

/** What RunTask's answer makes of the launch. @param before the launch as it was without this answer */
export function startAnswered(
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

/** What the cluster's own room says of the last answer: where there is some, that answer was of an earlier call. */
export function compared(
  launch: Launch,
  policy: Policy,
  hasRoom: boolean,
  now: number,
  random: Random,
): Launch {
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
export function compareFailed(
  launch: Launch,
  policy: Policy,
  error: AwsError,
  now: number,
  random: Random,
): Launch {
  const { phase } = launch;
  if (phase.kind !== 'starting') return launch;
  const { catchUp, waitingSince = now } = phase;
  if (isRefusal(error)) return believed(launch, phase, policy, { ...catchUp, dueAt: Infinity });
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

/** A request that has completed has used up its token, and answers for those before it with the same one. */
function moved(phase: Starting, completed: boolean): Starting {
  return completed ? { ...phase, attempt: phase.attempt + 1, unansweredAt: undefined } : phase;
}

function conflictWords(tasks: readonly string[]): string {
  const what = tasks.length > 0 ? `, for ${tasks.join(', ')}` : '';
  return `the key was used with other parameters${what}: nothing was started`;
}
