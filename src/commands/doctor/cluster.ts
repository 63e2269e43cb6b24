import type { Caller } from '../../aws/call.ts';
import { createEcs, type Described } from '../../aws/ecs.ts';
import type { Identity } from '../../aws/imds.ts';
import type { Config } from '../../config/options.ts';
import type { EcsAgent, Registration } from '../../host/ecs-agent.ts';
import { type Check, type Checks, fail, ok, skip } from './check.ts';
import { checkIgnoredTasks } from './ignored-tasks.ts';
import type { Permissions } from './permissions.ts';

/** ECS generates random version 4 UUIDs, and this is none: nothing has this id, and nothing ever will. */
const NO_ID = '0'.repeat(32);
/** The tag that deploy/iam/agent-mode-drain-own-instance.json binds the permission to drain to. */
const OWN_INSTANCE_TAG = 'ecs-drain-agent:instance';

/** How ECS knows this host: from its agent, else by its instance id in the cluster configured. */
export async function* checkEcsAgent(ecsAgent: EcsAgent): Checks<Registration | undefined> {
  const name = 'ECS agent';
  const registration = await ecsAgent.registration();
  if (registration.kind === 'known') {
    const { cluster, containerInstanceArn } = registration.value;
    yield ok(name, `registered in cluster ${cluster} as ${idOf(containerInstanceArn)}`);
    return registration.value;
  }
  yield fail(
    name,
    registration.cause,
    'systemctl status ecs; it answers once it has registered. --introspection-url is where it is asked',
  );
  return undefined;
}

/** Finds the container instance without the ECS agent, as a drain would have to. */
export async function* findRegistration(
  clusterGiven: string | undefined,
  { instanceId }: Identity,
  permissions: Permissions,
): Checks<Registration | undefined> {
  // The cluster that the ECS agent registers in if none is configured.
  const cluster = clusterGiven ?? 'default';
  const { check, value, error } = await permissions.ask({
    operation: 'ecs:ListContainerInstances',
    resource: `cluster ${cluster}`,
    ask: (call) => createEcs(call).find(cluster, instanceId),
    ...(!clusterGiven && { optional: 'only the ECS agent can say how ECS knows this host' }),
  });
  const [containerInstanceArn, ...others] = value ?? [];
  if (containerInstanceArn && others.length === 0) {
    yield check;
    return { cluster, containerInstanceArn };
  }
  if (clusterGiven) yield check;
  if (others.length > 0) {
    yield fail(
      'container instance',
      `${others.length + 1} of cluster ${cluster} are this host: ${value?.join(', ')}`,
      'start the ECS agent, which knows the one it is now, and deregister those that it is no more',
    );
    return undefined;
  }
  if (!error || !clusterGiven) {
    yield fail(
      'container instance',
      `not found in cluster ${cluster}${clusterGiven ? '' : ', and no other is named'}`,
      'start the ECS agent, or set --cluster (ECS_DRAIN_CLUSTER) to the cluster of this host',
    );
  }
  return undefined;
}

/** The container instance itself, and each permission that a drain of it needs. */
export async function* checkCluster(
  config: Config,
  { instanceId }: Identity,
  { cluster, containerInstanceArn: arn }: Registration,
  { permissions, spot }: { permissions: Permissions; spot: boolean | undefined },
): Checks {
  const names = namesAround(arn, cluster);
  const described = await permissions.ask({
    operation: 'ecs:DescribeContainerInstances',
    resource: names.containerInstances,
    ask: async (call) => (await createEcs(call).describe(cluster, [arn]))[0],
  });
  yield described.check;
  if (described.value) yield containerInstanceCheck(described.value, instanceId, arn);

  const listed = await permissions.ask({
    operation: 'ecs:ListTasks',
    resource: names.containerInstances,
    ask: (call) => createEcs(call).listTasks(cluster, arn),
  });
  yield listed.check;
  const task = listed.value?.arns[0] ?? names.noTask;
  if (listed.value) yield* checkIgnoredTasks(config, cluster, listed.value.arns, permissions);
  yield (
    await permissions.ask({
      operation: 'ecs:DescribeTasks',
      resource: names.tasks,
      ask: (call) => call('ecs:DescribeTasks', { cluster, tasks: [task] }),
    })
  ).check;
  yield* checkExplaining(cluster, names, task, permissions);
  yield* checkChanging(config, instanceId, { cluster, arn, names, permissions, spot });
}

function containerInstanceCheck(described: Described, instanceId: string, arn: string): Check {
  const name = 'container instance';
  const anew = 'let the ECS agent register anew: stop it, remove /var/lib/ecs/data/*, start it';
  if (described.kind === 'missing') return fail(name, `ECS does not know ${arn}`, anew);
  const { status, ec2InstanceId } = described;
  if (ec2InstanceId !== instanceId) {
    const whose = `${idOf(arn)} is ${ec2InstanceId}, not this instance`;
    return fail(name, whose, `${anew}; an image must be baked without that directory's contents`);
  }
  if (status === 'ACTIVE' || status === 'DRAINING') return ok(name, `${idOf(arn)} is ${status}`);
  return fail(name, `${idOf(arn)} is ${status}: no task can be placed here`, anew);
}

/** The permissions that only serve to report why a drain waits. */
async function* checkExplaining(
  cluster: string,
  names: Names,
  task: string,
  permissions: Permissions,
): Checks {
  const optional = 'a drain that waits could not say why';
  yield (
    await permissions.ask({
      operation: 'ecs:DescribeServices',
      resource: names.services,
      optional,
      ask: (call) => call('ecs:DescribeServices', { cluster, services: [NO_ID] }),
    })
  ).check;
  yield (
    await permissions.ask({
      operation: 'ecs:GetTaskProtection',
      resource: names.tasks,
      optional,
      ask: (call) => call('ecs:GetTaskProtection', { cluster, tasks: [task] }),
      isProbe: task === names.noTask,
    })
  ).check;
}

type Changing = {
  cluster: string;
  arn: string;
  names: Names;
  permissions: Permissions;
  spot: boolean | undefined;
};

/** The calls that change something, each about something in our own cluster that does not exist. */
async function* checkChanging(
  config: Config,
  instanceId: string,
  { cluster, arn, names, permissions, spot }: Changing,
): Checks {
  if (config.dryRun) {
    yield skip('calls that change something', 'not probed: a dry run makes none');
    return;
  }
  if (config.mode === 'drain') {
    const draining = await permissions.ask({
      operation: 'ecs:UpdateContainerInstancesState',
      resource: names.containerInstances,
      isProbe: true,
      ask: (call) =>
        call('ecs:UpdateContainerInstancesState', {
          cluster,
          containerInstances: [names.noContainerInstance],
          status: 'DRAINING',
        }),
    });
    const isBound =
      draining.error?.kind === 'permission' && (await isTaggedAsOwn(permissions, cluster, arn, instanceId));
    yield isBound
      ? skip(
          'ecs:UpdateContainerInstancesState',
          `not probed: for a container instance without the tag ${OWN_INSTANCE_TAG} it is forbidden, and ours has it`,
        )
      : draining.check;
  }
  yield (
    await permissions.ask({
      operation: 'ecs:DeregisterContainerInstance',
      resource: names.cluster,
      isProbe: true,
      ask: (call) =>
        call('ecs:DeregisterContainerInstance', {
          cluster,
          containerInstance: names.noContainerInstance,
          force: false,
        }),
    })
  ).check;

  const need = stopTaskNeed(config, spot);
  if (!need) return;
  yield (
    await permissions.ask({
      operation: 'ecs:StopTask',
      resource: names.tasks,
      isProbe: true,
      ...(need.optional && { optional: need.optional }),
      ask: (call) => call('ecs:StopTask', { cluster, task: names.noTask, reason: 'ecs-drain-agent doctor' }),
    })
  ).check;
}

function stopTaskNeed(config: Config, spot: boolean | undefined): { optional?: string } | undefined {
  if (config.ignoreTasks.length > 0) return {};
  if (config.onTimeout === 'stop-tasks' && config.drainTimeout !== undefined) return {};
  if (!config.spotStopTasks || !config.signals.includes('spot') || spot === false) return undefined;
  return spot ? {} : { optional: 'on a Spot instance, tasks would get no SIGTERM before an interruption' };
}

/** Whether the policy may be bound to a tag that ours has: then a refusal about another one means nothing. */
async function isTaggedAsOwn(
  permissions: Permissions,
  cluster: string,
  arn: string,
  instanceId: string,
): Promise<boolean> {
  const { value } = await permissions.ask({
    operation: 'ecs:DescribeContainerInstances',
    resource: arn,
    ask: (call: Caller) =>
      call('ecs:DescribeContainerInstances', { cluster, containerInstances: [arn], include: ['TAGS'] }),
  });
  const tags = value?.containerInstances?.[0]?.tags ?? [];
  return tags.some(({ key, value: owner }) => key === OWN_INSTANCE_TAG && owner?.endsWith(`/${instanceId}`));
}

type Names = ReturnType<typeof namesAround>;

/** ARNs in our own cluster, as policies name them, and two that name nothing. */
function namesAround(arn: string, cluster: string) {
  const [prefix = 'arn:aws:ecs:*:*'] = arn.split(':container-instance/');
  const clusterName = idOf(cluster);
  return {
    cluster: `${prefix}:cluster/${clusterName}`,
    containerInstances: `${prefix}:container-instance/${clusterName}/*`,
    tasks: `${prefix}:task/${clusterName}/*`,
    services: `${prefix}:service/${clusterName}/*`,
    noContainerInstance: `${prefix}:container-instance/${clusterName}/${NO_ID}`,
    noTask: `${prefix}:task/${clusterName}/${NO_ID}`,
  };
}

const idOf = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1);
