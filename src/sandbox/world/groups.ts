import { after, emit } from './emit.ts';
import { validationError } from './errors.ts';
import { addLaunchTemplate } from './launch-templates.ts';
import { beginTermination, globalTimeoutMs } from './lifecycle.ts';
import type { Group, Hook, LaunchSpec, Member, WorldState } from './state.ts';

export type GroupOptions = {
  name: string;
  minSize?: number | undefined;
  maxSize?: number | undefined;
  desired?: number | undefined;
  /** The Region's zone `a` unless told. */
  zones?: readonly string[] | undefined;
  onAbandon?: 'retain' | 'terminate' | undefined;
  /** A launch template with m6i.large unless told. */
  spec?: LaunchSpec | undefined;
  launch?: Group['launch'];
};

export function addGroup(world: WorldState, options: GroupOptions): Group {
  const { region, accountId } = world.options;
  const group: Group = {
    name: options.name,
    arn: `arn:aws:autoscaling:${region}:${accountId}:autoScalingGroup:sandbox:autoScalingGroupName/${options.name}`,
    createdAt: world.now,
    minSize: options.minSize ?? 0,
    maxSize: options.maxSize ?? 1000,
    desired: options.desired ?? 0,
    onAbandon: options.onAbandon ?? 'terminate',
    hooks: new Map(),
    members: new Map(),
    activities: [],
    zones: options.zones ?? [`${region}a`],
    spec: options.spec ?? usualSpec(world),
    launch: options.launch,
    launchErrors: new Map(),
    launchTokens: new Map(),
  };
  world.groups.set(group.name, group);
  if (group.onAbandon === 'retain') emit(world, () => ({ type: 'retention', group: group.name, to: true }));
  return group;
}

function usualSpec(world: WorldState): LaunchSpec {
  const name = 'container-instances';
  const template =
    [...world.launchTemplates.values()].find((one) => one.name === name) ??
    addLaunchTemplate(world, name, [{ instanceType: 'm6i.large', requirements: undefined }]);
  return { kind: 'template', templateId: template.id, version: '$Default' };
}

/** Sets the group's InstanceLifecyclePolicy. */
export function setRetention(world: WorldState, group: Group, onAbandon: Group['onAbandon']): void {
  if (group.onAbandon === onAbandon) return;
  group.onAbandon = onAbandon;
  emit(world, () => ({ type: 'retention', group: group.name, to: onAbandon === 'retain' }));
}

export type HookOptions = {
  name: string;
  transition?: Hook['transition'] | undefined;
  /** In seconds. */
  heartbeatTimeout?: number | undefined;
  /** In seconds; by AWS's own rule unless told: a test that is about the limit need not wait for hours. */
  globalTimeout?: number | undefined;
  defaultResult?: Hook['defaultResult'] | undefined;
  /** Its notification target does not work. */
  targetBroken?: boolean | undefined;
  notificationMetadata?: string | undefined;
  notificationTarget?: string | undefined;
  roleArn?: string | undefined;
};

/** Adds a hook to a group, or changes it: what is left out of a change stays as it was. */
export function putHook(world: WorldState, group: Group, options: HookOptions): Hook {
  const existing = group.hooks.get(options.name);
  const heartbeatTimeout = options.heartbeatTimeout ?? existing?.heartbeatTimeout ?? 3600;
  if (heartbeatTimeout < 30 || heartbeatTimeout > 7200)
    throw validationError(
      `Lifecycle Hook timeout must be between 30 and 7200 seconds: HeartbeatTimeout was ${heartbeatTimeout}.`,
    );
  const hook: Hook = {
    name: options.name,
    transition: options.transition ?? existing?.transition ?? 'autoscaling:EC2_INSTANCE_TERMINATING',
    heartbeatTimeout,
    globalTimeout: options.globalTimeout ?? existing?.globalTimeout,
    defaultResult: options.defaultResult ?? existing?.defaultResult ?? 'ABANDON',
    targetBroken: options.targetBroken ?? existing?.targetBroken ?? false,
    notificationMetadata: options.notificationMetadata ?? existing?.notificationMetadata,
    notificationTarget: options.notificationTarget ?? existing?.notificationTarget,
    roleArn: options.roleArn ?? existing?.roleArn,
  };
  emit(world, () => ({
    type: 'hook-put',
    group: group.name,
    hook: hook.name,
    transition: hook.transition,
    heartbeatTimeout: hook.heartbeatTimeout * 1000,
    globalTimeout: globalTimeoutMs(hook),
    defaultResult: hook.defaultResult,
  }));
  group.hooks.set(hook.name, hook);
  return hook;
}

/** The group's number of instances is brought to what is desired: the oldest go first, the protected not at all. */
export function setDesired(world: WorldState, group: Group, desired: number, cause: string): void {
  if (desired < group.minSize)
    throw validationError(
      `New SetDesiredCapacity value ${desired} is below min value ${group.minSize} for the AutoScalingGroup.`,
    );
  if (desired > group.maxSize)
    throw validationError(
      `New SetDesiredCapacity value ${desired} is above max value ${group.maxSize} for the AutoScalingGroup.`,
    );
  group.desired = desired;
  balance(world, group, cause);
}

/** Terminates what is too much, launches what is missing. */
export function balance(world: WorldState, group: Group, cause: string): void {
  const serving: Member[] = [];
  for (const member of group.members.values()) if (member.state === 'InService') serving.push(member);
  const surplus = serving.length - group.desired;
  if (surplus > 0) {
    const candidates = serving.filter((member) => !member.protectedFromScaleIn);
    // Sorting is stable: of two launched together the first to join goes first.
    candidates.sort((a, b) => a.machine.launchedAt - b.machine.launchedAt);
    for (const member of candidates.slice(0, surplus)) beginTermination(world, member, cause);
    return;
  }
  const { launch } = group;
  if (!launch) return;
  for (let missing = -surplus; missing > 0; missing--) {
    const zone = zoneToFill(group);
    if (zone === undefined) {
      after(world, RELAUNCH_MS, () => balance(world, group, cause));
      return;
    }
    launch(zone);
  }
}

/** How soon a group tries again where no zone had an instance to launch, in ms. */
const RELAUNCH_MS = 60_000;

/** Of the zones in which something can be launched the one with the fewest instances; undefined where there is none. */
function zoneToFill({ zones, members, launchErrors }: Group): string | undefined {
  const inZone = (zone: string) =>
    [...members.values()].filter(({ machine }) => machine.availabilityZone === zone).length;
  const open = zones.filter((zone) => !launchErrors.has(zone));
  return open.reduce<string | undefined>(
    (least, zone) => (least !== undefined && inZone(least) <= inZone(zone) ? least : zone),
    undefined,
  );
}

/** Terminates one instance of a group, as TerminateInstanceInAutoScalingGroup does, and replaces it where asked. */
export function terminateMember(world: WorldState, member: Member, decrement: boolean, cause: string): void {
  const { group } = member;
  if (decrement) {
    if (group.desired - 1 < group.minSize)
      throw validationError(
        `Currently, desiredSize equals minSize (${group.minSize}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.`,
      );
    group.desired--;
  }
  beginTermination(world, member, cause);
  if (!decrement)
    after(world, 0, () => balance(world, group, 'an instance was launched to meet the desired capacity.'));
}

export function removeHook(world: WorldState, group: Group, name: string): void {
  const hook = group.hooks.get(name);
  if (!hook) throw validationError(`No Lifecycle Hook found with name: ${name}`);
  group.hooks.delete(name);
  emit(world, () => ({ type: 'hook-deleted', group: group.name, hook: name }));
}
