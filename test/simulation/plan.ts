import type { HookStage } from '../../src/operator-hooks/operator-hooks.ts';
import type { FaultKind, FaultMatch, WorldOptions } from '../../src/sandbox/index.ts';

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
  readonly world: Pick<
    WorldOptions,
    | 'timings'
    | 'deregisterAgain'
    | 'deregisterRefusedFor'
    | 'tasksOfUnknown'
    | 'tasksOfInactive'
    | 'lostTasks'
    | 'emptyTagFolder'
    | 'pageSize'
    | 'heartbeatCounts'
    | 'launchTarget'
    | 'launchAbandoned'
    | 'stoppedHostTasks'
    | 'replacesStopped'
    | 'rootVolumeTarget'
    | 'rootVolumeAbandoned'
    | 'rootVolumeHoldsEcsAgent'
    | 'terminatesWarmRetained'
  >;
  /** The agent's state is on another volume than the root volume. */
  readonly rootVolumeKeepsState?: boolean | undefined;
  /** What room the other instance of the cluster has for the tasks of services. */
  readonly elsewhere: 'room' | 'full';
  readonly tasks: readonly TaskPlan[];
  readonly services: readonly ServicePlan[];
  readonly happenings: readonly Happening[];
  readonly faults: readonly PlannedFault[];
  readonly kills: readonly Kill[];
  /** How long fsync(2) takes on the host's disk, which tasks use up. */
  readonly syncMs?: number | undefined;
  /** How long after the start of a host that was stopped its agent is started. */
  readonly agentAfterStart?: number | undefined;
  /** The operator's executables; absent where there are none. */
  readonly operatorHooks?: OperatorHooksPlan | undefined;
  /** The run ends here at the latest. */
  readonly horizon: number;
};

/** Whether the host's ECS agent has its cluster from a file that the agent can read: as a rule. */
export const hasEcsConfig = ({ seed }: Plan): boolean => seed % 5 !== 0;

export type GroupPlan = {
  readonly hooks: readonly HookPlan[];
  /** The hooks that wait while it launches an instance: none of them is ours. */
  readonly launchHooks?: readonly HookPlan[] | undefined;
  /** The hook that is ours by the rules that the documentation gives; undefined where none is. */
  readonly ours: string | undefined;
  readonly retain: boolean;
};

export type HookPlan = {
  readonly name: string;
  /** In seconds. */
  readonly heartbeatTimeout: number;
  /** In seconds; AWS's own rule where absent. */
  readonly globalTimeout?: number | undefined;
  readonly defaultResult: 'ABANDON' | 'CONTINUE';
  /** Its notification target does not work. */
  readonly targetBroken?: boolean | undefined;
};

export type MachinePlan = {
  readonly metadataTags: boolean;
  readonly imdsAfter: number;
  readonly credentialsAfter: number;
  readonly ecsAgentAfter: number | 'never';
  /** By how many ms the host's clock is ahead of the true time when the agent first starts. */
  readonly clockAhead?: number | undefined;
  /** It is in the group's warm pool. */
  readonly warm?: boolean | undefined;
  /** Its group has just launched it, and it is not in service yet. */
  readonly launching?: boolean | undefined;
  /** It is stopped in the warm pool once it has been launched, and then launched into service. */
  readonly stopsInPool?: { readonly forMs: number; readonly ecsAgentAfter: number } | undefined;
  /** It has no tag of anybody's: with no group either, it has none at all. */
  readonly untagged?: boolean | undefined;
};

/** What the operator's hooks of each stage do; a stage that is left out has none. */
export type OperatorHooksPlan = {
  /** Whether the instance is kept until those of `drained` have succeeded. */
  readonly holds: boolean;
  readonly stages: Readonly<Partial<Record<HookStage, OperatorStagePlan>>>;
};

/** `failures`: so many runs fail before one succeeds. */
export type OperatorStagePlan = { readonly ms: number; readonly failures: number };

export type TaskPlan = {
  /** 0: it runs when the agent starts. Later: it is placed then, if the instance still takes tasks. */
  readonly at: number;
  /** Undefined: until it is asked to stop. */
  readonly runsFor: number | undefined;
  readonly ignoresSigterm: boolean;
  readonly exitAfterSigterm: number;
  /** It is known by this as one that the drain does not wait for. */
  readonly known?: 'family' | 'group' | 'startedBy' | undefined;
};

export type ServicePlan = {
  readonly name: string;
  readonly strategy: 'REPLICA' | 'DAEMON';
  readonly count: number;
  readonly ignoresSigterm: boolean;
  /** When an operator lets a service go that cannot move its tasks. */
  readonly releasedAt: number;
  /** Its target group's deregistration delay: so long its tasks are DEACTIVATING before they get SIGTERM. */
  readonly deregistrationDelay?: number | undefined;
};

export type Happening = { readonly at: number } & (
  | { readonly what: 'tag'; readonly value: string }
  | { readonly what: 'untag' }
  | { readonly what: 'scale-in' }
  /** An instance refresh comes to it, with the strategy ReplaceRootVolume. */
  | { readonly what: 'replace-root-volume' }
  /** An interruption that hibernates the host is a hibernation beside its notice. */
  | {
      readonly what: 'spot';
      readonly inMs: number;
      readonly action?: 'hibernate' | 'stop' | undefined;
      /** One that stops the host does so for so long; its ECS agent is up again so long after its start. */
      readonly forMs?: number | undefined;
      readonly ecsAgentAfter?: number | undefined;
    }
  | { readonly what: 'rebalance' }
  | { readonly what: 'event-scheduled'; readonly code: ScheduledCode; readonly inMs: number }
  | { readonly what: 'event-unscheduled' }
  | { readonly what: 'manual-drain' }
  | { readonly what: 'manual-cancel' }
  | { readonly what: 'other-drains' }
  | { readonly what: 'other-activates' }
  | { readonly what: 'other-deregisters' }
  | { readonly what: 'other-deregisters-by-force' }
  /** ECS calls every task that runs STOPPED, or forgets it: the connection to its agent was lost. */
  | { readonly what: 'ecs-loses-tasks' }
  | { readonly what: 'other-stops-tasks' }
  | { readonly what: 'other-completes' }
  /** Who owns a launch hook ends its action, where it waits. */
  | { readonly what: 'launch-hook'; readonly hook: string; readonly result: 'CONTINUE' | 'ABANDON' }
  /** Somebody terminates an instance in its group that was retained; nothing happens to another. */
  | { readonly what: 'other-terminates-retained' }
  /** Somebody sets it aside in its group, brings it back, or takes it out of the group for good; nothing happens where the group refuses. */
  | { readonly what: 'standby' }
  | { readonly what: 'in-service' }
  | { readonly what: 'detach' }
  | { readonly what: 'ecs-agent'; readonly to: 'down' | 'up' | 'frozen' | 'thawed' }
  /** Something else answers on the port of an ECS agent that is down. */
  | { readonly what: 'impostor'; readonly claims: ClaimedInstance; readonly tasks: ClaimedTasks }
  | { readonly what: 'impostor-gone' }
  /** How long introspection takes to answer; Infinity where it never does. */
  | { readonly what: 'introspection'; readonly answersAfter: number }
  | { readonly what: 'hook-put'; readonly name: string; readonly heartbeatTimeout: number }
  | { readonly what: 'hook-deleted'; readonly name: string }
  | { readonly what: 'retention'; readonly to: boolean }
  /** An idle host's ECS agent is started without its saved state; nothing happens while a task is left on it. */
  | { readonly what: 'registers-anew'; readonly cluster: string }
  | { readonly what: 'claims-neighbour' }
  | { readonly what: 'claims-itself' }
  | { readonly what: 'metadata-tags'; readonly to: boolean }
  | { readonly what: 'clock-jump'; readonly ms: number }
  /** A number: it has room for so many bytes more. */
  | { readonly what: 'disk'; readonly to: 'full' | 'fine' | number }
  | { readonly what: 'reboot'; readonly downMs: number }
  /** The host stands still, with all its processes, and goes on. */
  | { readonly what: 'hibernation'; readonly forMs: number }
  /** Somebody stops the EC2 instance, and starts it again; `losesPower`: by force, and what the disk had not synced is gone. */
  | {
      readonly what: 'stop';
      readonly forMs: number;
      readonly ecsAgentAfter: number;
      readonly losesPower: boolean;
    }
  | { readonly what: 'ec2-terminates' }
);

export type ScheduledCode = (typeof SCHEDULED_CODES)[number];
export const SCHEDULED_CODES = [
  'instance-stop',
  'instance-retirement',
  'instance-reboot',
  'system-reboot',
  'system-maintenance',
] as const;

/** As which container instance an impostor presents the host. */
export type ClaimedInstance = (typeof CLAIMED_INSTANCES)[number];
export const CLAIMED_INSTANCES = [
  'own',
  'unknown',
  'neighbour',
  'other-cluster',
  'other-account',
  'malformed',
] as const;

/** Which tasks an impostor lists as running. */
export type ClaimedTasks = (typeof CLAIMED_TASKS)[number];
export const CLAIMED_TASKS = [
  'none',
  'own',
  'neighbour',
  'unknown',
  'other-cluster',
  'other-account',
  'malformed',
] as const;

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
  /** It is asked to end, and does so before it is started again. Absent: it is killed. */
  readonly by?: 'SIGTERM' | undefined;
} & (
  | { readonly when: 'at'; readonly at: number }
  /** Around the n-th AWS call of the run, counted from 1. */
  | { readonly when: 'before-call' | 'after-call'; readonly call: number }
  /** In the middle of a write to the disk: after so many file operations of the run. */
  | { readonly when: 'in-write'; readonly operation: number }
);

/** When a group that is launching the instance has it in service, or takes it out, at the latest. */
export function launchedBy({ group, machine, world }: Plan): number {
  if (!machine.launching) return 0;
  const timeouts = (group?.launchHooks ?? []).map(({ heartbeatTimeout }) => heartbeatTimeout * 1_000);
  const { pendingToWait = 0, pendingToService = 0 } = world.timings ?? {};
  const launch = pendingToWait + Math.max(0, ...timeouts) + pendingToService;
  return machine.stopsInPool ? 2 * launch + machine.stopsInPool.forMs : launch;
}

/** When what begins with a happening is over: a host that was stopped is started again. */
export function endOf(happening: Happening): number {
  const { at } = happening;
  if (happening.what === 'stop') return at + happening.forMs;
  return happening.what === 'spot' && happening.forMs !== undefined
    ? at + happening.inMs + happening.forMs
    : at;
}
