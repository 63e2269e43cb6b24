import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  LaunchInstancesCommand,
  SetDesiredCapacityCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';

export const createClient = (config: object) => new AutoScalingClient(config);

export const commands = {
  'autoscaling:DescribeAutoScalingGroups': DescribeAutoScalingGroupsCommand,
  'autoscaling:LaunchInstances': LaunchInstancesCommand,
  'autoscaling:SetDesiredCapacity': SetDesiredCapacityCommand,
  'autoscaling:TerminateInstanceInAutoScalingGroup': TerminateInstanceInAutoScalingGroupCommand,
};
