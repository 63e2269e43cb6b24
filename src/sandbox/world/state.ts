import type { Fault } from '../faults.ts';
import type { RequestLimits } from './limits.ts';
import type { ResolvedOptions } from './options.ts';
import type { Past } from './past.ts';
import type { EventQueue, Scheduled } from './queue.ts';
import type { RequestLog } from './request-log.ts';
import type {
  ContainerInstanceStatus,
  HookTransition,
  HostLossCode,
  LifecycleState,
  TaskStatus,
} from './statuses.ts';
import type { Interruption, LifecycleNotification, TimelineEvent } from './timeline.ts';

/** Everything that is true in the simulated account. Times are in ms since the Unix epoch. */
export type WorldState = {
  /** How far the World has been advanced. */
  now: number;
  /** As of when ECS answers the call that it is answering: `now`, but for an answer that lags behind. */
  asOf: number;
  readonly options: ResolvedOptions;
  readonly queue: EventQueue;
  readonly machines: Map<string, Machine>;
  readonly clusters: Map<string, Cluster>;
  readonly taskDefinitions: Map<string, TaskDefinition[]>;
  readonly groups: Map<string, Group>;
  readonly messageQueues: Map<string, MessageQueue>;
  /** By namespace, name and dimensions. */
  readonly metrics: Map<string, Metric>;
  readonly launchTemplates: Map<string, LaunchTemplate>;
  readonly instanceTypes: Map<string, InstanceType>;
  /** Instance id by the access key that the instance's role credentials carry. */
  readonly accessKeys: Map<string, string>;
  readonly interruptions: Interruption[];
  readonly limits: RequestLimits;
  readonly requestLog: RequestLog;
  readonly faults: Fault[];
  readonly listeners: ((event: TimelineEvent) => void)[];
  readonly lifecycleListeners: ((event: LifecycleNotification) => void)[];
  /** Counts what was made, so that ids differ and every run of a test makes the same ones. */
  serial: number;
};

// --- CloudWatch ---

/** One metric: its values in the order in which they came. */
export type Metric = { readonly id: MetricId; readonly values: MetricValue[] };

export type MetricId = {
  readonly namespace: string;
  readonly name: string;
  /** Values by the names of the dimensions. */
  readonly dimensions: Readonly<Record<string, string>>;
};

export type MetricValue = { readonly at: number; readonly value: number; readonly unit: string };

// --- EC2 ---

export type MachineState = 'pending' | 'running' | 'shutting-down' | 'terminated';

/** An EC2 instance. */
export type Machine = {
  readonly id: string;
  state: MachineState;
  /** How often it has been started: what a start has begun ends with the next one. */
  boots: number;
  /** It stands still, with all its processes. */
  hibernates: boolean;
  /** It was stopped, and nothing runs on it until it is started again. */
  isStopped: boolean;
  readonly launchedAt: number;
  readonly instanceType: string;
  readonly availabilityZone: string;
  readonly privateIp: string;
  /** CPU units and MiB that the instance registers with ECS. */
  readonly cpu: number;
  readonly memory: number;
  readonly gpus: number;
  /** How many network interfaces it can have, its own first one among them. */
  readonly networkInterfaces: number;
  /** Those of its container instance, beside ECS's own. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Attributes of ECS's own that its container instance has not. */
  readonly lacks: ReadonlySet<string>;
  readonly tags: Map<string, string>;
  /** What its tags were, the latest last: for answers of the EC2 API that lag behind. */
  readonly pastTags: Past<ReadonlyMap<string, string>>;
  readonly imds: Imds;
  readonly ecsAgent: EcsAgent;
  /** Every task that was ever placed here, whatever ECS or its agent still knows of it. */
  readonly placed: Task[];
  member: Member | undefined;
  /** Stops it in its warm pool until it is taken into service; undefined for one that runs there. */
  readonly stopInPool: ((whenUp: () => void) => void) | undefined;
  /** Its root volume is exchanged: what ran on it does so no more, and it starts from the new one. */
  readonly exchangeRootVolume: (cause: string, whenUp: () => void) => void;
};

/** Memory is in MiB. */
export type InstanceType = {
  readonly vCpus: number;
  readonly memory: number;
  readonly gpus: number;
  /** How many network interfaces it can have, its own first one among them; 3 unless told. */
  readonly networkInterfaces?: number;
};

export type LaunchTemplate = {
  readonly id: string;
  readonly name: string;
  /** The first version comes first. It names a type, or says what a type must have, or neither. */
  readonly versions: readonly {
    readonly instanceType: string | undefined;
    readonly requirements: { readonly vCpus: Range; readonly memory: Range } | undefined;
  }[];
  readonly defaultVersion: number;
};

type Range = { readonly least: number; readonly most: number | undefined };

export type Imds = {
  /** False until the metadata service answers at all: before that the connection is refused. */
  started: boolean;
  /** 403 for everything, as where the instance's metadata option is `disabled`. */
  forbidden: boolean;
  /** The instance's metadata option InstanceMetadataTags. */
  tags: boolean;
  /** What is shown of the tags that were put or removed a moment ago; undefined: nothing. */
  readonly laggingTags: Map<string, { readonly value: string | undefined }>;
  /** Time at which the role's credentials appear. */
  credentialsFrom: number;
  readonly roleName: string;
  /** Of the role's credentials as metadata hands them out now. */
  accessKeyId: string;
  readonly tokens: Map<string, number>;
  targetLifecycleState: string | undefined;
  spotAction: { action: 'terminate' | 'stop' | 'hibernate'; time: number } | undefined;
  rebalanceNoticeAt: number | undefined;
  /** What EC2 has planned to do with the instance. */
  readonly scheduledEvents: ScheduledEvent[];
  /** What to answer for instance-id and the identity document in place of the truth. */
  claimsInstanceId: string | undefined;
};

/** An event that EC2 has scheduled for an instance (EC2 user guide, "Scheduled events for your instances"). */
export type ScheduledEvent = {
  readonly id: string;
  readonly code:
    | 'instance-stop'
    | 'instance-retirement'
    | 'instance-reboot'
    | 'system-reboot'
    | 'system-maintenance';
  readonly description: string;
  readonly notBefore: number;
  readonly notAfter: number | undefined;
};

export type EcsAgent = {
  up: boolean;
  cluster: Cluster;
  /** Cleared by nothing but a registration: the real agent keeps the ARN after its instance is deregistered. */
  containerInstance: ContainerInstance | undefined;
  /** All tasks that this agent has known, the stopped ones too. */
  tasks: Task[];
  /** Answers that it goes on giving, whatever happens: a stale view. */
  frozen: { metadata: string; tasks: string } | undefined;
  /** What answers on its port while it is down: any process of the host can. */
  impostor: Impostor | undefined;
  /** How long introspection takes to answer, in ms; Infinity where it accepts connections and never does. */
  answersAfter: number;
  /** What is waiting to be told to, or by, an agent that is down. */
  backlog: (() => void)[];
};

/** What somebody else says in the ECS agent's place, as it stands. */
export type Impostor = { readonly metadata: string; readonly tasks: string };

// --- ECS ---

export type Cluster = {
  readonly name: string;
  readonly arn: string;
  readonly containerInstances: Map<string, ContainerInstance>;
  readonly tasks: Map<string, Task>;
  readonly services: Map<string, Service>;
  /** What RunTask has answered, by client token. */
  readonly runTaskTokens: Map<string, UsedToken>;
  readonly capacityProviders: Map<string, CapacityProvider>;
  /** The one of its default strategy. */
  defaultProvider: string | undefined;
  /** The tasks for which a capacity provider has no instance yet, and those that have ended so. */
  readonly waiting: Map<string, WaitingTask>;
};

export type CapacityProvider = {
  readonly name: string;
  readonly arn: string;
  readonly group: Group;
  /** Managed scaling: how long it waits between two steps, in ms. */
  readonly scaling: { readonly warmupMs: number } | undefined;
  scaledAt: number;
  /** How many points of its metric in a row were below its target. */
  pointsBelow: number;
};

/** A task in PROVISIONING, which is on no instance. */
export type WaitingTask = {
  readonly id: string;
  readonly arn: string;
  readonly serial: number;
  readonly cluster: Cluster;
  readonly provider: CapacityProvider;
  readonly wanted: TaskNeeds & { readonly group: string };
  readonly createdAt: number;
  /** What it will be. */
  readonly task: {
    readonly definition: TaskDefinition;
    readonly group: string;
    readonly startedBy?: string | undefined;
    readonly overrides?: TaskOverrides | undefined;
  };
  /** Puts it on an instance that has room; false where none has. */
  readonly place: () => boolean;
  /** Why the last look for room found none. */
  refusal: string | undefined;
  placed: Task | undefined;
  lastStatus: 'PROVISIONING' | 'STOPPED';
  stopCode: 'TaskFailedToStart' | 'UserInitiated' | undefined;
  stoppedReason: string | undefined;
  stoppedAt: number | undefined;
};

/** A RunTask that has completed, whether it started something or not. */
export type UsedToken = {
  readonly at: number;
  /** What was asked, as JSON. */
  readonly parameters: string;
  readonly tasks: readonly (Task | WaitingTask)[];
  readonly failures: readonly { readonly arn?: string | undefined; readonly reason?: string | undefined }[];
};

export type ContainerInstance = {
  readonly id: string;
  readonly arn: string;
  readonly serial: number;
  readonly cluster: Cluster;
  readonly machine: Machine;
  status: ContainerInstanceStatus;
  version: number;
  agentConnected: boolean;
  readonly registeredAt: number;
  /** What its status was, the latest last: for answers that lag behind. */
  readonly past: Past<ContainerInstanceStatus>;
  /** Every task placed here that ECS still lists, the stopped ones too. */
  readonly tasks: Set<Task>;
  usedCpu: number;
  usedMemory: number;
  tags: ReadonlyMap<string, string>;
  /** What its tags were, the latest last. */
  readonly pastTags: Past<ReadonlyMap<string, string>>;
};

export type TaskDefinition = {
  readonly arn: string;
  readonly family: string;
  readonly revision: number;
  readonly cpu: number;
  readonly memory: number;
  /** What the definition itself reserves for the whole task; undefined: what its containers do. */
  readonly ownCpu: number | undefined;
  readonly ownMemory: number | undefined;
  /** At least one, of which at least one is essential. */
  readonly containers: readonly ContainerSpec[];
  readonly stopTimeoutMs: number | undefined;
  readonly networkMode: 'awsvpc' | 'bridge' | 'host' | 'none';
  /** The names of the attributes that its container instance must have. */
  readonly requiresAttributes: readonly string[];
  /** The expressions of its constraints of type `memberOf`. */
  readonly expressions: readonly string[];
  status: 'ACTIVE' | 'INACTIVE';
};

/** What a task takes of a container instance, and what that must be. CPU is in units, memory in MiB. */
export type TaskNeeds = {
  readonly cpu: number;
  readonly memory: number;
  readonly gpu: number;
  /** The host's ports that it binds, as `8080/tcp`. */
  readonly ports: readonly string[];
  /** One of its own, as in the network mode awsvpc. */
  readonly hasNetworkInterface: boolean;
  readonly attributes: readonly string[];
  readonly expressions: readonly string[];
};

/** One container of a task definition. CPU is in units, memory in MiB. */
export type ContainerSpec = {
  readonly name: string;
  readonly image: string;
  /** All others are stopped when it ends. */
  readonly isEssential: boolean;
  readonly cpu: number;
  /** Its hard limit and its soft one; the soft one is what is reserved. */
  readonly memory: number | undefined;
  readonly memoryReservation: number | undefined;
  readonly gpu: number;
  /** 0 is none, or any that is free. */
  readonly ports: readonly {
    readonly container: number;
    readonly host: number;
    readonly protocol: 'tcp' | 'udp';
  }[];
  readonly stopTimeoutMs: number | undefined;
  /** Where the log driver `awslogs` puts its output. */
  readonly log: { readonly group: string; readonly prefix: string } | undefined;
  /** What it runs unless a task's overrides say otherwise. */
  readonly command: readonly string[] | undefined;
};

/** How a task's own process behaves: what no API tells. */
export type TaskBehaviour = {
  /** Ends by itself this many ms after it began to run; undefined = never. */
  runsForMs?: number | undefined;
  /** Goes on until SIGKILL. */
  ignoresSigterm?: boolean | undefined;
  exitAfterSigtermMs?: number | undefined;
  stopTimeoutMs?: number | undefined;
  /**
   * How long it is DEACTIVATING before it gets SIGTERM: the deregistration delay of its service's target group. As the
   * World's timings say unless told.
   */
  deactivatingMs?: number | undefined;
  /** How long after the ECS agent ECS itself learns that its container has stopped. As the World's timings say unless told. */
  reportLagMs?: number | undefined;
  exitCode?: number | undefined;
  /** What the container's `reason` says when it has ended by itself. */
  exitReason?: string | undefined;
  /** What it exits with when it has obeyed SIGTERM; as `exitCode` unless told. */
  sigtermExitCode?: number | undefined;
  /** It never starts, for this reason. */
  failsToStart?: string | undefined;
};

export type Task = {
  readonly id: string;
  readonly arn: string;
  readonly serial: number;
  readonly cluster: Cluster;
  readonly containerInstance: ContainerInstance;
  readonly definition: TaskDefinition;
  readonly group: string;
  readonly startedBy: string | undefined;
  readonly service: Service | undefined;
  readonly behaviour: TaskBehaviour;
  /** In the order of its definition. */
  readonly containers: readonly Container[];
  /** As RunTask was given them. */
  readonly overrides: TaskOverrides | undefined;
  readonly createdAt: number;
  /** The name of the one that has placed it. */
  readonly capacityProvider: string | undefined;
  readonly needs: TaskNeeds;
  /** Of its network interface; undefined where it has none. */
  readonly subnet: string | undefined;
  readonly cpu: number;
  readonly memory: number;
  lastStatus: TaskStatus;
  desiredStatus: 'RUNNING' | 'STOPPED';
  /** What the ECS agent on the host says of it. */
  knownStatus: string;
  /** Whether any of its containers runs. */
  containersRunning: boolean;
  /** Its container instance was deregistered by force, or ECS lost it: its containers run on all the same. */
  orphaned: boolean;
  version: number;
  /** What ECS said of it, the latest last: for answers that lag behind. */
  readonly past: Past<Pick<Task, 'lastStatus' | 'desiredStatus'>>;
  startedAt: number | undefined;
  stoppingAt: number | undefined;
  executionStoppedAt: number | undefined;
  stoppedAt: number | undefined;
  stopCode:
    | 'EssentialContainerExited'
    | 'TaskFailedToStart'
    | 'UserInitiated'
    | 'ServiceSchedulerInitiated'
    | HostLossCode
    | undefined;
  stoppedReason: string | undefined;
  protectedUntil: number | undefined;
  transition: Scheduled | undefined;
};

/** A container of a task. */
export type Container = {
  readonly spec: ContainerSpec;
  readonly behaviour: TaskBehaviour;
  isRunning: boolean;
  exitCode: number | undefined;
  reason: string | undefined;
  /** When ECS has learned that it has ended, in ms since the Unix epoch. */
  reportedAt: number | undefined;
  /** When it will end. */
  exit: Scheduled | undefined;
};

/** The overrides of a task that the World keeps and shows. */
export type TaskOverrides = {
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
  readonly taskRoleArn?: string | undefined;
  readonly containerOverrides?: readonly ContainerOverride[] | undefined;
};

export type ContainerOverride = {
  readonly name?: string | undefined;
  readonly command?: readonly string[] | undefined;
  readonly environment?:
    | readonly { readonly name?: string | undefined; readonly value?: string | undefined }[]
    | undefined;
  readonly cpu?: number | undefined;
  readonly memory?: number | undefined;
  readonly memoryReservation?: number | undefined;
};

export type Service = {
  readonly name: string;
  readonly arn: string;
  readonly cluster: Cluster;
  readonly strategy: 'REPLICA' | 'DAEMON';
  readonly serial: number;
  readonly createdAt: number;
  readonly behaviour: TaskBehaviour;
  definition: TaskDefinition;
  desiredCount: number;
  minimumHealthyPercent: number;
  maximumPercent: number;
  status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
  /** Its tasks that are not STOPPED. */
  readonly tasks: Set<Task>;
  readonly events: { id: string; createdAt: number; message: string }[];
  steady: boolean;
  blocked: boolean;
  /** The scheduler's look at it. */
  readonly look: () => void;
  pass: Scheduled | undefined;
};

// --- Auto Scaling ---

export type Group = {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  minSize: number;
  maxSize: number;
  desired: number;
  /** The group's InstanceLifecyclePolicy: what becomes of an instance whose terminating hook is abandoned. */
  onAbandon: 'retain' | 'terminate';
  readonly hooks: Map<string, Hook>;
  readonly members: Map<string, Member>;
  readonly activities: ScalingActivity[];
  /** In which it may launch; at least one. */
  readonly zones: readonly string[];
  /** What it launches, as far as its API tells. */
  spec: LaunchSpec;
  /** Starts a machine in a zone when the group wants one more; undefined = the group cannot launch. */
  launch: ((zone: string) => Machine) | undefined;
  /** Why nothing can be launched in a zone now, as `Code: message`, by zone. */
  readonly launchErrors: Map<string, string>;
  /** What LaunchInstances has answered, by client token. */
  readonly launchTokens: Map<string, { readonly parameters: string; readonly answer: object }>;
};

export type LaunchSpec =
  | { readonly kind: 'template'; readonly templateId: string; readonly version: string }
  | {
      readonly kind: 'mixed';
      readonly templateId: string;
      readonly version: string;
      readonly types: readonly string[];
      readonly onDemandBase: number;
      readonly onDemandPercent: number;
    }
  | { readonly kind: 'configuration'; readonly name: string };

export type Hook = {
  readonly name: string;
  readonly transition: HookTransition;
  heartbeatTimeout: number;
  /** In seconds; AWS's own rule unless told. */
  globalTimeout: number | undefined;
  defaultResult: 'ABANDON' | 'CONTINUE';
  /** Its notification target does not work: what waits for it ends at once. */
  targetBroken: boolean;
  notificationMetadata: string | undefined;
  notificationTarget: string | undefined;
  roleArn: string | undefined;
};

/** An instance's membership in its group. */
export type Member = {
  readonly group: Group;
  readonly machine: Machine;
  readonly joinedAt: number;
  state: LifecycleState;
  /** What the state was before. */
  readonly past: Past<LifecycleState>;
  /** It is in the group's warm pool. */
  isWarm: boolean;
  /** What the group is doing with it: it brings it into service, or takes it out for one of the others. */
  aim: 'service' | 'termination' | 'root-volume';
  healthy: boolean;
  protectedFromScaleIn: boolean;
  /** The lifecycle actions of the current wait, one for each hook. */
  actions: LifecycleAction[];
  /** The machine has gone without the group's doing. */
  readonly machineLost: () => void;
  /** The machine was stopped, by whomever. */
  readonly machineStopped: () => void;
  transition: Scheduled | undefined;
};

export type LifecycleAction = {
  readonly hook: Hook;
  readonly token: string;
  readonly startedAt: number;
  /** No heartbeat moves the end beyond this. */
  readonly globalEndsAt: number;
  timesOutAt: number;
  timeout: Scheduled | undefined;
  state: 'waiting' | 'CONTINUE' | 'ABANDON' | 'skipped';
};

export type ScalingActivity = {
  readonly id: string;
  readonly instanceId: string;
  readonly description: string;
  readonly cause: string;
  readonly startedAt: number;
  endedAt: number | undefined;
};

// --- SQS ---

/** A standard queue. */
export type MessageQueue = {
  readonly name: string;
  readonly url: string;
  readonly arn: string;
  readonly createdAt: number;
  /** In seconds, as all that is set of a queue. */
  readonly visibilityTimeoutS: number;
  readonly retentionS: number;
  readonly waitS: number;
  readonly delayS: number;
  /** The oldest first. */
  readonly messages: Set<Message>;
  /** Told when a message comes, or becomes visible sooner than it was to: for whoever long-polls. */
  readonly waiting: Set<() => void>;
};

export type Message = {
  readonly id: string;
  readonly body: string;
  readonly md5: string;
  readonly attributes: Readonly<Record<string, { DataType: string | undefined }>>;
  readonly sentAt: number;
  visibleAt: number;
  /** The handles of all its receipts: any of them deletes it. */
  readonly receipts: Set<string>;
  receiptCount: number;
  firstReceivedAt: number | undefined;
};
