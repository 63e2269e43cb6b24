import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../src/base/text.ts';
import { chart } from './scaling/chart.ts';
import { type Figures, SECOND, VCPU } from './scaling/model.ts';
import { type BenchOptions, readOptions, USAGE } from './scaling/options.ts';
import { readTrace } from './scaling/read-trace.ts';
import { scenariosOf } from './scaling/scenarios.ts';
import { tables } from './scaling/tables.ts';
import { runScenarios } from './scaling/worker-pool.ts';

// `npm run bench:scaling`: what each scaling policy costs, and how long jobs wait under it.

const PAGE = fileURLToPath(new URL('../docs/scaling.md', import.meta.url));
const IMAGES = fileURLToPath(new URL('../docs/images', import.meta.url));
const BEGIN = '<!-- From here to the end mark: `npm run bench:scaling -- --write`. -->';
const END = '<!-- The end mark. -->';

const options = readOptions(process.argv.slice(2), process.env);
switch (options.kind) {
  case 'help':
    console.log(USAGE);
    break;
  case 'wrong':
    console.error(options.problem);
    process.exitCode = 2;
    break;
  case 'run':
    await run(options);
    break;
}

async function run(options: BenchOptions & { kind: 'run' }): Promise<void> {
  const unreadable = problemWith(options);
  if (unreadable !== undefined) {
    console.error(unreadable);
    process.exitCode = 2;
    return;
  }
  const began = performance.now();
  const figures = await runScenarios(scenariosOf(options), {
    workers: options.workers,
    onFigures: tellProgress,
  });
  console.log(tables(figures));
  console.error(`\n${figures.length} replays in ${Math.round((performance.now() - began) / SECOND)} s`);
  if (options.writes) write(figures);
}

/** Before minutes of work, what would end them. */
function problemWith({ traces, vcpus }: BenchOptions & { kind: 'run' }): string | undefined {
  try {
    for (const trace of traces) readTrace(trace, vcpus * VCPU);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function tellProgress({ scenario, traceName, instanceHours, days, tookMs }: Figures): void {
  const { policy, placement, bootMs } = scenario;
  const what = `${traceName}, ${policy}, ${placement}, boot ${bootMs / SECOND} s`;
  const mean = (instanceHours / (days * 24)).toFixed(1);
  console.error(`${what}: ${mean} instances on average, in ${(tookMs / SECOND).toFixed(1)} s`);
}

function write(figures: readonly Figures[]): void {
  const page = readFileSync(PAGE, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${PAGE} lacks the marks between which the figures go.`);
  writeFileSync(PAGE, `${page.slice(0, begin + BEGIN.length)}\n\n${tables(figures)}\n\n${page.slice(end)}`);
  mkdirSync(IMAGES, { recursive: true });
  for (const theme of ['light', 'dark'] as const)
    writeFileSync(`${IMAGES}/scaling-${theme}.svg`, chart(figures, theme));
}
