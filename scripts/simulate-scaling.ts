import { drawPlan } from '../test/scaling/draw-plan.ts';
import { loadScaler } from '../test/scaling/load-scaler.ts';
import { type Program, simulate } from '../test/scaling/simulate.ts';
import { readSeeds } from './seeds.ts';
import { start } from './start.ts';

// `npm run simulate:scaling`: scalers, launchers and agents in randomly drawn clusters. --seed N plays one of them.

const USAGE = `npm run simulate:scaling -- [--clusters N] [--first SEED]   simulate N clusters (1000) with scalers, launchers and agents
npm run simulate:scaling -- --seed SEED                     print what is drawn for one, and all that happens in it`;

await start(readSeeds(process.argv.slice(2), 1_000), USAGE, async (seeds) => {
  const program = await loadScaler();
  return seeds.seed === undefined
    ? search(program, seeds.first, seeds.clusters)
    : replay(program, seeds.seed);
});

async function search(program: Program, first: number, clusters: number): Promise<number> {
  const sums = { turns: 0, failedTurns: 0, deaths: 0, launched: 0, terminated: 0, jobs: 0, hours: 0 };
  let violations = 0;
  for (let seed = first; seed < first + clusters; seed++) {
    const run = await simulate(drawPlan(seed), program);
    for (const name of ['turns', 'failedTurns', 'deaths', 'launched', 'terminated'] as const)
      sums[name] += run[name];
    sums.jobs += run.jobs.length;
    sums.hours += run.lasted / 3_600_000;
    for (const { property, what } of run.violations) {
      violations++;
      console.log(`seed ${seed}: ${property}: ${what}`);
    }
  }
  const { turns, failedTurns, deaths, launched, terminated, jobs, hours } = sums;
  console.log(
    `${clusters} clusters, ${Math.round(hours)} simulated hours, ${turns} turns of scalers (${failedTurns} failed, ${deaths} deaths), ` +
      `${jobs} jobs, ${launched} launches, ${terminated} terminations, ${violations} violations`,
  );
  return violations > 0 ? 1 : 0;
}

/** Tells all of one cluster. What it breaks is part of that, and no failure of the command. */
async function replay(program: Program, seed: number): Promise<number> {
  const plan = drawPlan(seed);
  console.log(JSON.stringify(plan, null, 1));
  const run = await simulate(plan, program, console.log);
  for (const { key, since, startedAt } of run.jobs)
    console.log(`${key}: ${startedAt === undefined ? 'never started' : `waited ${startedAt - since} ms`}`);
  for (const { property, what } of run.violations) console.log(`${property}: ${what}`);
  return 0;
}
