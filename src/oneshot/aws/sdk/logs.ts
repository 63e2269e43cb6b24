import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';

export const createClient = (config: object) => new CloudWatchLogsClient(config);

export const commands = {
  'logs:GetLogEvents': GetLogEventsCommand,
};
