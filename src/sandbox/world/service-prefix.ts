/** The services that the sandbox answers, by the prefix that IAM gives their actions. */
export type ServicePrefix = 'ec2' | 'ecs' | 'autoscaling' | 'cloudwatch' | 'logs' | 'sqs';
