import { formatDuration } from '../base/duration.ts';
import { ifKnown } from '../base/reading.ts';
import type { Log } from '../log/log.ts';
import type { OperatorHooks } from '../operator-hooks/operator-hooks.ts';
import type { Calls } from './act/calls.ts';
import { beginDrain, beginWaiting } from './act/drain-state.ts';
import { createHookStages, type HookStages, type RunningHooks } from './act/hook-stages.ts';
import { createHeartbeatSender } from './act/send-heartbeats.ts';
import { createMutationSender } from './act/send-mutations.ts';
import type { Settled } from './act/settled.ts';
import { nextViewKind } from './decide/ecs-pace.ts';
import { isAssumed, isReleased, isUnsignalled } from './decide/facts.ts';
import { isHeartbeatWanted } from './decide/freshness.ts';
import { isIgnored } from './decide/ignored-tasks.ts';
import { drainDue } from './decide/pace.ts';
import { restsOnOldView, stagesDue, type ViewedBefore } from './decide/stages-due.ts';
import type { Action, Decision, DrainState, Memory, Mutation, Observation, Phase, Policy } from './model.ts';
import { createDrainPolls, type DrainPollPorts } from './observe/drain-polls.ts';
import { type Around, createObserver } from './observe/observation.ts';
import { createPaceObserver } from './observe/pace-inputs.ts';
import { askDue, type PollPorts } from './observe/poll.ts';
import type { AskAnew, WatchPolls } from './polls.ts';
import { createDrainTransitions, eventFacts } from './report/drain-transitions.ts';
import { hookFacts } from './report/hook-facts.ts';

/**
 * One drain: everything that was seen and done in it. Made when the first signal comes, and closed when the last one has
 * gone: an answer that comes after that lands nowhere.
 */
export type Drain = {
  readonly phase: () => Phase;
  readonly memory: () => Memory;
  /** ECS has said that this host is registered nowhere. */
  seemsNeverRegistered(): boolean;
  /** Asks what is due. Returns when the next thing is due, in ms by the agent's clock. */
  askDue(): number;
  observe(around: Around): Observation;
  /** Keeps what is worth it. */
  remember(memory: Memory): void;
  /** Carries the decision out, and logs what is new. */
  follow(observed: Observation, decision: Decision): void;
  /** When something that rests may be tried again, in ms by the agent's clock; Infinity where nothing rests. */
  retryAt(): number;
  /** No answer counts any more until it is asked anew. */
  forget(cause: string): void;
  close(): void;
};

export type DrainPorts = PollPorts & {
  readonly policy: Policy & { readonly dryRun: boolean };
  readonly watched: string;
  readonly watch: WatchPolls;
  /** For the pace of polls: uniform in [0, 1), drawn anew now and then. */
  readonly jitter: () => number;
  readonly around: () => Around;
  /** When metadata last said that the group keeps the instance; undefined where this process never read that. */
  readonly keptAt: () => number | undefined;
  /** Since when the tag has had its value, as far as this process has read it; -Infinity where it has read none. */
  readonly tagSince: () => number;
  readonly source: Pick<
    DrainPollPorts,
    'ecsAgent' | 'autoScaling' | 'groupInMetadata' | 'readEcsView' | 'explain' | 'onView'
  >;
  readonly calls: Calls;
  readonly save: (memory: Memory) => void;
  readonly log: Log;
  /** Absent where there can be none. */
  readonly operatorHooks?: OperatorHookPorts | undefined;
};

/** The operator's hooks, and what they are told of this host. */
export type OperatorHookPorts = {
  readonly instanceId: string;
  readonly region: string;
  readonly hooks: OperatorHooks;
  /** Those that are running, of the drains before too. */
  readonly running: RunningHooks;
};

/** @param memory what a drain that an earlier process began has left */
export function createDrain(ports: DrainPorts, memory: Memory): Drain {
  const { clock, random, policy, watch, operatorHooks } = ports;
  let state = beginDrain(memory);
  let phase: Phase = 'watching';
  /** The kind of action that is decided on, and when it first was. */
  let decided: { readonly kind: Action['kind']; readonly at: number } = { kind: 'watch', at: -Infinity };
  /** Since when no source has a signal. */
  let unsignalledSince: number | undefined;
  /** When a new signal came, or the last one went; what an earlier process has seen is new to this one. */
  let signalsChangedAt = clock.now();
  /** When the group was first heard to say that the hook waits which waits now, or did last. */
  let waitToldAt: number | undefined;
  /** When a drain was taken up that an earlier process had begun, or after a standstill. */
  let resumedAt = memory.signalledAt === undefined ? undefined : clock.now();

  const { polls, seenInDrain, forgetSilence } = createDrainPolls(
    {
      ...ports.source,
      nextViewKind: () => nextViewKind(pacing.pace()),
      tasksLeft: () => state.memory.tasksLeft ?? [],
      tasksLeftAt: memory.tasksAddedAt ?? -Infinity,
      mayAssumeWait: () => {
        const { waiting, completed, terminatedAt } = state.memory;
        return waiting === undefined && completed === undefined && terminatedAt === undefined;
      },
      isWaiting: () => state.memory.waiting !== undefined,
      heldAt: () => (state.heartbeat?.outcome === 'recorded' ? state.heartbeat.at : -Infinity),
      isTerminating: () => state.memory.isTerminating === true && !isReleased(state.memory),
      tagSince: ports.tagSince,
      isIgnored: (task) => isIgnored(task, policy),
    },
    ports,
  );
  /** What happens, or is told, once in a drain: anew for one that begins before the one before was given back. */
  let once = beginOnce();
  const spread = random();
  const shared = {
    clock,
    random,
    policy,
    watch,
    polls,
    seenInDrain,
    askAnew,
    state: () => state,
    update,
    apply,
  };
  const observer = createObserver({
    ...shared,
    spread,
    signalsChangedAt: () => signalsChangedAt,
    keptAt: ports.keptAt,
    drainedHooks: () =>
      once.stages && (state.memory.hooksRun?.drained ? 'settled' : once.stages.state('drained')),
  });
  const { observe } = observer;
  const pacing = createPaceObserver({
    ...shared,
    spread,
    now: clock.now,
    observer,
    phase: () => phase,
    waitToldAt: () => waitToldAt,
    jitter: ports.jitter,
    canExplain: ports.source.explain !== undefined,
    resumedAt: () => resumedAt,
  });
  const mutationSender = createMutationSender({
    ...shared,
    calls: ports.calls,
    tasksLeft: () => observe(ports.around()).tasks,
    isHostBusy: observer.isHostBusy,
    signalsChangedAt: () => signalsChangedAt,
    log,
    plainLog: ports.log,
  });
  const heartbeatSender = createHeartbeatSender({
    ...shared,
    isDryRun: policy.dryRun,
    calls: ports.calls,
    withdrawCompletion: mutationSender.withdrawCompletion,
    unsignalledSince: () => unsignalledSince,
    isGroupCrowded: observer.isGroupCrowded,
  });

  function beginOnce() {
    return {
      stages: operatorHooks && createStages(operatorHooks),
      tell: createDrainTransitions(ports.log, policy, ports.watched),
    };
  }

  function log(...[event, message, fields]: Parameters<Log>) {
    ports.log(event, message, { ...eventFacts(observe(ports.around()), policy), ...fields });
  }

  function update(next: DrainState) {
    const isNews = next.memory !== state.memory;
    state = next;
    if (isNews) ports.save(next.memory);
  }

  function apply({ state: next, shows, stale, events }: Settled) {
    update(next);
    if (shows) polls.ecsView.show(shows.view, shows.asOf);
    for (const question of stale) polls[question].invalidate();
    for (const { event, message, fields } of events) log(event, message, fields);
    ports.onAnswer();
  }

  function askAnew(poll: Parameters<AskAnew>[0]) {
    if (poll.asked().isStale) return;
    poll.invalidate();
    ports.onAnswer();
  }

  function remember(next: Memory) {
    const { signals, signalledAt } = state.memory;
    const { waiting } = next;
    const before = state.memory.waiting;
    const isOtherHook = waiting?.hook !== undefined && waiting.hook.name !== before?.hook?.name;
    const isNewWait = waiting !== undefined && (waiting.since !== before?.since || isOtherHook);
    // What was recorded for the hook before says nothing of the one in its place.
    const knownAt = before?.hook && isOtherHook ? Infinity : polls.lifecycle.asked().at;
    if (signalledAt !== undefined && next.signalledAt === undefined) {
      once.stages?.close();
      once = beginOnce();
      if (state.stopRefusedAt) update({ ...state, stopRefusedAt: undefined });
    }
    if (next !== state.memory)
      update({ ...(isNewWait ? beginWaiting(state, knownAt) : state), memory: next });
    if (isNewWait && isToldByGroup()) waitToldAt = clock.now();
    // A hook may have been added before the wait began.
    if (isNewWait && waiting.hook === undefined) askAnew(polls.hooks);
    // What a new signal says of the group is news, also where the drain before it is not given back yet: its hook may wait already,
    // and time out unless it hears from us.
    if (next.signals && next.signals !== signals) noteChange();
  }

  /** What a heartbeat alone has said to wait may have waited for minutes. */
  function isToldByGroup(): boolean {
    const last = ifKnown(polls.lifecycle.reading());
    return last !== undefined && !isAssumed(last);
  }

  function follow(observed: Observation, decision: Decision) {
    const { action, heartbeat } = decision;
    if (action.kind !== 'watch') once.tell(observed, decision, polls.ecsView.asked().at);
    mutationSender.withdrawUnwanted(observed, action);
    if (!isHeartbeatWanted(observed)) heartbeatSender.withdraw();
    if (action.kind !== decided.kind) decided = { kind: action.kind, at: clock.now() };
    phase = phaseAfter(action, phase);
    pacing.note(observed);
    noteSignals(observed);
    if (heartbeat) heartbeatSender.send(heartbeat, decided.at);
    if (isMutation(action)) mutationSender.attempt(action, decided.at);
    if (once.stages && operatorHooks) {
      const { instanceId, region } = operatorHooks;
      const { stages } = once;
      for (const stage of stagesDue(observed, action, policy).filter(stages.mayStart))
        if (restsOnOldView(stage, lastView(), clock.now())) askAnew(polls.ecsView);
        else stages.start(stage, hookFacts(observed, policy, instanceId, region));
    }
  }

  function lastView(): ViewedBefore {
    const asked = polls.ecsView.asked();
    const host = ifKnown(watch.registration.reading())?.containerInstanceArn;
    const viewed = ifKnown(polls.ecsView.reading())?.heard;
    // Each look asks the ECS agent too: what it said before that is no news.
    const isNews = watch.registration.asked().at > asked.at;
    return { ...asked, isOfAnother: isNews && host !== undefined && host !== viewed };
  }

  /** Without a signal only the group's own word counts, and it may be old. */
  function noteSignals(observed: Observation) {
    if (!isUnsignalled(observed)) unsignalledSince = undefined;
    else if (unsignalledSince === undefined) {
      unsignalledSince = clock.now();
      noteChange();
    }
  }

  function noteChange() {
    signalsChangedAt = clock.now();
    askAnew(polls.lifecycle);
  }

  function createStages({ hooks, running }: OperatorHookPorts): HookStages {
    return createHookStages({
      hooks,
      running,
      clock,
      onRun: (stage, result) => {
        const hooksRun = { ...state.memory.hooksRun, [stage]: result };
        update({ ...state, memory: { ...state.memory, hooksRun } });
      },
      onHeld: (stage, retryMs) => {
        const rest = formatDuration(retryMs);
        const message = `the instance is kept until the hooks of stage ${stage} succeed; trying again in ${rest}`;
        log('hook.holding', message, { stage });
      },
      onChange: ports.onAnswer,
    });
  }

  return {
    phase: () => phase,
    memory: () => state.memory,
    seemsNeverRegistered: () =>
      ifKnown(polls.ecsView.reading())?.containerInstance.kind === 'never-registered',
    askDue: () => {
      if (phase === 'watching') return Infinity;
      observer.noteAnswers();
      pacing.noteAnswers();
      return askDue(polls, drainDue(pacing.pace()), clock.now());
    },
    observe,
    remember,
    follow,
    retryAt: () => {
      const rests = Object.values(state.attempts).map(({ restsUntil }) => restsUntil);
      if (once.stages) rests.push(once.stages.retryAt());
      return Math.min(...rests.filter((at) => at > clock.now()));
    },
    forget: (cause) => {
      observer.forget(cause);
      forgetSilence();
      resumedAt = clock.now();
      // It may have been a Spot interruption that hibernated the host. Its notice asks for nothing until it is read anew.
      const { spotSeenAt: _, signals, ...rest } = state.memory;
      if (signals?.some(({ source }) => source === 'spot'))
        update({
          ...state,
          memory: { ...rest, signals: signals.filter(({ source }) => source !== 'spot') },
        });
    },
    close: () => {
      mutationSender.close();
      heartbeatSender.close();
      for (const poll of Object.values(polls)) poll.close();
      once.stages?.close();
    },
  };
}

function phaseAfter({ kind }: Action, phase: Phase): Phase {
  // Under another's name there is nothing to learn that would not be learnt under our own later.
  if (kind === 'refuse') return phase;
  return kind === 'watch' ? 'watching' : kind === 'done' ? 'done' : 'draining';
}

const isMutation = (action: Action): action is Mutation =>
  action.kind !== 'watch' && action.kind !== 'refuse' && action.kind !== 'wait' && action.kind !== 'done';
