import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A Node process that does nothing: what any program on Node weighs. */
export type BareNode = { readonly pid: number; kill(): void };

export function startBareNode(): BareNode {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 2 ** 30)'], { stdio: 'ignore' });
  return { pid: child.pid ?? 0, kill: () => void child.kill('SIGKILL') };
}

/** The memory of a process that is not shared with, or swapped out for, any other: MB of 1,000,000 bytes. */
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
