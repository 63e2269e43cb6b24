import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { createSummary, merge, type Summary } from './summary.ts';
import type { Progress, Work } from './worker.ts';

export type CrewOptions = Pick<Work, 'first' | 'count' | 'agent' | 'rare'> & {
  readonly workers?: number;
  readonly onProgress?: (sofar: Summary) => void;
};

/** Runs many seeds on all cores. */
export async function runSeeds({
  first,
  count,
  workers = availableParallelism(),
  agent,
  rare,
  onProgress,
}: CrewOptions): Promise<Summary> {
  const { data } = createSummary();
  await Promise.all(
    Array.from({ length: workers }, (_, index) =>
      runWorker({ first: first + index, count: count - index, stride: workers, agent, rare }, (summary) => {
        merge(data, summary);
        onProgress?.(data);
      }),
    ),
  );
  return data;
}

/** Runs one worker to its end. Rejects where the worker itself breaks. */
export function runWorker(work: Work, onSummary: (summary: Summary) => void): Promise<void> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: work });
  return new Promise((resolve, reject) => {
    worker.on('message', ({ summary, isDone }: Progress) => {
      onSummary(summary);
      if (isDone) resolve();
    });
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(new Error(`A worker of the simulation ended early, with code ${code}.`)),
    );
  });
}
