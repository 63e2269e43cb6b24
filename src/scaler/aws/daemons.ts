import type * as Ecs from '@aws-sdk/client-ecs';
import type { Caller } from '../../aws/call.ts';
import { AwsError } from '../../aws/errors.ts';
import type { Clock } from '../../base/clock.ts';
import type { DaemonService } from '../plan/model.ts';
import type { Operations } from './operations.ts';
import { type DefinitionReader, memberOf } from './task-definitions.ts';
import { inBatches, readAll } from './whole.ts';

/** ECS describes this many at a time (API reference, DescribeServices). */
const DESCRIBE_LIMIT = 10;
/**
 * For so long an answer is good, in ms, and what has failed is not asked again: no job waits for it. The tasks of a daemon service that
 * came since count as those of any service.
 */
const GOOD_FOR_MS = 60_000;
const ONCE = { attempts: 1 };

/** The daemon services of a cluster: each has a task on every instance that satisfies its constraints. */
export type Daemons = {
  /**
   * The deployments by which their tasks were started. A task is told by this and not by the name of its service, which another
   * service can have had before.
   */
  readonly deployments: ReadonlySet<string>;
  readonly services: readonly DaemonService[];
  /** The task groups of all, `service:y`, those included that ECS lists and does not describe. */
  readonly groups: ReadonlySet<string>;
  readonly warnings: readonly string[];
};

/** Never rejects with an `AwsError`: where it cannot be told, a task is one of any service, and its instance stays. */
export type DaemonReader = () => Promise<Daemons>;

export function createDaemonReader(
  call: Caller<Operations>,
  cluster: string,
  definitions: DefinitionReader,
  clock: Clock,
): DaemonReader {
  let known: Omit<Daemons, 'warnings'> = { deployments: new Set(), services: [], groups: new Set() };
  let readAt = -Infinity;
  let warnings: readonly string[] = [];
  return async () => {
    if (clock.monotonic() - readAt < GOOD_FOR_MS) return { ...known, warnings };
    readAt = clock.monotonic();
    try {
      const arns = await listDaemonServices(call, cluster);
      known = {
        ...known,
        groups: new Set(arns.map((arn) => `service:${arn.slice(arn.lastIndexOf('/') + 1)}`)),
      };
      const found = await describeDaemonServices(call, cluster, arns);
      const ids = found.flatMap(({ deployments = [] }) => deployments.flatMap(({ id }) => id ?? []));
      const services: DaemonService[] = [];
      for (const { serviceName, taskDefinition = '', placementConstraints } of found) {
        const own = await definitions(taskDefinition);
        const constraints = [...own.constraints, ...memberOf(placementConstraints)];
        services.push({ ...own, constraints, group: `service:${serviceName}` });
      }
      // Tasks that an earlier deployment has started are listed for an hour after their end.
      known = { ...known, deployments: new Set([...known.deployments, ...ids]), services };
      warnings = [];
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const what =
        'which tasks are of daemon services is not known for certain, and their instances may stay';
      warnings = [`${what}: ${error.message}`];
    }
    return { ...known, warnings };
  };
}

const listDaemonServices = (call: Caller<Operations>, cluster: string): Promise<readonly string[]> =>
  readAll('ecs:ListServices', 'serviceArns', async (nextToken) => {
    const input = { cluster, schedulingStrategy: 'DAEMON' as const, nextToken };
    const answer = await call('ecs:ListServices', input, ONCE);
    return { items: answer.serviceArns, nextToken: answer.nextToken };
  });

async function describeDaemonServices(
  call: Caller<Operations>,
  cluster: string,
  arns: readonly string[],
): Promise<readonly Ecs.Service[]> {
  const found: Ecs.Service[] = [];
  for (const some of inBatches(arns, DESCRIBE_LIMIT)) {
    const { services } = await call('ecs:DescribeServices', { cluster, services: [...some] }, ONCE);
    found.push(...(services ?? []));
  }
  return found.filter(({ schedulingStrategy }) => schedulingStrategy === 'DAEMON');
}
