import type { Clock } from '../../base/clock.ts';
import type { Network } from '../../config/network.ts';
import type { ModulesOf, OperationIn, OperationsOf, Output, Transport } from '../operations.ts';
import type { SdkModules, Send } from './service.ts';

export type SdkPorts = {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Proxies and certificates; absent: no proxy, and Node's own certificates. */
  readonly network?: Network | undefined;
  /** Told of a service, by its prefix, that could not be loaded: a file of the program cannot be read. The next call tries again. */
  readonly onUnloadable?: (service: string, error: Error) => void;
};

/**
 * The AWS SDK as a transport: one attempt a call. A client is loaded at its first call, because each of them takes
 * memory in a process that most of the time has nothing to ask.
 *
 * @param modules the services that can be called, each with its commands
 * @param region the one that is asked, unless `AWS_REGION` says otherwise
 * @param userAgent what AWS's own logs show, e.g. `ecs-drain-agent/1.2.3`
 */
export function createTransport<S extends SdkModules>(
  modules: S,
  region: string,
  userAgent: string,
  ports: SdkPorts,
): Transport<OperationsOf<ModulesOf<S>>> {
  type T = OperationsOf<ModulesOf<S>>;
  const config = {
    region,
    maxAttempts: 1,
    // AWS_RETRY_MODE=adaptive would hold requests back beside our own pace.
    retryMode: 'standard',
    customUserAgent: userAgent,
  };
  const services = new Map<string, Promise<Send>>();

  return async <O extends OperationIn<T>>(operation: O, input: object, options: { signal: AbortSignal }) => {
    const name = operation.slice(0, operation.indexOf(':'));
    let service = services.get(name);
    if (!service) {
      service = load(modules[name], config, ports);
      services.set(name, service);
      service.catch((error: Error) => {
        services.delete(name);
        ports.onUnloadable?.(name, error);
      });
    }
    const send = await service;
    return (await send(operation, input, options.signal)) as Output<O, T>;
  };
}

async function load(
  importModule: SdkModules[string] | undefined,
  config: object,
  ports: SdkPorts,
): Promise<Send> {
  if (!importModule) throw new Error('no SDK client for this call');
  askMetadataDirectly();
  const [module, { createService }, agents] = await Promise.all([
    importModule(),
    import('./service.ts'),
    createAgents(ports),
  ]);
  const requestHandler = {
    // The lookup of the name is part of it: where the first name server is dead, it takes 5 s. (resolv.conf(5), timeout)
    connectionTimeout: 8_000,
    requestTimeout: 9_000,
    throwOnRequestTimeout: true,
    ...agents,
  };
  return createService(module, { ...config, requestHandler }, ports);
}

/** What the SDK makes its own requests with; it asks metadata for credentials without them. */
async function createAgents({ clock, network: { proxyEnv, ca } = {} }: SdkPorts): Promise<object> {
  const trusted = ca !== undefined && { ca };
  if (!proxyEnv) return trusted ? { httpsAgent: trusted } : {};
  const { createTunnelAgent, trustProxies } = await import('./tunnel-agent.ts');
  const isEncrypted = [proxyEnv.http_proxy, proxyEnv.https_proxy].some((url) => url?.startsWith('https:'));
  if (isEncrypted && ca !== undefined) trustProxies(ca);
  // The SDK gives these two to the agents that it makes itself.
  const options = { keepAlive: true, maxSockets: 50, proxyEnv, ...trusted };
  return { httpAgent: { proxyEnv }, httpsAgent: createTunnelAgent(options, clock) };
}

/**
 * The SDK asks metadata for credentials with Node's global agent, which NODE_USE_ENV_PROXY=1 and --use-env-proxy send through
 * the proxy: whoever runs it could read the credentials of the host, or answer with others.
 */
function askMetadataDirectly(): void {
  const http = process.getBuiltinModule('node:http');
  // Always: Node takes the option from its arguments, NODE_OPTIONS and files, and in two spellings. The rest is as in its own agent.
  http.globalAgent = new http.Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5_000 });
}
