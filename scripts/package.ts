import { chmod, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeCodeCache } from './build/code-cache.ts';
import { MAIN } from './build/scripts.ts';
import { bundle } from './build.ts';
import { agentConf } from './package/agent-conf.ts';
import { sha256, writeChecksum } from './package/checksum.ts';
import { addShellFiles } from './package/command-line.ts';
import { buildConnectNotify, goLicence } from './package/connect-notify.ts';
import { licenceText } from './package/licences.ts';
import { nfpm } from './package/nfpm.ts';
import { type Program, type ProgramName, programs } from './package/programs.ts';
import { type Architecture, unpackRuntime } from './package/runtime.ts';
import { runtimeComponents, sbom } from './package/sbom.ts';
import { type Format, type Selection, selection, USAGE } from './package/selection.ts';
import { root, run } from './package/shell.ts';
import { functionNames, writeFunction } from './package-lambda.ts';

export type PackageOptions = {
  /** Which program; the agent unless told. */
  readonly program?: ProgramName;
  readonly architectures: readonly Architecture[];
  /** Where the artifacts go. */
  readonly outdir: string;
  readonly formats: readonly Format[];
};

/** Builds the artifacts and returns their paths. The same commit gives the same bytes. */
export async function buildPackages({
  program: programName = 'ecs-drain-agent',
  architectures,
  formats,
  ...options
}: PackageOptions): Promise<string[]> {
  const program: Program = programs[programName];
  const outdir = resolve(options.outdir);
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const commitTime = Number(
    process.env.SOURCE_DATE_EPOCH ?? (await run('git', ['log', '-1', '--format=%ct'])),
  );
  const work = join(outdir, `.work-${process.pid}`);
  await mkdir(work, { recursive: true });
  const artifacts: string[] = [];
  try {
    const dist = join(work, 'dist');
    const metafile = await bundle(join(root, program.entry), dist);
    for (const architecture of architectures) {
      const name = `${program.name}-${version}-linux-${architecture}`;
      const tree = join(work, name);
      await layOut(tree, dist, program, architecture);
      await addShellFiles(tree, program.commandLine, version);
      if (program.isService) await addService(tree, architecture);
      // Of the other architecture the binary does not run here: without the cache, it only starts more slowly.
      if (program.isService && architecture === process.arch)
        await writeCodeCache(join(tree, 'lib', MAIN), join(tree, 'bin/node'));
      const licences = await licenceText(metafile, program.name);
      await writeFile(join(tree, 'share/THIRD-PARTY-LICENSES.txt'), licences);
      const others = await runtimeComponents(architecture, join(tree, 'bin/node'), program.isService);
      const bom = await sbom({ name: program.name, metafile, others, commitTime });
      await writeFile(join(tree, 'share/sbom.cdx.json'), bom);
      await setModes(tree);
      if (formats.includes('tar.gz')) {
        await writeFile(join(outdir, `${name}.cdx.json`), bom);
        artifacts.push(await tarball(tree, name, outdir, commitTime, program.isService));
      }
      for (const format of formats) {
        if (format === 'tar.gz') continue;
        artifacts.push(await nfpm({ program, format, tree, architecture, version, commitTime, outdir }));
      }
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  for (const artifact of artifacts) await writeChecksum(artifact);
  return artifacts;
}

/** The content of every format: what the package managers put below /opt/NAME, and install.sh too. */
async function layOut(
  tree: string,
  dist: string,
  { name, isService, docs, policies, units }: Program,
  architecture: Architecture,
): Promise<void> {
  await rm(tree, { recursive: true, force: true });
  for (const folder of ['bin', 'lib', 'share/docs']) await mkdir(join(tree, folder), { recursive: true });

  await unpackRuntime(architecture, join(tree, 'runtime'));
  await cp(join(tree, 'runtime/package/bin/node'), join(tree, 'bin/node'));
  await cp(join(tree, 'runtime/package/LICENSE'), join(tree, 'share/LICENSE.node'));
  await rm(join(tree, 'runtime'), { recursive: true });
  await cp(join(root, 'packaging', isService ? name : 'program'), join(tree, 'bin', name));

  await cp(dist, join(tree, 'lib'), { recursive: true, filter: (path) => !path.endsWith('meta.json') });

  for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md']) {
    await cp(join(root, file), join(tree, 'share', file)).catch(ifThere);
  }
  const pages = docs === 'all' ? await readdir(join(root, 'docs')).catch(() => []) : docs;
  for (const file of pages) {
    if (file.endsWith('.md'))
      await cp(join(root, 'docs', file), join(tree, 'share/docs', file)).catch(ifThere);
  }
  for (const unit of units)
    await cp(join(root, 'systemd', unit), join(tree, 'share/systemd', unit), { recursive: true });
  if (docs === 'all')
    await cp(join(root, 'docs/schemas'), join(tree, 'share/docs/schemas'), { recursive: true }).catch(
      ifThere,
    );
  if (policies === undefined) return;
  for (const file of await readdir(join(root, 'deploy/iam'))) {
    if (!file.startsWith(policies)) continue;
    await cp(join(root, 'deploy/iam', file), join(tree, 'share/deploy/iam', file));
  }
}

/** What systemd and install.sh need of the agent. */
async function addService(tree: string, architecture: Architecture): Promise<void> {
  await buildConnectNotify(architecture, join(tree, 'bin/connect-notify'));
  await cp(await goLicence(), join(tree, 'share/LICENSE.go'));
  await cp(join(root, 'packaging/restart-delay'), join(tree, 'bin/restart-delay'));
  await writeFile(join(tree, 'share/agent.conf'), agentConf());
  await cp(join(root, 'systemd/ecs-drain-agent.service'), join(tree, 'share/ecs-drain-agent.service'));
}

function ifThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** Modes as the artifact shall have them, whatever the umask of the one who builds it. */
async function setModes(tree: string): Promise<void> {
  await chmod(tree, 0o755);
  for (const path of await readdir(tree, { recursive: true })) {
    const file = join(tree, path);
    const executable = (await stat(file)).isDirectory() || path.startsWith('bin/');
    await chmod(file, executable ? 0o755 : 0o644);
  }
  // A program that its user cannot read makes a process that this user cannot look into: see the unit.
  await chmod(join(tree, 'bin/node'), 0o711);
}

async function tarball(
  tree: string,
  name: string,
  outdir: string,
  commitTime: number,
  hasInstaller: boolean,
): Promise<string> {
  if (hasInstaller) {
    await cp(join(root, 'packer/install.sh'), join(tree, 'install.sh'));
    await chmod(join(tree, 'install.sh'), 0o755);
  }
  await writeFile(join(tree, 'SHA256SUMS'), await checksums(tree));
  await chmod(join(tree, 'SHA256SUMS'), 0o644);
  const file = join(outdir, `${name}.tar.gz`);
  const tar = join(tree, '..', `${name}.tar`);
  await run('tar', [
    '--create',
    `--file=${tar}`,
    '--format=ustar',
    '--sort=name',
    `--mtime=@${commitTime}`,
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    `--directory=${join(tree, '..')}`,
    name,
  ]);
  // -n: neither name nor time in the header.
  await run('gzip', ['-n', '-6', '-f', tar]);
  await cp(`${tar}.gz`, file);
  await rm(join(tree, 'install.sh'), { force: true });
  await rm(join(tree, 'SHA256SUMS'));
  return file;
}

async function checksums(tree: string): Promise<string> {
  const lines: string[] = [];
  for (const path of (await readdir(tree, { recursive: true })).sort()) {
    if ((await stat(join(tree, path))).isFile()) lines.push(`${await sha256(join(tree, path))}  ${path}\n`);
  }
  return lines.join('');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { formats, functions, outdir, ...chosen } = selectionOrExit();
  if (formats.length > 0)
    for (const program of chosen.programs) {
      const { architectures } = chosen;
      await report(await buildPackages({ program, architectures, formats, outdir }));
    }
  if (functions)
    for (const which of functionNames) {
      const file = join(outdir, `${which}.zip`);
      await writeFunction(which, file);
      await report([file]);
    }
}

function selectionOrExit(): Selection {
  try {
    return selection(process.argv.slice(2), join(root, 'out'));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exit(2);
  }
}

async function report(artifacts: readonly string[]): Promise<void> {
  for (const artifact of artifacts) {
    const { size } = await stat(artifact);
    console.log(`${relative(process.cwd(), artifact)}  ${(size / 2 ** 20).toFixed(1)} MiB`);
  }
}
