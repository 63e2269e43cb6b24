import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { devNull } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../../src/base/clock.ts';
import {
  createFleet,
  type Fault,
  type Fleet,
  type Sandbox,
  startSandbox,
} from '../../../src/sandbox/index.ts';

const cli = fileURLToPath(new URL('../../../dist/oneshot/cli.js', import.meta.url));
/** The discard port, where nothing listens. */
const NOBODY = 'http://127.0.0.1:9';

/** The real launcher, in a process of its own. */
export type OneshotProcess = {
  /** How it ended, with all that it has written. */
  readonly ended: Promise<Ended>;
  signal(name: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): void;
  /** Tells every line of its standard error from now on. */
  onLine(listener: (line: string) => void): void;
  /** The same of its standard output, which is the container's log. */
  onOutput(listener: (line: string) => void): void;
};

export type Ended = {
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly lastLine: string;
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
  if (!existsSync(cli)) throw new Error(`${cli} is not there: npm run build makes it`);
  const child = spawn(process.execPath, [cli, ...args], {
    env: {
      HOME: '/nonexistent',
      PATH: process.env.PATH ?? '',
      LANG: 'C',
      AWS_CONFIG_FILE: devNull,
      AWS_SHARED_CREDENTIALS_FILE: devNull,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: NOBODY,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'example',
      AWS_ENDPOINT_URL: sandbox.apiUrl,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const lines = createInterface({ input: child.stderr });
  const output = createInterface({ input: child.stdout });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return {
    ended: new Promise((resolve) =>
      child.once('close', (code, killedBy) =>
        resolve({ code, killedBy, stdout, stderr, lastLine: stderr.trimEnd().split('\n').at(-1) ?? '' }),
      ),
    ),
    signal: (name) => void child.kill(name),
    onLine: (listener) => void lines.on('line', listener),
    onOutput: (listener) => void output.on('line', listener),
  };
}

/** Resolves when a request to this API has been answered so many times. */
export function requested(fleet: Fleet, api: string, times = 1): Promise<void> {
  return until(
    fleet,
    () => (fleet.world.requestLog.entries ?? []).filter((one) => one.api === api).length >= times,
  );
}

/** Resolves when a request has met this fault. */
export async function hit(fault: Fault): Promise<void> {
  while (fault.hits === 0) await new Promise((resolve) => setTimeout(resolve, 10));
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
