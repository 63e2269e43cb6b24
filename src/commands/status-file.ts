import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '../agent/report.ts';
import { isoTime, systemClock } from '../clock.ts';

/** What the running agent leaves for `ecs-drain-agent status`. */
export type Status = Report & {
  readonly pid: number;
  /** ISO time of the last change. */
  readonly updatedAt: string;
};

/** While a drain is on, the file follows it at this pace, in ms; at rest it is written only when it changes. */
const REFRESH_MS = 10_000;

/** `status.json` in systemd's runtime directory; without one, in the state directory. */
export function statusPath(
  stateDir: string,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  return join(environment.RUNTIME_DIRECTORY ?? stateDir, 'status.json');
}

export function createStatusFile(
  stateDir: string,
  environment: Readonly<Record<string, string | undefined>>,
): { write(report: Report): void; remove(): void } {
  const path = statusPath(stateDir, environment);
  let last = '';
  let writtenAt = -Infinity;
  return {
    write: (report) => {
      const now = systemClock.monotonic();
      const key = `${report.state} ${report.tasksLeft} ${report.containerInstance} ${report.lifecycleState}`;
      const isDue = report.state === 'draining' && now >= writtenAt + REFRESH_MS;
      if (key === last && !isDue) return;
      last = key;
      writtenAt = now;
      const status: Status = { ...report, pid: process.pid, updatedAt: isoTime(systemClock.now()) };
      try {
        writeFileSync(`${path}.new`, JSON.stringify(status));
        // For every user of the host, whatever the umask.
        chmodSync(`${path}.new`, 0o644);
        renameSync(`${path}.new`, path);
      } catch {
        // Only for show: whoever asks is told that there is none.
      }
    },
    remove: () => rmSync(path, { force: true }),
  };
}

/** The last status written, whoever wrote it. Undefined where there is none that can be read. */
export function readStatus(path: string): Status | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Status;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') throw error;
    return undefined;
  }
}
