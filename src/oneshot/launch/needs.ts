import type { Needs, Parameters, TaskDefinition } from './model.ts';
import { hasOwnNetwork } from './network.ts';

/**
 * What a task needs of an instance that is to take it: what its definition reserves for the whole task, else the sum of
 * what its containers reserve, with what is asked for in place of `container`'s own. (ECS developer guide, "Task
 * definition parameters", and RunTask's overrides)
 */
export function needsOf(
  definition: TaskDefinition,
  container: string,
  { cpu, memory, network }: Pick<Parameters, 'cpu' | 'memory' | 'network'>,
): Needs {
  const { containers, constraints } = definition;
  const sum = (of: (one: (typeof containers)[number]) => number) =>
    containers.reduce((total, one) => total + of(one), 0);
  return {
    cpu: definition.cpu ?? sum((one) => (one.name === container ? cpu : undefined) ?? one.cpu),
    // A soft limit is what is reserved; what is asked for is the hard one.
    memory:
      definition.memory ??
      sum((one) => one.softMemory ?? (one.name === container ? memory : undefined) ?? one.memory),
    gpu: sum((one) => one.gpu),
    ports: containers.flatMap(({ ports }) => ports),
    constraints,
    networkInterfaces: hasOwnNetwork(definition) ? 1 : 0,
    subnets: network?.subnets ?? [],
  };
}
