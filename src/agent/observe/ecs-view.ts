import type { Ecs, Task } from '../../aws/ecs.ts';
import { AwsError } from '../../aws/errors.ts';
import { clusterName, parseEcsArn } from '../../base/arn.ts';
import { ifKnown, known, type Reading, unknown } from '../../base/reading.ts';
import type { EcsAgent, Registration } from '../../host/ecs-agent.ts';
import type { ContainerInstance, EcsView } from '../model.ts';
import type { Locate, Located } from './locate.ts';

export type EcsViewPorts = {
  readonly ecs: Pick<Ecs, 'describe' | 'listTasks' | 'describeTasks'>;
  readonly ecsAgent: Pick<EcsAgent, 'registration'>;
  readonly locate: Locate;
  /** Our own, from instance metadata. */
  readonly instanceId: string;
  /** In ms by the agent's clock. */
  readonly now: () => number;
  /** Whether the tasks are of interest while new ones can still be placed: in mode `deregister`, and in a dry run. */
  readonly listsWhileActive: boolean;
};

/**
 * Looks at ECS. `full` reads everything; `quick` only how the tasks of the last view are doing. Either asks after the
 * tasks `byName` as well, by ARN, whatever ECS lists. Rejects with an AwsError where ECS does not answer.
 */
export type ReadEcsView = (
  kind: 'full' | 'quick',
  last: EcsView | undefined,
  byName?: readonly string[],
) => Promise<Reading<EcsView>>;

/** One for each drain. */
export function createEcsView({ ecs, ecsAgent, locate, ...options }: EcsViewPorts): ReadEcsView {
  // A task that is STOPPED stays so: it is never described again, though ECS lists it for another hour.
  const stopped = new Set<string>();
  /** Those that ECS has listed here. */
  const listedHere = new Set<string>();
  /** When ECS last described each of the others. */
  const describedAt = new Map<string, number>();

  async function full(said: Registration | undefined, last: EcsView | undefined, byName: readonly string[]) {
    const letGo = last?.containerInstance.kind === 'deregistered' ? last.containerInstance.arn : undefined;
    const where = await locate(said, letGo);
    if (where.kind === 'unknown') return where;
    const { located, own } = where.value;
    const heard = said?.containerInstanceArn;
    const viewOf = (
      containerInstance: ContainerInstance,
      tasks: Reading<readonly Task[]>,
      requests: number,
    ): Reading<EcsView> =>
      known({
        containerInstance,
        tasks,
        isListed: true,
        requests,
        heard,
        own,
        gone: notAmong(byName, tasks),
      });

    if (located.kind === 'never-registered') return viewOf(located, known([]), 0);
    if (located.kind === 'gone') {
      const tasks = await stillThere(located, own, last, byName);
      return viewOf({ kind: 'deregistered', arn: located.arn }, known(tasks), 0);
    }
    const { cluster, arn, status, taskCount } = located;
    const containerInstance = { kind: 'registered', cluster, arn, status } as const;
    if (status === 'ACTIVE' && !options.listsWhileActive)
      return viewOf(containerInstance, unknown('they are listed once the container instance is DRAINING'), 2);
    const { arns, requests } = await ecs.listTasks(cluster, arn);
    // ECS forgets what has stopped after an hour, and a drain can last for days.
    const isNamed = new Set([...arns, ...byName]);
    for (const noted of [stopped, listedHere, describedAt])
      for (const one of noted.keys()) if (!isNamed.has(one)) noted.delete(one);
    const tasks = await describeLeft(cluster, arns, byName, own);
    return viewOf(containerInstance, countedToo(tasks, taskCount), requests);
  }

  /**
   * What was left when ECS let go of the container instance. Where nothing says what that was, also what ECS lists there
   * all the same: nothing documents that it does, and where it refuses to, the rest must do.
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
   * The tasks that ECS has not STOPPED: of those that it lists here, and of those asked after by name that it does not
   * place on another container instance. What it lists, or has just described, and cannot describe now is not gone.
   */
  async function describeLeft(
    cluster: string,
    listed: readonly string[],
    byName: readonly string[],
    own: readonly Registration[],
  ): Promise<readonly Task[]> {
    const asked = [...new Set([...listed, ...askable(byName, own)])].filter((arn) => !stopped.has(arn));
    const found = asked.length > 0 ? await ecs.describeTasks(cluster, asked) : [];
    for (const { arn, lastStatus } of found) if (lastStatus === 'STOPPED') stopped.add(arn);
    const isListed = new Set(listed);
    for (const arn of listed) listedHere.add(arn);
    const isHere = (task: Task) =>
      listedHere.has(task.arn) ||
      task.containerInstanceArn === undefined ||
      own.some((one) => one.containerInstanceArn === task.containerInstanceArn);
    const described = new Set(found.map(({ arn }) => arn));
    const now = options.now();
    const undescribed = asked.filter((arn) => {
      const at = describedAt.get(arn);
      const wasJustThere = at !== undefined && now - at < CONTRADICTION_MS;
      return !described.has(arn) && (isListed.has(arn) || wasJustThere);
    });
    for (const { arn } of found) describedAt.set(arn, now);
    return [
      ...found.filter((task) => task.lastStatus !== 'STOPPED' && isHere(task)),
      ...undescribed.map((arn) => ({ arn, group: '', lastStatus: UNDESCRIBED, desiredStatus: UNDESCRIBED })),
    ];
  }

  async function quick(last: EcsView, heard: string | undefined, byName: readonly string[]) {
    const { containerInstance, tasks, own } = last;
    if (containerInstance.kind !== 'registered' || tasks.kind !== 'known') return undefined;
    const { cluster, arn, status } = containerInstance;
    if (heard !== undefined && heard !== arn && heard !== last.heard) return undefined;
    // What ECS listed and could not describe can only be told by another list.
    if (tasks.value.some(({ lastStatus }) => lastStatus === UNDESCRIBED)) return undefined;
    const before = tasks.value.map((task) => task.arn);
    const left = await describeLeft(cluster, [], [...before, ...byName], own);
    const view = { ...last, isListed: false, heard, tasks: known(left), gone: notAmong(byName, known(left)) };
    if (left.length > 0) return known(view);
    // Listed while it was DRAINING, those were all the tasks there can be, unless somebody has set it ACTIVE since.
    // Listing them again would take as many requests as they have pages, from a budget that may be used up.
    if (status !== 'DRAINING') return undefined;
    const [still] = await ecs.describe(cluster, [arn]);
    const isStill =
      still?.kind === 'found' &&
      still.ec2InstanceId === options.instanceId &&
      still.status === status &&
      still.taskCount === 0;
    return isStill ? known(view) : undefined;
  }

  return async (kind, last, byName = []) => {
    const said = ifKnown(await ecsAgent.registration());
    const quickly =
      kind === 'quick' && last ? await quick(last, said?.containerInstanceArn, byName) : undefined;
    return quickly ?? (await full(said, last, byName));
  };
}

/** One answer that ECS does not know a task that it has just described is not believed for this long, in ms. */
const CONTRADICTION_MS = 30_000;
/** In place of a status, where ECS lists a task and cannot describe it. */
const UNDESCRIBED = 'UNKNOWN';

/** ECS's own count may veto an empty list, and never stands for one: the two can disagree for minutes. */
function countedToo(tasks: readonly Task[], count: number): Reading<readonly Task[]> {
  return tasks.length === 0 && count > 0
    ? unknown(`ECS counts ${count} tasks on the container instance, and lists none`)
    : known(tasks);
}

/** DescribeTasks takes no other: "taskId length should be one of [32,36]". */
const ID_LENGTHS = new Set([32, 36]);

/**
 * The tasks that ECS can be asked about: of the account, the Region and a cluster in which ECS has said that this host is.
 * One of another cluster, or with an id that is none, makes the whole question fail, and the host's word is all there is on it.
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

/** What was asked after by name and is not left: ECS calls it gone, or another instance's, or cannot be asked. */
function notAmong(byName: readonly string[], tasks: Reading<readonly Task[]>): readonly string[] {
  if (tasks.kind === 'unknown') return [];
  const left = new Set(tasks.value.map(({ arn }) => arn));
  return byName.filter((arn) => !left.has(arn));
}

function nothingIfRefused(error: unknown): { readonly arns: readonly string[] } {
  if (error instanceof AwsError && error.kind === 'rejected') return { arns: [] };
  throw error;
}
