import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chart } from '../test/fleet/chart.ts';
import type { Figures } from '../test/fleet/figures.ts';
import { fleetPromises, judge } from '../test/fleet/promises.ts';
import type { Scenario } from '../test/fleet/scenario.ts';
import { seconds, table } from '../test/fleet/table.ts';
import { runScenarios } from '../test/fleet/worker-pool.ts';
import { type FleetOptions, readOptions, USAGE } from './fleet/options.ts';

/** The largest fleet for which the promises are made. */
const PROMISED = 1_000;

const options = readOptions(process.argv.slice(2));
switch (options.kind) {
  case 'help':
    console.log(USAGE);
    break;
  case 'wrong':
    console.error(options.problem);
    process.exitCode = 2;
    break;
  case 'run':
    process.exitCode = await run(options);
    break;
}

/** Resolves with the exit code: 1 where this agent broke a promise in a fleet for which it is made. */
async function run({ families, sizes, seed, ...options }: FleetOptions): Promise<number> {
  const scenarios = families.flatMap(({ programs, scenario }, family) =>
    sizes.flatMap((agents) =>
      programs.map((program) => ({ family, scenario: { ...scenario, seed, program, agents } })),
    ),
  );
  const figures = await runScenarios(
    scenarios.map(({ scenario }) => scenario),
    { ...options, onFigures: tellProgress },
  );
  const ofFamily = (family: number) => figures.filter((_, index) => scenarios[index]?.family === family);
  for (const [family, { title }] of families.entries())
    console.log(`\n## ${title}\n\n${table(ofFamily(family))}`);
  if (options.apis) for (const one of figures) console.log(`\n${apis(one)}`);
  console.log('');
  for (const [name, promise] of Object.entries(fleetPromises)) console.log(`${name}  ${promise}`);
  if (options.chart !== undefined) writeChart(options.chart, ofFamily(0));
  return figures.some(isBroken) ? 1 : 0;
}

function tellProgress({ scenario, release, timedOut, tasksUnasked }: Figures): void {
  const what = scenario.isSpot
    ? `${tasksUnasked} tasks were never asked to stop`
    : `released after ${seconds(release.p99)} (p99), ${timedOut} hooks timed out`;
  console.error(`${describe(scenario)}: ${what}`);
}

function apis({ scenario, byApi }: Figures): string {
  const rows = byApi.map(([api, count]) => `${(count / scenario.agents).toFixed(1).padStart(8)}  ${api}`);
  return [`${describe(scenario)}, requests a drain by API`, ...rows].join('\n');
}

function describe({ program, agents, tasksMs, hookMs, isSpot }: Scenario): string {
  const how = isSpot ? 'interrupted by Spot' : `hook of ${hookMs / 1_000} s`;
  return `${agents} × ${program}, tasks of up to ${tasksMs / 60_000} min, ${how}`;
}

function writeChart(folder: string, figures: readonly Figures[]): void {
  mkdirSync(folder, { recursive: true });
  for (const theme of ['light', 'dark'] as const)
    writeFileSync(join(folder, `fleet-${theme}.svg`), chart(figures, theme));
}

function isBroken(figures: Figures): boolean {
  return (
    figures.scenario.program === 'agent' &&
    figures.scenario.agents <= PROMISED &&
    Object.values(judge(figures)).includes('broken')
  );
}
