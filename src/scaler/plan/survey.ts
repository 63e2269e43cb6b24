import type {
  Config,
  ContainerInstance,
  CordonTag,
  GroupInstance,
  History,
  Snapshot,
  Target,
  Task,
} from './model.ts';

/** An instance of the group or the cluster, with what it is for a plan. */
export type Surveyed = {
  readonly id: string;
  readonly zone: string;
  readonly registered: ContainerInstance | undefined;
  readonly member: GroupInstance | undefined;
  /** Those that have not STOPPED, but for daemons. */
  readonly tasks: readonly Task[];
  /** Those of daemon services. */
  readonly daemons: readonly Task[];
  readonly standing: InstanceStanding;
};

export type InstanceStanding =
  /** It takes tasks and has some. */
  | { readonly kind: 'busy' }
  /** It takes tasks and has none since then. */
  | { readonly kind: 'empty'; readonly since: number }
  /** It takes tasks, and ECS counts some that it does not list. */
  | { readonly kind: 'unclear' }
  | { readonly kind: 'booting'; readonly since: number | undefined }
  | { readonly kind: 'broken'; readonly since: number }
  | { readonly kind: 'cordoned'; readonly cordon: Cordon }
  | { readonly kind: 'cordoned-by-others'; readonly cordon: Cordon }
  | { readonly kind: 'cordon-expired'; readonly cordon: Cordon }
  | { readonly kind: 'drained-by-others' }
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'leaving'; readonly state: string }
  | { readonly kind: 'out-of-service'; readonly state: string };

export type Cordon = CordonTag & { readonly kind: 'read' };

/** What each instance of the group and the cluster is now. */
export function survey(snapshot: Snapshot, history: History, config: Config): readonly Surveyed[] {
  const { group, containerInstances, tasks } = snapshot;
  const members = new Map(group.instances.map((one) => [one.id, one]));
  const registered = Map.groupBy(
    // An instance that was registered anew leaves its former self behind for a while.
    containerInstances.filter(({ status }) => status !== 'INACTIVE' && status !== 'DEREGISTERING'),
    ({ instanceId }) => instanceId,
  );
  const tasksOn = Map.groupBy(tasks, ({ containerInstanceArn }) => containerInstanceArn);
  const ids = new Set([...members.keys(), ...registered.keys()]);
  return [...ids].map((id) => {
    const member = members.get(id);
    const own = registered.get(id) ?? [];
    const one = [...own].sort((a, b) => b.registeredAt - a.registeredAt)[0];
    const onIt = own.flatMap(({ arn }) => tasksOn.get(arn) ?? []);
    return {
      id,
      zone: member?.zone ?? one?.zone ?? '',
      registered: one,
      member,
      tasks: onIt.filter((task) => isLive(task) && !isDaemon(task)),
      daemons: onIt.filter((task) => isLive(task) && isDaemon(task)),
      standing: standingOf(one, member, onIt, snapshot.at, history, config),
    };
  });
}

function standingOf(
  one: ContainerInstance | undefined,
  member: GroupInstance | undefined,
  tasks: readonly Task[],
  now: number,
  history: History,
  config: Config,
): InstanceStanding {
  const state = member?.state ?? 'InService';
  if (/^Terminat/.test(state) || state === 'Detaching') return { kind: 'leaving', state };
  if (state !== 'InService' && !/^Pending/.test(state)) return { kind: 'out-of-service', state };
  if (one === undefined || one.status === 'REGISTERING' || one.status === 'REGISTRATION_FAILED') {
    // What another group boots is not known to hold anything, nor when it was launched.
    if (member === undefined) return { kind: 'out-of-service', state: one?.status ?? 'not registered' };
    const since = member.launchedAt;
    const isBroken = since !== undefined && now - since >= config.bootTimeoutMs;
    return isBroken ? { kind: 'broken', since } : { kind: 'booting', since };
  }
  const { cordon } = one;
  if (one.status === 'DRAINING') {
    if (cordon?.kind !== 'read') return { kind: 'drained-by-others' };
    if (cordon.until <= now) return { kind: 'cordon-expired', cordon };
    // The scaler of another group may bear the same name, and may have terminated it: that cannot be seen from here.
    const isOwn = member !== undefined && cordon.by === config.name;
    return { kind: isOwn ? 'cordoned' : 'cordoned-by-others', cordon };
  }
  // Its tag has outlived it: the scaler was cut off, or somebody has given the instance back.
  if (cordon?.kind === 'read' && cordon.until <= now) return { kind: 'cordon-expired', cordon };
  if (!one.agentConnected) return { kind: 'disconnected' };
  // Daemons come with an instance, and go with it.
  const jobs = tasks.filter((task) => !isDaemon(task));
  if (jobs.some(isLive)) return { kind: 'busy' };
  if (one.taskCount > tasks.filter(isLive).length) return { kind: 'unclear' };
  return { kind: 'empty', since: emptySince(one, jobs, now, history) };
}

const isLive = ({ lastStatus }: Task) => lastStatus !== 'STOPPED';
const isDaemon = ({ kind }: Task) => kind === 'daemon';

/** The end of its last task, as ECS lists it for an hour or an earlier turn has seen it; else its registration. */
function emptySince(
  { arn, registeredAt }: ContainerInstance,
  stopped: readonly Task[],
  now: number,
  { lastTaskEndedAt }: History,
): number {
  let since = Math.max(registeredAt, lastTaskEndedAt.get(arn) ?? 0);
  for (const { stoppedAt } of stopped) since = Math.max(since, stoppedAt ?? now);
  return Math.min(since, now);
}

/** Both names of a registered instance. */
export const targetOf = ({ id, registered }: Surveyed): Target => ({
  instanceId: id,
  arn: registered?.arn ?? '',
});
