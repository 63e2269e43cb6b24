import { type JobsCluster, jobs } from './jobs-cluster.ts';
import type { Line } from './screen.ts';

/** Each job, and what its launcher says of it now. */
export function jobsPanel({ states }: JobsCluster): readonly Line[] {
  return jobs.map(({ name, code }) => {
    const state = states.get(name);
    const hasEnded = state?.code !== undefined;
    const style = !hasEnded ? 'yellow' : state.code === code ? 'green' : 'red';
    return [
      [`  ${name.padEnd(16)}`, 'bold'],
      [(state?.text ?? 'not started yet').replace(/ \(task arn.*\)$/, ''), style],
    ] as const;
  });
}

/** What is left to say at the end. */
export function jobsTable({ fleet, states, instanceTime }: JobsCluster, seconds: number): readonly string[] {
  const requestsOf = (accessKeyId: string) =>
    (fleet.world.requestLog.entries ?? []).filter((one) => one.accessKeyId === accessKeyId).length;
  const machines = fleet.world.machines.size;
  const rows: (readonly [string, string])[] = [
    ...jobs.map(
      ({ name, code }) => [name, `exit code ${states.get(name)?.code}, its container's ${code}`] as const,
    ),
    ['tasks interrupted', String(fleet.world.interruptions.length)],
    ['instances launched', String(machines)],
    ['instance time', `${(instanceTime(Date.now()) / 60_000).toFixed(1)} min`],
    [
      'by the hourly formula',
      `${machines * 60} min: what is launched stays until its first look, an hour later`,
    ],
    ['AWS requests of the launchers', String(requestsOf('AKIAEXAMPLE'))],
    ['AWS requests of the scaler', String(requestsOf('AKIASCALER'))],
    ['all of it took', `${seconds.toFixed(0)} s`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return ['', ...rows.map(([name, value]) => `  ${name.padEnd(width)}${value}`), ''];
}
