import { CloudWatchClient, GetMetricDataCommand, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';

export const createClient = (config: object) => new CloudWatchClient(config);

export const commands = {
  'cloudwatch:GetMetricData': GetMetricDataCommand,
  'cloudwatch:PutMetricData': PutMetricDataCommand,
};
