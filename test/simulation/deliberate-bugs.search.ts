import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, test } from 'node:test';
import { mutants } from './deliberate-bugs.ts';
import { runWorker } from './worker-pool.ts';

const DRAINS = 10_000;

describe('the simulation finds an agent that', { concurrency: availableParallelism() }, () => {
  for (const mutant of mutants) {
    test(mutant.name, async (context) => {
      let runs = 0;
      const found: string[] = [];
      await runWorker(
        {
          first: mutant.from ?? 1,
          count: DRAINS,
          stride: 1,
          agent: { mutant },
          rare: mutant.isRare ?? false,
        },
        (summary) => {
          runs += summary.runs;
          for (const { seed, violation } of summary.violations)
            found.push(`seed ${seed}: ${violation.property}, ${violation.what}`);
        },
      );
      assert.ok(
        found.length > 0,
        `${DRAINS} drains passed: a promise is missing, or nothing in them makes the bug show`,
      );
      context.diagnostic(`after ${runs} drains: ${found[0]}`);
    });
  }
});
