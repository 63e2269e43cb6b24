import type * as AutoScaling from '@aws-sdk/client-auto-scaling';
import type * as Ec2 from '@aws-sdk/client-ec2';
import type * as Ecs from '@aws-sdk/client-ecs';

/**
 * Every AWS API call that the agent can make, under the name that IAM gives the action. Nothing outside this
 * table can be called: the IAM policies are checked against its keys.
 */
export type Operations = {
  'ec2:DescribeTags': Call<Ec2.DescribeTagsCommandInput, Ec2.DescribeTagsCommandOutput>;

  'ecs:DescribeContainerInstances': Call<
    Ecs.DescribeContainerInstancesCommandInput,
    Ecs.DescribeContainerInstancesCommandOutput
  >;
  'ecs:ListContainerInstances': Call<
    Ecs.ListContainerInstancesCommandInput,
    Ecs.ListContainerInstancesCommandOutput
  >;
  'ecs:ListTasks': Call<Ecs.ListTasksCommandInput, Ecs.ListTasksCommandOutput>;
  'ecs:DescribeTasks': Call<Ecs.DescribeTasksCommandInput, Ecs.DescribeTasksCommandOutput>;
  'ecs:UpdateContainerInstancesState': Call<
    Ecs.UpdateContainerInstancesStateCommandInput,
    Ecs.UpdateContainerInstancesStateCommandOutput
  >;
  'ecs:DeregisterContainerInstance': Call<
    Ecs.DeregisterContainerInstanceCommandInput,
    Ecs.DeregisterContainerInstanceCommandOutput
  >;
  'ecs:StopTask': Call<Ecs.StopTaskCommandInput, Ecs.StopTaskCommandOutput>;
  'ecs:DescribeServices': Call<Ecs.DescribeServicesCommandInput, Ecs.DescribeServicesCommandOutput>;
  'ecs:GetTaskProtection': Call<Ecs.GetTaskProtectionCommandInput, Ecs.GetTaskProtectionCommandOutput>;

  'autoscaling:DescribeAutoScalingInstances': Call<
    AutoScaling.DescribeAutoScalingInstancesCommandInput,
    AutoScaling.DescribeAutoScalingInstancesCommandOutput
  >;
  'autoscaling:DescribeAutoScalingGroups': Call<
    AutoScaling.DescribeAutoScalingGroupsCommandInput,
    AutoScaling.DescribeAutoScalingGroupsCommandOutput
  >;
  'autoscaling:DescribeLifecycleHooks': Call<
    AutoScaling.DescribeLifecycleHooksCommandInput,
    AutoScaling.DescribeLifecycleHooksCommandOutput
  >;
  'autoscaling:RecordLifecycleActionHeartbeat': Call<
    AutoScaling.RecordLifecycleActionHeartbeatCommandInput,
    AutoScaling.RecordLifecycleActionHeartbeatCommandOutput
  >;
  'autoscaling:CompleteLifecycleAction': Call<
    AutoScaling.CompleteLifecycleActionCommandInput,
    AutoScaling.CompleteLifecycleActionCommandOutput
  >;
  'autoscaling:TerminateInstanceInAutoScalingGroup': Call<
    AutoScaling.TerminateInstanceInAutoScalingGroupCommandInput,
    AutoScaling.TerminateInstanceInAutoScalingGroupCommandOutput
  >;
};

/** The calls that a program can make, by the names that IAM gives them: the agent's own unless told. */
export type OperationTable = Readonly<Record<string, Call<object, object>>>;
export type OperationIn<T extends OperationTable> = keyof T & string;

export type Operation = OperationIn<Operations>;
export type Input<O extends keyof T, T extends OperationTable = Operations> = T[O]['input'];
/** What AWS answers, without the SDK's own metadata, so that a simulated AWS can answer too. */
export type Output<O extends keyof T, T extends OperationTable = Operations> = Omit<
  T[O]['output'],
  '$metadata'
>;

/**
 * Makes one attempt at one call. Rejects with what the SDK throws: an `Error` whose `name` is the service's
 * error code, with `$metadata.httpStatusCode` where an answer came.
 */
export type Transport<T extends OperationTable = Operations> = <O extends OperationIn<T>>(
  operation: O,
  input: Input<O, T>,
  options: { signal: AbortSignal },
) => Promise<Output<O, T>>;

export type Call<I, O> = { input: I; output: O };
