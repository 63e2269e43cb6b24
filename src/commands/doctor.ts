import { createImds, imdsEndpoint, readIdentity } from '../aws/imds.ts';
import { systemClock } from '../clock.ts';
import { createNodeHttp } from '../host/node-http.ts';
import type { Config } from '../options.ts';

/** `ecs-drain-agent doctor`: checks that the agent can do its job here. Resolves with the exit code. */
export async function doctor(
  _config: Config,
  environment: Readonly<Record<string, string | undefined>>,
  _warnings: readonly string[],
): Promise<number> {
  const identity = await readIdentity(createImds(createNodeHttp(systemClock), imdsEndpoint(environment)));
  if (identity.kind === 'known') {
    process.stdout.write(`ok    instance metadata: this is ${identity.value.instanceId}\n`);
    return 0;
  }
  process.stdout.write(`FAIL  instance metadata: ${identity.cause}\n`);
  return 1;
}
