import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AwsError, classify, isNothingWaiting, isTasksRunning } from '../../../src/aws/errors.ts';

describe('what kind of failure it is', () => {
  for (const [name, status, kind] of [
    ['ThrottlingException', 400, 'throttled'],
    ['Throttling', 400, 'throttled'],
    ['RequestLimitExceeded', 503, 'throttled'],
    ['TooManyRequestsException', 429, 'throttled'],
    ['RequestThrottled', 400, 'throttled'],
    ['ThrottledException', 400, 'throttled'],
    ['TooManyRequestsException', 400, 'throttled'],
    ['RequestThrottledException', 400, 'throttled'],
    ['SlowDown', 400, 'throttled'],
    ['AnyName', 429, 'throttled'],
    ['ServerException', 500, 'transient'],
    ['ServerException', 400, 'transient'],
    ['InternalFailure', 400, 'transient'],
    ['InternalError', 400, 'transient'],
    ['ServiceUnavailable', 400, 'transient'],
    ['Unavailable', 400, 'transient'],
    ['RequestTimeout', 400, 'transient'],
    ['AnyName', 500, 'transient'],
    ['AnyName', 502, 'transient'],
    ['TimeoutError', undefined, 'transient'],
    ['AbortError', undefined, 'transient'],
    ['Error', undefined, 'transient'],
    ['SyntaxError', 200, 'transient'],
    ['SyntaxError', 400, 'transient'],
    ['Error', 200, 'transient'],
    ['Unknown', 302, 'transient'],
    ['ExpiredToken', 403, 'credentials'],
    ['ExpiredTokenException', 400, 'credentials'],
    ['UnrecognizedClientException', 400, 'credentials'],
    ['InvalidClientTokenId', 403, 'credentials'],
    ['AuthFailure', 401, 'credentials'],
    ['RequestExpired', 400, 'credentials'],
    ['SignatureDoesNotMatch', 403, 'credentials'],
    ['InvalidSignatureException', 400, 'credentials'],
    ['MissingAuthenticationToken', 403, 'credentials'],
    ['MissingAuthenticationTokenException', 400, 'credentials'],
    ['CredentialsProviderError', undefined, 'credentials'],
    ['AccessDenied', 403, 'permission'],
    ['AccessDeniedException', 400, 'permission'],
    ['UnauthorizedOperation', 403, 'permission'],
    ['NotAuthorized', 400, 'permission'],
    ['OptInRequired', 403, 'rejected'],
    ['ValidationError', 400, 'rejected'],
    ['ClientException', 400, 'rejected'],
    ['ClusterNotFoundException', 400, 'rejected'],
  ] as const) {
    test(`${name} with ${status ?? 'no answer'} is ${kind}`, () => {
      const cause = Object.assign(new Error('not now'), {
        name,
        ...(status && { $metadata: { httpStatusCode: status } }),
      });
      const error = classify('ecs:ListTasks', cause);
      assert.equal(error.kind, kind);
      assert.equal(error.code, name);
      assert.equal(error.operation, 'ecs:ListTasks');
      assert.equal(error.message, `calling ecs:ListTasks: ${name}: not now`);
      assert.equal(error.cause, cause);
    });
  }

  test('one that is classified already stays what it is', () => {
    const error = new AwsError('ecs:StopTask', 'rejected', 'X', 'y');
    assert.equal(classify('ecs:ListTasks', error), error);
  });

  for (const thrown of ['text', undefined, null, { $metadata: null }, 42]) {
    test(`${JSON.stringify(thrown)}, thrown as it is, is a failure like any other`, () => {
      assert.equal(classify('ecs:ListTasks', thrown).kind, 'transient');
    });
  }

  test('what the SDK advises its own users is left out', () => {
    const { message } = classify(
      'ecs:ListTasks',
      new SyntaxError(
        'Unexpected token\n  Deserialization error: to see the raw response, inspect the hidden field {error}.$response on this object.',
      ),
    );
    assert.equal(message, 'calling ecs:ListTasks: SyntaxError: Unexpected token');
  });

  test('and nothing is left where that is all it says', () => {
    const advice = 'Deserialization error: to see the raw response, inspect the hidden field.';
    assert.equal(classify('ecs:ListTasks', new Error(advice)).message, 'calling ecs:ListTasks: Error: ');
  });

  test('a code of any length is cut', () => {
    const error = Object.assign(new Error('no'), { name: 'N'.repeat(1_000) });
    assert.equal(classify('ecs:ListTasks', error).code, `${'N'.repeat(100)}…`);
  });

  test('a page that a broken server sent as its message is cut', () => {
    const { message } = classify('ecs:ListTasks', new Error('x'.repeat(100_000)));
    assert.equal(message, `calling ecs:ListTasks: Error: ${'x'.repeat(500)}…`);
  });
});

describe('refusals that are part of a drain', () => {
  const rejected = (message: string, kind: AwsError['kind'] = 'rejected') =>
    new AwsError('ecs:DeregisterContainerInstance', kind, 'X', message);

  test('tasks still run', () => {
    assert.equal(isTasksRunning(rejected('Found running tasks on the instance.')), true);
    assert.equal(isTasksRunning(rejected('An error: found running tasks')), true);
    assert.equal(isTasksRunning(rejected('Referenced container instance x not found.')), false);
    assert.equal(isTasksRunning(rejected('Found running tasks', 'transient')), false);
    assert.equal(isTasksRunning(new Error('Found running tasks on the instance.')), false);
  });

  test('no lifecycle action waits', () => {
    const message = 'No active Lifecycle Action found with instance ID i-0123456789abcdef0';
    assert.equal(isNothingWaiting(rejected(message)), true);
    assert.equal(isNothingWaiting(rejected('No active Lifecycle Action found with token x')), true);
    assert.equal(isNothingWaiting(rejected('AutoScalingGroup name not found - no such group: x')), false);
    assert.equal(isNothingWaiting(rejected(message, 'permission')), false);
  });
});
