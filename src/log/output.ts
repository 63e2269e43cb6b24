import { fstatSync } from 'node:fs';
import pino from 'pino';
import { localTime, parseTime } from '../base/clock.ts';
import type { Environment } from '../base/environment.ts';
import { clip, escaped, printable } from '../base/text.ts';
import { columnsOf, wrapBehind } from '../base/wrap.ts';
import { events, type Level } from './events.ts';
import { isJournal, priorityPrefix } from './journald.ts';
import type { Log } from './log.ts';

const LONGEST_LIST = 20;

export type OutputOptions = {
  readonly level: Level;
  readonly environment: Environment;
  /** Default 1, the standard output. */
  readonly fd?: number;
};

/**
 * Where events go: one JSON object a line; with the priority that journald understands in front of it where it
 * is journald that reads; as a line for people on a terminal.
 */
export function createOutput({ level, environment, fd = 1 }: OutputOptions): Log {
  // Written at once: a line that waits in a buffer is lost with the process.
  const stream = pino.destination({ fd, sync: true });
  // The reader of our output may be gone. That must not end a drain.
  stream.on('error', () => {});
  const write = writer(fd, environment, (line) => stream.write(escaped(line)));
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
  return (event, message, fields = {}) => {
    const { level: eventLevel } = events[event];
    if (!logger.isLevelEnabled(eventLevel)) return;
    logger[eventLevel]({ event, ...(bounded(fields, 0) as object) }, clip(message));
  };
}

function writer(fd: number, environment: Environment, write: (line: string) => void): (line: string) => void {
  const stat = statOf(fd);
  if (isJournal(environment, stat)) {
    return (line) => write(priorityPrefix(levelOf(line)) + line);
  }
  // Asked last: Node makes a stream of its standard output for the answer.
  if (fd === 1 && stat?.isCharacterDevice() && process.stdout.isTTY)
    return (line) => write(forPeople(line, { width: columnsOf(process.stdout) }));
  return write;
}

function statOf(fd: number) {
  try {
    return fstatSync(fd, { bigint: true });
  } catch {
    return undefined;
  }
}

const levelOf = (line: string): Level => (/^\{"level":"(\w+)"/.exec(line)?.[1] as Level) ?? 'info';

const COLOURS: Record<Level, string> = { debug: '2', info: '36', warn: '33', error: '31' };

/**
 * One event as plain text: local time, level, name, message; wrapped at words.
 * @param width of the terminal, in columns
 */
export function forPeople(line: string, { colour = true, width = Infinity } = {}): string {
  const { level, time = '', event, msg } = JSON.parse(line) as Record<string, string>;
  const shown = level as Level;
  const at = parseTime(time);
  const clock = at === undefined ? time : localTime(at);
  const name = `${(level ?? '').toUpperCase().padEnd(5)} ${event}`;
  const painted = colour ? `\u001b[${COLOURS[shown]}m${name}\u001b[0m` : name;
  const used = clock.length + 1 + name.length + 2;
  return `${clock} ${painted}  ${wrapBehind(printable(msg ?? ''), width, ' '.repeat(clock.length + 7), used)}\n`;
}

function bounded(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return clip(value);
  if (Array.isArray(value)) return value.slice(0, LONGEST_LIST).map((item) => bounded(item, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  // The embedded metric format is the deepest: `_aws.CloudWatchMetrics[].Metrics[].Name`.
  if (depth > 5) return '…';
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, bounded(item, depth + 1)]));
}
