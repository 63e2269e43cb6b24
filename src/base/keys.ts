import { createHash } from 'node:crypto';

/**
 * By what name a task is started that runs once for a key in a cluster: at most 128 letters, digits, hyphens, slashes and
 * underscores (ECS API reference, RunTask). It depends on nothing else, so whoever knows the key finds the task.
 */
export const startedByOf = (cluster: string, key: string): string =>
  `ecs-oneshot/${digest(cluster, key).slice(0, 40)}`;

/** JSON tells apart what plain concatenation would mix up. */
export const digest = (...parts: readonly string[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');
