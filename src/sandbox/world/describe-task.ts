import type * as Ecs from '@aws-sdk/client-ecs';
import { dateAt } from '../../base/clock.ts';
import type { Task, WorldState } from './state.ts';
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
    attachments: [],
    attributes: [],
    tags: [],
    overrides: {
      containerOverrides: [],
      inferenceAcceleratorOverrides: [],
      ...(task.overrides as Ecs.TaskOverride | undefined),
    },
    containers: [
      {
        containerArn: `arn:aws:ecs:${world.options.region}:${world.options.accountId}:container/${task.cluster.name}/${task.id}/${task.id}`,
        taskArn: task.arn,
        name: definition.containerName,
        image: definition.image,
        lastStatus: containerStatus(task),
        ...(task.exitCode === undefined || !hasExited(lastStatus) ? {} : { exitCode: task.exitCode }),
        ...(task.containerReason === undefined || !hasExited(lastStatus)
          ? {}
          : { reason: task.containerReason }),
        networkBindings: [],
        networkInterfaces: [],
        healthStatus: 'UNKNOWN',
        cpu: String(task.cpu),
        memory: String(task.memory),
      },
    ],
  };
}

function containerStatus(task: Task): string {
  if (task.containersRunning) return 'RUNNING';
  return task.knownStatus === 'STOPPED' ? 'STOPPED' : 'PENDING';
}

/** Whether an answer of that state can tell how the container ended. */
const hasExited = (lastStatus: string) => lastStatus === 'DEPROVISIONING' || lastStatus === 'STOPPED';
