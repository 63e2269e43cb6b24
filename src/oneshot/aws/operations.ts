import type * as AutoScaling from '@aws-sdk/client-auto-scaling';
import type * as Logs from '@aws-sdk/client-cloudwatch-logs';
import type * as Ec2 from '@aws-sdk/client-ec2';
import type * as Ecs from '@aws-sdk/client-ecs';
import type * as Sqs from '@aws-sdk/client-sqs';
import type { Call } from '../../aws/operations.ts';

/**
 * Every AWS API call that `ecs-oneshot` can make, under the name that IAM gives the action. Nothing outside this table
 * can be called: the IAM policies are checked against its keys.
 */
export type Operations = {
  'ecs:DescribeTaskDefinition': Call<
    Ecs.DescribeTaskDefinitionCommandInput,
    Ecs.DescribeTaskDefinitionCommandOutput
  >;
  'ecs:DescribeTasks': Call<Ecs.DescribeTasksCommandInput, Ecs.DescribeTasksCommandOutput>;
  'ecs:ListTasks': Call<Ecs.ListTasksCommandInput, Ecs.ListTasksCommandOutput>;
  'ecs:ListContainerInstances': Call<
    Ecs.ListContainerInstancesCommandInput,
    Ecs.ListContainerInstancesCommandOutput
  >;
  'ecs:DescribeContainerInstances': Call<
    Ecs.DescribeContainerInstancesCommandInput,
    Ecs.DescribeContainerInstancesCommandOutput
  >;
  'ecs:RunTask': Call<Ecs.RunTaskCommandInput, Ecs.RunTaskCommandOutput>;
  'ecs:StopTask': Call<Ecs.StopTaskCommandInput, Ecs.StopTaskCommandOutput>;

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

  'ec2:DescribeInstances': Call<Ec2.DescribeInstancesCommandInput, Ec2.DescribeInstancesCommandOutput>;
  'ec2:DescribeInstanceTypes': Call<
    Ec2.DescribeInstanceTypesCommandInput,
    Ec2.DescribeInstanceTypesCommandOutput
  >;
  'ec2:DescribeLaunchTemplateVersions': Call<
    Ec2.DescribeLaunchTemplateVersionsCommandInput,
    Ec2.DescribeLaunchTemplateVersionsCommandOutput
  >;

  'logs:GetLogEvents': Call<Logs.GetLogEventsCommandInput, Logs.GetLogEventsCommandOutput>;

  'sqs:SendMessage': Call<Sqs.SendMessageCommandInput, Sqs.SendMessageCommandOutput>;
};
