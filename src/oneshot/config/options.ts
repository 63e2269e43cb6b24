import { quote } from '../../base/text.ts';
import { awsNames } from '../../config/aws-names.ts';
import { awsOptions } from '../../config/aws-options.ts';
import {
  boolean,
  duration,
  listOf,
  type OptionText,
  oneOf,
  optional,
  type ValuesOf,
  wholeNumber,
} from '../../config/option.ts';
import { type Parsed, parsed, wrong } from '../../config/parsed.ts';
import { EXIT } from '../exit-codes.ts';

/** The one schema of `ecs-oneshot`: types, `--help`, job files and error messages all come from here. */
export const options = {
  cluster: awsOptions.cluster,
  taskDefinition: {
    flag: 'task-definition',
    placeholder: 'NAME',
    default: '',
    defaultShown: 'none: it must be given',
    help: 'The task definition: a family, of which the latest revision runs, family:revision, or an ARN.',
    allowed: 'a family, family:revision, or ARN',
    parse: optional((text) =>
      TASK_DEFINITION.test(text) ? parsed(text) : wrong('is not the name of a task definition'),
    ),
  },
  container: {
    flag: 'container',
    placeholder: 'NAME',
    default: '',
    defaultShown: 'the only essential one',
    help: 'The container that runs the command, and whose exit code counts.',
    allowed: 'the name of a container of the task definition',
    parse: optional((text) =>
      /^[A-Za-z0-9_-]{1,255}$/.test(text) ? parsed(text) : wrong('is not the name of a container'),
    ),
  },
  cpu: {
    flag: 'cpu',
    placeholder: 'UNITS',
    default: '',
    defaultShown: 'as in the task definition',
    help: "The container's CPU units; 1024 are one vCPU.",
    allowed: 'a whole number from 1 to 1000000',
    parse: optional(wholeNumber(1, 1_000_000)),
  },
  memory: {
    flag: 'memory',
    placeholder: 'MIB',
    default: '',
    defaultShown: 'as in the task definition',
    help: "The container's memory in MiB; beyond it the container is killed.",
    allowed: 'a whole number from 1 to 1000000',
    parse: optional(wholeNumber(1, 1_000_000)),
  },
  taskRole: {
    flag: 'task-role',
    placeholder: 'ROLE',
    default: '',
    defaultShown: 'as in the task definition',
    help: 'The IAM role of the task.',
    allowed: 'the name or ARN of a role',
    parse: optional((text) =>
      /^[\w+=,.@:/-]{1,2048}$/.test(text) ? parsed(text) : wrong('is not the name of a role'),
    ),
  },
  subnets: {
    flag: 'subnets',
    placeholder: 'IDS',
    default: '',
    defaultShown: 'none',
    help: 'Where a task of the network mode awsvpc gets its network interface: in one of these subnets, on an instance in its zone. Such a task needs them, and no other takes them.',
    allowed: '1 to 16 IDs of one VPC such as subnet-0a1b2c3d, separated by commas',
    parse: optional(idList('subnet', 16)),
  },
  securityGroups: {
    flag: 'security-groups',
    placeholder: 'IDS',
    default: '',
    defaultShown: "the VPC's default one",
    help: 'The security groups of that network interface.',
    allowed: '1 to 5 IDs such as sg-0a1b2c3d, separated by commas; together with --subnets',
    parse: optional(idList('sg', 5)),
  },
  group: {
    flag: 'group',
    placeholder: 'NAME',
    default: '',
    defaultShown: 'none',
    help: 'The Auto Scaling group that is asked for instances where there is no room, up to its maximum.',
    allowed: 'the name of an Auto Scaling group; not together with --capacity-provider',
    parse: awsNames.group,
  },
  capacityProvider: {
    flag: 'capacity-provider',
    placeholder: 'NAME',
    default: '',
    defaultShown: "the cluster's default",
    help: 'The capacity provider that places the task, and finds room for it if it has managed scaling.',
    allowed: 'the name of a capacity provider',
    parse: optional((text) =>
      /^[A-Za-z0-9_-]{1,255}$/.test(text) ? parsed(text) : wrong('is not the name of a capacity provider'),
    ),
  },
  demandQueue: {
    flag: 'demand-queue',
    placeholder: 'URL',
    default: '',
    defaultShown: 'none',
    help: 'The SQS queue that is told every 10s what the task needs while there is no room, for whoever scales the group (--group) for all who wait together. The launcher itself asks the group for nothing then.',
    allowed: 'the URL of a standard SQS queue; not together with --capacity-provider',
    parse: awsNames.queueUrl,
  },
  placement: {
    flag: 'placement',
    placeholder: 'STRATEGY',
    default: 'binpack',
    help: 'Where among the instances with room: the fullest (binpack), evenly by zone and instance (spread), any (random).',
    allowed: 'binpack, spread, random',
    parse: oneOf(['binpack', 'spread', 'random']),
  },
  capacityTimeout: {
    flag: 'capacity-timeout',
    placeholder: 'TIME',
    default: '30m',
    help: `How long it waits for room before it gives up with exit code ${EXIT.noRoom}.`,
    allowed: 'a time of at least 0s',
    parse: duration(0, Infinity),
  },
  timeout: {
    flag: 'timeout',
    placeholder: 'TIME',
    default: '',
    defaultShown: 'none',
    help: `How long the task may run; --on-timeout says what happens then. The exit code is ${EXIT.timedOut}.`,
    allowed: 'a time of at least 1s, or "none"',
    parse: (text) => (text === '' || text === 'none' ? parsed(undefined) : duration(1_000, Infinity)(text)),
  },
  onTimeout: {
    flag: 'on-timeout',
    placeholder: 'ACTION',
    default: 'stop',
    help: 'At the time-out: stop the task (stop), or let it run and end without it (detach).',
    allowed: 'stop, detach',
    parse: oneOf(['stop', 'detach']),
  },
  logs: {
    flag: 'logs',
    placeholder: 'MODE',
    default: 'follow',
    help: "The container's log on standard output, if it goes to CloudWatch Logs: as it comes (follow), its last 1,000 lines at the end (end), or not (none); then the last 20 lines on standard error after a failure.",
    allowed: 'follow, end, none',
    parse: oneOf(['follow', 'end', 'none']),
  },
  noWait: {
    flag: 'no-wait',
    default: 'false',
    help: 'End as soon as the task is started. The last line on standard output is then {"cluster":…,"task_arn":…}.',
    allowed: 'true, false',
    parse: boolean,
  },
  key: {
    flag: 'key',
    placeholder: 'KEY',
    default: '',
    defaultShown: 'a new one each time',
    help: 'Runs once for each key: where a task of this key runs in the cluster, or has ended in the last hour, that one is waited for and nothing is started.',
    allowed: '1 to 255 printable characters',
    parse: optional((text) =>
      /^[\x20-\x7e]{1,255}$/.test(text) ? parsed(text) : wrong('is not of 1 to 255 printable characters'),
    ),
  },
  resultFile: {
    flag: 'result-file',
    placeholder: 'PATH',
    default: '',
    defaultShown: 'none',
    help: 'A file that says in JSON how it ended, and whose exit code it is.',
    allowed: 'a path in a directory that this user may write',
    parse: optional((text) => parsed(text)),
  },
  region: awsOptions.region,
  dryRun: {
    flag: 'dry-run',
    default: 'false',
    help: 'Print what RunTask would be asked, as JSON, and start nothing.',
    allowed: 'true, false',
    parse: boolean,
  },
} as const satisfies Record<string, OptionText<unknown>>;

export type OptionName = keyof typeof options;

/** Those that a job file can give as a list. */
export const listOptions: readonly OptionName[] = ['subnets', 'securityGroups'];

/**
 * Why a name that one would expect is no option, by the flag: parts of RunTask's network configuration that are given
 * otherwise, or cannot be.
 */
export const notOptions: ReadonlyMap<string, string> = new Map([
  [
    'assign-public-ip',
    'ECS assigns no public IP address to a task on an EC2 instance. Leave it out, and give the subnets a NAT gateway or VPC endpoints',
  ],
  ['network-configuration', 'give its members as subnets and security-groups'],
  ['networkConfiguration', 'give its members as subnets and security-groups'],
]);

export const optionList: readonly (OptionText<unknown> & { readonly name: OptionName })[] = listOf(options);

/** Every option's value. Times are in ms. */
export type Options = ValuesOf<typeof options>;

/** IDs of one kind of resource, separated by commas. (ECS API reference, AwsVpcConfiguration, has the most of each) */
function idList(prefix: string, most: number) {
  return (text: string): Parsed<readonly string[]> => {
    const ids = text.split(',').map((id) => id.trim());
    const strange = ids.find((id) => !new RegExp(`^${prefix}-[0-9a-f]{1,40}$`).test(id));
    if (strange !== undefined) return wrong(`contains ${quote(strange)}, which is no ID of that kind`);
    return ids.length > most ? wrong(`has more than ${most} IDs`) : parsed(ids);
  };
}

/** RegisterTaskDefinition's own pattern, and the ARN that it makes. */
const TASK_DEFINITION =
  /^(arn:[a-z0-9-]{1,32}:ecs:[a-z0-9-]{1,40}:\d{12}:task-definition\/)?[A-Za-z0-9_-]{1,255}(:\d{1,9})?$/;
