import type { Environment } from '../base/environment.ts';

/**
 * Why the agent cannot work where it was started. ECS sets the variable in every task's containers (ECS developer guide,
 * "Task metadata endpoint").
 */
export function wrongPlace(environment: Environment): readonly string[] {
  const name = ['ECS_CONTAINER_METADATA_URI_V4', 'ECS_CONTAINER_METADATA_URI'].find(
    (one) => environment[one],
  );
  if (!name) return [];
  return [
    `${name} is set: this is a task of ECS, and the agent cannot drain the instance that runs it as a task. ECS stops a ` +
      "daemon's own task before the instance is released, and a standalone task would wait for its own end. Run it as a " +
      'service of the host, or as a container that ECS does not start (docs/container.md).',
  ];
}
