import type * as Ecs from '@aws-sdk/client-ecs';
import { invalidParameter, serviceError } from './errors.ts';
import { idOf } from './ids.ts';
import type { Handlers } from './operations.ts';
import { type Asked, pageByPlace } from './paging.ts';
import type { Cluster, WorldState } from './state.ts';

/** The ECS calls about clusters. */
export const clusters = {
  'ecs:CreateCluster': (world, input) => {
    const name = input.clusterName ?? 'default';
    checkName('Cluster name', name, invalidParameter);
    return { cluster: describe(addCluster(world, name)) };
  },
  'ecs:DescribeClusters': (world, input) => {
    const found: Ecs.Cluster[] = [];
    const failures: Ecs.Failure[] = [];
    if ((input.clusters?.length ?? 0) > 100)
      throw invalidParameter('Clusters should have at most 100 entries.');
    for (const name of input.clusters?.length ? input.clusters : ['default']) {
      const cluster = world.clusters.get(idOf(name));
      if (cluster) found.push(describe(cluster));
      else failures.push({ arn: clusterArn(world, idOf(name)), reason: 'MISSING' });
    }
    return { clusters: found, failures };
  },
  'ecs:ListClusters': (world, input) => {
    const asked = listing(world, 'ecs:ListClusters', input, 100);
    const { items, nextToken } = pageByPlace([...world.clusters.values()], asked);
    return {
      clusterArns: items.map((cluster) => cluster.arn),
      ...(nextToken === undefined ? {} : { nextToken }),
    };
  },
} satisfies Handlers<'ecs'>;

/** The cluster of this name, made when it is not there yet. */
export function addCluster(world: WorldState, name: string): Cluster {
  const existing = world.clusters.get(name);
  if (existing) return existing;
  const cluster: Cluster = {
    name,
    arn: clusterArn(world, name),
    containerInstances: new Map(),
    tasks: new Map(),
    services: new Map(),
    runTaskTokens: new Map(),
    capacityProviders: new Map(),
    defaultProvider: undefined,
    waiting: new Map(),
  };
  world.clusters.set(name, cluster);
  return cluster;
}

/** The cluster that a call names, by name or ARN. */
export function clusterNamed(world: WorldState, nameOrArn: string | undefined): Cluster {
  const cluster = world.clusters.get(idOf(nameOrArn || 'default'));
  if (!cluster) throw serviceError('ClusterNotFoundException', 'Cluster not found.');
  return cluster;
}

/** Refuses an ARN of another cluster, as ECS does. */
export function checkOwnCluster(cluster: Cluster, arnOrId: string): void {
  if (!arnOrId.startsWith('arn:')) return;
  const parts = arnOrId.slice(arnOrId.lastIndexOf(':') + 1).split('/');
  if (parts.length === 3 && parts[1] !== cluster.name)
    throw invalidParameter(
      `Invalid identifier: Identifier is for cluster ${parts[1]}. Your cluster is ${cluster.name}`,
    );
}

/** A list as an ECS call asks for it: 1 to 100 items a page, and as many as the service likes without a word. */
export function listing(
  world: WorldState,
  operation: string,
  input: { maxResults?: number | undefined; nextToken?: string | undefined },
  usual: number,
): Asked {
  const { maxResults, nextToken } = input;
  if (maxResults !== undefined && (maxResults < 1 || maxResults > 100))
    throw invalidParameter('Max results must be between 1 and 100.');
  return {
    operation,
    input,
    limit: Math.min(maxResults ?? usual, world.options.pageSize),
    token: nextToken || undefined,
    refuse: () => invalidParameter('Invalid token.'),
  };
}

/** The names of clusters, services and families: letters, digits, hyphens and underscores, 255 at most. */
export function checkName(what: string, name: string, refuse: (message: string) => Error): void {
  if (!/^[\w-]{1,255}$/.test(name))
    throw refuse(
      `${what} should have 1 to 255 characters: uppercase and lowercase letters, numbers, hyphens and underscores.`,
    );
}

function clusterArn(world: WorldState, name: string): string {
  return `arn:aws:ecs:${world.options.region}:${world.options.accountId}:cluster/${name}`;
}

function describe(cluster: Cluster): Ecs.Cluster {
  let instances = 0;
  let running = 0;
  let pending = 0;
  let services = 0;
  for (const one of cluster.containerInstances.values())
    if (one.status === 'ACTIVE' || one.status === 'DRAINING') instances++;
  for (const task of cluster.tasks.values()) {
    if (task.desiredStatus !== 'RUNNING') continue;
    if (task.lastStatus === 'RUNNING') running++;
    else pending++;
  }
  for (const service of cluster.services.values()) if (service.status === 'ACTIVE') services++;
  return {
    clusterArn: cluster.arn,
    clusterName: cluster.name,
    status: 'ACTIVE',
    registeredContainerInstancesCount: instances,
    runningTasksCount: running,
    pendingTasksCount: pending,
    activeServicesCount: services,
    statistics: [],
    tags: [],
    settings: [],
    capacityProviders: [...cluster.capacityProviders.keys()],
    defaultCapacityProviderStrategy:
      cluster.defaultProvider === undefined
        ? []
        : [{ capacityProvider: cluster.defaultProvider, weight: 1, base: 0 }],
  };
}
