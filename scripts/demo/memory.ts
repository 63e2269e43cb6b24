import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { UNIT_FLAGS } from '../unit-flags.ts';

/** A Node process that does nothing, with the unit's flags unless told: what any program on Node weighs. */
export type BareNode = { readonly pid: number; kill(): void };

export function startBareNode(flags: readonly string[] = UNIT_FLAGS): BareNode {
  const child = spawn(process.execPath, [...flags, '-e', 'setInterval(() => {}, 2 ** 30)'], {
    stdio: 'ignore',
  });
  return { pid: child.pid ?? 0, kill: () => void child.kill('SIGKILL') };
}

/**
 * The resident memory of a process, in MB of 1,000,000 bytes. It counts in full what is shared with other processes, such as
 * Node's own code: compare it with nothing but that of another process on Node.
 */
export function residentMegabytes(pid: number): number {
  return (residentKib(pid) * 1024) / 1_000_000;
}

function residentKib(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    // Not on Linux.
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }));
  }
}
