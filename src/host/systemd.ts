import { writeSync } from 'node:fs';
import type { Environment } from '../base/environment.ts';
import { oneLine } from '../base/text.ts';

/** What a service tells systemd, as in sd_notify(3). No call waits, or throws. */
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
  /** Sends a datagram on the socket with that file descriptor, or throws. */
  readonly send?: (fd: number, message: string) => void;
};

/**
 * Notifications to the systemd that started us; without NOTIFY_FD every call does nothing.
 *
 * systemd listens on a Unix datagram socket, which Node cannot open. packaging/connect-notify, which the unit starts
 * and which becomes this process, passes one that is connected. What is sent comes from the main process then, so the
 * unit's NotifyAccess=main believes it, and no hook.
 */
export function createNotifier(
  { NOTIFY_FD, WATCHDOG_USEC, WATCHDOG_PID }: Environment,
  { pid = process.pid, onFailure = () => {}, send = writeSync }: NotifierOptions = {},
): Notifier {
  if (NOTIFY_FD === undefined || !/^\d{1,6}$/.test(NOTIFY_FD)) return silent;
  const fd = Number(NOTIFY_FD);
  let failed = false;
  let lastStatus: string | undefined;
  /** What systemd had no room for (EAGAIN): it goes with the next message, in the order in which it was said. */
  const waiting = new Map<string, string>();

  const tell = (field: string, value: string) => {
    waiting.set(field, value);
    try {
      send(fd, [...waiting].map(([name, said]) => `${name}=${said}`).join('\n'));
      waiting.clear();
    } catch (error) {
      if (!failed) onFailure(new Error('systemd could not be told', { cause: error }));
      failed = true;
    }
  };

  return {
    ready: () => tell('READY', '1'),
    status: (text) => {
      const line = asStatusLine(text);
      if (line === lastStatus) return;
      lastStatus = line;
      tell('STATUS', line);
    },
    watchdog: () => tell('WATCHDOG', '1'),
    stopping: () => tell('STOPPING', '1'),
    watchdogIntervalMs: watchdogInterval(WATCHDOG_USEC, WATCHDOG_PID, pid),
  };
}

/** A line break would start a new field, and a terminal shows the rest. */
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

function watchdogInterval(
  usec: string | undefined,
  watched: string | undefined,
  pid: number,
): number | undefined {
  const microseconds = Number(usec);
  if (!Number.isSafeInteger(microseconds) || microseconds <= 0) return undefined;
  if (watched !== undefined && watched !== String(pid)) return undefined;
  return microseconds / 2 / 1000;
}
