import type { TimelineEvent } from '../../src/sandbox/index.ts';

/** Which instance each container instance and each task belongs to, of all that there ever were. */
export type Owners = {
  see(event: TimelineEvent): void;
  /** @param arn of a container instance or a task. Returns the id of its instance. */
  of(arn: string): string | undefined;
};

export function createOwners(): Owners {
  const owners = new Map<string, string>();
  return {
    see: (event) => {
      if (event.type === 'container-instance') owners.set(event.containerInstanceArn, event.instanceId);
      else if (event.type === 'task' && event.from === undefined) owners.set(event.taskArn, event.instanceId);
    },
    of: (arn) => owners.get(arn),
  };
}
