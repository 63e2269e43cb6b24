import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const src = fileURLToPath(new URL('../../src/', import.meta.url));

/**
 * The AWS API calls that the code under these folders of src can make, by the names that IAM gives them: one for
 * each SDK command it imports, since no other way leads to an API.
 */
export function sdkCalls(include: (file: string) => boolean): string[] {
  const calls = sources(include).flatMap(({ text }) =>
    [...text.matchAll(/^import (type )?\{([^}]*)\} from '@aws-sdk\/client-([a-z0-9-]+)';/gm)]
      .filter(([, type]) => type === undefined)
      .flatMap(([, , names = '', service = '']) =>
        [...names.matchAll(/(\w+)Command\b/g)].map(([, name]) => `${prefixOf(service)}:${name}`),
      ),
  );
  return [...new Set(calls)].sort();
}

/** IAM's prefix of a service, by the name of its SDK package. */
const prefixOf = (service: string) => (service === 'cloudwatch-logs' ? 'logs' : service.replaceAll('-', ''));

/** The operations that a program's transport has, which are the keys of its type `Operations`: the agent's unless told. */
export function operations(file = 'aws/operations.ts'): string[] {
  const text = readFileSync(join(src, file), 'utf8');
  const [, body = ''] = text.match(/^export type Operations = \{\n([\s\S]*?)^\};/m) ?? [];
  return [...body.matchAll(/^ {2}'([a-z0-9]+:\w+)':/gm)].map(([, name]) => name ?? '').sort();
}

/** The operations that some line of a program beside the agent asks its transport for. */
export function usedBy(program: 'oneshot' | 'scaler'): string[] {
  const table = `${program}/aws/operations.ts`;
  const text = sources(
    (file) => file.startsWith(`${program}/`) && file !== table && !file.startsWith(`${program}/aws/sdk/`),
  )
    .map((source) => source.text)
    .join('\n');
  return operations(table).filter((name) => text.includes(`'${name}'`));
}

/** The operations that some line of the agent asks its transport for. */
export function usedOperations(): string[] {
  const text = sources(
    (file) => isAgent(file) && file !== 'aws/operations.ts' && !file.startsWith('aws/sdk/'),
  )
    .map((source) => source.text)
    .join('\n');
  return operations().filter((name) => text.includes(`'${name}'`));
}

/** The tables of calls of the programs beside the agent. */
export const ONESHOT_OPERATIONS = 'oneshot/aws/operations.ts';
export const SCALER_OPERATIONS = 'scaler/aws/operations.ts';

export const isAgent = (file: string): boolean => !/^(sandbox|lambda|oneshot|scaler)\//.test(file);
export const isOneshot = (file: string): boolean => file.startsWith('oneshot/');
export const isScaler = (file: string): boolean => file.startsWith('scaler/');
export const isTagger = (file: string): boolean => file.startsWith('lambda/');

function sources(include: (file: string) => boolean): { file: string; text: string }[] {
  return globSync('**/*.ts', { cwd: src })
    .map((file) => file.replaceAll('\\', '/'))
    .filter(include)
    .map((file) => ({ file, text: readFileSync(join(src, file), 'utf8') }));
}
