import { isoTime } from '../../base/clock.ts';
import { after, emit } from './emit.ts';
import { nextUuid } from './ids.ts';
import { terminateMachine } from './machine-end.ts';
import { note } from './past.ts';
import { cancel } from './queue.ts';
import type { Group, Hook, LifecycleAction, Machine, Member, WorldState } from './state.ts';
import type { HookTransition, LifecycleState } from './statuses.ts';
import type { LifecycleNotification } from './timeline.ts';

/** The tag by which the group marks its instances, as EC2 and IMDS show it. */
const groupTag = 'aws:autoscaling:groupName';

const longestWaitMs = 48 * 3_600_000;

/** The time in ms after which no heartbeat keeps an action of this hook waiting. */
export function globalTimeoutMs(hook: Hook): number {
  return Math.min(longestWaitMs, (hook.globalTimeout ?? 100 * hook.heartbeatTimeout) * 1000);
}

/**
 * @param options.isWarm it joins the group's warm pool, and runs there
 * @param options.isLaunching the group has just launched it: its launch hooks wait before it is in service
 */
export function joinGroup(
  world: WorldState,
  group: Group,
  machine: Machine,
  {
    isProtected,
    isWarm,
    isLaunching,
  }: { readonly isProtected: boolean; readonly isWarm: boolean; readonly isLaunching: boolean },
): Member {
  const aim = isLaunching ? 'service' : 'termination';
  const state = isLaunching ? stateOf({ aim, isWarm }) : steadyState({ isWarm, machine });
  const member: Member = {
    group,
    machine,
    joinedAt: world.now,
    state,
    past: [{ at: world.now, value: state }],
    isWarm,
    aim,
    healthy: true,
    protectedFromScaleIn: isProtected,
    actions: [],
    machineLost: () => noticeLostMachine(world, member),
    machineStopped: () => noticeStoppedMachine(world, member),
    transition: undefined,
  };
  group.members.set(machine.id, member);
  machine.member = member;
  if (!isLaunching || world.options.launchTarget === 'ahead') setTarget(world, machine, steadyState(member));
  machine.tags.set(groupTag, group.name);
  note<ReadonlyMap<string, string>>(machine.pastTags, world.now, new Map(machine.tags));
  emit(world, () => ({
    type: 'lifecycle-state',
    group: group.name,
    instanceId: machine.id,
    from: undefined,
    to: state,
  }));
  if (isLaunching)
    member.transition = after(world, world.options.timings.pendingToWait, () => enterWait(world, member));
  return member;
}

function steadyState({ isWarm, machine }: Pick<Member, 'isWarm' | 'machine'>): LifecycleState {
  if (!isWarm) return 'InService';
  return machine.stopInPool ? 'Warmed:Stopped' : 'Warmed:Running';
}

/** One that was stopped in the warm pool is started and launched once more, into service. */
function leavePool(world: WorldState, member: Member): void {
  if (member.state !== 'Warmed:Stopped') return;
  member.isWarm = false;
  enter(world, member, stateOf(member));
  if (world.options.launchTarget === 'ahead') setTarget(world, member.machine, steadyState(member));
  member.transition = after(world, world.options.timings.pendingToWait, () => enterWait(world, member));
}

/** What metadata says that the group wants of the instance. */
export function setTarget(world: WorldState, machine: Machine, to: string | undefined): void {
  if (machine.imds.targetLifecycleState === to) return;
  machine.imds.targetLifecycleState = to;
  emit(world, () => ({ type: 'target-state', instanceId: machine.id, to }));
}

/** The group begins to terminate an instance. IMDS says so at once; the hooks wait a moment later. */
export function beginTermination(world: WorldState, member: Member, cause: string, skipsHooks = false): void {
  const { group, machine } = member;
  for (const action of member.actions)
    if (action.state === 'waiting') settle(world, member, action, 'skipped', 'termination');
  emit(world, () => ({ type: 'scale-in-chosen', group: group.name, instanceId: machine.id, cause }));
  group.activities.unshift({
    id: nextUuid(world),
    instanceId: machine.id,
    description: `Terminating EC2 instance: ${machine.id}`,
    cause: `At ${isoTime(world.now)} ${cause}`,
    startedAt: world.now,
    endedAt: undefined,
  });
  member.aim = 'termination';
  enter(world, member, stateOf(member));
  setTarget(world, machine, member.isWarm ? 'Warmed:Terminated' : 'Terminated');
  const goOn = skipsHooks ? proceed : enterWait;
  member.transition = after(world, world.options.timings.terminatingToWait, () => goOn(world, member));
}

/**
 * An instance refresh with the strategy ReplaceRootVolume comes to this instance: its terminating hooks wait, and then the same
 * instance returns to service with another root volume (Auto Scaling user guide, "Replace root volumes").
 */
export function beginRootVolumeReplacement(world: WorldState, member: Member): void {
  if (member.state !== 'InService')
    throw new Error(`${member.machine.id} is ${member.state}: an instance refresh takes what is InService.`);
  member.aim = 'root-volume';
  enter(world, member, stateOf(member));
  setTarget(world, member.machine, world.options.rootVolumeTarget);
  member.transition = after(world, world.options.timings.terminatingToWait, () => enterWait(world, member));
}

function stateOf(
  { aim, isWarm }: Pick<Member, 'aim' | 'isWarm'>,
  stage: '' | ':Wait' | ':Proceed' = '',
): LifecycleState {
  if (aim === 'root-volume') return `ReplacingRootVolume${stage}`;
  if (aim === 'service') return isWarm ? `Warmed:Pending${stage}` : `Pending${stage}`;
  return isWarm ? `Warmed:Terminating${stage}` : `Terminating${stage}`;
}

/** Whether its hooks were abandoned, and the group keeps it. */
export const isRetained = ({ state }: Member): boolean =>
  state === 'Terminating:Retained' || state === 'Warmed:Terminating:Retained';

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
  const isAsBegun = world.options.heartbeatCounts === 'hook-as-begun';
  const hook = isAsBegun ? undefined : member.group.hooks.get(action.hook.name);
  setTimeoutOf(world, member, action, hook ?? action.hook);
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
  by: 'call' | 'heartbeat-timeout' | 'global-timeout' | 'broken-target',
): void {
  settle(world, member, action, result, by);
  if (result === 'ABANDON') {
    for (const other of member.actions)
      if (other.state === 'waiting') settle(world, member, other, 'skipped', 'another-hook');
    if (member.aim === 'service') {
      const skipsHooks = world.options.launchAbandoned === 'at-once';
      beginTermination(world, member, 'a lifecycle action of its launch was abandoned.', skipsHooks);
      return;
    }
    if (member.aim === 'root-volume' && world.options.rootVolumeAbandoned === 'terminates') {
      beginTermination(world, member, 'an instance refresh could not replace its root volume.');
      return;
    }
    if (member.aim === 'termination' && member.group.onAbandon === 'retain') {
      enter(world, member, member.isWarm ? 'Warmed:Terminating:Retained' : 'Terminating:Retained');
      return;
    }
  }
  if (member.actions.every((one) => one.state !== 'waiting')) proceed(world, member);
}

/** On into service, to the machine's end, or to its new root volume: from a wait that is over, without hooks, or from `Retained`. */
export function proceed(world: WorldState, member: Member): void {
  const { machine, group } = member;
  enter(world, member, stateOf(member, ':Proceed'));
  if (member.aim === 'service') {
    member.transition = after(world, world.options.timings.pendingToService, () => {
      enter(world, member, steadyState(member));
      setTarget(world, machine, steadyState(member));
      if (member.isWarm) machine.stopInPool?.(() => leavePool(world, member));
    });
    return;
  }
  member.transition = after(world, world.options.timings.proceedToShutdown, () => {
    if (member.aim === 'root-volume') {
      machine.exchangeRootVolume(`the group ${group.name} replaced its root volume`, () =>
        backInService(world, member),
      );
      return;
    }
    terminateMachine(world, machine, `the group ${group.name} terminated it`);
    enter(world, member, member.isWarm ? 'Warmed:Terminated' : 'Terminated');
    leaveGroup(world, member);
  });
}

function backInService(world: WorldState, member: Member): void {
  if (member.state !== 'ReplacingRootVolume:Proceed') return;
  enter(world, member, 'RootVolumeReplaced');
  member.transition = after(world, HEALTH_CHECK_MS, () => {
    enter(world, member, 'InService');
    setTarget(world, member.machine, 'InService');
  });
}

/** From `RootVolumeReplaced` to `InService`. */
const HEALTH_CHECK_MS = 1_000;

export function leaveGroup(world: WorldState, member: Member): void {
  member.group.members.delete(member.machine.id);
  member.machine.member = undefined;
  if (member.state === 'Detached') member.machine.tags.delete(groupTag);
  for (const activity of member.group.activities)
    if (activity.instanceId === member.machine.id) activity.endedAt ??= world.now;
}

/** A machine that went without its group's doing: the group finds out, and then goes through its usual steps. */
function noticeLostMachine(world: WorldState, member: Member): void {
  if (GOING.has(member.state)) return;
  after(world, world.options.timings.groupNotices, () => {
    if (member.machine.member !== member) return;
    member.healthy = false;
    if (!LEAVING.test(member.state))
      beginTermination(
        world,
        member,
        'an instance was taken out of service in response to an EC2 health check.',
      );
    else if (isRetained(member)) proceed(world, member);
  });
}

/** A group takes an instance in service that was stopped for unhealthy. In standby it does not look. */
function noticeStoppedMachine(world: WorldState, member: Member): void {
  const { machine } = member;
  if (!world.options.replacesStopped) return;
  after(world, world.options.timings.groupNotices, () => {
    if (!machine.isStopped || machine.member !== member || member.state !== 'InService') return;
    const cause =
      'an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped.';
    beginTermination(world, member, cause);
  });
}

const GOING: ReadonlySet<LifecycleState> = new Set([
  'Terminating:Proceed',
  'Terminated',
  'Warmed:Terminating:Proceed',
  'Warmed:Terminated',
]);
const LEAVING = /^(Warmed:)?Terminating/;

export function enter(world: WorldState, member: Member, to: LifecycleState): void {
  const from = member.state;
  member.state = to;
  note(member.past, world.now, to);
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
    if (hook.transition === transitionOf(member)) hooks.push(hook);
  if (hooks.length === 0) {
    proceed(world, member);
    return;
  }
  enter(world, member, stateOf(member, ':Wait'));
  member.actions = hooks.map((hook) => ({
    hook,
    token: nextUuid(world),
    startedAt: world.now,
    globalEndsAt: world.now + globalTimeoutMs(hook),
    timesOutAt: 0,
    timeout: undefined,
    state: 'waiting',
  }));
  for (const action of member.actions) setTimeoutOf(world, member, action, action.hook);
  for (const action of member.actions) notify(world, member, action);
  // Auto Scaling user guide, "Lifecycle hooks": what cannot be delivered ends with the default result.
  for (const action of member.actions)
    if (action.hook.targetBroken && action.state === 'waiting')
      endAction(world, member, action, action.hook.defaultResult, 'broken-target');
}

const transitionOf = ({ aim }: Member): HookTransition =>
  aim === 'service' ? 'autoscaling:EC2_INSTANCE_LAUNCHING' : 'autoscaling:EC2_INSTANCE_TERMINATING';

/** @param hook as it counts for how long it may wait until its next heartbeat */
function setTimeoutOf(world: WorldState, member: Member, action: LifecycleAction, hook: Hook): void {
  const heartbeatEndsAt = world.now + hook.heartbeatTimeout * 1000;
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
  by: 'call' | 'heartbeat-timeout' | 'global-timeout' | 'broken-target' | 'another-hook' | 'termination',
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
    'detail-type':
      member.aim === 'service'
        ? 'EC2 Instance-launch Lifecycle Action'
        : 'EC2 Instance-terminate Lifecycle Action',
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
      LifecycleTransition: transitionOf(member),
      ...(hook.notificationMetadata === undefined ? {} : { NotificationMetadata: hook.notificationMetadata }),
      ...wayOf(member),
    },
  };
  emit(world, () => ({ type: 'lifecycle-event', event }));
  for (const listener of world.lifecycleListeners) listener(event);
}

/** From where to where the instance is on its way. */
function wayOf({
  aim,
  isWarm,
}: Member): Pick<LifecycleNotification['detail'], 'Origin' | 'Destination' | 'Action'> {
  const pool = isWarm ? 'WarmPool' : 'AutoScalingGroup';
  switch (aim) {
    case 'service':
      return { Origin: 'EC2', Destination: pool };
    case 'termination':
      return { Origin: pool, Destination: 'EC2' };
    case 'root-volume':
      return { Origin: pool, Destination: 'AutoScalingGroup', Action: 'ReplaceRootVolume' };
  }
}
