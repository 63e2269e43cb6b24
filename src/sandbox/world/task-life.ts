import { setAgentConnected, setContainerInstanceStatus, whenEcsAgentUp } from './ecs-agent.ts';
import { after, emit } from './emit.ts';
import { nextHex } from './ids.ts';
import { kickService, kickServices } from './kick.ts';
import { note, valueAt } from './past.ts';
import { cancel } from './queue.ts';
import type {
  Container,
  ContainerInstance,
  Machine,
  Service,
  Task,
  TaskBehaviour,
  TaskDefinition,
  TaskNeeds,
  WaitingTask,
  WorldState,
} from './state.ts';
import type { TaskStatus } from './statuses.ts';
import { subnetFor } from './subnets.ts';
import { needsOf } from './task-needs.ts';

export type NewTask = {
  containerInstance: ContainerInstance;
  definition: TaskDefinition;
  group: string;
  startedBy?: string | undefined;
  service?: Service | undefined;
  /** Its first container's, and its own; those of the others are unknown. */
  behaviour?: TaskBehaviour | undefined;
  /** In place of that: each container's, in the order of its definition. */
  behaviours?: readonly TaskBehaviour[] | undefined;
  overrides?: Task['overrides'];
  /** What it takes; its definition's unless told. */
  needs?: TaskNeeds | undefined;
  /** In one of them it gets its network interface. */
  subnets?: readonly string[] | undefined;
  /** It has waited in PROVISIONING for an instance, under this name. */
  waited?: WaitingTask | undefined;
  /** RUNNING from the first moment, for a test that is not about starting. */
  running?: boolean | undefined;
};

/** Puts a task on a container instance, and starts it on its way to RUNNING. */
export function startTask(world: WorldState, options: NewTask): Task {
  const { containerInstance, definition, waited } = options;
  const id = waited?.id ?? nextHex(world, 32);
  const needs = options.needs ?? needsOf(definition);
  const task: Task = {
    id,
    arn: `arn:aws:ecs:${world.options.region}:${world.options.accountId}:task/${containerInstance.cluster.name}/${id}`,
    serial: waited?.serial ?? world.serial,
    cluster: containerInstance.cluster,
    containerInstance,
    definition,
    group: options.group,
    startedBy: options.startedBy,
    service: options.service,
    behaviour: options.behaviour ?? noBehaviour,
    containers: definition.containers.map((spec, index) => ({
      spec,
      behaviour: options.behaviours?.[index] ?? (index === 0 ? options.behaviour : undefined) ?? noBehaviour,
      isRunning: false,
      exitCode: undefined,
      reason: undefined,
      reportedAt: undefined,
      exit: undefined,
    })),
    overrides: options.overrides,
    createdAt: waited?.createdAt ?? world.now,
    capacityProvider: waited?.provider.name,
    needs,
    subnet: options.subnets && subnetFor(world, containerInstance.machine, options.subnets),
    cpu: needs.cpu,
    memory: needs.memory,
    lastStatus: 'PROVISIONING',
    desiredStatus: 'RUNNING',
    knownStatus: 'PENDING',
    containersRunning: false,
    orphaned: false,
    version: 1,
    past: [],
    startedAt: undefined,
    stoppingAt: undefined,
    executionStoppedAt: undefined,
    stoppedAt: undefined,
    stopCode: undefined,
    stoppedReason: undefined,
    protectedUntil: undefined,
    transition: undefined,
  };
  containerInstance.cluster.tasks.set(id, task);
  containerInstance.tasks.add(task);
  containerInstance.usedCpu += task.cpu;
  containerInstance.usedMemory += task.memory;
  containerInstance.machine.placed.push(task);
  // ECS has known it since it began to wait.
  if (waited) note(task.past, waited.createdAt, { lastStatus: 'PROVISIONING', desiredStatus: 'RUNNING' });
  noteTask(world, task);
  options.service?.tasks.add(task);
  emit(world, () => ({
    type: 'task',
    taskArn: task.arn,
    group: task.group,
    family: definition.family,
    startedBy: task.startedBy,
    instanceId: containerInstance.machine.id,
    from: undefined,
    to: 'PROVISIONING',
  }));

  const { provisioning } = world.options.timings;
  if (options.running) {
    tellEcsAgent(task);
    enterRunning(world, task);
  } else task.transition = after(world, provisioning, () => enterPending(world, task));
  return task;
}

export type StopCode = NonNullable<Task['stopCode']>;

/** Asks a task to stop. What it was doing goes on until its containers have exited, however long that takes. */
export function askToStop(world: WorldState, task: Task, stopCode: StopCode, reason: string): void {
  if (task.desiredStatus === 'STOPPED') return;
  task.desiredStatus = 'STOPPED';
  task.stoppingAt = world.now;
  task.stopCode = stopCode;
  task.stoppedReason = reason;
  task.version++;
  noteTask(world, task);
  emit(world, () => ({
    type: 'task-asked-to-stop',
    taskArn: task.arn,
    group: task.group,
    instanceId: task.containerInstance.machine.id,
    reason,
  }));
  if (task.lastStatus === 'DEPROVISIONING') return;
  const started = task.containersRunning;
  task.transition = cancel(task.transition);
  if (!started) {
    whenEcsAgentUp(task.containerInstance.machine, () => {
      task.knownStatus = 'STOPPED';
      enterDeprovisioning(world, task);
    });
    return;
  }
  setStatus(world, task, 'DEACTIVATING');
  const deactivating = task.behaviour.deactivatingMs ?? world.options.timings.deactivating;
  task.transition = after(world, deactivating, () => enterStopping(world, task));
}

/** All containers of a task that run exit by themselves, as their behaviour says. */
export function containersExit(world: WorldState, task: Task): void {
  for (const container of task.containers) exitByItself(world, task, container);
}

function exitByItself(world: WorldState, task: Task, container: Container): void {
  if (!container.isRunning) return;
  container.reason = container.behaviour.exitReason;
  containerExits(world, task, container, container.behaviour.exitCode ?? 0);
}

/** A container ends. After an essential one its ECS agent stops the others; after the last one the task has ended. */
function containerExits(world: WorldState, task: Task, container: Container, exitCode: number): void {
  if (!container.isRunning) return;
  container.isRunning = false;
  container.exit = cancel(container.exit);
  container.exitCode = exitCode;
  const isLast = task.containers.every(({ isRunning }) => !isRunning);
  if (isLast) {
    setContainers(world, task, 'exited');
    task.knownStatus = 'STOPPED';
    task.executionStoppedAt = world.now;
  }
  const { isEssential } = container.spec;
  const machine = task.containerInstance.machine;
  whenEcsAgentUp(machine, () => {
    if (machine.state !== 'running') return;
    if (isEssential && !isLast) for (const other of task.containers) tellToStop(world, task, other);
    if (isLast) task.transition = cancel(task.transition);
    const lag = task.behaviour.reportLagMs ?? world.options.timings.agentReportLag;
    const reported = after(world, lag, () => {
      container.reportedAt = world.now;
      if (isEssential && task.desiredStatus === 'RUNNING') essentialExited(world, task);
      if (isLast) enterDeprovisioning(world, task);
    });
    if (isLast) task.transition = reported;
  });
}

/** ECS hears that an essential container has ended: the task is to stop, and stays as it is until the others have. */
function essentialExited(world: WorldState, task: Task): void {
  task.desiredStatus = 'STOPPED';
  task.stoppingAt = world.now;
  task.stopCode = 'EssentialContainerExited';
  task.stoppedReason = 'Essential container in task exited';
  if (!task.containersRunning) return;
  task.version++;
  noteTask(world, task);
}

/** SIGTERM, and SIGKILL after its stop time-out. One that ends by itself before that ends so. */
function tellToStop(world: WorldState, task: Task, container: Container): void {
  if (!container.isRunning) return;
  const { behaviour } = container;
  const { timings } = world.options;
  const stopTimeout = behaviour.stopTimeoutMs ?? task.definition.stopTimeoutMs ?? timings.stopTimeout;
  const obeysAfter = behaviour.exitAfterSigtermMs ?? timings.exitAfterSigterm;
  const killed = behaviour.ignoresSigterm === true || obeysAfter > stopTimeout;
  // It may be about to end by itself, or have been told before: then that comes first.
  const exitsAt = world.now + (killed ? stopTimeout : obeysAfter);
  if (container.exit?.run && container.exit.at <= exitsAt) return;
  cancel(container.exit);
  container.exit = after(world, exitsAt - world.now, () =>
    containerExits(
      world,
      task,
      container,
      killed ? 137 : (behaviour.sigtermExitCode ?? behaviour.exitCode ?? 0),
    ),
  );
}

/** A machine goes and takes its tasks along: the ground truth about interruptions is written here. */
export function lostWithMachine(world: WorldState, machine: Machine, cause: string): void {
  tellInterrupted(world, machine, cause);
  for (const task of machine.placed) {
    if (!isOnHost(task)) continue;
    task.transition = cancel(task.transition);
    for (const container of task.containers) {
      container.exit = cancel(container.exit);
      // A machine that shuts down asks its containers to stop, and its ECS agent may still tell how they ended.
      const { ignoresSigterm, sigtermExitCode, exitCode } = container.behaviour;
      if (container.isRunning && world.options.lostHostTellsExitCodes && !ignoresSigterm)
        container.exitCode = sigtermExitCode ?? exitCode ?? 0;
      container.isRunning = false;
    }
    setContainers(world, task, 'exited');
  }
}

/** Notes every task that has not stopped: the machine, or what it runs from, is taken away. */
export function tellInterrupted(world: WorldState, machine: Machine, cause: string): void {
  for (const task of machine.placed) {
    if (!isOnHost(task)) continue;
    const interruption = {
      at: world.now,
      taskArn: task.arn,
      group: task.group,
      instanceId: machine.id,
      lastStatus: task.lastStatus,
      containersRan: task.containersRunning,
      orphaned: task.orphaned,
      cause,
    };
    world.interruptions.push(interruption);
    emit(world, () => ({ type: 'task-interrupted', interruption }));
  }
}

/** ECS finds that a machine is gone: its tasks count as stopped, and the container instance is deregistered. */
export function noticeHostLoss(world: WorldState, machine: Machine): void {
  const containerInstance = machine.ecsAgent.containerInstance;
  for (const task of machine.placed) {
    if (task.containerInstance !== containerInstance || task.lastStatus === 'STOPPED') continue;
    task.desiredStatus = 'STOPPED';
    const { lostHostCode } = world.options;
    if (lostHostCode !== 'none') task.stopCode = machine.imds.spotAction ? 'SpotInterruption' : lostHostCode;
    task.stoppedReason = `Host EC2 (instance ${machine.id}) terminated.`;
    enterStopped(world, task);
  }
  if (containerInstance && containerInstance.status !== 'INACTIVE') deregister(world, containerInstance);
}

/** Every process on the machine is killed, as by a reboot. The ECS agent reports it when it is up again. */
export function processesKilled(world: WorldState, machine: Machine): void {
  for (const task of machine.placed)
    for (const container of task.containers) containerExits(world, task, container, 137);
}

/** ECS finds that a host was stopped: whatever ran on it is STOPPED, and the container instance stays registered. */
export function stoppedWithHost(world: WorldState, machine: Machine): void {
  for (const task of machine.placed) {
    if (task.lastStatus === 'STOPPED') continue;
    task.transition = cancel(task.transition);
    task.desiredStatus = 'STOPPED';
    task.knownStatus = 'STOPPED';
    task.stopCode = 'TerminationNotice';
    task.stoppedReason = `Host EC2 (instance ${machine.id}) stopped.`;
    enterStopped(world, task);
  }
}

/** The ECS agent has forgotten the tasks that it had not started yet. It reports them when it is up again. */
export function unstartedLost(world: WorldState, machine: Machine): void {
  for (const task of machine.placed)
    if (task.lastStatus === 'PROVISIONING' || task.lastStatus === 'PENDING')
      askToStop(world, task, 'TaskFailedToStart', 'Its container instance has registered anew.');
}

export function deregister(world: WorldState, containerInstance: ContainerInstance): void {
  setAgentConnected(world, containerInstance, false);
  setContainerInstanceStatus(world, containerInstance, 'INACTIVE');
  after(world, world.options.timings.inactiveDescribable, () =>
    containerInstance.cluster.containerInstances.delete(containerInstance.id),
  );
}

/** Whether there is still something of a task on its host: its containers, or what ECS has not finished with. */
export function isOnHost(task: Task): boolean {
  return task.lastStatus !== 'STOPPED' || task.containersRunning;
}

/** What ECS says of a task in the call that it answers; undefined where that is of before the task. */
export function seenOf(
  world: WorldState,
  task: Task,
): Pick<Task, 'lastStatus' | 'desiredStatus'> | undefined {
  return world.asOf >= world.now ? task : valueAt(task.past, world.asOf);
}

/** Whether ECS has lost a task in the call that it answers: it lists it nowhere any more. */
export function isLost(world: WorldState, task: Task): boolean {
  return task.orphaned && seenOf(world, task)?.lastStatus === 'STOPPED';
}

/**
 * ECS loses a task, whose containers run on where it no longer sees them: by a forced deregistration, or with the
 * connection to its agent. It calls the task STOPPED, or forgets it.
 */
export function loseTask(world: WorldState, task: Task, reason: string): void {
  if (task.lastStatus === 'STOPPED') return;
  task.orphaned = true;
  task.transition = cancel(task.transition);
  task.desiredStatus = 'STOPPED';
  task.stoppedReason = reason;
  emit(world, () => ({
    type: 'task-lost',
    taskArn: task.arn,
    group: task.group,
    instanceId: task.containerInstance.machine.id,
    as: world.options.lostTasks,
  }));
  // What has not started is not started any more: nobody asks the host's agent for it.
  if (!task.containersRunning && task.knownStatus !== 'STOPPED') task.knownStatus = 'STOPPED';
  enterStopped(world, task);
  if (world.options.lostTasks === 'stopped') return;
  task.cluster.tasks.delete(task.id);
  task.containerInstance.tasks.delete(task);
}

/** ECS sends a task to its host's ECS agent once it is PENDING: until then, and while that one is down, nothing there knows of it. */
function tellEcsAgent(task: Task): void {
  const { containerInstance } = task;
  const { ecsAgent } = containerInstance.machine;
  whenEcsAgentUp(containerInstance.machine, () => {
    if (ecsAgent.containerInstance === containerInstance && task.lastStatus !== 'STOPPED')
      ecsAgent.tasks.push(task);
  });
}

function enterPending(world: WorldState, task: Task): void {
  setStatus(world, task, 'PENDING');
  tellEcsAgent(task);
  const { pending } = world.options.timings;
  task.transition = after(world, pending, () =>
    whenEcsAgentUp(task.containerInstance.machine, () => enterActivating(world, task)),
  );
}

function enterActivating(world: WorldState, task: Task): void {
  if (task.desiredStatus === 'STOPPED' || task.lastStatus !== 'PENDING') return;
  const failed = task.containers.find(
    ({ behaviour, spec }) => spec.isEssential && behaviour.failsToStart !== undefined,
  );
  if (failed) {
    failToStart(world, task, failed);
    return;
  }
  setContainers(world, task, 'running');
  setStatus(world, task, 'ACTIVATING');
  task.transition = after(world, world.options.timings.activating, () => enterRunning(world, task));
}

/** What its host cannot start ends without having run: an image that is not there, say. */
function failToStart(world: WorldState, task: Task, container: Container): void {
  const reason = container.behaviour.failsToStart;
  task.desiredStatus = 'STOPPED';
  task.knownStatus = 'STOPPED';
  task.stoppingAt = world.now;
  task.stopCode = 'TaskFailedToStart';
  task.stoppedReason = reason;
  container.reason = reason;
  enterDeprovisioning(world, task);
}

function enterRunning(world: WorldState, task: Task): void {
  setContainers(world, task, 'running');
  task.knownStatus = 'RUNNING';
  task.startedAt = world.now;
  setStatus(world, task, 'RUNNING');
  for (const container of task.containers) {
    const { runsForMs } = container.behaviour;
    if (runsForMs !== undefined && container.isRunning)
      container.exit = after(world, runsForMs, () => exitByItself(world, task, container));
  }
  if (task.service) kickService(world, task.service);
}

function enterStopping(world: WorldState, task: Task): void {
  setStatus(world, task, 'STOPPING');
  whenEcsAgentUp(task.containerInstance.machine, () => {
    for (const container of task.containers) tellToStop(world, task, container);
  });
}

function enterDeprovisioning(world: WorldState, task: Task): void {
  if (task.lastStatus === 'STOPPED' || task.lastStatus === 'DEPROVISIONING') return;
  setStatus(world, task, 'DEPROVISIONING');
  if (task.service) kickService(world, task.service);
  task.transition = after(world, world.options.timings.deprovisioning, () => enterStopped(world, task));
}

function enterStopped(world: WorldState, task: Task): void {
  task.stoppedAt = world.now;
  const { containerInstance } = task;
  containerInstance.usedCpu -= task.cpu;
  containerInstance.usedMemory -= task.memory;
  task.service?.tasks.delete(task);
  setStatus(world, task, 'STOPPED');
  kickServices(world, task.cluster);
  after(world, world.options.timings.stoppedTaskListed, () => {
    task.cluster.tasks.delete(task.id);
    containerInstance.tasks.delete(task);
  });
}

function setStatus(world: WorldState, task: Task, to: TaskStatus): void {
  const from = task.lastStatus;
  task.lastStatus = to;
  task.version++;
  noteTask(world, task);
  emit(world, () => ({
    type: 'task',
    taskArn: task.arn,
    group: task.group,
    instanceId: task.containerInstance.machine.id,
    from,
    to,
  }));
}

function setContainers(world: WorldState, task: Task, to: 'running' | 'exited'): void {
  if (task.containersRunning === (to === 'running')) return;
  task.containersRunning = to === 'running';
  // One that has not been able to start does not run, whatever the others do.
  if (to === 'running')
    for (const container of task.containers) {
      container.isRunning = container.behaviour.failsToStart === undefined;
      container.reason = container.behaviour.failsToStart;
    }
  emit(world, () => ({
    type: 'task-containers',
    taskArn: task.arn,
    instanceId: task.containerInstance.machine.id,
    to,
  }));
}

function noteTask(world: WorldState, { past, lastStatus, desiredStatus }: Task): void {
  note(past, world.now, { lastStatus, desiredStatus });
}

const noBehaviour: TaskBehaviour = {};
