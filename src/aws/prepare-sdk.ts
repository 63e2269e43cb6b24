import { otherRegion } from '../base/arn.ts';
import { systemClock } from '../base/clock.ts';
import type { Environment } from '../base/environment.ts';
import { type Network, readNetwork } from '../config/network.ts';
import { createNodeHttp } from '../host/node-http.ts';
import { findRegion } from './find-region.ts';
import { endpointMode } from './imds.ts';

export type Prepared =
  | {
      readonly kind: 'ready';
      readonly region: string;
      readonly network: Network;
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] };

/**
 * Prepares the SDK in a program that need not run on an EC2 instance: finds its Region, reads how the APIs are reached, and puts
 * the given environment into that of the process, where the SDK reads it.
 *
 * @param region the option `--region`
 * @param cluster the option `--cluster`: where that is an ARN, it must be one of the Region
 */
export async function prepareSdk(
  region: string | undefined,
  environment: Environment,
  cluster: string | undefined,
): Promise<Prepared> {
  // The Region that the option names is asked, whatever the environment says.
  const read = readNetwork(region ? { ...environment, AWS_REGION: region } : environment, undefined);
  if (read.kind === 'wrong') return read;
  const found = await findRegion(region, environment, createNodeHttp(systemClock));
  if (found.kind === 'unknown') return { kind: 'wrong', problems: [`--region: ${found.cause}`] };
  const elsewhere = otherRegion(cluster ?? '', found.value);
  if (elsewhere !== undefined) return { kind: 'wrong', problems: [elsewhere] };
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined && process.env[name] !== value) process.env[name] = value;
  process.env.AWS_REGION = found.value;
  const mode = endpointMode(environment);
  if (mode) process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE = mode;
  return { kind: 'ready', region: found.value, network: read.network, warnings: read.warnings };
}
