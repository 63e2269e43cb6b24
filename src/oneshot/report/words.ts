import { formatDuration } from '../../base/duration.ts';
import { clip, oneLine } from '../../base/text.ts';
import type { End, Launch, Policy, TaskView, Told } from '../launch/model.ts';

/** How a launch is now, in one line. Lines with the same `topic` differ only in how long it has been so. */
export type Progress = {
  readonly topic: string;
  readonly text: string;
  readonly mood: 'working' | 'waiting' | 'running';
};

/** What a person who watches wants to know. @param now in ms since the Unix epoch */
export function progressOf(launch: Launch, policy: Policy, now: number): Progress {
  const { phase, cancel, trouble } = launch;
  if (trouble !== undefined && phase.kind !== 'starting')
    return line('waiting', `AWS cannot be asked: ${oneLine(clip(trouble, 300))}`);
  switch (phase.kind) {
    case 'defining':
      return line('working', `reading the task definition ${policy.asked.taskDefinition}`);
    case 'looking':
      return line('working', 'looking for a task of this key');
    case 'starting': {
      if (cancel) return line('waiting', 'cancelled; looking whether RunTask has started the task');
      if (phase.waitingSince === undefined) return line('working', 'starting the task');
      const why =
        trouble === undefined
          ? `waiting for room: ${phase.missing.length > 0 ? `too little ${missingWords(phase.missing)} on every instance` : 'the cluster has no instance'}`
          : `not started yet: ${oneLine(clip(trouble, 300))}`;
      const said = phase.growth?.said || (phase.isShort && launch.told && toldWords(launch.told));
      const asked = said ? `; ${said}` : '';
      const left = phase.waitingSince + policy.capacityTimeoutMs - now;
      return line(
        'waiting',
        `${why}${asked}`,
        `for ${formatDuration(now - phase.waitingSince)}, ${formatDuration(left)} left`,
      );
    }
    case 'following': {
      const { task, stop, isAttached, placedAt } = phase;
      const id = shortId(task.arn);
      if (stop) return line('waiting', `stopping task ${id}`, `for ${formatDuration(now - stop.askedAt)}`);
      if (placedAt === undefined)
        return line('waiting', `task ${id} waits for its capacity provider to find it an instance`);
      const found = isAttached ? ', which was there already' : '';
      if (task.startedAt === undefined) return line('working', `task ${id}${found} is ${task.lastStatus}`);
      return line('running', `task ${id}${found} is running`, `for ${formatDuration(now - task.startedAt)}`);
    }
    case 'ended':
      return line('working', 'ended');
  }
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

const line = (mood: Progress['mood'], topic: string, detail?: string): Progress => ({
  topic,
  text: detail === undefined ? topic : `${topic}, ${detail}`,
  mood,
});

const toldWords = ({ trouble }: Told) =>
  trouble === undefined
    ? 'the demand queue is told'
    : `the demand queue cannot be told: ${oneLine(clip(trouble, 200))}`;

const missingWords = (reasons: readonly string[]) =>
  reasons.map((reason) => reason.replace(/^RESOURCE:?/, '') || 'room').join(' and ');

const shortId = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1);
