import type * as Ecs from '@aws-sdk/client-ecs';
import { checkName } from './clusters.ts';
import { clientException, invalidParameter } from './errors.ts';
import type { Handlers } from './operations.ts';
import type { TaskDefinition, WorldState } from './state.ts';

/** The ECS calls about task definitions. */
export const taskDefinitions: Pick<
  Handlers<'ecs'>,
  'ecs:RegisterTaskDefinition' | 'ecs:DescribeTaskDefinition' | 'ecs:DeregisterTaskDefinition'
> = {
  'ecs:RegisterTaskDefinition': (world, input) => {
    if (!input.family) throw clientException('Family should not be null or empty.');
    checkName('Family', input.family, clientException);
    const containers = input.containerDefinitions ?? [];
    const [first] = containers;
    if (!first) throw clientException('Container list cannot be empty.');
    const definition = addDefinition(world, {
      family: input.family,
      cpu: input.cpu ? Number(input.cpu) : sum(containers.map((one) => one.cpu ?? 0)),
      memory: input.memory
        ? Number(input.memory)
        : sum(containers.map((one) => one.memory ?? one.memoryReservation ?? 0)),
      ownCpu: input.cpu ? Number(input.cpu) : undefined,
      ownMemory: input.memory ? Number(input.memory) : undefined,
      containerName: first.name ?? 'main',
      image: first.image ?? 'busybox',
      stopTimeoutMs: longest(containers.map((one) => one.stopTimeout)),
      command: first.command,
      log: logOf(first.logConfiguration),
    });
    return { taskDefinition: describe(definition), tags: [] };
  },
  'ecs:DescribeTaskDefinition': (world, input) => ({
    taskDefinition: describe(definitionNamed(world, input.taskDefinition)),
    tags: [],
  }),
  'ecs:DeregisterTaskDefinition': (world, input) => {
    const definition = definitionNamed(world, input.taskDefinition);
    definition.status = 'INACTIVE';
    return { taskDefinition: describe(definition) };
  },
};

export type DefinitionOptions = {
  family: string;
  cpu?: number;
  memory?: number;
  ownCpu?: number | undefined;
  ownMemory?: number | undefined;
  containerName?: string;
  image?: string;
  stopTimeoutMs?: number | undefined;
  command?: readonly string[] | undefined;
  log?: TaskDefinition['log'];
};

/** Adds a revision of a task definition family. */
export function addDefinition(world: WorldState, options: DefinitionOptions): TaskDefinition {
  const { family } = options;
  const revisions = world.taskDefinitions.get(family) ?? [];
  const revision = revisions.length + 1;
  const definition: TaskDefinition = {
    arn: `arn:aws:ecs:${world.options.region}:${world.options.accountId}:task-definition/${family}:${revision}`,
    family,
    revision,
    cpu: options.cpu ?? 128,
    memory: options.memory ?? 128,
    ownCpu: options.ownCpu,
    ownMemory: options.ownMemory,
    containerName: options.containerName ?? 'main',
    image: options.image ?? 'busybox',
    stopTimeoutMs: options.stopTimeoutMs,
    command: options.command,
    log: options.log,
    status: 'ACTIVE',
  };
  revisions.push(definition);
  world.taskDefinitions.set(family, revisions);
  return definition;
}

/** The definition named by ARN, `family:revision`, or family (its latest). */
export function definitionNamed(world: WorldState, name: string | undefined): TaskDefinition {
  if (!name) throw invalidParameter('Task definition cannot be empty.');
  const short = name.startsWith('arn:') ? name.slice(name.lastIndexOf('/') + 1) : name;
  const [family = '', revision] = short.split(':');
  const revisions = world.taskDefinitions.get(family) ?? [];
  const found =
    revision === undefined
      ? revisions.findLast((one) => one.status === 'ACTIVE')
      : revisions.find((one) => String(one.revision) === revision);
  if (!found) throw clientException('Unable to describe task definition.');
  return found;
}

function describe(definition: TaskDefinition): Ecs.TaskDefinition {
  return {
    taskDefinitionArn: definition.arn,
    family: definition.family,
    revision: definition.revision,
    status: definition.status,
    ...(definition.ownCpu !== undefined && { cpu: String(definition.ownCpu) }),
    ...(definition.ownMemory !== undefined && { memory: String(definition.ownMemory) }),
    compatibilities: ['EC2'],
    requiresAttributes: [],
    placementConstraints: [],
    volumes: [],
    containerDefinitions: [
      {
        name: definition.containerName,
        image: definition.image,
        cpu: definition.cpu,
        memory: definition.memory,
        essential: true,
        ...(definition.stopTimeoutMs === undefined ? {} : { stopTimeout: definition.stopTimeoutMs / 1000 }),
        ...(definition.command === undefined ? {} : { command: [...definition.command] }),
        ...(definition.log && {
          logConfiguration: {
            logDriver: 'awslogs' as const,
            options: {
              'awslogs-group': definition.log.group,
              'awslogs-stream-prefix': definition.log.prefix,
            },
          },
        }),
        environment: [],
        mountPoints: [],
        portMappings: [],
        volumesFrom: [],
      },
    ],
  };
}

function logOf(configuration: Ecs.LogConfiguration | undefined): TaskDefinition['log'] {
  const { logDriver, options = {} } = configuration ?? {};
  if (logDriver !== 'awslogs') return undefined;
  return { group: options['awslogs-group'] ?? '', prefix: options['awslogs-stream-prefix'] ?? '' };
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function longest(seconds: (number | undefined)[]): number | undefined {
  const known = seconds.filter((one) => one !== undefined);
  return known.length === 0 ? undefined : Math.max(...known) * 1000;
}
