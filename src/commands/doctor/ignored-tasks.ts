import { matches } from '../../agent/decide/ignored-tasks.ts';
import { createEcs, type Task } from '../../aws/ecs.ts';
import { nearest } from '../../base/nearest.ts';
import type { Config } from '../../config/options.ts';
import { patternText } from '../../config/task-patterns.ts';
import { type Checks, ok, warn } from './check.ts';
import type { Permissions } from './permissions.ts';

/** What each pattern of --ignore-tasks matches here now: one that matches nothing is a mistake, or its task is yet to come. */
export async function* checkIgnoredTasks(
  { ignoreTasks }: Config,
  cluster: string,
  arns: readonly string[],
  permissions: Permissions,
): Checks {
  if (ignoreTasks.length === 0) return;
  const { value: tasks } = await permissions.ask({
    operation: 'ecs:DescribeTasks',
    resource: `the tasks of cluster ${cluster}`,
    ask: (call) => createEcs(call).describeTasks(cluster, arns),
  });
  if (!tasks) return;
  const left = tasks.filter(({ lastStatus }) => lastStatus !== 'STOPPED');
  for (const pattern of ignoreTasks) {
    const name = `--ignore-tasks ${patternText(pattern)}`;
    const matched = left.filter((task) => matches(task, pattern));
    const known = [...new Set(left.map((task) => task[pattern.by] ?? '').filter((text) => text !== ''))];
    const near = nearest(pattern.name, known);
    yield matched.length > 0
      ? ok(
          name,
          `a drain does not wait for ${matched.map(taskName).slice(0, 5).join(', ')}${more(matched, 5)}`,
        )
      : warn(
          name,
          `matches none of the ${left.length} tasks here now`,
          near ? `did you mean ${pattern.by}:${near}?` : 'compare it with what aws ecs describe-tasks shows',
        );
  }
}

const taskName = ({ arn, group }: Task) =>
  `task ${arn.slice(arn.lastIndexOf('/') + 1).slice(0, 8)} of ${group}`;
const more = (list: readonly unknown[], shown: number) =>
  list.length > shown ? ` and ${list.length - shown} more` : '';
