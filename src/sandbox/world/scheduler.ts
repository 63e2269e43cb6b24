import { emit } from './emit.ts';
import { nextUuid } from './ids.ts';
import { place, refuses } from './placement.ts';
import { cancel } from './queue.ts';
import type { ContainerInstance, Service, Task, WorldState } from './state.ts';
import { askToStop, startTask } from './task-life.ts';
import { needsOf } from './task-needs.ts';

export function say(world: WorldState, service: Service, message: string): void {
  const text = `(service ${service.name}) ${message}`;
  service.events.unshift({ id: nextUuid(world), createdAt: world.now, message: text });
  if (service.events.length > 100) service.events.length = 100;
  emit(world, () => ({ type: 'service-event', service: service.name, message: text }));
}

/** One look of the service scheduler at one service. */
export function lookAt(world: WorldState, service: Service): void {
  if (service.strategy === 'DAEMON') passDaemon(world, service);
  else passReplica(world, service);
  if (service.status === 'DRAINING' && service.tasks.size === 0) {
    service.status = 'INACTIVE';
    service.pass = cancel(service.pass);
  }
}

function passReplica(world: WorldState, service: Service): void {
  const live: Task[] = [];
  for (const task of service.tasks) if (task.desiredStatus === 'RUNNING') live.push(task);
  let onActive = 0;
  let healthy = 0;
  const leaving: Task[] = [];
  for (const task of live) {
    if (isLeaving(task.containerInstance)) leaving.push(task);
    else onActive++;
    if (task.lastStatus === 'RUNNING') healthy++;
  }
  let count = live.length;

  // On a draining instance what has not begun to run yet is stopped at once.
  const stillToMove: Task[] = [];
  for (const task of leaving) {
    if (isProtected(world, task)) continue;
    if (task.lastStatus === 'RUNNING') {
      stillToMove.push(task);
    } else {
      stop(world, service, task);
      count--;
    }
  }

  const { desiredCount } = service;
  for (const task of stillToMove.splice(
    0,
    Math.max(0, count - Math.max(desiredCount, limits(service).most)),
  )) {
    stop(world, service, task);
    count--;
    healthy--;
  }
  if (onActive > desiredCount) {
    const surplus = live
      .filter((task) => !isLeaving(task.containerInstance) && !isProtected(world, task))
      .reverse();
    for (const task of surplus.slice(0, onActive - desiredCount)) {
      stop(world, service, task);
      count--;
      onActive--;
      if (task.lastStatus === 'RUNNING') healthy--;
    }
  }

  const { least, most } = limits(service);
  const wasBlocked = service.blocked;
  service.blocked = false;
  while (onActive < desiredCount && count < most) {
    if (!startOne(world, service, wasBlocked)) {
      service.blocked = true;
      break;
    }
    onActive++;
    count++;
  }
  for (const task of stillToMove) {
    if (healthy - 1 < least) break;
    stop(world, service, task);
    healthy--;
    count--;
  }

  const steady = live.length === desiredCount && healthy === desiredCount && leaving.length === 0;
  if (steady && !service.steady) say(world, service, 'has reached a steady state.');
  service.steady = steady;
}

/** The fewest tasks that must stay healthy, and the most that may run, while the service moves its tasks. */
function limits(service: Service): { least: number; most: number } {
  return {
    least: Math.ceil((service.desiredCount * service.minimumHealthyPercent) / 100),
    most: Math.floor((service.desiredCount * service.maximumPercent) / 100),
  };
}

function startOne(world: WorldState, service: Service, wasBlocked: boolean): boolean {
  const placed = place(service.cluster, needsOf(service.definition));
  if (Array.isArray(placed)) {
    const [first] = placed;
    if (!wasBlocked) {
      say(
        world,
        service,
        first
          ? `was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance ${first.arn.slice(first.arn.lastIndexOf('/') + 1)}) ${closest(first.reason)}. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.`
          : 'was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.',
      );
    }
    return false;
  }
  const task = startTask(world, {
    containerInstance: placed,
    definition: service.definition,
    group: `service:${service.name}`,
    startedBy: deploymentId(service),
    service,
    behaviour: service.behaviour,
  });
  say(world, service, `has started 1 tasks: (task ${task.id}).`);
  return true;
}

function closest(reason: string): string {
  switch (reason) {
    case 'RESOURCE:CPU':
      return 'has insufficient CPU units available';
    case 'RESOURCE:MEMORY':
      return 'has insufficient memory available';
    case 'AGENT':
      return 'has a disconnected agent';
    default:
      return `encountered error "${reason}"`;
  }
}

/** One daemon task on every ACTIVE instance; on a draining one it is the last to stop. */
function passDaemon(world: WorldState, service: Service): void {
  const served = new Set<ContainerInstance>();
  for (const task of service.tasks) {
    if (task.desiredStatus === 'STOPPED') continue;
    served.add(task.containerInstance);
    if (service.status === 'DRAINING') stop(world, service, task);
    else if (isLeaving(task.containerInstance) && isLast(task)) stop(world, service, task);
  }
  if (service.status === 'DRAINING') return;
  for (const containerInstance of service.cluster.containerInstances.values()) {
    if (served.has(containerInstance)) continue;
    if (refuses(containerInstance, needsOf(service.definition))) continue;
    startTask(world, {
      containerInstance,
      definition: service.definition,
      group: `service:${service.name}`,
      startedBy: deploymentId(service),
      service,
      behaviour: service.behaviour,
    });
  }
}

/** The service's one deployment: a number of 19 digits, the same in every run. */
export function deploymentId(service: Service): string {
  return `ecs-svc/1234567890${String(service.serial).padStart(9, '0')}`;
}

/** Whether only daemon tasks are left on the task's instance. */
function isLast(task: Task): boolean {
  for (const other of task.containerInstance.tasks) {
    if (other.lastStatus !== 'STOPPED' && other.service?.strategy !== 'DAEMON') return false;
  }
  return true;
}

function stop(world: WorldState, service: Service, task: Task): void {
  askToStop(
    world,
    task,
    'ServiceSchedulerInitiated',
    `Scaling activity initiated by (deployment ${deploymentId(service)})`,
  );
}

function isLeaving(containerInstance: ContainerInstance): boolean {
  return containerInstance.status === 'DRAINING';
}

function isProtected(world: WorldState, task: Task): boolean {
  return task.protectedUntil !== undefined && task.protectedUntil > world.now;
}
