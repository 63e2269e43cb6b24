import type { Lifecycle } from '../../aws/auto-scaling.ts';
import type { Reading } from '../../base/reading.ts';
import type { Asked, DrainQuestion, EcsView, Phase } from '../model.ts';

/** What the pace of a drain's questions depends on. Times are by the agent's clock, in ms. */
export type DrainPace = {
  readonly now: number;
  readonly phase: Phase;
  /** Uniform in [0, 1), drawn anew for each poll of the signals. */
  readonly jitter: number;
  /** Uniform in [0, 1), drawn once for the drain: what many begin in the same second they must not go on with at once. */
  readonly spread: number;
  readonly asked: Readonly<Record<DrainQuestion, Asked>>;
  /** What ECS last said, whatever failed since. */
  readonly ecsView: EcsView | undefined;
  /** Since when ECS has answered, and none of its answers told where this host is; undefined where the last one did. */
  readonly unclearSince: number | undefined;
  /** Nothing asks for the instance any more: what was set DRAINING is to be given back. */
  readonly isOver: boolean;
  /** When the first signal of this drain was seen; undefined where none is there any more. */
  readonly signalledAt: number | undefined;
  /** When the drain began, where it has not set the instance DRAINING itself; undefined where it has. */
  readonly foundDrainingSince: number | undefined;
  /** ECS has throttled a look in this drain: others need its requests more. */
  readonly isEcsCrowded: boolean;
  /** … several in a row: many others ask at the same time, and each has its turn. */
  readonly isQueued: boolean;
  /** Some tasks may be such as the drain does not wait for: only ECS tells which. */
  readonly mustDescribe: boolean;
  /** The group was last known to replace the root volume of an instance that stays. */
  readonly isReplacing: boolean;
  /** Tasks can be placed here during the drain: in mode `deregister`, and in a dry run. */
  readonly listsWhileActive: boolean;
  /** From then on tasks are asked to stop that ECS places here: at a limit, or before a Spot interruption. */
  readonly stopTasksAt: number | undefined;
  /** When a limit may end the lifecycle action; undefined where there is none. */
  readonly limitAt: number | undefined;
  /**
   * Since when the ECS agent says what this host is, where that is another container instance than the view was asked for, or where
   * it said something else when that told nothing.
   */
  readonly registeredAnewAt: number | undefined;
  readonly lifecycle: Reading<Lifecycle>;
  /** Metadata says that the group is terminating the instance. */
  readonly isTermination: boolean;
  /** Since when the group has been saying that the instance stays, or is in none, though metadata says that it goes. */
  readonly contradictedSince: number | undefined;
  /** Nothing tells at the moment whether there is a signal. */
  readonly isSignalUnknown: boolean;
  /** No signal is there: only the group's own word keeps the drain going. */
  readonly isUnsignalled: boolean;
  /** The group says that the instance stays, though nothing but its own doing asks for it to go. */
  readonly isContradicted: boolean;
  /** Whether metadata is read for the group's wish: the API need not be asked for it then. */
  readonly hearsOfTermination: boolean;
  /** How often our hook needs a heartbeat; undefined where it is not known. */
  readonly heartbeatInterval: number | undefined;
  /** Whether the group has told its hooks in this drain. */
  readonly areHooksKnown: boolean;
  /** Where it is not clear which hook is ours: how often the one that needs heartbeats most often does. */
  readonly unclearInterval: number | undefined;
  /** When the last heartbeat was recorded, where it was: then the hook still waits. */
  readonly heldAt: number | undefined;
  /** When the group itself was first heard to say that the hook waits which waits now, or did last; undefined where it was not. */
  readonly waitToldAt: number | undefined;
  /** From 0 to 1: how short the account's requests have been for heartbeats of late. */
  readonly strain: number;
  /** Why the last heartbeat failed; undefined where it did not: whether the hook waits is not known from it then. */
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
  /** Whether the ECS agent says that such a task runs here: then nothing that ECS says can end the drain. */
  readonly isHostBusy: boolean;
  /** Tasks that the ECS agent has listed, and that ECS has not called gone since. */
  readonly tasksSeenHere: number;
  /** Since when a service's tasks are waited for. */
  readonly servicesSince: number | undefined;
};

/** So many ms after the last time, as long as not so many have passed since something began. */
export type Step = { readonly until: number; readonly every: number };

/** The pace after so many ms. The last step has no end. */
export const stepAfter = (steps: readonly Step[], elapsed: number): number =>
  steps.find(({ until }) => elapsed < until)?.every ?? Infinity;

/** A question that was never answered, or whose answer no longer counts, is asked again so many ms after the last time. */
export const FIRST_ANSWER_MS = 5_000;
