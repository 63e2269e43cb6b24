import type { Clock } from '../../base/clock.ts';
import type { Heartbeat } from '../model.ts';
import type { Act } from './mutations.ts';

/** The heartbeats of the lifecycle action that waits: one at a time, beside whatever else is done. */
export type Heartbeats = {
  /** Records one, unless one is on its way. */
  record(heartbeat: { readonly group: string; readonly hook: string }): void;
  last(): Heartbeat | undefined;
  /** The next drain has another lifecycle action. */
  forget(): void;
};

export type HeartbeatsPorts = {
  /** Absent in a dry run: then they are made in name only. */
  readonly record: Act['heartbeat'] | undefined;
  readonly clock: Clock;
  readonly onRecorded: (hook: string) => void;
  readonly onNothingWaiting: () => void;
  readonly onChange: () => void;
};

export function createHeartbeats(ports: HeartbeatsPorts): Heartbeats {
  let last: Heartbeat | undefined;
  let isBeating = false;

  async function beat(group: string, hook: string): Promise<void> {
    isBeating = true;
    const at = ports.clock.now();
    const outcome = await ports.record?.(group, hook);
    isBeating = false;
    if (outcome?.kind === 'nothing-waiting') {
      last = {
        at,
        outcome: 'nothing-waiting',
        times: last?.outcome === 'nothing-waiting' ? last.times + 1 : 1,
      };
      ports.onNothingWaiting();
    } else if (outcome === undefined || outcome.kind === 'done') {
      last = { at, outcome: 'recorded' };
      if (outcome) ports.onRecorded(hook);
    } else last = { at, outcome: 'failed', recordedAt: recordedAt(last) };
    ports.onChange();
  }

  return {
    record: ({ group, hook }) => {
      if (!isBeating) void beat(group, hook);
    },
    last: () => last,
    forget: () => {
      last = undefined;
    },
  };
}

/** When one was last recorded, as far as this process knows. */
function recordedAt(last: Heartbeat | undefined): number | undefined {
  if (last?.outcome === 'recorded') return last.at;
  return last?.outcome === 'failed' ? last.recordedAt : undefined;
}
