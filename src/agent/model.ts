import type { Hook, Lifecycle } from '../aws/auto-scaling.ts';
import type { Task } from '../aws/ecs.ts';
import type { Reading } from '../base/reading.ts';
import type { HookStage } from '../operator-hooks/operator-hooks.ts';
import type { Signal } from '../signals/signal.ts';
import type { StageState } from './act/hook-stages.ts';
import type { Explained } from './report/blocked.ts';

/** Everything that is known at one moment, and what is not. Times are in ms since the Unix epoch. */
export type Observation = {
  readonly now: number;
  /** What says that this instance must go. Known and empty: nothing does. */
  readonly signals: Reading<readonly Signal[]>;
  /** `changed`: the metadata now names another instance, so nothing here can be trusted. */
  readonly identity: 'confirmed' | 'changed';
  readonly containerInstance: Reading<ContainerInstance>;
  /** The tasks on this host that are not gone, as ECS and the ECS agent together know them. */
  readonly tasks: Reading<readonly Task[]>;
  /** Since when the ECS agent has seen no task, which is some seconds before ECS hears of it. */
  readonly emptySince?: number | undefined;
  readonly lifecycle: Reading<Lifecycle>;
  /** The group's terminating lifecycle hooks, everybody's. */
  readonly hooks: Reading<readonly Hook[]>;
  /** Whether the group keeps an instance whose terminating hook is abandoned. */
  readonly retainsAbandoned: Reading<boolean>;
  readonly memory: Memory;
  /** What ECS says about the services whose tasks are waited for; absent where it has not been asked. */
  readonly explained?: Explained | undefined;
  /** How the operator's hooks of stage `drained` are doing, which the release waits for. Absent: there are none. */
  readonly drainedHooks?: StageState | undefined;
  /** When the last heartbeat was recorded or tried by this process. */
  readonly lastHeartbeat: Heartbeat | undefined;
};

export type ContainerInstance =
  | {
      readonly kind: 'registered';
      readonly cluster: string;
      readonly arn: string;
      /** As ECS names it: `ACTIVE`, `DRAINING`, `REGISTERING`, … */
      readonly status: string;
    }
  | { readonly kind: 'deregistered'; readonly arn: string }
  | { readonly kind: 'never-registered' };

export type Heartbeat =
  | { readonly at: number; readonly outcome: 'recorded' }
  /** `recordedAt`: when one was last recorded. */
  | { readonly at: number; readonly outcome: 'failed'; readonly recordedAt?: number | undefined }
  /** AWS says that no such action waits, so many times in a row. */
  | { readonly at: number; readonly outcome: 'nothing-waiting'; readonly times: number };

/** What outlives a restart: hints that make the agent more precise, never what it relies on for safety. */
export type Memory = {
  /** When the signal was first seen. */
  readonly signalledAt?: number;
  /** The signals seen in this drain, the first one first. */
  readonly signals?: readonly Signal[];
  /** When we set, or began to set, the container instance DRAINING. */
  readonly drainingSetAt?: number;
  /** The lifecycle action that was last known to wait for us. */
  readonly waiting?: WaitingHint;
  /** The lifecycle action that we completed. */
  readonly completed?: Completion;
  /** Whether we terminated the instance in its group. */
  readonly terminated?: boolean;
  /** When each task was last asked to stop, by task ARN. */
  readonly askedToStop?: Readonly<Record<string, number>>;
  /** ARNs of the tasks that were last known to be left: ECS lists none of them once the instance is deregistered. */
  readonly tasksLeft?: readonly string[];
  /** The stages whose operator hooks have run in this drain, and what came of them. */
  readonly hooksRun?: Readonly<Partial<Record<HookStage, 'succeeded' | 'failed'>>>;
};

/** A lifecycle action that we completed, at `at` in ms since the Unix epoch. */
export type Completion = {
  readonly hook: string;
  readonly result: 'CONTINUE' | 'ABANDON';
  readonly at: number;
  /**
   * `answered`: Auto Scaling's answer looked like success. `doubted`: it did, and yet the action still waits.
   * `confirmed`: Auto Scaling knows no such action any more; another owner's hook holds the instance.
   */
  readonly standing: 'answered' | 'doubted' | 'confirmed';
};

/** A lifecycle action that waits for us, since when it does, in ms since the Unix epoch. */
export type Waiting = { readonly since: number; readonly group: string; readonly hook: Hook };

/** The same, while it is not known yet which hook is ours. */
export type WaitingHint = Omit<Waiting, 'hook'> & { readonly hook?: Hook };
