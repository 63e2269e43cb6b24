import type * as Ecs from '@aws-sdk/client-ecs';
import { invalidParameter, serviceError } from './errors.ts';
import type { Handlers } from './operations.ts';
import type { Machine, TaskDefinition, WorldState } from './state.ts';

/** The subnets of the simulated VPC: one is in the zone by whose letter its ID ends, as `subnet-b` or `subnet-0a1b`. */
export const subnets = {
  'ec2:DescribeSubnets': (world, { SubnetIds: ids = [] }) => ({
    Subnets: ids.map((id) => {
      const zone = zoneOf(world, id);
      if (zone === undefined)
        throw serviceError('InvalidSubnetID.NotFound', `The subnet ID '${id}' does not exist`);
      return { SubnetId: id, VpcId: 'vpc-0123456789abcdef0', AvailabilityZone: zone, State: 'available' };
    }),
  }),
} satisfies Handlers<'ec2'>;

/** Undefined where an ID ends otherwise: such a subnet may be anywhere. */
function zoneOf({ options: { region } }: WorldState, id: string): string | undefined {
  const [, letter] = /^subnet-[0-9a-f]*([a-f])$/.exec(id) ?? [];
  return letter === undefined ? undefined : `${region}${letter}`;
}

/** The first of some subnets that a task on an instance can have its network interface in; undefined where none is. */
export function subnetFor(
  world: WorldState,
  { availabilityZone }: Machine,
  ids: readonly string[],
): string | undefined {
  return ids.find((id) => (zoneOf(world, id) ?? availabilityZone) === availabilityZone);
}

const MOST = { subnets: 16, securityGroups: 5 } as const;

/** Refuses what RunTask refuses of a network configuration for tasks on EC2 instances. */
export function checkNetwork(
  { networkMode }: TaskDefinition,
  configuration: Ecs.NetworkConfiguration | undefined,
): void {
  if (networkMode !== 'awsvpc') {
    if (configuration)
      throw invalidParameter(
        'Network Configuration is not valid for the given networkMode of this task definition.',
      );
    return;
  }
  const { subnets: ids = [], securityGroups = [], assignPublicIp } = configuration?.awsvpcConfiguration ?? {};
  if (!configuration)
    throw invalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  if (ids.length === 0) throw invalidParameter('subnets can not be empty.');
  if (ids.length > MOST.subnets) throw invalidParameter(`subnets can have at most ${MOST.subnets} items.`);
  if (securityGroups.length > MOST.securityGroups)
    throw invalidParameter(`securityGroups can have at most ${MOST.securityGroups} items.`);
  if (assignPublicIp === 'ENABLED')
    throw invalidParameter('Assign public IP is not supported for this launch type.');
}
