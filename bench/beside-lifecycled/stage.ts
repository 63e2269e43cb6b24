import { systemClock } from '../../src/base/clock.ts';
import { createFleet, type Fleet } from '../../src/sandbox/fleet.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/start.ts';
import type { Machine } from '../../src/sandbox/world/state.ts';
import type { TimelineEvent } from '../../src/sandbox/world/timeline.ts';
import { createFeed, type Feed } from '../../test/e2e/feed.ts';
import { type AwsProxy, startAwsProxy } from './aws-proxy.ts';
import { createMessaging, type Messaging } from './messaging.ts';
import { serveMessaging } from './messaging-wire.ts';

/** All that both programs meet: one World, its APIs, and the queues that only lifecycled needs. */
export type Stage = {
  readonly fleet: Fleet;
  readonly sandbox: Sandbox;
  readonly timeline: Feed<TimelineEvent>;
  readonly messaging: Messaging;
  /** Where SNS and SQS are served. */
  readonly messagingUrl: string;
  readonly proxy: AwsProxy;
  /** Removed at the end. */
  readonly directory: string;
  /** Kills what still runs when this process ends, however it does: what is started adds its own. */
  readonly kills: Set<() => void>;
};

/** One of the two programs that are compared. */
export type Candidate<R extends Running = Running> = {
  /** Starts it on an instance. Started again there, it finds what it has left. */
  start(machine: Machine, options: { readonly handlerFails: boolean }): R;
  /** Resolves when it has been told to go on with the termination, and so may be killed in its midst. */
  noticed(machine: Machine): Promise<unknown>;
};

export type Running = {
  /** Resolves when it would hear of a termination. Rejects if it ends before. */
  readonly ready: Promise<unknown>;
  /** Ends it as systemd stops a service: SIGTERM, and once it has ended, or after 10 s, SIGKILL for all that it has started. */
  stop(): Promise<void>;
  /** Kills it and all that it has started, as systemd sees to after a crash. */
  kill(): Promise<void>;
};

/** The shortest that AWS allows, so that what is given up is given up soon. */
const HEARTBEAT_TIMEOUT_S = 30;

export async function openStage(
  directory: string,
  kills: Set<() => void>,
  options: { readonly clusterName?: string } = {},
): Promise<Stage> {
  const timeline = createFeed<TimelineEvent>();
  const fleet = createFleet({
    ...options,
    clock: systemClock,
    hooks: [{ name: 'drain', heartbeatTimeout: HEARTBEAT_TIMEOUT_S }],
    onEvent: (event) => timeline.push(event),
  });
  const sandbox = await startSandbox(fleet, { clock: systemClock });
  const { region, accountId } = fleet.world.options;
  const messaging = createMessaging(systemClock, { region, accountId });
  fleet.world.onLifecycleEvent(messaging.publish);
  const messagingUrl = await serveMessaging(messaging);
  const proxy = await startAwsProxy(directory, {
    [`sqs.${region}.amazonaws.com`]: messagingUrl,
    [`sns.${region}.amazonaws.com`]: messagingUrl,
    [`autoscaling.${region}.amazonaws.com`]: sandbox.apiUrl,
  });
  return { fleet, sandbox, timeline, messaging, messagingUrl, proxy, directory, kills };
}
