import type { FaultKind, FaultMatch } from '../../src/sandbox/faults.ts';
import type { WorldOptions } from '../../src/sandbox/world/options.ts';

/**
 * One run, before it happens: the world, what happens in it by itself, and what goes wrong. Plain data, so that
 * it can be printed, replayed and made smaller. Times are in ms since the agent's first start.
 */
export type Plan = {
  readonly seed: number;
  /** The agent's command line. */
  readonly flags: readonly string[];
  /** The Auto Scaling group of the instance; in none without. */
  readonly group: GroupPlan | undefined;
  readonly machine: MachinePlan;
  readonly world: Pick<WorldOptions, 'timings' | 'deregisterAgain' | 'deregisterRefusedFor'>;
  /** What room the other instance of the cluster has for the tasks of services. */
  readonly elsewhere: 'room' | 'full';
  readonly tasks: readonly TaskPlan[];
  readonly services: readonly ServicePlan[];
  readonly happenings: readonly Happening[];
  readonly faults: readonly PlannedFault[];
  readonly kills: readonly Kill[];
  /** The run ends here at the latest. */
  readonly horizon: number;
};

export type GroupPlan = {
  readonly hooks: readonly {
    readonly name: string;
    /** In seconds. */
    readonly heartbeatTimeout: number;
    readonly defaultResult: 'ABANDON' | 'CONTINUE';
  }[];
  /** The hook that is ours by the rules that the documentation gives; undefined where none is. */
  readonly ours: string | undefined;
  readonly retain: boolean;
};

export type MachinePlan = {
  readonly metadataTags: boolean;
  readonly imdsAfter: number;
  readonly credentialsAfter: number;
  readonly ecsAgentAfter: number | 'never';
};

export type TaskPlan = {
  /** 0: it runs when the agent starts. Later: it is placed then, if the instance still takes tasks. */
  readonly at: number;
  /** Undefined: until it is asked to stop. */
  readonly runsFor: number | undefined;
  readonly ignoresSigterm: boolean;
  readonly exitAfterSigterm: number;
};

export type ServicePlan = {
  readonly name: string;
  readonly strategy: 'REPLICA' | 'DAEMON';
  readonly count: number;
  readonly ignoresSigterm: boolean;
  /** When an operator lets a service go that cannot move its tasks. */
  readonly releasedAt: number;
};

export type Happening = { readonly at: number } & (
  | { readonly what: 'tag'; readonly value: string }
  | { readonly what: 'untag' }
  | { readonly what: 'scale-in' }
  | { readonly what: 'spot'; readonly inMs: number }
  | { readonly what: 'rebalance' }
  | { readonly what: 'manual-drain' }
  | { readonly what: 'manual-cancel' }
  | { readonly what: 'other-drains' }
  | { readonly what: 'other-activates' }
  | { readonly what: 'other-deregisters' }
  | { readonly what: 'other-stops-tasks' }
  | { readonly what: 'other-completes' }
  | { readonly what: 'ecs-agent'; readonly to: 'down' | 'up' | 'frozen' | 'thawed' }
  /** An idle host's ECS agent is started without its saved state; nothing happens while a task is left on it. */
  | { readonly what: 'registers-anew'; readonly cluster: string }
  | { readonly what: 'claims-neighbour' }
  | { readonly what: 'claims-itself' }
  | { readonly what: 'metadata-tags'; readonly to: boolean }
  | { readonly what: 'clock-jump'; readonly ms: number }
  | { readonly what: 'disk'; readonly to: 'full' | 'fine' }
  | { readonly what: 'reboot'; readonly downMs: number }
  | { readonly what: 'ec2-terminates' }
);

export type PlannedFault = {
  readonly at: number;
  readonly match: FaultMatch;
  readonly fault: FaultKind;
  /** For so many requests … */
  readonly count?: number;
  /** … or for so many ms. */
  readonly forMs?: number;
};

/** The agent's process is killed, and started again `downMs` later. */
export type Kill = {
  readonly downMs: number;
  /** What the state file holds then. */
  readonly state: 'kept' | 'lost' | 'corrupt';
} & (
  | { readonly when: 'at'; readonly at: number }
  /** Around the n-th AWS call of the run, counted from 1. */
  | { readonly when: 'before-call' | 'after-call'; readonly call: number }
  /** In the middle of a write to the disk: after so many file operations of the run. */
  | { readonly when: 'in-write'; readonly operation: number }
);
