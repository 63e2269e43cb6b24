import {
  AutoScalingClient,
  CompleteLifecycleActionCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeAutoScalingInstancesCommand,
  DescribeLifecycleHooksCommand,
  RecordLifecycleActionHeartbeatCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';

export const createClient = (config: object) => new AutoScalingClient(config);

export const commands = {
  'autoscaling:CompleteLifecycleAction': CompleteLifecycleActionCommand,
  'autoscaling:DescribeAutoScalingGroups': DescribeAutoScalingGroupsCommand,
  'autoscaling:DescribeAutoScalingInstances': DescribeAutoScalingInstancesCommand,
  'autoscaling:DescribeLifecycleHooks': DescribeLifecycleHooksCommand,
  'autoscaling:RecordLifecycleActionHeartbeat': RecordLifecycleActionHeartbeatCommand,
  'autoscaling:TerminateInstanceInAutoScalingGroup': TerminateInstanceInAutoScalingGroupCommand,
};
