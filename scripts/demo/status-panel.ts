import type { Machine, Task } from '../../src/sandbox/world/state.ts';
import { type DemoCluster, shortGroup } from './cluster.ts';
import type { Line, Style } from './screen.ts';

/** The cluster as it is now: a line for each instance. */
export function statusPanel(demo: DemoCluster, now: number): readonly Line[] {
  return [
    [['   instance in the group  in ECS     tasks on it', 'dim']],
    ...demo.machines.map((machine) => machineLine(demo, machine, now)),
  ];
}

function machineLine(demo: DemoCluster, machine: Machine, now: number): Line {
  const name: Line = [[`   ${demo.nameOf(machine.id).padEnd(9)}`, 'cyan']];
  if (machine.state === 'terminated') return [...name, ['terminated, with no task on it', 'dim']];
  const state = machine.member?.state ?? 'terminated';
  const status = machine.ecsAgent.containerInstance?.status ?? '';
  const tasks = machine.ecsAgent.tasks.filter(({ lastStatus }) => lastStatus !== 'STOPPED');
  return [
    ...name,
    [state.padEnd(14), state === 'InService' ? 'green' : 'yellow'],
    [
      (status === 'INACTIVE' ? 'gone' : status).padEnd(11),
      status === 'ACTIVE' ? 'green' : status === 'DRAINING' ? 'yellow' : 'dim',
    ],
    ...(tasks.length === 0 ? [['none', 'dim'] as const] : tasks.map((task) => taskPart(task, now))),
  ];
}

function taskPart(task: Task, now: number): readonly [string, Style] {
  const { lastStatus, startedAt, behaviour } = task;
  const endsAt = startedAt === undefined ? undefined : startedAt + (behaviour.runsForMs ?? Infinity);
  const left =
    lastStatus === 'RUNNING' && endsAt !== undefined && endsAt < Infinity
      ? `, ${Math.max(0, Math.ceil((endsAt - now) / 1000))} s of work left`
      : '';
  return [
    `${shortGroup(task.group)} (${lastStatus}${left})  `,
    lastStatus === 'RUNNING' ? 'plain' : 'yellow',
  ];
}
