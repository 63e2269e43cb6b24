import type { RequestRecord, TimelineEvent } from '../../src/sandbox/index.ts';
import type { Entry } from './entry.ts';

/** The sandbox's own records as one log. At the same moment, what happened comes before what was asked. */
export function logOf(
  timeline: readonly TimelineEvent[],
  requests: readonly RequestRecord[],
  more: readonly Entry[] = [],
): readonly Entry[] {
  const entries: Entry[] = [
    ...more,
    ...timeline.map((event): Entry => ({ kind: 'event', at: event.at, event })),
    ...requests.flatMap(toEntry),
  ];
  return entries.sort((a, b) => a.at - b.at);
}

function toEntry({ at, api, instanceId, accessKeyId, input, outcome }: RequestRecord): Entry[] {
  if (instanceId === undefined) return [];
  if (api === 'imds' || api === 'introspection') {
    // 401 asks for a new token, 404 says that a thing is not there: both are answers.
    const answered = outcome === 'ok' || outcome === '404' || outcome === '401';
    return [{ kind: 'host-request', at, instanceId, to: api, answered, path: String(input) }];
  }
  // Without a key of an instance it was the test itself that called.
  return accessKeyId === undefined ? [] : [{ kind: 'request', at, api, instanceId, input, outcome }];
}
