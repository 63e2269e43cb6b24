import type { Hook, Lifecycle } from '../aws/auto-scaling.ts';
import type { Reading } from '../base/reading.ts';
import type { LocalTask, Registration } from '../host/ecs-agent.ts';
import type { Signals } from '../signals/read-signals.ts';
import type { Asked, DrainQuestion, EcsView, Explained, WatchQuestion } from './model.ts';

/** A question that is asked now and then, and what it was last answered. Times are in ms by the agent's clock. */
export type Poll<T> = {
  reading(): Reading<T>;
  /** The last answer that was known, whatever failed since: for what does not change by itself. */
  lastKnown(): T | undefined;
  /** When that was asked, or as of when it was shown; -Infinity before the first. */
  lastKnownAt(): number;
  asked(): Asked;
  /** Asks, unless an answer is awaited already. */
  ask(): void;
  /**
   * What is known better than any answer, after a change that was just made. An answer on its way is dropped.
   * @param asOf since when the rest of it is known
   */
  show(value: T, asOf: number): void;
  /** The answer no longer counts: the question is due at once, and an answer on its way is dropped. */
  invalidate(): void;
  /** Nothing is known any more until it is asked anew, and an answer on its way is dropped. */
  forget(cause: string): void;
  /** Nobody wants to know any more: an answer on its way lands nowhere. */
  close(): void;
};

/** Makes a question due at once, unless it is already: then it is on its way, or rests after a failure. */
export type AskAnew = (poll: Pick<Poll<unknown>, 'asked' | 'invalidate'>) => void;

/** What is asked for as long as the agent runs. */
export type WatchPolls = {
  readonly signals: Poll<Signals>;
  readonly identity: Poll<string>;
  readonly registration: Poll<Registration>;
} & Readonly<Record<WatchQuestion, Poll<unknown>>>;

/** What is asked in one drain. */
export type DrainPolls = {
  readonly localTasks: Poll<readonly LocalTask[]>;
  readonly ecsView: Poll<EcsView>;
  readonly lifecycle: Poll<Lifecycle>;
  readonly hooks: Poll<readonly Hook[]>;
  readonly retention: Poll<boolean>;
  readonly explained: Poll<Explained>;
} & Readonly<Record<DrainQuestion, Poll<unknown>>>;

/** What the answers of one drain add up to. Times are in ms by the agent's clock. */
export type SeenInDrain = {
  /** The tasks that the ECS agent has listed, by ARN. */
  readonly onHost: ReadonlyMap<string, SeenTask>;
  /** Those of them that ECS has called gone since. */
  readonly gone: ReadonlySet<string>;
  /** Those that ECS has described as tasks that the drain does not wait for. */
  readonly ignored: ReadonlySet<string>;
  /** Since when the ECS agent has not answered. */
  readonly silentSince: number | undefined;
  /** Since when the ECS agent has listed no task. */
  readonly emptySince: number | undefined;
  /** Since when it has listed none but ignored ones. */
  readonly onlyIgnoredSince: number | undefined;
  /** Since when the group takes the instance out, without its hook waiting yet. */
  readonly terminatingSince: number | undefined;
  /** How long its answers have said, one after the other, since the tag was read that is there, that the group keeps the instance, in ms. */
  readonly keptForMs: number | undefined;
  /** When the group itself was last asked that then said that no lifecycle action waits for the instance. */
  readonly notWaitingAt: number | undefined;
};

/** A task that the ECS agent on this host has listed, and when it first and last did, in ms by the agent's clock. */
export type SeenTask = LocalTask & { readonly since: number; readonly at: number };
