import { formatDuration } from '../../base/duration.ts';
import type { Environment } from '../../base/environment.ts';
import { nearest } from '../../base/nearest.ts';
import { quote } from '../../base/text.ts';
import { readFlags } from '../../config/read-flags.ts';
import { checkSdkFiles } from '../../config/sdk-files.ts';
import { type Config, defaultConfig } from '../plan/model.ts';
import { type OptionName, type Options, optionList } from './options.ts';

/** From one turn to the next where a timer takes them, in ms. */
const TIMER_MS = 60_000;

/** The options, or everything that is wrong with them: one problem a line, so that all can be fixed at once. */
export type Loaded =
  | {
      readonly kind: 'wrong';
      readonly problems: readonly string[];
      /** Something is wrong on the command line itself. */
      readonly isUsage: boolean;
    }
  | {
      readonly kind: 'loaded';
      readonly options: Options & { readonly cluster: string; readonly group: string };
      /** The process's own, without what the AWS SDK would wait for without end. */
      readonly environment: Environment;
      readonly warnings: readonly string[];
    };

/** Reads a command's options: flags before environment variables before the default. */
export function loadOptions(argv: readonly string[], environment: Environment): Loaded {
  const flags = readFlags(argv, optionList);
  const problems = [...flags.problems];
  let isUsage = problems.length > 0;
  const given: Partial<Record<OptionName, unknown>> = {};
  for (const option of optionList) {
    const flag = flags.values.get(option.flag);
    const text = flag ?? (environment[option.variable] || undefined);
    const from = flag === undefined ? option.variable : `--${option.flag}`;
    const value = flag === '' ? undefined : option.parse(text ?? option.default);
    if (value?.kind === 'ok') given[option.name] = value.value;
    else {
      isUsage ||= flag !== undefined;
      problems.push(`${from}: ${quote(text ?? '')} ${value?.why ?? 'is empty'}. Allowed: ${option.allowed}.`);
    }
    if (text === undefined && (option.name === 'cluster' || option.name === 'group')) {
      isUsage = true;
      problems.push(`--${option.flag}: it must be given, here or as ${option.variable}.`);
    }
  }
  const variables = optionList.map(({ variable }) => variable);
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('ECS_SCALER_') || variables.includes(name)) continue;
    const near = nearest(name, variables);
    problems.push(`${name}: no such option.${near ? ` Did you mean ${near}?` : ''}`);
  }
  const sdkFiles = checkSdkFiles(environment);
  problems.push(...sdkFiles.problems);
  const options = given as Options & { cluster: string; group: string };
  if (problems.length === 0) {
    const { settleFor, cordonFor, interval } = options;
    const least = settleFor + Math.max(interval, TIMER_MS);
    if (cordonFor <= least) {
      isUsage ||= ['cordon-for', 'settle-for', 'interval'].some((flag) => flags.values.has(flag));
      problems.push(
        `--cordon-for: ${formatDuration(cordonFor)} is too short: every cordon would end before the turn that terminates its instance. Allowed: more than ${formatDuration(least)}, which are --settle-for and the time to the next turn (--interval, and a minute at least, as the timer has it). Raise it, or lower --settle-for or --interval.`,
      );
    }
  }
  if (problems.length > 0) return { kind: 'wrong', problems, isUsage };
  return {
    kind: 'loaded',
    options,
    environment: { ...environment, ...sdkFiles.instead },
    warnings: sdkFiles.warnings,
  };
}

/** What a plan goes by. */
export function configOf(options: Options): Config {
  return {
    ...defaultConfig,
    name: options.name,
    policy:
      options.policy === 'average'
        ? { kind: 'average', share: options.averageTarget / 100, everyMs: options.averagePeriod }
        : { kind: 'planned' },
    spare: options.spare,
    emptyForMs: options.emptyFor,
    bootTimeoutMs: options.bootTimeout,
    cordonForMs: options.cordonFor,
    settleMs: options.settleFor,
    cordonBusy: options.cordonBusy,
    bootMs: options.bootTime,
    looksAhead: options.lookAhead,
  };
}
