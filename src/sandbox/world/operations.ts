import type * as AutoScaling from '@aws-sdk/client-auto-scaling';
import type * as CloudWatch from '@aws-sdk/client-cloudwatch';
import type * as Logs from '@aws-sdk/client-cloudwatch-logs';
import type * as Ec2 from '@aws-sdk/client-ec2';
import type * as Ecs from '@aws-sdk/client-ecs';
import type * as Sqs from '@aws-sdk/client-sqs';
import type { ServicePrefix } from './service-prefix.ts';
import type { WorldState } from './state.ts';

/** Every API call that the sandbox answers, under the name that IAM gives the action. */
export type WorldOperations = {
  'ec2:CreateTags': Call<Ec2.CreateTagsCommandInput, Ec2.CreateTagsCommandOutput>;
  'ec2:DeleteTags': Call<Ec2.DeleteTagsCommandInput, Ec2.DeleteTagsCommandOutput>;
  'ec2:DescribeTags': Call<Ec2.DescribeTagsCommandInput, Ec2.DescribeTagsCommandOutput>;
  'ec2:DescribeInstances': Call<Ec2.DescribeInstancesCommandInput, Ec2.DescribeInstancesCommandOutput>;
  'ec2:CreateLaunchTemplate': Call<
    Ec2.CreateLaunchTemplateCommandInput,
    Ec2.CreateLaunchTemplateCommandOutput
  >;
  'ec2:DescribeLaunchTemplateVersions': Call<
    Ec2.DescribeLaunchTemplateVersionsCommandInput,
    Ec2.DescribeLaunchTemplateVersionsCommandOutput
  >;
  'ec2:DescribeInstanceTypes': Call<
    Ec2.DescribeInstanceTypesCommandInput,
    Ec2.DescribeInstanceTypesCommandOutput
  >;
  'ec2:TerminateInstances': Call<Ec2.TerminateInstancesCommandInput, Ec2.TerminateInstancesCommandOutput>;

  'ecs:CreateCluster': Call<Ecs.CreateClusterCommandInput, Ecs.CreateClusterCommandOutput>;
  'ecs:DescribeClusters': Call<Ecs.DescribeClustersCommandInput, Ecs.DescribeClustersCommandOutput>;
  'ecs:ListClusters': Call<Ecs.ListClustersCommandInput, Ecs.ListClustersCommandOutput>;
  'ecs:DescribeContainerInstances': Call<
    Ecs.DescribeContainerInstancesCommandInput,
    Ecs.DescribeContainerInstancesCommandOutput
  >;
  'ecs:ListContainerInstances': Call<
    Ecs.ListContainerInstancesCommandInput,
    Ecs.ListContainerInstancesCommandOutput
  >;
  'ecs:UpdateContainerInstancesState': Call<
    Ecs.UpdateContainerInstancesStateCommandInput,
    Ecs.UpdateContainerInstancesStateCommandOutput
  >;
  'ecs:DeregisterContainerInstance': Call<
    Ecs.DeregisterContainerInstanceCommandInput,
    Ecs.DeregisterContainerInstanceCommandOutput
  >;
  'ecs:TagResource': Call<Ecs.TagResourceCommandInput, Ecs.TagResourceCommandOutput>;
  'ecs:UntagResource': Call<Ecs.UntagResourceCommandInput, Ecs.UntagResourceCommandOutput>;
  'ecs:RegisterTaskDefinition': Call<
    Ecs.RegisterTaskDefinitionCommandInput,
    Ecs.RegisterTaskDefinitionCommandOutput
  >;
  'ecs:DescribeTaskDefinition': Call<
    Ecs.DescribeTaskDefinitionCommandInput,
    Ecs.DescribeTaskDefinitionCommandOutput
  >;
  'ecs:DeregisterTaskDefinition': Call<
    Ecs.DeregisterTaskDefinitionCommandInput,
    Ecs.DeregisterTaskDefinitionCommandOutput
  >;
  'ecs:DescribeCapacityProviders': Call<
    Ecs.DescribeCapacityProvidersCommandInput,
    Ecs.DescribeCapacityProvidersCommandOutput
  >;
  'ecs:RunTask': Call<Ecs.RunTaskCommandInput, Ecs.RunTaskCommandOutput>;
  'ecs:StartTask': Call<Ecs.StartTaskCommandInput, Ecs.StartTaskCommandOutput>;
  'ecs:StopTask': Call<Ecs.StopTaskCommandInput, Ecs.StopTaskCommandOutput>;
  'ecs:ListTasks': Call<Ecs.ListTasksCommandInput, Ecs.ListTasksCommandOutput>;
  'ecs:DescribeTasks': Call<Ecs.DescribeTasksCommandInput, Ecs.DescribeTasksCommandOutput>;
  'ecs:GetTaskProtection': Call<Ecs.GetTaskProtectionCommandInput, Ecs.GetTaskProtectionCommandOutput>;
  'ecs:UpdateTaskProtection': Call<
    Ecs.UpdateTaskProtectionCommandInput,
    Ecs.UpdateTaskProtectionCommandOutput
  >;
  'ecs:CreateService': Call<Ecs.CreateServiceCommandInput, Ecs.CreateServiceCommandOutput>;
  'ecs:UpdateService': Call<Ecs.UpdateServiceCommandInput, Ecs.UpdateServiceCommandOutput>;
  'ecs:DeleteService': Call<Ecs.DeleteServiceCommandInput, Ecs.DeleteServiceCommandOutput>;
  'ecs:DescribeServices': Call<Ecs.DescribeServicesCommandInput, Ecs.DescribeServicesCommandOutput>;
  'ecs:ListServices': Call<Ecs.ListServicesCommandInput, Ecs.ListServicesCommandOutput>;

  'autoscaling:CreateAutoScalingGroup': Call<
    AutoScaling.CreateAutoScalingGroupCommandInput,
    AutoScaling.CreateAutoScalingGroupCommandOutput
  >;
  'autoscaling:UpdateAutoScalingGroup': Call<
    AutoScaling.UpdateAutoScalingGroupCommandInput,
    AutoScaling.UpdateAutoScalingGroupCommandOutput
  >;
  'autoscaling:DescribeAutoScalingGroups': Call<
    AutoScaling.DescribeAutoScalingGroupsCommandInput,
    AutoScaling.DescribeAutoScalingGroupsCommandOutput
  >;
  'autoscaling:DescribeAutoScalingInstances': Call<
    AutoScaling.DescribeAutoScalingInstancesCommandInput,
    AutoScaling.DescribeAutoScalingInstancesCommandOutput
  >;
  'autoscaling:PutLifecycleHook': Call<
    AutoScaling.PutLifecycleHookCommandInput,
    AutoScaling.PutLifecycleHookCommandOutput
  >;
  'autoscaling:DescribeLifecycleHooks': Call<
    AutoScaling.DescribeLifecycleHooksCommandInput,
    AutoScaling.DescribeLifecycleHooksCommandOutput
  >;
  'autoscaling:DeleteLifecycleHook': Call<
    AutoScaling.DeleteLifecycleHookCommandInput,
    AutoScaling.DeleteLifecycleHookCommandOutput
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
  'autoscaling:RecordLifecycleActionHeartbeat': Call<
    AutoScaling.RecordLifecycleActionHeartbeatCommandInput,
    AutoScaling.RecordLifecycleActionHeartbeatCommandOutput
  >;
  'autoscaling:CompleteLifecycleAction': Call<
    AutoScaling.CompleteLifecycleActionCommandInput,
    AutoScaling.CompleteLifecycleActionCommandOutput
  >;
  'autoscaling:DetachInstances': Call<
    AutoScaling.DetachInstancesCommandInput,
    AutoScaling.DetachInstancesCommandOutput
  >;
  'autoscaling:EnterStandby': Call<
    AutoScaling.EnterStandbyCommandInput,
    AutoScaling.EnterStandbyCommandOutput
  >;
  'autoscaling:ExitStandby': Call<AutoScaling.ExitStandbyCommandInput, AutoScaling.ExitStandbyCommandOutput>;
  'autoscaling:DescribeScalingActivities': Call<
    AutoScaling.DescribeScalingActivitiesCommandInput,
    AutoScaling.DescribeScalingActivitiesCommandOutput
  >;

  'cloudwatch:GetMetricData': Call<
    CloudWatch.GetMetricDataCommandInput,
    CloudWatch.GetMetricDataCommandOutput
  >;
  'cloudwatch:PutMetricData': Call<
    CloudWatch.PutMetricDataCommandInput,
    CloudWatch.PutMetricDataCommandOutput
  >;

  'logs:GetLogEvents': Call<Logs.GetLogEventsCommandInput, Logs.GetLogEventsCommandOutput>;

  'sqs:CreateQueue': Call<Sqs.CreateQueueCommandInput, Sqs.CreateQueueCommandOutput>;
  'sqs:GetQueueUrl': Call<Sqs.GetQueueUrlCommandInput, Sqs.GetQueueUrlCommandOutput>;
  'sqs:GetQueueAttributes': Call<Sqs.GetQueueAttributesCommandInput, Sqs.GetQueueAttributesCommandOutput>;
  'sqs:SendMessage': Call<Sqs.SendMessageCommandInput, Sqs.SendMessageCommandOutput>;
  'sqs:ReceiveMessage': Call<Sqs.ReceiveMessageCommandInput, Sqs.ReceiveMessageCommandOutput>;
  'sqs:DeleteMessage': Call<Sqs.DeleteMessageCommandInput, Sqs.DeleteMessageCommandOutput>;
  'sqs:DeleteMessageBatch': Call<Sqs.DeleteMessageBatchCommandInput, Sqs.DeleteMessageBatchCommandOutput>;
  'sqs:ChangeMessageVisibility': Call<
    Sqs.ChangeMessageVisibilityCommandInput,
    Sqs.ChangeMessageVisibilityCommandOutput
  >;
};

export type WorldOperation = keyof WorldOperations;
export type WorldInput<O extends WorldOperation> = WorldOperations[O]['input'];
/** What AWS answers, without the SDK's own metadata. */
export type WorldOutput<O extends WorldOperation> = Omit<WorldOperations[O]['output'], '$metadata'>;

export type Handlers<S extends ServicePrefix> = {
  [O in WorldOperation as O extends `${S}:${string}` ? O : never]: (
    world: WorldState,
    input: WorldInput<O>,
  ) => WorldOutput<O>;
};

type Call<I, O> = { input: I; output: O };
