import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFleet } from '../../../src/sandbox/fleet.ts';
import { START } from '../../support/virtual-clock.ts';
import { outcome } from './calls.ts';

function scene() {
  const fleet = createFleet({ now: START, groupOptions: { maxSize: 3 } });
  fleet.group.launch = () => fleet.addInstance({ ecsAgentAfter: 60_000 });
  const launch = (input: object = {}) =>
    fleet.world.call('autoscaling:LaunchInstances', {
      AutoScalingGroupName: 'web-asg',
      RequestedCapacity: 1,
      ClientToken: 't',
      ...input,
    });
  return { fleet, launch };
}

test('LaunchInstances adds to what the group wants, and answers with the instances', () => {
  const { fleet, launch } = scene();
  const ids = launch({ RequestedCapacity: 2 }).Instances?.[0]?.InstanceIds ?? [];
  assert.deepEqual(ids, [...fleet.world.machines.keys()]);
  assert.equal(fleet.group.desired, 2);
  assert.equal(fleet.cluster.containerInstances.size, 0, 'they have yet to boot');
  fleet.pass(60_000);
  assert.equal(fleet.cluster.containerInstances.size, 2);
});

test('the same client token launches once, and other parameters with it are refused', () => {
  const { fleet, launch } = scene();
  assert.deepEqual(launch(), launch());
  assert.equal(fleet.group.desired, 1);
  assert.match(
    outcome(() => String(launch({ RequestedCapacity: 2 }))),
    /IdempotentParameterMismatch/,
  );
});

test('it never goes above the maximum', () => {
  const { fleet, launch } = scene();
  assert.match(
    outcome(() => String(launch({ RequestedCapacity: 4 }))),
    /above the max value 3/,
  );
  assert.equal(fleet.group.desired, 0);
});

test('it launches in the zone that it is asked for, and in none that the group does not have', () => {
  const fleet = createFleet({
    now: START,
    groupOptions: { maxSize: 5, zones: ['eu-west-1a', 'eu-west-1b'] },
  });
  fleet.group.launch = (availabilityZone) => fleet.addInstance({ availabilityZone });
  const launch = (zone: string) =>
    fleet.world.call('autoscaling:LaunchInstances', {
      AutoScalingGroupName: 'web-asg',
      RequestedCapacity: 1,
      ClientToken: zone,
      AvailabilityZones: [zone],
    });
  launch('eu-west-1b');
  assert.deepEqual(
    [...fleet.world.machines.values()].map(({ availabilityZone }) => availabilityZone),
    ['eu-west-1b'],
  );
  assert.match(
    outcome(() => String(launch('eu-west-1c'))),
    /no Availability Zone eu-west-1c/,
  );
});

test('a group spreads what it launches over its zones, and waits where none has capacity', () => {
  const fleet = createFleet({
    now: START,
    groupOptions: { maxSize: 5, zones: ['eu-west-1a', 'eu-west-1b'] },
  });
  fleet.group.launch = (availabilityZone) => fleet.addInstance({ availabilityZone });
  const want = (DesiredCapacity: number) =>
    fleet.world.call('autoscaling:SetDesiredCapacity', { AutoScalingGroupName: 'web-asg', DesiredCapacity });
  const zones = () =>
    [...fleet.world.machines.values()].map((one) => one.availabilityZone.slice(-1)).join('');
  want(2);
  assert.equal(zones(), 'ab');
  fleet.group.launchErrors.set('eu-west-1a', 'InsufficientInstanceCapacity: none left');
  want(4);
  assert.equal(zones(), 'abbb');
  fleet.group.launchErrors.set('eu-west-1b', 'InsufficientInstanceCapacity: none left');
  want(5);
  assert.equal(zones(), 'abbb');
  fleet.group.launchErrors.clear();
  fleet.pass(60_000);
  assert.equal(zones(), 'abbba');
});

test('a zone without capacity is an answer, not an error', () => {
  const { fleet, launch } = scene();
  fleet.group.launchErrors.set('eu-west-1a', 'InsufficientInstanceCapacity: none left');
  assert.deepEqual(launch().Errors, [
    { AvailabilityZone: 'eu-west-1a', ErrorCode: 'InsufficientInstanceCapacity', ErrorMessage: 'none left' },
  ]);
  assert.equal(fleet.group.desired, 0);
});
