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
export function jobsTable({ fleet, states }: JobsCluster, seconds: number): readonly string[] {
  const requests = (fleet.world.requestLog.entries ?? []).filter(
    ({ accessKeyId }) => accessKeyId === 'AKIAEXAMPLE',
  );
  const rows: (readonly [string, string])[] = [
    ...jobs.map(
      ({ name, code }) => [name, `exit code ${states.get(name)?.code}, its container's ${code}`] as const,
    ),
    ['tasks interrupted', String(fleet.world.interruptions.length)],
    ['instances launched', String(fleet.world.machines.size)],
    ['AWS requests of the launchers', String(requests.length)],
    ['all of it took', `${seconds.toFixed(0)} s`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return ['', ...rows.map(([name, value]) => `  ${name.padEnd(width)}${value}`), ''];
}
