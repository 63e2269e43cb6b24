import type { Caller } from '../../aws/call.ts';
import { AwsError } from '../../aws/errors.ts';
import type { Clock } from '../../base/clock.ts';
import { startedByOf } from '../../base/keys.ts';
import { readCapacityProviders } from '../aws/capacity-providers.ts';
import { readContainerInstances } from '../aws/container-instances.ts';
import type { DaemonReader, Daemons } from '../aws/daemons.ts';
import type { DemandQueue, Received } from '../aws/demand-queue.ts';
import { readGroup, readLaunchTimes } from '../aws/group.ts';
import type { InterfaceReader } from '../aws/network-interfaces.ts';
import type { Operations } from '../aws/operations.ts';
import type { DefinitionReader } from '../aws/task-definitions.ts';
import { readProtected } from '../aws/task-protection.ts';
import type { SeenTask, TaskReader } from '../aws/tasks.ts';
import type { Config, ContainerInstance, Group, Job, Needs, Snapshot } from '../plan/model.ts';
import { readFresh } from './fresh.ts';
import { countInterfaces } from './interfaces.ts';
import { type Memory, remember } from './memory.ts';

export type ReadPorts = {
  readonly call: Caller<Operations>;
  readonly region: string;
  readonly cluster: string;
  readonly group: string;
  readonly tasks: TaskReader;
  readonly daemons: DaemonReader;
  readonly definitions: DefinitionReader;
  readonly interfaces: InterfaceReader;
  readonly queue: DemandQueue | undefined;
  readonly clock: Clock;
  readonly config: Config;
};

export type SnapshotRead =
  | {
      readonly kind: 'read';
      readonly snapshot: Snapshot;
      readonly memory: Memory;
      readonly warnings: readonly string[];
    }
  /** The cluster or the group is not there, or is not one that can be sized. */
  | { readonly kind: 'nothing-there'; readonly what: string };

/** A launcher that waits says so every ten seconds: what has not been repeated for so long, in ms, is not needed any more. */
const FRESH_MS = 30_000;

/**
 * Reads everything that a turn is decided from. Rejects with an `AwsError` where anything of it could not be read: half a picture
 * shows instances as empty that are not.
 *
 * @param waitMs how long the demand queue is waited for @param keeps whether its messages stay there
 */
export async function readSnapshot(
  ports: ReadPorts,
  before: Memory,
  waitMs: number,
  keeps: boolean,
): Promise<SnapshotRead> {
  const { call, region, cluster, clock } = ports;
  const queued = await ports.queue?.read(waitMs, keeps);
  const view = await readCapacityProviders(call, cluster, ports.group);
  if (view.kind === 'no-cluster')
    return { kind: 'nothing-there', what: `there is no cluster ${cluster} in ${region}` };
  const listed = await readGroup(call, ports.group);
  if (!listed)
    return { kind: 'nothing-there', what: `there is no Auto Scaling group ${ports.group} in ${region}` };
  if (listed.countedIn !== undefined)
    return {
      kind: 'nothing-there',
      what: `the Auto Scaling group ${ports.group} counts its sizes in ${listed.countedIn}, and ecs-scaler counts instances: take the weights out of the group, with instance types of one size, or use ECS managed scaling`,
    };
  const registered = await readContainerInstances(call, cluster);
  const daemons = await ports.daemons();
  const tasks = await withProtection(ports, marked(await ports.tasks.all(), daemons));
  const group = await withLaunchTimes(call, listed, registered);
  const at = clock.now();
  const demand = latest(before.demand, queued?.received ?? [], at);
  const managed = view.capacityProviders.some(({ managesScaling }) => managesScaling);
  const providers = view.capacityProviders.map(({ name }) => name);
  const placed = managed ? noJobs : await unplaced(ports.definitions, tasks, providers);
  const jobs = [...waiting(demand, tasks, cluster), ...placed.jobs];
  const counted = await countInterfaces(
    ports.interfaces,
    { containerInstances: registered, tasks, daemons: daemons.services, jobs, before: before.fresh },
    ports.config,
  );
  const { containerInstances } = counted;
  const { fresh, warnings } = await readFresh(
    call,
    listed,
    containerInstances,
    tasks,
    daemons,
    jobs,
    counted.before,
  );
  const snapshot: Snapshot = {
    at,
    cluster,
    group,
    containerInstances,
    tasks,
    demand: jobs,
    isDemandCutOff: queued?.isCutOff,
    fresh,
    daemons: daemons.services,
    capacityProviders: view.capacityProviders,
  };
  return {
    kind: 'read',
    snapshot,
    memory: { ...remember(before, snapshot, tasks), demand },
    warnings: [
      ...(queued?.unreadable ?? []).map((why) => `a message of the demand queue is left out: ${why}`),
      ...(queued?.isCutOff
        ? ['the demand queue holds more messages than a turn reads: nothing is removed until all can be read']
        : []),
      ...daemons.warnings,
      ...placed.warnings,
      ...counted.warnings,
      ...warnings,
    ],
  };
}

/** The same tasks, those of daemon services as such. */
const marked = (tasks: readonly SeenTask[], { deployments }: Daemons): readonly SeenTask[] =>
  tasks.map((task) =>
    task.kind === 'service' && deployments.has(task.startedBy ?? '') ? { ...task, kind: 'daemon' } : task,
  );

/** Asked only where services are to be moved. */
async function withProtection(
  { call, cluster, config }: ReadPorts,
  tasks: readonly SeenTask[],
): Promise<readonly SeenTask[]> {
  if (config.cordonBusy !== 'services') return tasks;
  const ofServices = tasks.filter(({ kind, lastStatus }) => kind === 'service' && lastStatus !== 'STOPPED');
  const held = await readProtected(
    call,
    cluster,
    ofServices.map(({ arn }) => arn),
  );
  return tasks.map((task) => (held.has(task.arn) ? { ...task, isProtected: true } : task));
}

/** Asked of EC2 only while something boots, or has not got as far as to take tasks. */
async function withLaunchTimes(
  call: Caller<Operations>,
  group: Group,
  containerInstances: readonly ContainerInstance[],
): Promise<Group> {
  const registered = new Set(
    containerInstances
      .filter(({ status }) => status === 'ACTIVE' || status === 'DRAINING')
      .map(({ instanceId }) => instanceId),
  );
  const booting = group.instances.filter(
    ({ id, state }) => !registered.has(id) && /^(InService|Pending)/.test(state),
  );
  if (booting.length === 0) return group;
  const times = await readLaunchTimes(
    call,
    booting.map(({ id }) => id),
  );
  return {
    ...group,
    instances: group.instances.map((one) =>
      times.has(one.id) ? { ...one, launchedAt: times.get(one.id) } : one,
    ),
  };
}

function latest(
  before: ReadonlyMap<string, Received>,
  received: readonly Received[],
  now: number,
): ReadonlyMap<string, Received> {
  const all = new Map(before);
  for (const one of received) {
    const known = all.get(one.demand.key);
    if (!known || known.sentAt <= one.sentAt) all.set(one.demand.key, one);
  }
  return new Map([...all].filter(([, { sentAt }]) => now - sentAt <= FRESH_MS));
}

/** The jobs of the queue that have no task yet: the last message of one that has just been started is still there. */
function waiting(
  demand: ReadonlyMap<string, Received>,
  tasks: readonly SeenTask[],
  cluster: string,
): readonly Job[] {
  const started = new Set(tasks.map(({ startedBy }) => startedBy));
  return [...demand.values()]
    .map(({ demand: one }) => one)
    .filter(({ key }) => !started.has(startedByOf(cluster, key)))
    .map((one) => ({
      key: one.key,
      since: one.since,
      cpu: one.cpu,
      memory: one.memory,
      gpu: one.gpu,
      networkInterfaces: one.networkInterfaces,
      ports: one.ports.map(({ port, protocol }) => `${port}/${protocol}`),
      constraints: one.constraints.map((constraint) =>
        constraint.type === 'distinctInstance'
          ? { kind: 'distinct-instance', group: undefined }
          : { kind: 'member-of', expression: constraint.expression },
      ),
    }));
}

type Unplaced = { readonly jobs: readonly Job[]; readonly warnings: readonly string[] };

const noJobs: Unplaced = { jobs: [], warnings: [] };

/**
 * Tasks that wait in PROVISIONING for an instance of this group. Those of Fargate, and of other groups' capacity providers, have no
 * instance yet either, and never get one of this group. GPUs, network interfaces, ports and constraints are in the definition alone.
 */
async function unplaced(
  definitions: DefinitionReader,
  tasks: readonly SeenTask[],
  providers: readonly string[],
): Promise<Unplaced> {
  const jobs: Job[] = [];
  const warnings = new Set<string>();
  for (const { arn, needs, definitionArn, ...task } of tasks) {
    if (task.containerInstanceArn || task.lastStatus !== 'PROVISIONING') continue;
    if (!providers.includes(task.capacityProvider ?? '')) continue;
    const own = await defined(definitions, definitionArn, warnings);
    const whole = {
      // ECS need not say what a task without a size of its own takes.
      cpu: needs.cpu || own.cpu,
      memory: needs.memory || own.memory,
      gpu: needs.gpu || own.gpu,
      networkInterfaces: needs.networkInterfaces || own.networkInterfaces,
      ports: own.ports,
      constraints: own.constraints,
    };
    jobs.push({ key: arn, since: undefined, ...whole, inGroupOnly: true });
  }
  return { jobs, warnings: [...warnings] };
}

/** A definition that cannot be read is no reason to launch nothing. */
async function defined(definitions: DefinitionReader, arn: string, warnings: Set<string>): Promise<Needs> {
  try {
    return await definitions(arn);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    warnings.add(
      `GPUs, network interfaces, ports and constraints of tasks in PROVISIONING are not known: ${error.message}`,
    );
    return { cpu: 0, memory: 0, gpu: 0, networkInterfaces: 0, ports: [], constraints: [] };
  }
}
