import { isoTime } from '../../base/clock.ts';
import { ifKnown } from '../../base/reading.ts';
import type { Log } from '../../log/log.ts';
import type { Observation } from '../model.ts';

/** An input that is unknown for less than this, in ms, is not worth a warning: most failures are over by the next poll. */
export const UNKNOWN_BEFORE_WARNING_MS = 15_000;

/** A signal by its name, and what EC2 has planned in words. */
function inWords(source: string, signals: Observation['signals']): string {
  const event = ifKnown(signals)?.find((signal) => signal.source === 'scheduled');
  if (source !== 'scheduled' || !event) return source;
  return `scheduled (${event.code}, not before ${isoTime(event.notBefore)})`;
}

/** Logs what is new about the signals, each thing once. */
export function createSignalTransitions(log: Log): (observed: Observation) => void {
  let unknownSince: number | undefined;
  let isWarned = false;
  let signals: readonly string[] = [];

  return (observed) => {
    const { now, memory, silentSignals = {} } = observed;
    if (observed.signals.kind === 'unknown') {
      unknownSince ??= now;
      // What a source that answers has taken back would be news if it came again.
      if (observed.silentSignals) signals = signals.filter((source) => source in silentSignals);
      if (isWarned || now < unknownSince + UNKNOWN_BEFORE_WARNING_MS) return;
      isWarned = true;
      log('signals.unknown', `it is not known whether this instance must go: ${observed.signals.cause}`);
      return;
    }
    unknownSince = undefined;
    // A source that has a signal says nothing of those that are still silent.
    const isAllHeard = observed.silentSignals === undefined;
    if (isWarned && isAllHeard) log('signals.known', 'all sources of signals answer again');
    if (isAllHeard) isWarned = false;
    const current = observed.signals.value.map(({ source }) => source);
    const joined = current.filter((source) => !signals.includes(source));
    if (joined.length > 0) {
      const isFirst = signals.length === 0;
      const isResumed = isFirst && memory.signalledAt !== undefined && memory.signalledAt < now;
      const say = joined.length > 1 ? 'say' : 'says';
      log(
        isFirst ? 'drain.signalled' : 'drain.signal-joined',
        `${joined.map((one) => inWords(one, observed.signals)).join(', ')} ${say} that this instance must go${isResumed ? ' (resumed)' : ''}`,
        { signals: observed.signals.value },
      );
    }
    // What a silent source said last still counts, so it does not join when that source is heard again.
    signals = [...current, ...signals.filter((source) => source in silentSignals)];
  };
}
