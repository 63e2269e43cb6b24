import type { Machine, Task } from '../../src/sandbox/index.ts';
import { type DemoCluster, shortGroup } from './cluster.ts';
import type { Line, Style } from './screen.ts';

/** The cluster as it is now: a line for each instance. */
export function statusPanel(demo: DemoCluster, now: number): readonly Line[] {
  return [
    [['     in the group      in ECS    its tasks', 'dim']],
    ...demo.machines.map((machine) => machineLine(demo, machine, now)),
  ];
}

function machineLine(demo: DemoCluster, machine: Machine, now: number): Line {
  const name: Line = [[`   ${demo.nameOf(machine.id).padEnd(2)}`, 'cyan']];
  if (machine.state === 'terminated') return [...name, ['terminated', 'dim']];
  const state = machine.member?.state ?? 'terminated';
  const status = machine.ecsAgent.containerInstance?.status ?? '';
  const tasks = machine.ecsAgent.tasks.filter(({ lastStatus }) => lastStatus !== 'STOPPED');
  return [
    ...name,
    [state.padEnd(18), state === 'InService' ? 'green' : 'yellow'],
    [
      (status === 'INACTIVE' ? 'gone' : status).padEnd(10),
      status === 'ACTIVE' ? 'green' : status === 'DRAINING' ? 'yellow' : 'dim',
    ],
    ...(tasks.length === 0 ? [['none', 'dim'] as const] : tasks.map((task) => taskPart(task, now))),
  ];
}

function taskPart(task: Task, now: number): readonly [string, Style] {
  const name = shortGroup(task.group);
  if (task.lastStatus !== 'RUNNING') return [`${name} ${task.lastStatus}  `, 'yellow'];
  const { startedAt, behaviour } = task;
  if (startedAt === undefined || behaviour.runsForMs === undefined) return [`${name}  `, 'plain'];
  const left = Math.max(0, Math.ceil((startedAt + behaviour.runsForMs - now) / 1000));
  return [`${name} (${left} s to go)  `, 'plain'];
}
