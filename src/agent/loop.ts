import type { Clock } from '../base/clock.ts';
import { ifKnown, known, unknown } from '../base/reading.ts';
import { type Log, withFields } from '../log/log.ts';
import type { OperatorHooks } from '../operator-hooks/operator-hooks.ts';
import { presentIn, type Signals, withoutTag } from '../signals/read-signals.ts';
import type { Signal, TagSignal } from '../signals/signal.ts';
import type { Calls } from './act/calls.ts';
import type { RunningHooks } from './act/hook-stages.ts';
import { decide } from './decide/decide.ts';
import { isDrainingOurs } from './decide/facts.ts';
import { watchDue } from './decide/pace.ts';
import { remember } from './decide/remember.ts';
import { createDrain, type Drain, type DrainPorts } from './drain.ts';
import type { Memory, Observation, OnFault, Phase, Policy } from './model.ts';
import type { Around } from './observe/observation.ts';
import { askDue, NOT_ASKED } from './observe/poll.ts';
import { createWatchPolls, type WatchPorts } from './observe/watch-polls.ts';
import { createDebugTrace } from './report/debug-trace.ts';
import { eventFacts } from './report/drain-transitions.ts';
import { type Report, report } from './report/report.ts';
import { createSignalTransitions } from './report/signal-transitions.ts';
import { createWakeup } from './wakeup.ts';

export type AgentPorts = {
  readonly instanceId: string;
  readonly region: string;
  /** The agent's own: starts at the host's time and then follows the monotonic one. */
  readonly clock: Clock;
  /** What the host's wall clock says now, in ms since the Unix epoch. */
  readonly wallNow: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly policy: Policy & {
    readonly dryRun: boolean;
    /** Of the signals, in ms. */
    readonly pollInterval: number;
    readonly logLevel: string;
  };
  /** For people: what is being watched. */
  readonly watched: string;
  readonly watch: WatchPorts;
  /** Where a drain gets its answers; called for each drain. `over` aborts at its end: what still waits then is not asked. */
  readonly drainSource: (over: AbortSignal) => DrainPorts['source'];
  readonly calls: Calls;
  /** When metadata last said that the group keeps the instance, whatever other sources of signals said; undefined where it never has. */
  readonly keptAt: () => number | undefined;
  /** What the last run left. */
  readonly memory: Memory;
  /** Keeps the memory for after a restart. Never throws. */
  readonly save: (memory: Memory, now: number) => void;
  readonly log: Log;
  readonly onFault: OnFault;
  /** Told in every round; what is reported is put into words only for whoever asks. */
  readonly onReport: (report: () => Report) => void;
  readonly operatorHooks?: OperatorHooks | undefined;
  readonly stop: AbortSignal;
};

const SAVE_MS = 60_000;

/** Who wakes so much later than planned, in ms, was stopped. The host's own standstill shows sooner, in its uptime. */
const STOOD_STILL_MS = 30_000;
const STOOD_STILL = 'this process stood still';

/**
 * The loop: observe, decide, act, until `stop` aborts. Nothing in it depends on having seen an event, so it
 * may be killed at any moment and started again.
 */
export async function runAgent(ports: AgentPorts): Promise<void> {
  const { clock, policy, stop, random, instanceId, operatorHooks: hooks } = ports;
  const wakeup = createWakeup(clock, stop);
  const pollPorts = { clock, random, onAnswer: wakeup.ring, onFault: ports.onFault };
  const watch = createWatchPolls(ports.watch, pollPorts);
  const log = withFields(ports.log, () => ({ instanceId }));
  const tellSignals = createSignalTransitions(log);
  const trace = policy.logLevel === 'debug' ? createDebugTrace(log) : undefined;
  const running: RunningHooks = new Map();
  let identity = instanceId;
  let jitter = random();
  let savedAt = clock.now();
  let isSaidToWatch = false;
  /** A tag whose lifecycle event is over: it asks for nothing any more, for as long as its value is the same. */
  let pastTag: TagSignal | undefined;
  /** The tag as it was last read, and since when it has had that value. */
  let tag: { readonly value: string; readonly since: number } | undefined;
  let drain: Drain | undefined = Object.keys(ports.memory).length > 0 ? openDrain(ports.memory) : undefined;

  let wakeAt = clock.now();
  /** For how long the host had stood still by the last round, in ms. */
  let seenStill = clock.stoodStill?.() ?? 0;

  while (!stop.aborted) {
    const isLate = clock.now() - wakeAt > STOOD_STILL_MS;
    const stoodStill = clock.stoodStill?.() ?? 0;
    if (isLate || stoodStill > seenStill) forgetAnswers();
    seenStill = stoodStill;
    const phaseBefore = phaseOf(drain);
    const watchNextAt = askWatch(phaseBefore);
    const around = lookAround();
    if (!drain && ifKnown(around.signals)?.length) drain = openDrain({});
    const observed = drain ? observeAndRemember(drain, around) : atRest(around);
    const decision = decide(observed, policy);
    tellSignals(observed);
    trace?.(observed, decision);
    ports.onReport(() => report(observed, decision, policy, ports.watched));
    drain?.follow(observed, decision);
    if (decision.action.kind === 'watch' && around.signals.kind === 'known') {
      if (drain) closeDrain(drain, observed);
      drain = undefined;
      // A drain that is over while there is a signal was about a lifecycle event that is.
      const past = tagIn(around.signals.value);
      if (past && pastTag === undefined) {
        pastTag = past;
        const message = `the tag "${past.value}" tells of a lifecycle event that is over: this instance stays`;
        log('tag.past', message, eventFacts(observed, policy));
      }
      if (!isSaidToWatch) log('agent.watching', `watching ${ports.watched}`);
      isSaidToWatch = true;
    } else if (decision.action.kind !== 'watch') isSaidToWatch = false;
    const now = clock.now();
    if (drain && now >= savedAt + SAVE_MS) save(drain.memory());
    wakeAt = now;
    // Another phase has other questions: they are due now.
    if (phaseOf(drain) !== phaseBefore) continue;
    // After what was decided: a heartbeat or a completion that is due takes its request first.
    const drainNextAt = drain?.askDue() ?? Infinity;
    const nextHeartbeatAt = decision.nextHeartbeatAt ?? Infinity;
    wakeAt = Math.min(watchNextAt, drainNextAt, nextHeartbeatAt, drain?.retryAt() ?? Infinity);
    await wakeup.sleep(Math.max(0, wakeAt - now));
  }
  drain?.close();

  /** Others go on meanwhile, and a decision on what was answered before would be a decision on the past. */
  function forgetAnswers() {
    for (const poll of Object.values(watch)) poll.forget(STOOD_STILL);
    drain?.forget(STOOD_STILL);
  }

  function askWatch(phase: Phase): number {
    const due = watchDue({
      phase,
      jitter,
      pollInterval: policy.pollInterval,
      asked: {
        signals: watch.signals.asked(),
        identity: watch.identity.asked(),
        registration: watch.registration.asked(),
      },
      isRenamed: identity !== instanceId,
      isRegistrationKnown: watch.registration.reading().kind === 'known',
      seemsNeverRegistered: drain?.seemsNeverRegistered() === true,
    });
    if (due.signals <= clock.now()) jitter = random();
    return askDue(watch, due, clock.now());
  }

  function lookAround(): Around {
    // Silence does not take back what was said last.
    identity = ifKnown(watch.identity.reading()) ?? identity;
    const all = watch.signals.reading();
    if (all.kind === 'known' && isAnotherTag(all.value, tag)) noteTag(tagIn(all.value.present));
    if (all.kind === 'known' && isAnotherTag(all.value, pastTag)) pastTag = undefined;
    const signals = all.kind === 'known' && pastTag !== undefined ? known(withoutTag(all.value)) : all;
    return {
      now: clock.now(),
      wallNow: ports.wallNow(),
      signals: signals.kind === 'known' ? presentIn(signals.value) : signals,
      silentSignals: ifKnown(signals)?.silent,
      pastTag,
      identity: identity === instanceId ? 'confirmed' : 'changed',
    };
  }

  /** A tag that cannot be read may still be the one that it was. */
  function isAnotherTag(
    { present, silent }: Signals,
    before: { readonly value: string } | undefined,
  ): boolean {
    const tag = tagIn(present);
    return tag ? tag.value !== before?.value : silent?.tag === undefined;
  }

  function noteTag(read: TagSignal | undefined) {
    tag = read && { value: read.value, since: clock.now() };
  }

  function observeAndRemember(drain: Drain, around: Around): Observation {
    const observed = drain.observe(around);
    drain.remember(remember(observed, policy));
    return { ...observed, memory: drain.memory() };
  }

  function openDrain(memory: Memory): Drain {
    const over = new AbortController();
    const drain = createDrain(
      {
        ...pollPorts,
        policy,
        watched: ports.watched,
        watch,
        jitter: () => jitter,
        around: lookAround,
        keptAt: ports.keptAt,
        tagSince: () => tag?.since ?? -Infinity,
        source: ports.drainSource(over.signal),
        calls: ports.calls,
        save,
        log,
        operatorHooks: hooks && { instanceId, region: ports.region, hooks, running },
      },
      memory,
    );
    const close = () => {
      drain.close();
      over.abort();
    };
    return { ...drain, close };
  }

  /** The next drain is another object: nothing of this one is left but what the log and AWS have. */
  function closeDrain(ended: Drain, observed: Observation) {
    const left = ifKnown(observed.containerInstance);
    const wasOurs = left?.kind === 'registered' && isDrainingOurs(observed.memory, left.arn);
    ended.close();
    save({});
    // Whatever was done to it was only pretended.
    if (policy.dryRun) return;
    if (left?.kind === 'deregistered') {
      const message = 'the signal is gone, but the container instance had been deregistered already';
      log('drain.cancelled-too-late', message, eventFacts(observed, policy));
    } else if (!wasOurs && left?.kind === 'registered' && left.status === 'DRAINING') {
      const message =
        'the signal is gone; the container instance stays DRAINING, because the agent had not set it';
      log('drain.not-ours', message, eventFacts(observed, policy));
    }
  }

  function save(memory: Memory) {
    savedAt = clock.now();
    // What was only pretended must not be taken for true after a restart.
    if (!policy.dryRun) ports.save(memory, savedAt);
  }
}

const tagIn = (signals: readonly Signal[]) => signals.find((signal) => signal.source === 'tag');

const phaseOf = (drain: Drain | undefined): Phase => drain?.phase() ?? 'watching';

/** What is observed while no drain is on. */
function atRest(around: Around): Observation {
  const notAsked = unknown(NOT_ASKED);
  return {
    ...around,
    containerInstance: notAsked,
    tasks: notAsked,
    lifecycle: notAsked,
    hooks: notAsked,
    retainsAbandoned: notAsked,
    memory: {},
    lastHeartbeat: undefined,
  };
}
