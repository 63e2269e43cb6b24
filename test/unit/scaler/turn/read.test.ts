import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../../../src/aws/call.ts';
import type { Operations } from '../../../../src/scaler/aws/operations.ts';
import { createTaskReader } from '../../../../src/scaler/aws/tasks.ts';
import { defaultConfig, noHistory, type Snapshot } from '../../../../src/scaler/plan/model.ts';
import { plan } from '../../../../src/scaler/plan/plan.ts';
import { emptyMemory } from '../../../../src/scaler/turn/memory.ts';
import { readSnapshot } from '../../../../src/scaler/turn/read.ts';
import { createVirtualClock } from '../../../support/virtual-clock.ts';
import { MIN, NOW } from '../plan/clusters.ts';

type World = {
  readonly tasks?: readonly object[];
  /** The status of the one container instance; undefined: there is none. */
  readonly status?: string;
};

const provider = (name: string, group: string) => ({
  name,
  autoScalingGroupProvider: {
    autoScalingGroupArn: `arn:aws:autoscaling:eu-west-1:1:autoScalingGroup:u:autoScalingGroupName/${group}`,
    managedScaling: { status: 'DISABLED' },
  },
});

const waitingTask = (taskArn: string, more: object) => ({
  taskArn,
  lastStatus: 'PROVISIONING',
  cpu: '1024',
  ...more,
});

/** What a turn sees of a cluster with two groups, of which `workers` is its own. */
async function snapshotOf({ tasks = [], status }: World): Promise<Snapshot> {
  const instance = {
    containerInstanceArn: 'ci-1',
    ec2InstanceId: 'i-1',
    status,
    agentConnected: true,
    registeredAt: new Date(NOW - 30 * MIN),
    runningTasksCount: 0,
    pendingTasksCount: 0,
    remainingResources: [],
  };
  const member = { InstanceId: 'i-1', LifecycleState: 'InService', AvailabilityZone: 'eu-west-1a' };
  const answers: Readonly<Record<string, object>> = {
    'ecs:DescribeClusters': {
      clusters: [{ status: 'ACTIVE', capacityProviders: ['own', 'other', 'FARGATE'] }],
    },
    'ecs:DescribeCapacityProviders': {
      capacityProviders: [provider('own', 'workers'), provider('other', 'others')],
    },
    'autoscaling:DescribeAutoScalingGroups': {
      AutoScalingGroups: [
        {
          AutoScalingGroupName: 'workers',
          MinSize: 0,
          MaxSize: 5,
          DesiredCapacity: status ? 1 : 0,
          Instances: status ? [member] : [],
        },
      ],
    },
    'ecs:ListContainerInstances': { containerInstanceArns: status ? ['ci-1'] : [] },
    'ecs:DescribeContainerInstances': { containerInstances: [instance] },
    'ecs:ListTasks': { taskArns: tasks.map((task) => 'taskArn' in task && task.taskArn) },
    'ecs:DescribeTasks': { tasks },
    'ec2:DescribeInstances': {
      Reservations: [{ Instances: [{ InstanceId: 'i-1', LaunchTime: new Date(NOW - 30 * MIN) }] }],
    },
  };
  const call = (async (operation: string) => answers[operation] ?? {}) as unknown as Caller<Operations>;
  const ports = {
    call,
    cluster: 'batch',
    group: 'workers',
    tasks: createTaskReader(call, 'batch'),
    queue: undefined,
    clock: createVirtualClock(NOW),
    config: defaultConfig,
  };
  const read = await readSnapshot(ports, emptyMemory, 0, false);
  assert.ok(read.kind === 'read');
  return read.snapshot;
}

describe('of the tasks in PROVISIONING', () => {
  test("those of this group's capacity providers wait for its instances", async () => {
    const tasks = [waitingTask('t-1', { capacityProviderName: 'own' })];
    assert.deepEqual(
      (await snapshotOf({ tasks })).demand.map(({ key }) => key),
      ['t-1'],
    );
  });

  test('those of Fargate, and of other groups, are no demand: instances would be launched for nothing', async () => {
    const tasks = [
      waitingTask('t-1', { launchType: 'FARGATE' }),
      waitingTask('t-2', { launchType: 'FARGATE', capacityProviderName: 'FARGATE' }),
      waitingTask('t-3', { launchType: 'EC2', capacityProviderName: 'other' }),
    ];
    assert.deepEqual((await snapshotOf({ tasks })).demand, []);
  });
});

for (const status of ['REGISTERING', 'REGISTRATION_FAILED', 'DEREGISTERING']) {
  test(`an instance that is ${status} long after its launch is broken: jobs would wait for it for ever`, async () => {
    const made = plan(await snapshotOf({ status }), noHistory, defaultConfig);
    assert.equal(made.reasons.instances[0]?.why.kind, 'broken');
  });
}
