import type { Random } from '../../../test/simulation/random.ts';
import type { Cluster, Instance, Policy } from '../cluster.ts';
import { HOUR, SECOND } from '../model.ts';

/** A launcher that found no room asks again so often. */
const LAUNCHER_EVERY_MS = 10 * SECOND;
/** The part of what would be left that may be reserved: the P of the formula. */
const RESERVED_PART = 0.9;

export type SeedOptions = {
  /** Any instance, as a group chooses by itself, or only those without a task. */
  readonly choice: 'blind' | 'empty';
  readonly random: Random;
};

/**
 * What this project was born from. Out: launchers raise the desired capacity by one instance, and the next only once it
 * has registered. In: once an hour n instances go, the most for which the mean reservation of the hour in percent is below
 * (N − n)·100/N·P.
 */
export function seedPolicy({ choice, random }: SeedOptions): Policy {
  let [hourBegan, samples, sum] = [0, 0, 0];
  return {
    everyMs: LAUNCHER_EVERY_MS,
    afterDemandMs: 0,
    turn: (cluster) => {
      growByOne(cluster);
      const open = [...cluster.instances].filter(({ isLeaving }) => !isLeaving);
      samples++;
      sum += reservation(cluster);
      if (cluster.now - hourBegan < HOUR) return;
      const estimate = sum / samples;
      [hourBegan, samples, sum] = [cluster.now, 0, 0];
      // The metric is read, and the desired capacity is set.
      cluster.asked(2);
      for (const instance of chosen(open, excess(open.length, estimate))) cluster.terminate(instance);
    },
  };

  function chosen(open: readonly Instance[], count: number): readonly Instance[] {
    const candidates =
      choice === 'empty'
        ? open.filter(({ tasks, state }) => tasks.size === 0 && state === 'active')
        : [...open];
    if (choice === 'empty') return candidates.sort((a, b) => a.idleSince - b.idleSince).slice(0, count);
    return Array.from({ length: Math.min(count, candidates.length) }, () =>
      candidates.splice(random.integer(0, candidates.length - 1), 1),
    ).flat();
  }
}

function growByOne(cluster: Cluster): void {
  if (cluster.waiting.length === 0) return;
  for (const { state } of cluster.instances) if (state === 'booting') return;
  cluster.asked(2);
  cluster.launch(1);
}

/** The largest n for which `estimate` < (N − n)·100/N·P. */
function excess(instances: number, estimate: number): number {
  return Math.max(0, Math.ceil(instances - (estimate * instances) / (100 * RESERVED_PART)) - 1);
}

/** CPUReservation as CloudWatch has it, in percent: of the ACTIVE and of the DRAINING instances. */
function reservation({ instances, instanceCpu }: Cluster): number {
  let [registered, used] = [0, 0];
  for (const { state, freeCpu } of instances) {
    if (state === 'booting') continue;
    registered++;
    used += instanceCpu - freeCpu;
  }
  return registered === 0 ? 0 : (100 * used) / (registered * instanceCpu);
}
