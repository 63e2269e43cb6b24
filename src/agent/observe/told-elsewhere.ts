import { LAST_WORD_MS } from './tasks.ts';

/** Whether something may have told of a task lately that the views of this drain do not show. */
export type ToldElsewhere = {
  /** It may have, until now: another drain has ended, or ECS has refused to deregister because tasks run. */
  note(): void;
  isLately(): boolean;
};

/**
 * @param now in ms by the agent's clock
 * @param isTakenUp an earlier process has left something of a drain, and what it was told of tasks may not be kept
 */
export function createToldElsewhere(now: () => number, isTakenUp: boolean): ToldElsewhere {
  let until = isTakenUp ? now() : -Infinity;
  return {
    note: () => {
      until = now();
    },
    isLately: () => now() < until + LAST_WORD_MS,
  };
}
