import { appendFileSync, writeFileSync } from 'node:fs';
import { readSources, type Source } from './files.ts';
import type { Mutant } from './mutants.ts';
import type { Options } from './options.ts';
import { describeResult, type Result } from './report.ts';
import { createStages } from './stages.ts';
import { findTests } from './tests.ts';

/**
 * Tries mutants, several at a time, and prints what becomes of each. Those that are left when the time is up are not
 * among the results.
 * @throws where the tests fail without a mutant, or a source is changed meanwhile
 */
export async function tryAll(
  root: string,
  sources: readonly Source[],
  mutants: readonly Mutant[],
  options: Options,
): Promise<Result[]> {
  const endAt = performance.now() + options.minutes * 60_000;
  const { judge } = await createStages({ root, tests: findTests(root), ...options });
  const before = JSON.stringify(sources);
  const queue = [...mutants];
  const results: Result[] = [];
  if (options.out !== undefined) writeFileSync(options.out, '');
  const work = async () => {
    while (performance.now() < endAt) {
      const mutant = queue.shift();
      if (!mutant) return;
      if (JSON.stringify(readSources(root)) !== before)
        throw new Error('A source was changed meanwhile: try them in a checkout that nobody works in.');
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
