import { globSync } from 'node:fs';
import type { Drains } from './child/drains.ts';
import type { Message } from './child/messages.ts';
import type { Mutant } from './mutants.ts';
import { type Outcome, runTests } from './run-tests.ts';
import type { TestFiles } from './tests.ts';

/** Tests that run in one process. The cheap ones come first, and the first failure ends a mutant. */
export const STAGES = ['unit', 'simulation', 'prior art'] as const;
export type Stage = (typeof STAGES)[number];

/** What became of a mutant. */
export type Verdict =
  | { readonly kind: 'killed'; readonly by: Stage; readonly test: string; readonly why: string }
  | { readonly kind: 'survived' };

export type StageOptions = {
  readonly root: string;
  readonly tests: TestFiles;
  /** How many drains are simulated, from seed 1. */
  readonly drains: number;
  readonly stages: readonly Stage[];
};

const SIMULATION = ['scripts/mutate/child/drains.ts', 'test/simulation/regressions.test.ts'];
const PRIOR_ART = 'test/prior-art/*.test.ts';
/** A process may be silent for so many times as long as without a mutant. */
const PATIENCE = 8;
/** In ms. */
const LEAST_PATIENCE = 10_000;
const FIRST_PATIENCE = 60_000;
/** So many of the seeds that have killed a mutant come first. */
const KILLERS = 50;

/** Runs all stages without a mutant, then as often as wanted with one. */
export async function createStages({ root, tests, drains, stages }: StageOptions) {
  const first = Array.from({ length: drains }, (_, index) => index + 1);
  let killers: readonly number[] = [];
  let checked: readonly string[] = [];

  const run = (stage: Stage, patience: number, mutant?: Mutant, onMessage?: (message: Message) => void) => {
    const files = {
      unit: mutant ? tests.seeing(mutant.file) : tests.files,
      simulation: SIMULATION,
      'prior art': globSync(PRIOR_ART, { cwd: root }).sort(),
    }[stage];
    const seeds = [...killers, ...first.filter((seed) => !killers.includes(seed))];
    const env = { DRAINS: JSON.stringify({ seeds, checked } satisfies Drains) };
    return runTests({ root, tests: files, mutant }, { quietMs: patience, env, onMessage });
  };

  /** For each stage, the silence after which it counts as hung, in ms. */
  const patience = new Map<Stage, number>();
  for (const stage of stages) {
    let heardAt = performance.now();
    let longest = 0;
    const outcome = await run(stage, FIRST_PATIENCE, undefined, (message) => {
      longest = Math.max(longest, performance.now() - heardAt);
      heardAt = performance.now();
      if (message.kind === 'checked') checked = message.promises;
    });
    if (outcome.kind !== 'passed')
      throw new Error(`Without a mutant the tests (${stage}) must pass: ${describe(outcome)}`);
    patience.set(stage, Math.max(LEAST_PATIENCE, longest * PATIENCE));
  }

  return {
    /** Runs one stage after the other until one fails. */
    judge: async (mutant: Mutant): Promise<Verdict> => {
      for (const stage of stages) {
        const outcome = await run(stage, patience.get(stage) ?? LEAST_PATIENCE, mutant);
        if (outcome.kind === 'passed') continue;
        if (outcome.kind === 'hung') return { kind: 'killed', by: stage, test: 'no test', why: 'hung' };
        const { seed, test, why } = outcome;
        if (seed !== undefined)
          killers = [seed, ...killers.filter((other) => other !== seed)].slice(0, KILLERS);
        return { kind: 'killed', by: stage, test, why: seed === undefined ? why : `seed ${seed}: ${why}` };
      }
      return { kind: 'survived' };
    },
  };
}

const describe = (outcome: Exclude<Outcome, { kind: 'passed' }>): string =>
  outcome.kind === 'hung' ? 'nothing was heard of them' : `${outcome.test}: ${outcome.why}`;
