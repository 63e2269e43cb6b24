import type * as AutoScaling from '@aws-sdk/client-auto-scaling';
import type * as CloudWatch from '@aws-sdk/client-cloudwatch';
import type * as Ec2 from '@aws-sdk/client-ec2';
import type * as Ecs from '@aws-sdk/client-ecs';
import type * as Sqs from '@aws-sdk/client-sqs';
import type { Call } from '../../aws/operations.ts';

/**
 * Every AWS API call that `ecs-scaler` can make, under the name that IAM gives the action. Nothing outside this table can be
 * called: the IAM policies are checked against its keys.
 */
export type Operations = {
  'cloudwatch:GetMetricData': Call<
    CloudWatch.GetMetricDataCommandInput,
    CloudWatch.GetMetricDataCommandOutput
  >;
  'cloudwatch:PutMetricData': Call<
    CloudWatch.PutMetricDataCommandInput,
    CloudWatch.PutMetricDataCommandOutput
  >;

  'ec2:DescribeInstanceTypes': Call<
    Ec2.DescribeInstanceTypesCommandInput,
    Ec2.DescribeInstanceTypesCommandOutput
  >;
  'ec2:DescribeLaunchTemplateVersions': Call<
    Ec2.DescribeLaunchTemplateVersionsCommandInput,
    Ec2.DescribeLaunchTemplateVersionsCommandOutput
  >;
  'ec2:DescribeInstances': Call<Ec2.DescribeInstancesCommandInput, Ec2.DescribeInstancesCommandOutput>;

  'ecs:DescribeCapacityProviders': Call<
    Ecs.DescribeCapacityProvidersCommandInput,
    Ecs.DescribeCapacityProvidersCommandOutput
  >;
  'ecs:DescribeClusters': Call<Ecs.DescribeClustersCommandInput, Ecs.DescribeClustersCommandOutput>;
  'ecs:DescribeContainerInstances': Call<
    Ecs.DescribeContainerInstancesCommandInput,
    Ecs.DescribeContainerInstancesCommandOutput
  >;
  'ecs:DescribeServices': Call<Ecs.DescribeServicesCommandInput, Ecs.DescribeServicesCommandOutput>;
  'ecs:DescribeTaskDefinition': Call<
    Ecs.DescribeTaskDefinitionCommandInput,
    Ecs.DescribeTaskDefinitionCommandOutput
  >;
  'ecs:DescribeTasks': Call<Ecs.DescribeTasksCommandInput, Ecs.DescribeTasksCommandOutput>;
  'ecs:GetTaskProtection': Call<Ecs.GetTaskProtectionCommandInput, Ecs.GetTaskProtectionCommandOutput>;
  'ecs:ListContainerInstances': Call<
    Ecs.ListContainerInstancesCommandInput,
    Ecs.ListContainerInstancesCommandOutput
  >;
  'ecs:ListServices': Call<Ecs.ListServicesCommandInput, Ecs.ListServicesCommandOutput>;
  'ecs:ListTasks': Call<Ecs.ListTasksCommandInput, Ecs.ListTasksCommandOutput>;
  'ecs:TagResource': Call<Ecs.TagResourceCommandInput, Ecs.TagResourceCommandOutput>;
  'ecs:UntagResource': Call<Ecs.UntagResourceCommandInput, Ecs.UntagResourceCommandOutput>;
  'ecs:UpdateContainerInstancesState': Call<
    Ecs.UpdateContainerInstancesStateCommandInput,
    Ecs.UpdateContainerInstancesStateCommandOutput
  >;

  'autoscaling:DescribeAutoScalingGroups': Call<
    AutoScaling.DescribeAutoScalingGroupsCommandInput,
    AutoScaling.DescribeAutoScalingGroupsCommandOutput
  >;
  'autoscaling:LaunchInstances': Call<
    AutoScaling.LaunchInstancesCommandInput,
    AutoScaling.LaunchInstancesCommandOutput
  >;
  'autoscaling:SetDesiredCapacity': Call<
    AutoScaling.SetDesiredCapacityCommandInput,
    AutoScaling.SetDesiredCapacityCommandOutput
  >;
  'autoscaling:TerminateInstanceInAutoScalingGroup': Call<
    AutoScaling.TerminateInstanceInAutoScalingGroupCommandInput,
    AutoScaling.TerminateInstanceInAutoScalingGroupCommandOutput
  >;

  'sqs:DeleteMessageBatch': Call<Sqs.DeleteMessageBatchCommandInput, Sqs.DeleteMessageBatchCommandOutput>;
  'sqs:ReceiveMessage': Call<Sqs.ReceiveMessageCommandInput, Sqs.ReceiveMessageCommandOutput>;
};
