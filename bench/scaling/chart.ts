import { type Figures, type PolicyName, SECOND } from './model.ts';
import { byTrace, isUsual, POLICY_WORDS } from './tables.ts';

export type Theme = 'light' | 'dark';

const THEMES: Readonly<Record<Theme, { ink: string; faint: string; points: Record<PolicyName, string> }>> = {
  light: {
    ink: '#1f2328',
    faint: '#d1d9e0',
    points: {
      'seed-blind': '#bc4c00',
      'seed-chosen': '#9a6700',
      managed: '#59636e',
      'managed-eager': '#8250df',
      scaler: '#0969da',
    },
  },
  dark: {
    ink: '#f0f6fc',
    faint: '#3d444d',
    points: {
      'seed-blind': '#db6d28',
      'seed-chosen': '#d29922',
      managed: '#9198a1',
      'managed-eager': '#ab7df8',
      scaler: '#4493f8',
    },
  },
};

const LABEL = 'Instance-hours against the 99th percentile of the wait, one point for each scaling policy';
const COLUMNS = 3;
const PANEL = { width: 280, height: 230 };
const PLOT = { left: 54, top: 34, width: 210, height: 150 };
/** Waits in s, on a logarithmic scale. */
const WAITS = [1, 10, 60, 600, 3_600, 21_600];
const RATIOS = [1, 1.5, 2, 3, 5, 10];

/** One panel a trace, one point a policy: the nearer to the lower left, the better. */
export function chart(all: readonly Figures[], theme: Theme): string {
  const traces = byTrace(all.filter(isUsual));
  const policies = [...new Set(traces.flat().map(({ scenario }) => scenario.policy))];
  const rows = Math.ceil(traces.length / COLUMNS);
  const size = { width: COLUMNS * PANEL.width, height: rows * PANEL.height + 44 };
  const panels = traces.map((figures, index) => {
    const at = `${(index % COLUMNS) * PANEL.width} ${Math.floor(index / COLUMNS) * PANEL.height}`;
    return `<g transform="translate(${at})">${panel(figures, theme)}</g>`;
  });
  const legend = policies.map((policy, index) => {
    const x = 20 + (index % COLUMNS) * PANEL.width;
    const y = rows * PANEL.height + 12 + 20 * Math.floor(index / COLUMNS);
    return dot(x, y, policy, theme) + text(x + 12, y + 4, POLICY_WORDS[policy], THEMES[theme].ink);
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" ` +
    `font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${LABEL}">\n` +
    `${[...panels, ...legend].join('\n')}\n</svg>\n`
  );
}

function panel(figures: readonly Figures[], theme: Theme): string {
  const { ink, faint } = THEMES[theme];
  const largest = Math.max(...figures.map(ratioOf));
  const to = RATIOS.find((ratio) => ratio >= largest) ?? largest;
  const x = (ratio: number) => round(PLOT.left + share(1, to, ratio) * PLOT.width);
  const y = (seconds: number) =>
    round(PLOT.top + PLOT.height * (1 - share(WAITS[0] ?? 1, WAITS.at(-1) ?? 1, seconds)));
  const lines = WAITS.map(
    (seconds) =>
      `<path d="M${PLOT.left} ${y(seconds)}h${PLOT.width}" stroke="${faint}"/>` +
      text(PLOT.left - 6, y(seconds) + 4, waitWords(seconds), ink, 'end'),
  );
  const below = PLOT.top + PLOT.height;
  const ticks = [...RATIOS.filter((ratio) => ratio < to), to].map(
    (ratio) =>
      `<path d="M${x(ratio)} ${below}v4" stroke="${ink}"/>` +
      text(x(ratio), below + 16, `${ratio}`, ink, 'middle'),
  );
  const heading = `<text x="${PLOT.left}" y="18" fill="${ink}" font-size="14" font-weight="600">${figures[0]?.traceName}</text>`;
  const caption = text(PLOT.left + PLOT.width / 2, below + 32, 'instance-hours ÷ oracle', ink, 'middle');
  const points = figures.map((one) =>
    dot(x(ratioOf(one)), y(one.wait.p99 / SECOND), one.scenario.policy, theme),
  );
  return [heading, ...lines, ...ticks, caption, ...points].join('');
}

const ratioOf = ({ instanceHours, oracleHours }: Figures) => instanceHours / oracleHours;

/** Where a value is between two others, on a logarithmic scale. */
const share = (from: number, to: number, value: number) =>
  Math.log(Math.min(to, Math.max(from, value)) / from) / Math.log(to / from);

/** The scale has no 0: what is less than its least value is at that. */
const waitWords = (seconds: number) =>
  seconds === WAITS[0]
    ? `≤ ${seconds} s`
    : seconds < 60
      ? `${seconds} s`
      : seconds < 3_600
        ? `${seconds / 60} min`
        : `${seconds / 3_600} h`;

const dot = (x: number, y: number, policy: PolicyName, theme: Theme) =>
  `<circle cx="${x}" cy="${y}" r="5" fill="${THEMES[theme].points[policy]}" fill-opacity="0.85"/>`;

const text = (x: number, y: number, content: string, fill: string, anchor = 'start') =>
  `<text x="${x}" y="${y}" fill="${fill}" text-anchor="${anchor}">${content}</text>`;

const round = (value: number) => Math.round(value * 10) / 10;
