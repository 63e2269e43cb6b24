import {
  type Config,
  type ContainerInstance,
  type CordonTag,
  defaultConfig,
  type GroupInstance,
  type History,
  type Job,
  noHistory,
  type Plan,
  type Snapshot,
  type Task,
} from '../../../../src/scaler/plan/model.ts';
import { plan } from '../../../../src/scaler/plan/plan.ts';

/** Some time on a Thursday, in ms since the Unix epoch. */
export const NOW = 1_795_000_000_000;
export const MIN = 60_000;

/** One instance as a test names it: what differs from a large one in zone a that has been empty for an hour. */
export type Given = {
  zone?: 'a' | 'b';
  status?: string;
  /** Lifecycle state. */
  state?: string;
  image?: string;
  /** How long ago it was registered, or launched where it is not registered yet, in ms. */
  age?: number;
  /** Not registered with ECS. */
  unregistered?: true;
  cordon?: CordonTag;
  tasks?: readonly Partial<Task>[];
  taskCount?: number;
  isProtected?: true;
  agentConnected?: false;
  attributes?: Record<string, string>;
  inGroup?: false;
};

const TOTAL = { cpu: 4_096, memory: 8_192, gpu: 0, networkInterfaces: 3 };

export function cluster(
  given: Readonly<Record<string, Given>>,
  more: Partial<Omit<Snapshot, 'group'>> & { group?: Partial<Snapshot['group']> } = {},
): Snapshot {
  const instances: GroupInstance[] = [];
  const containerInstances: ContainerInstance[] = [];
  const tasks: Task[] = [];
  for (const [id, one] of Object.entries(given)) {
    const zone = `eu-west-1${one.zone ?? 'a'}`;
    const since = NOW - (one.age ?? 60 * MIN);
    if (one.inGroup !== false)
      instances.push({
        id,
        state: one.state ?? 'InService',
        zone,
        instanceType: 'm5.xlarge',
        isHealthy: true,
        isProtected: one.isProtected ?? false,
        launchedAt: one.unregistered ? since : undefined,
      });
    if (one.unregistered) continue;
    const arn = `arn:${id}`;
    const own = (one.tasks ?? []).map((task, at): Task => aTask(`${id}/${at}`, arn, task));
    tasks.push(...own);
    const live = own.filter(({ lastStatus }) => lastStatus !== 'STOPPED');
    containerInstances.push({
      arn,
      instanceId: id,
      status: one.status ?? 'ACTIVE',
      agentConnected: one.agentConnected ?? true,
      registeredAt: since,
      zone,
      instanceType: 'm5.xlarge',
      imageId: one.image ?? 'ami-new',
      total: TOTAL,
      remaining: {
        cpu: TOTAL.cpu - live.reduce((sum, { needs }) => sum + needs.cpu, 0),
        memory: TOTAL.memory - live.reduce((sum, { needs }) => sum + needs.memory, 0),
        gpu: 0,
        networkInterfaces:
          TOTAL.networkInterfaces - live.reduce((sum, { needs }) => sum + needs.networkInterfaces, 0),
      },
      portsInUse: ['22/tcp'],
      attributes: { 'ecs.availability-zone': zone, ...one.attributes },
      taskCount: one.taskCount ?? live.length,
      cordon: one.cordon,
    });
  }
  const { group, ...rest } = more;
  return {
    at: NOW,
    cluster: 'batch',
    containerInstances,
    tasks,
    demand: [],
    fresh: { instanceType: 'm5.xlarge', total: TOTAL, portsInUse: ['22/tcp'], attributes: {} },
    daemons: [],
    capacityProviders: [],
    ...rest,
    group: {
      name: 'workers',
      min: 0,
      max: 10,
      desired: instances.filter(({ state }) => /^(InService|Pending)/.test(state)).length,
      zones: ['eu-west-1a', 'eu-west-1b'],
      instances,
      suspended: ['AZRebalance'],
      ...group,
    },
  };
}

export function aTask(arn: string, containerInstanceArn: string, task: Partial<Task> = {}): Task {
  return {
    arn,
    containerInstanceArn,
    family: 'nightly',
    group: 'family:nightly',
    kind: 'standalone',
    lastStatus: 'RUNNING',
    startedAt: NOW - 5 * MIN,
    stoppedAt: undefined,
    needs: { cpu: 2_048, memory: 4_096, gpu: 0, networkInterfaces: 0 },
    isProtected: false,
    ...task,
  };
}

/** Jobs of half an instance, unless told. */
export const jobs = (count: number, job: Partial<Job> = {}): Job[] =>
  Array.from({ length: count }, (_, at) => ({
    key: `job-${at + 1}`,
    since: undefined,
    cpu: 2_048,
    memory: 4_096,
    gpu: 0,
    networkInterfaces: 0,
    ports: [],
    constraints: [],
    ...job,
  }));

export const cordonOf = (by: string, ageMs: number, endsInMs: number): CordonTag => ({
  kind: 'read',
  by,
  since: NOW - ageMs,
  until: NOW + endsInMs,
});

export function planned(
  snapshot: Snapshot,
  config: Partial<Config> = {},
  history: Partial<History> = {},
): Plan {
  return plan(snapshot, { ...noHistory, ...history }, { ...defaultConfig, ...config });
}

/** The actions in short: `launch 2 eu-west-1a`, `cordon i-1`. */
export const actionsOf = ({ actions }: Plan): readonly string[] =>
  actions.map((action) =>
    action.kind === 'launch'
      ? `launch ${action.count} ${action.zone}`
      : `${action.kind} ${action.instance.instanceId}`,
  );

export const whyOf = (made: Plan, id: string) =>
  made.reasons.instances.find(({ instanceId }) => instanceId === id)?.why.kind;

export const whyJob = (made: Plan, key: string) => made.reasons.jobs.find((job) => job.key === key)?.why.kind;
