import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from '../../../src/base/nearest.ts';

const commands = ['run', 'status', 'doctor', 'drain', 'sandbox'];

for (const [name, expected] of [
  ['statsu', 'status'],
  ['dorain', 'drain'],
  ['doktor', 'doctor'],
  ['sandboxx', 'sandbox'],
  ['rn', 'run'],
  ['status', 'status'],
  ['terminate', undefined],
] as const) {
  test(`${name} most likely means ${expected}`, () => assert.equal(nearest(name, commands), expected));
}

test('a text of a megabyte is compared with nothing: that would take seconds', () =>
  assert.equal(nearest('s'.repeat(1024 * 1024), ['s'.repeat(1024 * 1024 - 1)]), undefined));
