import type { Caller } from '../../aws/call.ts';
import { incomplete } from './incomplete.ts';
import type { Size } from './instance-sizes.ts';
import type { Operations } from './operations.ts';

/** A container instance that is registered in the cluster, whatever its status. */
export type Registered = {
  readonly arn: string | undefined;
  readonly ec2InstanceId: string | undefined;
  readonly instanceType: string | undefined;
  readonly isActive: boolean;
  readonly availabilityZone: string | undefined;
  /** What it has altogether, taken or not. */
  readonly size: Size;
};

/** DescribeContainerInstances takes so many at a time (ECS API reference). */
const AT_ONCE = 100;
/** More pages than a cluster can fill: it has 5,000 container instances at most (ECS service quotas). */
const MOST_PAGES = 100;

/** So many instance ids stand in one filter. */
const IDS_AT_ONCE = 50;

/** Every container instance of a cluster. Rejects with an `AwsError`, also where any part of the answer is missing. */
export async function readContainerInstances(
  call: Caller<Operations>,
  cluster: string,
): Promise<readonly Registered[]> {
  return await describeAll(call, cluster, await listAll(call, cluster, undefined));
}

/** Which of these EC2 instances are registered in a cluster. Only where some are not are the others described. */
export async function readRegistered(
  call: Caller<Operations>,
  cluster: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
    const some = ids.slice(from, from + IDS_AT_ONCE);
    const arns = await listAll(call, cluster, `ec2InstanceId in [${some.map((id) => `'${id}'`).join(', ')}]`);
    const registered =
      arns.length === some.length
        ? some
        : (await describeAll(call, cluster, arns)).map(({ ec2InstanceId = '' }) => ec2InstanceId);
    for (const id of registered) found.add(id);
  }
  return found;
}

async function listAll(
  call: Caller<Operations>,
  cluster: string,
  filter: string | undefined,
): Promise<readonly string[]> {
  const operation = 'ecs:ListContainerInstances';
  const arns: string[] = [];
  let nextToken: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await call(operation, {
      cluster,
      ...(filter !== undefined && { filter }),
      ...(nextToken !== undefined && { nextToken }),
    });
    if (!Array.isArray(answer.containerInstanceArns)) throw incomplete(operation, 'containerInstanceArns');
    arns.push(...answer.containerInstanceArns);
    nextToken = answer.nextToken;
    if (!nextToken) break;
  }
  return arns;
}

async function describeAll(
  call: Caller<Operations>,
  cluster: string,
  arns: readonly string[],
): Promise<readonly Registered[]> {
  const operation = 'ecs:DescribeContainerInstances';
  const found: Registered[] = [];
  for (let from = 0; from < arns.length; from += AT_ONCE) {
    const { containerInstances } = await call(operation, {
      cluster,
      containerInstances: arns.slice(from, from + AT_ONCE),
    });
    if (!Array.isArray(containerInstances)) throw incomplete(operation, 'containerInstances');
    for (const one of containerInstances) {
      const {
        containerInstanceArn: arn,
        ec2InstanceId,
        status,
        registeredResources = [],
        attributes = [],
      } = one;
      const resource = (name: string) => registeredResources.find((one) => one.name === name);
      const attribute = (name: string) => attributes.find((one) => one.name === name)?.value;
      found.push({
        arn,
        ec2InstanceId,
        instanceType: attribute('ecs.instance-type'),
        availabilityZone: attribute('ecs.availability-zone'),
        isActive: status === 'ACTIVE',
        size: {
          cpu: resource('CPU')?.integerValue ?? 0,
          memory: resource('MEMORY')?.integerValue ?? 0,
          gpu: resource('GPU')?.stringSetValue?.length ?? 0,
          // It does not register them.
          networkInterfaces: Number.POSITIVE_INFINITY,
        },
      });
    }
  }
  return found;
}
