import type { Transport } from '../../aws/operations.ts';
import type { SdkModule } from '../../aws/sdk/service.ts';
import { createTransport, type SdkPorts } from '../../aws/sdk/transport.ts';
import type { Operations } from './operations.ts';

/** `createTransport` with the clients of the services that a scaler calls. */
export function createScalerTransport(
  region: string,
  userAgent: string,
  ports: SdkPorts,
): Transport<Operations> {
  return createTransport<Operations>(modules, region, userAgent, ports);
}

/** Each is loaded at its first call: EC2 only while something boots, SQS only with a demand queue, CloudWatch only to look ahead. */
const modules = {
  autoscaling: () => import('./sdk/auto-scaling.ts'),
  cloudwatch: () => import('./sdk/cloudwatch.ts'),
  ec2: () => import('./sdk/ec2.ts'),
  ecs: () => import('./sdk/ecs.ts'),
  sqs: () => import('./sdk/sqs.ts'),
} satisfies Record<string, () => Promise<SdkModule>>;
