import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFleet, type Fleet } from '../../../src/sandbox/fleet.ts';
import type { Machine } from '../../../src/sandbox/world/state.ts';
import { START } from '../../support/virtual-clock.ts';
import { drain, remember } from './calls.ts';

// Starting takes 1 s, stopping 1 s, and a service looks after 100 ms.
const timings = {
  scheduler: 100,
  provisioning: 0,
  pending: 1000,
  activating: 0,
  deactivating: 0,
  exitAfterSigterm: 1000,
  agentReportLag: 0,
  deprovisioning: 0,
};

function scene(instances = 2) {
  const fleet = createFleet({ now: START, timings });
  const machines = Array.from({ length: instances }, () => fleet.addInstance({ cpu: 1000, memory: 1000 }));
  return { fleet, machines };
}

/** How many tasks run on each machine. */
function running(machines: Machine[]): number[] {
  return machines.map(
    ({ ecsAgent }) => ecsAgent.tasks.filter((task) => task.lastStatus === 'RUNNING').length,
  );
}

function onDraining(fleet: Fleet, machine: Machine) {
  return remember(fleet, (event) =>
    event.type === 'task' && event.instanceId === machine.id && event.from !== undefined
      ? event.to
      : undefined,
  );
}

describe('a service while an instance drains', () => {
  test('100 % healthy: the replacement runs before the task on the instance is asked to stop', () => {
    const { fleet, machines } = scene();
    const [a, b] = machines as [Machine, Machine];
    fleet.addService({ name: 'site', desiredCount: 2 });
    fleet.pass(5000);
    assert.deepEqual(running(machines), [1, 1]);
    const steps = onDraining(fleet, a);
    drain(fleet, a);
    fleet.pass(10_000);
    // 100 ms until the service looks, 1 s until the replacement runs, 100 ms until it looks again, 1 s to stop.
    assert.deepEqual(steps, ['1200 DEACTIVATING', '1200 STOPPING', '2200 DEPROVISIONING', '2200 STOPPED']);
    assert.deepEqual(running([a, b]), [0, 2]);
  });

  test('0 % healthy: the task is asked to stop at once', () => {
    const { fleet, machines } = scene();
    const [a] = machines as [Machine];
    fleet.addService({ name: 'site', desiredCount: 2, minimumHealthyPercent: 0 });
    fleet.pass(5000);
    const steps = onDraining(fleet, a);
    drain(fleet, a);
    fleet.pass(10_000);
    assert.deepEqual(steps, ['100 DEACTIVATING', '100 STOPPING', '1100 DEPROVISIONING', '1100 STOPPED']);
    assert.deepEqual(running(machines), [0, 2]);
  });

  test('100 % healthy and 100 % at most: nothing can move, ever', () => {
    const { fleet, machines } = scene();
    fleet.addService({ name: 'site', desiredCount: 2, maximumPercent: 100 });
    fleet.pass(5000);
    drain(fleet, machines[0] as Machine);
    fleet.pass(86_400_000);
    assert.deepEqual(running(machines), [1, 1]);
  });

  test('a replacement that cannot be placed blocks the drain until there is room', () => {
    const { fleet, machines } = scene();
    const [a, b] = machines as [Machine, Machine];
    const service = fleet.addService({ name: 'site', desiredCount: 2, memory: 600 });
    fleet.pass(5000);
    drain(fleet, a);
    fleet.pass(86_400_000);
    assert.deepEqual(running([a, b]), [1, 1]);
    assert.match(
      service.events[0]?.message ?? '',
      /^\(service site\) was unable to place a task because no container instance met all of its requirements\./,
    );
    const c = fleet.addInstance();
    fleet.pass(10_000);
    assert.deepEqual(running([a, b, c]), [0, 1, 1]);
  });

  test('a task that had not begun to run is stopped at once', () => {
    const { fleet, machines } = scene();
    const [a, b] = machines as [Machine, Machine];
    fleet.addService({ name: 'site', desiredCount: 2 });
    fleet.pass(500);
    assert.deepEqual(
      a.ecsAgent.tasks.map((task) => task.lastStatus),
      ['PENDING'],
    );
    drain(fleet, a);
    fleet.pass(100);
    assert.deepEqual(
      a.ecsAgent.tasks.map((task) => task.desiredStatus),
      ['STOPPED'],
    );
    fleet.pass(10_000);
    assert.deepEqual(running([a, b]), [0, 2]);
  });

  test('a protected task stays until its protection ends', () => {
    const { fleet, machines } = scene();
    const [a, b] = machines as [Machine, Machine];
    fleet.addService({ name: 'site', desiredCount: 2 });
    fleet.pass(5000);
    fleet.world.call('ecs:UpdateTaskProtection', {
      cluster: 'web',
      tasks: [a.ecsAgent.tasks[0]?.arn ?? ''],
      protectionEnabled: true,
      expiresInMinutes: 1,
    });
    drain(fleet, a);
    fleet.pass(59_000);
    assert.deepEqual(running([a, b]), [1, 2]);
    fleet.pass(10_000);
    assert.deepEqual(running([a, b]), [0, 2]);
  });

  test('standalone tasks are left alone', () => {
    const { fleet, machines } = scene();
    const [a] = machines as [Machine];
    const task = fleet.runTask(a);
    drain(fleet, a);
    fleet.pass(30 * 86_400_000);
    assert.equal(task.lastStatus, 'RUNNING');
  });

  test('set ACTIVE again, it keeps what still runs and takes new tasks', () => {
    const { fleet, machines } = scene();
    const [a, b] = machines as [Machine, Machine];
    fleet.addService({ name: 'site', desiredCount: 2 });
    fleet.pass(5000);
    drain(fleet, a);
    fleet.world.call('ecs:UpdateContainerInstancesState', {
      cluster: 'web',
      containerInstances: [a.ecsAgent.containerInstance?.arn ?? ''],
      status: 'ACTIVE',
    });
    fleet.pass(10_000);
    assert.deepEqual(running([a, b]), [1, 1]);
  });
});

describe('a daemon service', () => {
  test('puts one task on every instance that takes tasks, new ones too', () => {
    const { fleet, machines } = scene();
    fleet.addService({ name: 'logs', strategy: 'DAEMON' });
    fleet.pass(5000);
    const late = fleet.addInstance();
    fleet.pass(5000);
    assert.deepEqual(running([...machines, late]), [1, 1, 1]);
  });

  test('is the last to stop on an instance that drains', () => {
    const { fleet, machines } = scene();
    const [a] = machines as [Machine];
    fleet.addService({ name: 'logs', strategy: 'DAEMON' });
    fleet.pass(5000);
    const batch = fleet.runTask(a, { runsForMs: 60_000 });
    drain(fleet, a);
    fleet.pass(59_999);
    assert.deepEqual(running([a]), [2]);
    fleet.pass(10_000);
    assert.equal(batch.lastStatus, 'STOPPED');
    assert.deepEqual(running([a]), [0]);
    fleet.pass(60_000);
    assert.deepEqual(running([a]), [0], 'no new one while it drains');
  });
});

test('a service scaled down stops its newest tasks, and deleted stops all', () => {
  const { fleet, machines } = scene();
  fleet.addService({ name: 'site', desiredCount: 4 });
  fleet.pass(5000);
  fleet.world.call('ecs:UpdateService', { cluster: 'web', service: 'site', desiredCount: 1 });
  fleet.pass(5000);
  assert.deepEqual(running(machines), [1, 0]);
  fleet.world.call('ecs:DeleteService', { cluster: 'web', service: 'site', force: true });
  fleet.pass(5000);
  assert.deepEqual(running(machines), [0, 0]);
});
