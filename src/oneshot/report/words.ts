import { formatDuration } from '../../base/duration.ts';
import { clip, oneLine } from '../../base/text.ts';
import { failureWords } from '../launch/failure-words.ts';
import type { End, Launch, Needs, Policy, Starting, TaskView, Told } from '../launch/model.ts';

/** How a launch is now. */
export type Progress = {
  /** In one line, without what only time changes: a new topic is news. */
  readonly topic: string;
  /** The same for a terminal, where it is written over: what goes on and since when, and below it the details. */
  readonly lines: readonly string[];
  readonly mood: 'working' | 'waiting' | 'running';
};

/** A call that fails now and then, as of many launchers that share an account's limits, is no news. */
const FAILURES_TOLD = 3;

/** What a person who watches wants to know. @param now in ms since the Unix epoch */
export function progressOf(launch: Launch, policy: Policy, now: number): Progress {
  const { phase, cancel, trouble, failures } = launch;
  if (trouble !== undefined && failures >= FAILURES_TOLD && phase.kind !== 'starting')
    return news('waiting', 'AWS cannot be asked', [oneLine(clip(trouble, 300))]);
  switch (phase.kind) {
    case 'defining':
      return news('working', `reading the task definition ${policy.asked.taskDefinition}`);
    case 'looking':
      return news('working', 'looking for a task of this key');
    case 'starting':
      if (cancel) return news('waiting', 'cancelled; looking whether RunTask has started the task');
      if (phase.waitingSince === undefined) return news('working', 'starting the task');
      return waiting(launch, phase, policy, phase.waitingSince, now);
    case 'following': {
      const { task, stop, isAttached, placedAt } = phase;
      const id = shortId(task.arn);
      if (stop) return timed('waiting', `stopping task ${id}`, now - stop.askedAt);
      if (placedAt === undefined) {
        const what = `task ${id} waits for its capacity provider to find it an instance`;
        return timed('waiting', what, now - (task.createdAt ?? now));
      }
      const found = isAttached ? ', which was there already' : '';
      const place = task.containerInstanceArn;
      const where = place === undefined ? [] : [`on container instance ${shortId(place)}`];
      if (task.startedAt === undefined) return news('working', `task ${id}${found} is ${task.lastStatus}`);
      const what = `task ${id}${found} is running`;
      return {
        ...timed('running', what, now - task.startedAt, where),
        topic: [what, ...where].join(' '),
      };
    }
    case 'ended':
      return news('working', 'the task has ended; reading the rest of its log');
  }
}

function waiting(launch: Launch, phase: Starting, policy: Policy, since: number, now: number): Progress {
  const { trouble, needs, told } = launch;
  const { growth, missing, shortAt } = phase;
  if (phase.catchUp.quick > 0)
    return news('waiting', 'there is room; catching up with the earlier calls with this key');
  const what = trouble === undefined ? 'waiting for room' : 'not started yet';
  const why = trouble === undefined ? missingWords(missing) : oneLine(clip(trouble, 300));
  const asked = growth?.said || (shortAt !== undefined && told ? toldWords(told) : '');
  const again =
    growth?.said && growth.dueAt > now ? `; asked again in ${formatDuration(growth.dueAt - now)}` : '';
  const left = formatDuration(Math.max(0, since + policy.capacityTimeoutMs - now));
  return {
    topic: `${what}: ${[why, asked].filter(Boolean).join('; ')}`,
    lines: [
      `${what} for ${formatDuration(now - since)}, ${left} left`,
      ...(trouble === undefined && needs ? [`${why}; the task needs ${needsWords(needs)}`] : [why]),
      ...(asked ? [`${asked}${again}`] : []),
    ],
    mood: 'waiting',
  };
}

/** The last line: whose exit code it is, and why. */
export function endLine({ code, source, reason, task }: End): string {
  const whose = source === 'container' ? "the container's" : "the launcher's";
  const ran =
    task?.startedAt !== undefined && task.stoppedAt !== undefined
      ? `, after ${formatDuration(task.stoppedAt - task.startedAt)}`
      : '';
  const which = task ? ` (task ${task.arn})` : '';
  return `exit code ${code}, ${whose}: ${oneLine(clip(reason, 400))}${ran}${which}`;
}

/** How a task is, for `status`. */
export function taskLine(task: TaskView, now: number): string {
  const since =
    task.startedAt === undefined
      ? ''
      : `, running for ${formatDuration((task.stoppedAt ?? now) - task.startedAt)}`;
  const codes = task.containers
    .filter(({ exitCode }) => exitCode !== undefined)
    .map(({ name, exitCode }) => `${name} exited with code ${exitCode}`);
  const why = task.stoppedReason ? [oneLine(task.stoppedReason)] : [];
  if (task.lastStatus !== 'STOPPED') return `task ${task.arn} is ${task.lastStatus}${since}`;
  const ran = since.replace(', running for', ' after');
  return `task ${task.arn} has STOPPED${ran}: ${[...codes, ...why].join('; ') || 'ECS gives no reason'}`;
}

const news = (mood: Progress['mood'], what: string, details: readonly string[] = []): Progress => ({
  topic: [what, ...details].join(': '),
  lines: [what, ...details],
  mood,
});

const timed = (
  mood: Progress['mood'],
  what: string,
  ms: number,
  details: readonly string[] = [],
): Progress => ({ topic: what, lines: [`${what}, for ${formatDuration(ms)}`, ...details], mood });

const toldWords = ({ trouble }: Told) =>
  trouble === undefined
    ? 'the demand queue is told'
    : `the demand queue cannot be told: ${oneLine(clip(trouble, 200))}`;

function missingWords(reasons: readonly string[]): string {
  if (reasons.length === 0) return 'the cluster has no instance';
  return `${reasons.map(failureWords).join(' and ')} on every instance`;
}

/** What an instance must have free for it. */
function needsWords({ cpu, memory, gpu, ports, networkInterfaces }: Needs): string {
  const others = [
    ...(gpu > 0 ? [`${gpu} GPU`] : []),
    ...(networkInterfaces > 0 ? ['a network interface'] : []),
    ...(ports.length > 0 ? [`${ports.length === 1 ? 'port' : 'ports'} ${ports.join(', ')}`] : []),
  ];
  return [`${cpu} CPU units`, `${memory} MiB of memory`, ...others]
    .join(', ')
    .replace(/, (?=[^,]*$)/, ' and ');
}

const shortId = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1);
