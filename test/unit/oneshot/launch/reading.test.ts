import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AwsError, type AwsErrorKind } from '../../../../src/aws/errors.ts';
import { endOf } from '../../../../src/oneshot/launch/ending.ts';
import type { TaskView } from '../../../../src/oneshot/launch/model.ts';
import { backoff, faster, lookDelay, roomDelay, slower } from '../../../../src/oneshot/launch/pace.ts';
import { differs } from '../../../../src/oneshot/launch/parameters.ts';
import { readAnswer, readError } from '../../../../src/oneshot/launch/start-answer.ts';
import { exited, policy, taskView } from './launches.ts';

const failuresOf = (reasons: readonly string[]) =>
  reasons.map((reason, index) => ({ arn: `instance-${index}`, reason }));

describe('what the failures of RunTask mean', () => {
  for (const [reasons, expected] of [
    [['RESOURCE:CPU'], 'no-room'],
    [['RESOURCE:MEMORY', 'RESOURCE:GPU'], 'no-room'],
    // One that is full would do, if it had room.
    [['ATTRIBUTE', 'RESOURCE:PORTS'], 'no-room'],
    [['AGENT', 'RESOURCE:ENI'], 'no-room'],
    [['AGENT'], 'not-yet'],
    [['AGENT', 'ATTRIBUTE'], 'not-yet'],
    [['SOMETHING:NEW'], 'not-yet'],
    [['ATTRIBUTE'], 'misfit'],
    [['LOCATION', 'ATTRIBUTE'], 'misfit'],
    [['MemberOf placement constraint unsatisfied.'], 'misfit'],
    // Another task of the group ends one day.
    [['distinctInstance placement constraint unsatisfied.'], 'not-yet'],
    [['ATTRIBUTE', 'distinctInstance placement constraint unsatisfied.'], 'not-yet'],
    [[], 'unanswered'],
  ] as const) {
    test(`${reasons.join(', ') || 'neither a task nor a failure'}: ${expected}`, () => {
      assert.equal(readAnswer(undefined, failuresOf(reasons)).kind, expected);
    });
  }

  test('what is missing is told once each', () => {
    assert.deepEqual(readAnswer(undefined, failuresOf(['RESOURCE:CPU', 'RESOURCE:CPU', 'AGENT'])), {
      kind: 'no-room',
      missing: ['RESOURCE:CPU'],
      completed: true,
      except: [],
    });
  });
});

describe('what an error of RunTask means', () => {
  for (const [kind, code, message, expected] of [
    ['throttled', 'ThrottlingException', 'Rate exceeded', 'not-yet, same token'],
    ['rejected', 'InvalidParameterException', 'Throttling: Rate exceeded', 'not-yet, same token'],
    ['rejected', 'ClientException', 'limit of tasks in the PROVISIONING state', 'not-yet, same token'],
    ['rejected', 'ClientException', 'Capacity is unavailable at this time', 'not-yet, same token'],
    [
      'rejected',
      'InvalidParameterException',
      'No Container Instances were found in your cluster.',
      'no-room, same token',
    ],
    ['transient', 'TimeoutError', 'no answer', 'unanswered'],
    ['transient', 'ServerException', 'Service Unavailable', 'unanswered'],
    ['rejected', 'ClusterNotFoundException', 'Cluster not found.', 'never'],
    ['rejected', 'ClientException', 'TaskDefinition is inactive', 'never'],
    ['permission', 'AccessDeniedException', 'not authorized', 'forbidden'],
    ['rejected', 'ConflictException', 'in use', 'conflict'],
  ] as readonly [AwsErrorKind, string, string, string][]) {
    test(`${code} ${message}: ${expected}`, () => {
      const answer = readError(new AwsError('ecs:RunTask', kind, code, message));
      const token = 'completed' in answer ? (answer.completed ? ', new token' : ', same token') : '';
      assert.equal(`${answer.kind}${token}`, expected);
    });
  }
});

const several = (...codes: readonly (readonly [string, number | undefined, string?])[]) =>
  exited(0, { containers: codes.map(([name, exitCode, reason]) => ({ name, exitCode, reason })) });

describe('the exit code of a stopped task', () => {
  const context = { container: 'main', stopped: undefined, cancel: undefined };
  for (const [what, task, expected] of [
    ['0', exited(0), '0 container'],
    ['255', exited(255), '255 container'],
    ['the container exits with a code of the launcher', exited(75), '75 container'],
    ['none: host lost', exited(undefined, { stopCode: 'TerminationNotice' }), '71 launcher'],
    ['none: Spot', exited(undefined, { stopCode: 'SpotInterruption' }), '71 launcher'],
    ['none, and no stop code', exited(undefined, { stopCode: undefined }), '71 launcher'],
    [
      'not of this container',
      exited(0, { containers: [{ name: 'sidecar', exitCode: 0, reason: undefined }] }),
      '71 launcher',
    ],
    ['what no process exits with', exited(256), '71 launcher'],
    ['a fraction', exited(0.5), '71 launcher'],
    ['failed to start', exited(undefined, { stopCode: 'TaskFailedToStart' }), '69 launcher'],
    [
      'no instance was ever found for it',
      exited(undefined, { stopCode: 'TaskFailedToStart', containerInstanceArn: undefined }),
      '75 launcher',
    ],
    ['another container has 0, and this one none', several(['proxy', 0], ['main', undefined]), '71 launcher'],
    ['another container failed', several(['proxy', 1], ['main', 0]), '0 container'],
    ['the counted one failed', several(['main', 4], ['proxy', 0]), '4 container'],
    [
      'its capacity provider has instances of another kind',
      exited(undefined, {
        stopCode: 'TaskFailedToStart',
        stoppedReason: 'ATTRIBUTE',
        containerInstanceArn: undefined,
      }),
      '69 launcher',
    ],
    ['somebody else stopped it', exited(143, { stopCode: 'UserInitiated' }), '143 container'],
  ] as readonly [string, TaskView, string][]) {
    test(`${what}: ${expected}`, () => {
      const { code, source } = endOf(task, context);
      assert.equal(`${code} ${source}`, expected);
    });
  }

  for (const [task, words] of [
    [exited(3), 'main exited with code 3'],
    // What ECS stops because of another tells nothing.
    [several(['main', 3], ['proxy', 143], ['logger', 137]), 'main exited with code 3'],
    [several(['proxy', 9], ['main', 143]), 'main exited with code 143, and proxy exited with code 9'],
    [
      several(['main', 143], ['proxy', 137, 'OutOfMemoryError: Container killed']),
      'main exited with code 143, and proxy was killed because it used more memory than it may',
    ],
    [
      exited(137, {
        containers: [{ name: 'main', exitCode: 137, reason: 'OutOfMemoryError: Container killed' }],
      }),
      'main was killed because it used more memory than it may',
    ],
    [
      exited(undefined, { stopCode: undefined, stoppedReason: 'Host EC2 (instance i-1) terminated.' }),
      'it ended without an exit code: its host was lost (Host EC2 (instance i-1) terminated.)',
    ],
    [
      exited(undefined, {
        stopCode: 'SpotInterruption',
        stoppedReason: 'Host EC2 (instance i-1) terminated.',
      }),
      'it ended without an exit code: its Spot instance was interrupted (Host EC2 (instance i-1) terminated.)',
    ],
    [
      exited(0, { stopCode: 'TerminationNotice', stoppedReason: 'Host EC2 (instance i-1) terminated.' }),
      'main exited with code 0, since its host was lost (Host EC2 (instance i-1) terminated.)',
    ],
    [
      exited(undefined, {
        stopCode: 'TaskFailedToStart',
        stoppedReason: 'EMPTY CAPACITY PROVIDER',
        containerInstanceArn: undefined,
      }),
      'ECS found no room for it: its capacity provider has no instance',
    ],
    [
      exited(undefined, {
        stopCode: 'TaskFailedToStart',
        stoppedReason: 'TaskFailedToStart: MemberOf placement constraint unsatisfied',
        containerInstanceArn: undefined,
      }),
      "no instance of its capacity provider can take it: the task definition's placement constraint is unmet",
    ],
    [
      exited(143, { stopCode: 'UserInitiated', stoppedReason: 'by hand' }),
      'main exited with code 143, since somebody stopped it (by hand)',
    ],
  ] as const) {
    test(words, () => assert.equal(endOf(task, context).reason, words));
  }
});

test('a task whose host was lost while it stopped was cancelled all the same, whatever its container made of SIGTERM', () => {
  const cancel = { signal: 'SIGTERM', at: 0, insists: false } as const;
  const stopped = exited(0, { stopCode: 'TerminationNotice' });
  assert.equal(endOf(stopped, { container: 'main', stopped: 'cancelled', cancel }).code, 143);
  assert.equal(endOf(stopped, { container: 'main', stopped: 'timed-out', cancel: undefined }).code, 124);
});

describe('a later call with the same key', () => {
  const own = taskView().overrides.containers[0];
  const task = (change: object) =>
    taskView({ overrides: { taskRoleArn: undefined, containers: own ? [{ ...own, ...change }] : [] } });
  for (const [what, found, asked, isSame] of [
    ['the same', taskView(), {}, true],
    ['another command', taskView(), { command: ['x'] }, false],
    ['no command', task({ command: undefined }), { command: undefined }, true],
    ['another environment', taskView(), { environment: { A: '1' } }, false],
    [
      'the environment in another order',
      task({ environment: { B: '2', A: '1' } }),
      { environment: { A: '1', B: '2' } },
      true,
    ],
    ['more memory', taskView(), { memory: 512 }, false],
    ['the revision that ran', taskView(), { taskDefinition: 'job:7' }, true],
    ['another revision', taskView(), { taskDefinition: 'job:8' }, false],
    ['another family', taskView(), { taskDefinition: 'jobs' }, false],
    [
      'another container was given a command',
      taskView({
        overrides: {
          taskRoleArn: undefined,
          containers: [{ name: 'proxy', command: ['x'], environment: {}, cpu: undefined, memory: undefined }],
        },
      }),
      { command: undefined },
      false,
    ],
    ['another role', taskView(), { taskRole: 'reader' }, false],
    [
      'a role by its name',
      taskView({
        overrides: { ...taskView().overrides, taskRoleArn: 'arn:aws:iam::111122223333:role/reader' },
      }),
      { taskRole: 'reader' },
      true,
    ],
    [
      'of a definition whose ARN was given without a revision',
      taskView(),
      { taskDefinition: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/job' },
      true,
    ],
    [
      'of a definition of the same name of another account',
      taskView(),
      { taskDefinition: 'arn:aws:ecs:eu-west-1:444455556666:task-definition/job' },
      false,
    ],
    [
      'in one of the subnets',
      taskView({ subnet: 'subnet-b' }),
      { network: { subnets: ['subnet-a', 'subnet-b'], securityGroups: [] } },
      true,
    ],
    [
      'in another subnet',
      taskView({ subnet: 'subnet-c' }),
      { network: { subnets: ['subnet-a'], securityGroups: [] } },
      false,
    ],
    [
      'without a network interface yet',
      taskView(),
      { network: { subnets: ['subnet-a'], securityGroups: [] } },
      true,
    ],
    [
      'with entries for other containers',
      taskView({
        overrides: {
          taskRoleArn: undefined,
          containers: [
            { name: 'sidecar', command: undefined, environment: {}, cpu: undefined, memory: undefined },
            ...taskView().overrides.containers,
          ],
        },
      }),
      {},
      true,
    ],
  ] as const) {
    test(`${what}: ${isSame ? 'the same task' : 'refused'}`, () => {
      assert.equal(differs(found, { ...policy.asked, ...asked }, 'main') === undefined, isSame);
    });
  }
});

describe('the pace', () => {
  for (const [ageMs, random, expected] of [
    [0, 0.5, 2_000],
    [60_000, 0.5, 3_000],
    [60_000, 0, 2_400],
    [600_000, 0.5, 30_000],
    [36_000_000, 0, 60_000],
    [36_000_000, 0.99, 60_000],
  ] as const) {
    test(`a task that has run for ${ageMs} ms is described after ${expected} ms (${random})`, () => {
      assert.equal(Math.round(lookDelay(ageMs, () => random)), expected);
    });
  }
  test('throttled it asks more rarely, and only bit by bit as often as before', () => {
    const five = Array.from({ length: 5 });
    assert.equal(
      five.reduce<number>((slowness) => slower(slowness), 1),
      16,
    );
    assert.equal(
      lookDelay(0, () => 0.5, 16),
      32_000,
    );
    assert.equal(
      lookDelay(600_000, () => 0.5, 16),
      60_000,
    );
    assert.equal(faster(16), 13.6);
    assert.equal(faster(1), 1);
  });
  test('a herd that waits for room asks less and less often', () => {
    assert.deepEqual(
      [0, 1, 5, 100].map((tries) => Math.round(roomDelay(tries, () => 1))),
      [5_000, 7_500, 30_000, 30_000],
    );
  });
  test('after failures it waits up to a minute, never not at all', () => {
    assert.deepEqual(
      [1, 2, 6, 1_000].map((failures) => backoff(failures, () => 1)),
      [2_000, 4_000, 60_000, 60_000],
    );
    assert.equal(
      backoff(9, () => 0),
      500,
    );
  });
});
