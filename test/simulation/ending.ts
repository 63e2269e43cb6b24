import type { Watched } from '../promises/checker.ts';
import {
  holdsRootVolume,
  type Instance,
  isSignalled,
  ourEnd,
  tasksLeft,
  tasksRunningUnseen,
} from '../promises/instance.ts';
import { waits } from '../promises/lifecycle-states.ts';
import { wellSince } from '../promises/liveness.ts';
import { START } from '../support/virtual-clock.ts';
import { endOf, launchedBy, type Plan } from './plan.ts';

/** A run in which nothing happens any more for so long, in ms, is over. */
const REST_MS = 45_000;
/** … where another owner's hook still holds the instance: whoever goes on with his own shows it by then. */
const HELD_REST_MS = 120_000;

/** When a run is over: everything that could come has come. */
export type Ending = {
  /** Call it often; it looks once a second. @param at in ms since the Unix epoch */
  look(watched: Watched, at: number): void;
  isOver(): boolean;
};

/** @param isMoving whether a task on the instance is on its way to its end */
export function createEnding(plan: Plan, isMoving: () => boolean): Ending {
  const lastPlanned = lastOf(plan);
  let nextLook = 0;
  let over = false;

  function isAtItsEnd({ instance, liveness }: Watched, at: number): boolean {
    const rest = at - Math.max(wellSince(instance, at), liveness.settledSince());
    const isHeld = waits(instance.lifecycle) && ourEnd(instance) !== undefined;
    if (at <= lastPlanned || rest <= (isHeld ? HELD_REST_MS : REST_MS)) return false;
    const isStuck = !isMoving();
    const mayRest = !isSignalled(instance) && !holdsRootVolume(instance);
    return mayRest || instance.ecsAgent.isFrozen || hasEnded(instance) || isStuck;
  }

  return {
    look: (watched, at) => {
      if (at < nextLook) return;
      nextLook = at + 1_000;
      if (watched.liveness.due() === undefined) over = isAtItsEnd(watched, at);
    },
    isOver: () => over,
  };
}

/** Nothing is left on it, neither as ECS sees it nor as the host does. */
const hasEnded = (instance: Instance): boolean =>
  tasksLeft(instance).length === 0 && tasksRunningUnseen(instance).length === 0;

/** What was said before a host was stopped has been asked anew so long after its start, in ms. */
const STARTED_MS = 6 * 60_000;

/** When the last thing that was planned happens, in ms since the Unix epoch. */
function lastOf(plan: Plan): number {
  const times = [
    0,
    ...plan.happenings.map((one) => (endOf(one) > one.at ? endOf(one) + STARTED_MS : one.at)),
    launchedBy(plan),
    ...plan.faults.map(({ at, forMs = 0 }) => at + forMs),
    ...plan.kills.map((kill) => (kill.when === 'at' ? kill.at + kill.downMs : 0)),
    ...plan.tasks.map(({ at }) => at),
    ...(plan.elsewhere === 'full' ? plan.services.map(({ releasedAt }) => releasedAt) : []),
  ];
  return START + Math.max(...times);
}
