import type { Caller } from '../../aws/call.ts';
import type { Operations } from './operations.ts';
import { inBatches, incomplete } from './whole.ts';

/** GetTaskProtection takes this many (ECS API reference). */
const ASK_LIMIT = 100;

/** Which of these tasks of services are protected from scale-in. One that ECS says nothing of is. Rejects with an `AwsError`. */
export async function readProtected(
  call: Caller<Operations>,
  cluster: string,
  arns: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = new Set(arns);
  for (const asked of inBatches(arns, ASK_LIMIT)) {
    const operation = 'ecs:GetTaskProtection';
    const { protectedTasks } = await call(operation, { cluster, tasks: [...asked] });
    if (!Array.isArray(protectedTasks)) throw incomplete(operation, 'it has no protectedTasks');
    for (const { taskArn = '', protectionEnabled } of protectedTasks)
      if (protectionEnabled === false) found.delete(taskArn);
  }
  return found;
}
