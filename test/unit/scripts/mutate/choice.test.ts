import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readDiff } from '../../../../scripts/mutate/changed.ts';
import type { Mutant } from '../../../../scripts/mutate/mutants.ts';
import { drawMutants } from '../../../../scripts/mutate/sample.ts';
import { findTests } from '../../../../scripts/mutate/tests.ts';

const mutant = (id: string, over: Partial<Mutant> = {}): Mutant => ({
  id,
  file: 'src/x.ts',
  line: 1,
  operator: 'drop statement',
  start: 0,
  end: 1,
  before: 'a',
  after: 'b',
  ...over,
});

describe('the mutants that are drawn', () => {
  const all = Array.from({ length: 100 }, (_, index) => mutant(`m${index}`));
  const draw = (size: number, seed: number) => drawMutants(all, size, seed).map(({ id }) => id);

  test('are the same for a seed, others for another', () => {
    assert.deepEqual(draw(5, 1), draw(5, 1));
    assert.notDeepEqual(draw(5, 1), draw(5, 2));
  });

  test('are the first of a larger draw: a run can be made longer', () =>
    assert.deepEqual(draw(50, 7).slice(0, 5), draw(5, 7)));

  test('are all, where there are not as many', () =>
    assert.deepEqual(draw(1_000, 1).toSorted(), all.map(({ id }) => id).toSorted()));

  test('change a number in one way: two would count one fault of the tests twice', () => {
    const number = { operator: 'other constant', start: 7 };
    const drawn = drawMutants([mutant('twice', number), mutant('half', number), mutant('other')], 3, 1);
    assert.equal(drawn.length, 2);
  });
});

describe('a line counts as changed', () => {
  const isChanged = readDiff(
    [
      'diff --git a/src/x.ts b/src/x.ts',
      '--- a/src/x.ts',
      '+++ b/src/x.ts',
      '@@ -3 +3,2 @@ function f() {',
      '-  a();',
      '+  b();',
      '+  c();',
      '@@ -9,2 +9,0 @@ function g() {',
      '-  a();',
      '-  b();',
      '--- a/src/y.ts',
      '+++ b/src/y.ts',
      '@@ -0,0 +1 @@',
      '+a();',
    ].join('\n'),
  );
  for (const [file, line, expected] of [
    ['src/x.ts', 2, false],
    ['src/x.ts', 3, true],
    ['src/x.ts', 4, true],
    ['src/x.ts', 5, false],
    ['src/x.ts', 9, true],
    ['src/x.ts', 1, false],
    ['src/y.ts', 1, true],
    ['src/z.ts', 1, false],
  ] as const)
    test(`${file}:${line}: ${expected}`, () => assert.equal(isChanged(file, line), expected));
});

describe('the tests that see a source', () => {
  const tests = findTests(fileURLToPath(new URL('../../../..', import.meta.url)));

  test('begin with its own: most mutants end there', () =>
    assert.equal(tests.seeing('src/signals/tag.ts')[0], 'test/unit/signals/tag.test.ts'));

  test('are those that import it through others too', () =>
    assert.ok(tests.seeing('src/base/reading.ts').includes('test/unit/signals/tag.test.ts')));

  test('are no others', () =>
    assert.ok(!tests.seeing('src/signals/tag.ts').includes('test/unit/base/duration.test.ts')));
});
