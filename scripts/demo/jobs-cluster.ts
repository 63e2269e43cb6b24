import type { Clock } from '../../src/base/clock.ts';
import { keyNames } from '../../src/oneshot/keys.ts';
import { createFleet, type Fleet, type TimelineEvent } from '../../src/sandbox/index.ts';
import type { EventLine } from './screen.ts';

export type Job = {
  readonly name: string;
  readonly script: string;
  /** What its container exits with. */
  readonly code: number;
  readonly launcherDies?: boolean;
};

export const jobs: readonly Job[] = [
  { name: 'nightly-report', script: 'sleep 3; echo 1204 rows written; sleep 3; exit 0', code: 0 },
  { name: 'import-orders', script: 'sleep 9; exit 0', code: 0, launcherDies: true },
  { name: 'rebuild-index', script: 'sleep 4; echo the index is locked; exit 3', code: 3 },
  { name: 'resize-images', script: 'sleep 4; oom', code: 137 },
  { name: 'archive', script: 'sleep 14; exit 0', code: 0 },
  { name: 'send-mails', script: 'sleep 3; echo 17 mails sent; exit 0', code: 0 },
];

/** An empty cluster with a group that can launch four instances, a demand queue, and what became of each job. */
export type JobsCluster = {
  readonly fleet: Fleet;
  says(job: Job, text: string): void;
  ended(job: Job, code: number | null): void;
  /** How each job is, in its launcher's words, and how it ended. */
  readonly states: ReadonlyMap<string, { readonly text: string; readonly code?: number | null }>;
  /** Resolves when the job's task runs. */
  running(job: Job): Promise<void>;
  /** Resolves when every instance that was launched has been terminated. */
  allGone(): Promise<void>;
  /** The demand queue, as a program reaches it. */
  queueUrl(apiUrl: string): string;
  /** A line of the scaler's, with the instances' short names. */
  withNames(line: string): string;
  /** A line of the scaler's. */
  scaled(line: string): void;
  /** How long instances were there, all together, in ms. */
  instanceTime(now: number): number;
  lineOf(event: TimelineEvent): EventLine | undefined;
  /** What is not as it should be, one line each. */
  problems(): readonly string[];
};

const BOOT_MS = 2_500;

export function createJobsCluster(clock: Clock): JobsCluster {
  const fleet = createFleet({
    clock,
    clusterName: 'batch',
    groupOptions: { name: 'workers', maxSize: 4 },
    hooks: [{ name: 'drain', heartbeatTimeout: 30 }],
    timings: { pending: 500, deprovisioning: 300, agentReportLag: 300, terminatingToWait: 500 },
  });
  // What the group's launch template names: three jobs fit.
  fleet.world.instanceTypes.set('m6i.large', { vCpus: 3, memory: 8192, gpus: 0 });
  fleet.group.launch = () =>
    fleet.addInstance({ cpu: 3072, memory: 8192, ecsAgentAfter: BOOT_MS, metadataTags: true });
  fleet.world.call('ecs:RegisterTaskDefinition', {
    family: 'job',
    containerDefinitions: [
      {
        name: 'main',
        image: 'busybox',
        cpu: 1024,
        memory: 1024,
        logConfiguration: {
          logDriver: 'awslogs',
          options: { 'awslogs-group': '/jobs', 'awslogs-stream-prefix': 'demo' },
        },
      },
    ],
  });
  const states = new Map<string, { text: string; code?: number | null }>();
  const tasksOf = ({ name }: Job) => {
    const { startedBy } = keyNames(fleet.cluster.name, name);
    return [...fleet.cluster.tasks.values()].filter((task) => task.startedBy === startedBy);
  };
  const nameOf = (instanceId: string) => 'ABCD'[[...fleet.world.machines.keys()].indexOf(instanceId)] ?? '?';
  const queue = fleet.world.call('sqs:CreateQueue', { QueueName: 'demand' }).QueueUrl ?? '';
  const scalings: string[] = [];
  const goneAt = new Map<string, number>();
  fleet.world.onEvent((event) => {
    if (event.type === 'machine-terminated') goneAt.set(event.instanceId, event.at);
  });
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve) => {
      const stop = fleet.world.onEvent(() => {
        if (!holds()) return;
        stop();
        resolve();
      });
    });
  return {
    fleet,
    states,
    says: (job, text) => void states.set(job.name, { ...states.get(job.name), text }),
    ended: (job, code) => void states.set(job.name, { text: states.get(job.name)?.text ?? '', code }),
    running: (job) => until(() => tasksOf(job).some(({ lastStatus }) => lastStatus === 'RUNNING')),
    allGone: () =>
      until(() => [...fleet.world.machines.values()].every(({ state }) => state === 'terminated')),
    queueUrl: (apiUrl) => `${apiUrl}${new URL(queue).pathname}`,
    withNames: (line) =>
      line.replaceAll(/i-[0-9a-f]{17}/g, nameOf).replaceAll(/ until \d{4}-[\d:T.-]+Z/g, ''),
    scaled: (line) => void scalings.push(line),
    instanceTime: (now) =>
      [...fleet.world.machines.values()].reduce(
        (sum, { id, launchedAt }) => sum + (goneAt.get(id) ?? now) - launchedAt,
        0,
      ),
    lineOf: (event) => {
      switch (event.type) {
        case 'machine-launched':
          return { who: nameOf(event.instanceId), text: 'The group launches an instance.' };
        case 'container-instance':
          return { who: nameOf(event.instanceId), text: `Its container instance is ${event.to}.` };
        case 'lifecycle-action-ended':
          return {
            who: nameOf(event.instanceId),
            text: `The agent completes the lifecycle action with ${event.result}.`,
          };
        case 'machine-terminated':
          return { who: nameOf(event.instanceId), text: 'The instance is terminated.', style: 'green' };
        case 'task-interrupted':
          return { who: nameOf(event.interruption.instanceId), text: 'A task is interrupted.', style: 'red' };
        default:
          return undefined;
      }
    },
    problems: () => [
      ...jobs.flatMap((job) => {
        const code = states.get(job.name)?.code;
        return code === job.code ? [] : [`${job.name} exits with ${job.code}, and its launcher with ${code}`];
      }),
      ...jobs.flatMap((job) => {
        const { length } = tasksOf(job);
        return length === 1 ? [] : [`${job.name} was started ${length} times`];
      }),
      ...['launch', 'cordon', 'terminate']
        .filter((what) => !scalings.some((line) => line.startsWith(what)))
        .map((what) => `the scaler has not said that it would ${what}`),
      ...fleet.world.interruptions.map(({ taskArn }) => `${taskArn} was interrupted`),
      ...[...fleet.world.machines.values()]
        .filter(({ state }) => state !== 'terminated')
        .map(({ id }) => `${id} is still there`),
    ],
  };
}
