import type { Random } from '../../test/simulation/random.ts';
import type { Instance, RunningJob } from './cluster.ts';
import { type Job, MINUTE, type Placement } from './model.ts';

/** Chooses among the instances that have room for a job; undefined where there is none. */
export type Place = (job: Job, instances: Iterable<Instance>, now: number) => Instance | undefined;

export function createPlacement(placement: Placement, random: Random): Place {
  switch (placement) {
    case 'binpack':
      return (job, instances) => least(job, instances, ({ freeCpu }) => freeCpu);
    case 'random':
      return (job, instances) => {
        const fitting = [...instances].filter((instance) => hasRoom(instance, job));
        return fitting.length === 0 ? undefined : random.pick(fitting);
      };
    case 'lifetime-exact':
    case 'lifetime-rough': {
      const isExact = placement === 'lifetime-exact';
      return (job, instances, now) => {
        const end = now + (isExact ? job.runMs : job.guessedMs);
        return least(job, instances, (instance) => misfit(instance, end, now, isExact));
      };
    }
  }
}

const hasRoom = ({ state, freeCpu }: Instance, { cpu }: Job) => state === 'active' && freeCpu >= cpu;

function least(
  job: Job,
  instances: Iterable<Instance>,
  cost: (instance: Instance) => number,
): Instance | undefined {
  let [best, lowest]: [Instance | undefined, number] = [undefined, Infinity];
  for (const instance of instances) {
    if (!hasRoom(instance, job)) continue;
    const own = cost(instance);
    if (own < lowest) [best, lowest] = [instance, own];
  }
  return best;
}

/** Larger than any other part of a cost. */
const LONGER = 1e15;
const CLASS = 1e6;

/**
 * How badly a job that ends at `end` suits an instance. Best is one that outlives it anyway: of those one that outlives it by
 * little, for the long-lived ones are for long jobs, and among those that are alike in this, to a factor of four, the fullest.
 * Else it is the one whose life the job makes longer by the least.
 */
function misfit({ tasks, freeCpu }: Instance, end: number, now: number, isExact: boolean): number {
  let last = now;
  for (const task of tasks) last = Math.max(last, isExact ? task.endsAt : likelyEnd(task, now));
  if (last < end) return LONGER + (end - last);
  const longer = (last - now + MINUTE) / (end - now + MINUTE);
  return Math.floor(Math.log2(longer) / 2) * CLASS + freeCpu;
}

/** A task that has outlived its guess may run for as long as the guess can be wrong by: half of that is expected. */
function likelyEnd({ startedAt, guessedEnd }: RunningJob, now: number): number {
  if (guessedEnd > now) return guessedEnd;
  const latest = startedAt + 2 * (guessedEnd - startedAt);
  return now + Math.max(0, latest - now) / 2;
}
