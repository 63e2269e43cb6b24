import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { root, run } from './package/shell.ts';

export type ContextOptions = {
  /** Where the tarballs are, and where the context goes. */
  readonly outdir: string;
  readonly version: string;
  readonly architectures: readonly ('x64' | 'arm64')[];
};

/** What the tarballs' architectures are called in images. */
const IN_IMAGES = { x64: 'amd64', arm64: 'arm64' } as const;

/** Lays out the directory in which container/Dockerfile is built, from the tarballs of `npm run package`. Returns its path. */
export async function layOutContext({ outdir, version, architectures }: ContextOptions): Promise<string> {
  const context = join(outdir, 'container');
  await rm(context, { recursive: true, force: true });
  // COPY makes the agent's state directory from it.
  await mkdir(join(context, 'state'), { recursive: true });
  for (const architecture of architectures) {
    const tarball = join(outdir, `ecs-drain-agent-${version}-linux-${architecture}.tar.gz`);
    await checkSum(tarball);
    const tree = join(context, IN_IMAGES[architecture]);
    await mkdir(tree);
    await run('tar', ['-xzf', tarball, '--strip-components=1', '--no-same-owner', `--directory=${tree}`]);
    // For a host with systemd and a shell only.
    for (const file of [
      'install.sh',
      'SHA256SUMS',
      'bin/connect-notify',
      'bin/ecs-drain-agent',
      'bin/restart-delay',
      'share/ecs-drain-agent.service',
    ])
      await rm(join(tree, file), { force: true });
  }
  await cp(join(root, 'container/Dockerfile'), join(context, 'Dockerfile'));
  return context;
}

async function checkSum(file: string): Promise<void> {
  const expected = (await readFile(`${file}.sha256`, 'utf8')).split(' ')[0];
  const found = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  if (found !== expected)
    throw new Error(`${file} differs from its checksum: build it anew with npm run package`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      arch: { type: 'string', multiple: true, default: ['x64', 'arm64'] },
      outdir: { type: 'string', default: join(root, 'out') },
    },
  });
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const context = await layOutContext({
    outdir: values.outdir,
    version,
    architectures: values.arch as ContextOptions['architectures'],
  });
  const shown = relative(process.cwd(), context);
  console.log(`${shown}\nBuild it, for example: docker build --tag ecs-drain-agent:${version} ${shown}`);
}
