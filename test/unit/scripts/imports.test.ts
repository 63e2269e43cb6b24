import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { circles } from '../../../scripts/imports/circles.ts';
import { type Import, importsOf } from '../../../scripts/imports/import-graph.ts';
import { layerProblems } from '../../../scripts/imports/layers.ts';

describe('the imports of a file', () => {
  for (const [text, expected] of [
    [`import { a } from './b.ts';`, 'value src/x/b.ts'],
    [`import { a, type B } from '../b.ts';`, 'value src/b.ts'],
    [`import a from './b.ts';`, 'value src/x/b.ts'],
    [`import * as a from './b.ts';`, 'value src/x/b.ts'],
    [`import './b.ts';`, 'value src/x/b.ts'],
    [`import {\n  a,\n  b,\n} from './b.ts';`, 'value src/x/b.ts'],
    [`import type { A } from './b.ts';`, 'type src/x/b.ts'],
    [`import type from './b.ts';`, 'value src/x/b.ts'],
    [`export { a } from './b.ts';`, 'value src/x/b.ts'],
    [`export * from './b.ts';`, 'value src/x/b.ts'],
    [`export type { A } from './b.ts';`, 'type src/x/b.ts'],
    [`const { a } = await import('./b.ts');`, 'value src/x/b.ts'],
    [`import { once } from 'node:events';`, 'value node:events'],
    [`import pino from 'pino';`, 'value pino'],
    [`// import { a } from './b.ts';`, ''],
    [`/*\nimport { a } from './b.ts';\n*/`, ''],
    [`const url = 'http://x/'; // import('./b.ts')`, ''],
    [`export const a = 'from';\nconst b = './b.ts';`, ''],
    [`export type A = { readonly a: 'x' };`, ''],
  ] as const) {
    test(text.replaceAll('\n', ' '), () => {
      const found = importsOf('src/x/a.ts', text).map(({ kind, to }) => `${kind} ${to}`);
      assert.equal(found.join(), expected);
    });
  }
});

describe('import circles', () => {
  test('a file that imports itself by way of others is found once, by the shortest way', () => {
    const found = circles(graph({ a: ['b', 'd'], b: ['c'], c: ['a', 'd'], d: ['a'], e: ['a'] }));
    assert.deepEqual(found, [['src/base/a.ts', 'src/base/d.ts', 'src/base/a.ts']]);
  });

  test('a type import closes a circle as well', () => {
    assert.equal(circles(graph({ a: ['b'], b: ['type a'] })).length, 1);
  });

  test('two circles that do not touch are two', () => {
    assert.equal(circles(graph({ a: ['b'], b: ['a'], c: ['d'], d: ['c'] })).length, 2);
  });

  test('several ways to one file are no circle', () => {
    assert.deepEqual(circles(graph({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] })), []);
  });

  const graph = (files: Record<string, readonly string[]>) =>
    new Map(
      Object.entries(files).map(([name, imports]): [string, Import[]] => [
        `src/base/${name}.ts`,
        imports.map((text) => ({
          to: `src/base/${text.split(' ').at(-1)}.ts`,
          kind: text.startsWith('type ') ? 'type' : 'value',
        })),
      ]),
    );
});

describe('the order of src', () => {
  for (const [file, to, problem] of [
    ['src/agent/loop.ts', 'src/signals/tag.ts', undefined],
    ['src/agent/loop.ts', 'src/agent/act/act.ts', undefined],
    ['src/agent/act/act.ts', 'src/agent/decide/decide.ts', undefined],
    ['src/agent/act/act.ts', 'src/agent/act/settle.ts', undefined],
    ['src/agent/act/act.ts', 'src/agent/model.ts', undefined],
    ['src/agent/act/act.ts', 'src/agent/observe/poll.ts', 'observe is not before src/agent/act'],
    ['src/agent/decide/decide.ts', 'src/agent/act/act.ts', 'act is not before src/agent/decide'],
    ['src/agent/state/kept.ts', 'src/agent/observe/locate.ts', 'observe is not before src/agent/state'],
    ['src/cli.ts', 'src/commands/run.ts', undefined],
    ['src/commands/sandbox.ts', 'src/sandbox/index.ts', undefined],
    ['src/commands/sandbox.ts', 'src/sandbox/start.ts', 'the door of sandbox is src/sandbox/index.ts'],
    ['src/agent/loop.ts', 'pino', undefined],
    ['src/signals/tag.ts', 'src/agent/loop.ts', 'agent is not below signals'],
    ['src/config/load.ts', 'src/log/log.ts', 'log is not below config'],
    ['src/commands/run.ts', 'src/sandbox/start.ts', 'sandbox stands apart'],
    ['src/sandbox/start.ts', 'src/agent/loop.ts', 'agent is not below sandbox'],
    ['src/agent/loop.ts', 'test/support/virtual-clock.ts', 'which is not part of src'],
    ['src/other/a.ts', 'src/base/clock.ts', 'is in no part'],
  ] as const) {
    test(`${file} imports ${to}: ${problem ?? 'fine'}`, () => {
      const found = layerProblems(new Map([[file, [{ to, kind: 'value' }]]]));
      assert.equal(found.length, problem ? 1 : 0, found.join());
      assert.ok(found.every((text) => text.includes(problem ?? '')));
    });
  }

  for (const [file, kind, isFound] of [
    ['src/aws/ecs.ts', 'value', true],
    ['src/aws/ecs.ts', 'type', false],
    ['src/aws/sdk/ecs.ts', 'value', false],
    ['src/scaler/aws/sdk/ecs.ts', 'value', false],
    ['src/scaler/aws/tasks.ts', 'value', true],
    ['src/lambda/tagger.ts', 'value', true],
  ] as const) {
    test(`an SDK's ${kind} in ${file} is ${isFound ? 'a call that no IAM policy would be checked for' : 'fine'}`, () => {
      const found = layerProblems(new Map([[file, [{ to: '@aws-sdk/client-ecs', kind }]]]));
      assert.equal(found.length, isFound ? 1 : 0, found.join());
    });
  }

  test('what an outcome means is pure as well', () => {
    for (const name of ['settle', 'settle-done', 'settle-heartbeat', 'drain-state'])
      assert.equal(
        layerProblems(new Map([[`src/agent/act/${name}.ts`, [{ to: 'node:fs', kind: 'value' }]]])).length,
        1,
        name,
      );
  });

  test('a decision that loads the file system by way of another file is found; its type alone is fine', () => {
    const decide = 'src/agent/decide/decide.ts';
    const other = 'src/agent/other.ts';
    const files = (kind: Import['kind']) =>
      new Map<string, readonly Import[]>([
        [decide, [{ to: other, kind }]],
        [other, [{ to: 'node:fs', kind: 'value' }]],
      ]);
    assert.deepEqual(layerProblems(files('type')), []);
    assert.match(layerProblems(files('value')).join(), /decide\.ts loads node:fs/);
  });
});
