import type { AwsError } from '../../aws/errors.ts';
import { failureKind, failureWords } from './failure-words.ts';
import type { Failure, StartAnswer, TaskView } from './model.ts';

/** What RunTask has answered: with a task, or with a list of failures, one for each container instance. */
export function readAnswer(task: TaskView | undefined, failures: readonly Failure[]): StartAnswer {
  if (task) return { kind: 'started', task };
  const reasons = failures.map(({ reason }) => reason);
  const missing = unique(reasons.filter((reason) => failureKind(reason) === 'room'));
  const except = unseen(failures);
  if (missing.length > 0) return { kind: 'no-room', missing, except, completed: true };
  const [first] = reasons;
  if (first === undefined)
    return { kind: 'unanswered', why: 'RunTask answered with neither a task nor a failure' };
  if (reasons.every((reason) => failureKind(reason) === 'misfit'))
    return {
      kind: 'misfit',
      reasons: unique(reasons),
      by: failures,
      except,
      completed: true,
    };
  return { kind: 'not-yet', why: agentWords(reasons), except, completed: true };
}

/** What it means that RunTask has failed. */
export function readError(error: AwsError): StartAnswer {
  const { kind, code, message, cause } = error;
  switch (kind) {
    case 'throttled':
    case 'credentials':
      return { kind: 'not-yet', why: message, except: [], completed: false };
    case 'permission':
      return { kind: 'forbidden', why: message };
    case 'rejected':
      break;
    default:
      return { kind: 'unanswered', why: message };
  }
  if (code === 'ConflictException') return { kind: 'conflict', tasks: resourceIds(cause) };
  // Both come under names that ECS gives to many a mistake.
  if (/no container instances were found/i.test(message))
    return { kind: 'no-room', missing: [], except: [], completed: false };
  if (PASSES.test(message)) return { kind: 'not-yet', why: message, except: [], completed: false };
  return { kind: 'never', why: message };
}

/** The instances that cannot take it for a reason which their descriptions do not show. */
const unseen = (failures: readonly Failure[]) =>
  failures.flatMap(({ arn, reason }) =>
    /^(RESOURCE(:(CPU|MEMORY|PORTS|GPU|ENI))?|AGENT)$/.test(reason) ? [] : [arn],
  );

/** Throttling inside InvalidParameterException; 500 tasks that wait in PROVISIONING (ECS service quotas). */
const PASSES = /throttl|rate exceeded|PROVISIONING|capacity is unavailable/i;

function agentWords(reasons: readonly string[]): string {
  const other = unique(reasons.filter((reason) => reason !== 'AGENT'));
  if (other.length > 0) return `ECS does not start it now: ${other.map(failureWords).join(', ')}`;
  return `the ECS agent is not connected on ${reasons.length === 1 ? 'the only instance that could take it' : `${reasons.length} instances`}`;
}

function resourceIds(cause: unknown): readonly string[] {
  const ids = (cause as { resourceIds?: unknown } | undefined)?.resourceIds;
  return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [];
}

const unique = (texts: readonly string[]) => [...new Set(texts)];
