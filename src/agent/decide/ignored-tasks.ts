import type { Task } from '../../aws/ecs.ts';
import type { TaskPattern } from '../../config/task-patterns.ts';

/**
 * Whether the operator has said that a drain does not wait for this task. Only ECS's own description of a task counts: what
 * the host alone names, or an answer leaves out, matches no pattern.
 */
export function isIgnored(
  task: Task,
  { ignoreTasks }: { readonly ignoreTasks: readonly TaskPattern[] },
): boolean {
  return task.containerInstanceArn !== undefined && ignoreTasks.some((pattern) => matches(task, pattern));
}

/** Whether ECS describes the task as the pattern says. */
export const matches = (task: Task, { by, name }: TaskPattern): boolean => task[by] === name;
