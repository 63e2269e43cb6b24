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
import { type Job, MINUTE, SECOND } from '../model.ts';

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
 * This project's scaler: the plan that `ecs-scaler` carries out, made from what it would read of the cluster. Its turns
 * come once a minute, and sooner when a launcher says that it waits.
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
  let calm = -1;
  return {
    everyMs: MINUTE,
    afterDemandMs: 10 * SECOND,
    turn: (cluster) => {
      cluster.asked(requestsOfTurn(cluster));
      if (calm === cluster.version) return;
      const byArn = new Map([...cluster.instances].map((instance) => [arnOf(instance), instance]));
      const { actions } = plan(snapshotOf(cluster, fresh, cordons), historyOf(cluster), config);
      for (const action of actions) carryOut(action, cluster, byArn, cordons);
      // Time alone changes nothing where every instance has a task, and no job waits.
      if (actions.length === 0 && isCalm(cluster)) calm = cluster.version;
    },
  };
}

function isCalm({ waiting, instances }: Cluster): boolean {
  if (waiting.length > 0) return false;
  for (const { state, tasks } of instances) if (state !== 'active' || tasks.size === 0) return false;
  return true;
}

/** The pages of the cluster's instances and of its tasks, listed and described, the group, and the demand queue. */
function requestsOfTurn({ instances }: Cluster): number {
  let tasks = 0;
  for (const instance of instances) tasks += instance.tasks.size;
  const pages = (count: number) => Math.max(1, Math.ceil(count / PAGE));
  return 2 * pages(instances.size) + 2 * pages(tasks) + 3;
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

const resources = (cpu: number): Resources => ({ cpu, memory: MEMORY, gpu: 0 });
const idOf = ({ id }: Instance) => `i-${id.toString(16).padStart(17, '0')}`;
const arnOf = ({ id }: Instance) => `container-instance/${id}`;
