import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mutants } from './deliberate-bugs.ts';
import { declarationsOf, editSources } from './edit-by-name.ts';

const src = fileURLToPath(new URL('../../src/', import.meta.url));

describe('each deliberate bug can be made, wherever its function has gone', () => {
  for (const { name, edits } of mutants)
    test(name, () => {
      assert.ok(editSources(src, edits).size > 0);
    });
});

test('a declaration ends where its indentation does', () => {
  const source = [
    'const ONE = 1;',
    'export function two(',
    '  a: number,',
    '): number {',
    '  return a;',
    '}',
    'const three = (a: number) =>',
    '  a + 1;',
    'const four = {',
    '  five: async (a) => {',
    '    await a;',
    '  },',
    '  six: 6,',
    '};',
  ].join('\n');
  const bodyOf = (name: string) => {
    const [found] = declarationsOf(source, name);
    return found && source.slice(found.from, found.to).trimEnd();
  };
  assert.equal(bodyOf('ONE'), 'const ONE = 1;');
  assert.equal(bodyOf('two'), 'export function two(\n  a: number,\n): number {\n  return a;\n}');
  assert.equal(bodyOf('three'), 'const three = (a: number) =>\n  a + 1;');
  assert.equal(bodyOf('five'), '  five: async (a) => {\n    await a;\n  },');
});

test('a text that is not there says so, and so does a name', () => {
  const edit = { within: 'decide', replace: 'no such text', by: '' };
  assert.throws(() => editSources(src, [edit]), /not found: in decide, once:\nno such text/);
  assert.throws(
    () => editSources(src, [{ around: 'noSuchFunction', by: '' }]),
    /the function noSuchFunction/,
  );
});
