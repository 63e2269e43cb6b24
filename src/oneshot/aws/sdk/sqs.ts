import { SQSClient } from '@aws-sdk/client-sqs';

export { SendMessageCommand } from '@aws-sdk/client-sqs';

export const createClient = (config: object) =>
  new SQSClient({
    ...config,
    // A host in FIPS mode has no MD5; TLS tells what was changed on the way.
    md5: false,
    // What it would advise on endpoints has no place among a launch's own lines.
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  });

function ignore(): void {}
