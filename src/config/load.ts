import type { Environment } from '../base/environment.ts';
import { isNotReadableYet, readTextFile } from '../base/files.ts';
import { nearest } from '../base/nearest.ts';
import { quote } from '../base/text.ts';
import { isMetadataTagKey, isProxyName, METADATA_TAG_KEY_CHARACTERS } from './names.ts';
import { type Config, type OptionName, optionList, options } from './options.ts';
import { wrong } from './parsed.ts';
import { type Flag, type FlagsOptions, readFlags } from './read-flags.ts';
import { checkSdkFiles } from './sdk-files.ts';

/** Where the configuration file is unless `--config` or `ECS_DRAIN_CONFIG` names another. */
export const DEFAULT_CONFIG_FILE = '/etc/ecs-drain-agent/agent.conf';
/** Names the configuration file. It is no option, as no file can hold it. */
export const CONFIG_FLAG = { flag: 'config', placeholder: 'PATH' };
/** A configuration file is some kB. */
const MOST_BYTES = 1024 * 1024;

/** The configuration, or everything that is wrong with it: one problem a line, so that all can be fixed at once. */
export type Loaded = Configured | Wrong;

export type Wrong = {
  readonly kind: 'wrong';
  readonly problems: readonly string[];
  readonly what: WhatIsWrong;
};

/**
 * The command line itself, or else the environment or a file; `unreadable`: nothing but that a file, or one that a
 * variable names, cannot be read at this moment, as before its volume is mounted.
 */
export type WhatIsWrong = 'command-line' | 'configuration' | 'unreadable';

export type Configured = {
  readonly kind: 'loaded';
  readonly config: Config;
  /** The configuration file, which need not exist. */
  readonly file: string;
  /** Where each option's value came from, as messages name it, e.g. `--state-dir` or `the default`. */
  readonly origins: Readonly<Record<OptionName, string>>;
  /** Which of the command's own flags are given. */
  readonly own: ReadonlySet<string>;
  readonly warnings: readonly string[];
  /** The environment with what the configuration file adds for requests to AWS (`AWS_…` and the proxies). */
  readonly environment: Environment;
};

/**
 * Reads the configuration: flags before environment before file before default.
 *
 * @param argv what follows the command's name
 * @param read reads the configuration file; replaced in tests
 */
export function loadConfig(
  argv: readonly string[],
  environment: Environment,
  read = readText,
  { ownFlags = [], elsewhere }: LoadOptions = {},
): Loaded {
  const flags = readFlags(argv, [...ownFlags, ...optionList, CONFIG_FLAG], { elsewhere });
  const file = readFile(flags.values.get('config'), environment, read);
  const problems = [...flags.problems, ...file.problems];
  let isUsage = flags.problems.length > 0;
  const config: Record<string, unknown> = {};
  const origins: Record<string, string> = {};

  for (const option of optionList) {
    const given = [
      { text: flags.values.get(option.flag), from: `--${option.flag}` },
      { text: environment[option.env], from: `${option.env} in the environment` },
      { text: file.values.get(option.env)?.text, from: file.values.get(option.env)?.from ?? '' },
      ...(option.alsoFrom ?? []).map((env) => ({
        text: environment[env],
        from: `${env} in the environment`,
      })),
      // An empty variable counts as unset, as in most programs; an empty flag is a mistake.
    ].find(({ text, from }) => text !== undefined && (text !== '' || from.startsWith('--')));
    const parsed = given?.text === '' ? wrong('is empty') : option.parse(given?.text ?? option.default);
    origins[option.name] = given?.from ?? 'the default';
    if (parsed.kind === 'ok') config[option.name] = parsed.value;
    else {
      isUsage ||= given?.from.startsWith('--') === true;
      problems.push(`${given?.from}: ${quote(given?.text ?? '')} ${parsed.why}. Allowed: ${option.allowed}.`);
    }
  }

  const merged = { ...environment, ...withoutWhatIsSet(file.passedOn, environment) };
  const sdkFiles = checkSdkFiles(merged);
  problems.push(...sdkFiles.problems);
  if (problems.length === 0) problems.push(...contradictions(config as Config));
  if (problems.length > 0) {
    const isUnreadable = file.isNotReadableYet && problems.length === 1;
    return {
      kind: 'wrong',
      problems,
      what: isUsage ? 'command-line' : isUnreadable ? 'unreadable' : 'configuration',
    };
  }
  return {
    kind: 'loaded',
    file: file.path,
    config: config as Config,
    origins: origins as Record<OptionName, string>,
    own: new Set(ownFlags.map(({ flag }) => flag).filter((flag) => flags.values.has(flag))),
    warnings: [
      ...unknownNames(Object.keys(environment), 'the environment'),
      ...file.warnings,
      ...withoutEffect(config as Config, origins as Record<OptionName, string>),
      ...sdkFiles.warnings,
    ],
    environment: { ...merged, ...sdkFiles.instead },
  };
}

export type LoadOptions = {
  /** The command's own flags, beside the options. */
  readonly ownFlags?: readonly Flag[] | undefined;
  readonly elsewhere?: FlagsOptions['elsewhere'];
};

/** What a file adds to the environment, in which an empty variable counts as unset, and a proxy's name in capitals as that in small letters. */
function withoutWhatIsSet(fromFile: Readonly<Record<string, string>>, environment: Environment) {
  const names = (name: string) => (isProxyName(name) ? [name.toLowerCase(), name.toUpperCase()] : [name]);
  return Object.fromEntries(
    Object.entries(fromFile).filter(([name]) => !names(name).some((one) => environment[one])),
  );
}

type FileValue = { text: string; from: string };

function readFile(flag: string | undefined, environment: Environment, read: (path: string) => string) {
  const values = new Map<string, FileValue>();
  const passedOn: Record<string, string> = {};
  const path = flag || environment.ECS_DRAIN_CONFIG || DEFAULT_CONFIG_FILE;
  const problems: string[] = [];
  const warnings: string[] = [];
  const result = { path, values, passedOn, problems, warnings, isNotReadableYet: false };

  let text: string;
  try {
    text = read(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && path === DEFAULT_CONFIG_FILE) return result;
    problems.push(
      `${path}: cannot be read (${code ?? message}). It must be a text file that the agent's user may read; ` +
        'name another with --config or ECS_DRAIN_CONFIG, or remove it to use the defaults.',
    );
    return { ...result, isNotReadableYet: isNotReadableYet(error) };
  }

  // As editors on Windows save it: with a byte order mark, and a carriage return in each line's end.
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  lines.forEach((line, index) => {
    const from = `${path} line ${index + 1}`;
    if (/^\s*(#.*)?$/.test(line)) return;
    const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line);
    const value = match ? unquote((match[2] ?? '').trim()) : undefined;
    if (!match || value === undefined) {
      problems.push(
        `${from}${nameAtStart(line)}: not an assignment. Allowed: NAME=value without a space around =, the value with or without quotes, or # comment on a line of its own.`,
      );
      return;
    }
    const name = match[1] ?? '';
    if (name.startsWith('AWS_') || isProxyName(name)) passedOn[name] = value;
    else if (name.startsWith('ECS_DRAIN_')) values.set(name, { text: value, from: `${name} in ${from}` });
    else
      warnings.push(
        `${name} in ${from} is ignored: the agent reads names that begin with ECS_DRAIN_ or AWS_ only, and HTTP_PROXY, HTTPS_PROXY and NO_PROXY.`,
      );
  });
  warnings.push(...unknownNames([...values.keys()], path));
  return result;
}

/** All that is shown of a line: what follows can be a password. */
function nameAtStart(line: string): string {
  const name = /^\s*(?:export\s+)?((?:ECS_DRAIN|AWS)_[A-Z_]+|[A-Z]+_PROXY|[a-z]+_proxy)(?=[\s=:]|$)/.exec(
    line,
  )?.[1];
  return name ? `, which begins with ${name}` : '';
}

function unknownNames(names: readonly string[], where: string): string[] {
  const knownNames = [...optionList.map((option) => option.env), 'ECS_DRAIN_CONFIG'];
  return names
    .filter((name) => name.startsWith('ECS_DRAIN_') && !knownNames.includes(name))
    .map((name) => {
      const near = nearest(name, knownNames);
      return `${name} in ${where} is not an option and is ignored.${near ? ` Did you mean ${near}?` : ''}`;
    });
}

function contradictions(config: Config): string[] {
  if (config.tagSource !== 'ec2' && config.signals.includes('tag') && !isMetadataTagKey(config.tagKey)) {
    return [
      `--${options.tagKey.flag}: ${quote(config.tagKey)} can never be read from instance metadata, which serves keys of ` +
        `${METADATA_TAG_KEY_CHARACTERS} only. Choose such a key, or set --tag-source ec2.`,
    ];
  }
  return [];
}

/** What an option has no effect without, and whether that is configured. */
export const NEEDS: readonly (readonly [OptionName, needs: string, isMet: (config: Config) => boolean])[] = [
  ['tagKey', 'the signal tag (ECS_DRAIN_SIGNALS)', ({ signals }) => signals.includes('tag')],
  ['tagSource', 'the signal tag (ECS_DRAIN_SIGNALS)', ({ signals }) => signals.includes('tag')],
  [
    'onTimeout',
    '--drain-timeout (ECS_DRAIN_TIMEOUT)',
    ({ onTimeout, drainTimeout }) => onTimeout === 'wait' || drainTimeout !== undefined,
  ],
  [
    'spotStopTasks',
    'the signal spot (ECS_DRAIN_SIGNALS)',
    ({ spotStopTasks, signals }) => !spotStopTasks || signals.includes('spot'),
  ],
  [
    'rebalanceTerminate',
    'the signal rebalance (ECS_DRAIN_SIGNALS)',
    ({ rebalanceTerminate, signals }) => !rebalanceTerminate || signals.includes('rebalance'),
  ],
  [
    'scheduledAhead',
    'the signal scheduled (ECS_DRAIN_SIGNALS)',
    ({ signals }) => signals.includes('scheduled'),
  ],
  [
    'metricsEmf',
    '--log-level info or debug (ECS_DRAIN_LOG_LEVEL) for the value log',
    ({ metricsEmf, logLevel }) => metricsEmf !== 'log' || logLevel === 'info' || logLevel === 'debug',
  ],
];

/** Options that somebody has set in vain. */
function withoutEffect(config: Config, origins: Readonly<Record<OptionName, string>>): string[] {
  return NEEDS.filter(([name, , isMet]) => origins[name] !== 'the default' && !isMet(config)).map(
    ([name, needs]) => `${origins[name]} has no effect without ${needs}.`,
  );
}

function unquote(text: string): string | undefined {
  const first = text[0];
  if (first !== '"' && first !== "'") return text;
  return text.length > 1 && text.endsWith(first) ? text.slice(1, -1) : undefined;
}

const readText = (path: string) => readTextFile(path, MOST_BYTES);
