import { fileURLToPath } from 'node:url';
import { changedSince } from './mutate/changed.ts';
import equivalents from './mutate/equivalents.json' with { type: 'json' };
import { readSources } from './mutate/files.ts';
import { listMutants, type Mutant } from './mutate/mutants.ts';
import { type Options, parseOptions, USAGE } from './mutate/options.ts';
import { describeResults } from './mutate/report.ts';
import { drawMutants } from './mutate/sample.ts';
import { judge } from './mutate/score.ts';
import { tryAll } from './mutate/try-all.ts';

// `npm run mutate`: how much of the code do its tests hold? See docs/mutation.md.

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
/** Mutants that no test can tell from the original: why, by id. */
const reasons = new Map(Object.entries<{ at: string; why: string }>(equivalents));

const options = parseOptions(process.argv.slice(2));
if (!options) console.log(USAGE);
else process.exitCode = await mutate(options);

async function mutate(options: Options): Promise<number> {
  const sources = readSources(root);
  const all = listMutants(sources);
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
  const results = await tryAll(root, sources, tried, options);
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
  const isWhole = chosen.length < options.sample && results.length === tried.length;
  const { isEnough, why } = judge(counted, isWhole);
  console.log(why);
  return isEnough ? 0 : 1;
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
