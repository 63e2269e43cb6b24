import type { Figures } from './figures.ts';
import { type FleetPromise, fleetPromises, judge } from './promises.ts';

const COLUMNS = [
  'N',
  '',
  'released after p50',
  'p99',
  'max',
  'DRAINING p99',
  'hooks timed out',
  'tasks cut short',
  'left behind',
  'requests a drain',
  'of them throttled',
  'answers besides heartbeats, p50',
  'max',
  ...(Object.keys(fleetPromises) as FleetPromise[]),
];

/** The figures as a table in Markdown, a row each, that reads well in a terminal too. */
export function table(all: readonly Figures[]): string {
  const rows = [COLUMNS, COLUMNS.map(() => '---'), ...all.map(row)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  return rows
    .map(
      (cells) =>
        `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill(cell))).join(' | ')} |`,
    )
    .join('\n');
}

const fill = (cell: string) => (cell === '---' ? '-' : ' ');

function row(figures: Figures): string[] {
  const { scenario, release, draining, timedOut, tasksCut, leftBehind } = figures;
  const { requests, allRequests, throttled, answers } = figures;
  const judged = judge(figures);
  return [
    count(scenario.agents),
    scenario.program,
    ...[release.p50, release.p99, release.max, draining.p99].map(seconds),
    ...[timedOut, tasksCut, leftBehind, requests.p50].map(count),
    `${allRequests === 0 ? 0 : Math.round((100 * throttled) / allRequests)} %`,
    ...[answers.p50, answers.max].map(count),
    ...(Object.keys(fleetPromises) as FleetPromise[]).map((name) =>
      judged[name] === 'not judged' ? '' : judged[name],
    ),
  ];
}

const count = (value: number): string => value.toLocaleString('en-US');

/** `0.8 s`, `51 s`, `1,120 s`; `never`. */
export function seconds(ms: number): string {
  if (ms === Infinity) return 'never';
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${count(Math.round(ms / 1_000))} s`;
}
