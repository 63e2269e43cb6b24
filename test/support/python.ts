import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { toolCache } from './tool-cache.ts';

const run = promisify(execFile);

/**
 * A Python with the packages of a requirements file. Installs them first where they are not there yet, apart from all
 * others. Where that cannot be done: the reason, in words.
 */
export async function pythonWith(
  name: string,
  requirements: string,
): Promise<{ path: string } | { missing: string }> {
  const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(toolCache, `${name}-${version}`);
  const path = join(folder, 'bin', 'python');
  const finished = join(folder, 'installed');
  if (existsSync(finished)) return { path };

  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  try {
    await run('python3', ['-m', 'venv', folder]);
  } catch (error) {
    return { missing: `${name} needs Python 3 with venv and pip: ${firstLine(error)}` };
  }
  try {
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
    await run(path, pip, { maxBuffer: 10_000_000 });
  } catch (error) {
    // Where everything is meant to be at hand, a comparison that silently does not happen would be a lie.
    if (process.env.CI) throw error;
    return { missing: `${name} could not be installed: ${firstLine(error)}` };
  }
  writeFileSync(finished, '');
  return { path };
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n').filter(Boolean).slice(0, 2).join(': ');
}
