import { satisfies } from './constraint.ts';
import type { GroupReason, Job, JobWhy, Snapshot } from './model.ts';
import { judge, lacks, put, type Room, takes } from './pack.ts';
import { freshRoom, inService, isWanted, type Place } from './rooms.ts';
import type { Surveyed } from './survey.ts';

/** Which new instances the jobs that found no room are given, and what is said of each of those. */
export type Launches = {
  readonly rooms: readonly (Room<Place> & { of: { kind: 'new' } })[];
  readonly jobs: ReadonlyMap<Job, JobWhy>;
  readonly problems: readonly GroupReason[];
  /** How many more could be launched. */
  readonly left: number;
  /** Instances by zone, with the new ones. */
  readonly inZone: Map<string, number>;
};

type NewRoom = Launches['rooms'][number];

/** @param jobs in the order in which they are to be packed @param coming how many instances boot or are missing */
export function launchesFor(
  jobs: readonly Job[],
  snapshot: Snapshot,
  surveyed: readonly Surveyed[],
  coming: number,
): Launches {
  const { group, fresh } = snapshot;
  const listed = surveyed.filter(isWanted).length;
  let left = Math.max(0, group.max - Math.max(group.desired, listed));
  const inZone = new Map(group.zones.map((zone) => [zone, 0]));
  for (const { zone } of inService(surveyed))
    if (inZone.has(zone)) inZone.set(zone, (inZone.get(zone) ?? 0) + 1);
  const rooms: NewRoom[] = [];
  const why = new Map<Job, JobWhy>();
  const problems: GroupReason[] = [];
  if (group.suspended.includes('Launch')) {
    if (jobs.length > 0) problems.push({ kind: 'launch-suspended' });
    for (const job of jobs) why.set(job, { kind: 'launch-suspended' });
    return { rooms, jobs: why, problems, left: 0, inZone };
  }
  if (!fresh) {
    // One instance shows what the others will be.
    if (jobs.length > 0 && coming === 0 && left > 0) rooms.push(add(inZone, zonesOf(group.zones)));
    const first = rooms[0];
    if (first) problems.push({ kind: 'fresh-unknown' });
    for (const job of jobs)
      why.set(
        job,
        coming > 0
          ? { kind: 'comes-with', instanceId: undefined }
          : first
            ? { kind: 'launching', zone: first.of.zone }
            : { kind: 'max-size', max: group.max },
      );
    return { rooms, jobs: why, problems, left: left - rooms.length, inZone };
  }

  let short = 0;
  // An instance that comes shows by itself what the next ones will hold.
  let isOneToSee = coming > 0;
  const areDoubtful = areBootsDoubtful(surveyed);
  for (const job of jobs) {
    const room = rooms.find((one) => takes(one, job));
    if (room) {
      put(room, job);
      why.set(job, { kind: 'launching', zone: room.of.zone });
      continue;
    }
    const { zones, never, isUnsure } = whereItCould(job, snapshot);
    if (never) {
      why.set(job, never);
    } else if ((isUnsure || areDoubtful) && isOneToSee) {
      why.set(job, { kind: areDoubtful ? 'boots-doubtful' : 'to-be-seen' });
    } else if (left === 0) {
      short++;
      why.set(job, { kind: 'max-size', max: group.max });
    } else {
      const added = add(inZone, zones, fresh);
      left--;
      put(added, job);
      rooms.push(added);
      isOneToSee ||= isUnsure || areDoubtful;
      why.set(job, isUnsure ? { kind: 'to-be-seen' } : { kind: 'launching', zone: added.of.zone });
    }
  }
  if (short > 0) problems.push({ kind: 'at-max', max: group.max, short });
  return { rooms, jobs: why, problems, left, inZone };
}

/**
 * Whether none has registered since the last one was launched that has not in time. By a broken image as many would be launched every ten
 * minutes as jobs wait, up to the group's maximum, and none take any.
 */
function areBootsDoubtful(surveyed: readonly Surveyed[]): boolean {
  let brokenSince = -Infinity;
  let registeredAt = -Infinity;
  for (const { member, registered, standing } of surveyed) {
    if (standing.kind === 'broken') brokenSince = Math.max(brokenSince, standing.since);
    else if (member && registered) registeredAt = Math.max(registeredAt, registered.registeredAt);
  }
  return brokenSince > registeredAt;
}

/** A new instance in that of the zones that has the fewest. */
export function add(
  inZone: Map<string, number>,
  zones: readonly (string | undefined)[],
  fresh?: Snapshot['fresh'],
): NewRoom {
  const [zone] = [...zones].sort(
    (a, b) => (inZone.get(a ?? '') ?? 0) - (inZone.get(b ?? '') ?? 0) || ((a ?? '') < (b ?? '') ? -1 : 1),
  );
  if (zone !== undefined) inZone.set(zone, (inZone.get(zone) ?? 0) + 1);
  const unknown = {
    instanceType: '',
    total: { cpu: 0, memory: 0, gpu: 0, networkInterfaces: 0 },
    portsInUse: [],
    attributes: {},
  };
  return freshRoom({ kind: 'new', zone }, fresh ?? unknown, zone) as NewRoom;
}

export const zonesOf = (zones: readonly string[]): readonly (string | undefined)[] =>
  zones.length > 0 ? zones : [undefined];

/** What a guess counts of an instance's memory at least. */
const GUESSED_SHARE = 0.95;

type Where = {
  readonly zones: readonly (string | undefined)[];
  readonly never?: JobWhy;
  /** It is a guess that they would: launched for each such job, as many instances would come for jobs that none of them takes. */
  readonly isUnsure: boolean;
};

/** The zones in which an instance would take it; else why none ever does. */
function whereItCould(job: Job, { group, fresh }: Snapshot): Where {
  if (!fresh) return { zones: [], isUnsure: true };
  const zones = zonesOf(group.zones);
  const wholes = zones.map((zone) => freshRoom({ kind: 'new', zone }, fresh, zone));
  // Alone on it a job may find what the guess has left out.
  const asked = fresh.isGuess ? { ...job, memory: job.memory * GUESSED_SHARE } : job;
  const missing = wholes[0] ? lacks(wholes[0], asked) : [];
  if (missing.length > 0) {
    const never: JobWhy = { kind: 'too-large', lacks: missing, instanceType: fresh.instanceType };
    return { zones: [], never, isUnsure: false };
  }
  const verdicts = wholes.map((room) => judge(room, job));
  const fitting = zones.filter((_, at) => verdicts[at] === 'yes');
  if (fitting.length > 0) {
    const certain = fitting.filter((zone) => {
      const [room] = wholes.filter(({ of }) => of.kind === 'new' && of.zone === zone);
      return (
        room !== undefined &&
        lacks(room, job).length === 0 &&
        judge({ ...room, isGuess: false }, job) === 'yes'
      );
    });
    return certain.length > 0 ? { zones: certain, isUnsure: false } : { zones: fitting, isUnsure: true };
  }
  const kind = verdicts.includes('unknown') ? 'constraint-unknown' : 'never';
  const expression = job.constraints.flatMap((one) => (one.kind === 'member-of' ? [one.expression] : []));
  return { zones: [], never: { kind, expression: expression.join(' and ') }, isUnsure: false };
}

/** Instances of the same zone are asked for together. */
export function asActions(
  rooms: Launches['rooms'],
  held: Launches['rooms'],
  why: HeldFor,
  snapshot: Snapshot,
) {
  const byZone = Map.groupBy([...rooms, ...held], ({ of }) => of.zone);
  return [...byZone].map(([zone, own]) => ({
    kind: 'launch' as const,
    count: own.length,
    zone,
    others: snapshot.group.zones.filter((one) => one !== zone && doInZone(own, one, snapshot)),
    desired: snapshot.group.desired,
    why: {
      jobs: own.flatMap(({ jobs }) => jobs.map(({ key }) => key)),
      held: own.filter((one) => held.includes(one)).length,
      for: own.some((one) => held.includes(one)) ? why : undefined,
    },
  }));
}

function doInZone(rooms: Launches['rooms'], zone: string, { fresh }: Snapshot): boolean {
  if (!fresh) return true;
  const whole = freshRoom({ kind: 'new', zone }, fresh, zone);
  return rooms.every(({ jobs }) =>
    jobs.every(({ constraints }) =>
      constraints.every(
        (one) =>
          one.kind !== 'member-of' || satisfies(one.expression, whole.attributes, whole.mayHaveMore) !== 'no',
      ),
    ),
  );
}

type HeldFor = 'spare' | 'floor' | undefined;
