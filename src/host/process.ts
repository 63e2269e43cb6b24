import { uptime } from 'node:os';
import type { Clock } from '../base/clock.ts';
import { readTextFile } from '../base/files.ts';

/** A process of this host, told from a later one that was given the same number. */
export type ProcessId = {
  readonly pid: number;
  /** When it was started, in the kernel's own ticks since the boot; absent on hosts without /proc. */
  readonly startedTicks?: string | undefined;
};

/** This process. */
export function ownProcess(): ProcessId {
  const { pid } = process;
  return { pid, startedTicks: startOf(pid) };
}

/**
 * Whether that very process still runs: `unknown` where /proc does not show it and its number is in use, by it or by
 * another that this user may not look at.
 */
export function isRunning({ pid, startedTicks }: ProcessId): boolean | 'unknown' {
  const started = startOf(pid);
  if (started !== undefined && startedTicks !== undefined) return started === startedTicks;
  try {
    process.kill(pid, 0);
    return 'unknown';
  } catch (error) {
    // Another user's process exists too, though we may not signal it.
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'unknown' : false;
  }
}

/** When a process was started, in ms since the Unix epoch by the host's clock of now; undefined where /proc does not tell. */
export function startTime({ startedTicks }: ProcessId, clock: Clock): number | undefined {
  // USER_HZ is 100 on x86 and arm.
  return startedTicks === undefined ? undefined : clock.now() - uptime() * 1_000 + Number(startedTicks) * 10;
}

/** Fields 3 and 22 of proc_pid_stat(5); undefined where no such process runs, or no such file system exists. */
function startOf(pid: number): string | undefined {
  try {
    const text = readTextFile(`/proc/${pid}/stat`, 65_536);
    // The second field is the program's name in parentheses, and may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const hasEnded = fields[0] === 'Z' || fields[0] === 'X';
    return hasEnded ? 'ended' : fields[19];
  } catch {
    return undefined;
  }
}
