import type { Log } from '../../log/log.ts';
import type { Decision, Observation } from '../model.ts';

/** Logs each observation and each decision that differs from the one before, at level `debug`. */
export function createDebugTrace(log: Log): (observed: Observation, decision: Decision) => void {
  let observedBefore: Readonly<Record<string, string>> = {};
  let decidedBefore = '';

  return (observed, decision) => {
    const { now: _, wallNow: __, ...facts } = observed;
    const texts = Object.fromEntries(
      Object.entries(facts).map(([name, value]) => [name, JSON.stringify(value) ?? '']),
    );
    const changed = Object.keys(texts).filter((name) => texts[name] !== observedBefore[name]);
    observedBefore = texts;
    if (changed.length > 0) {
      const values = Object.fromEntries(changed.map((name) => [name, facts[name as keyof typeof facts]]));
      log('debug.observed', `observed: ${changed.join(', ')}`, { observed: values });
    }
    const { nextHeartbeatAt: ___, ...decided } = decision;
    const text = JSON.stringify(decided);
    if (text !== decidedBefore)
      log('debug.decided', `decided: ${decision.action.kind}`, { decision: decided });
    decidedBefore = text;
  };
}
