import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { apply } from '../../../../scripts/mutate/edit.ts';
import { listMutants } from '../../../../scripts/mutate/mutants.ts';

/** The texts that a text becomes, with the name of each small bug. */
const mutantsOf = (text: string) =>
  listMutants([{ file: 'src/x.ts', text }]).map((mutant) => [mutant.operator, apply(text, mutant)]);

describe('the small bugs of', () => {
  const cases: Record<string, [before: string, ...(readonly [operator: string, after: string])[]]> = {
    'a condition': [
      'const a = b(c) ? 2 : d;',
      ['negate condition', 'const a = !(b(c)) ? 2 : d;'],
      ['other constant', 'const a = b(c) ? 4 : d;'],
      ['other constant', 'const a = b(c) ? 1 : d;'],
    ],
    'a condition that is negated': [
      'if (!a) b(); else c();',
      ['drop !', 'if (a) b(); else c();'],
      ['drop statement', 'if (!a) ; else c();'],
      ['drop statement', 'if (!a) b(); else ;'],
    ],
    'a guard': [
      'function f() { if (a) return; }',
      ['negate condition', 'function f() { if (!(a)) return; }'],
      ['drop statement', 'function f() { ; }'],
    ],
    'a comparison': [
      'const a = b === c || d < e;',
      ['&& for ||', 'const a = (b === c && d < e);'],
      ['=== for !==', 'const a = (b !== c) || d < e;'],
      ['boundary', 'const a = b === c || (d <= e);'],
    ],
    'a comparison with a text': [
      "const a = b !== 'x';",
      ['=== for !==', "const a = (b === 'x');"],
      ['other text', "const a = b !== '__other__';"],
    ],
    arithmetic: [
      'const a = b * 60 - c;',
      ['arithmetic', 'const a = (b * 60 + c);'],
      ['arithmetic', 'const a = (b / 60) - c;'],
      ['other constant', 'const a = b * 120 - c;'],
      ['other constant', 'const a = b * 30 - c;'],
    ],
    'texts that are put together': ["const a = 'b' + c;"],
    'a counter': [
      'a++; b += c;',
      ['drop statement', '; b += c;'],
      ['++ for --', 'a--; b += c;'],
      ['drop statement', 'a++; ;'],
      ['arithmetic', 'a++; b -= c;'],
    ],
    'something that may be missing': ['const a = b ?? []; ', ['drop ?? x', 'const a = (b); ']],
    'a constant': [
      'const a = [0, true, Infinity];',
      ['other constant', 'const a = [1, true, Infinity];'],
      ['true for false', 'const a = [0, false, Infinity];'],
      ['other constant', 'const a = [0, true, 0];'],
    ],
    'a time that is long ago': ['const a = -Infinity;', ['other constant', 'const a = Infinity;']],
    'a list that is looked through': [
      'const a = b.filter(c).some(d) || e?.find(f);',
      ['&& for ||', 'const a = (b.filter(c).some(d) && e?.find(f));'],
      ['some for every', 'const a = b.filter(c).every(d) || e?.find(f);'],
      ['drop filter', 'const a = b.some(d) || e?.find(f);'],
      ['drop filter', 'const a = b.filter(c).some(d) || e?.find(() => true);'],
    ],
    'a list that is put together': ['const a = [...b, c];', ['drop spread', 'const a = [ c];']],
    'a limit': ['const a = Math.min(b, c);', ['min for max', 'const a = Math.max(b, c);']],
    'a function that only does something': [
      'function f() { a(); b(); }',
      ['return early', 'function f() { return;  a(); b(); }'],
      ['drop statement', 'function f() { ; b(); }'],
      ['drop statement', 'function f() { a(); ; }'],
    ],
    'what only logs, and when': ["if (a && !b) { const c = 1; log('a', { c }); }"],
    'what also logs': [
      "if (a) { b = 1; log('a'); }",
      ['negate condition', "if (!(a)) { b = 1; log('a'); }"],
      ['drop statement', ';'],
      ['drop statement', "if (a) { ; log('a'); }"],
      ['other constant', "if (a) { b = 2; log('a'); }"],
      ['other constant', "if (a) { b = 0.5; log('a'); }"],
    ],
    'what only logs': ["function f() { log('a', { b: c + 1 }); void world.log(d ? 1 : 2); }"],
    types: ["type A = 'a' | 1; const a = b as 'c' | true; interface B { c: 2 }"],
  };
  for (const [what, [text, ...expected]] of Object.entries(cases))
    test(what, () =>
      assert.deepEqual(mutantsOf(text).toSorted(), expected.map((one) => [...one]).toSorted()),
    );
});

describe('the id of a mutant', () => {
  const before = 'function f() {\n  if (a) b();\n}\nfunction g() {\n  if (a) b();\n}\n';
  const ids = (text: string) => listMutants([{ file: 'src/x.ts', text }]).map(({ id }) => id);

  test('is its own', () => assert.equal(new Set(ids(before)).size, 6));

  test('stays when other lines are edited, or what is judged equivalent would be tried again', () => {
    const after = before.replace('function g', 'const c = 5;\nfunction f2() {\n  if (a) b();\n}\nfunction g');
    const kept = new Set(ids(after));
    assert.deepEqual(
      ids(before).filter((id) => !kept.has(id)),
      [],
    );
  });

  test('goes with its line: a judgement about other code would be kept', () => {
    const kept = new Set(ids(before.replaceAll('b()', 'b(c)')));
    assert.deepEqual(
      ids(before).filter((id) => kept.has(id)),
      [],
    );
  });
});

test('what is not TypeScript is refused', () => {
  assert.throws(() => listMutants([{ file: 'src/x.ts', text: 'const a = ;' }]), {
    message: 'src/x.ts is not TypeScript: Expression expected.',
  });
});
