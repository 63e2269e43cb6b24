/**
 * The terminate tag's value: `hook=NAME time=ISO`, or as much of it as an EC2 tag value of 256 characters
 * holds. The hook is what the agent needs, so the time gives way to it; a hook's name of 252 to 255 characters
 * doesn't fit at all, and the agent then finds the hook as it does without a name.
 */
export function tagValue({ hook, time }: { hook: string | undefined; time: string | undefined }): string {
  const fields = [
    ...(hook !== undefined && HOOK_NAME.test(hook) ? [`hook=${hook}`] : []),
    ...(time !== undefined && ISO_TIME.test(time) ? [`time=${time}`] : []),
  ];
  return [fields.join(' '), ...fields].find((value) => value.length <= MAX_TAG_VALUE) ?? '';
}

/** EC2 user guide, "Tag restrictions". */
const MAX_TAG_VALUE = 256;

/** PutLifecycleHook's own pattern: no space, so that the value splits into its fields again. */
const HOOK_NAME = /^[\w/-]+$/;

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)$/;
