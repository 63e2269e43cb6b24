/**
 * What a turn of the scaler is decided from, and what it decides. Times are in ms since the Unix epoch, spans in ms, CPU in
 * ECS's CPU units (1,024 are one vCPU), memory in MiB.
 */

// --- What there is ---

/** Everything that was read for a turn. A page that could not be read: there is no snapshot, and so no plan. */
export type Snapshot = {
  readonly at: number;
  readonly cluster: string;
  readonly group: Group;
  /** Of the whole cluster, those of other groups as well: jobs find room there too. */
  readonly containerInstances: readonly ContainerInstance[];
  /** Every task of the cluster that is not STOPPED, and those that have STOPPED, as far as ECS still lists them. */
  readonly tasks: readonly Task[];
  /** The jobs that wait for room. */
  readonly demand: readonly Job[];
  /** More may wait than could be read. */
  readonly isDemandCutOff?: boolean | undefined;
  /** What a new instance of the group registers with ECS; undefined: none was seen yet, and its type is not known. */
  readonly fresh: FreshInstance | undefined;
  /** Of the cluster. */
  readonly daemons: readonly DaemonService[];
  /** Who else sizes the group. */
  readonly capacityProviders: readonly CapacityProvider[];
};

/** The Auto Scaling group. */
export type Group = {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly desired: number;
  readonly zones: readonly string[];
  /** All that it lists, whatever their lifecycle state. */
  readonly instances: readonly GroupInstance[];
  /** Processes that are suspended, e.g. `Launch`, `Terminate`. */
  readonly suspended: readonly string[];
};

export type GroupInstance = {
  readonly id: string;
  /** The lifecycle state as Auto Scaling names it: `Pending`, `InService`, `Terminating:Wait`, `Standby`, … */
  readonly state: string;
  readonly zone: string;
  readonly instanceType: string;
  readonly isHealthy: boolean;
  /** Protected from scale-in. */
  readonly isProtected: boolean;
  /** When EC2 launched it; undefined where that was not asked, since it is registered with ECS. */
  readonly launchedAt: number | undefined;
};

/** A container instance that ECS lists. One that boots is in the group only. */
export type ContainerInstance = {
  readonly arn: string;
  readonly instanceId: string;
  /** As ECS names it: `ACTIVE`, `DRAINING`, `REGISTERING`, … */
  readonly status: string;
  /** Whether its ECS agent is connected: nothing is placed on one that is not. */
  readonly agentConnected: boolean;
  readonly registeredAt: number;
  readonly zone: string;
  readonly instanceType: string;
  /** Undefined where ECS does not name it. */
  readonly imageId: string | undefined;
  readonly total: Resources;
  readonly remaining: Resources;
  /** Ports of the host that are taken, as `8080/tcp`. */
  readonly portsInUse: readonly string[];
  /** Its attributes by name, `ecs.…` and the operator's own. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Tasks that ECS counts as running or pending there. They may veto that it is empty, and never show it. */
  readonly taskCount: number;
  readonly cordon: CordonTag | undefined;
};

export type Resources = {
  readonly cpu: number;
  readonly memory: number;
  readonly gpu: number;
  /** For tasks of the network mode `awsvpc`, each of which has one. Of an instance Infinity where it is not known: no limit is counted. */
  readonly networkInterfaces: number;
};

/** What a scaler has written on a container instance before it set it DRAINING. */
export type CordonTag =
  | { readonly kind: 'read'; readonly by: string; readonly since: number; readonly until: number }
  /** No scaler of this version has written it: it is left to a person. */
  | { readonly kind: 'unreadable'; readonly text: string };

export type Task = {
  readonly arn: string;
  /** Undefined while it has no place yet. */
  readonly containerInstanceArn: string | undefined;
  /** Of its task definition, without the revision. */
  readonly family: string;
  /** As ECS names it: `family:x` or `service:y`; what `distinctInstance` goes by. */
  readonly group: string;
  /** `daemon`: of a daemon service, which ECS puts on each instance, and stops last when it drains one. */
  readonly kind: 'service' | 'daemon' | 'standalone';
  readonly lastStatus: string;
  readonly startedAt: number | undefined;
  readonly stoppedAt: number | undefined;
  readonly needs: Resources;
  /** By its own task protection, from scale-in. */
  readonly isProtected: boolean;
};

/** A job that waits for room: what one task of it takes. */
export type Job = Needs & {
  /** Differs between any two jobs that wait. */
  readonly key: string;
  /** Since when it has waited; undefined where it did not say so. */
  readonly since: number | undefined;
  /** ECS places it on instances of this group alone, since a capacity provider of the group was asked for it. */
  readonly inGroupOnly?: true | undefined;
};

export type Needs = Resources & {
  /** Ports of the host that it takes, as `8080/tcp`. */
  readonly ports: readonly string[];
  readonly constraints: readonly Constraint[];
};

/** A service that has a task on each instance that satisfies its constraints, and what that takes. */
export type DaemonService = Needs & {
  /** The task group of its tasks: `service:y`. */
  readonly group: string;
};

/** ECS's placement constraints. */
export type Constraint =
  /** In the cluster query language, e.g. `attribute:ecs.availability-zone == eu-west-1a`. */
  | { readonly kind: 'member-of'; readonly expression: string }
  /** No two tasks of this task group on one instance; undefined: of a group that is not known, so none beside any other. */
  | { readonly kind: 'distinct-instance'; readonly group: string | undefined };

/** What a new instance of the group has for jobs, the zone apart: without what daemon services take. */
export type FreshInstance = {
  readonly instanceType: string;
  readonly total: Resources;
  /** What the host itself keeps, as `22/tcp`. */
  readonly portsInUse: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  /** Told by its type alone, since none was seen yet: some more memory, and other attributes, may be there. */
  readonly isGuess?: boolean | undefined;
  /** The group mixes types: an instance has this at least, and other attributes than these may be there. */
  readonly varies?: boolean | undefined;
};

export type CapacityProvider = {
  readonly name: string;
  /** Whether ECS managed scaling is on: then two would size the group. */
  readonly managesScaling: boolean;
};

// --- What was ---

/** What is known of earlier turns and times. All of it can be empty: it makes a turn better, never possible. */
export type History = {
  /** By container instance ARN: when its last task ended, as earlier turns have seen it. ECS lists it for an hour. */
  readonly lastTaskEndedAt: ReadonlyMap<string, number>;
  /** Past run times by task family, in any order. */
  readonly runTimes: ReadonlyMap<string, readonly number[]>;
  /** Since when the group wants more instances than it lists; undefined: it did not at the last turn. */
  readonly shortSince: number | undefined;
  /** How many instances were needed at most, hour by hour, in order of time, without hours that are not known; undefined: not read. */
  readonly needByHour: readonly HourOfNeed[] | undefined;
  /** The cluster's reservation or utilisation in per cent, as CloudWatch has it; undefined: not asked, or none there. */
  readonly usedPercent: number | undefined;
};

export type HourOfNeed = { readonly from: number; readonly instances: number };

export const noHistory: History = {
  lastTaskEndedAt: new Map(),
  runTimes: new Map(),
  shortSince: undefined,
  needByHour: undefined,
  usedPercent: undefined,
};

// --- What it goes by ---

/** From the configuration. */
export type Config = {
  /** What the scaler calls itself in its cordons. */
  readonly name: string;
  readonly policy: Policy;
  /** How many instances stay empty beyond what demand takes. */
  readonly spare: number;
  /** How long the empty instance that was used last has been empty before it goes; any other goes after half of that. */
  readonly emptyForMs: number;
  /** An instance that has not registered with ECS so long after its launch is broken. */
  readonly bootTimeoutMs: number;
  /** How long an instance takes as a rule to register: how far ahead the floor looks. */
  readonly bootMs: number;
  /** How long a cordon lasts unless it is lifted before. */
  readonly cordonForMs: number;
  /** How long a cordon has lasted before the instance is terminated: until then ECS shows what was placed just before it. */
  readonly settleMs: number;
  /** Which instances take no new tasks because theirs would fit elsewhere: those with jobs only, or with services as well. */
  readonly cordonBusy: 'off' | 'jobs' | 'services';
  /** Whether the need of past weeks holds instances ahead of need. */
  readonly looksAhead: boolean;
};

export type Policy =
  | { readonly kind: 'planned' }
  /** Instances go while the use stays below this share (0 to 1) of what remains, at the beginning of every period. */
  | { readonly kind: 'average'; readonly share: number; readonly everyMs: number };

export const defaultConfig: Config = {
  name: 'ecs-scaler',
  policy: { kind: 'planned' },
  spare: 0,
  emptyForMs: 600_000,
  bootTimeoutMs: 600_000,
  bootMs: 180_000,
  cordonForMs: 900_000,
  settleMs: 60_000,
  cordonBusy: 'off',
  looksAhead: false,
};

// --- What is decided ---

export type Plan = {
  /** Whether the actions are carried out, or only advice. */
  readonly standing: Standing;
  /** In the order in which they are to be carried out: what gives room comes first. */
  readonly actions: readonly Action[];
  readonly reasons: Reasons;
  /** How many instances tasks and waiting jobs need now: what the scaler publishes, and looks ahead by. */
  readonly needed: number;
};

export type Standing =
  | { readonly kind: 'acts' }
  /** ECS managed scaling sizes the group, by this capacity provider. */
  | { readonly kind: 'advises'; readonly capacityProvider: string };

export type Action =
  /** Lift a cordon: ACTIVE again, and the tag gone. */
  | { readonly kind: 'uncordon'; readonly instance: Target; readonly why: UncordonWhy }
  /**
   * Add instances; `desired` is the group's as the plan has seen it. `zone` undefined: the group names none. `others`: the
   * zones in which they would do as well, should that one have none.
   */
  | {
      readonly kind: 'launch';
      readonly count: number;
      readonly zone: string | undefined;
      readonly others: readonly string[];
      readonly desired: number;
      readonly why: LaunchWhy;
    }
  /** Turn one: the tag with its end, then DRAINING. */
  | {
      readonly kind: 'cordon';
      readonly instance: Target;
      readonly since: number;
      readonly until: number;
      readonly why: CordonWhy;
    }
  /** Turn two: terminate in the group, with decrement. */
  | { readonly kind: 'terminate'; readonly instance: Target };

/** One instance, by both of its names. */
export type Target = { readonly instanceId: string; readonly arn: string };

export type UncordonWhy =
  /** Jobs need it. */
  | { readonly kind: 'demand'; readonly jobs: readonly string[] }
  /** It is held for `spare`, the floor, or the group's minimum. */
  | { readonly kind: 'held'; readonly for: Hold }
  | { readonly kind: 'expired'; readonly by: string; readonly until: number }
  /** A cordoned one has got a task after all, and was not meant to have one. */
  | { readonly kind: 'not-empty'; readonly tasks: number }
  /** It is no longer for the scaler to take: protected from scale-in, in Standby, … */
  | { readonly kind: 'not-taken'; readonly state: string };

export type LaunchWhy = {
  /** The keys of the jobs that the new instances are for. */
  readonly jobs: readonly string[];
  /** How many of them are for something else than jobs. */
  readonly held: number;
  readonly for: Hold | undefined;
};

/** What keeps instances that no job needs now. */
export type Hold = 'spare' | 'floor' | 'floor-unknown' | 'demand-unknown' | 'min-size';

export type CordonWhy =
  | { readonly kind: 'empty'; readonly sinceAt: number; readonly rank: Rank }
  /** `--cordon-busy`: its tasks end by then as a rule, and others of their size find room elsewhere. */
  | { readonly kind: 'busy'; readonly tasks: number; readonly endsAt: number }
  /** `--policy average`. */
  | { readonly kind: 'average'; readonly usedPercent: number };

/** By what an instance goes before another. */
export type Rank = {
  readonly place: number;
  readonly of: number;
  /** The first thing in which it differs from the next one. */
  readonly by: 'image' | 'zone' | 'idle' | 'id';
};

// --- Why ---

/** Every instance and every waiting job has its reason. Words for them are in `report/words.ts`. */
export type Reasons = {
  readonly instances: readonly InstanceReason[];
  readonly jobs: readonly JobReason[];
  readonly group: readonly GroupReason[];
  readonly forecast: Forecast;
};

export type InstanceReason = {
  readonly instanceId: string;
  readonly zone: string;
  /** Undefined where it is not registered with ECS. */
  readonly arn: string | undefined;
  readonly why: InstanceWhy;
};

export type InstanceWhy =
  // It stays.
  | { readonly kind: 'busy'; readonly tasks: number }
  | { readonly kind: 'needed'; readonly jobs: readonly string[] }
  | { readonly kind: 'held'; readonly for: Hold }
  | { readonly kind: 'empty-too-short'; readonly sinceAt: number; readonly until: number }
  | { readonly kind: 'protected' }
  | { readonly kind: 'given-back'; readonly why: UncordonWhy }
  /** Somebody has set it ACTIVE before its cordon ended: it is left alone until then. */
  | { readonly kind: 'left-alone'; readonly until: number }
  /** ECS says that it has tasks, or it listed one that it does not describe: not empty for certain. */
  | { readonly kind: 'unclear' }
  | { readonly kind: 'disconnected' }
  /** A job waits whose constraint cannot be judged here: it may need any of them. */
  | { readonly kind: 'constraint-unknown'; readonly job: string }
  /** `--policy average`: the use is too high, or its period has not come. */
  | { readonly kind: 'average'; readonly usedPercent: number }
  | { readonly kind: 'terminate-suspended' }
  | { readonly kind: 'other-group' }
  // It comes.
  | { readonly kind: 'booting'; readonly since: number | undefined; readonly jobs: readonly string[] }
  | { readonly kind: 'broken'; readonly since: number }
  // It goes.
  | { readonly kind: 'cordoning'; readonly why: CordonWhy; readonly until: number }
  | { readonly kind: 'settling'; readonly since: number; readonly until: number }
  | { readonly kind: 'emptying'; readonly tasks: number; readonly until: number }
  | { readonly kind: 'terminating' }
  /** With one of the next turns: so many go in one, so that none takes long and jobs wait for it. */
  | { readonly kind: 'later'; readonly most: number }
  | { readonly kind: 'leaving'; readonly state: string }
  /** DRAINING without a cordon of a scaler that can be read. */
  | { readonly kind: 'drained-by-others' }
  | { readonly kind: 'cordoned-by-others'; readonly by: string; readonly until: number }
  /** In the group, and neither coming nor in service: `Standby`, `Detached`, a warm pool's. */
  | { readonly kind: 'out-of-service'; readonly state: string };

export type JobReason = {
  readonly key: string;
  readonly needs: Needs;
  readonly since: number | undefined;
  readonly why: JobWhy;
};

export type JobWhy =
  /** There is room: its launcher starts it with its next try. */
  | { readonly kind: 'fits'; readonly instanceId: string }
  | { readonly kind: 'comes-with'; readonly instanceId: string | undefined }
  | { readonly kind: 'given-back'; readonly instanceId: string }
  | { readonly kind: 'launching'; readonly zone: string | undefined }
  /** By what the launch template says it may fit or not: one instance shows it for all such jobs. */
  | { readonly kind: 'to-be-seen' }
  /** The last instances have not registered: one comes first, to show whether any will. */
  | { readonly kind: 'boots-doubtful' }
  | { readonly kind: 'max-size'; readonly max: number }
  | { readonly kind: 'too-large'; readonly lacks: readonly Lack[]; readonly instanceType: string }
  /** No instance of the group ever satisfies it. */
  | { readonly kind: 'never'; readonly expression: string }
  | { readonly kind: 'constraint-unknown'; readonly expression: string }
  | { readonly kind: 'launch-suspended' };

export type Lack = 'cpu' | 'memory' | 'gpu' | 'networkInterfaces' | 'ports';

/** What is to be said of the group as a whole. */
export type GroupReason =
  | { readonly kind: 'at-max'; readonly max: number; readonly short: number }
  | { readonly kind: 'launch-suspended' }
  | { readonly kind: 'terminate-suspended' }
  /**
   * What this scaler does to its zones the group undoes, by launching one instance and terminating another, with tasks or without
   * (Auto Scaling API reference, TerminateInstanceInAutoScalingGroup).
   */
  | { readonly kind: 'zones-rebalanced' }
  /** Scalers of other names take instances of this group as well. */
  | { readonly kind: 'other-scalers'; readonly names: readonly string[] }
  /** It wants more than it lists, since then: its launches fail. */
  | { readonly kind: 'launches-fail'; readonly missing: number; readonly since: number }
  | { readonly kind: 'boots-fail'; readonly instances: readonly string[] }
  /** Nothing is placed on them, and nobody knows what runs there: they are not removed either. */
  | { readonly kind: 'disconnected'; readonly instances: readonly string[] }
  | { readonly kind: 'fresh-unknown' };

/** The floor ahead of need. */
export type Forecast =
  | { readonly kind: 'off' }
  /** The weeks before could not be read: what they have needed may be any number of instances. */
  | { readonly kind: 'unknown' }
  /** Too few weeks are known. */
  | { readonly kind: 'too-short'; readonly hours: number; readonly needed: number }
  /**
   * What the weeks before say of the time at which an instance that is launched now is there. `skill`: 1 is exact, 0 no
   * better than one level for all hours, below 0 worse; only above 0 is it used.
   */
  | {
      readonly kind: 'known';
      readonly instances: number;
      readonly at: number;
      readonly skill: number;
      readonly isUsed: boolean;
    };
