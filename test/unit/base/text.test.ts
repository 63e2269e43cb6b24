import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clip, escaped, messageOf, oneLine, printable } from '../../../src/base/text.ts';

/** What would let a text on a terminal or in a log show something else than it says. */
const HOSTILE = [
  ['the escape of a terminal', '\u001b'],
  ['a control character of the second set', '\u009b'],
  ['a line separator', '\u2028'],
  ['a paragraph separator', '\u2029'],
  ['a right-to-left override', '\u202e'],
  ['an isolate', '\u2066'],
  ['a right-to-left mark', '\u200f'],
  ['a space of no width', '\u200b'],
  ['a joiner of no width', '\u2060'],
  ['a byte order mark', '\ufeff'],
  ['a soft hyphen', '\u00ad'],
  ['an invisible tag character', '\u{e0041}'],
] as const;

describe('text from outside', () => {
  for (const [what, character] of HOSTILE) {
    test(`${what} is neither shown nor logged as it is`, () => {
      assert.equal(printable(`a${character}b`), 'a\ufffdb');
      const json = escaped(JSON.stringify({ text: `a${character}b` }));
      assert.match(json, /^[\x20-\x7e]*$/, 'it reaches the terminal of whoever reads the log');
      assert.deepEqual(
        JSON.parse(json),
        { text: `a${character}b` },
        'the log says something else than was said',
      );
    });
  }

  test('other letters are left alone, and so is the end of a line of JSON', () => {
    const text = 'Grüße, 世界 🙂 עברית';
    assert.equal(printable(text), text);
    assert.equal(escaped(`{"text":"${text}"}\n`), `{"text":"${text}"}\n`);
  });

  test('is cut where it is long, and says so', () => {
    assert.equal(clip('x'.repeat(512)), 'x'.repeat(512));
    assert.equal(oneLine('x'.repeat(513)), `${'x'.repeat(512)}…`);
    assert.equal(clip('abcd', 3), 'abc…');
  });
});

test('anything that is thrown has a message', () => {
  assert.equal(messageOf(new Error('why')), 'why');
  assert.equal(messageOf('why'), 'why');
  assert.equal(messageOf(undefined), 'undefined');
});
