import {
  DescribeContainerInstancesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  ListContainerInstancesCommand,
  ListTasksCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';

export const createClient = (config: object) => new ECSClient(config);

export const commands = {
  'ecs:DescribeContainerInstances': DescribeContainerInstancesCommand,
  'ecs:ListContainerInstances': ListContainerInstancesCommand,
  'ecs:DescribeTaskDefinition': DescribeTaskDefinitionCommand,
  'ecs:DescribeTasks': DescribeTasksCommand,
  'ecs:ListTasks': ListTasksCommand,
  'ecs:RunTask': RunTaskCommand,
  'ecs:StopTask': StopTaskCommand,
};
