import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type JsonSchema, misfits } from '../../src/base/json-schema.ts';

/** Fails where a program's output is not of the form that docs/schemas/NAME.schema.json promises, or says more. */
export function assertOfSchema(name: 'status' | 'doctor', output: string): void {
  const file = new URL(`../../docs/schemas/${name}.schema.json`, import.meta.url);
  const schema = JSON.parse(readFileSync(file, 'utf8')) as JsonSchema;
  const value: unknown = JSON.parse(output);
  assert.deepEqual(misfits(value, schema), [], `who reads ${name} --json by its schema fails on ${output}`);
  assert.deepEqual(untimely(value, schema, '$'), [], `${name} --json has a time that is none`);
  assert.deepEqual(unnamed(value, schema, '$'), [], `${name} --json says what its schema does not name`);
}

function unnamed(value: unknown, schema: JsonSchema | undefined, path: string): readonly string[] {
  if (schema === undefined) return [path];
  if (Array.isArray(value)) return value.flatMap((item) => unnamed(item, schema.items, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) =>
    unnamed(one, schema.properties?.[name], `${path}.${name}`),
  );
}

/** As `isoTime` writes it. */
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function untimely(value: unknown, schema: JsonSchema | undefined, path: string): readonly string[] {
  if (schema?.format === 'date-time') return DATE_TIME.test(String(value)) ? [] : [path];
  if (Array.isArray(value)) return value.flatMap((item) => untimely(item, schema?.items, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) =>
    untimely(one, schema?.properties?.[name], `${path}.${name}`),
  );
}
