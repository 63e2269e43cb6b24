import type { Caller } from '../../aws/call.ts';
import { AwsError } from '../../aws/errors.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf, oneLine } from '../../base/text.ts';
import type { Operations } from '../aws/operations.ts';
import type { TaskReader } from '../aws/tasks.ts';
import type { Action, Config } from '../plan/model.ts';

/** What came of an action. */
export type Outcome = { readonly action: Action } /** `why`: why fewer were launched than that. */ & (
  | { readonly kind: 'done'; readonly instanceIds?: readonly string[]; readonly why?: string }
  /** What was read again right before it said otherwise. */
  | { readonly kind: 'not-any-more'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string; readonly error: AwsError | undefined }
);

export type CarryOutPorts = {
  readonly call: Caller<Operations>;
  readonly cluster: string;
  readonly group: string;
  readonly config: Pick<Config, 'name'>;
  readonly tasks: TaskReader;
  readonly clock: Clock;
};

/** A call that fails is tried again; each of them can be, without harm. */
export const ATTEMPTS = { attempts: 3 };

/** An error that is not of AWS is thrown on. */
export function failed(action: Action, error: unknown): Outcome {
  if (!(error instanceof AwsError)) throw error;
  return { action, kind: 'failed', why: oneLine(messageOf(error)), error };
}
