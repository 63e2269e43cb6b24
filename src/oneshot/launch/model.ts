import type { AwsError } from '../../aws/errors.ts';
import type { Demand, HostPort, PlacementConstraint } from '../../base/demand.ts';

/** What a launch goes by; from the configuration. Times are in ms. */
export type Policy = {
  /** Whether the caller has named the key, so that a task of it can be there already. */
  readonly isKeyGiven: boolean;
  /** How long it waits for room. */
  readonly capacityTimeoutMs: number;
  /** How long the task may run; undefined: as long as it takes. */
  readonly timeoutMs: number | undefined;
  readonly onTimeout: 'stop' | 'detach';
  /** The Auto Scaling group whose instances are to make room; undefined: none is known. */
  readonly group: string | undefined;
  /** Whether the launch itself asks the group for them; else whoever reads the demand queue does. */
  readonly asksGroup: boolean;
  /** False: it is done when the task is started. */
  readonly waits: boolean;
  /** Whose exit code counts; undefined: the only essential container's. */
  readonly container: string | undefined;
  readonly asked: Parameters;
};

/** What the task is to be: what a later call with the same key is compared with. */
export type Parameters = {
  readonly taskDefinition: string;
  readonly command: readonly string[] | undefined;
  readonly environment: Readonly<Record<string, string>>;
  /** CPU units and MiB; undefined: as in the task definition. */
  readonly cpu: number | undefined;
  readonly memory: number | undefined;
  readonly taskRole: string | undefined;
  /** Where it gets a network interface of its own; undefined: it gets none. */
  readonly network: Network | undefined;
};

/** The network configuration of a task of the network mode `awsvpc`. Without security groups it gets the VPC's default one. */
export type Network = { readonly subnets: readonly string[]; readonly securityGroups: readonly string[] };

/** What a task takes of an instance: CPU units, MiB, GPUs, ports of the host; and where it may be. */
export type Needs = Pick<Demand, 'cpu' | 'memory' | 'gpu' | 'ports' | 'constraints'> & {
  /** 1 in the network mode `awsvpc`, else 0. */
  readonly networkInterfaces: number;
  /** In the zone of one of them its instance must be; empty: in any. */
  readonly subnets: readonly string[];
};

/** One launch, from the first question to its end. Times are in ms since the Unix epoch. */
export type Launch = {
  readonly phase: Phase;
  readonly beganAt: number;
  /** ECS is asked nothing before this time. */
  readonly dueAt: number;
  /** How many calls in a row have failed. */
  readonly failures: number;
  /** By how much it asks more rarely, because the account's limits were reached: from 1 to 16. */
  readonly slowness: number;
  /** Why the last call failed, in words; undefined after one that succeeded. */
  readonly trouble: string | undefined;
  /** The last call failed for want of credentials. */
  readonly lacksCredentials: boolean;
  /** Whether AWS has answered any call: what it was asked with is accepted then. */
  readonly hasReached: boolean;
  /** The container whose exit code counts, once the task definition has been read. */
  readonly container: string | undefined;
  /** Where its log is. */
  readonly log: LogPlace | undefined;
  /** What the task takes of an instance, known from then on too. */
  readonly needs: Needs | undefined;
  /** Whether an instance of the group could hold it. */
  readonly fit: Fit;
  /** What came of telling the demand queue last; undefined before it was told anything. */
  readonly told: Told | undefined;
  readonly cancel: Cancel | undefined;
};

/** What is known of whether an instance of the group could ever hold the task. */
export type Fit =
  /** To be asked at `dueAt`, in ms since the Unix epoch; `failures` in a row before. */
  | { readonly kind: 'unasked'; readonly failures: number; readonly dueAt: number }
  | { readonly kind: 'unknown' }
  /**
   * `leavesRoom`: for one more like it, on an instance of any kind that the group launches. `isTight`: on none of them would
   * much memory be left, so that what they register may be too little.
   */
  | { readonly kind: 'fits'; readonly leavesRoom: boolean; readonly isTight: boolean }
  | { readonly kind: 'never'; readonly why: string };

/** `trouble`: why a message could not be sent, in words. */
export type Told = { readonly trouble: string | undefined };

/** Where a container's output goes, by its task definition. */
export type LogPlace =
  /** To CloudWatch Logs; `region` undefined: the task's own. */
  | {
      readonly kind: 'awslogs';
      readonly group: string;
      readonly prefix: string;
      readonly region: string | undefined;
    }
  | { readonly kind: 'elsewhere'; readonly why: string };

export type ContainerDefinition = {
  readonly name: string;
  readonly isEssential: boolean;
  readonly log: LogPlace;
  /** CPU units. */
  readonly cpu: number;
  /** Its hard limit and its soft one, in MiB; undefined: it has none. */
  readonly memory: number;
  readonly softMemory: number | undefined;
  readonly gpu: number;
  /** The host's ports that it binds. */
  readonly ports: readonly HostPort[];
};

export type TaskDefinition = {
  readonly containers: readonly ContainerDefinition[];
  /** What is reserved for the whole task, in CPU units and MiB; undefined: what its containers reserve. */
  readonly cpu: number | undefined;
  readonly memory: number | undefined;
  readonly networkMode: string;
  readonly constraints: readonly PlacementConstraint[];
};

export type Cancel = {
  readonly signal: 'SIGTERM' | 'SIGINT';
  readonly at: number;
  /** A second signal has come: it leaves at once. */
  readonly insists: boolean;
};

export type Phase =
  /** The task definition is read. */
  | { readonly kind: 'defining' }
  /** A task with this key is looked for. */
  | { readonly kind: 'looking' }
  | Starting
  | Following
  | { readonly kind: 'ended'; readonly end: End };

export type Starting = {
  readonly kind: 'starting';
  /** How many RunTask requests have completed without starting anything: each has used up its client token. */
  readonly attempt: number;
  /** How many answers have said that it cannot be started now: an empty cluster uses up no token. */
  readonly tries: number;
  /** Since when it could not be started; undefined before the first answer. */
  readonly waitingSince: number | undefined;
  /** What was missing at the last try, e.g. `RESOURCE:CPU`; empty where it was not for room. */
  readonly missing: readonly string[];
  /** When the last try found no room, in ms since the Unix epoch; undefined where it failed for something else that passes. */
  readonly shortAt: number | undefined;
  /** No instance was of the right kind at the last try, and one of the group might be. */
  readonly misfit: Misfit | undefined;
  readonly catchUp: CatchUp;
  /** What the group was asked for; undefined before there was no room. */
  readonly growth: Growth | undefined;
  /** A RunTask is on its way. */
  readonly isSent: boolean;
  /** When a launch that gives up has last looked for the task, and has not found it. */
  readonly searchedAt: number | undefined;
  /**
   * When RunTask was sent last without a completed answer since: that one may have started the task. Undefined again once
   * ECS's lists, minutes later, do not show one.
   */
  readonly unansweredAt: number | undefined;
};

/**
 * How a launch with a given key comes past the client tokens that earlier calls with it have used up: RunTask answers them
 * as it did then. An answer that contradicts what the cluster has is such a one, and the next tries follow at once.
 */
export type CatchUp = {
  /** When an answer is compared with the cluster again, in ms since the Unix epoch; Infinity: never. */
  readonly dueAt: number;
  /** The last answer, to be compared; undefined where it has used up no token. */
  readonly except: readonly string[] | undefined;
  /** How many tries follow at once. */
  readonly quick: number;
  /** How many have in all. */
  readonly walked: number;
};

/** How a group was asked for instances. */
export type Growth = {
  /** How often it has launched some for this launch. */
  readonly launches: number;
  /** How often in a row it has not. */
  readonly failures: number;
  /** When it is asked again, in ms since the Unix epoch. */
  readonly dueAt: number;
  /** A request that had no answer: it is sent again as it was. */
  readonly pending: LaunchRequest | undefined;
  /** The instances that it has launched for this launch. */
  readonly own: readonly string[];
  /** What came of it last, in words. */
  readonly said: string;
};

/** `desired` is the group's desired capacity when it was asked; `zone` undefined where it has one only. */
export type LaunchRequest = {
  readonly desired: number;
  /** The group's instances then, and about when: what tells it from one that was as large before. */
  readonly seen: string;
  readonly count: number;
  readonly zone: string | undefined;
};

/** How a group is asked for instances. */
export type GrowRequest = {
  readonly count: number;
  /** Which of the zones, counted round and round from the one with the fewest instances. */
  readonly zone: number;
  /** A request without an answer, which is sent again as it was. */
  readonly pending: LaunchRequest | undefined;
  /** Whether an instance has room for more than the task; true where that is not known. */
  readonly leavesRoom: boolean;
  /** In the zone of one of them an instance must be; empty: in any. */
  readonly subnets: readonly string[];
  readonly own: readonly string[];
};

export type GrowAnswer =
  | { readonly kind: 'launched'; readonly count: number; readonly ids: readonly string[] }
  /** So many boot, and will have room. */
  | { readonly kind: 'booting'; readonly count: number }
  /** Its desired capacity is to be raised, and has been seen for too short a time: for so many ms more. */
  | { readonly kind: 'watched'; readonly ms: number }
  /** It is at its maximum. */
  | { readonly kind: 'full'; readonly max: number }
  | { readonly kind: 'not-launched'; readonly why: string }
  | { readonly kind: 'unanswered'; readonly request: LaunchRequest }
  | { readonly kind: 'no-group' };

export type Following = {
  readonly kind: 'following';
  readonly task: TaskView;
  /** When this launcher has first seen it. */
  readonly firstSeenAt: number;
  /** When ECS has told last how it is. */
  readonly seenAt: number;
  /** It was there already: another call with this key has started it. */
  readonly isAttached: boolean;
  /** Since when ECS does not know it, not yet or not any more; undefined: it does. */
  readonly missingSince: number | undefined;
  /** Since when it has a place to run; undefined while it waits for one in PROVISIONING. */
  readonly placedAt: number | undefined;
  readonly stop: Stop | undefined;
  /** How often in a row ECS could not be asked to stop it, whatever it has told in between. */
  readonly stopFailures: number;
  /** How often in a row it was refused: a permission may be missing for a moment. */
  readonly stopRefusals: number;
};

/** ECS has accepted to stop the task. */
export type Stop = { readonly why: StopWhy; readonly askedAt: number };
export type StopWhy = 'cancelled' | 'timed-out' | 'no-room';

/** A task as ECS describes it, as far as a launch looks at it. Times are in ms since the Unix epoch. */
export type TaskView = {
  readonly arn: string;
  readonly taskDefinitionArn: string;
  /** STOPPED also where ECS says DELETED. */
  readonly lastStatus: string;
  readonly containerInstanceArn: string | undefined;
  readonly createdAt: number | undefined;
  readonly startedAt: number | undefined;
  readonly stoppedAt: number | undefined;
  readonly stopCode: string | undefined;
  readonly stoppedReason: string | undefined;
  readonly containers: readonly ContainerView[];
  readonly overrides: Overrides;
  /** Of its network interface; undefined where it has none, or not yet. */
  readonly subnet: string | undefined;
};

export type ContainerView = {
  readonly name: string;
  readonly exitCode: number | undefined;
  readonly reason: string | undefined;
};

/** The overrides that it was started with, as ECS gives them back. */
export type Overrides = {
  readonly taskRoleArn: string | undefined;
  readonly containers: readonly {
    readonly name: string;
    readonly command: readonly string[] | undefined;
    readonly environment: Readonly<Record<string, string>>;
    readonly cpu: number | undefined;
    readonly memory: number | undefined;
  }[];
};

/** What is to be done next. `wait` until a time in ms since the Unix epoch, or until a signal comes. */
export type Step =
  | { readonly kind: 'wait'; readonly until: number }
  | { readonly kind: 'define' }
  | { readonly kind: 'look' }
  | { readonly kind: 'start'; readonly attempt: number; readonly container: string }
  | { readonly kind: 'compare'; readonly needs: Needs; readonly except: readonly string[] }
  | { readonly kind: 'measure'; readonly needs: Needs; readonly misfit: Misfit | undefined }
  | ({ readonly kind: 'grow' } & GrowRequest)
  | { readonly kind: 'describe'; readonly arn: string }
  | { readonly kind: 'stop'; readonly arn: string; readonly why: StopWhy }
  | { readonly kind: 'end'; readonly end: End };

export type Call = Exclude<Step, { kind: 'wait' | 'end' }>;

/** What came of a call. */
export type Outcome =
  | { readonly kind: 'defined'; readonly definition: TaskDefinition }
  /** The task with this key that counts, of those that run or have ended in the last hour. */
  | { readonly kind: 'looked'; readonly task: TaskView | undefined }
  | { readonly kind: 'start-answered'; readonly answer: StartAnswer }
  /** Undefined: ECS does not know it, not yet or not any more. */
  | { readonly kind: 'described'; readonly task: TaskView | undefined }
  | { readonly kind: 'compared'; readonly hasRoom: boolean }
  | { readonly kind: 'measured'; readonly fit: Fit }
  | { readonly kind: 'grown'; readonly answer: GrowAnswer }
  | { readonly kind: 'stop-accepted'; readonly why: StopWhy }
  | { readonly kind: 'failed'; readonly call: Call['kind']; readonly error: AwsError };

/** Why no container instance could take a task, however long it waits for them. */
export type Misfit = { readonly reasons: readonly string[]; readonly by: readonly Failure[] };

/** Why a container instance, which its ARN names, has not taken a task. */
export type Failure = { readonly arn: string; readonly reason: string };

/**
 * `completed`: its client token is used up. `except`: the instances that cannot take it for a reason which their
 * descriptions do not show.
 */
export type Unstarted = { readonly completed: boolean; readonly except: readonly string[] };

/** What an answer to RunTask means. */
export type StartAnswer =
  | { readonly kind: 'started'; readonly task: TaskView }
  | ({ readonly kind: 'no-room'; readonly missing: readonly string[] } & Unstarted)
  /** No container instance is of the kind that the task needs. `by`: those that were looked at. */
  | ({ readonly kind: 'misfit' } & Misfit & Unstarted)
  /** It cannot be now, and not for want of room. */
  | ({ readonly kind: 'not-yet'; readonly why: string } & Unstarted)
  | { readonly kind: 'never'; readonly why: string }
  | { readonly kind: 'forbidden'; readonly why: string }
  /** The token was used with other parameters, for these tasks. */
  | { readonly kind: 'conflict'; readonly tasks: readonly string[] }
  /** No answer: it may have been started. */
  | { readonly kind: 'unanswered'; readonly why: string };

/** How a launch has ended. */
export type End = {
  readonly code: number;
  /** Whose code it is. */
  readonly source: 'container' | 'launcher';
  readonly kind: EndKind;
  /** In words, as they follow on a colon. */
  readonly reason: string;
  readonly task: TaskView | undefined;
};

export type EndKind =
  | 'exited'
  | 'detached'
  | 'cancelled'
  | 'timed-out'
  | 'failed-to-start'
  | 'no-exit-code'
  | 'no-room'
  | 'refused'
  | 'forbidden'
  | 'conflict'
  | 'lost';
