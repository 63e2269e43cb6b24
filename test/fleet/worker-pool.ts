import { Worker } from 'node:worker_threads';
import type { Figures } from './figures.ts';
import type { Scenario } from './scenario.ts';
import type { Work } from './worker.ts';

export type PoolOptions = {
  readonly workers: number;
  readonly before?: string | undefined;
  readonly onFigures: (figures: Figures) => void;
};

/** Runs each scenario in a thread of its own, the longest first. The figures come in the scenarios' order. */
export async function runScenarios(
  scenarios: readonly Scenario[],
  { workers, before, onFigures }: PoolOptions,
): Promise<readonly Figures[]> {
  const waiting = scenarios
    .map((scenario, index) => ({ scenario, index }))
    .sort((a, b) => costOf(a.scenario) - costOf(b.scenario));
  const done: Figures[] = [];
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const figures = await runInThread({ scenario: next.scenario, before });
        done[next.index] = figures;
        onFigures(figures);
      }
    }),
  );
  return done;
}

const costOf = ({ agents, tasksMs, program }: Scenario) =>
  agents * tasksMs * (program.startsWith('agent') ? 20 : 1);

function runInThread(work: Work): Promise<Figures> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: work });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`A fleet's thread ended early, with code ${code}.`)));
  });
}
