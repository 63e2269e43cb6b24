import { MANAGED_DRAINING_HOOK } from '../../src/config/options.ts';
import { createDisturbances, type Disturbances } from './disturbances.ts';
import type { Setting } from './entry.ts';
import { type Group, type GroupHook, hookOf } from './group.ts';
import { isReplacement, isTermination, leaves, waits } from './lifecycle-states.ts';
import type { Process } from './process.ts';

/** The truth about one instance, up to the entry that is being looked at. Times are in ms since the Unix epoch. */
export type Instance = {
  readonly id: string;
  readonly setting: Setting;
  readonly disturbances: Disturbances;
  /** The agent's present process, or the last one. */
  process: Process | undefined;
  isAlive: boolean;
  /** How often its process has ended. */
  restarts: number;

  /** What says that it must go, of what its agent is told to heed, and since when. */
  readonly signals: Map<string, number>;
  /** Since when at least one does, or none. */
  signalledSince: number;
  /** When the last signal went. */
  goneAt: number;
  /** Until when something asked for it that is not the group's doing; Infinity while it does. In ms since the Unix epoch. */
  othersAskedUntil: number;
  /** When the drain began; one that was taken back too briefly to be seen goes on with the same drain. */
  drainSince: number | undefined;
  /** When the drain before began, where the state can still tell of it. */
  drainLeft: number | undefined;
  /** A process that has ended was told of signals in that drain: what it knew since when is in its state. */
  wasSeenBefore: boolean;
  /** When an agent first said that it was at work on that drain; undefined before, or where nobody can ask it. */
  takenUpAt: number | undefined;
  tag: string | undefined;
  /** It tells of a lifecycle event that is over: the group keeps the instance, or none has it, and it asks for nothing. */
  isPastTag: boolean;
  pastTag: string | undefined;
  /** Since when the tag that is there is the one, or is past, in ms since the Unix epoch. */
  pastTagSince: number;
  /** When the group began to terminate the instance, of which the tag had told before. */
  foretoldSince: number;
  /** The value of the tag for whose event, past by its group's word of a moment before, its agent has set the instance ACTIVE. */
  tagGivenBack: string | undefined;
  /** What metadata shows of it, which can be there longer. */
  tagShown: string | undefined;
  tellsOfTagShown: boolean;
  /** The World tells of the target lifecycle state. */
  tellsOfTarget: boolean;
  tagsServed: boolean;
  /** The hook that the tag's value last named in this drain. */
  taggedHook: string | undefined;
  /** From when until when a tag's value named it: the value that replaced it at once may be the only one that was read. */
  taggedHookFrom: number;
  taggedHookUntil: number;
  /** The time of the lifecycle event, as the tag's value tells it. */
  taggedEventAt: number | undefined;
  /** When what EC2 has scheduled for it comes. */
  scheduledFor: number | undefined;
  /** What EC2 has scheduled, by its code. */
  scheduledCode: string | undefined;
  /** Since when nothing else asks for it. */
  onlyScheduledSince: number | undefined;
  /** Until when it was to stay in its cluster, drained. */
  outlastedUntil: number;
  spot: { readonly at: number; readonly noticedAt: number; isChecked: boolean } | undefined;
  /** An interruption of before has come, and its notice may still be in the state. */
  spotWasTold: boolean;

  /** By ARN, every container instance that it ever was, the present one last. */
  readonly containerInstances: Map<string, ContainerInstance>;
  /** By ARN, every task that was ever placed on it. */
  readonly tasks: Map<string, Task>;
  /** When ECS first forgot a task that ran: it can look as if it did not know it yet. */
  tasksForgottenFrom: number;
  lastStopAt: number;
  /** When the containers of a task of which ECS knows no more have ended. */
  lastExitAt: number;
  /** When the last container on it exited: some seconds before ECS hears of it. */
  hostEmptyAt: number;
  /** Who set the container instance DRAINING. */
  drainingBy: 'agent' | 'other' | undefined;
  drainingSince: number;
  /** ARNs of the container instances for which a process of the agent has called for a DRAINING of its own, or noted one and ended. */
  readonly drainingRequestedOn: Set<string>;
  /** … or has noted one, ahead of its call, which is still on the disk: the ARN that it was then. */
  drainingNotedOn: string | undefined;
  readonly ecsAgent: EcsAgent;
  /** By stage: when the operator's hooks were last begun, and when that run ends. */
  readonly stageRuns: Map<string, { readonly at: number; readonly endsAt: number }>;
  /** When the operator's hooks of stage `drained` were last begun. */
  drainedHooks: DrainedHooks | undefined;
  /** When the agent last called for it to be ACTIVE: its drain was over then, whatever came of that. */
  givenBackAt: number;

  /** Its group; undefined where it is in none, or nothing tells. */
  group: Group | undefined;
  /** The hooks that were ours until then, by the rules. */
  readonly formerHooks: Map<string, number>;
  lifecycle: string | undefined;
  lifecycleSince: number;
  /** When the group last began to terminate it. */
  terminatingSince: number;
  /** When its agent was last told the state in the group. */
  lifecycleToldAt: number;
  /** Since when it has been told that the group terminates it. */
  toldToGoSince: number;
  /** Since when it has been told that the group keeps it. */
  toldKeptSince: number;
  /** When its agent last asked for that and was told of a state in which no hook waits. */
  notWaitingToldAt: number;
  /** When `Terminating:Wait` began. */
  waitsSince: number | undefined;
  /** … or the wait before it, where no process lived to see that one end. */
  seemsToWaitSince: number;
  /** The hook that was ours when the instance last began to wait in this drain. */
  oursBefore: string | undefined;
  /** … or when its agent last read the hooks in this drain, while the group was already taking it out. */
  oursAsRead: string | undefined;
  /** When the group told its agent first that its root volume is replaced; Infinity where it has said otherwise since, or that was not saved. */
  toldOfReplacementAt: number;
  /** When the group last told its agent that it retains; -Infinity where it has said otherwise since, or that was not saved. */
  retentionReadAt: number;
  /** When the rules last said which it is, without what was before. */
  oursKnownAt: number;
  /** Whether who knew it was killed before that was saved. */
  isOursUnsaved: boolean;
  /** When a heartbeat was last recorded for each hook in this wait. */
  readonly beats: Map<string, number>;
  /** How many heartbeats are still rarer, because Auto Scaling has throttled them or the question after the hooks. */
  rareBeats: number;
  /** When ECS last throttled its agent: others of the account may need its requests more than a check does. */
  ecsThrottledAt: number;
  /** How the lifecycle actions of this wait have ended, by hook. */
  readonly ended: Map<string, ActionEnd>;
  lateHeartbeats: number;
  /** When the last one of those was sent; Infinity before the first. */
  lateHeartbeatAt: number;
  completedByOthers: boolean;
  terminatedByOthers: boolean;
  /** Whether its agent has asked the group to let it go, and how. */
  releasedBy: 'CONTINUE' | 'ABANDON' | 'terminate' | undefined;
  /** How often its agent has asked the group to terminate it, in this drain. */
  timesTerminated: number;
  /** In this drain the group was to replace its root volume first. */
  wasReplacing: boolean;
  /** When that was last over, or given up. */
  replacedAt: number;
  /** The machine has been shut down: its agent's process is no more, whatever still runs of it. */
  isGone: boolean;

  /** Metadata names another instance since then. */
  lieSince: number | undefined;
  /** How far the host's own clock is ahead, in ms. */
  clockAheadMs: number;
  clockSetAt: number;

  /** What the agent remembers. */
  stateIsWhole: boolean;
  stateWasLost: boolean;
  stateLostAt: number;
  knowsRegistration: boolean;
  /** ARNs of the container instances that its state names. */
  keptRegistrations: readonly string[];
  /** The ARNs of those that its agent has deregistered, as ECS has answered. */
  readonly deregisteredOnes: Set<string>;
  /** ECS has listed the host's container instances to its agent: the role may do that. */
  mayList: boolean;
  /** … of those that ECS has said are this host's. */
  keptConfirmed: readonly string[];
  /** An earlier process was told by the ECS agent which container instance this host is, and lived to save it. */
  couldSaveItself: boolean;
  rebootedAt: number;
  /** From when until when the host stood still with all its processes. */
  stoodStillFrom: number;
  stoodStillUntil: number;
  /** How long no process ran, in this drain, in ms. */
  downMs: number;
  downSince: number | undefined;
};

/** The ECS agent on the host, and what answers on its port. */
export type EcsAgent = {
  isUp: boolean;
  isFrozen: boolean;
  isImpersonated: boolean;
  /** When something else last began or ended to answer on its port, in ms since the Unix epoch. */
  impersonatedAt: number;
  /** It takes its time to answer, or never does. */
  isSlow: boolean;
  /** It accepts connections and answers nothing. */
  isHanging: boolean;
};

/** A run of the operator's hooks of stage `drained` after which the drain goes on. */
export type DrainedHooks = {
  readonly at: number;
  readonly endsAt: number;
  /** Who ran them: nobody knows how far those of a process have come that has ended. */
  readonly process: Process | undefined;
  /** Whether a task was left when they began. */
  readonly hasTasks: boolean;
};

export type ContainerInstance = {
  readonly arn: string;
  readonly cluster: string | undefined;
  readonly registeredAt: number;
  status: string;
  /** Since when it has that status. */
  since: number;
  /** Whether ECS takes its agent for connected; undefined where nothing tells. */
  agentConnected: boolean | undefined;
  /** Since when. */
  connectedSince: number;
};

export type Task = {
  readonly arn: string;
  readonly group: string;
  readonly placedAt: number;
  /** Whether the drain is told not to wait for it. */
  readonly isIgnored: boolean;
  status: string;
  /** Whether its containers run on the host, whatever ECS says. Undefined where nothing tells. */
  containersRun: boolean | undefined;
  /** When somebody first asked it to stop. */
  askedAt: number | undefined;
  /** When its agent was first told of it in this drain; Infinity where it never was. */
  toldAt: number;
  /** The desired statuses for which ECS has listed in this drain what there is, without it: its lists can be old. */
  readonly leftOutOf: Set<string>;
  /** ECS has counted it to its agent in this drain: to an earlier process, too. */
  isCounted: boolean;
};

export type ActionEnd = { readonly at: number; readonly result: string; readonly by: string };

export function createInstance(id: string, setting: Setting): Instance {
  return {
    id,
    setting,
    disturbances: createDisturbances(),
    process: undefined,
    isAlive: false,
    restarts: 0,
    signals: new Map(),
    signalledSince: -Infinity,
    goneAt: -Infinity,
    othersAskedUntil: -Infinity,
    drainSince: undefined,
    drainLeft: undefined,
    wasSeenBefore: false,
    takenUpAt: undefined,
    tag: undefined,
    isPastTag: false,
    pastTag: undefined,
    pastTagSince: -Infinity,
    foretoldSince: -Infinity,
    tagGivenBack: undefined,
    tagShown: undefined,
    tellsOfTagShown: false,
    tellsOfTarget: false,
    tagsServed: setting.tagsServed,
    taggedHook: undefined,
    taggedHookFrom: -Infinity,
    taggedHookUntil: Infinity,
    taggedEventAt: undefined,
    scheduledFor: undefined,
    scheduledCode: undefined,
    onlyScheduledSince: undefined,
    outlastedUntil: -Infinity,
    spot: undefined,
    spotWasTold: false,
    containerInstances: new Map(),
    tasks: new Map(),
    tasksForgottenFrom: Infinity,
    lastStopAt: -Infinity,
    lastExitAt: -Infinity,
    hostEmptyAt: -Infinity,
    drainingBy: undefined,
    drainingSince: -Infinity,
    drainingRequestedOn: new Set(),
    drainingNotedOn: undefined,
    stageRuns: new Map(),
    drainedHooks: undefined,
    givenBackAt: -Infinity,
    ecsAgent: {
      isUp: true,
      isFrozen: false,
      isImpersonated: false,
      impersonatedAt: -Infinity,
      isSlow: false,
      isHanging: false,
    },
    group: undefined,
    formerHooks: new Map(),
    lifecycle: undefined,
    lifecycleSince: -Infinity,
    terminatingSince: -Infinity,
    lifecycleToldAt: -Infinity,
    toldToGoSince: -Infinity,
    toldKeptSince: -Infinity,
    notWaitingToldAt: -Infinity,
    waitsSince: undefined,
    seemsToWaitSince: Infinity,
    oursBefore: undefined,
    oursAsRead: undefined,
    toldOfReplacementAt: Infinity,
    retentionReadAt: -Infinity,
    oursKnownAt: -Infinity,
    isOursUnsaved: false,
    beats: new Map(),
    rareBeats: 0,
    ecsThrottledAt: -Infinity,
    ended: new Map(),
    lateHeartbeats: 0,
    lateHeartbeatAt: Infinity,
    completedByOthers: false,
    terminatedByOthers: false,
    releasedBy: undefined,
    timesTerminated: 0,
    wasReplacing: false,
    replacedAt: -Infinity,
    isGone: false,
    lieSince: undefined,
    clockAheadMs: setting.clockAheadMs,
    clockSetAt: -Infinity,
    stateIsWhole: true,
    stateWasLost: false,
    stateLostAt: -Infinity,
    knowsRegistration: false,
    keptRegistrations: [],
    deregisteredOnes: new Set(),
    mayList: false,
    keptConfirmed: [],
    couldSaveItself: false,
    rebootedAt: -Infinity,
    stoodStillFrom: -Infinity,
    stoodStillUntil: -Infinity,
    downMs: 0,
    downSince: undefined,
  };
}

/** Whether metadata has named another instance to its agent's process from the start on: that cannot be told from the truth. */
export const isTakenForAnother = ({ id, process }: Instance): boolean => (process?.identity ?? id) !== id;

export const isSignalled = ({ signals }: Instance): boolean => signals.size > 0;

/**
 * When the last signal went. Whether the event that a tag tells of is over takes two answers of the group half a minute
 * apart, in every process, and the polls before them. In ms since the Unix epoch.
 */
export function restsFrom(instance: Instance): number {
  const { goneAt, isPastTag, pastTagSince, process, setting } = instance;
  if (!isPastTag) return goneAt;
  const tagSeen = readsTagByApi(instance) ? PAST_TAG_BY_API_MS : 0;
  const known = PAST_TAG_MS + setting.pollInterval * 1.2 + tagSeen;
  return Math.max(goneAt, pastTagSince, process?.bornAt ?? -Infinity) + known;
}

/** Until two answers of the group, half a minute apart, have told that the event of a tag is over, in ms. */
export const PAST_TAG_MS = 40_000;
const PAST_TAG_BY_API_MS = 18_000;

/** Its group is asked once a minute whether its root volume has been replaced, in ms. */
export const REPLACED_SEEN_MS = 65_000;

/** Whether anything asks for the instance that is not the group's own doing, or tells of it. */
export function isAskedByOthers({ signals, tag }: Instance): boolean {
  const isEvent = tag !== undefined && eventTimeIn(tag) !== undefined;
  for (const one of signals.keys()) if (one !== 'lifecycle' && (one !== 'tag' || !isEvent)) return true;
  return false;
}

/** As the tagger writes it: `time=2026-01-02T03:04:05Z`. In ms since the Unix epoch. */
export function eventTimeIn(value: string): number | undefined {
  const time = /(?:^|\s)time=(\S+)/.exec(value)?.[1];
  const at = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(at) ? undefined : at;
}

/** False where the agent is told to read the tag from metadata that serves no tags: then nothing can tell. */
export const canTellSignals = ({ setting, tagsServed }: Instance): boolean =>
  !setting.signals.includes('tag') || setting.tagSource !== 'imds' || (tagsServed && setting.tagsInMetadata);

/** Whether the tag may have to be read by the EC2 API, which makes one wait when it throttles. */
export const readsTagByApi = ({ setting }: Instance): boolean =>
  !setting.tagsInMetadata || setting.tagSource === 'ec2';

/** Whether nothing but the tag can tell, and the EC2 API has to be asked for that. */
export const waitsForTagByApi = (instance: Instance): boolean =>
  readsTagByApi(instance) && [...instance.signals.keys()].every((signal) => signal === 'tag');

/** The tag as the agent can read it. */
export function readTag(instance: Instance): string | undefined {
  const { tag, tagShown, tagsServed, setting } = instance;
  if (!setting.signals.includes('tag')) return undefined;
  const fromApi = setting.tagSource === 'imds' ? undefined : tag;
  if (setting.tagSource === 'ec2' || !tagsServed) return fromApi;
  // Where metadata does not serve tags all the time, either may be read, and one can lag behind the other.
  return readsTagByApi(instance) ? (tagShown ?? fromApi) : tagShown;
}

export const isTerminating = ({ lifecycle }: Instance): boolean =>
  lifecycle !== undefined && isTermination(lifecycle);

/**
 * Whether its group terminates it and has told its agent's process so, itself or by a heartbeat that it recorded: that needs no signal,
 * since nothing takes it back.
 */
export function isToldToGo(instance: Instance): boolean {
  const { process, lifecycleToldAt, terminatingSince, beats } = instance;
  if (!process || !isTerminating(instance)) return false;
  const isTold = process.isToldToGo && lifecycleToldAt >= terminatingSince;
  // As far as it knows, the heartbeat is for the replacement of the root volume.
  if (isReplacement(process.lifecycle)) return isTold;
  for (const at of beats.values()) if (at >= process.bornAt) return true;
  return isTold;
}

/** Whether its drain goes on, for a signal or for what the group has said. */
export const mustGo = (instance: Instance): boolean => isSignalled(instance) || isToldToGo(instance);

/**
 * Whether its group has told its agent's process that the root volume is about to be replaced, and a task has run here all the while:
 * it ends with the old volume, also where nothing asks for the instance any more.
 */
export function holdsRootVolume(instance: Instance): boolean {
  const { process, lifecycle, lifecycleSince, lifecycleToldAt, tasks, ecsAgent } = instance;
  const isTold =
    process !== undefined && process.lifecycle === lifecycle && lifecycleToldAt >= lifecycleSince;
  if (!isTold || !isReplacement(lifecycle) || !waits(lifecycle) || ecsAgent.isImpersonated) return false;
  for (const { containersRun, placedAt } of tasks.values())
    if (containersRun && placedAt <= lifecycleSince) return true;
  return false;
}

/** Whether nothing but an event that the host outlasts asks for it: drained, it stays in its cluster until that is over. */
export const outlastsEvent = ({ setting, signals, scheduledCode }: Instance): boolean =>
  setting.mode === 'drain' &&
  signals.size === 1 &&
  signals.has('scheduled') &&
  scheduledCode !== 'instance-stop' &&
  scheduledCode !== 'instance-retirement';

/** The container instance that the host is now; undefined before it has registered. */
export function containerInstanceOf({ containerInstances }: Instance): ContainerInstance | undefined {
  let last: ContainerInstance | undefined;
  for (const one of containerInstances.values()) last = one;
  return last;
}

export const isRegistered = (one: ContainerInstance | undefined): boolean =>
  one?.status === 'ACTIVE' || one?.status === 'DRAINING';

/** The tasks that ECS has not STOPPED. */
export function tasksLeft({ tasks }: Instance): Task[] {
  const left: Task[] = [];
  for (const task of tasks.values()) if (task.status !== 'STOPPED') left.push(task);
  return left;
}

/** What an agent was told of tasks counts for one drain, and until its state is lost. */
export function forgetTold({ tasks }: Instance): void {
  for (const task of tasks.values()) {
    task.toldAt = Infinity;
    task.leftOutOf.clear();
    task.isCounted = false;
  }
}

/**
 * Whether a task has ended with what the host was before, which nobody tells ECS any more: its root volume was replaced. Who has
 * seen it run waits for ECS's word, and who has not can't know of it.
 */
export function isLostWithHost(instance: Instance, { containersRun, placedAt }: Task): boolean {
  const { registeredAt = -Infinity } = containerInstanceOf(instance) ?? {};
  return containersRun === false && placedAt < registeredAt;
}

/** Whether nobody has asked a task to stop that has not ended by itself. */
export const runsUnasked = ({ askedAt, status, containersRun }: Task): boolean =>
  askedAt === undefined && containersRun !== false && status !== 'DEPROVISIONING' && status !== 'STOPPED';

/** The tasks whose containers run, though ECS calls them STOPPED. */
export function tasksRunningUnseen({ tasks }: Instance): Task[] {
  const running: Task[] = [];
  for (const task of tasks.values())
    if (task.status === 'STOPPED' && task.containersRun === true) running.push(task);
  return running;
}

/**
 * The hook that is ours to complete: the option's; else the one that the tag's value names, if the group has it; else
 * the group's only one. That of ECS managed draining never is. Undefined where nothing says which.
 */
export function oursOf({ setting, taggedHook, group, oursBefore }: Instance): GroupHook | undefined {
  const hooks = group?.hooks ? [...group.hooks.values()] : setting.hooks.map(hookOf);
  const candidates = hooks.filter(({ name }) => name !== MANAGED_DRAINING_HOOK);
  const named = (wanted: string | undefined) => candidates.find(({ name }) => name === wanted);
  if (setting.lifecycleHook !== undefined) return named(setting.lifecycleHook);
  const only = candidates.length === 1 ? candidates[0] : undefined;
  // One that is added while ours waits changes nothing.
  return named(taggedHook) ?? only ?? named(oursBefore);
}

/** The hook that a tag's value names: `hook=NAME`. */
export const hookNamedIn = (value: string | undefined): string | undefined =>
  /(?:^|\s)hook=(\S+)/.exec(value ?? '')?.[1];

/** Nothing says any more which hook is ours: its agent knew it from before, and has lost its state since. */
export function isOursForgotten(instance: Instance): boolean {
  const { stateLostAt, oursKnownAt, isOursUnsaved } = instance;
  if (!isOursUnsaved && stateLostAt <= oursKnownAt) return false;
  return (
    oursOf({ ...instance, oursBefore: undefined, taggedHook: hookNamedIn(readTag(instance)) }) === undefined
  );
}

/** Only a tag's value says which hook is ours, and it may have been gone before its agent could read it. */
export function isHookTagUnread(instance: Instance, at: number): boolean {
  const { taggedHook, taggedHookFrom, taggedHookUntil, setting, disturbances } = instance;
  if (taggedHook === undefined) return false;
  const until = Math.min(at, taggedHookUntil);
  const readMs =
    setting.pollInterval * 1.2 + TAG_READ_MS + (readsTagByApi(instance) ? PAST_TAG_BY_API_MS : 0);
  const isCalm = disturbances.longestCalm(taggedHookFrom, until) > readMs;
  if (isCalm && !isTagThrottled(instance, until)) return false;
  return oursOf({ ...instance, taggedHook: undefined, oursBefore: undefined })?.name !== taggedHook;
}

/** Whether the EC2 API has not answered since the tag named the hook, and may not have been asked since it last refused. */
function isTagThrottled(instance: Instance, at: number): boolean {
  const { process, taggedHookFrom, disturbances } = instance;
  const answeredAt = process?.answeredAt.get('ec2:DescribeTags') ?? -Infinity;
  // In the moment in which the tag is set, the answer may be from before it.
  if (!readsTagByApi(instance) || answeredAt > taggedHookFrom) return false;
  return at - disturbances.troubleAt(at) <= EC2_PATIENCE_MS;
}

/** What the EC2 API makes one wait that reads the tag there and was throttled, in ms. */
export const EC2_PATIENCE_MS = 400_000;

/** Reading the tag takes so long at most where all is well, in ms. */
const TAG_READ_MS = 1_000;

/** Once it waits, and its agent knows the hooks, the one that is ours stays so for the rest of the drain. */
export function noteWait(instance: Instance, at: number): void {
  const { lifecycle, process, drainSince = at, stoodStillUntil } = instance;
  if (!instance.isAlive || !waits(lifecycle)) return;
  if (!process?.answeredAt.has('autoscaling:DescribeLifecycleHooks')) return;
  // What it read in this drain before they were changed counts: while the group keeps the instance they are read once.
  const last = [...instance.formerHooks].at(-1);
  const readAt = process.answeredAt.get('autoscaling:DescribeLifecycleHooks') ?? Infinity;
  const readThen = last && readAt >= drainSince && readAt <= last[1] ? last[0] : undefined;
  // What it read before the host stood still may be read anew before it counts.
  const isOld = readAt < stoodStillUntil;
  if (isOld) instance.oursAsRead ??= readThen;
  const former = isOld ? undefined : readThen;
  const byRules = oursOf({ ...instance, oursBefore: undefined })?.name ?? former;
  if (byRules === undefined) return;
  instance.oursBefore = byRules;
  instance.oursKnownAt = at;
  instance.isOursUnsaved = false;
}

/** Read while the group was already taking the instance out, the hook that was ours then may stay so for the rest of the drain. */
export function noteRead(instance: Instance): void {
  const { lifecycle, oursAsRead, taggedHook, taggedHookUntil } = instance;
  if (lifecycle === undefined || !leaves(lifecycle)) return;
  // A name that the tag has no more chooses nothing: what was ours earlier in the same termination is.
  const isNamed = taggedHookUntil === Infinity;
  const rules = isNamed ? { oursBefore: undefined } : { taggedHook: undefined, oursBefore: oursAsRead };
  instance.oursAsRead = oursOf({ ...instance, taggedHook, ...rules })?.name ?? oursAsRead;
}

/** Our hook, while its lifecycle action waits. */
export function waitingForUs(instance: Instance): GroupHook | undefined {
  if (!waits(instance.lifecycle)) return undefined;
  const ours = oursOf(instance);
  // A hook that was added to the group later has no action in this wait.
  if (!ours || ours.since > (instance.waitsSince ?? Infinity)) return undefined;
  return instance.ended.has(ours.name) ? undefined : ours;
}

/** Whether the group keeps an instance whose hook was abandoned. */
export const retains = ({ setting, group }: Instance): boolean => group?.retains ?? setting.retains;

/** The group's hooks and its policy are read once in so many ms while they are known. */
const READ_EVERY_MS = 660_000;

/**
 * Whether somebody has changed the group's hooks or policy in this drain, and that was not read anew, or only a moment ago: what follows from
 * it takes as long as a recovery.
 */
export function isGroupUnread({ group, drainSince, process }: Instance, at: number): boolean {
  if (!group || !process) return false;
  const isUnread = (changedAt: number, readAt: number) =>
    changedAt >= (drainSince ?? at) &&
    at - changedAt <= READ_EVERY_MS &&
    !(readAt > changedAt && at > readAt + CALM_MS);
  return (
    isUnread(group.hooksChangedAt, process.hooksReadAnewAt) ||
    isUnread(group.policyChangedAt, process.policyReadAnewAt)
  );
}

/** How our lifecycle action ended, if it has. */
export function ourEnd(instance: Instance): ActionEnd | undefined {
  const ours = oursOf(instance);
  return ours && instance.ended.get(ours.name);
}

/** Nothing has gone wrong for so long, in ms, that nothing rests or retries because of it any more. */
export const CALM_MS = 90_000;

export const isCalm = ({ disturbances, ecsAgent }: Instance, at: number): boolean =>
  at - disturbances.troubleAt(at) > CALM_MS && isTruthful(ecsAgent);

/** What answers on the ECS agent's port is the ECS agent, and it says at once what is true. */
export const isTruthful = ({ isUp, isFrozen, isImpersonated, isSlow }: EcsAgent): boolean =>
  isUp && !isFrozen && !isImpersonated && !isSlow;

/** The last part of an ARN, short enough for a message. */
export const short = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1).slice(0, 8);

/** What a task is, in a message. */
export const taskNamed = ({ group, arn, status }: Task) => `task ${group} ${short(arn)} was still ${status}`;
