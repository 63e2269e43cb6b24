import type { AwsError } from '../aws/errors.ts';
import { type Clock, steady } from '../clock.ts';
import { formatDuration } from '../duration.ts';
import type { OperatorHooks } from '../hooks/operator-hooks.ts';
import { type Log, withFields } from '../log.ts';
import { ifKnown, known, type Reading, unknown } from '../reading.ts';
import type { Act, Deed, Outcome } from './act.ts';
import { createAlarm } from './alarm.ts';
import { type Action, type Decision, decide, type Policy } from './decide.ts';
import { outdated } from './freshness.ts';
import { createHeartbeats } from './heartbeats.ts';
import type { Look } from './look.ts';
import { createNarrator, eventFacts } from './narrate.ts';
import type { ContainerInstance, Memory, Observation } from './observation.ts';
import { remember } from './remember.ts';
import { type Report, report } from './report.ts';
import { restAfter } from './source.ts';
import type { Phase, Sources } from './sources.ts';
import { createStages, hookFacts, type StagesPorts, stagesDue } from './stages.ts';
import { tasksOn } from './tasks-on.ts';

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
/** ECS refused to deregister though it lists no task: it will soon know better. */
const REFUSED_REST_MS = [2_000, 3_000, 4_000, 5_000] as const;
/** In mode `deregister`, refusals are what one waits for. */
const PLAIN_MODE_REST_MS = 15_000;
const NOTHING_WAITING_REST_MS = 15_000;
const LONGEST_NOTHING_WAITING_REST_MS = 300_000;

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
  const acting = new Set<Deed['kind']>();
  /** A look at ECS from before this time does not tell whether our DRAINING has arrived. */
  let unsureBefore = -Infinity;
  const rests = new Map<Deed['kind'], number>();
  /** How often each has failed in a row. */
  const failuresOf = new Map<Deed['kind'], number>();
  const pretended = new Set<Deed['kind']>();
  let refusals = 0;
  let nothingWaited = 0;
  let phase: Phase = 'watching';
  /** The kind of action that is due, and when that was first decided. */
  let decided: { readonly kind: Action['kind']; readonly at: number } = { kind: 'watch', at: -Infinity };
  const heartbeats = createHeartbeats({
    record: policy.dryRun ? undefined : ports.act.heartbeat,
    clock,
    onRecorded: (hook) => drainLog('lifecycle.heartbeat', `heartbeat recorded for hook ${hook}`, { hook }),
    onNothingWaiting: sources.lifecycle.invalidate,
    onChange: alarm.ring,
  });
  const stages = ports.hooks && createStages({ ...stageEvents(), hooks: ports.hooks.operator, clock });
  let observed = observe();
  const log = withFields(ports.log, () => ({ instanceId: ports.instanceId }));
  const drainLog: Log = (event, message, fields) =>
    log(event, message, { ...eventFacts(observed, policy), ...fields });
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
    const restUntil = [...rests.values(), stages?.retryAt() ?? Infinity].filter((until) => until > now);
    const wakeAt = Math.min(nextDueAt, decision.nextHeartbeatAt ?? Infinity, ...restUntil);
    // Another phase has other questions: they are due now.
    if (phase === before) await alarm.sleep(Math.max(0, wakeAt - now), stop);
  }

  function observe(): Observation {
    const look = sources.look.reading();
    // Silence does not take back what was said last.
    identity = ifKnown(sources.identity.reading()) ?? identity;
    const hooks = sources.hooks.reading();
    return {
      now: clock.now(),
      signals: sources.signals.reading(),
      identity: identity === ports.instanceId ? 'confirmed' : 'changed',
      containerInstance: containerInstanceIn(look),
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

  function containerInstanceIn(look: Reading<Look>): Observation['containerInstance'] {
    if (look.kind === 'unknown') return look;
    if (sources.look.askedAt() < unsureBefore) return unknown('it was being set DRAINING');
    return known(asPretended(look.value.containerInstance));
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
    const restsUntil = rests.get(action.kind) ?? -Infinity;
    if (!isNameAsked || !mayBegin(action.kind) || clock.now() < restsUntil) return;
    const old = policy.dryRun
      ? undefined
      : outdated(action, sources, { now: clock.now(), decidedAt: decided.at, restedUntil: restsUntil });
    if (!old) void perform(action);
    else if (!old.isAsking() && !old.isStale()) {
      old.invalidate();
      alarm.ring();
    }
  }

  function newlyDecided(kind: Action['kind']) {
    decided = { kind, at: clock.now() };
    if (kind === 'watch') return;
    // What asks for it was read just now, from metadata that may have become another instance's since it last told
    // its name: nothing is begun before that has been asked again.
    sources.identity.invalidate();
    alarm.ring();
  }

  /** One thing at a time; only asking tasks to stop goes on beside the rest, since it can take minutes. */
  function mayBegin(kind: Deed['kind']): boolean {
    return !acting.has(kind) && [...acting].every((other) => other === 'stop-tasks');
  }

  async function perform(deed: Deed) {
    acting.add(deed.kind);
    const before = memory;
    if (deed.kind === 'set-draining') {
      // Written ahead: killed in between, we must not take our own DRAINING for somebody else's.
      recall({ ...memory, drainingSetAt: clock.now() });
      unsureBefore = Infinity;
    }
    const outcome = policy.dryRun ? pretend(deed) : await ports.act.act(deed);
    acting.delete(deed.kind);
    if (deed.kind === 'set-draining') unsureBefore = -Infinity;
    rests.delete(deed.kind);
    if (outcome.kind !== 'failed') failuresOf.delete(deed.kind);
    if (outcome.kind === 'done') succeeded(deed);
    else if (outcome.kind === 'tasks-running') refused();
    else if (outcome.kind === 'nothing-waiting') nothingWaiting(deed);
    else failed(deed, outcome.error, before);
    alarm.ring();
  }

  function succeeded(deed: Deed) {
    switch (deed.kind) {
      case 'set-draining':
        showContainerInstance({ ...deed.containerInstance, status: 'DRAINING' });
        // Listed before, it may miss a task that was placed in between.
        sources.look.invalidate();
        drainLog('drain.draining', 'the container instance is DRAINING: no new task is placed on it');
        return;
      case 'set-active': {
        const { drainingSetAt: _, ...rest } = memory;
        recall(rest);
        showContainerInstance({ ...deed.containerInstance, status: 'ACTIVE' });
        drainLog('drain.cancelled', 'the signal is gone: the container instance is ACTIVE again');
        return;
      }
      case 'stop-tasks': {
        const now = clock.now();
        const asked = Object.fromEntries(deed.tasks.map(({ arn }) => [arn, now]));
        recall({ ...memory, askedToStop: { ...memory.askedToStop, ...asked } });
        sources.look.invalidate();
        drainLog('drain.tasks-stopping', `asked ${deed.tasks.length} tasks to stop (${deed.why})`, {
          why: deed.why,
        });
        return;
      }
      case 'deregister': {
        const left = ifKnown(observed.tasks) ?? [];
        const isRemembered = ifKnown(sources.look.reading())?.isRemembered ?? true;
        // It was given tasks until now.
        const mayHaveMore = deed.containerInstance.status === 'ACTIVE';
        const tasks = left.length === 0 && mayHaveMore ? unknown('asking what was placed last') : known(left);
        sources.look.set(
          {
            containerInstance: { kind: 'deregistered', arn: deed.containerInstance.arn },
            tasks,
            requests: 0,
            isRemembered,
          },
          // As which container instance ECS knows this host is no newer than it was.
          isRemembered ? -Infinity : sources.look.askedAt(),
        );
        if (left.length > 0 || mayHaveMore) sources.look.invalidate();
        observed = observe();
        drainLog('drain.deregistered', 'the container instance is out of its cluster');
        return;
      }
      case 'complete':
        recall({
          ...memory,
          completed: { hook: deed.hook, result: deed.result, at: clock.now(), standing: 'answered' },
        });
        sources.lifecycle.invalidate();
        drainLog(
          deed.result === 'CONTINUE' ? 'lifecycle.completed' : 'lifecycle.abandoned',
          `lifecycle action of hook ${deed.hook} ended with ${deed.result} (${deed.why})`,
          { hook: deed.hook, result: deed.result, why: deed.why },
        );
        return;
      case 'terminate':
        recall({ ...memory, terminated: true });
        sources.lifecycle.invalidate();
        drainLog('instance.terminated', `asked the group to terminate this instance (${deed.why})`, {
          why: deed.why,
        });
        return;
    }
  }

  function refused() {
    const plain = policy.mode === 'deregister';
    if (refusals === 0) drainLog('drain.refused', 'ECS says that tasks still run on the instance');
    rest('deregister', plain ? PLAIN_MODE_REST_MS : (REFUSED_REST_MS[refusals] ?? 5_000));
    refusals++;
    // The plain mode lists before each try.
    if (!plain) sources.look.invalidate();
  }

  function nothingWaiting(deed: Deed) {
    const hook = deed.kind === 'complete' ? deed.hook : '';
    drainLog('lifecycle.nothing-waiting', `no lifecycle action of hook ${hook} waits for this instance`, {
      hook,
    });
    sources.lifecycle.invalidate();
    if (memory.completed) recall({ ...memory, completed: { ...memory.completed, standing: 'confirmed' } });
    rest(deed.kind, Math.min(LONGEST_NOTHING_WAITING_REST_MS, NOTHING_WAITING_REST_MS * 2 ** nothingWaited));
    nothingWaited++;
  }

  function failed(deed: Deed, error: AwsError, before: Memory) {
    const failures = (failuresOf.get(deed.kind) ?? 0) + 1;
    failuresOf.set(deed.kind, failures);
    rest(deed.kind, Math.max(restAfter(error.kind, failures), 1_000));
    // AWS itself said no, so nothing was changed. Without its word, something may have been.
    const surelyNot = error.kind === 'rejected' || error.kind === 'permission';
    if (deed.kind === 'set-draining' && surelyNot && before.drainingSetAt === undefined) {
      const { drainingSetAt: _, ...others } = memory;
      recall(others);
    }
    if (deed.kind === 'set-draining' && !surelyNot) unsureBefore = clock.now();
    sources.look.invalidate();
    if (deed.kind === 'complete' || deed.kind === 'terminate') sources.lifecycle.invalidate();
  }

  function pretend(deed: Deed): Outcome {
    pretended.add(deed.kind);
    if (deed.kind === 'set-active') pretended.delete('set-draining');
    drainLog('dry-run.skipped', `would have made the call now: ${deed.kind}`, { action: deed.kind });
    return { kind: 'done' };
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

  function showContainerInstance(containerInstance: ContainerInstance) {
    const { requests = 2, isRemembered = true } = ifKnown(sources.look.reading()) ?? {};
    sources.look.set({ containerInstance, tasks: unknown('being listed again'), requests, isRemembered });
    observed = observe();
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

  function rest(kind: Deed['kind'], ms: number) {
    rests.set(kind, clock.now() + ms);
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
    rests.clear();
    failuresOf.clear();
    pretended.clear();
    refusals = 0;
    nothingWaited = 0;
    heartbeats.forget();
    stages?.forget();
  }

  /** In a dry run, what was skipped counts as done, so that one sees what would come next. */
  function asPretended(containerInstance: ContainerInstance): ContainerInstance {
    if (containerInstance.kind !== 'registered') return containerInstance;
    if (pretended.has('deregister')) return { kind: 'deregistered', arn: containerInstance.arn };
    return pretended.has('set-draining') ? { ...containerInstance, status: 'DRAINING' } : containerInstance;
  }
}
