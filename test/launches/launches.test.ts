import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bugs } from './deliberate-bugs.ts';
import { drawPlan } from './draw-plan.ts';
import { loadOneshot } from './load-oneshot.ts';
import { violationsOf } from './promises.ts';
import { simulate } from './simulate.ts';

/** So many of them take half a minute; `scripts/simulate-launches.ts` runs more. */
const LAUNCHES = 600;
/** Within which each bug must show. */
const SEARCHED = 400;

test(`${LAUNCHES} simulated clusters, with faults, deaths and cancels: no promise is broken`, async () => {
  const program = await loadOneshot();
  for (let seed = 1; seed <= LAUNCHES; seed++) {
    const found = violationsOf(await simulate(drawPlan(seed), program));
    assert.deepEqual(found, [], `seed ${seed}`);
  }
});

describe('the simulation finds a launcher that', () => {
  for (const bug of bugs) {
    test(bug.name, async (context) => {
      const program = await loadOneshot(bug);
      for (let seed = 1; seed <= SEARCHED; seed++) {
        const violations = violationsOf(await simulate(drawPlan(seed), program));
        const found = violations.find(({ property }) => property === bug.property);
        if (!found) continue;
        context.diagnostic(`after ${seed}: ${found.property}, ${found.what}`);
        return;
      }
      assert.fail(`${SEARCHED} passed: a promise is missing, or nothing in them makes the bug show`);
    });
  }
});
