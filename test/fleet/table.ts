import type { Figures } from './figures.ts';
import { type FleetPromise, fleetPromises, judge } from './promises.ts';
import { SPOT_NOTICE_MS } from './scenario.ts';

type Column = readonly [name: string, cell: (figures: Figures) => string];

const names = Object.keys(fleetPromises) as FleetPromise[];

const FLEET: readonly Column[] = [
  ['N', ({ scenario }) => count(scenario.agents)],
  ['', ({ scenario }) => scenario.program],
];
const REQUESTS: readonly Column[] = [
  ['requests a drain', ({ requests }) => count(requests.p50)],
  ['of them throttled', ({ allRequests, throttled }) => percent(throttled, allRequests)],
];
const TERMINATED: readonly Column[] = [
  ...FLEET,
  ['released after p50', ({ release }) => seconds(release.p50)],
  ['p99', ({ release }) => seconds(release.p99)],
  ['max', ({ release }) => seconds(release.max)],
  ['DRAINING p99', ({ draining }) => seconds(draining.p99)],
  ['hooks timed out', ({ timedOut }) => count(timedOut)],
  ['tasks cut short', ({ tasksCut }) => count(tasksCut)],
  ['left behind', ({ leftBehind }) => count(leftBehind)],
  ...REQUESTS,
  ['answers besides heartbeats, p50', ({ answers }) => count(answers.p50)],
  ['max', ({ answers }) => count(answers.max)],
  ...names.map((name): Column => [name, (figures) => verdict(figures, name)]),
];
/** Nothing holds an instance that Spot interrupts: what counts is whether its tasks were asked to stop before. */
const INTERRUPTED: readonly Column[] = [
  ...FLEET,
  ['DRAINING p50', ({ draining }) => seconds(draining.p50)],
  ['p99', ({ draining }) => seconds(draining.p99)],
  ['tasks asked to stop', ({ tasksAsked }) => count(tasksAsked)],
  ['before the interruption, p50', ({ asked }) => seconds(SPOT_NOTICE_MS - asked.p50)],
  ['p99', ({ asked }) => seconds(SPOT_NOTICE_MS - asked.p99)],
  ['never asked', ({ tasksUnasked }) => count(tasksUnasked)],
  ['of all', ({ tasksAsked, tasksUnasked }) => percent(tasksUnasked, tasksAsked + tasksUnasked)],
  ...REQUESTS,
];

/** The figures of one kind of scenario as a table in Markdown, a row each, that reads well in a terminal too. */
export function table(all: readonly Figures[]): string {
  const columns = all[0]?.scenario.isSpot ? INTERRUPTED : TERMINATED;
  const rows = [
    columns.map(([name]) => name),
    columns.map(() => '---'),
    ...all.map((figures) => columns.map(([, cell]) => cell(figures))),
  ];
  const widths = columns.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  return rows
    .map(
      (cells) =>
        `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill(cell))).join(' | ')} |`,
    )
    .join('\n');
}

const fill = (cell: string) => (cell === '---' ? '-' : ' ');

function verdict(figures: Figures, name: FleetPromise): string {
  const judged = judge(figures)[name];
  return judged === 'not judged' ? '' : judged;
}

const percent = (part: number, whole: number): string =>
  `${whole === 0 ? 0 : Math.round((100 * part) / whole)} %`;

const count = (value: number): string => value.toLocaleString('en-US');

/** `0.8 s`, `51 s`, `1,120 s`; `never`. */
export function seconds(ms: number): string {
  if (ms === Infinity) return 'never';
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${count(Math.round(ms / 1_000))} s`;
}
