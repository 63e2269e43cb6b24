import type { DrainQuestion, DrainState, EcsView, Event } from '../model.ts';

/** What a mutation's outcome is judged with. Times are in ms by the agent's clock. */
export type SettleContext = {
  readonly now: number;
  readonly mode: 'drain' | 'deregister';
  /** Nothing was really done: what counts as completed must not be doubted because the action still waits. */
  readonly isDryRun: boolean;
  /** What ECS last said of this host, when that was asked; undefined where it has said nothing. */
  readonly view: EcsView | undefined;
  readonly viewAskedAt: number;
  /** The tasks that are not gone, where they are known. */
  readonly tasksLeft: EcsView['tasks'];
  /** Whether the ECS agent says that a task runs here: then no list of ECS's can end the drain. */
  readonly isHostBusy: boolean;
  /** Uniform in [0, 1). */
  readonly jitter: number;
};

/** What has changed by it. */
export type Settled = {
  readonly state: DrainState;
  readonly events: readonly Event[];
  /** What must be asked anew, since the answer has changed. */
  readonly stale: readonly DrainQuestion[];
  /** What is known of ECS better than any answer, and since when the rest of it is known. */
  readonly shows?: { readonly view: EcsView; readonly asOf: number } | undefined;
};
