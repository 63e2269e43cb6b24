import type * as AutoScaling from '@aws-sdk/client-auto-scaling';
import type { Caller } from '../../aws/call.ts';
import { AwsError } from '../../aws/errors.ts';
import { timeOfDate } from '../../base/clock.ts';
import { digest } from '../../base/keys.ts';
import { clip, oneLine } from '../../base/text.ts';
import { failureWords, isElsewhere } from '../launch/failure-words.ts';
import type { Failure, Fit, GrowAnswer, GrowRequest, LaunchRequest, Misfit, Needs } from '../launch/model.ts';
import { type Registered, readContainerInstances, readRegistered } from './container-instances.ts';
import { incomplete } from './incomplete.ts';
import { type NamedSize, readInstanceSizes, type Size } from './instance-sizes.ts';
import type { Operations } from './operations.ts';
import { createZonesOf, type Zones } from './subnets.ts';

/** LaunchInstances launches this many at a time (Auto Scaling API reference). */
const MOST_AT_ONCE = 100;
/** An instance that has not registered with ECS after this time does not boot any more: it is broken. In ms. */
const BOOTS_WITHIN_MS = 600_000;
/**
 * A desired capacity is raised only by one who has seen it unchanged for this long, in ms, and by one. So all who raise it
 * from the same value set the same one, and a request that is on its way for less than this lowers nothing.
 */
const UNCHANGED_MS = 30_000;

/** The Auto Scaling group that is to make room. */
export type Group = {
  /**
   * Whether an instance of the group, or one that is in the cluster, could hold a task. `misfit`: those that are in the
   * cluster could not, whatever their size. Rejects with an `AwsError`.
   */
  measure(needs: Needs, misfit: Misfit | undefined): Promise<Fit>;
  /**
   * Asks for instances more, as far as the group's maximum allows, unless some boot that will have room. Only ever adds:
   * by LaunchInstances, for which launchers that see the same desired capacity send the same client token, so that a
   * crowd of them launches once. A group that LaunchInstances does not take is given a higher desired capacity.
   */
  grow(request: GrowRequest): Promise<GrowAnswer>;
};

export type GroupPorts = {
  readonly call: Caller<Operations>;
  readonly name: string;
  readonly cluster: string;
  /** In ms since the Unix epoch. */
  readonly now: () => number;
};

export function createGroup({ call, name, cluster, now }: GroupPorts): Group {
  /** When each instance that is not registered was first seen, in ms since the Unix epoch. */
  const firstSeen = new Map<string, number>();
  let unchanged: { readonly desired: number; readonly since: number } | undefined;
  let refusesLaunch = false;
  const zonesOf = createZonesOf(call);

  async function describe(): Promise<Described | undefined> {
    const operation = 'autoscaling:DescribeAutoScalingGroups';
    const { AutoScalingGroups: groups } = await call(operation, { AutoScalingGroupNames: [name] });
    if (!Array.isArray(groups)) throw incomplete(operation, 'AutoScalingGroups');
    const own = groups.find(({ AutoScalingGroupName }) => AutoScalingGroupName === name);
    if (!own) return undefined;
    const { DesiredCapacity: desired, MaxSize: max } = own;
    if (desired === undefined || max === undefined) throw incomplete(operation, 'DesiredCapacity or MaxSize');
    return { ...own, desired, max };
  }

  /** The instances of the group that boot there: those that ECS does not know yet, and that are not too old for it. */
  async function readBooting(
    { Instances: members = [] }: Described,
    where: Zones,
  ): Promise<readonly string[]> {
    const coming = members.flatMap(
      ({ InstanceId: id, LifecycleState: state = '', AvailabilityZone: zone }) =>
        id && /^(Pending|InService)/.test(state) && isIn(zone, where) ? [id] : [],
    );
    if (coming.length === 0) return [];
    const registered = await findRegistered(coming);
    const unknown = coming.filter((id) => registered && !registered.has(id));
    if (unknown.length === 0) return [];
    const launchedAt = await readLaunchTimes(unknown);
    for (const id of unknown) if (!firstSeen.has(id)) firstSeen.set(id, now());
    return unknown.filter(
      (id) => now() - (launchedAt.get(id) ?? firstSeen.get(id) ?? now()) < BOOTS_WITHIN_MS,
    );
  }

  /** Whether an instance of the group has been refused, and for what others of the group are too. */
  async function isOfItsKind(own: Described, { by }: Misfit, where: Zones): Promise<boolean> {
    const { AvailabilityZones: zones = [], Instances: members = [] } = own;
    // In another zone, one of the group may be of use. In the right one, the subnets are of another VPC, say.
    const isOfAll = ({ reason }: Failure, zone: string | undefined) =>
      !isElsewhere(reason) || (where.kind === 'known' ? isIn(zone, where) : zones.length === 1);
    return (await readContainerInstances(call, cluster)).some(
      ({ arn, ec2InstanceId, availabilityZone: zone }) =>
        by.some((one) => one.arn === arn && isOfAll(one, zone)) &&
        members.some(({ InstanceId: id }) => id === ec2InstanceId),
    );
  }

  /** Undefined where a policy forbids to ask: then nothing is known of what boots. */
  async function findRegistered(ids: readonly string[]): Promise<ReadonlySet<string> | undefined> {
    try {
      return await readRegistered(call, cluster, ids);
    } catch (error) {
      if (error instanceof AwsError && (error.kind === 'permission' || error.kind === 'rejected'))
        return undefined;
      throw error;
    }
  }

  async function readLaunchTimes(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    try {
      const { Reservations: reservations = [] } = await call('ec2:DescribeInstances', {
        InstanceIds: [...ids],
      });
      return new Map(
        reservations.flatMap(({ Instances: instances = [] }) =>
          instances.flatMap(({ InstanceId: id, LaunchTime }): [string, number][] => {
            const at = timeOfDate(LaunchTime);
            return id && at !== undefined ? [[id, at]] : [];
          }),
        ),
      );
    } catch (error) {
      // EC2 may not know one yet that was just launched: then they are as old as they were seen.
      if (error instanceof AwsError) return new Map();
      throw error;
    }
  }

  async function launch(planned: LaunchRequest): Promise<GrowAnswer> {
    try {
      const { Instances: launched, Errors: errors } = await call('autoscaling:LaunchInstances', {
        AutoScalingGroupName: name,
        RequestedCapacity: planned.count,
        ClientToken: tokenOf(name, planned),
        ...(planned.zone !== undefined && { AvailabilityZones: [planned.zone] }),
      });
      const ids = (launched ?? []).flatMap(({ InstanceIds }) => InstanceIds ?? []);
      if (ids.length > 0) return { kind: 'launched', count: ids.length, ids };
      const [first] = errors ?? [];
      const why = first ? `${first.ErrorCode}: ${first.ErrorMessage}` : 'no instance was launched';
      return { kind: 'not-launched', why: oneLine(clip(why, 200)) };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      // Somebody who saw the group a moment earlier or later was first.
      if (/^IdempotentParameterMismatch/.test(error.code))
        return { kind: 'not-launched', why: 'others have asked for it' };
      if (error.kind === 'transient') return { kind: 'unanswered', request: planned };
      if (error.kind !== 'rejected') throw error;
      // Whatever else it has against the group: a desired capacity can be set in any.
      if (!/max/i.test(error.message)) refusesLaunch = true;
      return { kind: 'not-launched', why: oneLine(clip(error.message, 200)) };
    }
  }

  async function raise({ desired }: Described): Promise<GrowAnswer> {
    if (unchanged?.desired !== desired) unchanged = { desired, since: now() };
    const left = unchanged.since + UNCHANGED_MS - now();
    if (left > 0) return { kind: 'watched', ms: left };
    // What boots has been read since, which takes its time: by now somebody else may have set more.
    const before = await describe();
    if (before?.desired !== desired) {
      unchanged = before && { desired: before.desired, since: now() };
      return { kind: 'watched', ms: UNCHANGED_MS };
    }
    if (desired >= before.max) return { kind: 'full', max: before.max };
    unchanged = undefined;
    const target = desired + 1;
    await call('autoscaling:SetDesiredCapacity', { AutoScalingGroupName: name, DesiredCapacity: target });
    const after = await describe();
    if (after && after.desired >= target) return { kind: 'launched', count: 1, ids: [] };
    return { kind: 'not-launched', why: 'somebody else has set its desired capacity' };
  }

  return {
    measure: async (needs, misfit) => {
      const own = await describe();
      const where = await zonesOf(needs.subnets);
      if (own && misfit && (await isOfItsKind(own, misfit, where)))
        return { kind: 'never', why: misfitWords(name, misfit) };
      if (own && !launchesIn(own, where)) {
        const all = await readContainerInstances(call, cluster);
        if (couldHold(all, needs, where)) return { kind: 'unknown' };
        return { kind: 'never', why: elsewhereWords(own, where) };
      }
      const sizes = own && (await readInstanceSizes(call, own));
      if (!sizes || sizes.length === 0) return { kind: 'unknown' };
      const large = sizes.filter((size) => holds(size, needs));
      const isTight = large.length > 0 && large.every(({ memory }) => needs.memory > memory * MOST_MEMORY);
      const registered = isTight ? await readContainerInstances(call, cluster) : undefined;
      const real = registered ? asRegistered(sizes, registered, own) : sizes;
      if (real.some((size) => holds(size, needs)))
        return { kind: 'fits', leavesRoom: real.every((size) => holds(size, twice(needs))), isTight };
      // The cluster may have larger ones of another group.
      const all = registered ?? (await readContainerInstances(call, cluster));
      if (couldHold(all, needs, where)) return { kind: 'unknown' };
      return { kind: 'never', why: neverWords(name, needs, real) };
    },

    grow: async ({ count, zone, pending, leavesRoom, subnets, own }) => {
      if (pending) return await launch(pending);
      const group = await describe();
      if (!group) return { kind: 'no-group' };
      const where = await zonesOf(subnets);
      if (!launchesIn(group, where)) return { kind: 'not-launched', why: elsewhereWords(group, where) };
      const byLaunch = !refusesLaunch && takesLaunchInstances(group);
      const booting = await readBooting(group, where);
      // One that the task fills is for whoever has asked for it.
      const isRoom = booting.some((id) => leavesRoom || !byLaunch || own.includes(id));
      if (isRoom) return { kind: 'booting', count: booting.length };
      if (group.desired >= group.max) return { kind: 'full', max: group.max };
      if (!byLaunch) return await raise(group);
      return await launch({
        desired: group.desired,
        seen: seenAt(group, now()),
        count: Math.min(count, group.max - group.desired, MOST_AT_ONCE),
        zone: zoneOf(group, zone, where),
      });
    },
  };
}

type Described = AutoScaling.AutoScalingGroup & { readonly desired: number; readonly max: number };

/** LaunchInstances needs a launch template, one kind of purchase, and no warm pool. (Auto Scaling user guide) */
function takesLaunchInstances(group: AutoScaling.AutoScalingGroup): boolean {
  if (group.LaunchConfigurationName || group.WarmPoolConfiguration) return false;
  const distribution = group.MixedInstancesPolicy?.InstancesDistribution;
  if (!distribution) return true;
  const { OnDemandBaseCapacity: base = 0, OnDemandPercentageAboveBaseCapacity: percent = 100 } = distribution;
  return percent === 100 || (percent === 0 && base === 0);
}

const isIn = (zone: string | undefined, where: Zones): boolean =>
  where.kind === 'unknown' || (zone !== undefined && where.names.has(zone));

/** Whether a group may launch an instance there. */
const launchesIn = ({ AvailabilityZones: zones = [] }: Described, where: Zones): boolean =>
  zones.length === 0 || zones.some((zone) => isIn(zone, where));

/** Of those that are of use, round and round from the zone with the fewest instances. */
function zoneOf(group: Described, turn: number, where: Zones): string | undefined {
  const { AvailabilityZones: all = [], Instances: instances = [] } = group;
  const zones = all.filter((zone) => isIn(zone, where));
  const inZone = (one: string) => instances.filter(({ AvailabilityZone }) => AvailabilityZone === one).length;
  const ordered = [...zones].sort((a, b) => inZone(a) - inZone(b) || (a < b ? -1 : 1));
  return ordered[turn % Math.max(1, ordered.length)];
}

/** The part of its memory that an instance registers at least: the operating system and the ECS agent keep the rest. */
const MOST_MEMORY = 0.85;

/** What instances of the group have registered with ECS, by type, in place of what their type has. */
function asRegistered(
  sizes: readonly NamedSize[],
  registered: readonly Registered[],
  { Instances: members = [] }: Described,
): readonly NamedSize[] {
  const ids = members.map(({ InstanceId: id }) => id);
  return sizes.map((size) => {
    const memories = registered.flatMap((one) =>
      one.instanceType === size.name && ids.includes(one.ec2InstanceId) ? [one.size.memory] : [],
    );
    return memories.length === 0 ? size : { ...size, memory: Math.max(...memories) };
  });
}

type Wanted = Pick<Needs, 'cpu' | 'memory' | 'gpu' | 'networkInterfaces'>;

const holds = (size: Size, { cpu, memory, gpu, networkInterfaces }: Wanted): boolean =>
  size.cpu >= cpu && size.memory >= memory && size.gpu >= gpu && size.networkInterfaces >= networkInterfaces;

/** Whether an instance that is in the cluster could, whoever has launched it. */
const couldHold = (all: readonly Registered[], needs: Needs, where: Zones): boolean =>
  all.some((one) => one.isActive && isIn(one.availabilityZone, where) && holds(one.size, needs));

/** A port of the host can be taken once. */
const twice = ({ cpu, memory, gpu, ports, networkInterfaces }: Needs): Wanted => ({
  cpu: ports.length > 0 ? Number.POSITIVE_INFINITY : 2 * cpu,
  memory: 2 * memory,
  gpu: 2 * gpu,
  networkInterfaces: 2 * networkInterfaces,
});

function neverWords(name: string, needs: Needs, sizes: readonly NamedSize[]): string {
  const { gpu, networkInterfaces } = needs;
  const said = (size: Size) =>
    [
      `${size.cpu} CPU units`,
      `${size.memory} MiB`,
      ...(gpu > 0 || size.gpu > 0 ? [`${size.gpu} GPUs`] : []),
      ...(sizes.some((one) => one.networkInterfaces < networkInterfaces)
        ? [`${size.networkInterfaces} network interfaces for tasks`]
        : []),
    ].join(', ');
  const own = sizes
    .slice(0, 5)
    .map((size) => `${size.name} has ${said(size)}`)
    .join('; ');
  return `no instance of the group ${name} could ever hold it, nor one that is in the cluster: it needs ${said(needs)}, and ${own}`;
}

const elsewhereWords = (
  { AutoScalingGroupName: name, AvailabilityZones: zones = [] }: Described,
  where: Zones,
) =>
  `the group ${name} launches instances in ${zones.join(', ')}, and the subnets are in ${where.kind === 'known' ? [...where.names].join(', ') : 'others'}`;

const misfitWords = (name: string, { reasons }: Misfit) =>
  `no container instance of the cluster can take it, nor one of the group ${name}: ${reasons.map(failureWords).join(', ')}`;

/** How long a request gets the answer that it got before, in ms: a zone that had no instance may have one then. */
const SAME_FOR_MS = 300_000;

/**
 * A group that wants as many as it once did, and has lost some since, is not the same: without the ids of its instances AWS would
 * answer with those of the earlier request, and launch nothing.
 */
function seenAt({ Instances: instances = [] }: Described, now: number): string {
  const ids = instances.map(({ InstanceId: id }) => id ?? '').sort();
  return digest(...ids, String(Math.floor(now / SAME_FOR_MS)));
}

const tokenOf = (name: string, { desired, seen, count, zone }: LaunchRequest): string =>
  digest(name, String(desired), seen, String(count), zone ?? '').slice(0, 40);
