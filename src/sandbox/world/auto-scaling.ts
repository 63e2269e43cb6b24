import type * as AutoScaling from '@aws-sdk/client-auto-scaling';
import { dateAt } from '../../base/clock.ts';
import { addCluster } from './clusters.ts';
import { after } from './emit.ts';
import { validationError } from './errors.ts';
import {
  addGroup,
  balance,
  putHook,
  removeHook,
  setDesired,
  setRetention,
  terminateMember,
} from './groups.ts';
import {
  beginTermination,
  endAction,
  enter,
  globalTimeoutMs,
  heartbeat,
  leaveGroup,
  waitingAction,
} from './lifecycle.ts';
import { addMachine } from './machines.ts';
import type { Handlers } from './operations.ts';
import { page } from './paging.ts';
import type { Group, Hook, LifecycleAction, Member, ScalingActivity, WorldState } from './state.ts';

/** The EC2 Auto Scaling API, as far as groups, their instances and their hooks go. */
export const autoScaling: Handlers<'autoscaling'> = {
  'autoscaling:CreateAutoScalingGroup': (world, input) => {
    const name = required(input.AutoScalingGroupName, 'autoScalingGroupName');
    if (world.groups.has(name)) {
      const error = validationError(
        'AutoScalingGroup by this name already exists - A group with the name already exists',
      );
      error.name = 'AlreadyExistsFault';
      throw error;
    }
    const group = addGroup(world, {
      name,
      minSize: input.MinSize,
      maxSize: input.MaxSize,
      desired: input.DesiredCapacity ?? input.MinSize,
      onAbandon: retention(input.InstanceLifecyclePolicy),
    });
    group.launch = () => launchInto(world, group);
    for (const hook of input.LifecycleHookSpecificationList ?? []) putHookFrom(world, group, hook);
    balance(world, group, 'an instance was started in response to the creation of the group.');
    return {};
  },
  'autoscaling:UpdateAutoScalingGroup': (world, input) => {
    const group = groupNamed(world, input.AutoScalingGroupName);
    group.minSize = input.MinSize ?? group.minSize;
    group.maxSize = input.MaxSize ?? group.maxSize;
    if (input.InstanceLifecyclePolicy) setRetention(world, group, retention(input.InstanceLifecyclePolicy));
    const desired = Math.min(Math.max(input.DesiredCapacity ?? group.desired, group.minSize), group.maxSize);
    setDesired(world, group, desired, 'a user request updated the group.');
    return {};
  },
  'autoscaling:DescribeAutoScalingGroups': (world, input) => {
    const names = input.AutoScalingGroupNames;
    const found = [...world.groups.values()]
      .filter((group) => !names?.length || names.includes(group.name))
      .map((group, index) => ({ group, index }));
    const { items, nextToken } = page(
      found,
      (one) => one.index,
      Math.min(input.MaxRecords ?? 100, world.options.pageSize),
      input.NextToken,
      badToken,
    );
    return {
      AutoScalingGroups: items.map((one) => describeGroup(one.group)),
      ...(nextToken === undefined ? {} : { NextToken: nextToken }),
    };
  },
  'autoscaling:DescribeAutoScalingInstances': (world, input) => {
    const ids = input.InstanceIds;
    const members: { member: Member; index: number }[] = [];
    if (ids?.length) {
      for (const id of ids) {
        const member = world.machines.get(id)?.member;
        if (member) members.push({ member, index: members.length });
      }
    } else {
      for (const group of world.groups.values())
        for (const member of group.members.values()) members.push({ member, index: members.length });
    }
    const { items, nextToken } = page(
      members,
      (one) => one.index,
      Math.min(input.MaxRecords ?? 50, world.options.pageSize),
      input.NextToken,
      badToken,
    );
    return {
      AutoScalingInstances: items.map(({ member }) => ({
        ...describeMember(member),
        AutoScalingGroupName: member.group.name,
      })),
      ...(nextToken === undefined ? {} : { NextToken: nextToken }),
    };
  },
  'autoscaling:PutLifecycleHook': (world, input) => {
    putHookFrom(world, groupNamed(world, input.AutoScalingGroupName), input);
    return {};
  },
  'autoscaling:DescribeLifecycleHooks': (world, input) => {
    const group = groupNamed(world, input.AutoScalingGroupName);
    const names = input.LifecycleHookNames;
    const hooks = [...group.hooks.values()].filter((hook) => !names?.length || names.includes(hook.name));
    return { LifecycleHooks: hooks.map((hook) => describeHook(group, hook)) };
  },
  'autoscaling:DeleteLifecycleHook': (world, input) => {
    const group = groupNamed(world, input.AutoScalingGroupName);
    removeHook(world, group, required(input.LifecycleHookName, 'lifecycleHookName'));
    // Deleting a hook completes its waiting actions, with ABANDON for a launch and CONTINUE for a termination.
    for (const member of [...group.members.values()]) {
      const action = waitingAction(member, input.LifecycleHookName ?? '', undefined);
      if (action) endAction(world, member, action, 'CONTINUE', 'call');
    }
    return {};
  },
  'autoscaling:SetDesiredCapacity': (world, input) => {
    const group = groupNamed(world, input.AutoScalingGroupName);
    const desired = input.DesiredCapacity;
    if (desired === undefined) throw validationError('DesiredCapacity is required.');
    setDesired(world, group, desired, `a user request explicitly set group desired capacity to ${desired}.`);
    return {};
  },
  'autoscaling:TerminateInstanceInAutoScalingGroup': (world, input) => {
    const id = required(input.InstanceId, 'instanceId');
    const member = world.machines.get(id)?.member;
    if (!member)
      throw validationError(`Instance Id not found - No managed instance found for instance ID ${id}`);
    const decrement = input.ShouldDecrementDesiredCapacity === true;
    const cause = 'an instance was taken out of service in response to a user request.';
    if (member.state === 'Terminating:Retained') beginTermination(world, member, cause);
    else if (member.state === 'InService' || member.state === 'Standby' || member.state === 'Pending')
      terminateMember(world, member, decrement, cause);
    const activity = member.group.activities.find((one) => one.instanceId === id);
    return activity ? { Activity: describeActivity(member.group, activity) } : {};
  },
  'autoscaling:RecordLifecycleActionHeartbeat': (world, input) => {
    const { member, action } = findAction(world, input);
    heartbeat(world, member, action);
    return {};
  },
  'autoscaling:CompleteLifecycleAction': (world, input) => {
    const result = input.LifecycleActionResult;
    if (result !== 'CONTINUE' && result !== 'ABANDON')
      throw validationError(`Lifecycle action result must be CONTINUE or ABANDON: it was ${result}.`);
    const { member, action } = findAction(world, input);
    endAction(world, member, action, result, 'call');
    return {};
  },
  'autoscaling:DetachInstances': (world, input) => {
    const members = membersNamed(world, input.AutoScalingGroupName, input.InstanceIds);
    const group = groupNamed(world, input.AutoScalingGroupName);
    if (input.ShouldDecrementDesiredCapacity) group.desired -= members.length;
    for (const member of members) {
      enter(world, member, 'Detached');
      leaveGroup(world, member);
      member.machine.imds.targetLifecycleState = 'Detached';
    }
    if (!input.ShouldDecrementDesiredCapacity)
      after(world, 0, () => balance(world, group, 'an instance was launched to replace a detached one.'));
    return { Activities: [] };
  },
  'autoscaling:EnterStandby': (world, input) => {
    const members = membersNamed(world, input.AutoScalingGroupName, input.InstanceIds);
    const group = groupNamed(world, input.AutoScalingGroupName);
    if (input.ShouldDecrementDesiredCapacity) group.desired -= members.length;
    for (const member of members) {
      enter(world, member, 'Standby');
      member.machine.imds.targetLifecycleState = 'Standby';
    }
    if (!input.ShouldDecrementDesiredCapacity)
      after(world, 0, () => balance(world, group, 'an instance was launched to replace one in standby.'));
    return { Activities: [] };
  },
  'autoscaling:ExitStandby': (world, input) => {
    for (const member of membersNamed(world, input.AutoScalingGroupName, input.InstanceIds)) {
      if (member.state !== 'Standby')
        throw validationError(
          `The instance ${member.machine.id} is not in Standby: it is in ${member.state}.`,
        );
      member.group.desired++;
      enter(world, member, 'InService');
      member.machine.imds.targetLifecycleState = 'InService';
    }
    return { Activities: [] };
  },
  'autoscaling:DescribeScalingActivities': (world, input) => {
    const groups = input.AutoScalingGroupName
      ? [groupNamed(world, input.AutoScalingGroupName)]
      : [...world.groups.values()];
    return {
      Activities: groups.flatMap((group) =>
        group.activities.map((activity) => describeActivity(group, activity)),
      ),
    };
  },
};

function findAction(
  world: WorldState,
  input: {
    AutoScalingGroupName?: string | undefined;
    LifecycleHookName?: string | undefined;
    LifecycleActionToken?: string | undefined;
    InstanceId?: string | undefined;
  },
): { member: Member; action: LifecycleAction } {
  const group = groupNamed(world, input.AutoScalingGroupName);
  const hookName = required(input.LifecycleHookName, 'lifecycleHookName');
  const { LifecycleActionToken: token, InstanceId: instanceId } = input;
  if (!token && !instanceId)
    throw validationError('Either a lifecycle action token or an instance ID is required.');
  const candidates = instanceId ? [group.members.get(instanceId)] : [...group.members.values()];
  for (const member of candidates) {
    const action = waitingAction(member, hookName, token);
    if (member && action) return { member, action };
  }
  throw validationError(
    token
      ? `No active Lifecycle Action found with token ${token}`
      : `No active Lifecycle Action found with instance ID ${instanceId}`,
  );
}

function groupNamed(world: WorldState, name: string | undefined): Group {
  const group = world.groups.get(required(name, 'autoScalingGroupName'));
  if (!group) throw validationError(`AutoScalingGroup name not found - AutoScalingGroup '${name}' not found`);
  return group;
}

function membersNamed(world: WorldState, groupName: string | undefined, ids: string[] | undefined): Member[] {
  const group = groupNamed(world, groupName);
  return (ids ?? []).map((id) => {
    const member = group.members.get(id);
    if (!member) throw validationError(`The instance ${id} is not part of Auto Scaling group ${group.name}.`);
    return member;
  });
}

function required(value: string | undefined, name: string): string {
  if (value) return value;
  throw validationError(
    `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
  );
}

const badToken = () => {
  const error = validationError('The NextToken value is not valid.');
  error.name = 'InvalidNextToken';
  return error;
};

function retention(policy: AutoScaling.InstanceLifecyclePolicy | undefined): Group['onAbandon'] {
  return policy?.RetentionTriggers?.TerminateHookAbandon === 'retain' ? 'retain' : 'terminate';
}

function putHookFrom(
  world: WorldState,
  group: Group,
  input: {
    LifecycleHookName?: string | undefined;
    LifecycleTransition?: string | undefined;
    HeartbeatTimeout?: number | undefined;
    DefaultResult?: string | undefined;
    NotificationMetadata?: string | undefined;
    NotificationTargetARN?: string | undefined;
    RoleARN?: string | undefined;
  },
): void {
  const name = required(input.LifecycleHookName, 'lifecycleHookName');
  const { LifecycleTransition: transition, DefaultResult: result } = input;
  if (transition === undefined && !group.hooks.has(name))
    throw validationError('Lifecycle transition is required for a new lifecycle hook.');
  if (
    transition !== undefined &&
    transition !== 'autoscaling:EC2_INSTANCE_TERMINATING' &&
    transition !== 'autoscaling:EC2_INSTANCE_LAUNCHING'
  )
    throw validationError(`Invalid lifecycle transition: ${transition}.`);
  if (result !== undefined && result !== 'ABANDON' && result !== 'CONTINUE')
    throw validationError(`Invalid default result: ${result}. It must be CONTINUE or ABANDON.`);
  putHook(world, group, {
    name,
    transition,
    heartbeatTimeout: input.HeartbeatTimeout,
    defaultResult: result,
    notificationMetadata: input.NotificationMetadata,
    notificationTarget: input.NotificationTargetARN,
    roleArn: input.RoleARN,
  });
}

function launchInto(world: WorldState, group: Group) {
  const [cluster = addCluster(world, 'default')] = world.clusters.values();
  return addMachine(world, { cluster, group, ecsAgentAfter: world.options.timings.boot, metadataTags: true });
}

function describeGroup(group: Group): AutoScaling.AutoScalingGroup {
  return {
    AutoScalingGroupName: group.name,
    AutoScalingGroupARN: group.arn,
    MinSize: group.minSize,
    MaxSize: group.maxSize,
    DesiredCapacity: group.desired,
    DefaultCooldown: 300,
    AvailabilityZones: [...new Set([...group.members.values()].map((one) => one.machine.availabilityZone))],
    LoadBalancerNames: [],
    TargetGroupARNs: [],
    HealthCheckType: 'EC2',
    HealthCheckGracePeriod: 0,
    Instances: [...group.members.values()].map((member) => ({
      ...describeMember(member),
      // The same fact, spelt otherwise than by DescribeAutoScalingInstances.
      HealthStatus: member.healthy ? 'Healthy' : 'Unhealthy',
    })),
    CreatedTime: dateAt(group.createdAt),
    SuspendedProcesses: [],
    EnabledMetrics: [],
    Tags: [],
    TerminationPolicies: ['Default'],
    NewInstancesProtectedFromScaleIn: false,
    InstanceLifecyclePolicy: { RetentionTriggers: { TerminateHookAbandon: group.onAbandon } },
  };
}

function describeMember(member: Member) {
  return {
    InstanceId: member.machine.id,
    InstanceType: member.machine.instanceType,
    AvailabilityZone: member.machine.availabilityZone,
    LifecycleState: member.state as AutoScaling.LifecycleState,
    HealthStatus: member.healthy ? 'HEALTHY' : 'UNHEALTHY',
    ProtectedFromScaleIn: member.protectedFromScaleIn,
  };
}

function describeHook(group: Group, hook: Hook): AutoScaling.LifecycleHook {
  return {
    LifecycleHookName: hook.name,
    AutoScalingGroupName: group.name,
    LifecycleTransition: hook.transition,
    HeartbeatTimeout: hook.heartbeatTimeout,
    GlobalTimeout: globalTimeoutMs(hook) / 1000,
    DefaultResult: hook.defaultResult,
    ...(hook.notificationMetadata === undefined ? {} : { NotificationMetadata: hook.notificationMetadata }),
    ...(hook.notificationTarget === undefined ? {} : { NotificationTargetARN: hook.notificationTarget }),
    ...(hook.roleArn === undefined ? {} : { RoleARN: hook.roleArn }),
  };
}

function describeActivity(group: Group, activity: ScalingActivity): AutoScaling.Activity {
  const ended = activity.endedAt;
  return {
    ActivityId: activity.id,
    AutoScalingGroupName: group.name,
    Description: activity.description,
    Cause: activity.cause,
    StartTime: dateAt(activity.startedAt),
    ...(ended === undefined ? {} : { EndTime: dateAt(ended) }),
    StatusCode: ended === undefined ? 'InProgress' : 'Successful',
    Progress: ended === undefined ? 50 : 100,
  };
}
