import { known, type Reading, unknown } from '../base/reading.ts';
import type { ReadSignal } from './metadata.ts';
import type { Signal } from './signal.ts';

/**
 * Reads all signals at once. Any one that is there is enough. None at all is known only when every source
 * says so: a source that does not answer may have the signal.
 */
export async function readSignals(sources: readonly ReadSignal[]): Promise<Reading<readonly Signal[]>> {
  const readings = await Promise.all(sources.map((read) => read()));
  const present: Signal[] = [];
  const silent: string[] = [];
  for (const reading of readings) {
    if (reading.kind === 'unknown') silent.push(reading.cause);
    else if (reading.value) present.push(reading.value);
  }
  return present.length > 0 || silent.length === 0 ? known(present) : unknown(silent.join('; '));
}
