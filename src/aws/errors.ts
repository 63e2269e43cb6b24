import { clip } from '../base/text.ts';

/**
 * Why a call failed, as far as the caller must act on it:
 * - `throttled`, `transient`: the same call can succeed later.
 * - `credentials`: none, expired, or not accepted; common in the first seconds after boot. The same call can succeed later.
 * - `permission`: a policy forbids it. Tried again at a slow pace, since a policy can be fixed while we wait.
 * - `rejected`: AWS understood the call and said no; `code` and the message say why.
 * - `unsent`: it was given up before it was sent, since the agent itself is stopping, or the call is not wanted any more: AWS has
 *   done nothing.
 * - `stopped`: it was cut off on its way, since the agent itself is stopping: AWS may have done it.
 */
export type AwsErrorKind =
  | 'throttled'
  | 'transient'
  | 'credentials'
  | 'permission'
  | 'rejected'
  | 'unsent'
  | 'stopped';

/** A call that failed, with the service's own error as `cause`. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly kind: AwsErrorKind;
  /** By the name that IAM gives it, e.g. `ecs:StopTask`. */
  readonly operation: string;
  /** The service's error code, e.g. `InvalidParameterException`. */
  readonly code: string;

  constructor(operation: string, kind: AwsErrorKind, code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.operation = operation;
    this.kind = kind;
    this.code = code;
  }
}

/** Turns whatever a transport rejected with into an `AwsError`. */
export function classify(operation: string, error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const code = clip(name, MAX_CODE_LENGTH);
  return new AwsError(
    operation,
    kindOf(code, statusOf(error)),
    code,
    `calling ${operation}: ${code}: ${clip(withoutAdvice(message), MAX_MESSAGE_LENGTH)}`,
    error,
  );
}

/** Whether AWS has understood the call and said no: asked again at once, it says the same. */
export const isRefusal = (error: unknown): error is AwsError =>
  error instanceof AwsError && (error.kind === 'permission' || error.kind === 'rejected');

/** Whether it was we who gave it up: nothing is wrong. */
export const isGivenUp = ({ kind }: AwsError): boolean => kind === 'unsent' || kind === 'stopped';

/** ECS refuses to deregister without force while tasks run. It gives all invalid parameters the same name. */
export const isTasksRunning = (error: unknown): boolean =>
  error instanceof AwsError && error.kind === 'rejected' && /found running tasks/i.test(error.message);

/** There is no such cluster, any more or yet: one that still has container instances or tasks cannot be deleted. */
export const isNoCluster = (error: unknown): error is AwsError =>
  error instanceof AwsError && error.kind === 'rejected' && error.code === 'ClusterNotFoundException';

/** No lifecycle action waits. Auto Scaling calls every refusal a ValidationError. */
export const isNothingWaiting = (error: unknown): boolean =>
  error instanceof AwsError && error.kind === 'rejected' && /no active lifecycle action/i.test(error.message);

const throttlingNames = new Set([
  'ThrottlingException',
  'Throttling',
  'ThrottledException',
  'RequestLimitExceeded',
  'TooManyRequestsException',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
]);

const credentialsNames = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'UnrecognizedClientException',
  'CredentialsProviderError',
  'InvalidClientTokenId',
  'AuthFailure',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  // A signature that is too old or too new: the host's clock is wrong, and will be corrected.
  'RequestExpired',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
]);

const permissionNames = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'UnauthorizedOperation',
  'NotAuthorized',
]);

const transientNames = new Set([
  'ServerException',
  'InternalFailure',
  'InternalError',
  'ServiceUnavailable',
  'Unavailable',
  'RequestTimeout',
]);

/** The body was none: not of its format, larger than any answer, or not of AWS (`limitAnswers`). */
const unreadableNames = new Set(['SyntaxError', 'AnswerTooLarge', 'NotFromAws']);

function kindOf(name: string, status: number | undefined): AwsErrorKind {
  if (throttlingNames.has(name) || status === 429) return 'throttled';
  if (credentialsNames.has(name)) return 'credentials';
  if (permissionNames.has(name)) return 'permission';
  if (transientNames.has(name)) return 'transient';
  // Only a 4xx is AWS's own word that it understood and refused. No status means that no answer came: refused,
  // reset, timed out. A success or a redirect that still threw means a body that could not be read.
  if (status !== undefined && status >= 400 && status < 500 && !unreadableNames.has(name)) return 'rejected';
  return 'transient';
}

function statusOf(error: unknown): number | undefined {
  const status = (error as { $metadata?: { httpStatusCode?: unknown } } | undefined)?.$metadata
    ?.httpStatusCode;
  return typeof status === 'number' ? status : undefined;
}

// A broken server can put a whole page into a message, and messages are logged.
const MAX_MESSAGE_LENGTH = 500;
const MAX_CODE_LENGTH = 100;

/** The SDK's advice to look into its own objects helps nobody who reads a log. */
const ADVICE = 'Deserialization error: to see the raw response';

function withoutAdvice(message: string): string {
  const at = message.indexOf(ADVICE);
  return at < 0 ? message : message.slice(0, at).trimEnd();
}
