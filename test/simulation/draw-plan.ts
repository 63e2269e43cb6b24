import { MANAGED_DRAINING_HOOK } from '../../src/config/options.ts';
import {
  addAimed,
  addFickle,
  addForgottenTermination,
  addFullDisk,
  addManyAtLimit,
  addOver,
  addOverwrittenTag,
  addRenewed,
  addSilence,
  addSilentHost,
  addSlowHost,
  addThrottledWait,
  addUnheardGroup,
  addWhileReplacing,
} from './draw-aimed.ts';
import {
  addAgainBeforeGivenBack,
  addForgottenByEcs,
  addOlderThanTask,
  addTakenBack,
  addUntoldReplacement,
} from './draw-contradicted.ts';
import { drawFaults, drawKills } from './draw-faults.ts';
import { addGroupStates } from './draw-group-states.ts';
import { addLags } from './draw-lags.ts';
import { addLaunch } from './draw-launch.ts';
import { addLateWait, addSecondWait } from './draw-limits.ts';
import { addOnItsWayDown } from './draw-on-its-way-down.ts';
import { addOptions } from './draw-options.ts';
import { addShortenedHook, addWithdrawnInReplacement } from './draw-pace.ts';
import { addRare, type Span, withFewPages } from './draw-rare.ts';
import { addReplicas } from './draw-replicas.ts';
import {
  addFalse,
  addForbidden,
  addLateTermination,
  addNoStop,
  addRest,
  addSetAside,
  addSlowDisk,
  addSlowTasks,
} from './draw-rest.ts';
import { addRestartInSilence } from './draw-restart.ts';
import {
  addDoubtedDeregistration,
  addLongLook,
  addLostAnswer,
  addNothingToAbandon,
  addOthersDraining,
  addSecondNotice,
  addTurned,
} from './draw-reviewed.ts';
import { addScheduledStop } from './draw-scheduled.ts';
import {
  addCorrectedTag,
  addHibernatedInMidStop,
  addTerminatedAgain,
  addUntoldTermination,
} from './draw-second-review.ts';
import {
  addNoticeBesideSilence,
  addRecommendation,
  addSilentNotice,
  addThrottledNotice,
} from './draw-signals.ts';
import { addStop } from './draw-stop.ts';
import {
  addLookedForInTwo,
  addOddAnswer,
  addSpotWhileActive,
  addThrottledAtLimit,
  addUnheardSinceKept,
} from './draw-third-review.ts';
import {
  endOf,
  type GroupPlan,
  type Happening,
  launchedBy,
  type MachinePlan,
  type Plan,
  type ServicePlan,
  type TaskPlan,
} from './plan.ts';
import { createRandom, type Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;

/**
 * Draws one run. Most are minutes long, some hours, a few longer than AWS lets a lifecycle action wait.
 *
 * @param rare false to leave out what is rare: other people's force, lies and lags
 */
export function drawPlan(seed: number, rare = true): Plan {
  const { plan, span } = drawPlain(seed);
  const drawn = rare ? withFewPages(RARE.reduce(drawInto, plan)) : plan;
  const happenings = drawn.happenings.toSorted((a, b) => a.at - b.at);
  // Half of a lifecycle event's tag is a request like any other text: nobody can tell.
  const tellsOfEvent = happenings.some((one) => one.what === 'tag' && one.value.includes('time='));
  const faults = tellsOfEvent ? drawn.faults.filter(({ fault }) => fault.what !== 'truncated') : drawn.faults;
  return { ...drawn, happenings, faults, horizon: horizonOf(drawn) };

  function drawInto(sofar: Plan, { add, salt }: (typeof RARE)[number]): Plan {
    return add(createRandom(seed ^ salt), sofar, span);
  }
}

/** What is rare, in this order. Each has a source of its own: what is drawn of everything else is the same with it and without. */
const RARE: readonly {
  readonly add: (random: Random, plan: Plan, span: Span) => Plan;
  readonly salt: number;
}[] = [
  { add: addRare, salt: 0x7a3e },
  { add: addOptions, salt: 0x0b71 },
  { add: addGroupStates, salt: 0x6a5e },
  { add: addLags, salt: 0x1a95 },
  { add: addAimed, salt: 0xa1ed },
  { add: addSilence, salt: 0x51e7 },
  { add: addWhileReplacing, salt: 0x2007 },
  { add: addSilentHost, salt: 0x5113 },
  { add: addRenewed, salt: 0x4e17 },
  { add: addThrottledWait, salt: 0x7407 },
  { add: addFullDisk, salt: 0xf011 },
  { add: addSlowHost, salt: 0x5104 },
  { add: addOverwrittenTag, salt: 0x0e47 },
  { add: addManyAtLimit, salt: 0x10a7 },
  { add: addOver, salt: 0x0e4d },
  { add: addForgottenTermination, salt: 0xf04e },
  { add: addFickle, salt: 0xf1c1 },
  { add: addUnheardGroup, salt: 0x0e4a },
  { add: addAgainBeforeGivenBack, salt: 0xa6a1 },
  { add: addNothingToAbandon, salt: 0xaba2 },
  { add: addDoubtedDeregistration, salt: 0xd0b7 },
  { add: addSecondNotice, salt: 0x20d5 },
  { add: addLostAnswer, salt: 0x1057 },
  { add: addOthersDraining, salt: 0x07d2 },
  { add: addForgottenByEcs, salt: 0x3155 },
  { add: addTakenBack, salt: 0x7a8e },
  { add: addUntoldReplacement, salt: 0x0470 },
  { add: addOlderThanTask, salt: 0x01de },
  { add: addShortenedHook, salt: 0x5407 },
  { add: addLateWait, salt: 0x1a7e },
  { add: addSecondWait, salt: 0x5ec0 },
  { add: addWithdrawnInReplacement, salt: 0x3174 },
  { add: addLateTermination, salt: 0x1a57 },
  { add: addFalse, salt: 0xfa15 },
  { add: addRest, salt: 0x4e57 },
  { add: addSilentNotice, salt: 0x51e4 },
  { add: addNoticeBesideSilence, salt: 0xbe51 },
  { add: addRecommendation, salt: 0x4ec0 },
  { add: addSlowTasks, salt: 0x5107 },
  { add: addNoStop, salt: 0x0570 },
  { add: addSetAside, salt: 0x5e7a },
  { add: addForbidden, salt: 0xf04b },
  { add: addLaunch, salt: 0x1a0c },
  { add: addStop, salt: 0x5709 },
  { add: addLongLook, salt: 0x1006 },
  { add: addTurned, salt: 0x7042 },
  { add: addScheduledStop, salt: 0x5c4e },
  { add: addRestartInSilence, salt: 0x4e51 },
  { add: addSlowDisk, salt: 0xd15c },
  { add: addReplicas, salt: 0x4e91 },
  { add: addCorrectedTag, salt: 0xc0e7 },
  { add: addTerminatedAgain, salt: 0x7e4a },
  { add: addHibernatedInMidStop, salt: 0x4b57 },
  { add: addUntoldTermination, salt: 0x0707 },
  { add: addUnheardSinceKept, salt: 0x4e97 },
  { add: addOddAnswer, salt: 0x0dda },
  { add: addThrottledAtLimit, salt: 0x7417 },
  { add: addLookedForInTwo, salt: 0x2100 },
  { add: addSpotWhileActive, salt: 0x5907 },
  { add: addThrottledNotice, salt: 0x7097 },
  { add: addOnItsWayDown, salt: 0xd047 },
];

function drawPlain(seed: number): { readonly plan: Plan; readonly span: Span } {
  const random = createRandom(seed);
  const length = drawLength(random);
  const group = random.chance(0.94) ? drawGroup(random, length) : undefined;
  const machine = drawMachine(random);
  const flags = drawFlags(random, group, machine, length);
  const start = random.chance(0.9) ? random.integer(500, 25_000) : random.integer(25_000, 5 * MINUTE);
  const tasks = drawTasks(random, start, length);
  const services = random.chance(0.2) ? drawServices(random, start + length) : [];
  const elsewhere = random.chance(0.6) ? 'room' : 'full';
  const happenings = drawHappenings(random, { group, flags: flags.join(' '), start, length });
  const end = start + length;
  const drawn = random.chance(0.72) ? drawFaults(random, start, end) : [];
  // Half of the value "false" is a signal like any other text: nobody can tell.
  const saysFalse = happenings.some((one) => one.what === 'tag' && /false/i.test(one.value));
  const faults = saysFalse ? drawn.filter(({ fault }) => fault.what !== 'truncated') : drawn;
  const kills = random.chance(0.45) ? drawKills(random, start, end) : [];
  const world = drawWorld(random);
  // Who names a cluster says that it is always that one. Of another one only the ECS agent can tell.
  const isHeard = !flags.includes('--cluster') && hearsEcsAgent(happenings, faults);
  happenings.push(...drawNewRegistration(random, isHeard, start, end));
  const plan: Plan = {
    seed,
    flags,
    group,
    machine,
    world,
    elsewhere,
    tasks,
    services,
    happenings,
    faults,
    kills,
    horizon: 0,
  };
  return { plan, span: { start, end } };
}

function horizonOf(plan: Plan): number {
  const { happenings, faults, tasks, services, kills } = plan;
  const last = Math.max(
    0,
    ...happenings.map(endOf),
    launchedBy(plan),
    ...faults.map(({ at, forMs = 0 }) => at + forMs),
    ...tasks.map(({ at, runsFor = 0 }) => at + runsFor),
    ...services.map(({ releasedAt, deregistrationDelay = 0 }) => releasedAt + deregistrationDelay),
  );
  return last + kills.reduce((sum, { downMs }) => sum + downMs, 0) + 15 * MINUTE;
}

/** How long the work on the instance lasts, in ms from the first signal. */
function drawLength(random: Random): number {
  const kind = random.next();
  if (kind < 0.93) return random.spread(SECOND, 3 * MINUTE);
  if (kind < 0.995) return random.spread(3 * MINUTE, 20 * MINUTE);
  if (kind < 0.9999) return random.spread(20 * MINUTE, 2 * HOUR);
  return random.integer(47 * HOUR, 50 * HOUR);
}

function drawGroup(random: Random, length: number): GroupPlan {
  const retain = random.chance(0.3);
  const heartbeatTimeout = () =>
    length > 24 * HOUR
      ? random.pick([1800, 3600, 7200])
      : random.chance(0.6)
        ? random.spread(30, 200)
        : random.spread(300, 7200);
  const hook = (name: string) => ({
    name,
    heartbeatTimeout: heartbeatTimeout(),
    defaultResult: retain || random.chance(0.5) ? ('ABANDON' as const) : ('CONTINUE' as const),
  });
  const kind = random.next();
  if (kind < 0.7) return { hooks: [hook('drain')], ours: 'drain', retain };
  if (kind < 0.8) return { hooks: [hook(MANAGED_DRAINING_HOOK), hook('drain')], ours: 'drain', retain };
  if (kind < 0.9)
    return { hooks: [hook('backup'), hook('drain')], ours: random.chance(0.7) ? 'drain' : undefined, retain };
  if (kind < 0.95) return { hooks: [hook(MANAGED_DRAINING_HOOK)], ours: undefined, retain };
  return { hooks: [], ours: undefined, retain };
}

function drawMachine(random: Random): MachinePlan {
  const fresh = random.chance(0.12);
  return {
    metadataTags: random.chance(0.8),
    imdsAfter: fresh ? random.integer(0, 8_000) : 0,
    credentialsAfter: fresh ? random.integer(0, 20_000) : 0,
    ecsAgentAfter: fresh ? (random.chance(0.1) ? 'never' : random.integer(0, 20_000)) : 0,
  };
}

function drawFlags(
  random: Random,
  group: GroupPlan | undefined,
  machine: MachinePlan,
  length: number,
): string[] {
  const flags: string[] = [];
  if (random.chance(0.15))
    flags.push('--signals', random.pick(['tag', 'lifecycle', 'tag,spot', 'tag,lifecycle,spot,rebalance']));
  if (random.chance(0.1)) flags.push('--mode', 'deregister');
  if (random.chance(0.1)) flags.push('--tag-source', random.pick(['imds', 'ec2']));
  if (random.chance(0.1)) flags.push('--poll-interval', `${random.pick([1, 2, 10, 30])}s`);
  if (random.chance(0.2) || machine.ecsAgentAfter === 'never') flags.push('--cluster', 'web');
  if (random.chance(0.05)) flags.push('--rebalance-terminate');
  if (random.chance(0.2)) {
    const onTimeout = random.pick(['wait', 'stop-tasks', 'continue', 'abandon']);
    flags.push(
      '--drain-timeout',
      `${Math.max(1, Math.round((length * (0.2 + random.next())) / SECOND))}s`,
      '--on-timeout',
      onTimeout,
    );
  }
  // With several hooks of our kind something has to say which: the option, or the tag's value.
  if (group?.ours && (group.hooks.some(({ name }) => name === 'backup') || random.chance(0.1))) {
    flags.push('--lifecycle-hook', group.ours);
  }
  return flags;
}

function drawTasks(random: Random, start: number, length: number): TaskPlan[] {
  // A long run is about its length.
  const kind = random.next() * (length > HOUR / 3 ? 0.75 : 1);
  const count =
    kind < 0.08
      ? 0
      : kind < 0.75
        ? random.integer(1, 6)
        : kind < 0.97
          ? random.integer(7, 25)
          : random.integer(26, 150);
  const tasks: TaskPlan[] = [];
  for (let index = 0; index < count; index++) {
    // All but the longest end before, most of them long before.
    const until = start + (index === 0 ? length : random.spread(SECOND, length + SECOND));
    const at = random.chance(0.8) ? 0 : random.integer(0, until - 1);
    tasks.push({
      at,
      runsFor: until - at,
      ignoresSigterm: random.chance(0.15),
      exitAfterSigterm: random.spread(50, 25_000),
    });
  }
  return tasks;
}

function drawServices(random: Random, end: number): ServicePlan[] {
  return Array.from({ length: random.integer(1, 3) }, (_, index) => ({
    name: `service-${index}`,
    strategy: random.chance(0.3) ? ('DAEMON' as const) : ('REPLICA' as const),
    count: random.integer(1, 4),
    ignoresSigterm: random.chance(0.2),
    releasedAt: end + random.integer(0, 60_000),
  }));
}

function drawWorld(random: Random): Plan['world'] {
  const slow = random.chance(0.4);
  return {
    deregisterAgain: random.pick(['not-found', 'inactive'] as const),
    deregisterRefusedFor: random.pick(['not-stopped', 'pending-or-running'] as const),
    timings: slow
      ? {
          provisioning: random.integer(0, 5_000),
          pending: random.spread(100, 20_000),
          deactivating: random.integer(0, 8_000),
          deprovisioning: random.spread(100, 10_000),
          agentReportLag: random.spread(100, 30_000),
          scheduler: random.spread(100, 10_000),
          terminatingToWait: random.spread(200, 20_000),
        }
      : {},
  };
}

type Scene = { group: GroupPlan | undefined; flags: string; start: number; length: number };

function drawHappenings(random: Random, scene: Scene): Happening[] {
  const happenings = [...drawSignals(random, scene)];
  const during = () =>
    Math.max(0, Math.round(scene.start - 10_000 + random.next() * (scene.length + 20_000)));
  const add = (probability: number, ...drawn: Happening[]) => {
    if (random.chance(probability)) happenings.push(...drawn);
  };
  add(0.04, { at: during(), what: 'other-drains' });
  add(0.03, { at: during(), what: 'other-activates' });
  add(0.03, { at: during(), what: 'other-deregisters' });
  add(0.05, { at: during(), what: 'other-stops-tasks' });
  add(0.01, { at: during(), what: 'other-completes' });
  if (random.chance(0.12)) {
    const at = during();
    const hidden = random.chance(0.5);
    happenings.push({ at, what: 'ecs-agent', to: hidden ? 'frozen' : 'down' });
    if (random.chance(0.9))
      happenings.push({
        at: at + random.spread(SECOND, 5 * MINUTE),
        what: 'ecs-agent',
        to: hidden ? 'thawed' : 'up',
      });
  }
  if (random.chance(0.02)) {
    // In the middle of a drain, or before its signal.
    const at = random.chance(0.5) ? during() : random.integer(1, scene.start);
    happenings.push({ at, what: 'claims-neighbour' });
    if (random.chance(0.7))
      happenings.push({ at: at + random.spread(SECOND, 2 * MINUTE), what: 'claims-itself' });
  }
  add(0.03, { at: during(), what: 'metadata-tags', to: random.chance(0.5) });
  for (let jumps = random.chance(0.15) ? random.integer(1, 3) : 0; jumps > 0; jumps--)
    happenings.push({
      at: during(),
      what: 'clock-jump',
      ms: random.spread(SECOND, 72 * HOUR) * random.pick([-1, 1]),
    });
  if (random.chance(0.06)) {
    const at = during();
    happenings.push({ at, what: 'disk', to: 'full' });
    add(0.5, { at: at + random.spread(SECOND, 5 * MINUTE), what: 'disk', to: 'fine' });
  }
  add(0.04, { at: during(), what: 'reboot', downMs: random.spread(5_000, 3 * MINUTE) });
  add(0.005, { at: during(), what: 'ec2-terminates' });
  return happenings;
}

/** Somebody starts the ECS agent anew, as for an instance whose maintenance is done. */
function drawNewRegistration(random: Random, mayMove: boolean, start: number, end: number): Happening[] {
  if (!random.chance(0.05)) return [];
  const at = Math.max(0, Math.round(random.integer(start - 10_000, end + 2 * MINUTE)));
  return [{ at, what: 'registers-anew', cluster: mayMove && random.chance(0.3) ? 'other' : 'web' }];
}

function hearsEcsAgent(happenings: readonly Happening[], faults: Plan['faults']): boolean {
  const silences = ({ match }: Plan['faults'][number]) =>
    match.service === 'introspection' || (match.service === undefined && match.api === undefined);
  return !happenings.some(({ what }) => what === 'ecs-agent') && !faults.some(silences);
}

function drawSignals(random: Random, { group, flags, start, length }: Scene): Happening[] {
  // Several hooks, and no option that names ours: the tag's value does, as the tagger writes it.
  const hook =
    group?.ours && group.hooks.length > 1 && !flags.includes('--lifecycle-hook') ? group.ours : undefined;
  const value = hook
    ? `hook=${hook}`
    : random.pick(['', 'true', 'yes', `time=2026-01-02T03:04:05Z`, '{"a":1}']);
  const tag = (at: number): Happening => ({ at, what: 'tag', value });
  const kind = random.next();
  if (kind < 0.04) return [];
  if (kind < 0.08) return [{ at: start, what: 'tag', value: random.pick(['false', 'False', ' FALSE ']) }];
  if (kind < 0.62 && group) {
    // The group's own doing; the tagger answers a moment later, or not at all.
    const signals: Happening[] = [{ at: start, what: 'scale-in' }];
    if (random.chance(0.5) || flags.includes('--signals tag'))
      signals.push(tag(start + random.integer(500, 8_000)));
    if (random.chance(0.04))
      signals.push({ at: start + random.spread(1_000, length + 10_000), what: 'untag' });
    return signals;
  }
  if (kind < 0.72) {
    const signals: Happening[] = [tag(start)];
    if (group && random.chance(0.8))
      signals.push({ at: start + random.spread(1_000, length + MINUTE), what: 'scale-in' });
    return signals;
  }
  if (kind < 0.86) return drawCancellation(random, tag, start, length);
  if (kind < 0.92)
    return [
      { at: start, what: 'spot', inMs: 120_000 },
      ...(random.chance(0.3) ? [tag(start + random.integer(0, 30_000))] : []),
    ];
  if (kind < 0.96) {
    const signals: Happening[] = [{ at: start, what: 'manual-drain' }];
    if (random.chance(0.5))
      signals.push({ at: start + random.spread(1_000, length + 10_000), what: 'manual-cancel' });
    return signals;
  }
  return [
    { at: start, what: 'rebalance' },
    ...(group && random.chance(0.7)
      ? [{ at: start + random.spread(5_000, 2 * MINUTE), what: 'scale-in' } as const]
      : []),
  ];
}

/** Somebody changes his mind, once or again and again. */
function drawCancellation(
  random: Random,
  tag: (at: number) => Happening,
  start: number,
  length: number,
): Happening[] {
  const signals: Happening[] = [];
  let at = start;
  for (let turns = random.chance(0.7) ? 1 : random.integer(2, 5); turns > 0; turns--) {
    signals.push(tag(at));
    at += random.spread(500, length + 10_000);
    signals.push({ at, what: 'untag' });
    at += random.spread(500, MINUTE);
  }
  if (random.chance(0.3)) signals.push(tag(at));
  return signals;
}
