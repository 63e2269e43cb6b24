import { AwsError } from '../../aws/errors.ts';
import type { Clock } from '../../base/clock.ts';
import type { LogStream } from '../aws/logs.ts';
import type { End, Launch, LogPlace } from '../launch/model.ts';
import { type Follower, followLog } from './follow.ts';

export type LogMode = 'follow' | 'end' | 'none';

/** How many of the last lines are shown at the end, and where nothing else is shown after a failure. */
const AT_END = 1_000;
const AFTER_FAILURE = 20;

export type LogPorts = {
  readonly mode: LogMode;
  readonly open: (place: LogPlace & { kind: 'awslogs' }, container: string, taskId: string) => LogStream;
  /** The container's lines. */
  readonly write: (lines: readonly string[]) => void;
  /** What is said about the log. */
  readonly say: (text: string) => void;
  readonly clock: Clock;
  readonly random: () => number;
};

export type LogDisplay = {
  /** Follows the log as soon as it is known where that is. */
  update(launch: Launch): void;
  /** Shows what is left. Never in the way of the exit code: it takes a few seconds at most, and never rejects. */
  finish(end: End): Promise<void>;
};

/** Shows the log of the launch's container: while it runs, at its end, or a few lines after a failure. */
export function showLog({ mode, open, write, say, clock, random }: LogPorts): LogDisplay {
  let stream: LogStream | undefined;
  let follower: Follower | undefined;
  let isSaid = false;
  const sayOnce = (text: string) => {
    if (!isSaid) say(text);
    isSaid = true;
  };

  return {
    update: ({ phase, log, container }) => {
      const task =
        phase.kind === 'following' ? phase.task : phase.kind === 'ended' ? phase.end.task : undefined;
      if (stream || !task || container === undefined || log === undefined) return;
      if (log.kind === 'elsewhere')
        return mode === 'none' ? undefined : sayOnce(`the log of ${container} is not shown: ${log.why}`);
      stream = open(log, container, task.arn.slice(task.arn.lastIndexOf('/') + 1));
      if (mode !== 'follow') return;
      const onTrouble = (why: string) => sayOnce(`the log cannot be read: ${why}`);
      follower = followLog({ stream, write, onTrouble, clock, random });
    },
    finish: async (end) => {
      // Somebody wants it gone at once, or the task runs on.
      if (!stream || end.kind === 'lost' || end.kind === 'detached') return;
      if (follower) return follower.finish();
      if (mode === 'none' && end.code === 0) return;
      try {
        const lines = await stream.last(mode === 'end' ? AT_END : AFTER_FAILURE);
        if (mode === 'end') write(lines);
        else for (const line of lines) say(`log: ${line}`);
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        sayOnce(`the log cannot be read: ${error.message}`);
      }
    },
  };
}
