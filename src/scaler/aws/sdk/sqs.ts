import { SQSClient } from '@aws-sdk/client-sqs';

export { DeleteMessageBatchCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';

export const createClient = (config: object) => new SQSClient(config);
