import type { TimelineEvent } from '../../src/sandbox/index.ts';
import type { LogLine } from '../../test/e2e/agent-process.ts';
import { type DemoCluster, shortGroup } from './cluster.ts';
import type { EventLine } from './screen.ts';

/** An event in the cluster, for someone who sees it for the first time; undefined for what matters less. */
export function worldEventLine(demo: DemoCluster, event: TimelineEvent): EventLine | undefined {
  const { nameOf } = demo;
  switch (event.type) {
    case 'scale-in-chosen':
      return of(event.instanceId, `The group chooses this one, ${event.instanceId}, to be terminated.`);
    case 'lifecycle-state':
      return lifecycleLine(event.instanceId, event.to);
    case 'tag-put':
      return of(event.instanceId, `The tagger puts the tag ${event.key} on it.`);
    case 'container-instance':
      if (event.to === 'DRAINING')
        return of(
          event.instanceId,
          'DRAINING: ECS places nothing here and moves the service away.',
          'yellow',
        );
      if (event.to === 'INACTIVE')
        return of(event.instanceId, 'Deregistered: ECS knows this instance no more.');
      return undefined;
    case 'task':
      return taskLine(event);
    case 'task-asked-to-stop':
      return of(
        event.instanceId,
        `${shortGroup(event.group)} is asked to stop (SIGTERM) and takes its time.`,
      );
    case 'task-interrupted':
      return of(event.interruption.instanceId, `TASK INTERRUPTED: ${event.interruption.group}`, 'red');
    case 'heartbeat':
      if (event !== demo.history.find(({ type }) => type === 'heartbeat')) return undefined;
      return of(event.instanceId, 'Heartbeat: the hook waits 30 s more. Every few seconds now.');
    case 'lifecycle-action-ended':
      return of(
        event.instanceId,
        event.by === 'call'
          ? `The agent completes the lifecycle action: ${event.result}.`
          : `The lifecycle action ended by itself (${event.by}).`,
        event.by === 'call' ? 'green' : 'red',
      );
    default:
      return undefined;
  }

  function of(instanceId: string, text: string, style?: EventLine['style']): EventLine {
    return { who: nameOf(instanceId), text, ...(style && { style }) };
  }

  function lifecycleLine(instanceId: string, to: string): EventLine | undefined {
    if (to === 'Terminating:Wait')
      return of(instanceId, 'Its lifecycle hook holds that back until the agent says so.');
    if (to === 'Terminated') return of(instanceId, 'The group terminates the machine.');
    return undefined;
  }

  function taskLine({ instanceId, taskArn, group, to }: Extract<TimelineEvent, { type: 'task' }>) {
    const name = shortGroup(group);
    if (to === 'RUNNING') return of(instanceId, `${name} runs here now, in place of the one that goes.`);
    if (to !== 'STOPPED') return undefined;
    return taskArn === demo.batch.arn
      ? of(instanceId, `${name} has finished its work by itself, and STOPPED.`, 'green')
      : of(instanceId, `${name} has STOPPED.`, 'green');
  }
}

/** What only the agent knows. */
export function agentEventLine(demo: DemoCluster, instanceId: string, line: LogLine): EventLine | undefined {
  const who = demo.nameOf(instanceId);
  switch (line.event) {
    case 'drain.signalled':
      return { who, text: `The agent sees that it must go, by ${sourcesOf(line)}.` };
    case 'drain.progress':
      return {
        who,
        text: `The agent waits: ${line.tasksLeft} ${line.tasksLeft === 1 ? 'task' : 'tasks'} left.`,
      };
    case 'agent.waiting':
    case 'call.failed':
    case 'call.forbidden':
      return { who, text: `The agent says: ${line.msg}`, style: 'yellow' };
    default:
      return undefined;
  }
}

function sourcesOf({ signals }: LogLine): string {
  if (!Array.isArray(signals)) return '';
  const names: Record<string, string> = {
    tag: 'its tag',
    lifecycle: 'its lifecycle state',
  };
  return signals.map(({ source }: { source: string }) => names[source] ?? source).join(' and ');
}
