import type { Clock } from '../../base/clock.ts';
import { ifKnown } from '../../base/reading.ts';
import { isAssumed } from '../decide/facts.ts';
import { heartbeatWaitsFor } from '../decide/freshness.ts';
import { leaving } from '../decide/group-state.ts';
import type { DrainState, Outcome } from '../model.ts';
import type { AskAnew, DrainPolls, WatchPolls } from '../polls.ts';
import type { Calls } from './calls.ts';
import { settleHeartbeat } from './settle-heartbeat.ts';
import type { Settled } from './settled.ts';

/** Sends the heartbeats of one drain, one at a time. */
export type HeartbeatSender = {
  /**
   * Sends the one that is due, once what it rests on was heard.
   * @param decidedAt when an action of this kind was first decided on, in ms by the agent's clock
   */
  send(due: { readonly group: string; readonly hook: string }, decidedAt: number): void;
  /** What was not sent yet is not sent any more. */
  withdraw(): void;
  /** The drain is over: what is answered now changes nothing any more. */
  close(): void;
};

export type HeartbeatPorts = {
  readonly clock: Clock;
  readonly random: () => number;
  readonly isDryRun: boolean;
  readonly calls: Pick<Calls, 'heartbeat'>;
  readonly watch: Pick<WatchPolls, 'identity' | 'signals'>;
  readonly polls: Pick<DrainPolls, 'lifecycle'>;
  readonly askAnew: AskAnew;
  readonly state: () => DrainState;
  readonly apply: (settled: Settled) => void;
  /** Withdraws a completion that is under way. Returns whether one is. */
  readonly withdrawCompletion: () => boolean;
  /** Since when no source has a signal, in ms by the agent's clock; undefined where one has, or may have. */
  readonly unsignalledSince: () => number | undefined;
  /** Whether Auto Scaling has throttled the question after its hooks in this drain. */
  readonly isGroupCrowded: () => boolean;
};

export function createHeartbeatSender(ports: HeartbeatPorts): HeartbeatSender {
  const { clock, watch, polls, isDryRun, calls } = ports;
  /** Withdraws the heartbeat that is under way. */
  let underWay: AbortController | undefined;
  /** Since when the heartbeat that was not sent yet is due. */
  let dueAt: number | undefined;
  let isClosed = false;

  function send({ group, hook }: { readonly group: string; readonly hook: string }, decidedAt: number) {
    if (underWay) return;
    // One that still waits for its share of requests gives way: it could wait beyond the hook's time-out.
    if (ports.withdrawCompletion()) return;
    dueAt ??= clock.now();
    const waitsFor = heartbeatWaitsFor({
      now: clock.now(),
      asked: {
        identity: watch.identity.asked(),
        signals: watch.signals.asked(),
        lifecycle: polls.lifecycle.asked(),
      },
      decidedAt,
      dueAt,
      unsignalledSince: ports.unsignalledSince(),
    });
    if (waitsFor === 'identity') ports.askAnew(watch.identity);
    if (waitsFor) return;
    dueAt = undefined;
    underWay = new AbortController();
    void record(group, hook, underWay.signal);
  }

  async function record(group: string, hook: string, unless: AbortSignal) {
    const at = clock.now();
    const outcome: Outcome = isDryRun ? { kind: 'done' } : await calls.heartbeat(group, hook, unless);
    if (isClosed) return;
    underWay = undefined;
    const jitter = ports.random();
    const settled = settleHeartbeat(ports.state(), {
      hook,
      outcome,
      at,
      jitter,
      isGroupCrowded: ports.isGroupCrowded(),
    });
    const state = noteWait(settled.state, outcome, at);
    ports.apply(isDryRun ? { ...settled, events: [] } : { ...settled, state });
  }

  /** What was recorded for an action that nobody has said to wait says that it does, and that the group takes the instance out. */
  function noteWait(state: DrainState, { kind }: Outcome, at: number): DrainState {
    const heard = ifKnown(polls.lifecycle.reading());
    const said = heard ?? polls.lifecycle.lastKnown();
    if (kind !== 'done' || isDryRun || said?.kind !== 'in-group') return state;
    // A group that fails kept the instance when it was heard last: by now metadata's word counts, which the heartbeat bears out.
    const isOutdated = heard === undefined && leaving(said.state) === undefined;
    const last: typeof said = isOutdated ? { ...said, state: 'Terminating', from: 'metadata' } : said;
    const before = leaving(last.state);
    if (before?.stage !== 'begun' && !isAssumed(last)) return state;
    polls.lifecycle.show(
      { ...last, state: before?.stage === 'begun' ? `${last.state}:Wait` : last.state },
      at,
    );
    return state.memory.isTerminating || before?.aim !== 'termination'
      ? state
      : { ...state, memory: { ...state.memory, isTerminating: true } };
  }

  return {
    send,
    withdraw: () => underWay?.abort(),
    close: () => {
      isClosed = true;
      underWay?.abort();
    },
  };
}
