import type { Caller } from '../../aws/call.ts';
import { AwsError } from '../../aws/errors.ts';
import { messageOf, oneLine } from '../../base/text.ts';
import { readGroup } from '../aws/group.ts';
import type { Operations } from '../aws/operations.ts';

export type Raised =
  | { readonly kind: 'done' }
  | { readonly kind: 'not-any-more'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string; readonly error: AwsError | undefined };

/** How often it is set at most: each time somebody may have read the group before, and set it after. */
const ATTEMPTS = 3;

/**
 * Raises the group's desired capacity, where LaunchInstances does not take the group: it has a warm pool, mixes On-Demand and Spot, or
 * has no launch template. A desired capacity is absolute, and AWS has no way to set it only if nobody else has: what is set between
 * a reading and a setting is lost. So it is set only where it is still what the plan has seen, only ever higher than what was read
 * right before, and read again right after. Where somebody who had read the same has set less by then, it is raised again
 * at once: Auto Scaling begins to terminate a few seconds later. Two scalers that see the same set the same.
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
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      await call('autoscaling:SetDesiredCapacity', { AutoScalingGroupName: name, DesiredCapacity: target });
      const after = await readGroup(call, name);
      if (after && after.desired >= target) return { kind: 'done' };
      // As it was before: somebody has decided against it, or AWS does not say so yet.
      if (!after || after.desired <= seen) break;
    }
    return { kind: 'not-any-more', why: 'somebody else sets its desired capacity' };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { kind: 'failed', why: oneLine(messageOf(error)), error };
  }
}
