import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFleet, type FleetOptions } from '../../../src/sandbox/fleet.ts';
import type { LifecycleNotification } from '../../../src/sandbox/world/timeline.ts';
import { START } from '../../support/virtual-clock.ts';
import { lifecycleStates, outcome, remember } from './calls.ts';

const timings = { terminatingToWait: 1_000, proceedToShutdown: 2_000, rootVolumeExchange: 5_000 };

function scene(options: FleetOptions = {}, machineOptions = {}) {
  const fleet = createFleet({ now: START, timings, ...options });
  const machine = fleet.addInstance(machineOptions);
  const times = remember(fleet, lifecycleStates);
  const states = () => times.map((one) => one.replace(/^\d+ /, ''));
  const notices: LifecycleNotification['detail'][] = [];
  fleet.world.onLifecycleEvent(({ detail }) => notices.push(detail));
  const complete = (result: 'CONTINUE' | 'ABANDON') =>
    fleet.world.call('autoscaling:CompleteLifecycleAction', {
      AutoScalingGroupName: 'web-asg',
      LifecycleHookName: 'drain',
      InstanceId: machine.id,
      LifecycleActionResult: result,
    });
  const terminate = (decrement: boolean) =>
    outcome(() => {
      fleet.world.call('autoscaling:TerminateInstanceInAutoScalingGroup', {
        InstanceId: machine.id,
        ShouldDecrementDesiredCapacity: decrement,
      });
      return 'ok';
    });
  return { fleet, machine, states, notices, complete, terminate };
}

describe('an instance refresh that replaces the root volume', () => {
  test('waits for the terminating hook, and the same instance returns to service', () => {
    const { fleet, machine, states, notices, complete } = scene();
    const before = machine.ecsAgent.containerInstance?.arn;
    fleet.replaceRootVolume(machine);
    fleet.pass(1_000);
    assert.deepEqual(
      notices.map(({ Origin, Destination, Action }) => [Origin, Destination, Action]),
      [['AutoScalingGroup', 'AutoScalingGroup', 'ReplaceRootVolume']],
    );
    complete('CONTINUE');
    fleet.pass(10_000);
    assert.deepEqual(states(), [
      'ReplacingRootVolume',
      'ReplacingRootVolume:Wait',
      'ReplacingRootVolume:Proceed',
      'RootVolumeReplaced',
      'InService',
    ]);
    assert.notEqual(machine.ecsAgent.containerInstance?.arn, before, 'its ECS agent has lost its state');
    assert.equal(machine.imds.targetLifecycleState, 'InService');
  });
  test('interrupts what still runs', () => {
    const { fleet, machine, complete } = scene();
    fleet.runTask(machine);
    fleet.replaceRootVolume(machine);
    fleet.pass(1_000);
    complete('CONTINUE');
    fleet.pass(3_000);
    assert.deepEqual(
      fleet.world.interruptions.map(({ cause }) => cause),
      ['the group web-asg replaced its root volume'],
    );
  });
  test('starts nothing that was placed before: its new container instance knows no such task', () => {
    const { fleet, machine, complete } = scene({ timings: { ...timings, pending: 8_000 } });
    fleet.replaceRootVolume(machine);
    fleet.pass(1_000);
    fleet.runTask(machine, { running: false });
    complete('CONTINUE');
    fleet.pass(30_000);
    assert.deepEqual(
      machine.placed.map(({ lastStatus, stopCode }) => [lastStatus, stopCode]),
      [['STOPPED', 'TaskFailedToStart']],
    );
  });
  test('keeps the container instance where the ECS agent’s state is on another volume', () => {
    const { fleet, machine, complete } = scene({ rootVolumeHoldsEcsAgent: false });
    const before = machine.ecsAgent.containerInstance?.arn;
    fleet.replaceRootVolume(machine);
    fleet.pass(1_000);
    complete('CONTINUE');
    fleet.pass(10_000);
    assert.equal(machine.ecsAgent.containerInstance?.arn, before);
  });
  for (const [rootVolumeAbandoned, next] of [
    ['proceeds', 'ReplacingRootVolume:Proceed'],
    ['terminates', 'Terminating'],
  ] as const)
    test(`that is abandoned ${rootVolumeAbandoned}, though the group retains`, () => {
      const { fleet, machine, states, complete } = scene({
        rootVolumeAbandoned,
        groupOptions: { onAbandon: 'retain' },
      });
      fleet.replaceRootVolume(machine);
      fleet.pass(1_000);
      complete('ABANDON');
      assert.equal(states().at(-1), next);
    });
  for (const rootVolumeTarget of ['InService', 'Terminated', 'ReplacingRootVolume'] as const)
    test(`shows ${rootVolumeTarget} in metadata, as nothing documents`, () => {
      const { fleet, machine } = scene({ rootVolumeTarget });
      fleet.replaceRootVolume(machine);
      assert.equal(machine.imds.targetLifecycleState, rootVolumeTarget);
    });
});

describe('an instance of a warm pool', () => {
  test('waits for the terminating hook under names of its own', () => {
    const { fleet, machine, states, notices, complete } = scene({}, { warm: true });
    assert.equal(machine.imds.targetLifecycleState, 'Warmed:Running');
    fleet.scaleIn(machine);
    assert.equal(machine.imds.targetLifecycleState, 'Warmed:Terminated');
    fleet.pass(1_000);
    assert.deepEqual([notices[0]?.Origin, notices[0]?.Destination], ['WarmPool', 'EC2']);
    complete('CONTINUE');
    fleet.pass(10_000);
    assert.deepEqual(states(), [
      'Warmed:Terminating',
      'Warmed:Terminating:Wait',
      'Warmed:Terminating:Proceed',
      'Warmed:Terminated',
    ]);
  });
  test('is not terminated by TerminateInstanceInAutoScalingGroup', () => {
    assert.match(scene({}, { warm: true }).terminate(false), /warm pool/);
  });
  for (const [terminatesWarmRetained, expected] of [
    ['refused', /warm pool/],
    ['accepted', /^ok$/],
  ] as const)
    test(`that is retained: the call is ${terminatesWarmRetained}, as nothing documents`, () => {
      const options: FleetOptions = { terminatesWarmRetained, groupOptions: { onAbandon: 'retain' } };
      const { fleet, machine, states, complete, terminate } = scene(options, { warm: true });
      fleet.scaleIn(machine);
      fleet.pass(1_000);
      complete('ABANDON');
      assert.equal(states().at(-1), 'Warmed:Terminating:Retained');
      assert.match(terminate(false), expected);
    });
});

describe('a retained instance', () => {
  const retained = () => {
    const made = scene({ groupOptions: { onAbandon: 'retain' } });
    made.fleet.scaleIn(made.machine);
    made.fleet.pass(1_000);
    made.complete('ABANDON');
    return made;
  };
  test('that is terminated waits for its hooks once more, with another token', () => {
    const { fleet, states, notices, terminate } = retained();
    assert.equal(terminate(false), 'ok');
    fleet.pass(1_000);
    assert.equal(states().at(-1), 'Terminating:Wait');
    const [first, second] = notices.map(({ LifecycleActionToken }) => LifecycleActionToken);
    assert.notEqual(first, second);
  });
  test('does not count towards the desired capacity: that is not decremented', () => {
    assert.match(retained().terminate(true), /cannot be decremented/);
  });
  test('does not enter standby', () => {
    const { fleet, machine } = retained();
    const tried = outcome(() => {
      fleet.world.call('autoscaling:EnterStandby', {
        AutoScalingGroupName: 'web-asg',
        InstanceIds: [machine.id],
        ShouldDecrementDesiredCapacity: false,
      });
      return 'ok';
    });
    assert.match(tried, /not in InService/);
  });
});

test('a hook whose target is broken ends at once, with its default result, and ABANDON ends the others', () => {
  for (const [defaultResult, next] of [
    ['CONTINUE', 'Terminating:Wait'],
    ['ABANDON', 'Terminating:Proceed'],
  ] as const) {
    const hooks = [{ name: 'drain' }, { name: 'ship-logs', defaultResult, targetBroken: true }];
    const { fleet, machine, states } = scene({ hooks });
    fleet.scaleIn(machine);
    fleet.pass(1_000);
    assert.equal(states().at(-1), next);
  }
});
