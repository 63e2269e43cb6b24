import type { Task } from '../../aws/ecs.ts';
import { ifKnown, known, type Reading, unknown } from '../../base/reading.ts';
import type { LocalTask } from '../../host/ecs-agent.ts';
import type { EcsView } from '../model.ts';
import type { SeenTask } from '../polls.ts';
import { LAG_MS } from './ecs-lag.ts';

export type SeenOnHost = {
  /** Whether the ECS agent has answered, or failed to answer, in this drain. */
  readonly wasAsked: boolean;
  /** Its last answer. */
  readonly now: Reading<readonly LocalTask[]>;
  /** The container instance that we deregistered in this drain, once its tasks were known. */
  readonly deregistered?: string | undefined;
  /** Since when it has not answered, in ms by the agent's clock. */
  readonly silentSince?: number | undefined;
  /** All tasks that it has listed in this drain, by ARN. */
  readonly before: ReadonlyMap<string, SeenTask>;
  /** Those of them that ECS has since called gone. */
  readonly gone: ReadonlySet<string>;
  /** Those that ECS has described as tasks that the drain does not wait for. */
  readonly ignored: ReadonlySet<string>;
};

/**
 * After the ECS agent has fallen silent, its last answer holds the instance for this long, in ms, whatever ECS says. Then ECS
 * alone is believed: an ECS agent that is stopped must not keep the instance for ever.
 */
export const LAST_WORD_MS = 60_000;

/**
 * That ECS lists none counts sooner, in ms, if its counts bear that out: once the ECS agent has been silent, and ECS has called the
 * container instance DRAINING, for so long. They leave out only a task that was on its way down when ECS first called it that.
 */
const COUNTED_WORD_MS = 12_000;

/** The tasks that are gone according to ECS. A task that ECS has never described, and that is new here, may still appear in ECS. */
export function goneBy(
  { gone, missing }: Pick<EcsView, 'gone' | 'missing'>,
  before: ReadonlyMap<string, SeenTask>,
  now: number,
): readonly string[] {
  const isUnknown = new Set(missing);
  return gone.filter((arn) => {
    const task = before.get(arn);
    return task && !(isUnknown.has(arn) && now < task.since + LAG_MS);
  });
}

/** How many tasks are remembered that the ECS agent no longer lists: far more than any instance has room for. */
const MOST_REMEMBERED = 1_000;

/**
 * Notes in `before` the tasks that the ECS agent lists now. Forgets in `before` and `gone` the tasks that can hold nothing any
 * more: ECS has called them gone, and LAST_WORD_MS have passed since the ECS agent listed them. Something else that answers on
 * the ECS agent's port can list other tasks each time, so the first ones seen are kept.
 * @param at when it was asked, in ms by the agent's clock
 */
export function noteListed(
  listed: readonly LocalTask[],
  before: Map<string, SeenTask>,
  gone: Set<string>,
  at: number,
): void {
  for (const task of listed) before.set(task.arn, { ...task, since: before.get(task.arn)?.since ?? at, at });
  const isListed = new Set(listed.map(({ arn }) => arn));
  let remembered = 0;
  for (const [arn, task] of before) {
    if (isListed.has(arn)) continue;
    const isOver = gone.has(arn) && at >= task.at + LAST_WORD_MS;
    if (!isOver && ++remembered <= MOST_REMEMBERED) continue;
    before.delete(arn);
    gone.delete(arn);
  }
}

/**
 * The tasks that are not gone: those that ECS does not call STOPPED, those that the ECS agent says run here now, whatever ECS
 * says about them, and those that it listed before and that ECS has not called gone since.
 */
export function tasksOn(
  view: Reading<EcsView>,
  { wasAsked, now: current, deregistered, silentSince, before, gone, ignored }: SeenOnHost,
  now: number,
): Reading<readonly Task[]> {
  if (view.kind === 'unknown') return view;
  const { tasks } = view.value;
  // A task that runs here holds the instance, whatever ECS would list, so ECS's list is not needed.
  const isHostHolding = ifKnown(current)?.length;
  if (tasks.kind === 'unknown' && !isHostHolding) return tasks;
  if (!wasAsked) return unknown('the ECS agent has not been asked yet');
  const runsNow = current.kind === 'known' ? new Set(current.value.map(({ arn }) => arn)) : undefined;
  const inEcs = hereFirst(ifKnown(tasks) ?? [], runsNow);
  const listed = new Set(inEcs.map(({ arn }) => arn));
  const runs = (task: SeenTask) => (runsNow ? runsNow.has(task.arn) : now < task.at + LAST_WORD_MS);
  const onlyHere = [...before.values()].filter(
    // If an ignored task still runs, it has no work to lose: ECS's word that it is gone is enough.
    (task) => !listed.has(task.arn) && (!gone.has(task.arn) || (runs(task) && !ignored.has(task.arn))),
  );
  if (onlyHere.length > 0) return known([...inEcs, ...onlyHere.map(asTask)]);
  if (inEcs.length > 0) return known(inEcs);
  if (current.kind === 'known' || arnOf(view.value) === deregistered) return tasks;
  // ECS's lists can be minutes old, its counts leave out a task that is stopping, and it lists nothing for an instance that
  // somebody has deregistered.
  return now < heldUntil(view.value, silentSince ?? now, now)
    ? unknown('ECS lists no task, and the ECS agent, which may know one, is silent')
    : tasks;
}

/** Until when the silence of the ECS agent holds an instance of which ECS lists no task. */
function heldUntil(view: EcsView, silentSince: number, now: number): number {
  const { drainingSince = now } = view;
  const atMost = silentSince + LAST_WORD_MS;
  return isCountedEmpty(view)
    ? Math.min(atMost, Math.max(silentSince, drainingSince) + COUNTED_WORD_MS)
    : atMost;
}

const isCountedEmpty = ({ containerInstance, hasUnlisted }: EcsView): boolean =>
  containerInstance.kind === 'registered' && containerInstance.status === 'DRAINING' && !hasUnlisted;

/**
 * At a limit, twelve tasks are asked to stop in a minute. Those that the host has ended need it least, whatever ECS still says
 * about them, so they come last.
 */
function hereFirst(tasks: readonly Task[], runsNow: ReadonlySet<string> | undefined): readonly Task[] {
  if (!runsNow) return tasks;
  const runsHere = ({ arn }: Task) => runsNow.has(arn);
  return [...tasks.filter(runsHere), ...tasks.filter((task) => !runsHere(task))];
}

const arnOf = ({ containerInstance }: EcsView): string | undefined =>
  'arn' in containerInstance ? containerInstance.arn : undefined;

const asTask = ({ arn, family, knownStatus }: SeenTask): Task => ({
  arn,
  group: `family:${family}`,
  lastStatus: knownStatus,
  desiredStatus: 'UNKNOWN',
});
