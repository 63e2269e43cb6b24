import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { quantile, type Sample, type Samples } from './model.ts';
import type { DrainRequests } from './requests.ts';

/** The programs that the others are compared with, by figure. */
export const BARE = 'bare Node with a timer';
export const POLLER = 'bare poller on Node';
export const EMPTY = 'node -e 0';
export const AGENT = 'ecs-drain-agent';
export const ONESHOT = 'ecs-oneshot, waiting for its task';

/** What is aimed at: the figure of a program is at most so many times that of another, or so much. */
const TARGETS: readonly Target[] = [
  { program: `${AGENT}, watching`, figure: 'resident', of: BARE, most: 1.25 },
  { program: `${AGENT}, tag from the EC2 API`, figure: 'resident', of: BARE, most: 1.45 },
  { program: AGENT, figure: 'draining 100 tasks, peak', of: BARE, ofFigure: 'resident', most: 1.55 },
  { program: `${AGENT}, watching`, figure: 'processor', of: POLLER, most: 1.4 },
  { program: `${AGENT}, watching`, figure: 'start', of: EMPTY, most: 2.5 },
  { program: AGENT, figure: 'tag → DRAINING', most: 2 },
  { program: ONESHOT, figure: 'resident', of: 'bare Node without flags', most: 1.6 },
];

type Target = {
  readonly program: string;
  readonly figure: string;
  readonly most: number;
  readonly of?: string;
  readonly ofFigure?: string;
};

const UNITS: Readonly<Record<string, string>> = {
  resident: 'MB',
  private: 'MB',
  processor: 'ms a minute',
  'wake-ups': 'a minute',
  start: 'ms',
  'tag → DRAINING': 's',
  'last task STOPPED → complete': 's',
};

/** All that was measured, as Markdown. */
export function report(
  samples: Samples,
  requests: readonly DrainRequests[],
  about: { readonly rounds: number; readonly leftOut: readonly string[]; readonly loadBefore: number },
): string {
  const all = samples.all();
  const of = (...figures: string[]) => all.filter(({ figure }) => figures.includes(figure));
  const rest = new Set(of('resident').map(({ program }) => program));
  return `# What it weighs

\`npm run bench\` writes this page. ${about.rounds === 1 ? '1 round, in which' : `${about.rounds} rounds, in each of which`} everything ran beside the others; the median, and in
brackets the least and the most. ${machine(about.loadBefore)}

A ratio holds on a machine that does other work too, because both sides had to bear it. Times do not.

## Targets

| | | measured | at most |
| --- | --- | --- | --- |
${TARGETS.map((target) => targetRow(target, samples)).join('')}
## At rest

Resident counts pages that are shared with other processes; private is what would be free again if it ended. Processor time and
wake-ups are of all threads. ${about.leftOut.length > 0 ? `Left out, because no binary was given: ${about.leftOut.join(', ')}.` : ''}

| | resident, MB | private, MB | processor, ms a minute | wake-ups a minute |
| --- | --- | --- | --- | --- |
${[...rest].map((program) => restRow(program, all)).join('')}
The shell poller is a shell that starts three \`curl\` every 5 s; its memory is the shell's alone, and its wake-ups too.

## Start

From the start of the process to what it is started for.

| | ms |
| --- | --- |
${of('start').map(row).join('')}
## A drain

| | |
| --- | --- |
${all
  .filter(({ figure }) => !(figure === 'start' || figure in REST))
  .map(
    (sample) =>
      `| ${sample.program}: ${sample.figure} | ${shown(sample)} ${UNITS[sample.figure] ?? 'MB'}${count(sample)} |\n`,
  )
  .join('')}
Requests to AWS of a whole drain, on a virtual clock, with a hook of an hour. The tasks end evenly spread over its time.

| tasks | it lasts | requests | of these |
| --- | --- | --- | --- |
${requests.map(requestsRow).join('')}`;
}

const REST = { resident: 0, private: 0, processor: 0, 'wake-ups': 0 };

function targetRow({ program, figure, of, ofFigure = figure, most }: Target, samples: Samples): string {
  const value = samples.median(program, figure);
  const base = of === undefined ? 1 : samples.median(of, ofFigure);
  const what = `| ${program} | ${figure}${of === undefined ? '' : `, × ${of}`} |`;
  if (value === undefined || base === undefined) return `${what} not measured | ${most} |\n`;
  return `${what} ${(value / base).toFixed(2)}${value / base <= most ? '' : ' (missed)'} | ${most} |\n`;
}

function restRow(program: string, all: readonly Sample[]): string {
  const cells = Object.keys(REST).map((figure) => {
    const sample = all.find((each) => each.program === program && each.figure === figure);
    return sample === undefined ? '' : shown(sample);
  });
  return `| ${program} | ${cells.join(' | ')} |\n`;
}

const row = (sample: Sample) => `| ${sample.program} | ${shown(sample)} |\n`;

function shown({ values, figure }: Sample): string {
  const [low, mid, high] = [0, 0.5, 1].map((share) => digits(quantile(values, share), figure));
  return `${mid} [${low} – ${high}]`;
}

function count({ values, figure }: Sample): string {
  return UNITS[figure] === 's'
    ? `, 95th percentile ${digits(quantile(values, 0.95), figure)} (${values.length} times)`
    : '';
}

const digits = (value: number, figure: string) =>
  value.toFixed(UNITS[figure] === 's' ? 2 : UNITS[figure] === 'ms' || figure === 'wake-ups' ? 0 : 1);

function requestsRow({ tasks, lastsMs, requests, byApi }: DrainRequests): string {
  const lasts = lastsMs >= 3_600_000 ? `${lastsMs / 3_600_000} h` : `${lastsMs / 60_000} min`;
  const most = byApi.map(([api, times]) => `${times} ${api.replace(/^.*:/, '')}`).join(', ');
  return `| ${tasks} | ${lasts} | ${requests} | ${most} |\n`;
}

function machine(loadBefore: number): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  const gigabytes = Math.round(totalmem() / 1e9);
  const load = `load average ${loadBefore.toFixed(1)} before, ${loadavg()[0]?.toFixed(1)} after`;
  return `Node ${process.versions.node}, Linux ${release()}, ${availableParallelism()} × ${model}, ${gigabytes} GB; ${load}.`;
}
