import type { Cluster, Policy } from '../cluster.ts';
import { type Job, MINUTE } from '../model.ts';

/** Tasks in PROVISIONING, at most; a launcher whose task is refused comes again. (ECS service quotas) */
const MOST_PROVISIONING = 500;
/** Points of one minute below the target before instances go. (ECS developer guide, "managed scaling behavior") */
const POINTS_BEFORE_SCALE_IN = 15;
/** Instances from none at all. */
const FIRST_STEP = 2;

export type ManagedOptions = {
  /** `instanceWarmupPeriod`, in ms. */
  readonly warmupMs: number;
};

/**
 * ECS managed scaling as AWS documents it, with its defaults: target capacity 100, steps of 1 to 10,000, and termination
 * protection, so that only instances without a task go. CapacityProviderReservation is M / N · 100 once a minute.
 *
 * A scale-out is worked out from what has warmed up, as target tracking does: an instance that is warming up is in N, but
 * not in the capacity that the ratio is applied to. So a small step waits for the warm-up of the step before it, and
 * nothing goes meanwhile. After 15 points below the target the group lets at least one instance and at most half of them
 * go each minute. (ECS developer guide, "managed scaling behavior"; Auto Scaling user guide, "default instance warmup")
 */
export function managedPolicy({ warmupMs }: ManagedOptions): Policy {
  let below = 0;
  return {
    everyMs: MINUTE,
    turn: (cluster) => {
      const { instances, now, waiting, instanceCpu } = cluster;
      let [size, warm, busy] = [0, 0, 0];
      for (const { launchedAt, tasks } of instances) {
        size++;
        if (now - launchedAt >= warmupMs) warm++;
        if (tasks.size > 0) busy++;
      }
      const needed = busy + instancesFor(waiting, instanceCpu);
      if (needed > size) {
        below = 0;
        const wanted = size === 0 ? FIRST_STEP : Math.ceil((warm * needed) / size);
        if (wanted > size) cluster.launch(wanted - size);
      } else if (needed < size) {
        below++;
        if (below >= POINTS_BEFORE_SCALE_IN && warm === size) scaleIn(cluster, size - needed, size);
      } else below = 0;
    },
  };
}

/** How many instances the tasks in PROVISIONING need: a lower bound, by groups that ask for the same and by all their CPU. */
function instancesFor(waiting: readonly Job[], instanceCpu: number): number {
  const groups = new Map<number, number>();
  for (const { cpu } of waiting.slice(0, MOST_PROVISIONING)) groups.set(cpu, (groups.get(cpu) ?? 0) + 1);
  let cpu = 0;
  let most = 0;
  for (const [each, count] of groups) {
    cpu += each * count;
    most = Math.max(most, Math.ceil(count / Math.floor(instanceCpu / each)));
  }
  return Math.max(most, Math.ceil(cpu / instanceCpu));
}

function scaleIn(cluster: Cluster, excess: number, size: number): void {
  let left = Math.min(excess, Math.max(1, Math.floor(size / 2)));
  for (const instance of cluster.instances) {
    if (left === 0) return;
    if (instance.state !== 'active' || instance.tasks.size > 0) continue;
    cluster.terminate(instance);
    left--;
  }
}
