import { type Clock, steady } from '../base/clock.ts';
import { formatDuration } from '../base/duration.ts';
import { ifKnown, known } from '../base/reading.ts';
import { type Log, withFields } from '../log/log.ts';
import type { OperatorHooks } from '../operator-hooks/operator-hooks.ts';
import { createDeeds } from './act/deeds.ts';
import { createHeartbeats } from './act/heartbeats.ts';
import { createStages, hookFacts, type StagesPorts, stagesDue } from './act/hook-stages.ts';
import type { Act } from './act/mutations.ts';
import { type Action, type Decision, decide, type Policy } from './decide/decide.ts';
import { remember } from './decide/remember.ts';
import type { Memory, Observation } from './model.ts';
import type { Phase, Sources } from './observe/polls.ts';
import { tasksOn } from './observe/tasks.ts';
import { type Report, report } from './report/report.ts';
import { createNarrator, eventFacts } from './report/transitions.ts';
import { createAlarm } from './wakeup.ts';

export type AgentPorts = {
  readonly instanceId: string;
  readonly clock: Clock;
  readonly policy: Policy & { readonly dryRun: boolean };
  /** For people: what is being watched. */
  readonly watched: string;
  /** `tasksLeft` names the tasks to ask after, whatever is listed: those of the last run among them. */
  readonly sources: (clock: Clock, onAnswer: () => void, tasksLeft: () => readonly string[]) => Sources;
  readonly act: Act;
  /** What the last run left. */
  readonly memory: Memory;
  /** Keeps the memory for after a restart. Never throws. */
  readonly save: (memory: Memory, now: number) => void;
  readonly log: Log;
  /** Told in every round; what is reported is put into words only for whoever asks. */
  readonly onReport: (report: () => Report) => void;
  /** The operator's hooks; absent where there can be none. */
  readonly hooks?: { readonly region: string; readonly operator: OperatorHooks } | undefined;
  readonly stop: AbortSignal;
};

const SAVE_MS = 60_000;

/**
 * The loop: observe, decide, act, until `stop` aborts. Nothing in it depends on having seen an event, so it
 * may be killed at any moment and started again.
 */
export async function runAgent(ports: AgentPorts): Promise<void> {
  const clock = steady(ports.clock);
  const { policy, stop } = ports;
  const alarm = createAlarm(clock);
  const sources = ports.sources(clock, alarm.ring, () => memory.tasksLeft ?? []);
  let { memory } = ports;
  let savedAt = clock.now();
  let identity = ports.instanceId;
  let phase: Phase = 'watching';
  /** The kind of action that is due, and when that was first decided. */
  let decided: { readonly kind: Action['kind']; readonly at: number } = { kind: 'watch', at: -Infinity };
  const log = withFields(ports.log, () => ({ instanceId: ports.instanceId }));
  const drainLog: Log = (event, message, fields) =>
    log(event, message, { ...eventFacts(observe(), policy), ...fields });
  const heartbeats = createHeartbeats({
    record: policy.dryRun ? undefined : ports.act.heartbeat,
    clock,
    onRecorded: (hook) => drainLog('lifecycle.heartbeat', `heartbeat recorded for hook ${hook}`, { hook }),
    onNothingWaiting: sources.lifecycle.invalidate,
    onChange: alarm.ring,
  });
  const deeds = createDeeds({
    act: policy.dryRun ? undefined : ports.act.act,
    mode: policy.mode,
    sources,
    memory: () => memory,
    recall,
    clock,
    log: drainLog,
    onChange: alarm.ring,
  });
  const stages = ports.hooks && createStages({ ...stageEvents(), hooks: ports.hooks.operator, clock });
  let observed = observe();
  const narrator = createNarrator(log, policy, ports.watched);

  while (!stop.aborted) {
    const before: Phase = phase;
    const nextDueAt = sources.askDue(phase);
    observed = observe();
    const { signals: signalsBefore } = memory;
    recall(remember(observed, policy));
    // What a new signal says of the group is news: its hook may wait already, and time out unless it hears from us.
    if (signalsBefore && memory.signals !== signalsBefore) {
      sources.lifecycle.invalidate();
      alarm.ring();
    }
    observed = { ...observed, memory };
    const decision = decide(observed, policy);
    narrator.narrate(observed, decision, sources.look.askedAt());
    const seen = observed;
    ports.onReport(() => report(seen, decision, policy, ports.watched));
    follow(decision);
    startHooks(decision);
    const now = clock.now();
    if (phase !== 'watching' && now >= savedAt + SAVE_MS) save();
    const retryAt = [deeds.restsUntil(), stages?.retryAt() ?? Infinity].filter((until) => until > now);
    const wakeAt = Math.min(nextDueAt, decision.nextHeartbeatAt ?? Infinity, ...retryAt);
    // Another phase has other questions: they are due now.
    if (phase === before) await alarm.sleep(Math.max(0, wakeAt - now), stop);
  }

  function observe(): Observation {
    // Silence does not take back what was said last.
    identity = ifKnown(sources.identity.reading()) ?? identity;
    const hooks = sources.hooks.reading();
    return {
      now: clock.now(),
      signals: sources.signals.reading(),
      identity: identity === ports.instanceId ? 'confirmed' : 'changed',
      containerInstance: deeds.containerInstanceIn(sources.look.reading()),
      tasks: tasksOn(sources),
      emptySince: sources.emptySince(),
      lifecycle: sources.lifecycle.reading(),
      hooks: hooks.kind === 'known' ? known(hooks.value.hooks) : hooks,
      retainsAbandoned: hooks.kind === 'known' ? hooks.value.retainsAbandoned : hooks,
      explained: ifKnown(sources.explained.reading()),
      drainedHooks: stages && (memory.hooksRun?.drained ? 'settled' : stages.state('drained')),
      memory,
      lastHeartbeat: heartbeats.last(),
    };
  }

  function follow({ action, heartbeat }: Decision) {
    const before: Phase = phase;
    if (action.kind !== decided.kind) newlyDecided(action.kind);
    // Under another's name there is nothing to learn that would not be learnt under our own later.
    if (action.kind !== 'refuse')
      phase = action.kind === 'watch' ? 'watching' : action.kind === 'done' ? 'done' : 'draining';
    if (phase === 'watching' && before !== 'watching') startAfresh();
    const isNameAsked = !sources.identity.isStale();
    if (heartbeat && isNameAsked) heartbeats.record(heartbeat);
    if (action.kind === 'watch') {
      if (observed.signals.kind === 'known') forgetDrain();
      return;
    }
    if (action.kind === 'wait' || action.kind === 'done' || action.kind === 'refuse') return;
    if (isNameAsked) deeds.begin(action, decided.at);
  }

  function newlyDecided(kind: Action['kind']) {
    decided = { kind, at: clock.now() };
    if (kind === 'watch') return;
    // What asks for it was read just now, from metadata that may have become another instance's since it last told
    // its name: nothing is begun before that has been asked again.
    sources.identity.invalidate();
    alarm.ring();
  }

  function startHooks({ action }: Decision) {
    if (!stages || !ports.hooks) return;
    for (const stage of stagesDue(observed, action, policy)) {
      stages.start(stage, hookFacts(observed, policy, ports.instanceId, ports.hooks.region));
    }
  }

  function stageEvents(): Omit<StagesPorts, 'hooks' | 'clock'> {
    return {
      onRun: (stage, result) => recall({ ...memory, hooksRun: { ...memory.hooksRun, [stage]: result } }),
      onHeld: (stage, retryMs) =>
        drainLog(
          'hook.holding',
          `the instance is kept until the hooks of stage ${stage} succeed; trying again in ${formatDuration(retryMs)}`,
          { stage },
        ),
      onChange: alarm.ring,
    };
  }

  function forgetDrain() {
    if (Object.keys(memory).length === 0) return;
    if (memory.drainingSetAt !== undefined && ifKnown(observed.containerInstance)?.kind === 'deregistered') {
      drainLog(
        'drain.cancelled-too-late',
        'the signal is gone, but the container instance had been deregistered already',
      );
    }
    recall({});
  }

  function recall(next: Memory) {
    if (next === memory) return;
    memory = next;
    save();
  }

  function save() {
    savedAt = clock.now();
    // What was only pretended must not be taken for true after a restart.
    if (!policy.dryRun) ports.save(memory, savedAt);
  }

  /** The next drain must not be decided on what this one saw. */
  function startAfresh() {
    for (const source of [
      sources.localTasks,
      sources.look,
      sources.lifecycle,
      sources.hooks,
      sources.explained,
    ])
      source.forget();
    deeds.forget();
    heartbeats.forget();
    stages?.forget();
  }
}
