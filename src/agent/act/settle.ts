import type { Task } from '../../aws/ecs.ts';
import type { AwsError, AwsErrorKind } from '../../aws/errors.ts';
import { known, type Reading, unknown } from '../../base/reading.ts';
import { listInterval } from '../decide/ecs-pace.ts';
import { ASK_AGAIN_MS } from '../decide/limits.ts';
import { restAfter } from '../decide/rest.ts';
import type {
  Attempts,
  ContainerInstance,
  DrainQuestion,
  DrainState,
  EcsView,
  Event,
  Heartbeat,
  Memory,
  Mutation,
  Outcome,
  Try,
} from '../model.ts';

/** What a mutation's outcome is judged with. Times are in ms by the agent's clock. */
export type SettleContext = {
  readonly now: number;
  readonly mode: 'drain' | 'deregister';
  /** Nothing was really done: what counts as completed must not be doubted because the action still waits. */
  readonly isDryRun: boolean;
  /** What ECS last said of this host, when that was asked; undefined where it has said nothing. */
  readonly view: EcsView | undefined;
  readonly viewAskedAt: number;
  /** The tasks that are not gone, where they are known. */
  readonly tasksLeft: EcsView['tasks'];
  /** Whether the ECS agent says that a task runs here: then no list of ECS's can end the drain. */
  readonly isHostBusy: boolean;
  /** Uniform in [0, 1). */
  readonly jitter: number;
};

/** What has changed by it. */
export type Settled = {
  readonly state: DrainState;
  readonly events: readonly Event[];
  /** What must be asked anew, since the answer has changed. */
  readonly stale: readonly DrainQuestion[];
  /** What is known of ECS better than any answer, and since when the rest of it is known. */
  readonly shows?: { readonly view: EcsView; readonly asOf: number } | undefined;
};

/** ECS refused to deregister though it lists no task: it will soon know better. In ms. */
const REFUSED_REST_MS = [2_000, 3_000, 4_000, 5_000] as const;
const NOTHING_WAITING_REST_MS = 15_000;
const LONGEST_NOTHING_WAITING_REST_MS = 300_000;
/** ECS's descriptions lag: one that it still calls ACTIVE afterwards is set DRAINING again, ever more rarely. In ms. */
const SET_AGAIN_REST_MS = [2_000, 4_000, 8_000, 15_000] as const;
/** A group that retains the instance again whenever it is told to terminate it is told ever more rarely, in ms. */
const TERMINATE_REST_MS = 30_000;
const LONGEST_TERMINATE_REST_MS = 300_000;
const SHORTEST_REST_MS = 1_000;

const STOPPED_FOR = {
  timeout: 'the drain timeout has passed',
  spot: 'the Spot interruption is near',
  ignored: 'no other task is left',
} as const;

const NONE: Attempts = { failures: 0, refusals: 0, nothingWaited: 0, restsUntil: -Infinity };

/** A drain of which nothing was done yet by this process. */
export const beginDrain = (memory: Memory): DrainState => ({
  memory,
  attempts: {},
  heartbeat: undefined,
  pretended: [],
  unsureBefore: -Infinity,
});

/** As what a mutation is tried: each rests, and is under way, for itself. */
export const tryOf = (mutation: Mutation): Try =>
  mutation.kind === 'stop-tasks' ? `stop-tasks ${mutation.why}` : mutation.kind;

/**
 * The state once a lifecycle action waits, or another hook's is ours: that none waited before says nothing of this one. A heartbeat that was recorded since
 * it is known to wait was recorded for it: often it is how one knows.
 *
 * @param knownAt as of when it is known to wait, in ms by the agent's clock
 */
export function beginWaiting(state: DrainState, knownAt: number): DrainState {
  const { complete: _, ...attempts } = state.attempts;
  const { heartbeat: last } = state;
  const isForIt = last?.outcome === 'recorded' && last.at >= knownAt;
  return { ...state, attempts, heartbeat: isForIt ? last : undefined };
}

/** The state while a mutation is under way. */
export function beginMutation(state: DrainState, mutation: Mutation, now: number): DrainState {
  if (mutation.kind !== 'set-draining') return state;
  // Written ahead: killed in between, we must not take our own DRAINING for somebody else's.
  return { ...state, memory: { ...state.memory, drainingSetAt: now }, unsureBefore: Infinity };
}

/**
 * What a mutation's outcome means: the whole of what is learnt from it. Pure.
 *
 * @param before the memory when the mutation was begun
 */
export function settle(
  state: DrainState,
  mutation: Mutation,
  outcome: Outcome,
  before: Memory,
  context: SettleContext,
): Settled {
  const arrived = mutation.kind === 'set-draining' ? { ...state, unsureBefore: -Infinity } : state;
  switch (outcome.kind) {
    case 'done':
      return done(withAttempts(arrived, mutation, { failures: 0, restsUntil: -Infinity }), mutation, context);
    case 'tasks-running':
      return tasksRunning(arrived, mutation, context);
    case 'nothing-waiting':
      return nothingWaiting(arrived, mutation, context);
    case 'partly': {
      const rested = failed(arrived, mutation, outcome.error, before, context);
      if (mutation.kind !== 'stop-tasks') return rested;
      return stopping(rested.state, mutation, outcome.asked, context);
    }
    case 'failed':
      return failed(arrived, mutation, outcome.error, before, context);
  }
}

/** What a heartbeat's outcome means. @param at when it was sent, in ms by the agent's clock @param jitter uniform in [0, 1) @param isCrowded Auto Scaling has throttled the drain before its first heartbeat */
export function settleHeartbeat(
  state: DrainState,
  hook: string,
  outcome: Outcome,
  at: number,
  jitter: number,
  isCrowded = false,
): Settled {
  // Where the question after the hooks was throttled, the heartbeats begin as rare as they may be.
  const last: Heartbeat | undefined = state.heartbeat;
  const before = last?.strain ?? (last === undefined && isCrowded ? 1 : 0);
  const next = (heartbeat: Heartbeat): DrainState => ({ ...state, heartbeat });
  switch (outcome.kind) {
    case 'done': {
      const message = `heartbeat recorded for hook ${hook}`;
      const events = [{ event: 'lifecycle.heartbeat', message, fields: { hook } }] as const;
      const relieved = strained(before, -RELIEF);
      const drawn = relieved.strain === undefined ? {} : { jitter };
      return { state: next({ at, outcome: 'recorded', ...relieved, ...drawn }), events, stale: [] };
    }
    case 'nothing-waiting': {
      const times = last?.outcome === 'nothing-waiting' ? last.times + 1 : 1;
      const beaten = next({ at, outcome: 'nothing-waiting', times });
      // What we completed is over, though another owner's hook still holds the instance.
      return {
        state: { ...beaten, memory: confirmed(state.memory) },
        events: [],
        stale: ['lifecycle', 'hooks'],
      };
    }
    default: {
      if (outcome.kind === 'failed' && outcome.error.kind === 'unsent')
        return { state, events: [], stale: [] };
      // Where nothing waited, no answer says nothing new: tries go on, ever more rarely.
      if (last?.outcome === 'nothing-waiting')
        return { state: next({ ...last, at, times: last.times + 1 }), events: [], stale: [] };
      const isThrottled = outcome.kind === 'failed' && outcome.error.kind === 'throttled';
      const more = isThrottled ? { jitter, ...strained(before, STRAIN) } : strained(before, 0);
      const failure: Heartbeat = { at, outcome: 'failed', recordedAt: recordedAt(last), ...more };
      return { state: next(failure), events: [], stale: [] };
    }
  }
}

/** A mutation that a dry run leaves out counts as done, so that one sees what would come next. */
export function pretend(state: DrainState, mutation: Mutation): DrainState {
  const others = state.pretended.filter((kind) => kind !== mutation.kind);
  const kept = mutation.kind === 'set-active' ? others.filter((kind) => kind !== 'set-draining') : others;
  return { ...state, pretended: [...kept, mutation.kind] };
}

/** What a view of ECS says of the container instance, unless it may be older than what was done. */
export function containerInstanceIn(
  { unsureBefore, pretended }: DrainState,
  view: Reading<EcsView>,
  askedAt: number,
): Reading<ContainerInstance> {
  if (view.kind === 'unknown') return view;
  if (askedAt < unsureBefore) return unknown('it was being set DRAINING');
  const { containerInstance } = view.value;
  if (containerInstance.kind !== 'registered') return known(containerInstance);
  if (pretended.includes('deregister')) return known({ kind: 'deregistered', arn: containerInstance.arn });
  return known(
    pretended.includes('set-draining') ? { ...containerInstance, status: 'DRAINING' } : containerInstance,
  );
}

function done(state: DrainState, mutation: Mutation, context: SettleContext): Settled {
  const { memory } = state;
  const { now, isDryRun } = context;
  switch (mutation.kind) {
    case 'set-draining': {
      const times = attemptsOf(state, mutation).refusals + 1;
      const rest = SET_AGAIN_REST_MS[times - 1] ?? 15_000;
      return {
        state: withAttempts(state, mutation, { refusals: times, restsUntil: now + rest }),
        shows: shown(context, { ...mutation.containerInstance, status: 'DRAINING' }),
        // Listed before, it may miss a task that was placed in between.
        stale: context.isHostBusy ? [] : ['ecsView'],
        events: [
          {
            event: 'drain.draining',
            message: 'the container instance is DRAINING: no new task is placed on it',
          },
        ],
      };
    }
    case 'set-active': {
      const { drainingSetAt: _, ...rest } = memory;
      return {
        state: { ...state, memory: rest },
        shows: shown(context, { ...mutation.containerInstance, status: 'ACTIVE' }),
        stale: [],
        events: [
          {
            event: 'drain.cancelled',
            message: 'the signal is gone: the container instance is ACTIVE again',
          },
        ],
      };
    }
    case 'stop-tasks':
      return stopping(state, mutation, mutation.tasks, context);
    case 'deregister':
      return deregistered(state, mutation, context);
    case 'complete': {
      const { hook, result, why } = mutation;
      const standing = isDryRun ? 'confirmed' : 'answered';
      const event = result === 'CONTINUE' ? 'lifecycle.completed' : 'lifecycle.abandoned';
      const message = `lifecycle action of hook ${hook} ended with ${result} (${why})`;
      return {
        state: {
          ...state,
          memory: { ...memory, completed: { hook, result, at: now, standing } },
        },
        // The action that was completed is gone within seconds; one that was abandoned may leave the instance retained.
        stale: result === 'CONTINUE' ? [] : ['lifecycle'],
        events: [{ event, message, fields: { hook, result, why } }],
      };
    }
    case 'terminate': {
      const { why } = mutation;
      const times = attemptsOf(state, mutation).refusals + 1;
      const rest = Math.min(LONGEST_TERMINATE_REST_MS, TERMINATE_REST_MS * 2 ** (times - 1));
      const resting = withAttempts(state, mutation, { refusals: times, restsUntil: now + rest });
      const message = `asked the group to terminate this instance (${why})`;
      const again: Event = {
        event: 'instance.retained-again',
        message: `the group has retained this instance each of ${times - 1} times that it was told to terminate it: one of its hooks ends with ABANDON each time`,
        fields: { times: times - 1 },
      };
      return {
        state: { ...resting, memory: { ...memory, terminatedAt: now } },
        stale: ['lifecycle'],
        events: [{ event: 'instance.terminated', message, fields: { why } }, ...(times > 2 ? [again] : [])],
      };
    }
  }
}

function stopping(
  state: DrainState,
  { tasks, why }: Extract<Mutation, { kind: 'stop-tasks' }>,
  asked: readonly Task[],
  { now }: SettleContext,
): Settled {
  const { memory } = state;
  // Older ones are asked again anyway, and a drain can last for days.
  const before = Object.entries(memory.askedToStop ?? {}).filter(([, at]) => now < at + ASK_AGAIN_MS);
  const askedToStop = Object.fromEntries([...before, ...asked.map(({ arn }) => [arn, now] as const)]);
  const of = asked.length < tasks.length ? `${asked.length} of ` : '';
  const what = `${of}${tasks.length} ${tasks.length === 1 ? 'task' : 'tasks'}`;
  const message = `asked ${what} to stop (${STOPPED_FOR[why]})`;
  return {
    state: { ...state, memory: { ...memory, askedToStop } },
    // Another list tells nothing new of them, and its pages are the requests that are needed when the last has ended.
    stale: [],
    events: [{ event: 'drain.tasks-stopping', message, fields: { why } }],
  };
}

function deregistered(
  state: DrainState,
  { containerInstance }: Extract<Mutation, { kind: 'deregister' }>,
  { view, viewAskedAt, tasksLeft }: SettleContext,
): Settled {
  const message = 'the container instance is out of its cluster';
  const events = [{ event: 'drain.deregistered', message }] as const;
  const seen = view?.containerInstance;
  // The host has registered anew meanwhile: that the old one is gone says nothing of what runs under the new one.
  if (seen?.kind === 'registered' && seen.arn !== containerInstance.arn)
    return { state, stale: ['ecsView'], events };
  const left = tasksLeft.kind === 'known' ? tasksLeft.value : [];
  // It was given tasks until now.
  const mayHaveMore = containerInstance.status === 'ACTIVE';
  const shows: EcsView = {
    containerInstance: { kind: 'deregistered', arn: containerInstance.arn },
    tasks: left.length === 0 && mayHaveMore ? unknown('asking what was placed last') : known(left),
    isListed: false,
    requests: 0,
    heard: view?.heard,
    own: view?.own ?? [],
    gone: [],
  };
  // What we had set DRAINING is not there any more to be given back.
  const { drainingSetAt: _, ...memory } = state.memory;
  return {
    state: { ...state, memory },
    // Unless the ECS agent had named this very one, the host may have another, which must be looked for.
    shows: { view: shows, asOf: view?.heard === containerInstance.arn ? viewAskedAt : -Infinity },
    stale: left.length > 0 || mayHaveMore ? ['ecsView'] : [],
    events,
  };
}

function tasksRunning(state: DrainState, mutation: Mutation, { now, mode, view }: SettleContext): Settled {
  const isPlain = mode === 'deregister';
  const { refusals } = attemptsOf(state, mutation);
  // In mode `deregister`, refusals are what one waits for. Each try takes a list.
  const rest = isPlain ? listInterval(view?.requests ?? 0) : (REFUSED_REST_MS[refusals] ?? 5_000);
  const message = 'ECS says that tasks still run on the instance';
  return {
    state: withAttempts(state, mutation, { failures: 0, refusals: refusals + 1, restsUntil: now + rest }),
    // The plain mode lists before each try.
    stale: isPlain ? [] : ['ecsView'],
    events: refusals === 0 ? [{ event: 'drain.refused', message }] : [],
  };
}

function nothingWaiting(state: DrainState, mutation: Mutation, { now }: SettleContext): Settled {
  const hook = mutation.kind === 'complete' ? mutation.hook : '';
  const { nothingWaited } = attemptsOf(state, mutation);
  const rest = Math.min(LONGEST_NOTHING_WAITING_REST_MS, NOTHING_WAITING_REST_MS * 2 ** nothingWaited);
  const memory = confirmed(state.memory);
  const message = `no lifecycle action of hook ${hook} waits for this instance`;
  // As a heartbeat would have been told.
  const times = state.heartbeat?.outcome === 'nothing-waiting' ? state.heartbeat.times : 1;
  const heartbeat: Heartbeat = { at: now, outcome: 'nothing-waiting', times };
  return {
    state: withAttempts({ ...state, memory, heartbeat }, mutation, {
      failures: 0,
      nothingWaited: nothingWaited + 1,
      restsUntil: now + rest,
    }),
    stale: ['lifecycle', 'hooks'],
    events: [{ event: 'lifecycle.nothing-waiting', message, fields: { hook } }],
  };
}

/** Auto Scaling knows no such action any more: what it answered to our completing it was true. */
function confirmed(memory: Memory): Memory {
  const { completed } = memory;
  return completed ? { ...memory, completed: { ...completed, standing: 'confirmed' } } : memory;
}

function failed(
  state: DrainState,
  mutation: Mutation,
  error: AwsError,
  before: Memory,
  { now, jitter }: SettleContext,
): Settled {
  const failures = attemptsOf(state, mutation).failures + 1;
  const failure = { kind: error.kind, times: failures, at: now, since: now, jitter };
  const rest = Math.max(restAfter(failure, 'release'), SHORTEST_REST_MS);
  const isEnding = mutation.kind === 'complete' || mutation.kind === 'terminate';
  return {
    state: withAttempts(afterFailure(state, mutation, error, before, now), mutation, {
      failures,
      restsUntil: now + rest,
    }),
    // That AWS has had too much says nothing of the instance.
    stale: error.kind === 'throttled' ? [] : isEnding ? ['ecsView', 'lifecycle'] : ['ecsView'],
    events: [],
  };
}

/** Failures by which AWS has surely done nothing: it says so, there was nothing to sign the call with, or it was never sent. */
const SURELY_NOT: ReadonlySet<AwsErrorKind> = new Set([
  'rejected',
  'permission',
  'credentials',
  'throttled',
  'unsent',
]);

/** Whether DRAINING or ACTIVE was set although the call failed. AWS's own "no" is sure; without its word, it may have been. */
function afterFailure(
  state: DrainState,
  mutation: Mutation,
  error: AwsError,
  before: Memory,
  now: number,
): DrainState {
  if (mutation.kind !== 'set-draining' && mutation.kind !== 'set-active') return state;
  const surelyNot = SURELY_NOT.has(error.kind);
  if (!surelyNot) return { ...state, unsureBefore: now };
  // As before, it is ours to be given back: set ACTIVE is only what we had set DRAINING.
  if (before.drainingSetAt !== undefined) return state;
  const { drainingSetAt: _, ...memory } = state.memory;
  return { ...state, memory };
}

function withAttempts(state: DrainState, mutation: Mutation, changed: Partial<Attempts>): DrainState {
  const attempts = { ...attemptsOf(state, mutation), ...changed };
  return { ...state, attempts: { ...state.attempts, [tryOf(mutation)]: attempts } };
}

const attemptsOf = (state: DrainState, mutation: Mutation): Attempts =>
  state.attempts[tryOf(mutation)] ?? NONE;

function shown({ view, now }: SettleContext, containerInstance: ContainerInstance): Settled['shows'] {
  const { requests = 2, heard, own = [] } = view ?? {};
  const tasks = unknown('being listed again');
  const shows = {
    containerInstance,
    tasks,
    isListed: false,
    describedAt: now,
    requests,
    heard,
    own,
    gone: [],
  };
  return { view: shows, asOf: now };
}

/** Two heartbeats that are throttled make the others as rare as they may be; ten that are not, as frequent again. */
const STRAIN = 0.5;
const RELIEF = 0.1;

function strained(before: number, more: number): { strain?: number } {
  const strain = Math.min(1, Math.max(0, Math.round((before + more) * 10) / 10));
  return strain > 0 ? { strain } : {};
}

/** When one was last recorded, as far as this process knows. */
function recordedAt(last: Heartbeat | undefined): number | undefined {
  if (last?.outcome === 'recorded') return last.at;
  return last?.outcome === 'failed' ? last.recordedAt : undefined;
}
