import { setEcsAgent } from './ecs-agent.ts';
import { after, emit } from './emit.ts';
import { beginTermination } from './lifecycle.ts';
import { startImds } from './machines.ts';
import type { Machine, WorldState } from './state.ts';

/**
 * A Spot instance is hibernated, and goes on after `forMs`: AWS gives notice of it, and not in advance (EC2 user guide, "Hibernate
 * interrupted Spot instances"). Every process stands still meanwhile, with what it was about to do. The group takes the
 * instance for unhealthy, and terminates it where it has not gone on by then.
 */
export function hibernateMachine(world: WorldState, machine: Machine, forMs: number): void {
  if (machine.state !== 'running' || machine.hibernates || machine.isStopped) return;
  const { imds, ecsAgent, boots, member } = machine;
  machine.hibernates = true;
  emit(world, () => ({ type: 'machine-hibernated', instanceId: machine.id, forMs }));
  const wasUp = ecsAgent.up;
  const wasAnswering = imds.started;
  setEcsAgent(world, machine, 'down');
  imds.started = false;
  for (const container of machine.placed.flatMap(({ containers }) => containers)) {
    const exit = container.exit?.run;
    if (!container.exit || !exit) continue;
    const { at } = container.exit;
    container.exit.run = undefined;
    container.exit = world.queue.schedule(at + forMs, exit);
  }
  after(world, forMs, () => {
    if (machine.state !== 'running') return;
    machine.hibernates = false;
    if (machine.boots !== boots) return;
    emit(world, () => ({ type: 'machine-resumed', instanceId: machine.id }));
    endNotice(world, machine);
    if (wasAnswering) startImds(world, machine);
    if (wasUp) setEcsAgent(world, machine, 'up');
  });
  if (!member) return;
  after(world, world.options.timings.groupNotices, () => {
    if (!machine.hibernates || machine.member !== member || member.state !== 'InService') return;
    const cause =
      'an instance was taken out of service in response to an EC2 instance status checks failure.';
    beginTermination(world, member, cause);
  });
}

/** What announced it is no notice of anything to come. */
function endNotice(world: WorldState, machine: Machine): void {
  if (machine.imds.spotAction?.action !== 'hibernate') return;
  machine.imds.spotAction = undefined;
  emit(world, () => ({ type: 'spot-interruption-over', instanceId: machine.id }));
}
