import type { Lifecycle } from '../../aws/auto-scaling.ts';
import type { Reading } from '../../base/reading.ts';
import type { Asked, DrainQuestion, EcsView, Phase } from '../model.ts';

/** What the pace of a drain's questions depends on. Times are by the agent's clock, in ms. */
export type DrainPace = {
  readonly now: number;
  readonly phase: Phase;
  /** Uniform in [0, 1), drawn anew for each poll of the signals. */
  readonly jitter: number;
  /** Uniform in [0, 1), drawn once for the drain: drains that begin in the same second must not all continue at the same time. */
  readonly spread: number;
  readonly asked: Readonly<Record<DrainQuestion, Asked>>;
  /** What ECS last said, whatever failed since. */
  readonly ecsView: EcsView | undefined;
  /** Since when ECS answers without saying where this host is; undefined if its last answer did say so. */
  readonly unclearSince: number | undefined;
  /** Nothing asks for the instance any more: what was set DRAINING is to be given back. */
  readonly isOver: boolean;
  /** When the first signal of this drain was seen; undefined where none is there any more. */
  readonly signalledAt: number | undefined;
  /** When the drain began, or was taken up, if the agent found the instance DRAINING; undefined if it has set it DRAINING itself. */
  readonly foundDrainingSince: number | undefined;
  /** ECS has throttled a view in this drain: others need its requests more. */
  readonly isEcsCrowded: boolean;
  /** ECS has throttled several views in a row: many others ask at the same time, and the instances take turns. */
  readonly isQueued: boolean;
  /** When it last did so, by the agent's clock; undefined: never in this drain. */
  readonly queuedAt: number | undefined;
  /** Some tasks may be among those that `--ignore-tasks` names, and only ECS says which. */
  readonly mustDescribe: boolean;
  /** The group was last known to replace the root volume of an instance that stays. */
  readonly isReplacing: boolean;
  /** Tasks can be placed here during the drain: in mode `deregister`, and in a dry run. */
  readonly listsWhileActive: boolean;
  /** From when on tasks that ECS places here are asked to stop: at a limit, or before a Spot interruption. */
  readonly stopTasksAt: number | undefined;
  /** The same for a Spot interruption alone. */
  readonly spotStopAt: number | undefined;
  /** When a limit may end the lifecycle action; undefined where there is none. */
  readonly limitAt: number | undefined;
  /** When the operator's limit lets the instance go with its tasks; undefined where none does. */
  readonly letsGoAt: number | undefined;
  /**
   * Since when the ECS agent names another container instance for this host than the one that the last view was asked for. If
   * that view did not say where this host is: since when it names another one than it did then.
   */
  readonly registeredAnewAt: number | undefined;
  readonly lifecycle: Reading<Lifecycle>;
  /** Metadata says that the group is terminating the instance. */
  readonly isTermination: boolean;
  /** Since when metadata has said so in this drain; undefined while it does not. */
  readonly terminationSince: number | undefined;
  /** Since when the group says that the instance stays, or is in no group, although metadata says that the group terminates it. */
  readonly contradictedSince: number | undefined;
  /** It is not known at the moment whether there is a signal. */
  readonly isSignalUnknown: boolean;
  /** No signal is there: only the group's own word keeps the drain going. */
  readonly isUnsignalled: boolean;
  /** The group says that the instance stays, although all signals come from the group. */
  readonly isContradicted: boolean;
  /** The group is to be told to terminate the instance, as EC2 recommends, once it has it in service. */
  readonly isToTerminate: boolean;
  /** Whether metadata is read for the group's decision (signal `lifecycle`). If so, the API need not be asked for it. */
  readonly hearsOfTermination: boolean;
  /** How often our hook needs a heartbeat; undefined where it is not known. */
  readonly heartbeatInterval: number | undefined;
  /** Whether the group has told its hooks in this drain. */
  readonly areHooksKnown: boolean;
  /** If it is not clear which hook is ours: the shortest heartbeat interval among the candidates. */
  readonly unclearInterval: number | undefined;
  /** When the last heartbeat was recorded, which shows that the hook still waited; undefined if the last one was not recorded. */
  readonly heldAt: number | undefined;
  /** When the group itself first said that the current wait (or the last one) had begun; undefined if it never did. */
  readonly waitToldAt: number | undefined;
  /** From 0 to 1: how scarce the account's requests for heartbeats have been recently. */
  readonly strain: number;
  /** Why the last heartbeat failed, so that it does not tell whether the hook waits; undefined if it did not fail. */
  readonly heartbeatFailed: 'throttled' | 'unclear' | undefined;
  /** When the hook's global limit ends the wait; undefined where none is known. */
  readonly hookLimit: number | undefined;
  /** When an operator's limit abandons the lifecycle action; undefined where none does. */
  readonly abandonAt: number | undefined;
  /** When the lifecycle action was completed with CONTINUE. */
  readonly completedAt: number | undefined;
  /** When the group was told to terminate the instance. */
  readonly terminatedAt: number | undefined;
  /** Since when the group has the instance `Terminating`, without its hook waiting yet. */
  readonly terminatingSince: number | undefined;
  /** Since when the ECS agent has seen no task here that the drain waits for; undefined while it sees some, or is silent. */
  readonly emptySince: number | undefined;
  /** Whether the ECS agent says at the moment what this host is. */
  readonly isRegistrationTold: boolean;
  /** Whether the ECS agent says that a task runs here that the drain waits for: then no answer from ECS can end the drain. */
  readonly isHostBusy: boolean;
  /** Tasks that the ECS agent has listed, and that ECS has not called gone since. */
  readonly tasksSeenHere: number;
  /** ECS has described each of them in its last view, and told where it runs. */
  readonly areTasksTold: boolean;
  /** Since when a service's tasks are waited for. */
  readonly servicesSince: number | undefined;
};

/** Ask every so many ms, until so many ms have passed since something began. */
export type Step = { readonly until: number; readonly every: number };

/** The interval at this time. The last step should have no end. */
export const stepAfter = (steps: readonly Step[], elapsed: number): number =>
  steps.find(({ until }) => elapsed < until)?.every ?? Infinity;

/** How long after the last try, in ms, a question is asked again that was never answered, or whose answer no longer counts. */
export const FIRST_ANSWER_MS = 5_000;
