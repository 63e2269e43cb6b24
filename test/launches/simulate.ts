import { createBudget } from '../../src/aws/budget.ts';
import { createCaller } from '../../src/aws/call.ts';
import type { Transport } from '../../src/aws/operations.ts';
import type { Clock } from '../../src/base/clock.ts';
import { type ParsedDemand, parseDemand } from '../../src/base/demand.ts';
import type { createDemandQueue } from '../../src/oneshot/aws/demand-queue.ts';
import type { createGroup } from '../../src/oneshot/aws/group.ts';
import type { Operations } from '../../src/oneshot/aws/operations.ts';
import type { createZonesOf } from '../../src/oneshot/aws/subnets.ts';
import type { createTasks } from '../../src/oneshot/aws/tasks.ts';
import type { keyNames } from '../../src/oneshot/keys.ts';
import type { End, Launch, Policy } from '../../src/oneshot/launch/model.ts';
import type { Running, startLaunch } from '../../src/oneshot/launch-loop.ts';
import {
  addCapacityProvider,
  addFault,
  addLaunchTemplate,
  addMessageQueue,
  createFleet,
  type Fleet,
  inMemory,
  type LaunchSpec,
  type Machine,
  type MessageQueue,
  type Task,
  type WaitingTask,
} from '../../src/sandbox/index.ts';
import { taskDefinitions } from '../../src/sandbox/world/task-definitions.ts';
import { createRandom, type Random } from '../simulation/random.ts';
import { createVirtualClock, START, settled, type VirtualClock } from '../support/virtual-clock.ts';
import {
  ALL_MEMORY,
  type CallPlan,
  GROUP_MEMORY,
  type GroupPlan,
  type JobPlan,
  type LaunchPlan,
  OTHER_MEMORY,
  TYPE_MEMORY,
  type Zone,
} from './plan.ts';

/** The launcher under test: what it is of, so that one with a deliberate bug can be simulated. */
export type Program = {
  readonly createGroup: typeof createGroup;
  readonly createDemandQueue: typeof createDemandQueue;
  readonly createTasks: typeof createTasks;
  readonly createZonesOf: typeof createZonesOf;
  readonly keyNames: typeof keyNames;
  readonly startLaunch: typeof startLaunch;
};

/** One call of the launcher, and what became of it. */
export type CallRecord = {
  readonly job: JobPlan;
  readonly plan: CallPlan;
  /** The tasks that its RunTask requests have started, also those whose answer never came. */
  readonly started: (Task | WaitingTask)[];
  /** What it knew last. */
  launch: Launch | undefined;
  end: End | undefined;
  /** In ms since the Unix epoch. */
  endedAt: number | undefined;
  isDead: boolean;
  /** It has failed by a mistake of its own. */
  mistake: string | undefined;
  /** Of the tasks that were its own at its end, those that had not stopped. */
  leftRunning: readonly (Task | WaitingTask)[];
  /** For how long an instance had had room for its job when it ended, in ms. */
  hadRoomFor: number;
  /** Whether the cluster had an instance then that could hold it, full or not. */
  couldBeHeld: boolean;
  /** How many instances of the group had been booting for a while at each of its launches. */
  readonly bootingAtLaunch: number[];
  /** The zones in which it has launched instances. */
  readonly launchedIn: string[];
  requests: number;
};

export type RunRecord = {
  readonly plan: LaunchPlan;
  readonly fleet: Fleet;
  readonly calls: readonly CallRecord[];
  /** What the group wanted before and after each request about it. */
  readonly desired: readonly { readonly before: number; readonly after: number }[];
  /** What the demand queue was told, and when, in ms since the Unix epoch. */
  readonly told: readonly { readonly at: number; readonly parsed: ParsedDemand }[];
  /** How many tasks of a key wait for an instance. */
  waitingOf(job: JobPlan): number;
  /** The tasks that were started under a key, whoever asked. */
  tasksOf(job: JobPlan): readonly Task[];
};

/** When every call has had its end: the longest job and all that can hold a launcher up, in ms. */
const LIMIT_MS = 4 * 3_600_000;
const CLUSTER = 'batch';
const PROVIDER = 'workers';
const PORT = 8080;

/** Plays a plan to its end on a virtual clock. */
export async function simulate(plan: LaunchPlan, program: Program): Promise<RunRecord> {
  const clock = createVirtualClock();
  const fleet = createFleet({
    clock: { ...clock, now: clock.trueNow },
    clusterName: CLUSTER,
    hooks: [],
    requestLog: 'counts',
    limits: 'aws',
    random: createRandom(plan.seed + 7).next,
    lostHostCode: plan.lostHosts.code,
    lostHostTellsExitCodes: plan.lostHosts.tellsExitCodes,
    groupOptions: { zones: (plan.group?.zones ?? ['a']).map(zoneName) },
    deliveredAgain: plan.demandQueue?.deliveredAgain ?? 0,
    timings: { stoppedTaskListed: 3_600_000 },
  });
  const advance = () => fleet.world.advance(clock.trueNow());
  // ECS lets an account register twenty at once.
  const families = new Map(plan.jobs.map((job) => [familyOf(job), job]));
  for (const job of families.values()) registerDefinition(fleet, job);
  const { group } = plan;
  if (group) {
    fleet.group.maxSize = group.maxSize;
    fleet.group.launch = (availabilityZone) =>
      fleet.addInstance({
        cpu: group.cpu,
        memory: GROUP_MEMORY,
        instanceType: 'sim.large',
        availabilityZone,
        attributes: kindOf(group),
        ecsAgentAfter: group.bootMs,
      });
    const { networkInterfaces } = group;
    const type = { vCpus: group.cpu / 1024, memory: TYPE_MEMORY, gpus: 0, networkInterfaces };
    fleet.world.instanceTypes.set('sim.large', type);
    fleet.group.spec = specOf(fleet, group);
    for (const zone of group.emptyUntil > 0 ? fleet.group.zones : [])
      fleet.group.launchErrors.set(zone, 'InsufficientInstanceCapacity: none left');
    clock.at(START + group.emptyUntil, () => fleet.group.launchErrors.clear());
  }
  if (plan.hasCapacityProvider)
    addCapacityProvider(fleet.world, fleet.cluster, { name: PROVIDER, group: fleet.group, scaling: {} });
  const queue = plan.demandQueue && addMessageQueue(fleet.world, 'demand');
  const told: { at: number; parsed: ParsedDemand }[] = [];
  const callers = new Map<string, CallRecord>();
  const desired: { before: number; after: number }[] = [];
  noteStarts(fleet, callers, desired, told);
  if (queue && plan.demandQueue) readDemand(queue, plan.demandQueue.readEvery, { clock, fleet, run: plan });
  for (const instance of plan.instances) {
    clock.at(START + instance.joinsAt, () => {
      advance();
      const { cpu, networkInterfaces } = instance;
      const instanceType = `sim.${networkInterfaces}`;
      const type = { vCpus: cpu / 1024, memory: TYPE_MEMORY, gpus: 0, networkInterfaces };
      fleet.world.instanceTypes.set(instanceType, type);
      const machine = fleet.addInstance({
        cpu,
        memory: TYPE_MEMORY,
        instanceType,
        availabilityZone: zoneName(instance.zone),
        attributes: kindOf(instance),
        group: undefined,
      });
      if (instance.lostAt !== undefined)
        clock.at(Math.max(clock.trueNow(), START + instance.lostAt), () => {
          advance();
          fleet.terminate(machine, 'a hardware failure');
        });
      if (instance.drainsAt !== undefined)
        clock.at(Math.max(clock.trueNow(), START + instance.drainsAt), () => {
          advance();
          const arn = machine.ecsAgent.containerInstance?.arn;
          if (arn && machine.ecsAgent.containerInstance?.status === 'ACTIVE')
            fleet.world.call('ecs:UpdateContainerInstancesState', {
              cluster: CLUSTER,
              containerInstances: [arn],
              status: 'DRAINING',
            });
        });
    });
  }
  for (const { match, kind, skip, count, from, lasts } of plan.faults) {
    clock.at(START + from, () => {
      advance();
      addFault(fleet.world, { match, fault: kind, skip, count, forMs: lasts });
    });
  }
  const calls: CallRecord[] = [];
  for (const [index, job] of plan.jobs.entries()) {
    for (const [order, call] of job.calls.entries()) {
      const record: CallRecord = {
        job,
        plan: call,
        started: [],
        launch: undefined,
        end: undefined,
        endedAt: undefined,
        isDead: false,
        mistake: undefined,
        leftRunning: [],
        hadRoomFor: 0,
        couldBeHeld: false,
        bootingAtLaunch: [],
        launchedIn: [],
        requests: 0,
      };
      calls.push(record);
      const seed = plan.seed * 97 + index * 11 + order;
      const { id: hostId } = fleet.addInstance({ ecsAgentAfter: 'never', group: undefined });
      callers.set(hostId, record);
      clock.at(START + call.at, () =>
        play(record, { clock, fleet, queue, program, hostId, seed, run: plan }),
      );
    }
  }
  const isOver = () => calls.every(({ end, isDead }) => end !== undefined || isDead);
  do {
    await settled();
    if (isOver()) break;
  } while (clock.step(START + LIMIT_MS));
  advance();
  return {
    plan,
    fleet,
    calls,
    desired,
    told,
    waitingOf: (job) => {
      const { startedBy } = program.keyNames(CLUSTER, job.key);
      return [...fleet.cluster.waiting.values()].filter(
        ({ task, lastStatus }) => task.startedBy === startedBy && lastStatus === 'PROVISIONING',
      ).length;
    },
    tasksOf: (job) => {
      const { startedBy } = program.keyNames(CLUSTER, job.key);
      return [...fleet.world.machines.values()].flatMap(({ placed }) =>
        placed.filter((task) => task.startedBy === startedBy),
      );
    },
  };
}

const zoneName = (zone: Zone) => `eu-west-1${zone}`;

/** The subnet of a zone. */
const subnetIn = (zone: Zone) => `subnet-0${zone}`;

const kindOf = ({ isFast }: { readonly isFast: boolean }) => ({ kind: isFast ? 'fast' : 'slow' });

/** One of its own where its definition is: what other containers run is not overridden. */
const familyOf = ({ key, needs, others, subnets }: JobPlan) =>
  needs === 'nothing' && others.length === 0 && subnets.length === 0 ? 'job' : key;

function registerDefinition({ world }: Fleet, job: JobPlan): void {
  const { needs, others, before, subnets } = job;
  const containers = others.map(({ name, isEssential, script }) => ({
    name,
    image: 'busybox',
    essential: isEssential,
    memory: OTHER_MEMORY,
    command: ['sh', '-c', script],
  }));
  // Long before: it takes none of the account's requests.
  taskDefinitions['ecs:RegisterTaskDefinition'](world, {
    family: familyOf(job),
    ...(subnets.length > 0 && { networkMode: 'awsvpc' as const }),
    ...(needs === 'fast' && {
      placementConstraints: [{ type: 'memberOf', expression: 'attribute:kind == fast' }],
    }),
    containerDefinitions: [
      ...containers.slice(0, before),
      {
        name: 'main',
        image: 'busybox',
        cpu: 256,
        memory: needs === 'memory' ? ALL_MEMORY : 256,
        ...(needs === 'port' && { portMappings: [{ containerPort: 80, hostPort: PORT }] }),
      },
      ...containers.slice(before),
    ],
  });
}

function specOf({ world }: Fleet, { spec }: GroupPlan): LaunchSpec {
  if (spec === 'configuration') return { kind: 'configuration', name: 'old' };
  const { id: templateId } = addLaunchTemplate(world, 'sim', [
    { instanceType: 'sim.large', requirements: undefined },
  ]);
  if (spec === 'template') return { kind: 'template', templateId, version: '$Latest' };
  const types = ['sim.large'];
  return { kind: 'mixed', templateId, version: '$Default', types, onDemandBase: 1, onDemandPercent: 50 };
}

/** Whoever reads the demand queue, at its simplest: launches one instance at a time while anybody has lately said what it needs. */
function readDemand(
  queue: MessageQueue,
  every: number,
  { clock, fleet, run }: Pick<Stage, 'clock' | 'fleet' | 'run'>,
): void {
  let lastLaunchAt = -Infinity;
  const turn = () => {
    const now = clock.trueNow();
    fleet.world.advance(now);
    const { Messages: messages = [] } = fleet.world.call('sqs:ReceiveMessage', {
      QueueUrl: queue.url,
      MaxNumberOfMessages: 10,
    });
    for (const { ReceiptHandle } of messages)
      fleet.world.call('sqs:DeleteMessage', { QueueUrl: queue.url, ReceiptHandle });
    const { group } = fleet;
    const isBooting = now - lastLaunchAt < (run.group?.bootMs ?? 0) + 10_000;
    if (messages.length > 0 && !isBooting && group.desired < group.maxSize && group.launchErrors.size === 0) {
      lastLaunchAt = now;
      group.desired++;
      group.launch?.(group.zones[group.desired % group.zones.length] ?? '');
    }
    if (now < START + LIMIT_MS) clock.at(now + every, turn);
  };
  clock.at(START + every, turn);
}

type Stage = {
  readonly clock: VirtualClock;
  readonly fleet: Fleet;
  readonly queue: MessageQueue | undefined;
  readonly program: Program;
  readonly hostId: string;
  readonly seed: number;
  readonly run: LaunchPlan;
};

function play(record: CallRecord, { clock, fleet, queue, program, hostId, seed, run }: Stage): void {
  const { job, plan } = record;
  const random = createRandom(seed).next;
  const own = mortal(clock, record);
  const transport = observed(record, clock, fleet, hostId, createRandom(seed + 1));
  const call = createCaller<Operations>({
    transport,
    clock: own,
    random,
    budget: createBudget(own, 40),
    stop: new AbortController().signal,
  });
  const groupName = run.group && !run.hasCapacityProvider ? fleet.group.name : undefined;
  const policy = policyOf(job, plan, groupName, !queue);
  const running: Running = program.startLaunch({
    clock: own,
    random,
    tasks: program.createTasks(call, CLUSTER),
    group: run.group && program.createGroup({ call, name: fleet.group.name, cluster: CLUSTER, now: own.now }),
    demand: queue && {
      queue: program.createDemandQueue(call, queue.url),
      of: { cluster: CLUSTER, group: groupName, key: job.key },
      zonesOf: program.createZonesOf(call),
    },
    policy,
    request: {
      asked: policy.asked,
      key: program.keyNames(CLUSTER, job.key),
      placement: 'binpack',
      capacityProvider: run.hasCapacityProvider ? PROVIDER : undefined,
    },
    onProgress: (launch) => {
      record.launch = launch;
    },
  });
  const isMistaken = (error: unknown) => {
    record.mistake = String(error);
  };
  void running.ended.then((end) => {
    if (record.isDead) return;
    fleet.world.advance(clock.trueNow());
    record.end = end;
    record.endedAt = clock.trueNow();
    record.hadRoomFor = roomAge(fleet, job);
    record.couldBeHeld = [...fleet.cluster.containerInstances.values()].some(
      ({ status, machine, registeredAt }) =>
        status === 'ACTIVE' &&
        machine.cpu >= job.cpu &&
        isOfKind(machine, job) &&
        registeredAt < fleet.world.now - 5_000,
    );
    record.leftRunning = ownTasks(record, fleet).filter(({ lastStatus }) => lastStatus !== 'STOPPED');
  }, isMistaken);
  const at = (after: number | undefined, run: () => void) => {
    if (after !== undefined) clock.at(clock.trueNow() + after, () => record.end ?? run());
  };
  at(plan.killedAfter, () => {
    record.isDead = true;
  });
  at(plan.cancelledAfter, () => record.isDead || running.cancel('SIGTERM'));
  at(plan.againAfter, () => record.isDead || running.cancel('SIGTERM'));
}

const isInZone = ({ availabilityZone }: Machine, { subnets }: JobPlan) =>
  subnets.length === 0 || subnets.map(zoneName).includes(availabilityZone);

const isOfKind = (machine: Machine, job: JobPlan) => isInZone(machine, job) && hasWhatIsNeeded(machine, job);

const hasWhatIsNeeded = ({ attributes, memory }: Machine, { needs }: JobPlan) =>
  needs === 'memory' ? memory >= ALL_MEMORY : needs !== 'fast' || attributes.get('kind') === 'fast';

/** Its own one is the first. */
const hasInterface = ({ placed, networkInterfaces }: Machine) =>
  1 + placed.filter((task) => task.lastStatus !== 'STOPPED' && task.needs.hasNetworkInterface).length <
  networkInterfaces;

/** For how long some instance has had room for a job without a change, in ms; 0 where none has. */
function roomAge({ world, cluster }: Fleet, job: JobPlan): number {
  const ages = [...cluster.containerInstances.values()].map(
    ({ status, machine, usedCpu, registeredAt, agentConnected }) => {
      const hasRoom =
        status === 'ACTIVE' &&
        agentConnected &&
        machine.cpu - usedCpu >= job.cpu &&
        isOfKind(machine, job) &&
        (job.subnets.length === 0 || hasInterface(machine)) &&
        (['nothing', 'fast'].includes(job.needs) ||
          machine.placed.every(({ lastStatus }) => lastStatus === 'STOPPED'));
      return hasRoom
        ? world.now - Math.max(registeredAt, ...machine.placed.map(({ stoppedAt = 0 }) => stoppedAt))
        : 0;
    },
  );
  return Math.max(0, ...ages);
}

/** What became of a task that waited. */
const placedOr = (task: Task | WaitingTask) => ('provider' in task ? (task.placed ?? task) : task);

/** Those that it has started, and the one that it has waited for. */
function ownTasks({ started, launch }: CallRecord, { cluster }: Fleet): readonly (Task | WaitingTask)[] {
  const { phase } = launch ?? {};
  const view =
    phase?.kind === 'following' ? phase.task : phase?.kind === 'ended' ? phase.end.task : undefined;
  const all = [...cluster.tasks.values(), ...cluster.waiting.values()];
  const followed = all.filter(({ arn }) => arn === view?.arn);
  return [...new Set([...started, ...followed].map(placedOr))];
}

function policyOf(job: JobPlan, call: CallPlan, groupName: string | undefined, asksGroup: boolean): Policy {
  return {
    isKeyGiven: job.isKeyGiven,
    capacityTimeoutMs: call.capacityTimeoutMs,
    timeoutMs: call.timeoutMs,
    onTimeout: call.onTimeout,
    group: groupName,
    asksGroup,
    waits: call.waits,
    // The only essential one counts without being named.
    container: job.others.some(({ isEssential }) => isEssential) ? 'main' : undefined,
    asked: {
      taskDefinition: familyOf(job),
      command: ['sh', '-c', call.isOther ? `${job.script}; true` : job.script],
      environment: {},
      cpu: job.cpu,
      memory: undefined,
      taskRole: undefined,
      network:
        job.subnets.length > 0 ? { subnets: job.subnets.map(subnetIn), securityGroups: [] } : undefined,
    },
  };
}

const never = () => new Promise<never>(() => {});

/** A clock that wakes nobody who is dead. */
function mortal(clock: Clock, record: CallRecord): Clock {
  return {
    ...clock,
    sleep: async (ms, options) => {
      await clock.sleep(ms, options);
      if (record.isDead) await never();
    },
  };
}

/** Notes what each RunTask has started, and lets the launcher die, or its request come late, as planned. */
function observed(
  record: CallRecord,
  clock: VirtualClock,
  fleet: Fleet,
  hostId: string,
  random: Random,
): Transport<Operations> {
  const transport = inMemory(fleet.world, { clock, instanceId: hostId })
    .transport as unknown as Transport<Operations>;
  const late = new Map([
    ['ecs:RunTask', record.plan.landsLateAfter],
    ['autoscaling:SetDesiredCapacity', record.plan.raisesLateAfter],
  ]);
  return async (operation, input, options) => {
    if (record.isDead) return never();
    const number = ++record.requests;
    const { killedAt } = record.plan;
    if (killedAt?.request === number && killedAt.when === 'before') {
      record.isDead = true;
      return never();
    }
    // On its way: others' requests may get there first.
    await clock.sleep(random.spread(5, 500));
    const ms = late.get(operation);
    late.delete(operation);
    if (ms !== undefined) {
      clock.at(clock.trueNow() + ms, () => {
        fleet.world.advance(clock.trueNow());
        try {
          fleet.world.call(operation, input as never, { instanceId: hostId });
        } catch {
          // Nobody waits for its refusal.
        }
      });
      return never();
    }
    try {
      return await transport(operation, input, options);
    } finally {
      if (killedAt?.request === number) record.isDead = true;
      if (record.isDead) await never();
    }
  };
}

/** Whoever looks at the group for a while before it launches has seen one that was launched so long ago, in ms. */
const SEEN_AFTER_MS = 15_000;

function countBooting({ world, group }: Fleet, job: JobPlan): number {
  return [...group.members.values()].filter(({ machine }) => {
    const age = world.now - machine.launchedAt;
    const boots = machine.ecsAgent.containerInstance === undefined;
    return boots && isInZone(machine, job) && age > SEEN_AFTER_MS && age < 600_000;
  }).length;
}

/** Notes what requests do to the group, and which call has started a task, whenever its request gets there: each of them calls from a host of its own. */
function noteStarts(
  fleet: Fleet,
  callers: ReadonlyMap<string, CallRecord>,
  desired: { before: number; after: number }[],
  told: { at: number; parsed: ParsedDemand }[],
): void {
  const known = new Set<string>();
  const { call } = fleet.world;
  fleet.world.call = (operation, input, caller, options) => {
    const before = fleet.group.desired;
    const record = callers.get(caller?.instanceId ?? '');
    const booting = record ? countBooting(fleet, record.job) : 0;
    const output = call(operation, input, caller, options);
    if (operation === 'autoscaling:LaunchInstances' && fleet.group.desired > before) {
      record?.bootingAtLaunch.push(booting);
      record?.launchedIn.push(...((input as { AvailabilityZones?: string[] }).AvailabilityZones ?? []));
    }
    if (operation.startsWith('autoscaling:')) desired.push({ before, after: fleet.group.desired });
    if (operation === 'sqs:SendMessage')
      told.push({
        at: fleet.world.now,
        parsed: parseDemand((input as { MessageBody?: string }).MessageBody ?? ''),
      });
    if (operation !== 'ecs:RunTask') return output;
    for (const { taskArn = '' } of (output as { tasks?: { taskArn?: string }[] }).tasks ?? []) {
      const id = taskArn.slice(taskArn.lastIndexOf('/') + 1);
      const task = fleet.cluster.tasks.get(id) ?? fleet.cluster.waiting.get(id);
      if (task && !known.has(taskArn)) callers.get(caller?.instanceId ?? '')?.started.push(task);
      known.add(taskArn);
    }
    return output;
  };
}
