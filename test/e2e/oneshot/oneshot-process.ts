import assert from 'node:assert/strict';
import { systemClock } from '../../../src/base/clock.ts';
import {
  createFleet,
  type Fault,
  type Fleet,
  type Sandbox,
  startSandbox,
} from '../../../src/sandbox/index.ts';
import { type Ended, type RunningProcess, startProgram } from '../program-process.ts';

/** The real launcher, in a process of its own. */
export type OneshotProcess = Omit<RunningProcess, 'ended' | 'onError'> & {
  /** How it ended, with all that it has written. */
  readonly ended: Promise<Ended & { readonly lastLine: string }>;
  /** Tells every line of its standard error from now on; standard output is the container's log. */
  onLine(listener: (line: string) => void): void;
};

/** A cluster named `batch` with one task definition, `job`, and one instance with room for two of it. */
export async function startCluster(instances = 1): Promise<{ fleet: Fleet; sandbox: Sandbox }> {
  const fleet = createFleet({
    clock: systemClock,
    clusterName: 'batch',
    timings: { pending: 100, deprovisioning: 100, stopTimeout: 2_000, hostLossNoticed: 1_000 },
  });
  for (let index = 0; index < instances; index++) fleet.addInstance({ cpu: 2048, memory: 4096 });
  for (const [family, image] of [
    ['job', 'busybox'],
    ['gone', 'missing/image:1'],
  ] as const) {
    fleet.world.call('ecs:RegisterTaskDefinition', {
      family,
      containerDefinitions: [{ name: 'main', image, cpu: 1024, memory: 1024 }],
    });
  }
  for (const [family, isEssential, script] of [
    // One that would go on for ever beside it, and one that ends the task.
    ['attended', false, 'sleep 100000'],
    ['paired', true, 'sleep 1; exit 9'],
  ] as const) {
    fleet.world.call('ecs:RegisterTaskDefinition', {
      family,
      containerDefinitions: [
        {
          name: 'proxy',
          image: 'busybox',
          memory: 64,
          essential: isEssential,
          command: ['sh', '-c', script],
        },
        { name: 'main', image: 'busybox', cpu: 256, memory: 256 },
      ],
    });
  }
  fleet.world.call('ecs:RegisterTaskDefinition', {
    family: 'networked',
    networkMode: 'awsvpc',
    containerDefinitions: [{ name: 'main', image: 'busybox', cpu: 256, memory: 256 }],
  });
  fleet.world.call('ecs:RegisterTaskDefinition', {
    family: 'logging',
    containerDefinitions: [
      {
        name: 'main',
        image: 'busybox',
        cpu: 1024,
        memory: 1024,
        logConfiguration: {
          logDriver: 'awslogs',
          options: { 'awslogs-group': '/jobs', 'awslogs-stream-prefix': 'nightly' },
        },
      },
    ],
  });
  return { fleet, sandbox: await startSandbox(fleet, { clock: systemClock }) };
}

/** Starts `ecs-oneshot ARGS` in an environment of nothing but HOME, PATH and LANG, and what points it at the sandbox. */
export function startOneshot(
  args: readonly string[],
  sandbox: Sandbox,
  environment: Readonly<Record<string, string>> = {},
): OneshotProcess {
  const launcher = startProgram('oneshot', args, sandbox, {
    LANG: 'C',
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
    ...environment,
  });
  return {
    ended: launcher.ended.then((ended) => ({
      ...ended,
      lastLine: ended.stderr.trimEnd().split('\n').at(-1) ?? '',
    })),
    signal: launcher.signal,
    stopReading: launcher.stopReading,
    onLine: launcher.onError,
    onOutput: launcher.onOutput,
  };
}

/** Resolves when a request to this API has been answered so many times. */
export function requested(fleet: Fleet, api: string, times = 1): Promise<void> {
  return until(
    fleet,
    () => (fleet.world.requestLog.entries ?? []).filter((one) => one.api === api).length >= times,
  );
}

/** Resolves when a request has met this fault; rejects where the launcher has ended before that. */
export async function hit(fault: Fault, launcher?: OneshotProcess): Promise<void> {
  let ended: Ended | undefined;
  void launcher?.ended.then((how) => {
    ended = how;
  });
  while (fault.hits === 0) {
    assert.equal(ended, undefined, `it ended before it asked: ${ended?.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Resolves when a task runs. */
export function running(fleet: Fleet): Promise<void> {
  return until(fleet, () =>
    [...fleet.cluster.tasks.values()].some(({ lastStatus }) => lastStatus === 'RUNNING'),
  );
}

/** Resolves when so many tasks were ever started. */
export function started(fleet: Fleet, count: number): Promise<void> {
  return until(fleet, () => startedTasks(fleet) >= count);
}

/** How many tasks were ever started. */
export const startedTasks = (fleet: Fleet): number =>
  [...fleet.world.machines.values()].reduce((sum, { placed }) => sum + placed.length, 0);

async function until(fleet: Fleet, holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    fleet.world.advance(Date.now());
  }
}
