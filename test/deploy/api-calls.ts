import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SdkModules } from '../../src/aws/sdk/service.ts';

const src = fileURLToPath(new URL('../../src/', import.meta.url));

/**
 * The AWS API calls that a program can make, by the names that IAM gives them: one for each SDK command that the modules of
 * its services export. `npm run check` refuses a file that loads the SDK elsewhere, so no other way leads to an API.
 */
export async function apiCalls(services: SdkModules): Promise<string[]> {
  const calls: string[] = [];
  for (const [prefix, load] of Object.entries(services))
    for (const name of Object.keys(await load()))
      if (name.endsWith('Command')) calls.push(`${prefix}:${name.replace(/Command$/, '')}`);
  return calls.sort();
}

/** Those of the calls that no line below these folders of src asks for. */
export function unusedCalls(calls: readonly string[], ...folders: readonly string[]): string[] {
  const text = folders
    .flatMap((folder) => globSync(`${folder}**/*.ts`, { cwd: src }))
    .map((file) => readFileSync(`${src}${file}`, 'utf8'))
    .join('\n');
  return calls.filter((call) => !text.includes(`'${call}'`));
}
