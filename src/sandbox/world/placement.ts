import type { Cluster, ContainerInstance } from './state.ts';

export type Needs = { cpu: number; memory: number };
export type Refusal = { arn: string; reason: 'RESOURCE:CPU' | 'RESOURCE:MEMORY' | 'AGENT' | 'INACTIVE' };

/** The ACTIVE container instance with room and the fewest tasks; else why each of them was refused. */
export function place(cluster: Cluster, needs: Needs): ContainerInstance | Refusal[] {
  let best: ContainerInstance | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  const refusals: Refusal[] = [];
  for (const candidate of cluster.containerInstances.values()) {
    if (candidate.status !== 'ACTIVE') continue;
    const reason = refuses(candidate, needs);
    if (reason) {
      refusals.push({ arn: candidate.arn, reason });
      continue;
    }
    const tasks = liveTasks(candidate);
    if (tasks < fewest) {
      best = candidate;
      fewest = tasks;
    }
  }
  return best ?? refusals;
}

/** Why a container instance cannot take a task, or undefined when it can. */
export function refuses(candidate: ContainerInstance, needs: Needs): Refusal['reason'] | undefined {
  if (candidate.status !== 'ACTIVE') return 'INACTIVE';
  if (!candidate.agentConnected || !isHostsOwn(candidate)) return 'AGENT';
  if (candidate.usedMemory + needs.memory > candidate.machine.memory) return 'RESOURCE:MEMORY';
  if (candidate.usedCpu + needs.cpu > candidate.machine.cpu) return 'RESOURCE:CPU';
  return undefined;
}

/**
 * What the host was before it registered anew takes no task, also while ECS still calls its agent connected: no agent is there to
 * be told of one.
 */
const isHostsOwn = (candidate: ContainerInstance): boolean =>
  candidate.machine.ecsAgent.containerInstance === candidate;

function liveTasks(containerInstance: ContainerInstance): number {
  let count = 0;
  for (const task of containerInstance.tasks) if (task.lastStatus !== 'STOPPED') count++;
  return count;
}
