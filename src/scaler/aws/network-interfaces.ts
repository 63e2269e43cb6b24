import type { Caller } from '../../aws/call.ts';
import type { Operations } from './operations.ts';
import { inBatches } from './whole.ts';

/** EC2 takes this many types at a time (API reference, DescribeInstanceTypes). */
const DESCRIBE_LIMIT = 100;

/**
 * How many network interfaces an instance of each type can have for tasks, without ENI trunking; a type is missing where EC2 does not
 * say. What a type has never changes: each is asked once. Rejects with an `AwsError`.
 */
export type InterfaceReader = (types: readonly string[]) => Promise<ReadonlyMap<string, number>>;

export function createInterfaceReader(call: Caller<Operations>): InterfaceReader {
  const known = new Map<string, number>();
  return async (types) => {
    const unknown = [...new Set(types)].filter((type) => type !== '' && !known.has(type));
    for (const asked of inBatches(unknown, DESCRIBE_LIMIT)) {
      const answer = await call('ec2:DescribeInstanceTypes', { InstanceTypes: [...asked] as never });
      for (const { InstanceType: type, NetworkInfo } of answer.InstanceTypes ?? []) {
        const most = interfacesForTasks(NetworkInfo?.MaximumNetworkInterfaces);
        if (type !== undefined && Number.isFinite(most)) known.set(type, most);
      }
    }
    return known;
  };
}

/** The first one is the instance's own. Infinity where EC2 does not say: then none is counted. */
export const interfacesForTasks = (most = Number.POSITIVE_INFINITY): number => Math.max(0, most - 1);
