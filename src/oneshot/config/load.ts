import { dirname, resolve } from 'node:path';
import type { Environment } from '../../base/environment.ts';
import { readTextFile, tryToWrite } from '../../base/files.ts';
import { messageOf, quote } from '../../base/text.ts';
import { readFlags } from '../../config/read-flags.ts';
import { checkSdkFiles } from '../../config/sdk-files.ts';
import { type JobFile, readJobFile } from './job-file.ts';
import { notOptions, type OptionName, type Options, optionList } from './options.ts';

/** A job file is some kB. */
const MOST_BYTES = 1024 * 1024;

export type CommandName = 'run' | 'status' | 'stop';

/** The options, or everything that is wrong with them: one problem a line, so that all can be fixed at once. */
export type Loaded =
  | { readonly kind: 'wrong'; readonly problems: readonly string[] }
  | {
      readonly kind: 'loaded';
      readonly options: Options;
      /** What the container runs; undefined: as in the task definition. */
      readonly command: readonly string[] | undefined;
      /** Added to the container's environment. */
      readonly containerEnvironment: Readonly<Record<string, string>>;
      readonly json: boolean;
      /** The process's own, without what the AWS SDK would wait for without end. */
      readonly environment: Environment;
      readonly warnings: readonly string[];
    };

/** What each command cannot do without. */
const REQUIRED: Readonly<Record<CommandName, readonly OptionName[]>> = {
  run: ['cluster', 'taskDefinition'],
  status: ['cluster', 'key'],
  stop: ['cluster', 'key'],
};

/** Flags that no job file has. */
export const ENV_FLAG = { flag: 'env', placeholder: 'NAME[=VALUE]' };
export const JSON_FLAG = { flag: 'json' };

/** Reads a command's options: flags before the job file before the default. @param argv what follows the command's name */
export async function loadOptions(
  name: CommandName,
  argv: readonly string[],
  environment: Environment,
): Promise<Loaded> {
  const end = argv.indexOf('--');
  const [before, after] = end < 0 ? [argv, undefined] : [argv.slice(0, end), argv.slice(end + 1)];
  const [first] = before;
  const path = first !== undefined && !first.startsWith('-') ? first : undefined;
  const flags = readFlags(
    path === undefined ? before : before.slice(1),
    [...optionList, ENV_FLAG, JSON_FLAG],
    name === 'run'
      ? { noWords: 'a job file comes first, and a command behind --', notFlags: notOptions }
      : {},
  );
  const file = path === undefined ? noFile : await openJobFile(path);
  const problems = [...flags.problems, ...file.problems];
  if (after?.length === 0) problems.push('--: a command is missing behind it.');
  if (after && name !== 'run') problems.push(`--: ${name} takes no command.`);

  const given: Partial<Record<OptionName, unknown>> = {};
  for (const option of optionList) {
    const flag = flags.values.get(option.flag);
    const text = flag ?? file.values.get(option.flag);
    const from = flag === undefined ? `${path}: ${option.flag}` : `--${option.flag}`;
    const value = flag === '' ? undefined : option.parse(text ?? option.default);
    if (value?.kind === 'ok') given[option.name] = value.value;
    else
      problems.push(`${from}: ${quote(text ?? '')} ${value?.why ?? 'is empty'}. Allowed: ${option.allowed}.`);
    if (text === undefined && REQUIRED[name].includes(option.name) && file.problems.length === 0)
      problems.push(`--${option.flag}: it must be given, here or in a job file.`);
  }
  const containerEnvironment = { ...file.environment };
  for (const { flag, text } of flags.every) {
    if (flag === 'env') addVariable(text, environment, containerEnvironment, problems);
  }
  const sdkFiles = checkSdkFiles(environment);
  problems.push(...sdkFiles.problems);
  const options = given as Options;
  if (problems.length === 0) problems.push(...contradictions(options), ...unwritable(options.resultFile));
  if (problems.length > 0) return { kind: 'wrong', problems };
  return {
    kind: 'loaded',
    options,
    command: after ?? file.command,
    containerEnvironment,
    json: flags.values.has('json'),
    environment: { ...environment, ...sdkFiles.instead },
    warnings: sdkFiles.warnings,
  };
}

const noFile: JobFile = { values: new Map(), environment: {}, command: undefined, problems: [] };

async function openJobFile(path: string): Promise<JobFile> {
  try {
    return await readJobFile(path, readTextFile(path, MOST_BYTES));
  } catch (error) {
    return { ...noFile, problems: [`${path}: the job file cannot be read: ${messageOf(error)}`] };
  }
}

/** `NAME=VALUE`, or `NAME` for what this process's own environment holds: a secret then stands in no list of processes. */
function addVariable(
  text: string,
  environment: Environment,
  into: Record<string, string>,
  problems: string[],
): void {
  const [, name = '', equals, value = ''] = /^([A-Za-z_][A-Za-z0-9_]*)(=)?([\s\S]*)$/.exec(text) ?? [];
  if (name === '' || (equals === undefined && value !== ''))
    problems.push(`--env: ${quote(text)} is not NAME=VALUE, nor a NAME.`);
  else if (equals !== undefined) into[name] = value;
  else if (environment[name] === undefined) problems.push(`--env: ${name} is not set here.`);
  else into[name] = environment[name];
}

function contradictions(options: Options): readonly string[] {
  const { securityGroups, subnets } = options;
  return [
    ...besideCapacityProvider(options),
    ...(securityGroups && !subnets ? ['--security-groups: --subnets must be given too.'] : []),
  ];
}

/** With a capacity provider ECS itself asks its group: two of them would launch twice as many. */
function besideCapacityProvider({ group, demandQueue, capacityProvider }: Options): readonly string[] {
  if (capacityProvider === undefined) return [];
  const others = [
    ...(group === undefined ? [] : ['group']),
    ...(demandQueue === undefined ? [] : ['demand-queue']),
  ];
  return others.map(
    (flag) => `--${flag}: it cannot be given together with --capacity-provider, which finds room by itself.`,
  );
}

/** A result that cannot be written is found before the job runs, not after. */
function unwritable(path: string | undefined): readonly string[] {
  if (path === undefined) return [];
  try {
    tryToWrite(dirname(resolve(path)));
    return [];
  } catch (error) {
    return [`--result-file: ${path} cannot be written: ${messageOf(error)}`];
  }
}
