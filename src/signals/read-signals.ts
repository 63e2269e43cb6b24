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

/** Reads all signals at once. Always known: which sources are silent is a part of it. */
export async function readSignals(readers: readonly SignalReader[]): Promise<Reading<Signals>> {
  const readings = await Promise.all(readers.map(({ read }) => read()));
  const present: Signal[] = [];
  const silent: [SignalSource, string][] = [];
  for (const [index, { source }] of readers.entries()) {
    const reading = readings[index];
    if (reading?.kind === 'unknown') silent.push([source, reading.cause]);
    else if (reading?.value) present.push(reading.value);
  }
  return known(silent.length === 0 ? { present } : { present, silent: Object.fromEntries(silent) });
}

/**
 * What asks for the instance. Any signal that is there is enough. None at all is known only when every source says so: a source that
 * does not answer may have the signal.
 */
export const presentIn = ({ present, silent }: Signals): Reading<readonly Signal[]> =>
  present.length > 0 || silent === undefined ? known(present) : unknown(whySilent(silent));

/** Why no source of these answers, for people. */
export const whySilent = (silent: SilentSources): string => Object.values(silent).join('; ');

/** The same without the tag, which asks for nothing. */
export const withoutTag = ({ present, silent }: Signals): Signals => ({
  present: present.filter(({ source }) => source !== 'tag'),
  ...(silent && { silent }),
});
