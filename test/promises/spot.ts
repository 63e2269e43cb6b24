import {
  containerInstanceOf,
  type Instance,
  isRegistered,
  isTakenForAnother,
  isTruthful,
  runsUnasked,
  short,
  tasksLeft,
} from './instance.ts';
import type { Verdict } from './verdict.ts';

/** A Spot interruption minus this, in ms, is when the tasks are asked to stop: ECS gives them 30 s by default. */
const BEFORE_MS = 30_000;
/** Until the requests are there, in ms. */
const SENT_WITHIN_MS = 2_000;
/** A notice, or a process, this much younger, in ms, could not be acted upon in time. */
const IN_TIME_MS = 20_000;

/** L5: every task that still runs 30 s before a Spot interruption has been asked to stop. Looks once. */
export function checkSpot(instance: Instance, at: number, verdict: Verdict): void {
  const { id, spot, setting, process, disturbances } = instance;
  if (!spot || spot.isChecked || at < spot.at - BEFORE_MS + SENT_WITHIN_MS + setting.slack) return;
  spot.isChecked = true;
  const dueAt = spot.at - BEFORE_MS;
  const couldKnow =
    spot.noticedAt <= dueAt - IN_TIME_MS &&
    instance.isAlive &&
    (process?.bornAt ?? at) <= dueAt - IN_TIME_MS &&
    disturbances.longestCalm(dueAt - RECOVERED_MS, at, isNeeded) === at - (dueAt - RECOVERED_MS) &&
    disturbances.changeAt() < dueAt - IN_TIME_MS &&
    isTruthful(instance.ecsAgent);
  const isTold = setting.signals.includes('spot') && setting.spotStopTasks && !setting.dryRun;
  // A host whose own clock is wrong cannot tell when the announced time is.
  if (!couldKnow || !isTold || instance.isGone || Math.abs(instance.clockAheadMs) > 1_000) return;
  if (instance.lieSince !== undefined || isTakenForAnother(instance)) return;
  if (!isRegistered(containerInstanceOf(instance))) return;
  const inTimeMs = setting.hasSmallPages ? IN_TIME_OF_PAGES_MS : IN_TIME_MS;
  const forgotten = tasksLeft(instance).find((one) => runsUnasked(one) && one.placedAt < dueAt - inTimeMs);
  verdict.check(
    'L5',
    forgotten === undefined,
    () =>
      `${id} had not asked task ${forgotten?.group} ${short(forgotten?.arn ?? '')} to stop 30 s before its Spot interruption: it is cut off without SIGTERM`,
  );
}
/** What StopTask rests on. Whether DRAINING can be set is none of it. */
const isNeeded = (api: string): boolean => api !== 'ecs:UpdateContainerInstancesState';

/** A list of several pages takes most of a minute's requests: one that is placed after it is seen with the next one. */
const IN_TIME_OF_PAGES_MS = 61_000;

/** After trouble whatever is due is done within this, in ms. */
const RECOVERED_MS = 75_000;
