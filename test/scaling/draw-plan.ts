import type { FaultKind } from '../../src/sandbox/index.ts';
import { createRandom, type Random } from '../simulation/random.ts';
import type { FaultPlanned, GroupPlan, JobPlan, Meddling, ScalerPlan, ScalingPlan } from './plan.ts';

const MINUTE = 60_000;
/** Jobs come, and everything goes wrong, within this time. */
const EVENTFUL_MS = 50 * MINUTE;

/** What happens in the run of a seed. */
export function drawPlan(seed: number): ScalingPlan {
  const random = createRandom(seed);
  const isCalm = random.chance(0.3);
  // Drawn apart, so that what the other seeds have shown stays where it is.
  const takesLaunches = !createRandom(seed ^ 0x1a).chance(0.1);
  const daemonCpu = drawDaemon(seed);
  const mixes = createRandom(seed ^ 0x72).chance(0.15);
  const network = drawNetwork(seed);
  const { networkInterfaces } = network;
  const group = { ...drawGroup(random, isCalm), takesLaunches, daemonCpu, mixes, networkInterfaces };
  return {
    seed,
    group,
    pageSize: random.chance(0.6) ? 100 : random.integer(1, 3),
    jobs: drawJobs(random, group).map((job, nth) => ({ ...job, networkInterfaces: network.ofJob(nth) })),
    scalers: withMore(seed, drawScalers(random, isCalm)),
    service: drawService(seed),
    ahead: drawAhead(seed),
    meddling: isCalm ? [] : several(random, 3, () => drawMeddling(random, group)),
    faults: isCalm
      ? []
      : [
          ...several(random, 4, () => drawFault(random)),
          ...faultsOfRaises(seed, takesLaunches),
          ...faultsOfDaemons(seed),
          ...faultsOfMetrics(seed),
        ],
  };
}

const several = <T>(random: Random, most: number, draw: () => T): readonly T[] =>
  Array.from({ length: random.integer(0, most) }, draw);

function drawGroup(
  random: Random,
  isCalm: boolean,
): Omit<GroupPlan, 'takesLaunches' | 'daemonCpu' | 'mixes' | 'networkInterfaces'> {
  const min = random.pick([0, 0, 0, 1, 2]);
  const max = min + random.integer(1, 6);
  const begins = random.integer(min, max);
  return {
    min,
    max,
    zones: random.integer(1, 3),
    cpu: random.pick([2048, 4096]),
    bootMs: random.spread(20_000, 5 * MINUTE),
    begins,
    drained: random.chance(0.2) ? random.integer(0, begins) : 0,
    broken: isCalm ? [] : several(random, 2, () => random.integer(0, 5)),
    emptyZones: isCalm
      ? []
      : several(random, 2, () => ({
          zone: random.integer(0, 2),
          from: random.chance(0.5) ? 0 : random.integer(0, EVENTFUL_MS),
          lasts: random.spread(MINUTE, 20 * MINUTE),
        })),
  };
}

/** One at a time, or a crowd in one moment. */
function drawJobs(
  random: Random,
  group: Pick<GroupPlan, 'cpu'>,
): readonly Omit<JobPlan, 'networkInterfaces'>[] {
  return Array.from({ length: random.integer(1, 4) }, () => {
    const at = random.chance(0.3) ? 0 : random.integer(0, EVENTFUL_MS);
    return Array.from({ length: random.chance(0.3) ? random.integer(2, 8) : 1 }, () => ({
      at: at + random.integer(0, 3_000),
      runMs: random.spread(5_000, 40 * MINUTE),
      cpu: random.pick([512, 1024, group.cpu / 2, group.cpu]),
    }));
  }).flat();
}

/** Two have the same settings: the same program started twice, under one name or two. */
function drawScalers(random: Random, isCalm: boolean): readonly FirstDrawn[] {
  const first = drawScaler(random, isCalm);
  if (random.chance(0.6)) return [first];
  const { from, everyMs, deaths } = drawScaler(random, isCalm);
  return [first, { ...first, from, everyMs, deaths, name: random.chance(0.6) ? 'other' : first.name }];
}

function drawScaler(random: Random, isCalm: boolean): FirstDrawn {
  return {
    name: 'ecs-scaler',
    spare: random.pick([0, 0, 0, 1]),
    cordonForMs: random.pick([4 * MINUTE, 15 * MINUTE]),
    cordonBusy: random.pick(['off', 'off', 'off', 'jobs']),
    from: random.integer(0, MINUTE),
    everyMs: random.pick([30_000, MINUTE, MINUTE]),
    deaths: isCalm
      ? []
      : several(random, 3, () => ({
          ...(random.chance(0.6)
            ? { of: 'changes' as const, nth: random.integer(1, 10) }
            : { of: 'requests' as const, nth: random.spread(1, 600) }),
          when: random.pick(['before', 'after'] as const),
          backAfter: random.spread(1_000, 60 * MINUTE),
        })),
  };
}

function drawMeddling(random: Random, { min, max }: GroupPlan): Meddling {
  return { at: random.spread(MINUTE, EVENTFUL_MS), nth: random.integer(0, 9), what: drawWhat() };

  function drawWhat(): Meddling['what'] {
    switch (random.integer(0, 7)) {
      case 0:
      case 1: {
        const least = Math.max(0, min + random.integer(-1, 1));
        const most = Math.max(least + 1, max + random.integer(-2, 2));
        return { kind: 'sizes', min: least, max: most, desired: random.integer(least, most) };
      }
      case 2:
      case 3:
      case 4:
        return { kind: 'drain' };
      case 5:
        return { kind: 'activate' };
      case 6:
        return { kind: 'terminate', decrement: random.chance(0.5) };
      default:
        return { kind: 'standby' };
    }
  }
}

const READS = [
  'ecs:ListContainerInstances',
  'ecs:DescribeContainerInstances',
  'ecs:ListTasks',
  'ecs:DescribeTasks',
  'autoscaling:DescribeAutoScalingGroups',
  'sqs:ReceiveMessage',
];
const WRITES = [
  'ecs:UpdateContainerInstancesState',
  'ecs:TagResource',
  'ecs:UntagResource',
  'autoscaling:LaunchInstances',
  'autoscaling:TerminateInstanceInAutoScalingGroup',
  'sqs:DeleteMessageBatch',
];

function drawFault(random: Random): FaultPlanned {
  const kind = drawKind(random);
  const isOfAnswer = kind.what === 'stale' || kind.what === 'omits';
  const isLong = random.chance(0.3);
  return {
    match: { api: random.pick(isOfAnswer || random.chance(0.5) ? READS : WRITES) },
    kind,
    skip: random.chance(0.5) ? 0 : random.integer(0, 20),
    count: isLong ? 1_000_000 : random.integer(1, 6),
    from: random.integer(0, EVENTFUL_MS),
    lasts: random.spread(1_000, 20 * MINUTE),
  };
}

type FirstDrawn = Omit<ScalerPlan, 'policy' | 'skewMs'>;

/** What came later is drawn apart. All scalers of a group go by the same policy. */
function withMore(seed: number, scalers: readonly FirstDrawn[]): readonly ScalerPlan[] {
  const random = createRandom(seed ^ 0x5e);
  const isAverage = random.chance(0.1);
  const policy: ScalerPlan['policy'] = isAverage
    ? { kind: 'average', share: random.pick([0.5, 0.9]), everyMs: random.pick([5, 20]) * MINUTE }
    : { kind: 'planned' };
  const ofServices = !isAverage && drawService(seed) !== undefined && random.chance(0.5);
  return scalers.map((one, index) => {
    const isGone = index > 0 && one.name !== scalers[0]?.name && random.chance(0.3);
    const nth = random.integer(1, 6);
    const gone = { of: 'changes', nth, when: 'after', backAfter: NEVER_MS } as const;
    return {
      ...one,
      ...(ofServices && { cordonBusy: 'services' as const }),
      policy,
      skewMs: random.chance(0.2) ? random.integer(-90_000, 90_000) : 0,
      deaths: isGone ? [gone] : one.deaths,
    };
  });
}

/** After the end of any simulation. */
const NEVER_MS = 24 * 60 * MINUTE;

/** Jobs of the network mode awsvpc, on instances that have few network interfaces. */
function drawNetwork(seed: number): {
  readonly networkInterfaces: number;
  readonly ofJob: (nth: number) => JobPlan['networkInterfaces'];
} {
  const random = createRandom(seed ^ 0x8b);
  if (!random.chance(0.15)) return { networkInterfaces: 15, ofJob: () => 0 };
  const areAll = random.chance(0.6);
  return {
    networkInterfaces: random.pick([2, 2, 3, 4]),
    ofJob: (nth) => (areAll || nth % 2 === 0 ? 1 : 0),
  };
}

function drawService(seed: number): ScalingPlan['service'] {
  const random = createRandom(seed ^ 0x6f);
  if (!random.chance(0.2)) return undefined;
  return { count: random.integer(1, 2), cpu: random.pick([256, 1024]) };
}

/** A simulation begins at 3:04. */
function drawAhead(seed: number): ScalingPlan['ahead'] {
  const random = createRandom(seed ^ 0x70);
  if (!random.chance(0.15)) return undefined;
  return { hours: random.pick([[3], [4], [5], [3, 4]]), instances: random.integer(1, 3) };
}

function faultsOfMetrics(seed: number): readonly FaultPlanned[] {
  const random = createRandom(seed ^ 0x71);
  if (!drawAhead(seed) || random.chance(0.5)) return [];
  return [
    {
      match: { service: 'cloudwatch' },
      kind: random.pick([{ what: '5xx' }, { what: 'truncated' }, { what: 'delay', ms: 20_000 }] as const),
      skip: random.integer(0, 3),
      count: 1_000_000,
      from: random.integer(0, EVENTFUL_MS),
      lasts: random.spread(MINUTE, 20 * MINUTE),
    },
  ];
}

/** Drawn apart, as are all that came later. */
function drawDaemon(seed: number): number {
  const random = createRandom(seed ^ 0x3c);
  return random.chance(0.25) ? random.pick([64, 256]) : 0;
}

/** Whether a task is a daemon's cannot be asked for a while. */
function faultsOfDaemons(seed: number): readonly FaultPlanned[] {
  const random = createRandom(seed ^ 0x4d);
  if (drawDaemon(seed) === 0 || random.chance(0.6)) return [];
  return [
    {
      match: { api: random.pick(['ecs:DescribeServices', 'ecs:ListServices']) },
      kind: random.pick([{ what: '5xx' }, { what: 'error', name: 'AccessDeniedException' }] as const),
      skip: random.integer(0, 3),
      count: 1_000_000,
      from: random.integer(0, EVENTFUL_MS),
      lasts: random.spread(MINUTE, 20 * MINUTE),
    },
  ];
}

/** Drawn apart too: of the one call that is made only where LaunchInstances does not take the group. */
function faultsOfRaises(seed: number, takesLaunches: boolean): readonly FaultPlanned[] {
  const random = createRandom(seed ^ 0x2b);
  if (takesLaunches || random.chance(0.5)) return [];
  const kinds = [{ what: 'act-then-lose-response' }, { what: 'throttle' }, { what: '5xx' }] as const;
  return [
    {
      match: { api: 'autoscaling:SetDesiredCapacity' },
      kind: random.pick(kinds),
      skip: random.integer(0, 2),
      count: random.integer(1, 4),
      from: random.integer(0, EVENTFUL_MS / 2),
      lasts: random.spread(MINUTE, 20 * MINUTE),
    },
  ];
}

function drawKind(random: Random): FaultKind {
  switch (random.integer(0, 12)) {
    case 0:
    case 1:
      return { what: 'throttle' };
    case 2:
      return { what: '5xx' };
    case 3:
    case 4:
    case 5:
      return { what: 'act-then-lose-response' };
    case 6:
      return { what: 'reset' };
    case 7:
      return { what: 'truncated' };
    case 8:
      return { what: 'delay', ms: random.spread(100, 30_000) };
    case 9:
    case 10:
      return { what: 'stale', ms: random.spread(1_000, 50_000) };
    case 11:
      return { what: 'omits', nth: random.integer(0, 30) };
    default:
      return { what: 'error', name: 'AccessDeniedException' };
  }
}
