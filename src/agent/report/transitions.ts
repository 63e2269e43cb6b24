import { formatDuration } from '../../base/duration.ts';
import { ifKnown } from '../../base/reading.ts';
import type { Fields, Log } from '../../log/log.ts';
import { type Decision, hookLimit, type Policy } from '../decide/decide.ts';
import type { Observation } from '../model.ts';
import { count, factsOf, hookProblem, type ReportedTask, report, shortId } from './report.ts';

const PROGRESS_MS = 60_000;
const UNKNOWN_BEFORE_WARNING_MS = 15_000;
const BLOCKED_AFTER_MS = 30_000;
const LIMIT_NEAR_MS = 3_600_000;
const LIMIT_VERY_NEAR_MS = 600_000;
const HOOK_UNCLEAR_AGAIN_MS = 600_000;

export type Narrator = {
  /** Logs what is new, and once a minute what goes on. `lookedAt` is when ECS was last looked at. */
  narrate(observed: Observation, decision: Decision, lookedAt: number): void;
};

/** Turns what the loop sees and decides into events, each once. */
export function createNarrator(log: Log, policy: Policy, watched: string): Narrator {
  const said = new Map<string, number>();
  let state: string | undefined;
  let unknownSince: number | undefined;
  let waitingSince: number | undefined;
  let tasksSince: number | undefined;
  let blockedKey = '';
  let signals: readonly string[] = [];

  /** True the first time, and then again every `ms`. */
  function isTimeFor(what: string, now: number, ms = Infinity): boolean {
    const before = said.get(what);
    if (before !== undefined && now < before + ms) return false;
    said.set(what, now);
    return true;
  }

  function narrateSignals(observed: Observation) {
    const { now, memory } = observed;
    if (observed.signals.kind === 'unknown') {
      unknownSince ??= now;
      if (now >= unknownSince + UNKNOWN_BEFORE_WARNING_MS && isTimeFor('signals.unknown', now)) {
        log('signals.unknown', `it is not known whether this instance must go: ${observed.signals.cause}`);
      }
      return;
    }
    unknownSince = undefined;
    if (said.delete('signals.unknown')) log('signals.known', 'all sources of signals answer again');
    const current = observed.signals.value.map(({ source }) => source);
    const joined = current.filter((source) => !signals.includes(source));
    if (joined.length > 0) {
      const first = signals.length === 0;
      const resumed = first && memory.signalledAt !== undefined && memory.signalledAt < now;
      log(
        first ? 'drain.signalled' : 'drain.signal-joined',
        `${joined.join(', ')} ${joined.length > 1 ? 'say' : 'says'} that this instance must go${resumed ? ' (resumed)' : ''}`,
        { signals: observed.signals.value },
      );
    }
    signals = current;
  }

  function narrateTasks(observed: Observation, decision: Decision, facts: () => Fields, lookedAt: number) {
    const { action } = decision;
    if (action.kind !== 'wait' || action.why.for !== 'tasks') return;
    const { now } = observed;
    const { tasks, pastTimeout } = action.why;
    if (pastTimeout && isTimeFor('drain.timeout', now)) {
      log('drain.timeout', `the drain timeout has passed with ${count(tasks.length, 'task')} left`, {
        ...facts(),
        onTimeout: policy.onTimeout,
      });
    }
    narrateLimit(observed, facts, lookedAt);
    narrateBlocked(observed, facts);
    if (isTimeFor('drain.progress', now, PROGRESS_MS)) {
      const { summary, tasks: oldest = [], blockedBy = [] } = report(observed, decision, policy, watched);
      const why = blockedBy[0] ? `; ${blockedBy[0].why}` : '';
      log('drain.progress', `${summary}: ${nameAll(oldest)}${why}`, { ...facts(), blockedBy });
    }
  }

  /** Once it has waited a while, and again when the reasons are others. */
  function narrateBlocked(observed: Observation, facts: () => Fields) {
    const { now } = observed;
    tasksSince ??= now;
    if (now < tasksSince + BLOCKED_AFTER_MS || now < (said.get('drain.blocked') ?? -Infinity) + PROGRESS_MS)
      return;
    const reasons = factsOf(observed, policy).blockedBy ?? [];
    const key = reasons.map(({ kind, group }) => `${kind} ${group}`).join(', ');
    if (reasons.length === 0 || key === blockedKey) return;
    said.set('drain.blocked', now);
    blockedKey = key;
    log('drain.blocked', reasons.map(({ why }) => why).join('; '), { ...facts(), blockedBy: reasons });
  }

  /** Only where AWS will end the wait: a group that retains is told to in time. */
  function narrateLimit(observed: Observation, facts: () => Fields, lookedAt: number) {
    const limit = hookLimit(observed);
    if (limit === undefined || ifKnown(observed.retainsAbandoned)) return;
    const left = limit - observed.now;
    if (left > LIMIT_NEAR_MS) return;
    const key = left <= LIMIT_VERY_NEAR_MS ? `drain.limit-near ${lookedAt}` : 'drain.limit-near';
    if (!isTimeFor(key, observed.now)) return;
    const lost = (ifKnown(observed.tasks) ?? []).map(({ group, arn }) => `${group} ${shortId(arn)}`);
    log(
      'drain.limit-near',
      `in ${formatDuration(left)} the lifecycle hook's global limit ends this wait, and ${count(lost.length, 'task')} with it: ${lost.slice(0, 20).join(', ')}`,
      facts(),
    );
  }

  function narrateWait({ action }: Decision, { now }: Observation, facts: () => Fields) {
    if (action.kind === 'refuse') {
      if (isTimeFor('identity.changed', now, PROGRESS_MS)) {
        log(
          'identity.changed',
          'instance metadata names another instance than at the start: changing nothing',
          facts(),
        );
      }
      return;
    }
    if (action.kind !== 'wait' || action.why.for === 'tasks' || action.why.for === 'hook') {
      waitingSince = undefined;
      return;
    }
    if (action.why.for === 'operator-hooks') {
      waitingSince ??= now;
      if (
        now >= waitingSince + UNKNOWN_BEFORE_WARNING_MS &&
        isTimeFor('drain.waiting hooks', now, PROGRESS_MS)
      ) {
        const state = action.why.state === 'failed' ? 'succeed' : 'end';
        log('drain.waiting', `no task left; waiting until the hooks of stage drained ${state}`, facts());
      }
      return;
    }
    const { why } = action;
    // Not to know the hooks yet is like any other thing that is not known.
    if (why.for === 'hook-choice' && why.choice.kind !== 'unknown') {
      if (isTimeFor('drain.hook-unclear', now, HOOK_UNCLEAR_AGAIN_MS)) {
        log('drain.hook-unclear', `no task left, but ${hookProblem(why.choice)}`, facts());
      }
      return;
    }
    waitingSince ??= now;
    // Answers take a moment: that is no news.
    if (now < waitingSince + UNKNOWN_BEFORE_WARNING_MS) return;
    if (isTimeFor(`drain.waiting ${why.for}`, now, PROGRESS_MS)) {
      const cause =
        why.for === 'hook-choice' ? hookProblem(why.choice) : `waiting to learn the ${why.for}: ${why.cause}`;
      log('drain.waiting', cause, facts());
    }
  }

  return {
    narrate: (observed, decision, lookedAt) => {
      narrateSignals(observed);
      const { action } = decision;
      const facts = () => eventFacts(observed, policy);
      if (action.kind === 'watch') {
        if (state !== 'watch' && observed.signals.kind === 'known') {
          const left = ifKnown(observed.containerInstance);
          if (state !== undefined && left?.kind === 'registered' && left.status === 'DRAINING') {
            log(
              'drain.not-ours',
              'the signal is gone; the container instance stays DRAINING, as it was not we who set it',
              facts(),
            );
          }
          state = 'watch';
          said.clear();
          tasksSince = undefined;
          blockedKey = '';
          log('agent.watching', `watching ${watched}`);
        }
        return;
      }
      const now = action.kind === 'done' ? `done ${action.why}` : 'drain';
      if (action.kind === 'done' && state !== now) {
        log('drain.done', report(observed, decision, policy, watched).summary, {
          ...facts(),
          why: action.why,
        });
      }
      state = now;
      narrateTasks(observed, decision, facts, lookedAt);
      narrateWait(decision, observed, facts);
    },
  };
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
