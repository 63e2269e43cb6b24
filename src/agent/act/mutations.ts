import type { AutoScaling } from '../../aws/auto-scaling.ts';
import type { Ecs } from '../../aws/ecs.ts';
import { AwsError } from '../../aws/errors.ts';
import type { Mutation, Outcome } from '../model.ts';

/**
 * Changes AWS. Both return once AWS has answered, and reject only with a fault of our own.
 *
 * `withdrawn` aborts once no signal is left: tasks that were not asked to stop by then are not asked any more.
 */
export type Mutations = {
  mutate(mutation: Mutation, withdrawn: AbortSignal): Promise<Outcome>;
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
    mutate: (mutation, withdrawn) => outcomeOf(() => perform(mutation, withdrawn)),
    heartbeat: (group, hook) => outcomeOf(() => autoScaling.heartbeat(group, hook)),
  };

  async function perform(mutation: Mutation, withdrawn: AbortSignal): Promise<unknown> {
    switch (mutation.kind) {
      case 'set-draining':
        return ecs.setStatus(mutation.containerInstance.cluster, mutation.containerInstance.arn, 'DRAINING');
      case 'set-active':
        return ecs.setStatus(mutation.containerInstance.cluster, mutation.containerInstance.arn, 'ACTIVE');
      case 'deregister':
        return ecs.deregister(mutation.containerInstance.cluster, mutation.containerInstance.arn);
      case 'stop-tasks':
        return stopTasks(mutation, withdrawn);
      case 'complete':
        return autoScaling.complete(mutation.group, mutation.hook, mutation.result);
      case 'terminate':
        return autoScaling.terminate();
    }
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
