import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Result } from '../../../../scripts/mutate/report.ts';
import { judge } from '../../../../scripts/mutate/score.ts';

const result = (file: string, isKilled: boolean): Result => ({
  mutant: { id: '', file, line: 7, operator: 'drop statement', start: 0, end: 1, before: '', after: ';' },
  verdict: isKilled ? { kind: 'killed', by: 'unit', test: 'a test', why: 'too few' } : { kind: 'survived' },
  seconds: 1,
});
const of = (file: string, killed: number, survived: number): Result[] => [
  ...Array.from({ length: killed }, () => result(file, true)),
  ...Array.from({ length: survived }, () => result(file, false)),
];
/** Spread over files of which too few were tried to say anything. */
const anywhere = (killed: number, survived: number): Result[] =>
  of('', killed, survived).map((one, index) => ({ ...one, mutant: { ...one.mutant, file: `${index}.ts` } }));

describe('of all mutants, or of a run of 600', () => {
  test('95 of 100 must be killed', () => {
    assert.equal(judge(of('a.ts', 95, 5), true).isEnough, true);
    assert.deepEqual(judge(of('a.ts', 94, 6), true), {
      isEnough: false,
      why: 'not enough: 94.0 % of all files, at least 95 % must be killed',
    });
    assert.equal(judge(anywhere(570, 30), false).isEnough, true);
    assert.equal(judge(anywhere(569, 31), false).isEnough, false);
    assert.equal(judge(anywhere(559, 34), false).isEnough, false, 'with seven equivalent ones left out');
  });
  test('and 85 of 100 of each file: a hole in one must not hide behind the others', () => {
    const others = of('a.ts', 580, 0);
    assert.equal(judge([...others, ...of('b.ts', 17, 3)], false).isEnough, true);
    assert.deepEqual(judge([...others, ...of('b.ts', 16, 4)], false), {
      isEnough: false,
      why: 'not enough: 80.0 % of b.ts, at least 85 % must be killed',
    });
    assert.equal(judge([...others, ...of('b.ts', 0, 1)], false).isEnough, true, 'one alone says nothing');
  });
});

describe('a sample fails only where luck hardly explains its survivors', () => {
  // By the binomial distribution: with 95 % of all killed, 6 or more of 40 survive 14 times in 1,000, 7 or more 3 times.
  test('7 of 40', () => {
    assert.deepEqual(judge(anywhere(34, 6), false), {
      isEnough: true,
      why: 'enough, as far as a sample of 40 can say: with 95 % of all killed, less than 1 such sample in 100 has 7 survivors or more, and this one has 6',
    });
    assert.deepEqual(judge(anywhere(33, 7), false), {
      isEnough: false,
      why: 'not enough: 7 of 40 survived in all files: with 95 % killed, less than 1 sample in 100 has 7 or more',
    });
  });
  // 10 or more of 100 survive 28 times in 1,000, 11 or more 11 times, 12 or more 4 times.
  test('12 of 100', () => {
    assert.equal(judge(anywhere(89, 11), false).isEnough, true);
    assert.equal(judge(anywhere(88, 12), false).isEnough, false);
  });
  // With 85 % of a file killed, 7 or more of 20 survive 22 times in 1,000, 8 or more 6 times.
  test('8 of 20 of one file', () => {
    assert.equal(judge([...of('a.ts', 80, 0), ...of('b.ts', 13, 7)], false).isEnough, true);
    assert.equal(judge([...of('a.ts', 80, 0), ...of('b.ts', 12, 8)], false).isEnough, false);
  });
  test('never one alone', () => assert.equal(judge(anywhere(0, 1), false).isEnough, true));
});

test('nothing to try is enough', () => assert.equal(judge([], true).isEnough, true));
