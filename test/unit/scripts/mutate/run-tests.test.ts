import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runTests } from '../../../../scripts/mutate/run-tests.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const LONG_ENOUGH_MS = 60_000;
const SOURCE = 'export function twice(a: number): number {\n  while (a > 9) a--;\n  return a * 2;\n}\n';
const TESTS = `
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { twice } from './x.ts';
describe('twice', () => {
  test('of nothing', () => assert.equal(twice(0), 0));
  test('of three', () => assert.equal(twice(3), 6, 'too few'));
  test('of ten', () => assert.equal(twice(10), 18));
});
test('nothing but this host is reached', (t, done) => {
  connect(80, '192.0.2.1').once('error', ({ message }) => {
    assert.equal(message, 'A mutant may not connect to 192.0.2.1.');
    done();
  });
});
`;

describe('a mutant', () => {
  const run = (
    t: Parameters<typeof temporaryDirectory>[0],
    before?: string,
    after = '',
    quietMs = LONG_ENOUGH_MS,
  ) => {
    const root = temporaryDirectory(t);
    mkdirSync(join(root, 'src'));
    writeFileSync(join(root, 'package.json'), '{"type":"module"}');
    writeFileSync(join(root, 'src/x.ts'), SOURCE);
    writeFileSync(join(root, 'src/x.test.ts'), TESTS);
    const start = before === undefined ? -1 : SOURCE.indexOf(before);
    const mutant =
      before === undefined
        ? undefined
        : { operator: '', file: 'src/x.ts', before, start, end: start + before.length, after };
    return runTests({ root, tests: ['src/x.test.ts'], mutant }, { quietMs });
  };

  test('that is none passes', async (t) => assert.deepEqual(await run(t), { kind: 'passed' }));

  test('ends at the first test that fails', async (t) =>
    assert.deepEqual(await run(t, 'a * 2', 'a * 1'), {
      kind: 'failed',
      test: 'of three',
      why: 'too few\n\n3 !== 6\n',
    }));

  test('that no test can see passes', async (t) =>
    assert.deepEqual(await run(t, 'a * 2', 'a + a'), { kind: 'passed' }));

  test('that cannot be loaded has failed', async (t) => {
    const outcome = await run(t, 'export', 'throw new Error("no");');
    assert.equal(outcome.kind, 'failed');
  });

  test('that goes on for ever is ended', async (t) =>
    assert.deepEqual(await run(t, 'a--', 'a++', 500), { kind: 'hung' }));
});
