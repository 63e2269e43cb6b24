import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../../src/aws/call.ts';
import { AwsError } from '../../../src/aws/errors.ts';
import type { Operations } from '../../../src/oneshot/aws/operations.ts';
import { createTasks } from '../../../src/oneshot/aws/tasks.ts';
import type { Needs } from '../../../src/oneshot/launch/model.ts';
import { scriptCall } from '../aws/scripted-call.ts';

const needs: Needs = {
  cpu: 256,
  memory: 256,
  gpu: 0,
  ports: [],
  constraints: [],
  networkInterfaces: 1,
  subnets: ['subnet-a'],
};
const instance = (running: number, change: object = {}) => ({
  containerInstanceArn: `with-${running}`,
  status: 'ACTIVE',
  agentConnected: true,
  runningTasksCount: running,
  pendingTasksCount: 0,
  attributes: [{ name: 'ecs.instance-type', value: 'm6i.large' }],
  remainingResources: [
    { name: 'CPU', integerValue: 1024 },
    { name: 'MEMORY', integerValue: 1024 },
  ],
  ...change,
});
const types = (most: number) => ({
  InstanceTypes: [{ InstanceType: 'm6i.large', NetworkInfo: { MaximumNetworkInterfaces: most } }],
});
const tasks = (...networked: boolean[]) => ({
  tasks: networked.map((has) => ({
    lastStatus: 'RUNNING',
    attachments: has ? [{ type: 'ElasticNetworkInterface' }] : [],
  })),
});
const forbidden = new AwsError('ec2:DescribeInstanceTypes', 'permission', 'UnauthorizedOperation', 'no');

function hasRoom(instances: readonly object[], ...answers: (object | Error)[]): Promise<boolean> {
  const { call } = scriptCall(
    { containerInstanceArns: ['a'] },
    { containerInstances: instances },
    ...answers,
  );
  return createTasks(call as unknown as Caller<Operations>, 'batch').hasRoom(needs, []);
}

describe('whether an instance has a network interface left for a task', () => {
  test('it has fewer tasks than interfaces for them', async () => {
    assert.equal(await hasRoom([instance(1)], types(3)), true);
  });
  test('as many tasks as interfaces, and one of them has none', async () => {
    const arns = { taskArns: ['1', '2'] };
    assert.equal(await hasRoom([instance(2)], types(3), arns, tasks(true, false)), true);
    assert.equal(await hasRoom([instance(2)], types(3), arns, tasks(true, true)), false);
  });
  test('where its type may not be asked for, an empty one has', async () => {
    assert.equal(await hasRoom([instance(0)], forbidden), true);
    assert.equal(await hasRoom([instance(1)], forbidden, { taskArns: ['1'] }, tasks(true)), false);
  });
  test('one without the CPU is not looked at', async () => {
    assert.equal(await hasRoom([instance(0, { remainingResources: [] })]), false);
  });
});

describe('a look for room in a cluster of more than a hundred instances', () => {
  const plain: Needs = { ...needs, networkInterfaces: 0, subnets: [] };
  const full = { containerInstances: [instance(0, { remainingResources: [] })] };
  const free = { containerInstances: [instance(0)] };
  const page = (nextToken?: string) => ({ containerInstanceArns: ['a'], nextToken });
  const look = (...answers: (object | Error)[]) => {
    const { call, calls } = scriptCall(...answers);
    const { hasRoom } = createTasks(call as unknown as Caller<Operations>, 'batch');
    const tokens = () =>
      calls
        .filter(([operation]) => operation === 'ecs:ListContainerInstances')
        .map(([, input]) => (input as { nextToken?: string }).nextToken);
    return { hasRoom, tokens };
  };

  test('finds it on the last of them', async () => {
    const { hasRoom } = look(page('1'), full, page('2'), full, page(), free);
    assert.equal(await hasRoom(plain, []), true);
  });

  test('asks for no more than a thousand, and goes on from there the next time', async () => {
    const pages = Array.from({ length: 10 }, (_, index) => [page(String(index + 1)), full]).flat();
    const { hasRoom, tokens } = look(...pages, page(), full, page('1'), free);
    assert.equal(await hasRoom(plain, []), false);
    assert.equal(tokens().length, 10);
    assert.equal(await hasRoom(plain, []), false);
    assert.equal(tokens()[10], '10');
    assert.equal(await hasRoom(plain, []), true);
    assert.equal(tokens()[11], undefined, 'it begins again');
  });

  test('begins again where its token has become too old', async () => {
    const old = new AwsError('ecs:ListContainerInstances', 'rejected', 'InvalidParameterException', 'no');
    const pages = Array.from({ length: 10 }, (_, index) => [page(String(index + 1)), full]).flat();
    const { hasRoom } = look(...pages, old, page(), free);
    await hasRoom(plain, []);
    assert.equal(await hasRoom(plain, []), true);
  });
});
