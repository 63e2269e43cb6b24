import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';

export { GetMetricDataCommand, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';

export const createClient = (config: object) => new CloudWatchClient(config);
