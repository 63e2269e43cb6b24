import { appendFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { changedSince } from './mutate/changed.ts';
import equivalents from './mutate/equivalents.json' with { type: 'json' };
import { readSources } from './mutate/files.ts';
import { listMutants, type Mutant } from './mutate/mutants.ts';
import { type Options, parseOptions, USAGE } from './mutate/options.ts';
import { describeResult, describeResults, isEnough, type Result } from './mutate/report.ts';
import { drawMutants } from './mutate/sample.ts';
import { createStages } from './mutate/stages.ts';
import { findTests } from './mutate/tests.ts';

// `npm run mutate`: how much of the code do its tests hold? See docs/mutation.md.

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
/** Mutants that no test can tell from the original: why, by id. */
const reasons = new Map(Object.entries<{ at: string; why: string }>(equivalents));

const options = parseOptions(process.argv.slice(2));
if (!options) console.log(USAGE);
else process.exitCode = await mutate(options);

async function mutate(options: Options): Promise<number> {
  const all = listMutants(readSources(root));
  const known = new Set(all.map(({ id }) => id));
  for (const [id, { at }] of reasons)
    if (!known.has(id)) console.log(`equivalents.json: ${id} (${at}) is no mutant any more; take it out`);
  const chosen = choose(all, options);
  const tried = options.equivalents ? chosen : chosen.filter(({ id }) => !reasons.has(id));
  console.log(`${tried.length} of ${all.length} mutants, seed ${options.seed}`);
  if (options.list) {
    for (const { id, file, line, operator, before, after } of tried)
      console.log(`${id} ${file}:${line} ${operator}: ${before} → ${after}`);
    return 0;
  }
  const results = await tryAll(tried, options);
  const counted = results.filter(
    ({ mutant, verdict }) => verdict.kind === 'killed' || !reasons.has(mutant.id),
  );
  console.log(
    `\n${describeResults(counted, chosen.length - tried.length + results.length - counted.length)}`,
  );
  for (const { mutant } of counted)
    if (reasons.has(mutant.id))
      console.log(`${mutant.id} is listed as equivalent, and was killed: take it out`);
  if (results.length < tried.length)
    console.log(`${tried.length - results.length} mutants were left when the time was up`);
  return isEnough(counted) ? 0 : 1;
}

function choose(
  all: readonly Mutant[],
  { files, only, changedSince: base, sample, seed }: Options,
): Mutant[] {
  if (only.length > 0) return all.filter(({ id }) => only.includes(id));
  const isChanged = base === undefined ? () => true : changedSince(root, base);
  const wanted = all.filter(
    ({ file, line }) =>
      (files.length === 0 || files.some((path) => file.startsWith(path))) && isChanged(file, line),
  );
  return drawMutants(wanted, sample, seed);
}

async function tryAll(mutants: readonly Mutant[], options: Options): Promise<Result[]> {
  const endAt = performance.now() + options.minutes * 60_000;
  const { judge } = await createStages({ root, tests: findTests(root), ...options });
  const queue = [...mutants];
  const results: Result[] = [];
  if (options.out !== undefined) writeFileSync(options.out, '');
  const work = async () => {
    while (performance.now() < endAt) {
      const mutant = queue.shift();
      if (!mutant) return;
      const startedAt = performance.now();
      const verdict = await judge(mutant);
      const result = { mutant, verdict, seconds: (performance.now() - startedAt) / 1_000 };
      results.push(result);
      console.log(`${results.length}/${mutants.length} ${describeResult(result)}`);
      if (options.out !== undefined) appendFileSync(options.out, `${JSON.stringify(result)}\n`);
    }
  };
  await Promise.all(Array.from({ length: options.workers }, work));
  return results;
}
