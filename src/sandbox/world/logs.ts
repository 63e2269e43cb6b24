import type * as Logs from '@aws-sdk/client-cloudwatch-logs';
import { serviceError } from './errors.ts';
import type { Handlers } from './operations.ts';
import { commandOf, programOf } from './program.ts';
import type { ContainerSpec, Task, WorldState } from './state.ts';

/** From a container's output to its log event, in ms. */
const LAG_MS = 500;
/** GetLogEvents gives at most so many (CloudWatch Logs API reference). */
const MOST_EVENTS = 10_000;

/** CloudWatch Logs, as far as the containers of tasks with the log driver `awslogs` go. */
export const logs = {
  'logs:GetLogEvents': (world, input) => {
    const events = eventsOf(world, ...writerOf(world, input.logGroupName, input.logStreamName));
    const limit = Math.min(input.limit ?? MOST_EVENTS, MOST_EVENTS);
    const [from, to] = windowOf(input, events.length, limit);
    return {
      events: events.slice(from, to),
      nextForwardToken: `f/${to}`,
      nextBackwardToken: `b/${from}`,
    };
  },
} satisfies Handlers<'logs'>;

/** The container that writes this stream, and its task. One that has written nothing yet has no stream. */
function writerOf(world: WorldState, group: string | undefined, stream = ''): [Task, ContainerSpec] {
  for (const cluster of world.clusters.values()) {
    const task = cluster.tasks.get(stream.slice(stream.lastIndexOf('/') + 1));
    for (const spec of task?.definition.containers ?? []) {
      const { log, name } = spec;
      if (!task || log?.group !== group || stream !== `${log?.prefix}/${name}/${task.id}`) continue;
      if (eventsOf(world, task, spec).length > 0) return [task, spec];
    }
  }
  throw serviceError('ResourceNotFoundException', 'The specified log stream does not exist.');
}

function eventsOf(world: WorldState, task: Task, spec: ContainerSpec): Logs.OutputLogEvent[] {
  const command = commandOf(spec, task.overrides);
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
