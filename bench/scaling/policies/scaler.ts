import {
  type Action,
  type Config,
  type ContainerInstance,
  type CordonTag,
  defaultConfig,
  type FreshInstance,
  type GroupInstance,
  type History,
  noHistory,
  type Plan,
  type Resources,
  type Snapshot,
  type Task,
} from '../../../src/scaler/plan/model.ts';
import type { Cluster, Instance, Policy, RunningJob } from '../cluster.ts';
import { type Job, SECOND } from '../model.ts';

/** The scaler's decision, as it ships. */
export type PlanFunction = (snapshot: Snapshot, history: History, config: Config) => Plan;

/** As many as fit into an answer of ECS. */
const PAGE = 100;
/** Traces begin at 0, and the scaler's times are in ms since the Unix epoch. A Monday. */
const EPOCH = Date.UTC(2026, 0, 5);
const ZONE = 'eu-west-1a';
const TYPE = 'batch';
/** None of the traces says what memory its jobs take. */
const MEMORY = 1_000_000;

/**
 * This project's scaler: the plan that `ecs-scaler run` carries out, made from what it would read of the cluster. Its turns come
 * every 15 s, and when a launcher says that it waits 5 s later at the latest.
 */
export function scalerPolicy(plan: PlanFunction, instanceCpu: number, given: Partial<Config>): Policy {
  const config: Config = { ...defaultConfig, ...given };
  const cordons = new Map<string, CordonTag>();
  const fresh: FreshInstance = {
    instanceType: TYPE,
    total: resources(instanceCpu),
    portsInUse: [],
    attributes: {},
  };
  /** Until when a plan without an action stays so, while nothing happens in the cluster. */
  let calm = { version: -1, until: 0 };
  return {
    everyMs: 15 * SECOND,
    afterDemandMs: 5 * SECOND,
    turn: (cluster) => {
      cluster.asked(requestsOfTurn(cluster));
      if (calm.version === cluster.version && cluster.now < calm.until) return;
      const byArn = new Map([...cluster.instances].map((instance) => [arnOf(instance), instance]));
      const { actions, reasons } = plan(snapshotOf(cluster, fresh, cordons), historyOf(cluster), config);
      for (const action of actions) carryOut(action, cluster, byArn, cordons);
      if (actions.length === 0) calm = { version: cluster.version, until: dueAt(reasons, config) - EPOCH };
    },
  };
}

/** When time alone changes a plan. */
function dueAt({ instances }: Plan['reasons'], { bootTimeoutMs }: Config): number {
  let due = Infinity;
  for (const { why } of instances) {
    if (why.kind === 'booting') due = Math.min(due, (why.since ?? 0) + bootTimeoutMs);
    else if ('until' in why) due = Math.min(due, why.until);
  }
  return due;
}

/** The cluster, the group and the demand queue; the pages of instances and tasks, listed and described; EC2 while one boots. */
function requestsOfTurn({ instances }: Cluster): number {
  let tasks = 0;
  let booting = 0;
  for (const instance of instances) {
    tasks += instance.tasks.size;
    if (instance.state === 'booting') booting = 1;
  }
  const pages = (count: number) => Math.max(1, Math.ceil(count / PAGE));
  return 4 + 2 * pages(instances.size) + 3 * pages(tasks) + booting;
}

function carryOut(
  action: Action,
  cluster: Cluster,
  byArn: ReadonlyMap<string, Instance>,
  cordons: Map<string, CordonTag>,
): void {
  if (action.kind === 'launch') {
    cluster.asked(1);
    cluster.launch(action.count);
    return;
  }
  const { arn } = action.instance;
  const instance = byArn.get(arn);
  if (!instance) throw new Error(`The plan names ${arn}, which is not there.`);
  switch (action.kind) {
    case 'cordon':
      // The tag, and then DRAINING.
      cluster.asked(2);
      cordons.set(arn, { kind: 'read', by: defaultConfig.name, since: action.since, until: action.until });
      cluster.cordon(instance);
      break;
    case 'uncordon':
      cluster.asked(2);
      cordons.delete(arn);
      cluster.uncordon(instance);
      break;
    case 'terminate':
      cluster.asked(1);
      cordons.delete(arn);
      cluster.terminate(instance);
      break;
  }
}

function snapshotOf(
  cluster: Cluster,
  fresh: FreshInstance,
  cordons: ReadonlyMap<string, CordonTag>,
): Snapshot {
  const all = [...cluster.instances];
  const staying = all.filter(({ isLeaving }) => !isLeaving);
  return {
    at: EPOCH + cluster.now,
    cluster: 'batch',
    group: {
      name: 'workers',
      min: 0,
      max: cluster.maxSize,
      desired: staying.length,
      zones: [ZONE],
      instances: all.map(groupInstanceOf),
      suspended: [],
    },
    containerInstances: all
      .filter(({ state }) => state !== 'booting')
      .map((instance) => containerInstanceOf(instance, cluster.instanceCpu, cordons)),
    tasks: all.flatMap(({ tasks }) => [...tasks].map(taskOf)),
    demand: cluster.waiting.map(jobOf),
    fresh,
    daemons: [],
    capacityProviders: [],
  };
}

function groupInstanceOf(instance: Instance): GroupInstance {
  return {
    id: idOf(instance),
    state: instance.isLeaving ? 'Terminating:Wait' : 'InService',
    zone: ZONE,
    instanceType: TYPE,
    isHealthy: true,
    isProtected: false,
    launchedAt: EPOCH + instance.launchedAt,
  };
}

function containerInstanceOf(
  instance: Instance,
  instanceCpu: number,
  cordons: ReadonlyMap<string, CordonTag>,
): ContainerInstance {
  const arn = arnOf(instance);
  return {
    arn,
    instanceId: idOf(instance),
    status: instance.state === 'draining' ? 'DRAINING' : 'ACTIVE',
    agentConnected: true,
    registeredAt: EPOCH + instance.readyAt,
    zone: ZONE,
    instanceType: TYPE,
    imageId: undefined,
    total: resources(instanceCpu),
    remaining: resources(instance.freeCpu),
    portsInUse: [],
    attributes: {},
    taskCount: instance.tasks.size,
    cordon: cordons.get(arn),
  };
}

function taskOf({ job, instance, startedAt }: RunningJob): Task {
  return {
    arn: `task/${job.id}`,
    containerInstanceArn: arnOf(instance),
    family: 'job',
    group: 'family:job',
    kind: 'standalone',
    lastStatus: 'RUNNING',
    startedAt: EPOCH + startedAt,
    stoppedAt: undefined,
    needs: { ...resources(job.cpu), memory: 0 },
    isProtected: false,
  };
}

function jobOf({ id, cpu, submittedAt }: Job): Snapshot['demand'][number] {
  return {
    key: String(id),
    since: EPOCH + submittedAt,
    ...resources(cpu),
    memory: 0,
    ports: [],
    constraints: [],
  };
}

/** What ECS's list of stopped tasks shows for an hour, and the scaler's memory from then on. */
function historyOf({ instances }: Cluster): History {
  const lastTaskEndedAt = new Map<string, number>();
  for (const instance of instances)
    if (instance.idleSince > instance.readyAt)
      lastTaskEndedAt.set(arnOf(instance), EPOCH + instance.idleSince);
  return { ...noHistory, lastTaskEndedAt };
}

const resources = (cpu: number): Resources => ({ cpu, memory: MEMORY, gpu: 0, networkInterfaces: 0 });
const idOf = ({ id }: Instance) => `i-${id.toString(16).padStart(17, '0')}`;
const arnOf = ({ id }: Instance) => `container-instance/${id}`;
