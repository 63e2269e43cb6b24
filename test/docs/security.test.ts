import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const rows = read('docs/security.md')
  .split('\n')
  .filter((line) => line.startsWith('| **'))
  .map((line) => line.split(' | '));

describe('the threat model', () => {
  test('has its rows', () => assert.ok(rows.length >= 10, `${rows.length} rows`));

  for (const [who = '', worst, never, shownBy = ''] of rows)
    test(`is shown by tests that exist: ${who}`, () => {
      assert.ok(worst && never, 'a row says what is possible at worst, and what is not');
      const named = [...shownBy.matchAll(/`(test\/[^`]+)`(?:: ([^`;|]+[^`;|\s]))?/g)];
      assert.ok(named.length > 0, 'nothing shows it');
      for (const [, path = '', title] of named) {
        const text = read(path);
        if (title) assert.ok(text.includes(title), `no test of ${path} is named "${title}"`);
      }
    });
});
