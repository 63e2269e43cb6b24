import { Worker } from 'node:worker_threads';
import type { Figures, Scenario } from './model.ts';

/** Replays each scenario in a thread of its own, so many at a time. The figures come in the scenarios' order. */
export async function runScenarios(
  scenarios: readonly Scenario[],
  { workers, onFigures }: { readonly workers: number; readonly onFigures: (figures: Figures) => void },
): Promise<readonly Figures[]> {
  const done: Figures[] = [];
  const waiting = scenarios.entries();
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (const [index, scenario] of waiting) {
        const figures = await runInThread(scenario);
        done[index] = figures;
        onFigures(figures);
      }
    }),
  );
  return done;
}

function runInThread(scenario: Scenario): Promise<Figures> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: scenario });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(new Error(`The thread of a replay ended early, with code ${code}.`)),
    );
  });
}
