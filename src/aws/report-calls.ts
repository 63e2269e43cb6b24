import type { Log } from '../log/log.ts';
import type { Caller } from './call.ts';
import { AwsError, type AwsErrorKind, isGivenUp, isNothingWaiting, isTasksRunning } from './errors.ts';
import type { Operation } from './operations.ts';

/**
 * The same caller, which logs a call's failure once in a row, and its recovery. What may pass by itself, an outage or
 * throttling, is news only the second time.
 */
export function reportCalls(call: Caller, log: Log): Caller {
  const failing = new Map<Operation, Failing>();
  return async (operation, input, options) => {
    try {
      const output = await call(operation, input, options);
      if (failing.get(operation)?.logged) log('call.recovered', `${operation} succeeds again`, { operation });
      failing.delete(operation);
      return output;
    } catch (error) {
      if (error instanceof AwsError && !isExpected(error)) {
        const before = failing.get(operation);
        const kind = kindOf(error);
        const isNews = before?.logged !== kind && (before?.last === kind || kind !== 'passing');
        if (isNews) reportFailure(error, log);
        failing.set(operation, { last: kind, logged: isNews ? kind : before?.logged });
      }
      throw error;
    }
  };
}

/** How a call failed last, and what of that was logged. */
type Failing = { readonly last: Kind; readonly logged: Kind | undefined };
type Kind = 'passing' | AwsErrorKind;

/** Refusals that are part of a drain's normal course. */
const isExpected = (error: AwsError) => isGivenUp(error) || isTasksRunning(error) || isNothingWaiting(error);

/** An outage and throttling are one: where they alternate, neither would be twice in a row. */
const kindOf = ({ kind }: AwsError): Kind =>
  kind === 'transient' || kind === 'throttled' ? 'passing' : kind;

function reportFailure(error: AwsError, log: Log): void {
  const { operation, kind, code, message } = error;
  const facts = { operation, code, kind };
  if (kind === 'permission') {
    log('call.forbidden', `${message}; allow ${operation} in the instance's role`, {
      ...facts,
      iamAction: operation,
    });
  } else if (kind === 'credentials') {
    log('agent.waiting', `waiting for credentials: ${message}`, { ...facts, for: 'credentials' });
  } else {
    log('call.failed', message, facts);
  }
}
