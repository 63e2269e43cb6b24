import { digest, startedByOf } from '../base/keys.ts';

/** What a run-once key is in ECS's own fields. */
export type KeyNames = {
  /** At most 128 letters, digits, hyphens, slashes and underscores (ECS API reference, RunTask). */
  readonly startedBy: string;
  /** The client token of a RunTask, by how many have completed before it without starting anything. */
  clientToken(attempt: number): string;
};

/**
 * The names of a key in a cluster. They depend on nothing else, so every launcher with this key goes through the same
 * tokens in the same order. ECS answers a token that has been used with what it answered then: so a launcher that
 * follows on another one comes to the token that has started the task, and is given that task.
 */
export function keyNames(cluster: string, key: string): KeyNames {
  return {
    startedBy: startedByOf(cluster, key),
    clientToken: (attempt) => `${digest(cluster, key).slice(0, 40)}-${attempt}`,
  };
}
