import type { ModulesOf, OperationsOf } from '../../aws/operations.ts';
import type { SdkModules } from '../../aws/sdk/service.ts';

/**
 * The AWS services that `ecs-oneshot` calls, by the prefix that IAM gives their actions. Each is loaded at its first call: a launch that finds room does without Auto Scaling.
 * The commands that these modules export are all that it can call, and the IAM policies are checked against them.
 */
export const awsServices = {
  autoscaling: () => import('./sdk/auto-scaling.ts'),
  ec2: () => import('./sdk/ec2.ts'),
  ecs: () => import('./sdk/ecs.ts'),
  logs: () => import('./sdk/logs.ts'),
  sqs: () => import('./sdk/sqs.ts'),
} satisfies SdkModules;

/** The calls of `ecs-oneshot`, by the name that IAM gives the action. */
export type Operations = OperationsOf<ModulesOf<typeof awsServices>>;
