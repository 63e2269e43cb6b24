import type { Clock } from '../base/clock.ts';
import { known, type Reading, unknown } from '../base/reading.ts';
import type { ReadSignal, Signal } from './signal.ts';

/** How long it counts that a notice was not there, in ms. */
const NO_NOTICE_MS = 5_000;

/**
 * The same signal, for what AWS announces minutes ahead: that it is not there counts for 5 s. Whatever else was read is read
 * again.
 */
export function announcedAhead(read: ReadSignal, { monotonic }: Pick<Clock, 'monotonic'>): ReadSignal {
  let absentAt = -Infinity;
  return async () => {
    const askedAt = monotonic();
    if (askedAt < absentAt + NO_NOTICE_MS) return known(undefined);
    const reading = await read();
    absentAt = reading.kind === 'known' && reading.value === undefined ? askedAt : -Infinity;
    return reading;
  };
}

/** The signals that are there. `silent`: why the other sources do not answer, any of which may have one; absent where all do. */
export type Signals = { readonly present: readonly Signal[]; readonly silent?: string };

/**
 * Reads all signals at once. Any one that is there is enough. None at all is known only when every source
 * says so: a source that does not answer may have the signal.
 */
export async function readSignals(sources: readonly ReadSignal[]): Promise<Reading<Signals>> {
  const readings = await Promise.all(sources.map((read) => read()));
  const present: Signal[] = [];
  const silent: string[] = [];
  for (const reading of readings) {
    if (reading.kind === 'unknown') silent.push(reading.cause);
    else if (reading.value) present.push(reading.value);
  }
  if (silent.length === 0) return known({ present });
  return present.length > 0 ? known({ present, silent: silent.join('; ') }) : unknown(silent.join('; '));
}

/** The same without the tag, which asks for nothing: once more, none at all is known only when every source says so. */
export function withoutTag(signals: Reading<Signals>): Reading<Signals> {
  if (signals.kind === 'unknown') return signals;
  const { silent } = signals.value;
  const present = signals.value.present.filter(({ source }) => source !== 'tag');
  return present.length === 0 && silent !== undefined
    ? unknown(silent)
    : known({ ...signals.value, present });
}
