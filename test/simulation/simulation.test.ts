import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadAgent } from './load-agent.ts';
import { tellSeed } from './replay.ts';
import { runSeeds } from './worker-pool.ts';

/** The first of the ten thousand that CI simulates: `npm run simulate` runs more. */
const DRAINS = 3_000;

test(`${DRAINS} drains, and no promise is broken`, { timeout: 600_000 }, async () => {
  const summary = await runSeeds({ first: 1, count: DRAINS, rare: true });
  const [first] = summary.violations;
  if (first) {
    const others = summary.violations
      .slice(1)
      .map(({ seed, violation }) => `${seed}: ${violation.property} ${violation.what}`);
    assert.fail(
      `${await tellSeed(await loadAgent(), first.seed, true)}\n${others.length} more: ${others.join('; ')}`,
    );
  }
  assert.equal(summary.runs, DRAINS);
  for (const property of [
    'S1',
    'S2',
    'S3',
    'S4',
    'S5',
    'S6',
    'L1',
    'L1 within seconds',
    'L2',
    'L3',
    'L4',
    'Q1',
    'Q2',
  ])
    assert.ok((summary.checks.get(property) ?? 0) > 0, `${property} was never held against a run`);
});

test('a drain with options that an earlier agent does not have is not simulated with that', async () => {
  const agent = await loadAgent();
  const earlier: typeof agent = {
    ...agent,
    loadConfig: () => ({
      kind: 'wrong',
      what: 'command-line',
      problems: ['--ignore-tasks: there is no such option.'],
    }),
  };
  assert.match(await tellSeed(earlier, 103), /^Not simulated: .* --ignore-tasks: there is no such option\.$/);
});
