import type { Ecs, Task } from '../aws/ecs.ts';
import type { EcsAgent, Registration } from '../host/ecs-agent.ts';
import { known, type Reading, unknown } from '../reading.ts';
import type { ContainerInstance } from './observation.ts';

/** What ECS says about this host. */
export type Look = {
  readonly containerInstance: ContainerInstance;
  /** The tasks that are not STOPPED. Unknown right after a change that makes the last list worthless. */
  readonly tasks: Reading<readonly Task[]>;
  /** How many ListTasks requests it took. */
  readonly requests: number;
};

export type LookPorts = {
  readonly ecs: Ecs;
  readonly ecsAgent: EcsAgent;
  /** Our own, from instance metadata. */
  readonly instanceId: string;
  /** Whether the tasks are of interest while new ones can still be placed: in mode `deregister`, and in a dry run. */
  readonly listsWhileActive: boolean;
  /** `--cluster`, for when the ECS agent has never said. */
  readonly cluster: string | undefined;
  /** How ECS knew this host when last heard of. */
  readonly lastRegistration: () => Registration | undefined;
};

/**
 * Looks at ECS. `full` reads everything; `quick` only how the tasks of the last look are doing. Either asks after the
 * tasks `alsoAsk` as well, by ARN, whatever ECS lists.
 */
export type LookAt = (
  kind: 'full' | 'quick',
  last: Look | undefined,
  alsoAsk?: readonly string[],
) => Promise<Reading<Look>>;

/** Each rejects with an AwsError where ECS does not answer. */
export function createLook(ports: LookPorts): LookAt {
  const { ecs, instanceId } = ports;
  // A task that is STOPPED stays so: it is never described again, though ECS lists it for another hour.
  const stopped = new Set<string>();
  let absences = 0;

  async function full(last: Look | undefined, alsoAsk: readonly string[]): Promise<Reading<Look>> {
    const where = await locate(ports);
    if (where.kind === 'unknown') return where;
    if (!where.value && alsoAsk.length > 0) {
      return unknown('the ECS agent has tasks here, and ECS finds no container instance of this host');
    }
    if (!where.value) {
      absences++;
      // Right after it registered, ECS may not list it yet.
      return absences < 2
        ? unknown('no container instance is registered for this host; looking once more')
        : known({ containerInstance: { kind: 'never-registered' }, tasks: known([]), requests: 0 });
    }
    absences = 0;
    const { cluster, containerInstanceArn: arn } = where.value;
    const described = await ecs.describe(cluster, arn);
    if (described.kind === 'found' && described.ec2InstanceId !== instanceId) {
      return unknown(`the container instance ${arn} runs on ${described.ec2InstanceId}, not on this host`);
    }
    if (described.kind === 'missing' || GONE.has(described.status)) {
      const remaining = await stillThere(cluster, last, alsoAsk);
      return known({
        containerInstance: { kind: 'deregistered', arn },
        tasks: known(remaining),
        requests: 0,
      });
    }
    const { status } = described;
    if (status === 'ACTIVE' && !ports.listsWhileActive) {
      const tasks = unknown('they are listed once the container instance is DRAINING');
      return known({ containerInstance: { kind: 'registered', cluster, arn, status }, tasks, requests: 2 });
    }
    const { arns, requests } = await ecs.listTasks(cluster, arn);
    const tasks = await describeLeft(cluster, [...arns, ...alsoAsk]);
    return known({
      containerInstance: { kind: 'registered', cluster, arn, status },
      tasks: known(tasks),
      requests,
    });
  }

  /** After deregistration ECS lists no tasks any more, but those that were left can still be described. */
  async function stillThere(
    cluster: string,
    last: Look | undefined,
    alsoAsk: readonly string[],
  ): Promise<readonly Task[]> {
    const left = last?.tasks.kind === 'known' ? last.tasks.value : [];
    return describeLeft(cluster, [...left.map(({ arn }) => arn), ...alsoAsk]);
  }

  async function describeLeft(cluster: string, arns: readonly string[]): Promise<readonly Task[]> {
    const asked = [...new Set(arns)].filter((arn) => !stopped.has(arn));
    const found = asked.length > 0 ? await ecs.describeTasks(cluster, asked) : [];
    for (const { arn, lastStatus } of found) if (lastStatus === 'STOPPED') stopped.add(arn);
    return found.filter(({ lastStatus }) => lastStatus !== 'STOPPED');
  }

  return async (kind, last, alsoAsk = []) => {
    if (kind === 'quick' && last?.tasks.kind === 'known' && last.containerInstance.kind === 'registered') {
      const { cluster, arn, status } = last.containerInstance;
      const left = await describeLeft(cluster, [...last.tasks.value.map((task) => task.arn), ...alsoAsk]);
      if (left.length > 0) return known({ ...last, tasks: known(left) });
      // Listed while it was DRAINING, those were all the tasks there can be, unless somebody has set it ACTIVE since.
      // Listing them again would take as many requests as they have pages, from a budget that may be used up.
      const isStill = async () => {
        const described = await ecs.describe(cluster, arn);
        return described.kind === 'found' && described.status === status;
      };
      if (status === 'DRAINING' && (await isStill())) return known({ ...last, tasks: known([]) });
    }
    return full(last, alsoAsk);
  };
}

/** Statuses in which ECS has let go of a container instance (API reference, ContainerInstance). */
const GONE = new Set(['INACTIVE', 'DEREGISTERING', 'REGISTRATION_FAILED']);

/** Where ECS keeps this host: as its agent says, as it last said, or as ECS itself finds it. */
async function locate(ports: LookPorts): Promise<Reading<Registration | undefined>> {
  const registration = await ports.ecsAgent.registration();
  if (registration.kind === 'known') return registration;
  const last = ports.lastRegistration();
  if (last) return known(last);
  const cluster = ports.cluster ?? 'default';
  const containerInstanceArn = await ports.ecs.find(cluster, ports.instanceId);
  if (containerInstanceArn) return known({ cluster, containerInstanceArn });
  // Not in a cluster that nobody named says nothing: it may be in another.
  if (ports.cluster) return known(undefined);
  return unknown(`${registration.cause}; set --cluster (ECS_DRAIN_CLUSTER) to find this host without it`);
}
