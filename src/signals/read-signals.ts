import type { Imds } from '../aws/imds.ts';
import type { Clock } from '../base/clock.ts';
import { known, type Reading, unknown } from '../base/reading.ts';
import type { ReadSignal, Signal, SignalReader, SignalSource, SilentSources } from './signal.ts';

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

/**
 * The same metadata, for what may be not there: a single 404 of what was there a moment ago may be a hiccup, and what it takes back would
 * cancel a drain. It counts once it is repeated.
 */
export function goneIfRepeated(imds: Imds): Imds {
  const there = new Set<string>();
  return {
    get: async (path) => {
      const reading = await imds.get(path);
      if (reading.kind === 'unknown') return reading;
      if (reading.value !== undefined) there.add(path);
      else if (there.delete(path))
        return unknown(`IMDS says that what it gave a moment ago is not there: ${path}; asking once more`);
      return reading;
    },
  };
}

/** The signals that are there, and which sources are silent; `silent` is absent where all answer. */
export type Signals = { readonly present: readonly Signal[]; readonly silent?: SilentSources };

/**
 * Reads all signals at once. Any one that is there is enough. None at all is known only when every source
 * says so: a source that does not answer may have the signal.
 */
export async function readSignals(readers: readonly SignalReader[]): Promise<Reading<Signals>> {
  const readings = await Promise.all(readers.map(({ read }) => read()));
  const present: Signal[] = [];
  const silent: [SignalSource, string][] = [];
  for (const [index, { source }] of readers.entries()) {
    const reading = readings[index];
    if (reading?.kind === 'unknown') silent.push([source, reading.cause]);
    else if (reading?.value) present.push(reading.value);
  }
  if (silent.length === 0) return known({ present });
  return heardBeside(present, Object.fromEntries(silent));
}

const heardBeside = (present: readonly Signal[], silent: SilentSources): Reading<Signals> =>
  present.length > 0 ? known({ present, silent }) : unknown(whySilent(silent));

/** Why no source of these answers, for people. */
export const whySilent = (silent: SilentSources): string => Object.values(silent).join('; ');

/** The same without the tag, which asks for nothing: once more, none at all is known only when every source says so. */
export function withoutTag(signals: Reading<Signals>): Reading<Signals> {
  if (signals.kind === 'unknown') return signals;
  const { silent } = signals.value;
  const present = signals.value.present.filter(({ source }) => source !== 'tag');
  return silent === undefined ? known({ present }) : heardBeside(present, silent);
}
