import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { devNull } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Sandbox } from '../../../src/sandbox/index.ts';

const cli = fileURLToPath(new URL('../../../dist/scaler/cli.js', import.meta.url));
/** The discard port, where nothing listens. */
const NOBODY = 'http://127.0.0.1:9';

/** The real scaler, in a process of its own. */
export type ScalerProcess = {
  /** How it ended, with all that it has written. */
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
  /** Tells every line of its standard output from now on. */
  onLine(listener: (line: string) => void): void;
};

/** Starts `ecs-scaler ARGS` in an environment of nothing but what points it at the sandbox. */
export function startScaler(
  args: readonly string[],
  sandbox: Sandbox,
  environment: Readonly<Record<string, string>> = {},
): ScalerProcess {
  if (!existsSync(cli)) throw new Error(`${cli} is not there: npm run build makes it`);
  const child = spawn(process.execPath, [cli, ...args], {
    env: {
      HOME: '/nonexistent',
      PATH: process.env.PATH ?? '',
      AWS_CONFIG_FILE: devNull,
      AWS_SHARED_CREDENTIALS_FILE: devNull,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: NOBODY,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKIASCALER',
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
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const lines = createInterface({ input: child.stdout });
  return {
    ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr }))),
    signal: (name) => void child.kill(name),
    onLine: (listener) => void lines.on('line', listener),
  };
}
