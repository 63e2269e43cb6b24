import type { Task } from '@aws-sdk/client-ecs';

/** ECS developer guide, task lifecycle: after STOPPED, describe-tasks shows DELETED for a while. */
export const hasEnded = ({ lastStatus }: Pick<Task, 'lastStatus'>): boolean =>
  lastStatus === 'STOPPED' || lastStatus === 'DELETED';
