import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type Statement = {
  Sid: string;
  Effect: string;
  Action: string | string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
};

export type Policy = { Version: string; Statement: Statement[] };

const folder = fileURLToPath(new URL('../../deploy/iam/', import.meta.url));

/** The policy documents of deploy/iam by their names without `.json`. */
export function policyDocuments(): Map<string, Policy> {
  const names = globSync('*.json', { cwd: folder }).sort();
  return new Map(
    names.map((name) => [
      name.replace('.json', ''),
      JSON.parse(readFileSync(folder + name, 'utf8')) as Policy,
    ]),
  );
}

export const list = (value: string | string[]): string[] => (Array.isArray(value) ? value : [value]);

export function allowedActions(statements: readonly Statement[]): string[] {
  return [...new Set(statements.flatMap(({ Action }) => list(Action)))].sort();
}
