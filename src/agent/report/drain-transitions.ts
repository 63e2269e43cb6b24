import type { Task } from '../../aws/ecs.ts';
import { isoTime } from '../../base/clock.ts';
import { formatDuration } from '../../base/duration.ts';
import { ifKnown } from '../../base/reading.ts';
import type { Fields, Log } from '../../log/log.ts';
import { hookChoice, isCompleted, isConfirmedAnew, leavingGroup, onWallClock } from '../decide/facts.ts';
import { hookLimit, isHandedOver, pastTimeout } from '../decide/limits.ts';
import { otherEnd } from '../decide/other-hooks.ts';
import type { Action, Decision, Observation, Policy } from '../model.ts';
import { factsOf, type ReportedTask, report } from './report.ts';
import { UNKNOWN_BEFORE_WARNING_MS } from './signal-transitions.ts';
import { count, hookProblem, shortId, WHAT } from './words.ts';

const PROGRESS_MS = 60_000;
const BLOCKED_AFTER_MS = 30_000;
const EXPLAINED_WITHIN_MS = 15_000;
/** Putting the reasons into words takes longer than all else in a turn. */
const REASONS_MS = 5_000;
const LIMIT_NEAR_MS = 3_600_000;
const LIMIT_VERY_NEAR_MS = 600_000;
const HOOK_UNCLEAR_AGAIN_MS = 600_000;

/** Logs what is new in one drain, and once a minute what goes on. `viewedAt` is when ECS was last asked. */
export type DrainTransitions = (observed: Observation, decision: Decision, viewedAt: number) => void;

/** One for each drain. @param watched what is being watched, for people */
export function createDrainTransitions(log: Log, policy: Policy, watched: string): DrainTransitions {
  const said = new Map<string, number>();
  let waitingSince: number | undefined;
  let tasksSince: number | undefined;
  let blockedKey = '';
  /** The look at ECS whose tasks were named last, shortly before the hook's limit. */
  let limitViewedAt: number | undefined;
  let doneWhy: string | undefined;

  /** True the first time, and then again every `ms`. */
  function isTimeFor(what: string, now: number, ms = Infinity): boolean {
    const before = said.get(what);
    if (before !== undefined && now < before + ms) return false;
    said.set(what, now);
    return true;
  }

  function tellTasks(observed: Observation, decision: Decision, facts: () => Fields, viewedAt: number) {
    const tasks = tasksAwaited(observed, decision.action);
    if (tasks.length === 0) return;
    const { now } = observed;
    if (pastTimeout(observed, policy) && isTimeFor('drain.timeout', now)) {
      log('drain.timeout', `the drain timeout has passed with ${count(tasks.length, 'task')} left`, {
        ...facts(),
        onTimeout: policy.onTimeout,
      });
    }
    tellLimit(observed, facts, viewedAt);
    tellOtherHook(observed, facts);
    tellCutShort(observed, facts);
    tellBlocked(observed, facts);
    if (isTimeFor('drain.progress', now, PROGRESS_MS)) {
      const { summary, tasks: oldest = [], blockedBy = [] } = report(observed, decision, policy, watched);
      const [first] = blockedBy;
      // A reason names its group and the oldest of its tasks.
      const others = nameAll(oldest.filter(({ group }) => group !== first?.group));
      const named = [first?.why ?? '', first && others ? `also ${others}` : others].filter(Boolean);
      log('drain.progress', `${summary}: ${named.join('; ')}`, { ...facts(), blockedBy });
    }
  }

  /** Once it has waited a while, and again when the reasons are others. */
  function tellBlocked(observed: Observation, facts: () => Fields) {
    const { now } = observed;
    tasksSince ??= now;
    if (now < tasksSince + BLOCKED_AFTER_MS || now < (said.get('drain.blocked') ?? -Infinity) + PROGRESS_MS)
      return;
    if (!isTimeFor('reasons', now, REASONS_MS)) return;
    const reasons = factsOf(observed, policy).blockedBy ?? [];
    const key = reasons.map(({ kind, group }) => `${kind} ${group}`).join(', ');
    if (reasons.length === 0 || key === blockedKey) return;
    // What ECS says of its service is asked at about the same time, and is the better reason.
    const mayBeExplained = now < tasksSince + BLOCKED_AFTER_MS + EXPLAINED_WITHIN_MS;
    if (mayBeExplained && reasons.some(({ kind }) => kind === 'service')) return;
    said.set('drain.blocked', now);
    blockedKey = key;
    log('drain.blocked', reasons.map(({ why }) => why).join('; '), { ...facts(), blockedBy: reasons });
  }

  /** Nothing that the agent does keeps another owner's hook waiting. */
  function tellOtherHook(observed: Observation, facts: () => Fields) {
    const other = otherEnd(observed, policy);
    if (!other) return;
    const left = other.at - observed.now;
    const when = left <= LIMIT_VERY_NEAR_MS ? 'soon' : 'later';
    if (!isTimeFor(`drain.other-hook ${other.hook} ${when}`, observed.now)) return;
    const tasks = ifKnown(observed.tasks)?.length ?? 0;
    const lost = tasks > 0 ? `, and with it ${count(tasks, 'task')}` : '';
    const time = isoTime(onWallClock(other.at, observed));
    const message = `in ${formatDuration(left)}, at ${time}, the hook ${other.hook}, which is not ours, ends every hook of this instance with ABANDON${lost}, unless its owner completes or extends it`;
    log('drain.other-hook', message, facts());
  }

  /** The group goes on though tasks are left, and it was not this agent that let it. */
  function tellCutShort(observed: Observation, facts: () => Fields) {
    const where = leavingGroup(observed);
    const isGoing = where?.stage === 'proceeding' || where?.stage === 'over';
    const left = ifKnown(observed.tasks) ?? [];
    if (!isGoing || left.length === 0 || observed.memory.completed || observed.memory.terminatedAt) return;
    if (!isTimeFor('drain.cut-short', observed.now)) return;
    const what = where.aim === 'root-volume' ? 'replaces the root volume' : 'terminates the instance';
    const named = left.slice(0, 20).map(({ group, arn }) => `${group} ${shortId(arn)}`);
    const message = `the group ${what} although ${count(left.length, 'task')} run: no hook of ours holds it any more: ${named.join(', ')}`;
    log('drain.cut-short', message, facts());
  }

  /** Only where AWS will end the wait: a group that retains is told to in time. */
  function tellLimit(observed: Observation, facts: () => Fields, viewedAt: number) {
    const limit = hookLimit(observed);
    if (limit === undefined || isHandedOver(observed)) return;
    const left = limit - observed.now;
    // An instance that outlives it has one that we reckon wrongly, as by the time in a tag that somebody wrote.
    if (left > LIMIT_NEAR_MS || left <= 0) return;
    const isNews = left <= LIMIT_VERY_NEAR_MS && viewedAt !== limitViewedAt;
    if (!isTimeFor('drain.limit-near', observed.now, isNews ? 0 : Infinity)) return;
    limitViewedAt = left <= LIMIT_VERY_NEAR_MS ? viewedAt : undefined;
    const lost = (ifKnown(observed.tasks) ?? []).map(({ group, arn }) => `${group} ${shortId(arn)}`);
    log(
      'drain.limit-near',
      `in ${formatDuration(left)} the lifecycle hook's global limit ends this wait, and ${count(lost.length, 'task')} with it: ${lost.slice(0, 20).join(', ')}`,
      facts(),
    );
  }

  /** At once, whatever is left on the instance: without our heartbeats the hook runs into its time-out. */
  function tellHook(observed: Observation, facts: () => Fields) {
    const { memory, now } = observed;
    if (leavingGroup(observed)?.stage !== 'waiting' || isCompleted(memory)) return;
    const choice = hookChoice(observed, policy);
    const problem =
      choice.kind === 'ours'
        ? choice.ignored &&
          `the tag names the hook ${choice.ignored}, which the group does not have: ${choice.hook.name} stays ours`
        : choice.kind === 'ambiguous' || choice.kind === 'missing'
          ? `no heartbeat is recorded: ${hookProblem(choice)}`
          : undefined;
    if (problem && isTimeFor('drain.hook-unclear', now, HOOK_UNCLEAR_AGAIN_MS))
      log('drain.hook-unclear', problem, facts());
  }

  function tellWait({ action }: Decision, { now }: Observation, facts: () => Fields) {
    if (action.kind === 'refuse') {
      if (isTimeFor('identity.changed', now, PROGRESS_MS))
        log(
          'identity.changed',
          'instance metadata names another instance than at the start: nothing is changed',
          facts(),
        );
      return;
    }
    if (action.kind !== 'wait' || action.why.for === 'tasks' || action.why.for === 'hook') {
      waitingSince = undefined;
      return;
    }
    const { why } = action;
    if (why.for === 'hook-choice' && why.choice.kind !== 'unknown') {
      if (isTimeFor('drain.hook-unclear', now, HOOK_UNCLEAR_AGAIN_MS))
        log('drain.hook-unclear', `no task left, but ${hookProblem(why.choice)}`, facts());
      return;
    }
    waitingSince ??= now;
    // Answers take a moment: that is no news.
    if (now < waitingSince + UNKNOWN_BEFORE_WARNING_MS) return;
    if (!isTimeFor(`drain.waiting ${why.for}`, now, PROGRESS_MS)) return;
    if (why.for === 'operator-hooks') {
      const verb = why.state === 'failed' ? 'succeed' : 'end';
      log('drain.waiting', `no task left; waiting until the hooks of stage drained ${verb}`, facts());
    } else {
      const cause =
        why.for === 'hook-choice'
          ? hookProblem(why.choice)
          : `waiting to learn the ${WHAT[why.for]}: ${why.cause}`;
      log('drain.waiting', cause, facts());
    }
  }

  return (observed, decision, viewedAt) => {
    const { action } = decision;
    const facts = () => eventFacts(observed, policy);
    const why = action.kind === 'done' ? action.why : undefined;
    if (why !== undefined && why !== doneWhy) {
      log('drain.done', report(observed, decision, policy, watched).summary, { ...facts(), why });
    }
    // While the completion is only repeated, the drain stays done.
    if (!isConfirmedAnew(action, observed)) doneWhy = why;
    tellTasks(observed, decision, facts, viewedAt);
    tellHook(observed, facts);
    tellWait(decision, observed, facts);
  };
}

/** What the drain waits for: also while its tasks are asked to stop, and in mode `deregister`, where ECS says at each try whether any is left. */
function tasksAwaited({ tasks }: Observation, action: Action): readonly Task[] {
  if (action.kind === 'wait') return action.why.for === 'tasks' ? action.why.tasks : [];
  return action.kind === 'deregister' || action.kind === 'stop-tasks' ? (ifKnown(tasks) ?? []) : [];
}

/** The facts of a drain, flat enough for a log line. */
export function eventFacts(observed: Observation, policy: Policy): Fields {
  const { signals: _, blockedBy: __, ...facts } = factsOf(observed, policy);
  return facts;
}

const nameAll = (tasks: readonly ReportedTask[]) =>
  tasks
    .map(({ group, id, status, ageSeconds }) => {
      const age = ageSeconds === undefined ? '' : ` ${formatDuration(ageSeconds * 1_000)}`;
      return `${group} ${id.slice(0, 8)} ${status}${age}`;
    })
    .join(', ');
