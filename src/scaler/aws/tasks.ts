import type * as Ecs from '@aws-sdk/client-ecs';
import type { Caller } from '../../aws/call.ts';
import { hasEnded } from '../../aws/task-status.ts';
import { timeOfDate } from '../../base/clock.ts';
import type { Task } from '../plan/model.ts';
import type { Operations } from './operations.ts';
import { gpusIn } from './task-definitions.ts';
import { inBatches, incomplete, readAll } from './whole.ts';

const DESCRIBE_LIMIT = 100;
/** For more container instances than these the lists of the whole cluster take fewer requests, of which others have need. */
const ASKED_EACH = 5;

/** A task with what is none of the plan's: its definition, the name by which it was started, and the capacity provider that places it. */
export type SeenTask = Task & {
  readonly definitionArn: string;
  readonly startedBy: string | undefined;
  readonly capacityProvider: string | undefined;
};

/** Reads the tasks of a cluster. What has STOPPED never changes again: it is described once. */
export type TaskReader = {
  /** All that ECS lists, those that were asked to stop and those that have stopped in the last hour included. */
  all(): Promise<readonly SeenTask[]>;
  /** All on these container instances. Rejects too where one runs by the list, and ECS does not describe it. */
  on(containerInstanceArns: readonly string[]): Promise<readonly SeenTask[]>;
};

/** Each rejects with an `AwsError`. */
export function createTaskReader(call: Caller<Operations>, cluster: string): TaskReader {
  let stopped = new Map<string, SeenTask>();
  const list = (desiredStatus: 'RUNNING' | 'STOPPED', containerInstance: string | undefined) =>
    readAll('ecs:ListTasks', 'taskArns', async (nextToken) => {
      const input = { cluster, desiredStatus, nextToken, ...(containerInstance && { containerInstance }) };
      const answer = await call('ecs:ListTasks', input);
      return { items: answer.taskArns, nextToken: answer.nextToken };
    });
  const read = async (containerInstance?: string) => {
    // In this order: a task that is asked to stop meanwhile is in both lists, or in the second.
    const running = await list('RUNNING', containerInstance);
    const arns = [...new Set([...running, ...(await list('STOPPED', containerInstance))])];
    const known = new Map(stopped);
    const found = await describe(arns.filter((arn) => !known.has(arn)));
    return { tasks: [...arns.flatMap((arn) => known.get(arn) ?? []), ...found], running };
  };
  const describe = async (arns: readonly string[]) => {
    const operation = 'ecs:DescribeTasks';
    const found: SeenTask[] = [];
    for (const asked of inBatches(arns, DESCRIBE_LIMIT)) {
      const { tasks, failures } = await call(operation, { cluster, tasks: [...asked] });
      if (!Array.isArray(tasks)) throw incomplete(operation, 'it has no tasks');
      for (const arn of asked) {
        const task = tasks.find(({ taskArn }) => taskArn === arn);
        if (task) found.push(toTask(operation, arn, task));
        else if (!failures?.some((failure) => failure.arn === arn && failure.reason === 'MISSING'))
          throw incomplete(operation, `it says nothing of ${arn}`);
      }
    }
    return found;
  };
  return {
    all: async () => {
      const { tasks } = await read();
      stopped = new Map(
        tasks.filter(({ lastStatus }) => lastStatus === 'STOPPED').map((task) => [task.arn, task]),
      );
      return tasks;
    },
    on: async (arns) => {
      const each = arns.length <= ASKED_EACH ? arns : [undefined];
      const tasks: SeenTask[] = [];
      const running: string[] = [];
      for (const arn of each) {
        const one = await read(arn);
        tasks.push(
          ...one.tasks.map((task) => ({ ...task, containerInstanceArn: arn ?? task.containerInstanceArn })),
        );
        running.push(...one.running);
      }
      const unknown = running.find((listed) => !tasks.some(({ arn }) => arn === listed));
      // A task can be MISSING for a while after it was started (ECS API reference, RunTask): that is no end of it.
      if (unknown !== undefined)
        throw incomplete('ecs:DescribeTasks', `it does not know ${unknown}, which runs`);
      return tasks.filter(({ containerInstanceArn: arn = '' }) => arns.includes(arn));
    },
  };
}

function toTask(operation: string, arn: string, task: Ecs.Task): SeenTask {
  const { lastStatus, group = '', taskDefinitionArn = '' } = task;
  if (!lastStatus) throw incomplete(operation, `it gives no status of ${arn}`);
  return {
    arn,
    containerInstanceArn: task.containerInstanceArn,
    family: /:task-definition\/([\w-]{1,255}):\d+$/.exec(taskDefinitionArn)?.[1] ?? '',
    group,
    kind: group.startsWith('service:') ? 'service' : 'standalone',
    lastStatus: hasEnded(task) ? 'STOPPED' : lastStatus,
    startedAt: timeOfDate(task.startedAt),
    stoppedAt: timeOfDate(task.stoppedAt),
    needs: {
      cpu: Number(task.cpu) || 0,
      memory: Number(task.memory) || 0,
      gpu: gpusOf(task),
      networkInterfaces: hasOwnInterface(task) ? 1 : 0,
    },
    isProtected: false,
    definitionArn: taskDefinitionArn,
    startedBy: task.startedBy,
    capacityProvider: task.capacityProviderName,
  };
}

/** (ECS API reference, Attachment) */
const hasOwnInterface = ({ attachments = [] }: Ecs.Task) =>
  attachments.some(({ type }) => type === 'ElasticNetworkInterface');

/** Those that it has; before it has a place those that were asked for when it was started, in place of its definition's. */
function gpusOf({ containers = [], overrides }: Ecs.Task): number {
  const given = containers.reduce((sum, { gpuIds }) => sum + (gpuIds?.length ?? 0), 0);
  const asked = (overrides?.containerOverrides ?? []).map((one) => gpusIn(one.resourceRequirements));
  return Math.max(given, ...asked);
}
