import { EC2Client } from '@aws-sdk/client-ec2';

export { CreateTagsCommand } from '@aws-sdk/client-ec2';

/** A first connection that hangs must leave time, within the function's 30 s, for the tries that follow. */
export const createClient = () =>
  new EC2Client({
    maxAttempts: 4,
    requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
  });
