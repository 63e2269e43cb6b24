import type { Caller } from '../../aws/call.ts';
import { AwsError } from '../../aws/errors.ts';
import type { Daemons } from '../aws/daemons.ts';
import type { ListedGroup } from '../aws/group.ts';
import { guessFresh } from '../aws/launch-template.ts';
import type { Operations } from '../aws/operations.ts';
import type { SeenTask } from '../aws/tasks.ts';
import { withoutDaemons } from '../plan/daemons.ts';
import type { ContainerInstance, DaemonService, FreshInstance, Job, Resources } from '../plan/model.ts';

export type FreshRead = {
  readonly fresh: FreshInstance | undefined;
  readonly warnings: readonly string[];
};

/**
 * What a new instance will have. By the instance that was registered last; by the launch template for a group that is empty, or whose
 * last one is too small for a job that waits: its type may have been changed since. In a group that mixes types it is the least of each,
 * whichever comes: by the type of the last one alone the same job would be launched for, and then not fit, in turns.
 *
 * @param before what was known of it in an earlier turn
 */
export async function readFresh(
  call: Caller<Operations>,
  { source, instances }: ListedGroup,
  containerInstances: readonly ContainerInstance[],
  tasks: readonly SeenTask[],
  known: Daemons,
  jobs: readonly Job[],
  before: FreshInstance | undefined,
): Promise<FreshRead> {
  const members = new Set(instances.map(({ id }) => id));
  const own = containerInstances
    .filter(({ instanceId }) => members.has(instanceId))
    .sort((a, b) => b.registeredAt - a.registeredAt);
  const daemons = [...known.services, ...seenOnly(known, own, tasks)];
  const byType = new Map<string, ContainerInstance>();
  for (const one of own) if (!byType.has(one.instanceType)) byType.set(one.instanceType, one);
  const registered = [...byType.values()].map((one) => withoutDaemons(asFresh(one, tasks), daemons));
  const seen = registered.length > 0 || !before ? registered : [before];
  const [newest] = seen;
  if (!newest) {
    const { fresh, warnings } = await guessed(call, source, daemons);
    return { fresh, warnings };
  }
  if (!source?.mixes) {
    if (!jobs.some((job) => isTooLarge(job, newest.total))) return { fresh: newest, warnings: [] };
    const { fresh, warnings } = await guessed(call, source, daemons);
    return { fresh: fresh && fresh.instanceType !== newest.instanceType ? fresh : newest, warnings };
  }
  const unseen = source.types.filter((type) => !byType.has(type));
  if (jobs.length === 0 || unseen.length === 0) return { fresh: leastOf(seen), warnings: [] };
  const { fresh, warnings } = await guessed(call, { ...source, types: unseen }, daemons);
  return { fresh: leastOf(fresh ? [...seen, fresh] : seen), warnings };
}

const isTooLarge = (job: Resources, total: Resources): boolean =>
  job.cpu > total.cpu ||
  job.memory > total.memory ||
  job.gpu > total.gpu ||
  job.networkInterfaces > total.networkInterfaces;

/** What each of them has. Of the attributes those that all have alike: the others may be anything. */
function leastOf(several: readonly FreshInstance[]): FreshInstance | undefined {
  const [first, ...others] = several;
  if (!first || others.length === 0) return first;
  const least = (name: keyof Resources) => Math.min(...several.map(({ total }) => total[name]));
  return {
    instanceType: several.map(({ instanceType }) => instanceType).join(', '),
    total: {
      cpu: least('cpu'),
      memory: least('memory'),
      gpu: least('gpu'),
      networkInterfaces: least('networkInterfaces'),
    },
    portsInUse: [...new Set(several.flatMap(({ portsInUse }) => portsInUse))],
    attributes: Object.fromEntries(
      Object.entries(first.attributes).filter(([name, value]) =>
        others.every(({ attributes }) => attributes[name] === value),
      ),
    ),
    varies: true,
  };
}

/** Where EC2 does not say, one instance is launched to learn from. */
async function guessed(
  call: Caller<Operations>,
  source: ListedGroup['source'],
  daemons: readonly DaemonService[],
): Promise<FreshRead> {
  try {
    const whole = source && (await guessFresh(call, source));
    return {
      fresh: whole && withoutDaemons({ ...whole, portsInUse: RESERVED_PORTS }, daemons),
      warnings: [],
    };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { fresh: undefined, warnings: [`what a new instance will hold is not known: ${error.message}`] };
  }
}

/**
 * The daemon services that ECS lists and does not describe, by a task of each on the group's own instances: without them instances
 * would be launched one after the other for a job that does not fit beside them. On other groups' instances a task is no sign, since
 * the service's constraints may keep it from this group.
 */
function seenOnly(
  { services, groups }: Daemons,
  own: readonly ContainerInstance[],
  tasks: readonly SeenTask[],
): readonly DaemonService[] {
  const arns = new Set(own.map(({ arn }) => arn));
  const seen = new Map<string, DaemonService>();
  for (const { group, containerInstanceArn: arn = '', needs } of tasks)
    if (groups.has(group) && arns.has(arn) && !services.some((one) => one.group === group))
      seen.set(group, { ...needs, ports: [], constraints: [], group });
  return [...seen.values()];
}

function asFresh(one: ContainerInstance, tasks: readonly SeenTask[]): FreshInstance {
  const { 'ecs.availability-zone': zone, ...attributes } = one.attributes;
  const daemonsOnIt = tasks.filter(
    ({ kind, containerInstanceArn: arn }) => kind === 'daemon' && arn === one.arn,
  ).length;
  return {
    instanceType: one.instanceType,
    total: one.total,
    // What every host keeps for itself is not known apart from what tasks take, but for an empty one.
    portsInUse: one.taskCount <= daemonsOnIt ? one.portsInUse : RESERVED_PORTS,
    attributes,
  };
}

/** SSH, Docker and the ECS agent (ECS developer guide, "Reserved ports"). */
const RESERVED_PORTS = ['22/tcp', '2375/tcp', '2376/tcp', '51678/tcp', '51679/tcp', '51680/tcp'];
