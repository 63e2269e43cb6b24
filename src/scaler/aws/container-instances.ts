import type * as Ecs from '@aws-sdk/client-ecs';
import type { Caller } from '../../aws/call.ts';
import { timeOfDate } from '../../base/clock.ts';
import { CORDON_KEY, readCordon } from '../cordon-tag.ts';
import type { ContainerInstance, Resources } from '../plan/model.ts';
import type { Operations } from './operations.ts';
import { inBatches, incomplete, readAll } from './whole.ts';

/** ECS describes this many at a time (API reference, DescribeContainerInstances). */
const DESCRIBE_LIMIT = 100;

/** All container instances of a cluster, but for those that are deregistered. Rejects with an `AwsError`. */
export async function readContainerInstances(
  call: Caller<Operations>,
  cluster: string,
): Promise<readonly ContainerInstance[]> {
  const arns = await readAll('ecs:ListContainerInstances', 'containerInstanceArns', async (nextToken) => {
    const answer = await call('ecs:ListContainerInstances', { cluster, nextToken });
    return { items: answer.containerInstanceArns, nextToken: answer.nextToken };
  });
  return await describeContainerInstances(call, cluster, arns);
}

/** Those that ECS knows of these. */
export async function describeContainerInstances(
  call: Caller<Operations>,
  cluster: string,
  arns: readonly string[],
): Promise<readonly ContainerInstance[]> {
  const operation = 'ecs:DescribeContainerInstances';
  const found: ContainerInstance[] = [];
  for (const asked of inBatches([...new Set(arns)], DESCRIBE_LIMIT)) {
    const { containerInstances, failures } = await call(operation, {
      cluster,
      containerInstances: [...asked],
      include: ['TAGS'],
    });
    for (const arn of asked) {
      const one = containerInstances?.find(({ containerInstanceArn }) => containerInstanceArn === arn);
      if (one) found.push(toContainerInstance(operation, arn, one));
      // It was deregistered since it was listed.
      else if (!failures?.some((failure) => failure.arn === arn && failure.reason === 'MISSING'))
        throw incomplete(operation, `it says nothing of ${arn}`);
    }
  }
  return found;
}

function toContainerInstance(operation: string, arn: string, one: Ecs.ContainerInstance): ContainerInstance {
  const { status, ec2InstanceId, tags, runningTasksCount, pendingTasksCount } = one;
  if (!status || !ec2InstanceId) throw incomplete(operation, `it gives no status or no instance of ${arn}`);
  const registeredAt = timeOfDate(one.registeredAt);
  if (registeredAt === undefined) throw incomplete(operation, `it does not say when ${arn} was registered`);
  if (runningTasksCount === undefined || pendingTasksCount === undefined || !one.remainingResources)
    throw incomplete(operation, `it gives no tasks or no resources of ${arn}`);
  const attributes = Object.fromEntries(
    (one.attributes ?? []).flatMap(({ name, value }) => (name ? [[name, value ?? '']] : [])),
  );
  const cordon = tags?.find(({ key }) => key === CORDON_KEY)?.value;
  return {
    arn,
    instanceId: ec2InstanceId,
    status,
    agentConnected: one.agentConnected === true,
    registeredAt,
    zone: attributes['ecs.availability-zone'] ?? '',
    instanceType: attributes['ecs.instance-type'] ?? '',
    imageId: attributes['ecs.ami-id'],
    total: resourcesOf(one.registeredResources ?? []),
    remaining: resourcesOf(one.remainingResources),
    portsInUse: portsOf(one.remainingResources),
    attributes,
    taskCount: runningTasksCount + pendingTasksCount,
    cordon: cordon === undefined ? undefined : readCordon(cordon),
  };
}

function resourcesOf(given: readonly Ecs.Resource[]): Resources {
  const of = (name: string) => given.find((one) => one.name === name);
  return {
    cpu: of('CPU')?.integerValue ?? 0,
    memory: of('MEMORY')?.integerValue ?? 0,
    gpu: of('GPU')?.stringSetValue?.length ?? 0,
    // ECS does not name them.
    networkInterfaces: Number.POSITIVE_INFINITY,
  };
}

/** ECS counts as remaining what is taken: PORTS lists the ports in use (ECS API reference, ContainerInstance). */
function portsOf(given: readonly Ecs.Resource[]): readonly string[] {
  const of = (name: string, protocol: string) =>
    (given.find((one) => one.name === name)?.stringSetValue ?? []).map((port) => `${port}/${protocol}`);
  return [...of('PORTS', 'tcp'), ...of('PORTS_UDP', 'udp')];
}
