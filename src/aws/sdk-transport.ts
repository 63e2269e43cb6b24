import type { Clock } from '../base/clock.ts';
import type { Network } from '../config/network.ts';
import type { Operation, Output, Transport } from './operations.ts';
import type { SdkModule, Send } from './sdk/service.ts';

export type SdkPorts = {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Proxies and certificates; absent: no proxy, and Node's own certificates. */
  readonly network?: Network | undefined;
};

/**
 * The AWS SDK as a transport: one attempt a call. A client is loaded at its first call, because the three of
 * them double the memory of a process that most of the time has nothing to ask.
 *
 * @param region the instance's own, unless `AWS_REGION` says otherwise
 * @param userAgent what AWS's own logs show, e.g. `ecs-drain-agent/1.2.3`
 */
export function createSdkTransport(region: string, userAgent: string, ports: SdkPorts): Transport {
  const config = {
    region,
    maxAttempts: 1,
    customUserAgent: userAgent,
    requestHandler: {
      connectionTimeout: 3_000,
      requestTimeout: 9_000,
      throwOnRequestTimeout: true,
      ...agentOptions(ports.network),
    },
  };
  const services = new Map<string, Promise<Send>>();

  return async <O extends Operation>(operation: O, input: object, options: { signal: AbortSignal }) => {
    const name = operation.slice(0, operation.indexOf(':')) as Service;
    let service = services.get(name);
    if (!service) {
      service = load(name, config, ports);
      services.set(name, service);
    }
    const send = await service;
    return (await send(operation, input, options.signal)) as Output<O>;
  };
}

/** The options of the two agents that the SDK makes for its own requests; it asks metadata for credentials without them. */
function agentOptions({ proxyEnv, ca }: Network = {}): object {
  if (!proxyEnv && ca === undefined) return {};
  const proxy = proxyEnv && { proxyEnv };
  return { httpAgent: { ...proxy }, httpsAgent: { ...proxy, ...(ca !== undefined && { ca }) } };
}

type Service = keyof typeof modules;

const modules = {
  autoscaling: () => import('./sdk/auto-scaling.ts'),
  ec2: () => import('./sdk/ec2.ts'),
  ecs: () => import('./sdk/ecs.ts'),
} satisfies Record<string, () => Promise<SdkModule>>;

async function load(name: Service, config: object, ports: SdkPorts): Promise<Send> {
  const [module, { createService }] = await Promise.all([modules[name](), import('./sdk/service.ts')]);
  return createService(module, config, ports);
}
