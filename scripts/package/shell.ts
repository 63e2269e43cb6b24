import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of the checkout. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where downloads are kept between runs, outside the checkout. */
export function cacheDirectory(...below: string[]): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ecs-drain-agent', ...below);
}

/** Runs a command to its end and returns its stdout; a status other than 0 rejects with what it printed. */
export function run(
  command: string,
  args: readonly string[],
  { cwd = root, env = {} }: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', (cause) => reject(new Error(`${command} could not be started`, { cause })));
    child.on('close', (status, signal) => {
      const stdout = Buffer.concat(out).toString();
      if (status === 0) resolve(stdout);
      else
        reject(
          new Error(
            `${[command, ...args].join(' ')} ended with ${status ?? signal}:\n${Buffer.concat(err)}${stdout}`,
          ),
        );
    });
  });
}
