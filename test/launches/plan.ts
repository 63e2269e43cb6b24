import type { FaultKind, FaultMatch } from '../../src/sandbox/index.ts';

/** One simulated cluster with the launchers that start jobs in it, as plain data. Times are in ms since its beginning. */
export type LaunchPlan = {
  readonly seed: number;
  readonly instances: readonly InstancePlan[];
  /** The Auto Scaling group that launchers ask for room; in some clusters there is none. */
  readonly group: GroupPlan | undefined;
  /** The demand queue that launchers tell in place of asking the group themselves; in most clusters there is none. */
  readonly demandQueue: DemandQueuePlan | undefined;
  readonly lostHosts: {
    readonly code: 'none' | 'SpotInterruption' | 'TerminationNotice' | 'InfrastructureHealth';
    readonly tellsExitCodes: boolean;
  };
  /** ECS itself finds room in the group, by a capacity provider with managed scaling. */
  readonly hasCapacityProvider: boolean;
  readonly jobs: readonly JobPlan[];
  readonly faults: readonly FaultPlanned[];
};

export type GroupPlan = {
  readonly maxSize: number;
  readonly cpu: number;
  /** What its instances are launched with: a task may need those of one kind. */
  readonly isFast: boolean;
  readonly zones: readonly Zone[];
  /** How many one of its instances can have, its own one among them. */
  readonly networkInterfaces: number;
  /** From its launch to the registration of its ECS agent. */
  readonly bootMs: number;
  /** Until then no zone has an instance to launch. */
  readonly emptyUntil: number;
  /** A launch template with one type; both On-Demand and Spot, so that LaunchInstances does not take it; or a launch configuration. */
  readonly spec: 'template' | 'mixed' | 'configuration';
};

export type DemandQueuePlan = {
  /** How often whoever scales the group reads it, and launches one instance for what has been said. */
  readonly readEvery: number;
  /** The share of its messages that are delivered twice. */
  readonly deliveredAgain: number;
};

/** An Availability Zone, by its letter. */
export type Zone = 'a' | 'b';

export type InstancePlan = {
  readonly joinsAt: number;
  readonly cpu: number;
  readonly isFast: boolean;
  readonly zone: Zone;
  readonly networkInterfaces: number;
  /** Its machine is lost then, with its tasks. */
  readonly lostAt: number | undefined;
  /** Somebody sets it DRAINING then. */
  readonly drainsAt: number | undefined;
};

/** One key, and everybody who calls with it. */
export type JobPlan = {
  readonly key: string;
  /** The caller has named the key; else the launcher makes one for itself. */
  readonly isKeyGiven: boolean;
  readonly script: string;
  readonly cpu: number;
  /** The instance that it needs: of the fast kind, with a certain port free, with nearly all the memory of its type, or any. */
  readonly needs: 'nothing' | 'fast' | 'port' | 'memory';
  /** The zones of its subnets, where its task has the network mode awsvpc; empty where it has not. */
  readonly subnets: readonly Zone[];
  /** The other containers of its task. They need no CPU, and `OTHER_MEMORY` MiB each. */
  readonly others: readonly OtherPlan[];
  /** How many of them come before the job's own in the task definition. */
  readonly before: number;
  readonly calls: readonly CallPlan[];
};

export const OTHER_MEMORY = 64;
/** What an instance's type has, what one of the group registers, and what a job takes that needs the memory of one, in MiB. */
export const TYPE_MEMORY = 65_536;
export const GROUP_MEMORY = 61_440;
export const ALL_MEMORY = 62_000;

export type OtherPlan = { readonly name: string; readonly isEssential: boolean; readonly script: string };

export type CallPlan = {
  readonly at: number;
  /** SIGKILL, so long after it began. */
  readonly killedAfter: number | undefined;
  /** SIGKILL at this request of its own, before it is sent or before its answer comes. */
  readonly killedAt: { readonly request: number; readonly when: 'before' | 'after' } | undefined;
  /** SIGTERM, so long after it began. */
  readonly cancelledAfter: number | undefined;
  readonly againAfter: number | undefined;
  readonly capacityTimeoutMs: number;
  readonly timeoutMs: number | undefined;
  readonly onTimeout: 'stop' | 'detach';
  readonly waits: boolean;
  /** Asks for something else under the same key. */
  readonly isOther: boolean;
  /** Its first RunTask gets through only so much later, when nobody waits for the answer any more. */
  readonly landsLateAfter: number | undefined;
  /** Its first SetDesiredCapacity gets through only so much later. */
  readonly raisesLateAfter: number | undefined;
};

export type FaultPlanned = {
  readonly match: FaultMatch;
  readonly kind: FaultKind;
  readonly skip: number;
  readonly count: number;
  readonly from: number;
  /** How long it lasts, in ms. */
  readonly lasts: number;
};
