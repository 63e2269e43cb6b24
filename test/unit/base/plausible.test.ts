import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countValues } from '../../../src/base/plausible.ts';

test('values are counted by what begins or separates them, in text and in bytes', () => {
  for (const [piece, count] of [
    ['', 0],
    ['{"a":[1,2,{}],"b":"x"}', 6],
    ['<a><b>c</b></a>', 4],
    ['{}{}{}', 3],
    ['日本,語', 1],
  ] as const) {
    assert.equal(countValues(piece), count);
    assert.equal(countValues(Buffer.from(piece)), count);
  }
});

test('no further than one above the most: what is beyond it is refused anyway', () => {
  assert.equal(countValues('{},'.repeat(1_000), 5), 6);
  assert.equal(countValues(',,,,,', 5), 5);
  assert.equal(countValues(',', 0), 1);
});
