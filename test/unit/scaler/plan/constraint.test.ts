import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { satisfies } from '../../../../src/scaler/plan/constraint.ts';

const attributes = { 'ecs.instance-type': 'm5.large', 'ecs.availability-zone': 'eu-west-1a', stack: 'blue' };

describe('an expression of the cluster query language', () => {
  for (const [expression, verdict] of [
    ['attribute:stack == blue', 'yes'],
    ['attribute:stack == "blue"', 'yes'],
    ['attribute:stack equals green', 'no'],
    ['attribute:stack != green', 'yes'],
    ['attribute:other != green', 'yes'],
    ['attribute:other == green', 'no'],
    ['attribute:stack in [green, blue]', 'yes'],
    ['attribute:stack !in [green, blue]', 'no'],
    ['attribute:stack not_in [green]', 'yes'],
    ['attribute:stack exists', 'yes'],
    ['attribute:other !exists', 'yes'],
    ['attribute:ecs.instance-type =~ m5.*', 'yes'],
    ['attribute:ecs.instance-type =~ c5.*', 'no'],
    ['attribute:ecs.instance-type !~ c5.*', 'yes'],
    ['attribute:stack == green or attribute:stack == blue', 'yes'],
    ['attribute:stack == green and attribute:stack == blue', 'no'],
    ['!(attribute:stack == green)', 'yes'],
    ['not(attribute:stack == blue)', 'no'],
    [
      'attribute:stack == blue && (attribute:ecs.availability-zone == eu-west-1b || attribute:stack exists)',
      'yes',
    ],
    // What is not about attributes cannot be judged, unless the rest decides.
    ['task:group == service:web', 'unknown'],
    ['attribute:stack == green and task:group == service:web', 'no'],
    ['attribute:stack == blue or task:group == service:web', 'yes'],
    // Nor can what would take too long, or is none.
    ['attribute:stack =~ (b+)+e', 'unknown'],
    ['attribute:stack =~ .*.*.*.*e', 'unknown'],
    ['attribute:stack ==', 'unknown'],
    ['attribute:stack == blue attribute:stack == blue', 'unknown'],
    ['attribute:stack in [blue', 'unknown'],
    ['', 'unknown'],
  ] as const) {
    test(`${expression || 'an empty one'}: ${verdict}`, () => {
      assert.equal(satisfies(expression, attributes), verdict);
    });
  }

  test('an attribute that may be there is neither there nor missing', () => {
    assert.equal(satisfies('attribute:other == green', attributes, true), 'unknown');
    assert.equal(satisfies('attribute:stack == green', attributes, true), 'no');
  });
});
