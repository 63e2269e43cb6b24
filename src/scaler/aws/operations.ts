import type { ModulesOf, OperationsOf } from '../../aws/operations.ts';
import type { SdkModules } from '../../aws/sdk/service.ts';

/**
 * The AWS services that `ecs-scaler` calls, by the prefix that IAM gives their actions. Each is loaded at its first call: EC2 only while something boots, SQS only with a demand queue, CloudWatch only to look ahead.
 * The commands that these modules export are all that it can call, and the IAM policies are checked against them.
 */
export const awsServices = {
  autoscaling: () => import('./sdk/auto-scaling.ts'),
  cloudwatch: () => import('./sdk/cloudwatch.ts'),
  ec2: () => import('./sdk/ec2.ts'),
  ecs: () => import('./sdk/ecs.ts'),
  sqs: () => import('./sdk/sqs.ts'),
} satisfies SdkModules;

/** The calls of `ecs-scaler`, by the name that IAM gives the action. */
export type Operations = OperationsOf<ModulesOf<typeof awsServices>>;
