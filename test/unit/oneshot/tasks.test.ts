import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../../src/aws/call.ts';
import type { Operations } from '../../../src/oneshot/aws/operations.ts';
import { createTasks } from '../../../src/oneshot/aws/tasks.ts';
import { scriptCall } from '../aws/scripted-call.ts';

const task = (taskArn: string, lastStatus: string) => ({
  taskArn,
  lastStatus,
  startedBy: 'ecs-oneshot/1',
  taskDefinitionArn: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/job:7',
  containers: [{ name: 'main', exitCode: 3 }],
});
const tasksOf = (...answers: (object | Error)[]) =>
  createTasks(scriptCall(...answers).call as unknown as Caller<Operations>, 'batch');

describe('a task that ECS shows as DELETED', () => {
  test('has ended: its exit code would be waited for until ECS forgets it', async () => {
    const seen = await tasksOf({ tasks: [task('t1', 'DELETED')] }).describe('t1');
    assert.deepEqual([seen?.lastStatus, seen?.containers[0]?.exitCode], ['STOPPED', 3]);
  });

  test('is not taken for the one of the key that runs', async () => {
    const seen = await tasksOf(
      { taskArns: ['t1'] },
      { taskArns: ['t2'] },
      { tasks: [task('t2', 'DELETED'), task('t1', 'RUNNING')] },
    ).find('ecs-oneshot/1');
    assert.equal(seen?.arn, 't1');
  });
});

describe('the task of a key', () => {
  const missing = { tasks: [], failures: [{ arn: 't1', reason: 'MISSING' }] };

  test('that is listed as running and not described yet is not said not to be: a cancel would leave it running', async () => {
    const { find } = tasksOf({ taskArns: ['t1'] }, { taskArns: [] }, missing);
    await assert.rejects(find('ecs-oneshot/1'), /it does not know t1, which runs/);
  });

  test('that has stopped and is forgotten is none', async () => {
    const { find } = tasksOf({ taskArns: [] }, { taskArns: ['t1'] }, missing);
    assert.equal(await find('ecs-oneshot/1'), undefined);
  });

  test('is looked for on every page of a list', async () => {
    const { find } = tasksOf(
      { taskArns: [], nextToken: '1' },
      { taskArns: ['t1'] },
      { taskArns: [] },
      { tasks: [task('t1', 'RUNNING')] },
    );
    assert.equal((await find('ecs-oneshot/1'))?.arn, 't1');
  });
});
