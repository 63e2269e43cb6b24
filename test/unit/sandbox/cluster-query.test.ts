import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFleet } from '../../../src/sandbox/fleet.ts';
import { START } from '../../support/virtual-clock.ts';
import { outcome } from './calls.ts';

// One instance: t2.small in eu-west-1b, of the stack `prod`, with one task of the group `service:site`.
const fleet = createFleet({ now: START });
const machine = fleet.addInstance({
  instanceId: 'i-0123456789abcdef0',
  instanceType: 't2.small',
  availabilityZone: 'eu-west-1b',
  attributes: { stack: 'prod' },
});
fleet.runTask(machine, { group: 'service:site' });
const selects = (filter: string) =>
  fleet.world.call('ecs:ListContainerInstances', { cluster: 'web', filter }).containerInstanceArns?.length ===
  1;

describe('the cluster query language', () => {
  for (const [expression, expected] of [
    ['attribute:ecs.instance-type == t2.small', true],
    ['attribute:ecs.instance-type equals t2.micro', false],
    ['attribute:ecs.instance-type != t2.small', false],
    ['attribute:stack not_equals dev', true],
    ['attribute:ecs.availability-zone in [eu-west-1a, eu-west-1b]', true],
    ['attribute:ecs.availability-zone !in [eu-west-1a, eu-west-1b]', false],
    ['attribute:ecs.availability-zone not_in [eu-west-1c]', true],
    ['attribute:ecs.instance-type =~ t2.*', true],
    ['attribute:ecs.instance-type =~ t2', false],
    ['attribute:ecs.instance-type =~ (t2|m5)\\..*', true],
    ['attribute:ecs.instance-type !~ g2.*', true],
    ['attribute:ecs.instance-type not_matches t2.*', false],
    ['attribute:stack exists', true],
    ['attribute:stack !exists', false],
    ['attribute:nosuch exists', false],
    ['attribute:nosuch not_exists', true],
    ['attribute:nosuch == prod', false],
    ['attribute:ecs.instance-type =~ t2.* and attribute:ecs.availability-zone != eu-west-1d', true],
    ['attribute:stack == dev or attribute:stack == prod', true],
    ['attribute:stack == dev && attribute:nosuch exists || attribute:stack == prod', true],
    ['attribute:stack == dev && (attribute:nosuch exists || attribute:stack == prod)', false],
    ['(attribute:ecs.instance-type =~ g2.* or attribute:stack =~ pr.*) and agentConnected == true', true],
    ['not(task:group == service:site)', false],
    ['!(task:group == database)', true],
    ['task:group == service:site', true],
    ['runningTasksCount == 1', true],
    ['runningTasksCount > 1', false],
    ['agentVersion < 1.14.5', false],
    ['agentVersion >= 1.99.0', true],
    ['registeredAt < 2018-02-13', false],
    ['registeredAt greater_than 2018-06-18T22:28:28Z', true],
    ["ec2InstanceId in ['i-0123456789abcdef0', 'i-wxyx7890']", true],
    ['ec2InstanceId == i-0123456789abcdef0', true],
  ] as const) {
    test(`${expression}: ${expected}`, () => assert.equal(selects(expression), expected));
  }

  for (const expression of [
    'attribute:stack',
    'attribute:stack is prod',
    'colour == red',
    'attribute:stack ==',
    'attribute:stack in prod',
    'attribute:stack in [prod',
    '(attribute:stack exists',
    'attribute:stack exists attribute:stack exists',
    'attribute:stack exists and',
    'attribute:stack =~ (t2',
  ]) {
    test(`${expression}: refused`, () => {
      assert.match(
        outcome(() => String(selects(expression))),
        /Invalid filter/,
      );
    });
  }
});
