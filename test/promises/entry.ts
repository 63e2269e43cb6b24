import type { SignalName } from '../../src/config/options.ts';
import type { TimelineEvent } from '../../src/sandbox/world/timeline.ts';

/** One thing that is known to have happened, in the order of time. `at` is in ms since the Unix epoch. */
export type Entry =
  | ({ readonly kind: 'request' } & Request)
  /** A request of an agent to its instance's metadata or to the ECS agent. */
  | {
      readonly kind: 'host-request';
      readonly at: number;
      readonly instanceId: string;
      readonly to: 'imds' | 'introspection';
      readonly answered: boolean;
    }
  /** The truth about the cluster and its group. */
  | { readonly kind: 'event'; readonly at: number; readonly event: TimelineEvent }
  /** An agent's process. */
  | {
      readonly kind: 'agent';
      readonly at: number;
      readonly instanceId: string;
      readonly change: 'started' | 'ended';
    }
  /** `ecs-drain-agent drain` on the host, and `--cancel`. */
  | {
      readonly kind: 'manual';
      readonly at: number;
      readonly instanceId: string;
      readonly change: 'requested' | 'withdrawn';
    };

/** A request of an agent to an AWS API. */
export type Request = {
  readonly at: number;
  /** As IAM names it: `ecs:ListTasks`. */
  readonly api: string;
  /** The instance that called. */
  readonly instanceId: string;
  readonly input: unknown;
  /** `ok`, the service's error, or `fault:WHAT`. */
  readonly outcome: string;
};

/** What the agents were told, and what they were in: what the properties depend on. Times are in ms. */
export type Setting = {
  readonly tagKey: string;
  readonly signals: readonly SignalName[];
  readonly mode: 'drain' | 'deregister';
  readonly pollInterval: number;
  /** The operator's own limit. */
  readonly limit?: {
    readonly after: number;
    readonly onTimeout: 'wait' | 'stop-tasks' | 'continue' | 'abandon';
  };
  readonly dryRun: boolean;
  /** The hooks that the agents may complete. */
  readonly ownHooks: readonly string[];
  /** Whether the group keeps an instance whose hook was abandoned. */
  readonly retains: boolean;
  /** Whether instance metadata served the tags all the time. */
  readonly tagsInMetadata: boolean;
  /** How much longer than promised anything may take, because the machine that runs the test was busy. */
  readonly slack: number;
};

export const defaultSetting: Setting = {
  tagKey: 'ecs-drain-agent:terminate',
  signals: ['tag', 'lifecycle', 'spot'],
  mode: 'drain',
  pollInterval: 5_000,
  dryRun: false,
  ownHooks: ['drain'],
  retains: false,
  tagsInMetadata: true,
  slack: 0,
};

const MUTATING = new Set([
  'ecs:UpdateContainerInstancesState',
  'ecs:DeregisterContainerInstance',
  'ecs:StopTask',
  'autoscaling:RecordLifecycleActionHeartbeat',
  'autoscaling:CompleteLifecycleAction',
  'autoscaling:TerminateInstanceInAutoScalingGroup',
]);

export const isMutating = ({ api }: Request): boolean => MUTATING.has(api);

/** A member of a request's input, where it is a text. */
export function textIn(input: unknown, name: string): string | undefined {
  const value = memberOf(input, name);
  return typeof value === 'string' ? value : undefined;
}

export function memberOf(input: unknown, name: string): unknown {
  return typeof input === 'object' && input !== null ? (input as Record<string, unknown>)[name] : undefined;
}
