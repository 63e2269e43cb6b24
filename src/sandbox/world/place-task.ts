import type * as Ecs from '@aws-sdk/client-ecs';
import { parseQuery } from './cluster-query.ts';
import { invalidParameter } from './errors.ts';
import { liveTasks, place, refuses } from './placement.ts';
import type { Cluster, ContainerInstance, Machine, TaskNeeds, WorldState } from './state.ts';
import { subnetFor } from './subnets.ts';
import { checkedQuery } from './task-definitions.ts';

export type Wanted = TaskNeeds & { readonly group: string };
export type Rules = Pick<
  Ecs.RunTaskCommandInput,
  'placementConstraints' | 'placementStrategy' | 'networkConfiguration'
>;

/**
 * The container instance that RunTask takes under its constraints and strategies; else why each was refused. The first
 * strategy decides, the next between those that are equal by it.
 */
export function choose(
  world: WorldState,
  cluster: Cluster,
  wanted: Wanted,
  { placementConstraints = [], placementStrategy = [], networkConfiguration }: Rules,
  isEligible?: (machine: Machine) => boolean,
): ContainerInstance | Ecs.Failure[] {
  const failures: Ecs.Failure[] = [];
  const subnets = networkConfiguration?.awsvpcConfiguration?.subnets ?? [];
  const isElsewhere = ({ machine }: ContainerInstance) =>
    subnets.length > 0 && subnetFor(world, machine, subnets) === undefined;
  let candidates: ContainerInstance[] = [];
  for (const candidate of cluster.containerInstances.values()) {
    if (candidate.status !== 'ACTIVE' || isEligible?.(candidate.machine) === false) continue;
    const reason =
      refuses(candidate, wanted) ??
      (isElsewhere(candidate) ? 'LOCATION' : undefined) ??
      placementConstraints.map((one) => breaks(one, candidate, wanted)).find((one) => one !== undefined);
    if (reason === undefined) candidates.push(candidate);
    else failures.push({ arn: candidate.arn, reason });
  }
  if (candidates.length === 0) return failures;
  if (placementStrategy.length === 0) {
    const [only] = candidates;
    const isOfAll = placementConstraints.length === 0 && subnets.length === 0 && !isEligible;
    const spread = isOfAll ? place(cluster, wanted) : only;
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
  if (type === 'spread' && (field === 'instanceId' || field === 'host')) return countTasks;
  if (type === 'spread' && field === 'attribute:ecs.availability-zone')
    return ({ machine }) =>
      candidates
        .filter((other) => other.machine.availabilityZone === machine.availabilityZone)
        .reduce((sum, other) => sum + countTasks(other), 0);
  throw invalidParameter(`The sandbox knows no placement strategy ${type} by ${field}.`);
}

const countTasks = (one: ContainerInstance) => liveTasks(one).length;

function breaks(
  { type, expression = '' }: Ecs.PlacementConstraint,
  one: ContainerInstance,
  { group }: Wanted,
): string | undefined {
  if (type === 'distinctInstance') {
    const isThere = liveTasks(one).some((task) => task.group === group);
    return isThere ? 'distinctInstance placement constraint unsatisfied.' : undefined;
  }
  if (type !== 'memberOf') throw invalidParameter(`Unknown placement constraint type ${type}.`);
  const isMember = parseQuery(checkedQuery(expression))(one);
  return isMember ? undefined : 'MemberOf placement constraint unsatisfied.';
}
