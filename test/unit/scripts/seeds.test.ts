import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readSeeds } from '../../../scripts/seeds.ts';

describe('which drawn clusters are simulated', () => {
  for (const [argv, expected] of [
    [[], { kind: 'run', seed: undefined, first: 1, clusters: 1_000 }],
    [['--first', '7', '--clusters', '20'], { kind: 'run', seed: undefined, first: 7, clusters: 20 }],
    [['--seed', '42'], { kind: 'run', seed: 42 }],
    [['-h'], { kind: 'help' }],
  ] as const)
    test(argv.join(' ') || 'unless told', () => assert.deepEqual(readSeeds(argv, 1_000), expected));

  for (const argv of [
    ['--clusters', 'many'],
    ['--clusters', '1e3'],
    ['--first', '-1'],
    ['--seed', ''],
    ['--drains', '7'],
  ])
    test(`${argv.join(' ')} is refused: a search of nothing would say that nothing is broken`, () =>
      assert.equal(readSeeds(argv, 1_000).kind, 'wrong'));
});
