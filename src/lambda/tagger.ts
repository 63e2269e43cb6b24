import { createTagger } from './create-tagger.ts';
import { CreateTagsCommand, createClient } from './sdk/ec2.ts';
import { readTaggerConfig } from './tagger-config.ts';
import { logLine } from './tagger-log.ts';

const ec2 = createClient();

/** The Lambda handler: puts the terminate tag on the instance that a lifecycle notice names. */
export const handler = createTagger({
  config: readTaggerConfig(process.env),
  log: logLine,
  putTag: async (instanceId, key, value) => {
    await ec2.send(new CreateTagsCommand({ Resources: [instanceId], Tags: [{ Key: key, Value: value }] }));
  },
});
