import { ifKnown } from '../../base/reading.ts';
import type { Deed } from '../act/mutations.ts';
import type { Source } from '../observe/poll.ts';
import type { Sources } from '../observe/polls.ts';

/** In ms by the agent's clock. */
export type Moments = {
  readonly now: number;
  /** When an action of this kind was first decided on. */
  readonly decidedAt: number;
  /** Until when it has rested since its last try; -Infinity before the first. */
  readonly restedUntil: number;
};

/** What lets an instance go rests on what was asked this long ago at most, or since it was decided, in ms. */
const LATELY_MS = 500;

/** What must be asked anew before this is done: the action rests on it, and it may have changed since. */
export function outdated(
  deed: Deed,
  { look, registration }: Pick<Sources, 'look' | 'registration'>,
  { now, decidedAt, restedUntil }: Moments,
): Source<unknown> | undefined {
  // What is ACTIVE is given tasks, and whether ECS refuses to let go of it for one on its way down is documented
  // nowhere: each try needs a list that is newer than the one before it.
  if (deed.kind === 'deregister')
    return deed.containerInstance.status === 'ACTIVE' && look.askedAt() < restedUntil ? look : undefined;
  if (!letsGo(deed)) return undefined;

  // A host that waited for its hook, or for an answer, may have been registered anew, and have tasks again.
  const lately = now - LATELY_MS;
  if (registration.askedAt() < lately) return registration;
  const arn = ifKnown(registration.reading())?.containerInstanceArn;
  const seen = ifKnown(look.reading())?.containerInstance;
  if (arn !== undefined && !(seen?.kind === 'deregistered' && seen.arn === arn)) return look;
  return look.askedAt() < decidedAt && look.askedAt() < lately ? look : undefined;
}

/** Whether it lets the instance go because nothing is left on it: at a limit, what is left does not count. */
function letsGo(deed: Deed): boolean {
  if (deed.kind === 'terminate') return deed.why !== 'timeout';
  return deed.kind === 'complete' && deed.why === 'drained';
}
