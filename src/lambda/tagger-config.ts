import type { Environment } from '../base/environment.ts';
import { DEFAULT_TAG_KEY, isMetadataTagKey, METADATA_TAG_KEY_CHARACTERS } from '../config/names.ts';

export type TaggerConfig = {
  readonly tagKey: string;
  /** The groups whose notices count. */
  readonly groupNames: ReadonlySet<string>;
  /** The hooks whose notices count; `undefined` means every hook. */
  readonly hookNames: ReadonlySet<string> | undefined;
};

/**
 * Reads `GROUP_NAMES`, `TAG_KEY` and `HOOK_NAMES`. Throws where no group is named, so that a message can never drain an
 * instance that nobody meant, whatever the role allows; and on a tag key that the agent could never read.
 */
export function readTaggerConfig(env: Environment): TaggerConfig {
  const tagKey = env.TAG_KEY || DEFAULT_TAG_KEY;
  if (!isMetadataTagKey(tagKey) || tagKey.startsWith('aws:')) {
    throw new Error(
      `TAG_KEY is ${JSON.stringify(tagKey)}: allowed are 1 to 128 of ${METADATA_TAG_KEY_CHARACTERS}, not beginning ` +
        'with "aws:", because instance metadata serves no other key. Set it to the agent\'s --tag-key.',
    );
  }
  const groupNames = listed(env.GROUP_NAMES);
  if (groupNames.size === 0) {
    throw new Error(
      'GROUP_NAMES is empty: name the Auto Scaling groups whose instances this function may tag, separated by commas.',
    );
  }
  const hookNames = listed(env.HOOK_NAMES);
  return { tagKey, groupNames, hookNames: hookNames.size === 0 ? undefined : hookNames };
}

const listed = (text = ''): ReadonlySet<string> =>
  new Set(
    text
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  );
