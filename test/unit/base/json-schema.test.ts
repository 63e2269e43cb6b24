import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type JsonSchema, misfits } from '../../../src/base/json-schema.ts';

const schema: JsonSchema = {
  type: 'object',
  required: ['kind'],
  properties: {
    kind: { type: 'string', enum: ['a', 'b'] },
    version: { type: 'integer', const: 1 },
    count: { type: 'integer', minimum: 0 },
    since: { type: 'string', format: 'date-time' },
    list: {
      type: 'array',
      items: { type: 'object', required: ['why'], properties: { why: { type: 'string' } } },
    },
  },
};

const cases: readonly [unknown, readonly string[]][] = [
  [{ kind: 'a', version: 1, count: 0, since: '2026-11-26T03:12:40.114Z', list: [{ why: '' }] }, []],
  [{ kind: 'a', unheardOf: true }, []],
  [{}, ['$.kind is missing']],
  [{ kind: 'c' }, ['$.kind is none of a,b']],
  [{ kind: 'a', version: 2 }, ['$.version is not 1']],
  [{ kind: 'a', count: -1 }, ['$.count is less than 0']],
  [{ kind: 'a', count: 1.5 }, ['$.count is no integer']],
  [{ kind: 'a', since: 1 }, ['$.since is no string']],
  [{ kind: 'a', list: {} }, ['$.list is no array']],
  [
    { kind: 'a', list: [{ why: '' }, { why: 1 }, null] },
    ['$.list[1].why is no string', '$.list[2] is no object'],
  ],
  [[], ['$ is no object']],
  [null, ['$ is no object']],
];
for (const [value, wrong] of cases)
  it(`${JSON.stringify(value)} is ${wrong[0] ?? 'as the schema says'}`, () =>
    assert.deepEqual(misfits(value, schema), wrong));
