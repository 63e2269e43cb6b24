import type { Clock } from '../../src/base/clock.ts';

/** Time that passes only when somebody says so, and at once. Times are in ms. */
export type VirtualClock = Clock & {
  /** What the wall clock of an untroubled host would show: what the rest of the world goes by. */
  trueNow(): number;
  /** Sets the wall clock forward, or back. The monotonic time goes on as if nothing had happened. */
  jump(ms: number): void;
  /** Plans something in the world outside. It runs before whoever sleeps until the same moment. */
  at(time: number, run: () => void): void;
  /** Wakes whoever is next, having moved the time there. False when nobody sleeps or all of it is later than `limit`. */
  step(limit?: number): boolean;
  /** Moves the time on by so much, and wakes whoever sleeps no longer than that. */
  pass(ms: number): void;
};

/** 2026-01-02T03:04:05.000Z */
export const START = 1_767_323_045_000;

/** @param start the wall clock at first, in ms since the Unix epoch */
export function createVirtualClock(start: number = START): VirtualClock {
  const heap: Sleeper[] = [];
  let now = 0;
  let offset = 0;
  let order = 0;

  const add = (at: number, wake: () => void): Sleeper => {
    const sleeper: Sleeper = { at, order: order++, wake };
    push(heap, sleeper);
    return sleeper;
  };

  const step = (limit = Infinity) => {
    let first = pop(heap);
    while (first && first.wake === undefined) first = pop(heap);
    if (!first) return false;
    if (start + first.at > limit) {
      push(heap, first);
      return false;
    }
    if (first.at > now) now = first.at;
    finish(first);
    return true;
  };

  return {
    now: () => start + now + offset,
    monotonic: () => now,
    trueNow: () => start + now,
    jump: (ms) => {
      offset += ms;
    },
    at: (time, run) => void add(time - start, run),
    sleep: (ms, { signal } = {}) => {
      if (signal?.aborted) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      // As Node's timers do: whole milliseconds, and at least one.
      const sleeper = ms < Infinity ? add(now + Math.max(1, Math.trunc(ms)), wake) : undefined;
      signal?.addEventListener('abort', giveUp, { once: true });
      return promise;

      function wake() {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      }
      function giveUp() {
        if (sleeper) finish(sleeper);
        else resolve();
      }
    },
    step,
    pass: (ms) => {
      const until = now + ms;
      while (step(start + until));
      now = until;
    },
  };
}

/**
 * Resolves when every promise that could go on has done so. Nothing but promises may be in flight: what waits for
 * real input, output or timers is not waited for. Node runs what `nextTick` was given once no promise can go on, without the turn
 * of its event loop that `setImmediate` takes.
 */
export const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** One that was woken, or that gave up, stays in the heap without a way to wake it. */
type Sleeper = { readonly at: number; readonly order: number; wake: (() => void) | undefined };

function finish(sleeper: Sleeper): void {
  const { wake } = sleeper;
  sleeper.wake = undefined;
  wake?.();
}

function push(heap: Sleeper[], sleeper: Sleeper): void {
  let index = heap.length;
  heap.push(sleeper);
  while (index > 0) {
    const above = (index - 1) >> 1;
    const parent = heap[above] as Sleeper;
    if (isBefore(parent, sleeper)) break;
    heap[index] = parent;
    index = above;
  }
  heap[index] = sleeper;
}

function pop(heap: Sleeper[]): Sleeper | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (!first || !last || heap.length === 0) return first;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    const right = heap[child + 1];
    if (right && isBefore(right, heap[child] as Sleeper)) child++;
    const smaller = heap[child] as Sleeper;
    if (isBefore(last, smaller)) break;
    heap[index] = smaller;
    index = child;
  }
  heap[index] = last;
  return first;
}

const isBefore = (a: Sleeper, b: Sleeper) => a.at < b.at || (a.at === b.at && a.order < b.order);
