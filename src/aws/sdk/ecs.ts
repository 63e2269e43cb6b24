import {
  DeregisterContainerInstanceCommand,
  DescribeContainerInstancesCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ECSClient,
  GetTaskProtectionCommand,
  ListContainerInstancesCommand,
  ListTasksCommand,
  StopTaskCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';

export const createClient = (config: object) => new ECSClient(config);

export const commands = {
  'ecs:DeregisterContainerInstance': DeregisterContainerInstanceCommand,
  'ecs:DescribeContainerInstances': DescribeContainerInstancesCommand,
  'ecs:DescribeServices': DescribeServicesCommand,
  'ecs:DescribeTasks': DescribeTasksCommand,
  'ecs:GetTaskProtection': GetTaskProtectionCommand,
  'ecs:ListContainerInstances': ListContainerInstancesCommand,
  'ecs:ListTasks': ListTasksCommand,
  'ecs:StopTask': StopTaskCommand,
  'ecs:UpdateContainerInstancesState': UpdateContainerInstancesStateCommand,
};
