import type { TimelineEvent } from '../../src/sandbox/world/timeline.ts';
import { isMutating, memberOf, type Request, type Setting, textIn } from './entry.ts';
import { type Host, isCalm, listIn, short, tasksLeft } from './host.ts';

/** What is wrong with a request, by S1 to S6, when the instance is as `host` says. */
export function unsafe(host: Host, request: Request, setting: Setting): readonly string[] {
  return [
    releasedTooEarly(host, request, setting),
    forced(host, request),
    notOwn(host, request),
    unasked(host, request, setting),
    onAnUnknown(host, request),
    othersHook(host, request, setting),
    notDry(host, request, setting),
  ].filter((violation) => violation !== undefined);
}

/** S1 again, from its other end: what became of the tasks. */
export function lostTask(host: Host, event: TimelineEvent, setting: Setting): string | undefined {
  if (event.type !== 'task-interrupted') return undefined;
  const { group, taskArn, lastStatus, cause, at } = event.interruption;
  // Not the agent's doing: a Spot interruption, a machine that failed, a hook that came to its own limit.
  if (!cause.startsWith('the group') || host.ended?.by !== 'call') return undefined;
  if (limitPassed(host, at, setting) && setting.limit?.onTimeout !== 'wait') return undefined;
  return `S1: ${host.id} went while task ${group} ${short(taskArn)} was ${lastStatus}: its work is lost`;
}

function releasedTooEarly(host: Host, request: Request, setting: Setting): string | undefined {
  const released = releases(request, setting);
  if (!released) return undefined;
  const [first] = tasksLeft(host);
  if (!first) return undefined;
  if (limitPassed(host, request.at, setting) && mayRelease(released, setting)) return undefined;
  const [arn, { group, status }] = first;
  return `S1: ${host.id} was released (${released}) while task ${group} ${short(arn)} was still ${status}`;
}

function releases(
  { api, input }: Request,
  setting: Setting,
): 'CONTINUE' | 'ABANDON' | 'terminate' | undefined {
  if (api === 'autoscaling:TerminateInstanceInAutoScalingGroup') return 'terminate';
  if (api !== 'autoscaling:CompleteLifecycleAction') return undefined;
  const result = textIn(input, 'LifecycleActionResult');
  // A group that retains keeps an instance that is abandoned, with its tasks.
  if (result === 'ABANDON') return setting.retains ? undefined : 'ABANDON';
  return 'CONTINUE';
}

function mayRelease(released: 'CONTINUE' | 'ABANDON' | 'terminate', { limit }: Setting): boolean {
  return released === 'ABANDON' ? limit?.onTimeout === 'abandon' : limit?.onTimeout === 'continue';
}

function limitPassed({ signalledAt }: Host, at: number, { limit }: Setting): boolean {
  return limit !== undefined && signalledAt !== undefined && at >= signalledAt + limit.after;
}

function forced(host: Host, { input, api }: Request): string | undefined {
  if (memberOf(input, 'force') !== true) return undefined;
  return `S2: ${host.id} called ${api} with force: tasks that still run are orphaned`;
}

function notOwn(host: Host, request: Request): string | undefined {
  if (!isMutating(request)) return undefined;
  const named = namedIn(request);
  const strange = named.find(
    (name) => name !== host.id && !host.containerInstances.has(name) && !host.tasks.has(name),
  );
  if (named.length === 0) return `S3: ${host.id} called ${request.api} without naming its own instance`;
  return strange && `S3: ${host.id} called ${request.api} for ${strange}, which is not its own`;
}

function namedIn({ api, input }: Request): readonly string[] {
  const name =
    api === 'ecs:UpdateContainerInstancesState'
      ? undefined
      : api === 'ecs:DeregisterContainerInstance'
        ? 'containerInstance'
        : api === 'ecs:StopTask'
          ? 'task'
          : 'InstanceId';
  if (name === undefined) return listIn(input, 'containerInstances');
  const value = textIn(input, name);
  return value === undefined ? [] : [value];
}

function unasked(host: Host, request: Request, setting: Setting): string | undefined {
  if (!isMutating(request) || host.signals.size > 0) return undefined;
  const givesBack =
    request.api === 'ecs:UpdateContainerInstancesState' && textIn(request.input, 'status') === 'ACTIVE';
  if (givesBack) return undefined;
  const { at } = request;
  // What was decided while the signal was there may be on its way, or be tried again.
  const onItsWay = setting.pollInterval * 1.2 + 2_500 + setting.slack + (isCalm(host, at) ? 0 : 60_000);
  if (host.signalGoneAt !== undefined && at <= host.signalGoneAt + onItsWay) return undefined;
  return `S4: ${host.id} called ${request.api} though nothing asked for the instance to go`;
}

/** What must have been read before something is done that can't be undone. */
const NEEDED: Record<string, readonly string[]> = {
  'ecs:DeregisterContainerInstance': ['ecs:DescribeContainerInstances', 'ecs:ListTasks'],
  'ecs:StopTask': ['ecs:ListTasks'],
  'autoscaling:CompleteLifecycleAction': ['autoscaling:DescribeAutoScalingInstances'],
  'autoscaling:TerminateInstanceInAutoScalingGroup': ['autoscaling:DescribeAutoScalingInstances'],
};
/** An answer older than this is no longer known to be true: the longest interval, its retries, and its budget. */
const FRESH_MS = 180_000;

function onAnUnknown(host: Host, { api, at }: Request): string | undefined {
  const needed = NEEDED[api];
  if (!needed) return undefined;
  const isFresh = (source: string) => at - (host.answeredAt.get(source) ?? -Infinity) <= FRESH_MS;
  const stale = needed.find((source) => !isFresh(source));
  if (stale) return `S5: ${host.id} called ${api} without a good answer from ${stale}`;
  const decided = host.lifecycle?.startsWith('Terminat');
  if (!decided && !isFresh('imds')) return `S5: ${host.id} called ${api} while its signals were unknown`;
  return undefined;
}

function othersHook(host: Host, { api, input }: Request, { ownHooks }: Setting): string | undefined {
  if (api !== 'autoscaling:CompleteLifecycleAction' && api !== 'autoscaling:RecordLifecycleActionHeartbeat')
    return undefined;
  const hook = textIn(input, 'LifecycleHookName') ?? '';
  if (ownHooks.includes(hook)) return undefined;
  const consequence = api.endsWith('Heartbeat') ? 'was kept waiting' : 'was completed';
  return `S6: the hook ${hook}, which is not ours, ${consequence} by ${host.id}: its owner's work is broken off`;
}

function notDry(host: Host, request: Request, { dryRun }: Setting): string | undefined {
  if (!dryRun || !isMutating(request)) return undefined;
  return `dry run: ${host.id} called ${request.api}, though it was to change nothing`;
}
