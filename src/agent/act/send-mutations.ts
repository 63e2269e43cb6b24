import type { Clock } from '../../base/clock.ts';
import { ifKnown } from '../../base/reading.ts';
import type { Log } from '../../log/log.ts';
import { isStillWanted, outdated, sentWithin } from '../decide/freshness.ts';
import type { Action, DrainState, Mutation, Observation, Outcome, Policy, Try } from '../model.ts';
import type { AskAnew, DrainPolls, SeenInDrain, WatchPolls } from '../polls.ts';
import type { Calls } from './calls.ts';
import { beginMutation, pretend, tryOf } from './drain-state.ts';
import { settle } from './settle.ts';
import type { SettleContext, Settled } from './settled.ts';

/** Makes the changes of one drain, each once what it rests on was heard anew. */
export type MutationSender = {
  /**
   * Makes a change, unless it rests, or another is under way; asks first what must be asked anew.
   * @param decidedAt when an action of this kind was first decided on, in ms by the agent's clock
   */
  attempt(mutation: Mutation, decidedAt: number): void;
  /** What was not sent yet, and is not wanted by what is decided on now, is not sent any more. */
  withdrawUnwanted(observed: Observation, action: Action): void;
  /** Withdraws a completion that is under way. Returns whether one is. */
  withdrawCompletion(): boolean;
  /** The drain is over: what is answered now is told, and changes nothing any more. */
  close(): void;
};

export type MutationPorts = {
  readonly clock: Clock;
  readonly random: () => number;
  readonly policy: Pick<Policy, 'mode'> & { readonly dryRun: boolean };
  readonly calls: Pick<Calls, 'mutate'>;
  readonly watch: WatchPolls;
  readonly polls: DrainPolls;
  readonly seenInDrain: () => SeenInDrain;
  readonly askAnew: AskAnew;
  readonly state: () => DrainState;
  readonly update: (state: DrainState) => void;
  readonly apply: (settled: Settled) => void;
  /** The tasks that are not gone, where they are known. */
  readonly tasksLeft: () => Observation['tasks'];
  readonly isHostBusy: () => boolean;
  /** When a new signal came, or the last one went, in ms by the agent's clock: since this process has begun the drain, or taken it up. */
  readonly signalsChangedAt: () => number;
  /** With what is known of the drain. */
  readonly log: Log;
  /** For what is answered when the drain is over. */
  readonly plainLog: Log;
};

export function createMutationSender(ports: MutationPorts): MutationSender {
  const { clock, policy, watch, polls, calls } = ports;
  /** What is under way, and how to withdraw what was not sent yet. */
  const underWay = new Map<Try, { readonly mutation: Mutation; readonly withdrawal: AbortController }>();
  /** The kind of mutation that is due, and since when. */
  let due: { readonly kind: Mutation['kind']; readonly at: number } | undefined;
  let isClosed = false;

  function attempt(mutation: Mutation, decidedAt: number) {
    const now = clock.now();
    const { attempts, memory } = ports.state();
    const restedUntil = attempts[tryOf(mutation)]?.restsUntil ?? -Infinity;
    if (!mayBegin(tryOf(mutation)) || now < restedUntil) return;
    due ??= { kind: mutation.kind, at: now };
    const needed = policy.dryRun
      ? []
      : outdated(mutation, {
          now,
          asked: {
            identity: watch.identity.asked(),
            signals: watch.signals.asked(),
            registration: watch.registration.asked(),
            localTasks: polls.localTasks.asked(),
            ecsView: polls.ecsView.asked(),
            lifecycle: polls.lifecycle.asked(),
            retention: polls.retention.asked(),
          },
          registration: watch.registration.reading(),
          localTasks: polls.localTasks.reading(),
          ecsView: polls.ecsView.reading(),
          decidedAt,
          dueAt: due.at,
          emptySince: ports.seenInDrain().emptySince,
          signalledAt: memory.signalledAt,
          signalsChangedAt: ports.signalsChangedAt(),
          restedUntil,
          isReplacing: memory.isReplacing === true,
          mayReplace: policy.mode === 'drain' && !memory.isTerminating,
        });
    if (needed.length === 0) {
      due = undefined;
      void perform(mutation);
    }
    for (const question of needed) ports.askAnew({ ...watch, ...polls }[question]);
  }

  /**
   * One thing at a time; only asking tasks to stop goes on beside the rest, since it can take minutes. Before a Spot interruption it does
   * not wait for DRAINING either.
   */
  function mayBegin(one: Try): boolean {
    const isBeside = (other: Try) =>
      other.startsWith('stop-tasks') || (one === 'stop-tasks spot' && other === 'set-draining');
    return !underWay.has(one) && [...underWay.keys()].every(isBeside);
  }

  async function perform(mutation: Mutation) {
    const withdrawal = new AbortController();
    underWay.set(tryOf(mutation), { mutation, withdrawal });
    const before = ports.state().memory;
    ports.update(beginMutation(ports.state(), mutation, clock.now()));
    const answered = new AbortController();
    const patience = sentWithin(mutation);
    const isPast = pastIn(patience ?? Infinity);
    if (patience !== undefined)
      void clock.sleep(patience, { signal: answered.signal }).then(() => withdrawal.abort());
    const outcome = policy.dryRun ? skip(mutation) : await calls.mutate(mutation, withdrawal.signal, isPast);
    answered.abort();
    const settled = settle(ports.state(), mutation, outcome, before, settleContext());
    // What AWS has done is told, though nothing rests on it any more.
    if (isClosed) {
      if (outcome.kind !== 'done' && outcome.kind !== 'partly') return;
      for (const { event, message, fields } of settled.events) ports.plainLog(event, message, fields);
      return;
    }
    underWay.delete(tryOf(mutation));
    // The log must not tell as done what was only pretended.
    ports.apply(policy.dryRun ? { ...settled, events: [] } : settled);
  }

  /** What it rests on is old after so many ms, and once the host has stood still. */
  function pastIn(ms: number): () => boolean {
    const until = clock.monotonic() + ms;
    const stoodStill = clock.stoodStill?.();
    return () => clock.stoodStill?.() !== stoodStill || clock.monotonic() > until;
  }

  function skip(mutation: Mutation): Outcome {
    ports.update(pretend(ports.state(), mutation));
    const message = `would have made the call now: ${mutation.kind}`;
    ports.log('dry-run.skipped', message, { action: mutation.kind });
    return { kind: 'done' };
  }

  function settleContext(): SettleContext {
    return {
      now: clock.now(),
      mode: policy.mode,
      isDryRun: policy.dryRun,
      view: ifKnown(polls.ecsView.reading()),
      viewAskedAt: polls.ecsView.asked().at,
      tasksLeft: ports.tasksLeft(),
      isHostBusy: ports.isHostBusy(),
      jitter: ports.random(),
    };
  }

  return {
    attempt,
    withdrawUnwanted: (observed, action) => {
      // A call may wait a minute for its share of requests, and the world changes meanwhile.
      for (const { mutation, withdrawal } of underWay.values())
        if (!isStillWanted(mutation, observed, action)) withdrawal.abort();
      if (action.kind !== due?.kind) due = undefined;
    },
    withdrawCompletion: () => {
      const completing = underWay.get('complete');
      completing?.withdrawal.abort();
      return completing !== undefined;
    },
    close: () => {
      isClosed = true;
      for (const { withdrawal } of underWay.values()) withdrawal.abort();
    },
  };
}
