import type { Transport } from '../../aws/operations.ts';
import type { SdkModule } from '../../aws/sdk/service.ts';
import { createTransport, type SdkPorts } from '../../aws/sdk/transport.ts';
import type { Operations } from './operations.ts';

/** `createTransport` with the clients of the services that a launcher calls. */
export function createOneshotTransport(
  region: string,
  userAgent: string,
  ports: SdkPorts,
): Transport<Operations> {
  return createTransport<Operations>(modules, region, userAgent, ports);
}

/** Each is loaded at its first call: a launch that finds room does without Auto Scaling. */
const modules = {
  autoscaling: () => import('./sdk/auto-scaling.ts'),
  ec2: () => import('./sdk/ec2.ts'),
  ecs: () => import('./sdk/ecs.ts'),
  logs: () => import('./sdk/logs.ts'),
  sqs: () => import('./sdk/sqs.ts'),
} satisfies Record<string, () => Promise<SdkModule>>;
