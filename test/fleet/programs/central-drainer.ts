import { type Account, HOOK } from '../account.ts';
import type { Drains } from '../drains.ts';
import { SECOND } from '../scenario.ts';
import { callFor } from './host.ts';
import { asTheSdkRetries, pause } from './retry.ts';

/**
 * One service for the whole cluster, as a Lambda function or a controller does it: each lifecycle event starts a drain.
 * It sets the container instance DRAINING, asks ECS every 10 s which tasks are left on it, and completes the lifecycle
 * action when there is none. A heartbeat goes out three times in the hook's time-out.
 */
export function startCentralDrainer(account: Account, drains: Drains): void {
  account.fleet.world.onLifecycleEvent(
    ({ detail }) => void drainFromOutside(account, drains, detail.EC2InstanceId),
  );
}

async function drainFromOutside(account: Account, drains: Drains, instanceId: string): Promise<void> {
  const { clock, fleet, scenario } = account;
  const random = account.random(instanceId);
  const cluster = fleet.cluster.name;
  const action = {
    AutoScalingGroupName: fleet.group.name,
    LifecycleHookName: HOOK,
    InstanceId: instanceId,
  };
  const call: Call = (operation, input) =>
    asTheSdkRetries(clock, random, () => callFor(account, drains, instanceId, operation, input));
  // It asks nobody which one that is: a real one lists them all, now and then.
  const containerInstance = fleet.world.machines.get(instanceId)?.ecsAgent.containerInstance?.arn ?? '';
  let isDraining = false;
  let heartbeatAt = clock.monotonic();
  await clock.sleep(Math.round(random.next() * DELIVERED_WITHIN_MS));
  while (!drains.isGone(instanceId)) {
    try {
      if (clock.monotonic() >= heartbeatAt + scenario.hookMs / 3) {
        await call('autoscaling:RecordLifecycleActionHeartbeat', action);
        heartbeatAt = clock.monotonic();
      }
      if (!isDraining) {
        await call('ecs:UpdateContainerInstancesState', {
          cluster,
          containerInstances: [containerInstance],
          status: 'DRAINING',
        });
        isDraining = true;
      }
      if (isDraining && (await isEmpty())) {
        await call('autoscaling:CompleteLifecycleAction', { ...action, LifecycleActionResult: 'CONTINUE' });
        return;
      }
    } catch {
      // Tried again in 10 s, whatever it was.
    }
    await clock.sleep(pause(random));
  }

  /** What was asked to stop and has not yet is listed under the other desired status. */
  async function isEmpty(): Promise<boolean> {
    const { taskArns = [] } = await call('ecs:ListTasks', { cluster, containerInstance });
    if (taskArns.length > 0) return false;
    const { taskArns: stopped = [] } = await call('ecs:ListTasks', {
      cluster,
      containerInstance,
      desiredStatus: 'STOPPED',
    });
    if (stopped.length === 0) return true;
    const { tasks = [] } = await call('ecs:DescribeTasks', { cluster, tasks: stopped });
    return tasks.every(({ lastStatus }) => lastStatus === 'STOPPED');
  }
}

/** What EventBridge takes to deliver an event, or less. */
const DELIVERED_WITHIN_MS = SECOND;

type Call = <O extends Parameters<typeof callFor>[3]>(
  operation: O,
  input: Parameters<typeof callFor<O>>[4],
) => ReturnType<typeof callFor<O>>;
