import type { Log } from '../log.ts';
import type { Caller } from './call.ts';
import { AwsError, isNothingWaiting, isTasksRunning } from './errors.ts';
import type { Operation } from './operations.ts';

/** The same caller, which logs a call's first failure in a row, and its recovery. */
export function reportCalls(call: Caller, log: Log): Caller {
  const failing = new Map<Operation, AwsError['kind']>();
  return async (operation, input, options) => {
    try {
      const output = await call(operation, input, options);
      if (failing.delete(operation)) log('call.recovered', `${operation} succeeds again`, { operation });
      return output;
    } catch (error) {
      if (error instanceof AwsError && !isExpected(error)) {
        if (failing.get(operation) !== error.kind) reportFailure(error, log);
        failing.set(operation, error.kind);
      }
      throw error;
    }
  };
}

/** Refusals that are part of a drain's normal course. */
const isExpected = (error: AwsError) =>
  error.kind === 'stopped' || isTasksRunning(error) || isNothingWaiting(error);

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
