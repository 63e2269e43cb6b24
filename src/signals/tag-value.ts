import { parseTime } from '../base/clock.ts';

/**
 * What the terminate tag's value says, where it was written as `hook=NAME time=ISO`. Any other text means
 * nothing beyond its presence.
 */
export function parseTagValue(value: string): { hook?: string; eventAt?: number } {
  const hook = /(?:^|\s)hook=([A-Za-z0-9\-_/]{1,255})(?=\s|$)/.exec(value)?.[1];
  const time = /(?:^|\s)time=(\S{1,40})(?=\s|$)/.exec(value)?.[1];
  const eventAt = time === undefined ? undefined : parseTime(time);
  return { ...(hook && { hook }), ...(eventAt !== undefined && { eventAt }) };
}
