import type { Operations, Transport } from './operations.ts';
import type { SdkModule } from './sdk/service.ts';
import { createTransport, type SdkPorts } from './sdk/transport.ts';

export type { SdkPorts };

/** The agent's transport: `createTransport` with the clients of the services that it calls. */
export function createSdkTransport(region: string, userAgent: string, ports: SdkPorts): Transport {
  return createTransport<Operations>(modules, region, userAgent, ports);
}

const modules = {
  autoscaling: () => import('./sdk/auto-scaling.ts'),
  ec2: () => import('./sdk/ec2.ts'),
  ecs: () => import('./sdk/ecs.ts'),
} satisfies Record<string, () => Promise<SdkModule>>;
