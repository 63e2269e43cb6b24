import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFleet } from '../../../src/sandbox/fleet.ts';
import type { TaskStatus } from '../../../src/sandbox/world/statuses.ts';
import { START } from '../../support/virtual-clock.ts';
import { deregister, drain, instanceOf, outcome, remember, taskStates } from './calls.ts';

const timings = {
  provisioning: 100,
  pending: 200,
  activating: 300,
  deactivating: 400,
  exitAfterSigterm: 500,
  agentReportLag: 600,
  deprovisioning: 700,
  stopTimeout: 30_000,
};

function scene() {
  const fleet = createFleet({ now: START, timings });
  const machine = fleet.addInstance();
  const states = remember(fleet, taskStates);
  return { fleet, machine, states };
}

function list(fleet: ReturnType<typeof createFleet>, desiredStatus?: 'RUNNING' | 'STOPPED'): string[] {
  const input = desiredStatus ? { cluster: 'web', desiredStatus } : { cluster: 'web' };
  return fleet.world.call('ecs:ListTasks', input).taskArns ?? [];
}

describe('the life of a task', () => {
  test('it starts through every status, and ends by itself', () => {
    const { fleet, machine, states } = scene();
    fleet.runTask(machine, { running: false, runsForMs: 10_000 });
    fleet.pass(60_000);
    assert.deepEqual(states, [
      '0 PROVISIONING',
      '100 PENDING',
      '300 ACTIVATING',
      '600 RUNNING',
      '11200 DEPROVISIONING',
      '11900 STOPPED',
    ]);
  });

  test('asked to stop it goes through every status, in its own time', () => {
    const { fleet, machine, states } = scene();
    const task = fleet.runTask(machine);
    fleet.pass(1000);
    fleet.world.call('ecs:StopTask', { cluster: 'web', task: task.arn, reason: 'enough' });
    fleet.pass(60_000);
    assert.deepEqual(states.slice(2), [
      '1000 DEACTIVATING',
      '1400 STOPPING',
      '2500 DEPROVISIONING',
      '3200 STOPPED',
    ]);
    assert.deepEqual(
      { stopCode: task.stopCode, reason: task.stoppedReason, exitCode: task.containers[0]?.exitCode },
      { stopCode: 'UserInitiated', reason: 'enough', exitCode: 0 },
    );
  });

  for (const [what, behaviour, stoppedAt] of [
    ['ignores SIGTERM: killed after the stop time-out', { ignoresSigterm: true }, '31700 STOPPED'],
    ['has a stop time-out of its own', { ignoresSigterm: true, stopTimeoutMs: 5000 }, '6700 STOPPED'],
    ['takes longer than the stop time-out', { exitAfterSigtermMs: 60_000 }, '31700 STOPPED'],
    ['is about to end by itself', { ignoresSigterm: true, runsForMs: 2000 }, '3300 STOPPED'],
  ] as const) {
    test(`asked to stop one that ${what}`, () => {
      const { fleet, machine, states } = scene();
      const task = fleet.runTask(machine, behaviour);
      fleet.world.call('ecs:StopTask', { cluster: 'web', task: task.id });
      fleet.pass(120_000);
      assert.equal(states.at(-1), stoppedAt);
    });
  }

  test('asked to stop before its containers run, it never runs', () => {
    const { fleet, machine, states } = scene();
    const task = fleet.runTask(machine, { running: false });
    fleet.pass(200);
    fleet.world.call('ecs:StopTask', { cluster: 'web', task: task.id });
    fleet.pass(10_000);
    assert.deepEqual(states, ['0 PROVISIONING', '100 PENDING', '200 DEPROVISIONING', '900 STOPPED']);
  });

  test('the ECS agent knows of the end before ECS does', () => {
    const { fleet, machine } = scene();
    const task = fleet.runTask(machine, { runsForMs: 1000 });
    fleet.pass(1000);
    assert.deepEqual([task.knownStatus, task.lastStatus], ['STOPPED', 'RUNNING']);
    fleet.pass(599);
    assert.equal(task.lastStatus, 'RUNNING');
    fleet.pass(1);
    assert.equal(task.lastStatus, 'DEPROVISIONING');
  });

  test('while the ECS agent is down nothing of it reaches ECS, nor ECS it', () => {
    const { fleet, machine } = scene();
    const ends = fleet.runTask(machine, { runsForMs: 1000 });
    const asked = fleet.runTask(machine);
    fleet.ecsAgent(machine, 'down');
    fleet.world.call('ecs:StopTask', { cluster: 'web', task: asked.id });
    fleet.pass(100_000);
    assert.deepEqual([ends.lastStatus, asked.lastStatus], ['RUNNING', 'STOPPING']);
    assert.equal(asked.containersRunning, true);
    fleet.ecsAgent(machine, 'up');
    fleet.pass(2000);
    assert.deepEqual([ends.lastStatus, asked.lastStatus], ['STOPPED', 'STOPPED']);
  });
});

describe('listing tasks', () => {
  test('one that was asked to stop is hidden unless stopped ones are asked for', () => {
    const { fleet, machine } = scene();
    const stays = fleet.runTask(machine);
    const goes = fleet.runTask(machine, { ignoresSigterm: true });
    fleet.world.call('ecs:StopTask', { cluster: 'web', task: goes.id });
    fleet.pass(1000);
    assert.equal(goes.lastStatus satisfies TaskStatus, 'STOPPING');
    assert.deepEqual(list(fleet), [stays.arn]);
    assert.deepEqual(list(fleet, 'STOPPED'), [goes.arn]);
  });

  test('a stopped one is listed for an hour', () => {
    const { fleet, machine } = scene();
    const task = fleet.runTask(machine);
    fleet.endTask(task);
    fleet.pass(1300);
    assert.equal(task.lastStatus, 'STOPPED');
    fleet.pass(3_599_999);
    assert.deepEqual(list(fleet, 'STOPPED'), [task.arn]);
    fleet.pass(1);
    assert.deepEqual(list(fleet, 'STOPPED'), []);
    assert.deepEqual(fleet.world.call('ecs:DescribeTasks', { cluster: 'web', tasks: [task.arn] }), {
      tasks: [],
      failures: [{ arn: task.arn, reason: 'MISSING' }],
    });
  });

  test('pages lose nothing when tasks go between them', () => {
    const { fleet, machine } = scene();
    const tasks = Array.from({ length: 250 }, () => fleet.runTask(machine));
    const first = fleet.world.call('ecs:ListTasks', { cluster: 'web' });
    assert.equal(first.taskArns?.length, 100);
    for (const task of tasks.slice(0, 100)) fleet.endTask(task);
    fleet.pass(5000);
    const second = fleet.world.call('ecs:ListTasks', { cluster: 'web', nextToken: first.nextToken });
    const third = fleet.world.call('ecs:ListTasks', { cluster: 'web', nextToken: second.nextToken });
    assert.deepEqual(
      [...(second.taskArns ?? []), ...(third.taskArns ?? [])],
      tasks.slice(100).map((task) => task.arn),
    );
    assert.equal(third.nextToken, undefined);
  });

  test('DescribeTasks takes 100 at a time', () => {
    const { fleet } = scene();
    const tasks = Array.from({ length: 101 }, (_, index) => String(index));
    assert.match(
      outcome(() => String(fleet.world.call('ecs:DescribeTasks', { cluster: 'web', tasks }))),
      /^InvalidParameterException/,
    );
  });

  test('of a container instance that is not there are none', () => {
    const { fleet } = scene();
    const listed = fleet.world.call('ecs:ListTasks', { cluster: 'web', containerInstance: 'nowhere' });
    assert.deepEqual(listed, { taskArns: [] });
  });
});

describe('running tasks', () => {
  const definition = {
    family: 'job',
    containerDefinitions: [{ name: 'a', image: 'b', cpu: 600, memory: 600 }],
  };

  test('they go to an ACTIVE instance with room; what finds none is a failure, with HTTP 200', () => {
    const fleet = createFleet({ now: START });
    const machine = fleet.addInstance({ cpu: 1000, memory: 1000 });
    fleet.world.call('ecs:RegisterTaskDefinition', definition);
    const run = () => fleet.world.call('ecs:RunTask', { cluster: 'web', taskDefinition: 'job' });
    assert.equal(run().tasks?.length, 1);
    assert.deepEqual(run(), {
      tasks: [],
      failures: [{ arn: instanceOf(machine).arn, reason: 'RESOURCE:MEMORY' }],
    });
    const big = fleet.addInstance({ cpu: 500, memory: 10_000 });
    assert.deepEqual(run().failures, [
      { arn: instanceOf(machine).arn, reason: 'RESOURCE:MEMORY' },
      { arn: instanceOf(big).arn, reason: 'RESOURCE:CPU' },
    ]);
    const away = fleet.addInstance();
    fleet.ecsAgent(away, 'down');
    assert.deepEqual(run().failures?.at(-1), { arn: instanceOf(away).arn, reason: 'AGENT' });
  });

  test('without an instance that takes tasks the call is refused', () => {
    const fleet = createFleet({ now: START });
    fleet.world.call('ecs:RegisterTaskDefinition', definition);
    const run = () =>
      outcome(() => String(fleet.world.call('ecs:RunTask', { cluster: 'web', taskDefinition: 'job' })));
    const none = 'InvalidParameterException: No Container Instances were found in your cluster.';
    assert.equal(run(), none);
    const machine = fleet.addInstance();
    drain(fleet, machine);
    assert.equal(run(), none);
  });
});

describe('deregistering a container instance', () => {
  test('is refused while any task is not STOPPED', () => {
    const { fleet, machine } = scene();
    const task = fleet.runTask(machine);
    const refused = 'InvalidParameterException: Found running tasks on the instance.';
    assert.equal(deregister(fleet, machine), refused);
    fleet.endTask(task);
    fleet.pass(1299);
    assert.equal(task.lastStatus, 'DEPROVISIONING');
    assert.equal(deregister(fleet, machine), refused);
    fleet.pass(1);
    assert.equal(deregister(fleet, machine), 'INACTIVE');
  });

  test('is refused only for tasks on their way up, where the World is told so', () => {
    const fleet = createFleet({ now: START, timings, deregisterRefusedFor: 'pending-or-running' });
    const machine = fleet.addInstance();
    const task = fleet.runTask(machine, { running: false });
    assert.match(deregister(fleet, machine), /Found running tasks/);
    fleet.pass(1000);
    assert.match(deregister(fleet, machine), /Found running tasks/);
    fleet.world.call('ecs:StopTask', { cluster: 'web', task: task.id });
    assert.equal(deregister(fleet, machine), 'INACTIVE');
  });

  for (const [deregisterAgain, expected] of [
    ['not-found', /^ClientException: Referenced container instance [0-9a-f]{32} not found\.$/],
    ['inactive', /^INACTIVE$/],
  ] as const) {
    test(`a second time it is ${deregisterAgain}`, () => {
      const fleet = createFleet({ now: START, deregisterAgain });
      const machine = fleet.addInstance();
      assert.equal(deregister(fleet, machine), 'INACTIVE');
      assert.match(deregister(fleet, machine), expected);
    });
  }

  test('by force orphans the tasks, and the ground truth keeps them', () => {
    const { fleet, machine } = scene();
    const task = fleet.runTask(machine);
    assert.equal(deregister(fleet, machine, true), 'INACTIVE');
    assert.deepEqual([list(fleet), list(fleet, 'STOPPED')], [[], []], 'ECS sees them no more');
    fleet.terminate(machine, 'a test');
    assert.deepEqual(fleet.world.interruptions, [
      {
        at: START,
        taskArn: task.arn,
        group: 'family:batch',
        instanceId: machine.id,
        lastStatus: 'STOPPED',
        containersRan: true,
        orphaned: true,
        cause: 'a test',
      },
    ]);
  });

  test('leaves it INACTIVE, to be described for an hour', () => {
    const { fleet, machine } = scene();
    const { arn } = instanceOf(machine);
    deregister(fleet, machine);
    const describe = () =>
      fleet.world.call('ecs:DescribeContainerInstances', { cluster: 'web', containerInstances: [arn] });
    fleet.pass(3_599_999);
    assert.equal(describe().containerInstances?.[0]?.status, 'INACTIVE');
    assert.deepEqual(fleet.world.call('ecs:ListContainerInstances', { cluster: 'web' }), {
      containerInstanceArns: [],
    });
    fleet.pass(1);
    assert.deepEqual(describe(), { containerInstances: [], failures: [{ arn, reason: 'MISSING' }] });
  });

  test('with a machine that went, it is deregistered by ECS itself', () => {
    const { fleet, machine } = scene();
    const task = fleet.runTask(machine);
    fleet.terminate(machine, 'a test');
    fleet.pass(60_000);
    assert.equal(instanceOf(machine).status, 'INACTIVE');
    assert.deepEqual(
      [task.lastStatus, task.stoppedReason],
      ['STOPPED', `Host EC2 (instance ${machine.id}) terminated.`],
    );
  });
});

test('the counts of a container instance leave out tasks on their way down', () => {
  const { fleet, machine } = scene();
  fleet.runTask(machine);
  fleet.runTask(machine, { running: false });
  const goes = fleet.runTask(machine, { ignoresSigterm: true });
  fleet.world.call('ecs:StopTask', { cluster: 'web', task: goes.id });
  const [described] =
    fleet.world.call('ecs:DescribeContainerInstances', {
      cluster: 'web',
      containerInstances: [instanceOf(machine).arn],
    }).containerInstances ?? [];
  assert.deepEqual([described?.runningTasksCount, described?.pendingTasksCount], [1, 1]);
});

test('only ACTIVE and DRAINING turn into each other', () => {
  const { fleet, machine } = scene();
  const { arn } = instanceOf(machine);
  const set = (status: 'ACTIVE' | 'DRAINING') => {
    const answer = fleet.world.call('ecs:UpdateContainerInstancesState', {
      cluster: 'web',
      containerInstances: [arn],
      status,
    });
    return answer.containerInstances?.[0]?.status ?? answer.failures?.[0]?.reason;
  };
  assert.equal(set('DRAINING'), 'DRAINING');
  assert.equal(set('DRAINING'), 'DRAINING');
  assert.equal(set('ACTIVE'), 'ACTIVE');
  deregister(fleet, machine);
  assert.equal(set('DRAINING'), 'INACTIVE');
});

test('nothing that ends a machine is an interruption once every task has stopped', () => {
  const { fleet, machine } = scene();
  fleet.endTask(fleet.runTask(machine));
  fleet.pass(5000);
  fleet.terminate(machine, 'a test');
  assert.deepEqual(fleet.world.interruptions, []);
});
