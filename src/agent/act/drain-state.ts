import type { Attempts, DrainState, Memory, Mutation, Try } from '../model.ts';

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
 * The state once a lifecycle action waits, or another hook's is ours: earlier answers that nothing waits do not apply to it. A
 * heartbeat that was recorded since the wait is known does: often it is how one knows.
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
  // DRAINING does not wait for its answer.
  if (tryOf(mutation) === 'stop-tasks spot')
    return withAttempts(state, mutation, { restsUntil: now + SPOT_STOP_TAKES_MS });
  if (mutation.kind !== 'set-draining') return state;
  // Written ahead: killed in between, we must not take our own DRAINING for somebody else's.
  const memory = { ...state.memory, drainingSetAt: now, drainingSetOn: mutation.containerInstance.arn };
  return { ...state, memory, unsureBefore: Infinity };
}

/** Longer than StopTask can take for all tasks, in ms. */
const SPOT_STOP_TAKES_MS = 60_000;

/** A mutation that a dry run leaves out counts as done, so that one sees what would come next. */
export function pretend(state: DrainState, mutation: Mutation): DrainState {
  const others = state.pretended.filter((kind) => kind !== mutation.kind);
  const kept = mutation.kind === 'set-active' ? others.filter((kind) => kind !== 'set-draining') : others;
  return { ...state, pretended: [...kept, mutation.kind] };
}

/** The state once the try of a mutation has fared so. */
export function withAttempts(state: DrainState, mutation: Mutation, changed: Partial<Attempts>): DrainState {
  const attempts = { ...attemptsOf(state, mutation), ...changed };
  return { ...state, attempts: { ...state.attempts, [tryOf(mutation)]: attempts } };
}

/** The memory once nothing that we had set DRAINING is left to be given back. */
export function withoutDraining(memory: Memory): Memory {
  const { drainingSetAt: _, drainingSetOn: __, ...rest } = memory;
  return rest;
}

/** How a mutation has fared so far. */
export const attemptsOf = (state: DrainState, mutation: Mutation): Attempts =>
  state.attempts[tryOf(mutation)] ?? NONE;

/** Auto Scaling knows no such action any more: what it answered to our completing it was true. */
export function confirmed(memory: Memory, now: number): Memory {
  const { completed } = memory;
  return completed ? { ...memory, completed: { ...completed, at: now, standing: 'confirmed' } } : memory;
}

const NONE: Attempts = { failures: 0, refusals: 0, nothingWaited: 0, restsUntil: -Infinity };
