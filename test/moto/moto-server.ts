import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pythonWith } from '../support/python.ts';

export type MotoServer = { readonly url: string; stop(): Promise<void> };

/**
 * Starts moto on a free port of 127.0.0.1. Installs it first where it is not there yet. Without Python: the reason, in
 * words.
 */
export async function startMoto(): Promise<MotoServer | { missing: string }> {
  const python = await pythonWith('moto', join(import.meta.dirname, 'requirements.txt'));
  if ('missing' in python) return python;
  const child = spawn(python.path, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      said += text;
      const match = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(said);
      if (match?.[1]) resolve(match[1]);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`moto ended with ${code}: ${said.slice(-2000)}`)));
  });
  return {
    url,
    stop: async () => {
      child.kill();
      await exited;
    },
  };
}
