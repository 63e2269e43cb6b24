import { setEcsAgent } from './ecs-agent.ts';
import { after, emit } from './emit.ts';
import type { Machine, WorldState } from './state.ts';
import { lostWithMachine, noticeHostLoss } from './task-life.ts';

/** The machine goes at once, with everything on it. What had not stopped by now is an interruption. */
export function terminateMachine(world: WorldState, machine: Machine, cause: string): void {
  if (machine.state === 'shutting-down' || machine.state === 'terminated') return;
  machine.state = 'shutting-down';
  emit(world, () => ({ type: 'machine-shutting-down', instanceId: machine.id, cause }));
  lostWithMachine(world, machine, cause);
  machine.imds.started = false;
  setEcsAgent(world, machine, 'down');
  after(world, world.options.timings.shutdown, () => {
    machine.state = 'terminated';
    emit(world, () => ({ type: 'machine-terminated', instanceId: machine.id }));
  });
  after(world, world.options.timings.hostLossNoticed, () => noticeHostLoss(world, machine));
  machine.member?.machineLost();
}
