import type * as Ecs from '@aws-sdk/client-ecs';
import { dateAt } from '../../base/clock.ts';
import type { Container, Task, WorldState } from './state.ts';
import { seenOf } from './task-life.ts';

/** A task as RunTask, StartTask, StopTask and DescribeTasks show it. */
export function describeTask(world: WorldState, task: Task): Ecs.Task {
  const { containerInstance, definition } = task;
  const { lastStatus, desiredStatus } = seenOf(world, task) ?? task;
  return {
    taskArn: task.arn,
    clusterArn: task.cluster.arn,
    containerInstanceArn: containerInstance.arn,
    taskDefinitionArn: definition.arn,
    group: task.group,
    ...(task.startedBy === undefined ? {} : { startedBy: task.startedBy }),
    lastStatus,
    desiredStatus,
    launchType: 'EC2',
    ...(task.capacityProvider !== undefined && { capacityProviderName: task.capacityProvider }),
    availabilityZone: containerInstance.machine.availabilityZone,
    connectivity: containerInstance.agentConnected ? 'CONNECTED' : 'DISCONNECTED',
    cpu: String(task.cpu),
    memory: String(task.memory),
    version: task.version,
    createdAt: dateAt(task.createdAt),
    ...(task.startedAt === undefined ? {} : { startedAt: dateAt(task.startedAt) }),
    ...(task.stoppingAt === undefined ? {} : { stoppingAt: dateAt(task.stoppingAt) }),
    ...(task.executionStoppedAt === undefined ? {} : { executionStoppedAt: dateAt(task.executionStoppedAt) }),
    ...(task.stoppedAt === undefined ? {} : { stoppedAt: dateAt(task.stoppedAt) }),
    ...(task.stopCode === undefined ? {} : { stopCode: task.stopCode }),
    ...(task.stoppedReason === undefined ? {} : { stoppedReason: task.stoppedReason }),
    attachments: attachmentsOf(task),
    attributes: [],
    tags: [],
    overrides: {
      containerOverrides: [],
      inferenceAcceleratorOverrides: [],
      ...(task.overrides as Ecs.TaskOverride | undefined),
    },
    containers: task.containers.map((one, index) => {
      const isTold = hasExited(lastStatus) || (one.reportedAt !== undefined && one.reportedAt <= world.asOf);
      return {
        containerArn: containerArn(world, task, index),
        taskArn: task.arn,
        name: one.spec.name,
        image: one.spec.image,
        lastStatus: containerStatus(task, one),
        ...(one.exitCode !== undefined && isTold && { exitCode: one.exitCode }),
        ...(one.reason !== undefined && isTold && { reason: one.reason }),
        networkBindings: [],
        networkInterfaces: [],
        healthStatus: 'UNKNOWN' as const,
        cpu: String(task.containers.length === 1 ? task.cpu : one.spec.cpu),
        memory: String(task.containers.length === 1 ? task.memory : (one.spec.memory ?? task.memory)),
      };
    }),
  };
}

/** Its elastic network interface. (ECS API reference, Attachment) */
function attachmentsOf({ id, subnet, lastStatus }: Task): Ecs.Attachment[] {
  if (subnet === undefined) return [];
  const status =
    lastStatus === 'STOPPED' ? 'DELETED' : lastStatus === 'PROVISIONING' ? 'PRECREATED' : 'ATTACHED';
  return [
    {
      id: `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20, 32)}`,
      type: 'ElasticNetworkInterface',
      status,
      details: [
        { name: 'subnetId', value: subnet },
        ...(status === 'PRECREATED' ? [] : [{ name: 'networkInterfaceId', value: `eni-${id.slice(0, 17)}` }]),
      ],
    },
  ];
}

/** Its n-th container's; the first one's id is the task's. */
export function containerArn(
  { options: { region, accountId } }: WorldState,
  { id, cluster }: Pick<Task, 'id' | 'cluster'>,
  index: number,
): string {
  const own = index === 0 ? id : `${String(index).padStart(4, '0')}${id.slice(4)}`;
  return `arn:aws:ecs:${region}:${accountId}:container/${cluster.name}/${id}/${own}`;
}

function containerStatus({ knownStatus }: Task, { isRunning, exitCode }: Container): string {
  if (isRunning) return 'RUNNING';
  return knownStatus === 'STOPPED' || exitCode !== undefined ? 'STOPPED' : 'PENDING';
}

/** Whether an answer of that state can tell how the container ended. */
const hasExited = (lastStatus: string) => lastStatus === 'DEPROVISIONING' || lastStatus === 'STOPPED';
