import type { Operation, Output, Transport } from './operations.ts';

/**
 * The AWS SDK as a transport: one attempt a call. A client is loaded at its first call, because the three of
 * them double the memory of a process that most of the time has nothing to ask.
 *
 * @param region the instance's own, unless `AWS_REGION` says otherwise
 * @param userAgent what AWS's own logs show, e.g. `ecs-drain-agent/1.2.3`
 */
export function createSdkTransport(region: string, userAgent: string): Transport {
  const config = {
    region,
    maxAttempts: 1,
    customUserAgent: userAgent,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 9_000, throwOnRequestTimeout: true },
  };
  const senders = new Map<string, Promise<Send>>();

  return async <O extends Operation>(operation: O, input: object, options: { signal: AbortSignal }) => {
    const service = operation.slice(0, operation.indexOf(':'));
    let sender = senders.get(service);
    if (!sender) {
      sender = load[service as Service](config);
      senders.set(service, sender);
    }
    return (await (
      await sender
    )(operation, input, options.signal)) as Output<O>;
  };
}

type Send = (operation: Operation, input: object, signal: AbortSignal) => Promise<unknown>;
type Service = 'autoscaling' | 'ec2' | 'ecs';

const load: Record<Service, (config: object) => Promise<Send>> = {
  autoscaling: async (config) => sender(await import('./sdk/auto-scaling.ts'), config),
  ec2: async (config) => sender(await import('./sdk/ec2.ts'), config),
  ecs: async (config) => sender(await import('./sdk/ecs.ts'), config),
};

type Module = {
  createClient: (config: object) => unknown;
  commands: object;
};

// The SDK types each command apart; `Operations` gives the caller those types back.
function sender(module: Module, config: object): Send {
  const client = module.createClient(config) as {
    send(command: unknown, options: { abortSignal: AbortSignal }): Promise<unknown>;
  };
  const commands = module.commands as Record<string, new (input: object) => unknown>;
  return (operation, input, signal) => {
    const Command = commands[operation];
    if (!Command) throw new Error(`no SDK command for ${operation}`);
    return client.send(new Command(input), { abortSignal: signal });
  };
}
