import type { ContainerInstanceStatus, HookTransition, LifecycleState, TaskStatus } from './statuses.ts';

/** Something that happened in the World and is worth telling. `at` is in ms since the Unix epoch. */
export type TimelineEvent = { readonly at: number } & WorldEvent;

export type WorldEvent =
  | { type: 'machine-launched'; instanceId: string; group?: string | undefined }
  | { type: 'machine-shutting-down'; instanceId: string; cause: string }
  | { type: 'machine-terminated'; instanceId: string }
  | { type: 'machine-rebooted'; instanceId: string }
  /** All its processes stand still for so long, in ms. */
  | { type: 'machine-hibernated'; instanceId: string; forMs: number }
  | { type: 'machine-resumed'; instanceId: string }
  /** Nothing runs on it for so long, in ms; then it starts from the same root volume. */
  | { type: 'machine-stopped'; instanceId: string; forMs: number }
  | { type: 'machine-started'; instanceId: string }
  /** `showsLater`: metadata does not show it yet. */
  | { type: 'tag-put'; instanceId: string; key: string; value: string; showsLater?: true }
  | { type: 'tag-removed'; instanceId: string; key: string }
  /** What metadata shows of a tag from now on, where it serves tags; undefined: nothing any more. */
  | { type: 'tag-shown'; instanceId: string; key: string; value: string | undefined }
  | { type: 'scale-in-chosen'; group: string; instanceId: string; cause: string }
  | {
      type: 'lifecycle-state';
      group: string;
      instanceId: string;
      from: LifecycleState | undefined;
      to: LifecycleState;
    }
  /** What metadata says from now on that the group wants; undefined: it is in no group. */
  | { type: 'target-state'; instanceId: string; to: string | undefined }
  | { type: 'root-volume-exchanged'; instanceId: string; downMs: number }
  | { type: 'lifecycle-event'; event: LifecycleNotification }
  | {
      type: 'heartbeat';
      group: string;
      hook: string;
      instanceId: string;
      timesOutAt: number;
    }
  | {
      type: 'lifecycle-action-ended';
      group: string;
      hook: string;
      instanceId: string;
      result: 'CONTINUE' | 'ABANDON' | 'skipped';
      by: 'call' | 'heartbeat-timeout' | 'global-timeout' | 'broken-target' | 'another-hook' | 'termination';
    }
  | {
      type: 'container-instance';
      instanceId: string;
      containerInstanceArn: string;
      from: ContainerInstanceStatus | undefined;
      to: ContainerInstanceStatus;
    }
  /** Whether ECS takes its agent for connected: it finds out after a while that one has gone. */
  | { type: 'agent-connected'; instanceId: string; containerInstanceArn: string; to: boolean }
  | {
      type: 'task';
      taskArn: string;
      group: string;
      /** These two with the first of its statuses only. */
      family?: string | undefined;
      startedBy?: string | undefined;
      instanceId: string;
      from: TaskStatus | undefined;
      to: TaskStatus;
    }
  /** ECS loses a task whose containers run on: it calls it STOPPED from now on, or forgets it. */
  | { type: 'task-lost'; taskArn: string; group: string; instanceId: string; as: 'stopped' | 'forgotten' }
  /** What truly runs on the host, whatever ECS or its agent says. */
  | { type: 'task-containers'; taskArn: string; instanceId: string; to: 'running' | 'exited' }
  | { type: 'task-asked-to-stop'; taskArn: string; group: string; instanceId: string; reason: string }
  | { type: 'task-interrupted'; interruption: Interruption }
  | { type: 'service-event'; service: string; message: string }
  | { type: 'spot-interruption'; instanceId: string; action: string; time: number }
  | { type: 'spot-interruption-over'; instanceId: string }
  | { type: 'rebalance-recommendation'; instanceId: string }
  /** EC2 has planned something for the instance, not before this time (ms since the Unix epoch), or no longer does. */
  | { type: 'event-scheduled'; instanceId: string; code: string; notBefore: number }
  | { type: 'event-unscheduled'; instanceId: string; code: string }
  /** A hook was added, or changed. Times are in ms. */
  | {
      type: 'hook-put';
      group: string;
      hook: string;
      transition: HookTransition;
      heartbeatTimeout: number;
      globalTimeout: number;
      defaultResult: 'ABANDON' | 'CONTINUE';
    }
  | { type: 'hook-deleted'; group: string; hook: string }
  /** Whether the group keeps instances whose terminating hook is abandoned. */
  | { type: 'retention'; group: string; to: boolean }
  | { type: 'imds'; instanceId: string; to: 'on' }
  | { type: 'ecs-agent'; instanceId: string; to: EcsAgentChange };

/** `slow` and `hangs` are ended by `quick`, `impostor` by `impostor-gone`. */
export type EcsAgentChange =
  | 'up'
  | 'down'
  | 'frozen'
  | 'slow'
  | 'hangs'
  | 'quick'
  | 'impostor'
  | 'impostor-gone';

/** A task that had not stopped when its machine went: what this project exists to prevent. */
export type Interruption = {
  readonly at: number;
  readonly taskArn: string;
  readonly group: string;
  readonly instanceId: string;
  readonly lastStatus: TaskStatus;
  /** Whether the task's containers still ran; else it was only ECS that had not finished with it. */
  readonly containersRan: boolean;
  /** Whether the task had been orphaned by a forced deregistration. */
  readonly orphaned: boolean;
  /** What took the machine away. */
  readonly cause: string;
};

/** A lifecycle event in the form in which EventBridge delivers it. */
export type LifecycleNotification = {
  version: '0';
  id: string;
  'detail-type': 'EC2 Instance-terminate Lifecycle Action' | 'EC2 Instance-launch Lifecycle Action';
  source: 'aws.autoscaling';
  account: string;
  time: string;
  region: string;
  resources: string[];
  detail: {
    LifecycleActionToken: string;
    AutoScalingGroupName: string;
    LifecycleHookName: string;
    EC2InstanceId: string;
    LifecycleTransition: HookTransition;
    NotificationMetadata?: string;
    Origin: 'EC2' | 'AutoScalingGroup' | 'WarmPool';
    Destination: 'EC2' | 'AutoScalingGroup' | 'WarmPool';
    Action?: 'ReplaceRootVolume';
  };
};
