import * as AutoScaling from '@aws-sdk/client-auto-scaling';
import * as CloudWatch from '@aws-sdk/client-cloudwatch';
import * as Logs from '@aws-sdk/client-cloudwatch-logs';
import * as Ec2 from '@aws-sdk/client-ec2';
import * as Ecs from '@aws-sdk/client-ecs';
import * as Sqs from '@aws-sdk/client-sqs';
import type { WorldInput, WorldOperation, WorldOutput } from '../../../src/sandbox/world/handlers.ts';
import type { ServicePrefix } from '../../../src/sandbox/world/sdks.ts';

/** Makes any of the sandbox's calls with the real SDK clients, one attempt each. */
export type Sdk = {
  call<O extends WorldOperation>(
    operation: O,
    input: WorldInput<O>,
    options?: { signal: AbortSignal },
  ): Promise<WorldOutput<O>>;
  destroy(): void;
};

export function createSdk(endpoint: string, accessKeyId = 'ASIASANDBOX000000001'): Sdk {
  const config = {
    endpoint,
    region: 'eu-west-1',
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey: 'anything', sessionToken: 'anything' },
  };
  const services = {
    ec2: { module: Ec2 as object, client: new Ec2.EC2Client(config) },
    ecs: { module: Ecs as object, client: new Ecs.ECSClient(config) },
    cloudwatch: { module: CloudWatch as object, client: new CloudWatch.CloudWatchClient(config) },
    logs: { module: Logs as object, client: new Logs.CloudWatchLogsClient(config) },
    sqs: { module: Sqs as object, client: new Sqs.SQSClient(config) },
    autoscaling: { module: AutoScaling as object, client: new AutoScaling.AutoScalingClient(config) },
  };
  return {
    call: async (operation, input, options) => {
      const [service, action] = operation.split(':') as [ServicePrefix, string];
      const { module, client } = services[service];
      const Command = (module as Record<string, new (input: object) => never>)[`${action}Command`];
      if (!Command) throw new Error(`The SDK has no ${operation}.`);
      const { $metadata, ...output } = await (client.send as Send)(new Command(input), {
        abortSignal: options?.signal,
      });
      return output as never;
    },
    destroy: () => {
      for (const { client } of Object.values(services)) client.destroy();
    },
  };
}

type Send = (
  command: object,
  options: { abortSignal: AbortSignal | undefined },
) => Promise<{ $metadata: object }>;
