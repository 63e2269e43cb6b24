import type { Figures } from './figures.ts';
import type { ProgramName } from './scenario.ts';

export type Theme = 'light' | 'dark';

const THEMES: Readonly<Record<Theme, { ink: string; faint: string; lines: Record<ProgramName, string> }>> = {
  light: {
    ink: '#1f2328',
    faint: '#d1d9e0',
    lines: {
      agent: '#0969da',
      'agent-before': '#8250df',
      'tag-poller': '#bc4c00',
      'central-drainer': '#59636e',
    },
  },
  dark: {
    ink: '#f0f6fc',
    faint: '#3d444d',
    lines: {
      agent: '#4493f8',
      'agent-before': '#ab7df8',
      'tag-poller': '#db6d28',
      'central-drainer': '#9198a1',
    },
  },
};

const NAMES: Record<ProgramName, string> = {
  agent: 'ecs-drain-agent',
  'agent-before': 'ecs-drain-agent, before',
  'tag-poller': 'each polls its tag and deregisters',
  'central-drainer': 'one drainer for all',
};

type Axis = { readonly from: number; readonly to: number; readonly ticks: readonly number[] };
type Panel = {
  readonly title: string;
  readonly left: number;
  readonly axis: Axis;
  readonly label: (value: number) => string;
  readonly figure: (figures: Figures) => number;
};

const SIZE = { width: 880, height: 364 };
const LEGEND = [70, 240, 500, 680];
const PLOT = { top: 64, bottom: 300, width: 350 };

/** Release delay and requests against the size of the fleet, both scales logarithmic, as an SVG. */
export function chart(all: readonly Figures[], theme: Theme): string {
  const { ink, faint, lines } = THEMES[theme];
  const sizes = [...new Set(all.map(({ scenario }) => scenario.agents))].sort((a, b) => a - b);
  const programs = [...new Set(all.map(({ scenario }) => scenario.program))];
  const x: Axis = { from: sizes[0] ?? 1, to: sizes.at(-1) ?? 1, ticks: sizes };
  const panels: readonly Panel[] = [
    {
      title: 'Release after the last task, p99',
      left: 70,
      axis: { from: 100, to: 3_600_000, ticks: [100, 1_000, 5_000, 60_000, 600_000, 3_600_000] },
      label: (ms) => (ms < 60_000 ? `${ms / 1_000} s` : `${ms / 60_000} min`),
      figure: ({ release }) => release.p99,
    },
    {
      title: 'Requests to AWS for one drain',
      left: 510,
      axis: { from: 10, to: 3_000, ticks: [10, 30, 100, 300, 1_000, 3_000] },
      label: (value) => value.toLocaleString('en-US'),
      figure: ({ requests }) => requests.p50,
    },
  ];
  const drawn = panels.map((panel) => {
    const series = programs.map((program) =>
      line(
        panel,
        x,
        all.filter(({ scenario }) => scenario.program === program),
        lines[program],
      ),
    );
    return grid(panel, x, ink, faint) + series.join('');
  });
  const legend = programs.map(
    (program, index) =>
      `<rect x="${LEGEND[index]}" y="346" width="18" height="3" fill="${lines[program]}"/>` +
      text((LEGEND[index] ?? 0) + 24, 352, NAMES[program], ink),
  );
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" ` +
    'font-family="system-ui, sans-serif" font-size="12" role="img" ' +
    'aria-label="Release delay and requests of a drain against the number of instances that drain at once">\n' +
    `${[...drawn, ...legend].join('\n')}\n</svg>\n`
  );
}

function grid({ title, left, axis, label }: Panel, x: Axis, ink: string, faint: string): string {
  const rows = axis.ticks.map((tick) => {
    const y = yOf(axis, tick);
    return `<path d="M${left} ${y}h${PLOT.width}" stroke="${faint}"/>${text(left - 8, y + 4, label(tick), ink, 'end')}`;
  });
  const columns = x.ticks.map((tick) =>
    text(xOf(x, left, tick), PLOT.bottom + 18, tick.toLocaleString('en-US'), ink, 'middle'),
  );
  const heading = `<text x="${left}" y="28" fill="${ink}" font-size="14" font-weight="600">${title}</text>`;
  const below = text(left + PLOT.width / 2, PLOT.bottom + 34, 'instances that drain at once', ink, 'middle');
  return heading + rows.join('') + columns.join('') + below;
}

/** Its points, joined as far as each was reached. One that was not, since an instance was never released, is a cross on top. */
function line(panel: Panel, x: Axis, figures: readonly Figures[], colour: string): string {
  const { left, axis, figure } = panel;
  const points = figures
    .map((one) => ({ at: xOf(x, left, one.scenario.agents), value: figure(one), size: one.scenario.agents }))
    .sort((a, b) => a.size - b.size);
  const reached = points.filter(({ value }) => value < Infinity);
  const path = reached
    .map(({ at, value }, index) => `${index === 0 ? 'M' : 'L'}${at} ${yOf(axis, value)}`)
    .join('');
  const dots = reached.map(
    ({ at, value }) => `<circle cx="${at}" cy="${yOf(axis, value)}" r="3" fill="${colour}"/>`,
  );
  const crosses = points
    .filter(({ value }) => value === Infinity)
    .map(
      ({ at }) =>
        `<path d="M${at - 4} ${PLOT.top - 12}l8 8m0 -8l-8 8" stroke="${colour}" stroke-width="2"/>` +
        text(at, PLOT.top - 16, 'never', colour, 'middle'),
    );
  return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}${crosses.join('')}`;
}

const share = ({ from, to }: Axis, value: number) =>
  from === to ? 0 : Math.log(Math.min(to, Math.max(from, value)) / from) / Math.log(to / from);

const xOf = (axis: Axis, left: number, value: number) => round(left + share(axis, value) * PLOT.width);
const yOf = (axis: Axis, value: number) => round(PLOT.bottom - share(axis, value) * (PLOT.bottom - PLOT.top));
const round = (value: number) => Math.round(value * 10) / 10;

const text = (x: number, y: number, content: string, fill: string, anchor = 'start') =>
  `<text x="${x}" y="${y}" fill="${fill}" text-anchor="${anchor}">${content}</text>`;
