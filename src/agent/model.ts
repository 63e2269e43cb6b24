import type { Hook, Lifecycle } from '../aws/auto-scaling.ts';
import type { Task } from '../aws/ecs.ts';
import type { AwsError, AwsErrorKind } from '../aws/errors.ts';
import type { Reading } from '../base/reading.ts';
import type { Config } from '../config/options.ts';
import type { Registration } from '../host/ecs-agent.ts';
import type { EventName } from '../log/events.ts';
import type { Fields } from '../log/log.ts';
import type { HookStage } from '../operator-hooks/operator-hooks.ts';
import type { Signal, SilentSources, TagSignal } from '../signals/signal.ts';

/**
 * The agent's words. Types only. Unless a comment says otherwise, times are in ms since the Unix epoch by the agent's
 * own clock, which starts at the host's time and then follows the monotonic one.
 */

/** Everything that is known at one moment, and what is not. */
export type Observation = {
  readonly now: number;
  /** What the host's wall clock says at the same moment: what AWS announces is in its time. */
  readonly wallNow: number;
  /** What says that this instance must go. Known and empty: nothing does. */
  readonly signals: Reading<readonly Signal[]>;
  /** The sources that do not answer, and why, whether or not another has a signal. Absent where all do, and where none was asked yet. */
  readonly silentSignals?: SilentSources | undefined;
  /** When what asks for this instance last changed, as far as this process has seen: its own beginning at the earliest. */
  readonly signalsChangedAt?: number | undefined;
  /** A tag that is left out of the signals, because the lifecycle event that it tells of is over. */
  readonly pastTag?: TagSignal | undefined;
  /** `changed`: the metadata now names another instance, so nothing here can be trusted. */
  readonly identity: 'confirmed' | 'changed';
  readonly containerInstance: Reading<ContainerInstance>;
  /** The tasks on this host that are not gone, as ECS and the ECS agent together know them. */
  readonly tasks: Reading<readonly Task[]>;
  /** Since when the ECS agent has seen no task, which is some seconds before ECS hears of it. */
  readonly emptySince?: number | undefined;
  /** Since when the ECS agent has not answered. */
  readonly ecsAgentSilentSince?: number | undefined;
  readonly lifecycle: Reading<Lifecycle>;
  /**
   * Since when the group has not answered, as far as it was asked: its first failure in a row, or when what it had said was
   * forgotten. Absent: it has answered.
   */
  readonly groupSilentSince?: number | undefined;
  /** The group is still to answer for the first time in this process's drain, and has not failed to for half a minute. */
  readonly isGroupAwaited?: boolean | undefined;
  /** The group that terminates the instance by the last word on it, which is metadata's: the group itself has not answered since, or fails to. */
  readonly assumedGroup?: string | undefined;
  /** The group that had begun to terminate the instance, or to replace its root volume, when it last answered: no action waited yet. */
  readonly beginningGroup?: string | undefined;
  /** How long the group has been saying, without a word to the contrary, that it keeps the instance, in ms. */
  readonly keptForMs?: number | undefined;
  /** When the group itself last said that no lifecycle action waits for this instance, as far as this process has asked. */
  readonly notWaitingAt?: number | undefined;
  /** When metadata last said that the group keeps the instance; absent where this process never read that. */
  readonly keptAt?: number | undefined;
  /** The group's terminating lifecycle hooks, everybody's, as they were last known in this drain. */
  readonly hooks: Reading<readonly Hook[]>;
  /** Whether the group keeps an instance whose terminating hook is abandoned, as last known in this drain. */
  readonly retainsAbandoned: Reading<boolean>;
  /** The group was asked for that again and did not answer, and its last answer is more than a minute old. */
  readonly isRetentionOld?: boolean | undefined;
  /** Until when StopTask before a Spot interruption rests, or is under way. */
  readonly spotStopRestsUntil?: number | undefined;
  readonly memory: Memory;
  /** What ECS says about the services whose tasks are waited for; absent where it has not been asked. */
  readonly explained?: Explained | undefined;
  /** How the operator's hooks of stage `drained` are doing, which the release waits for. Absent: there are none. */
  readonly drainedHooks?: StageState | undefined;
  /** When the last heartbeat was recorded or tried by this process. */
  readonly lastHeartbeat: Heartbeat | undefined;
  /** Until when a completion of our lifecycle action rests that got nowhere. Absent: none does. */
  readonly completionRestsUntil?: number | undefined;
  /** When asking a task to stop last failed, by task ARN, as far as this process has tried. */
  readonly stopRefusedAt?: Readonly<Record<string, number>> | undefined;
  /**
   * Auto Scaling has throttled the question after its hooks: when metadata last said that the group keeps the instance, so that no
   * action has waited for longer, and this instance's share of the time that is left, uniform in [0, 1). Absent: it has not, or
   * metadata was never read before.
   */
  readonly crowded?: { readonly keptAt: number; readonly spread: number } | undefined;
};

export type ContainerInstance =
  | {
      readonly kind: 'registered';
      readonly cluster: string;
      readonly arn: string;
      /** As ECS names it: `ACTIVE`, `DRAINING`, `REGISTERING`, … */
      readonly status: string;
      /** Whether its ECS agent is connected to ECS, as ECS last said. */
      readonly agentConnected?: boolean;
      /** The ARN of one that registered on this host later, while ECS may not know yet which of them the host is. */
      readonly newer?: string | undefined;
    }
  | { readonly kind: 'deregistered'; readonly arn: string }
  | { readonly kind: 'never-registered' };

export type Registered = Extract<ContainerInstance, { kind: 'registered' }>;

export type Heartbeat = {
  readonly at: number;
  /** From 0 to 1: how much the account's requests have been short for heartbeats of late. Absent: not at all. */
  readonly strain?: number | undefined;
  /** Uniform in [0, 1): instances that were throttled together must not come back together. Only where one was throttled of late. */
  readonly jitter?: number | undefined;
  /** Whether one was throttled itself, and the strain of that is not over. */
  readonly wasThrottled?: true | undefined;
} & (
  | { readonly outcome: 'recorded' }
  | {
      readonly outcome: 'failed';
      /** When one was last recorded. */
      readonly recordedAt?: number | undefined;
    }
  /** AWS says that no such action waits, so many times in a row. */
  | { readonly outcome: 'nothing-waiting'; readonly times: number }
);

/** How the operator's hooks of one stage are doing. `held`: they failed, and the instance waits until they succeed. */
export type StageState = 'due' | 'running' | 'held' | 'settled';

/** What outlives a restart: hints that make the agent more precise, never what it relies on for safety. */
export type Memory = {
  /** When the first signal of this drain was seen. */
  readonly signalledAt?: number;
  /** The signals seen in this drain, the first one first. */
  readonly signals?: readonly Signal[];
  /** When a Spot interruption notice was first seen in this drain. */
  readonly spotSeenAt?: number;
  /** When we set, or began to set, the container instance DRAINING. */
  readonly drainingSetAt?: number;
  /** The ARN of that container instance. Absent beside its time: an earlier version wrote it, and it counts for whichever the host is. */
  readonly drainingSetOn?: string;
  /** The ARN of the container instance that we deregistered in this drain, once its tasks were known. */
  readonly deregistered?: string;
  /** Whether the group was about to replace the root volume, when it was last heard. */
  readonly isReplacing?: boolean;
  /** Whether the group terminated the instance, or retained it, when it was last heard itself, or a heartbeat was recorded since. */
  readonly isTerminating?: boolean;
  /** When the group itself last said in this drain that no lifecycle action waits for this instance. */
  readonly notWaitingAt?: number;
  /** The lifecycle action that was last known to wait for us. */
  readonly waiting?: WaitingHint;
  /** The hook that was last known to be ours: the one that the tag's value named, or for which an action waited. */
  readonly hook?: Hook;
  /** The hook that the tag's value named last, after another one, while the group had not said which hooks it has. */
  readonly namedHook?: string;
  /** Whether the group keeps an abandoned instance, as it last said in this drain. */
  readonly retains?: boolean;
  /** The lifecycle action that we completed. */
  readonly completed?: Completion;
  /** When we terminated the instance in its group. */
  readonly terminatedAt?: number;
  /** When each task was last asked to stop, by task ARN. */
  readonly askedToStop?: Readonly<Record<string, number>>;
  /** ARNs of the tasks that were last known to be left: ECS lists none of them once the instance is deregistered. */
  readonly tasksLeft?: readonly string[];
  /** When the latest of them was first seen in this drain: ECS may not know it yet. */
  readonly tasksAddedAt?: number;
  /** The stages whose operator hooks have run in this drain, and what came of them. */
  readonly hooksRun?: Readonly<Partial<Record<HookStage, 'succeeded' | 'failed'>>>;
};

/** A lifecycle action that we completed. */
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

/** A lifecycle action that waits for us, and since when it can have waited, at the earliest: its global limit counts from then. */
export type Waiting = { readonly since: number; readonly group: string; readonly hook: Hook };

/** The same, while it is not known yet which hook is ours. */
export type WaitingHint = Omit<Waiting, 'hook'> & { readonly hook?: Hook };

/** Which lifecycle hook is ours to keep alive and to complete. */
export type HookChoice =
  /** `ignored`: the tag's value names a hook that the group does not have, which is no choice. */
  | { readonly kind: 'ours'; readonly hook: Hook; readonly ignored?: string }
  | { readonly kind: 'unknown'; readonly cause: string }
  /** The group has no terminating hook that could be ours. */
  | { readonly kind: 'none' }
  /** Several could be ours, and nothing says which. */
  | { readonly kind: 'ambiguous'; readonly names: readonly string[] }
  /** The hook that the option names is not there. */
  | { readonly kind: 'missing'; readonly wanted: string; readonly names: readonly string[] };

/** What the policy needs of the configuration. */
export type Policy = Pick<
  Config,
  | 'mode'
  | 'signals'
  | 'drainTimeout'
  | 'onTimeout'
  | 'ignoreTasks'
  | 'lifecycleHook'
  | 'spotStopTasks'
  | 'rebalanceTerminate'
>;

export type Decision = {
  readonly action: Action;
  /** The lifecycle action whose heartbeat is due, beside the action. */
  readonly heartbeat?: { readonly group: string; readonly hook: string } | undefined;
  /** When the next one will be due. */
  readonly nextHeartbeatAt?: number | undefined;
};

export type Action =
  | { readonly kind: 'watch' }
  | { readonly kind: 'refuse'; readonly why: 'identity-changed' }
  /** Tasks are left, or something must become known first. */
  | { readonly kind: 'wait'; readonly why: Wait }
  | { readonly kind: 'done'; readonly why: Done }
  | Mutation;

/** The actions that change something in AWS. */
export type Mutation =
  | { readonly kind: 'set-active'; readonly containerInstance: Registered }
  | { readonly kind: 'set-draining'; readonly containerInstance: Registered }
  | {
      readonly kind: 'stop-tasks';
      readonly cluster: string;
      readonly tasks: readonly Task[];
      /** `ignored`: no other task is left, and these never end by themselves. */
      readonly why: 'timeout' | 'spot' | 'ignored';
    }
  | { readonly kind: 'deregister'; readonly containerInstance: Registered }
  | {
      readonly kind: 'complete';
      readonly group: string;
      readonly hook: string;
      readonly result: 'CONTINUE' | 'ABANDON';
      readonly why: 'drained' | 'timeout' | 'hook-limit';
    }
  | { readonly kind: 'terminate'; readonly why: 'drained' | 'timeout' | 'rebalance' };

export type Wait =
  | { readonly for: 'tasks'; readonly tasks: readonly Task[]; readonly pastTimeout: boolean }
  | { readonly for: 'signals' | 'container-instance' | 'task-list' | 'group-state'; readonly cause: string }
  /** The group has begun to terminate the instance, and its hook does not wait yet. */
  | { readonly for: 'hook' }
  /** The operator's own, of stage `drained`. `failed`: they are tried again until they succeed. */
  | { readonly for: 'operator-hooks'; readonly state: 'running' | 'failed' }
  /** The lifecycle action waits, and which hook is ours can't be told. */
  | { readonly for: 'hook-choice'; readonly choice: Exclude<HookChoice, { kind: 'ours' }> };

export type Done =
  /** Deregistered by request; the group has not begun to terminate the instance. */
  | 'maintenance'
  /** In no group: there is nobody to tell. */
  | 'no-group'
  /** We completed the lifecycle action or terminated the instance. */
  | 'released'
  /** EC2 has scheduled an event that the host outlasts: drained, it waits for it in its cluster. */
  | 'event'
  /** The group replaces the root volume: the same instance returns to service afterwards. */
  | 'root-volume'
  /** The group is terminating the instance whatever we do. */
  | 'terminating';

/** What is tried on its own: a limit's StopTask that hangs, waits or rests must not hold up the one before a Spot interruption. */
export type Try =
  | Exclude<Mutation['kind'], 'stop-tasks'>
  | `stop-tasks ${Extract<Mutation, { kind: 'stop-tasks' }>['why']}`;

/** What came of a mutation. A failure is a value here: the loop decides anew, whatever happened. */
export type Outcome =
  | { readonly kind: 'done' }
  /** ECS refused to deregister: tasks still run. */
  | { readonly kind: 'tasks-running' }
  /** No lifecycle action of that hook waits for this instance. */
  | { readonly kind: 'nothing-waiting' }
  /** Of the tasks that were to be asked to stop these were, and others could not be. */
  | {
      readonly kind: 'partly';
      readonly asked: readonly Task[];
      readonly error: AwsError;
      readonly refused?: readonly Task[];
    }
  /** `refused`: of the tasks that were to be asked to stop, those for which the request was sent and failed. */
  | { readonly kind: 'failed'; readonly error: AwsError; readonly refused?: readonly Task[] };

/** What is asked while nothing happens, and what more in a drain. */
export type WatchQuestion = 'signals' | 'identity' | 'registration';
export type DrainQuestion = 'localTasks' | 'ecsView' | 'lifecycle' | 'hooks' | 'retention' | 'explained';
export type Question = WatchQuestion | DrainQuestion;

/** What is asked, and how often, depends on this. */
export type Phase = 'watching' | 'draining' | 'done';

/** How one question is doing. */
export type Asked = {
  /** When the question was put whose answer, or failure to answer, came last. -Infinity before the first. */
  readonly at: number;
  /** When that answer or failure came: a request can wait a minute for its turn. -Infinity before the first. */
  readonly answeredAt: number;
  readonly isAsking: boolean;
  /** What it said no longer counts, or it failed to say anything: it is due at once. */
  readonly isStale: boolean;
  /** Calls that failed, in a row; absent where the last one did not. */
  readonly failure?: Failure | undefined;
};

/** `jitter` is uniform in [0, 1): instances that failed together must not come back together. */
export type Failure = {
  readonly kind: AwsErrorKind;
  readonly times: number;
  readonly at: number;
  /** When the first of them failed. */
  readonly since: number;
  readonly jitter: number;
};

/**
 * How ECS is looked at. `full`: all that a release rests on. `all`: the same, with the tasks of a container instance that is ACTIVE.
 * `quick`: how the tasks that are known are doing. `check`: the same, and whether the container instance is as it was. `confirm`:
 * whether it is, where a list of a moment ago named no task. `given-back`: only what has become of the container instances that ECS
 * itself has said run here, of which one may have to be given back.
 */
export type ViewKind = 'full' | 'all' | 'quick' | 'check' | 'confirm' | 'given-back';

/** What ECS says about this host. */
export type EcsView = {
  readonly containerInstance: ContainerInstance;
  /** The tasks that are not STOPPED. Unknown right after a change that makes the last list worthless. */
  readonly tasks: Reading<readonly Task[]>;
  /** Whether its tasks were listed, or only those of the view before described again. */
  readonly isListed: boolean;
  /** When its tasks were last listed, in ms by the agent’s clock. Absent: they were not, or not in this drain. */
  readonly listedAt?: number;
  /** When the container instance itself was last described, or changed, in ms by the agent’s clock. Absent: with the rest. */
  readonly describedAt?: number;
  /** How many ListTasks requests a list of them takes. */
  readonly requests: number;
  /** The container instance that the ECS agent said this host is when this was asked; undefined where it was silent. */
  readonly heard: string | undefined;
  /** The container instances that ECS itself has said run on this EC2 instance. */
  readonly own: readonly Registration[];
  /** ARNs of tasks that were asked after by name, and that ECS calls gone or another instance's. */
  readonly gone: readonly string[];
  /** Those of them that ECS does not know, and has never described in this drain: it may not know them yet. */
  readonly missing?: readonly string[];
  /**
   * ECS has counted a task here that it has not described since: it may be on its way down, where it is not counted. Or something else
   * than this drain's views may have told of one lately.
   */
  readonly hasUnlisted?: boolean | undefined;
  /** When ECS first called it DRAINING in this drain, as far as it was asked, in ms by the agent's clock. */
  readonly drainingSince?: number | undefined;
};

/**
 * A container instance that the ECS agent, or ECS, has named, and when it first did, in ms by the agent's clock. Where ECS
 * named it to an earlier process: when that one last saved its state.
 */
export type Heard = Registration & { readonly since: number };

/** What is known of one drain beside what was asked: changed by what was done, and by nothing else. */
export type DrainState = {
  readonly memory: Memory;
  readonly attempts: Readonly<Partial<Record<Try, Attempts>>>;
  readonly heartbeat: Heartbeat | undefined;
  /** When asking a task to stop last failed, by task ARN. */
  readonly stopRefusedAt?: Readonly<Record<string, number>> | undefined;
  /** In a dry run: what was done in name only. */
  readonly pretended: readonly Mutation['kind'][];
  /** A view of ECS that was asked before this does not tell whether the state that we set, DRAINING or ACTIVE, has arrived. */
  readonly unsureBefore: number;
};

/** How one kind of mutation has fared since it last got anywhere. */
export type Attempts = {
  readonly failures: number;
  readonly refusals: number;
  readonly nothingWaited: number;
  /** Not to be tried again before this. */
  readonly restsUntil: number;
};

/** Told of whatever a question or a change fails with that is no failure of AWS's or the host's: an error in this program. */
export type OnFault = (question: string, error: unknown) => void;

/** A line for the log. */
export type Event = { readonly event: EventName; readonly message: string; readonly fields?: Fields };

/** What ECS says about the services and tasks that a drain waits for. */
export type Explained = {
  readonly services: readonly ServiceState[];
  readonly protectedTasks: readonly { readonly arn: string; readonly until?: number | undefined }[];
};

/** Times are ECS's own. */
export type ServiceState = {
  readonly name: string;
  readonly isDaemon: boolean;
  readonly desired: number;
  readonly running: number;
  readonly pending: number;
  readonly minimumHealthyPercent: number | undefined;
  readonly maximumPercent: number | undefined;
  /** Newest first; times in ms since the Unix epoch. */
  readonly events: readonly { readonly at: number; readonly message: string }[];
};
