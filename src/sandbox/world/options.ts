import type { Limits } from './limits.ts';
import type { HostLossCode } from './statuses.ts';
import type { TimelineEvent } from './timeline.ts';

/** How long AWS takes over its own affairs, in ms. Short by default: a test names the ones it is about. */
export type Timings = {
  provisioning: number;
  /** How long a task waits for its capacity provider: no primary source says, and 10 to 30 min were seen. */
  provisioningTimeout: number;
  pending: number;
  activating: number;
  deactivating: number;
  deprovisioning: number;
  /** From SIGTERM to the container's exit, for a task that obeys it. */
  exitAfterSigterm: number;
  /** From SIGTERM to SIGKILL, for a task that does not. ECS_CONTAINER_STOP_TIMEOUT's default is 30 s. */
  stopTimeout: number;
  /** How long after the ECS agent ECS itself learns that a container has stopped. */
  agentReportLag: number;
  /** How long a service takes to notice that it has something to do. */
  scheduler: number;
  /** From `Pending` to `Pending:Wait` (or `Pending:Proceed`, without a hook). */
  pendingToWait: number;
  /** From `Pending:Proceed` to `InService`. */
  pendingToService: number;
  /** From `Terminating` to `Terminating:Wait` (or `Terminating:Proceed`, without a hook). */
  terminatingToWait: number;
  /** From `Terminating:Proceed` to the machine's shutting down: the moment that ends its tasks. */
  proceedToShutdown: number;
  /** From the machine's shutting down to `terminated`. */
  shutdown: number;
  /** How long after a machine was terminated outside its group the group notices. */
  groupNotices: number;
  /** How long after a machine has gone ECS notices. */
  hostLossNoticed: number;
  /** From the launch of a replacement to the ECS agent's registration. */
  boot: number;
  /** How long a stopped task stays listed. */
  stoppedTaskListed: number;
  /** How long a deregistered container instance can be described. */
  inactiveDescribable: number;
  /** How long metadata goes on showing a tag that was removed: seen were 3 s, and more than 125 s. */
  tagRemovalShown: number;
  /** How long after a tag was put, or given another value, metadata shows it. */
  tagAdditionShown: number;
  /** How long after it has come up ECS takes an ECS agent for connected. */
  agentConnects: number;
  /** How long after an ECS agent has gone ECS takes it for connected. */
  agentLossNoticed: number;
  /** From `ReplacingRootVolume:Proceed` until the instance has started from its new root volume. */
  rootVolumeExchange: number;
};

export const defaultTimings: Timings = {
  provisioning: 0,
  provisioningTimeout: 900_000,
  pending: 300,
  activating: 0,
  deactivating: 0,
  deprovisioning: 300,
  exitAfterSigterm: 500,
  stopTimeout: 30_000,
  agentReportLag: 300,
  scheduler: 100,
  pendingToWait: 500,
  pendingToService: 500,
  terminatingToWait: 500,
  proceedToShutdown: 1000,
  shutdown: 1000,
  groupNotices: 30_000,
  hostLossNoticed: 5000,
  boot: 2000,
  stoppedTaskListed: 3_600_000,
  inactiveDescribable: 3_600_000,
  tagRemovalShown: 0,
  tagAdditionShown: 0,
  agentConnects: 0,
  agentLossNoticed: 0,
  rootVolumeExchange: 20_000,
};

export type WorldOptions = {
  /** The World's first moment, in ms since the Unix epoch. */
  now?: number;
  /** Source of all randomness, in [0, 1). The World draws nothing unless it is set. */
  random?: () => number;
  region?: string;
  accountId?: string;
  timings?: Partial<Timings>;
  /** What a second DeregisterContainerInstance gets: no primary source says which. */
  deregisterAgain?: 'not-found' | 'inactive';
  /** Which tasks make ECS refuse a DeregisterContainerInstance: no primary source says which. */
  deregisterRefusedFor?: 'not-stopped' | 'pending-or-running';
  /** What becomes of the tasks of an instance that is deregistered by force: no primary source says which. */
  lostTasks?: 'stopped' | 'forgotten';
  /**
   * The stop code of a task whose host is gone. TerminationNotice was seen, and none. With a Spot interruption that was
   * announced it is SpotInterruption, where it is any.
   */
  lostHostCode?: 'none' | HostLossCode;
  /** Whether ECS hears how the containers of a host that is terminated have ended: both were seen. */
  lostHostTellsExitCodes?: boolean;
  /** What ListTasks gets for a container instance that ECS does not know: no primary source says which. */
  tasksOfUnknown?: 'empty' | 'refused';
  /** … and for one that is INACTIVE. */
  tasksOfInactive?: 'listed' | 'empty' | 'refused';
  /** What the tag folder of metadata answers where there is no tag: both have been seen. */
  emptyTagFolder?: 'empty' | 'missing';
  /** Which time-out a heartbeat restarts where the hook was changed since its action began: no primary source says which. */
  heartbeatCounts?: 'hook-as-begun' | 'hook-as-is';
  /** What metadata says before an instance is in service: no primary source says whether it names the state ahead by then. */
  launchTarget?: 'ahead' | 'none';
  /** Whether the terminating hooks wait for an instance whose launch hook was abandoned: no primary source says. */
  launchAbandoned?: 'hooks-wait' | 'at-once';
  /** When ECS calls the tasks of a host STOPPED that was stopped: at once, or when its ECS agent is back and tells. */
  stoppedHostTasks?: 'at-once' | 'when-back';
  /** Whether a group takes an instance in service that was stopped for unhealthy; a process of it can be suspended. */
  replacesStopped?: boolean;
  /** What metadata says while an instance refresh replaces the root volume: documented nowhere. */
  rootVolumeTarget?: RootVolumeTarget;
  /** What becomes of an instance whose root volume was to be replaced when a hook is abandoned: no primary source says. */
  rootVolumeAbandoned?: 'proceeds' | 'terminates';
  /** Whether the ECS agent's saved state is on the root volume, and is gone with it. */
  rootVolumeHoldsEcsAgent?: boolean;
  /** What TerminateInstanceInAutoScalingGroup answers for a retained instance of a warm pool: no primary source says. */
  terminatesWarmRetained?: 'refused' | 'accepted';
  /** The share of received messages that are delivered again at once, from 0 to 1: SQS delivers at least once. */
  deliveredAgain?: number;
  /** So many items of a list fit a page, where AWS's own limit is not less. */
  pageSize?: number;
  /** How often the account may call each API: without a limit unless told. */
  limits?: Limits;
  /** `entries` keeps every request, `counts` the number by API only. */
  requestLog?: 'entries' | 'counts';
  onEvent?: (event: TimelineEvent) => void;
};

export type RootVolumeTarget = 'InService' | 'Terminated' | 'ReplacingRootVolume';

export type ResolvedOptions = {
  readonly random: () => number;
  readonly region: string;
  readonly accountId: string;
  readonly timings: Timings;
  readonly deregisterAgain: 'not-found' | 'inactive';
  readonly deregisterRefusedFor: 'not-stopped' | 'pending-or-running';
  readonly lostTasks: 'stopped' | 'forgotten';
  readonly lostHostCode: 'none' | HostLossCode;
  readonly lostHostTellsExitCodes: boolean;
  readonly tasksOfUnknown: 'empty' | 'refused';
  readonly tasksOfInactive: 'listed' | 'empty' | 'refused';
  readonly emptyTagFolder: 'empty' | 'missing';
  readonly heartbeatCounts: 'hook-as-begun' | 'hook-as-is';
  readonly launchTarget: 'ahead' | 'none';
  readonly launchAbandoned: 'hooks-wait' | 'at-once';
  readonly stoppedHostTasks: 'at-once' | 'when-back';
  readonly replacesStopped: boolean;
  readonly rootVolumeTarget: RootVolumeTarget;
  readonly rootVolumeAbandoned: 'proceeds' | 'terminates';
  readonly rootVolumeHoldsEcsAgent: boolean;
  readonly terminatesWarmRetained: 'refused' | 'accepted';
  readonly deliveredAgain: number;
  readonly pageSize: number;
};

export function resolveOptions(options: WorldOptions): ResolvedOptions {
  return {
    random: options.random ?? (() => 0.5),
    region: options.region ?? 'eu-west-1',
    accountId: options.accountId ?? '111122223333',
    timings: options.timings ? { ...defaultTimings, ...options.timings } : defaultTimings,
    deregisterAgain: options.deregisterAgain ?? 'not-found',
    deregisterRefusedFor: options.deregisterRefusedFor ?? 'not-stopped',
    lostTasks: options.lostTasks ?? 'stopped',
    lostHostCode: options.lostHostCode ?? 'TerminationNotice',
    lostHostTellsExitCodes: options.lostHostTellsExitCodes ?? false,
    tasksOfUnknown: options.tasksOfUnknown ?? 'empty',
    tasksOfInactive: options.tasksOfInactive ?? 'listed',
    emptyTagFolder: options.emptyTagFolder ?? 'empty',
    heartbeatCounts: options.heartbeatCounts ?? 'hook-as-begun',
    launchTarget: options.launchTarget ?? 'ahead',
    launchAbandoned: options.launchAbandoned ?? 'hooks-wait',
    stoppedHostTasks: options.stoppedHostTasks ?? 'at-once',
    replacesStopped: options.replacesStopped ?? true,
    rootVolumeTarget: options.rootVolumeTarget ?? 'InService',
    rootVolumeAbandoned: options.rootVolumeAbandoned ?? 'proceeds',
    rootVolumeHoldsEcsAgent: options.rootVolumeHoldsEcsAgent ?? true,
    terminatesWarmRetained: options.terminatesWarmRetained ?? 'refused',
    deliveredAgain: options.deliveredAgain ?? 0,
    pageSize: options.pageSize ?? Number.POSITIVE_INFINITY,
  };
}
