import { createEcsAgent, registerContainerInstance, setEcsAgent } from './ecs-agent.ts';
import { after, emit } from './emit.ts';
import { nextHex } from './ids.ts';
import { MOST_INTERFACES } from './launch-templates.ts';
import { joinGroup } from './lifecycle.ts';
import { note } from './past.ts';
import type { Cluster, Group, Machine, WorldState } from './state.ts';
import { processesKilled, stoppedWithHost, tellInterrupted, unstartedLost } from './task-life.ts';

export type MachineOptions = {
  instanceId?: string;
  /** Where its ECS agent registers. */
  cluster: Cluster;
  /** The Auto Scaling group it is in; in none without. */
  group?: Group | undefined;
  cpu?: number;
  memory?: number;
  instanceType?: string;
  /** As its type has, unless told. */
  gpus?: number;
  /** As its type can have, unless told. */
  networkInterfaces?: number;
  attributes?: Readonly<Record<string, string>>;
  lacks?: readonly string[];
  /** The Region's zone `a` unless told. */
  availabilityZone?: string;
  tags?: Record<string, string>;
  /** InstanceMetadataTags: off by default, as in EC2. */
  metadataTags?: boolean;
  /** Ms from now until IMDS answers at all. */
  imdsAfter?: number;
  /** Ms from now until IMDS hands out the role's credentials. */
  credentialsAfter?: number;
  /** Ms from now until the ECS agent is up and registered; `never` for one that does not come up. */
  ecsAgentAfter?: number | 'never';
  launchedAt?: number;
  protectedFromScaleIn?: boolean;
  /** It is in the group's warm pool, and runs there. */
  warm?: boolean;
  /** Its group has just launched it: its launch hooks wait before it is in service. */
  launching?: boolean;
  /** It is stopped in the warm pool once it has been launched, for so long, and then taken into service. */
  stopsInPool?: Stop;
};

/** How long it is stopped, and how long after its start its ECS agent is up again, in ms. */
export type Stop = { readonly forMs: number; readonly ecsAgentAfter?: number | undefined };

/** Launches an EC2 instance with an ECS agent on it. */
export function addMachine(world: WorldState, options: MachineOptions): Machine {
  const id = options.instanceId ?? `i-${nextHex(world, 17)}`;
  const { stopsInPool } = options;
  const number = world.machines.size + 1;
  const accessKeyId = `ASIASANDBOX${String(number).padStart(9, '0')}`;
  const machine: Machine = {
    id,
    state: 'running',
    boots: 1,
    hibernates: false,
    isStopped: false,
    launchedAt: options.launchedAt ?? world.now,
    instanceType: options.instanceType ?? 'm6i.large',
    availabilityZone: options.availabilityZone ?? `${world.options.region}a`,
    privateIp: `10.0.${(number >> 8) & 255}.${number & 255}`,
    cpu: options.cpu ?? 65_536,
    memory: options.memory ?? 262_144,
    gpus: options.gpus ?? world.instanceTypes.get(options.instanceType ?? '')?.gpus ?? 0,
    networkInterfaces:
      options.networkInterfaces ??
      world.instanceTypes.get(options.instanceType ?? '')?.networkInterfaces ??
      MOST_INTERFACES,
    attributes: new Map(Object.entries(options.attributes ?? {})),
    lacks: new Set(options.lacks),
    tags: new Map(options.tags ? Object.entries(options.tags) : []),
    pastTags: [],
    imds: {
      started: !options.imdsAfter,
      forbidden: false,
      tags: options.metadataTags ?? false,
      laggingTags: new Map(),
      credentialsFrom: world.now + (options.credentialsAfter ?? 0),
      roleName: 'ecs-instance-role',
      accessKeyId,
      tokens: new Map(),
      targetLifecycleState: undefined,
      spotAction: undefined,
      rebalanceNoticeAt: undefined,
      scheduledEvents: [],
      claimsInstanceId: undefined,
    },
    ecsAgent: createEcsAgent(options.cluster),
    placed: [],
    member: undefined,
    stopInPool: stopsInPool && ((whenUp) => stopMachine(world, machine, { ...stopsInPool, whenUp })),
    exchangeRootVolume: (cause, whenUp) => exchangeRootVolume(world, machine, { cause, whenUp }),
  };
  note<ReadonlyMap<string, string>>(machine.pastTags, world.now, new Map(machine.tags));
  world.machines.set(id, machine);
  world.accessKeys.set(accessKeyId, id);
  emit(world, () => ({ type: 'machine-launched', instanceId: id, group: options.group?.name }));

  if (options.imdsAfter) whileUp(world, machine, options.imdsAfter, () => startImds(world, machine));
  const ecsAgentAfter = options.ecsAgentAfter ?? 0;
  if (ecsAgentAfter === 0) registerContainerInstance(world, machine);
  else if (ecsAgentAfter !== 'never')
    whileUp(world, machine, ecsAgentAfter, () => setEcsAgent(world, machine, 'up'));
  const { group, protectedFromScaleIn = false, warm = false, launching = false } = options;
  if (group)
    joinGroup(world, group, machine, {
      isProtected: protectedFromScaleIn,
      isWarm: warm,
      isLaunching: launching,
    });
  return machine;
}

/** The role is made anew, or the instance profile exchanged: metadata hands out other credentials from now on. */
export function exchangeCredentials(world: WorldState, machine: Machine): void {
  machine.imds.accessKeyId = `ASIAEXCHANGED${String(++world.serial).padStart(7, '0')}`;
  world.accessKeys.set(machine.imds.accessKeyId, machine.id);
}

/** Everything on the machine is killed and comes up again: containers stay dead, the ECS agent returns after `downMs`. */
export function rebootMachine(world: WorldState, machine: Machine, downMs: number): void {
  if (machine.state !== 'running' || machine.isStopped) return;
  machine.boots++;
  emit(world, () => ({ type: 'machine-rebooted', instanceId: machine.id }));
  setEcsAgent(world, machine, 'down');
  machine.imds.started = false;
  machine.imds.tokens.clear();
  processesKilled(world, machine);
  whileUp(world, machine, downMs, () => {
    startImds(world, machine);
    setEcsAgent(world, machine, 'up');
  });
}

/** As a reboot, but what was on the root volume is gone. Whatever ran is interrupted. */
function exchangeRootVolume(
  world: WorldState,
  machine: Machine,
  { cause, whenUp }: { readonly cause: string; readonly whenUp: () => void },
): void {
  if (machine.state !== 'running' || machine.isStopped) return;
  const downMs = world.options.timings.rootVolumeExchange;
  tellInterrupted(world, machine, cause);
  rebootMachine(world, machine, downMs);
  emit(world, () => ({ type: 'root-volume-exchanged', instanceId: machine.id, downMs }));
  // Without its saved state it registers anew, and nobody starts what was placed on the container instance before.
  if (world.options.rootVolumeHoldsEcsAgent) {
    machine.ecsAgent.containerInstance = undefined;
    unstartedLost(world, machine);
  }
  whileUp(world, machine, downMs, whenUp);
}

/**
 * Somebody stops the EC2 instance, and starts it again after `forMs`: it keeps its id and its root volume, its tasks have ended, and its
 * container instance stays registered (ECS developer guide, "container instance state change events").
 *
 * @param stop.cause who does so
 * @param stop.whenUp called when it is started again
 */
export function stopMachine(
  world: WorldState,
  machine: Machine,
  {
    forMs,
    ecsAgentAfter = 0,
    cause = 'somebody stopped it',
    whenUp = () => {},
  }: Stop & { readonly cause?: string; readonly whenUp?: () => void },
): void {
  if (machine.state !== 'running' || machine.hibernates || machine.isStopped) return;
  const { imds } = machine;
  const { timings, stoppedHostTasks } = world.options;
  machine.boots++;
  machine.isStopped = true;
  emit(world, () => ({ type: 'machine-stopped', instanceId: machine.id, forMs }));
  tellInterrupted(world, machine, cause);
  setEcsAgent(world, machine, 'down');
  imds.started = false;
  imds.tokens.clear();
  endStopNotice(world, machine);
  processesKilled(world, machine);
  if (stoppedHostTasks === 'at-once')
    whileUp(world, machine, Math.min(forMs, timings.hostLossNoticed), () => stoppedWithHost(world, machine));
  whileUp(world, machine, forMs, () => {
    machine.isStopped = false;
    emit(world, () => ({ type: 'machine-started', instanceId: machine.id }));
    startImds(world, machine);
    whileUp(world, machine, ecsAgentAfter, () => setEcsAgent(world, machine, 'up'));
    whenUp();
  });
  machine.member?.machineStopped();
}

/** What announced it is no notice of anything to come. */
function endStopNotice(world: WorldState, machine: Machine): void {
  if (machine.imds.spotAction?.action !== 'stop') return;
  machine.imds.spotAction = undefined;
  emit(world, () => ({ type: 'spot-interruption-over', instanceId: machine.id }));
}

/** Runs `ms` from now, unless the machine is gone by then or has been started again. */
function whileUp(world: WorldState, machine: Machine, ms: number, run: () => void): void {
  const { boots } = machine;
  after(world, ms, () => {
    if (machine.state === 'running' && machine.boots === boots) run();
  });
}

export function startImds(world: WorldState, machine: Machine): void {
  machine.imds.started = true;
  emit(world, () => ({ type: 'imds', instanceId: machine.id, to: 'on' }));
}
