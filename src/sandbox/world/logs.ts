import type * as Logs from '@aws-sdk/client-cloudwatch-logs';
import { serviceError } from './errors.ts';
import type { Handlers } from './operations.ts';
import { programOf } from './program.ts';
import type { Task, WorldState } from './state.ts';

/** From a container's output to its log event, in ms. */
const LAG_MS = 500;
/** GetLogEvents gives at most so many (CloudWatch Logs API reference). */
const MOST_EVENTS = 10_000;

/** CloudWatch Logs, as far as the containers of tasks with the log driver `awslogs` go. */
export const logs: Handlers<'logs'> = {
  'logs:GetLogEvents': (world, input) => {
    const events = eventsOf(world, streamTask(world, input.logGroupName, input.logStreamName));
    const limit = Math.min(input.limit ?? MOST_EVENTS, MOST_EVENTS);
    const [from, to] = windowOf(input, events.length, limit);
    return {
      events: events.slice(from, to),
      nextForwardToken: `f/${to}`,
      nextBackwardToken: `b/${from}`,
    };
  },
};

/** The task whose container writes this stream. One that has written nothing yet has no stream. */
function streamTask(world: WorldState, group: string | undefined, stream = ''): Task {
  for (const cluster of world.clusters.values()) {
    const task = cluster.tasks.get(stream.slice(stream.lastIndexOf('/') + 1));
    const log = task?.definition.log;
    if (!task || log?.group !== group || eventsOf(world, task).length === 0) continue;
    if (stream === `${log?.prefix}/${task.definition.containerName}/${task.id}`) return task;
  }
  throw serviceError('ResourceNotFoundException', 'The specified log stream does not exist.');
}

function eventsOf(world: WorldState, task: Task): Logs.OutputLogEvent[] {
  const command = task.overrides?.containerOverrides?.[0]?.command ?? task.definition.command;
  const { startedAt, executionStoppedAt = Number.POSITIVE_INFINITY } = task;
  if (startedAt === undefined) return [];
  return (programOf(command)?.output ?? [])
    .map(({ atMs, text }) => ({ timestamp: startedAt + atMs, message: text }))
    .filter(({ timestamp }) => timestamp <= executionStoppedAt && timestamp + LAG_MS <= world.now)
    .map((event) => ({ ...event, ingestionTime: event.timestamp + LAG_MS }));
}

function windowOf(
  { nextToken, startFromHead }: Logs.GetLogEventsCommandInput,
  length: number,
  limit: number,
): readonly [from: number, to: number] {
  const [, direction, at] = /^([fb])\/(\d+)$/.exec(nextToken ?? '') ?? [];
  if (nextToken !== undefined && at === undefined)
    throw serviceError('InvalidParameterException', 'The specified nextToken is invalid.');
  if (direction === 'b') return [Math.max(0, Number(at) - limit), Number(at)];
  if (direction === 'f') return [Number(at), Math.min(length, Number(at) + limit)];
  return startFromHead ? [0, Math.min(length, limit)] : [Math.max(0, length - limit), length];
}
