import { AwsError } from '../../aws/errors.ts';

/** An answer without one of its members says nothing: the call has failed. */
export const incomplete = (operation: string, what: string) =>
  new AwsError(
    operation,
    'transient',
    'IncompleteAnswer',
    `calling ${operation}: the answer is without ${what}`,
  );
