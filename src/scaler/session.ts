import { createBudget } from '../aws/budget.ts';
import { type Caller, createCaller } from '../aws/call.ts';
import { findRegion } from '../aws/find-region.ts';
import { createTransport } from '../aws/sdk/transport.ts';
import { clusterName } from '../base/arn.ts';
import { systemClock } from '../base/clock.ts';
import { version } from '../base/version.ts';
import { readNetwork } from '../config/network.ts';
import { createNodeHttp } from '../host/node-http.ts';
import { createDaemonReader } from './aws/daemons.ts';
import { createDemandQueue } from './aws/demand-queue.ts';
import { createNeedMetric } from './aws/need-metric.ts';
import { awsServices, type Operations } from './aws/operations.ts';
import { createDefinitionReader } from './aws/task-definitions.ts';
import { createTaskReader } from './aws/tasks.ts';
import { configOf, type Loaded } from './config/load.ts';
import type { TurnPorts } from './turn/turn.ts';

/** The most requests to one API a minute: of a large cluster's lists a turn has a few hundred pages. */
const MOST_REQUESTS = 600;
/** Of each question: a turn without an answer is a turn without a plan. */
const ATTEMPTS = 4;

export type Session =
  | { readonly kind: 'open'; readonly ports: TurnPorts; readonly warnings: readonly string[] }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] };

/** The calls about the cluster and the group that the options name, in their Region. @param stop ends calls and waiting */
export async function openSession(
  { options, environment }: Loaded & { kind: 'loaded' },
  stop: AbortSignal,
): Promise<Session> {
  const network = readNetwork(environment, 'http://127.0.0.1');
  if (network.kind === 'wrong') return network;
  const region = await findRegion(options.region, environment, createNodeHttp(systemClock));
  if (region.kind === 'unknown') return { kind: 'wrong', problems: [`--region: ${region.cause}`] };
  // The SDK itself reads them from the environment of the process.
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined && process.env[name] !== value) process.env[name] = value;
  process.env.AWS_REGION = region.value;
  const once = createCaller<Operations>({
    transport: createTransport(awsServices, region.value, `ecs-scaler/${version}`, {
      clock: systemClock,
      random: Math.random,
      network: network.network,
    }),
    clock: systemClock,
    random: Math.random,
    budget: createBudget(systemClock, MOST_REQUESTS),
    stop,
  });
  const call: Caller<Operations> = (operation, input, given) =>
    once(operation, input, given ?? (changes.test(operation) ? {} : { attempts: ATTEMPTS }));
  const cluster = clusterName(options.cluster);
  const definitions = createDefinitionReader(call);
  return {
    kind: 'open',
    ports: {
      call,
      cluster,
      group: options.group,
      name: options.name,
      config: configOf(options),
      clock: systemClock,
      tasks: createTaskReader(call, cluster),
      daemons: createDaemonReader(call, cluster, definitions, systemClock),
      definitions,
      need: options.lookAhead ? createNeedMetric(call, cluster, options.group) : undefined,
      queue:
        options.demandQueue === undefined
          ? undefined
          : createDemandQueue(
              call,
              options.demandQueue,
              (demand) =>
                demand.cluster === cluster && (demand.group === undefined || demand.group === options.group),
              systemClock,
            ),
    },
    warnings: network.warnings,
  };
}

/** Calls that are not asked again without a word. */
const changes = /:(Set|Terminate|Launch|Update|Tag|Untag)/;
