import { lasting, withOurHook } from './draw-parts.ts';
import type { Span } from './draw-rare.ts';
import {
  CLAIMED_INSTANCES,
  CLAIMED_TASKS,
  type Happening,
  type Plan,
  type PlannedFault,
  type TaskPlan,
} from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/**
 * Draws what is wrong within seconds only, at those seconds: by chance alone it would take ten thousand drains to meet them.
 * Into one of sixty runs, from a source of its own, so that everything else stays as it was drawn.
 */
export function addAimed(random: Random, plan: Plan, span: Span): Plan {
  if (!plan.group || !random.chance(1 / 60)) return plan;
  return random.pick([addTaskBeforeRelease, addUnknownAtFirst, addTwoConnected])(random, plan, span);
}

/**
 * A tag is left of a lifecycle event that is over, something else asks for the instance, and then its source falls silent: the tag
 * alone does not say that nothing asks for it. Into one of a hundred runs.
 */
export function addSilence(random: Random, plan: Plan, { start, end }: Span): Plan {
  if (!plan.group || !random.chance(1 / 100)) return plan;
  const isByApi = random.chance(0.6);
  const askedAt = start + random.integer(SECOND, 2 * MINUTE);
  const silentAt = askedAt + random.integer(20 * SECOND, 3 * MINUTE);
  const taggedAt = random.chance(0.5) ? random.integer(0, start) : random.integer(askedAt, silentAt);
  const asked = random.pick([
    { at: askedAt, what: 'scale-in' },
    { at: askedAt, what: 'event-scheduled', code: 'system-reboot', inMs: 30 * MINUTE },
  ] as const);
  return {
    ...plan,
    flags:
      asked.what === 'event-scheduled' && !plan.flags.includes('--signals')
        ? [...plan.flags, '--signals', 'tag,lifecycle,spot,scheduled']
        : plan.flags,
    machine: { ...plan.machine, metadataTags: !isByApi },
    tasks: [...plan.tasks, lasting(silentAt + random.integer(0, 2 * MINUTE) + (end - start))],
    happenings: [{ at: taggedAt, what: 'tag', value: 'time=2026-01-02T03:04:05Z' }, asked],
    faults: [
      {
        at: silentAt,
        // Where the EC2 API tells the tag, all of the metadata may be silent.
        match: {
          service: 'imds',
          path: isByApi ? '' : random.pick(['target-lifecycle-state', 'events/maintenance']),
        },
        fault: { what: random.pick(['reset', '5xx', 'garbage'] as const) },
        forMs: random.spread(5_000, 10 * MINUTE),
      },
    ],
  };
}

/**
 * What gets another root volume stays in its cluster until it is let go: others set it ACTIVE while the requests for that wait
 * for their turn, or it registers anew while its ECS agent is silent. Into a third of the runs that replace a root volume.
 */
export function addWhileReplacing(random: Random, plan: Plan, { end }: Span): Plan {
  if (!plan.happenings.some(({ what }) => what === 'replace-root-volume') || !random.chance(1 / 3))
    return plan;
  const failsAt = end - random.integer(0, 5 * SECOND);
  if (random.chance(0.6))
    return {
      ...plan,
      faults: [
        ...plan.faults,
        {
          at: failsAt,
          match: { api: 'autoscaling:CompleteLifecycleAction' },
          fault: { what: '5xx' },
          count: random.integer(5, 11),
        },
      ],
      happenings: [
        ...plan.happenings,
        ...[1, 2].map(
          () => ({ at: failsAt + random.integer(0, 2 * MINUTE), what: 'other-activates' }) as const,
        ),
      ],
    };
  return {
    ...plan,
    faults: [
      ...plan.faults,
      {
        at: random.integer(0, end),
        match: { service: 'introspection' },
        fault: { what: 'refuse' },
        forMs: end + MINUTE,
      },
    ],
    happenings: [
      ...plan.happenings,
      { at: end - random.integer(-30 * SECOND, 30 * SECOND), what: 'registers-anew', cluster: 'web' },
    ],
  };
}

/** A host whose ECS agent hangs or is silent registers anew within seconds of its release. Into one of two hundred runs. */
export function addSilentHost(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 200)) return plan;
  const silentAt = random.integer(0, start);
  const silence: Pick<Plan, 'happenings' | 'faults'> = random.chance(0.7)
    ? { happenings: [{ at: silentAt, what: 'introspection', answersAfter: Infinity } as const], faults: [] }
    : {
        happenings: [],
        faults: [
          {
            at: silentAt,
            match: { service: 'introspection' },
            fault: { what: 'refuse' } as const,
            forMs: start + 2 * MINUTE,
          },
        ],
      };
  return {
    ...plan,
    services: [],
    tasks: [],
    happenings: [
      { at: start, what: 'scale-in' },
      ...silence.happenings,
      { at: start + random.integer(2 * SECOND, 25 * SECOND), what: 'registers-anew', cluster: 'web' },
    ],
    faults: [...plan.faults, ...silence.faults],
  };
}

/**
 * A host registers anew and is given a task, and its root volume is to be replaced before ECS knows which container instance it is.
 * Into one of two hundred runs.
 */
export function addRenewed(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 200)) return plan;
  const replacedAt = start + random.integer(0, 20_000);
  return {
    ...plan,
    tasks: random.chance(0.5)
      ? [{ ...lasting(random.spread(20_000, 3 * MINUTE)), at: start + random.integer(0, 20_000) }]
      : [],
    services: [],
    happenings: [
      { at: start, what: 'registers-anew', cluster: 'web' },
      { at: replacedAt, what: 'replace-root-volume' },
    ],
    world: {
      ...plan.world,
      rootVolumeTarget: 'Terminated',
      timings: {
        ...plan.world.timings,
        agentConnects: random.spread(1_000, 30_000),
        agentLossNoticed: random.spread(1_000, 180_000),
      },
    },
  };
}

/**
 * Heartbeats are throttled from the first one on, for as long as the hook allows, and meanwhile the ECS agent falls silent: so the
 * group is asked, and says only then that the hook waits. Into one of two hundred runs.
 */
export function addThrottledWait(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 200)) return plan;
  const heartbeatTimeout = random.integer(60, 119);
  const terminatingToWait = random.integer(200, 8_000);
  const outage = Math.round(heartbeatTimeout * SECOND * (0.4 + 0.25 * random.next()));
  const waitsAt = start + terminatingToWait;
  return {
    ...plan,
    group: withOurHook(plan.group, { heartbeatTimeout, defaultResult: 'ABANDON' }),
    flags: [],
    services: [],
    tasks: [lasting(start + 5 * MINUTE)],
    happenings: [
      { at: start, what: 'scale-in' },
      { at: waitsAt + random.integer(outage / 3, outage), what: 'introspection', answersAfter: Infinity },
    ],
    faults: [
      {
        at: start,
        match: { api: 'autoscaling:RecordLifecycleActionHeartbeat' },
        fault: { what: 'throttle' },
        forMs: terminatingToWait + outage,
      },
    ],
    kills: [],
    world: { ...plan.world, timings: { ...plan.world.timings, terminatingToWait } },
  };
}

/**
 * A root volume is to be replaced, the ECS agent takes its time, and looks at ECS that failed have used up a minute's requests. Into
 * one of two hundred runs.
 */
export function addSlowHost(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 200)) return plan;
  const runsFor = start + random.spread(5 * SECOND, MINUTE);
  return {
    ...plan,
    flags: [],
    services: [],
    tasks: [lasting(runsFor)],
    happenings: [
      { at: 0, what: 'introspection', answersAfter: random.integer(510, 1_200) },
      { at: start, what: 'replace-root-volume' },
    ],
    faults: [
      {
        at: runsFor - random.integer(0, 20 * SECOND),
        match: { api: 'ecs:ListTasks' },
        fault: { what: random.pick(['reset', '5xx', 'garbage'] as const) },
        count: random.integer(8, 12),
      },
    ],
    kills: [],
    world: { ...plan.world, rootVolumeTarget: 'Terminated' },
  };
}

/**
 * An operator's tag has drained the instance for a while when its group terminates it, and the tagger overwrites the tag with its own,
 * which is all that tells the agent. Into one of two hundred runs.
 */
export function addOverwrittenTag(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 200)) return plan;
  const terminatedAt = start + random.integer(5 * SECOND, 3 * MINUTE);
  const taggedAt = terminatedAt + random.integer(500, 8_000);
  return {
    ...plan,
    group: withOurHook(plan.group, { heartbeatTimeout: random.integer(60, 200), defaultResult: 'ABANDON' }),
    flags: ['--signals', random.pick(['tag', 'tag,spot'])],
    services: [],
    tasks: [lasting(taggedAt + random.integer(4, 10) * MINUTE)],
    happenings: [
      { at: start, what: 'tag', value: random.pick(['', 'maintenance']) },
      { at: terminatedAt, what: 'scale-in' },
      { at: taggedAt, what: 'tag', value: 'hook=drain time=2026-01-02T03:04:05Z' },
      ...(random.chance(0.3) ? [{ at: start - SECOND, what: 'other-drains' } as const] : []),
    ],
    kills: [],
  };
}

/**
 * The group terminates the instance, and what told the agent of it goes: somebody cleans tags up, or metadata answers for a moment
 * that it knows of no target state. Into one of two hundred runs.
 */
export function addForgottenTermination(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 200)) return plan;
  const goneAt = start + random.integer(5 * SECOND, 3 * MINUTE);
  const isTag = random.chance(0.5);
  // The tagger's, or an operator's who has ended what he had to do.
  const isOperators = random.chance(0.3);
  const value = isOperators ? 'maintenance' : 'hook=drain time=2026-01-02T03:04:05Z';
  const taggedAt = isOperators ? 0 : start + random.integer(500, 8_000);
  const removedAt = (isOperators ? start : goneAt) + random.integer(5, 25) * SECOND;
  const tagged: Plan['happenings'] = [
    { at: taggedAt, what: 'tag', value },
    { at: removedAt, what: 'untag' },
  ];
  return {
    ...plan,
    group: withOurHook(plan.group, { heartbeatTimeout: random.integer(60, 300), defaultResult: 'ABANDON' }),
    flags: isTag ? ['--signals', random.pick(['tag', 'tag,spot'])] : [],
    services: [],
    tasks: [lasting(goneAt + random.integer(2, 8) * MINUTE)],
    happenings: [
      ...(random.chance(0.2) ? [{ at: start - 500, what: 'other-drains' } as const] : []),
      { at: start, what: 'scale-in' },
      ...(isTag ? tagged : []),
    ],
    faults: isTag
      ? plan.faults
      : [
          {
            at: goneAt,
            match: { service: 'imds', path: 'target-lifecycle-state' },
            fault: { what: 'error', name: 'NotFound', status: 404 },
            count: random.integer(1, 5),
          },
        ],
    kills: random.chance(0.7) ? [] : plan.kills,
  };
}

/** An operator drains an instance by hand whose group cannot be heard, or not at first. Into one of three hundred runs. */
export function addUnheardGroup(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 300)) return plan;
  return {
    ...plan,
    flags: [],
    services: [],
    tasks: random.chance(0.5) ? [] : [lasting(start + random.spread(SECOND, MINUTE))],
    happenings: [{ at: start, what: 'manual-drain' }],
    faults: [
      {
        at: 0,
        match: { api: 'autoscaling:DescribeAutoScalingInstances' },
        fault: { what: random.pick(['5xx', 'throttle', 'garbage'] as const) },
        forMs: start + random.spread(5_000, 3 * MINUTE),
      },
    ],
  };
}

/**
 * A drain is cancelled while the disk is full, and another begins: after a restart, what the file says is of the one before. Into
 * one of two hundred runs.
 */
export function addFullDisk(random: Random, plan: Plan, { start }: Span): Plan {
  if (!random.chance(1 / 200)) return plan;
  const limit = random.integer(40, 180);
  const goneAt = start + random.integer(10 * SECOND, (limit - 10) * SECOND);
  const againAt = goneAt + random.integer(4 * SECOND, 30 * SECOND);
  return {
    ...plan,
    flags: [
      '--drain-timeout',
      `${limit}s`,
      '--on-timeout',
      random.pick(['stop-tasks', 'continue', 'abandon']),
    ],
    machine: { ...plan.machine, metadataTags: true },
    services: [],
    tasks: [lasting(againAt + 10 * MINUTE)],
    happenings: [
      { at: start, what: 'tag', value: '' },
      { at: goneAt - random.integer(SECOND, 5 * SECOND), what: 'disk', to: 'full' },
      { at: goneAt, what: 'untag' },
      { at: againAt, what: 'tag', value: '' },
      ...(random.chance(0.5) ? [{ at: againAt + random.integer(0, MINUTE), what: 'scale-in' } as const] : []),
    ],
    kills: [
      {
        when: 'at',
        at: random.integer(goneAt, againAt + MINUTE),
        downMs: random.spread(100, 10_000),
        state: 'kept',
      },
    ],
  };
}

/**
 * More than a hundred tasks have ended before an operator's limit, and the last ones are asked to stop at it. A list of those that
 * have stopped takes several pages, and each is a request of which a minute has twelve. Into one of a thousand runs.
 */
export function addManyAtLimit(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 1_000)) return plan;
  const limit = random.integer(61, 100);
  const limitAt = start + limit * SECOND;
  const many = Array.from({ length: random.integer(100, 120) }, () =>
    random.integer(start, limitAt - SECOND),
  );
  const last = Array.from({ length: random.integer(1, 3) }, () => limitAt + random.integer(0, 40 * SECOND));
  return {
    ...plan,
    flags: ['--drain-timeout', `${limit}s`, '--on-timeout', 'stop-tasks'],
    machine: { ...plan.machine, metadataTags: true, ecsAgentAfter: 0 },
    tasks: [...many, ...last].map(lasting),
    services: [],
    happenings: [{ at: start, what: 'scale-in' }],
    faults: [],
    kills: [],
  };
}

/**
 * A drain is over, and waits: another process on the ECS agent's port claims to be what ECS does not know, or the group has not
 * replaced the root volume yet. Into one of two hundred runs.
 */
export function addOver(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 200)) return plan;
  const overAt = start + random.integer(5 * SECOND, 40 * SECOND);
  const calm: Plan = {
    ...plan,
    machine: { ...plan.machine, metadataTags: true, imdsAfter: 0, ecsAgentAfter: 0 },
    services: [],
    faults: [],
    kills: [],
  };
  const add = random.chance(0.6) ? addImpostorAfter : addVolumeAfter;
  return add(random, calm, start, overAt);
}

function addImpostorAfter(random: Random, plan: Plan, start: number, overAt: number): Plan {
  const at = random.integer(start + 4 * SECOND, overAt + 10 * SECOND);
  const isEvent = random.chance(0.5);
  return {
    ...plan,
    flags: isEvent ? ['--signals', 'tag,lifecycle,spot,scheduled'] : [],
    tasks: random.chance(0.5) ? [] : [lasting(overAt + random.spread(SECOND, 30 * MINUTE))],
    happenings: [
      { at: start, what: 'tag', value: isEvent ? 'time=2026-01-02T03:04:05Z' : 'true' },
      ...(isEvent
        ? ([
            { at: start, what: 'event-scheduled', code: 'instance-retirement', inMs: 60 * MINUTE },
            { at: overAt, what: 'event-unscheduled' },
          ] as const)
        : ([{ at: overAt, what: 'untag' }] as const)),
      ...(random.chance(0.7) ? [{ at: at - SECOND, what: 'other-deregisters-by-force' } as const] : []),
      { at, what: 'ecs-agent', to: 'down' },
      {
        at: at + random.integer(1, SECOND),
        what: 'impostor',
        claims: random.pick(CLAIMED_INSTANCES),
        tasks: random.pick(CLAIMED_TASKS),
      },
      { at: at + random.spread(MINUTE, 20 * MINUTE), what: 'ecs-agent', to: 'up' },
    ],
  };
}

function addVolumeAfter(random: Random, plan: Plan, start: number, overAt: number): Plan {
  return {
    ...plan,
    flags: [],
    group: {
      hooks: [{ name: 'drain', heartbeatTimeout: random.spread(60, 3_600), defaultResult: 'CONTINUE' }],
      ours: 'drain',
      retain: false,
    },
    world: { ...plan.world, rootVolumeTarget: 'InService' },
    tasks: [lasting(overAt + random.integer(SECOND, MINUTE))],
    happenings: [
      { at: start, what: 'replace-root-volume' },
      { at: start + random.integer(0, SECOND), what: 'tag', value: 'true' },
      { at: overAt, what: 'untag' },
      { at: overAt + random.integer(8, 15) * MINUTE, what: 'tag', value: 'true' },
    ],
  };
}

/**
 * Somebody changes his mind so often that the requests of a minute are used up: then the signal goes while a change still waits to
 * be sent, and others set the instance DRAINING, or metadata becomes another’s. Into one of two hundred runs.
 */
export function addFickle(random: Random, plan: Plan, { start }: Span): Plan {
  if (!random.chance(1 / 200)) return plan;
  const happenings: Happening[] = [];
  let at = start;
  for (let turns = random.integer(6, 7); turns > 0; turns--) {
    happenings.push({ at, what: 'tag', value: '' });
    at += random.integer(3_500, 5 * SECOND);
    happenings.push({ at, what: 'untag' });
    at += random.integer(3_500, 5 * SECOND);
  }
  const last = random.chance(0.6)
    ? ([{ at: at - random.integer(0, 5 * SECOND), what: 'other-drains' }] as const)
    : ([
        { at, what: 'tag', value: '' },
        { at: at + random.integer(3 * SECOND, 20 * SECOND), what: 'claims-neighbour' },
      ] as const);
  return {
    ...plan,
    flags: [],
    machine: { ...plan.machine, metadataTags: true },
    tasks: [lasting(at + 5 * MINUTE)],
    services: [],
    happenings: [...happenings, ...last],
    // Each drain ends while its hooks still run.
    operatorHooks: random.chance(0.5)
      ? { holds: false, stages: { draining: { ms: random.integer(5 * SECOND, MINUTE), failures: 0 } } }
      : undefined,
    faults: [],
    kills: [],
  };
}

/** When the group is asked whether the hook of an instance that it terminates waits, in s after it was first asked. */
const ASKED_AT = [3, 6, 12, 30];

/** Nothing is left, and only the hook does not wait yet. Then the host is registered anew, and has a task. */
function addTaskBeforeRelease(random: Random, plan: Plan, { start }: Span): Plan {
  const askedAt = start + random.pick(ASKED_AT.slice(1)) * SECOND;
  const at = askedAt + random.integer(-3_000, 6_000);
  const early = lasting(start);
  const late: TaskPlan = {
    at: at + random.integer(0, 2_000),
    runsFor: random.spread(20_000, 3 * MINUTE),
    ignoresSigterm: false,
    exitAfterSigterm: 500,
  };
  return {
    ...plan,
    tasks: random.chance(0.5) ? [late] : [early, late],
    services: [],
    happenings: [
      { at: start, what: 'scale-in' },
      { at: start + random.integer(500, 3_000), what: 'tag', value: 'true' },
      { at, what: 'registers-anew', cluster: 'web' },
    ],
    world: {
      ...plan.world,
      timings: { ...plan.world.timings, terminatingToWait: askedAt - start - random.integer(0, 2_500) },
    },
  };
}

/** The host is registered in the middle of its first drain, and what ECS says of it lags behind. */
function addUnknownAtFirst(random: Random, plan: Plan, { start }: Span): Plan {
  const registeredAt = start + random.spread(5_000, 30_000);
  const lag = (api: string): PlannedFault => ({
    at: registeredAt,
    match: { api },
    fault: { what: 'stale', ms: random.spread(5_000, MINUTE) },
    forMs: random.spread(2_000, 30_000),
  });
  return {
    ...plan,
    machine: { ...plan.machine, ecsAgentAfter: registeredAt },
    tasks: plan.tasks.filter(({ at, runsFor = Infinity }) => at + runsFor < registeredAt),
    services: [],
    happenings: [
      { at: start, what: 'scale-in' },
      { at: start + random.integer(500, 3_000), what: 'tag', value: 'true' },
    ],
    faults: [lag('ecs:DescribeContainerInstances'), lag('ecs:ListContainerInstances')],
    kills: [],
  };
}

/** The host registers anew shortly before its drain, and for minutes ECS calls both of its ECS agents connected. */
function addTwoConnected(random: Random, plan: Plan, { start }: Span): Plan {
  const at = Math.max(0, start - random.integer(500, 20_000));
  return {
    ...plan,
    tasks: [{ ...lasting(random.spread(SECOND, 5 * MINUTE)), at: at + random.integer(500, 5_000) }],
    services: [],
    happenings: [
      { at, what: 'registers-anew', cluster: 'web' },
      random.chance(0.5) ? { at: start, what: 'spot', inMs: 2 * MINUTE } : { at: start, what: 'scale-in' },
    ],
    world: {
      ...plan.world,
      timings: { ...plan.world.timings, agentLossNoticed: random.integer(1, 5) * MINUTE, agentConnects: 300 },
    },
  };
}
