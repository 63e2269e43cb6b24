import type { AutoScaling } from '../../aws/auto-scaling.ts';
import type { Ecs } from '../../aws/ecs.ts';
import { AwsError } from '../../aws/errors.ts';
import type { Action } from '../decide/decide.ts';

/** The actions that change something in AWS. */
export type Deed = Exclude<Action, { kind: 'watch' | 'wait' | 'done' | 'refuse' }>;

/** What came of it. A failure is a value here: the loop decides anew, whatever happened. */
export type Outcome =
  | { readonly kind: 'done' }
  /** ECS refused to deregister: tasks still run. */
  | { readonly kind: 'tasks-running' }
  /** No lifecycle action of that hook waits for this instance. */
  | { readonly kind: 'nothing-waiting' }
  | { readonly kind: 'failed'; readonly error: AwsError };

/** Changes AWS. `act` returns once AWS has answered; `heartbeat` records a heartbeat. Neither rejects. */
export type Act = {
  act(deed: Deed): Promise<Outcome>;
  heartbeat(group: string, hook: string): Promise<Outcome>;
};

/** How many tasks are asked to stop at once. */
const STOP_TASKS_AT_ONCE = 5;

export function createAct(ecs: Ecs, autoScaling: AutoScaling, reason = 'ecs-drain-agent'): Act {
  return {
    act: (deed) => outcomeOf(() => perform(deed)),
    heartbeat: (group, hook) => outcomeOf(() => autoScaling.heartbeat(group, hook)),
  };

  async function perform(deed: Deed): Promise<unknown> {
    switch (deed.kind) {
      case 'set-draining':
        return ecs.setStatus(deed.containerInstance.cluster, deed.containerInstance.arn, 'DRAINING');
      case 'set-active':
        return ecs.setStatus(deed.containerInstance.cluster, deed.containerInstance.arn, 'ACTIVE');
      case 'deregister':
        return ecs.deregister(deed.containerInstance.cluster, deed.containerInstance.arn);
      case 'stop-tasks':
        return stopTasks(deed);
      case 'complete':
        return autoScaling.complete(deed.group, deed.hook, deed.result);
      case 'terminate':
        return autoScaling.terminate();
    }
  }

  async function stopTasks({ tasks, cluster, why }: Extract<Deed, { kind: 'stop-tasks' }>): Promise<void> {
    const cause = why === 'spot' ? 'Spot interruption' : 'drain timeout';
    const left = [...tasks];
    const failures: unknown[] = [];
    const next = async (): Promise<void> => {
      for (let task = left.shift(); task; task = left.shift()) {
        try {
          await ecs.stopTask(cluster, task.arn, `${reason}: ${cause}`, { urgent: why === 'spot' });
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
