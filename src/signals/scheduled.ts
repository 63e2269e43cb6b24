import type { Imds } from '../aws/imds.ts';
import { parseTime, parseUtcTime } from '../base/clock.ts';
import { ifKnown, known, type Reading, unknown } from '../base/reading.ts';
import type { ReadSignal, Signal } from './signal.ts';

type Scheduled = Extract<Signal, { source: 'scheduled' }>;

/** An event that was near once, and when it was to come. */
type Told = Pick<Scheduled, 'eventId' | 'notBefore'>;

const PATH = 'meta-data/events/maintenance/scheduled';

/**
 * What ends every container on the host: a stop, a retirement or a reboot; and maintenance, which may mean one of them (EC2
 * user guide, "Scheduled events for your instances"). Another code says nothing that the agent knows.
 */
const CODES = new Set([
  'instance-stop',
  'instance-retirement',
  'instance-reboot',
  'system-reboot',
  'system-maintenance',
]);

/** What a code looks like: a new one says nothing that the agent knows, and a damaged one is no word. */
const CODE = /^[a-z]+(?:-[a-z]+)+$/;

/** An event stays listed for a while after it, or after it was called off. */
const STATES = new Set(['active', 'completed', 'canceled']);

/** A text of EC2's that is longer than this is none. */
const LONGEST = 100;

/**
 * An event that EC2 has scheduled for this instance and that comes within `aheadMs`; of several, the earliest. Once it has been
 * told it stays until EC2 calls it completed or canceled, lists it no more, or puts it off, whatever the host's clock shows by then.
 * @param wallNow the host's clock, since EC2 announces its times
 * @param before the event that an earlier process was told of
 */
export function scheduledSignal(
  imds: Imds,
  aheadMs: number,
  wallNow: () => number,
  before?: Told,
): ReadSignal {
  let told = before;
  return async () => {
    const body = await imds.get(PATH);
    const text = ifKnown(body);
    if (text === undefined) return body as Reading<undefined>;
    const active = activeEvents(text);
    if (active.kind === 'unknown') return active;
    // Who put it off for a week does not want the host to be drained until then.
    const isTold = ({ eventId, notBefore }: Told) => eventId === told?.eventId && notBefore <= told.notBefore;
    const near = active.value
      .filter((event) => isTold(event) || event.notBefore - aheadMs <= wallNow())
      .sort((a, b) => a.notBefore - b.notBefore);
    told = near[0];
    return known(near[0]);
  };
}

/** What is no list of events, or an event that lacks something, does not say that there is none. */
function activeEvents(text: string): Reading<readonly Scheduled[]> {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return unknown(`IMDS gave something that is not JSON for ${PATH}`);
  }
  if (!Array.isArray(list)) return unknown(`IMDS gave something that is no list of events for ${PATH}`);
  const events: Scheduled[] = [];
  for (const entry of list) {
    const {
      Code: code,
      State: state,
      EventId: eventId,
      NotBefore: time,
    } = (entry ?? {}) as Record<string, unknown>;
    if (!isText(code) || !isText(state) || !STATES.has(state))
      return unknown(`IMDS gave an event without a code or a state that it has for ${PATH}`);
    if (!CODES.has(code) && !CODE.test(code))
      return unknown(`IMDS gave an event of a strange code for ${PATH}`);
    if (!CODES.has(code) || state !== 'active') continue;
    const notBefore = isText(time) ? eventTime(time) : undefined;
    if (!isText(eventId) || notBefore === undefined)
      return unknown(`IMDS gave an event without EventId or NotBefore for ${PATH}`);
    events.push({ source: 'scheduled', code, eventId, notBefore });
  }
  return known(events);
}

/** `21 Jan 2019 09:00:43 GMT`, as the user guide shows it, or ISO 8601. */
function eventTime(text: string): number | undefined {
  const isAsInGuide = /^\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(text);
  return isAsInGuide ? parseTime(text) : parseUtcTime(text);
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= LONGEST;
