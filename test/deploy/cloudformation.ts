import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type CollectionTag, parse, type ScalarTag } from 'yaml';

export type Template = {
  Parameters: Record<
    string,
    { Type: string; Default?: string | number; MinValue?: number; MaxValue?: number }
  >;
  Conditions?: Record<string, unknown>;
  Resources: Record<string, { Type: string; Condition?: string; Properties: Record<string, unknown> }>;
  Outputs: Record<string, { Value: unknown; Condition?: string }>;
};

/** Reads a template of deploy/cloudformation, its short intrinsic functions in their long form. */
export function template(name: string): Template {
  const url = new URL(`../../deploy/cloudformation/${name}.yaml`, import.meta.url);
  return parse(readFileSync(fileURLToPath(url), 'utf8'), { customTags: shortForms }) as Template;
}

/**
 * What a value of a template becomes for these parameters (those not given have their default), with
 * CloudFormation's pseudo parameters replaced by the placeholders of deploy/iam. `names` may hold attributes too: `Cluster.Arn`.
 */
export function resolve(source: Template, parameters: Record<string, string>, value: unknown): unknown {
  const names: Record<string, string> = {
    ...Object.fromEntries(
      Object.entries(source.Parameters).map(([name, { Default }]) => [name, String(Default ?? name)]),
    ),
    'AWS::Partition': 'PARTITION',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::Region': 'REGION',
    'AWS::AccountId': 'ACCOUNT_ID',
    ...parameters,
  };
  const holds = (condition: string): boolean => truth(source.Conditions?.[condition]);
  const truth = (node: unknown): boolean => {
    const [[name, argument] = []] = Object.entries(node as object) as [string, unknown][];
    if (name === 'Condition') return holds(argument as string);
    const items = argument as unknown[];
    if (name === 'Fn::Equals') return walk(items[0]) === walk(items[1]);
    if (name === 'Fn::Not') return !truth(items[0]);
    if (name === 'Fn::And') return items.every(truth);
    throw new Error(`no such condition function: ${name}`);
  };
  const walk = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(walk).filter((item) => item !== NO_VALUE);
    if (typeof node !== 'object' || node === null) return node;
    const entries = Object.entries(node) as [string, unknown][];
    const [[name, argument] = []] = entries.length === 1 ? entries : [];
    if (name === 'Ref') return argument === 'AWS::NoValue' ? NO_VALUE : (names[argument as string] ?? node);
    if (name === 'Fn::GetAtt') return names[argument as string] ?? node;
    if (name === 'Fn::Sub') {
      const [text, own] = Array.isArray(argument) ? argument : [argument, {}];
      const known = { ...names, ...(walk(own) as Record<string, string>) };
      return String(text).replace(/\$\{([^}]+)\}/g, (all, inner: string) => known[inner] ?? all);
    }
    if (name === 'Fn::If') {
      const [condition, yes, no] = argument as [string, unknown, unknown];
      return walk(holds(condition) ? yes : no);
    }
    return Object.fromEntries(
      entries.map(([key, item]) => [key, walk(item)]).filter(([, item]) => item !== NO_VALUE),
    );
  };
  return walk(value);
}

const NO_VALUE = Symbol('AWS::NoValue');

const functions = ['Sub', 'GetAtt', 'If', 'Equals', 'Not', 'And', 'GetAZs'];

const long = (name: string) => (name === 'Ref' ? name : `Fn::${name}`);

const shortForms: (ScalarTag | CollectionTag)[] = ['Ref', ...functions].flatMap((name) => [
  { tag: `!${name}`, resolve: (text: string) => ({ [long(name)]: text }) },
  {
    tag: `!${name}`,
    collection: 'seq' as const,
    resolve: (sequence: { toJSON(): unknown }) => ({ [long(name)]: sequence.toJSON() }),
  },
]);
