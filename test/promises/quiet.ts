import type { Request, Setting } from './entry.ts';
import { type Host, isCalm } from './host.ts';

const PER_MINUTE = 12;
const MINUTE_MS = 60_000;
/** Until an agent whose drain was cancelled is at rest again, in ms. */
const COMES_TO_REST_MS = 20_000;

/** Q1: at rest, no AWS API request. */
export function notQuiet(host: Host, { api, at }: Request, setting: Setting): string | undefined {
  if (host.signals.size > 0) return undefined;
  if (!setting.tagsInMetadata && api === 'ec2:DescribeTags') return undefined;
  // What it had set DRAINING it gives back, however long it was down in between.
  if (host.drainingBy === 'agent') return undefined;
  const restsFrom = (host.signalGoneAt ?? -Infinity) + COMES_TO_REST_MS + setting.slack;
  if (at <= restsFrom || (host.signalGoneAt !== undefined && !isCalm(host, at))) return undefined;
  return `Q1: ${host.id} called ${api} at rest: every instance of a fleet would`;
}

/** Q2: draining, at most 12 requests a minute to any one API. */
export function tooMany(host: Host, { api, at }: Request, { slack }: Setting): string | undefined {
  const times = host.requests.get(api) ?? [];
  host.requests.set(api, times);
  times.push(at);
  // They are counted as they arrive: what was held up on its way is nearer to the next than when it was sent.
  while ((times[0] ?? at) <= at - MINUTE_MS + slack) times.shift();
  // What can't be done later is not put off.
  if (api === 'ecs:StopTask' && host.signals.has('spot')) return undefined;
  if (times.length !== PER_MINUTE + 1) return undefined;
  return `Q2: ${host.id} called ${api} ${times.length} times within a minute: a fleet would be throttled`;
}
