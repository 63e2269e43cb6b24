import { AwsError } from '../../aws/errors.ts';
import type { Clock } from '../../base/clock.ts';
import { ifKnown, known, type Reading, unknown } from '../../base/reading.ts';
import { messageOf } from '../../base/text.ts';
import type { Failure, OnFault } from '../model.ts';
import type { Poll } from '../polls.ts';

export type PollPorts = {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Called whenever an answer or a failure has come. */
  readonly onAnswer: () => void;
  readonly onFault: OnFault;
};

/** The cause of a reading before its first question. */
export const NOT_ASKED = 'not asked yet';

/**
 * @param question its name in the log
 * @param read asks once. If it rejects, the reading becomes unknown. An AwsError also makes the question rest; any other error is
 *   a fault in this program
 */
export function createPoll<T>(
  question: string,
  read: () => Promise<Reading<T>>,
  { clock, random, onAnswer, onFault }: PollPorts,
  onReading: (reading: Reading<T>, askedAt: number) => void = () => {},
): Poll<T> {
  let reading: Reading<T> = unknown(NOT_ASKED);
  let lastKnown: T | undefined;
  let at = -Infinity;
  let answeredAt = -Infinity;
  let knownAt = -Infinity;
  let isAsking = false;
  let isStale = true;
  let isClosed = false;
  let failure: Failure | undefined;
  /** A mutation or a newer answer has made the answer that is on its way worthless. */
  let isWorthless = false;
  /** … because a newer answer was set. */
  let isOutdone = false;

  async function ask() {
    if (isAsking || isClosed) return;
    isAsking = true;
    isWorthless = false;
    isOutdone = false;
    const askedAt = clock.now();
    const { answer, error } = await attempt(read, (fault) => onFault(question, fault));
    if (isClosed) return;
    isAsking = false;
    failure = error && {
      kind: error.kind,
      times: (failure?.times ?? 0) + 1,
      at: clock.now(),
      since: failure?.since ?? clock.now(),
      jitter: random(),
    };
    if (!isWorthless) {
      reading = answer;
      lastKnown = ifKnown(answer) ?? lastKnown;
      if (answer.kind === 'known') knownAt = askedAt;
      at = askedAt;
      answeredAt = clock.now();
      // After a failure the question is due as soon as it has rested, whatever its pace.
      isStale = failure !== undefined;
      onReading(answer, askedAt);
    } else if (failure && !isOutdone) {
      // The earlier answer is no better than this failure.
      reading = answer;
    }
    onAnswer();
  }

  return {
    reading: () => reading,
    lastKnown: () => lastKnown,
    lastKnownAt: () => knownAt,
    asked: () => ({ at, answeredAt, isAsking, isStale, failure }),
    ask: () => void ask(),
    show: (value, asOf) => {
      isWorthless = true;
      isOutdone = true;
      reading = known(value);
      lastKnown = value;
      at = asOf;
      answeredAt = clock.now();
      knownAt = asOf;
      isStale = false;
    },
    invalidate: () => {
      isWorthless = true;
      isStale = true;
    },
    forget: (cause) => {
      isWorthless = true;
      reading = unknown(cause);
      isStale = true;
    },
    close: () => {
      isClosed = true;
    },
  };
}

async function attempt<T>(
  read: () => Promise<Reading<T>>,
  onFault: (error: unknown) => void,
): Promise<{ readonly answer: Reading<T>; readonly error?: AwsError }> {
  try {
    return { answer: await read() };
  } catch (error) {
    const answer = unknown(messageOf(error));
    if (error instanceof AwsError) return { answer, error };
    onFault(error);
    return { answer };
  }
}

/**
 * Asks each question that is due, unless its answer is still awaited. Returns when the next question is due, in ms by the agent's
 * clock; Infinity if only questions that are being asked now are left.
 */
export function askDue<Q extends string>(
  polls: Readonly<Record<Q, Poll<unknown>>>,
  due: Readonly<Record<Q, number>>,
  now: number,
): number {
  let next = Infinity;
  for (const question of Object.keys(due) as Q[]) {
    const poll = polls[question];
    if (poll.asked().isAsking) continue;
    if (due[question] <= now) poll.ask();
    else next = Math.min(next, due[question]);
  }
  return next;
}
