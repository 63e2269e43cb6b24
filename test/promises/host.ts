import type { TimelineEvent } from '../../src/sandbox/world/timeline.ts';
import { type Entry, memberOf, type Setting, textIn } from './entry.ts';

/** The truth about one instance, up to the entry that is being looked at. Times are in ms since the Unix epoch. */
export type Host = {
  readonly id: string;
  /** ARN → status, of every container instance that it ever was. */
  readonly containerInstances: Map<string, string>;
  /** ARN → what is known of it, of every task that was ever placed on it. */
  readonly tasks: Map<string, { group: string; status: string }>;
  lastStoppedAt: number | undefined;
  /** The signals that are there. */
  readonly signals: Set<string>;
  /** Since when at least one has been. */
  signalledAt: number | undefined;
  signalGoneAt: number | undefined;
  lifecycle: string | undefined;
  lifecycleSince: number;
  /** How our own lifecycle action ended, if it has. */
  ended: { readonly by: string; readonly result: string; readonly at: number } | undefined;
  /** Who set the container instance DRAINING. */
  drainingBy: 'agent' | 'other' | undefined;
  drainingSince: number;
  ecsAgentUp: boolean;
  /** The machine has been shut down: its agent's process is no more, whatever still runs of it. */
  gone: boolean;
  /** The present process's start. */
  aliveSince: number | undefined;
  lastFaultAt: number;
  /** API or `imds` → when this process last had a good answer. */
  readonly answeredAt: Map<string, number>;
  /** API → this process's last requests. */
  readonly requests: Map<string, number[]>;
};

export function createHost(id: string): Host {
  return {
    id,
    containerInstances: new Map(),
    tasks: new Map(),
    lastStoppedAt: undefined,
    signals: new Set(),
    signalledAt: undefined,
    signalGoneAt: undefined,
    lifecycle: undefined,
    lifecycleSince: -Infinity,
    ended: undefined,
    drainingBy: undefined,
    drainingSince: Infinity,
    ecsAgentUp: true,
    gone: false,
    aliveSince: undefined,
    lastFaultAt: -Infinity,
    answeredAt: new Map(),
    requests: new Map(),
  };
}

/** The tasks that are not STOPPED. */
export const tasksLeft = ({ tasks }: Host) => [...tasks].filter(([, { status }]) => status !== 'STOPPED');

export const isRegistered = ({ containerInstances }: Host): boolean =>
  [...containerInstances.values()].some((status) => status === 'ACTIVE' || status === 'DRAINING');

/** Nothing has gone wrong for so long that nothing rests or retries because of it any more. */
export const isCalm = (host: Host, at: number): boolean => at - host.lastFaultAt > CALM_MS && host.ecsAgentUp;
const CALM_MS = 90_000;

/** Which instance an entry is about; undefined for those about none. */
export function instanceOf(entry: Entry): string | undefined {
  if (entry.kind !== 'event') return entry.instanceId;
  const { event } = entry;
  if (event.type === 'task-interrupted') return event.interruption.instanceId;
  return 'instanceId' in event ? event.instanceId : undefined;
}

/** Brings the truth about an instance up to date. */
export function follow(host: Host, entry: Entry, setting: Setting): void {
  switch (entry.kind) {
    case 'event':
      followEvent(host, entry.event, setting);
      return;
    case 'manual':
      signal(host, 'manual', entry.change === 'requested', entry.at);
      return;
    case 'agent':
      host.aliveSince = entry.change === 'started' ? entry.at : undefined;
      host.answeredAt.clear();
      host.requests.clear();
      return;
    case 'host-request':
      if (entry.answered) host.answeredAt.set(entry.to, entry.at);
      // Before it has registered, and after its instance is gone, the ECS agent is silent in the best of worlds.
      else if (entry.to === 'imds') host.lastFaultAt = entry.at;
      return;
    case 'request': {
      const { api, at, outcome, input } = entry;
      if (outcome === 'ok') host.answeredAt.set(api, at);
      else if (!isAnswer(outcome)) host.lastFaultAt = at;
      const setsDraining =
        api === 'ecs:UpdateContainerInstancesState' && textIn(input, 'status') === 'DRAINING';
      if (setsDraining && outcome === 'ok' && at - host.drainingSince <= SAME_MOMENT_MS)
        host.drainingBy = 'agent';
    }
  }
}

/** A call's effect is dated with the call, but for the rounding of a clock. */
const SAME_MOMENT_MS = 2;

/** Refusals that belong to a drain in which all is well. */
const isAnswer = (outcome: string) =>
  outcome === 'ok' || outcome === 'InvalidParameterException' || outcome === 'ValidationError';

function followEvent(host: Host, event: TimelineEvent, setting: Setting): void {
  switch (event.type) {
    case 'task':
      host.tasks.set(event.taskArn, { group: event.group, status: event.to });
      if (event.to === 'STOPPED') host.lastStoppedAt = event.at;
      return;
    case 'container-instance':
      host.containerInstances.set(event.containerInstanceArn, event.to);
      host.drainingBy = event.to === 'DRAINING' ? 'other' : undefined;
      host.drainingSince = event.to === 'DRAINING' ? event.at : Infinity;
      return;
    case 'tag-put':
      if (event.key !== setting.tagKey || !setting.signals.includes('tag')) return;
      signal(host, 'tag', event.value.trim().toLowerCase() !== 'false', event.at);
      return;
    case 'tag-removed':
      if (event.key === setting.tagKey) signal(host, 'tag', false, event.at);
      return;
    case 'scale-in-chosen':
      if (setting.signals.includes('lifecycle')) signal(host, 'lifecycle', true, event.at);
      return;
    case 'spot-interruption':
      if (setting.signals.includes('spot')) signal(host, 'spot', true, event.at);
      return;
    case 'rebalance-recommendation':
      if (setting.signals.includes('rebalance')) signal(host, 'rebalance', true, event.at);
      return;
    case 'lifecycle-state':
      host.lifecycle = event.to;
      host.lifecycleSince = event.at;
      return;
    case 'lifecycle-action-ended':
      if (setting.ownHooks.includes(event.hook)) host.ended = event;
      return;
    case 'ecs-agent':
      host.ecsAgentUp = event.to === 'up';
      return;
    case 'machine-shutting-down':
      host.gone = true;
      return;
    case 'machine-rebooted':
      host.lastFaultAt = event.at;
      return;
    default:
      return;
  }
}

function signal(host: Host, source: string, isThere: boolean, at: number): void {
  if (isThere) {
    host.signals.add(source);
    host.signalledAt ??= at;
    host.signalGoneAt = undefined;
  } else if (host.signals.delete(source) && host.signals.size === 0) {
    host.signalledAt = undefined;
    host.signalGoneAt = at;
  }
}

/** The last part of an ARN, short enough for a message. */
export const short = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1).slice(0, 8);

export function listIn(input: unknown, name: string): readonly string[] {
  const value = memberOf(input, name);
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
