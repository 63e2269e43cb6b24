import type { Caller } from '../../aws/call.ts';
import { isRefusal } from '../../aws/errors.ts';
import { incomplete } from './incomplete.ts';
import type { Operations } from './operations.ts';

/** The Availability Zones of some subnets. */
export type Zones =
  | { readonly kind: 'known'; readonly names: ReadonlySet<string> }
  /** A policy forbids to ask, or there is no such subnet. */
  | { readonly kind: 'unknown' };

/** In which zones subnets are; unknown too where there are none. Rejects with an `AwsError` where EC2 does not answer. */
export type ZonesOf = (subnets: readonly string[]) => Promise<Zones>;

/** Asks once: a subnet stays in its zone. */
export function createZonesOf(call: Caller<Operations>): ZonesOf {
  let known: Zones | undefined;
  return async (subnets) => {
    if (subnets.length === 0) return { kind: 'unknown' };
    known ??= await readZones(call, subnets);
    return known;
  };
}

async function readZones(call: Caller<Operations>, subnets: readonly string[]): Promise<Zones> {
  const operation = 'ec2:DescribeSubnets';
  try {
    const { Subnets: found } = await call(operation, { SubnetIds: [...subnets] });
    if (!Array.isArray(found)) throw incomplete(operation, 'Subnets');
    const names = found.flatMap(({ AvailabilityZone: zone }) => zone ?? []);
    return names.length < subnets.length ? { kind: 'unknown' } : { kind: 'known', names: new Set(names) };
  } catch (error) {
    if (isRefusal(error)) return { kind: 'unknown' };
    throw error;
  }
}
