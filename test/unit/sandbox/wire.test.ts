import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createFleet, type Fleet } from '../../../src/sandbox/fleet.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/start.ts';
import { addCapacityProvider } from '../../../src/sandbox/world/capacity-providers.ts';
import { operations, type WorldInput, type WorldOperation } from '../../../src/sandbox/world/handlers.ts';
import { createVirtualClock, START } from '../../support/virtual-clock.ts';
import { createSdk, type Sdk } from './sdk.ts';

// The same calls go to two Worlds: one by way of the real SDK and its wire protocol, one directly. What comes
// back must be the same to the last member, dates and empty lists too. What is right is for the World's own tests.

type Step = { [O in WorldOperation]: [O, WorldInput<O>] }[WorldOperation];

const demand = { QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/111122223333/demand' };
const tagged = 'arn:aws:ecs:eu-west-1:111122223333:container-instance/web/$first';
const first = 'i-00000000000000001';
const second = 'i-00000000000000002';

const needed = [{ Name: 'Group', Value: 'workers' }];
const neededQuery = {
  Id: 'a',
  MetricStat: {
    Metric: { Namespace: 'jobs', MetricName: 'Needed', Dimensions: needed },
    Period: 60,
    Stat: 'Maximum',
  },
};
const lastHour = { StartTime: new Date(START - 3_600_000), EndTime: new Date(START + 3_600_000) };

const script: Step[] = [
  ['sqs:CreateQueue', { QueueName: 'demand', Attributes: { VisibilityTimeout: '60' } }],
  ['sqs:CreateQueue', { QueueName: 'demand', Attributes: { VisibilityTimeout: '61' } }],
  ['sqs:GetQueueUrl', { QueueName: 'demand' }],
  ['sqs:GetQueueUrl', { QueueName: 'nothing' }],
  ['sqs:SendMessage', { ...demand, MessageBody: '{"key": "é <&>"}' }],
  [
    'sqs:SendMessage',
    { ...demand, MessageBody: 'two', MessageAttributes: { a: { DataType: 'String', StringValue: 'b' } } },
  ],
  [
    'sqs:ReceiveMessage',
    {
      ...demand,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    },
  ],
  ['sqs:ReceiveMessage', demand],
  ['sqs:ReceiveMessage', { ...demand, MaxNumberOfMessages: 11 }],
  ['sqs:ChangeMessageVisibility', { ...demand, ReceiptHandle: '$receipt', VisibilityTimeout: 0 }],
  ['sqs:ChangeMessageVisibility', { ...demand, ReceiptHandle: 'nonsense', VisibilityTimeout: 0 }],
  ['sqs:GetQueueAttributes', { ...demand, AttributeNames: ['All'] }],
  ['sqs:DeleteMessage', { ...demand, ReceiptHandle: '$receipt' }],
  ['sqs:DeleteMessage', { ...demand, ReceiptHandle: 'nonsense' }],
  [
    'sqs:DeleteMessageBatch',
    {
      ...demand,
      Entries: [
        { Id: '1', ReceiptHandle: '$receipt' },
        { Id: '2', ReceiptHandle: 'nonsense' },
      ],
    },
  ],
  ['sqs:DeleteMessageBatch', { ...demand, Entries: [] }],

  ['ec2:CreateTags', { Resources: [first, second], Tags: [{ Key: 'a:b', Value: '<&"\'> é \u00a0' }] }],
  ['ec2:CreateTags', { Resources: [first], Tags: [{ Key: 'empty', Value: '' }] }],
  [
    'ec2:DescribeTags',
    {
      Filters: [
        { Name: 'resource-id', Values: [first, second] },
        { Name: 'key', Values: ['a:*', 'empty'] },
      ],
    },
  ],
  ['ec2:DescribeTags', { Filters: [{ Name: 'key', Values: ['nothing'] }] }],
  ['ec2:DeleteTags', { Resources: [first], Tags: [{ Key: 'empty' }] }],
  ['ec2:DescribeInstances', { InstanceIds: [first] }],
  ['ec2:DescribeInstances', {}],
  ['ec2:DescribeInstances', { InstanceIds: ['i-0000000000000000f'] }],
  ['ec2:DescribeInstances', { MaxResults: 3 }],

  [
    'ec2:CreateLaunchTemplate',
    { LaunchTemplateName: 'gpu', LaunchTemplateData: { InstanceType: 'g5.xlarge' } },
  ],
  [
    'ec2:CreateLaunchTemplate',
    {
      LaunchTemplateName: 'by-need',
      LaunchTemplateData: {
        InstanceRequirements: { VCpuCount: { Min: 2, Max: 8 }, MemoryMiB: { Min: 4096 } },
      },
    },
  ],
  ['ec2:DescribeLaunchTemplateVersions', { LaunchTemplateName: 'gpu', Versions: ['$Latest'] }],
  ['ec2:DescribeLaunchTemplateVersions', { LaunchTemplateName: 'by-need' }],
  ['ec2:DescribeLaunchTemplateVersions', { LaunchTemplateId: 'lt-0' }],
  ['ec2:DescribeInstanceTypes', { InstanceTypes: ['m6i.large', 'g5.xlarge'] }],
  ['ec2:DescribeInstanceTypes', { InstanceTypes: ['x9.huge' as 'm6i.large'] }],
  ['ec2:DescribeSubnets', { SubnetIds: ['subnet-0a', 'subnet-0b'] }],
  ['ec2:DescribeSubnets', { SubnetIds: ['subnet-0'] }],
  [
    'autoscaling:CreateAutoScalingGroup',
    {
      AutoScalingGroupName: 'mixed',
      MinSize: 0,
      MaxSize: 3,
      AvailabilityZones: ['eu-west-1a'],
      MixedInstancesPolicy: {
        LaunchTemplate: {
          LaunchTemplateSpecification: { LaunchTemplateName: 'gpu', Version: '1' },
          Overrides: [{ InstanceType: 'm6i.large' }, { InstanceType: 'm6i.xlarge' }],
        },
        InstancesDistribution: { OnDemandBaseCapacity: 1, OnDemandPercentageAboveBaseCapacity: 50 },
      },
    },
  ],
  ['autoscaling:LaunchInstances', { AutoScalingGroupName: 'mixed', RequestedCapacity: 1 }],

  ['ecs:CreateCluster', { clusterName: 'other' }],
  ['ecs:DescribeCapacityProviders', { capacityProviders: ['workers', 'nothing'] }],
  ['ecs:ListClusters', {}],
  ['ecs:DescribeClusters', { clusters: ['web', 'nowhere'] }],
  ['ecs:ListContainerInstances', { cluster: 'web', filter: `ec2InstanceId == ${first}` }],
  ['ecs:ListContainerInstances', { cluster: 'web', maxResults: 1 }],
  ['ecs:DescribeContainerInstances', { cluster: 'web', containerInstances: ['$first', 'nowhere'] }],
  ['ecs:DescribeContainerInstances', { cluster: 'web', containerInstances: [] }],
  ['ecs:TagResource', { resourceArn: tagged, tags: [{ key: 'a:b', value: '' }] }],
  ['ecs:TagResource', { resourceArn: tagged, tags: [{ key: 'team', value: 'batch 1' }] }],
  ['ecs:TagResource', { resourceArn: tagged, tags: [{ key: 'aws:team', value: 'x' }] }],
  ['ecs:TagResource', { resourceArn: `${tagged}0`, tags: [{ key: 'team', value: 'x' }] }],
  ['ecs:UntagResource', { resourceArn: tagged, tagKeys: ['a:b', 'nothing'] }],
  ['ecs:UntagResource', { resourceArn: 'web', tagKeys: ['a:b'] }],
  ['ecs:DescribeContainerInstances', { cluster: 'web', containerInstances: ['$first'], include: ['TAGS'] }],
  [
    'ecs:RegisterTaskDefinition',
    {
      family: 'web',
      containerDefinitions: [{ name: 'app', image: 'nginx', cpu: 100, memory: 200, stopTimeout: 60 }],
    },
  ],
  ['ecs:DescribeTaskDefinition', { taskDefinition: 'web' }],
  ['ecs:RunTask', { cluster: 'web', taskDefinition: 'web', count: 3, startedBy: 'me' }],
  ['ecs:StartTask', { cluster: 'web', taskDefinition: 'web', containerInstances: ['$first', 'nowhere'] }],
  ['ecs:CreateService', { cluster: 'web', serviceName: 'site', taskDefinition: 'web:1', desiredCount: 1 }],
  ['ecs:UpdateService', { cluster: 'web', service: 'site', desiredCount: 2 }],
  ['ecs:ListServices', { cluster: 'web' }],
  ['ecs:ListTasks', { cluster: 'web' }],
  ['ecs:ListTasks', { cluster: 'web', containerInstance: '$first', maxResults: 1 }],
  ['ecs:ListTasks', { cluster: 'nowhere' }],
  ['ecs:DescribeTasks', { cluster: 'web', tasks: ['$task', 'nowhere'] }],
  ['ecs:GetTaskProtection', { cluster: 'web', tasks: ['$task'] }],
  ['ecs:UpdateTaskProtection', { cluster: 'web', tasks: ['$task'], protectionEnabled: true }],
  ['ecs:StopTask', { cluster: 'web', task: '$task', reason: 'a test' }],
  ['ecs:StopTask', { cluster: 'web', task: 'nowhere' }],
  [
    'ecs:UpdateContainerInstancesState',
    { cluster: 'web', containerInstances: ['$first'], status: 'DRAINING' },
  ],
  ['ecs:DescribeServices', { cluster: 'web', services: ['site', 'nowhere'] }],
  ['ecs:DeleteService', { cluster: 'web', service: 'site', force: true }],
  ['ecs:DeregisterContainerInstance', { cluster: 'web', containerInstance: '$first' }],
  ['ecs:DeregisterContainerInstance', { cluster: 'web', containerInstance: '$second' }],
  ['ecs:DeregisterTaskDefinition', { taskDefinition: 'web:1' }],

  [
    'autoscaling:CreateAutoScalingGroup',
    {
      AutoScalingGroupName: 'new',
      MinSize: 0,
      MaxSize: 3,
      InstanceLifecyclePolicy: { RetentionTriggers: { TerminateHookAbandon: 'retain' } },
      LifecycleHookSpecificationList: [
        { LifecycleHookName: 'late', LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING' },
      ],
    },
  ],
  ['autoscaling:UpdateAutoScalingGroup', { AutoScalingGroupName: 'new', MaxSize: 4 }],
  ['autoscaling:DescribeAutoScalingGroups', {}],
  ['autoscaling:DescribeAutoScalingGroups', { AutoScalingGroupNames: ['web-asg'], MaxRecords: 1 }],
  ['autoscaling:DescribeAutoScalingInstances', { InstanceIds: [first] }],
  ['autoscaling:DescribeAutoScalingInstances', { InstanceIds: ['i-0000000000000000f'] }],
  [
    'autoscaling:PutLifecycleHook',
    {
      AutoScalingGroupName: 'web-asg',
      LifecycleHookName: 'drain',
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      HeartbeatTimeout: 300,
      DefaultResult: 'CONTINUE',
      NotificationMetadata: '{"a": "<b>"}',
    },
  ],
  [
    'autoscaling:PutLifecycleHook',
    { AutoScalingGroupName: 'web-asg', LifecycleHookName: 'drain', HeartbeatTimeout: 5 },
  ],
  ['autoscaling:DescribeLifecycleHooks', { AutoScalingGroupName: 'web-asg' }],
  ['autoscaling:DescribeLifecycleHooks', { AutoScalingGroupName: 'nowhere' }],
  ['autoscaling:EnterStandby', standby(second)],
  ['autoscaling:ExitStandby', { AutoScalingGroupName: 'web-asg', InstanceIds: [second] }],
  ['autoscaling:DetachInstances', standby(second)],
  [
    'autoscaling:LaunchInstances',
    { AutoScalingGroupName: 'web-asg', RequestedCapacity: 1, AvailabilityZones: ['eu-west-1a'] },
  ],
  [
    'ecs:RegisterTaskDefinition',
    {
      family: 'logging',
      containerDefinitions: [
        {
          name: 'main',
          image: 'busybox',
          memory: 64,
          command: ['echo', 'hello'],
          logConfiguration: {
            logDriver: 'awslogs',
            options: { 'awslogs-group': '/jobs', 'awslogs-stream-prefix': 'x' },
          },
        },
      ],
    },
  ],
  ['logs:GetLogEvents', { logGroupName: '/jobs', logStreamName: 'x/main/none' }],
  [
    'cloudwatch:PutMetricData',
    {
      Namespace: 'jobs',
      MetricData: [{ MetricName: 'Needed', Dimensions: needed, Timestamp: new Date(START), Value: 2.5 }],
    },
  ],
  [
    'cloudwatch:PutMetricData',
    { Namespace: 'jobs', MetricData: [{ MetricName: 'Needed', Value: 2 ** 361 }] },
  ],
  ['cloudwatch:PutMetricData', { Namespace: 'AWS/ECS', MetricData: [{ MetricName: 'x', Value: 1 }] }],
  ['cloudwatch:PutMetricData', { Namespace: '', MetricData: [] }],
  [
    'cloudwatch:GetMetricData',
    { ...lastHour, MetricDataQueries: [neededQuery, { ...neededQuery, Id: 'b' }] },
  ],
  ['cloudwatch:GetMetricData', { ...lastHour, MaxDatapoints: 1, MetricDataQueries: [neededQuery] }],
  ['cloudwatch:GetMetricData', { ...lastHour, NextToken: 'nonsense', MetricDataQueries: [neededQuery] }],
  [
    'cloudwatch:GetMetricData',
    { ...lastHour, EndTime: lastHour.StartTime, MetricDataQueries: [neededQuery] },
  ],
  ['autoscaling:SetDesiredCapacity', { AutoScalingGroupName: 'web-asg', DesiredCapacity: 0 }],
  ['autoscaling:SetDesiredCapacity', { AutoScalingGroupName: 'web-asg', DesiredCapacity: 9999 }],
  ['autoscaling:RecordLifecycleActionHeartbeat', action(first)],
  ['autoscaling:CompleteLifecycleAction', { ...action(first), LifecycleActionResult: 'CONTINUE' }],
  ['autoscaling:CompleteLifecycleAction', { ...action(first), LifecycleActionResult: 'CONTINUE' }],
  ['autoscaling:DescribeScalingActivities', { AutoScalingGroupName: 'web-asg' }],
  [
    'autoscaling:TerminateInstanceInAutoScalingGroup',
    { InstanceId: second, ShouldDecrementDesiredCapacity: true },
  ],
  [
    'autoscaling:TerminateInstanceInAutoScalingGroup',
    { InstanceId: first, ShouldDecrementDesiredCapacity: false },
  ],
  ['autoscaling:DeleteLifecycleHook', { AutoScalingGroupName: 'web-asg', LifecycleHookName: 'drain' }],
  ['ec2:TerminateInstances', { InstanceIds: [second] }],
];

describe('every call gives over the wire what the World answers', () => {
  const clock = createVirtualClock();
  const direct = fleet();
  const wired = fleet();
  let sandbox: Sandbox;
  let sdk: Sdk;

  function fleet(): Fleet {
    const made = createFleet({ clock, timings: { scheduler: 3_600_000 } });
    const { world, cluster, group } = made;
    addCapacityProvider(world, cluster, { name: 'workers', group, scaling: { warmupMs: 60_000 } });
    made.addInstance({ instanceId: first, cpu: 2048, memory: 4096 });
    made.addInstance({ instanceId: second, cpu: 2048, memory: 4096 });
    return made;
  }

  before(async () => {
    sandbox = await startSandbox(wired, { clock });
    sdk = createSdk(sandbox.apiUrl);
  });
  after(async () => {
    sdk.destroy();
    await sandbox.close();
  });

  for (const [index, [operation, input]] of script.entries()) {
    test(`${index} ${operation}`, async () => {
      clock.pass(1000);
      const named = fill(direct, input) as never;
      direct.world.advance(clock.now());
      let expected: unknown;
      try {
        expected = direct.world.call(operation, named);
      } catch (error) {
        const { name, message } = error as Error;
        expected = { failedWith: name, message };
      }
      const actual = await sdk.call(operation, named).catch((error: Error) => ({
        failedWith: error.name,
        message: error.message,
      }));
      assert.deepEqual(plain(actual), plain(expected));
    });
  }

  test('the script calls everything that the World answers', () => {
    const called = new Set<string>(script.map(([operation]) => operation));
    assert.deepEqual(
      Object.keys(operations).filter((name) => !called.has(name)),
      [],
    );
  });
});

function action(InstanceId: string) {
  return { AutoScalingGroupName: 'web-asg', LifecycleHookName: 'drain', InstanceId };
}

function standby(instanceId: string) {
  return { AutoScalingGroupName: 'web-asg', InstanceIds: [instanceId], ShouldDecrementDesiredCapacity: true };
}

const TIMES = new Set(['Timestamp', 'StartTime', 'EndTime']);

/** Puts the ids that only exist at run time in place of `$first`, `$second`, `$task` and `$receipt`. */
function fill({ cluster, world }: Fleet, input: object): object {
  const [a, b] = cluster.containerInstances.keys();
  const [task] = cluster.tasks.keys();
  const [message] = world.messageQueues.get('demand')?.messages ?? [];
  const text = JSON.stringify(input)
    .replaceAll('$first', a ?? '')
    .replaceAll('$second', b ?? '')
    .replaceAll('$task', task ?? '')
    .replaceAll('$receipt', [...(message?.receipts ?? [])][0] ?? '0'.repeat(32));
  return JSON.parse(text, (name, value) => (TIMES.has(name) ? new Date(String(value)) : value)) as object;
}

/** Without members that are undefined, which a wire cannot carry, and without the host that a queue's URL has. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .map(([name, one]) => [name, name === 'QueueUrl' ? new URL(String(one)).pathname : plain(one)]),
  );
}
