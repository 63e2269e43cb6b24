import { parseArgs } from 'node:util';
import { drawPlan } from '../test/scaling/draw-plan.ts';
import { loadScaler } from '../test/scaling/load-scaler.ts';
import { simulate } from '../test/scaling/simulate.ts';

// `npm run simulate:scaling`: scalers, launchers and agents in randomly drawn clusters. --seed N plays one of them.

const USAGE = `npm run simulate:scaling -- [--clusters N] [--first SEED]   simulate N clusters (1000) with scalers, launchers and agents
npm run simulate:scaling -- --seed SEED                     print what is drawn for one, and all that happens in it`;

const { values } = parseArgs({
  options: {
    first: { type: 'string', default: '1' },
    clusters: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit();
}
const program = await loadScaler();
if (values.seed !== undefined) await replay(Number(values.seed));
else await search(Number(values.first), Number(values.clusters));

async function search(first: number, clusters: number): Promise<void> {
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
  if (violations > 0) process.exitCode = 1;
}

async function replay(seed: number): Promise<void> {
  const plan = drawPlan(seed);
  console.log(JSON.stringify(plan, null, 1));
  const run = await simulate(plan, program, console.log);
  for (const { key, since, startedAt } of run.jobs)
    console.log(`${key}: ${startedAt === undefined ? 'never started' : `waited ${startedAt - since} ms`}`);
  for (const { property, what } of run.violations) console.log(`${property}: ${what}`);
}
