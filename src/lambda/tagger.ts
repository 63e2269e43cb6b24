import { CreateTagsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { createTagger } from './create-tagger.ts';
import { readTaggerConfig } from './tagger-config.ts';
import { logLine } from './tagger-log.ts';

// A first connection that hangs must leave time, within the function's 30 s, for the tries that follow.
const ec2 = new EC2Client({
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
});

/** The Lambda handler: puts the terminate tag on the instance that a lifecycle notice names. */
export const handler = createTagger({
  config: readTaggerConfig(process.env),
  log: logLine,
  putTag: async (instanceId, key, value) => {
    await ec2.send(new CreateTagsCommand({ Resources: [instanceId], Tags: [{ Key: key, Value: value }] }));
  },
});
