import type * as Ecs from '@aws-sdk/client-ecs';
import { messageOf } from '../../base/text.ts';
import { parseQuery } from './cluster-query.ts';
import { checkName } from './clusters.ts';
import { clientException, invalidParameter } from './errors.ts';
import type { Handlers } from './operations.ts';
import type { ContainerSpec, TaskDefinition, WorldState } from './state.ts';

/** The ECS calls about task definitions. */
export const taskDefinitions = {
  'ecs:RegisterTaskDefinition': (world, input) => {
    if (!input.family) throw clientException('Family should not be null or empty.');
    checkName('Family', input.family, clientException);
    const containers = input.containerDefinitions ?? [];
    if (containers.length === 0) throw clientException('Container list cannot be empty.');
    const names = containers.map(({ name }) => name ?? '');
    if (names.some((name) => !/^[A-Za-z0-9_-]{1,255}$/.test(name)))
      throw clientException('Container.name should have 1 to 255 letters, numbers, hyphens and underscores.');
    if (new Set(names).size < names.length) throw clientException('Container names must be unique.');
    if (containers.every(({ essential }) => essential === false))
      throw clientException('Task definition does not have any essential containers.');
    const definition = addDefinition(world, {
      family: input.family,
      cpu: input.cpu ? Number(input.cpu) : sum(containers.map((one) => one.cpu ?? 0)),
      memory: input.memory
        ? Number(input.memory)
        : sum(containers.map((one) => one.memoryReservation ?? one.memory ?? 0)),
      ownCpu: input.cpu ? Number(input.cpu) : undefined,
      ownMemory: input.memory ? Number(input.memory) : undefined,
      containers: containers.map(specOf),
      stopTimeoutMs: longest(containers.map((one) => one.stopTimeout)),
      networkMode: input.networkMode,
      requiresAttributes: requiredAttributes(input),
      expressions: (input.placementConstraints ?? []).map(({ expression = '' }) => checkedQuery(expression)),
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
} satisfies Handlers<'ecs'>;

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
  log?: ContainerSpec['log'];
  networkMode?: TaskDefinition['networkMode'] | undefined;
  requiresAttributes?: readonly string[];
  expressions?: readonly string[];
  /** In place of the one container that the rest describes. */
  containers?: readonly ContainerSpec[];
};

/** Adds a revision of a task definition family. */
export function addDefinition(world: WorldState, options: DefinitionOptions): TaskDefinition {
  const { family } = options;
  const revisions = world.taskDefinitions.get(family) ?? [];
  const revision = revisions.length + 1;
  const { cpu = 128, memory = 128 } = options;
  const definition: TaskDefinition = {
    arn: `arn:aws:ecs:${world.options.region}:${world.options.accountId}:task-definition/${family}:${revision}`,
    family,
    revision,
    cpu,
    memory,
    ownCpu: options.ownCpu,
    ownMemory: options.ownMemory,
    containers: options.containers ?? [
      {
        name: options.containerName ?? 'main',
        image: options.image ?? 'busybox',
        isEssential: true,
        cpu,
        memory,
        memoryReservation: undefined,
        gpu: 0,
        ports: [],
        stopTimeoutMs: options.stopTimeoutMs,
        command: options.command,
        log: options.log,
      },
    ],
    stopTimeoutMs: options.stopTimeoutMs,
    networkMode: options.networkMode ?? 'bridge',
    requiresAttributes: options.requiresAttributes ?? [],
    expressions: options.expressions ?? [],
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
    networkMode: definition.networkMode,
    requiresAttributes: definition.requiresAttributes.map((name) => ({ name })),
    placementConstraints: definition.expressions.map((expression) => ({ type: 'memberOf', expression })),
    volumes: [],
    containerDefinitions: definition.containers.map(describeContainer),
  };
}

function describeContainer(one: ContainerSpec): Ecs.ContainerDefinition {
  return {
    name: one.name,
    image: one.image,
    cpu: one.cpu,
    ...(one.memory !== undefined && { memory: one.memory }),
    ...(one.memoryReservation !== undefined && { memoryReservation: one.memoryReservation }),
    essential: one.isEssential,
    ...(one.stopTimeoutMs !== undefined && { stopTimeout: one.stopTimeoutMs / 1000 }),
    ...(one.command !== undefined && { command: [...one.command] }),
    ...(one.log && {
      logConfiguration: {
        logDriver: 'awslogs' as const,
        options: { 'awslogs-group': one.log.group, 'awslogs-stream-prefix': one.log.prefix },
      },
    }),
    environment: [],
    mountPoints: [],
    portMappings: one.ports.map(({ container, host, protocol }) => ({
      containerPort: container,
      hostPort: host,
      protocol,
    })),
    ...(one.gpu > 0 && { resourceRequirements: [{ type: 'GPU', value: String(one.gpu) }] }),
    volumesFrom: [],
  };
}

/** What ECS makes of a definition's parameters (ECS developer guide, "Amazon ECS container agent configuration"). */
function requiredAttributes({
  networkMode,
  taskRoleArn,
  containerDefinitions = [],
}: Ecs.RegisterTaskDefinitionCommandInput) {
  const drivers = containerDefinitions.flatMap(({ logConfiguration }) => logConfiguration?.logDriver ?? []);
  return [
    ...(networkMode === 'awsvpc' ? ['ecs.capability.task-eni'] : []),
    ...(taskRoleArn ? ['com.amazonaws.ecs.capability.task-iam-role'] : []),
    ...[...new Set(drivers)].map((driver) => `com.amazonaws.ecs.capability.logging-driver.${driver}`),
  ];
}

/** @throws what ECS answers to an expression that is none */
export function checkedQuery(expression: string): string {
  try {
    parseQuery(expression);
    return expression;
  } catch (error) {
    throw invalidParameter(`Invalid expression "${expression}": ${messageOf(error)}`);
  }
}

function specOf(one: Ecs.ContainerDefinition): ContainerSpec {
  return {
    name: one.name ?? '',
    image: one.image ?? 'busybox',
    isEssential: one.essential !== false,
    cpu: one.cpu ?? 0,
    memory: one.memory,
    memoryReservation: one.memoryReservation,
    gpu: sum((one.resourceRequirements ?? []).map(({ type, value }) => (type === 'GPU' ? Number(value) : 0))),
    ports: (one.portMappings ?? []).map(({ containerPort = 0, hostPort = 0, protocol }) => ({
      container: containerPort,
      host: hostPort,
      protocol: protocol === 'udp' ? 'udp' : 'tcp',
    })),
    stopTimeoutMs: one.stopTimeout === undefined ? undefined : one.stopTimeout * 1000,
    command: one.command,
    log: logOf(one.logConfiguration),
  };
}

function logOf(configuration: Ecs.LogConfiguration | undefined): ContainerSpec['log'] {
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
