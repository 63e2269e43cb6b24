import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFleet, type FleetOptions } from '../../../src/sandbox/fleet.ts';
import type { LifecycleNotification } from '../../../src/sandbox/world/timeline.ts';
import { START } from '../../support/virtual-clock.ts';
import { instanceOf, lifecycleStates, remember, taskStates } from './calls.ts';

const timings = { pendingToWait: 1_000, pendingToService: 2_000, terminatingToWait: 1_000 };
const LAUNCHING = 'autoscaling:EC2_INSTANCE_LAUNCHING';

function launching(options: FleetOptions = {}, machineOptions = {}) {
  const hooks = [
    { name: 'drain' },
    { name: 'bootstrap', transition: LAUNCHING, heartbeatTimeout: 60 } as const,
  ];
  const fleet = createFleet({ now: START, timings, hooks, ...options });
  const states = remember(fleet, lifecycleStates);
  const notices: LifecycleNotification['detail'][] = [];
  fleet.world.onLifecycleEvent(({ detail }) => notices.push(detail));
  const machine = fleet.addInstance({ launching: true, ...machineOptions });
  const complete = (result: 'CONTINUE' | 'ABANDON') =>
    fleet.world.call('autoscaling:CompleteLifecycleAction', {
      AutoScalingGroupName: 'web-asg',
      LifecycleHookName: 'bootstrap',
      InstanceId: machine.id,
      LifecycleActionResult: result,
    });
  return { fleet, machine, states, notices, complete };
}

describe('an instance that its group launches', () => {
  test('waits for the launch hook alone before it is in service', () => {
    const { fleet, machine, states, notices, complete } = launching();
    fleet.pass(10_000);
    assert.deepEqual(
      notices.map(({ LifecycleHookName, Origin, Destination }) => [LifecycleHookName, Origin, Destination]),
      [['bootstrap', 'EC2', 'AutoScalingGroup']],
    );
    assert.equal(machine.imds.targetLifecycleState, 'InService');
    complete('CONTINUE');
    fleet.pass(5_000);
    assert.deepEqual(states, ['0 Pending', '1000 Pending:Wait', '10000 Pending:Proceed', '12000 InService']);
  });
  test('is terminated when its launch is abandoned, and its terminating hook may wait for it', () => {
    const { fleet, machine, states, complete } = launching({ launchAbandoned: 'hooks-wait' });
    fleet.pass(10_000);
    complete('ABANDON');
    fleet.pass(1_000);
    assert.deepEqual(states.slice(2), ['10000 Terminating', '11000 Terminating:Wait']);
    assert.equal(machine.imds.targetLifecycleState, 'Terminated');
  });
  test('… or may not, also when nobody answers for the launch', () => {
    const { fleet, states } = launching({ launchAbandoned: 'at-once' });
    fleet.pass(70_000);
    assert.deepEqual(states.slice(2), ['61000 Terminating', '62000 Terminating:Proceed', '63000 Terminated']);
  });
  test('may not tell metadata before it is in service', () => {
    const { fleet, machine, complete } = launching({ launchTarget: 'none' });
    fleet.pass(10_000);
    assert.equal(machine.imds.targetLifecycleState, undefined);
    complete('CONTINUE');
    fleet.pass(5_000);
    assert.equal(machine.imds.targetLifecycleState, 'InService');
  });
  test('comes into the warm pool in the same way', () => {
    const { fleet, states, complete } = launching({}, { warm: true });
    fleet.pass(10_000);
    complete('CONTINUE');
    fleet.pass(5_000);
    assert.deepEqual(states, [
      '0 Warmed:Pending',
      '1000 Warmed:Pending:Wait',
      '10000 Warmed:Pending:Proceed',
      '12000 Warmed:Running',
    ]);
  });
});

describe('an instance that is stopped in the warm pool', () => {
  test('is launched once more, into service', () => {
    const machineOptions = { warm: true, stopsInPool: { forMs: 600_000 } };
    const { fleet, machine, states, complete } = launching({}, machineOptions);
    fleet.pass(10_000);
    complete('CONTINUE');
    fleet.pass(60_000);
    assert.deepEqual([machine.isStopped, machine.imds.targetLifecycleState], [true, 'Warmed:Stopped']);
    fleet.pass(600_000);
    assert.deepEqual([machine.isStopped, machine.imds.targetLifecycleState], [false, 'InService']);
    complete('CONTINUE');
    fleet.pass(5_000);
    assert.deepEqual(states.slice(3), [
      '12000 Warmed:Stopped',
      '612000 Pending',
      '613000 Pending:Wait',
      '670000 Pending:Proceed',
      '672000 InService',
    ]);
  });
});

describe('an instance that somebody stops and starts', () => {
  function stopped(options: FleetOptions = {}) {
    const fleet = createFleet({ now: START, timings: { hostLossNoticed: 5_000 }, ...options });
    const machine = fleet.addInstance();
    fleet.runTask(machine);
    const tasks = remember(fleet, taskStates);
    fleet.stop(machine, { forMs: 600_000, ecsAgentAfter: 10_000 });
    return { fleet, machine, tasks };
  }

  test('keeps its container instance, which is connected again when its ECS agent is back', () => {
    const { fleet, machine } = stopped({ replacesStopped: false });
    const { arn } = instanceOf(machine);
    fleet.pass(300_000);
    assert.deepEqual([instanceOf(machine).status, instanceOf(machine).agentConnected], ['ACTIVE', false]);
    assert.equal(machine.imds.started, false);
    fleet.pass(310_000);
    assert.deepEqual([instanceOf(machine).arn, instanceOf(machine).agentConnected], [arn, true]);
    assert.equal(machine.imds.started, true);
  });
  test('has lost its tasks, and ECS says so at once', () => {
    const { fleet, tasks } = stopped({ replacesStopped: false });
    fleet.pass(900_000);
    assert.deepEqual(tasks, ['5000 STOPPED']);
  });
  test('… or when its ECS agent tells', () => {
    const { fleet, tasks } = stopped({ replacesStopped: false, stoppedHostTasks: 'when-back' });
    fleet.pass(900_000);
    assert.deepEqual(tasks, ['610300 DEPROVISIONING', '610600 STOPPED']);
  });
  test('is terminated by a group that looks', () => {
    const { fleet, machine } = stopped();
    fleet.pass(60_000);
    assert.equal(machine.member?.state, 'Terminating:Wait');
  });
});
