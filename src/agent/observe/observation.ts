import type { Lifecycle } from '../../aws/auto-scaling.ts';
import type { Clock } from '../../base/clock.ts';
import { ifKnown, known, type Reading } from '../../base/reading.ts';
import type { Signal } from '../../signals/signal.ts';
import { isAssumed } from '../decide/facts.ts';
import { leaving } from '../decide/group-state.ts';
import type { DrainState, EcsView, Observation, Policy, StageState } from '../model.ts';
import type { DrainPolls, SeenInDrain } from '../polls.ts';
import { containerInstanceIn } from './container-instance.ts';
import { tasksOn } from './tasks.ts';

/** What is known outside the drain. */
export type Around = Pick<
  Observation,
  'now' | 'wallNow' | 'signals' | 'silentSignals' | 'pastTag' | 'identity'
>;

/** Puts the answers of one drain together. */
export type Observer = {
  observe(around: Around): Observation;
  /** ECS's last answer, whatever failed since; undefined if nothing may rest on it any more. */
  lastView(): EcsView | undefined;
  /** Whether the ECS agent says that a task runs here that the drain waits for: then no answer from ECS can end the drain. */
  isHostBusy(): boolean;
  /** Whether Auto Scaling has throttled the question for its hooks in this drain. */
  isGroupCrowded(): boolean;
  /** Before anything is asked again: notes what must outlast the current answers, for the rest of the drain. */
  noteAnswers(): void;
  /** No answer counts any more until it is asked anew. */
  forget(cause: string): void;
};

export type ObserverPorts = {
  readonly clock: Pick<Clock, 'now'>;
  readonly policy: Pick<Policy, 'mode'>;
  readonly polls: DrainPolls;
  readonly seenInDrain: () => SeenInDrain;
  readonly state: () => DrainState;
  /** When what asks for this instance last changed, in ms by the agent's clock. */
  readonly signalsChangedAt: () => number;
  /** When metadata last said that the group keeps the instance; undefined where this process never read that. */
  readonly keptAt: () => number | undefined;
  /** Uniform in [0, 1), drawn once for the drain. */
  readonly spread: number;
  /** How the operator's hooks of stage `drained` are doing; undefined where there are none. */
  readonly drainedHooks: () => StageState | undefined;
};

export function createObserver(ports: ObserverPorts): Observer {
  const { clock, policy, polls, seenInDrain, spread } = ports;
  let wasGroupCrowded = false;
  /** Answers from before then do not count. */
  let forgottenAt = -Infinity;
  /** When metadata was last heard to say that the group terminates the instance. */
  let toldAt = -Infinity;

  function observe(around: Around): Observation {
    const state = ports.state();
    if (ifKnown(around.signals)?.some(isTermination)) toldAt = around.now;
    const view = viewNow();
    const { onHost, gone, ignored, silentSince, emptySince, keptForMs, notWaitingAt } = seenInDrain();
    const wasAsked = polls.localTasks.asked().at > -Infinity;
    const hooks = polls.hooks.lastKnown();
    const retains = polls.retention.lastKnown() ?? state.memory.retains;
    const keptAt = ports.keptAt();
    return {
      ...around,
      signalsChangedAt: ports.signalsChangedAt(),
      containerInstance: containerInstanceIn(state, view, polls.ecsView.lastKnownAt()),
      tasks: tasksOn(
        view,
        {
          wasAsked,
          now: polls.localTasks.reading(),
          deregistered: state.memory.deregistered,
          silentSince,
          before: onHost,
          gone,
          ignored,
        },
        around.now,
      ),
      emptySince,
      ecsAgentSilentSince: silentSince,
      lifecycle: polls.lifecycle.reading(),
      groupSilentSince: groupSilentSince(),
      isGroupAwaited: isAwaited(polls.lifecycle, isTold(), around.now),
      assumedGroup: assumedGroup(polls.lifecycle, isTold()),
      beginningGroup: beginningGroup(polls.lifecycle.lastKnown()),
      keptForMs,
      notWaitingAt,
      keptAt,
      hooks: hooks ? known(hooks) : polls.hooks.reading(),
      retainsAbandoned: retains === undefined ? polls.retention.reading() : known(retains),
      isRetentionOld: isRetentionOld(around.now),
      explained: polls.explained.lastKnown(),
      drainedHooks: ports.drainedHooks(),
      memory: state.memory,
      lastHeartbeat: state.heartbeat,
      completionRestsUntil: state.attempts.complete?.restsUntil,
      stopRefusedAt: state.stopRefusedAt,
      spotStopRestsUntil: state.attempts['stop-tasks spot']?.restsUntil,
      crowded: isGroupCrowded() && keptAt !== undefined ? { keptAt, spread } : undefined,
    };
  }

  function isRetentionOld(now: number): boolean {
    const { asked, lastKnownAt } = polls.retention;
    return asked().failure !== undefined && now - lastKnownAt() > RETENTION_OLD_MS;
  }

  /** A host that stood still has not waited for the group meanwhile. */
  function groupSilentSince(): number | undefined {
    if (polls.lifecycle.reading().kind === 'known') return undefined;
    const { failure } = polls.lifecycle.asked();
    return Math.max(failure?.since ?? -Infinity, forgottenAt);
  }

  /** What metadata has told since the group last answered is a termination: no group takes it back, though metadata may have no word for it now. */
  function isTold(): boolean {
    return (
      toldAt > polls.lifecycle.lastKnownAt() || ports.state().memory.signals?.some(isTermination) === true
    );
  }

  /** While the host is busy, no answer from ECS can end the drain: its last answer is enough if a view was only throttled. */
  function viewNow(): Reading<EcsView> {
    const reading = polls.ecsView.reading();
    const last = lastView();
    const isThrottled = polls.ecsView.asked().failure?.kind === 'throttled';
    // In mode `deregister` it can: each try needs its own list.
    const isHostHolding = policy.mode === 'drain' && isHostBusy();
    const counts = polls.ecsView.lastKnownAt() >= forgottenAt;
    return reading.kind === 'unknown' && isThrottled && last && isHostHolding && counts
      ? known(last)
      : reading;
  }

  /**
   * An answer does not count if it is from before this drain began, or from before a change that the agent made and that may have
   * arrived.
   */
  function lastView(): EcsView | undefined {
    const { memory, unsureBefore } = ports.state();
    const isCancelled = memory.signalledAt === undefined;
    if (isCancelled && polls.ecsView.reading().kind === 'unknown') return undefined;
    const at = polls.ecsView.lastKnownAt();
    const isOld = at < (memory.signalledAt ?? -Infinity) || (at < unsureBefore && unsureBefore < Infinity);
    return isOld ? undefined : polls.ecsView.lastKnown();
  }

  function isGroupCrowded(): boolean {
    return wasGroupCrowded || polls.hooks.asked().failure?.kind === 'throttled';
  }

  function isHostBusy(): boolean {
    const { ignored } = seenInDrain();
    return ifKnown(polls.localTasks.reading())?.some(({ arn }) => !ignored.has(arn)) ?? false;
  }

  return {
    observe,
    lastView,
    isHostBusy,
    isGroupCrowded,
    noteAnswers: () => {
      wasGroupCrowded = isGroupCrowded();
    },
    forget: (cause) => {
      forgottenAt = clock.now();
      for (const poll of Object.values(polls)) poll.forget(cause);
    },
  };
}

/** Somebody may have switched it off since, in ms. */
const RETENTION_OLD_MS = 60_000;

/** How long, in ms, after its first failure the agent still waits for the group's first answer in a drain. */
const AWAITED_MS = 30_000;

/**
 * Whether the group has yet to answer: for the first time in this drain, or since metadata has said that it terminates the instance. A
 * failure does not revoke that.
 */
function isAwaited({ asked, lastKnown }: DrainPolls['lifecycle'], isTold: boolean, now: number): boolean {
  const last = lastKnown();
  if (last && isAssumed(last)) return true;
  if (last && !isTold) return false;
  const { isAsking, failure } = asked();
  if (!failure) return isAsking;
  return failure.kind !== 'permission' && (isTold || now - failure.since < AWAITED_MS);
}

const beginningGroup = (last: Lifecycle | undefined): string | undefined =>
  last?.kind === 'in-group' && !isAssumed(last) && leaving(last.state)?.stage === 'begun'
    ? last.group
    : undefined;

/** Once metadata has told of a termination, a group that kept the instance when it was heard is not taken at that word while it fails. */
function assumedGroup({ asked, reading, lastKnown }: DrainPolls['lifecycle'], isTold: boolean) {
  const last = lastKnown();
  if (last?.kind !== 'in-group') return undefined;
  const isUnheard = reading().kind === 'unknown' && asked().failure !== undefined && !leaving(last.state);
  return isAssumed(last) || (isUnheard && isTold) ? last.group : undefined;
}

const isTermination = ({ source }: Signal): boolean => source === 'lifecycle';
