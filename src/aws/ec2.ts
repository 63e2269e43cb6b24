import type { Caller } from './call.ts';
import { AwsError } from './errors.ts';

/**
 * Reads one tag of our own instance by the EC2 API. Undefined where it has no such tag. One attempt: it is
 * asked again at the next poll. Rejects with an `AwsError`.
 */
export async function describeTag(
  call: Caller,
  instanceId: string,
  key: string,
): Promise<string | undefined> {
  const { Tags: tags } = await call('ec2:DescribeTags', {
    Filters: [
      { Name: 'resource-id', Values: [instanceId] },
      { Name: 'key', Values: [key] },
    ],
  });
  if (!Array.isArray(tags)) {
    throw new AwsError(
      'ec2:DescribeTags',
      'transient',
      'IncompleteAnswer',
      'calling ec2:DescribeTags: the answer has no tags',
    );
  }
  return tags.find((tag) => tag.Key === key && tag.ResourceId === instanceId)?.Value;
}
