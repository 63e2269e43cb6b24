import { randomUUID } from 'node:crypto';
import { chooseHook } from '../../agent/decide/lifecycle-hook.ts';
import { othersThatAbandon } from '../../agent/decide/other-hooks.ts';
import type { HookChoice } from '../../agent/model.ts';
import { createAutoScaling, type Hook, type Lifecycle } from '../../aws/auto-scaling.ts';
import type { Identity } from '../../aws/imds.ts';
import { formatDuration } from '../../base/duration.ts';
import { known } from '../../base/reading.ts';
import { type Config, MANAGED_DRAINING_HOOK } from '../../config/options.ts';
import { type Check, type Checks, fail, ok, skip, warn } from './check.ts';
import type { CredentialSource } from './credentials.ts';
import type { Permissions } from './permissions.ts';

/** 100 heartbeat time-outs are a hook's global limit, and 48 h at most: from this one on, in ms, it is 48 h. */
const HEARTBEAT_FOR_LONGEST_WAIT_MS = 1_728_000;

/** Which group the instance is in. The first call to AWS: it tells whether there are credentials, too. */
export async function* checkMembership(
  { instanceId, region }: Identity,
  { what, fix }: CredentialSource,
  permissions: Permissions,
): Checks<Lifecycle | 'no-credentials' | undefined> {
  const { check, value, error } = await permissions.ask({
    operation: 'autoscaling:DescribeAutoScalingInstances',
    resource: '*',
    ask: (call) => createAutoScaling(call, instanceId).lifecycle(),
  });
  if (error?.kind === 'credentials') {
    yield fail('credentials', what === undefined ? error.message : `${what}: ${error.message}`, fix);
    return 'no-credentials';
  }
  if (!error || error.kind === 'permission' || error.kind === 'rejected') {
    yield ok(
      'credentials',
      `AWS knows who asks: ${what ?? 'the first credentials that the SDK finds'}, in ${region}`,
    );
  }
  yield check;
  if (value?.kind === 'in-group') {
    yield ok('Auto Scaling group', `in ${value.group}, ${value.state}`);
  } else if (value) {
    yield ok('Auto Scaling group', 'in none: a drain ends when the instance is out of its cluster');
  }
  return value;
}

/** The group's hook, whether it retains, and the permissions to hold and to release the instance. */
export async function* checkGroup(
  config: Config,
  { instanceId }: Identity,
  group: string,
  { permissions, arnPrefix }: { permissions: Permissions; arnPrefix: string },
): Checks {
  const described = await permissions.ask({
    operation: 'autoscaling:DescribeLifecycleHooks',
    resource: '*',
    ask: (call) => createAutoScaling(call, instanceId).terminatingHooks(group),
    ...(config.lifecycleHook && { optional: 'the hook’s limits are not known, and no heartbeat is in time' }),
  });
  yield described.check;
  const choice = described.value && chooseHook(known(described.value), config.lifecycleHook, []);
  if (choice && described.value) yield hookCheck(choice, group, described.value);

  const retains = await permissions.ask({
    operation: 'autoscaling:DescribeAutoScalingGroups',
    resource: '*',
    ask: (call) => createAutoScaling(call, instanceId).retainsAbandoned(group),
    optional: 'a drain longer than the hook allows would not be handed over to the group',
  });
  yield retains.check;
  const hook = choice?.kind === 'ours' ? choice.hook : undefined;
  if (hook) yield* checkLimits(hook, group);
  if (retains.value !== undefined) yield retentionCheck(retains.value, hook, group);
  if (hook) yield* checkOthers(described.value ?? [], hook.name, group, retains.value === true);

  const resource = `${arnPrefix}:autoScalingGroup:*:autoScalingGroupName/${group}`;
  yield* checkReleasing(config, group, resource, { permissions, retains: retains.value === true });
}

function hookCheck(choice: HookChoice, group: string, all: readonly Hook[]): Check {
  const name = 'lifecycle hook';
  const put = putHook(group, 'ecs-drain-agent');
  switch (choice.kind) {
    case 'ours': {
      const { heartbeatTimeout, globalTimeout } = choice.hook;
      const limits =
        heartbeatTimeout === undefined || globalTimeout === undefined
          ? ''
          : `: heartbeat ${formatDuration(heartbeatTimeout)}, ${formatDuration(globalTimeout)} at most`;
      return ok(name, `${choice.hook.name} is ours${limits}`);
    }
    case 'none': {
      const managed = all.some((hook) => hook.name === MANAGED_DRAINING_HOOK);
      const whose = managed ? 'but the one of ECS managed draining, which is never ours' : '';
      const what = `group ${group} has no terminating hook ${whose}`.trimEnd();
      return fail(name, `${what}: it terminates the instance without waiting for its tasks`, put);
    }
    case 'ambiguous':
      return fail(
        name,
        `group ${group} has several terminating hooks (${choice.names.join(', ')}), and nothing says which is ours`,
        'set --lifecycle-hook (ECS_DRAIN_LIFECYCLE_HOOK) to one of them',
      );
    case 'missing':
      return fail(
        name,
        `group ${group} has no terminating hook ${choice.wanted}; it has ${choice.names.join(', ') || 'none'}`,
        `correct --lifecycle-hook (ECS_DRAIN_LIFECYCLE_HOOK), or ${putHook(group, choice.wanted)}`,
      );
    case 'unknown':
      return fail(name, choice.cause, 'see autoscaling:DescribeLifecycleHooks');
  }
}

async function* checkLimits({ name, heartbeatTimeout }: Hook, group: string): Checks {
  if (heartbeatTimeout === undefined || heartbeatTimeout >= HEARTBEAT_FOR_LONGEST_WAIT_MS) return;
  yield warn(
    'heartbeat timeout',
    `${formatDuration(heartbeatTimeout)} allows the hook to wait ${formatDuration(heartbeatTimeout * 100)} in all, less than the 48 h that Auto Scaling could`,
    putHook(group, name),
  );
}

/** Hooks of other owners, which the agent neither completes nor keeps alive: an ABANDON of one ends all of them. */
async function* checkOthers(all: readonly Hook[], ours: string, group: string, retains: boolean): Checks {
  for (const { name, heartbeatTimeout } of othersThatAbandon(all, ours)) {
    const after = heartbeatTimeout === undefined ? 'its time-out' : formatDuration(heartbeatTimeout);
    const what = `hook ${name} of another owner ends with ABANDON ${after} after an instance began to wait, unless its owner completes or extends it, and that ends our wait too`;
    if (retains)
      yield ok('other hooks', `${what}: the group then keeps the instance until its tasks have ended`);
    else
      yield warn(
        'other hooks',
        `${what}, with the tasks that still run`,
        `see that its owner does, or: aws autoscaling put-lifecycle-hook --auto-scaling-group-name ${group} --lifecycle-hook-name ${name} --default-result CONTINUE`,
      );
  }
}

function retentionCheck(retains: boolean, hook: Hook | undefined, group: string): Check {
  const name = 'retention';
  if (!retains) {
    return warn(
      name,
      `group ${group} does not keep an instance whose hook was abandoned: tasks that outlast the hook are lost, and so are all if the agent is gone`,
      `aws autoscaling update-auto-scaling-group --auto-scaling-group-name ${group} --instance-lifecycle-policy '{"RetentionTriggers":{"TerminateHookAbandon":"retain"}}'`,
    );
  }
  if (hook?.defaultResult === 'CONTINUE') {
    return warn(
      name,
      `group ${group} keeps abandoned instances, but hook ${hook.name} ends with CONTINUE when it times out, which abandons nothing`,
      putHook(group, hook.name),
    );
  }
  return ok(name, `group ${group} keeps an instance whose hook was abandoned until its tasks have ended`);
}

const putHook = (group: string, hook: string) =>
  `aws autoscaling put-lifecycle-hook --auto-scaling-group-name ${group} --lifecycle-hook-name ${hook} ` +
  '--lifecycle-transition autoscaling:EC2_INSTANCE_TERMINATING --heartbeat-timeout 3600 --default-result ABANDON';

/** The calls that change something, each about a hook and a token that nobody has. */
async function* checkReleasing(
  config: Config,
  group: string,
  resource: string,
  { permissions, retains }: { permissions: Permissions; retains: boolean },
): Checks {
  // checkCluster has said so, where there is a cluster.
  if (config.dryRun) return;
  // No instance id: neither the hook nor the token is anybody's, and without one of them nothing is found.
  const nobodys = () => ({
    AutoScalingGroupName: group,
    LifecycleHookName: `ecs-drain-agent-doctor-${randomUUID()}`,
    LifecycleActionToken: randomUUID(),
  });
  yield (
    await permissions.ask({
      operation: 'autoscaling:RecordLifecycleActionHeartbeat',
      resource,
      isProbe: true,
      ask: (call) => call('autoscaling:RecordLifecycleActionHeartbeat', nobodys()),
    })
  ).check;
  yield (
    await permissions.ask({
      operation: 'autoscaling:CompleteLifecycleAction',
      resource,
      isProbe: true,
      ask: (call) =>
        call('autoscaling:CompleteLifecycleAction', { ...nobodys(), LifecycleActionResult: 'ABANDON' }),
    })
  ).check;
  if (retains || config.rebalanceTerminate) {
    // It takes an instance id and nothing else. With one that nobody has, IAM has no group to look a policy up
    // for, so even a refusal would say nothing.
    yield skip(
      'autoscaling:TerminateInstanceInAutoScalingGroup',
      `not probed: no probe of it is both harmless and telling. It is needed here, on ${resource}`,
    );
  }
}
