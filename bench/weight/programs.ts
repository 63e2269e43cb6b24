import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UNIT_FLAGS } from '../../scripts/unit-flags.ts';
import type { Sandbox } from '../../src/sandbox/start.ts';
import { isolated } from '../../test/e2e/agent-process.ts';
import { SCALED_GROUP } from './scaled-cluster.ts';

const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Where a bench keeps what is removed at its end, and what must not outlive it. */
export type Bench = {
  readonly sandbox: Sandbox;
  /** Where ecs-scaler runs. */
  readonly scaled: Sandbox;
  readonly directory: string;
  readonly children: Set<ChildProcess>;
};

export function startBareNode(bench: Bench): ChildProcess {
  return start(bench, [...UNIT_FLAGS, '-e', 'setInterval(() => {}, 2 ** 30)'], {});
}

/** What a program on Node weighs that is run as its users run it. */
export function startNodeWithoutFlags(bench: Bench): ChildProcess {
  return start(bench, ['-e', 'setInterval(() => {}, 2 ** 30)'], {});
}

export function startNothing(bench: Bench): ChildProcess {
  return start(bench, [...UNIT_FLAGS, '-e', '0'], {});
}

export function startBarePoller(bench: Bench, instanceId: string): ChildProcess {
  return start(bench, [...UNIT_FLAGS, beside('bare-poller.mjs'), bench.sandbox.imdsUrl(instanceId)], {});
}

export function startShellPoller({ sandbox, children }: Bench, instanceId: string): ChildProcess {
  const child = spawn('sh', [beside('shell-poller.sh'), sandbox.imdsUrl(instanceId)], { stdio: 'ignore' });
  return kept(children, child);
}

/** The agent as its unit runs it, watchdog included. @param dist the build's folder */
export function startAgent(bench: Bench, dist: string, instanceId: string, options: string[] = []) {
  const stateDir = mkdtempSync(join(bench.directory, 'state-'));
  const argv = [...UNIT_FLAGS, join(dist, 'cli.js'), 'run', '--state-dir', stateDir, ...options];
  // A pipe in the place of systemd's socket.
  const watchdog = { NOTIFY_FD: '3', WATCHDOG_USEC: '30000000' };
  return start(bench, argv, { ...bench.sandbox.environment(instanceId), ...CREDENTIALS, ...watchdog });
}

/** A launcher of a job. It is run without the unit's flags, by cron or a queue's worker. */
export function startOneshot(bench: Bench, dist: string, options: string[]): ChildProcess {
  const argv = [join(dist, 'oneshot/cli.js'), 'run', '--cluster', 'batch', ...options];
  return start(bench, argv, awsOf(bench.sandbox));
}

/** @param command `run` or `once`; its units give it no flags */
export function startScaler(bench: Bench, dist: string, command: string): ChildProcess {
  const argv = [join(dist, 'scaler/cli.js'), command, '--cluster', 'batch', '--group', SCALED_GROUP];
  return start(bench, argv, awsOf(bench.scaled));
}

/**
 * aws-node-termination-handler, reading instance metadata. It insists on the files of a Kubernetes pod, which it finds in a mount
 * namespace of its own; nobody answers as Kubernetes.
 */
export function startNodeTerminationHandler(
  { sandbox, children }: Bench,
  binary: string,
  instanceId: string,
): ChildProcess {
  const pod = '/run/secrets/kubernetes.io/serviceaccount';
  const script = `mount -t tmpfs none /run && mkdir -p ${pod} && echo bench > ${pod}/token && exec "$0"`;
  const child = spawn('unshare', ['--map-root-user', '--mount', 'sh', '-c', script, resolve(binary)], {
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH ?? '',
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: '9',
      NODE_NAME: 'bench',
      POD_NAME: 'bench',
      NAMESPACE: 'bench',
      INSTANCE_METADATA_URL: sandbox.imdsUrl(instanceId),
      ENABLE_SPOT_INTERRUPTION_DRAINING: 'true',
      ENABLE_ASG_LIFECYCLE_DRAINING: 'true',
      ENABLE_SCHEDULED_EVENT_DRAINING: 'false',
    },
  });
  return kept(children, child);
}

const awsOf = ({ apiUrl }: Sandbox) => ({
  AWS_REGION: 'eu-west-1',
  AWS_ENDPOINT_URL: apiUrl,
  ...CREDENTIALS,
});

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench' };

function start({ children }: Bench, argv: string[], environment: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, argv, {
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    env: isolated(environment),
  });
  child.stdout?.resume();
  (child.stdio[3] as NodeJS.ReadableStream).resume();
  return kept(children, child);
}

function kept(children: Set<ChildProcess>, child: ChildProcess): ChildProcess {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Resolves once it has ended well. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null)
    await new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode !== 0) throw new Error(`${child.spawnargs.join(' ')} ended with ${child.exitCode}`);
}

/** Resolves once the program has written a line with this in it. Rejects if it ends before. */
export function says(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      said += piece;
      if (said.includes(text)) resolve();
    });
    child.once('exit', (code) => reject(new Error(`it ended (${code}) and had not said ${text}: ${said}`)));
  });
}
