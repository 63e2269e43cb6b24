import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFleet, type FleetOptions } from '../../../src/sandbox/fleet.ts';
import { START } from '../../support/virtual-clock.ts';
import { deregister, drain, instanceOf, outcome, remember } from './calls.ts';

// What AWS takes its time for, and what it documents nothing about.

const KEY = 'ecs-drain-agent:terminate';

function scene(options: FleetOptions = {}) {
  const fleet = createFleet({ now: START, ...options });
  return { fleet, machine: fleet.addInstance() };
}

describe('a tag', () => {
  const timings = { tagAdditionShown: 60_000, tagRemovalShown: 20_000 };

  function tagged() {
    const { fleet, machine } = scene({ timings });
    const token = fleet.world.imds(machine.id, {
      method: 'PUT',
      path: '/latest/api/token',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' },
    })?.body;
    const shown = () =>
      fleet.world.imds(machine.id, {
        method: 'GET',
        path: `/latest/meta-data/tags/instance/${KEY}`,
        headers: { 'x-aws-ec2-metadata-token': token },
      })?.body;
    return { fleet, machine, shown };
  }

  test('that was put, and one that was removed, shows in metadata later', () => {
    const { fleet, machine, shown } = tagged();
    fleet.putTag(machine, KEY, 'true');
    fleet.pass(59_999);
    assert.equal(shown(), '404 - Not Found');
    fleet.pass(1);
    assert.equal(shown(), 'true');
    fleet.removeTag(machine, KEY);
    fleet.pass(19_999);
    assert.equal(shown(), 'true');
    fleet.pass(1);
    assert.equal(shown(), '404 - Not Found');
  });

  test('that was changed again meanwhile shows as it is in the end', () => {
    const { fleet, machine, shown } = tagged();
    const told = remember(fleet, (event) =>
      event.type === 'tag-shown' ? `shown ${event.value}` : undefined,
    );
    fleet.putTag(machine, KEY, 'one');
    fleet.pass(10_000);
    fleet.removeTag(machine, KEY);
    fleet.pass(10_000);
    fleet.putTag(machine, KEY, 'two');
    fleet.pass(120_000);
    assert.equal(shown(), 'two');
    assert.deepEqual(told, ['80000 shown two']);
  });

  test('of a while ago is what a lagging answer of the EC2 API has', () => {
    const { fleet, machine } = scene();
    const values = (staleMs: number) => {
      const filters = [{ Name: 'key', Values: [KEY] }];
      const { Tags } = fleet.world.call('ec2:DescribeTags', { Filters: filters }, {}, { staleMs });
      return Tags?.map(({ Value }) => Value);
    };
    fleet.pass(10_000);
    fleet.putTag(machine, KEY, 'true');
    fleet.pass(5_000);
    fleet.removeTag(machine, KEY);
    fleet.pass(1_000);
    assert.deepEqual([values(0), values(2_000), values(7_000)], [[], ['true'], []]);
  });
});

describe('the connection to an ECS agent', () => {
  const timings = { agentConnects: 5_000, agentLossNoticed: 60_000 };
  const connected = ({ fleet, machine }: ReturnType<typeof scene>) => {
    const { containerInstances } = fleet.world.call('ecs:DescribeContainerInstances', {
      cluster: 'web',
      containerInstances: [...fleet.cluster.containerInstances.values()]
        .filter((one) => one.machine === machine)
        .map(({ arn }) => arn),
    });
    return containerInstances?.map(({ agentConnected }) => agentConnected);
  };

  test('opens a moment after the registration, and counts for a while after the ECS agent has gone', () => {
    const one = scene({ timings });
    one.fleet.pass(4_999);
    assert.deepEqual(connected(one), [false]);
    one.fleet.pass(1);
    assert.deepEqual(connected(one), [true]);
    one.fleet.ecsAgent(one.machine, 'down');
    one.fleet.pass(59_999);
    assert.deepEqual(connected(one), [true]);
    one.fleet.pass(1);
    assert.deepEqual(connected(one), [false]);
  });

  test('counts on where the ECS agent is back in time', () => {
    const one = scene({ timings });
    one.fleet.pass(5_000);
    one.fleet.ecsAgent(one.machine, 'down');
    one.fleet.pass(30_000);
    one.fleet.ecsAgent(one.machine, 'up');
    one.fleet.pass(60_000);
    assert.deepEqual(connected(one), [true]);
  });

  test('is there twice for a while where the host registered anew', () => {
    const one = scene({ timings });
    one.fleet.pass(5_000);
    one.fleet.ecsAgent(one.machine, 'registered-anew');
    one.fleet.pass(5_000);
    assert.deepEqual(connected(one), [true, true]);
    one.fleet.pass(55_000);
    assert.deepEqual(connected(one), [false, true]);
  });

  test('lets no task be placed on what a host was before, also while it counts', () => {
    const { fleet, machine } = scene({ timings });
    fleet.pass(5_000);
    const before = fleet.cluster.containerInstances.keys().next().value;
    fleet.addService({ name: 'site', desiredCount: 1 });
    fleet.ecsAgent(machine, 'registered-anew');
    fleet.pass(10_000);
    const [task] = machine.placed;
    assert.ok(task, 'the service found no place');
    assert.notEqual(task.containerInstance.id, before, 'a host would run a task of which it is never told');
  });

  test('lets a service place its task once it is open', () => {
    const { fleet, machine } = scene({ timings });
    fleet.addService({ name: 'site', desiredCount: 1 });
    fleet.pass(4_999);
    assert.equal(machine.placed.length, 0);
    fleet.pass(5_001);
    assert.equal(machine.placed.length, 1);
  });
});

test('a task behind a load balancer gets SIGTERM only after the deregistration delay', () => {
  const { fleet, machine } = scene();
  const task = fleet.runTask(machine, { deactivatingMs: 300_000, exitAfterSigtermMs: 1_000 });
  fleet.world.call('ecs:StopTask', { cluster: 'web', task: task.arn });
  fleet.pass(299_999);
  assert.deepEqual([task.lastStatus, task.containersRunning], ['DEACTIVATING', true]);
  fleet.pass(1);
  assert.deepEqual([task.lastStatus, task.containersRunning], ['STOPPING', true]);
  fleet.pass(1_000);
  assert.equal(task.containersRunning, false);
});

describe('the tasks of a container instance', () => {
  for (const [tasksOfUnknown, answer] of [
    ['empty', '[]'],
    ['refused', 'InvalidParameterException: The referenced container instance was not found.'],
  ] as const)
    test(`that ECS does not know are ${tasksOfUnknown}`, () => {
      const { fleet } = scene({ tasksOfUnknown });
      const input = { cluster: 'web', containerInstance: '0123456789abcdef0123456789abcdef' };
      const list = () => JSON.stringify(fleet.world.call('ecs:ListTasks', input).taskArns);
      assert.equal(outcome(list), answer);
    });

  for (const [tasksOfInactive, answer] of [
    ['listed', '1'],
    ['empty', '0'],
    ['refused', 'InvalidParameterException: The referenced container instance was not found.'],
  ] as const)
    test(`that is INACTIVE are ${tasksOfInactive}`, () => {
      const { fleet, machine } = scene({ tasksOfInactive });
      const task = fleet.runTask(machine);
      drain(fleet, machine);
      fleet.endTask(task);
      fleet.pass(10_000);
      deregister(fleet, machine);
      const input = {
        cluster: 'web',
        containerInstance: instanceOf(machine).arn,
        desiredStatus: 'STOPPED',
      } as const;
      const list = () => String(fleet.world.call('ecs:ListTasks', input).taskArns?.length);
      assert.equal(outcome(list), answer);
    });
});

describe('a host that is hibernated', () => {
  test('stands still with its tasks, and goes on with them', () => {
    const { fleet, machine } = scene();
    const task = fleet.runTask(machine, { runsForMs: 60_000 });
    fleet.pass(20_000);
    fleet.hibernate(machine, 600_000);
    assert.equal(fleet.world.introspection(machine.id, '/v1/tasks'), undefined);
    assert.equal(machine.imds.started, false);
    const state = () => {
      const { Reservations } = fleet.world.call('ec2:DescribeInstances', { InstanceIds: [machine.id] });
      return Reservations?.[0]?.Instances?.[0]?.State?.Name;
    };
    assert.equal(state(), 'stopped');
    fleet.pass(600_000);
    assert.deepEqual([state(), machine.imds.started, task.lastStatus], ['running', true, 'RUNNING']);
    fleet.pass(39_999);
    assert.equal(task.containersRunning, true);
    fleet.pass(1);
    assert.equal(task.containersRunning, false);
  });

  test('is not terminated by what announced that, which is gone afterwards', () => {
    const { fleet, machine } = scene();
    fleet.interruptSpot(machine, { action: 'hibernate', time: fleet.world.now + 1_000 });
    fleet.pass(1_000);
    fleet.hibernate(machine, 20_000);
    fleet.pass(200_000);
    assert.equal(machine.state, 'running');
    assert.equal(machine.imds.spotAction, undefined);
  });

  test('for longer is taken for unhealthy by its group, which terminates it', () => {
    const { fleet, machine } = scene();
    fleet.hibernate(machine, 600_000);
    fleet.pass(29_999);
    assert.equal(machine.member?.state, 'InService');
    fleet.pass(1_000);
    assert.equal(machine.member?.state, 'Terminating:Wait');
  });
});
