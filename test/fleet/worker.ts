import { parentPort, workerData } from 'node:worker_threads';
import { loadAgent } from '../simulation/load-agent.ts';
import { type Figures, figuresOf } from './figures.ts';
import { runFleet } from './run-fleet.ts';
import type { Scenario } from './scenario.ts';

export type Work = {
  readonly scenario: Scenario;
  /** The checkout whose agent is `agent-before`. */
  readonly before?: string | undefined;
};

if (parentPort) {
  // Stacks of throttled requests are nobody's news, and take a tenth of the time.
  Error.stackTraceLimit = 0;
  const { scenario, before } = workerData as Work;
  const agent = await loadAgent(scenario.program === 'agent-before' ? { source: before } : {});
  const drains = await runFleet(scenario, agent);
  parentPort.postMessage(figuresOf(scenario, [...drains.byInstance.values()]) satisfies Figures);
}
