import { createBudget } from '../aws/budget.ts';
import { createCaller } from '../aws/call.ts';
import { prepareSdk } from '../aws/prepare-sdk.ts';
import { createTransport } from '../aws/sdk/transport.ts';
import { clusterName } from '../base/arn.ts';
import { systemClock } from '../base/clock.ts';
import type { Environment } from '../base/environment.ts';
import { queueRegion } from '../base/queue-region.ts';
import { version } from '../base/version.ts';
import { createDemandQueue, type DemandQueue } from './aws/demand-queue.ts';
import { createGroup, type Group } from './aws/group.ts';
import { createLogStream, type LogStream } from './aws/logs.ts';
import { awsServices, type Operations } from './aws/operations.ts';
import { createZonesOf, type ZonesOf } from './aws/subnets.ts';
import { createTasks, type Tasks } from './aws/tasks.ts';
import type { Options } from './config/options.ts';

/** The most requests to one API a minute. The pace of a launch stays below it; it is for what nobody foresaw. */
const MOST_REQUESTS = 40;

export type Session =
  | {
      readonly kind: 'open';
      readonly cluster: string;
      readonly tasks: Tasks;
      readonly group: Group | undefined;
      readonly demandQueue: DemandQueue | undefined;
      readonly zonesOf: ZonesOf;
      /** A stream of CloudWatch Logs; in the cluster's Region unless told. */
      readonly logStream: (group: string, stream: string, region: string | undefined) => LogStream;
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] };

/** The calls to the cluster that the options name, in their Region. @param attempts of each call; a launch decides anew */
export async function openSession(
  options: Pick<Options, 'cluster' | 'region' | 'group' | 'demandQueue'>,
  environment: Environment,
  attempts = 1,
): Promise<Session> {
  const prepared = await prepareSdk(options.region, environment, options.cluster);
  if (prepared.kind === 'wrong') return prepared;
  const { region, network, warnings } = prepared;
  const own = { clock: systemClock, random: Math.random };
  const callIn = (regionName: string) =>
    createCaller<Operations>({
      ...own,
      transport: createTransport(awsServices, regionName, `ecs-oneshot/${version}`, { ...own, network }),
      budget: createBudget(systemClock, MOST_REQUESTS),
      stop: new AbortController().signal,
    });
  const call = callIn(region);
  const callOf = (other: string | undefined) =>
    other === undefined || other === region ? call : callIn(other);
  const cluster = options.cluster ?? '';
  return {
    kind: 'open',
    cluster: clusterName(cluster),
    group:
      options.group === undefined
        ? undefined
        : createGroup({ call, name: options.group, cluster: clusterName(cluster), now: systemClock.now }),
    demandQueue:
      options.demandQueue === undefined
        ? undefined
        : createDemandQueue(callOf(queueRegion(options.demandQueue)), options.demandQueue),
    zonesOf: createZonesOf(call),
    logStream: (group, stream, other) => createLogStream(callOf(other), group, stream),
    tasks: createTasks((operation, input) => call(operation, input, { attempts }), cluster),
    warnings,
  };
}
