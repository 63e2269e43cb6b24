import type { DrainState, Heartbeat, Outcome } from '../model.ts';
import { confirmed } from './drain-state.ts';
import type { Settled } from './settled.ts';

/** What came of one heartbeat, and what that is judged with. */
export type HeartbeatAnswer = {
  readonly hook: string;
  readonly outcome: Outcome;
  /** When it was sent, in ms by the agent's clock. */
  readonly at: number;
  /** Uniform in [0, 1). */
  readonly jitter: number;
  /** Auto Scaling has throttled the drain before its first heartbeat. */
  readonly isGroupCrowded: boolean;
};

/** What a heartbeat's outcome means. Pure. */
export function settleHeartbeat(
  state: DrainState,
  { hook, outcome, at, jitter, isGroupCrowded }: HeartbeatAnswer,
): Settled {
  // Where the question after the hooks was throttled, the heartbeats begin as rare as they may be.
  const last: Heartbeat | undefined = state.heartbeat;
  const before = last?.strain ?? (last === undefined && isGroupCrowded ? 1 : 0);
  const isThrottled = outcome.kind === 'failed' && outcome.error.kind === 'throttled';
  const throttled = isThrottled || last?.wasThrottled === true ? ({ wasThrottled: true } as const) : {};
  const next = (heartbeat: Heartbeat): DrainState => {
    const isStrained = heartbeat.strain !== undefined;
    return { ...state, heartbeat: isStrained ? { ...heartbeat, ...throttled } : heartbeat };
  };
  switch (outcome.kind) {
    case 'done': {
      const message = `heartbeat recorded for hook ${hook}`;
      const events = [{ event: 'lifecycle.heartbeat', message, fields: { hook } }] as const;
      const relieved = strained(before, -RELIEF);
      const drawn = relieved.strain === undefined ? {} : { jitter };
      return { state: next({ at, outcome: 'recorded', ...relieved, ...drawn }), events, stale: [] };
    }
    case 'nothing-waiting': {
      const times = last?.outcome === 'nothing-waiting' ? last.times + 1 : 1;
      const beaten = next({ at, outcome: 'nothing-waiting', times });
      // What we completed is over, though another owner's hook still holds the instance.
      return {
        state: { ...beaten, memory: confirmed(state.memory, at) },
        events: [],
        stale: ['lifecycle', 'hooks'],
      };
    }
    default: {
      if (outcome.kind === 'failed' && outcome.error.kind === 'unsent')
        return { state, events: [], stale: [] };
      // Where nothing waited, no answer says nothing new: tries go on, ever more rarely.
      if (last?.outcome === 'nothing-waiting')
        return { state: next({ ...last, at, times: last.times + 1 }), events: [], stale: [] };
      const more = isThrottled ? { jitter, ...strained(before, STRAIN) } : strained(before, 0);
      const failure: Heartbeat = { at, outcome: 'failed', recordedAt: recordedAt(last), ...more };
      return { state: next(failure), events: [], stale: [] };
    }
  }
}

/** Two heartbeats that are throttled make the others as rare as they may be; ten that are not, as frequent again. */
const STRAIN = 0.5;
const RELIEF = 0.1;

function strained(before: number, more: number): { strain?: number } {
  const strain = Math.min(1, Math.max(0, Math.round((before + more) * 10) / 10));
  return strain > 0 ? { strain } : {};
}

/** When one was last recorded, as far as this process knows. */
function recordedAt(last: Heartbeat | undefined): number | undefined {
  if (last?.outcome === 'recorded') return last.at;
  return last?.outcome === 'failed' ? last.recordedAt : undefined;
}
