import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { columnsOf, wrap, wrapBehind } from '../../../src/base/wrap.ts';

describe('a text wrapped at words', () => {
  for (const [width, lines] of [
    [11, ['one two', 'three four']],
    [10, ['one two', 'three four']],
    [9, ['one two', 'three', 'four']],
    [1, ['one', 'two', 'three', 'four']],
    [Infinity, ['one two three four']],
  ] as const)
    it(`in ${width} columns`, () => assert.deepEqual(wrap('one two three four', width), lines));

  it('never breaks a word, however long: an ARN that is cut cannot be copied', () =>
    assert.deepEqual(wrap('a arn:aws:ecs:eu-west-1 b', 10), ['a', 'arn:aws:ecs:eu-west-1', 'b']));

  it('goes on behind its label', () =>
    assert.equal(wrapBehind('one two three four', 15, '    '), 'one two\n    three four'));

  it('leaves a command whole, so that it can be copied into a shell', () =>
    assert.equal(wrapBehind('aws ecs stop-task --task a', 10, '  '), 'aws ecs stop-task --task a'));

  it('begins below its label where not even the first word fits beside it', () =>
    assert.equal(wrapBehind('abcdefgh one two', 16, '  ', 12), '\n  abcdefgh one\n  two'));
});

describe('the width', () => {
  it('is the terminal’s', () => assert.equal(columnsOf({ isTTY: true, columns: 120 }), 120));
  it('is 80 of a terminal that says 0', () => assert.equal(columnsOf({ isTTY: true, columns: 0 }), 80));
  it('has a bound below, where a word a line would be all that is left', () =>
    assert.equal(columnsOf({ isTTY: true, columns: 5 }), 40));
  it('has none in a pipe, where a line is a record', () => assert.equal(columnsOf({}), Infinity));
});
