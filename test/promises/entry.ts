import type { TimelineEvent } from '../../src/sandbox/index.ts';

/**
 * One thing that is known to have happened, in the order of time: what AWS and the host saw, and what only whoever
 * planned it can know. `at` is in ms since the Unix epoch, by a clock that is right.
 */
export type Entry = { readonly at: number } & (
  | RequestEntry
  | AnswerEntry
  | RefusalEntry
  | HostEntry
  /** The truth about the cluster and its group. */
  | { readonly kind: 'event'; readonly event: TimelineEvent }
  | ({ readonly kind: 'agent'; readonly instanceId: string } & AgentChange)
  | ({ readonly kind: 'state'; readonly instanceId: string } & StateChange)
  | ({ readonly kind: 'report'; readonly instanceId: string } & DrainReport)
  /** `ecs-drain-agent drain` on the host, and `--cancel`. */
  | { readonly kind: 'manual'; readonly instanceId: string; readonly change: 'requested' | 'withdrawn' }
  /** The operator's hooks of a stage have begun to run, for so many ms. `counts`: the drain goes on after them. */
  | {
      readonly kind: 'operator-hooks';
      readonly instanceId: string;
      readonly stage: string;
      readonly runMs: number;
      readonly counts: boolean;
    }
  | ({ readonly kind: 'disturbance'; readonly instanceId: string } & Disturbance)
);

/** A request of an agent to an AWS API. */
export type Request = {
  readonly at: number;
  /** As IAM names it: `ecs:ListTasks`. */
  readonly api: string;
  /** The instance that called. */
  readonly instanceId: string;
  readonly input: unknown;
  /** `ok`, the service's error, or `fault:WHAT`. Absent: it was just sent, and its answer is an entry of its own. */
  readonly outcome?: string | undefined;
};

type RequestEntry = { readonly kind: 'request' } & Request;

/** An AWS API's answer, as it reached the agent. */
export type AnswerEntry = {
  readonly kind: 'answer';
  readonly api: string;
  readonly instanceId: string;
  readonly input: unknown;
  readonly output: unknown;
};

/** An AWS API's refusal of a request that was just sent, by its error's name. */
export type RefusalEntry = {
  readonly kind: 'refusal';
  readonly api: string;
  readonly instanceId: string;
  readonly error: string;
};

/** A request of an agent to its instance's metadata or to the ECS agent, and whether it was answered. */
export type HostEntry = {
  readonly kind: 'host-request';
  readonly instanceId: string;
  readonly to: 'imds' | 'introspection';
  readonly answered: boolean;
  /** The path or URL. Absent where nobody noted it. */
  readonly path?: string | undefined;
  /** The body of the answer, where it is known. */
  readonly body?: string | undefined;
  /** The HTTP status of the answer, where it is known. */
  readonly status?: number | undefined;
};

/** An agent's process. */
type AgentChange =
  /** @param doing what it says that it is doing, whenever asked: the state in its status */
  | { readonly change: 'started'; readonly doing?: () => string }
  /** `by`: absent where it was told to end, or was killed. */
  | { readonly change: 'ended'; readonly by?: unknown }
  /** It received SIGTERM. */
  | { readonly change: 'stopping' };

/** What becomes of an agent's state file. */
type StateChange =
  /** Lost or damaged, by whatever, while no process runs. */
  | { readonly change: 'lost' }
  /** About to be written. From here on the note that DRAINING is the agent's own may be found by the next process. */
  | { readonly change: 'saving'; readonly notesDraining: boolean }
  /**
   * Written, as far as the agent was told. `registrations`: ARNs of the container instances that it names, `confirmed`: of
   * those that ECS has said are this host's; `onDisk`: what the next process would find.
   */
  | {
      readonly change: 'saved';
      readonly notesDraining: boolean;
      readonly registrations: readonly string[];
      readonly confirmed: readonly string[];
      readonly onDisk: OnDisk;
    }
  /** The agent was told that it could not be written. */
  | { readonly change: 'save-failed'; readonly onDisk: OnDisk }
  /** By the agent itself, because it could not be written. */
  | { readonly change: 'removed' };

/** What a state file holds: what was to be written, what it held before, or neither. */
export type OnDisk = 'new' | 'old' | 'damaged';

/** What the agent reports about its drain. */
export type DrainReport = {
  readonly waitedSeconds?: number | undefined;
  /** In ms since the Unix epoch, by a clock that is right. */
  readonly lastTaskEndedAt?: number | undefined;
};

/** What was planned to go wrong, or to be changed by others, and now has. */
export type Disturbance =
  /** A request failed or was held up. @param restsMs for how long the agent may then ask nothing */
  | {
      readonly what: 'fault';
      readonly restsMs: number;
      readonly during?: { readonly from: number; readonly to: number } | undefined;
      /** It is this API alone that fails. */
      readonly api?: string | undefined;
      /** Only this source of signals was silent by it. */
      readonly silences?: 'spot' | undefined;
    }
  /** Metadata names another instance, or this one again. */
  | { readonly what: 'identity'; readonly claims: string | undefined }
  | { readonly what: 'tags-served'; readonly to: boolean }
  | { readonly what: 'clock-set'; readonly byMs: number }
  | { readonly what: 'disk' }
  | { readonly what: 'reboot'; readonly downMs: number }
  /** The host stands still for so long. */
  | { readonly what: 'hibernation'; readonly forMs: number }
  | { readonly what: 'ecs-agent' }
  | { readonly what: 'others'; readonly did: 'drain' | 'complete' | 'terminate' | 'something' };

/** What an agent is told, and what it is in: what the promises depend on. Times are in ms. */
export type Setting = {
  readonly tagKey: string;
  readonly signals: readonly string[];
  readonly tagSource: 'auto' | 'imds' | 'ec2';
  readonly mode: 'drain' | 'deregister';
  readonly pollInterval: number;
  /** The operator's own limit. */
  readonly limit?:
    | { readonly after: number; readonly onTimeout: 'wait' | 'stop-tasks' | 'continue' | 'abandon' }
    | undefined;
  readonly spotStopTasks: boolean;
  /** The stages for which the operator has hooks. */
  readonly hookStages: readonly string[];
  /** Whether a rebalance recommendation ends in the instance's termination. */
  readonly rebalanceTerminate: boolean;
  /** How long before an event that EC2 has scheduled its drain begins. */
  readonly scheduledAhead: number;
  /** Tasks that a drain does not wait for, as the option names them: `family:x`, `group:x`, `startedBy:x`. */
  readonly ignores: readonly string[];
  readonly dryRun: boolean;
  /** Whether the option `--cluster` is set. */
  readonly namesCluster: boolean;
  /** Lists come in pages that are smaller than those of AWS: each takes several requests. */
  readonly hasSmallPages: boolean;
  /** The option `--lifecycle-hook`. */
  readonly lifecycleHook?: string | undefined;
  /** Whether a retained instance of a warm pool can be terminated in its group: no primary source says. */
  readonly terminatesWarmRetained: boolean;
  /** The group's terminating hooks. */
  readonly hooks: readonly HookSetting[];
  /** Whether the group keeps an instance whose hook was abandoned. */
  readonly retains: boolean;
  /** Whether instance metadata serves the tags all the time. */
  readonly tagsInMetadata: boolean;
  /** Whether instance metadata serves the tags at first. */
  readonly tagsServed: boolean;
  /** How far the host's own clock is ahead at first, in ms. */
  readonly clockAheadMs: number;
  /** How much longer than promised anything may take, because the machine that runs the test was busy. */
  readonly slack: number;
};

/** Used where the World does not tell of its hooks. @param heartbeatTimeout in seconds; absent where nobody noted it */
export type HookSetting = { readonly name: string; readonly heartbeatTimeout?: number | undefined };

export const defaultSetting: Setting = {
  tagKey: 'ecs-drain-agent:terminate',
  signals: ['tag', 'lifecycle', 'spot'],
  tagSource: 'auto',
  mode: 'drain',
  pollInterval: 3_000,
  spotStopTasks: true,
  hookStages: [],
  rebalanceTerminate: false,
  scheduledAhead: 86_400_000,
  ignores: [],
  dryRun: false,
  namesCluster: false,
  hasSmallPages: false,
  terminatesWarmRetained: true,
  hooks: [{ name: 'drain' }],
  retains: false,
  tagsInMetadata: true,
  tagsServed: true,
  clockAheadMs: 0,
  slack: 0,
};
