import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { Caller } from '../../aws/call.ts';
import { timeOfDate } from '../../base/clock.ts';
import type { Group, GroupInstance } from '../plan/model.ts';
import { type LaunchSource, launchSourceOf } from './launch-template.ts';
import type { Operations } from './operations.ts';
import { inBatches, incomplete, readAll } from './whole.ts';

/** The group, with what is none of the plan's. */
export type ListedGroup = Group & {
  readonly source: LaunchSource | undefined;
  /** In what its sizes are counted where that is not instances, in words: one of them may then be any number. */
  readonly countedIn: string | undefined;
};

/** The Auto Scaling group; undefined where there is none of that name. Rejects with an `AwsError`. */
export async function readGroup(call: Caller<Operations>, name: string): Promise<ListedGroup | undefined> {
  const operation = 'autoscaling:DescribeAutoScalingGroups';
  const { AutoScalingGroups: groups } = await call(operation, { AutoScalingGroupNames: [name] });
  if (!Array.isArray(groups)) throw incomplete(operation, 'it has no AutoScalingGroups');
  const own = groups.find(({ AutoScalingGroupName }) => AutoScalingGroupName === name);
  if (!own) return undefined;
  const { MinSize: min, MaxSize: max, DesiredCapacity: desired } = own;
  if (min === undefined || max === undefined || desired === undefined)
    throw incomplete(operation, 'it gives no sizes');
  return {
    source: launchSourceOf(own),
    countedIn: countedIn(own),
    name,
    min,
    max,
    desired,
    zones: own.AvailabilityZones ?? [],
    suspended: (own.SuspendedProcesses ?? []).flatMap(({ ProcessName }) => ProcessName ?? []),
    instances: (own.Instances ?? []).map((one): GroupInstance => {
      if (!one.InstanceId || !one.LifecycleState)
        throw incomplete(operation, 'an instance has no id or no lifecycle state');
      return {
        id: one.InstanceId,
        state: one.LifecycleState,
        zone: one.AvailabilityZone ?? '',
        instanceType: one.InstanceType ?? '',
        isHealthy: one.HealthStatus === 'Healthy',
        isProtected: one.ProtectedFromScaleIn === true,
        launchedAt: undefined,
      };
    }),
  };
}

/** WeightedCapacity of an override, or DesiredCapacityType (Auto Scaling API reference, LaunchTemplateOverrides and AutoScalingGroup). */
function countedIn({ DesiredCapacityType: type, MixedInstancesPolicy: mixed }: AutoScalingGroup) {
  if (type !== undefined && type !== 'units') return `${type} (DesiredCapacityType)`;
  const weights = (mixed?.LaunchTemplate?.Overrides ?? []).map((one) => Number(one.WeightedCapacity ?? 1));
  return weights.some((weight) => weight !== 1) ? 'weights of instance types (WeightedCapacity)' : undefined;
}

/** Filters take this many values (EC2 API reference, DescribeInstances). */
const FILTER_LIMIT = 200;

/** When EC2 launched these, by id. One that it does not list yet is left out. */
export async function readLaunchTimes(
  call: Caller<Operations>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number>();
  for (const asked of inBatches(ids, FILTER_LIMIT)) {
    const reservations = await readAll('ec2:DescribeInstances', 'Reservations', async (nextToken) => {
      // By a filter: named by their ids, one that EC2 does not know yet would fail the whole call.
      const answer = await call('ec2:DescribeInstances', {
        Filters: [{ Name: 'instance-id', Values: [...asked] }],
        NextToken: nextToken,
      });
      return { items: answer.Reservations, nextToken: answer.NextToken };
    });
    for (const { InstanceId: id, LaunchTime: time } of reservations.flatMap(
      ({ Instances }) => Instances ?? [],
    )) {
      const at = timeOfDate(time);
      if (id !== undefined && at !== undefined) times.set(id, at);
    }
  }
  return times;
}
