import type { Lifecycle } from '../../aws/auto-scaling.ts';
import type { Imds } from '../../aws/imds.ts';
import { ifKnown, known, type Reading } from '../../base/reading.ts';
import { readTargetState } from '../../signals/metadata.ts';

/**
 * What instance metadata says about a group that terminates the instance, without a request to AWS. Undefined if metadata does
 * not say so, or serves no tags. AWS itself sets the tag that names the group; nobody else can. Metadata does not tell whether
 * the hook waits.
 */
export async function groupInMetadata(imds: Imds): Promise<Lifecycle | undefined> {
  if (ifKnown(await readTargetState(imds)) !== 'Terminated') return undefined;
  const group = ifKnown(await groupName(imds));
  return group === undefined
    ? undefined
    : { kind: 'in-group', group, state: 'Terminating', from: 'metadata' };
}

/** The group, from the tag that AWS sets; known to be undefined if there is no such tag, or metadata serves no tags. */
export async function groupName(imds: Imds): Promise<Reading<string | undefined>> {
  const tag = await imds.get('meta-data/tags/instance/aws:autoscaling:groupName');
  if (tag.kind === 'unknown') return tag;
  const name = tag.value?.trim();
  return known(name && GROUP_NAME.test(name) ? name : undefined);
}

/** Auto Scaling API reference, CreateAutoScalingGroup: 1 to 255 characters. Only those count here that fit on one line. */
const GROUP_NAME = /^[ -~]{1,255}$/;
