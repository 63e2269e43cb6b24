import type { AwsError } from '../../aws/errors.ts';
import type { Clock } from '../../base/clock.ts';
import { known, type Reading, unknown } from '../../base/reading.ts';
import type { Log } from '../../log/log.ts';
import { outdated } from '../decide/freshness.ts';
import type { ContainerInstance, Memory, Observation } from '../model.ts';
import type { Look } from '../observe/ecs-view.ts';
import { restAfter } from '../observe/poll.ts';
import type { Sources } from '../observe/polls.ts';
import { learnFrom } from './learn.ts';
import type { Act, Deed, Outcome } from './mutations.ts';

/** What changes something in AWS: one at a time, with a rest after each that did not get anywhere. */
export type Deeds = {
  /**
   * Begins it, unless another is under way, it rests, or what it depends on has to be asked anew before.
   *
   * @param decidedAt when this kind of action was first decided on, in ms by the agent's clock
   */
  begin(deed: Deed, decidedAt: number): void;
  /** When the next rest ends, in ms by the agent's clock; Infinity where nothing rests. */
  restsUntil(): number;
  /** What a look at ECS says of the container instance, unless it may be older than what was done. */
  containerInstanceIn(look: Reading<Look>): Observation['containerInstance'];
  /** What was done, and how it went, was of another drain. */
  forget(): void;
};

export type DeedsPorts = {
  /** Absent in a dry run: then all is done in name only. */
  readonly act: Act['act'] | undefined;
  readonly mode: 'drain' | 'deregister';
  readonly sources: Sources;
  readonly memory: () => Memory;
  readonly recall: (memory: Memory) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly onChange: () => void;
};

/** ECS refused to deregister though it lists no task: it will soon know better. */
const REFUSED_REST_MS = [2_000, 3_000, 4_000, 5_000] as const;
/** In mode `deregister`, refusals are what one waits for. */
const PLAIN_MODE_REST_MS = 15_000;
const NOTHING_WAITING_REST_MS = 15_000;
const LONGEST_NOTHING_WAITING_REST_MS = 300_000;

export function createDeeds(ports: DeedsPorts): Deeds {
  const { act, sources, memory, recall, clock, log } = ports;
  const acting = new Set<Deed['kind']>();
  const rests = new Map<Deed['kind'], number>();
  /** How often each has failed in a row. */
  const failuresOf = new Map<Deed['kind'], number>();
  const pretended = new Set<Deed['kind']>();
  /** A look at ECS from before this time does not tell whether our DRAINING has arrived. */
  let unsureBefore = -Infinity;
  let refusals = 0;
  let nothingWaited = 0;

  function begin(deed: Deed, decidedAt: number) {
    const restedUntil = rests.get(deed.kind) ?? -Infinity;
    if (!mayBegin(deed.kind) || clock.now() < restedUntil) return;
    const old = act && outdated(deed, sources, { now: clock.now(), decidedAt, restedUntil });
    if (!old) void perform(deed);
    else if (!old.isAsking() && !old.isStale()) {
      old.invalidate();
      ports.onChange();
    }
  }

  /** One thing at a time; only asking tasks to stop goes on beside the rest, since it can take minutes. */
  function mayBegin(kind: Deed['kind']): boolean {
    return !acting.has(kind) && [...acting].every((other) => other === 'stop-tasks');
  }

  async function perform(deed: Deed) {
    acting.add(deed.kind);
    const before = memory();
    if (deed.kind === 'set-draining') {
      // Written ahead: killed in between, we must not take our own DRAINING for somebody else's.
      recall({ ...before, drainingSetAt: clock.now() });
      unsureBefore = Infinity;
    }
    const outcome = act ? await act(deed) : pretend(deed);
    acting.delete(deed.kind);
    if (deed.kind === 'set-draining') unsureBefore = -Infinity;
    rests.delete(deed.kind);
    if (outcome.kind !== 'failed') failuresOf.delete(deed.kind);
    if (outcome.kind === 'done') learnFrom(deed, ports);
    else if (outcome.kind === 'tasks-running') refused();
    else if (outcome.kind === 'nothing-waiting') nothingWaiting(deed);
    else failed(deed, outcome.error, before);
    ports.onChange();
  }

  function refused() {
    const plain = ports.mode === 'deregister';
    if (refusals === 0) log('drain.refused', 'ECS says that tasks still run on the instance');
    rest('deregister', plain ? PLAIN_MODE_REST_MS : (REFUSED_REST_MS[refusals] ?? 5_000));
    refusals++;
    // The plain mode lists before each try.
    if (!plain) sources.look.invalidate();
  }

  function nothingWaiting(deed: Deed) {
    const hook = deed.kind === 'complete' ? deed.hook : '';
    log('lifecycle.nothing-waiting', `no lifecycle action of hook ${hook} waits for this instance`, { hook });
    sources.lifecycle.invalidate();
    const { completed } = memory();
    if (completed) recall({ ...memory(), completed: { ...completed, standing: 'confirmed' } });
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
      const { drainingSetAt: _, ...others } = memory();
      recall(others);
    }
    if (deed.kind === 'set-draining' && !surelyNot) unsureBefore = clock.now();
    sources.look.invalidate();
    if (deed.kind === 'complete' || deed.kind === 'terminate') sources.lifecycle.invalidate();
  }

  function pretend(deed: Deed): Outcome {
    pretended.add(deed.kind);
    if (deed.kind === 'set-active') pretended.delete('set-draining');
    log('dry-run.skipped', `would have made the call now: ${deed.kind}`, { action: deed.kind });
    return { kind: 'done' };
  }

  function rest(kind: Deed['kind'], ms: number) {
    rests.set(kind, clock.now() + ms);
  }

  /** In a dry run, what was skipped counts as done, so that one sees what would come next. */
  function asPretended(containerInstance: ContainerInstance): ContainerInstance {
    if (containerInstance.kind !== 'registered') return containerInstance;
    if (pretended.has('deregister')) return { kind: 'deregistered', arn: containerInstance.arn };
    return pretended.has('set-draining') ? { ...containerInstance, status: 'DRAINING' } : containerInstance;
  }

  return {
    begin,
    restsUntil: () => Math.min(...[...rests.values()].filter((until) => until > clock.now())),
    containerInstanceIn: (look) => {
      if (look.kind === 'unknown') return look;
      if (sources.look.askedAt() < unsureBefore) return unknown('it was being set DRAINING');
      return known(asPretended(look.value.containerInstance));
    },
    forget: () => {
      rests.clear();
      failuresOf.clear();
      pretended.clear();
      refusals = 0;
      nothingWaited = 0;
    },
  };
}
