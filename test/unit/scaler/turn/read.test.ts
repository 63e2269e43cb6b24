import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../../../src/aws/call.ts';
import { AwsError } from '../../../../src/aws/errors.ts';
import { createDaemonReader } from '../../../../src/scaler/aws/daemons.ts';
import { createInterfaceReader } from '../../../../src/scaler/aws/network-interfaces.ts';
import type { Operations } from '../../../../src/scaler/aws/operations.ts';
import { createDefinitionReader } from '../../../../src/scaler/aws/task-definitions.ts';
import { createTaskReader } from '../../../../src/scaler/aws/tasks.ts';
import { defaultConfig, noHistory, type Snapshot } from '../../../../src/scaler/plan/model.ts';
import { plan } from '../../../../src/scaler/plan/plan.ts';
import { countInterfaces } from '../../../../src/scaler/turn/interfaces.ts';
import { emptyMemory } from '../../../../src/scaler/turn/memory.ts';
import { readSnapshot, type SnapshotRead } from '../../../../src/scaler/turn/read.ts';
import { createVirtualClock } from '../../../support/virtual-clock.ts';
import { jobs, MIN, NOW } from '../plan/clusters.ts';

type World = {
  readonly tasks?: readonly object[];
  /** What other calls answer, or fail with. */
  readonly more?: Readonly<Record<string, object>>;
  /** The status of the one container instance; undefined: there is none. */
  readonly status?: string | undefined;
  /** Of that instance. */
  readonly attributes?: readonly object[];
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
async function snapshotOf(world: World): Promise<Snapshot> {
  return (await readOf(world)).snapshot;
}

async function readOf(world: World): Promise<SnapshotRead & { kind: 'read' }> {
  const read = await tried(world);
  assert.ok(read.kind === 'read');
  return read;
}

async function tried({ tasks = [], status, attributes = [], more = {} }: World): Promise<SnapshotRead> {
  const instance = {
    containerInstanceArn: 'ci-1',
    ec2InstanceId: 'i-1',
    status,
    agentConnected: true,
    registeredAt: new Date(NOW - 30 * MIN),
    runningTasksCount: 0,
    pendingTasksCount: 0,
    registeredResources: [
      { name: 'CPU', integerValue: 4_096 },
      { name: 'MEMORY', integerValue: 8_192 },
    ],
    remainingResources: [],
    attributes,
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
    'ecs:DescribeTaskDefinition': {
      taskDefinition: { containerDefinitions: [{ cpu: 256, memory: 1_024, memoryReservation: 512 }] },
    },
    'ecs:ListServices': { serviceArns: [] },
    ...more,
  };
  const call = (async (operation: string) => {
    const answer = answers[operation] ?? {};
    if (answer instanceof Error) throw answer;
    return answer;
  }) as unknown as Caller<Operations>;
  const clock = createVirtualClock(NOW);
  const definitions = createDefinitionReader(call);
  const ports = {
    call,
    region: 'eu-west-1',
    cluster: 'batch',
    group: 'workers',
    tasks: createTaskReader(call, 'batch'),
    daemons: createDaemonReader(call, 'batch', definitions, clock),
    definitions,
    interfaces: createInterfaceReader(call),
    queue: undefined,
    clock,
    config: defaultConfig,
  };
  return await readSnapshot(ports, emptyMemory, 0, false);
}

describe('of a group that counts its sizes in something else than instances', () => {
  const inGroup = async (more: object) => {
    const sizes = { MinSize: 0, MaxSize: 40, DesiredCapacity: 40, Instances: [] };
    const AutoScalingGroups = [{ AutoScalingGroupName: 'workers', ...sizes, ...more }];
    return await tried({ more: { 'autoscaling:DescribeAutoScalingGroups': { AutoScalingGroups } } });
  };
  const overrides = (...weights: (string | undefined)[]) => ({
    MixedInstancesPolicy: {
      LaunchTemplate: { Overrides: weights.map((WeightedCapacity) => ({ WeightedCapacity })) },
    },
  });

  for (const [name, more] of [
    ['weights', overrides('4', '8')],
    ['vCPUs', { DesiredCapacityType: 'vcpu' }],
  ] as const)
    test(`there is no plan: ${name} would be taken for instances that come, and jobs wait for them`, async () => {
      const read = await inGroup(more);
      assert.ok(read.kind === 'nothing-there');
      assert.match(read.what, /group workers counts its sizes in .*, and ecs-scaler counts instances/);
    });

  for (const [name, more] of [
    ['a weight of one each', overrides('1', undefined)],
    ['units', { DesiredCapacityType: 'units' }],
  ] as const)
    test(`${name} are instances`, async () => assert.equal((await inGroup(more)).kind, 'read'));
});

describe('of the tasks in PROVISIONING', () => {
  test("those of this group's capacity providers wait for its instances", async () => {
    const tasks = [waitingTask('t-1', { capacityProviderName: 'own' })];
    assert.deepEqual(
      (await snapshotOf({ tasks })).demand.map(({ key }) => key),
      ['t-1'],
    );
  });

  test('what they take is read from their definition: GPUs, ports, and where they may be placed', async () => {
    const expression = 'attribute:ecs.instance-type =~ g5.*';
    const definition = {
      networkMode: 'bridge',
      placementConstraints: [{ type: 'memberOf', expression }],
      containerDefinitions: [
        {
          resourceRequirements: [{ type: 'GPU', value: '2' }],
          portMappings: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }],
        },
        { portMappings: [{ containerPort: 53, hostPort: 53, protocol: 'udp' }] },
      ],
    };
    const more = { 'ecs:DescribeTaskDefinition': { taskDefinition: definition } };
    const tasks = [waitingTask('t-1', { capacityProviderName: 'own' })];
    assert.deepEqual((await snapshotOf({ tasks, more })).demand, [
      {
        key: 't-1',
        since: undefined,
        cpu: 1_024,
        memory: 0,
        gpu: 2,
        networkInterfaces: 0,
        ports: ['8080/tcp', '53/udp'],
        constraints: [{ kind: 'member-of', expression }],
        inGroupOnly: true,
      },
    ]);
    const overrides = { containerOverrides: [{ resourceRequirements: [{ type: 'GPU', value: '4' }] }] };
    const overridden = [waitingTask('t-1', { capacityProviderName: 'own', overrides })];
    assert.equal((await snapshotOf({ tasks: overridden, more })).demand[0]?.gpu, 4);
  });

  test('those are demand too whose definition cannot be read', async () => {
    const refused = new AwsError('ecs:DescribeTaskDefinition', 'permission', 'AccessDenied', 'not allowed');
    const tasks = [waitingTask('t-1', { capacityProviderName: 'own' })];
    const read = await readOf({ tasks, more: { 'ecs:DescribeTaskDefinition': refused } });
    assert.equal(read.snapshot.demand.length, 1, 'nothing is launched for it, and it waits for ever');
    assert.match(
      read.warnings.join(),
      /GPUs, network interfaces, ports and constraints .* are not known: not allowed/,
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

describe('network interfaces', () => {
  const definition = { networkMode: 'awsvpc', containerDefinitions: [{ cpu: 256, memory: 512 }] };
  const type = { InstanceType: 'm5.large', NetworkInfo: { MaximumNetworkInterfaces: 3 } };
  const more = {
    'ecs:DescribeTaskDefinition': { taskDefinition: definition },
    'ec2:DescribeInstanceTypes': { InstanceTypes: [type] },
  };
  const runs = (taskArn: string, kind = 'ElasticNetworkInterface', lastStatus = 'RUNNING') => ({
    taskArn,
    containerInstanceArn: 'ci-1',
    lastStatus,
    attachments: [{ type: kind }],
  });
  const tasks = [
    waitingTask('t-1', { capacityProviderName: 'own' }),
    runs('t-2'),
    runs('t-3', 'ServiceConnect'),
    runs('t-4', 'ElasticNetworkInterface', 'STOPPED'),
  ];
  const attributes = [{ name: 'ecs.instance-type', value: 'm5.large' }];
  const left = ({ containerInstances: [one] }: Snapshot) => one?.remaining.networkInterfaces;

  test('are those of the type, without the first one and those that tasks have', async () => {
    const snapshot = await snapshotOf({ status: 'ACTIVE', attributes, tasks, more });
    assert.equal(snapshot.demand[0]?.networkInterfaces, 1, 'the task waits in vain for one');
    assert.equal(left(snapshot), 1);
    assert.equal(snapshot.fresh?.total.networkInterfaces, 2);
  });

  test('are as many as one may ask for with ENI trunking: EC2 does not say how many', async () => {
    const trunk = [...attributes, { name: 'ecs.awsvpc-trunk-id', value: 'eni-1' }];
    const snapshot = await snapshotOf({ status: 'ACTIVE', attributes: trunk, tasks, more });
    assert.equal(left(snapshot), Infinity, 'instances are launched although there is room');
    assert.equal(snapshot.fresh?.total.networkInterfaces, Infinity);
  });

  test('are not counted where EC2 does not say how many there can be, and that is said', async () => {
    const refused = new AwsError('ec2:DescribeInstanceTypes', 'permission', 'AccessDenied', 'not allowed');
    const read = await readOf({
      status: 'ACTIVE',
      attributes,
      tasks,
      more: { ...more, 'ec2:DescribeInstanceTypes': refused },
    });
    assert.equal(left(read.snapshot), Infinity);
    assert.match(read.warnings.join(), /network interfaces .* none is counted: not allowed/);
  });

  test('are not asked about while no task waits for one', async () => {
    const refused = new AwsError('ec2:DescribeInstanceTypes', 'permission', 'AccessDenied', 'not allowed');
    const { warnings } = await readOf({
      status: 'ACTIVE',
      attributes,
      tasks: [runs('t-2')],
      more: { 'ec2:DescribeInstanceTypes': refused },
    });
    assert.deepEqual(warnings, []);
  });

  test('of an instance that has gone are counted for the next one, also where its turn did not ask', async () => {
    const reader = createInterfaceReader((async () => ({ InstanceTypes: [type] })) as never);
    const total = { cpu: 2_048, memory: 4_096, gpu: 0, networkInterfaces: Infinity };
    const before = { instanceType: 'm5.large', total, portsInUse: [], attributes: {} };
    const waiting = jobs(1, { networkInterfaces: 1 });
    const known = { containerInstances: [], tasks: [], daemons: [], jobs: waiting, before };
    const counted = await countInterfaces(reader, known, defaultConfig);
    assert.equal(
      counted.before?.total.networkInterfaces,
      2,
      'one instance is launched where each takes two of the jobs, and the others wait for its boot',
    );
  });

  test('of a type are asked about once', async () => {
    const asked: unknown[] = [];
    const reader = createInterfaceReader((async (_: string, input: object) => {
      asked.push(input);
      return { InstanceTypes: [type] };
    }) as never);
    assert.deepEqual([...(await reader(['m5.large', 'm5.large', '']))], [['m5.large', 2]]);
    await reader(['m5.large']);
    assert.deepEqual(asked, [{ InstanceTypes: ['m5.large'] }]);
  });
});

for (const status of ['REGISTERING', 'REGISTRATION_FAILED', 'DEREGISTERING']) {
  test(`an instance that is ${status} long after its launch is broken: jobs would wait for it for ever`, async () => {
    const made = plan(await snapshotOf({ status }), noHistory, defaultConfig);
    assert.equal(made.reasons.instances[0]?.why.kind, 'broken');
  });
}

describe('a task that a service has started', () => {
  const task = (startedBy: string) => ({
    taskArn: 't-1',
    containerInstanceArn: 'ci-1',
    group: 'service:monitor',
    lastStatus: 'RUNNING',
    cpu: '256',
    memory: '512',
    startedBy,
  });
  const daemons = (more: object = {}) => ({
    'ecs:ListServices': { serviceArns: ['arn:monitor'] },
    'ecs:DescribeServices': {
      services: [{ schedulingStrategy: 'DAEMON', deployments: [{ id: 'ecs-svc/1' }], ...more }],
    },
  });
  const seen = (startedBy: string, more: Readonly<Record<string, object>>) =>
    snapshotOf({ status: 'ACTIVE', tasks: [task(startedBy)], more });

  test('is a daemon where its service puts one on each instance, and takes from each new one', async () => {
    const { tasks, fresh } = await seen('ecs-svc/1', daemons());
    assert.equal(tasks[0]?.kind, 'daemon');
    assert.deepEqual(
      fresh?.total,
      { cpu: 3_840, memory: 7_680, gpu: 0, networkInterfaces: Infinity },
      'jobs are packed where a daemon runs',
    );
  });

  test('takes nothing from a new instance where it has no task by its constraint', async () => {
    const expression = 'attribute:ecs.os-type == windows';
    const more = daemons({ placementConstraints: [{ type: 'memberOf', expression }] });
    const attributes = [{ name: 'ecs.os-type', value: 'linux' }];
    const windows = await snapshotOf({ status: 'ACTIVE', more, attributes });
    assert.equal(windows.fresh?.total.cpu, 4_096);
  });

  for (const [what, startedBy, more] of [
    ['of any other kind', 'ecs-svc/1', daemons({ schedulingStrategy: 'REPLICA' })],
    ['of an earlier service of that name', 'ecs-svc/0', daemons()],
    ['that is no daemon service', 'ecs-svc/1', {}],
  ] as const)
    test(`is no daemon where it is ${what}`, async () => {
      const { tasks } = await seen(startedBy, more);
      assert.equal(tasks[0]?.kind, 'service', 'its instance would count as empty');
    });

  test('is taken for any task while its service cannot be read, and that is said', async () => {
    const refused = new AwsError('ecs:ListServices', 'permission', 'AccessDenied', 'not allowed');
    const more = { 'ecs:ListServices': refused };
    const read = await readOf({ status: 'ACTIVE', tasks: [task('ecs-svc/1')], more });
    assert.equal(read.snapshot.tasks[0]?.kind, 'service');
    assert.match(
      read.warnings.join(),
      /which tasks are of daemon services is not known for certain.*: not allowed/,
    );
  });

  describe('takes from each new one while its service is listed and not described', () => {
    const refused = new AwsError('ecs:DescribeServices', 'permission', 'AccessDenied', 'not allowed');
    const listed = (name: string) => ({
      'ecs:ListServices': { serviceArns: [`arn:aws:ecs:eu-west-1:1:service/batch/${name}`] },
      'ecs:DescribeServices': refused,
    });
    const cpuOf = async (on: string, name: string) => {
      const tasks = [{ ...task('ecs-svc/1'), containerInstanceArn: on }];
      const read = await snapshotOf({ status: 'ACTIVE', tasks, more: listed(name) });
      assert.equal(
        read.tasks[0]?.kind,
        'service',
        'an instance would go with a task that is no daemon for certain',
      );
      return read.fresh?.total.cpu;
    };

    test('by its task on an instance of the group', async () =>
      assert.equal(
        await cpuOf('ci-1', 'monitor'),
        3_840,
        'instances are launched one after the other for a job that does not fit beside the daemon',
      ));

    for (const [what, on, name] of [
      ['a task on an instance of another group', 'ci-2', 'monitor'],
      ['a task of another service', 'ci-1', 'web'],
    ] as const)
      test(`and not by ${what}`, async () =>
        assert.equal(await cpuOf(on, name), 4_096, 'nothing is launched for a job that fits'));
  });

  test('is asked about once a minute, also where the answer was an error', async () => {
    const clock = createVirtualClock(NOW);
    let asked = 0;
    const call = (async () => {
      asked++;
      throw new AwsError('ecs:ListServices', 'transient', 'TimeoutError', 'no answer in 10000 ms');
    }) as unknown as Caller<Operations>;
    const daemons = createDaemonReader(call, 'batch', createDefinitionReader(call), clock);
    await daemons();
    const { warnings } = await daemons();
    assert.equal(asked, 1, 'every turn waits for ECS to say nothing');
    assert.equal(warnings.length, 1);
    clock.at(NOW + 60_000, () => {});
    clock.step();
    await daemons();
    assert.equal(asked, 2);
  });
});
