import { formatDuration } from '../base/duration.ts';
import { ifKnown, known, type Reading } from '../base/reading.ts';
import type { Log } from '../log/log.ts';
import type { HookStage, OperatorHooks } from '../operator-hooks/operator-hooks.ts';
import { beginDrain, beginMutation, beginWaiting, pretend, tryOf } from './act/drain-state.ts';
import { createHookStages, type HookStages, type RunningHooks } from './act/hook-stages.ts';
import type { Mutations } from './act/mutations.ts';
import { settle } from './act/settle.ts';
import { settleHeartbeat } from './act/settle-heartbeat.ts';
import type { SettleContext, Settled } from './act/settled.ts';
import type { DrainPace } from './decide/drain-pace.ts';
import { nextViewKind } from './decide/ecs-pace.ts';
import { isUnsignalled } from './decide/facts.ts';
import { isHeartbeatWanted, isStillWanted, letsGo, outdated } from './decide/freshness.ts';
import { stagesDue } from './decide/hook-stages.ts';
import { isIgnored } from './decide/ignored-tasks.ts';
import { drainDue } from './decide/pace.ts';
import { paceFacts, UNOBSERVED } from './decide/pace-facts.ts';
import { serviceName } from './decide/services.ts';
import type {
  Action,
  Asked,
  Decision,
  DrainQuestion,
  DrainState,
  EcsView,
  Heartbeat,
  Memory,
  Mutation,
  Observation,
  Outcome,
  Phase,
  Policy,
  Try,
} from './model.ts';
import { containerInstanceIn } from './observe/container-instance.ts';
import { createDrainPolls, type DrainPollPorts } from './observe/drain-polls.ts';
import { askDue, type PollPorts } from './observe/poll.ts';
import { tasksOn } from './observe/tasks.ts';
import type { WatchPolls } from './observe/watch-polls.ts';
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

/** What is known outside the drain. */
export type Around = Pick<
  Observation,
  'now' | 'wallNow' | 'signals' | 'silentSignals' | 'pastTag' | 'identity'
>;

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
  readonly mutations: Mutations;
  readonly save: (memory: Memory) => void;
  readonly log: Log;
  /** The operator's hooks; absent where there can be none. */
  readonly hooks?: HookPort | undefined;
};

export type HookPort = {
  readonly instanceId: string;
  readonly region: string;
  readonly operator: OperatorHooks;
  /** Those that are running, of the drains before too. */
  readonly running: RunningHooks;
};

/** @param memory what a drain that an earlier process began has left */
export function createDrain(ports: DrainPorts, memory: Memory): Drain {
  const { clock, policy, watch, mutations, onAnswer: onChange } = ports;
  let state = beginDrain(memory);
  const { polls, seen } = createDrainPolls(
    {
      ...ports.source,
      nextViewKind: () => nextViewKind(pace()),
      tasksLeft: () => state.memory.tasksLeft ?? [],
      isFirstWait: () => {
        const { waiting, completed, terminatedAt } = state.memory;
        return waiting === undefined && completed === undefined && terminatedAt === undefined;
      },
      isWaiting: () => state.memory.waiting !== undefined,
      tagSince: ports.tagSince,
      isIgnored: (task) => isIgnored(task, policy),
    },
    ports,
  );
  const log: Log = (event, message, fields) =>
    ports.log(event, message, { ...eventFacts(observe(ports.around()), policy), ...fields });
  const tell = createDrainTransitions(ports.log, policy, ports.watched);
  const stages = ports.hooks && createStages(ports.hooks);
  let phase: Phase = 'watching';
  let isClosed = false;
  /** What is under way, and how to withdraw what was not sent yet. */
  const acting = new Map<Try, { readonly mutation: Mutation; readonly withdrawal: AbortController }>();
  /** Withdraws the heartbeat that is under way. */
  let beating: AbortController | undefined;
  /** Since when the heartbeat that was not sent yet is due. */
  let beatDueAt: number | undefined;
  /** The kind of action that is decided on, and when it first was. */
  let decided: { readonly kind: Action['kind']; readonly at: number } = { kind: 'watch', at: -Infinity };
  /** The try of a mutation that is due, and since when. */
  let due: { readonly kind: Mutation['kind']; readonly at: number } | undefined;
  let servicesSince: number | undefined;
  /** Since when no source has a signal. */
  let unsignalledSince: number | undefined;
  /** What the pace of questions depends on, of what was last observed. */
  let facts = UNOBSERVED;
  const spread = ports.random();
  let isCrowded = false;
  let isQueued = false;
  let unclearSince: number | undefined;
  /** What the ECS agent last said that this host is, and since when. */
  let said: { readonly arn: string | undefined; readonly since: number } = {
    arn: undefined,
    since: -Infinity,
  };
  let isGroupCrowded = false;
  /** No answer of before then counts. */
  let forgottenAt = -Infinity;

  function observe(around: Around): Observation {
    const view = viewNow();
    const { onHost, gone, ignored, silentSince, emptySince, keptForMs } = seen();
    const wasAsked = polls.localTasks.asked().at > -Infinity;
    const hooks = polls.hooks.lastKnown();
    const retains = polls.retention.lastKnown() ?? state.memory.retains;
    const keptAt = ports.keptAt();
    isGroupCrowded ||= polls.hooks.asked().failure?.kind === 'throttled';
    return {
      ...around,
      containerInstance: containerInstanceIn(state, view, polls.ecsView.lastKnownAt()),
      tasks: tasksOn(
        view,
        { wasAsked, now: polls.localTasks.reading(), before: onHost, gone, ignored },
        around.now,
      ),
      emptySince,
      ecsAgentSilentSince: silentSince,
      lifecycle: polls.lifecycle.reading(),
      keptForMs,
      hooks: hooks ? known(hooks) : polls.hooks.reading(),
      retainsAbandoned: retains === undefined ? polls.retention.reading() : known(retains),
      explained: polls.explained.lastKnown(),
      drainedHooks: stages && (state.memory.hooksRun?.drained ? 'settled' : stages.state('drained')),
      memory: state.memory,
      lastHeartbeat: state.heartbeat,
      crowded: isGroupCrowded && keptAt !== undefined ? { keptAt, spread } : undefined,
    };
  }

  /** While the host is busy ECS can end nothing: what it last said does, where a look was only throttled. */
  function viewNow(): Reading<EcsView> {
    const reading = polls.ecsView.reading();
    const last = lastView();
    const isThrottled = polls.ecsView.asked().failure?.kind === 'throttled';
    // In mode `deregister` ECS can: each try takes a list of its own.
    const isHeld = policy.mode === 'drain' && isHostBusy();
    const counts = polls.ecsView.lastKnownAt() >= forgottenAt;
    return reading.kind === 'unknown' && isThrottled && last && isHeld && counts ? known(last) : reading;
  }

  /** Nothing rests on what ECS said before this drain began, or before what was set since and may have arrived. */
  function lastView(): EcsView | undefined {
    const { memory, unsureBefore } = state;
    const isCancelled = memory.signalledAt === undefined;
    if (isCancelled && polls.ecsView.reading().kind === 'unknown') return undefined;
    const at = polls.ecsView.lastKnownAt();
    const isOld = at < (memory.signalledAt ?? -Infinity) || (at < unsureBefore && unsureBefore < Infinity);
    return isOld ? undefined : polls.ecsView.lastKnown();
  }

  function isHostBusy(): boolean {
    const { ignored } = seen();
    return ifKnown(polls.localTasks.reading())?.some(({ arn }) => !ignored.has(arn)) ?? false;
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
    onChange();
  }

  function follow(observed: Observation, decision: Decision) {
    const { action, heartbeat } = decision;
    if (action.kind !== 'watch') tell(observed, decision, polls.ecsView.asked().at);
    withdrawUnwanted(observed, action);
    if (action.kind !== decided.kind) decided = { kind: action.kind, at: clock.now() };
    if (action.kind !== due?.kind) due = undefined;
    phase = phaseAfter(action, phase);
    facts = paceFacts(observed, policy);
    noteSignals(observed);
    noteServices(observed);
    if (heartbeat) beat(heartbeat);
    if (isMutation(action)) attempt(action);
    if (stages && ports.hooks) {
      const { instanceId, region } = ports.hooks;
      for (const stage of stagesDue(observed, action, policy))
        stages.start(stage, hookFacts(observed, policy, instanceId, region));
    }
  }

  /** Without a signal only the group's own word counts, and it may be old. */
  function noteSignals(observed: Observation) {
    if (!isUnsignalled(observed)) unsignalledSince = undefined;
    else if (unsignalledSince === undefined) {
      unsignalledSince = clock.now();
      askAnew(polls.lifecycle);
    }
  }

  function beat({ group, hook }: { readonly group: string; readonly hook: string }) {
    if (beating) return;
    const completing = acting.get('complete');
    // One that still waits for its share of requests gives way: it could wait beyond the hook's time-out.
    if (completing) return completing.withdrawal.abort();
    beatDueAt ??= clock.now();
    if (!isHeard() && clock.now() < beatDueAt + UNHEARD_MS) return;
    // The name is asked again before anything is begun, heartbeats included: once, however often the decision changes.
    if (watch.identity.asked().at < Math.min(decided.at, beatDueAt)) return askAnew(watch.identity);
    beatDueAt = undefined;
    beating = new AbortController();
    void record(group, hook, beating.signal);
  }

  /**
   * A process that has just begun, or stood still, asks first whether there is still a signal, and without one the group, whether it
   * waits. That nobody answers is enough.
   */
  function isHeard(): boolean {
    const { isStale, failure } = watch.signals.asked();
    const isGroupHeard = polls.lifecycle.asked().at >= (unsignalledSince ?? -Infinity);
    return (!isStale || failure !== undefined) && isGroupHeard;
  }

  async function record(group: string, hook: string, unless: AbortSignal) {
    const at = clock.now();
    const outcome: Outcome = policy.dryRun
      ? { kind: 'done' }
      : await mutations.heartbeat(group, hook, unless);
    if (isClosed) return;
    beating = undefined;
    const settled = settleHeartbeat(state, {
      hook,
      outcome,
      at,
      jitter: ports.random(),
      isCrowded: isGroupCrowded,
    });
    noteWait(outcome, at);
    apply(policy.dryRun ? { ...settled, events: [] } : settled);
  }

  /** What was recorded for an action that nobody has said to wait says that it does. */
  function noteWait({ kind }: Outcome, at: number) {
    const last = ifKnown(polls.lifecycle.reading());
    if (kind !== 'done' || policy.dryRun || last?.kind !== 'in-group' || !last.from) return;
    polls.lifecycle.show({ ...last, state: 'Terminating:Wait' }, at);
  }

  function attempt(mutation: Mutation) {
    const now = clock.now();
    const restedUntil = state.attempts[tryOf(mutation)]?.restsUntil ?? -Infinity;
    if (!mayBegin(tryOf(mutation)) || now < restedUntil) return;
    due ??= { kind: mutation.kind, at: now };
    const needed = policy.dryRun
      ? []
      : outdated(mutation, {
          now,
          asked: { ...watchAsked(), ...drainAsked() },
          registration: watch.registration.reading(),
          ecsView: polls.ecsView.reading(),
          decidedAt: decided.at,
          dueAt: due.at,
          emptySince: seen().emptySince,
          signalledAt: state.memory.signalledAt,
          unsignalledSince,
          restedUntil,
          isReplacing: state.memory.isReplacing === true,
        });
    if (needed.length === 0) {
      due = undefined;
      void perform(mutation);
    }
    for (const question of needed) askAnew({ ...watch, ...polls }[question]);
  }

  /** One thing at a time; only asking tasks to stop goes on beside the rest, since it can take minutes. */
  function mayBegin(one: Try): boolean {
    return !acting.has(one) && [...acting.keys()].every((other) => other.startsWith('stop-tasks'));
  }

  async function perform(mutation: Mutation) {
    const withdrawal = new AbortController();
    acting.set(tryOf(mutation), { mutation, withdrawal });
    const before = state.memory;
    update(beginMutation(state, mutation, clock.now()));
    const answered = new AbortController();
    if (letsGo(mutation))
      void clock.sleep(UNSENT_MS, { signal: answered.signal }).then(() => withdrawal.abort());
    const outcome = policy.dryRun ? skip(mutation) : await mutations.mutate(mutation, withdrawal.signal);
    answered.abort();
    const settled = settle(state, mutation, outcome, before, settleContext());
    // What AWS has done is told, though nothing rests on it any more.
    if (isClosed) {
      if (outcome.kind !== 'done' && outcome.kind !== 'partly') return;
      for (const { event, message, fields } of settled.events) ports.log(event, message, fields);
      return;
    }
    acting.delete(tryOf(mutation));
    apply(settled);
  }

  /** A call may wait a minute for its share of requests, and the world changes meanwhile. */
  function withdrawUnwanted(observed: Observation, action: Action) {
    for (const { mutation, withdrawal } of acting.values())
      if (!isStillWanted(mutation, observed, action)) withdrawal.abort();
    if (!isHeartbeatWanted(observed)) beating?.abort();
  }

  function skip(mutation: Mutation): Outcome {
    update(pretend(state, mutation));
    const message = `would have made the call now: ${mutation.kind}`;
    log('dry-run.skipped', message, { action: mutation.kind });
    return { kind: 'done' };
  }

  function settleContext(): SettleContext {
    const reading = polls.ecsView.reading();
    return {
      now: clock.now(),
      mode: policy.mode,
      isDryRun: policy.dryRun,
      view: ifKnown(reading),
      viewAskedAt: polls.ecsView.asked().at,
      tasksLeft: observe(ports.around()).tasks,
      isHostBusy: isHostBusy(),
      jitter: ports.random(),
    };
  }

  /** Makes a question due at once, unless it is already: then it is on its way, or rests after a failure. */
  function askAnew(poll: { asked(): Asked; invalidate(): void }) {
    if (poll.asked().isStale) return;
    poll.invalidate();
    onChange();
  }

  function noteServices({ containerInstance, tasks }: Observation) {
    const waits =
      containerInstance.kind === 'known' &&
      containerInstance.value.kind === 'registered' &&
      tasks.kind === 'known' &&
      tasks.value.some(({ group }) => serviceName(group) !== undefined);
    servicesSince = waits && ports.source.explain ? (servicesSince ?? clock.now()) : undefined;
  }

  function pace(): DrainPace {
    const { onHost, gone, emptySince, onlyIgnoredSince, terminatingSince } = seen();
    const { completed } = state.memory;
    const view = lastView();
    const waitsForOthers = (view && ifKnown(view.tasks))?.some((task) => !isIgnored(task, policy)) ?? true;
    const { failure } = polls.ecsView.asked();
    isCrowded ||= failure?.kind === 'throttled';
    isQueued ||= failure?.kind === 'throttled' && failure.times >= QUEUED_AFTER;
    noteUnclear();
    return {
      ...facts,
      now: clock.now(),
      phase,
      jitter: ports.jitter(),
      asked: drainAsked(),
      spread,
      ecsView: view,
      unclearSince,
      signalledAt: state.memory.signalledAt,
      foundDrainingSince: state.memory.drainingSetAt === undefined ? state.memory.signalledAt : undefined,
      isCrowded,
      isQueued,
      mustDescribe: policy.ignoreTasks.length > 0,
      isReplacing: state.memory.isReplacing === true,
      listsWhileActive: policy.mode === 'deregister' || policy.dryRun,
      registeredAnewAt: registeredAnewAt(),
      lifecycle: polls.lifecycle.reading(),
      hearsOfTermination: policy.signals.includes('lifecycle'),
      // No heartbeat is recorded for what was completed: the last one says nothing of it any more.
      isHeld: state.heartbeat?.outcome === 'recorded' && completed === undefined,
      heartbeatFailed: failureOf(state.heartbeat),
      completedAt: completed?.result === 'CONTINUE' ? completed.at : undefined,
      terminatingSince,
      emptySince: emptySince ?? (waitsForOthers ? onlyIgnoredSince : undefined),
      isHostBusy: isHostBusy(),
      tasksSeenHere: [...onHost.keys()].filter((arn) => !gone.has(arn)).length,
      servicesSince,
    };
  }

  /** A question that failed says nothing either way. */
  function noteUnclear() {
    const { isStale, at } = polls.ecsView.asked();
    if (polls.ecsView.reading().kind === 'known') unclearSince = undefined;
    else if (!isStale) unclearSince ??= at;
  }

  function registeredAnewAt(): number | undefined {
    const arn = ifKnown(watch.registration.reading())?.containerInstanceArn;
    if (arn !== said.arn) said = { arn, since: watch.registration.asked().at };
    if (arn === undefined) return undefined;
    const view = polls.ecsView.lastKnown();
    const listed = view && ('arn' in view.containerInstance ? view.containerInstance.arn : undefined);
    // What was asked while the ECS agent was silent was asked for what ECS knew.
    const askedFor = view?.heard ?? listed;
    const isAnother = askedFor !== undefined && arn !== askedFor;
    const isNews = unclearSince !== undefined && said.since > polls.ecsView.asked().at;
    return isAnother || isNews ? said.since : undefined;
  }

  function drainAsked(): Record<DrainQuestion, Asked> {
    const { localTasks, ecsView, lifecycle, hooks, retention, explained } = polls;
    return {
      localTasks: localTasks.asked(),
      ecsView: ecsView.asked(),
      lifecycle: lifecycle.asked(),
      hooks: hooks.asked(),
      retention: retention.asked(),
      explained: explained.asked(),
    };
  }

  const watchAsked = () => ({ identity: watch.identity.asked(), registration: watch.registration.asked() });

  function createStages({ operator, running }: HookPort): HookStages {
    return createHookStages({
      hooks: operator,
      running,
      clock,
      onRun: (stage: HookStage, result) => {
        const hooksRun = { ...state.memory.hooksRun, [stage]: result };
        update({ ...state, memory: { ...state.memory, hooksRun } });
      },
      onHeld: (stage, retryMs) => {
        const rest = formatDuration(retryMs);
        const message = `the instance is kept until the hooks of stage ${stage} succeed; trying again in ${rest}`;
        log('hook.holding', message, { stage });
      },
      onChange,
    });
  }

  return {
    phase: () => phase,
    memory: () => state.memory,
    seemsNeverRegistered: () =>
      ifKnown(polls.ecsView.reading())?.containerInstance.kind === 'never-registered',
    askDue: () => (phase === 'watching' ? Infinity : askDue(polls, drainDue(pace()), clock.now())),
    observe,
    remember: (next) => {
      const { signals } = state.memory;
      const { waiting } = next;
      const before = state.memory.waiting;
      const isOtherHook = waiting?.hook !== undefined && waiting.hook.name !== before?.hook?.name;
      const isNewWait = waiting !== undefined && (waiting.since !== before?.since || isOtherHook);
      // What was recorded for the hook before says nothing of the one in its place.
      const knownAt = before?.hook && isOtherHook ? Infinity : polls.lifecycle.asked().at;
      if (next !== state.memory)
        update({ ...(isNewWait ? beginWaiting(state, knownAt) : state), memory: next });
      // A hook may have been added before the wait began, where none was ours.
      if (isNewWait && waiting.hook === undefined) askAnew(polls.hooks);
      // What a new signal says of the group is news: its hook may wait already, and time out unless it hears from us.
      if (signals && next.signals !== signals) askAnew(polls.lifecycle);
    },
    follow,
    retryAt: () => {
      const rests = Object.values(state.attempts).map(({ restsUntil }) => restsUntil);
      if (stages) rests.push(stages.retryAt());
      return Math.min(...rests.filter((at) => at > clock.now()));
    },
    forget: (cause) => {
      forgottenAt = clock.now();
      for (const poll of Object.values(polls)) poll.forget(cause);
    },
    close: () => {
      isClosed = true;
      for (const { withdrawal } of acting.values()) withdrawal.abort();
      beating?.abort();
      for (const poll of Object.values(polls)) poll.close();
      stages?.close();
    },
  };
}

function phaseAfter({ kind }: Action, phase: Phase): Phase {
  // Under another's name there is nothing to learn that would not be learnt under our own later.
  if (kind === 'refuse') return phase;
  return kind === 'watch' ? 'watching' : kind === 'done' ? 'done' : 'draining';
}

/** So many looks throttled in a row are hardly chance: others of a fleet ask at the same time. */
const QUEUED_AFTER = 2;

/** So long, in ms, a heartbeat waits for the first answer to that: the EC2 API can take its time, and a hook times out meanwhile. */
const UNHEARD_MS = 5_000;

/** What lets go of the instance and waits so long, in ms, for its share of requests rests on old answers: they are asked anew. */
const UNSENT_MS = 5_000;

function failureOf(last: Heartbeat | undefined): DrainPace['heartbeatFailed'] {
  if (last?.outcome !== 'failed') return undefined;
  return last.jitter === undefined ? 'unclear' : 'throttled';
}

const isMutation = (action: Action): action is Mutation =>
  action.kind !== 'watch' && action.kind !== 'refuse' && action.kind !== 'wait' && action.kind !== 'done';
