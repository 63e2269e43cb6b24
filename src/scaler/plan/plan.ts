import { averageGoes } from './average.ts';
import { busyCordons } from './busy.ts';
import { forecast } from './forecast.ts';
import { add, asActions, launchesFor, zonesOf } from './launches.ts';
import type {
  Action,
  Config,
  CordonWhy,
  Forecast,
  GroupReason,
  History,
  Hold,
  InstanceWhy,
  Job,
  JobWhy,
  Plan,
  Snapshot,
  Standing,
  UncordonWhy,
} from './model.ts';
import { type Candidate, inOrder } from './order.ts';
import { largestFirst, pack, type Room } from './pack.ts';
import { inService, isForTaking, isWanted, type Place, roomsOf } from './rooms.ts';
import { type Cordon, type Surveyed, survey, targetOf } from './survey.ts';

/**
 * So many are cordoned in one turn at most, and as many terminated. Each takes calls of its own: with a thousand of them jobs that come
 * meanwhile would wait for minutes for the next turn, and a function would be ended before it is through.
 */
const MOST_A_TURN = 100;

/**
 * One turn of the scaler: the whole policy, from what was read and the time. It has no effect, and every action of it can be
 * begun again: a launch by its client token, a cordon because it has an end, a termination because it names one instance.
 *
 * First jobs are packed into the room that there is or comes. What finds none is launched for, all at once. Then what nobody needs
 * goes in two turns: a cordon, which is lifted in seconds, and a termination.
 */
export function plan(snapshot: Snapshot, history: History, config: Config): Plan {
  const { at, group, demand } = snapshot;
  const surveyed = survey(snapshot, history, config);
  const ahead = config.looksAhead
    ? more(forecast(history.needByHour, at), forecast(history.needByHour, at + config.bootMs))
    : { kind: 'off' as const };
  // What nobody knows to be too much stays; jobs are launched for all the same.
  const keepsAll: Hold | undefined = snapshot.isDemandCutOff
    ? 'demand-unknown'
    : ahead.kind === 'unknown'
      ? 'floor-unknown'
      : undefined;
  const floor = ahead.kind === 'known' && ahead.isUsed ? Math.min(ahead.instances, group.max) : 0;

  // --- Jobs into rooms ---
  const rooms = roomsOf(snapshot, surveyed, history, config);
  const jobs = largestFirst(demand, snapshot.fresh?.total);
  const unplaced = pack(jobs, rooms.all);
  const booting = surveyed.filter(({ standing }) => standing.kind === 'booting').length;
  const launches = launchesFor(unplaced, snapshot, surveyed, booting + rooms.missing);

  const roomOf = new Map(
    rooms.all.flatMap((room) => (room.of.kind === 'instance' ? [[room.of.instance, room] as const] : [])),
  );
  const jobsIn = (instance: Surveyed) => roomOf.get(instance)?.jobs.map(({ key }) => key) ?? [];

  // --- What is kept, and for what ---
  const given = new Map<Surveyed, UncordonWhy>();
  const cordoned: { instance: Surveyed; cordon: Cordon }[] = [];
  let foreignCordons = 0;
  for (const instance of surveyed) {
    const { standing } = instance;
    if (standing.kind === 'cordon-expired')
      given.set(instance, { kind: 'expired', by: standing.cordon.by, until: standing.cordon.until });
    if (standing.kind === 'cordoned-by-others' && isWanted(instance)) foreignCordons++;
    if (standing.kind !== 'cordoned') continue;
    const keys = jobsIn(instance);
    const tasks = instance.tasks.length;
    if (keys.length > 0) given.set(instance, { kind: 'demand', jobs: keys });
    else if (!isForTaking(instance))
      given.set(instance, { kind: 'not-taken', state: instance.member?.state ?? 'not in the group' });
    else if (tasks > 0 && config.cordonBusy === 'off') given.set(instance, { kind: 'not-empty', tasks });
    else cordoned.push({ instance, cordon: standing.cordon });
  }
  const unused = rooms.all.filter(({ of, jobs: own }) => own.length === 0 && isSpare(of)).length;
  let usable =
    surveyed.filter((one) => isServing(one)).length +
    rooms.missing +
    launches.rooms.length +
    [...given.keys()].filter((one) => isWanted(one) && one.standing.kind === 'cordoned').length;
  // What a new instance takes is not known yet: one of those that come is for the jobs, however many wait.
  const coming = snapshot.fresh ? 0 : Math.max(0, booting + rooms.missing - (demand.length > 0 ? 1 : 0));
  let spare = unused + coming;
  // The minimum is one of instances that serve: one that never registered is counted by the group, and takes no task.
  const beyondMin = (inGroup: number): number => Math.min(inGroup, usable) - group.min;
  const isNeeded = (): Hold | undefined => {
    if (beyondMin(group.desired - cordoned.length - foreignCordons) < 0 && cordoned.length > 0)
      return 'min-size';
    if (usable < floor) return 'floor';
    return spare < config.spare ? 'spare' : undefined;
  };
  // The one that was cordoned last is given back first: the others have been waited for longer.
  cordoned.sort((a, b) => a.cordon.since - b.cordon.since || (a.instance.id < b.instance.id ? -1 : 1));
  for (let hold = isNeeded(); hold !== undefined; hold = isNeeded()) {
    const last = cordoned.pop();
    if (!last) break;
    given.set(last.instance, { kind: 'held', for: hold });
    usable++;
    if (last.instance.tasks.length === 0) spare++;
  }
  const extra: (typeof launches.rooms)[number][] = [];
  let heldFor: 'spare' | 'floor' | undefined;
  for (let hold = isNeeded(); hold === 'spare' || hold === 'floor'; hold = isNeeded()) {
    if (launches.left - extra.length <= 0) break;
    heldFor ??= hold;
    extra.push(add(launches.inZone, zonesOf(group.zones), snapshot.fresh));
    usable++;
    spare++;
  }

  // --- What goes ---
  const why = new Map<Surveyed, InstanceWhy>();
  const terminations: Action[] = [];
  const mayTerminate = !group.suspended.includes('Terminate');
  let { desired } = group;
  let waiting = 0;
  for (const { instance, cordon } of cordoned) {
    const settlesAt = cordon.since + config.settleMs;
    const listed = instance.tasks.length + instance.daemons.length;
    const count = Math.max(listed, instance.registered?.taskCount ?? 0);
    const isDue = at >= settlesAt && desired - 1 >= group.min && mayTerminate && !keepsAll;
    if (count > 0) why.set(instance, { kind: 'emptying', tasks: count, until: cordon.until });
    else if (isDue && terminations.length >= MOST_A_TURN)
      why.set(instance, { kind: 'later', most: MOST_A_TURN });
    else if (!isDue) why.set(instance, { kind: 'settling', since: cordon.since, until: settlesAt });
    else {
      terminations.push({ kind: 'terminate', instance: targetOf(instance) });
      why.set(instance, { kind: 'terminating' });
      desired--;
      continue;
    }
    waiting++;
  }
  const undecided = [...launches.jobs].find(([, { kind }]) => kind === 'constraint-unknown')?.[0];
  const average = averageGoes(snapshot, history, config);
  const empties = rooms.all.flatMap(({ of, jobs: own }) =>
    of.kind === 'instance' && of.instance.standing.kind === 'empty' && isForTaking(of.instance)
      ? [{ instance: of.instance, since: of.instance.standing.since, jobs: own }]
      : [],
  );
  const goesFrom = dueTimes(
    empties.filter((one) => one.jobs.length === 0 && leftAloneUntil(one.instance) === undefined),
    config,
  );
  const ordered = inOrder(
    empties.filter(({ instance }) => at >= (goesFrom.get(instance) ?? Infinity)),
    inService(surveyed),
  );
  const tightest = least(
    { hold: 'min-size', count: beyondMin(desired - waiting - foreignCordons) },
    keepsAll ? { hold: keepsAll, count: 0 } : { hold: 'floor', count: usable - floor },
    { hold: 'spare', count: spare - config.spare },
  );
  const mayGo =
    undecided || !mayTerminate
      ? 0
      : config.policy.kind === 'average'
        ? Math.min(tightest.count, average.count - waiting)
        : tightest.count;
  const until = at + config.cordonForMs;
  const going = ordered.slice(0, Math.max(0, mayGo));
  for (const { instance } of going.slice(MOST_A_TURN))
    why.set(instance, { kind: 'later', most: MOST_A_TURN });
  const cordons = going.slice(0, MOST_A_TURN).map(({ instance, since, rank }): Action => {
    const cause: CordonWhy =
      config.policy.kind === 'average'
        ? { kind: 'average', usedPercent: average.usedPercent }
        : { kind: 'empty', sinceAt: since, rank };
    why.set(instance, { kind: 'cordoning', why: cause, until });
    return { kind: 'cordon', instance: targetOf(instance), since: at, until, why: cause };
  });
  // Only where all is calm: who waits now shows that there is not too much room.
  const isCalm =
    demand.length === 0 &&
    launches.rooms.length + extra.length === 0 &&
    !undecided &&
    mayTerminate &&
    !keepsAll;
  // Without what is empty: it is kept as it is, as a spare or ahead of need, or goes anyway. Filled, it would be launched for anew.
  const staying = rooms.all.filter(
    ({ of }) =>
      of.kind === 'instance' &&
      ['busy', 'unclear'].includes(of.instance.standing.kind) &&
      isWanted(of.instance),
  );
  const mostBusy = isCalm
    ? Math.min(beyondMin(desired - waiting - foreignCordons), usable - floor, MOST_A_TURN) - going.length
    : 0;
  const busy = busyCordons(snapshot, surveyed, staying, history, config, mostBusy).map(
    ({ instance, tasks, endsAt }): Action => {
      const cause: CordonWhy = { kind: 'busy', tasks, endsAt };
      const ends = Math.max(at, endsAt) + config.cordonForMs;
      why.set(instance, { kind: 'cordoning', why: cause, until: ends });
      return { kind: 'cordon', instance: targetOf(instance), since: at, until: ends, why: cause };
    },
  );

  // --- Why ---
  for (const { instance, since, jobs: own } of empties) {
    if (why.has(instance)) continue;
    const alone = leftAloneUntil(instance);
    if (own.length > 0) why.set(instance, { kind: 'needed', jobs: own.map(({ key }) => key) });
    else if (alone !== undefined) why.set(instance, { kind: 'left-alone', until: alone });
    else if (at < (goesFrom.get(instance) ?? at))
      why.set(instance, { kind: 'empty-too-short', sinceAt: since, until: goesFrom.get(instance) ?? at });
    else if (undecided) why.set(instance, { kind: 'constraint-unknown', job: undecided.key });
    else if (!mayTerminate) why.set(instance, { kind: 'terminate-suspended' });
    else if (config.policy.kind === 'average' && average.count - waiting < tightest.count)
      why.set(instance, { kind: 'average', usedPercent: average.usedPercent });
    else why.set(instance, { kind: 'held', for: tightest.hold });
  }
  const problems: GroupReason[] = [...rooms.problems, ...launches.problems];
  if (!mayTerminate) problems.push({ kind: 'terminate-suspended' });
  const disconnected = surveyed.filter((one) => isWanted(one) && one.standing.kind === 'disconnected');
  if (disconnected.length > 0)
    problems.push({ kind: 'disconnected', instances: disconnected.map(({ id }) => id) });
  const names = surveyed.flatMap(({ member, standing }) =>
    member && standing.kind === 'cordoned-by-others' ? [standing.cordon.by] : [],
  );
  if (names.length > 0) problems.push({ kind: 'other-scalers', names: [...new Set(names)].sort() });
  if (group.zones.length > 1 && !group.suspended.includes('AZRebalance'))
    problems.push({ kind: 'zones-rebalanced' });
  return {
    standing: standingOf(snapshot),
    actions: [
      ...[...given].map(
        ([instance, cause]): Action => ({ kind: 'uncordon', instance: targetOf(instance), why: cause }),
      ),
      ...asActions(launches.rooms, extra, heldFor, snapshot),
      ...terminations,
      ...cordons,
      ...busy,
    ],
    reasons: {
      instances: surveyed
        .map((instance) => ({
          instanceId: instance.id,
          zone: instance.zone,
          arn: instance.registered?.arn,
          why: why.get(instance) ?? whyItStays(instance, given.get(instance), jobsIn(instance)),
        }))
        .sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1)),
      jobs: jobReasons(demand, rooms.all, launches.jobs),
      group: problems,
      forecast: ahead,
    },
    needed:
      surveyed.filter((one) => isWanted(one) && (one.tasks.length > 0 || jobsIn(one).length > 0)).length +
      rooms.all.filter(({ of, jobs: own }) => of.kind === 'missing' && own.length > 0).length +
      launches.rooms.length,
  };
}

/**
 * From when on each empty instance may go. The one that was used last is kept for the whole time, since the next job most likely
 * takes no more than one; any other for half of it.
 */
function dueTimes(
  empties: readonly Candidate[],
  { policy, emptyForMs }: Config,
): ReadonlyMap<Surveyed, number> {
  const usedLast = empties.reduce<Candidate | undefined>(
    (last, one) => (last && last.since >= one.since ? last : one),
    undefined,
  );
  return new Map(
    empties.map((one) => {
      const keptMs = policy.kind === 'average' ? 0 : one === usedLast ? emptyForMs : emptyForMs / 2;
      return [one.instance, one.since + keptMs];
    }),
  );
}

/** What this hour needs is held until it is over, though the next one needs less. */
const more = (now: Forecast, soon: Forecast): Forecast =>
  now.kind === 'known' && soon.kind === 'known' && now.instances > soon.instances ? now : soon;

type Margin = { readonly hold: Hold; readonly count: number };

/** The first of the least: what keeps the others from going. */
function least(first: Margin, ...others: readonly Margin[]): Margin {
  return others.reduce((least, one) => (one.count < least.count ? one : least), first);
}

function standingOf({ capacityProviders }: Snapshot): Standing {
  const other = capacityProviders.find(({ managesScaling }) => managesScaling);
  return other ? { kind: 'advises', capacityProvider: other.name } : { kind: 'acts' };
}

/** Whether it counts towards what serves: it takes tasks, or will in a while. */
const isServing = (one: Surveyed): boolean =>
  isWanted(one) && ['busy', 'empty', 'unclear', 'booting', 'cordon-expired'].includes(one.standing.kind);

/** Whether room without jobs is an empty instance. */
function isSpare(of: Place): boolean {
  if (of.kind !== 'instance') return true;
  const { standing, tasks } = of.instance;
  if (!isWanted(of.instance)) return false;
  return (
    ['empty', 'booting'].includes(standing.kind) || (standing.kind === 'cordon-expired' && tasks.length === 0)
  );
}

/** Until when an instance that is ACTIVE again in spite of its cordon is left alone. */
function leftAloneUntil({ registered }: Surveyed): number | undefined {
  const cordon = registered?.cordon;
  return cordon?.kind === 'read' ? cordon.until : undefined;
}

function whyItStays(
  { standing, tasks, member }: Surveyed,
  given: UncordonWhy | undefined,
  jobs: readonly string[],
): InstanceWhy {
  if (given) return { kind: 'given-back', why: given };
  switch (standing.kind) {
    case 'busy':
      return { kind: 'busy', tasks: tasks.length };
    case 'empty':
      if (!member) return { kind: 'other-group' };
      if (jobs.length > 0) return { kind: 'needed', jobs };
      return member.isProtected ? { kind: 'protected' } : { kind: 'out-of-service', state: member.state };
    case 'booting':
      return { kind: 'booting', since: standing.since, jobs };
    case 'cordoned-by-others':
      return { kind: 'cordoned-by-others', by: standing.cordon.by, until: standing.cordon.until };
    case 'cordoned':
      return { kind: 'settling', since: standing.cordon.since, until: standing.cordon.until };
    case 'cordon-expired':
      return { kind: 'left-alone', until: standing.cordon.until };
    default:
      return standing;
  }
}

function jobReasons(
  demand: readonly Job[],
  rooms: readonly Room<Place>[],
  others: ReadonlyMap<Job, JobWhy>,
): Plan['reasons']['jobs'] {
  const placed = new Map<Job, JobWhy>();
  for (const { of, jobs } of rooms) for (const job of jobs) placed.set(job, placedIn(of));
  return demand.map((job) => {
    const { key, since, inGroupOnly, ...needs } = job;
    const why = placed.get(job) ?? others.get(job) ?? { kind: 'comes-with', instanceId: undefined };
    return { key, needs, since, why };
  });
}

function placedIn(of: Place): JobWhy {
  if (of.kind !== 'instance') return { kind: 'comes-with', instanceId: undefined };
  const { id, standing } = of.instance;
  if (standing.kind === 'booting') return { kind: 'comes-with', instanceId: id };
  if (standing.kind === 'cordoned' || standing.kind === 'cordon-expired')
    return { kind: 'given-back', instanceId: id };
  return { kind: 'fits', instanceId: id };
}
