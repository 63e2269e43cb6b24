import { isoTime } from '../base/clock.ts';
import { formatDuration } from '../base/duration.ts';
import { clip, printable } from '../base/text.ts';
import type { TimelineEvent } from './world/timeline.ts';

/** One event as a line for people: `03:04:05.250  i-0abc…  DRAINING (was ACTIVE)`. */
export function timelineLine(event: TimelineEvent): string {
  const time = isoTime(event.at).slice(11, 23);
  const { subject, text } = tell(event);
  // Somebody else chose parts of it.
  return printable(clip(`${time}  ${subject.padEnd(20)}  ${text}`, 600));
}

/** Whether an event is a step on the way only: a story for people may leave it out. */
export function isDetail(event: TimelineEvent): boolean {
  if (event.type === 'task') return event.to !== 'RUNNING' && event.to !== 'STOPPED';
  return DETAILS.has(event.type);
}

const DETAILS: ReadonlySet<string> = new Set([
  'lifecycle-event',
  'target-state',
  'imds',
  'hook-put',
  'tag-shown',
  'task-containers',
]);

function tell(event: TimelineEvent): { subject: string; text: string } {
  switch (event.type) {
    case 'machine-launched':
      return { subject: event.instanceId, text: `launched${event.group ? ` in ${event.group}` : ''}` };
    case 'machine-shutting-down':
      return { subject: event.instanceId, text: `machine goes: ${event.cause}` };
    case 'machine-terminated':
      return { subject: event.instanceId, text: 'machine terminated' };
    case 'machine-rebooted':
      return { subject: event.instanceId, text: 'machine reboots' };
    case 'tag-put':
      return { subject: event.instanceId, text: `tag put: ${event.key} = ${event.value}` };
    case 'tag-removed':
      return { subject: event.instanceId, text: `tag removed: ${event.key}` };
    case 'scale-in-chosen':
      return { subject: event.instanceId, text: `chosen for termination by ${event.group}: ${event.cause}` };
    case 'lifecycle-state':
      return { subject: event.instanceId, text: `lifecycle ${moved(event)}` };
    case 'target-state':
      return { subject: event.instanceId, text: `metadata: target lifecycle state ${event.to ?? 'none'}` };
    case 'root-volume-exchanged':
      return { subject: event.instanceId, text: 'root volume exchanged: starts from the new one' };
    case 'lifecycle-event':
      return {
        subject: event.event.detail.EC2InstanceId,
        text: `lifecycle event delivered for the hook ${event.event.detail.LifecycleHookName}`,
      };
    case 'heartbeat':
      return {
        subject: event.instanceId,
        text: `heartbeat for the hook ${event.hook}: ${formatDuration(event.timesOutAt - event.at)} more`,
      };
    case 'lifecycle-action-ended':
      return {
        subject: event.instanceId,
        text: `lifecycle action of the hook ${event.hook} ended: ${event.result} (${event.by})`,
      };
    case 'container-instance':
      return { subject: event.instanceId, text: `container instance ${moved(event)}` };
    case 'task':
      return { subject: event.instanceId, text: `${taskName(event)} ${moved(event)}` };
    case 'task-containers':
      return {
        subject: event.instanceId,
        text: `containers of ${taskName({ group: '', ...event })} ${event.to}`,
      };
    case 'task-asked-to-stop':
      return {
        subject: event.instanceId,
        text: `${taskName(event)} is asked to stop: ${event.reason}`,
      };
    case 'task-interrupted':
      return {
        subject: event.interruption.instanceId,
        text: `TASK INTERRUPTED: ${taskName(event.interruption)} was ${event.interruption.lastStatus}: ${event.interruption.cause}`,
      };
    case 'service-event':
      return { subject: event.service, text: event.message };
    case 'spot-interruption-over':
      return { subject: event.instanceId, text: 'the Spot interruption is over' };
    case 'spot-interruption':
      return {
        subject: event.instanceId,
        text: `Spot interruption: ${event.action} at ${isoTime(event.time)}`,
      };
    case 'rebalance-recommendation':
      return { subject: event.instanceId, text: 'rebalance recommendation' };
    case 'machine-hibernated':
      return { subject: event.instanceId, text: `hibernates for ${formatDuration(event.forMs)}` };
    case 'machine-stopped':
      return { subject: event.instanceId, text: `is stopped for ${formatDuration(event.forMs)}` };
    case 'machine-started':
      return { subject: event.instanceId, text: 'is started again' };
    case 'machine-resumed':
      return { subject: event.instanceId, text: 'goes on after its hibernation' };
    case 'agent-connected':
      return {
        subject: event.instanceId,
        text: event.to ? 'ECS agent connected' : 'ECS has lost the connection to its agent',
      };
    case 'event-scheduled':
      return { subject: event.instanceId, text: `scheduled: ${event.code} at ${isoTime(event.notBefore)}` };
    case 'event-unscheduled':
      return { subject: event.instanceId, text: `no longer scheduled: ${event.code}` };
    case 'hook-put':
      return {
        subject: event.group,
        text: `hook ${event.hook}: ${event.defaultResult} after ${formatDuration(event.heartbeatTimeout)} without a heartbeat`,
      };
    case 'retention':
      return {
        subject: event.group,
        text: event.to ? 'retains abandoned instances' : 'retains no abandoned instance',
      };
    case 'tag-shown':
      return {
        subject: event.instanceId,
        text: `metadata shows the tag ${event.key}${event.value === undefined ? ' no longer' : ''}`,
      };
    case 'task-lost':
      return { subject: event.instanceId, text: `${taskName(event)} is lost to ECS, and runs on` };
    case 'hook-deleted':
      return { subject: event.group, text: `hook ${event.hook} deleted` };
    case 'imds':
      return { subject: event.instanceId, text: 'metadata service answers' };
    case 'ecs-agent':
      return { subject: event.instanceId, text: `ECS agent ${event.to}` };
  }
}

function moved({ from, to }: { from?: string | undefined; to: string }): string {
  return from === undefined ? to : `${from} → ${to}`;
}

function taskName({ group, taskArn }: { group: string; taskArn: string }): string {
  return `task ${group} ${taskArn.slice(taskArn.lastIndexOf('/') + 1).slice(0, 8)}`;
}
