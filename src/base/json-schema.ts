import { isRecord } from './shape.ts';

/** The part of JSON Schema (draft 2020-12) that this program's own schemas use. */
export type JsonSchema = {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly enum?: readonly string[];
  readonly const?: number;
  readonly minimum?: number;
  readonly format?: 'date-time';
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
};

/** Whether a value is as the schema says. Properties that it does not name may be there, and formats are only remarks. */
export const fits = (value: unknown, schema: JsonSchema): boolean => misfits(value, schema).length === 0;

/** One line for each place where the value is not as the schema says. @param path of the value, for messages */
export function misfits(value: unknown, schema: JsonSchema, path = '$'): readonly string[] {
  if (!isOfType(value, schema.type)) return [`${path} is no ${schema.type}`];
  const wrong: string[] = [];
  if (schema.enum && !schema.enum.includes(value as string)) wrong.push(`${path} is none of ${schema.enum}`);
  if (schema.const !== undefined && value !== schema.const) wrong.push(`${path} is not ${schema.const}`);
  if (schema.minimum !== undefined && !((value as number) >= schema.minimum))
    wrong.push(`${path} is less than ${schema.minimum}`);
  if (isRecord(value)) {
    for (const name of schema.required ?? []) {
      if (value[name] === undefined) wrong.push(`${path}.${name} is missing`);
    }
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      if (value[name] !== undefined) wrong.push(...misfits(value[name], property, `${path}.${name}`));
    }
  }
  if (Array.isArray(value) && schema.items) {
    for (const [at, item] of value.entries()) wrong.push(...misfits(item, schema.items, `${path}[${at}]`));
  }
  return wrong;
}

function isOfType(value: unknown, type: JsonSchema['type']): boolean {
  switch (type) {
    case 'object':
      return isRecord(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isSafeInteger(value);
    default:
      return typeof value === type;
  }
}
