import type { AutoScaling } from '../../aws/auto-scaling.ts';
import type { Ecs } from '../../aws/ecs.ts';
import { AwsError } from '../../aws/errors.ts';
import type { Mutation, Outcome } from '../model.ts';

/**
 * Changes AWS. Both return once AWS has answered, and reject only with a fault of our own.
 *
 * `unless` aborts once it is not wanted any more: what was not sent by then is not sent, and fails as `stopped`.
 */
export type Mutations = {
  mutate(mutation: Mutation, unless: AbortSignal): Promise<Outcome>;
  heartbeat(group: string, hook: string): Promise<Outcome>;
};

/** How many tasks are asked to stop at once. */
const STOP_TASKS_AT_ONCE = 5;

/** What ECS shows as the reason for which a task was stopped. */
const CAUSE = {
  spot: 'Spot interruption',
  timeout: 'drain timeout',
  ignored: 'only tasks that the drain does not wait for are left',
} as const;

export function createMutations(ecs: Ecs, autoScaling: AutoScaling, reason = 'ecs-drain-agent'): Mutations {
  return {
    mutate: (mutation, unless) => outcomeOf(() => perform(mutation, unless)),
    heartbeat: (group, hook) => outcomeOf(() => autoScaling.heartbeat(group, hook)),
  };

  async function perform(mutation: Mutation, unless: AbortSignal): Promise<unknown> {
    switch (mutation.kind) {
      case 'set-draining':
        return setStatus(mutation, 'DRAINING', unless);
      case 'set-active':
        return setStatus(mutation, 'ACTIVE', unless);
      case 'deregister': {
        const { cluster, arn } = mutation.containerInstance;
        return ecs.deregister(cluster, arn, { unless });
      }
      case 'stop-tasks':
        return stopTasks(mutation, unless);
      case 'complete':
        return autoScaling.complete(mutation.group, mutation.hook, mutation.result, { unless });
      case 'terminate':
        return autoScaling.terminate({ unless });
    }
  }

  function setStatus(
    { containerInstance: { cluster, arn } }: Extract<Mutation, { kind: 'set-draining' | 'set-active' }>,
    status: 'ACTIVE' | 'DRAINING',
    unless: AbortSignal,
  ): Promise<void> {
    return ecs.setStatus(cluster, arn, status, { unless });
  }

  async function stopTasks(
    { tasks, cluster, why }: Extract<Mutation, { kind: 'stop-tasks' }>,
    unless: AbortSignal,
  ): Promise<void> {
    const left = [...tasks];
    const failures: unknown[] = [];
    const next = async (): Promise<void> => {
      for (let task = left.shift(); task; task = left.shift()) {
        try {
          await ecs.stopTask(cluster, task.arn, `${reason}: ${CAUSE[why]}`, {
            urgent: why === 'spot',
            unless,
          });
        } catch (error) {
          failures.push(error);
        }
      }
    };
    await Promise.all(Array.from({ length: STOP_TASKS_AT_ONCE }, next));
    if (failures.length > 0) throw failures[0];
  }
}

async function outcomeOf(call: () => Promise<unknown>): Promise<Outcome> {
  try {
    const answer = await call();
    return answer === 'tasks-running' || answer === 'nothing-waiting' ? { kind: answer } : { kind: 'done' };
  } catch (error) {
    if (error instanceof AwsError) return { kind: 'failed', error };
    throw error;
  }
}
