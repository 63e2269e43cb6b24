import { drawWrongAnswer } from './draw-faults.ts';
import {
  CLAIMED_INSTANCES,
  CLAIMED_TASKS,
  type GroupPlan,
  type Happening,
  type Kill,
  type OperatorStagePlan,
  type Plan,
  type PlannedFault,
  type TaskPlan,
} from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/** When the drain is about to be, in ms since the agent's first start. */
export type Span = { readonly start: number; readonly end: number };

/** Draws what is rare, into about half of the runs: one thing, as a rule, so that the plain cases stay the most frequent. */
export function addRare(random: Random, plan: Plan, span: Span): Plan {
  if (!random.chance(0.45)) return plan;
  let rarer = plan;
  for (let times = random.pick([1, 1, 1, 1, 1, 2, 2, 3]); times > 0; times--)
    rarer = pickWeighted(random)(random, rarer, span);
  return rarer;
}

/** Tasks may have been added since its pages were drawn: with many more of them a minute's requests would not do for one list. */
export function withFewPages(plan: Plan): Plan {
  const { pageSize } = plan.world;
  if (pageSize === undefined) return plan;
  // So that the longest list has no more than four.
  const smallest = Math.ceil(longestList(plan) / 4);
  return { ...plan, world: { ...plan.world, pageSize: Math.max(pageSize, smallest) } };
}

const longestList = ({ tasks, services }: Plan) => Math.max(2, tasks.length + services.length * 4);

type Add = (random: Random, plan: Plan, span: Span) => Plan;

function pickWeighted(random: Random): Add {
  let at = random.next() * TOTAL_WEIGHT;
  for (const [weight, add] of RARE) {
    at -= weight;
    if (at < 0) return add;
  }
  return RARE[0][1];
}

const RARE: readonly [readonly [number, Add], ...(readonly [number, Add])[]] = [
  [3, addForcedDeregistration],
  [2, addLostTasks],
  [5, addImpostor],
  [3, addSlowIntrospection],
  [4, addStaleAnswers],
  [4, addWrongAnswers],
  [3, addPages],
  [2, addSmallDisk],
  [3, addClockBeforeSpot],
  [1, addManyTasksAtSpot],
  [3, addExchangedRole],
  [3, addLateTags],
  [1, addNoTagAtAll],
  [1, addHookLimit],
  [2, addFailuresAtLimit],
  [4, addOperatorHooks],
  [2, addDryRun],
  [4, addRestart],
  [3, addSecondDrain],
  [3, addGroupChanges],
  [3, addStrangeTagValue],
];
const TOTAL_WEIGHT = RARE.reduce((sum, [weight]) => sum + weight, 0);

const during = (random: Random, { start, end }: Span) =>
  Math.max(0, random.integer(start - 10_000, end + 10_000));

const withHappenings = (plan: Plan, ...more: Happening[]): Plan => ({
  ...plan,
  happenings: [...plan.happenings, ...more],
});
const withFaults = (plan: Plan, ...more: PlannedFault[]): Plan => ({
  ...plan,
  faults: [...plan.faults, ...more],
});

function addForcedDeregistration(random: Random, plan: Plan, span: Span): Plan {
  return withHappenings(
    {
      ...plan,
      world: {
        ...plan.world,
        lostTasks: random.pick(['stopped', 'forgotten'] as const),
      },
    },
    { at: during(random, span), what: 'other-deregisters-by-force' },
  );
}

function addLostTasks(random: Random, plan: Plan, span: Span): Plan {
  const world = { ...plan.world, lostTasks: random.pick(['stopped', 'forgotten'] as const) };
  return withHappenings({ ...plan, world }, { at: during(random, span), what: 'ecs-loses-tasks' });
}

/** The ECS agent goes down, and something else answers on its port, for a while or for good. */
function addImpostor(random: Random, plan: Plan, span: Span): Plan {
  const at = during(random, span);
  const happenings: Happening[] = [
    { at, what: 'ecs-agent', to: 'down' },
    {
      at: at + random.spread(1, 5_000),
      what: 'impostor',
      claims: random.pick(['own', ...CLAIMED_INSTANCES]),
      tasks: random.pick(CLAIMED_TASKS),
    },
  ];
  if (random.chance(0.9)) {
    const goneAt = at + random.spread(10_000, 5 * MINUTE);
    happenings.push({ at: goneAt, what: 'impostor-gone' });
    if (random.chance(0.9))
      happenings.push({ at: goneAt + random.spread(1, 20_000), what: 'ecs-agent', to: 'up' });
  }
  const hasLimit = plan.flags.includes('--drain-timeout');
  const limit = `${Math.max(1, Math.round((span.end - span.start) / SECOND / 3))}s`;
  const flags =
    hasLimit || random.chance(0.6)
      ? plan.flags
      : [...plan.flags, '--drain-timeout', limit, '--on-timeout', 'stop-tasks'];
  return withHappenings({ ...plan, flags }, ...happenings);
}

function addSlowIntrospection(random: Random, plan: Plan, span: Span): Plan {
  const at = random.chance(0.5) ? 0 : during(random, span);
  const answersAfter = random.pick([300, 600, 900, 1_500, Infinity, Infinity]);
  const happenings: Happening[] = [{ at, what: 'introspection', answersAfter }];
  if (random.chance(0.4))
    happenings.push({ at: at + random.spread(5_000, 5 * MINUTE), what: 'introspection', answersAfter: 0 });
  return withHappenings(plan, ...happenings);
}

const EVENTUAL = [
  'ecs:ListTasks',
  'ecs:DescribeTasks',
  'ecs:DescribeContainerInstances',
  'ecs:ListContainerInstances',
];

/** Lists and descriptions lag behind, each by as much as it likes: often from some change on. */
function addStaleAnswers(random: Random, plan: Plan, span: Span): Plan {
  const changes = [...plan.happenings.map(({ at }) => at), ...plan.tasks.map(({ at }) => at)];
  const faults = Array.from({ length: random.integer(1, 4) }, (): PlannedFault => {
    const at = random.chance(0.5) ? random.pick([...changes, span.start]) : during(random, span);
    const match = { api: random.pick(EVENTUAL) };
    const fault = { what: 'stale', ms: random.spread(SECOND, 3 * MINUTE) } as const;
    return random.chance(0.5)
      ? { at, match, fault, count: random.spread(1, 8) }
      : { at, match, fault, forMs: random.spread(SECOND, 3 * MINUTE) };
  });
  return withFaults(plan, ...faults);
}

function addWrongAnswers(random: Random, plan: Plan, span: Span): Plan {
  const faults = Array.from({ length: random.integer(1, 3) }, (): PlannedFault => {
    const at = during(random, span);
    const wrong = drawWrongAnswer(random);
    return random.chance(0.7)
      ? { at, ...wrong, count: random.spread(1, 10) }
      : { at, ...wrong, forMs: random.spread(SECOND, 2 * MINUTE) };
  });
  return withFaults(plan, ...faults);
}

/** Every list in two to four pages. */
function addPages(random: Random, plan: Plan): Plan {
  const pageSize = Math.max(1, Math.ceil(longestList(plan) / random.integer(2, 4)));
  return { ...plan, world: { ...plan.world, pageSize } };
}

function addSmallDisk(random: Random, plan: Plan, span: Span): Plan {
  const at = random.chance(0.3) ? 0 : during(random, span);
  const full: Happening = { at, what: 'disk', to: random.spread(1, 2_000) };
  if (random.chance(0.3)) return withHappenings(plan, full);
  return withHappenings(plan, full, { at: at + random.spread(SECOND, 3 * MINUTE), what: 'disk', to: 'fine' });
}

/** The clock of a host that has just booted is wrong until something sets it; an interruption is announced afterwards. */
function addClockBeforeSpot(random: Random, plan: Plan, { start }: Span): Plan {
  const clockAhead = random.spread(5 * SECOND, 120 * MINUTE) * random.pick([-1, 1]);
  const setAt = random.integer(500, Math.max(1_000, start - 500));
  const spot = withSpot(random, plan, start);
  return withHappenings(
    { ...spot, machine: { ...plan.machine, clockAhead } },
    { at: setAt, what: 'clock-jump', ms: -clockAhead },
  );
}

function addManyTasksAtSpot(random: Random, plan: Plan, { start }: Span): Plan {
  const spot = withSpot(random, plan, start);
  const count = random.integer(13, 60);
  return { ...spot, tasks: [...plan.tasks, ...Array.from({ length: count }, () => longTask(random, start))] };
}

/** A Spot interruption is announced, and a task is there that would not end before it. */
function withSpot(random: Random, plan: Plan, at: number): Plan {
  const hasSpot = plan.happenings.some(({ what }) => what === 'spot');
  const notice: Happening[] = hasSpot ? [] : [{ at, what: 'spot', inMs: 120_000 }];
  const tasks = [...plan.tasks, longTask(random, at)];
  return withHappenings({ ...plan, tasks }, ...notice);
}

const longTask = (random: Random, start: number): TaskPlan => ({
  at: 0,
  runsFor: start + random.integer(150_000, 300_000),
  ignoresSigterm: random.chance(0.1),
  exitAfterSigterm: random.spread(50, 20_000),
});

/** The instance profile is exchanged: its old keys are refused, until new ones are used. */
function addExchangedRole(random: Random, plan: Plan, span: Span): Plan {
  const at = during(random, span);
  const forMs = random.spread(SECOND, 2 * MINUTE);
  const refusal = (service: 'ec2' | 'ecs' | 'autoscaling', name: string): PlannedFault => ({
    at,
    match: { service },
    fault: {
      what: 'error',
      name,
      status: 400,
      message: 'The security token included in the request is invalid.',
    },
    forMs,
  });
  return withFaults(
    plan,
    refusal('ecs', 'UnrecognizedClientException'),
    refusal('autoscaling', 'InvalidClientTokenId'),
    refusal('ec2', 'AuthFailure'),
  );
}

function addLateTags(random: Random, plan: Plan, span: Span): Plan {
  const timings = { ...plan.world.timings, tagRemovalShown: random.integer(3_000, 125_000) };
  const world = { ...plan.world, timings };
  if (plan.happenings.some(({ what }) => what === 'untag')) return { ...plan, world };
  const untag: Happening = { at: during(random, span) + SECOND, what: 'untag' };
  const isTagged = plan.happenings.some(({ what }) => what === 'tag');
  return isTagged
    ? withHappenings({ ...plan, world }, untag)
    : withHappenings({ ...plan, world }, { at: span.start, what: 'tag', value: 'true' }, untag);
}

/** With no tag at all metadata may have no folder of tags: which is no word about one that is put later. */
function addNoTagAtAll(_: Random, plan: Plan): Plan {
  return {
    ...plan,
    group: undefined,
    machine: { ...plan.machine, untagged: true },
    world: { ...plan.world, emptyTagFolder: 'missing' },
  };
}

/** A task outlasts the hook's global limit, which is nearer than AWS's own; one thing or the other fails just before it. */
function addHookLimit(random: Random, plan: Plan, { start }: Span): Plan {
  // Each takes as long to simulate as half a dozen others.
  if (random.chance(0.5)) return plan;
  const minutes = random.integer(10, 20);
  const group: GroupPlan = {
    hooks: [
      {
        name: 'drain',
        heartbeatTimeout: random.spread(30, 300),
        globalTimeout: minutes * 60,
        defaultResult: random.pick(['ABANDON', 'CONTINUE', 'CONTINUE']),
      },
    ],
    ours: 'drain',
    retain: random.chance(0.75),
  };
  const limitAt = start + minutes * MINUTE;
  const outlasting: TaskPlan = {
    at: 0,
    runsFor: limitAt + random.integer(-MINUTE, 5 * MINUTE),
    ignoresSigterm: false,
    exitAfterSigterm: 500,
  };
  return withFaults(
    {
      ...plan,
      group,
      tasks: [outlasting, ...plan.tasks.slice(0, 3)],
      happenings: [
        { at: start, what: 'scale-in' },
        ...plan.happenings.filter(({ what }) => what === 'untag'),
      ],
    },
    // Whether the group retains is read every ten minutes, and one of the last reads that are in time for it fails.
    {
      at: random.integer(limitAt - 12 * MINUTE, limitAt - 6 * MINUTE),
      match: { api: 'autoscaling:DescribeAutoScalingGroups' },
      fault: { what: '5xx' },
      count: random.integer(1, 8),
    },
    ...singleFailures(random, limitAt - 7 * MINUTE, limitAt - MINUTE),
  );
}

/** Single reads fail just before a limit: the operator's own, or the end that a Spot notice names. */
function addFailuresAtLimit(random: Random, plan: Plan, { start, end }: Span): Plan {
  if (random.chance(0.5)) {
    const interruptionAt = start + 120_000;
    const spot = withSpot(random, plan, start);
    return withFaults(spot, ...singleFailures(random, interruptionAt - 60_000, interruptionAt - 25_000));
  }
  if (plan.flags.includes('--drain-timeout')) return plan;
  const seconds = Math.max(5, Math.round((end - start) / SECOND / 2));
  const onTimeout = random.pick(['stop-tasks', 'continue', 'abandon']);
  const limitAt = start + seconds * SECOND;
  return withFaults(
    { ...plan, flags: [...plan.flags, '--drain-timeout', `${seconds}s`, '--on-timeout', onTimeout] },
    ...singleFailures(random, limitAt - 20_000, limitAt + 10_000),
  );
}

const READS: readonly PlannedFault['match'][] = [
  { api: 'autoscaling:DescribeAutoScalingGroups' },
  { api: 'autoscaling:DescribeLifecycleHooks' },
  { api: 'autoscaling:DescribeAutoScalingInstances' },
  { api: 'ecs:DescribeTasks' },
  { api: 'ecs:ListTasks' },
  { api: 'ecs:DescribeContainerInstances' },
  { service: 'imds', path: 'instance-id' },
  { service: 'introspection' },
];

function singleFailures(random: Random, from: number, to: number): PlannedFault[] {
  return Array.from({ length: random.integer(1, 3) }, () => ({
    at: Math.max(0, random.integer(from, to)),
    match: random.pick(READS),
    fault: random.pick([{ what: '5xx' }, { what: 'throttle' }, { what: 'reset' }] as const),
    ...(random.chance(0.7) ? { count: random.integer(1, 8) } : { forMs: random.spread(2_000, 30_000) }),
  }));
}

function addOperatorHooks(random: Random, plan: Plan): Plan {
  const stage = (): OperatorStagePlan => ({
    ms: random.spread(10, 20_000),
    failures: random.chance(0.7) ? 0 : random.integer(1, 3),
  });
  return {
    ...plan,
    operatorHooks: {
      holds: random.chance(0.5),
      stages: {
        ...(random.chance(0.5) && { draining: stage() }),
        ...(random.chance(0.8) && { drained: stage() }),
        ...(random.chance(0.5) && { released: stage() }),
      },
    },
  };
}

function addDryRun(_: Random, plan: Plan): Plan {
  return plan.flags.includes('--dry-run') ? plan : { ...plan, flags: [...plan.flags, '--dry-run'] };
}

/** As an update does it: the process is asked to end, and started again. */
function addRestart(random: Random, plan: Plan, span: Span): Plan {
  const restarts = Array.from(
    { length: random.chance(0.8) ? 1 : random.integer(2, 4) },
    (): Kill => ({
      by: 'SIGTERM',
      when: 'at',
      at: during(random, span),
      downMs: random.spread(100, MINUTE),
      state: 'kept',
    }),
  );
  return { ...plan, kills: [...plan.kills, ...restarts] };
}

/** The drain is cancelled, others change something, and it is begun once more. */
function addSecondDrain(random: Random, plan: Plan, { start, end }: Span): Plan {
  const untagAt = random.integer(start + SECOND, end);
  const againAt = untagAt + random.spread(2_000, 4 * MINUTE);
  const between = () => random.integer(untagAt, againAt);
  const changes: Happening[] = [];
  if (random.chance(0.4)) changes.push({ at: random.integer(0, untagAt), what: 'other-drains' });
  if (random.chance(0.6)) changes.push({ at: between(), what: 'other-activates' });
  if (random.chance(0.2)) changes.push({ at: between(), what: 'other-drains' });
  if (random.chance(0.2)) changes.push({ at: between(), what: 'registers-anew', cluster: 'web' });
  if (random.chance(0.1)) changes.push({ at: between(), what: 'other-deregisters' });
  const tasks = Array.from({ length: random.integer(0, 4) }, (): TaskPlan => {
    const at = random.integer(untagAt, againAt + 5_000);
    return { at, runsFor: random.spread(5_000, 3 * MINUTE), ignoresSigterm: false, exitAfterSigterm: 500 };
  });
  return {
    ...plan,
    tasks: [...plan.tasks, ...tasks],
    happenings: [
      { at: start, what: 'tag', value: 'true' },
      { at: untagAt, what: 'untag' },
      ...changes,
      random.chance(0.5) && plan.group
        ? { at: againAt, what: 'scale-in' }
        : { at: againAt, what: 'tag', value: 'true' },
    ],
  };
}

/** Somebody changes the group's hooks, or whether it retains, before or in the middle of a drain. */
function addGroupChanges(random: Random, plan: Plan, span: Span): Plan {
  if (!plan.group) return plan;
  const at = during(random, span);
  const heartbeatTimeout = random.spread(30, 600);
  const kind = random.next();
  if (kind < 0.3) return withHappenings(plan, { at, what: 'hook-put', name: 'backup', heartbeatTimeout });
  if (kind < 0.5) return withHappenings(plan, { at, what: 'hook-put', name: 'drain', heartbeatTimeout });
  if (kind < 0.6) return withHappenings(plan, { at, what: 'hook-deleted', name: 'drain' });
  if (kind < 0.7)
    return withHappenings(
      plan,
      { at, what: 'hook-put', name: 'drain-2', heartbeatTimeout },
      { at: at + SECOND, what: 'hook-deleted', name: 'drain' },
    );
  return withHappenings(plan, { at, what: 'retention', to: !plan.group.retain });
}

const STRANGE_VALUES = [
  'hook=nosuch',
  'hook=nosuch',
  'hook=',
  'hook=ecs-managed-draining-termination-hook',
  'hook=nosuch time=1970-01-01T00:00:00Z',
  'hook=drain hook=nosuch',
  'time=9999-12-31T23:59:59Z',
  'hook=constructor',
];

/** Whoever may tag the instance names a hook that the group has not, before or in the middle of a drain. */
function addStrangeTagValue(random: Random, plan: Plan, span: Span): Plan {
  const at = random.chance(0.5) ? Math.max(0, span.start - random.integer(0, 8_000)) : during(random, span);
  return withHappenings(plan, { at, what: 'tag', value: random.pick(STRANGE_VALUES) });
}
