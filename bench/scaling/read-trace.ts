import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { messageOf } from '../../src/base/text.ts';
import { createRandom } from '../../test/simulation/random.ts';
import { type Job, SECOND, type Trace, VCPU } from './model.ts';

/** A job as a trace's file has it, times in s. Memory is left out: two of the three logs know nothing of it. */
export type LoggedJob = { readonly submit: number; readonly run: number; readonly cpus: number };

/** Whom the authors of these traces ask to be thanked. */
const SOURCES: readonly (readonly [start: string, name: string, source: string])[] = [
  ['cerit-sc', 'CERIT-SC', 'CERIT-SC, Czech national grid, as distributed with the Alea simulator'],
  ['hpc2n', 'HPC2N', 'Parallel Workloads Archive; Åke Sandgren, HPC2N'],
  ['nasa-ipsc', 'NASA iPSC', 'Parallel Workloads Archive; Bill Nitzberg, NASA Ames'],
];

const HEAD = 'submit_s,run_s,cpus,';

/**
 * Reads a CSV file of `submit_s,run_s,cpus,memory_as_logged`, plain or with gzip.
 * @throws {Error} that names the file, the line and what is allowed there
 */
export function readTrace(path: string, instanceCpu: number): Trace {
  const text = textOf(path);
  const [head = '', ...lines] = text.split(/\r?\n/);
  if (!head.startsWith(HEAD))
    throw new Error(`${path}: the first line of a trace is ${HEAD}memory_as_logged, and this is ${head}`);
  const logged = lines.flatMap((line, index) => (line === '' ? [] : [readLine(path, line, index + 2)]));
  if (logged.length === 0) throw new Error(`${path} holds no job.`);
  const file = basename(path);
  const known = SOURCES.find(([start]) => file.startsWith(start));
  return {
    name: known?.[1] ?? file.replace(/\.csv(\.gz)?$/, ''),
    source: known?.[2],
    jobs: jobsOf(logged, instanceCpu, 1),
  };
}

function textOf(path: string): string {
  const content = readFileSync(path);
  if (!path.endsWith('.gz')) return content.toString('utf8');
  try {
    return gunzipSync(content).toString('utf8');
  } catch (error) {
    throw new Error(`${path} ends in .gz, and gzip cannot read it: ${messageOf(error)}`);
  }
}

function readLine(path: string, line: string, number: number): LoggedJob {
  const [submit = Number.NaN, run = Number.NaN, cpus = Number.NaN] = line.split(',').map(Number);
  if (submit >= 0 && run >= 0 && cpus >= 1 && Number.isFinite(submit + run + cpus))
    return { submit, run, cpus };
  throw new Error(`${path}, line ${number}: ${HEAD}memory_as_logged in numbers is expected, not ${line}`);
}

/** Tasks for instances of so much CPU: a job that is larger than an instance becomes several. */
export function jobsOf(logged: readonly LoggedJob[], instanceCpu: number, seed: number): readonly Job[] {
  const random = createRandom(seed);
  const jobs: Job[] = [];
  for (const { submit, run, cpus } of logged.toSorted((a, b) => a.submit - b.submit)) {
    const runMs = Math.max(1, run) * SECOND;
    const guessedMs = runMs * 2 ** (2 * random.next() - 1);
    for (let left = cpus * VCPU; left > 0; left -= instanceCpu)
      jobs.push({
        id: jobs.length,
        submittedAt: submit * SECOND,
        runMs,
        guessedMs,
        cpu: Math.min(left, instanceCpu),
      });
  }
  return jobs;
}
