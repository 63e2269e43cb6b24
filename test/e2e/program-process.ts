import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Sandbox } from '../../src/sandbox/index.ts';

/** A real process, and what comes from it. */
export type RunningProcess = {
  /** How it ended, with all that it has written. */
  readonly ended: Promise<Ended>;
  signal(name: NodeJS.Signals): void;
  /** Whoever reads what it writes has gone, as `| head` does. */
  stopReading(): void;
  /** Tells every line of its standard output from now on. */
  onOutput(listener: (line: string) => void): void;
  /** The same of its standard error. */
  onError(listener: (line: string) => void): void;
};

export type Ended = {
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** The discard port, where nothing listens. */
const NOBODY = 'http://127.0.0.1:9';

/**
 * Starts a program beside the agent in an environment of nothing but this and what points it at the sandbox.
 *
 * @param folder where it is installed
 */
export function startProgram(
  program: 'oneshot' | 'scaler',
  args: readonly string[],
  sandbox: Sandbox,
  environment: Readonly<Record<string, string>>,
  folder = builtFolder(program),
): RunningProcess {
  const cli = join(folder, 'cli.js');
  if (!existsSync(cli)) throw new Error(`${cli} is not there: npm run build makes it`);
  const env = {
    HOME: '/nonexistent',
    PATH: process.env.PATH ?? '',
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: NOBODY,
    AWS_REGION: 'eu-west-1',
    AWS_SECRET_ACCESS_KEY: 'example',
    AWS_ENDPOINT_URL: sandbox.apiUrl,
    ...environment,
  };
  return follow(spawn(process.execPath, [cli, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** Where `npm run build` puts a program. */
export const builtFolder = (program: 'oneshot' | 'scaler'): string =>
  fileURLToPath(new URL(`../../dist/${program}/`, import.meta.url));

/** Keeps what a process writes. */
export function follow(child: ChildProcessByStdio<null, Readable, Readable>): RunningProcess {
  const written = { stdout: '', stderr: '' };
  const linesOf = (name: 'stdout' | 'stderr') => {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text;
    });
    return createInterface({ input: child[name] });
  };
  const [output, errors] = [linesOf('stdout'), linesOf('stderr')];
  return {
    ended: new Promise((resolve) =>
      child.once('close', (code, killedBy) => resolve({ code, killedBy, ...written })),
    ),
    signal: (name) => void child.kill(name),
    stopReading: () => {
      child.stdout.destroy();
      child.stderr.destroy();
    },
    onOutput: (listener) => void output.on('line', listener),
    onError: (listener) => void errors.on('line', listener),
  };
}
