import type * as Ecs from '@aws-sdk/client-ecs';
import { dateAt } from '../../base/clock.ts';
import { capacityProviders, describeWaiting, stopWaiting } from './capacity-providers.ts';
import { checkOwnCluster, clusterNamed, listing } from './clusters.ts';
import { atMost, statusOf } from './container-instances.ts';
import { describeTask as describe } from './describe-task.ts';
import { after } from './emit.ts';
import { clientException, invalidParameter, serviceError } from './errors.ts';
import { idOf } from './ids.ts';
import { kickService } from './kick.ts';
import type { Handlers } from './operations.ts';
import { page } from './paging.ts';
import { refuses } from './placement.ts';
import { runTask } from './run-task.ts';
import type { Cluster, ContainerInstance, Task, WorldState } from './state.ts';
import { definitionNamed } from './task-definitions.ts';
import { askToStop, isLost, seenOf, startTask } from './task-life.ts';
import { needsOf } from './task-needs.ts';

/** The ECS calls about tasks. */
export const tasks = {
  ...capacityProviders,
  'ecs:RunTask': runTask,
  'ecs:StartTask': (world, input) => {
    const cluster = clusterNamed(world, input.cluster);
    const definition = definitionNamed(world, input.taskDefinition);
    const started: Ecs.Task[] = [];
    const failures: Ecs.Failure[] = [];
    checkStartedBy(input.startedBy, 36);
    for (const name of atMost(10, input.containerInstances, 'Container Instances cannot be empty.')) {
      checkOwnCluster(cluster, name);
      const containerInstance = cluster.containerInstances.get(idOf(name));
      const reason = containerInstance ? refuses(containerInstance, needsOf(definition)) : 'MISSING';
      if (!containerInstance || reason) {
        failures.push({ arn: containerInstance?.arn ?? name, reason });
        continue;
      }
      const group = input.group ?? `family:${definition.family}`;
      started.push(
        describe(
          world,
          startTask(world, { containerInstance, definition, group, startedBy: input.startedBy }),
        ),
      );
    }
    return { tasks: started, failures };
  },
  'ecs:StopTask': (world, input) => {
    const cluster = clusterNamed(world, input.cluster);
    const waiting = cluster.waiting.get(idOf(input.task ?? ''));
    if (waiting) {
      stopWaiting(world, waiting, 'UserInitiated', input.reason ?? 'Task stopped by user');
      return { task: describeWaiting(world, waiting) };
    }
    const task = taskNamed(cluster, input.task);
    askToStop(world, task, 'UserInitiated', input.reason ?? 'Task stopped by user');
    return { task: describe(world, task) };
  },
  'ecs:ListTasks': (world, input) => {
    const cluster = clusterNamed(world, input.cluster);
    const desiredStatus = input.desiredStatus ?? 'RUNNING';
    if (desiredStatus !== 'RUNNING' && desiredStatus !== 'STOPPED' && desiredStatus !== 'PENDING')
      throw invalidParameter('Invalid desired status.');
    let on: ContainerInstance | undefined;
    if (input.containerInstance) {
      checkOwnCluster(cluster, input.containerInstance);
      on = cluster.containerInstances.get(idOf(input.containerInstance));
      const seen = on && statusOf(world, on);
      const { tasksOfUnknown, tasksOfInactive } = world.options;
      const answers = seen === undefined ? tasksOfUnknown : seen === 'INACTIVE' ? tasksOfInactive : 'listed';
      if (answers === 'refused') throw invalidParameter('The referenced container instance was not found.');
      if (answers === 'empty') return { taskArns: [] };
    }
    if (input.startedBy && (input.containerInstance || input.serviceName || input.family || input.launchType))
      throw invalidParameter('The startedBy filter must be the only filter.');
    const service = input.serviceName ? cluster.services.get(idOf(input.serviceName)) : undefined;
    if (input.serviceName && (!service || service.status === 'INACTIVE'))
      throw serviceError('ServiceNotFoundException', 'Service not found.');
    const listed: Pick<Task, 'arn' | 'serial'>[] = [];
    for (const task of on ? on.tasks : cluster.tasks.values()) {
      if (seenOf(world, task)?.desiredStatus !== desiredStatus || isLost(world, task)) continue;
      if (service && task.service !== service) continue;
      if (input.family && task.definition.family !== input.family) continue;
      if (input.startedBy && task.startedBy !== input.startedBy) continue;
      if (input.launchType && input.launchType !== 'EC2') continue;
      listed.push(task);
    }
    for (const waiting of on || service ? [] : cluster.waiting.values()) {
      if ((waiting.lastStatus === 'STOPPED' ? 'STOPPED' : 'RUNNING') !== desiredStatus) continue;
      if (world.asOf < waiting.createdAt) continue;
      if (input.family && waiting.task.definition.family !== input.family) continue;
      if (input.startedBy && waiting.task.startedBy !== input.startedBy) continue;
      listed.push(waiting);
    }
    listed.sort((a, b) => a.serial - b.serial);
    const { items, nextToken } = page(
      listed,
      (task) => task.serial,
      listing(world, 'ecs:ListTasks', input, 100),
    );
    return { taskArns: items.map((task) => task.arn), ...(nextToken === undefined ? {} : { nextToken }) };
  },
  'ecs:DescribeTasks': (world, input) => {
    const cluster = clusterNamed(world, input.cluster);
    const found: Ecs.Task[] = [];
    const failures: Ecs.Failure[] = [];
    if (!input.tasks?.length) throw invalidParameter('Tasks cannot be empty.');
    for (const name of atMost(100, input.tasks, '')) {
      checkOwnCluster(cluster, name);
      checkTaskId(name);
      const task = cluster.tasks.get(idOf(name));
      const waiting = cluster.waiting.get(idOf(name));
      if (waiting && world.asOf >= waiting.createdAt) found.push(describeWaiting(world, waiting));
      else if (task && seenOf(world, task)) found.push(describe(world, task));
      else failures.push({ arn: taskArn(world, cluster, name), reason: 'MISSING' });
    }
    return { tasks: found, failures };
  },
  'ecs:GetTaskProtection': (world, input) => {
    const cluster = clusterNamed(world, input.cluster);
    const named = input.tasks?.length ? atMost(100, input.tasks, '') : [...cluster.tasks.keys()];
    return protection(world, cluster, named, () => undefined);
  },
  'ecs:UpdateTaskProtection': (world, input) => {
    const cluster = clusterNamed(world, input.cluster);
    const minutes = input.expiresInMinutes ?? 120;
    if (minutes < 1 || minutes > 2880) throw invalidParameter('expiresInMinutes must be between 1 and 2880.');
    return protection(world, cluster, atMost(10, input.tasks, 'Tasks cannot be empty.'), (task) => {
      if (!task.service) return 'TASK_NOT_VALID';
      task.protectedUntil = input.protectionEnabled ? world.now + minutes * 60_000 : undefined;
      const { service } = task;
      if (input.protectionEnabled) after(world, minutes * 60_000, () => kickService(world, service));
      else kickService(world, service);
      return undefined;
    });
  },
} satisfies Handlers<'ecs'>;

function protection(
  world: WorldState,
  cluster: Cluster,
  names: string[],
  change: (task: Task) => string | undefined,
): { protectedTasks: Ecs.ProtectedTask[]; failures: Ecs.Failure[] } {
  const protectedTasks: Ecs.ProtectedTask[] = [];
  const failures: Ecs.Failure[] = [];
  for (const name of names) {
    const task = cluster.tasks.get(idOf(name));
    const reason = task ? change(task) : 'MISSING';
    if (!task || reason) {
      failures.push({ arn: task?.arn ?? taskArn(world, cluster, name), reason });
      continue;
    }
    const until =
      task.protectedUntil !== undefined && task.protectedUntil > world.now ? task.protectedUntil : 0;
    protectedTasks.push({
      taskArn: task.arn,
      protectionEnabled: until > 0,
      ...(until > 0 ? { expirationDate: dateAt(until) } : {}),
    });
  }
  return { protectedTasks, failures };
}

function taskNamed(cluster: Cluster, name: string | undefined): Task {
  if (!name) throw invalidParameter('Task cannot be empty.');
  checkOwnCluster(cluster, name);
  checkTaskId(name);
  const task = cluster.tasks.get(idOf(name));
  if (!task) throw invalidParameter('The referenced task was not found.');
  if (task.orphaned) throw clientException('The referenced task was not found.');
  return task;
}

function checkTaskId(name: string): void {
  const { length } = idOf(name);
  if (length !== 32 && length !== 36) throw invalidParameter('taskId length should be one of [32,36]');
}

function checkStartedBy(startedBy: string | undefined, most: number): void {
  if (startedBy !== undefined && startedBy.length > most)
    throw invalidParameter(`startedBy should have at most ${most} characters.`);
}

function taskArn(world: WorldState, cluster: Cluster, name: string): string {
  if (name.startsWith('arn:')) return name;
  return `arn:aws:ecs:${world.options.region}:${world.options.accountId}:task/${cluster.name}/${name}`;
}
