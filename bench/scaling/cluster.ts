import type { Job } from './model.ts';

/** One instance of the group in a replay. Times in ms. */
export type Instance = {
  readonly id: number;
  readonly launchedAt: number;
  readonly readyAt: number;
  state: 'booting' | 'active' | 'draining' | 'gone';
  /** It has been terminated: it goes as soon as no task runs on it. */
  isLeaving: boolean;
  freeCpu: number;
  readonly tasks: Set<RunningJob>;
  /** When its last task ended, or when it registered. */
  idleSince: number;
  drainingSince: number;
};

export type RunningJob = {
  readonly job: Job;
  readonly instance: Instance;
  readonly startedAt: number;
  readonly endsAt: number;
  /** When it is thought to end, by the run time that was guessed. */
  readonly guessedEnd: number;
};

/** A cluster and its group as a policy sees and changes them. */
export type Cluster = {
  readonly now: number;
  readonly instanceCpu: number;
  readonly bootMs: number;
  readonly maxSize: number;
  /** Those of the group that are not gone, in the order of their launches. */
  readonly instances: ReadonlySet<Instance>;
  /** Jobs that no instance has room for, the longest waiting first. */
  readonly waiting: readonly Job[];
  /** Changes with everything that happens in the cluster. */
  readonly version: number;
  launch(count: number): void;
  /** Sets it DRAINING: nothing new is placed there. */
  cordon(instance: Instance): void;
  /** Sets it ACTIVE again. */
  uncordon(instance: Instance): void;
  /** Terminates it in its group, which wants one instance less then. Its agent lets it go once its last task has ended. */
  terminate(instance: Instance): void;
  /** Counts requests to AWS. */
  asked(requests: number): void;
};

/** What changes the size of a group. */
export type Policy = {
  /** From one turn to the next, in ms. */
  readonly everyMs: number;
  /** So long after a job has found no room there is a turn, in ms; undefined: it makes no difference. */
  readonly afterDemandMs?: number;
  turn(cluster: Cluster): void;
};
