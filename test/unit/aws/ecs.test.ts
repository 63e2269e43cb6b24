import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createEcs, noLists } from '../../../src/aws/ecs.ts';
import { AwsError, type AwsErrorKind } from '../../../src/aws/errors.ts';
import { rejected, scriptCall } from './scripted-call.ts';

const ARN = 'arn:aws:ecs:eu-west-1:111122223333:container-instance/web/a';
const taskArn = (id: string, cluster = 'web') => `arn:aws:ecs:eu-west-1:111122223333:task/${cluster}/${id}`;
const incomplete = (operation: string, what: string) => ({
  name: 'AwsError',
  kind: 'transient',
  code: 'IncompleteAnswer',
  message: `calling ${operation}: the answer is incomplete: ${what}`,
});

describe('setting the status of a container instance', () => {
  test('names it and its cluster', async () => {
    const { call, calls } = scriptCall({ containerInstances: [{ containerInstanceArn: ARN }], failures: [] });
    await createEcs(call).setStatus('web', ARN, 'DRAINING');
    assert.deepEqual(calls, [
      [
        'ecs:UpdateContainerInstancesState',
        { cluster: 'web', containerInstances: [ARN], status: 'DRAINING' },
      ],
    ]);
  });
  for (const [answer, what] of [
    [{}, 'it has no containerInstances'],
    [
      { containerInstances: [{ containerInstanceArn: 'b' }], failures: [] },
      'it does not name the container instance',
    ],
  ] as const)
    test(`has not been done, as far as is known, where the answer does not say so: ${what}`, async () =>
      await assert.rejects(
        createEcs(scriptCall(answer).call).setStatus('web', ARN, 'ACTIVE'),
        incomplete('ecs:UpdateContainerInstancesState', what),
      ));
  for (const [failure, code, reason] of [
    [{ reason: 'MISSING' }, 'MISSING', 'MISSING'],
    [{ reason: 'X', detail: 'because' }, 'X', 'X: because'],
    [{}, 'Failure', 'undefined'],
  ] as const)
    test(`has failed where ECS lists a failure: ${reason}`, async () =>
      await assert.rejects(
        createEcs(scriptCall({ failures: [failure] }).call).setStatus('web', ARN, 'DRAINING'),
        { kind: 'rejected', code, message: `calling ecs:UpdateContainerInstancesState: ${reason}` },
      ));
});

describe('stopping a task', () => {
  const stopped = (taskArn: string) => ({ task: { taskArn } });
  for (const answer of [{}, stopped(taskArn('b'))])
    test(`has not been done, as far as is known, where ECS answers ${JSON.stringify(answer)}`, async () =>
      await assert.rejects(
        createEcs(scriptCall(answer).call).stopTask('web', taskArn('a'), 'why', { urgent: false }),
        incomplete('ecs:StopTask', 'it does not name the task'),
      ));
  const unless = new AbortController().signal;
  test('names it, its cluster and the reason', async () => {
    const { call, calls } = scriptCall(stopped(taskArn('a')));
    await createEcs(call).stopTask('web', taskArn('a'), 'why', { urgent: false, unless });
    const input = { cluster: 'web', task: taskArn('a'), reason: 'why' };
    assert.deepEqual(calls, [['ecs:StopTask', input, { unless }]]);
  });
  test('is tried twice, and at once, where it cannot be done later', async () => {
    const { call, calls } = scriptCall(stopped(taskArn('a')));
    await createEcs(call).stopTask('web', taskArn('a'), 'why', { urgent: true, unless });
    assert.deepEqual(calls[0]?.[2], { urgent: true, attempts: 2, unless });
  });
  test('goes to the cluster that its ARN names, else to the one of the host', async () => {
    const arns = [taskArn('a', 'other'), 'arn:aws:ecs:eu-west-1:111122223333:task/a'];
    const { call, calls } = scriptCall(...arns.map(stopped));
    for (const arn of arns) await createEcs(call).stopTask('web', arn, 'why', { urgent: false });
    assert.deepEqual(
      calls.map(([, input]) => 'cluster' in input && input.cluster),
      ['other', 'web'],
    );
  });
});

describe('deregistering', () => {
  test('is never by force', async () => {
    const { call, calls } = scriptCall({ containerInstance: { containerInstanceArn: ARN } });
    assert.equal(await createEcs(call).deregister('web', ARN), 'deregistered');
    assert.deepEqual(calls, [
      ['ecs:DeregisterContainerInstance', { cluster: 'web', containerInstance: ARN, force: false }],
    ]);
  });
  test('is refused while tasks run', async () => {
    const { call } = scriptCall(rejected('Found running tasks on the instance.'));
    assert.equal(await createEcs(call).deregister('web', ARN), 'tasks-running');
  });
  test('fails otherwise', async () =>
    await assert.rejects(createEcs(scriptCall(rejected('no such cluster')).call).deregister('web', ARN), {
      message: 'no such cluster',
    }));
  for (const answer of [{}, { containerInstance: { containerInstanceArn: 'another' } }])
    test(`has not been done where the answer is ${JSON.stringify(answer)}`, async () =>
      await assert.rejects(
        createEcs(scriptCall(answer).call).deregister('web', ARN),
        incomplete('ecs:DeregisterContainerInstance', 'it does not name the container instance'),
      ));
});

describe('a container instance that is described', () => {
  const found = {
    containerInstanceArn: ARN,
    status: 'ACTIVE',
    ec2InstanceId: 'i-own',
    runningTasksCount: 0,
    pendingTasksCount: 0,
  };
  const describeOne = (answer: object) => createEcs(scriptCall(answer).call).describe('web', [ARN]);
  test('has no task where ECS counts none, and is not connected where it does not say so', async () =>
    assert.deepEqual(await describeOne({ containerInstances: [found] }), [
      {
        kind: 'found',
        arn: ARN,
        status: 'ACTIVE',
        ec2InstanceId: 'i-own',
        agentConnected: false,
        taskCount: 0,
      },
    ]));
  test('has the tasks that run and those that are pending', async () => {
    const counts = { runningTasksCount: 2, pendingTasksCount: 3, agentConnected: true };
    const [one] = await describeOne({ containerInstances: [{ ...found, ...counts }] });
    assert.deepEqual(one?.kind === 'found' && [one.taskCount, one.agentConnected], [5, true]);
  });
  test('is missing where ECS says so of it', async () =>
    assert.deepEqual(await describeOne({ failures: [{ arn: ARN, reason: 'MISSING' }] }), [
      { kind: 'missing', arn: ARN },
    ]));
  for (const [what, answer, said] of [
    [
      'another is missing',
      { failures: [{ arn: 'b', reason: 'MISSING' }] },
      `it says nothing of ${ARN} (MISSING)`,
    ],
    ['it failed otherwise', { failures: [{ arn: ARN, reason: 'BUSY' }] }, `it says nothing of ${ARN} (BUSY)`],
    ['nothing is said', {}, `it says nothing of ${ARN}`],
    ['nothing failed', { failures: [] }, `it says nothing of ${ARN}`],
    [
      'it is without a status',
      { containerInstances: [{ ...found, status: undefined }] },
      `it gives no status or no instance of ${ARN}`,
    ],
    [
      'it is on no instance',
      { containerInstances: [{ ...found, ec2InstanceId: undefined }] },
      `it gives no status or no instance of ${ARN}`,
    ],
    [
      'its running tasks are not counted',
      { containerInstances: [{ ...found, runningTasksCount: undefined }] },
      `it does not count the tasks of ${ARN}`,
    ],
    [
      'its pending tasks are not counted',
      { containerInstances: [{ ...found, pendingTasksCount: undefined }] },
      `it does not count the tasks of ${ARN}`,
    ],
    [
      'much failed',
      { failures: ['A', 'B', 'A', 'C', 'D'].map((reason) => ({ arn: 'b', reason })) },
      `it says nothing of ${ARN} (A, B, C)`,
    ],
  ] as const)
    test(`is not known, and not missing, where ${what}`, async () =>
      await assert.rejects(describeOne(answer), incomplete('ecs:DescribeContainerInstances', said)));
});

describe('tasks that are described', () => {
  test('have what ECS says of them', async () => {
    const { call, calls } = scriptCall({
      tasks: [
        {
          taskArn: taskArn('a'),
          group: 'service:site',
          lastStatus: 'RUNNING',
          desiredStatus: 'STOPPED',
          containerInstanceArn: ARN,
          startedBy: 'batch',
          taskDefinitionArn: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/report:12',
          createdAt: new Date(7),
        },
      ],
    });
    assert.deepEqual(await createEcs(call).describeTasks('web', [taskArn('a')]), [
      {
        arn: taskArn('a'),
        group: 'service:site',
        lastStatus: 'RUNNING',
        desiredStatus: 'STOPPED',
        containerInstanceArn: ARN,
        startedBy: 'batch',
        family: 'report',
        createdAt: 7,
      },
    ]);
    assert.deepEqual(calls, [['ecs:DescribeTasks', { cluster: 'web', tasks: [taskArn('a')] }]]);
  });
  for (const taskDefinitionArn of [undefined, 'report:12', 'arn:aws:ecs:eu-west-1:1:task-definition/report'])
    test(`are of no family where their task definition is ${taskDefinitionArn}`, async () => {
      const tasks = [{ taskArn: taskArn('a'), taskDefinitionArn }];
      const [found] = await createEcs(scriptCall({ tasks }).call).describeTasks('web', [taskArn('a')]);
      assert.equal(found?.family, undefined);
    });
  test('are left out where ECS does not know them, and not where it only failed to look', async () => {
    const missing = { tasks: [], failures: [{ arn: taskArn('a'), reason: 'MISSING' }] };
    assert.deepEqual(await createEcs(scriptCall(missing).call).describeTasks('web', [taskArn('a')]), []);
    await assert.rejects(
      createEcs(scriptCall({ tasks: [] }).call).describeTasks('web', [taskArn('a')]),
      incomplete('ecs:DescribeTasks', `it says nothing of ${taskArn('a')}`),
    );
  });
  test('are none in a cluster that was deleted, and not where ECS fails or refuses to tell: the instance would be let go with them', async () => {
    const failing = (kind: AwsErrorKind, code: string) => new AwsError('ecs:DescribeTasks', kind, code, code);
    const described = (error: Error) =>
      createEcs(scriptCall(error).call).describeTasks('web', [taskArn('a')]);
    assert.deepEqual(await described(failing('rejected', 'ClusterNotFoundException')), []);
    for (const error of [failing('throttled', 'ThrottlingException'), rejected('no')])
      await assert.rejects(described(error), error);
  });
});

test('tasks are listed by both desired statuses, each once, and in how many pages', async () => {
  const { call, calls } = scriptCall(
    { taskArns: ['a'], nextToken: 'more' },
    { taskArns: ['b'] },
    { taskArns: ['b', 'c'] },
  );
  assert.deepEqual(await createEcs(call).listTasks('web', ARN), { arns: ['a', 'b', 'c'], requests: 3 });
  const input = { cluster: 'web', containerInstance: ARN };
  assert.deepEqual(
    calls.map(([, asked]) => asked),
    [
      { ...input, desiredStatus: 'RUNNING', nextToken: undefined },
      { ...input, desiredStatus: 'RUNNING', nextToken: 'more' },
      { ...input, desiredStatus: 'STOPPED', nextToken: undefined },
    ],
  );
});

test('a list of tasks that failed on a page goes on with that page', async () => {
  const { call, calls } = scriptCall(
    { taskArns: ['a'], nextToken: 'second' },
    rejected('Rate exceeded'),
    { taskArns: ['b'] },
    { taskArns: ['c'] },
  );
  const ecs = createEcs(call);
  const begun = noLists();
  await assert.rejects(ecs.listTasks('web', ARN, begun));
  assert.deepEqual(await ecs.listTasks('web', ARN, begun), { arns: ['a', 'b', 'c'], requests: 3 });
  assert.deepEqual(
    calls.map(
      ([, input]) =>
        'desiredStatus' in input && 'nextToken' in input && [input.desiredStatus, input.nextToken],
    ),
    [
      ['RUNNING', undefined],
      ['RUNNING', 'second'],
      ['RUNNING', 'second'],
      ['STOPPED', undefined],
    ],
  );
});
