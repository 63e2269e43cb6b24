import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { toolCache } from '../support/tool-cache.ts';

const run = promisify(execFile);

export type MotoServer = { readonly url: string; stop(): Promise<void> };

/**
 * Starts moto on a free port of 127.0.0.1. Installs it first where it is not there yet. Without Python: the reason, in
 * words.
 */
export async function startMoto(): Promise<MotoServer | { missing: string }> {
  const python = await install();
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

const requirements = join(import.meta.dirname, 'requirements.txt');

async function install(): Promise<{ path: string } | { missing: string }> {
  const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(toolCache, `moto-${version}`);
  const path = join(folder, 'bin', 'python');
  const finished = join(folder, 'installed');
  if (existsSync(finished)) return { path };

  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  try {
    await run('python3', ['-m', 'venv', folder]);
  } catch (error) {
    return { missing: `moto needs Python 3 with venv and pip: ${firstLine(error)}` };
  }
  try {
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
    await run(path, pip, { maxBuffer: 10_000_000 });
  } catch (error) {
    // Where everything is meant to be at hand, a comparison that silently does not happen would be a lie.
    if (process.env.CI) throw error;
    return { missing: `moto could not be installed: ${firstLine(error)}` };
  }
  writeFileSync(finished, '');
  return { path };
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n').filter(Boolean).slice(0, 2).join(': ');
}
