import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../../src/aws/call.ts';
import { demandMessage } from '../../../src/base/demand.ts';
import { readCapacityProviders } from '../../../src/scaler/aws/capacity-providers.ts';
import { readContainerInstances } from '../../../src/scaler/aws/container-instances.ts';
import { createDemandQueue } from '../../../src/scaler/aws/demand-queue.ts';
import { guessFresh, launchSourceOf } from '../../../src/scaler/aws/launch-template.ts';
import type { Operations } from '../../../src/scaler/aws/operations.ts';
import { createTaskReader } from '../../../src/scaler/aws/tasks.ts';
import { cordonText, readCordon } from '../../../src/scaler/cordon-tag.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

type Asked = { readonly operation: string; readonly input: Record<string, unknown> };

/** AWS as this function answers it. */
function answered(answer: (asked: Asked) => object) {
  const asked: Asked[] = [];
  const call = (async (operation: string, input: Record<string, unknown>) => {
    asked.push({ operation, input });
    return answer({ operation, input });
  }) as unknown as Caller<Operations>;
  return { call, asked };
}

const INSTANCE = {
  containerInstanceArn: 'arn:1',
  ec2InstanceId: 'i-1',
  status: 'ACTIVE',
  agentConnected: true,
  registeredAt: new Date(1_000),
  runningTasksCount: 0,
  pendingTasksCount: 0,
  remainingResources: [
    { name: 'CPU', integerValue: 2048 },
    { name: 'MEMORY', integerValue: 7800 },
    { name: 'PORTS', stringSetValue: ['22'] },
    { name: 'PORTS_UDP', stringSetValue: ['53'] },
    { name: 'GPU', stringSetValue: ['gpu-1'] },
  ],
  registeredResources: [
    { name: 'CPU', integerValue: 2048 },
    { name: 'MEMORY', integerValue: 7800 },
  ],
  attributes: [{ name: 'ecs.availability-zone', value: 'eu-west-1a' }],
  tags: [{ key: 'ecs-scaler:cordon', value: cordonText('nightly', 0, 60_000) }],
};

describe('container instances', () => {
  const read = (described: object) =>
    readContainerInstances(
      answered(({ operation }) =>
        operation === 'ecs:ListContainerInstances' ? { containerInstanceArns: ['arn:1'] } : described,
      ).call,
      'batch',
    );

  test('are read with what is left on them, and with their cordon', async () => {
    const [one] = await read({ containerInstances: [INSTANCE] });
    assert.deepEqual(one?.remaining, { cpu: 2048, memory: 7800, gpu: 1, networkInterfaces: Infinity });
    assert.deepEqual(one?.portsInUse, ['22/tcp', '53/udp']);
    assert.deepEqual(one?.cordon, { kind: 'read', by: 'nightly', since: 0, until: 60_000 });
  });

  test('that were deregistered since they were listed are left out', async () => {
    assert.deepEqual(await read({ failures: [{ arn: 'arn:1', reason: 'MISSING' }] }), []);
  });

  for (const [name, described] of [
    ['says nothing of one', { containerInstances: [] }],
    ['fails for another reason', { failures: [{ arn: 'arn:1', reason: 'INTERNAL' }] }],
    ['has no counts of tasks', { containerInstances: [{ ...INSTANCE, runningTasksCount: undefined }] }],
    ['has no resources', { containerInstances: [{ ...INSTANCE, remainingResources: undefined }] }],
    ['has no status', { containerInstances: [{ ...INSTANCE, status: undefined }] }],
  ] as const) {
    test(`an answer that ${name} is none: an instance would be taken for empty`, async () => {
      await assert.rejects(read(described), /the answer is incomplete/);
    });
  }
});

describe('tasks', () => {
  const task = (taskArn: string, lastStatus: string) => ({
    taskArn,
    lastStatus,
    group: 'family:nightly',
    taskDefinitionArn: 'arn:aws:ecs:eu-west-1:1:task-definition/nightly:3',
    cpu: '1024',
    memory: '2048',
  });

  test('that were asked to stop are read too, and those that have stopped once only', async () => {
    const { call, asked } = answered(({ operation, input }) => {
      if (operation === 'ecs:ListTasks')
        return { taskArns: input.desiredStatus === 'RUNNING' ? ['t1'] : ['t2', 't3'] };
      const tasks = [task('t1', 'RUNNING'), task('t2', 'DEPROVISIONING'), task('t3', 'STOPPED')];
      return { tasks: tasks.filter(({ taskArn }) => (input.tasks as string[]).includes(taskArn)) };
    });
    const reader = createTaskReader(call, 'batch');
    assert.deepEqual(
      (await reader.all()).map(({ arn, lastStatus }) => [arn, lastStatus]),
      [
        ['t1', 'RUNNING'],
        ['t2', 'DEPROVISIONING'],
        ['t3', 'STOPPED'],
      ],
    );
    assert.equal((await reader.all()).length, 3);
    assert.deepEqual(asked.at(-1)?.input.tasks, ['t1', 't2']);
  });

  test('that ECS shows as DELETED have ended: their instance would stay', async () => {
    const { call } = answered(({ operation, input }) =>
      operation === 'ecs:ListTasks'
        ? { taskArns: input.desiredStatus === 'STOPPED' ? ['t1'] : [] }
        : { tasks: [task('t1', 'DELETED')] },
    );
    assert.deepEqual(
      (await createTaskReader(call, 'batch').all()).map(({ lastStatus }) => lastStatus),
      ['STOPPED'],
    );
  });

  test('of an instance are not read while one that is listed as running is MISSING: it may have just been started', async () => {
    const reader = (listed: 'RUNNING' | 'STOPPED') =>
      createTaskReader(
        answered(({ operation, input }) =>
          operation === 'ecs:ListTasks'
            ? { taskArns: input.desiredStatus === listed ? ['t1'] : [] }
            : { tasks: [], failures: [{ arn: 't1', reason: 'MISSING' }] },
        ).call,
        'batch',
      );
    await assert.rejects(reader('RUNNING').on(['arn:1']), /it does not know t1, which runs/);
    assert.deepEqual(await reader('STOPPED').on(['arn:1']), []);
    assert.deepEqual(await reader('RUNNING').all(), [], 'a plan is made all the same: it can be taken back');
  });

  test('of many instances are listed once: three requests for each would take those of all others of the account', async () => {
    const arns = Array.from({ length: 100 }, (_, index) => `arn:${index}`);
    const { call, asked } = answered(({ operation, input }) =>
      operation === 'ecs:ListTasks'
        ? { taskArns: input.desiredStatus === 'RUNNING' ? ['t1', 't2'] : [] }
        : {
            tasks: [
              { taskArn: 't1', lastStatus: 'PENDING', containerInstanceArn: 'arn:7' },
              { taskArn: 't2', lastStatus: 'RUNNING', containerInstanceArn: 'arn:others' },
            ],
          },
    );
    const found = await createTaskReader(call, 'batch').on(arns);
    assert.deepEqual(
      found.map(({ arn }) => arn),
      ['t1'],
    );
    assert.equal(asked.length, 3);
  });

  test('of a list that leads back to itself, or has no arns, are not read', async () => {
    const endless = answered(() => ({ taskArns: [], nextToken: 'again' }));
    await assert.rejects(createTaskReader(endless.call, 'batch').all(), /lead back to themselves/);
    await assert.rejects(createTaskReader(answered(() => ({})).call, 'batch').all(), /it has no taskArns/);
  });
});

describe('capacity providers', () => {
  const provider = (name: string, group: string, status: string) => ({
    name,
    autoScalingGroupProvider: {
      autoScalingGroupArn: `arn:aws:autoscaling:eu-west-1:1:autoScalingGroup:u:autoScalingGroupName/${group}`,
      managedScaling: { status },
    },
  });
  const read = (...providers: ReturnType<typeof provider>[]) =>
    readCapacityProviders(
      answered(({ operation }) =>
        operation === 'ecs:DescribeClusters'
          ? { clusters: [{ status: 'ACTIVE', capacityProviders: ['FARGATE', 'one'] }] }
          : { capacityProviders: providers },
      ).call,
      'batch',
      'workers',
    );

  test('of this group say whether ECS sizes it', async () => {
    assert.deepEqual(await read(provider('one', 'workers', 'ENABLED')), {
      kind: 'found',
      capacityProviders: [{ name: 'one', managesScaling: true }],
    });
    assert.deepEqual(await read(provider('one', 'workers', 'DISABLED')), {
      kind: 'found',
      capacityProviders: [{ name: 'one', managesScaling: false }],
    });
  });

  test('of which nothing is said are not taken for none: two would size the group', async () => {
    await assert.rejects(read(), /it says nothing of one/);
    const { call } = answered(({ operation }) =>
      operation === 'ecs:DescribeClusters'
        ? { clusters: [{ status: 'ACTIVE', capacityProviders: ['one'] }] }
        : {
            capacityProviders: [],
            failures: [{ arn: 'arn:aws:ecs:x:1:capacity-provider/one', reason: 'MISSING' }],
          },
    );
    assert.deepEqual(await readCapacityProviders(call, 'batch', 'workers'), {
      kind: 'found',
      capacityProviders: [],
    });
  });

  test('of other groups say nothing', async () => {
    const found = await read(provider('one', 'other-workers', 'ENABLED'));
    assert.deepEqual(found, { kind: 'found', capacityProviders: [] });
  });
});

describe('the demand queue', () => {
  const clock = createVirtualClock();
  const message = (id: string, group: string) => ({
    MessageId: id,
    ReceiptHandle: `handle of ${id}`,
    Attributes: { SentTimestamp: '5000' },
    Body: demandMessage({
      cluster: 'batch',
      group,
      key: id,
      cpu: 1,
      memory: 1,
      gpu: 0,
      networkInterfaces: 0,
      ports: [],
      constraints: [],
      since: undefined,
    }),
  });
  const queue = (...pages: object[][]) => {
    const aws = answered(({ operation }) =>
      operation === 'sqs:ReceiveMessage' ? { Messages: pages.shift() ?? [] } : {},
    );
    return {
      ...aws,
      queue: createDemandQueue(aws.call, 'https://q', ({ group }) => group === 'workers', clock),
    };
  };

  test('is read until it is empty, each message once, and emptied', async () => {
    const { queue: read, asked } = queue(
      [message('a', 'workers')],
      [message('b', 'workers'), message('a', 'workers')],
    );
    const { received } = await read.read(0, false);
    assert.deepEqual(
      received.map(({ demand }) => demand.key),
      ['a', 'b'],
    );
    assert.equal(asked.filter(({ operation }) => operation === 'sqs:DeleteMessageBatch').length, 2);
  });

  test('is as old as SQS says, however wrong the clock of this host is', async () => {
    const sent = (id: string, SentTimestamp: string) => ({
      ...message(id, 'workers'),
      Attributes: { SentTimestamp, ApproximateFirstReceiveTimestamp: '45000' },
    });
    const { queue: read } = queue([sent('old', '5000'), sent('new', '44000')]);
    const { received } = await read.read(0, false);
    assert.deepEqual(
      received.map(({ sentAt }) => clock.now() - sentAt),
      [40_000, 1_000],
      'on a host whose clock is a minute ahead no job is launched for',
    );
  });

  test('is never asked without a wait: SQS would ask some of its servers only', async () => {
    const { queue: read, asked } = queue([message('a', 'workers')]);
    await read.read(0, false);
    const waits = asked.flatMap(({ operation, input }) =>
      operation === 'sqs:ReceiveMessage' ? [input.WaitTimeSeconds] : [],
    );
    assert.deepEqual(waits, [1, 1]);
  });

  test('that has no end is read for a while, and is known to be cut off', async () => {
    let sent = 0;
    const { call } = answered(({ operation }) =>
      operation === 'sqs:ReceiveMessage'
        ? { Messages: Array.from({ length: 10 }, () => message(`m-${sent++}`, 'workers')) }
        : {},
    );
    const read = await createDemandQueue(call, 'https://queue', () => true, clock).read(0, false);
    assert.ok(read.isCutOff, 'instances are removed for which jobs wait that nobody has read');
    assert.equal(read.received.length, 6_000);
  });

  test('that ends is known to be whole', async () => {
    const { queue: read } = queue([message('a', 'workers')]);
    assert.equal((await read.read(0, false)).isCutOff, false);
  });

  test('is left as it is by who only looks', async () => {
    const { queue: read, asked } = queue([message('a', 'workers')]);
    await read.read(0, true);
    assert.ok(asked.every(({ operation }) => operation === 'sqs:ReceiveMessage'));
  });

  test('says what it could not use', async () => {
    const { queue: read } = queue([{ ...message('a', 'workers'), Body: '{}' }, message('b', 'others')]);
    const { received, unreadable } = await read.read(0, false);
    assert.deepEqual(received, []);
    assert.deepEqual(unreadable, [
      'cluster is missing; it must be the name or ARN of a cluster',
      'it is for cluster batch, group others: each group needs a queue of its own',
    ]);
  });
});

describe('what an empty group will launch', () => {
  test('is the least of each that the types of a mixed instances policy have', async () => {
    const source = launchSourceOf({
      MixedInstancesPolicy: {
        LaunchTemplate: {
          LaunchTemplateSpecification: { LaunchTemplateId: 'lt-1', Version: '3' },
          Overrides: [{ InstanceType: 'm6i.large' }, { InstanceType: 'c6i.xlarge' }],
        },
      },
    } as never);
    assert.ok(source);
    const { call } = answered(() => ({
      InstanceTypes: [
        {
          VCpuInfo: { DefaultVCpus: 2 },
          MemoryInfo: { SizeInMiB: 10_000 },
          NetworkInfo: { MaximumNetworkInterfaces: 4 },
        },
        {
          VCpuInfo: { DefaultVCpus: 4 },
          MemoryInfo: { SizeInMiB: 8_000 },
          NetworkInfo: { MaximumNetworkInterfaces: 3 },
        },
      ],
    }));
    assert.deepEqual(
      (await guessFresh(call, source))?.total,
      { cpu: 2_048, memory: 7_600, gpu: 0, networkInterfaces: 2 },
      "the first network interface is the instance's own",
    );
  });
});

describe('the tag of a cordon', () => {
  test('is read as it was written', () => {
    const text = cordonText('ecs-scaler', 1_795_000_000_000, 1_795_000_900_000);
    assert.equal(text, 'ecs-scaler since 2026-11-18T11:06:40.000Z until 2026-11-18T11:21:40.000Z');
    assert.deepEqual(readCordon(text), {
      kind: 'read',
      by: 'ecs-scaler',
      since: 1_795_000_000_000,
      until: 1_795_000_900_000,
    });
  });

  for (const text of ['', 'somebody', 'x since now until later', 'x since 2026-11-18T11:06:40.000Z']) {
    test(`${JSON.stringify(text)} is nobody's: it is left to a person`, () => {
      assert.equal(readCordon(text).kind, 'unreadable');
    });
  }
});
