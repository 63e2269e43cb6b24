import type { Task } from '../../aws/ecs.ts';
import { known, type Reading, unknown } from '../../base/reading.ts';
import type { LocalTask } from '../../host/ecs-agent.ts';
import type { EcsView } from '../model.ts';

/** A task that the ECS agent on this host has listed, and when it last did, in ms by the agent's clock. */
export type SeenTask = LocalTask & { readonly at: number };

export type SeenOnHost = {
  /** Whether the ECS agent has answered, or failed to, in this drain. */
  readonly wasAsked: boolean;
  /** What it said when it was last asked. */
  readonly now: Reading<readonly LocalTask[]>;
  /** All that it has listed in this drain, by ARN. */
  readonly before: ReadonlyMap<string, SeenTask>;
  /** Those of them that ECS has called gone since. */
  readonly gone: ReadonlySet<string>;
};

/**
 * After the ECS agent has fallen silent, what it said last holds the instance for this long, in ms, against ECS's word.
 * Then ECS alone is believed: an ECS agent that is stopped must not keep the instance for ever.
 */
export const LAST_WORD_MS = 60_000;

/**
 * The tasks that are not gone: those that ECS has not STOPPED, those that the ECS agent says run here now, whatever ECS
 * says of them, and those that it listed before and of which ECS has not said yet that they are gone.
 */
export function tasksOn(
  view: Reading<EcsView>,
  { wasAsked, now: current, before, gone }: SeenOnHost,
  now: number,
): Reading<readonly Task[]> {
  if (view.kind === 'unknown') return view;
  const { tasks } = view.value;
  if (tasks.kind === 'unknown') return tasks;
  if (!wasAsked) return unknown('the ECS agent has not been asked yet');
  const listed = new Set(tasks.value.map(({ arn }) => arn));
  const runs = (task: SeenTask) =>
    current.kind === 'known'
      ? current.value.some(({ arn }) => arn === task.arn)
      : now < task.at + LAST_WORD_MS;
  const onlyHere = [...before.values()].filter(
    (task) => !listed.has(task.arn) && (!gone.has(task.arn) || runs(task)),
  );
  return onlyHere.length === 0 ? tasks : known([...tasks.value, ...onlyHere.map(asTask)]);
}

const asTask = ({ arn, family, knownStatus }: SeenTask): Task => ({
  arn,
  group: `family:${family}`,
  lastStatus: knownStatus,
  desiredStatus: 'UNKNOWN',
});
