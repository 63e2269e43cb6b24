import type { Fleet } from '../../../src/sandbox/fleet.ts';
import type { Machine } from '../../../src/sandbox/world/state.ts';
import type { TimelineEvent } from '../../../src/sandbox/world/timeline.ts';

/** The container instance that a machine is registered as. */
export function instanceOf(machine: Machine) {
  const { containerInstance } = machine.ecsAgent;
  if (!containerInstance) throw new Error(`${machine.id} is not registered.`);
  return containerInstance;
}

export function drain(fleet: Fleet, machine: Machine): void {
  fleet.world.call('ecs:UpdateContainerInstancesState', {
    cluster: 'web',
    containerInstances: [instanceOf(machine).arn],
    status: 'DRAINING',
  });
}

export function deregister(fleet: Fleet, machine: Machine, force = false): string {
  return outcome(() => {
    const { containerInstance } = fleet.world.call('ecs:DeregisterContainerInstance', {
      cluster: 'web',
      containerInstance: instanceOf(machine).arn,
      force,
    });
    return containerInstance?.status ?? 'no container instance';
  });
}

/** What a call gives, or the error that it fails with, as one text. */
export function outcome(call: () => string): string {
  try {
    return call();
  } catch (error) {
    return String(error);
  }
}

/** Remembers the events of one kind, each as a text with its time in ms since the start. */
export function remember(fleet: Fleet, describe: (event: TimelineEvent) => string | undefined): string[] {
  const start = fleet.world.now;
  const told: string[] = [];
  fleet.world.onEvent((event) => {
    const text = describe(event);
    if (text !== undefined) told.push(`${event.at - start} ${text}`);
  });
  return told;
}

export const lifecycleStates = (event: TimelineEvent) =>
  event.type === 'lifecycle-state' ? event.to : undefined;
export const taskStates = (event: TimelineEvent) => (event.type === 'task' ? event.to : undefined);
