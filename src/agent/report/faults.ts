import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/text.ts';
import type { Log } from '../../log/log.ts';
import type { OnFault } from '../model.ts';

/** Of one question one line, and the next one not before this, in ms: it can fail so at every poll. */
const AGAIN_MS = 3_600_000;

/** Logs errors in this program, by which what was asked counts as unknown or failed: nobody would look for them otherwise. */
export function createFaultLog(log: Log, { monotonic }: Pick<Clock, 'monotonic'>): OnFault {
  const saidAt = new Map<string, number>();
  return (question, error) => {
    const now = monotonic();
    if (now < (saidAt.get(question) ?? -Infinity) + AGAIN_MS) return;
    saidAt.set(question, now);
    const [, ...stack] = (error instanceof Error ? (error.stack ?? '') : '').split('\n');
    log('agent.fault', `an error in this program, asking for ${question}: ${messageOf(error)}`, {
      question,
      stack: stack.map((line) => line.trim()),
    });
  };
}
