import type * as Ecs from '@aws-sdk/client-ecs';
import { dateAt } from '../../base/clock.ts';
import { checkName, clusterNamed, listing } from './clusters.ts';
import { atMost } from './container-instances.ts';
import { invalidParameter, serviceError } from './errors.ts';
import { idOf } from './ids.ts';
import { kickService } from './kick.ts';
import type { Handlers } from './operations.ts';
import { page } from './paging.ts';
import { deploymentId, lookAt } from './scheduler.ts';
import type { Cluster, Service, TaskBehaviour, TaskDefinition, WorldState } from './state.ts';
import { definitionNamed } from './task-definitions.ts';

/** The ECS calls about services. */
export const services = {
  'ecs:CreateService': (world, input) => {
    const cluster = clusterNamed(world, input.cluster);
    if (!input.serviceName) throw invalidParameter('Service name cannot be empty.');
    checkName('Service name', input.serviceName, invalidParameter);
    const existing = cluster.services.get(input.serviceName);
    if (existing && existing.status !== 'INACTIVE')
      throw invalidParameter('Creation of service was not idempotent.');
    const service = addService(world, cluster, {
      name: input.serviceName,
      definition: definitionNamed(world, input.taskDefinition),
      desiredCount: input.desiredCount ?? 0,
      strategy: input.schedulingStrategy ?? 'REPLICA',
      minimumHealthyPercent: input.deploymentConfiguration?.minimumHealthyPercent,
      maximumPercent: input.deploymentConfiguration?.maximumPercent,
    });
    return { service: describe(service) };
  },
  'ecs:UpdateService': (world, input) => {
    const service = activeService(clusterNamed(world, input.cluster), input.service);
    if (input.desiredCount !== undefined) service.desiredCount = input.desiredCount;
    if (input.taskDefinition) service.definition = definitionNamed(world, input.taskDefinition);
    const { minimumHealthyPercent, maximumPercent } = input.deploymentConfiguration ?? {};
    if (minimumHealthyPercent !== undefined) service.minimumHealthyPercent = minimumHealthyPercent;
    if (maximumPercent !== undefined) service.maximumPercent = maximumPercent;
    kickService(world, service);
    return { service: describe(service) };
  },
  'ecs:DeleteService': (world, input) => {
    const service = activeService(clusterNamed(world, input.cluster), input.service);
    if (service.desiredCount > 0 && service.strategy === 'REPLICA' && input.force !== true)
      throw invalidParameter('The service cannot be stopped while it is scaled above 0.');
    service.desiredCount = 0;
    service.status = 'DRAINING';
    kickService(world, service);
    return { service: describe(service) };
  },
  'ecs:DescribeServices': (world, input) => {
    const cluster = clusterNamed(world, input.cluster);
    const found: Ecs.Service[] = [];
    const failures: Ecs.Failure[] = [];
    if (!input.services?.length) throw invalidParameter('Services cannot be empty.');
    for (const name of atMost(10, input.services, '')) {
      const service = cluster.services.get(idOf(name));
      if (service) found.push(describe(service));
      else failures.push({ arn: serviceArn(world, cluster, idOf(name)), reason: 'MISSING' });
    }
    return { services: found, failures };
  },
  'ecs:ListServices': (world, input) => {
    const cluster = clusterNamed(world, input.cluster);
    const listed = [...cluster.services.values()]
      .filter((service) => service.status !== 'INACTIVE')
      .filter((service) => !input.schedulingStrategy || service.strategy === input.schedulingStrategy);
    const { items, nextToken } = page(
      listed,
      (service) => service.serial,
      listing(world, 'ecs:ListServices', input, 10),
    );
    return {
      serviceArns: items.map((service) => service.arn),
      ...(nextToken === undefined ? {} : { nextToken }),
    };
  },
} satisfies Handlers<'ecs'>;

export type ServiceOptions = {
  name: string;
  definition: TaskDefinition;
  desiredCount?: number | undefined;
  strategy?: 'REPLICA' | 'DAEMON' | undefined;
  minimumHealthyPercent?: number | undefined;
  maximumPercent?: number | undefined;
  behaviour?: TaskBehaviour | undefined;
};

export function addService(world: WorldState, cluster: Cluster, options: ServiceOptions): Service {
  const strategy = options.strategy ?? 'REPLICA';
  const service: Service = {
    name: options.name,
    arn: serviceArn(world, cluster, options.name),
    cluster,
    strategy,
    serial: ++world.serial,
    createdAt: world.now,
    behaviour: options.behaviour ?? {},
    definition: options.definition,
    desiredCount: options.desiredCount ?? 0,
    minimumHealthyPercent: options.minimumHealthyPercent ?? (strategy === 'DAEMON' ? 0 : 100),
    maximumPercent: options.maximumPercent ?? (strategy === 'DAEMON' ? 100 : 200),
    status: 'ACTIVE',
    tasks: new Set(),
    events: [],
    steady: false,
    blocked: false,
    look: () => lookAt(world, service),
    pass: undefined,
  };
  cluster.services.set(service.name, service);
  kickService(world, service);
  return service;
}

function activeService(cluster: Cluster, name: string | undefined): Service {
  const service = name ? cluster.services.get(idOf(name)) : undefined;
  if (!service) throw serviceError('ServiceNotFoundException', 'Service not found.');
  if (service.status !== 'ACTIVE') throw serviceError('ServiceNotActiveException', 'Service was not ACTIVE.');
  return service;
}

function serviceArn(world: WorldState, cluster: Cluster, name: string): string {
  return `arn:aws:ecs:${world.options.region}:${world.options.accountId}:service/${cluster.name}/${name}`;
}

function describe(service: Service): Ecs.Service {
  let running = 0;
  let pending = 0;
  for (const task of service.tasks) {
    if (task.desiredStatus !== 'RUNNING') continue;
    if (task.lastStatus === 'RUNNING') running++;
    else pending++;
  }
  return {
    serviceArn: service.arn,
    serviceName: service.name,
    clusterArn: service.cluster.arn,
    status: service.status,
    desiredCount: service.desiredCount,
    runningCount: running,
    pendingCount: pending,
    launchType: 'EC2',
    taskDefinition: service.definition.arn,
    schedulingStrategy: service.strategy,
    deploymentConfiguration: {
      minimumHealthyPercent: service.minimumHealthyPercent,
      maximumPercent: service.maximumPercent,
    },
    loadBalancers: [],
    serviceRegistries: [],
    placementConstraints: [],
    placementStrategy: [],
    createdAt: dateAt(service.createdAt),
    events: service.events.map(({ id, createdAt, message }) => ({
      id,
      message,
      createdAt: dateAt(createdAt),
    })),
    deployments: [
      {
        id: deploymentId(service),
        status: 'PRIMARY',
        taskDefinition: service.definition.arn,
        desiredCount: service.desiredCount,
        runningCount: running,
        pendingCount: pending,
        createdAt: dateAt(service.createdAt),
        updatedAt: dateAt(service.createdAt),
        launchType: 'EC2',
      },
    ],
  };
}
