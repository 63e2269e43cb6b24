import type { Caller } from './call.ts';
import { AwsError } from './errors.ts';

/**
 * Reads one tag of our own instance by the EC2 API. Undefined where it has no such tag. One attempt: it is
 * asked again at the next poll. Rejects with an `AwsError`, also where the answer is about something else.
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
  if (!Array.isArray(tags)) throw unusable('IncompleteAnswer', 'the answer has no tags');
  const found = tags.find((tag) => tag.Key === key && tag.ResourceId === instanceId);
  // It was asked for this tag of this instance and nothing else: an answer about others is not an answer.
  if (!found && tags.length > 0)
    throw unusable('StrangeAnswer', 'the answer is about other tags than was asked');
  if (found && found.Value === undefined) throw unusable('IncompleteAnswer', 'the tag has no value');
  return found?.Value;
}

const unusable = (name: string, what: string): AwsError =>
  new AwsError('ec2:DescribeTags', 'transient', name, `calling ec2:DescribeTags: ${what}`);
