import type * as Ecs from '@aws-sdk/client-ecs';
import type { Caller } from '../../aws/call.ts';
import { AwsError } from '../../aws/errors.ts';
import { hasEnded } from '../../aws/task-status.ts';
import { timeOfDate } from '../../base/clock.ts';
import type { HostPort, PlacementConstraint } from '../../base/demand.ts';
import type { LogPlace, StartAnswer, TaskDefinition, TaskView } from '../launch/model.ts';
import { readAnswer, readError } from '../launch/start-answer.ts';
import type { Operations } from './operations.ts';
import { createLookForRoom, type LookForRoom } from './room.ts';

/** The ECS calls that a launcher makes, about the tasks of one cluster. Each rejects with an `AwsError`. */
export type Tasks = {
  /** A task definition that is given by family, `family:revision` or ARN. */
  define(taskDefinition: string): Promise<TaskDefinition>;
  /**
   * The task that was started by this name and runs, or has ended in the last hour; of several the one that runs, then
   * the latest. Undefined where ECS shows none.
   */
  find(startedBy: string): Promise<TaskView | undefined>;
  /** What RunTask's answer means, or its failure: it never rejects. */
  run(request: Omit<Ecs.RunTaskCommandInput, 'cluster'>): Promise<StartAnswer>;
  /** Undefined where ECS does not know it. */
  describe(arn: string): Promise<TaskView | undefined>;
  stop(arn: string, reason: string): Promise<void>;
  /** Whether an instance has room for a task. */
  readonly hasRoom: LookForRoom;
};

/** DescribeTasks takes this many (ECS API reference). */
const DESCRIBE_LIMIT = 100;
/** More than the tasks of one key can fill. */
const MOST_PAGES = 20;

export function createTasks(call: Caller<Operations>, cluster: string): Tasks {
  const describeAll = async (arns: readonly string[], startedBy?: string) => {
    const operation = 'ecs:DescribeTasks';
    const { tasks, failures } = await call(operation, { cluster, tasks: [...arns] });
    if (!Array.isArray(tasks)) throw incomplete(operation, 'it has no tasks');
    const isKnown = (arn: string) =>
      tasks.some(({ taskArn }) => taskArn === arn) ||
      failures?.some((failure) => failure.arn === arn && failure.reason === 'MISSING');
    const silent = arns.find((arn) => !isKnown(arn));
    if (silent !== undefined) throw incomplete(operation, `it says nothing of ${silent}`);
    const seen = tasks
      .filter((task) => arns.includes(task.taskArn ?? '') && (startedBy ?? task.startedBy) === task.startedBy)
      .map((task) => view(operation, task));
    return { seen, missing: arns.filter((arn) => !tasks.some(({ taskArn }) => taskArn === arn)) };
  };

  const list = async (startedBy: string, desiredStatus: 'RUNNING' | 'STOPPED') => {
    const operation = 'ecs:ListTasks';
    const arns: string[] = [];
    let nextToken: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const input = { cluster, startedBy, desiredStatus, ...(nextToken !== undefined && { nextToken }) };
      const answer = await call(operation, input);
      if (!Array.isArray(answer.taskArns)) throw incomplete(operation, 'it has no taskArns');
      arns.push(...answer.taskArns);
      nextToken = answer.nextToken || undefined;
      if (nextToken === undefined) return arns;
    }
    throw incomplete(operation, `it has more than ${MOST_PAGES} pages`);
  };

  return {
    define: async (taskDefinition) => {
      const operation = 'ecs:DescribeTaskDefinition';
      const { taskDefinition: found } = await call(operation, { taskDefinition });
      if (!found?.containerDefinitions?.length) throw incomplete(operation, 'it has no containerDefinitions');
      return {
        containers: found.containerDefinitions.map((one) => ({
          name: one.name ?? '',
          isEssential: one.essential !== false,
          log: logPlace(one.logConfiguration),
          cpu: one.cpu ?? 0,
          memory: one.memory ?? 0,
          softMemory: one.memoryReservation,
          gpu: sum(one.resourceRequirements?.map(({ type, value }) => (type === 'GPU' ? Number(value) : 0))),
          ports: hostPorts(one.portMappings ?? [], found.networkMode),
        })),
        cpu: wholeNumber(found.cpu),
        memory: wholeNumber(found.memory),
        // RegisterTaskDefinition's own default on Linux.
        networkMode: found.networkMode ?? 'bridge',
        constraints: (found.placementConstraints ?? []).flatMap(
          ({ type, expression }): PlacementConstraint[] =>
            type === 'memberOf' && expression ? [{ type, expression }] : [],
        ),
      };
    },

    find: async (startedBy) => {
      // One that was asked to stop and still runs is in the second list only.
      const running = await list(startedBy, 'RUNNING');
      const arns = [...new Set([...running, ...(await list(startedBy, 'STOPPED'))])].slice(0, DESCRIBE_LIMIT);
      if (arns.length === 0) return undefined;
      const { seen, missing } = await describeAll(arns, startedBy);
      // A description can come minutes after the list (ECS API reference, RunTask): until then nobody may say that none runs.
      const unseen = running.find((arn) => missing.includes(arn));
      if (unseen !== undefined)
        throw incomplete('ecs:DescribeTasks', `it does not know ${unseen}, which runs`);
      return [...seen].sort(
        (a, b) =>
          Number(a.lastStatus === 'STOPPED') - Number(b.lastStatus === 'STOPPED') ||
          (b.createdAt ?? 0) - (a.createdAt ?? 0),
      )[0];
    },

    run: async (request) => {
      const operation = 'ecs:RunTask';
      try {
        const { tasks, failures } = await call(operation, { cluster, ...request });
        const [task] = Array.isArray(tasks) ? tasks : [];
        return readAnswer(
          task && view(operation, task),
          (Array.isArray(failures) ? failures : []).map(({ arn = '', reason = 'no reason' }) => ({
            arn,
            reason,
          })),
        );
      } catch (error) {
        if (error instanceof AwsError) return readError(error);
        throw error;
      }
    },

    describe: async (arn) => (await describeAll([arn])).seen[0],

    stop: async (arn, reason) => {
      await call('ecs:StopTask', { cluster, task: arn, reason });
    },

    hasRoom: createLookForRoom(call, cluster),
  };
}

/** In the network mode `host` a container's port is the host's; in `awsvpc` it has an interface of its own. */
function hostPorts(
  mappings: readonly Ecs.PortMapping[],
  networkMode: string | undefined,
): readonly HostPort[] {
  if (networkMode === 'awsvpc' || networkMode === 'none') return [];
  return mappings.flatMap(({ hostPort, containerPort, protocol }) => {
    const port = networkMode === 'host' ? containerPort : hostPort;
    return port ? [{ port, protocol: protocol === 'udp' ? 'udp' : 'tcp' } as const] : [];
  });
}

/** A definition's own cpu and memory are texts; undefined where it has none. */
function wholeNumber(text: string | undefined): number | undefined {
  return /^\d{1,9}$/.test(text ?? '') ? Number(text) : undefined;
}

const sum = (values: readonly number[] = []) => values.reduce((total, value) => total + value, 0);

/** The stream's name is known with a prefix only: PREFIX/CONTAINER/TASK (ECS developer guide, "awslogs log driver"). */
function logPlace({ logDriver, options = {} }: Partial<Ecs.LogConfiguration> = {}): LogPlace {
  if (logDriver === undefined) return { kind: 'elsewhere', why: 'it has no log configuration' };
  if (logDriver !== 'awslogs')
    return { kind: 'elsewhere', why: `its log driver is ${logDriver}, not awslogs` };
  const { 'awslogs-group': group, 'awslogs-stream-prefix': prefix, 'awslogs-region': region } = options;
  if (!group || !prefix)
    return { kind: 'elsewhere', why: 'awslogs-stream-prefix is not set, so its stream is not known' };
  return { kind: 'awslogs', group, prefix, region };
}

function view(operation: string, task: Ecs.Task): TaskView {
  const { taskArn, lastStatus, taskDefinitionArn } = task;
  if (!taskArn || !lastStatus || !taskDefinitionArn)
    throw incomplete(operation, 'a task has no ARN, status or task definition');
  return {
    arn: taskArn,
    taskDefinitionArn,
    lastStatus: hasEnded(task) ? 'STOPPED' : lastStatus,
    containerInstanceArn: task.containerInstanceArn,
    createdAt: timeOfDate(task.createdAt),
    startedAt: timeOfDate(task.startedAt),
    stoppedAt: timeOfDate(task.stoppedAt),
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    containers: (task.containers ?? []).map(({ name = '', exitCode, reason }) => ({
      name,
      exitCode,
      reason,
    })),
    overrides: {
      taskRoleArn: task.overrides?.taskRoleArn,
      containers: (task.overrides?.containerOverrides ?? []).map((own) => ({
        name: own.name ?? '',
        command: own.command?.length ? own.command : undefined,
        environment: Object.fromEntries(
          (own.environment ?? []).map(({ name = '', value = '' }) => [name, value]),
        ),
        cpu: own.cpu,
        memory: own.memory,
      })),
    },
    subnet: subnetOf(task),
  };
}

/** Of its elastic network interface, which is an attachment. (ECS API reference, Attachment) */
function subnetOf({ attachments = [] }: Ecs.Task): string | undefined {
  const details = attachments.find(({ type }) => type === 'ElasticNetworkInterface')?.details;
  return details?.find(({ name }) => name === 'subnetId')?.value;
}

const incomplete = (operation: string, what: string) =>
  new AwsError(
    operation,
    'transient',
    'IncompleteAnswer',
    `calling ${operation}: the answer is incomplete: ${what}`,
  );
