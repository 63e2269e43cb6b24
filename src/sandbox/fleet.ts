import type { Clock } from '../base/clock.ts';
import { addCluster } from './world/clusters.ts';
import { putTag, removeTag } from './world/ec2.ts';
import { freezeEcsAgent, reregister, setEcsAgent } from './world/ecs-agent.ts';
import { emit } from './world/emit.ts';
import {
  addGroup,
  type GroupOptions,
  type HookOptions,
  putHook,
  setRetention,
  terminateMember,
} from './world/groups.ts';
import { hibernateMachine } from './world/hibernation.ts';
import { beginRootVolumeReplacement, beginTermination } from './world/lifecycle.ts';
import { terminateMachine } from './world/machine-end.ts';
import {
  addMachine,
  exchangeCredentials,
  type MachineOptions,
  rebootMachine,
  type Stop,
  stopMachine,
} from './world/machines.ts';
import type { WorldOptions } from './world/options.ts';
import { scheduleEvent, unscheduleEvent } from './world/scheduled-events.ts';
import { addService, type ServiceOptions } from './world/services.ts';
import type {
  Cluster,
  Group,
  Impostor,
  Machine,
  ScheduledEvent,
  Service,
  Task,
  TaskBehaviour,
  WorldState,
} from './world/state.ts';
import { addDefinition, type DefinitionOptions } from './world/task-definitions.ts';
import { containersExit, loseTask, startTask } from './world/task-life.ts';
import { createWorld, type World } from './world/world.ts';

/** A cluster of container instances in one Auto Scaling group, and what AWS has no API for: to build on and to meddle. */
export type Fleet = {
  readonly world: World;
  readonly cluster: Cluster;
  readonly group: Group;
  /** Adds an instance to the cluster, and to the group unless `group: undefined` is given. */
  addInstance(options?: Partial<MachineOptions>): Machine;
  /** Puts a standalone task on this very instance. RUNNING at once unless `running: false` is given. */
  runTask(machine: Machine, options?: TaskOptions): Task;
  /** Adds a service; its tasks are placed in the World's own time. */
  addService(options: FleetServiceOptions): Service;
  /** Terminates this very instance in its group; the desired capacity goes down by one. */
  scaleIn(machine: Machine): void;
  /** An instance refresh replaces the root volume of this very instance, which stays in the group. */
  replaceRootVolume(machine: Machine): void;
  putTag(machine: Machine, key: string, value: string): void;
  removeTag(machine: Machine, key: string): void;
  /** Adds a hook to the group, or changes it. */
  putHook(hook: HookOptions): void;
  /** Deletes a hook; what waits for it goes on. */
  deleteHook(name: string): void;
  /** Whether the group keeps instances whose terminating hook is abandoned. */
  retain(retains: boolean): void;
  /** A task's own process ends by itself. */
  endTask(task: Task): void;
  /** ECS calls a task STOPPED, or forgets it, while its containers run on and the ECS agent says so. */
  loseTask(task: Task): void;
  /** Somebody else deregisters the instance by force: ECS loses its tasks. */
  deregisterByForce(machine: Machine): void;
  ecsAgent(machine: Machine, change: 'up' | 'down' | 'frozen' | 'thawed' | 'registered-anew'): void;
  /** Something answers in the ECS agent's place while that is down; nothing any more without an answer. */
  impersonate(machine: Machine, impostor: Impostor | undefined): void;
  /** How long introspection takes to answer, in ms; Infinity where it never does. */
  slowDown(machine: Machine, answersAfterMs: number): void;
  /** Metadata hands out other credentials. AWS takes the old ones all the same: faults that match them change that. */
  exchangeCredentials(machine: Machine): void;
  /** The machine goes at once, as by an EC2 API call or a hardware failure. */
  terminate(machine: Machine, cause: string): void;
  reboot(machine: Machine, downMs?: number): void;
  /** The machine stands still for so long, as a Spot instance that is hibernated. A notice of that is gone afterwards. */
  hibernate(machine: Machine, forMs: number): void;
  /** Somebody stops the instance, and starts it again: it keeps its id and its root volume. */
  stop(machine: Machine, stop: Stop): void;
  /**
   * A Spot interruption, announced now; the machine is terminated at `time` (ms since the Unix epoch), but for `hibernate`, which
   * `hibernate()` does. `forMs`: it is stopped for so long instead.
   */
  interruptSpot(machine: Machine, options?: SpotInterruption): void;
  recommendRebalance(machine: Machine): void;
  /**
   * EC2 plans a reboot, a stop, a retirement or maintenance of the host, two weeks ahead unless told, and does it at
   * `notBefore` (ms since the Unix epoch). Returns the event's id.
   */
  scheduleEvent(machine: Machine, event: { code: ScheduledEvent['code']; notBefore?: number }): string;
  /** EC2 gives a plan up again. */
  unscheduleEvent(machine: Machine, id: string): void;
  /** Lets `ms` pass, for whoever has no clock to follow. */
  pass(ms: number): void;
};

export type SpotInterruption = {
  readonly time?: number | undefined;
  readonly action?: 'terminate' | 'stop' | 'hibernate' | undefined;
  readonly forMs?: number | undefined;
  /** How long after its start its ECS agent is up again, in ms. */
  readonly ecsAgentAfter?: number | undefined;
};

export type FleetOptions = WorldOptions & {
  clusterName?: string;
  groupOptions?: Partial<GroupOptions>;
  /** The group's hooks: one terminating hook named `drain` unless told. */
  hooks?: HookOptions[];
  /** Brings the World up to this clock's time before each change, where it follows one. */
  clock?: Clock | undefined;
};

export type TaskOptions = TaskBehaviour &
  Omit<DefinitionOptions, 'family'> & {
    family?: string;
    group?: string;
    startedBy?: string;
    /** False to begin at PROVISIONING. */
    running?: boolean;
  };

export type FleetServiceOptions = Omit<ServiceOptions, 'definition'> & Omit<DefinitionOptions, 'family'>;

export function createFleet(options: FleetOptions = {}): Fleet {
  const world = createWorld(options.clock ? { now: options.clock.now(), ...options } : options);
  const cluster = addCluster(world, options.clusterName ?? 'web');
  const group = addGroup(world, { name: 'web-asg', ...options.groupOptions });
  for (const hook of options.hooks ?? [{ name: 'drain' }]) putHook(world, group, hook);
  return fleetOf(world, cluster, group, options.clock);
}

/** The same handles on a World that is already there. */
export function fleetOf(world: World, cluster: Cluster, group: Group, clock?: Clock): Fleet {
  const upToDate = () => {
    if (clock) world.advance(clock.now());
    return world;
  };
  return {
    world,
    cluster,
    group,
    addInstance: (options = {}) => {
      const machine = addMachine(upToDate(), { cluster, group, metadataTags: true, ...options });
      if (machine.member) group.desired = Math.max(group.desired, inService(group));
      return machine;
    },
    runTask: (machine, options = {}) => putTask(upToDate(), machine, options),
    addService: (options) =>
      addService(upToDate(), cluster, {
        ...options,
        definition: addDefinition(world, { ...options, family: options.name }),
      }),
    scaleIn: (machine) => {
      const { member } = machine;
      if (!member) throw new Error(`${machine.id} is in no Auto Scaling group.`);
      const cause = 'an instance was taken out of service to lower the capacity.';
      if (member.isWarm) beginTermination(world, member, cause);
      else terminateMember(world, member, true, cause);
    },
    replaceRootVolume: (machine) => {
      if (!machine.member) throw new Error(`${machine.id} is in no Auto Scaling group.`);
      beginRootVolumeReplacement(upToDate(), machine.member);
    },
    putTag: (machine, key, value) => putTag(upToDate(), machine, key, value),
    removeTag: (machine, key) => removeTag(upToDate(), machine, key),
    putHook: (hook) => {
      putHook(upToDate(), group, hook);
    },
    deleteHook: (name) => {
      upToDate().call(
        'autoscaling:DeleteLifecycleHook',
        { AutoScalingGroupName: group.name, LifecycleHookName: name },
        {},
        { unlimited: true },
      );
    },
    retain: (retains) => setRetention(upToDate(), group, retains ? 'retain' : 'terminate'),
    endTask: (task) => containersExit(upToDate(), task),
    loseTask: (task) => loseTask(upToDate(), task, 'ECS lost the task'),
    deregisterByForce: (machine) => {
      const { containerInstance } = machine.ecsAgent;
      if (!containerInstance) throw new Error(`${machine.id} has not registered with ECS.`);
      upToDate().call(
        'ecs:DeregisterContainerInstance',
        { cluster: containerInstance.cluster.name, containerInstance: containerInstance.arn, force: true },
        {},
        { unlimited: true },
      );
    },
    impersonate: (machine, impostor) => {
      machine.ecsAgent.impostor = impostor;
      emit(upToDate(), () => ({
        type: 'ecs-agent',
        instanceId: machine.id,
        to: impostor ? 'impostor' : 'impostor-gone',
      }));
    },
    slowDown: (machine, answersAfterMs) => {
      machine.ecsAgent.answersAfter = answersAfterMs;
      emit(upToDate(), () => ({
        type: 'ecs-agent',
        instanceId: machine.id,
        to: answersAfterMs === 0 ? 'quick' : answersAfterMs < Infinity ? 'slow' : 'hangs',
      }));
    },
    ecsAgent: (machine, change) => changeEcsAgent(upToDate(), machine, change),
    exchangeCredentials: (machine) => exchangeCredentials(upToDate(), machine),
    terminate: (machine, cause) => terminateMachine(upToDate(), machine, cause),
    reboot: (machine, downMs = 30_000) => rebootMachine(upToDate(), machine, downMs),
    hibernate: (machine, forMs) => hibernateMachine(upToDate(), machine, forMs),
    stop: (machine, stop) => stopMachine(upToDate(), machine, stop),
    interruptSpot: (machine, options = {}) => interruptSpot(upToDate(), machine, options),
    recommendRebalance: (machine) => {
      machine.imds.rebalanceNoticeAt = upToDate().now;
      emit(world, () => ({ type: 'rebalance-recommendation', instanceId: machine.id }));
    },
    scheduleEvent: (machine, event) => scheduleEvent(upToDate(), machine, event),
    unscheduleEvent: (machine, id) => unscheduleEvent(upToDate(), machine, id),
    pass: (ms) => world.advance(world.now + ms),
  };
}

function inService(group: Group): number {
  let count = 0;
  for (const member of group.members.values()) if (member.state === 'InService') count++;
  return count;
}

function putTask(world: WorldState, machine: Machine, options: TaskOptions): Task {
  const containerInstance = machine.ecsAgent.containerInstance;
  if (!containerInstance)
    throw new Error(`${machine.id} has not registered with ECS: no task can be put on it.`);
  const definition = addDefinition(world, { ...options, family: options.family ?? 'batch' });
  return startTask(world, {
    containerInstance,
    definition,
    group: options.group ?? `family:${definition.family}`,
    startedBy: options.startedBy,
    behaviour: options,
    running: options.running ?? true,
  });
}

function changeEcsAgent(
  world: WorldState,
  machine: Machine,
  change: 'up' | 'down' | 'frozen' | 'thawed' | 'registered-anew',
): void {
  switch (change) {
    case 'up':
    case 'down':
      setEcsAgent(world, machine, change);
      break;
    case 'frozen':
    case 'thawed':
      freezeEcsAgent(world, machine, change === 'frozen');
      break;
    case 'registered-anew':
      reregister(world, machine);
      break;
  }
}

function interruptSpot(world: WorldState, machine: Machine, options: SpotInterruption): void {
  // AWS announces an interruption about two minutes ahead.
  const time = options.time ?? world.now + 120_000;
  const action = options.action ?? 'terminate';
  machine.imds.spotAction = { action, time };
  emit(world, () => ({ type: 'spot-interruption', instanceId: machine.id, action, time }));
  if (action === 'hibernate') return;
  const { forMs, ecsAgentAfter } = options;
  world.queue.schedule(time, () => {
    const cause = 'a Spot interruption';
    if (forMs === undefined) terminateMachine(world, machine, cause);
    else stopMachine(world, machine, { forMs, ecsAgentAfter, cause });
  });
}
