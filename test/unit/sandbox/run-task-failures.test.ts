import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFleet } from '../../../src/sandbox/fleet.ts';
import { addCapacityProvider } from '../../../src/sandbox/world/capacity-providers.ts';
import { START } from '../../support/virtual-clock.ts';
import { outcome } from './calls.ts';

type Machine = Parameters<ReturnType<typeof createFleet>['addInstance']>[0];

function scene(definition: object, container: object, machine: Machine = {}) {
  const fleet = createFleet({ now: START, timings: { provisioningTimeout: 60_000 } });
  fleet.addInstance({ cpu: 2048, memory: 4096, ...machine });
  fleet.world.call('ecs:RegisterTaskDefinition', {
    family: 'job',
    containerDefinitions: [{ name: 'main', image: 'busybox', cpu: 128, memory: 128, ...container }],
    ...definition,
  });
  const run = (input: object = {}) =>
    fleet.world.call('ecs:RunTask', { cluster: 'web', taskDefinition: 'job', ...input });
  const reasons = (input: object = {}) => run(input).failures?.map(({ reason }) => reason);
  return { fleet, run, reasons };
}

const subnets = (...ids: string[]) => ({ networkConfiguration: { awsvpcConfiguration: { subnets: ids } } });
const port = (hostPort: number, protocol = 'tcp') => ({
  portMappings: [{ containerPort: 80, hostPort, protocol }],
});

describe('why RunTask starts no task', () => {
  test('RESOURCE:PORTS: a port of the host is bound already, until that task has ended', () => {
    const { fleet, run, reasons } = scene({}, port(8080));
    const [task] = run().tasks ?? [];
    assert.deepEqual(reasons(), ['RESOURCE:PORTS']);
    fleet.world.call('ecs:StopTask', { cluster: 'web', task: task?.taskArn });
    fleet.pass(60_000);
    assert.deepEqual(reasons(), []);
  });
  test('RESOURCE:PORTS: what the host keeps for itself is never free, as UDP it is', () => {
    assert.deepEqual(scene({}, port(22)).reasons(), ['RESOURCE:PORTS']);
    assert.deepEqual(scene({}, port(22, 'udp')).reasons(), []);
    assert.deepEqual(scene({ networkMode: 'host' }, { portMappings: [{ containerPort: 51678 }] }).reasons(), [
      'RESOURCE:PORTS',
    ]);
    const dynamic = scene({}, port(0));
    assert.deepEqual([dynamic.reasons(), dynamic.reasons()], [[], []]);
  });
  test('RESOURCE:GPU: an instance has as many as its type', () => {
    const gpu = { resourceRequirements: [{ type: 'GPU', value: '1' }] };
    assert.deepEqual(scene({}, gpu).reasons(), ['RESOURCE:GPU']);
    const { fleet, reasons } = scene({}, gpu, { instanceType: 'g5.xlarge' });
    const remaining = () => {
      const containerInstances = [...fleet.cluster.containerInstances.keys()];
      const [one] =
        fleet.world.call('ecs:DescribeContainerInstances', { cluster: 'web', containerInstances })
          .containerInstances ?? [];
      return one?.remainingResources?.find(({ name }) => name === 'GPU')?.stringSetValue?.length ?? 0;
    };
    assert.equal(remaining(), 1);
    assert.deepEqual([reasons(), reasons()], [[], ['RESOURCE:GPU']]);
    assert.equal(remaining(), 0);
  });
  test('RESOURCE:ENI: a task of the network mode awsvpc takes an interface of its own', () => {
    const { reasons, run } = scene({ networkMode: 'awsvpc' }, {}, { networkInterfaces: 2 });
    const input = subnets('subnet-a');
    assert.deepEqual([reasons(input), reasons(input)], [[], ['RESOURCE:ENI']]);
    assert.match(
      outcome(() => String(run())),
      /Network Configuration must be provided/,
    );
  });
  test('RESOURCE:ENI: an instance can have as many as its type', () => {
    for (const [instanceType, tasks] of [
      ['t3.micro', 1],
      ['m6i.large', 2],
      ['m6i.xlarge', 3],
    ] as const) {
      const { reasons } = scene({ networkMode: 'awsvpc' }, {}, { instanceType });
      for (let index = 0; index < tasks; index++) assert.deepEqual(reasons(subnets('subnet-a')), []);
      assert.deepEqual(reasons(subnets('subnet-a')), ['RESOURCE:ENI'], instanceType);
    }
  });
  test('a network configuration that does not go with the task definition is refused', () => {
    const bridged = scene({}, {});
    const networked = scene({ networkMode: 'awsvpc' }, {});
    const told = (run: () => unknown) => outcome(() => String(run()));
    assert.match(
      told(() => bridged.run(subnets('subnet-a'))),
      /Network Configuration is not valid for the given networkMode/,
    );
    const withPublicIp = {
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-a'], assignPublicIp: 'ENABLED' } },
    };
    assert.match(
      told(() => networked.run(withPublicIp)),
      /Assign public IP is not supported for this launch type/,
    );
    assert.match(
      told(() => networked.run(subnets(...Array(17).fill('subnet-a')))),
      /at most 16/,
    );
  });
  test('a task shows the subnet of its zone in which it has its network interface', () => {
    const { run } = scene({ networkMode: 'awsvpc' }, {});
    const [attachment] = run(subnets('subnet-b', 'subnet-0a', 'subnet-a')).tasks?.[0]?.attachments ?? [];
    assert.equal(attachment?.type, 'ElasticNetworkInterface');
    assert.deepEqual(attachment?.details?.[0], { name: 'subnetId', value: 'subnet-0a' });
  });
  test('LOCATION: the subnets are in another zone than the instance', () => {
    const { reasons } = scene({ networkMode: 'awsvpc' }, {});
    assert.deepEqual(reasons(subnets('subnet-b', 'subnet-c')), ['LOCATION']);
    assert.deepEqual(reasons(subnets('subnet-b', 'subnet-a')), []);
  });
  test('ATTRIBUTE: the instance cannot do what a parameter of the task definition needs', () => {
    const splunk = { logConfiguration: { logDriver: 'splunk' } };
    assert.deepEqual(scene({}, splunk).reasons(), ['ATTRIBUTE']);
    assert.deepEqual(scene({}, { logConfiguration: { logDriver: 'awslogs' } }).reasons(), []);
    const old = { lacks: ['ecs.capability.task-eni'] };
    assert.deepEqual(scene({ networkMode: 'awsvpc' }, {}, old).reasons(subnets('subnet-a')), ['ATTRIBUTE']);
  });
  test('the placement constraint of the task definition counts as that of the request does', () => {
    const definition = {
      placementConstraints: [{ type: 'memberOf', expression: 'attribute:stack == prod' }],
    };
    assert.deepEqual(scene(definition, {}).reasons(), ['MemberOf placement constraint unsatisfied.']);
    assert.deepEqual(scene(definition, {}, { attributes: { stack: 'prod' } }).reasons(), []);
  });
  test('AGENT: the ECS agent is not connected', () => {
    const { fleet, reasons } = scene({}, {});
    for (const machine of fleet.world.machines.values()) fleet.ecsAgent(machine, 'down');
    assert.deepEqual(reasons(), ['AGENT']);
  });
});

describe('why a capacity provider gives up on a task', () => {
  for (const [what, instances, container, expected] of [
    ['no instance has come', 0, {}, 'EMPTY CAPACITY PROVIDER'],
    ['its instances are full', 1, { cpu: 9000 }, 'RESOURCE:CPU'],
    ['its instances are of another kind', 1, { logConfiguration: { logDriver: 'splunk' } }, 'ATTRIBUTE'],
  ] as const) {
    test(`${what}: ${expected}`, () => {
      const { fleet, run } = scene({}, container, { group: undefined });
      for (let index = 0; index < instances; index++) fleet.addInstance({ cpu: 2048, memory: 4096 });
      addCapacityProvider(fleet.world, fleet.cluster, { name: 'cp', group: fleet.group });
      // What is outside its group is none of its instances.
      const [task] = run({ capacityProviderStrategy: [{ capacityProvider: 'cp' }] }).tasks ?? [];
      assert.equal(task?.lastStatus, 'PROVISIONING');
      fleet.pass(120_000);
      const [ended] =
        fleet.world.call('ecs:DescribeTasks', { cluster: 'web', tasks: [task?.taskArn ?? ''] }).tasks ?? [];
      assert.deepEqual([ended?.stopCode, ended?.stoppedReason], ['TaskFailedToStart', expected]);
    });
  }
});

describe('a task whose host is terminated', () => {
  for (const [what, options, spot, expected] of [
    ['as seen', {}, false, ['TerminationNotice', undefined]],
    ['after a Spot interruption notice', {}, true, ['SpotInterruption', undefined]],
    ['without a stop code', { lostHostCode: 'none' }, false, [undefined, undefined]],
    [
      'its ECS agent told how its container ended',
      { lostHostTellsExitCodes: true },
      false,
      ['TerminationNotice', 5],
    ],
  ] as const) {
    test(`${what}: ${expected.join(' ') || 'nothing'}`, () => {
      const fleet = createFleet({ now: START, ...options });
      const machine = fleet.addInstance();
      const task = fleet.runTask(machine, { sigtermExitCode: 5 });
      if (spot) fleet.interruptSpot(machine);
      fleet.terminate(machine, 'gone');
      fleet.pass(60_000);
      const [ended] =
        fleet.world.call('ecs:DescribeTasks', { cluster: 'web', tasks: [task.arn] }).tasks ?? [];
      assert.deepEqual([ended?.stopCode, ended?.containers?.[0]?.exitCode], expected);
      assert.match(ended?.stoppedReason ?? '', /^Host EC2 \(instance i-\w+\) terminated\.$/);
    });
  }
});
