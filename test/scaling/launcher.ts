import { demandMessage } from '../../src/base/demand.ts';
import { startedByOf } from '../../src/base/keys.ts';
import type { JobPlan } from './plan.ts';
import type { Stage } from './stage.ts';

/** A job from its launcher's first try on. Times are in ms since the Unix epoch. */
export type JobRecord = {
  readonly plan: JobPlan;
  readonly key: string;
  readonly since: number;
  /** Undefined while it waits for room. */
  startedAt: number | undefined;
};

const TRY_AGAIN_MS = { least: 4_000, most: 15_000 };
const SAY_EVERY_MS = 10_000;
export const JOB_MEMORY = 256;
/** The family of jobs of the network mode awsvpc. */
export const OWN_NETWORK_JOB = 'job-awsvpc';
/** In each zone. */
const SUBNETS = ['subnet-a', 'subnet-b', 'subnet-c'];

/** Does what a launcher with a demand queue does: it tries, says what it needs while there is no room, and tries again. */
export async function launchJob(stage: Stage, job: JobRecord): Promise<void> {
  const { clock, random, asLauncher, fleet } = stage;
  const cluster = fleet.cluster.name;
  const { networkInterfaces } = job.plan;
  let saidAt = -Infinity;
  for (let attempt = 0; ; attempt++) {
    const tasks = await start(attempt);
    if (tasks > 0) {
      job.startedAt = clock.trueNow();
      return;
    }
    if (clock.trueNow() - saidAt >= SAY_EVERY_MS) {
      saidAt = clock.trueNow();
      await say();
    }
    await clock.sleep(random.integer(TRY_AGAIN_MS.least, TRY_AGAIN_MS.most));
  }

  async function start(attempt: number): Promise<number> {
    try {
      const { tasks = [] } = await asLauncher('ecs:RunTask', {
        cluster,
        taskDefinition: networkInterfaces > 0 ? OWN_NETWORK_JOB : 'job',
        ...(networkInterfaces > 0 && { networkConfiguration: { awsvpcConfiguration: { subnets: SUBNETS } } }),
        clientToken: `${job.key}-${attempt}`,
        startedBy: startedByOf(cluster, job.key),
        placementStrategy: [{ type: 'binpack', field: 'cpu' }],
        overrides: {
          cpu: String(job.plan.cpu),
          containerOverrides: [{ name: 'main', command: ['sleep', String(job.plan.runMs / 1_000)] }],
        },
      });
      return tasks.length;
    } catch {
      // An empty cluster is an error.
      return 0;
    }
  }

  async function say(): Promise<void> {
    const { cpu } = job.plan;
    const needs = { cpu, memory: JOB_MEMORY, gpu: 0, networkInterfaces, ports: [], constraints: [] };
    const demand = { cluster, group: fleet.group.name, key: job.key, since: job.since, ...needs };
    try {
      await asLauncher('sqs:SendMessage', { QueueUrl: stage.queueUrl, MessageBody: demandMessage(demand) });
    } catch {
      // Said again in ten seconds.
    }
  }
}
