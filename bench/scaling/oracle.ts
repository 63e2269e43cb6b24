import { HOUR, type Trace } from './model.ts';

/**
 * Instance-hours of a group that is at every moment as small as its running jobs allow: no boot time, no wait, and jobs
 * that move between instances at no cost. Nobody can reach it; it is what policies are measured by. Counted to the last
 * submission. `peak` is the largest number of instances.
 */
export function oracle({ jobs }: Trace, instanceCpu: number): { hours: number; peak: number } {
  const end = jobs.at(-1)?.submittedAt ?? 0;
  const changes = jobs.flatMap(({ submittedAt, runMs, cpu }) => [
    { at: submittedAt, cpu },
    { at: submittedAt + runMs, cpu: -cpu },
  ]);
  changes.sort((a, b) => a.at - b.at);
  let [at, used, total, peak] = [0, 0, 0, 0];
  for (const change of changes) {
    const instances = Math.ceil(used / instanceCpu);
    const until = Math.min(end, change.at);
    if (until > at) {
      total += instances * (until - at);
      at = until;
      peak = Math.max(peak, instances);
    }
    used += change.cpu;
  }
  return { hours: total / HOUR, peak };
}
