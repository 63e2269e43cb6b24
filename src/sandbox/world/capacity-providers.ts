import type * as Ecs from '@aws-sdk/client-ecs';
import { dateAt } from '../../base/clock.ts';
import { containerArn } from './describe-task.ts';
import { after } from './emit.ts';
import { clientException, invalidParameter } from './errors.ts';
import { setDesired, terminateMember } from './groups.ts';
import { nextHex } from './ids.ts';
import type { Handlers } from './operations.ts';
import { choose, type Rules, type Wanted } from './place-task.ts';
import type { CapacityProvider, Cluster, Group, WaitingTask, WorldState } from './state.ts';
import { type NewTask, startTask } from './task-life.ts';

/** The most tasks that wait in PROVISIONING in a cluster. (ECS service quotas) */
const MOST_WAITING = 500;
/** How often ECS looks for room for a task that waits, in ms: no primary source says. */
const RETRY_MS = 5_000;
/** How often managed scaling publishes its metric, and acts on it, in ms. (ECS developer guide, "Cluster auto scaling") */
const EVALUATION_MS = 60_000;
/** From an empty group it starts two, and takes instances away after so many points of its metric. */
const FROM_ZERO = 2;
const POINTS_BEFORE_SCALE_IN = 15;

export const capacityProviders = {
  'ecs:DescribeCapacityProviders': (world, { capacityProviders: names = [] }) => {
    const all = [...world.clusters.values()].flatMap(({ capacityProviders: own }) => [...own.values()]);
    const found = all.filter(
      ({ name, arn }) => names.length === 0 || names.includes(name) || names.includes(arn),
    );
    return {
      capacityProviders: found.map(({ name, arn, group, scaling }) => ({
        capacityProviderArn: arn,
        name,
        status: 'ACTIVE' as const,
        autoScalingGroupProvider: {
          autoScalingGroupArn: group.arn,
          managedScaling: {
            status: scaling ? ('ENABLED' as const) : ('DISABLED' as const),
            ...(scaling && { targetCapacity: 100, instanceWarmupPeriod: scaling.warmupMs / 1000 }),
          },
          managedTerminationProtection: 'DISABLED' as const,
        },
        tags: [],
      })),
      failures: names
        .filter((name) => !all.some((one) => one.name === name || one.arn === name))
        .map((arn) => ({ arn, reason: 'MISSING' })),
    };
  },
} satisfies Handlers<'ecs'>;

export type CapacityProviderOptions = {
  readonly name: string;
  readonly group: Group;
  /** Without managed scaling ECS asks the group for nothing. `warmupMs`: between two steps, 300 s unless told. */
  readonly scaling?: { readonly warmupMs?: number } | undefined;
  readonly isDefault?: boolean;
};

export function addCapacityProvider(
  world: WorldState,
  cluster: Cluster,
  { name, group, scaling, isDefault = false }: CapacityProviderOptions,
): CapacityProvider {
  const provider: CapacityProvider = {
    name,
    arn: `arn:aws:ecs:${world.options.region}:${world.options.accountId}:capacity-provider/${name}`,
    group,
    scaling: scaling && { warmupMs: scaling.warmupMs ?? 300_000 },
    scaledAt: Number.NEGATIVE_INFINITY,
    pointsBelow: 0,
  };
  cluster.capacityProviders.set(name, provider);
  if (isDefault) cluster.defaultProvider = name;
  if (provider.scaling) evaluateLater(world, cluster, provider);
  return provider;
}

/** The capacity provider that places a task; undefined where none does. */
export function providerOf(cluster: Cluster, input: Ecs.RunTaskCommandInput): CapacityProvider | undefined {
  const [given] = input.capacityProviderStrategy ?? [];
  if (given && input.launchType)
    throw invalidParameter('Specifying both a launch type and capacity provider strategy is not supported.');
  const name = given?.capacityProvider ?? (input.launchType ? undefined : cluster.defaultProvider);
  if (name === undefined) return undefined;
  const provider = cluster.capacityProviders.get(name);
  if (!provider)
    throw invalidParameter(
      `The specified capacity provider '${name}' is not associated with the cluster ${cluster.name}.`,
    );
  return provider;
}

/** Starts a task on an instance of the provider's group, or keeps it in PROVISIONING until there is room. */
export function provision(
  world: WorldState,
  provider: CapacityProvider,
  cluster: Cluster,
  wanted: Wanted,
  rules: Rules,
  task: Omit<NewTask, 'containerInstance' | 'waited'>,
): WaitingTask {
  const waiting = [...cluster.waiting.values()].filter(({ lastStatus }) => lastStatus === 'PROVISIONING');
  if (waiting.length >= MOST_WAITING)
    throw clientException(
      `You've reached the limit of ${MOST_WAITING} tasks that can be in the PROVISIONING state in a cluster.`,
    );
  const id = nextHex(world, 32);
  const made: WaitingTask = {
    id,
    arn: `arn:aws:ecs:${world.options.region}:${world.options.accountId}:task/${cluster.name}/${id}`,
    serial: world.serial,
    cluster,
    provider,
    wanted,
    createdAt: world.now,
    task,
    place: () => {
      const chosen = choose(
        world,
        cluster,
        wanted,
        rules,
        (machine) => machine.member?.group === provider.group,
      );
      if (Array.isArray(chosen)) {
        made.refusal = chosen[0]?.reason ?? 'EMPTY CAPACITY PROVIDER';
        return false;
      }
      cluster.waiting.delete(id);
      made.placed = startTask(world, { ...task, containerInstance: chosen, waited: made });
      return true;
    },
    refusal: undefined,
    placed: undefined,
    lastStatus: 'PROVISIONING',
    stopCode: undefined,
    stoppedReason: undefined,
    stoppedAt: undefined,
  };
  if (made.place()) return made;
  cluster.waiting.set(id, made);
  if (waiting.length === 0) retryLater(world, cluster);
  return made;
}

/** A task that waits ends without having been on an instance. */
export function stopWaiting(
  world: WorldState,
  task: WaitingTask,
  stopCode: NonNullable<WaitingTask['stopCode']>,
  reason: string,
): void {
  if (task.lastStatus === 'STOPPED') return;
  task.lastStatus = 'STOPPED';
  task.stopCode = stopCode;
  task.stoppedReason = reason;
  task.stoppedAt = world.now;
  after(world, world.options.timings.stoppedTaskListed, () => task.cluster.waiting.delete(task.id));
}

export function describeWaiting(world: WorldState, one: WaitingTask): Ecs.Task {
  const { task, lastStatus } = one;
  const { definition } = task;
  return {
    taskArn: one.arn,
    clusterArn: one.cluster.arn,
    taskDefinitionArn: definition.arn,
    capacityProviderName: one.provider.name,
    group: task.group,
    ...(task.startedBy !== undefined && { startedBy: task.startedBy }),
    lastStatus,
    desiredStatus: lastStatus === 'STOPPED' ? 'STOPPED' : 'RUNNING',
    launchType: 'EC2',
    cpu: String(one.wanted.cpu),
    memory: String(one.wanted.memory),
    version: lastStatus === 'STOPPED' ? 2 : 1,
    createdAt: dateAt(one.createdAt),
    ...(one.stoppedAt !== undefined && {
      stoppedAt: dateAt(one.stoppedAt),
      stoppingAt: dateAt(one.stoppedAt),
    }),
    ...(one.stopCode !== undefined && { stopCode: one.stopCode }),
    ...(one.stoppedReason !== undefined && { stoppedReason: one.stoppedReason }),
    attachments: [],
    attributes: [],
    tags: [],
    overrides: {
      containerOverrides: [],
      inferenceAcceleratorOverrides: [],
      ...(task.overrides as Ecs.TaskOverride | undefined),
    },
    containers: definition.containers.map(({ name, image }, index) => ({
      containerArn: containerArn(world, one, index),
      taskArn: one.arn,
      name,
      image,
      lastStatus: lastStatus === 'STOPPED' ? 'STOPPED' : 'PENDING',
      networkBindings: [],
      networkInterfaces: [],
    })),
  };
}

/** Those that wait are tried in their order, and given up after a while. */
function retryLater(world: WorldState, cluster: Cluster): void {
  after(world, RETRY_MS, () => {
    for (const one of [...cluster.waiting.values()]) {
      if (one.lastStatus === 'STOPPED' || one.place()) continue;
      if (world.now - one.createdAt >= world.options.timings.provisioningTimeout)
        stopWaiting(world, one, 'TaskFailedToStart', one.refusal ?? 'RESOURCE');
    }
    if (waitingFor(cluster, undefined).length > 0) retryLater(world, cluster);
  });
}

const waitingFor = (cluster: Cluster, provider: CapacityProvider | undefined) =>
  [...cluster.waiting.values()].filter(
    (one) => one.lastStatus === 'PROVISIONING' && (provider === undefined || one.provider === provider),
  );

/**
 * ECS managed scaling: M, the instances that are needed, against N, those that are there. A task that is larger than an
 * instance of the group never counts.
 */
function evaluateLater(world: WorldState, cluster: Cluster, provider: CapacityProvider): void {
  after(world, EVALUATION_MS, () => {
    evaluate(world, cluster, provider);
    evaluateLater(world, cluster, provider);
  });
}

function evaluate(world: WorldState, cluster: Cluster, provider: CapacityProvider): void {
  const { group, scaling } = provider;
  if (!scaling) return;
  const serving = [...group.members.values()].filter(({ state }) => state === 'InService');
  const isBusy = ({ machine }: (typeof serving)[number]) =>
    machine.placed.some(({ lastStatus }) => lastStatus !== 'STOPPED');
  const size = sizeOf(world, group, serving[0]?.machine);
  const needed =
    serving.filter(isBusy).length +
    pack(
      waitingFor(cluster, provider).map(({ wanted }) => wanted),
      size,
    );
  const { desired } = group;
  if (needed > desired) {
    provider.pointsBelow = 0;
    if (world.now - provider.scaledAt < scaling.warmupMs) return;
    provider.scaledAt = world.now;
    const wanted = desired === 0 ? Math.max(FROM_ZERO, needed) : needed;
    setDesired(
      world,
      group,
      Math.min(wanted, group.maxSize),
      'managed scaling of ECS raised the desired capacity.',
    );
    return;
  }
  provider.pointsBelow = needed < desired ? provider.pointsBelow + 1 : 0;
  if (provider.pointsBelow < POINTS_BEFORE_SCALE_IN) return;
  provider.pointsBelow = 0;
  const surplus = Math.min(desired - needed, desired - group.minSize);
  for (const member of serving.filter((one) => !isBusy(one)).slice(0, surplus))
    terminateMember(world, member, true, 'managed scaling of ECS lowered the desired capacity.');
}

type Size = { readonly cpu: number; readonly memory: number };

/** What the next instance of the group will have: as one that it has, else by its launch template. */
function sizeOf(world: WorldState, { spec }: Group, like: Size | undefined): Size | undefined {
  if (like || spec.kind === 'configuration') return like;
  const type =
    spec.kind === 'mixed'
      ? spec.types[0]
      : world.launchTemplates.get(spec.templateId)?.versions.at(-1)?.instanceType;
  const found = type === undefined ? undefined : world.instanceTypes.get(type);
  return found && { cpu: found.vCpus * 1024, memory: found.memory };
}

/** How many instances of a size hold these, first fit; one for each where the size is not known. */
function pack(wanted: readonly Size[], size: Size | undefined): number {
  if (!size) return wanted.length;
  const free: { cpu: number; memory: number }[] = [];
  for (const { cpu, memory } of wanted) {
    if (cpu > size.cpu || memory > size.memory) continue;
    let bin = free.find((one) => one.cpu >= cpu && one.memory >= memory);
    if (!bin) {
      bin = { ...size };
      free.push(bin);
    }
    bin.cpu -= cpu;
    bin.memory -= memory;
  }
  return free.length;
}
