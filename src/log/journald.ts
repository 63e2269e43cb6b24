import type { Environment } from '../base/environment.ts';
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** What fstat(2) tells about an open file: with `bigint` or without. */
export type FileIdentity = { readonly dev: number | bigint; readonly ino: number | bigint };

/**
 * Whether the stream with this identity (of fd 1, say) goes straight to journald, which systemd tells as
 * JOURNAL_STREAM=device:inode. The variable alone proves nothing: children inherit it with another stdout.
 */
export function isJournal(environment: Environment, stream: FileIdentity | undefined): boolean {
  if (stream === undefined) return false;
  return environment.JOURNAL_STREAM === `${stream.dev}:${stream.ino}`;
}

/**
 * What journald reads off the start of a line as its priority, and removes: after it the line is stored as it
 * is, so a JSON object stays one.
 */
export function priorityPrefix(level: LogLevel): `<${number}>` {
  return `<${priorities[level]}>`;
}

/** The syslog priorities of sd-daemon(3). */
const priorities: Readonly<Record<LogLevel, number>> = {
  fatal: 2,
  error: 3,
  warn: 4,
  info: 6,
  debug: 7,
  trace: 7,
};
