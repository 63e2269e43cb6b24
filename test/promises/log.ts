import type { WorldEvent } from '../../src/sandbox/index.ts';
import { checkPromises } from './check.ts';
import type { Disturbance, Entry, Setting } from './entry.ts';

// What logs are written with by hand. Times are in seconds here.

/** The instance whose agent is judged. */
export const A = 'i-0000000000000000a';
export const ARN = 'arn:aws:ecs:eu-west-1:111122223333:container-instance/web/aaaa';
export const TASK = 'arn:aws:ecs:eu-west-1:111122223333:task/web/0123456789ab';

export function happened(at: number, event: WorldEvent): Entry {
  return { kind: 'event', at: at * 1000, event: { at: at * 1000, ...event } };
}

export function called(at: number, api: string, input: object = {}, outcome = 'ok'): Entry {
  return { kind: 'request', at: at * 1000, api, instanceId: A, input, outcome };
}

export const started = (at: number): Entry => ({
  kind: 'agent',
  at: at * 1000,
  instanceId: A,
  change: 'started',
});
export const readImds = (at: number, answered = true): Entry => ({
  kind: 'host-request',
  at: at * 1000,
  instanceId: A,
  to: 'imds',
  answered,
});
export const status = (at: number, to: 'ACTIVE' | 'DRAINING' | 'INACTIVE') =>
  happened(at, { type: 'container-instance', instanceId: A, containerInstanceArn: ARN, from: undefined, to });
export const task = (at: number, to: 'PENDING' | 'RUNNING' | 'STOPPING' | 'DEPROVISIONING' | 'STOPPED') =>
  happened(at, { type: 'task', instanceId: A, taskArn: TASK, group: 'service:web', from: undefined, to });
export const lifecycle = (
  at: number,
  to: 'InService' | 'ReplacingRootVolume:Wait' | 'Terminating' | 'Terminating:Wait' | 'Terminating:Retained',
) => happened(at, { type: 'lifecycle-state', group: 'g', instanceId: A, from: undefined, to });
export const tag = (at: number, value = '') =>
  happened(at, { type: 'tag-put', instanceId: A, key: 'ecs-drain-agent:terminate', value });
export const tagRemoved = (at: number) =>
  happened(at, { type: 'tag-removed', instanceId: A, key: 'ecs-drain-agent:terminate' });
export const chosen = (at: number) =>
  happened(at, { type: 'scale-in-chosen', group: 'g', instanceId: A, cause: '' });
export const ended = (at: number, by: 'call' | 'heartbeat-timeout' | 'global-timeout') =>
  happened(at, {
    type: 'lifecycle-action-ended',
    group: 'g',
    hook: 'drain',
    instanceId: A,
    result: 'CONTINUE',
    by,
  });

export const hookPut = (hook: string, at = 0, heartbeatTimeout = 300_000) =>
  happened(at, {
    type: 'hook-put',
    group: 'g',
    hook,
    transition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    heartbeatTimeout,
    globalTimeout: heartbeatTimeout * 100,
    defaultResult: 'ABANDON',
  });

export const looks = (at: number) => [
  called(at, 'ecs:DescribeContainerInstances'),
  called(at, 'ecs:ListTasks', { desiredStatus: 'RUNNING' }),
  called(at, 'ecs:ListTasks', { desiredStatus: 'STOPPED' }),
  called(at, 'autoscaling:DescribeAutoScalingInstances'),
];
export const setStatus = (at: number, to: 'DRAINING' | 'ACTIVE', arn = ARN) =>
  called(at, 'ecs:UpdateContainerInstancesState', { containerInstances: [arn], status: to });
export const deregister = (at: number, force = false) =>
  called(at, 'ecs:DeregisterContainerInstance', { containerInstance: ARN, force });
export const complete = (at: number, hook = 'drain', result = 'CONTINUE', instance = A) =>
  called(at, 'autoscaling:CompleteLifecycleAction', {
    LifecycleHookName: hook,
    LifecycleActionResult: result,
    InstanceId: instance,
  });

export const atRest = [
  status(0, 'ACTIVE'),
  lifecycle(0, 'InService'),
  task(0, 'RUNNING'),
  started(0),
  readImds(1),
];
export const draining = [
  ...atRest,
  chosen(10),
  lifecycle(10, 'Terminating'),
  lifecycle(11, 'Terminating:Wait'),
  readImds(12),
  ...looks(12),
  status(13, 'DRAINING'),
  setStatus(13, 'DRAINING'),
];
export const drained = [
  ...draining,
  task(60, 'STOPPED'),
  ...looks(61),
  status(62, 'INACTIVE'),
  deregister(62),
  ended(63, 'call'),
  complete(63),
];

/** What is wrong with a log that ends so many seconds after the epoch. */
export function found(log: readonly Entry[], end: number, setting: Partial<Setting> = {}): readonly string[] {
  return checkPromises(log, end * 1000, setting);
}

export const containers = (at: number, to: 'running' | 'exited') =>
  happened(at, { type: 'task-containers', instanceId: A, taskArn: TASK, to });

export const disturbed = (at: number, disturbance: Disturbance): Entry => ({
  kind: 'disturbance',
  at: at * 1000,
  instanceId: A,
  ...disturbance,
});

export const stopTask = (at: number, arn = TASK) => called(at, 'ecs:StopTask', { task: arn });
