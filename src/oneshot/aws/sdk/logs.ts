import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';

export { GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';

export const createClient = (config: object) => new CloudWatchLogsClient(config);
