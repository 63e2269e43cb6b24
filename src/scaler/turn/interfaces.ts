import { AwsError } from '../../aws/errors.ts';
import type { InterfaceReader } from '../aws/network-interfaces.ts';
import { daemonsOn, less } from '../plan/daemons.ts';
import type { Config, ContainerInstance, DaemonService, FreshInstance, Job, Task } from '../plan/model.ts';

/** What a turn knows of instances before their network interfaces are counted. */
export type Uncounted = {
  readonly containerInstances: readonly ContainerInstance[];
  readonly tasks: readonly Task[];
  readonly daemons: readonly DaemonService[];
  readonly jobs: readonly Job[];
  /** What a new instance had that an earlier turn has seen. */
  readonly before: FreshInstance | undefined;
};

export type Counted = {
  readonly containerInstances: readonly ContainerInstance[];
  readonly before: FreshInstance | undefined;
  readonly warnings: readonly string[];
};

/**
 * Counts the network interfaces that instances can have and that tasks on them have, since ECS names neither among an instance's
 * resources. EC2 is asked only while a task waits, or may be moved, that needs one. Where it does not answer, no limit is counted.
 */
export async function countInterfaces(
  read: InterfaceReader,
  { containerInstances, tasks, daemons, jobs, before }: Uncounted,
  { cordonBusy }: Config,
): Promise<Counted> {
  const needsOne = ({ networkInterfaces }: { readonly networkInterfaces: number }) => networkInterfaces > 0;
  if (!jobs.some(needsOne) && (cordonBusy === 'off' || !tasks.some(({ needs }) => needsOne(needs))))
    return { containerInstances, before, warnings: [] };
  const taken = new Map<string, number>();
  for (const { containerInstanceArn: arn, lastStatus, needs } of tasks)
    if (arn !== undefined && lastStatus !== 'STOPPED')
      taken.set(arn, (taken.get(arn) ?? 0) + needs.networkInterfaces);
  try {
    const most = await read([
      ...containerInstances.map(({ instanceType }) => instanceType),
      ...(before ? typesOf(before) : []),
    ]);
    const limitOf = (type: string, attributes: ContainerInstance['attributes']) =>
      hasTrunk(attributes) ? Infinity : (most.get(type) ?? Infinity);
    return {
      containerInstances: containerInstances.map((one) => {
        const limit = limitOf(one.instanceType, one.attributes);
        const left = Math.max(0, limit - (taken.get(one.arn) ?? 0));
        return {
          ...one,
          total: { ...one.total, networkInterfaces: limit },
          remaining: { ...one.remaining, networkInterfaces: left },
        };
      }),
      before: before && counted(before, daemons, limitOf),
      warnings: [],
    };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const what = 'how many network interfaces instances can have is not known, and none is counted';
    return { containerInstances, before, warnings: [`${what}: ${error.message}`] };
  }
}

/** The turn that has seen it may not have asked. */
function counted(
  before: FreshInstance,
  daemons: readonly DaemonService[],
  limitOf: (type: string, attributes: ContainerInstance['attributes']) => number,
): FreshInstance {
  if (Number.isFinite(before.total.networkInterfaces)) return before;
  const limit = Math.min(...typesOf(before).map((type) => limitOf(type, before.attributes)));
  const whole = { ...before.total, networkInterfaces: limit };
  const { networkInterfaces } = less(whole, daemonsOn(before.attributes, daemons, true));
  return { ...before, total: { ...before.total, networkInterfaces } };
}

/** Those of a group that mixes types, too. */
const typesOf = ({ instanceType }: FreshInstance): readonly string[] => instanceType.split(', ');

/** With ENI trunking an instance has many more than its type says, and EC2 does not say how many. (ECS developer guide, "Increasing Amazon ECS Linux container instance network interfaces") */
const hasTrunk = (attributes: ContainerInstance['attributes']) => 'ecs.awsvpc-trunk-id' in attributes;
