import type { Input, Output } from '../../aws/operations.ts';
import { autoScaling } from './auto-scaling.ts';
import { checkInput } from './auto-scaling-constraints.ts';
import { clusters } from './clusters.ts';
import { containerInstances } from './container-instances.ts';
import { ec2, refuseDryRun } from './ec2.ts';
import { ecsTags } from './ecs-tags.ts';
import { logs } from './logs.ts';
import { messageQueues } from './message-queues.ts';
import { metrics } from './metrics.ts';
import type { SdkOperations } from './operations.ts';
import { services } from './services.ts';
import type { WorldState } from './state.ts';
import { taskDefinitions } from './task-definitions.ts';
import { tasks } from './tasks.ts';

/** What each operation does that the sandbox answers, under the name that IAM gives the action. */
export const operations = {
  ...after(refuseDryRun, ec2),
  ...clusters,
  ...containerInstances,
  ...ecsTags,
  ...taskDefinitions,
  ...tasks,
  ...services,
  ...after(checkInput, autoScaling),
  ...logs,
  ...metrics,
  ...messageQueues,
};

export type WorldOperation = keyof typeof operations;
export type WorldInput<O extends WorldOperation> = Input<O, SdkOperations>;
export type WorldOutput<O extends WorldOperation> = Output<O, SdkOperations>;

/** The same calls, each after a look at its input, which throws the service's error. */
function after<H extends object>(look: (operation: string, input: object) => void, handlers: H): H {
  const entries = Object.entries(handlers).map(([operation, handler]) => [
    operation,
    (world: WorldState, input: object) => {
      look(operation, input);
      return handler(world, input);
    },
  ]);
  return Object.fromEntries(entries) as H;
}

export function isWorldOperation(name: string): name is WorldOperation {
  return Object.hasOwn(operations, name);
}
