import { createBudget } from '../../aws/budget.ts';
import { type Caller, createCaller } from '../../aws/call.ts';
import type { Transport } from '../../aws/operations.ts';
import type { Clock } from '../../base/clock.ts';
import { createDaemonReader } from '../aws/daemons.ts';
import { createDemandQueue } from '../aws/demand-queue.ts';
import { createNeedMetric } from '../aws/need-metric.ts';
import { createInterfaceReader } from '../aws/network-interfaces.ts';
import type { Operations } from '../aws/operations.ts';
import { createDefinitionReader } from '../aws/task-definitions.ts';
import { createTaskReader } from '../aws/tasks.ts';
import type { Config } from '../plan/model.ts';
import type { TurnPorts } from './turn.ts';

/** The most requests to one API a minute: of a large cluster's lists a turn has a few hundred pages. */
const MOST_REQUESTS = 600;
/** Of each question: a turn without an answer is a turn without a plan. */
const ATTEMPTS = 4;
/** Calls that are not asked again without a word. */
const CHANGES = /:(Set|Terminate|Launch|Update|Tag|Untag)/;

export type ScalerPorts = {
  /** One attempt at one call. */
  readonly transport: Transport<Operations>;
  /** The same in the Region of the demand queue, which may be another. */
  readonly queueTransport: Transport<Operations>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Ends calls and waiting. */
  readonly stop: AbortSignal;
  readonly region: string;
  /** The cluster's name. */
  readonly cluster: string;
  readonly group: string;
  /** The demand queue; undefined: there is none. */
  readonly queueUrl: string | undefined;
  readonly config: Config;
};

/** Everything that a turn reads from and acts on. It is kept from turn to turn, with what it remembers of AWS. */
export function createTurnPorts(ports: ScalerPorts): TurnPorts {
  const { transport, queueTransport, clock, random, stop, region, cluster, group, queueUrl, config } = ports;
  const budget = createBudget(clock, MOST_REQUESTS);
  const callBy = (sent: Transport<Operations>): Caller<Operations> => {
    const once = createCaller<Operations>({ transport: sent, clock, random, budget, stop });
    return (operation, input, options) =>
      once(operation, input, options ?? (CHANGES.test(operation) ? {} : { attempts: ATTEMPTS }));
  };
  const call = callBy(transport);
  const definitions = createDefinitionReader(call);
  return {
    call,
    region,
    cluster,
    group,
    config,
    clock,
    tasks: createTaskReader(call, cluster),
    daemons: createDaemonReader(call, cluster, definitions, clock),
    definitions,
    interfaces: createInterfaceReader(call),
    need: config.looksAhead ? createNeedMetric(call, cluster, group) : undefined,
    queue:
      queueUrl === undefined
        ? undefined
        : createDemandQueue(
            callBy(queueTransport),
            queueUrl,
            (demand) => demand.cluster === cluster && (demand.group === undefined || demand.group === group),
            clock,
          ),
  };
}
