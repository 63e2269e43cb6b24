import type { EventName } from './events.ts';

/** Facts that go with an event. Text from outside is cut to a bounded length before it is written. */
export type Fields = Readonly<Record<string, unknown>>;

/** Logs one event of the closed list in events.ts. */
export type Log = (event: EventName, message: string, fields?: Fields) => void;

/** The same log, with these fields in every event. `fields` is called anew each time. */
export const withFields =
  (log: Log, fields: () => Fields): Log =>
  (event, message, more) =>
    log(event, message, { ...fields(), ...more });
