import type * as AutoScaling from '@aws-sdk/client-auto-scaling';
import { dateAt } from '../../base/clock.ts';
import { checkMaxRecords, LIMITS } from './auto-scaling-constraints.ts';
import { addCluster } from './clusters.ts';
import { after } from './emit.ts';
import { serviceError, validationError } from './errors.ts';
import {
  addGroup,
  balance,
  putHook,
  removeHook,
  setDesired,
  setRetention,
  terminateMember,
} from './groups.ts';
import { launchInstances } from './launch-instances.ts';
import { describeSpec, readSpec } from './launch-templates.ts';
import {
  beginTermination,
  endAction,
  enter,
  globalTimeoutMs,
  heartbeat,
  isRetained,
  leaveGroup,
  setTarget,
  waitingAction,
} from './lifecycle.ts';
import { addMachine } from './machines.ts';
import type { Handlers } from './operations.ts';
import { type Asked, pageByPlace } from './paging.ts';
import { valueAt } from './past.ts';
import type { Group, Hook, LifecycleAction, Member, ScalingActivity, WorldState } from './state.ts';
import type { LifecycleState } from './statuses.ts';

/** The EC2 Auto Scaling API, as far as groups, their instances and their hooks go. */
export const autoScaling = {
  'autoscaling:CreateAutoScalingGroup': (world, input) => {
    const name = required(input.AutoScalingGroupName, 'autoScalingGroupName');
    if (world.groups.has(name)) {
      throw serviceError(
        'AlreadyExists',
        'AutoScalingGroup by this name already exists - A group with the name already exists',
      );
    }
    checkSizes(input.MinSize ?? 0, input.MaxSize ?? 0);
    const group = addGroup(world, {
      name,
      minSize: input.MinSize,
      maxSize: input.MaxSize,
      desired: input.DesiredCapacity ?? input.MinSize,
      zones: input.AvailabilityZones?.length ? input.AvailabilityZones : undefined,
      onAbandon: retention(input.InstanceLifecyclePolicy),
      spec: readSpec(world, input),
    });
    group.launch = (zone) => launchInto(world, group, zone);
    for (const hook of input.LifecycleHookSpecificationList ?? []) putHookFrom(world, group, hook);
    balance(world, group, 'an instance was started in response to the creation of the group.');
    return {};
  },
  'autoscaling:UpdateAutoScalingGroup': (world, input) => {
    const group = groupNamed(world, input.AutoScalingGroupName);
    checkSizes(input.MinSize ?? group.minSize, input.MaxSize ?? group.maxSize);
    group.minSize = input.MinSize ?? group.minSize;
    group.maxSize = input.MaxSize ?? group.maxSize;
    if (input.InstanceLifecyclePolicy) setRetention(world, group, retention(input.InstanceLifecyclePolicy));
    const desired = Math.min(Math.max(input.DesiredCapacity ?? group.desired, group.minSize), group.maxSize);
    setDesired(world, group, desired, 'a user request updated the group.');
    return {};
  },
  'autoscaling:DescribeAutoScalingGroups': (world, input) => {
    const names = input.AutoScalingGroupNames;
    const asked = listing(world, 'autoscaling:DescribeAutoScalingGroups', input);
    if ((names?.length ?? 0) > Math.max(50, input.MaxRecords ?? 50))
      throw validationError('The number of group names that may be passed in is limited to 50.');
    const found = [...world.groups.values()].filter((group) => !names?.length || names.includes(group.name));
    const { items, nextToken } = pageByPlace(found, asked);
    return {
      AutoScalingGroups: items.map((group) => describeGroup(world, group)),
      ...(nextToken === undefined ? {} : { NextToken: nextToken }),
    };
  },
  'autoscaling:DescribeAutoScalingInstances': (world, input) => {
    const ids = input.InstanceIds;
    const asked = listing(world, 'autoscaling:DescribeAutoScalingInstances', input);
    if ((ids?.length ?? 0) > 50)
      throw validationError('The number of instance ids that may be passed in is limited to 50.');
    const members = ids?.length
      ? [...new Set(ids)].flatMap((id) => world.machines.get(id)?.member ?? [])
      : [...world.groups.values()].flatMap((group) => [...group.members.values()]);
    const seen = members.flatMap((member) => {
      const state = stateSeen(world, member);
      return state === undefined ? [] : [{ member, state }];
    });
    const { items, nextToken } = pageByPlace(seen, asked);
    return {
      AutoScalingInstances: items.map(({ member, state }) => ({
        ...describeMember(member),
        LifecycleState: state as AutoScaling.LifecycleState,
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
    if ((names?.length ?? 0) > 50)
      throw validationError(
        `1 validation error detected: Value '[${names?.join(', ')}]' at 'lifecycleHookNames' failed to satisfy constraint: Member must have length less than or equal to 50`,
      );
    const hooks = [...group.hooks.values()].filter((hook) => !names?.length || names.includes(hook.name));
    return { LifecycleHooks: hooks.map((hook) => describeHook(group, hook)) };
  },
  'autoscaling:DeleteLifecycleHook': (world, input) => {
    const group = groupNamed(world, input.AutoScalingGroupName);
    removeHook(world, group, required(input.LifecycleHookName, 'lifecycleHookName'));
    // Deleting a hook completes its waiting actions, with ABANDON for a launch and CONTINUE for a termination.
    for (const member of [...group.members.values()]) {
      const action = waitingAction(member, input.LifecycleHookName ?? '', undefined);
      const result = member.aim === 'service' ? 'ABANDON' : 'CONTINUE';
      if (action) endAction(world, member, action, result, 'call');
    }
    return {};
  },
  'autoscaling:LaunchInstances': (world, input) =>
    launchInstances(groupNamed(world, input.AutoScalingGroupName), input),
  'autoscaling:SetDesiredCapacity': (world, input) => {
    const group = groupNamed(world, input.AutoScalingGroupName);
    const desired = input.DesiredCapacity;
    if (desired === undefined) throw validationError('DesiredCapacity is required.');
    setDesired(world, group, desired, `a user request explicitly set group desired capacity to ${desired}.`);
    return {};
  },
  'autoscaling:TerminateInstanceInAutoScalingGroup': (world, input) => {
    const ids = instancesToTerminate(input);
    const members = ids.map((id) => managed(world, id, input.AutoScalingGroupName));
    const decrement = input.ShouldDecrementDesiredCapacity === true;
    const activities = members.flatMap((member) => terminate(world, member, decrement) ?? []);
    if (input.InstanceIds) return { Activities: activities };
    const [activity] = activities;
    return activity ? { Activity: activity } : {};
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
      setTarget(world, member.machine, 'Detached');
    }
    if (!input.ShouldDecrementDesiredCapacity)
      after(world, 0, () => balance(world, group, 'an instance was launched to replace a detached one.'));
    return { Activities: [] };
  },
  'autoscaling:EnterStandby': (world, input) => {
    const members = membersNamed(world, input.AutoScalingGroupName, input.InstanceIds);
    for (const { state, machine } of members)
      if (state !== 'InService')
        throw validationError(`The instance ${machine.id} is not in InService: it is in ${state}.`);
    const group = groupNamed(world, input.AutoScalingGroupName);
    if (input.ShouldDecrementDesiredCapacity) group.desired -= members.length;
    for (const member of members) {
      enter(world, member, 'Standby');
      setTarget(world, member.machine, 'Standby');
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
      setTarget(world, member.machine, 'InService');
    }
    return { Activities: [] };
  },
  'autoscaling:DescribeScalingActivities': (world, input) => {
    const groups = input.AutoScalingGroupName
      ? [groupNamed(world, input.AutoScalingGroupName)]
      : [...world.groups.values()];
    const { ActivityIds: ids } = input;
    const found = groups.flatMap((group) =>
      group.activities.map((activity) => describeActivity(group, activity)),
    );
    const wanted = found.filter(({ ActivityId = '' }) => !ids?.length || ids.includes(ActivityId));
    const asked = listing(world, 'autoscaling:DescribeScalingActivities', input);
    const { items, nextToken } = pageByPlace(wanted, asked);
    return { Activities: items, ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
  },
} satisfies Handlers<'autoscaling'>;

/** A list as a call asks for it. */
function listing<O extends keyof typeof LIMITS>(
  world: WorldState,
  operation: O,
  input: { MaxRecords?: number | undefined; NextToken?: string | undefined },
): Asked {
  const { usual, most } = LIMITS[operation];
  checkMaxRecords(input.MaxRecords, most);
  return {
    operation,
    input,
    limit: Math.min(input.MaxRecords ?? usual, world.options.pageSize),
    token: input.NextToken || undefined,
    refuse: () => serviceError('InvalidNextToken', 'The NextToken value is not valid.'),
  };
}

/** One instance, or several of one group: `InstanceIds` needs the group's name. */
function instancesToTerminate({
  InstanceId: id,
  InstanceIds: ids,
  AutoScalingGroupName: group,
}: AutoScaling.TerminateInstanceInAutoScalingGroupCommandInput): readonly string[] {
  if (ids === undefined) return [required(id, 'instanceId')];
  if (id !== undefined) throw validationError('Specify either InstanceId or InstanceIds, not both.');
  required(group, 'autoScalingGroupName');
  if (ids.length < 1 || ids.length > 100)
    throw validationError('The number of instance ids must be between 1 and 100.');
  return [...new Set(ids)];
}

function managed(world: WorldState, id: string, group: string | undefined): Member {
  const member = world.machines.get(id)?.member;
  if (!member || (group !== undefined && member.group.name !== group))
    throw validationError(`Instance Id not found - No managed instance found for instance ID ${id}`);
  return member;
}

function terminate(world: WorldState, member: Member, decrement: boolean): AutoScaling.Activity | undefined {
  const cause = 'an instance was taken out of service in response to a user request.';
  const { machine, isWarm, state } = member;
  if (isWarm && !(isRetained(member) && world.options.terminatesWarmRetained === 'accepted'))
    throw validationError(
      `The instance ${machine.id} is in a warm pool: this operation cannot be called on it.`,
    );
  if (isRetained(member) && decrement)
    throw validationError(
      `The instance ${machine.id} is in ${state} and does not count towards the desired capacity: it cannot be decremented.`,
    );
  if (isRetained(member)) beginTermination(world, member, cause);
  else if (state === 'InService' || state === 'Standby' || state.startsWith('Pending'))
    terminateMember(world, member, decrement, cause);
  const activity = member.group.activities.find((one) => one.instanceId === member.machine.id);
  return activity && describeActivity(member.group, activity);
}

function checkSizes(least: number, most: number): void {
  if (most < least)
    throw validationError(`Max bound, ${most}, must be greater than or equal to min bound, ${least}`);
}

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

function launchInto(world: WorldState, group: Group, availabilityZone: string) {
  const [cluster = addCluster(world, 'default')] = world.clusters.values();
  const ecsAgentAfter = world.options.timings.boot;
  return addMachine(world, { cluster, group, availabilityZone, ecsAgentAfter, metadataTags: true });
}

function describeGroup(world: WorldState, group: Group): AutoScaling.AutoScalingGroup {
  return {
    AutoScalingGroupName: group.name,
    AutoScalingGroupARN: group.arn,
    MinSize: group.minSize,
    MaxSize: group.maxSize,
    DesiredCapacity: group.desired,
    DefaultCooldown: 300,
    ...describeSpec(world, group.spec),
    AvailabilityZones: [...group.zones],
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

/** As a replica shows it that may be behind; undefined where it is in no group there yet. */
const stateSeen = (world: WorldState, member: Member): LifecycleState | undefined =>
  world.asOf >= world.now ? member.state : valueAt(member.past, world.asOf);

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
