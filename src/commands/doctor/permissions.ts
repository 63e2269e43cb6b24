import type { Caller } from '../../aws/call.ts';
import { AwsError } from '../../aws/errors.ts';
import type { Operation } from '../../aws/operations.ts';
import { type Check, fail, ok, skip, warn } from './check.ts';
import type { CredentialSource } from './credentials.ts';

export type Question<T> = {
  readonly operation: Operation;
  /** What the policy must allow it on, for the fix. */
  readonly resource: string;
  readonly ask: (call: Caller) => Promise<T>;
  /**
   * Something that does not exist is named, so that nothing can change: AWS looks at the policies first, so its
   * refusal to find it says that the call is allowed.
   */
  readonly isProbe?: boolean;
  /** What is lost without the permission, if a drain completes nevertheless. */
  readonly optional?: string;
};

/** What AWS said: the line to show, and the value where there is one. */
export type Answer<T> = {
  readonly check: Check;
  readonly value?: T;
  readonly error?: AwsError;
};

export type Permissions = { ask<T>(question: Question<T>): Promise<Answer<T>> };

/** Asks AWS. A service that does not answer is not asked again. */
export function createPermissions(call: Caller, region: string, credentials: CredentialSource): Permissions {
  const silent = new Map<string, AwsError>();
  const patient: Caller = (operation, input, options) =>
    call(operation, input, { ...options, attempts: Math.min(2, options?.attempts ?? 2) });

  return {
    ask: async <T>(question: Question<T>): Promise<Answer<T>> => {
      const { operation } = question;
      const service = operation.slice(0, operation.indexOf(':'));
      const before = silent.get(service);
      if (before) return { check: skip(operation, `not asked: ${reasonOf(before)}`), error: before };
      try {
        const value = await question.ask(patient);
        return { check: ok(operation, allowed(question)), value };
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        // An answer that makes no sense is about this call; no answer at all is about the service.
        if (error.kind === 'credentials' || (error.kind === 'transient' && !isAnswer(error))) {
          silent.set(service, error);
        }
        return { check: checkOf(question, error, { service, region, credentials }), error };
      }
    },
  };
}

type Asked = { readonly service: string; readonly region: string; readonly credentials: CredentialSource };

function checkOf(
  question: Question<unknown>,
  error: AwsError,
  { service, region, credentials }: Asked,
): Check {
  const { operation, resource, isProbe, optional } = question;
  const said = error.message.replace(/^calling \S+: /, '');
  switch (error.kind) {
    case 'permission': {
      const fix = `allow ${operation} on ${resource} ${credentials.allowed}`;
      if (optional) return warn(operation, `forbidden; ${optional} (${said})`, fix);
      return fail(operation, `forbidden (${said})`, fix);
    }
    case 'rejected':
      if (isProbe && !/ClusterNotFound/.test(error.code)) return ok(operation, allowed(question));
      return fail(operation, said, `see what AWS says about it, and whether ${resource} is right`);
    case 'credentials':
      return fail(operation, said, credentials.fix);
    case 'throttled':
      return warn(
        operation,
        `not known: AWS asks for a slower pace (${said})`,
        'run doctor again in a minute',
      );
    default:
      return isAnswer(error) ? senseless(question, said) : silence(question, said, service, region);
  }
}

function senseless({ operation, isProbe, optional }: Question<unknown>, said: string): Check {
  const detail = `not known: what came back says neither yes nor no (${said})`;
  const fix =
    'run doctor again; if it stays so, see what answers at that address (AWS_ENDPOINT_URL…, a proxy)';
  return isProbe || optional ? warn(operation, detail, fix) : fail(operation, detail, fix);
}

function silence({ operation }: Question<unknown>, said: string, service: string, region: string): Check {
  return fail(
    operation,
    said,
    `let the instance reach the ${service} API in ${region}: a route and a security group, or a VPC endpoint`,
  );
}

const allowed = ({ isProbe }: Question<unknown>) =>
  isProbe ? 'allowed (asked about something that does not exist)' : 'allowed';

const isAnswer = (error: AwsError) =>
  error.code === 'IncompleteAnswer' ||
  (error.cause as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode !==
    undefined;

const reasonOf = (error: AwsError) =>
  error.kind === 'credentials' ? 'there are no credentials' : 'the service did not answer';
