import { spawn as nodeSpawn } from 'node:child_process';
import type { Environment } from '../base/environment.ts';
import { oneLine } from '../base/text.ts';

/** What a service tells systemd, as in sd_notify(3). No call waits, throws, or keeps the process alive. */
export type Notifier = {
  /** Start-up has ended: units ordered after ours may start. */
  ready(): void;
  /** The line that `systemctl status` shows. */
  status(text: string): void;
  /** The event loop is alive. */
  watchdog(): void;
  /** We are about to end, on purpose. */
  stopping(): void;
  /** How often watchdog() is due, in ms: half of what systemd allows. Undefined when nobody watches. */
  readonly watchdogIntervalMs: number | undefined;
};

export type NotifierOptions = {
  /** Our own process id, to tell a WATCHDOG_USEC meant for us from one inherited from a parent. */
  readonly pid?: number;
  /** Called with the first message that could not be sent, and never again. */
  readonly onFailure?: (error: Error) => void;
  readonly spawn?: Spawn;
};

/** The one form of child_process.spawn that is used here. */
export type Spawn = (
  command: string,
  args: readonly string[],
  options: { stdio: 'ignore'; env: Record<string, string>; timeout: number; killSignal: 'SIGKILL' },
) => {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: (code: number | null, signal: string | null) => void): unknown;
  unref(): void;
};

/**
 * Notifications to the systemd that started us; without NOTIFY_SOCKET every call does nothing.
 *
 * systemd listens on a Unix datagram socket, which Node cannot open. Its own systemd-notify(1), there wherever
 * systemd is, sends each message instead: a few ms of CPU every half watchdog period, against a native addon
 * for each architecture. It sends under its own process id, so the unit needs NotifyAccess=all. A hung event
 * loop starts no process, so it still misses the watchdog.
 */
export function createNotifier(
  environment: Environment,
  { pid = process.pid, onFailure = () => {}, spawn = nodeSpawn }: NotifierOptions = {},
): Notifier {
  const socket = environment.NOTIFY_SOCKET;
  if (socket === undefined || socket === '') return silent;

  let sending = false;
  let failed = false;
  let lastStatus: string | undefined;
  const waiting = new Map<string, string>();

  const fail = (error: Error) => {
    if (!failed) onFailure(error);
    failed = true;
  };

  // One process at a time, and what comes meanwhile is merged into the next: messages arrive in order and a
  // burst of status changes costs two processes.
  const send = (field: string, value: string) => {
    waiting.set(field, value);
    if (!sending) flush();
  };
  const flush = () => {
    if (waiting.size === 0) return;
    const message = [...waiting].map(([field, value]) => `${field}=${value}`);
    waiting.clear();
    sending = true;
    const done = () => {
      if (!sending) return;
      sending = false;
      flush();
    };
    try {
      const child = spawn('systemd-notify', message, {
        stdio: 'ignore',
        env: { NOTIFY_SOCKET: socket, PATH: environment.PATH ?? '/usr/bin:/bin' },
        timeout: SEND_TIMEOUT_MS,
        killSignal: 'SIGKILL',
      });
      child.on('error', (error) => {
        fail(new Error('systemd-notify could not be started', { cause: error }));
        done();
      });
      child.on('exit', (code, signal) => {
        if (code !== 0) fail(new Error(`systemd-notify ended with ${code ?? signal}`));
        done();
      });
      child.unref();
    } catch (error) {
      fail(new Error('systemd-notify could not be started', { cause: error }));
      sending = false;
    }
  };

  return {
    ready: () => send('READY', '1'),
    status: (text) => {
      const line = asStatusLine(text);
      if (line === lastStatus) return;
      lastStatus = line;
      send('STATUS', line);
    },
    watchdog: () => send('WATCHDOG', '1'),
    stopping: () => send('STOPPING', '1'),
    watchdogIntervalMs: watchdogInterval(environment, pid),
  };
}

/** A line break would start a new field, an argument can't hold NUL or much text, and a terminal shows the rest. */
function asStatusLine(text: string): string {
  return oneLine(text.replaceAll(/[\r\n]+/g, ' '));
}

const silent: Notifier = {
  ready: () => {},
  status: () => {},
  watchdog: () => {},
  stopping: () => {},
  watchdogIntervalMs: undefined,
};

/** In ms; systemd-notify itself waits up to 5 s until systemd has taken its message. */
const SEND_TIMEOUT_MS = 10_000;

function watchdogInterval(environment: Environment, pid: number): number | undefined {
  const microseconds = Number(environment.WATCHDOG_USEC);
  if (!Number.isSafeInteger(microseconds) || microseconds <= 0) return undefined;
  if (environment.WATCHDOG_PID !== undefined && environment.WATCHDOG_PID !== String(pid)) return undefined;
  return microseconds / 2 / 1000;
}
