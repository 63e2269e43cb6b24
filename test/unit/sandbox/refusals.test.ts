import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFleet } from '../../../src/sandbox/fleet.ts';
import type { WorldInput, WorldOperation } from '../../../src/sandbox/world/handlers.ts';
import { START } from '../../support/virtual-clock.ts';
import { outcome } from './calls.ts';

// What each service refuses, in its own words: by the API references, and by what others have met.

type Refusal = { [O in WorldOperation]: readonly [O, WorldInput<O>, string] }[WorldOperation];

const first = 'i-00000000000000001';
const group = 'web-asg';
const hook = { AutoScalingGroupName: group, LifecycleHookName: 'drain', InstanceId: first };
const long = 'n'.repeat(256);
const unknown = '0123456789abcdef0123456789abcdef';

const refusals: readonly Refusal[] = [
  [
    'autoscaling:CreateAutoScalingGroup',
    { AutoScalingGroupName: group, MinSize: 0, MaxSize: 1 },
    'AlreadyExists: AutoScalingGroup by this name already exists - A group with the name already exists',
  ],
  [
    'autoscaling:CreateAutoScalingGroup',
    { AutoScalingGroupName: 'new', MinSize: 2, MaxSize: 1 },
    'ValidationError: Max bound, 1, must be greater than or equal to min bound, 2',
  ],
  [
    'autoscaling:UpdateAutoScalingGroup',
    { AutoScalingGroupName: long },
    `ValidationError: 1 validation error detected: Value '${long}' at 'autoScalingGroupName' failed to satisfy constraint: Member must have length less than or equal to 255`,
  ],
  [
    'autoscaling:RecordLifecycleActionHeartbeat',
    { AutoScalingGroupName: group, LifecycleHookName: 'a b', InstanceId: '' },
    "ValidationError: 2 validation errors detected: Value 'a b' at 'lifecycleHookName' failed to satisfy constraint: Member must satisfy regular expression pattern: [A-Za-z0-9\\-_/]+; Value '' at 'instanceId' failed to satisfy constraint: Member must have length greater than or equal to 1",
  ],
  [
    'autoscaling:CompleteLifecycleAction',
    { ...hook, LifecycleActionResult: undefined },
    "ValidationError: 1 validation error detected: Value null at 'lifecycleActionResult' failed to satisfy constraint: Member must not be null",
  ],
  [
    'autoscaling:CompleteLifecycleAction',
    { ...hook, LifecycleActionResult: 'CONTINUE', LifecycleActionToken: 'short' },
    "ValidationError: 1 validation error detected: Value 'short' at 'lifecycleActionToken' failed to satisfy constraint: Member must have length greater than or equal to 36",
  ],
  [
    'autoscaling:DescribeAutoScalingInstances',
    { MaxRecords: 51 },
    "ValidationError: 1 validation error detected: Value '51' at 'maxRecords' failed to satisfy constraint: Member must have value less than or equal to 50",
  ],
  [
    'autoscaling:DescribeAutoScalingInstances',
    { InstanceIds: Array.from({ length: 51 }, () => first) },
    'ValidationError: The number of instance ids that may be passed in is limited to 50.',
  ],
  [
    'autoscaling:TerminateInstanceInAutoScalingGroup',
    { InstanceIds: [first], ShouldDecrementDesiredCapacity: true },
    "ValidationError: 1 validation error detected: Value null at 'autoScalingGroupName' failed to satisfy constraint: Member must not be null",
  ],
  [
    'ec2:TerminateInstances',
    { InstanceIds: [first], DryRun: true },
    'DryRunOperation: Request would have succeeded, but DryRun flag is set.',
  ],
  [
    'ec2:TerminateInstances',
    { InstanceIds: [] },
    'MissingParameter: The request must contain the parameter InstanceId',
  ],
  [
    'ec2:DescribeInstances',
    { InstanceIds: [first], MaxResults: 10 },
    'InvalidParameterCombination: The parameter instancesSet cannot be used with the parameter maxResults',
  ],
  [
    'ec2:CreateTags',
    { Resources: [first], Tags: [{ Key: 'cost centre', Value: '7' }] },
    "InvalidParameterValue: 'cost centre' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', '_index')",
  ],
  [
    'ec2:CreateTags',
    { Resources: [first], Tags: Array.from({ length: 51 }, (_, index) => ({ Key: `k${index}` })) },
    `TagLimitExceeded: The maximum number of tags for resource ${first} has been reached.`,
  ],
  ['ecs:ListTasks', { cluster: 'web', maxResults: 101 }, maxResults()],
  ['ecs:ListClusters', { maxResults: 0 }, maxResults()],
  [
    'ecs:DescribeTasks',
    { cluster: 'web', tasks: [unknown, 'short'] },
    'InvalidParameterException: taskId length should be one of [32,36]',
  ],
  ['ecs:DescribeTasks', { cluster: 'web', tasks: [] }, 'InvalidParameterException: Tasks cannot be empty.'],
];

function maxResults(): string {
  return 'InvalidParameterException: Max results must be between 1 and 100.';
}

describe('is refused as by AWS', () => {
  for (const [operation, input, refusal] of refusals)
    test(`${operation} ${JSON.stringify(input).slice(0, 80)}`, () => {
      const fleet = createFleet({ now: START });
      const machine = fleet.addInstance({ instanceId: first });
      const call = () => JSON.stringify(fleet.world.call(operation, input as never));
      assert.equal(outcome(call), refusal);
      assert.deepEqual([machine.state, [...machine.tags.keys()]], ['running', ['aws:autoscaling:groupName']]);
    });
});

test('a tag whose key has a space is taken where metadata serves no tags', () => {
  const fleet = createFleet({ now: START });
  const machine = fleet.addInstance({ metadataTags: false });
  const tag = { Key: 'cost centre', Value: '7' };
  fleet.world.call('ec2:CreateTags', { Resources: [machine.id], Tags: [tag] });
  assert.equal(machine.tags.get('cost centre'), '7');
});

test('several instances of a group are terminated in one call, each with an activity', () => {
  const fleet = createFleet({ now: START });
  const machines = [fleet.addInstance(), fleet.addInstance(), fleet.addInstance()];
  const { Activities, Activity } = fleet.world.call('autoscaling:TerminateInstanceInAutoScalingGroup', {
    AutoScalingGroupName: group,
    InstanceIds: machines.slice(0, 2).map(({ id }) => id),
    ShouldDecrementDesiredCapacity: true,
  });
  assert.deepEqual([Activities?.length, Activity], [2, undefined]);
  assert.deepEqual(
    machines.map(({ member }) => member?.state),
    ['Terminating', 'Terminating', 'InService'],
  );
});

describe('a page token', () => {
  function paged() {
    const fleet = createFleet({ now: START, clusterName: 'web' });
    const machine = fleet.addInstance();
    for (let index = 0; index < 3; index++) fleet.runTask(machine);
    const input = { cluster: 'web', family: 'batch' };
    const { nextToken, taskArns } = fleet.world.call('ecs:ListTasks', { ...input, maxResults: 1 });
    return { fleet, input, nextToken, first: taskArns };
  }

  test('is good for the same list, with pages of another size', () => {
    const { fleet, input, nextToken, first: seen } = paged();
    const { taskArns = [] } = fleet.world.call('ecs:ListTasks', { ...input, maxResults: 2, nextToken });
    assert.deepEqual([taskArns.length, new Set([...taskArns, ...(seen ?? [])]).size], [2, 3]);
  });

  for (const [what, operation, input] of [
    ['another filter', 'ecs:ListTasks', { cluster: 'web', family: 'other' }],
    ['no filter', 'ecs:ListTasks', { cluster: 'web' }],
    ['another call', 'ecs:ListContainerInstances', { cluster: 'web', family: 'batch' }],
  ] as const)
    test(`is good for no ${what.replace(/^(another|no) /, 'list with $1 ')}`, () => {
      const { fleet, nextToken } = paged();
      const call = () => JSON.stringify(fleet.world.call(operation, { ...input, nextToken } as never));
      assert.equal(outcome(call), 'InvalidParameterException: Invalid token.');
    });
});
