import type { Task } from '../../aws/ecs.ts';
import { ifKnown, known, type Reading, unknown } from '../../base/reading.ts';
import type { LocalTask } from '../../host/ecs-agent.ts';
import type { EcsView } from '../model.ts';
import type { SeenTask } from '../polls.ts';
import { LAG_MS } from './ecs-lag.ts';

export type SeenOnHost = {
  /** Whether the ECS agent has answered, or failed to, in this drain. */
  readonly wasAsked: boolean;
  /** What it said when it was last asked. */
  readonly now: Reading<readonly LocalTask[]>;
  /** The container instance that we deregistered in this drain: its tasks were known by then. */
  readonly deregistered?: string | undefined;
  /** Since when it has not answered, in ms by the agent's clock. */
  readonly silentSince?: number | undefined;
  /** All that it has listed in this drain, by ARN. */
  readonly before: ReadonlyMap<string, SeenTask>;
  /** Those of them that ECS has called gone since. */
  readonly gone: ReadonlySet<string>;
  /** Those that ECS has described as tasks that the drain does not wait for. */
  readonly ignored: ReadonlySet<string>;
};

/**
 * After the ECS agent has fallen silent, what it said last holds the instance for this long, in ms, against ECS's word.
 * Then ECS alone is believed: an ECS agent that is stopped must not keep the instance for ever.
 */
export const LAST_WORD_MS = 60_000;

/** Those that are gone by what ECS says. One that it has never described, and that is new here, may still be to come. */
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

/** So many tasks that the ECS agent lists no more are remembered: far more than any instance has room for. */
const MOST_REMEMBERED = 1_000;

/**
 * Notes in `before` what the ECS agent lists now, and forgets there and in `gone` what can hold nothing any more: what ECS
 * has called gone, once the last word on it has passed. Whoever answers in the ECS agent's place can list others each
 * time: what was seen first is kept.
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
 * The tasks that are not gone: those that ECS has not STOPPED, those that the ECS agent says run here now, whatever ECS
 * says of them, and those that it listed before and of which ECS has not said yet that they are gone.
 */
export function tasksOn(
  view: Reading<EcsView>,
  { wasAsked, now: current, deregistered, silentSince, before, gone, ignored }: SeenOnHost,
  now: number,
): Reading<readonly Task[]> {
  if (view.kind === 'unknown') return view;
  const { tasks } = view.value;
  // What runs here holds the instance, whatever ECS would list: it need not be asked.
  const isHostHolding = ifKnown(current)?.length;
  if (tasks.kind === 'unknown' && !isHostHolding) return tasks;
  if (!wasAsked) return unknown('the ECS agent has not been asked yet');
  const runsNow = current.kind === 'known' ? new Set(current.value.map(({ arn }) => arn)) : undefined;
  const inEcs = hereFirst(ifKnown(tasks) ?? [], runsNow);
  const listed = new Set(inEcs.map(({ arn }) => arn));
  const runs = (task: SeenTask) => (runsNow ? runsNow.has(task.arn) : now < task.at + LAST_WORD_MS);
  const onlyHere = [...before.values()].filter(
    // Whatever still runs of an ignored task has no work to lose: ECS's word that it is gone is enough.
    (task) => !listed.has(task.arn) && (!gone.has(task.arn) || (runs(task) && !ignored.has(task.arn))),
  );
  if (onlyHere.length > 0) return known([...inEcs, ...onlyHere.map(asTask)]);
  if (inEcs.length > 0) return known(inEcs);
  if (current.kind === 'known' || arnOf(view.value) === deregistered) return tasks;
  // ECS's lists can be minutes old, its counts leave out a task that is stopping, and of what somebody deregisters it lists nothing.
  return now < (silentSince ?? now) + LAST_WORD_MS
    ? unknown('ECS lists no task, and the ECS agent, which may know one, is silent')
    : tasks;
}

/** At a limit a dozen are asked to stop in a minute: those that the host has ended need that least, whatever ECS says of them yet. */
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
