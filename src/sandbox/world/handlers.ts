import { autoScaling } from './auto-scaling.ts';
import { clusters } from './clusters.ts';
import { containerInstances } from './container-instances.ts';
import { ec2 } from './ec2.ts';
import type { Handlers, WorldOperation } from './operations.ts';
import { services } from './services.ts';
import { taskDefinitions } from './task-definitions.ts';
import { tasks } from './tasks.ts';

/** What each operation does. */
export const operations: Handlers<'ec2' | 'ecs' | 'autoscaling'> = {
  ...ec2,
  ...clusters,
  ...containerInstances,
  ...taskDefinitions,
  ...tasks,
  ...services,
  ...autoScaling,
};

export function isWorldOperation(name: string): name is WorldOperation {
  return Object.hasOwn(operations, name);
}
