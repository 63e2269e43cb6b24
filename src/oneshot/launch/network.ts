import type { Parameters, TaskDefinition } from './model.ts';

/** Whether a task has a network interface of its own. (ECS developer guide, "Task networking") */
export const hasOwnNetwork = ({ networkMode }: Pick<TaskDefinition, 'networkMode'>): boolean =>
  networkMode === 'awsvpc';

/**
 * What is wrong with the network configuration that is asked for, in words; undefined: nothing. RunTask would be refused
 * with an InvalidParameterException.
 */
export function networkProblem(
  definition: Pick<TaskDefinition, 'networkMode'>,
  { taskDefinition, network }: Pick<Parameters, 'taskDefinition' | 'network'>,
): string | undefined {
  const own = `the task definition ${taskDefinition} has the network mode ${definition.networkMode}`;
  if (hasOwnNetwork(definition) && !network)
    return `${own}, and no subnets were given for its network interface: name them with --subnets`;
  if (!hasOwnNetwork(definition) && network)
    return `${own}, which takes no network configuration: leave out --subnets and --security-groups`;
  return undefined;
}
