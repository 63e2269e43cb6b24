import { isoTime } from '../../base/clock.ts';
import { after, emit } from './emit.ts';
import { nextUuid } from './ids.ts';
import { terminateMachine } from './machine-end.ts';
import { note } from './past.ts';
import { cancel } from './queue.ts';
import type { Group, Hook, LifecycleAction, Machine, Member, WorldState } from './state.ts';
import type { LifecycleState } from './statuses.ts';
import type { LifecycleNotification } from './timeline.ts';

/** The tag by which the group marks its instances, as EC2 and IMDS show it. */
const groupTag = 'aws:autoscaling:groupName';

const longestWaitMs = 48 * 3_600_000;

/** The time in ms after which no heartbeat keeps an action of this hook waiting. */
export function globalTimeoutMs(hook: Hook): number {
  return Math.min(longestWaitMs, (hook.globalTimeout ?? 100 * hook.heartbeatTimeout) * 1000);
}

export function joinGroup(world: WorldState, group: Group, machine: Machine, isProtected: boolean): Member {
  const member: Member = {
    group,
    machine,
    joinedAt: world.now,
    state: 'InService',
    healthy: true,
    protectedFromScaleIn: isProtected,
    actions: [],
    machineLost: () => noticeLostMachine(world, member),
    transition: undefined,
  };
  group.members.set(machine.id, member);
  machine.member = member;
  machine.imds.targetLifecycleState = 'InService';
  machine.tags.set(groupTag, group.name);
  note<ReadonlyMap<string, string>>(machine.pastTags, world.now, new Map(machine.tags));
  emit(world, () => ({
    type: 'lifecycle-state',
    group: group.name,
    instanceId: machine.id,
    from: undefined,
    to: 'InService',
  }));
  return member;
}

/** The group begins to terminate an instance. IMDS says so at once; the hooks wait a moment later. */
export function beginTermination(world: WorldState, member: Member, cause: string): void {
  const { group, machine } = member;
  emit(world, () => ({ type: 'scale-in-chosen', group: group.name, instanceId: machine.id, cause }));
  group.activities.unshift({
    id: nextUuid(world),
    instanceId: machine.id,
    description: `Terminating EC2 instance: ${machine.id}`,
    cause: `At ${isoTime(world.now)} ${cause}`,
    startedAt: world.now,
    endedAt: undefined,
  });
  enter(world, member, 'Terminating');
  machine.imds.targetLifecycleState = 'Terminated';
  member.transition = after(world, world.options.timings.terminatingToWait, () => enterWait(world, member));
}

/** The action that waits for an answer, found by its token or by its hook alone. */
export function waitingAction(
  member: Member | undefined,
  hookName: string,
  token: string | undefined,
): LifecycleAction | undefined {
  return member?.actions.find(
    (action) =>
      action.state === 'waiting' &&
      action.hook.name === hookName &&
      (token === undefined || action.token === token),
  );
}

export function heartbeat(world: WorldState, member: Member, action: LifecycleAction): void {
  setTimeoutOf(world, member, action);
  emit(world, () => ({
    type: 'heartbeat',
    group: member.group.name,
    hook: action.hook.name,
    instanceId: member.machine.id,
    timesOutAt: action.timesOutAt,
  }));
}

export function endAction(
  world: WorldState,
  member: Member,
  action: LifecycleAction,
  result: 'CONTINUE' | 'ABANDON',
  by: 'call' | 'heartbeat-timeout' | 'global-timeout',
): void {
  settle(world, member, action, result, by);
  if (result === 'ABANDON') {
    for (const other of member.actions)
      if (other.state === 'waiting') settle(world, member, other, 'skipped', 'another-hook');
    if (member.group.onAbandon === 'retain') {
      enter(world, member, 'Terminating:Retained');
      return;
    }
  }
  if (member.actions.every((one) => one.state !== 'waiting')) proceed(world, member);
}

/** On to the machine's end: from a wait that is over, from `Terminating` without hooks, or from `Retained`. */
export function proceed(world: WorldState, member: Member): void {
  enter(world, member, 'Terminating:Proceed');
  member.transition = after(world, world.options.timings.proceedToShutdown, () => {
    terminateMachine(world, member.machine, `the group ${member.group.name} terminated it`);
    enter(world, member, 'Terminated');
    leaveGroup(world, member);
  });
}

export function leaveGroup(world: WorldState, member: Member): void {
  member.group.members.delete(member.machine.id);
  member.machine.member = undefined;
  if (member.state === 'Detached') member.machine.tags.delete(groupTag);
  for (const activity of member.group.activities)
    if (activity.instanceId === member.machine.id) activity.endedAt ??= world.now;
}

/** A machine that went without its group's doing: the group finds out, and then goes through its usual steps. */
function noticeLostMachine(world: WorldState, member: Member): void {
  if (member.state === 'Terminating:Proceed' || member.state === 'Terminated') return;
  after(world, world.options.timings.groupNotices, () => {
    if (member.machine.member !== member) return;
    member.healthy = false;
    if (member.state === 'InService' || member.state === 'Standby')
      beginTermination(
        world,
        member,
        'an instance was taken out of service in response to an EC2 health check.',
      );
    else if (member.state === 'Terminating:Retained') proceed(world, member);
  });
}

export function enter(world: WorldState, member: Member, to: LifecycleState): void {
  const from = member.state;
  member.state = to;
  member.transition = cancel(member.transition);
  emit(world, () => ({
    type: 'lifecycle-state',
    group: member.group.name,
    instanceId: member.machine.id,
    from,
    to,
  }));
}

function enterWait(world: WorldState, member: Member): void {
  const hooks: Hook[] = [];
  for (const hook of member.group.hooks.values())
    if (hook.transition === 'autoscaling:EC2_INSTANCE_TERMINATING') hooks.push(hook);
  if (hooks.length === 0) {
    proceed(world, member);
    return;
  }
  enter(world, member, 'Terminating:Wait');
  member.actions = hooks.map((hook) => ({
    hook,
    token: nextUuid(world),
    startedAt: world.now,
    globalEndsAt: world.now + globalTimeoutMs(hook),
    timesOutAt: 0,
    timeout: undefined,
    state: 'waiting',
  }));
  for (const action of member.actions) setTimeoutOf(world, member, action);
  for (const action of member.actions) notify(world, member, action);
}

function setTimeoutOf(world: WorldState, member: Member, action: LifecycleAction): void {
  const heartbeatEndsAt = world.now + action.hook.heartbeatTimeout * 1000;
  action.timesOutAt = Math.min(heartbeatEndsAt, action.globalEndsAt);
  cancel(action.timeout);
  const by = heartbeatEndsAt < action.globalEndsAt ? 'heartbeat-timeout' : 'global-timeout';
  action.timeout = world.queue.schedule(action.timesOutAt, () =>
    endAction(world, member, action, action.hook.defaultResult, by),
  );
}

function settle(
  world: WorldState,
  member: Member,
  action: LifecycleAction,
  result: 'CONTINUE' | 'ABANDON' | 'skipped',
  by: 'call' | 'heartbeat-timeout' | 'global-timeout' | 'another-hook',
): void {
  action.state = result;
  action.timeout = cancel(action.timeout);
  emit(world, () => ({
    type: 'lifecycle-action-ended',
    group: member.group.name,
    hook: action.hook.name,
    instanceId: member.machine.id,
    result,
    by,
  }));
}

function notify(world: WorldState, member: Member, action: LifecycleAction): void {
  if (world.lifecycleListeners.length === 0 && world.listeners.length === 0) return;
  const { hook } = action;
  const event: LifecycleNotification = {
    version: '0',
    id: nextUuid(world),
    'detail-type': 'EC2 Instance-terminate Lifecycle Action',
    source: 'aws.autoscaling',
    account: world.options.accountId,
    time: isoTime(world.now),
    region: world.options.region,
    resources: [member.group.arn],
    detail: {
      LifecycleActionToken: action.token,
      AutoScalingGroupName: member.group.name,
      LifecycleHookName: hook.name,
      EC2InstanceId: member.machine.id,
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      ...(hook.notificationMetadata === undefined ? {} : { NotificationMetadata: hook.notificationMetadata }),
      Origin: 'AutoScalingGroup',
      Destination: 'EC2',
    },
  };
  emit(world, () => ({ type: 'lifecycle-event', event }));
  for (const listener of world.lifecycleListeners) listener(event);
}
