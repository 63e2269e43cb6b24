import { access, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { shellFiles } from './command-line.ts';
import type { Program } from './programs.ts';
import type { Architecture } from './runtime.ts';
import { cacheDirectory, root, run } from './shell.ts';

const nfpmVersion = 'v2.45.2';

export type NfpmInput = {
  readonly program: Program;
  readonly format: 'deb' | 'rpm';
  /** What goes below /opt/NAME. */
  readonly tree: string;
  readonly architecture: Architecture;
  readonly version: string;
  /** Seconds since the Unix epoch: the time that every file gets. */
  readonly commitTime: number;
  readonly outdir: string;
};

/** Builds one package of the tree by nfpm, which is built from its Go module on first use. */
export async function nfpm(input: NfpmInput): Promise<string> {
  const { program, format, architecture, version, commitTime, outdir, tree } = input;
  const { name } = program;
  const goArchitecture = architecture === 'x64' ? 'amd64' : 'arm64';
  const rpmArchitecture = architecture === 'x64' ? 'x86_64' : 'aarch64';
  const file = join(
    outdir,
    format === 'deb'
      ? `${name}_${version}_${goArchitecture}.deb`
      : `${name}-${version}-1.${rpmArchitecture}.rpm`,
  );
  const config = join(tree, '..', `nfpm-${format}-${architecture}.json`);
  await writeFile(config, JSON.stringify(configuration(input, goArchitecture), undefined, 2));
  const empty = join(tree, '../nothing/in/here');
  await mkdir(empty, { recursive: true });
  await run(
    await nfpmCommand(),
    ['package', '--config', resolve(config), '--packager', format, '--target', resolve(file)],
    {
      cwd: empty,
      env: { SOURCE_DATE_EPOCH: String(commitTime) },
    },
  );
  return file;
}

/** nfpm reads YAML, of which JSON is a part. */
function configuration({ program, format, tree, version, commitTime }: NfpmInput, arch: string) {
  const { name, isService, description } = program;
  const mtime = new Date(commitTime * 1000).toISOString();
  return {
    name,
    arch,
    platform: 'linux',
    version,
    release: '1',
    section: 'admin',
    priority: 'optional',
    maintainer: 'The ecs-drain-agent authors <ecs-drain-agent@localhost>',
    description,
    license: 'Apache-2.0',
    mtime,
    // What Node.js links against.
    depends: [
      ...(isService ? ['systemd'] : []),
      ...(format === 'deb' ? ['libc6 (>= 2.28)', 'libstdc++6'] : ['glibc >= 2.28', 'libstdc++', 'libgcc']),
    ],
    contents: [
      {
        src: tree,
        dst: `/opt/${name}`,
        type: 'tree',
        file_info: { owner: 'root', group: 'root', mtime },
      },
      ...(isService ? serviceFiles(tree, mtime) : []),
      ...shellFiles(program.commandLine).map(({ inTree, installed }) => ({
        src: join(tree, inTree),
        dst: installed,
        file_info: { mode: 0o644, mtime },
      })),
      {
        // nfpm looks at the target on the machine that builds, and takes its size: there is none where it looks.
        src: `../../opt/${name}/bin/${name}`,
        dst: `/usr/bin/${name}`,
        type: 'symlink',
        file_info: { mtime },
      },
    ],
    ...(isService && { scripts: serviceScripts() }),
    rpm: { buildhost: 'localhost' },
  };
}

function serviceFiles(tree: string, mtime: string) {
  return [
    {
      src: join(tree, 'share/ecs-drain-agent.service'),
      dst: '/usr/lib/systemd/system/ecs-drain-agent.service',
      file_info: { mode: 0o644, mtime },
    },
    {
      src: join(tree, 'share/agent.conf'),
      dst: '/etc/ecs-drain-agent/agent.conf',
      type: 'config|noreplace',
      file_info: { mode: 0o644, mtime },
    },
  ];
}

function serviceScripts() {
  const scripts = join(root, 'packaging');
  return {
    preinstall: join(scripts, 'preinstall.sh'),
    postinstall: join(scripts, 'postinstall.sh'),
    preremove: join(scripts, 'preremove.sh'),
    postremove: join(scripts, 'postremove.sh'),
  };
}

async function nfpmCommand(): Promise<string> {
  const directory = cacheDirectory('tools', `nfpm-${nfpmVersion}`);
  const command = join(directory, 'nfpm');
  try {
    await access(command);
  } catch {
    await run('go', ['install', `github.com/goreleaser/nfpm/v2/cmd/nfpm@${nfpmVersion}`], {
      cwd: '/',
      env: { GOBIN: directory, GOFLAGS: '' },
    });
  }
  return command;
}
