import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bugs } from './deliberate-bugs.ts';
import { drawPlan } from './draw-plan.ts';
import { loadScaler } from './load-scaler.ts';
import { simulate } from './simulate.ts';

/** So many of them take seconds; `npm run simulate:scaling` runs more. */
const CLUSTERS = 30;
/** Within which each bug must show. */
const SEARCHED = 150;

test(`scalers, launchers and agents in ${CLUSTERS} simulated clusters: no promise is broken`, async () => {
  const program = await loadScaler();
  for (let seed = 1; seed <= CLUSTERS; seed++) {
    const { violations } = await simulate(drawPlan(seed), program);
    assert.deepEqual(violations, [], `seed ${seed}`);
  }
});

describe('the simulation finds a scaler that', () => {
  for (const bug of bugs) {
    test(bug.name, async (context) => {
      const program = await loadScaler(bug);
      const first = bug.first ?? 1;
      for (let seed = first; seed < first + SEARCHED; seed++) {
        const { violations } = await simulate(drawPlan(seed), program);
        const found = violations.find(({ property }) => bug.breaks.includes(property));
        if (!found) continue;
        context.diagnostic(`after ${seed}: ${found.property}, ${found.what}`);
        return;
      }
      assert.fail(`${SEARCHED} passed: a promise is missing, or nothing in them makes the bug show`);
    });
  }
});
