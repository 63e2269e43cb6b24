import {
  DescribeCapacityProvidersCommand,
  DescribeClustersCommand,
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ECSClient,
  GetTaskProtectionCommand,
  ListContainerInstancesCommand,
  ListTasksCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';

export const createClient = (config: object) => new ECSClient(config);

export const commands = {
  'ecs:DescribeCapacityProviders': DescribeCapacityProvidersCommand,
  'ecs:DescribeClusters': DescribeClustersCommand,
  'ecs:DescribeContainerInstances': DescribeContainerInstancesCommand,
  'ecs:DescribeTasks': DescribeTasksCommand,
  'ecs:GetTaskProtection': GetTaskProtectionCommand,
  'ecs:ListContainerInstances': ListContainerInstancesCommand,
  'ecs:ListTasks': ListTasksCommand,
  'ecs:TagResource': TagResourceCommand,
  'ecs:UntagResource': UntagResourceCommand,
  'ecs:UpdateContainerInstancesState': UpdateContainerInstancesStateCommand,
};
