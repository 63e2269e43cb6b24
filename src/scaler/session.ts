import { prepareSdk } from '../aws/prepare-sdk.ts';
import { createTransport } from '../aws/sdk/transport.ts';
import { clusterName } from '../base/arn.ts';
import { systemClock } from '../base/clock.ts';
import { queueRegion } from '../base/queue-region.ts';
import { version } from '../base/version.ts';
import { awsServices } from './aws/operations.ts';
import { configOf, type Loaded } from './config/load.ts';
import { createTurnPorts } from './turn/ports.ts';
import type { TurnPorts } from './turn/turn.ts';

export type Session =
  | { readonly kind: 'open'; readonly ports: TurnPorts; readonly warnings: readonly string[] }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] };

/**
 * The calls about the cluster and the group that the options name, in their Region.
 *
 * @param stop ends calls and waiting
 * @param onUnloadable told where a file of the program cannot be read any more
 */
export async function openSession(
  { options, environment }: Loaded & { kind: 'loaded' },
  stop: AbortSignal,
  onUnloadable?: () => void,
): Promise<Session> {
  const prepared = await prepareSdk(options.region, environment, options.cluster);
  if (prepared.kind === 'wrong') return prepared;
  const { region, network, warnings } = prepared;
  const own = { clock: systemClock, random: Math.random };
  const transportIn = (regionName: string) =>
    createTransport(awsServices, regionName, `ecs-scaler/${version}`, {
      ...own,
      network,
      ...(onUnloadable && { onUnloadable }),
    });
  const transport = transportIn(region);
  const { demandQueue } = options;
  const other = demandQueue === undefined ? region : (queueRegion(demandQueue) ?? region);
  const ports = createTurnPorts({
    ...own,
    transport,
    queueTransport: other === region ? transport : transportIn(other),
    stop,
    region,
    cluster: clusterName(options.cluster),
    group: options.group,
    queueUrl: demandQueue,
    config: configOf(options),
  });
  return { kind: 'open', ports, warnings };
}
