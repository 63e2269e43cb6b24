import { readdirSync, readFileSync } from 'node:fs';

/** What a process has used of the host so far, all its threads together. */
export type Usage = {
  /** Processor time, in ms; of children too that have ended. */
  readonly cpuMs: number;
  /** How often it went from waiting to running: each may wake a processor that slept. */
  readonly wakeups: number;
};

/** Resident memory, in MB of 1,000,000 bytes. It counts pages that are shared with other processes in full. */
export function residentMb(pid: number): number {
  return statusKib(pid, 'VmRSS');
}

/** The most that has been resident since its start, in MB. */
export function peakMb(pid: number): number {
  return statusKib(pid, 'VmHWM');
}

/** What is resident for this process alone, in MB: it would be free again if the process ended. */
export function privateMb(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = ['Private_Clean', 'Private_Dirty'].map((name) => field(rollup, name));
  return megabytes(kib.reduce((sum, each) => sum + each, 0));
}

export function usageOf(pid: number): Usage {
  let cpuNs = 0;
  let wakeups = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const path = `/proc/${pid}/task/${thread}`;
    cpuNs += Number(readFileSync(`${path}/schedstat`, 'utf8').split(' ')[0]);
    wakeups += field(readFileSync(`${path}/status`, 'utf8'), 'voluntary_ctxt_switches');
  }
  return { cpuMs: cpuNs / 1e6 + childrenCpuMs(pid), wakeups };
}

/** Fields 16 and 17 of /proc/PID/stat, in hundredths of a second; the name before them may hold blanks. */
function childrenCpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

function statusKib(pid: number, name: string): number {
  return megabytes(field(readFileSync(`/proc/${pid}/status`, 'utf8'), name));
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN);
}

const megabytes = (kib: number) => (kib * 1_024) / 1e6;
