import type { Task } from '../../aws/ecs.ts';
import type { AwsError, AwsErrorKind } from '../../aws/errors.ts';
import { listInterval } from '../decide/ecs-pace.ts';
import { restAfter } from '../decide/rest.ts';
import type { DrainState, Heartbeat, Memory, Mutation, Outcome } from '../model.ts';
import { attemptsOf, confirmed, withAttempts, withoutDraining } from './drain-state.ts';
import { done, stopping, terminateRest } from './settle-done.ts';
import type { SettleContext, Settled } from './settled.ts';

/** ECS refused to deregister though it lists no task, so many times in a row: it will soon know better, or somebody must see to it. In ms. */
const REFUSED_REST_MS = [
  { until: 1, ms: 2_000 },
  { until: 2, ms: 3_000 },
  { until: 3, ms: 4_000 },
  { until: 24, ms: 5_000 },
  { until: 44, ms: 15_000 },
] as const;
const LONGEST_REFUSED_REST_MS = 60_000;
const NOTHING_WAITING_REST_MS = 15_000;
const LONGEST_NOTHING_WAITING_REST_MS = 300_000;
const SHORTEST_REST_MS = 1_000;
/** … from the fifth failure in a row on: the twelve requests of a minute must last until an outage ends. */
const SPACED_REST_MS = 6_000;
const SPACED_AFTER = 4;
const shortestRest = (failures: number) => (failures > SPACED_AFTER ? SPACED_REST_MS : SHORTEST_REST_MS);
/** Before a Spot interruption half a minute must hold several tries, whatever AWS refuses. */
const LONGEST_SPOT_REST_MS = 5_000;

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
      const noted = withRefused(arrived, outcome.refused, context.now);
      const rested = failed(noted, mutation, outcome.error, before, context);
      if (mutation.kind !== 'stop-tasks') return rested;
      return stopping(rested.state, mutation, outcome.asked, context);
    }
    case 'failed': {
      const noted = withRefused(arrived, outcome.refused, context.now);
      return failed(noted, mutation, outcome.error, before, context);
    }
  }
}

/** So that those which cannot be asked to stop come last the next time. */
function withRefused(state: DrainState, refused: readonly Task[] = [], now: number): DrainState {
  if (refused.length === 0) return state;
  const at = Object.fromEntries(refused.map(({ arn }) => [arn, now] as const));
  return { ...state, stopRefusedAt: { ...state.stopRefusedAt, ...at } };
}

function tasksRunning(state: DrainState, mutation: Mutation, { now, mode, view }: SettleContext): Settled {
  const isPlain = mode === 'deregister';
  const { refusals } = attemptsOf(state, mutation);
  // In mode `deregister`, refusals are what one waits for. Each try takes a list.
  const refused = REFUSED_REST_MS.find(({ until }) => refusals < until)?.ms ?? LONGEST_REFUSED_REST_MS;
  const rest = isPlain ? listInterval(view?.requests ?? 0) : refused;
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
  const isRepeated = state.memory.completed?.standing === 'confirmed' || nothingWaited > 0;
  const memory = confirmed(state.memory, now);
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
    // While another owner's hook holds the instance it is repeated, whoever has ended our action: that is told once.
    events: isRepeated ? [] : [{ event: 'lifecycle.nothing-waiting', message, fields: { hook } }],
  };
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
  const isUnasked = mutation.kind === 'stop-tasks' && error.kind === 'unsent';
  const isEnding = mutation.kind === 'complete' || mutation.kind === 'terminate';
  // A group that refuses to terminate the instance, as one of a warm pool may, is told ever more rarely, as one that retains it again.
  const isRefused = mutation.kind === 'terminate' && error.kind === 'rejected';
  const rest = isRefused
    ? terminateRest(failures)
    : error.kind === 'throttled' && (isEnding || mutation.kind === 'deregister')
      ? restAfter(failure, 'releasing')
      : Math.max(restAfter(failure, 'release'), shortestRest(failures) * (1 + jitter * 0.2));
  const isForSpot = mutation.kind === 'stop-tasks' && mutation.why === 'spot';
  return {
    state: withAttempts(afterFailure(state, mutation, error, before, now), mutation, {
      failures,
      restsUntil: now + (isForSpot ? Math.min(rest, LONGEST_SPOT_REST_MS) : rest),
    }),
    // That AWS has had too much says nothing of the instance, nor does a task that nobody was asked to stop.
    stale: error.kind === 'throttled' || isUnasked ? [] : isEnding ? ['ecsView', 'lifecycle'] : ['ecsView'],
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
  const { drainingSetAt, drainingSetOn } = before;
  const memory = withoutDraining(state.memory);
  if (drainingSetAt === undefined) return { ...state, memory };
  const ours = { drainingSetAt, ...(drainingSetOn !== undefined && { drainingSetOn }) };
  return { ...state, memory: { ...memory, ...ours } };
}
