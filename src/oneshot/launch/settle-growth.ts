import { type AwsError, isRefusal } from '../../aws/errors.ts';
import { EXIT } from '../exit-codes.ts';
import { isUnsettled } from './decide.ts';
import { refused } from './ended.ts';
import type { Fit, GrowAnswer, Growth, Launch, Policy } from './model.ts';
import { BOOTING_DELAY_MS, backoff, bootDelay, FULL_DELAY_MS, type Random, roomDelay } from './pace.ts';

/** A group that has not been asked for an instance yet. */
export const notAsked = (now: number): Growth => ({
  launches: 0,
  failures: 0,
  dueAt: now,
  pending: undefined,
  own: [],
  said: '',
});

/** What the group's answer makes of the launch. Whether RunTask is tried again, and when, does not depend on it. */
export function grown(
  launch: Launch,
  policy: Policy,
  answer: GrowAnswer,
  now: number,
  random: Random,
): Launch {
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
      const change = {
        launches: growth.launches + 1,
        failures: 0,
        dueAt,
        own: [...growth.own, ...answer.ids],
        said: `${group} launches ${what}`,
      };
      return measuredAgain(next(change), dueAt);
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
    case 'full': {
      const dueAt = now + FULL_DELAY_MS;
      return measuredAgain(next({ dueAt, said: `${group} is at its maximum of ${answer.max}` }), dueAt);
    }
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

/** What its instances have registered by then tells better than their type whether one like them is of any use. */
const measuredAgain = (launch: Launch, dueAt: number): Launch =>
  launch.fit.kind === 'fits' && launch.fit.isTight
    ? { ...launch, fit: { kind: 'unasked', failures: 0, dueAt } }
    : launch;

/** The group cannot be asked: RunTask is tried all the same, since others make room too. */
export function growFailed(launch: Launch, error: AwsError, now: number, random: Random): Launch {
  const { phase } = launch;
  if (phase.kind !== 'starting' || !phase.growth) return launch;
  const { growth } = phase;
  const failures = growth.failures + 1;
  const dueAt = now + (isRefusal(error) ? FULL_DELAY_MS : backoff(failures, random));
  const said = isRefusal(error) ? error.message : growth.said;
  return { ...launch, phase: { ...phase, growth: { ...growth, failures, dueAt, said } } };
}

/** So often it is asked whether the group could hold the task where AWS does not answer. */
const MOST_MEASURES = 3;

/** Whether an instance of the group could ever hold the task. */
export function measured(launch: Launch, fit: Fit, now: number): Launch {
  const { phase } = launch;
  if (fit.kind !== 'never') return { ...launch, hasReached: true, fit };
  if (phase.kind === 'starting' && isUnsettled(phase))
    return { ...launch, fit: { kind: 'unasked', failures: 0, dueAt: now + FULL_DELAY_MS } };
  return refused(launch, EXIT.notStarted, fit.why);
}

/** Where that cannot be told, it waits for room all the same. */
export function measureFailed(launch: Launch, error: AwsError, now: number, random: Random): Launch {
  if (launch.fit.kind !== 'unasked') return launch;
  const failures = launch.fit.failures + 1;
  if (isRefusal(error) || failures >= MOST_MEASURES) return { ...launch, fit: { kind: 'unknown' } };
  return { ...launch, fit: { kind: 'unasked', failures, dueAt: now + backoff(failures, random) } };
}
