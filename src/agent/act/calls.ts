import type { AutoScaling } from '../../aws/auto-scaling.ts';
import type { Withdrawable } from '../../aws/call.ts';
import type { Ecs, Task } from '../../aws/ecs.ts';
import { AwsError, type AwsErrorKind, isRefusal } from '../../aws/errors.ts';
import type { Operation } from '../../aws/operations.ts';
import { messageOf } from '../../base/text.ts';
import type { Mutation, OnFault, Outcome } from '../model.ts';

/**
 * Changes AWS. Both return once AWS has answered, and never reject: a fault of our own is told to `onFault`, and counts as failed.
 *
 * `unless` aborts once it is not wanted any more: what was not sent by then is not sent, and fails as `unsent`. So does what is sent
 * once `isPast` says so.
 */
export type Calls = {
  mutate(mutation: Mutation, unless: AbortSignal, isPast?: () => boolean): Promise<Outcome>;
  heartbeat(group: string, hook: string, unless: AbortSignal): Promise<Outcome>;
};

/** How many tasks are asked to stop at once. */
const STOP_TASKS_AT_ONCE = 5;

/** What ECS shows as the reason for which a task was stopped. */
const CAUSE = {
  spot: 'Spot interruption',
  timeout: 'drain timeout',
  ignored: 'only tasks that the drain does not wait for are left',
} as const;

/** The call that makes each change. */
const OPERATION = {
  'set-draining': 'ecs:UpdateContainerInstancesState',
  'set-active': 'ecs:UpdateContainerInstancesState',
  'stop-tasks': 'ecs:StopTask',
  deregister: 'ecs:DeregisterContainerInstance',
  complete: 'autoscaling:CompleteLifecycleAction',
  terminate: 'autoscaling:TerminateInstanceInAutoScalingGroup',
  heartbeat: 'autoscaling:RecordLifecycleActionHeartbeat',
} as const satisfies Record<Mutation['kind'] | 'heartbeat', Operation>;

export type CallPorts = {
  readonly ecs: Pick<Ecs, 'setStatus' | 'deregister' | 'stopTask'>;
  readonly autoScaling: Pick<AutoScaling, 'complete' | 'terminate' | 'heartbeat'>;
  readonly onFault: OnFault;
  /** ECS has refused to deregister, because tasks still run. */
  readonly onTasksRunning: () => void;
};

export function createCalls({ ecs, autoScaling, onFault, onTasksRunning }: CallPorts): Calls {
  return {
    mutate: (mutation, unless, isPast) =>
      mutation.kind === 'stop-tasks'
        ? stopTasks(mutation, { unless, isPast })
        : outcomeOf(mutation.kind, () => perform(mutation, { unless, isPast })),
    heartbeat: (group, hook, unless) =>
      outcomeOf('heartbeat', () => autoScaling.heartbeat(group, hook, { unless })),
  };

  async function perform(
    mutation: Exclude<Mutation, { kind: 'stop-tasks' }>,
    unless: Withdrawable,
  ): Promise<unknown> {
    switch (mutation.kind) {
      case 'set-draining':
        return setStatus(mutation, 'DRAINING', unless);
      case 'set-active':
        return setStatus(mutation, 'ACTIVE', unless);
      case 'deregister': {
        const { cluster, arn } = mutation.containerInstance;
        const answer = await ecs.deregister(cluster, arn, unless);
        if (answer === 'tasks-running') onTasksRunning();
        return answer;
      }
      case 'complete':
        return autoScaling.complete(mutation.group, mutation.hook, mutation.result, unless);
      case 'terminate':
        return autoScaling.terminate(unless);
    }
  }

  function setStatus(
    { containerInstance: { cluster, arn } }: Extract<Mutation, { kind: 'set-draining' | 'set-active' }>,
    status: 'ACTIVE' | 'DRAINING',
    unless: Withdrawable,
  ): Promise<void> {
    return ecs.setStatus(cluster, arn, status, unless);
  }

  /** What one of them could not be told keeps none of the others from it, and is no reason to tell those again. */
  async function stopTasks(
    { tasks, cluster, why }: Extract<Mutation, { kind: 'stop-tasks' }>,
    unless: Withdrawable,
  ): Promise<Outcome> {
    const left = [...tasks];
    const asked: Task[] = [];
    const errors: AwsError[] = [];
    const refused: Task[] = [];
    const options = { urgent: why === 'spot', ...unless };
    const next = async (): Promise<void> => {
      for (let task = left.shift(); task; task = left.shift()) {
        const { arn } = task;
        const outcome = await outcomeOf('stop-tasks', () =>
          ecs.stopTask(cluster, arn, `ecs-drain-agent: ${CAUSE[why]}`, options),
        );
        if (outcome.kind !== 'failed') asked.push(task);
        else {
          errors.push(outcome.error);
          if (isRefusal(outcome.error)) refused.push(task);
        }
      }
    };
    await Promise.all(Array.from({ length: STOP_TASKS_AT_ONCE }, next));
    const error = soonest(errors);
    if (!error) return { kind: 'done' };
    return asked.length > 0 ? { kind: 'partly', asked, error, refused } : { kind: 'failed', error, refused };
  }

  async function outcomeOf(what: keyof typeof OPERATION, call: () => Promise<unknown>): Promise<Outcome> {
    try {
      const answer = await call();
      return answer === 'tasks-running' || answer === 'nothing-waiting' ? { kind: answer } : { kind: 'done' };
    } catch (error) {
      if (error instanceof AwsError) return { kind: 'failed', error };
      const operation = OPERATION[what];
      onFault(operation, error);
      // AWS may have done it, as where no answer came: what rests on it is read again, and it is tried again.
      return {
        kind: 'failed',
        error: new AwsError(operation, 'transient', 'Fault', messageOf(error), error),
      };
    }
  }
}

/** The one after which it is tried again first: a task that is refused keeps no other from being asked in time. */
const soonest = (errors: readonly AwsError[]): AwsError | undefined =>
  SOONEST.flatMap((kind) => errors.find((error) => error.kind === kind) ?? [])[0] ?? errors[0];

const SOONEST: readonly AwsErrorKind[] = ['unsent', 'throttled', 'transient', 'credentials', 'rejected'];
