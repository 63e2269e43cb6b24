import { createHash } from 'node:crypto';
import type { Caller } from '../../aws/call.ts';
import { AwsError } from '../../aws/errors.ts';
import { clip, oneLine } from '../../base/text.ts';
import type { GrowAnswer, LaunchRequest } from '../launch/model.ts';
import type { Operations } from './operations.ts';

/** LaunchInstances launches this many at a time (Auto Scaling API reference). */
const MOST_AT_ONCE = 100;

/** The Auto Scaling group that is to make room. */
export type Group = {
  /**
   * Asks for so many instances more, as far as the group's maximum allows. Only ever adds: LaunchInstances, and never a
   * desired capacity, which would take away what others have asked for meanwhile.
   *
   * Launchers that see the same desired capacity send the same client token, so a crowd of them launches once.
   *
   * @param count how many it is asked for
   * @param zone which of the zones, counted round and round from the one with the fewest instances
   * @param pending a request without an answer, which is sent again as it was
   */
  grow(count: number, zone: number, pending: LaunchRequest | undefined): Promise<GrowAnswer>;
};

export function createGroup(call: Caller<Operations>, name: string): Group {
  const plan = async (count: number, zone: number): Promise<LaunchRequest | GrowAnswer> => {
    const operation = 'autoscaling:DescribeAutoScalingGroups';
    const { AutoScalingGroups: groups } = await call(operation, { AutoScalingGroupNames: [name] });
    if (!Array.isArray(groups)) throw incomplete(operation, 'AutoScalingGroups');
    const own = groups.find(({ AutoScalingGroupName }) => AutoScalingGroupName === name);
    if (!own) return { kind: 'no-group' };
    const {
      DesiredCapacity: desired,
      MaxSize: max,
      AvailabilityZones: zones = [],
      Instances: instances = [],
    } = own;
    if (desired === undefined || max === undefined) throw incomplete(operation, 'DesiredCapacity or MaxSize');
    if (desired >= max) return { kind: 'full', max };
    const inZone = (one: string) =>
      instances.filter(({ AvailabilityZone }) => AvailabilityZone === one).length;
    const ordered = [...zones].sort((a, b) => inZone(a) - inZone(b) || (a < b ? -1 : 1));
    return {
      desired,
      count: Math.min(count, max - desired, MOST_AT_ONCE),
      zone: ordered[zone % Math.max(1, ordered.length)],
    };
  };

  return {
    grow: async (count, zone, pending) => {
      const planned = pending ?? (await plan(count, zone));
      if ('kind' in planned) return planned;
      try {
        const { Instances: launched, Errors: errors } = await call('autoscaling:LaunchInstances', {
          AutoScalingGroupName: name,
          RequestedCapacity: planned.count,
          ClientToken: tokenOf(name, planned),
          ...(planned.zone !== undefined && { AvailabilityZones: [planned.zone] }),
        });
        const ids = (launched ?? []).flatMap(({ InstanceIds }) => InstanceIds ?? []);
        if (ids.length > 0) return { kind: 'launched', count: ids.length };
        const [first] = errors ?? [];
        const why = first ? `${first.ErrorCode}: ${first.ErrorMessage}` : 'no instance was launched';
        return { kind: 'not-launched', why: oneLine(clip(why, 200)) };
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        // Somebody who saw the group a moment earlier or later was first.
        if (/^IdempotentParameterMismatch/.test(error.code))
          return { kind: 'not-launched', why: 'others have asked for it' };
        if (error.kind === 'transient') return { kind: 'unanswered', request: planned };
        throw error;
      }
    },
  };
}

function tokenOf(name: string, { desired, count, zone }: LaunchRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([name, desired, count, zone]))
    .digest('hex')
    .slice(0, 40);
}

const incomplete = (operation: string, what: string) =>
  new AwsError(
    operation,
    'transient',
    'IncompleteAnswer',
    `calling ${operation}: the answer is without ${what}`,
  );
