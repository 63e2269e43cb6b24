import { setEcsAgent } from './ecs-agent.ts';
import { after, emit } from './emit.ts';
import { beginTermination } from './lifecycle.ts';
import { startImds, whileUp } from './machines.ts';
import type { Machine, WorldState } from './state.ts';
import { processesKilled, stoppedWithHost, tellInterrupted } from './task-life.ts';

/** How long it is stopped, and how long after its start its ECS agent is up again, in ms. */
export type Stop = { readonly forMs: number; readonly ecsAgentAfter?: number | undefined };

/**
 * Somebody stops the EC2 instance, and starts it again after `forMs`: it keeps its id and its root volume, its tasks have ended, and its
 * container instance stays registered (ECS developer guide, "container instance state change events"). A group takes one that was in
 * service for unhealthy, unless that process is suspended; in standby it does not look.
 */
export function stopMachine(world: WorldState, machine: Machine, { forMs, ecsAgentAfter = 0 }: Stop): void {
  if (machine.state !== 'running' || machine.hibernates || machine.isStopped) return;
  const { imds, member, ecsAgent } = machine;
  const { timings, stoppedHostTasks, replacesStopped } = world.options;
  machine.boots++;
  machine.isStopped = true;
  const isRegistered = ecsAgent.containerInstance !== undefined;
  emit(world, () => ({ type: 'machine-stopped', instanceId: machine.id, forMs }));
  tellInterrupted(world, machine, 'somebody stopped it');
  setEcsAgent(world, machine, 'down');
  imds.started = false;
  imds.tokens.clear();
  processesKilled(world, machine);
  if (stoppedHostTasks === 'at-once')
    whileUp(world, machine, Math.min(forMs, timings.hostLossNoticed), () => stoppedWithHost(world, machine));
  whileUp(world, machine, forMs, () => {
    machine.isStopped = false;
    emit(world, () => ({ type: 'machine-started', instanceId: machine.id }));
    startImds(world, machine);
    if (isRegistered) whileUp(world, machine, ecsAgentAfter, () => setEcsAgent(world, machine, 'up'));
  });
  if (!member || !replacesStopped) return;
  after(world, timings.groupNotices, () => {
    if (!machine.isStopped || machine.member !== member || member.state !== 'InService') return;
    const cause =
      'an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped.';
    beginTermination(world, member, cause);
  });
}
