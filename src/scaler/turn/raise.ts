import type { Caller } from '../../aws/call.ts';
import { AwsError } from '../../aws/errors.ts';
import { messageOf, oneLine } from '../../base/text.ts';
import { readGroup } from '../aws/group.ts';
import type { Operations } from '../aws/operations.ts';

export type Raised =
  | { readonly kind: 'done' }
  | { readonly kind: 'not-any-more'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string; readonly error: AwsError | undefined };

/**
 * Raises the group's desired capacity, where LaunchInstances does not take the group: it has a warm pool, mixes On-Demand and Spot, or
 * has no launch template. A desired capacity is absolute, and would take away what somebody else has asked for meanwhile. So it is set
 * only where it is still what the plan has seen, only ever higher, and read again after. Two scalers that see the same set the same.
 *
 * @param seen the desired capacity that the plan has seen
 */
export async function raiseDesired(
  call: Caller<Operations>,
  name: string,
  seen: number,
  count: number,
): Promise<Raised> {
  if (count <= 0)
    return { kind: 'not-any-more', why: `the group wants ${seen} already, and its launches fail` };
  try {
    const before = await readGroup(call, name);
    if (before?.desired !== seen)
      return { kind: 'not-any-more', why: `the group wants ${before?.desired ?? 'none'} now` };
    const target = Math.min(seen + count, before.max);
    if (target <= seen) return { kind: 'not-any-more', why: 'the group is at its maximum now' };
    await call('autoscaling:SetDesiredCapacity', { AutoScalingGroupName: name, DesiredCapacity: target });
    const after = await readGroup(call, name);
    return after && after.desired >= target
      ? { kind: 'done' }
      : { kind: 'not-any-more', why: 'somebody else has set its desired capacity' };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { kind: 'failed', why: oneLine(messageOf(error)), error };
  }
}
