import { attributesOf } from './attributes.ts';
import { parseQuery } from './cluster-query.ts';
import type { Cluster, ContainerInstance, Task, TaskNeeds } from './state.ts';

export type Refusal = { arn: string; reason: string };

/** The ACTIVE container instance with room and the fewest tasks; else why each of them was refused. */
export function place(cluster: Cluster, needs: TaskNeeds): ContainerInstance | Refusal[] {
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
    const tasks = liveTasks(candidate).length;
    if (tasks < fewest) {
      best = candidate;
      fewest = tasks;
    }
  }
  return best ?? refusals;
}

/**
 * Why a container instance cannot take a task, or undefined when it can. Where there are several reasons, no primary
 * source says which of them ECS gives. (ECS developer guide, "API failure reasons")
 */
export function refuses(candidate: ContainerInstance, needs: TaskNeeds): string | undefined {
  const { machine } = candidate;
  if (candidate.status !== 'ACTIVE') return 'INACTIVE';
  if (!candidate.agentConnected || !isHostsOwn(candidate)) return 'AGENT';
  if (needs.attributes.length > 0) {
    const has = attributesOf(machine);
    if (needs.attributes.some((name) => !has.has(name))) return 'ATTRIBUTE';
  }
  if (needs.expressions.some((expression) => !parseQuery(expression)(candidate)))
    return 'MemberOf placement constraint unsatisfied.';
  if (candidate.usedMemory + needs.memory > machine.memory) return 'RESOURCE:MEMORY';
  if (candidate.usedCpu + needs.cpu > machine.cpu) return 'RESOURCE:CPU';
  const isTaken = (port: string) => liveTasks(candidate).some(({ needs: { ports } }) => ports.includes(port));
  if (needs.ports.some((port) => RESERVED_PORTS.includes(port) || isTaken(port))) return 'RESOURCE:PORTS';
  if (needs.gpu > 0 && usedGpus(candidate) + needs.gpu > machine.gpus) return 'RESOURCE:GPU';
  if (needs.hasNetworkInterface && usedInterfaces(candidate) >= machine.networkInterfaces)
    return 'RESOURCE:ENI';
  return undefined;
}

/**
 * What the host was before it registered anew takes no task, also while ECS still calls its agent connected: no agent is there to
 * be told of one.
 */
const isHostsOwn = (candidate: ContainerInstance): boolean =>
  candidate.machine.ecsAgent.containerInstance === candidate;

/** What the host keeps for itself: SSH, Docker, the ECS agent. */
export const RESERVED_PORTS = ['22/tcp', '2376/tcp', '2375/tcp', '51678/tcp', '51679/tcp'];

export const usedGpus = (one: ContainerInstance): number =>
  liveTasks(one).reduce((sum, { needs }) => sum + needs.gpu, 0);

/** The first one is the instance's own. */
const usedInterfaces = (one: ContainerInstance) =>
  1 + liveTasks(one).filter(({ needs }) => needs.hasNetworkInterface).length;

export function liveTasks({ tasks }: ContainerInstance): readonly Task[] {
  return [...tasks].filter(({ lastStatus }) => lastStatus !== 'STOPPED');
}
