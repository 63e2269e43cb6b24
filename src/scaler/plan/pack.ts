import { satisfies, type Verdict } from './constraint.ts';
import type { Job, Lack, Needs, Resources } from './model.ts';

/** Room for tasks: what is free on one instance that is there, comes, or would be launched. Filled by `pack`. */
export type Room<T> = {
  /** What it is the room of. */
  readonly of: T;
  cpu: number;
  memory: number;
  gpu: number;
  networkInterfaces: number;
  readonly ports: Set<string>;
  readonly attributes: Readonly<Record<string, string>>;
  /** Whether it is of an instance of the group. */
  readonly inGroup: boolean;
  /** It is not known for certain what it will be: what cannot be judged there is taken to fit. */
  readonly isGuess: boolean;
  /** Whether it may have attributes that are not among these. */
  readonly mayHaveMore: boolean;
  /** The task groups of the tasks that are there, for `distinctInstance`. */
  readonly taskGroups: Set<string>;
  readonly jobs: Job[];
};

export function roomOf<T>(
  of: T,
  free: Resources,
  ports: Iterable<string>,
  attributes: Readonly<Record<string, string>>,
  taskGroups: Iterable<string> = [],
  {
    isGuess = false,
    mayHaveMore = isGuess,
    inGroup = true,
  }: { isGuess?: boolean; mayHaveMore?: boolean; inGroup?: boolean } = {},
): Room<T> {
  const { cpu, memory, gpu, networkInterfaces } = free;
  return {
    of,
    cpu,
    memory,
    gpu,
    networkInterfaces,
    ports: new Set(ports),
    attributes,
    inGroup,
    isGuess,
    mayHaveMore,
    taskGroups: new Set(taskGroups),
    jobs: [],
  };
}

/** The largest first: small ones find room beside large ones, not the other way round. */
export function largestFirst(jobs: readonly Job[], whole: Resources | undefined): readonly Job[] {
  const sizes = new Map(jobs.map((job) => [job, sizeOf(job, whole)]));
  return [...jobs].sort(
    (a, b) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
  );
}

/** The share of an instance that it takes, by what it takes most of. */
function sizeOf({ cpu, memory, gpu, networkInterfaces }: Resources, whole: Resources | undefined): number {
  const { cpu: allCpu = 1_024, memory: allMemory = 2_048, gpu: allGpus = 1 } = whole ?? {};
  const { networkInterfaces: allInterfaces = Infinity } = whole ?? {};
  return Math.max(
    cpu / allCpu,
    memory / allMemory,
    gpu / Math.max(1, allGpus),
    networkInterfaces / Math.max(1, allInterfaces),
  );
}

/**
 * Puts each job, in the order given, into the first room that takes it. Returns those that found none.
 *
 * @param rooms in the order in which they are to be filled
 */
export function pack<T>(jobs: readonly Job[], rooms: readonly Room<T>[]): readonly Job[] {
  const left: Job[] = [];
  const from = new Map<string, number>();
  for (const job of jobs) {
    // Rooms only get fuller: what has refused a job of these needs refuses the next one too.
    const alike = signature(job);
    let at = from.get(alike) ?? 0;
    for (; at < rooms.length; at++) {
      const room = rooms[at];
      if (room && takes(room, job)) {
        put(room, job);
        break;
      }
    }
    from.set(alike, at);
    if (at === rooms.length) left.push(job);
  }
  return left;
}

export function put(room: Room<unknown>, job: Job): void {
  room.cpu -= job.cpu;
  room.memory -= job.memory;
  room.gpu -= job.gpu;
  room.networkInterfaces -= job.networkInterfaces;
  for (const port of job.ports) room.ports.add(port);
  for (const one of job.constraints)
    if (one.kind === 'distinct-instance') room.taskGroups.add(one.group ?? UNKNOWN);
  room.jobs.push(job);
}

export function takes(room: Room<unknown>, needs: Needs & Pick<Job, 'inGroupOnly'>): boolean {
  return (
    (room.inGroup || !needs.inGroupOnly) &&
    needs.cpu <= room.cpu &&
    needs.memory <= room.memory &&
    needs.gpu <= room.gpu &&
    needs.networkInterfaces <= room.networkInterfaces &&
    needs.ports.every((port) => !room.ports.has(port)) &&
    judge(room, needs) === 'yes'
  );
}

/** What the room is short of for it. */
export function lacks(
  room: Room<unknown>,
  { cpu, memory, gpu, networkInterfaces, ports }: Needs,
): readonly Lack[] {
  const found: Lack[] = [];
  if (cpu > room.cpu) found.push('cpu');
  if (memory > room.memory) found.push('memory');
  if (gpu > room.gpu) found.push('gpu');
  if (networkInterfaces > room.networkInterfaces) found.push('networkInterfaces');
  if (ports.some((port) => room.ports.has(port))) found.push('ports');
  return found;
}

/** Whether the room satisfies all of the constraints. */
export function judge(
  { attributes, taskGroups, isGuess, mayHaveMore }: Omit<Room<unknown>, 'jobs'>,
  { constraints }: Needs,
): Verdict {
  let verdict: Verdict = 'yes';
  for (const one of constraints) {
    const own: Verdict =
      one.kind === 'distinct-instance'
        ? isTaken(taskGroups, one.group)
          ? 'no'
          : 'yes'
        : satisfies(one.expression, attributes, mayHaveMore);
    if (own === 'no') return 'no';
    if (own === 'unknown' && !isGuess) verdict = 'unknown';
  }
  return verdict;
}

/** Stands for the task group of a job that did not name it. */
const UNKNOWN = '?';

const isTaken = (there: ReadonlySet<string>, group: string | undefined) =>
  group === undefined ? there.size > 0 : there.has(group) || there.has(UNKNOWN);

const signature = ({ cpu, memory, gpu, networkInterfaces, ports, constraints, inGroupOnly }: Job) =>
  ports.length === 0 && constraints.length === 0
    ? `${cpu} ${memory} ${gpu} ${networkInterfaces} ${inGroupOnly ?? false}`
    : JSON.stringify([cpu, memory, gpu, networkInterfaces, ports, constraints, inGroupOnly]);
