/** Uniform in [0, 1). */
export type Random = () => number;

/** The bounds between two looks at a running task, in ms. */
const SOONEST_MS = 2_000;
const LATEST_MS = 60_000;
/** The part of the time that a task has run after which ECS is asked again. */
const SHARE = 0.05;

/**
 * How long to wait before a running task is described again, in ms. `ageMs` is how long it has run. In the end it is one
 * request a minute: a thousand launchers of long jobs ask 17 times a second together, and ECS allows an account 20.
 * `slowness` is by how much it asks more rarely.
 */
export function lookDelay(ageMs: number, random: Random, slowness = 1): number {
  const own = Math.max(SOONEST_MS, ageMs * SHARE * (0.8 + 0.4 * random()));
  return Math.min(LATEST_MS, own * slowness);
}

const SLOWEST = 16;

/**
 * After a request that was throttled. The account's limits are shared: a crowd of launchers at its usual pace would take
 * the requests of the agents that drain instances.
 */
export const slower = (slowness: number): number => Math.min(SLOWEST, slowness * 2);
/** After one that was answered. */
export const faster = (slowness: number): number => Math.max(1, slowness * 0.85);

/** While the task is on its way to its end, because it was asked to stop, in ms. */
export const STOPPING_DELAY_MS = 2_000;

/** How long to wait before the next try where there was no room, in ms. `tries` counts those before. */
export function roomDelay(tries: number, random: Random): number {
  return Math.min(30_000, 5_000 * 1.5 ** Math.min(tries, 10)) * (0.5 + 0.5 * random());
}

/** Between the tries that go through used client tokens, in ms. */
export function catchUpDelay(random: Random): number {
  return 300 * (1 + random());
}

/**
 * How long until an answer is compared with the cluster again, in ms: for so long at most a launch waits beside room. Each
 * time takes two requests of a limit that the account shares. `waitedMs` is how long it has waited.
 */
export function compareDelay(waitedMs: number, random: Random): number {
  return Math.min(300_000, Math.max(45_000, waitedMs / 4)) * (0.8 + 0.4 * random());
}

/** How long a launched instance has to boot and register before the group is asked for more, in ms. */
export function bootDelay(random: Random): number {
  return 120_000 * (1 + random() / 4);
}

/** While instances boot that will have room, in ms: then it is seen whether they had. */
export const BOOTING_DELAY_MS = 45_000;

/** Before a group at its maximum, or one that refuses, is asked again, in ms. */
export const FULL_DELAY_MS = 60_000;

const FIRST_BACKOFF_MS = 2_000;
const MOST_BACKOFF_MS = 60_000;
/** Even the luckiest draw leaves AWS this long. */
const LEAST_BACKOFF_MS = 500;

/** After a call that was throttled or had no answer, in ms: exponential with full jitter. `failures` in a row, from 1. */
export function backoff(failures: number, random: Random): number {
  const ceiling = Math.min(MOST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures - 1, 10));
  return Math.max(LEAST_BACKOFF_MS, random() * ceiling);
}
