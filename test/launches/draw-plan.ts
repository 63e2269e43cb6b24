import type { FaultKind } from '../../src/sandbox/index.ts';
import { createRandom, type Random } from '../simulation/random.ts';
import type {
  CallPlan,
  DemandQueuePlan,
  FaultPlanned,
  GroupPlan,
  InstancePlan,
  JobPlan,
  LaunchPlan,
  Zone,
} from './plan.ts';

const MINUTE = 60_000;

/** What happens in the run of a seed. */
export function drawPlan(seed: number): LaunchPlan {
  const plan = drawCluster(seed);
  const later = createRandom(seed + 800_000);
  if (later.chance(0.02)) return hourAfter(later, plan);
  const random = createRandom(seed + 700_000);
  if (!random.chance(0.3)) return plan;
  return random.chance(0.12) ? freed(random, plan) : networked(random, plan);
}

function drawCluster(seed: number): LaunchPlan {
  const random = createRandom(seed);
  const isCalm = random.chance(0.2);
  const plan = {
    seed,
    instances: drawInstances(random, isCalm),
    group: random.chance(0.5) ? drawGroup(random, isCalm) : undefined,
    // Now and then a crowd.
    jobs: Array.from(
      { length: random.chance(0.1) ? random.integer(6, 12) : random.integer(1, 4) },
      (_, index) => drawJob(random, index, isCalm),
    ),
    faults: isCalm ? [] : Array.from({ length: random.integer(0, 4) }, () => drawFault(random)),
  };
  const demandQueue = plan.group && random.chance(0.4) ? drawDemandQueue(random) : undefined;
  const queueFaults = demandQueue && !isCalm && random.chance(0.5) ? [ofQueue(drawFault(random))] : [];
  const hasCapacityProvider = plan.group !== undefined && !demandQueue && random.chance(0.25);
  const others = createRandom(seed + 500_000);
  const jobs = plan.jobs.map((job) => ({ ...job, ...drawOthers(others) }));
  const kinds = createRandom(seed + 600_000);
  const lostHosts = {
    code: kinds.pick(['none', 'SpotInterruption', 'TerminationNotice', 'InfrastructureHealth'] as const),
    tellsExitCodes: kinds.chance(0.5),
  };
  const whole = {
    ...plan,
    jobs,
    lostHosts,
    demandQueue,
    hasCapacityProvider,
    faults: [...plan.faults, ...queueFaults],
  };
  if (isCalm && kinds.chance(0.2)) return followed(kinds, whole);
  if (isCalm && kinds.chance(0.15)) return tight(kinds, whole);
  if (isCalm) return random.chance(0.2) ? trickle(random, whole) : ofKinds(kinds, whole);
  return random.chance(0.12) ? rush(random, whole) : ofKinds(kinds, whole);
}

/** Some jobs have a network interface of their own, in some zones; instances are in one of them, and have few. */
function networked(random: Random, plan: LaunchPlan): LaunchPlan {
  return {
    ...plan,
    instances: plan.instances.map((one) => ({
      ...one,
      zone: random.pick(['a', 'a', 'b'] as const),
      networkInterfaces: random.integer(2, 4),
    })),
    group: plan.group && {
      ...plan.group,
      zones: random.pick<readonly Zone[]>([['a'], ['b'], ['a', 'b'], ['a', 'b']]),
      networkInterfaces: random.integer(2, 4),
    },
    jobs: plan.jobs.map((job) => ({ ...job, subnets: random.chance(0.7) ? drawSubnets(random) : [] })),
  };
}

const drawSubnets = (random: Random): readonly Zone[] =>
  random.pick<readonly Zone[]>([['a'], ['a'], ['b'], ['a', 'b']]);

/** A call waits in vain for a network interface, which another task has, and gives it back when the key is called again. */
function freed(random: Random, plan: LaunchPlan): LaunchPlan {
  const { jobs, ...rest } = followed(random, plan);
  const [, large] = rest.instances;
  const [job] = jobs;
  if (!large || !job) return plan;
  const seconds = Math.ceil(large.joinsAt / 1_000);
  const one = { isKeyGiven: false, subnets: ['a'], others: [], before: 0, needs: 'nothing' } as const;
  const call = {
    ...drawCall(random, 0, true, false),
    capacityTimeoutMs: 60 * MINUTE,
    timeoutMs: undefined,
    waits: true,
  };
  const holder: JobPlan = {
    ...one,
    key: 'holder',
    script: `sleep ${seconds}; exit 0`,
    cpu: 256,
    calls: [call],
  };
  // Beside it one without an interface of its own.
  const beside: JobPlan = { ...holder, key: 'beside', script: 'sleep 5000; exit 0', subnets: [] };
  const later = job.calls.map((one) => ({ ...one, at: one.at + MINUTE }));
  return {
    ...rest,
    faults: [],
    instances: [{ ...large, joinsAt: 0, networkInterfaces: 2 }],
    jobs: [{ ...job, others: [], before: 0, needs: 'nothing', subnets: ['a'], calls: later }, holder, beside],
  };
}

/** A key is called again about an hour after its task has ended: ECS forgets the task then, and the job runs once more. */
function hourAfter(random: Random, plan: LaunchPlan): LaunchPlan {
  const call = { ...drawCall(random, 0, true, true), waits: true, timeoutMs: undefined };
  const seconds = random.spread(1, 600);
  const at = seconds * 1_000 + random.integer(55 * MINUTE, 70 * MINUTE);
  const again = { ...drawCall(random, at, true, false), waits: true, timeoutMs: undefined };
  const job = { ...drawJob(random, 0, true), isKeyGiven: true, cpu: 256, script: `sleep ${seconds}; exit 0` };
  return {
    ...plan,
    instances: [{ ...plain, joinsAt: 0, cpu: 1024, lostAt: undefined, drainsAt: undefined }],
    group: undefined,
    demandQueue: undefined,
    hasCapacityProvider: false,
    faults: [],
    jobs: [{ ...job, calls: [call, again] }],
  };
}

/** A call waits for room in vain, and there is some when its key is called again. */
function followed(random: Random, plan: LaunchPlan): LaunchPlan {
  const waits = random.spread(2 * MINUTE, 30 * MINUTE);
  const comesAt = waits + random.integer(-MINUTE, 3 * MINUTE);
  const small = { ...plain, joinsAt: 0, cpu: 512, lostAt: undefined, drainsAt: undefined };
  const first = drawCall(random, 0, true, true);
  const job: JobPlan = {
    ...drawJob(random, 0, true),
    isKeyGiven: true,
    cpu: 1024,
    calls: [
      random.chance(0.5)
        ? { ...first, capacityTimeoutMs: 60 * MINUTE, killedAfter: waits }
        : { ...first, capacityTimeoutMs: waits },
      {
        ...drawCall(random, waits + random.spread(1_000, MINUTE), true, false),
        capacityTimeoutMs: 12 * MINUTE,
      },
    ],
  };
  return {
    ...plan,
    instances: [small, { ...small, cpu: 4096, joinsAt: comesAt }],
    group: undefined,
    jobs: [job],
    demandQueue: undefined,
    hasCapacityProvider: false,
  };
}

/** An empty group whose instances have the memory for a job by their type, and keep too much of it for themselves. */
function tight(random: Random, plan: LaunchPlan): LaunchPlan {
  const bootMs = random.spread(20_000, 3 * MINUTE);
  const maxSize = random.pick([1, 2, 6]);
  const group: GroupPlan = { ...plainGroup, maxSize, cpu: 2048, bootMs, spec: 'template', emptyUntil: 0 };
  const jobs = plan.jobs.map((job) => ({
    ...job,
    cpu: 1024,
    needs: random.pick(['memory', 'nothing'] as const),
  }));
  return { ...plan, instances: [], group, jobs, demandQueue: undefined, hasCapacityProvider: false };
}

/** Now and then instances of two kinds, and jobs that need one of them, or a port. */
function ofKinds(random: Random, plan: LaunchPlan): LaunchPlan {
  if (random.chance(0.5)) return plan;
  return {
    ...plan,
    instances: plan.instances.map((one) => ({ ...one, isFast: random.chance(0.4) })),
    group: plan.group && { ...plan.group, isFast: random.chance(0.6) },
    jobs: plan.jobs.map((job) => ({
      ...job,
      needs: random.pick(['nothing', 'fast', 'fast', 'port', 'memory'] as const),
      script: random.chance(0.3) ? `on-sigterm 0; ${job.script}` : job.script,
    })),
  };
}

/** Small jobs, one after another, while the first instance boots. */
function trickle(random: Random, plan: LaunchPlan): LaunchPlan {
  const bootMs = random.spread(MINUTE, 5 * MINUTE);
  const group = {
    ...plainGroup,
    maxSize: 6,
    cpu: 2048,
    bootMs,
    spec: 'template' as const,
    emptyUntil: 0,
  };
  const jobs = Array.from({ length: random.integer(2, 6) }, (_, index) => {
    const job = drawJob(random, index, true);
    const at = random.integer(0, bootMs);
    return { ...job, cpu: random.pick([256, 512]), calls: job.calls.map((call) => ({ ...call, at })) };
  });
  return { ...plan, instances: [], group, jobs, demandQueue: undefined, hasCapacityProvider: false };
}

/** Many jobs, each of which fills an instance, and instances that boot fast: what a group wants changes often. */
function rush(random: Random, plan: LaunchPlan): LaunchPlan {
  const group = {
    ...plainGroup,
    maxSize: 8,
    cpu: 1024,
    bootMs: random.spread(1_000, 8_000),
    spec: random.pick(['template', 'mixed'] as const),
    emptyUntil: 0,
  };
  const jobs = Array.from({ length: random.integer(8, 14) }, (_, index) => {
    const job = drawJob(random, index, true);
    const at = random.integer(0, 90_000);
    const raisesLateAfter = random.chance(0.5) ? random.spread(5_000, 25_000) : undefined;
    return { ...job, cpu: 1024, calls: job.calls.map((call) => ({ ...call, at, raisesLateAfter })) };
  });
  return { ...plan, instances: [], group, jobs, demandQueue: undefined, hasCapacityProvider: false };
}

/** Instances of one kind in one zone, whose network interfaces suffice. */
const plain = { isFast: false, zone: 'a', networkInterfaces: 4 } as const;
const plainGroup = { isFast: false, zones: ['a'], networkInterfaces: 4 } as const;

function drawGroup(random: Random, isCalm: boolean): GroupPlan {
  return {
    ...plainGroup,
    maxSize: random.integer(0, 6),
    cpu: random.pick([1024, 2048]),
    bootMs: random.spread(20_000, 5 * MINUTE),
    spec: random.pick(['template', 'template', 'template', 'mixed', 'mixed', 'configuration'] as const),
    emptyUntil: !isCalm && random.chance(0.2) ? random.spread(1_000, 10 * MINUTE) : 0,
  };
}

function drawDemandQueue(random: Random): DemandQueuePlan {
  return {
    readEvery: random.spread(1_000, 30_000),
    deliveredAgain: random.chance(0.3) ? 0.3 : 0,
  };
}

const ofQueue = (fault: FaultPlanned): FaultPlanned => ({ ...fault, match: { service: 'sqs' } });

function drawInstances(random: Random, isCalm: boolean): readonly InstancePlan[] {
  return Array.from({ length: random.integer(isCalm ? 1 : 0, 3) }, () => ({
    joinsAt: random.chance(0.6) ? 0 : random.spread(1_000, 20 * MINUTE),
    ...plain,
    cpu: random.pick([1024, 2048, 4096]),
    lostAt: !isCalm && random.chance(0.1) ? random.spread(1_000, 40 * MINUTE) : undefined,
    drainsAt: !isCalm && random.chance(0.1) ? random.spread(1_000, 10 * MINUTE) : undefined,
  }));
}

function drawJob(random: Random, index: number, isCalm: boolean): JobPlan {
  const isKeyGiven = random.chance(0.7);
  const calls: CallPlan[] = [];
  const count = isKeyGiven && !isCalm ? random.integer(1, 4) : 1;
  let at = random.chance(0.7) ? 0 : random.spread(100, 5 * MINUTE);
  for (let call = 0; call < count; call++) {
    const drawn = drawCall(random, at, isCalm, call < count - 1);
    calls.push(drawn);
    // Mostly when the one before is dead, sometimes beside it.
    at += random.chance(0.8)
      ? (drawn.killedAfter ?? 0) + random.spread(10, 3 * MINUTE)
      : random.spread(1, 20_000);
  }
  return {
    key: `job-${index}`,
    isKeyGiven,
    script: drawScript(random),
    cpu: random.chance(0.05) ? 8192 : random.pick([256, 512, 1024, 1024, 2048]),
    needs: 'nothing',
    subnets: [],
    others: [],
    before: 0,
    calls,
  };
}

/** Most tasks have one container. */
function drawOthers(random: Random): Pick<JobPlan, 'others' | 'before'> {
  const count = random.chance(0.7) ? 0 : random.integer(1, 2);
  const others = Array.from({ length: count }, (_, index) => ({
    name: `other-${index}`,
    isEssential: random.chance(0.4),
    script: random.chance(0.4)
      ? 'ignore-sigterm; sleep 100000'
      : `sleep ${random.spread(1, 30 * 60)}; exit ${random.pick([0, 0, 1, 9])}`,
  }));
  return { others, before: random.integer(0, count) };
}

function drawScript(random: Random): string {
  const ignores = random.chance(0.15) ? 'ignore-sigterm; ' : '';
  const seconds = random.spread(1, 30 * 60);
  const end = random.pick(['exit 0', 'exit 0', 'exit 3', 'exit 75', 'exit 255', 'oom']);
  return `${ignores}sleep ${seconds}; ${end}`;
}

function drawCall(random: Random, at: number, isCalm: boolean, isFollowed: boolean): CallPlan {
  const dies = !isCalm && random.chance(isFollowed ? 0.7 : 0.1);
  const byRequest = random.chance(0.6);
  const cancelledAfter = !isCalm && random.chance(0.3) ? random.spread(1, 5 * MINUTE) : undefined;
  return {
    at,
    killedAfter: dies && !byRequest ? random.spread(1, 5 * MINUTE) : undefined,
    killedAt:
      dies && byRequest
        ? { request: random.integer(1, 8), when: random.pick(['before', 'after'] as const) }
        : undefined,
    cancelledAfter,
    againAfter:
      cancelledAfter !== undefined && random.chance(0.2)
        ? cancelledAfter + random.spread(1, 20_000)
        : undefined,
    capacityTimeoutMs: random.pick([30 * MINUTE, 30 * MINUTE, random.spread(1_000, 10 * MINUTE)]),
    timeoutMs: random.chance(0.1) ? random.spread(1_000, 10 * MINUTE) : undefined,
    onTimeout: random.pick(['stop', 'stop', 'detach'] as const),
    waits: !random.chance(0.1),
    isOther: !isCalm && random.chance(0.05),
    landsLateAfter: !isCalm && random.chance(0.1) ? random.spread(11_000, 90_000) : undefined,
    raisesLateAfter: !isCalm && random.chance(0.1) ? random.spread(1_000, 25_000) : undefined,
  };
}

const READS = ['ecs:DescribeTasks', 'ecs:ListTasks'];
const CALLS = [...READS, 'ecs:RunTask', 'ecs:StopTask', 'ecs:DescribeTaskDefinition'];
const GROUP_CALLS = [
  'autoscaling:DescribeAutoScalingGroups',
  'autoscaling:LaunchInstances',
  'autoscaling:SetDesiredCapacity',
  'ecs:ListContainerInstances',
  'ecs:DescribeContainerInstances',
  'ec2:DescribeInstances',
  'ec2:DescribeInstanceTypes',
  'ec2:DescribeLaunchTemplateVersions',
  'ec2:DescribeSubnets',
];

function drawFault(random: Random): FaultPlanned {
  const kind = drawKind(random);
  const api =
    kind.what === 'stale' ? random.pick(READS) : random.chance(0.8) ? random.pick(CALLS) : undefined;
  const isLong = random.chance(0.3);
  const ofGroup = kind.what !== 'stale' && random.chance(0.2) ? random.pick(GROUP_CALLS) : undefined;
  return {
    match: ofGroup === undefined ? { service: 'ecs', ...(api && { api }) } : { api: ofGroup },
    kind,
    skip: random.chance(0.5) ? 0 : random.integer(0, 5),
    count: isLong ? 1_000_000 : random.integer(1, 6),
    from: random.chance(0.5) ? 0 : random.spread(100, 20 * MINUTE),
    lasts: random.spread(1_000, isLong ? 20 * MINUTE : 60 * MINUTE),
  };
}

function drawKind(random: Random): FaultKind {
  switch (random.integer(0, 15)) {
    case 0:
    case 1:
      return { what: 'throttle' };
    case 2:
      return { what: '5xx' };
    case 3:
    case 4:
      return { what: 'act-then-lose-response' };
    case 5:
      return { what: 'act-then-stall' };
    case 6:
      return { what: 'reset' };
    case 7:
      return { what: 'reset-mid-body' };
    case 8:
      return { what: 'truncated' };
    case 9:
      return { what: 'delay', ms: random.spread(100, 30_000) };
    case 10:
      return { what: 'stall' };
    case 11:
    case 12:
      return { what: 'stale', ms: random.spread(1_000, 180_000) };
    case 13:
      return { what: 'omits', nth: random.integer(0, 30) };
    case 14:
      return { what: 'error', name: 'AccessDeniedException' };
    default:
      return { what: 'error', name: 'ExpiredTokenException' };
  }
}
