import { table } from '../../scripts/docs/markdown.ts';
import { defaultConfig } from '../../src/scaler/plan/model.ts';
import { type Figures, MINUTE, type Placement, type PolicyName, type Scenario, SECOND } from './model.ts';
import { USUAL_BOOT_MS } from './scenarios.ts';

export const POLICY_WORDS: Readonly<Record<PolicyName, string>> = {
  'seed-blind': 'hourly formula, blind choice',
  'seed-chosen': 'hourly formula, empty ones chosen',
  managed: 'ECS managed scaling',
  'managed-eager': 'ECS managed scaling, no warm-up',
  scaler: 'ecs-scaler',
};

const PLACEMENT_WORDS: Readonly<Record<Placement, string>> = {
  binpack: 'binpack',
  random: 'random',
  'lifetime-exact': 'by the time of its end, exactly known',
  'lifetime-rough': 'by the time of its end, known to a factor of two',
};

/** All figures in Markdown: one table a trace, then what differs with boot times, placements and `--empty-for`. */
export function tables(all: readonly Figures[]): string {
  const byDefault = all.filter(({ scenario }) => scenario.emptyForMs === undefined);
  const binpacked = (one: Figures) => one.scenario.placement === 'binpack';
  const sections = [
    ...byTrace(all.filter(isUsual)).map(traceSection),
    section('Boot times', bootTable(byDefault.filter(binpacked))),
    section('Placement', placementTable(byDefault.filter(isOfPlacement))),
    section(
      'How long what is empty stays',
      emptyTable(all.filter((one) => binpacked(one) && isOfScaler(one))),
    ),
    sources(all),
  ];
  return sections.filter((text) => text !== '').join('\n\n');
}

const section = (title: string, content: string) => `### ${title}\n\n${content}`;

/** Those that a chart and the first tables are of. */
export const isUsual = ({ scenario }: Figures) =>
  scenario.placement === 'binpack' && scenario.bootMs === USUAL_BOOT_MS && scenario.emptyForMs === undefined;

const hasUsualBoot = ({ scenario }: Figures) => scenario.bootMs === USUAL_BOOT_MS;
const isOfScaler = (one: Figures) => one.scenario.policy === 'scaler' && hasUsualBoot(one);
const isOfPlacement = (one: Figures) =>
  isOfScaler(one) || (one.scenario.policy === 'managed' && hasUsualBoot(one));

export function byTrace(all: readonly Figures[]): readonly (readonly Figures[])[] {
  return [...Map.groupBy(all, ({ traceName }) => traceName).values()];
}

function traceSection(figures: readonly Figures[]): string {
  const [first] = figures;
  if (!first) return '';
  const { traceName, days, jobs, oracleHours } = first;
  const heading = `### ${traceName}, ${Math.round(days)} days, ${count(jobs)} tasks, oracle: ${count(oracleHours)} instance-hours`;
  const rows = figures.map((one) => [
    POLICY_WORDS[one.scenario.policy],
    ratio(one),
    seconds(one.wait.mean),
    seconds(one.wait.p99),
    count(one.launches),
    count(one.emptyHours),
    count(one.drainingHours),
    count(one.requests / (one.days * 24)),
  ]);
  return [heading, table(TRACE_HEAD, rows)].join('\n\n');
}

const TRACE_HEAD = [
  '',
  'instance-hours ÷ oracle',
  'mean wait',
  'p99',
  'launches',
  'hours empty',
  'hours draining',
  'requests an hour',
];

function bootTable(all: readonly Figures[]): string {
  const boots = [...new Set(all.map(({ scenario }) => scenario.bootMs))];
  const head = ['', '', ...boots.map((bootMs) => `boot ${bootMs / SECOND} s`)];
  const rows = byTrace(all).flatMap((ofTrace) =>
    [...Map.groupBy(ofTrace, ({ scenario }) => scenario.policy)].map(([policy, figures]) => [
      figures[0]?.traceName ?? '',
      POLICY_WORDS[policy],
      ...boots.map((bootMs) => hoursAndWait(figures.find(({ scenario }) => scenario.bootMs === bootMs))),
    ]),
  );
  return table(head, rows);
}

function placementTable(all: readonly Figures[]): string {
  const rows = Map.groupBy(all, ({ scenario }) => `${scenario.placement} ${scenario.policy}`);
  return tableByTrace(all, ['placement', ''], [...rows.values()], ({ placement, policy }) => [
    PLACEMENT_WORDS[placement],
    POLICY_WORDS[policy],
  ]);
}

function emptyTable(all: readonly Figures[]): string {
  const keptMs = ({ emptyForMs = defaultConfig.emptyForMs }: Scenario) => emptyForMs;
  const rows = [...Map.groupBy(all, ({ scenario }) => keptMs(scenario))].sort(([a], [b]) => a - b);
  return tableByTrace(
    all,
    ['`--empty-for`'],
    rows.map(([, figures]) => figures),
    (scenario) => [`${keptMs(scenario) / MINUTE} min`],
  );
}

/** A row for each group of figures, a column for each trace. */
function tableByTrace(
  all: readonly Figures[],
  head: readonly string[],
  rows: readonly (readonly Figures[])[],
  label: (scenario: Scenario) => readonly string[],
): string {
  const names = byTrace(all).map(([first]) => first?.traceName ?? '');
  const cells = rows.map((figures) => [
    ...(figures[0] ? label(figures[0].scenario) : []),
    ...names.map((name) => hoursAndWait(figures.find(({ traceName }) => traceName === name))),
  ]);
  return table([...head, ...names], cells);
}

function sources(all: readonly Figures[]): string {
  const named = new Map(all.flatMap(({ traceName, source }) => (source ? [[traceName, source]] : [])));
  if (named.size === 0) return '';
  return `Sources of the traces, with thanks: ${[...named].map(([name, source]) => `${name}: ${source}`).join('. ')}.`;
}

const ratio = ({ instanceHours, oracleHours }: Figures) => (instanceHours / oracleHours).toFixed(2);

const hoursAndWait = (figures: Figures | undefined) =>
  figures ? `${ratio(figures)}, ${seconds(figures.wait.p99)}` : '';

const count = (value: number) => Math.round(value).toLocaleString('en-US');
const seconds = (ms: number) => `${count(ms / SECOND)} s`;
