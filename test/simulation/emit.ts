import {
  addCluster,
  isOnHost,
  reregister,
  type WorldInput,
  type WorldOperation,
} from '../../src/sandbox/index.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';
import { impostorOf } from './impostor.ts';
import type { Happening } from './plan.ts';
import type { Disk } from './simulated-disk.ts';
import { NEIGHBOUR_ID, type Stage, TAG_KEY } from './stage.ts';

/** What a happening can reach besides the World. */
export type Reach = Stage & {
  readonly clock: VirtualClock;
  readonly disk: Disk;
  readonly manual: { requested: boolean };
  /** The host goes down, the agent with it. */
  readonly reboot: (downMs: number) => void;
  /** What the host's disk had not synced is gone. */
  readonly losePower: () => void;
  /** The host stands still, the agent with it. */
  readonly hibernate: (forMs: number) => void;
  /** The hook that is ours, for somebody who completes it in our place. */
  readonly oursHook: () => string | undefined;
};

/** Lets one thing happen. What AWS would refuse at this moment does not happen. */
export function happenNow(happening: Happening, reach: Reach): void {
  const { fleet, machine } = reach;
  const { world } = fleet;
  world.advance(reach.clock.trueNow());
  if (machine.state !== 'running') return;
  const attempt = <O extends WorldOperation>(operation: O, input: WorldInput<O>) => {
    try {
      world.call(operation, input);
    } catch {
      // Somebody else's call that AWS refuses changes nothing.
    }
  };
  const { containerInstance } = machine.ecsAgent;
  const member = { AutoScalingGroupName: fleet.group.name, InstanceIds: [machine.id] };
  const setStatus = (status: 'ACTIVE' | 'DRAINING') =>
    containerInstance &&
    attempt('ecs:UpdateContainerInstancesState', {
      cluster: 'web',
      containerInstances: [containerInstance.arn],
      status,
    });

  switch (happening.what) {
    case 'tag':
      fleet.putTag(machine, TAG_KEY, happening.value);
      return;
    case 'untag':
      fleet.removeTag(machine, TAG_KEY);
      return;
    case 'scale-in':
      if (machine.member?.state === 'InService' || machine.member?.state === 'Warmed:Running')
        fleet.scaleIn(machine);
      return;
    case 'launch-hook':
      attempt('autoscaling:CompleteLifecycleAction', {
        AutoScalingGroupName: fleet.group.name,
        LifecycleHookName: happening.hook,
        InstanceId: machine.id,
        LifecycleActionResult: happening.result,
      });
      return;
    case 'other-terminates-retained':
      if (machine.member?.state === 'Terminating:Retained')
        attempt('autoscaling:TerminateInstanceInAutoScalingGroup', {
          InstanceId: machine.id,
          ShouldDecrementDesiredCapacity: false,
        });
      return;
    case 'standby':
      attempt('autoscaling:EnterStandby', { ...member, ShouldDecrementDesiredCapacity: true });
      return;
    case 'in-service':
      attempt('autoscaling:ExitStandby', member);
      return;
    case 'detach':
      if (machine.member?.state === 'InService' || machine.member?.state === 'Standby')
        attempt('autoscaling:DetachInstances', { ...member, ShouldDecrementDesiredCapacity: true });
      return;
    case 'replace-root-volume':
      if (machine.member?.state === 'InService') fleet.replaceRootVolume(machine);
      return;
    case 'spot':
      // EC2 interrupts what runs.
      if (machine.isStopped) return;
      fleet.interruptSpot(machine, {
        time: reach.clock.trueNow() + happening.inMs,
        action: happening.action ?? 'terminate',
        forMs: happening.forMs,
        ecsAgentAfter: happening.ecsAgentAfter,
      });
      return;
    case 'rebalance':
      fleet.recommendRebalance(machine);
      return;
    case 'event-scheduled':
      fleet.scheduleEvent(machine, {
        code: happening.code,
        notBefore: reach.clock.trueNow() + happening.inMs,
      });
      return;
    case 'event-unscheduled':
      for (const { id } of [...machine.imds.scheduledEvents]) fleet.unscheduleEvent(machine, id);
      return;
    case 'manual-drain':
      reach.manual.requested = true;
      return;
    case 'manual-cancel':
      reach.manual.requested = false;
      return;
    case 'other-drains':
      setStatus('DRAINING');
      return;
    case 'other-activates':
      setStatus('ACTIVE');
      return;
    case 'other-deregisters':
      if (containerInstance)
        attempt('ecs:DeregisterContainerInstance', {
          cluster: 'web',
          containerInstance: containerInstance.arn,
        });
      return;
    case 'other-stops-tasks':
      for (const task of machine.placed) attempt('ecs:StopTask', { cluster: 'web', task: task.arn });
      return;
    case 'other-completes':
      attempt('autoscaling:CompleteLifecycleAction', {
        AutoScalingGroupName: fleet.group.name,
        LifecycleHookName: reach.oursHook() ?? 'drain',
        InstanceId: machine.id,
        LifecycleActionResult: 'CONTINUE',
      });
      return;
    case 'other-deregisters-by-force':
      if (containerInstance?.status === 'ACTIVE' || containerInstance?.status === 'DRAINING')
        fleet.deregisterByForce(machine);
      return;
    case 'ecs-loses-tasks':
      for (const task of machine.ecsAgent.tasks) if (task.lastStatus === 'RUNNING') fleet.loseTask(task);
      return;
    case 'impostor':
      fleet.impersonate(machine, impostorOf(happening, reach));
      return;
    case 'impostor-gone':
      fleet.impersonate(machine, undefined);
      return;
    case 'introspection':
      fleet.slowDown(machine, happening.answersAfter);
      return;
    case 'hook-put':
      fleet.putHook(happening);
      return;
    case 'hook-deleted':
      if (fleet.group.hooks.has(happening.name)) fleet.deleteHook(happening.name);
      return;
    case 'retention':
      fleet.retain(happening.to);
      return;
    case 'ecs-agent':
      if (machine.ecsAgent.containerInstance) fleet.ecsAgent(machine, happening.to);
      return;
    case 'registers-anew':
      if (containerInstance && !machine.placed.some(isOnHost))
        reregister(world, machine, addCluster(world, happening.cluster));
      return;
    case 'claims-neighbour':
      machine.imds.claimsInstanceId = NEIGHBOUR_ID;
      return;
    case 'claims-itself':
      machine.imds.claimsInstanceId = undefined;
      return;
    case 'metadata-tags':
      machine.imds.tags = happening.to;
      return;
    case 'clock-jump':
      reach.clock.jump(happening.ms);
      return;
    case 'disk':
      reach.disk.full = happening.to === 'full';
      reach.disk.room =
        typeof happening.to === 'number' ? (reach.disk.content()?.length ?? 0) + happening.to : Infinity;
      return;
    case 'hibernation':
      fleet.hibernate(machine, happening.forMs);
      reach.hibernate(happening.forMs);
      return;
    case 'reboot':
      fleet.reboot(machine, happening.downMs);
      reach.reboot(happening.downMs);
      return;
    case 'stop':
      fleet.stop(machine, happening);
      if (happening.losesPower) reach.losePower();
      return;
    case 'ec2-terminates':
      fleet.terminate(machine, 'somebody terminated it by the EC2 API');
      return;
  }
}
