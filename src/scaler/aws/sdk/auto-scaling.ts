import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';

export {
  DescribeAutoScalingGroupsCommand,
  LaunchInstancesCommand,
  SetDesiredCapacityCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';

export const createClient = (config: object) => new AutoScalingClient(config);
