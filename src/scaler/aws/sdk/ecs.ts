import {
  DescribeCapacityProvidersCommand,
  DescribeClustersCommand,
  DescribeContainerInstancesCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  GetTaskProtectionCommand,
  ListContainerInstancesCommand,
  ListServicesCommand,
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
  'ecs:DescribeServices': DescribeServicesCommand,
  'ecs:DescribeTaskDefinition': DescribeTaskDefinitionCommand,
  'ecs:DescribeTasks': DescribeTasksCommand,
  'ecs:GetTaskProtection': GetTaskProtectionCommand,
  'ecs:ListContainerInstances': ListContainerInstancesCommand,
  'ecs:ListServices': ListServicesCommand,
  'ecs:ListTasks': ListTasksCommand,
  'ecs:TagResource': TagResourceCommand,
  'ecs:UntagResource': UntagResourceCommand,
  'ecs:UpdateContainerInstancesState': UpdateContainerInstancesStateCommand,
};
