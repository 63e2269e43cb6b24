import type { Task } from '../../aws/ecs.ts';
import type { TaskPattern } from '../../config/task-patterns.ts';

/**
 * Whether `--ignore-tasks` names this task. Only ECS's own description of a task counts: a task that only the host names matches
 * no pattern, nor does a field that an answer leaves out.
 */
export function isIgnored(
  task: Task,
  { ignoreTasks }: { readonly ignoreTasks: readonly TaskPattern[] },
): boolean {
  return task.containerInstanceArn !== undefined && ignoreTasks.some((pattern) => matches(task, pattern));
}

/** Whether ECS describes the task as the pattern says. */
export const matches = (task: Task, { by, name }: TaskPattern): boolean => task[by] === name;
