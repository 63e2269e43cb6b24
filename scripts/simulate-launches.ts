import { parseArgs } from 'node:util';
import { drawPlan } from '../test/launches/draw-plan.ts';
import { loadOneshot } from '../test/launches/load-oneshot.ts';
import { violationsOf } from '../test/launches/promises.ts';
import { simulate } from '../test/launches/simulate.ts';

// `npm run simulate:launches`: launchers in randomly drawn clusters. --seed N plays one of them, and says how each call ended.

const USAGE = `npm run simulate:launches -- [--clusters N] [--first SEED]   simulate N clusters (10000) with launchers
npm run simulate:launches -- --seed SEED                     print what is drawn for one, and how each call ended`;

const { values } = parseArgs({
  options: {
    first: { type: 'string', default: '1' },
    clusters: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit();
}
const program = await loadOneshot();
if (values.seed !== undefined) await replay(Number(values.seed));
else await search(Number(values.first), Number(values.clusters));

async function search(first: number, clusters: number): Promise<void> {
  const ends = new Map<string, number>();
  let violations = 0;
  for (let seed = first; seed < first + clusters; seed++) {
    const run = await simulate(drawPlan(seed), program);
    for (const { end, isDead } of run.calls) {
      const kind = end?.kind ?? (isDead ? 'killed' : 'not ended');
      ends.set(kind, (ends.get(kind) ?? 0) + 1);
    }
    for (const { property, what } of violationsOf(run)) {
      violations++;
      console.log(`seed ${seed}: ${property}: ${what}`);
    }
  }
  const launches = [...ends.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${clusters} clusters, ${launches} launches, ${violations} violations`);
  for (const [kind, count] of [...ends].sort(([, a], [, b]) => b - a)) console.log(`  ${kind} ${count}`);
  if (violations > 0) process.exitCode = 1;
}

async function replay(seed: number): Promise<void> {
  const run = await simulate(drawPlan(seed), program);
  console.log(JSON.stringify(run.plan, null, 1));
  for (const { job, plan, end, isDead, requests } of run.calls) {
    const how = end ? `${end.code} ${end.kind}: ${end.reason}` : isDead ? 'killed' : 'not ended';
    console.log(`${job.key}, called at ${plan.at} ms, ${requests} requests: ${how}`);
  }
  for (const { property, what } of violationsOf(run)) console.log(`${property}: ${what}`);
}
