import type { Caller } from '../../aws/call.ts';
import { AwsError } from '../../aws/errors.ts';
import type { Operations } from './operations.ts';

/** A part of a log stream: its lines, and the token of what follows. The same token again: there is no more now. */
export type LogPage = { readonly lines: readonly string[]; readonly token: string | undefined };

/** One log stream of CloudWatch Logs. Each rejects with an `AwsError`. */
export type LogStream = {
  /** What follows on a token; the beginning without one. Nothing where the stream is not there yet. */
  read(token: string | undefined): Promise<LogPage>;
  /** Its last lines. */
  last(count: number): Promise<readonly string[]>;
};

export function createLogStream(call: Caller<Operations>, group: string, stream: string): LogStream {
  const ask = async (input: { startFromHead: boolean; nextToken?: string; limit?: number }) => {
    const operation = 'logs:GetLogEvents';
    try {
      const answer = await call(operation, { logGroupName: group, logStreamName: stream, ...input });
      if (!Array.isArray(answer.events))
        throw new AwsError(
          operation,
          'transient',
          'IncompleteAnswer',
          `calling ${operation}: the answer has no events`,
        );
      return answer;
    } catch (error) {
      // A stream begins with its first event.
      if (error instanceof AwsError && error.code === 'ResourceNotFoundException') return { events: [] };
      throw error;
    }
  };
  const linesOf = (events: readonly { message?: string | undefined }[]) =>
    events.map(({ message = '' }) => message);
  return {
    read: async (token) => {
      const { events = [], nextForwardToken } = await ask({
        startFromHead: true,
        ...(token !== undefined && { nextToken: token }),
      });
      return { lines: linesOf(events), token: nextForwardToken ?? token };
    },
    last: async (count) => linesOf((await ask({ startFromHead: false, limit: count })).events ?? []),
  };
}
