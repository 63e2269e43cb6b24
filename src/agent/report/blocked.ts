import type { Task } from '../../aws/ecs.ts';
import { parseEcsArn } from '../../base/arn.ts';
import { isoTime } from '../../base/clock.ts';
import { formatDuration } from '../../base/duration.ts';
import { serviceName } from '../decide/services.ts';
import type { Explained, ServiceState } from '../model.ts';

/** Why one group of tasks is still there. */
export type Blocked = {
  readonly kind: /** Its own work: nothing stops it. */
    | 'standalone'
    /** Asked to stop, and within its stop time-out. */
    | 'stopping'
    | 'protected'
    /** The service's replacement cannot be placed, or does not start. */
    | 'no-replacement'
    /** The service's deployment configuration leaves no way to move a task. */
    | 'deployment-limits'
    | 'daemon'
    | 'replacing'
    /** A service's, on an instance that stays ACTIVE (mode `deregister`): ECS moves nothing away from it. */
    | 'kept'
    /** The drain does not wait for it: it is asked to stop once no other task is left. */
    | 'ignored'
    /** The ECS agent is down or disconnected: ECS cannot learn that a task has ended. */
    | 'ecs-agent'
    /** Of a container instance that this host was before: ECS may never hear of its end. */
    | 'earlier-registration'
    /** A service's task about which no more is known. */
    | 'service';
  /** As ECS names it: `family:x` or `service:y`. */
  readonly group: string;
  readonly tasks: number;
  /** In plain words. */
  readonly why: string;
  /** What an operator does about it; absent where it passes by itself. */
  readonly fix?: string | undefined;
};

/** An ECS agent that has not answered for this long, in ms, is down. */
const SILENT_MS = 15_000;

/**
 * Whether the tasks may have ended without ECS knowing, because of this host's ECS agent.
 * @param silentMs for how long it has not answered on its port; undefined where it does
 * @param isConnected whether ECS says that it is connected; undefined where ECS has not said
 */
export function blockedByEcsAgent(
  tasks: number,
  silentMs: number | undefined,
  isConnected: boolean | undefined,
): readonly Blocked[] {
  const reason = (why: string): readonly Blocked[] => [
    { kind: 'ecs-agent', group: '', tasks, why, fix: 'start the ECS agent: systemctl restart ecs' },
  ];
  const consequence =
    'ECS cannot learn that a task has ended before it is started again (systemctl status ecs)';
  if (silentMs !== undefined && silentMs >= SILENT_MS)
    return reason(
      `the ECS agent on this host has not answered for ${formatDuration(silentMs)}: ${consequence}`,
    );
  if (isConnected === false)
    return reason(
      'the ECS agent on this host is not connected to ECS, which cannot learn that a task has ended (systemctl status ecs)',
    );
  return [];
}

/** An event of a service older than this, in ms, says nothing about the replacement that is missing now. */
const OLD_EVENT_MS = 3_600_000;

/**
 * Why the drain still waits: a reason for each group of tasks, the one with the oldest task first, daemons and ignored
 * tasks last.
 * @param place what this host is now
 * @param isIgnored whether the drain does not wait for a task
 */
export function blockedBy(
  tasks: readonly Task[],
  explained: Explained,
  now: number,
  { containerInstanceArn, staysActive = false }: Place = {},
  isIgnored: (task: Task) => boolean = () => false,
): readonly Blocked[] {
  const isLeftAlone = (task: Task) => isIgnored(task) && task.desiredStatus !== 'STOPPED';
  const ignored = Map.groupBy(tasks.filter(isLeftAlone), ({ group }) => group);
  const oldestFirst = tasks
    .filter((task) => !isLeftAlone(task))
    .sort((a, b) => (a.createdAt ?? now) - (b.createdAt ?? now));
  const isEarlier = (task: Task) =>
    containerInstanceArn !== undefined &&
    (task.containerInstanceArn ?? containerInstanceArn) !== containerInstanceArn;
  const earlier = Map.groupBy(oldestFirst.filter(isEarlier), ({ group }) => group);
  const groups = Map.groupBy(
    oldestFirst.filter((task) => !isEarlier(task)),
    ({ group }) => group,
  );
  const reasons = [...groups].map(([group, members]) =>
    staysActive ? reasonWhileActive(group, members, now) : reasonFor(group, members, explained, now),
  );
  return [
    ...[...earlier].map(([group, members]) => earlierRegistration(group, members)),
    ...reasons.filter(({ kind }) => kind !== 'daemon'),
    ...reasons.filter(({ kind }) => kind === 'daemon'),
    ...[...ignored].map(([group, members]) => ignoredReason(group, members)),
  ];
}

/** What this host is, as far as its tasks' reasons depend on it. */
export type Place = {
  /** Undefined where that is not known. */
  readonly containerInstanceArn?: string | undefined;
  /** ECS has it ACTIVE, and the agent leaves it so: mode `deregister`. */
  readonly staysActive?: boolean;
};

/** ECS stops or replaces a service's tasks, daemons included, on an instance that is DRAINING only. */
function reasonWhileActive(group: string, tasks: readonly Task[], now: number): Blocked {
  const left = tasks.filter(({ desiredStatus }) => desiredStatus !== 'STOPPED');
  if (left.length === 0 || serviceName(group) === undefined)
    return reasonFor(group, tasks, { services: [], protectedTasks: [] }, now);
  return {
    kind: 'kept',
    group,
    tasks: tasks.length,
    why: `${subject(left, group)} stays: in mode deregister the instance is ACTIVE, so ECS keeps a service's tasks on it, and may place new ones`,
    fix: `let the agent run in --mode drain, which makes ECS move them; or scale ${group} down, or stop its tasks here`,
  };
}

function reasonFor(group: string, tasks: readonly Task[], explained: Explained, now: number): Blocked {
  const reason = (kind: Blocked['kind'], why: string, fix?: string): Blocked => ({
    kind,
    group,
    tasks: tasks.length,
    why,
    ...(fix !== undefined && { fix }),
  });
  const left = tasks.filter(({ desiredStatus }) => desiredStatus !== 'STOPPED');
  if (left.length === 0) {
    return reason('stopping', `${subject(tasks, group)} was asked to stop and has not ended yet`);
  }
  const name = serviceName(group);
  if (name === undefined) return reason('standalone', standalone(left, group, now));

  const guarded = explained.protectedTasks.find(({ arn }) => left.some((task) => task.arn === arn));
  if (guarded) {
    const until = guarded.until === undefined ? '' : ` until ${isoTime(guarded.until)}`;
    return reason('protected', `task ${id(guarded.arn)} of ${group} is protected from scale-in${until}`);
  }
  const service = explained.services.find((one) => one.name === name);
  if (!service)
    return reason('service', `${subject(left, group)} waits for its service to replace or stop it`);
  if (service.isDaemon) {
    return reason('daemon', `${subject(left, group)} is a daemon, which ECS stops after all other tasks`);
  }
  const failure = replacementFailure(service, now);
  if (failure) {
    const ago = formatDuration(now - failure.at);
    return reason(
      'no-replacement',
      `${group} cannot start a replacement. ECS says, ${ago} ago: ${failure.message}`,
      'add capacity to the cluster, or fix what keeps the replacement from starting',
    );
  }
  if (!canMove(service)) {
    return reason(
      'deployment-limits',
      `${group} may not stop a task before its replacement runs (minimumHealthyPercent ${service.minimumHealthyPercent}) ` +
        `nor start one more than its ${service.desired} (maximumPercent ${service.maximumPercent})`,
      `raise maximumPercent of ${group}, or lower its minimumHealthyPercent`,
    );
  }
  return reason(
    'replacing',
    `${group} is replacing ${subject(left, group, '')}: ${service.running} of ${service.desired} run, ${service.pending} pending`,
  );
}

function earlierRegistration(group: string, tasks: readonly Task[]): Blocked {
  const [{ arn = '', containerInstanceArn = '' } = {}] = tasks;
  const of = id(containerInstanceArn);
  const why = `${subject(tasks, group)} belongs to the container instance ${of}, which this host was before: ECS may never hear of its end`;
  return {
    kind: 'earlier-registration',
    group,
    tasks: tasks.length,
    why,
    fix: `if nothing of it runs any more (docker ps), stop it in ECS: ${stopTask(arn)}`,
  };
}

/** Without a cluster, ECS looks for the task in the one that is called "default". */
function stopTask(arn: string): string {
  const cluster = parseEcsArn(arn)?.cluster;
  return `aws ecs stop-task ${cluster === undefined ? '' : `--cluster ${cluster} `}--task ${arn}`;
}

function ignoredReason(group: string, tasks: readonly Task[]): Blocked {
  const why = `${subject(tasks, group)} is ignored (--ignore-tasks): it is asked to stop once no other task is left`;
  return { kind: 'ignored', group, tasks: tasks.length, why };
}

function standalone(tasks: readonly Task[], group: string, now: number): string {
  const [oldest] = tasks;
  const startedBy = oldest?.startedBy ? `, started by ${oldest.startedBy}` : '';
  const age = oldest?.createdAt === undefined ? '' : `, running ${formatDuration(now - oldest.createdAt)}`;
  const which = `standalone task ${id(oldest?.arn ?? '')} of group ${group}${startedBy}${age}`;
  if (tasks.length === 1) return `${which}: nothing stops it before its work is done`;
  return `${which}, and ${tasks.length - 1} more of that group: nothing stops them before their work is done`;
}

/** The newest word about a replacement, where it is a bad one. ECS's messages begin with `(service NAME)`. */
function replacementFailure(
  { events }: ServiceState,
  now: number,
): ServiceState['events'][number] | undefined {
  const newest = [...events].sort((a, b) => b.at - a.at);
  const said = newest.find(({ message }) =>
    /unable to (place|consistently start)|has reached a steady state|has started \d+ tasks/i.test(message),
  );
  return said && /unable to/i.test(said.message) && now - said.at <= OLD_EVENT_MS ? said : undefined;
}

/**
 * Whether the service may stop a task first, or start one first (ECS developer guide, service definition
 * parameters: the minimum is rounded up, the maximum down).
 */
function canMove({ desired, minimumHealthyPercent, maximumPercent }: ServiceState): boolean {
  if (minimumHealthyPercent === undefined || maximumPercent === undefined) return true;
  const least = Math.ceil((desired * minimumHealthyPercent) / 100);
  const most = Math.floor((desired * maximumPercent) / 100);
  return least < desired || most > desired;
}

function subject(tasks: readonly Task[], group: string, of = ` of ${group}`): string {
  if (tasks.length === 1) return `task ${id(tasks[0]?.arn ?? '')}${of}`;
  return `each of ${tasks.length} tasks${of}`;
}

const id = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1).slice(0, 8);
