import type * as Ecs from '@aws-sdk/client-ecs';
import { dateAt } from '../../base/clock.ts';
import { messageOf } from '../../base/text.ts';
import { attributesOf } from './attributes.ts';
import { AGENT_VERSION, parseQuery, type Query } from './cluster-query.ts';
import { checkOwnCluster, clusterNamed, listing } from './clusters.ts';
import { setContainerInstanceStatus } from './ecs-agent.ts';
import { clientException, invalidParameter } from './errors.ts';
import { idOf } from './ids.ts';
import type { Handlers } from './operations.ts';
import { page } from './paging.ts';
import { valueAt } from './past.ts';
import { liveTasks, RESERVED_PORTS, usedGpus } from './placement.ts';
import type { Cluster, ContainerInstance, Machine, Task, WorldState } from './state.ts';
import type { ContainerInstanceStatus } from './statuses.ts';
import { deregister, loseTask, seenOf } from './task-life.ts';

/** The ECS calls about container instances. */
export const containerInstances = {
  'ecs:DescribeContainerInstances': (world, input) => {
    const cluster = clusterNamed(world, input.cluster);
    const found: Ecs.ContainerInstance[] = [];
    const failures: Ecs.Failure[] = [];
    for (const name of atMost(100, input.containerInstances, 'Container Instances cannot be empty.')) {
      checkOwnCluster(cluster, name);
      const one = cluster.containerInstances.get(idOf(name));
      if (one && statusOf(world, one)) found.push(describe(world, one, input.include?.includes('TAGS')));
      else failures.push({ arn: instanceArn(world, cluster, name), reason: 'MISSING' });
    }
    return { containerInstances: found, failures };
  },
  'ecs:ListContainerInstances': (world, input) => {
    const cluster = clusterNamed(world, input.cluster);
    const status = input.status as ContainerInstanceStatus | undefined;
    const matches = readFilter(input.filter);
    if (status !== undefined && !LISTED_STATUSES.has(status))
      throw invalidParameter(
        `Container instance status should be one of [${[...LISTED_STATUSES].join(', ')}]`,
      );
    const all = cluster.containerInstances.values();
    const asked = listing(world, 'ecs:ListContainerInstances', input, 100);
    const { items, nextToken } = page(all, (one) => one.serial, asked);
    // A filter is applied to each page: an empty one can be followed by the one that matters.
    const found = items.filter((one) => {
      const seen = statusOf(world, one);
      const isOfStatus = status === undefined ? seen !== 'INACTIVE' : seen === status;
      return seen !== undefined && isOfStatus && matches(one);
    });
    return {
      containerInstanceArns: found.map((one) => one.arn),
      ...(nextToken === undefined ? {} : { nextToken }),
    };
  },
  'ecs:UpdateContainerInstancesState': (world, input) => {
    const cluster = clusterNamed(world, input.cluster);
    const { status } = input;
    if (status !== 'ACTIVE' && status !== 'DRAINING')
      throw invalidParameter('Container instance status should be one of [ACTIVE, DRAINING]');
    const updated: Ecs.ContainerInstance[] = [];
    const failures: Ecs.Failure[] = [];
    for (const name of atMost(10, input.containerInstances, 'Container Instances cannot be empty.')) {
      checkOwnCluster(cluster, name);
      const one = cluster.containerInstances.get(idOf(name));
      if (!one) {
        failures.push({ arn: instanceArn(world, cluster, name), reason: 'MISSING' });
      } else if (one.status !== 'ACTIVE' && one.status !== 'DRAINING') {
        failures.push({ arn: one.arn, reason: one.status });
      } else {
        if (one.status !== status) setContainerInstanceStatus(world, one, status);
        updated.push(describe(world, one));
      }
    }
    return { containerInstances: updated, failures };
  },
  'ecs:DeregisterContainerInstance': (world, input) => {
    const cluster = clusterNamed(world, input.cluster);
    const name = input.containerInstance;
    if (!name) throw invalidParameter('Container instance cannot be empty.');
    checkOwnCluster(cluster, name);
    const one = cluster.containerInstances.get(idOf(name));
    if (!one || (one.status === 'INACTIVE' && world.options.deregisterAgain === 'not-found'))
      throw clientException(`Referenced container instance ${idOf(name)} not found.`);
    if (one.status === 'INACTIVE') return { containerInstance: describe(world, one) };
    const inTheWay = [...one.tasks].filter((task) => holdsRegistration(world, task));
    if (inTheWay.length > 0 && input.force !== true)
      throw invalidParameter('Found running tasks on the instance.');
    for (const task of one.tasks)
      if (input.force === true) loseTask(world, task, 'Container instance was deregistered by force');
    deregister(world, one);
    return { containerInstance: describe(world, one) };
  },
} satisfies Handlers<'ecs'>;

const LISTED_STATUSES = new Set<string>([
  'ACTIVE',
  'DRAINING',
  'REGISTERING',
  'DEREGISTERING',
  'REGISTRATION_FAILED',
]);

/** Its status in the call that ECS answers; undefined where that is of before its registration. */
export function statusOf(world: WorldState, one: ContainerInstance): ContainerInstanceStatus | undefined {
  return world.asOf >= world.now ? one.status : valueAt(one.past, world.asOf);
}

function holdsRegistration(world: WorldState, { lastStatus }: Task): boolean {
  if (world.options.deregisterRefusedFor === 'not-stopped') return lastStatus !== 'STOPPED';
  return lastStatus === 'RUNNING' || isStarting(lastStatus);
}

function isStarting(status: Task['lastStatus']): boolean {
  return status === 'PROVISIONING' || status === 'PENDING' || status === 'ACTIVATING';
}

function readFilter(filter: string | undefined): Query {
  if (!filter) return () => true;
  try {
    return parseQuery(filter);
  } catch (error) {
    throw invalidParameter(`Invalid filter: ${filter}: ${messageOf(error)}`);
  }
}

/** @param showsTags as ECS does only where it is asked for them */
export function describe(
  world: WorldState,
  one: ContainerInstance,
  showsTags = false,
): Ecs.ContainerInstance {
  let running = 0;
  let pending = 0;
  // Tasks on their way down are in neither count, as in ECS: a drain that waits for both to be 0 ends too early.
  for (const task of one.tasks) {
    const seen = seenOf(world, task);
    if (seen?.desiredStatus !== 'RUNNING') continue;
    if (seen.lastStatus === 'RUNNING') running++;
    else if (isStarting(seen.lastStatus)) pending++;
  }
  const { machine } = one;
  return {
    containerInstanceArn: one.arn,
    ec2InstanceId: machine.id,
    version: one.version,
    versionInfo: {
      agentVersion: AGENT_VERSION,
      agentHash: 'sandbox',
      dockerVersion: 'DockerVersion: 25.0.8',
    },
    remainingResources: resources(
      { cpu: machine.cpu - one.usedCpu, memory: machine.memory - one.usedMemory },
      gpuIds(machine).slice(machine.gpus > 0 ? usedGpus(one) : 0),
      liveTasks(one).flatMap(({ needs }) => needs.ports),
    ),
    registeredResources: resources(machine, gpuIds(machine), []),
    status: statusOf(world, one) ?? one.status,
    agentConnected: one.agentConnected,
    runningTasksCount: running,
    pendingTasksCount: pending,
    attributes: attributes(machine),
    registeredAt: dateAt(one.registeredAt),
    attachments: [],
    tags: showsTags ? tagsOf(world, one) : [],
  };
}

function tagsOf(world: WorldState, { tags, pastTags }: ContainerInstance): Ecs.Tag[] {
  const seen = world.asOf >= world.now ? tags : (valueAt(pastTags, world.asOf) ?? new Map<string, string>());
  return [...seen].map(([key, value]) => ({ key, value }));
}

/** The host's ports are listed where they are taken, also among what remains. */
function resources(
  { cpu, memory }: { readonly cpu: number; readonly memory: number },
  gpus: readonly string[],
  takenPorts: readonly string[],
): Ecs.Resource[] {
  const portsOf = (protocol: string) =>
    [...RESERVED_PORTS, ...takenPorts].flatMap((port) =>
      port.endsWith(protocol) ? [port.slice(0, -protocol.length)] : [],
    );
  return [
    { name: 'CPU', type: 'INTEGER', doubleValue: 0, longValue: 0, integerValue: cpu },
    { name: 'MEMORY', type: 'INTEGER', doubleValue: 0, longValue: 0, integerValue: memory },
    { ...set, name: 'PORTS', stringSetValue: portsOf('/tcp') },
    { ...set, name: 'PORTS_UDP', stringSetValue: portsOf('/udp') },
    ...(gpus.length > 0 ? [{ ...set, name: 'GPU', stringSetValue: [...gpus] }] : []),
  ];
}

const set = { type: 'STRINGSET', doubleValue: 0, longValue: 0, integerValue: 0 };

const gpuIds = ({ id, gpus }: Machine) =>
  Array.from({ length: gpus }, (_, index) => `GPU-${id.slice(2)}-${index}`);

function attributes(machine: Machine): Ecs.Attribute[] {
  return [...attributesOf(machine)].map(([name, value]) => (value === '' ? { name } : { name, value }));
}

function instanceArn(world: WorldState, cluster: Cluster, name: string): string {
  if (name.startsWith('arn:')) return name;
  return `arn:aws:ecs:${world.options.region}:${world.options.accountId}:container-instance/${cluster.name}/${name}`;
}

export function atMost(limit: number, names: string[] | undefined, whenEmpty: string): string[] {
  if (!names?.length) throw clientException(whenEmpty);
  if (names.length > limit) throw invalidParameter(`Too many identifiers: at most ${limit}.`);
  return names;
}
