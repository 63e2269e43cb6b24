import { awsNames } from '../../config/aws-names.ts';
import { awsOptions } from '../../config/aws-options.ts';
import {
  boolean,
  duration,
  listOf,
  type OptionText,
  oneOf,
  type ValuesOf,
  wholeNumber,
} from '../../config/option.ts';
import { parsed, wrong } from '../../config/parsed.ts';

/** The one schema of `ecs-scaler`: types, `--help`, environment variables and error messages all come from here. */
export const options = {
  cluster: awsOptions.cluster,
  group: {
    flag: 'group',
    placeholder: 'NAME',
    default: '',
    defaultShown: 'none: it must be given',
    help: 'The Auto Scaling group whose instances it adds and takes away, within its minimum and maximum.',
    allowed: 'the name of an Auto Scaling group',
    parse: awsNames.group,
  },
  demandQueue: {
    flag: 'demand-queue',
    placeholder: 'URL',
    default: '',
    defaultShown: 'none',
    help: 'The SQS queue in which waiting launchers say what they need; for this group alone.',
    allowed: 'the URL of a standard SQS queue',
    parse: awsNames.queueUrl,
  },
  spare: {
    flag: 'spare',
    placeholder: 'N',
    default: '0',
    help: 'How many instances are kept empty beyond what waiting jobs take.',
    allowed: 'a whole number from 0 to 1000',
    parse: wholeNumber(0, 1_000),
  },
  emptyFor: {
    flag: 'empty-for',
    placeholder: 'TIME',
    default: '10m',
    help: 'How long the instance that was used last has had no task before it goes; any other goes after half of that.',
    allowed: 'a time from 0s to 55m: ECS lists ended tasks for an hour',
    parse: duration(0, 55 * 60_000),
  },
  policy: {
    flag: 'policy',
    placeholder: 'NAME',
    default: 'planned',
    help: 'What goes: what nobody needs (planned), or as many as the average reservation allows, at the beginning of every period (average).',
    allowed: 'planned, average',
    parse: oneOf(['planned', 'average']),
  },
  averageTarget: {
    flag: 'average-target',
    placeholder: 'PERCENT',
    default: '90',
    help: 'With --policy average: n of N instances go while the reservation stays below (N − n) · 100 / N · PERCENT / 100.',
    allowed: 'a whole number from 1 to 100',
    parse: wholeNumber(1, 100),
  },
  averagePeriod: {
    flag: 'average-period',
    placeholder: 'TIME',
    default: '1h',
    help: 'With --policy average: how often instances go.',
    allowed: 'a time from 1m to 24h',
    parse: duration(60_000, 86_400_000),
  },
  cordonBusy: {
    flag: 'cordon-busy',
    placeholder: 'WHICH',
    default: 'off',
    help: 'Whether instances take no new tasks whose own would fit elsewhere: those that run jobs only (jobs), or services too (services), whose tasks ECS then moves.',
    allowed: 'off, jobs, services',
    parse: oneOf(['off', 'jobs', 'services']),
  },
  lookAhead: {
    flag: 'look-ahead',
    default: 'false',
    help: 'Publish how many instances are needed as a metric of CloudWatch, and hold as many as the hour of the week has needed in the weeks before, if that forecast was better than one level for all hours.',
    allowed: 'true, false',
    parse: boolean,
  },
  bootTime: {
    flag: 'boot-time',
    placeholder: 'TIME',
    default: '3m',
    help: 'With --look-ahead: how long an instance takes from its launch to its registration.',
    allowed: 'a time from 10s to 1h',
    parse: duration(10_000, 3_600_000),
  },
  bootTimeout: {
    flag: 'boot-timeout',
    placeholder: 'TIME',
    default: '10m',
    help: 'An instance that has not registered with ECS so long after its launch is reported as broken, and is no room that comes.',
    allowed: 'a time from 1m to 2h',
    parse: duration(60_000, 7_200_000),
  },
  cordonFor: {
    flag: 'cordon-for',
    placeholder: 'TIME',
    default: '15m',
    help: 'When a cordon ends by itself. The next turn must come sooner.',
    allowed: 'a time from 2m to 24h, more than --settle-for and the time between two turns together',
    parse: duration(120_000, 86_400_000),
  },
  settleFor: {
    flag: 'settle-for',
    placeholder: 'TIME',
    default: '1m',
    help: 'How long an instance is cordoned before it is terminated: until then ECS shows what was placed right before.',
    allowed: 'a time from 1s to 10m, less than --cordon-for',
    parse: duration(1_000, 600_000),
  },
  name: {
    flag: 'name',
    placeholder: 'NAME',
    default: 'ecs-scaler',
    help: 'What it calls itself in its cordons. Two scalers of one group need the same.',
    allowed: '1 to 60 letters, digits, dots, hyphens and underscores',
    parse: (text: string) => (/^[\w.-]{1,60}$/.test(text) ? parsed(text) : wrong('is not such a name')),
  },
  interval: {
    flag: 'interval',
    placeholder: 'TIME',
    default: '15s',
    help: 'With run: how long after the end of a turn the next one begins at the latest. Demand begins one at once.',
    allowed: 'a time from 1s to 5m',
    parse: duration(1_000, 300_000),
  },
  json: {
    flag: 'json',
    default: 'false',
    help: 'A turn as one line of JSON on standard output.',
    allowed: 'true, false',
    parse: boolean,
  },
  region: awsOptions.region,
} as const satisfies Record<string, OptionText<unknown>>;

export type OptionName = keyof typeof options;

/** The same schema as a list, with the environment variable of each. */
export const optionList: readonly (OptionText<unknown> & {
  readonly name: OptionName;
  readonly variable: string;
})[] = listOf(options).map((option) => ({
  ...option,
  variable: `ECS_SCALER_${option.flag.toUpperCase().replaceAll('-', '_')}`,
}));

/** Every option's value. Times are in ms. */
export type Options = ValuesOf<typeof options>;
