import type { Ecs, Task } from '../../aws/ecs.ts';
import { AwsError } from '../../aws/errors.ts';
import { known, type Reading, unknown } from '../../base/reading.ts';
import type { EcsAgent, Registration } from '../../host/ecs-agent.ts';
import type { ContainerInstance } from '../model.ts';

/** What ECS says about this host. */
export type Look = {
  readonly containerInstance: ContainerInstance;
  /** The tasks that are not STOPPED. Unknown right after a change that makes the last list worthless. */
  readonly tasks: Reading<readonly Task[]>;
  /** How many ListTasks requests it took. */
  readonly requests: number;
  /** The ECS agent was silent: as which container instance ECS knows this host is what it said last. */
  readonly isRemembered: boolean;
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
        : known({
            containerInstance: { kind: 'never-registered' },
            tasks: known([]),
            requests: 0,
            isRemembered: false,
          });
    }
    absences = 0;
    const { cluster, isRemembered } = where.value;
    let arn = where.value.containerInstanceArn;
    let status = await statusOf(cluster, arn);
    if (status.kind === 'known' && GONE.has(status.value) && isRemembered) {
      const anew = await registeredAnew(ports, cluster);
      if (anew.kind === 'unknown') return anew;
      if (anew.value !== undefined) {
        arn = anew.value;
        status = await statusOf(cluster, arn);
      }
    }
    if (status.kind === 'unknown') return status;
    if (GONE.has(status.value)) {
      const tasks = await stillThere(cluster, status.value === MISSING ? undefined : arn, last, alsoAsk);
      const containerInstance = { kind: 'deregistered', arn } as const;
      return known({ containerInstance, tasks: known(tasks), requests: 0, isRemembered });
    }
    const containerInstance = { kind: 'registered', cluster, arn, status: status.value } as const;
    if (status.value === 'ACTIVE' && !ports.listsWhileActive) {
      const tasks = unknown('they are listed once the container instance is DRAINING');
      return known({ containerInstance, tasks, requests: 2, isRemembered });
    }
    const { arns, requests } = await ecs.listTasks(cluster, arn);
    const tasks = await describeLeft(cluster, [...arns, ...alsoAsk]);
    return known({ containerInstance, tasks: known(tasks), requests, isRemembered });
  }

  /** The status of a container instance that is this host's. */
  async function statusOf(cluster: string, arn: string): Promise<Reading<string>> {
    const described = await ecs.describe(cluster, arn);
    if (described.kind === 'missing') return known(MISSING);
    return described.ec2InstanceId === instanceId
      ? known(described.status)
      : unknown(`the container instance ${arn} runs on ${described.ec2InstanceId}, not on this host`);
  }

  /**
   * What was left when ECS let go of the container instance. Where nothing says what that was, also what ECS lists there
   * all the same: nothing documents that it does, and where it refuses to, the rest must do.
   */
  async function stillThere(
    cluster: string,
    arn: string | undefined,
    last: Look | undefined,
    alsoAsk: readonly string[],
  ): Promise<readonly Task[]> {
    if (last?.tasks.kind === 'known')
      return describeLeft(cluster, [...last.tasks.value.map((task) => task.arn), ...alsoAsk]);
    const listed = arn === undefined ? [] : (await ecs.listTasks(cluster, arn).catch(nothingIfRefused)).arns;
    return describeLeft(cluster, [...listed, ...alsoAsk]);
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
      const registration = await ports.ecsAgent.registration();
      const isRemembered = registration.kind === 'unknown';
      if (!isRemembered && registration.value.containerInstanceArn !== arn) return full(last, alsoAsk);
      const left = await describeLeft(cluster, [...last.tasks.value.map((task) => task.arn), ...alsoAsk]);
      if (left.length > 0) return known({ ...last, tasks: known(left), isRemembered });
      // Listed while it was DRAINING, those were all the tasks there can be, unless somebody has set it ACTIVE since.
      // Listing them again would take as many requests as they have pages, from a budget that may be used up.
      const isStill = async () => {
        const described = await ecs.describe(cluster, arn);
        return described.kind === 'found' && described.status === status;
      };
      if (status === 'DRAINING' && (await isStill()))
        return known({ ...last, tasks: known([]), isRemembered });
    }
    return full(last, alsoAsk);
  };
}

function nothingIfRefused(error: unknown): { readonly arns: readonly string[] } {
  if (error instanceof AwsError && error.kind === 'rejected') return { arns: [] };
  throw error;
}

/** In place of a status, where ECS does not know the container instance. */
const MISSING = 'MISSING';
/** Statuses in which ECS has let go of a container instance (API reference, ContainerInstance). */
const GONE = new Set([MISSING, 'INACTIVE', 'DEREGISTERING', 'REGISTRATION_FAILED']);

type Whereabouts = Registration & { readonly isRemembered: boolean };

/** Where ECS keeps this host: as its agent says, as it last said, or as ECS itself finds it. */
async function locate(ports: LookPorts): Promise<Reading<Whereabouts | undefined>> {
  const registration = await ports.ecsAgent.registration();
  if (registration.kind === 'known') return known({ ...registration.value, isRemembered: false });
  const last = ports.lastRegistration();
  if (last) return known({ ...last, isRemembered: true });
  const cluster = ports.cluster ?? 'default';
  const found = await findOwn(ports, cluster);
  if (found.kind === 'unknown') return found;
  if (found.value !== undefined)
    return known({ cluster, containerInstanceArn: found.value, isRemembered: false });
  // Not in a cluster that nobody named says nothing: it may be in another.
  if (ports.cluster) return known(undefined);
  return unknown(`${registration.cause}; set --cluster (ECS_DRAIN_CLUSTER) to find this host without it`);
}

async function findOwn(
  { ecs, instanceId }: LookPorts,
  cluster: string,
): Promise<Reading<string | undefined>> {
  const [arn, ...others] = await ecs.find(cluster, instanceId);
  // Its tasks can be on any of them, and which one is of now only the ECS agent knows.
  return others.length > 0
    ? unknown(`ECS lists this host as several container instances: ${[arn, ...others].join(', ')}`)
    : known(arn);
}

/** While its agent was silent, the host may have been registered as another container instance. */
async function registeredAnew(ports: LookPorts, cluster: string): Promise<Reading<string | undefined>> {
  try {
    return await findOwn(ports, cluster);
  } catch (error) {
    // Only who uses --cluster needs that permission otherwise.
    if (error instanceof AwsError && error.kind === 'permission') return known(undefined);
    throw error;
  }
}
