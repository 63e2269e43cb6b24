import type { Transport } from '../../aws/operations.ts';
import { createTransport, type SdkPorts } from '../../aws/sdk/transport.ts';
import type { Operations } from './operations.ts';

/** `createTransport` with the clients of the services that a launcher calls. */
export function createOneshotTransport(
  region: string,
  userAgent: string,
  ports: SdkPorts,
): Transport<Operations> {
  return createTransport<Operations>({ ecs: () => import('./sdk/ecs.ts') }, region, userAgent, ports);
}
