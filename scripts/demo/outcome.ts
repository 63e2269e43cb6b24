import type { Interruption, Machine, RequestRecord, Task, TimelineEvent } from '../../src/sandbox/index.ts';
import type { Exit } from '../../test/e2e/agent-process.ts';
import type { DemoCluster } from './cluster.ts';

/** The outcome, as the simulated AWS and the operating system know it. */
export type Outcome = {
  readonly interruptions: readonly Interruption[];
  readonly history: readonly TimelineEvent[];
  /** Every AWS API request that an agent made. */
  readonly requests: readonly RequestRecord[];
  readonly chosen: Machine;
  readonly batch: Task;
  readonly runningSites: ReadonlySet<Task>;
  readonly idleMegabytes: number;
  readonly bareMegabytes: number;
  readonly exits: readonly Exit[];
  readonly strayOutput: string;
  /** Which of the promises S1 to Q2 were broken. */
  readonly broken: readonly string[];
};

export type Judged = { readonly promise: string; readonly kept: boolean; readonly found: string };

/** How soon after the last task the instance is released, in seconds. */
const RELEASE_WITHIN_S = 5;

/** Everything that the demo promises, with what was found. */
export function promises(outcome: Outcome): readonly Judged[] {
  const { interruptions, batch, chosen, history, exits, strayOutput, broken } = outcome;
  const release = secondsToRelease(outcome);
  const ended = history.find((event) => event.type === 'lifecycle-action-ended');
  const sites = [...outcome.runningSites].filter((task) => task.lastStatus === 'RUNNING');
  const idle = outcome.requests.filter(({ instanceId }) => instanceId !== chosen.id).length;
  return [
    {
      promise: 'no task is interrupted',
      kept: interruptions.length === 0,
      found: `${interruptions.length} were`,
    },
    {
      promise: 'the batch task works to its end',
      kept: batch.stopCode === 'EssentialContainerExited' && batch.containers[0]?.exitCode === 0,
      found: `it ended by ${batch.stopCode} with exit code ${batch.containers[0]?.exitCode}`,
    },
    {
      promise: `the instance is released within ${RELEASE_WITHIN_S} s of its last task's end`,
      kept: release >= 0 && release <= RELEASE_WITHIN_S,
      found: `it took ${release.toFixed(1)} s`,
    },
    {
      promise: 'the agent itself lets the group go on',
      kept: ended?.result === 'CONTINUE' && ended.by === 'call',
      found: ended ? `${ended.result} by ${ended.by}` : 'nobody did',
    },
    {
      promise: 'the service runs three tasks on the two instances that stay',
      kept: sites.length === 3 && sites.every((task) => task.containerInstance.machine.id !== chosen.id),
      found: `${sites.length} run`,
    },
    { promise: 'idle agents ask AWS nothing', kept: idle === 0, found: `they made ${idle} requests` },
    {
      promise: 'every agent ends with exit code 0 on SIGTERM',
      kept: exits.every(({ code }) => code === 0),
      found: exits.map(({ code, signal }) => signal ?? code).join(', '),
    },
    {
      promise: 'the agents write nothing but their log',
      kept: strayOutput === '',
      found: strayOutput.slice(0, 200),
    },
    {
      promise: 'nothing else that the agent promises is broken',
      kept: broken.length === 0,
      found: broken.join('; '),
    },
  ];
}

export function closingTable({ chosen, nameOf }: DemoCluster, outcome: Outcome): readonly string[] {
  const drained = outcome.requests.filter(({ instanceId }) => instanceId === chosen.id);
  const idle = outcome.requests.length - drained.length;
  const service = (name: string) => {
    const own = drained.filter(({ api }) => api.startsWith(`${name}:`));
    return [[`  ${name}`, String(own.length)] as const, ...countByApi(own)];
  };
  const rows: (readonly [string, string])[] = [
    ['tasks interrupted', String(outcome.interruptions.length)],
    ['from the last task to the release', `${secondsToRelease(outcome).toFixed(1)} s`],
    [`AWS requests of the agent on ${nameOf(chosen.id)}`, String(drained.length)],
    ...service('ecs'),
    ...service('autoscaling'),
    ...service('ec2'),
    ['AWS requests of the two other agents', String(idle)],
    [
      'memory of an idle agent',
      `${outcome.idleMegabytes.toFixed(0)} MB, ${(outcome.idleMegabytes / outcome.bareMegabytes).toFixed(2)} times that of a Node process that does nothing`,
    ],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return ['', ...rows.map(([name, value]) => `  ${name.padEnd(width)}${value}`), ''];
}

/** From the last task's STOPPED to the end of the lifecycle action; not a number where either is missing. */
function secondsToRelease({ history, chosen }: Outcome): number {
  const released = history.find((event) => event.type === 'lifecycle-action-ended');
  const last = history.findLast(
    (event) => event.type === 'task' && event.instanceId === chosen.id && event.to === 'STOPPED',
  );
  return released && last ? (released.at - last.at) / 1000 : Number.NaN;
}

function countByApi(requests: readonly RequestRecord[]): readonly (readonly [string, string])[] {
  const counts = new Map<string, number>();
  for (const { api } of requests) {
    const name = api.slice(api.indexOf(':') + 1);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => [`    ${name}`, String(count)] as const);
}
