import type { ContainerInstance, Task as EcsTask, Failure } from '@aws-sdk/client-ecs';
import { parseEcsArn } from '../base/arn.ts';
import { timeOfDate } from '../base/clock.ts';
import type { Caller, Withdrawable } from './call.ts';
import { AwsError, isNoCluster, isTasksRunning } from './errors.ts';
import type { Operation } from './operations.ts';

/** ECS describes this many at a time (API reference, DescribeTasks and DescribeContainerInstances). */
const DESCRIBE_LIMIT = 100;

/** A container instance as ECS describes it. */
export type Described =
  | {
      readonly kind: 'found';
      readonly arn: string;
      readonly status: string;
      readonly ec2InstanceId: string;
      /** Whether its ECS agent is connected to ECS. */
      readonly agentConnected: boolean;
      /** In ms since the Unix epoch. */
      readonly registeredAt?: number | undefined;
      /** Tasks that ECS counts as running or pending there; those on their way down are not among them. */
      readonly taskCount: number;
    }
  /** ECS does not know it, not yet, or no longer: it forgets an `INACTIVE` one after about an hour. */
  | { readonly kind: 'missing'; readonly arn: string };

export type Task = {
  readonly arn: string;
  /** As ECS names it: `family:x` or `service:y`. */
  readonly group: string;
  readonly lastStatus: string;
  readonly desiredStatus: string;
  readonly containerInstanceArn?: string | undefined;
  readonly startedBy?: string | undefined;
  /** Of its task definition, without the revision. */
  readonly family?: string | undefined;
  /** When it was created, in ms since the Unix epoch. */
  readonly createdAt?: number | undefined;
};

/** The ECS calls we make, for one container instance at a time. Each rejects with an `AwsError`. */
export type Ecs = {
  /** The ARNs of the container instances as which the EC2 instance is registered: as a rule one. */
  find(cluster: string, instanceId: string): Promise<readonly string[]>;
  /** What each of these container instances is, in the order of `arns`. One request for each hundred. */
  describe(cluster: string, arns: readonly string[]): Promise<readonly Described[]>;
  /**
   * The ARNs of all its tasks, those that were asked to stop included, and in how many pages they came.
   *
   * @param begun the pages of an earlier try that failed: it goes on after them, and notes there what comes
   */
  listTasks(
    cluster: string,
    arn: string,
    begun?: BegunLists,
  ): Promise<{ arns: readonly string[]; requests: number }>;
  /** Describes tasks by ARN, each in the cluster that its ARN names. One that ECS does not know is left out. */
  describeTasks(cluster: string, arns: readonly string[]): Promise<readonly Task[]>;
  setStatus(
    cluster: string,
    arn: string,
    status: 'ACTIVE' | 'DRAINING',
    options?: Withdrawable,
  ): Promise<void>;
  /** Never by force. `tasks-running`: ECS refused, because tasks still run. */
  deregister(cluster: string, arn: string, options?: Withdrawable): Promise<'deregistered' | 'tasks-running'>;
  stopTask(cluster: string, arn: string, reason: string, options: StopTaskOptions): Promise<void>;
};

/** What two lists have brought so far, page by page. */
export type BegunLists = { readonly RUNNING: Pages; readonly STOPPED: Pages };

type Pages = {
  readonly arns: Set<string>;
  requests: number;
  nextToken: string | undefined;
  isWhole: boolean;
};

const noPages = (): Pages => ({ arns: new Set(), requests: 0, nextToken: undefined, isWhole: false });

export const noLists = (): BegunLists => ({ RUNNING: noPages(), STOPPED: noPages() });

export type StopTaskOptions = Withdrawable & { readonly urgent: boolean };

export function createEcs(call: Caller): Ecs {
  return {
    find: async (cluster, instanceId) => {
      const operation = 'ecs:ListContainerInstances';
      const filter = `ec2InstanceId == ${instanceId}`;
      const pages = noPages();
      await readPages(operation, pages, async (nextToken) => {
        const answer = await call(operation, { cluster, filter, nextToken });
        return { ...answer, arns: present(operation, 'containerInstanceArns', answer.containerInstanceArns) };
      });
      return [...pages.arns];
    },

    describe: async (cluster, arns) => {
      const described: Described[] = [];
      for (const asked of inBatches(arns, DESCRIBE_LIMIT)) {
        const operation = 'ecs:DescribeContainerInstances';
        const { containerInstances, failures } = await call(operation, {
          cluster,
          containerInstances: [...asked],
        });
        for (const arn of asked) {
          const found = containerInstances?.find(({ containerInstanceArn }) => containerInstanceArn === arn);
          if (found) described.push(toDescribed(operation, arn, found));
          else if (isMissing(failures, arn)) described.push({ kind: 'missing', arn });
          else throw incomplete(operation, `it says nothing of ${arn}${reasonsIn(failures)}`);
        }
      }
      return described;
    },

    listTasks: async (cluster, arn, begun = noLists()) => {
      const operation = 'ecs:ListTasks';
      const list = (desiredStatus: 'RUNNING' | 'STOPPED') =>
        readPages(operation, begun[desiredStatus], async (nextToken) => {
          const answer = await call(operation, { cluster, containerInstance: arn, desiredStatus, nextToken });
          return { ...answer, arns: present(operation, 'taskArns', answer.taskArns) };
        });
      // In this order: a task that is asked to stop meanwhile is in both lists, or in the second.
      await list('RUNNING');
      // The default list hides a task that was asked to stop and still runs.
      await list('STOPPED');
      const { RUNNING: running, STOPPED: askedToStop } = begun;
      return {
        arns: [...new Set([...running.arns, ...askedToStop.arns])],
        requests: running.requests + askedToStop.requests,
      };
    },

    describeTasks: async (cluster, arns) => {
      const operation = 'ecs:DescribeTasks';
      const found: Task[] = [];
      for (const [owner, own] of Map.groupBy(arns, (arn) => parseEcsArn(arn)?.cluster ?? cluster)) {
        for (const asked of inBatches(own, DESCRIBE_LIMIT)) {
          const answer = await call(operation, { cluster: owner, tasks: [...asked] }).catch(
            nothingInNoCluster,
          );
          if (!answer) continue;
          const { tasks, failures } = answer;
          const answered = present(operation, 'tasks', tasks);
          for (const arn of asked) {
            const task = answered.find(({ taskArn }) => taskArn === arn);
            if (task) found.push(toTask(arn, task));
            // A task of which ECS says no more than that it failed to describe it is not gone.
            else if (!isMissing(failures, arn))
              throw incomplete(operation, `it says nothing of ${arn}${reasonsIn(failures)}`);
          }
        }
      }
      return found;
    },

    setStatus: async (cluster, arn, status, options) => {
      const operation = 'ecs:UpdateContainerInstancesState';
      const input = { cluster, containerInstances: [arn], status };
      const { containerInstances, failures } = await call(operation, input, options);
      const [failure] = Array.isArray(failures) ? failures : [];
      if (failure) {
        const reason = `${failure.reason}${failure.detail ? `: ${failure.detail}` : ''}`;
        throw new AwsError(
          operation,
          'rejected',
          failure.reason ?? 'Failure',
          `calling ${operation}: ${reason}`,
        );
      }
      const updated = present(operation, 'containerInstances', containerInstances);
      if (!updated.some(({ containerInstanceArn }) => containerInstanceArn === arn))
        throw incomplete(operation, 'it does not name the container instance');
    },

    deregister: async (cluster, arn, options) => {
      try {
        const operation = 'ecs:DeregisterContainerInstance';
        const input = { cluster, containerInstance: arn, force: false };
        const { containerInstance } = await call(operation, input, options);
        if (containerInstance?.containerInstanceArn !== arn)
          throw incomplete(operation, 'it does not name the container instance');
      } catch (error) {
        if (isTasksRunning(error)) return 'tasks-running';
        throw error;
      }
      return 'deregistered';
    },

    stopTask: async (cluster, arn, reason, { urgent, ...withdrawn }) => {
      const operation = 'ecs:StopTask';
      const input = { cluster: parseEcsArn(arn)?.cluster ?? cluster, task: arn, reason };
      const options = urgent ? { urgent, attempts: 2, ...withdrawn } : withdrawn;
      const { task } = await call(operation, input, options);
      if (task?.taskArn !== arn) throw incomplete(operation, 'it does not name the task');
    },
  };
}

function toDescribed(operation: Operation, arn: string, found: ContainerInstance): Described {
  const { status, ec2InstanceId, runningTasksCount, pendingTasksCount } = found;
  if (!status || !ec2InstanceId) throw incomplete(operation, `it gives no status or no instance of ${arn}`);
  // Taken for zero, it would let go of a host whose tasks are not listed yet.
  if (runningTasksCount === undefined || pendingTasksCount === undefined)
    throw incomplete(operation, `it does not count the tasks of ${arn}`);
  return {
    kind: 'found',
    arn,
    status,
    ec2InstanceId,
    agentConnected: found.agentConnected === true,
    ...(found.registeredAt && { registeredAt: timeOfDate(found.registeredAt) }),
    taskCount: runningTasksCount + pendingTasksCount,
  };
}

function toTask(arn: string, task: EcsTask): Task {
  return {
    arn,
    group: task.group ?? '',
    lastStatus: task.lastStatus ?? 'UNKNOWN',
    desiredStatus: task.desiredStatus ?? 'UNKNOWN',
    containerInstanceArn: task.containerInstanceArn,
    startedBy: task.startedBy,
    family: familyIn(task.taskDefinitionArn),
    createdAt: task.createdAt?.getTime(),
  };
}

/** `arn:aws:ecs:REGION:ACCOUNT:task-definition/FAMILY:REVISION`. */
function familyIn(taskDefinitionArn: string | undefined): string | undefined {
  return /:task-definition\/([A-Za-z0-9_-]{1,255}):\d+$/.exec(taskDefinitionArn ?? '')?.[1];
}

/** Whether ECS says of this one that it does not know it. Any other reason says nothing about it. */
const isMissing = (failures: readonly Failure[] | undefined, arn: string): boolean =>
  failures?.some((failure) => failure.arn === arn && failure.reason === 'MISSING') === true;

const reasonsIn = (failures: readonly Failure[] | undefined): string =>
  failures?.length ? ` (${[...new Set(failures.map(({ reason }) => reason))].slice(0, 3).join(', ')})` : '';

function inBatches(arns: readonly string[], size: number): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(arns.length / size) }, (_, index) =>
    arns.slice(index * size, (index + 1) * size),
  );
}

/** A page has a hundred entries, a cluster at most 5,000 container instances (ECS service quotas). */
const MAX_PAGES = 100;

/** A whole list, page by page: an empty page can be followed by the one that matters, as filters apply to each. */
async function readPages(
  operation: Operation,
  pages: Pages,
  ask: (
    nextToken: string | undefined,
  ) => Promise<{ arns: readonly string[]; nextToken?: string | undefined }>,
): Promise<void> {
  while (!pages.isWhole) {
    if (pages.requests === MAX_PAGES) throw incomplete(operation, `it has more than ${MAX_PAGES} pages`);
    const page = await ask(pages.nextToken);
    pages.requests++;
    for (const arn of page.arns) pages.arns.add(arn);
    pages.nextToken = page.nextToken || undefined;
    pages.isWhole = pages.nextToken === undefined;
  }
}

/** A cluster that was deleted has no tasks. */
function nothingInNoCluster(error: unknown): undefined {
  if (!isNoCluster(error)) throw error;
}

/** A list that the answer must have: its absence means a broken answer, never an empty list. */
function present<T>(operation: Operation, member: string, list: T[] | undefined): T[] {
  if (!Array.isArray(list)) throw incomplete(operation, `it has no ${member}`);
  return list;
}

const incomplete = (operation: Operation, what: string) =>
  new AwsError(
    operation,
    'transient',
    'IncompleteAnswer',
    `calling ${operation}: the answer is incomplete: ${what}`,
  );
