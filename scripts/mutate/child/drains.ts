import { drawPlan } from '../../../test/simulation/draw-plan.ts';
import { loadAgent } from '../../../test/simulation/load-agent.ts';
import { simulate } from '../../../test/simulation/simulate.ts';
import { createSummary } from '../../../test/simulation/summary.ts';
import { send } from './messages.ts';

/** Which drains are simulated, by their seeds, in this order. Read from the environment, as DRAINS, in JSON. */
export type Drains = {
  readonly seeds: readonly number[];
  /** Promises that these drains are known to hold the agent to, without a mutant. */
  readonly checked: readonly string[];
};

const PROGRESS_EVERY = 20;

const { seeds, checked } = JSON.parse(process.env.DRAINS ?? '') as Drains;
const agent = await loadAgent();
const summary = createSummary();

// Not a test of node:test: what that does to follow promises takes as long as the drains themselves.
for (const [index, seed] of seeds.entries()) {
  if (index % PROGRESS_EVERY === 0) send({ kind: 'progress' });
  const plan = drawPlan(seed);
  const run = await simulate(agent, plan);
  summary.add(plan, run);
  if (run.violation) await fail(`${run.violation.property} ${run.violation.what}`, seed);
}
const { checks } = summary.data;
send({ kind: 'checked', promises: [...checks.keys()] });
for (const promise of checked)
  if (!checks.has(promise)) await fail(`${promise} was never held against a drain`);

/** Ends the process. */
function fail(why: string, seed?: number): Promise<never> {
  return new Promise(() =>
    send({ kind: 'failed', test: 'simulated drains', why, seed }, () => process.exit(1)),
  );
}
