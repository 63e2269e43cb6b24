import { parentPort, workerData } from 'node:worker_threads';
import { drawPlan } from './draw-plan.ts';
import { type AgentSource, loadAgent } from './load-agent.ts';
import { refusedBy, simulate } from './simulate.ts';
import { createSummary, type Summary } from './summary.ts';

/** What one worker is to do. */
export type Work = {
  /** The first seed, and how many there are; the worker takes every `stride`-th. */
  readonly first: number;
  readonly count: number;
  readonly stride: number;
  readonly agent?: AgentSource | undefined;
  /** False to leave out what is rare. */
  readonly rare?: boolean | undefined;
};

/** Sent now and then, and at the end with `isDone`. Each is about the runs since the one before. */
export type Progress = { readonly summary: Summary; readonly isDone: boolean };

const REPORT_EVERY = 500;
/** A run whose agent is broken beyond this gives no better news. */
const VIOLATIONS_ENOUGH = 20;

if (parentPort) {
  // Stacks are for people: making one for each of the faults' errors takes a tenth of the time.
  Error.stackTraceLimit = 0;
  const { first, count, stride, agent: source, rare } = workerData as Work;
  const agent = await loadAgent(source);
  // What the agent does without its deliberate bug is no find.
  const unchanged = source?.mutant && (await loadAgent({ ...source, mutant: undefined }));
  let summary = createSummary();
  let violations = 0;
  for (let seed = first; seed < first + count; seed += stride) {
    // Nothing else in a run lets Node's event loop turn, and with it what was collected be let go.
    await new Promise(setImmediate);
    const plan = drawPlan(seed, rare);
    if (source?.source && refusedBy(agent, plan).length > 0) continue;
    const run = await simulate(agent, plan);
    if (run.violation && unchanged && (await simulate(unchanged, plan)).violation) continue;
    summary.add(plan, run);
    if (run.violation && ++violations >= (source?.mutant ? 1 : VIOLATIONS_ENOUGH)) break;
    if (summary.data.runs >= REPORT_EVERY) {
      parentPort.postMessage({ summary: summary.data, isDone: false } satisfies Progress);
      summary = createSummary();
    }
  }
  parentPort.postMessage({ summary: summary.data, isDone: true } satisfies Progress);
}
