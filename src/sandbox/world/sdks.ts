import type * as AutoScaling from '@aws-sdk/client-auto-scaling';
import type * as CloudWatch from '@aws-sdk/client-cloudwatch';
import type * as Logs from '@aws-sdk/client-cloudwatch-logs';
import type * as Ec2 from '@aws-sdk/client-ec2';
import type * as Ecs from '@aws-sdk/client-ecs';
import type * as Sqs from '@aws-sdk/client-sqs';

/** The SDKs of the services that the sandbox answers, by the prefix that IAM gives their actions. */
export type Sdks = {
  ec2: typeof Ec2;
  ecs: typeof Ecs;
  autoscaling: typeof AutoScaling;
  cloudwatch: typeof CloudWatch;
  logs: typeof Logs;
  sqs: typeof Sqs;
};

export type ServicePrefix = keyof Sdks;
