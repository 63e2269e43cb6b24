import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { apply, type Edit } from '../edit.ts';
import { stayOnLoopback } from './loopback.ts';
import { END, END_OF_FILE, reported, send } from './messages.ts';

/** What one process is to do: the tests of some files one after the other, with a mutant or without. */
export type Work = {
  readonly root: string;
  readonly tests: readonly string[];
  readonly mutant?: (Edit & { readonly file: string; readonly before: string }) | undefined;
};

// A mutant's source is changed on its way in: nothing is written. A test file is loaded once those before it have
// passed, so that a mutant that the nearest test sees costs no more than that test.
const { root, tests, mutant } = JSON.parse(process.argv[2] ?? '') as Work;
const urlOf = (file: string) => pathToFileURL(`${root}/${file}`).href;
// Making stacks for the errors of simulated faults takes a tenth of the time.
Error.stackTraceLimit = 0;
stayOnLoopback();
// After its test has ended, node:test tells of it in a diagnostic only.
for (const event of ['unhandledRejection', 'uncaughtException'] as const)
  process.on(event, (error: unknown) =>
    send({ kind: 'failed', test: `an ${event}`, why: String(error) }, () => process.exit(1)),
  );
if (mutant) loadInstead(urlOf(mutant.file), mutant);
for (const file of tests) {
  await import(urlOf(file));
  void test(END_OF_FILE + file, () => {});
  await once(reported, file);
}
void test(END, () => {});

function loadInstead(url: string, { before, ...edit }: NonNullable<Work['mutant']>): void {
  registerHooks({
    load: (loaded, context, next) => {
      if (loaded !== url) return next(loaded, context);
      const text = readFileSync(fileURLToPath(url), 'utf8');
      if (text.slice(edit.start, edit.end) !== before)
        throw new Error(`${url} was changed while its mutants were tried.`);
      return { format: 'module-typescript', source: apply(text, edit), shortCircuit: true };
    },
  });
}
