import { after, emit } from './emit.ts';
import { nextHex } from './ids.ts';
import { kickServices } from './kick.ts';
import { note } from './past.ts';
import type { Cluster, ContainerInstance, EcsAgent, Impostor, Machine, Task, WorldState } from './state.ts';
import type { ContainerInstanceStatus } from './statuses.ts';

export function createEcsAgent(cluster: Cluster): EcsAgent {
  return {
    up: false,
    cluster,
    containerInstance: undefined,
    tasks: [],
    frozen: undefined,
    impostor: undefined,
    answersAfter: 0,
    backlog: [],
  };
}

/** The ECS agent on a machine registers it as a new container instance, and from then on answers. */
export function registerContainerInstance(world: WorldState, machine: Machine): ContainerInstance {
  const agent = machine.ecsAgent;
  const id = nextHex(world, 32);
  const { region, accountId } = world.options;
  const containerInstance: ContainerInstance = {
    id,
    arn: `arn:aws:ecs:${region}:${accountId}:container-instance/${agent.cluster.name}/${id}`,
    serial: ++world.serial,
    cluster: agent.cluster,
    machine,
    status: 'REGISTERING',
    version: 1,
    agentConnected: false,
    // No host registers twice in one moment, however fast a plan is.
    registeredAt: Math.max(world.now, (agent.containerInstance?.registeredAt ?? -Infinity) + 1),
    past: [],
    tags: new Map(),
    pastTags: [],
    tasks: new Set(),
    usedCpu: 0,
    usedMemory: 0,
  };
  agent.cluster.containerInstances.set(id, containerInstance);
  agent.containerInstance = containerInstance;
  agent.tasks = [];
  agent.frozen = undefined;
  agent.answersAfter = 0;
  setContainerInstanceStatus(world, containerInstance, 'ACTIVE');
  setEcsAgent(world, machine, 'up');
  return containerInstance;
}

/**
 * Takes the ECS agent down or up. Restarted with its checkpoint after its container instance was deregistered, the
 * real one exits and stays down.
 */
export function setEcsAgent(world: WorldState, machine: Machine, to: 'up' | 'down'): void {
  const agent = machine.ecsAgent;
  const registered = agent.containerInstance;
  if (to === 'down') {
    if (!agent.up) return;
    agent.up = false;
    // Started anew it tells of the present.
    agent.frozen = undefined;
    if (registered) loseConnection(world, registered);
    emit(world, () => ({ type: 'ecs-agent', instanceId: machine.id, to }));
    return;
  }
  if (agent.up) return;
  if (!registered) {
    registerContainerInstance(world, machine);
    return;
  }
  if (registered.status === 'INACTIVE') return;
  agent.up = true;
  connect(world, registered);
  emit(world, () => ({ type: 'ecs-agent', instanceId: machine.id, to }));
  const backlog = agent.backlog;
  agent.backlog = [];
  for (const run of backlog) run();
  kickServices(world, agent.cluster);
}

/** An ECS agent that has come up opens its connection to ECS. */
function connect(world: WorldState, containerInstance: ContainerInstance): void {
  const { agentConnects } = world.options.timings;
  const notice = () => {
    const { up, containerInstance: current } = containerInstance.machine.ecsAgent;
    const isThere = up && current === containerInstance && containerInstance.status !== 'INACTIVE';
    if (isThere) setAgentConnected(world, containerInstance, true);
  };
  if (agentConnects === 0) notice();
  else after(world, agentConnects, notice);
}

/** ECS finds out after a while that an agent is no longer there, unless it is back by then. */
function loseConnection(world: WorldState, containerInstance: ContainerInstance): void {
  const { agentLossNoticed } = world.options.timings;
  const notice = () => {
    const { up, containerInstance: current } = containerInstance.machine.ecsAgent;
    if (!up || current !== containerInstance) setAgentConnected(world, containerInstance, false);
  };
  if (agentLossNoticed === 0) notice();
  else after(world, agentLossNoticed, notice);
}

export function setAgentConnected(
  world: WorldState,
  containerInstance: ContainerInstance,
  to: boolean,
): void {
  if (containerInstance.agentConnected === to) return;
  containerInstance.agentConnected = to;
  emit(world, () => ({
    type: 'agent-connected',
    instanceId: containerInstance.machine.id,
    containerInstanceArn: containerInstance.arn,
    to,
  }));
  if (to) kickServices(world, containerInstance.cluster);
}

/**
 * Restarts the ECS agent without its checkpoint: it registers the machine as a new container instance, in the same
 * cluster or in another.
 */
export function reregister(world: WorldState, machine: Machine, cluster?: Cluster): ContainerInstance {
  setEcsAgent(world, machine, 'down');
  if (cluster) machine.ecsAgent.cluster = cluster;
  return registerContainerInstance(world, machine);
}

/** From now on introspection gives the answers of this moment (`true`), or the truth again. */
export function freezeEcsAgent(world: WorldState, machine: Machine, frozen: boolean): void {
  const agent = machine.ecsAgent;
  if (!agent.up) return;
  agent.frozen = frozen ? { metadata: metadataOf(agent), tasks: tasksOf(agent) } : undefined;
  emit(world, () => ({ type: 'ecs-agent', instanceId: machine.id, to: frozen ? 'frozen' : 'up' }));
}

/** Runs now, or when the ECS agent is next up: nothing passes between ECS and a host whose agent is down. */
export function whenEcsAgentUp(machine: Machine, run: () => void): void {
  if (machine.ecsAgent.up) run();
  else machine.ecsAgent.backlog.push(run);
}

export type PlainResponse = {
  readonly status: number;
  readonly body: string;
  /** What the answer has beside the headers that all of them have. */
  readonly headers?: Readonly<Record<string, string>>;
};

/** What the ECS agent's introspection answers; undefined = the connection is refused. */
export function introspect(machine: Machine, path: string): PlainResponse | undefined {
  const agent = machine.ecsAgent;
  const { pathname, searchParams } = new URL(path, 'http://agent');
  if (!agent.up || !agent.containerInstance) return agent.impostor && pretend(agent.impostor, pathname);
  switch (pathname) {
    case '/v1/metadata':
      return { status: 200, body: agent.frozen?.metadata ?? metadataOf(agent) };
    case '/v1/tasks': {
      const arn = searchParams.get('taskarn');
      if (arn !== null) return oneTask(agent, arn);
      return { status: 200, body: agent.frozen?.tasks ?? tasksOf(agent) };
    }
    case '/license':
      return { status: 200, body: 'The licence of the ECS agent.\n', headers: plainText };
    default:
      // Whatever is asked for, with 200: a path that this ECS agent does not have looks like an answer.
      return {
        status: 200,
        body: '{"AvailableCommands":["/v1/metadata","/v1/tasks","/license"]}',
        headers: plainText,
      };
  }
}

const plainText = { 'content-type': 'text/plain; charset=utf-8' };

/** The port is no privileged one: while the ECS agent is down any process of the host can listen there. */
function pretend(impostor: Impostor, pathname: string): PlainResponse {
  if (pathname === '/v1/metadata') return { status: 200, body: impostor.metadata };
  if (pathname === '/v1/tasks') return { status: 200, body: impostor.tasks };
  return { status: 404, body: '404 page not found\n' };
}

/** Also the way of every later change of a container instance's status. */
export function setContainerInstanceStatus(
  world: WorldState,
  containerInstance: ContainerInstance,
  to: ContainerInstanceStatus,
): void {
  const from = containerInstance.status;
  containerInstance.status = to;
  containerInstance.version++;
  note(containerInstance.past, world.now, to);
  emit(world, () => ({
    type: 'container-instance',
    instanceId: containerInstance.machine.id,
    containerInstanceArn: containerInstance.arn,
    from,
    to,
  }));
  kickServices(world, containerInstance.cluster);
}

function metadataOf(agent: EcsAgent): string {
  return JSON.stringify({
    Cluster: agent.cluster.name,
    ContainerInstanceArn: agent.containerInstance?.arn,
    Version: 'Amazon ECS Agent - v1.102.0 (sandbox)',
  });
}

function tasksOf(agent: EcsAgent): string {
  return `{"Tasks":[${agent.tasks.map(describedTask).join()}]}`;
}

const described = new WeakMap<
  Task,
  { readonly desired: string; readonly known: string; readonly text: string }
>();

/** Kept, since simulated agents ask every second for hours. */
function describedTask(task: Task): string {
  const { knownStatus: known } = task;
  // Of a task that ECS has lost its agent was told nothing.
  const desired = task.orphaned && known !== 'STOPPED' ? 'RUNNING' : task.desiredStatus;
  const before = described.get(task);
  if (before?.desired === desired && before.known === known) return before.text;
  const text = JSON.stringify(describeTask(task, desired));
  described.set(task, { desired, known, text });
  return text;
}

function oneTask(agent: EcsAgent, arn: string): PlainResponse {
  const task = agent.tasks.find((one) => one.arn === arn);
  if (!task) return { status: 404, body: noTask };
  return { status: 200, body: describedTask(task) };
}

const noTask = '{"Arn":"","KnownStatus":"","Family":"","Version":"","Containers":null}';

function describeTask(task: Task, desired: string) {
  return {
    Arn: task.arn,
    DesiredStatus: desired,
    KnownStatus: task.knownStatus,
    Family: task.definition.family,
    Version: String(task.definition.revision),
    Containers: task.definition.containers.map(({ name, image }, index) => ({
      DockerId: task.id.padEnd(64, String(index % 10)),
      DockerName: `ecs-${task.definition.family}-${task.definition.revision}-${name}-${task.id.slice(0, 12)}`,
      Name: name,
      Image: image,
      ImageID: `sha256:${task.id}${task.id}`,
    })),
  };
}
