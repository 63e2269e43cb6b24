import { compareDelay, lookDelay } from '../../src/oneshot/launch/pace.ts';
import { START } from '../support/virtual-clock.ts';
import { ALL_MEMORY, OTHER_MEMORY, type Zone } from './plan.ts';
import type { CallRecord, RunRecord } from './simulate.ts';

export type Violation = { readonly property: string; readonly what: string };

/**
 * What a launch promises, held against what was true in the simulated cluster:
 * - J1: the job of a key runs at most once, until an hour after its task's end. Called later, it runs again.
 * - J2: no exit code 0 without the container's 0; and a code that is said to be the container's is.
 * - J3: nothing is left running after a cancel that reported success.
 * - J4: what a group wants is never lowered, and never above its maximum.
 * - J5: what says that nothing was started has started nothing.
 * - L2: no launch gives up for want of room before its time is over, nor, where nothing goes wrong, while there is some.
 * - L3: while a launch waits for room it tells its demand queue what it needs, again and again.
 * - L4: where nothing goes wrong, no launch asks for an instance while one boots that will have room, nor where its subnets
 *   are not.
 * - L5: what no instance could ever hold is said at once, where it can be told, and of nothing else.
 * - L1: every launch ends, and where nothing goes wrong soon after its task.
 */
export function violationsOf(run: RunRecord): readonly Violation[] {
  return [
    ...run.plan.jobs.flatMap((job) => {
      // Those that have ended an hour before the next one began count no more.
      const tasks = [...run.tasksOf(job)].sort((a, b) => a.createdAt - b.createdAt);
      const remembered = tasks.filter(
        ({ stoppedAt = Infinity }, index) => (tasks[index + 1]?.createdAt ?? 0) < stoppedAt + HOUR_MS,
      );
      const length = remembered.length + run.waitingOf(job);
      return length > 1
        ? [{ property: 'J1', what: `the job of ${job.key} was started ${length} times` }]
        : [];
    }),
    ...run.calls.flatMap((call) => [...ofCall(call, run)]),
    ...ofGroup(run),
    ...ofDemandQueue(run),
  ];
}

/** So long ECS remembers a task that has ended, and the client token that has started it. */
const HOUR_MS = 3_600_000;

function ofGroup({ desired, fleet }: RunRecord): readonly Violation[] {
  return desired.flatMap(({ before, after }) => [
    ...(after < before ? [{ property: 'J4', what: `the group wanted ${before}, and then ${after}` }] : []),
    ...(after > fleet.group.maxSize
      ? [{ property: 'J4', what: `the group wanted ${after}, and its maximum is ${fleet.group.maxSize}` }]
      : []),
  ]);
}

/** Longer than a launcher rests between two tries, and than the used client tokens of some calls take, in ms. */
const TRIED_WITHIN_MS = 60_000;
const CAUGHT_UP_WITHIN_MS = 180_000;

/** How long after one message the next one comes at the latest, in ms: ten seconds, and a request's way. */
const SAID_AGAIN_MS = 11_000;

function* ofDemandQueue({ plan, told, calls, fleet }: RunRecord): Generator<Violation> {
  const property = 'L3';
  for (const { parsed } of told) {
    if (parsed.kind === 'unreadable') {
      yield { property, what: `the demand queue was told something that cannot be read: ${parsed.why}` };
      continue;
    }
    const { key, cpu, memory, cluster, group, constraints } = parsed.demand;
    const job = plan.jobs.find((one) => one.key === key);
    const needed = (job?.needs === 'memory' ? ALL_MEMORY : 256) + OTHER_MEMORY * (job?.others.length ?? 0);
    const inZones = constraints.flatMap((one) =>
      one.type === 'memberOf' && /availability-zone/.test(one.expression) ? [one.expression] : [],
    );
    const expected = `attribute:ecs.availability-zone in [${job?.subnets.map((zone) => `eu-west-1${zone}`).join(', ')}]`;
    // Where EC2 does not say in which zones the subnets are, they are left out.
    const hasZones = job?.subnets.length
      ? plan.faults.length > 0 || inZones[0] === expected
      : inZones.length === 0;
    if (
      !hasZones ||
      cluster !== 'batch' ||
      group !== fleet.group.name ||
      job?.cpu !== cpu ||
      memory !== needed
    )
      yield { property, what: `the demand queue was told what is not so: ${JSON.stringify(parsed.demand)}` };
  }
  if (!plan.demandQueue || plan.faults.length > 0) return;
  for (const { end, endedAt, launch, job } of calls) {
    const { phase } = launch ?? {};
    if (end?.kind !== 'no-room' || phase?.kind !== 'starting' || endedAt === undefined) continue;
    const from = phase.waitingSince ?? endedAt;
    const times = told
      .filter(
        ({ at, parsed }) =>
          at >= from && at <= endedAt && parsed.kind === 'demand' && parsed.demand.key === job.key,
      )
      .map(({ at }) => at);
    const longest = Math.max(...[...times, endedAt].map((at, index) => at - (times[index - 1] ?? from)));
    if (longest > SAID_AGAIN_MS)
      yield { property, what: `${job.key} waited for room, and did not say so for ${longest} ms` };
  }
}

function* ofCall(call: CallRecord, run: RunRecord): Generator<Violation> {
  const { end, job, plan, started, leftRunning } = call;
  const who = `the call at ${plan.at} ms for ${job.key}`;
  if (!end) {
    if (!call.isDead)
      yield { property: 'L1', what: `${who} has not ended${call.mistake ? `: ${call.mistake}` : ''}` };
    return;
  }
  const { code, source, kind } = end;
  const calledAt = START + plan.at;
  const isForgotten = run
    .tasksOf(job)
    .some(({ stoppedAt }) => stoppedAt !== undefined && calledAt > stoppedAt + HOUR_MS + TRIED_WITHIN_MS);
  if (kind === 'exited' && isForgotten && started.length === 0)
    yield { property: 'J1', what: `${who} came more than an hour after its task, and started none` };
  const truth = run.tasksOf(job).find(({ arn }) => arn === end.task?.arn);
  const own = truth?.containers.find(({ spec }) => spec.name === 'main');
  if (code === 0 && kind !== 'detached' && own?.exitCode !== 0)
    yield { property: 'J2', what: `${who} ended with 0, and its container with ${own?.exitCode}` };
  if (source === 'container' && own?.exitCode !== code)
    yield { property: 'J2', what: `${who} ended with ${code}, and its container with ${own?.exitCode}` };
  if (kind === 'cancelled' && leftRunning.length > 0)
    yield { property: 'J3', what: `${who} said that it was cancelled, and its task runs on` };
  const saysNothing =
    end.task === undefined && ['no-room', 'refused', 'forbidden', 'conflict', 'cancelled'].includes(kind);
  if (saysNothing && started.length > 0)
    yield {
      property: 'J5',
      what: `${who} said that nothing was started (${kind}), and it had started a task`,
    };
  const waited = (call.endedAt ?? 0) - START - plan.at;
  if (kind === 'no-room' && end.task === undefined && waited < plan.capacityTimeoutMs)
    yield { property: 'L2', what: `${who} gave up for want of room after ${waited} ms` };
  const { hasCapacityProvider } = run.plan;
  // A later call first comes past the client tokens that those before it have used up.
  const allowed =
    TRIED_WITHIN_MS + (job.calls[0] === plan ? 0 : CAUGHT_UP_WITHIN_MS + compareDelay(waited, () => 1));
  if (kind === 'no-room' && call.hadRoomFor > allowed && !hasCapacityProvider && run.plan.faults.length === 0)
    yield {
      property: 'L2',
      what: `${who} gave up for want of room, and there had been room for ${call.hadRoomFor} ms`,
    };
  const { group } = run.plan;
  const phase = call.launch?.phase;
  const hasAsked = phase?.kind === 'starting' && (phase.growth?.said ?? '') !== '';
  const canGrow =
    group !== undefined &&
    !run.plan.demandQueue &&
    !hasCapacityProvider &&
    group.emptyUntil === 0 &&
    run.fleet.group.desired < group.maxSize;
  if (
    kind === 'no-room' &&
    canGrow &&
    !hasAsked &&
    run.plan.faults.length === 0 &&
    plan.capacityTimeoutMs > 10_000
  )
    yield { property: 'L2', what: `${who} gave up for want of room, and had not asked its group for any` };
  if (
    group &&
    kind === 'refused' &&
    /could ever hold/.test(end.reason) &&
    ((job.cpu <= group.cpu && job.needs !== 'memory') || call.couldBeHeld)
  )
    yield { property: 'L5', what: `${who} said that no instance could ever hold it, and one could` };
  // A kind of instance that the cluster lacks is refused, unless the group may launch it.
  const isInZone = (zone: Zone) => job.subnets.length === 0 || job.subnets.includes(zone);
  const isRightKind =
    (job.needs !== 'fast' || group?.isFast === true) && (!group || group.zones.some(isInZone));
  if (kind === 'refused' && /can take it/.test(end.reason) && (call.couldBeHeld || (group && isRightKind)))
    yield { property: 'L5', what: `${who} said that no kind of instance there could take it, and one could` };
  if (kind === 'refused' && /the subnets are in/.test(end.reason) && (call.couldBeHeld || isRightKind))
    yield { property: 'L5', what: `${who} said that its group launches nothing where its subnets are` };
  const isOfNoKind =
    job.needs === 'fast' &&
    run.plan.instances.every(({ isFast }) => !isFast) &&
    run.plan.instances.length > 0;
  const isAloneElsewhere =
    run.plan.jobs.length === 1 &&
    run.plan.instances.length > 0 &&
    run.plan.instances.every(({ zone, cpu }) => !isInZone(zone) && cpu >= job.cpu) &&
    ['nothing', 'fast'].includes(job.needs);
  const hasSeenAll = run.plan.instances.every(
    ({ joinsAt, lostAt, drainsAt }) => joinsAt === 0 && lostAt === undefined && drainsAt === undefined,
  );
  if (
    (isOfNoKind || isAloneElsewhere) &&
    hasSeenAll &&
    group === undefined &&
    kind === 'no-room' &&
    run.plan.faults.length === 0 &&
    plan.capacityTimeoutMs > 10_000
  )
    yield { property: 'L5', what: `${who} waited for room on instances that are all of the wrong kind` };
  // Its type would do: only one that has registered tells that it does not.
  const isTooTight =
    group !== undefined &&
    job.needs === 'memory' &&
    group.spec === 'template' &&
    group.emptyUntil === 0 &&
    run.plan.instances.length === 0 &&
    !run.plan.demandQueue &&
    !hasCapacityProvider;
  const isLong = waited > (group?.bootMs ?? 0) + 300_000;
  if (isTooTight && isLong && kind === 'no-room' && group.maxSize > 0 && run.plan.faults.length === 0)
    yield {
      property: 'L5',
      what: `${who} waited for room on instances that keep too much of their memory`,
    };
  const fitsNowhere =
    group !== undefined &&
    !hasCapacityProvider &&
    group.spec !== 'configuration' &&
    [group, ...run.plan.instances].every(({ cpu }) => cpu < job.cpu) &&
    isRightKind;
  if (fitsNowhere && kind === 'no-room' && run.plan.faults.length === 0 && plan.capacityTimeoutMs > 10_000)
    yield { property: 'L5', what: `${who} waited for room on instances that are all too small` };
  const isInTheWay =
    group !== undefined &&
    2 * job.cpu <= group.cpu &&
    (job.subnets.length === 0 || group.networkInterfaces > 2) &&
    !['port', 'memory'].includes(job.needs) &&
    run.plan.faults.length === 0;
  if (isInTheWay && call.bootingAtLaunch.some((booting) => booting > 0))
    yield { property: 'L4', what: `${who} launched an instance beside one that booted and had room` };
  const useless = call.launchedIn.filter((zone) => !isInZone(zone.slice(-1) as Zone));
  if (useless.length > 0 && run.plan.faults.length === 0)
    yield { property: 'L4', what: `${who} launched an instance where it has no subnet: in ${useless[0]}` };
  const isAlone = run.plan.faults.length === 0 && job.calls.length === 1 && plan.landsLateAfter === undefined;
  if (isAlone && kind === 'exited' && call.endedAt !== undefined && truth?.stoppedAt !== undefined) {
    const late = call.endedAt - truth.stoppedAt;
    const ran = truth.stoppedAt - truth.createdAt;
    // Under the account's limits it asks more rarely, and a throttled request is sent again within a minute.
    const wasThrottled = run.fleet.world.requestLog.throttled.size > 0;
    const inTime = wasThrottled ? 125_000 : lookDelay(ran, () => 1) + 2_000;
    if (late > inTime) yield { property: 'L1', what: `${who} ended ${late} ms after its task` };
  }
}
