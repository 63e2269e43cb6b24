import type { startAgent } from '../../src/agent/start.ts';
import { known } from '../../src/base/reading.ts';
import type { Config } from '../../src/config/options.ts';
import {
  addFault,
  addMessageQueue,
  createFleet,
  type Fleet,
  inMemory,
  type Machine,
  recordMetric,
  type WorldInput,
  type WorldOperation,
  type WorldOutput,
} from '../../src/sandbox/index.ts';
import { createRandom, type Random } from '../simulation/random.ts';
import { createVirtualClock, START, type VirtualClock } from '../support/virtual-clock.ts';
import { JOB_MEMORY, OWN_NETWORK_JOB } from './launcher.ts';
import type { ScalingPlan } from './plan.ts';

export const CLUSTER = 'batch';
const MEMORY = 65_536;
const HOOK = 'drain';
const SMALL = 'm6i.medium';

type World = Fleet['world'];

/** The simulated account in which a plan is played. */
export type Stage = {
  readonly plan: ScalingPlan;
  readonly clock: VirtualClock;
  readonly fleet: Fleet;
  readonly random: Random;
  readonly queueUrl: string;
  /** A call by a launcher, which is on its way for a moment. */
  asLauncher<O extends WorldOperation>(operation: O, input: WorldInput<O>): Promise<WorldOutput<O>>;
  /** Lets everything happen that is due by now. */
  catchUp(): void;
};

/** The agent as it ships, with its default settings. */
export type Agent = { readonly startAgent: typeof startAgent; readonly config: Config };

/** Its group, the agents on what the group terminates, and what the plan says of zones, faults and boots. */
export function setStage(plan: ScalingPlan, agent: Agent): Stage {
  const clock = createVirtualClock();
  const random = createRandom(plan.seed ^ 0x5ca1e);
  const { group } = plan;
  const zones = Array.from({ length: group.zones }, (_, index) => `eu-west-1${'abc'[index]}`);
  const fleet = createFleet({
    clock: { ...clock, now: clock.trueNow },
    clusterName: CLUSTER,
    hooks: [{ name: HOOK, heartbeatTimeout: 3_600 }],
    groupOptions: { minSize: group.min, maxSize: group.max, zones },
    requestLog: 'counts',
    pageSize: plan.pageSize,
    random: createRandom(plan.seed ^ 0xaa).next,
  });
  const { world } = fleet;
  const catchUp = () => world.advance(clock.trueNow());
  for (const [family, networkMode] of [
    ['job', 'bridge'],
    [OWN_NETWORK_JOB, 'awsvpc'],
  ] as const)
    world.call('ecs:RegisterTaskDefinition', {
      family,
      networkMode,
      containerDefinitions: [{ name: 'main', image: 'busybox', cpu: 256, memory: JOB_MEMORY }],
    });
  // What the launch template promises is what boots.
  const { networkInterfaces } = group;
  world.instanceTypes.set('m6i.large', {
    vCpus: group.cpu / 1_024,
    memory: MEMORY,
    gpus: 0,
    networkInterfaces,
  });
  world.instanceTypes.set(SMALL, { vCpus: group.cpu / 2_048, memory: MEMORY, gpus: 0, networkInterfaces });
  const { spec } = fleet.group;
  if (group.mixes && spec.kind === 'template')
    fleet.group.spec = {
      ...spec,
      kind: 'mixed',
      types: ['m6i.large', SMALL],
      onDemandBase: 0,
      onDemandPercent: 100,
    };
  const types = createRandom(plan.seed ^ 0xab);
  const ofSomeType = () =>
    group.mixes && types.chance(0.5)
      ? { instanceType: SMALL, cpu: group.cpu / 2 }
      : { instanceType: 'm6i.large', cpu: group.cpu };
  let launches = 0;
  fleet.group.launch = (availabilityZone) =>
    fleet.addInstance({
      ...ofSomeType(),
      memory: MEMORY,
      availabilityZone,
      ecsAgentAfter: group.broken.includes(launches++) ? 'never' : group.bootMs,
    });
  for (let index = 0; index < group.begins; index++)
    fleet.addInstance({
      ...ofSomeType(),
      memory: MEMORY,
      availabilityZone: zones[index % zones.length] ?? '',
    });
  if (group.daemonCpu > 0)
    fleet.addService({ name: 'monitor', strategy: 'DAEMON', cpu: group.daemonCpu, memory: 64 });
  if (plan.service) {
    const { count, cpu } = plan.service;
    fleet.addService({ name: 'web', desiredCount: count, cpu, memory: 64 });
  }
  if (plan.ahead) recordWeeks(fleet.world, fleet.group.name, plan.ahead);
  fleet.group.desired = group.begins;
  const registered = [...fleet.cluster.containerInstances.keys()].slice(0, group.drained);
  if (registered.length > 0)
    world.call('ecs:UpdateContainerInstancesState', {
      cluster: CLUSTER,
      containerInstances: registered,
      status: 'DRAINING',
    });
  const { url } = addMessageQueue(world, 'demand');
  const stage: Stage = {
    plan,
    clock,
    fleet,
    random,
    queueUrl: url,
    catchUp,
    asLauncher: async (operation, input) => {
      await clock.sleep(random.integer(5, 300));
      catchUp();
      return world.call(operation, input) as never;
    },
  };
  world.onLifecycleEvent(({ detail }) => startAgentOn(stage, agent, detail.EC2InstanceId));
  for (const { zone, from, lasts } of group.emptyZones) {
    const name = zones[zone % zones.length] ?? '';
    at(stage, from, () =>
      fleet.group.launchErrors.set(name, 'InsufficientInstanceCapacity: there is none left in this zone'),
    );
    at(stage, from + lasts, () => fleet.group.launchErrors.delete(name));
  }
  for (const { match, kind, skip, count, from, lasts } of plan.faults)
    at(stage, from, () => addFault(world, { match, fault: kind, skip, count, forMs: lasts }));
  return stage;
}

const HOUR = 3_600_000;
const WEEKS = 4;

/** What a scaler would have published, hour by hour. */
function recordWeeks(
  world: World,
  group: string,
  { hours, instances }: NonNullable<ScalingPlan['ahead']>,
): void {
  const dimensions = { Cluster: CLUSTER, Group: group };
  const id = { namespace: 'ecs-scaler', name: 'InstancesNeeded', dimensions };
  const thisHour = Math.floor(START / HOUR);
  for (let hour = thisHour - WEEKS * 168; hour < thisHour; hour++)
    recordMetric(world, id, { at: hour * HOUR, value: hours.includes(hour % 24) ? instances : 0 });
}

/** Plans something, `ms` after the beginning. */
export function at({ clock, catchUp }: Stage, ms: number, run: () => void): void {
  clock.at(Math.max(clock.trueNow(), START + ms), () => {
    catchUp();
    run();
  });
}

/** Watching, an agent asks AWS for nothing: it need not be there before its instance is terminated. */
function startAgentOn(
  { clock, fleet, plan }: Stage,
  { startAgent, config }: Agent,
  instanceId: string,
): void {
  const machine = fleet.world.machines.get(instanceId) as Machine;
  const face = inMemory(fleet.world, { clock, instanceId });
  const isGone = () => machine.state === 'shutting-down' || machine.state === 'terminated';
  void startAgent(config, {
    clock: { ...clock, sleep: (ms, options) => (isGone() ? never() : clock.sleep(ms, options)) },
    uptime: () => UP_BEFORE_MS + clock.monotonic(),
    random: createRandom(plan.seed ^ machine.launchedAt).next,
    http: (request) => (isGone() ? never() : face.http(request)),
    transport: () => (operation, input, options) =>
      isGone() ? never() : face.transport(operation, input, options),
    store: { load: () => undefined, putOnDisk: () => {}, save: () => {}, remove: () => {} },
    manual: async () => known(undefined),
    configuredCluster: () => CLUSTER,
    environment: {},
    log: () => {},
    onReport: () => {},
    stop: new AbortController().signal,
  });
}

const UP_BEFORE_MS = 600_000;

const never = () => new Promise<never>(() => {});
