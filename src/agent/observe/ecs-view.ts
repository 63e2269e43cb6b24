import { type BegunLists, type Ecs, noLists, type Task } from '../../aws/ecs.ts';
import { AwsError } from '../../aws/errors.ts';
import { hasEnded } from '../../aws/task-status.ts';
import { clusterName, parseEcsArn } from '../../base/arn.ts';
import { ifKnown, known, type Reading, unknown } from '../../base/reading.ts';
import type { EcsAgent, Registration } from '../../host/ecs-agent.ts';
import { activeListInterval } from '../decide/ecs-pace.ts';
import type { ContainerInstance, EcsView, Registered, ViewKind } from '../model.ts';
import { CONTRADICTION_MS } from './ecs-lag.ts';
import type { Locate, Located, Whereabouts } from './locate.ts';

export type EcsViewPorts = {
  readonly ecs: Pick<Ecs, 'describe' | 'listTasks' | 'describeTasks'>;
  readonly ecsAgent: Pick<EcsAgent, 'registration'>;
  readonly locate: Locate;
  /** Our own, from instance metadata. */
  readonly instanceId: string;
  /** In ms by the agent's clock. */
  readonly now: () => number;
  /** Whether the tasks are listed even while new ones can be placed: in mode `deregister`, and in a dry run. */
  readonly listsWhileActive: boolean;
  /** The root volume is to be replaced: the container instance stays in ECS, and others can set it ACTIVE. */
  readonly isReplacing: () => boolean;
  /** Something may have told of a task lately that no view of this drain shows. */
  readonly isToldElsewhere: () => boolean;
};

/**
 * Reads a view of ECS. Each kind also asks for the tasks `byName`, by ARN, whatever ECS lists. Only a full view can say that no
 * task is left: the other kinds turn into full ones, or leave that unknown. Rejects with an AwsError if ECS does not answer. If
 * ECS has throttled a full view, the next one resumes where it stopped.
 */
export type ReadEcsView = (
  kind: ViewKind,
  last: EcsView | undefined,
  byName?: readonly string[],
) => Promise<Reading<EcsView>>;

/** One for each drain. */
export function createEcsView({ ecs, ecsAgent, locate, ...options }: EcsViewPorts): ReadEcsView {
  // A STOPPED task stays STOPPED: it is never described again, although ECS lists it for another hour.
  const stopped = new Set<string>();
  /** The tasks that ECS has listed here, and when it last did. */
  const listedHere = new Map<string, number>();
  /** When ECS last described each task that it was asked about. */
  const tasksDescribedAt = new Map<string, number>();
  /** A full view that was throttled half-way. */
  let begun: Begun | undefined;
  /** The last lists of a container instance that was ACTIVE. */
  let active: ListedActive | undefined;
  /** Its lists, while its tasks could not be described. */
  let undescribed: Listed | undefined;
  /** The tasks that ECS has described here, and that are to run. */
  const shown = new Set<string>();
  /** How many tasks ECS has counted here at most beside those, and has not described since. */
  let unlisted = 0;
  /** Since when ECS calls it DRAINING, in ms by the agent's clock. */
  let drainingSince: number | undefined;

  /** Resumes a view that was throttled a moment ago, if the ECS agent still names the same container instance. */
  async function full(
    said: Registration | undefined,
    last: EcsView | undefined,
    byName: readonly string[],
    isForStop: boolean,
  ) {
    const heard = said?.containerInstanceArn;
    const isOld = !begun || begun.heard !== heard || options.now() - begun.at >= resumableFor(heard);
    const isResumed = !isOld;
    const look: Begun =
      begun && !isOld
        ? begun
        : { at: options.now(), heard, where: await locate(said, letGoIn(last)), lists: noLists() };
    begun = undefined;
    try {
      return await complete(look, isResumed, last, byName, isForStop);
    } catch (error) {
      // If ECS has let go of this host, each view must ask whether it is registered anew: such a view is not resumed.
      if (error instanceof AwsError && error.kind === 'throttled' && isRegistered(look.where)) begun = look;
      throw error;
    }
  }

  /**
   * Nothing else tells that a host with a silent ECS agent has registered anew since its clusters were asked. What was asked after that may
   * have waited for its turn, so only that is asked once more: whole looks would be as old each time.
   */
  async function isStillThere(where: Whereabouts, last: EcsView | undefined): Promise<boolean> {
    const isOld = ({ listedAt = Infinity }: Whereabouts) => options.now() - listedAt > LONG_LISTED_MS;
    if (!isOld(where)) return true;
    const again = ifKnown(await locate(undefined, letGoIn(last)));
    if (again?.located.kind === 'registered') noteCount(again.located.taskCount);
    return again !== undefined && !isOld(again) && isSamePlace(again.located, where.located);
  }

  function resumableFor(heard: string | undefined): number {
    if (heard === undefined || options.isReplacing()) return RESUME_MS;
    return options.listsWhileActive ? RESUME_ACTIVE_MS : RESUME_HEARD_MS;
  }

  async function complete(
    { at, where, heard, lists }: Begun,
    isResumed: boolean,
    last: EcsView | undefined,
    byName: readonly string[],
    isForStop: boolean,
  ): Promise<Reading<EcsView>> {
    if (where.kind === 'unknown') return where;
    const { located, own, describedAt = at } = where.value;
    const viewOf = (
      containerInstance: ContainerInstance,
      tasks: Reading<readonly Task[]>,
      requests: number,
      listedAt?: number,
      asked = byName,
    ): Reading<EcsView> =>
      known({
        containerInstance,
        tasks,
        isListed: true,
        ...(listedAt === undefined ? {} : { listedAt }),
        describedAt: at,
        requests,
        heard,
        own,
        ...goneAmong(asked, tasks, own),
        ...((unlisted > 0 || options.isToldElsewhere()) && { hasUnlisted: true }),
        ...(drainingSince !== undefined && { drainingSince }),
      });

    if (located.kind !== 'registered') {
      const tasks = located.kind === 'gone' ? await stillThere(located, own, last, byName) : [];
      const isStill = heard !== undefined || (await isStillThere(where.value, last));
      return isStill
        ? viewOf(containerInstanceAt(located), known(tasks), 0)
        : unknown('this host was looked for in its clusters at different times; asking once more');
    }
    const { cluster, arn, status, taskCount } = located;
    noteCount(taskCount);
    drainingSince = status === 'DRAINING' ? (drainingSince ?? options.now()) : undefined;
    const containerInstance = registeredAt(located);
    if (status === 'ACTIVE' && !options.listsWhileActive) {
      const listed = isForStop ? await listActive(located, byName, own) : undefined;
      if (listed) {
        const asked = byName.filter((arn) => listed.asked.has(arn));
        return viewOf(containerInstance, known(listed.tasks), listed.requests, listed.at, asked);
      }
      return viewOf(containerInstance, unknown('they are listed once the container instance is DRAINING'), 2);
    }
    let listed: Awaited<ReturnType<Ecs['listTasks']>>;
    try {
      listed = await ecs.listTasks(cluster, arn, lists);
    } catch (error) {
      if (!last || !isForStop || !(error instanceof AwsError)) throw error;
      const left = isThere(containerInstance, last) ? await describeKnown(cluster, last, byName) : [];
      // The tasks that are known already are asked to stop at least.
      if (left.length === 0) throw error;
      const tasks = known(left);
      const gone = goneAmong(byName, tasks, own);
      return known({ ...last, isListed: false, describedAt: at, heard, own, tasks, ...gone });
    }
    const { arns, requests } = listed;
    const listedAt = options.now();
    // ECS forgets a stopped task after an hour, and a drain can last for days: forget them too.
    const isNamed = new Set([...arns, ...byName]);
    for (const noted of [stopped, shown, listedHere, tasksDescribedAt])
      for (const one of noted.keys()) if (!isNamed.has(one)) noted.delete(one);
    const tasks = await describeLeft(cluster, arns, byName, own);
    // While this view's requests waited, somebody may have set the instance ACTIVE, and a task may have come that neither list has.
    const isLong = options.isReplacing() && options.now() - describedAt > LONG_MS;
    const mustBeSame = (isResumed || isLong) && tasks.length === 0;
    if (mustBeSame && !(await isStill(containerInstance)))
      return unknown('the container instance has changed while its tasks were listed');
    // No count tells of a task that came since the lists and is stopping by now: where the host is silent, only another list does.
    const isOld = isResumed || options.now() - listedAt > LONG_MS;
    if (mustBeSame && heard === undefined && isOld) {
      const again = await ecs.listTasks(cluster, arn);
      const left = await describeLeft(cluster, again.arns, byName, own);
      if (left.length > 0) return viewOf(containerInstance, known(left), again.requests, options.now());
    }
    if (mustBeSame && heard === undefined && !(await isStillThere(where.value, last)))
      return unknown('this host may have registered anew while its tasks were listed; asking once more');
    // Those that were counted before are listed, and have ended since: they are not counted any more.
    const isCountedAnew = mustBeSame && arns.length >= taskCount;
    return viewOf(containerInstance, countedToo(tasks, isCountedAnew ? 0 : taskCount), requests, listedAt);
  }

  /** The tasks of an ACTIVE one, which are to be asked to stop; undefined if ECS fails to tell, since DRAINING does not wait for them. */
  async function listActive(
    { cluster, arn }: Extract<Located, { kind: 'registered' }>,
    byName: readonly string[],
    own: readonly Registration[],
  ): Promise<ListedActive | undefined> {
    const before = active?.arn === arn ? active : undefined;
    if (before && countsStill(before, byName)) return before;
    try {
      const isRead = undescribed?.arn === arn && options.now() - undescribed.at < RESUME_MS;
      const list = isRead && undescribed ? undescribed : await listRunning(cluster, arn);
      undescribed = list;
      const { arns, ...listed } = list;
      const tasks = await describeLeft(cluster, arns, byName, own);
      undescribed = undefined;
      active = { ...listed, tasks, asked: new Set([...arns, ...byName]) };
      // That none is left this list cannot say.
      return tasks.length > 0 ? active : undefined;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return before && options.now() - before.at < LONGEST_ACTIVE_MS ? before : undefined;
    }
  }

  async function listRunning(cluster: string, arn: string): Promise<Listed> {
    // Those that were asked to stop need not be asked again, and the list of those that have stopped can take many requests.
    const lists = noLists();
    lists.STOPPED.isWhole = true;
    const { arns, requests } = await ecs.listTasks(cluster, arn, lists);
    return { arn, arns, requests, at: options.now() };
  }

  /** If the host names a task that was not asked about, more may have been placed here. */
  const countsStill = ({ tasks, asked, requests, at }: ListedActive, byName: readonly string[]): boolean =>
    tasks.length > 0 &&
    options.now() - at < activeListInterval(requests) &&
    byName.every((arn) => asked.has(arn));

  async function isStill({ cluster, arn, status }: Registered): Promise<boolean> {
    const [still] = await ecs.describe(cluster, [arn]);
    const isOurs = still?.kind === 'found' && still.ec2InstanceId === options.instanceId;
    if (isOurs) noteCount(still.taskCount);
    return isOurs && still.status === status && still.taskCount === 0;
  }

  /**
   * The tasks that were left when ECS let go of the container instance. If it is not known which those were, also the tasks that
   * ECS still lists there. AWS does not document that it lists any, so if it refuses, the other tasks must do.
   */
  async function stillThere(
    { cluster, arn, isForgotten }: Extract<Located, { kind: 'gone' }>,
    own: readonly Registration[],
    last: EcsView | undefined,
    byName: readonly string[],
  ): Promise<readonly Task[]> {
    const before = last && ifKnown(last.tasks);
    const listed =
      before || isForgotten ? [] : (await ecs.listTasks(cluster, arn).catch(nothingIfRefused)).arns;
    return describeLeft(cluster, listed, [...(before ?? []).map((task) => task.arn), ...byName], own);
  }

  /**
   * The tasks that ECS does not call STOPPED: those that it lists here, and those asked for by name that it does not place on
   * another container instance. If ECS lists a task, or has just listed or described it, and cannot describe it now, the task
   * does not count as gone.
   */
  async function describeLeft(
    cluster: string,
    listed: readonly string[],
    byName: readonly string[],
    own: readonly Registration[],
  ): Promise<readonly Task[]> {
    const asked = [...new Set([...listed, ...askable(byName, own)])].filter((arn) => !stopped.has(arn));
    const found = asked.length > 0 ? await ecs.describeTasks(cluster, asked) : [];
    const isListed = new Set(listed);
    const askedAt = options.now();
    for (const arn of listed) listedHere.set(arn, askedAt);
    const isHere = (task: Task) =>
      listedHere.has(task.arn) ||
      task.containerInstanceArn === undefined ||
      own.some((one) => one.containerInstanceArn === task.containerInstanceArn);
    for (const task of found) noteDescribed(task, isHere(task));
    const described = new Set(found.map(({ arn }) => arn));
    const now = options.now();
    const undescribed = asked.filter((arn) => {
      const at = Math.max(tasksDescribedAt.get(arn) ?? -Infinity, listedHere.get(arn) ?? -Infinity);
      const wasJustThere = now - at < CONTRADICTION_MS;
      return !described.has(arn) && (isListed.has(arn) || wasJustThere);
    });
    for (const { arn } of found) tasksDescribedAt.set(arn, now);
    return [
      ...found.filter((task) => !hasEnded(task) && isHere(task)),
      ...undescribed.map((arn) => ({ arn, group: '', lastStatus: UNDESCRIBED, desiredStatus: UNDESCRIBED })),
    ];
  }

  /**
   * The tasks that were asked for by name and are not left: ECS calls them gone, or places them on another instance, or cannot be
   * asked about them.
   */
  function goneAmong(
    byName: readonly string[],
    tasks: Reading<readonly Task[]>,
    own: readonly Registration[],
  ): Pick<EcsView, 'gone' | 'missing'> {
    if (tasks.kind === 'unknown') return { gone: [] };
    const left = new Set(tasks.value.map(({ arn }) => arn));
    const gone = byName.filter((arn) => !left.has(arn));
    const missing = askable(gone, own).filter((arn) => !stopped.has(arn) && !tasksDescribedAt.has(arn));
    return missing.length > 0 ? { gone, missing } : { gone };
  }

  function noteCount(taskCount: number): void {
    unlisted = Math.max(unlisted, taskCount - shown.size);
  }

  /** One that is to stop is not counted any more: it need not be the one that was. */
  function noteDescribed(task: Task, isHere: boolean): void {
    if (hasEnded(task)) stopped.add(task.arn);
    if (hasEnded(task) || task.desiredStatus === 'STOPPED') {
      shown.delete(task.arn);
    } else if (isHere && !shown.has(task.arn)) {
      shown.add(task.arn);
      unlisted = Math.max(0, unlisted - 1);
    }
  }

  /** Undefined if a full view is needed. */
  async function quick(last: EcsView, heard: string | undefined, byName: readonly string[]) {
    const { containerInstance, own } = last;
    if (containerInstance.kind !== 'registered' || !isSame(containerInstance, last, heard)) return undefined;
    const left = await describeKnown(containerInstance.cluster, last, byName);
    if (left.length === 0) return undefined;
    return known({
      ...last,
      isListed: false,
      heard,
      own,
      tasks: known(left),
      ...goneAmong(byName, known(left), own),
    });
  }

  /**
   * Once the drain is over, neither what the ECS agent names nor the tasks here are a reason to keep the instance DRAINING. If
   * the host has several container instances, the one that was set DRAINING is given back.
   */
  async function givenBack(last: EcsView | undefined): Promise<Reading<EcsView>> {
    const describedAt = options.now();
    const where = await locate(undefined, letGoIn(last), 'give-back');
    if (where.kind === 'unknown') return where;
    return known({
      containerInstance: containerInstanceAt(where.value.located),
      tasks: unknown('the drain is over'),
      isListed: false,
      describedAt,
      requests: 2,
      heard: undefined,
      own: where.value.own,
      gone: [],
    });
  }

  /**
   * Reads whether the container instance is unchanged in ECS, and the state of the known tasks. Tasks that were placed since are
   * left to a full view.
   */
  async function check(said: Registration | undefined, last: EcsView, byName: readonly string[]) {
    const before = last.containerInstance;
    const heard = said?.containerInstanceArn;
    if (before.kind !== 'registered' || !isSame(before, last, heard)) return undefined;
    const describedAt = options.now();
    const where = await locate(said);
    if (where.kind === 'unknown') return where;
    const { located, own } = where.value;
    if (located.kind !== 'registered' || located.arn !== before.arn || located.status !== before.status)
      return undefined;
    noteCount(located.taskCount);
    const left = await describeKnown(before.cluster, last, byName);
    const tasks = left.length > 0 ? known(left) : unknown(NOT_LISTED);
    return known({
      ...last,
      isListed: false,
      describedAt,
      heard,
      own,
      tasks,
      ...goneAmong(byName, tasks, own),
    });
  }

  /**
   * Reads whether the container instance is unchanged since it was listed without a task, and ECS still counts none: then none
   * was placed since. Only for a host that is heard: else a list of this host waits for its turn, and the description is older.
   */
  async function confirm(said: Registration | undefined, last: EcsView) {
    const before = last.containerInstance;
    // ECS counts no task that is stopping: where the host does not tell of those either, only a list does.
    if (before.kind !== 'registered' || !said || said.containerInstanceArn !== last.heard) return undefined;
    const askedAt = options.now();
    const { located, own = [] } = ifKnown(await locate(said)) ?? {};
    if (located?.kind !== 'registered' || located.arn !== before.arn || located.status !== before.status)
      return undefined;
    if (located.taskCount > 0 || located.newer !== undefined) return undefined;
    return known({ ...last, describedAt: askedAt, own });
  }

  /**
   * Describes the tasks of the last view. If ECS listed one that it could not describe, only another list can tell: then none is
   * described.
   */
  async function describeKnown(
    cluster: string,
    { tasks, own }: EcsView,
    byName: readonly string[],
  ): Promise<readonly Task[]> {
    const before = ifKnown(tasks) ?? [];
    if (before.some(({ lastStatus }) => lastStatus === UNDESCRIBED)) return [];
    return describeLeft(cluster, [], [...before.map((task) => task.arn), ...byName], own);
  }

  return async (kind, last, byName = []) => {
    if (kind === 'given-back') return givenBack(last);
    const said = ifKnown(await ecsAgent.registration());
    const lighter =
      kind === 'full' || kind === 'all' || !last
        ? undefined
        : kind === 'quick'
          ? await quick(last, said?.containerInstanceArn, byName)
          : kind === 'confirm'
            ? await confirm(said, last)
            : await check(said, last, byName);
    if (lighter) return lighter;
    return full(said, last, byName, kind === 'all');
  };
}

function isSamePlace(a: Located, b: Located): boolean {
  if (a.kind === 'registered')
    return (
      b.kind === a.kind &&
      a.arn === b.arn &&
      a.newer === b.newer &&
      a.status === b.status &&
      b.taskCount === 0
    );
  return (
    a.kind === b.kind && (a.kind === 'never-registered' || (b.kind !== 'never-registered' && a.arn === b.arn))
  );
}

function containerInstanceAt(located: Located): ContainerInstance {
  switch (located.kind) {
    case 'registered':
      return registeredAt(located);
    case 'gone':
      return { kind: 'deregistered', arn: located.arn };
    case 'never-registered':
      return located;
  }
}

function registeredAt(located: Extract<Located, { kind: 'registered' }>): Registered {
  const { cluster, arn, status, agentConnected, newer } = located;
  const renewed = newer === undefined ? {} : { newer };
  return { kind: 'registered', cluster, arn, status, agentConnected, ...renewed };
}

/** What a full view had read when it was throttled. */
type Begun = {
  /** When it was begun, in ms by the agent's clock. */
  readonly at: number;
  readonly heard: string | undefined;
  readonly where: Reading<Whereabouts>;
  readonly lists: BegunLists;
};

/** What ECS has listed on a container instance that was ACTIVE. */
type Listed = {
  readonly arn: string;
  readonly arns: readonly string[];
  readonly requests: number;
  /** When, in ms by the agent's clock. */
  readonly at: number;
};

/** … and what it said of these tasks. */
type ListedActive = Omit<Listed, 'arns'> & {
  readonly tasks: readonly Task[];
  /** The ARNs of all that ECS was asked about. */
  readonly asked: ReadonlySet<string>;
};

/** A throttled view that was begun longer ago than this, in ms, begins anew. */
const RESUME_MS = 20_000;
/**
 * … but this long if the ECS agent still names the container instance with which the view began. In a fleet that asks more than
 * ECS answers, each instance has its turn once a minute: if views began anew in the meantime, they would take all answers from
 * one another, and none would ever be complete.
 */
const RESUME_HEARD_MS = 600_000;
/**
 * … and this long if the instance is given tasks meanwhile: the view could then let it leave its cluster with some left. This
 * still gives each instance at least two turns.
 */
const RESUME_ACTIVE_MS = 120_000;
/** If the instance stays in its cluster, a view that takes longer than this, in ms, asks at its end whether anything has changed. */
const LONG_MS = 500;
/** If nothing on the host says where it is, all that says that it is nowhere must have been answered within this time, in ms. */
const LONG_LISTED_MS = 5_500;
/** If lists of an ACTIVE container instance fail, the ones before count for so long, in ms: those tasks are asked to stop at least. */
const LONGEST_ACTIVE_MS = 60_000;
const NOT_LISTED = 'they are listed once the host has none';

const isRegistered = (where: Reading<Whereabouts>): boolean => ifKnown(where)?.located.kind === 'registered';

const letGoIn = (last: EcsView | undefined): string | undefined =>
  last?.containerInstance.kind === 'deregistered' ? last.containerInstance.arn : undefined;

const isThere = ({ arn, status }: Registered, { containerInstance: last }: EcsView): boolean =>
  last.kind === 'registered' && last.arn === arn && last.status === status;

/** Whether the ECS agent is silent, or names the same container instance as ECS, or as at the last view. */
const isSame = ({ arn }: Registered, last: EcsView, heard: string | undefined): boolean =>
  heard === undefined || heard === arn || heard === last.heard;

/** Stands for the status of a task that ECS lists but cannot describe. */
const UNDESCRIBED = 'UNKNOWN';

/** ECS's own count may veto an empty list but never replaces one: the two can disagree for minutes. */
function countedToo(tasks: readonly Task[], count: number): Reading<readonly Task[]> {
  return tasks.length === 0 && count > 0
    ? unknown(`ECS counts ${count} tasks on the container instance, and lists none`)
    : known(tasks);
}

/** DescribeTasks accepts no other lengths: "taskId length should be one of [32,36]". */
const ID_LENGTHS = new Set([32, 36]);

/**
 * The tasks that ECS can be asked about: those of the account, the Region and a cluster in which ECS has said that this host is.
 * A task of another cluster, or with an invalid id, would make the whole request fail, so for such a task only the host's word
 * counts.
 */
function askable(arns: readonly string[], own: readonly Registration[]): readonly string[] {
  const places = own.map(({ cluster, containerInstanceArn }) => {
    const { partition, region, account, cluster: named } = parseEcsArn(containerInstanceArn) ?? {};
    return { partition, region, account, cluster: named ?? clusterName(cluster) };
  });
  return arns.filter((arn) => {
    const task = parseEcsArn(arn);
    return places.some(
      (place) =>
        task?.kind === 'task' &&
        ID_LENGTHS.has(task.id.length) &&
        task.partition === place.partition &&
        task.region === place.region &&
        task.account === place.account &&
        (task.cluster === undefined || task.cluster === place.cluster),
    );
  });
}

function nothingIfRefused(error: unknown): { readonly arns: readonly string[] } {
  if (error instanceof AwsError && error.kind === 'rejected') return { arns: [] };
  throw error;
}
