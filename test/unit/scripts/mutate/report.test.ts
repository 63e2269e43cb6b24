import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeResult, describeResults, type Result } from '../../../../scripts/mutate/report.ts';

const result = (file: string, by?: 'unit' | 'simulation', seconds = 1): Result => ({
  mutant: {
    id: '0123456789',
    file,
    line: 7,
    operator: 'drop statement',
    start: 0,
    end: 1,
    before: 'if (a)\n  b();',
    after: ';',
  },
  verdict: by ? { kind: 'killed', by, test: 'a test', why: 'too few' } : { kind: 'survived' },
  seconds,
});

test('a mutant is told in a line', () => {
  assert.equal(
    describeResult(result('src/x.ts', 'unit', 0.25)),
    '0123456789 src/x.ts:7 drop statement: killed by unit: a test: too few [0.3 s]',
  );
  assert.equal(
    describeResult(result('src/x.ts')),
    '0123456789 src/x.ts:7 drop statement: SURVIVED if (a) b(); → ; [1.0 s]',
  );
});

test('all of them in a table by file', () => {
  const results = [
    result('src/b.ts', 'unit', 3),
    result('src/a.ts', 'unit', 1),
    result('src/a.ts', 'simulation', 5),
    result('src/a.ts', undefined, 9),
  ];
  assert.equal(
    describeResults(results, 2),
    `file        mutants       unit simulation  prior art   survived     killed
src/a.ts          3          1          1          0          1     66.7 %
src/b.ts          1          1          0          0          0    100.0 %

a mutant took 3.0 s where it was killed, 9.0 s where it survived (medians)
killed 3 of 4 (score 75.0 %), by file above; 2 equivalent are left out`,
  );
});
