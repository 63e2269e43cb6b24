import type { ContainerSpec, TaskDefinition, TaskNeeds, TaskOverrides } from './state.ts';

/** What a task takes of an instance, and what that must be: what is reserved for the whole of it, else for its containers. */
export function needsOf(definition: TaskDefinition, overrides?: TaskOverrides): TaskNeeds {
  const { containers, networkMode } = definition;
  const ownOf = ({ name }: ContainerSpec) =>
    overrides?.containerOverrides?.find((one) => one.name === name) ?? {};
  const sum = (of: (one: ContainerSpec) => number) => containers.reduce((total, one) => total + of(one), 0);
  return {
    cpu:
      (overrides?.cpu ? Number(overrides.cpu) : definition.ownCpu) ?? sum((one) => ownOf(one).cpu ?? one.cpu),
    memory:
      (overrides?.memory ? Number(overrides.memory) : definition.ownMemory) ??
      sum((one) => {
        const own = ownOf(one);
        // A soft limit is what is reserved.
        return own.memoryReservation ?? one.memoryReservation ?? own.memory ?? one.memory ?? 0;
      }),
    gpu: sum(({ gpu }) => gpu),
    ports: networkMode === 'awsvpc' ? [] : containers.flatMap(({ ports }) => hostPorts(ports, networkMode)),
    hasNetworkInterface: networkMode === 'awsvpc',
    attributes: definition.requiresAttributes,
    expressions: definition.expressions,
  };
}

/** In the network mode `host` a container's port is the host's. A host port of 0 is any that is free. */
function hostPorts(ports: ContainerSpec['ports'], networkMode: string): readonly string[] {
  return ports.flatMap(({ container, host, protocol }) => {
    const port = networkMode === 'host' ? container : host;
    return port === 0 ? [] : [`${port}/${protocol}`];
  });
}
