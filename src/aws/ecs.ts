import type { Task as EcsTask } from '@aws-sdk/client-ecs';
import { parseEcsArn } from '../base/arn.ts';
import type { Caller } from './call.ts';
import { AwsError, isTasksRunning } from './errors.ts';
import type { Operation } from './operations.ts';

/** ECS DescribeTasks takes this many tasks at a time (API reference, DescribeTasks). */
const DESCRIBE_TASKS_LIMIT = 100;

/** A container instance as ECS describes it. */
export type Described =
  | { readonly kind: 'found'; readonly status: string; readonly ec2InstanceId: string }
  /** ECS does not know it, or no longer: it forgets an `INACTIVE` one after about an hour. */
  | { readonly kind: 'missing' };

export type Task = {
  readonly arn: string;
  /** As ECS names it: `family:x` or `service:y`. */
  readonly group: string;
  readonly lastStatus: string;
  readonly desiredStatus: string;
  readonly containerInstanceArn?: string | undefined;
  readonly startedBy?: string | undefined;
  /** When it was created, in ms since the Unix epoch. */
  readonly createdAt?: number | undefined;
};

/** The ECS calls we make, for one container instance at a time. Each rejects with an `AwsError`. */
export type Ecs = {
  /** The ARNs of the container instances as which the EC2 instance is registered: as a rule one. */
  find(cluster: string, instanceId: string): Promise<readonly string[]>;
  describe(cluster: string, arn: string): Promise<Described>;
  /** The ARNs of all its tasks, those that were asked to stop included, and in how many pages they came. */
  listTasks(cluster: string, arn: string): Promise<{ arns: readonly string[]; requests: number }>;
  /** Describes tasks by ARN, each in the cluster that its ARN names. One that ECS cannot find is left out. */
  describeTasks(cluster: string, arns: readonly string[]): Promise<readonly Task[]>;
  setStatus(cluster: string, arn: string, status: 'ACTIVE' | 'DRAINING'): Promise<void>;
  /** Never by force. `tasks-running`: ECS refused, because tasks still run. */
  deregister(cluster: string, arn: string): Promise<'deregistered' | 'tasks-running'>;
  stopTask(cluster: string, arn: string, reason: string, options: { urgent: boolean }): Promise<void>;
};

export function createEcs(call: Caller): Ecs {
  return {
    find: async (cluster, instanceId) => {
      const filter = `ec2InstanceId == ${instanceId}`;
      const found: string[] = [];
      let nextToken: string | undefined;
      // The filter is applied to each page: an empty one can be followed by the one that matters.
      do {
        const operation = 'ecs:ListContainerInstances';
        const answer = await call(operation, { cluster, filter, nextToken });
        found.push(...present(operation, 'containerInstanceArns', answer.containerInstanceArns));
        nextToken = answer.nextToken || undefined;
      } while (nextToken);
      return found;
    },

    describe: async (cluster, arn) => {
      const operation = 'ecs:DescribeContainerInstances';
      const { containerInstances, failures } = await call(operation, { cluster, containerInstances: [arn] });
      const found = containerInstances?.find(({ containerInstanceArn }) => containerInstanceArn === arn);
      if (found?.status && found.ec2InstanceId) {
        return { kind: 'found', status: found.status, ec2InstanceId: found.ec2InstanceId };
      }
      if (failures?.some(({ reason }) => reason === 'MISSING')) return { kind: 'missing' };
      throw incomplete(
        operation,
        failures?.[0]?.reason ?? 'it names neither the container instance nor a failure',
      );
    },

    listTasks: async (cluster, arn) => {
      const arns = new Set<string>();
      let requests = 0;
      // The default list hides a task that was asked to stop and still runs.
      for (const desiredStatus of ['RUNNING', 'STOPPED'] as const) {
        let nextToken: string | undefined;
        do {
          const answer = await call('ecs:ListTasks', {
            cluster,
            containerInstance: arn,
            desiredStatus,
            nextToken,
          });
          for (const task of present('ecs:ListTasks', 'taskArns', answer.taskArns)) arns.add(task);
          nextToken = answer.nextToken || undefined;
          requests++;
        } while (nextToken);
      }
      return { arns: [...arns], requests };
    },

    describeTasks: async (cluster, arns) => {
      const found: Task[] = [];
      for (const [owner, own] of Map.groupBy(arns, (arn) => clusterOf(arn) ?? cluster)) {
        for (let start = 0; start < own.length; start += DESCRIBE_TASKS_LIMIT) {
          const asked = own.slice(start, start + DESCRIBE_TASKS_LIMIT);
          const { tasks, failures } = await call('ecs:DescribeTasks', { cluster: owner, tasks: asked });
          const answered = present('ecs:DescribeTasks', 'tasks', tasks).length + (failures?.length ?? 0);
          if (answered < asked.length)
            throw incomplete('ecs:DescribeTasks', `${asked.length} tasks asked for, ${answered} answered`);
          found.push(...(tasks ?? []).map(toTask));
        }
      }
      return found;
    },

    setStatus: async (cluster, arn, status) => {
      const operation = 'ecs:UpdateContainerInstancesState';
      const { failures } = await call(operation, { cluster, containerInstances: [arn], status });
      const [failure] = failures ?? [];
      if (failure) {
        const reason = `${failure.reason}${failure.detail ? `: ${failure.detail}` : ''}`;
        throw new AwsError(
          operation,
          'rejected',
          failure.reason ?? 'Failure',
          `calling ${operation}: ${reason}`,
        );
      }
    },

    deregister: async (cluster, arn) => {
      try {
        const operation = 'ecs:DeregisterContainerInstance';
        const { containerInstance } = await call(operation, {
          cluster,
          containerInstance: arn,
          force: false,
        });
        if (!containerInstance) throw incomplete(operation, 'it has no containerInstance');
      } catch (error) {
        if (isTasksRunning(error)) return 'tasks-running';
        throw error;
      }
      return 'deregistered';
    },

    stopTask: async (cluster, arn, reason, { urgent }) => {
      const owner = clusterOf(arn) ?? cluster;
      await call(
        'ecs:StopTask',
        { cluster: owner, task: arn, reason },
        urgent ? { urgent, attempts: 2 } : {},
      );
    },
  };
}

/**
 * The cluster that a task's ARN names; undefined in one of the old format, which names none. ECS refuses an ARN of
 * another cluster than the one asked, and a host that was registered anew can have tasks of two.
 */
const clusterOf = (taskArn: string) => parseEcsArn(taskArn)?.cluster;

function toTask(task: EcsTask): Task {
  return {
    arn: task.taskArn ?? '',
    group: task.group ?? '',
    lastStatus: task.lastStatus ?? 'UNKNOWN',
    desiredStatus: task.desiredStatus ?? 'UNKNOWN',
    containerInstanceArn: task.containerInstanceArn,
    startedBy: task.startedBy,
    createdAt: task.createdAt?.getTime(),
  };
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
