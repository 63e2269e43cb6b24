import pRetry from 'p-retry';
import type { Clock } from '../base/clock.ts';
import type { Budget } from './budget.ts';
import { AwsError, type AwsErrorKind, classify } from './errors.ts';
import type { Input, OperationIn, Operations, OperationTable, Output, Transport } from './operations.ts';

/** The longest that one attempt may take, in ms. */
export const ATTEMPT_TIMEOUT_MS = 10_000;
const FIRST_BACKOFF_MS: Partial<Record<AwsErrorKind, number>> = {
  transient: 500,
  credentials: 1_000,
  throttled: 2_000,
};
const MAX_BACKOFF_MS = 15_000;

/**
 * Calls AWS, with the only retries there are: the SDK's own are switched off, so the two never multiply.
 * Rejects with an `AwsError`.
 */
export type Caller<T extends OperationTable = Operations> = <O extends OperationIn<T>>(
  operation: O,
  input: Input<O, T>,
  options?: CallOptions,
) => Promise<Output<O, T>>;

export type CallOptions = Withdrawable & {
  /** Attempts before it gives up. Default 1: the loop decides anew, since the world may have changed. */
  attempts?: number;
  /** Sent without regard to the API's budget: for a call that cannot be made later. */
  urgent?: boolean;
};

/** A call that was not sent yet when this aborts is not sent any more, and fails as `unsent`. */
export type Withdrawable = {
  readonly unless?: AbortSignal | undefined;
  /** Nor is it sent once this says so, asked in the moment of sending: no timer goes off while the host stands still. */
  readonly isPast?: (() => boolean) | undefined;
};

/** What came of one attempt, for logs and metrics: `error` where it failed. Attempts are counted from 1. */
export type Attempt = { operation: string; error?: AwsError; attempt: number };

export type CallerPorts<T extends OperationTable = Operations> = {
  transport: Transport<T>;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  budget: Budget;
  /** Aborts when the program stops. */
  stop: AbortSignal;
  onAttempt?: (attempt: Attempt) => void;
};

export function createCaller<T extends OperationTable = Operations>(ports: CallerPorts<T>): Caller<T> {
  const { clock, random, budget, stop, onAttempt } = ports;
  return (operation, input, { attempts = 1, urgent = false, unless, isPast } = {}) => {
    const ended = unless ? AbortSignal.any([stop, unless]) : stop;
    let wasSent = false;
    return pRetry(
      async (attempt) => {
        if (!urgent) await budget.take(operation, ended);
        const reason = stop.aborted ? 'the agent is stopping' : 'it is not wanted any more';
        if (ended.aborted || isPast?.())
          throw new AwsError(operation, wasSent ? 'stopped' : 'unsent', 'Stopped', reason);
        wasSent = true;
        try {
          const output = await attemptOnce(ports, operation, input);
          onAttempt?.({ operation, attempt });
          return output;
        } catch (cause) {
          const error = stop.aborted
            ? new AwsError(operation, 'stopped', 'Stopped', 'the agent is stopping', cause)
            : classify(operation, cause);
          onAttempt?.({ operation, attempt, error });
          throw error;
        }
      },
      {
        retries: attempts - 1,
        // p-retry would wait on the real clock: it is told not to wait, and the waiting is done below.
        minTimeout: 0,
        onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
          const first = FIRST_BACKOFF_MS[kindOf(error)];
          if (first === undefined || retriesLeft === 0) return;
          const ceiling = Math.min(MAX_BACKOFF_MS, first * 2 ** (attemptNumber - 1));
          // Full jitter: instances that failed together must not come back together.
          await clock.sleep(random() * ceiling, { signal: ended });
        },
        shouldRetry: ({ error }) => FIRST_BACKOFF_MS[kindOf(error)] !== undefined && !ended.aborted,
      },
    );
  };
}

/** Calls that are not sent any more once `unless` aborts: whoever still waits for his share of requests then wants none. */
export const withdrawnBy =
  (unless: AbortSignal, call: Caller): Caller =>
  (operation, input, options) =>
    call(operation, input, { ...options, unless });

const kindOf = (error: Error): AwsErrorKind => (error instanceof AwsError ? error.kind : 'rejected');

async function attemptOnce<T extends OperationTable, O extends OperationIn<T>>(
  { transport, clock, stop }: CallerPorts<T>,
  operation: O,
  input: Input<O, T>,
): Promise<Output<O, T>> {
  const abort = new AbortController();
  const onStop = () => abort.abort();
  stop.addEventListener('abort', onStop);
  const timer = new AbortController();
  const timedOut = clock.sleep(ATTEMPT_TIMEOUT_MS, { signal: timer.signal }).then(() => {
    throw new AwsError(
      operation,
      'transient',
      'TimeoutError',
      `calling ${operation}: no answer in ${ATTEMPT_TIMEOUT_MS} ms`,
    );
  });
  const answer = transport(operation, input, { signal: abort.signal });
  try {
    // The race listens to both of them: the one that loses may still reject, later.
    return await Promise.race([answer, timedOut]);
  } catch (error) {
    // Only now, or the request's own "aborted" would be taken for the reason.
    abort.abort();
    throw error;
  } finally {
    timer.abort('answered');
    stop.removeEventListener('abort', onStop);
  }
}
