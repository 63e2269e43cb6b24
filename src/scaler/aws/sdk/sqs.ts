import { DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

export const createClient = (config: object) => new SQSClient(config);

export const commands = {
  'sqs:DeleteMessageBatch': DeleteMessageBatchCommand,
  'sqs:ReceiveMessage': ReceiveMessageCommand,
};
