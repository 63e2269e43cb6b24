import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller } from '../../../src/aws/call.ts';
import { AwsError, type AwsErrorKind } from '../../../src/aws/errors.ts';
import { reportCalls } from '../../../src/aws/report-calls.ts';

const forbidden = failure('permission', 'AccessDeniedException', 'not you');
const throttled = failure('throttled', 'ThrottlingException', 'too many');
const outage = failure('transient', 'ServerException', 'not now');

test('a call that fails again is logged once, and so is its recovery', async () => {
  assert.deepEqual(await eventsOf([outage, outage, outage, 'ok', 'ok', outage, outage]), [
    'call.failed not now',
    'call.recovered ecs:ListTasks succeeds again',
    'call.failed not now',
  ]);
});

test('what passes by itself is no news the first time, nor is that it has passed', async () => {
  assert.deepEqual(await eventsOf([outage, 'ok', throttled, 'ok', outage, 'ok']), []);
});

test('an outage and throttling in turns are logged once: nobody would hear of a drain that stands still', async () => {
  assert.deepEqual(await eventsOf([outage, throttled, outage, throttled, outage, 'ok']), [
    'call.failed too many',
    'call.recovered ecs:ListTasks succeeds again',
  ]);
});

test('what was refused is news at once', async () => {
  const refused = failure('rejected', 'InvalidParameterException', 'not so');
  assert.deepEqual(await eventsOf([refused, refused, 'ok']), [
    'call.failed not so',
    'call.recovered ecs:ListTasks succeeds again',
  ]);
});

test('another kind of failure is news', async () => {
  assert.deepEqual(await eventsOf([outage, outage, forbidden, forbidden, outage, outage]), [
    'call.failed not now',
    "call.forbidden not you; allow ecs:ListTasks in the instance's role",
    'call.failed not now',
  ]);
});

test('missing credentials are waited for', async () => {
  const missing = failure('credentials', 'CredentialsProviderError', 'none yet');
  assert.deepEqual(await eventsOf([missing, missing, 'ok']), [
    'agent.waiting waiting for credentials: none yet',
    'call.recovered ecs:ListTasks succeeds again',
  ]);
});

test('what belongs to a drain, and to a stop, is no news', async () => {
  assert.deepEqual(
    await eventsOf([
      failure('rejected', 'InvalidParameterException', 'Found running tasks on the instance.'),
      failure('rejected', 'ValidationError', 'No active Lifecycle Action found with instance ID i-1'),
      failure('stopped', 'Stopped', 'the agent is stopping'),
    ]),
    [],
  );
});

test('the permission that is missing has a field of its own', async () => {
  const fields: unknown[] = [];
  const call = reportCalls(answering([forbidden]), (_event, _message, more) => fields.push(more));
  await assert.rejects(call('ecs:ListTasks', {}), forbidden);
  assert.deepEqual(fields, [
    {
      operation: 'ecs:ListTasks',
      code: 'AccessDeniedException',
      kind: 'permission',
      iamAction: 'ecs:ListTasks',
    },
  ]);
});

async function eventsOf(answers: readonly (AwsError | 'ok')[]): Promise<string[]> {
  const told: string[] = [];
  const call = reportCalls(answering(answers), (event, message) => told.push(`${event} ${message}`));
  for (const _ of answers) await call('ecs:ListTasks', {}).catch(() => {});
  return told;
}

function answering(answers: readonly (AwsError | 'ok')[]): Caller {
  const left = [...answers];
  return (async () => {
    const answer = left.shift();
    if (answer instanceof AwsError) throw answer;
    return {};
  }) as Caller;
}

function failure(kind: AwsErrorKind, code: string, message: string): AwsError {
  return new AwsError('ecs:ListTasks', kind, code, message);
}
