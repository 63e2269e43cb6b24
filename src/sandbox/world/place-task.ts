import type * as Ecs from '@aws-sdk/client-ecs';
import { clientException, invalidParameter } from './errors.ts';
import { place, refuses } from './placement.ts';
import type { Cluster, ContainerInstance, Machine, WorldState } from './state.ts';

export type Wanted = { readonly cpu: number; readonly memory: number; readonly group: string };
export type Rules = Pick<Ecs.RunTaskCommandInput, 'placementConstraints' | 'placementStrategy'>;

/**
 * The container instance that RunTask takes under its constraints and strategies; else why each was refused. The first
 * strategy decides, the next between those that are equal by it.
 */
export function choose(
  world: WorldState,
  cluster: Cluster,
  wanted: Wanted,
  { placementConstraints = [], placementStrategy = [] }: Rules,
  isEligible?: (machine: Machine) => boolean,
): ContainerInstance | Ecs.Failure[] {
  const failures: Ecs.Failure[] = [];
  let candidates: ContainerInstance[] = [];
  for (const candidate of cluster.containerInstances.values()) {
    if (candidate.status !== 'ACTIVE' || isEligible?.(candidate.machine) === false) continue;
    const reason =
      refuses(candidate, wanted) ??
      placementConstraints.map((one) => breaks(one, candidate, wanted)).find((one) => one !== undefined);
    if (reason === undefined) candidates.push(candidate);
    else failures.push({ arn: candidate.arn, reason });
  }
  if (candidates.length === 0) return failures;
  if (placementStrategy.length === 0) {
    const [only] = candidates;
    const spread = placementConstraints.length === 0 && !isEligible ? place(cluster, wanted) : only;
    return spread ?? failures;
  }
  for (const { type, field } of placementStrategy) {
    if (type === 'random')
      return candidates[Math.floor(world.options.random() * candidates.length)] ?? failures;
    const rank = rankBy(type, field, candidates);
    const best = Math.min(...candidates.map(rank));
    candidates = candidates.filter((one) => rank(one) === best);
  }
  return candidates[0] ?? failures;
}

/** The lower, the better. (ECS developer guide, "Use strategies to define Amazon ECS task placement") */
function rankBy(
  type: string | undefined,
  field: string | undefined,
  candidates: readonly ContainerInstance[],
): (candidate: ContainerInstance) => number {
  if (type === 'binpack' && field?.toLowerCase() === 'cpu')
    return ({ machine, usedCpu }) => machine.cpu - usedCpu;
  if (type === 'binpack' && field?.toLowerCase() === 'memory')
    return ({ machine, usedMemory }) => machine.memory - usedMemory;
  if (type === 'spread' && (field === 'instanceId' || field === 'host')) return liveTasks;
  if (type === 'spread' && field === 'attribute:ecs.availability-zone')
    return ({ machine }) =>
      candidates
        .filter((other) => other.machine.availabilityZone === machine.availabilityZone)
        .reduce((sum, other) => sum + liveTasks(other), 0);
  throw invalidParameter(`The sandbox knows no placement strategy ${type} by ${field}.`);
}

function liveTasks({ tasks }: ContainerInstance): number {
  return [...tasks].filter(({ lastStatus }) => lastStatus !== 'STOPPED').length;
}

function breaks(
  { type, expression = '' }: Ecs.PlacementConstraint,
  { machine, tasks }: ContainerInstance,
  { group }: Wanted,
): string | undefined {
  if (type === 'distinctInstance') {
    const isThere = [...tasks].some((task) => task.group === group && task.lastStatus !== 'STOPPED');
    return isThere ? 'distinctInstance placement constraint unsatisfied.' : undefined;
  }
  const [, name, value] =
    /^\s*attribute:(ecs\.instance-type|ecs\.availability-zone)\s*==\s*(\S+)\s*$/.exec(expression) ?? [];
  if (type !== 'memberOf' || !name)
    throw clientException(`Expression "${expression}" is none that the sandbox can evaluate.`);
  const has = name === 'ecs.instance-type' ? machine.instanceType : machine.availabilityZone;
  return has === value ? undefined : 'MemberOf placement constraint unsatisfied.';
}
