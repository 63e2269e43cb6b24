import { AwsError } from '../../aws/errors.ts';
import { describeContainerInstances } from '../aws/container-instances.ts';
import { readGroup } from '../aws/group.ts';
import { inBatches } from '../aws/whole.ts';
import { CORDON_KEY } from '../cordon-tag.ts';
import type { Action, ContainerInstance, Group, Snapshot } from '../plan/model.ts';
import { ATTEMPTS, type CarryOutPorts, failed, type Outcome } from './outcome.ts';

type Termination = Action & { kind: 'terminate' };

/** So many are read together right before they are terminated: few enough that what was read is seconds old for the last of them. */
const AT_ONCE = 10;

/**
 * Everything that a termination is founded on is read again right before it: another scaler, an operator or a task may have come
 * since. What cannot be read is not terminated.
 */
export async function terminate(
  actions: readonly Termination[],
  snapshot: Snapshot,
  ports: CarryOutPorts,
): Promise<readonly Outcome[]> {
  if (actions.length === 0) return [];
  const outcomes: Outcome[] = [];
  let busy: ReadonlySet<string | undefined>;
  try {
    const tasks = await ports.tasks.on(actions.map(({ instance }) => instance.arn));
    busy = new Set(
      tasks.flatMap((task) => (task.lastStatus === 'STOPPED' ? [] : [task.containerInstanceArn])),
    );
  } catch (error) {
    return actions.map((action) => failed(action, error));
  }
  let desired = Number.POSITIVE_INFINITY;
  for (const some of inBatches(actions, AT_ONCE)) {
    const decided: Outcome[] = [];
    try {
      const group = await readGroup(ports.call, ports.group);
      // It may not show yet what was terminated a moment ago.
      desired = Math.min(desired, group?.desired ?? 0);
      // Last: on what is still DRAINING by the same cordon nothing has been placed since its tasks were listed.
      const arns = some.map(({ instance }) => instance.arn);
      const described = await describeContainerInstances(ports.call, ports.cluster, arns);
      for (const action of some) {
        const { arn } = action.instance;
        const one = described.find((candidate) => candidate.arn === arn);
        const why = busy.has(arn)
          ? 'it has a task now'
          : whyNot(action, one, group && { ...group, desired }, snapshot, ports);
        const outcome: Outcome =
          why === undefined ? await terminateEmpty(action, ports) : { action, kind: 'not-any-more', why };
        if (outcome.kind === 'done') desired--;
        decided.push(outcome);
      }
    } catch (error) {
      const rest = some.slice(decided.length);
      decided.push(...rest.map((action) => failed(action, error)));
    }
    outcomes.push(...decided);
  }
  return outcomes;
}

function whyNot(
  { instance: { arn, instanceId } }: Termination,
  one: ContainerInstance | undefined,
  group: Group | undefined,
  snapshot: Snapshot,
  { config, clock }: CarryOutPorts,
): string | undefined {
  const planned = snapshot.containerInstances.find((candidate) => candidate.arn === arn)?.cordon;
  const member = group?.instances.find(({ id }) => id === instanceId);
  const cordon = one?.cordon;
  if (one?.instanceId !== instanceId || one.status !== 'DRAINING')
    return `it is ${one?.status ?? 'not registered'} now`;
  if (cordon?.kind !== 'read' || cordon.by !== config.name || cordon.until <= clock.now())
    return 'its cordon has been lifted';
  if (planned?.kind !== 'read' || cordon.since !== planned.since) return 'it has been cordoned anew';
  if (one.taskCount > 0) return 'it has a task now';
  if (member?.state !== 'InService') return `it is ${member?.state ?? 'not in the group'} now`;
  if (member.isProtected) return 'it is protected from scale-in now';
  if ((group?.desired ?? 0) - 1 < (group?.min ?? 0)) return 'the group is at its minimum now';
  return undefined;
}

async function terminateEmpty(action: Termination, { call }: CarryOutPorts): Promise<Outcome> {
  try {
    // Once: an answer that was lost may have been a success, and the next turn sees the group as it is.
    await call('autoscaling:TerminateInstanceInAutoScalingGroup', {
      InstanceId: action.instance.instanceId,
      ShouldDecrementDesiredCapacity: true,
    });
  } catch (error) {
    return failed(action, error);
  }
  await forgetCordon(action, call);
  return { action, kind: 'done' };
}

/**
 * What goes needs no end of its cordon any more: another group's scaler, which does not see that it goes, would lift it then. Should
 * the tag stay, nothing else is the worse for it.
 */
async function forgetCordon({ instance }: Termination, call: CarryOutPorts['call']): Promise<void> {
  try {
    await call('ecs:UntagResource', { resourceArn: instance.arn, tagKeys: [CORDON_KEY] }, ATTEMPTS);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
  }
}
