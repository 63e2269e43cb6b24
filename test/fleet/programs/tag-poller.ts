import { DEFAULT_TAG_KEY } from '../../../src/config/names.ts';
import { type Account, HOOK } from '../account.ts';
import type { Host } from './host.ts';
import { asTheSdkRetries, pause } from './retry.ts';

/**
 * A small process on each instance, as it is often written: every 10 s it asks EC2 for its instance's tag. Once that is
 * there it tries to deregister the container instance, until no task is in the way, and completes the lifecycle action.
 * It never sets DRAINING. A heartbeat goes out three times in the hook's time-out.
 */
export async function pollTag({ fleet, machines, scenario }: Account, host: Host): Promise<void> {
  const { clock, random, instanceId } = host;
  const machine = machines.find(({ id }) => id === instanceId);
  const containerInstance = machine?.ecsAgent.containerInstance?.arn;
  const action = {
    AutoScalingGroupName: fleet.group.name,
    LifecycleHookName: HOOK,
    InstanceId: instanceId,
  };
  const signal = new AbortController().signal;
  const call: Host['transport'] = (operation, input) =>
    asTheSdkRetries(clock, random, () => host.transport(operation, input, { signal }));
  let isTagged = false;
  let isDeregistered = false;
  let heartbeatAt = -Infinity;
  for (;;) {
    try {
      isTagged ||= await hasTag();
      if (isTagged && clock.monotonic() >= heartbeatAt + scenario.hookMs / 3) {
        await call('autoscaling:RecordLifecycleActionHeartbeat', action, { signal });
        heartbeatAt = clock.monotonic();
      }
      if (isTagged && !isDeregistered) {
        await call(
          'ecs:DeregisterContainerInstance',
          { cluster: fleet.cluster.name, containerInstance },
          { signal },
        );
        isDeregistered = true;
      }
      if (isDeregistered)
        await call(
          'autoscaling:CompleteLifecycleAction',
          { ...action, LifecycleActionResult: 'CONTINUE' },
          { signal },
        );
    } catch {
      // Tried again in 10 s, whatever it was.
    }
    await clock.sleep(pause(random));
  }

  async function hasTag(): Promise<boolean> {
    const { Tags = [] } = await call(
      'ec2:DescribeTags',
      {
        Filters: [
          { Name: 'resource-id', Values: [instanceId] },
          { Name: 'key', Values: [DEFAULT_TAG_KEY] },
        ],
      },
      { signal },
    );
    return Tags.length > 0;
  }
}
