import { parseTime } from '../base/clock.ts';
import { isLifecycleHookName } from '../config/names.ts';

/**
 * Writes the terminate tag's value: `hook=NAME time=ISO`, or as much of it as an EC2 tag value of 256 characters
 * holds. The hook is what the agent needs, so the time gives way to it; a hook's name of 252 to 255 characters
 * doesn't fit at all, and the agent then finds the hook as it does without a name.
 */
export function formatTagValue({
  hook,
  time,
}: {
  hook: string | undefined;
  time: string | undefined;
}): string {
  const fields = [
    ...(hook !== undefined && isLifecycleHookName(hook) ? [`${HOOK}${hook}`] : []),
    ...(time !== undefined && ISO_TIME.test(time) ? [`${TIME}${time}`] : []),
  ];
  return [fields.join(' '), ...fields].find((value) => value.length <= MAX_TAG_VALUE) ?? '';
}

/**
 * Reads what `formatTagValue` writes: the hook's name, and when the lifecycle event happened in ms since the Unix
 * epoch. Any other text means nothing beyond its presence.
 */
export function parseTagValue(value: string): { hook?: string; eventAt?: number } {
  const fields = value.split(/\s+/);
  const hook = valuesOf(fields, HOOK).find(isLifecycleHookName);
  const time = valuesOf(fields, TIME).find((text) => ISO_TIME.test(text));
  const eventAt = time === undefined ? undefined : parseTime(time);
  return { ...(hook !== undefined && { hook }), ...(eventAt !== undefined && { eventAt }) };
}

const valuesOf = (fields: readonly string[], name: string) =>
  fields.filter((field) => field.startsWith(name)).map((field) => field.slice(name.length));

const HOOK = 'hook=';
const TIME = 'time=';

/** EC2 user guide, "Tag restrictions". */
const MAX_TAG_VALUE = 256;

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)$/;
