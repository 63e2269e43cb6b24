import type { Lifecycle } from '../../aws/auto-scaling.ts';
import type { Imds } from '../../aws/imds.ts';
import { ifKnown, known, type Reading } from '../../base/reading.ts';
import { readTargetState } from '../../signals/metadata.ts';

/**
 * What instance metadata tells of a group that terminates the instance, without a request to AWS: undefined where it does not,
 * or serves no tags. AWS itself puts the tag on; nobody else can. That the hook waits it does not tell.
 */
export async function groupInMetadata(imds: Imds): Promise<Lifecycle | undefined> {
  if (ifKnown(await readTargetState(imds)) !== 'Terminated') return undefined;
  const group = ifKnown(await groupName(imds));
  return group === undefined
    ? undefined
    : { kind: 'in-group', group, state: 'Terminating', from: 'metadata' };
}

/** The group by the tag that AWS puts on; a known undefined where there is none, or metadata serves no tags. */
export async function groupName(imds: Imds): Promise<Reading<string | undefined>> {
  const tag = await imds.get('meta-data/tags/instance/aws:autoscaling:groupName');
  if (tag.kind === 'unknown') return tag;
  const name = tag.value?.trim();
  return known(name && GROUP_NAME.test(name) ? name : undefined);
}

/** Auto Scaling API reference, CreateAutoScalingGroup: 1 to 255 characters; of these, what one line can hold. */
const GROUP_NAME = /^[ -~]{1,255}$/;
