import type { Environment } from '../base/environment.ts';
import { DEFAULT_TAG_KEY, isMetadataTagKey, METADATA_TAG_KEY_CHARACTERS } from '../config/names.ts';

export type TaggerConfig = {
  readonly tagKey: string;
  /** The hooks whose notices count; `undefined` means every hook. */
  readonly hookNames: ReadonlySet<string> | undefined;
};

/** Reads `TAG_KEY` and `HOOK_NAMES`. Throws on a tag key that the agent could never read. */
export function readTaggerConfig(env: Environment): TaggerConfig {
  const tagKey = env.TAG_KEY || DEFAULT_TAG_KEY;
  if (!isMetadataTagKey(tagKey) || tagKey.startsWith('aws:')) {
    throw new Error(
      `TAG_KEY is ${JSON.stringify(tagKey)}: allowed are 1 to 128 of ${METADATA_TAG_KEY_CHARACTERS}, not beginning ` +
        'with "aws:", because instance metadata serves no other key. Set it to the agent\'s --tag-key.',
    );
  }
  const hookNames = (env.HOOK_NAMES ?? '').split(',').map((name) => name.trim());
  const named = new Set(hookNames.filter((name) => name !== ''));
  return { tagKey, hookNames: named.size === 0 ? undefined : named };
}
