import { nearest } from '../../base/nearest.ts';
import { isRecord } from '../../base/shape.ts';
import { messageOf } from '../../base/text.ts';
import { listOptions, notOptions, optionList } from './options.ts';

/** What a job file says, still as text: the options by their flag, the environment, and the command. */
export type JobFile = {
  readonly values: ReadonlyMap<string, string>;
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[] | undefined;
  /** One line for each mistake. */
  readonly problems: readonly string[];
};

/** Reads a job file: YAML, with the flags' names as its keys, and `env` and `command` beside them. @param path for messages */
export async function readJobFile(path: string, text: string): Promise<JobFile> {
  const problems: string[] = [];
  const values = new Map<string, string>();
  let environment: Record<string, string> = {};
  let command: readonly string[] | undefined;
  for (const [key, value] of Object.entries(await parseYaml(path, text, problems))) {
    if (key === 'env') environment = readEnvironment(value);
    else if (key === 'command') command = readCommand(value);
    else if (!optionList.some(({ flag }) => flag === key)) problems.push(unknownKey(key));
    else if (isScalar(value)) values.set(key, String(value));
    else if (takesList(key)) readList(key, value);
    else problems.push(`${path}: ${key} must be one value: a text, a number, true or false.`);
  }
  return { values, environment, command, problems };

  function readEnvironment(value: unknown): Record<string, string> {
    const pairs = isRecord(value) ? Object.entries(value) : [];
    if (!isRecord(value) || !pairs.every(([, one]) => isScalar(one)))
      problems.push(`${path}: env must be a map of names to texts, such as {RAILS_ENV: production}.`);
    return Object.fromEntries(pairs.map(([name, one]) => [name, String(one)]));
  }

  function readList(key: string, value: unknown): void {
    if (Array.isArray(value) && value.length > 0 && value.every(isScalar)) values.set(key, value.join(','));
    else problems.push(`${path}: ${key} must be a list of IDs, or one.`);
  }

  function readCommand(value: unknown): readonly string[] | undefined {
    if (Array.isArray(value) && value.length > 0 && value.every(isScalar)) return value.map(String);
    problems.push(
      `${path}: command must be a list of words, such as [bundle, exec, rake]; for a shell line [sh, -c, "…"].`,
    );
    return undefined;
  }

  function unknownKey(key: string): string {
    const why = notOptions.get(key);
    if (why !== undefined) return `${path}: ${key} is no option: ${why}.`;
    const near = nearest(key, [...optionList.map(({ flag }) => flag), 'env', 'command']);
    const hint = near ? ` Did you mean ${near}?` : ' Keys are the names of the flags, env and command.';
    return `${path}: ${JSON.stringify(key)} is no option.${hint}`;
  }
}

const takesList = (key: string) =>
  optionList.some(({ flag, name }) => flag === key && listOptions.includes(name));

const isScalar = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

async function parseYaml(path: string, text: string, problems: string[]): Promise<Record<string, unknown>> {
  const { parse } = await import('./yaml.ts');
  try {
    const value: unknown = parse(text);
    if (value === null || value === undefined) return {};
    if (isRecord(value)) return value;
    problems.push(`${path}: it must be a map of options, such as "cluster: batch".`);
  } catch (error) {
    // The first line says what and where; below it the parser draws the place.
    problems.push(`${path}: ${messageOf(error).split('\n')[0]?.replace(/:$/, '')}.`);
  }
  return {};
}
