import type { Caller, Withdrawable } from './call.ts';
import { AwsError, isNothingWaiting } from './errors.ts';
import type { Operation } from './operations.ts';

export type Lifecycle =
  | { readonly kind: 'no-group' }
  | {
      readonly kind: 'in-group';
      readonly group: string;
      readonly state: string;
      /** The group itself was not asked yet: metadata tells, or a heartbeat that was recorded. */
      readonly from?: 'metadata' | undefined;
    };

export type Hook = {
  readonly name: string;
  /** In ms; undefined where only the name is known. */
  readonly heartbeatTimeout: number | undefined;
  readonly globalTimeout: number | undefined;
  /** The result with which the hook times out: `ABANDON` or `CONTINUE`. */
  readonly defaultResult?: string | undefined;
};

/** The Auto Scaling calls we make, all about our own instance. Each rejects with an `AwsError`. */
export type AutoScaling = {
  lifecycle(): Promise<Lifecycle>;
  /** All terminating hooks of the group, whoever owns them. */
  terminatingHooks(group: string): Promise<readonly Hook[]>;
  /** Whether the group keeps an instance whose terminating hook was abandoned. */
  retainsAbandoned(group: string): Promise<boolean>;
  /** `nothing-waiting`: no lifecycle action of that hook waits for this instance, any more or yet. */
  heartbeat(group: string, hook: string, options?: Withdrawable): Promise<'recorded' | 'nothing-waiting'>;
  complete(
    group: string,
    hook: string,
    result: 'CONTINUE' | 'ABANDON',
    options?: Withdrawable,
  ): Promise<'completed' | 'nothing-waiting'>;
  /** Terminates our instance in its group, which keeps its desired capacity. */
  terminate(options?: Withdrawable): Promise<void>;
};

/** @param instanceId our own, from instance metadata: no call here can name another */
export function createAutoScaling(call: Caller, instanceId: string): AutoScaling {
  return {
    lifecycle: async () => {
      const operation = 'autoscaling:DescribeAutoScalingInstances';
      const { AutoScalingInstances: instances } = await call(operation, { InstanceIds: [instanceId] });
      if (!Array.isArray(instances)) throw incomplete(operation, 'AutoScalingInstances');
      const own = instances.find(({ InstanceId }) => InstanceId === instanceId);
      // It was asked about this instance and no other: an answer about others says nothing.
      if (!own && instances.length > 0) throw incomplete(operation, 'the instance that was asked about');
      if (!own) return { kind: 'no-group' };
      if (!own.AutoScalingGroupName || !own.LifecycleState) throw incomplete(operation, 'group or state');
      return { kind: 'in-group', group: own.AutoScalingGroupName, state: own.LifecycleState };
    },

    terminatingHooks: async (group) => {
      const operation = 'autoscaling:DescribeLifecycleHooks';
      const { LifecycleHooks: hooks } = await call(operation, { AutoScalingGroupName: group });
      if (!Array.isArray(hooks)) throw incomplete(operation, 'LifecycleHooks');
      return hooks
        .map(({ LifecycleHookName: name, LifecycleTransition: transition, ...hook }) => {
          // Without either it cannot be told whether another hook is the only one.
          if (!name || !transition) throw incomplete(operation, "a hook's name or transition");
          return { name, transition, ...hook };
        })
        .filter(({ transition }) => transition === 'autoscaling:EC2_INSTANCE_TERMINATING')
        .map(({ name, ...hook }) => ({
          name,
          heartbeatTimeout: milliseconds(hook.HeartbeatTimeout),
          globalTimeout: milliseconds(hook.GlobalTimeout),
          defaultResult: hook.DefaultResult,
        }));
    },

    retainsAbandoned: async (group) => {
      const operation = 'autoscaling:DescribeAutoScalingGroups';
      const { AutoScalingGroups: groups } = await call(operation, {
        AutoScalingGroupNames: [group],
      });
      const own = groups?.find(({ AutoScalingGroupName }) => AutoScalingGroupName === group);
      if (!own) throw incomplete(operation, 'the group');
      return own.InstanceLifecyclePolicy?.RetentionTriggers?.TerminateHookAbandon === 'retain';
    },

    heartbeat: async (group, hook, options) => {
      const operation = 'autoscaling:RecordLifecycleActionHeartbeat';
      return await unlessNothingWaits(call(operation, nameAction(group, hook), options), 'recorded');
    },

    complete: async (group, hook, result, options) => {
      const input = { ...nameAction(group, hook), LifecycleActionResult: result };
      const operation = 'autoscaling:CompleteLifecycleAction';
      return await unlessNothingWaits(call(operation, input, options), 'completed');
    },

    terminate: async (options) => {
      const operation = 'autoscaling:TerminateInstanceInAutoScalingGroup';
      const input = { InstanceId: instanceId, ShouldDecrementDesiredCapacity: false };
      const { Activity: activity } = await call(operation, input, options);
      if (!activity) throw incomplete(operation, 'Activity');
    },
  };

  function nameAction(group: string, hook: string) {
    return { AutoScalingGroupName: group, LifecycleHookName: hook, InstanceId: instanceId };
  }
}

async function unlessNothingWaits<T>(answer: Promise<unknown>, done: T): Promise<T | 'nothing-waiting'> {
  try {
    await answer;
    return done;
  } catch (error) {
    if (isNothingWaiting(error)) return 'nothing-waiting';
    throw error;
  }
}

const milliseconds = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1_000);

const incomplete = (operation: Operation, what: string) =>
  new AwsError(
    operation,
    'transient',
    'IncompleteAnswer',
    `calling ${operation}: the answer is without ${what}`,
  );
