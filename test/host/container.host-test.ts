import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { layOutContext } from '../../scripts/container.ts';
import { artifacts, version } from './artifacts.ts';

// Builds the image with buildah, which needs neither a daemon nor a network: on a base of this machine's own libraries.

const skip = spawnSync('buildah', ['--version']).status === 0 ? false : 'buildah is not installed';

describe('the container image', { skip }, () => {
  let directory = '';
  const buildah = (...args: string[]) =>
    execFileSync(
      'buildah',
      [
        '--root',
        join(directory, 'images'),
        '--runroot',
        join(directory, 'run'),
        '--storage-driver',
        'vfs',
        ...args,
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    );
  const configOf = (image: string) =>
    JSON.parse(buildah('inspect', '--type', 'image', image)).Docker.config as {
      User: string;
      Env: string[];
      Entrypoint: string[];
      Cmd: string[];
      StopSignal: string;
      Healthcheck: { Test: string[] };
    };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ecs-drain-agent-image-'));
    const { tarball, remove } = await artifacts();
    const outdir = join(directory, 'out');
    await mkdir(outdir);
    for (const file of [tarball, `${tarball}.sha256`])
      await cp(file, join(outdir, file.slice(file.lastIndexOf('/'))));
    await remove();
    const context = await layOutContext({ outdir, version, architectures: ['x64'] });
    const base = await layOutBase(join(context, 'amd64/bin/node'), join(directory, 'base'));
    buildah('bud', '--isolation', 'chroot', '--tag', 'localhost/base', base);
    const options = [
      '--isolation',
      'chroot',
      '--format',
      'docker',
      '--build-arg',
      'BASE=localhost/base',
      '--build-arg',
      'TARGETARCH=amd64',
    ];
    buildah('bud', ...options, '--tag', 'localhost/agent', context);
    buildah('bud', ...options, '--target', 'bottlerocket', '--tag', 'localhost/bottlerocket', context);
  });
  after(() => rm(directory, { recursive: true, force: true }));

  test('runs the agent with the flags of its unit, as nobody, and asks status for its health', () => {
    const { User, Entrypoint, Cmd, Env, StopSignal, Healthcheck } = configOf('localhost/agent');
    assert.equal(User, '65532:65532');
    assert.deepEqual(Entrypoint.slice(1, -1), [
      '--disable-sigusr1',
      '--jitless',
      '--max-semi-space-size=1',
      '--max-old-space-size=128',
    ]);
    assert.deepEqual(Cmd, ['run']);
    assert.deepEqual(Healthcheck.Test, ['CMD', ...Entrypoint, 'status', '--health']);
    assert.equal(StopSignal, 'SIGTERM');
    assert.ok(Env.includes('HOME=/var/lib/ecs-drain-agent'));
  });

  test('for Bottlerocket has its configuration in the user data of the host container', () =>
    assert.ok(
      configOf('localhost/bottlerocket').Env.includes(
        'ECS_DRAIN_CONFIG=/.bottlerocket/host-containers/current/user-data',
      ),
    ));

  test('holds a program that starts with nothing but glibc and libstdc++, and a state directory of its user', () => {
    const container = buildah('from', 'localhost/agent').trim();
    const root = buildah('mount', container).trim();
    const { Entrypoint } = configOf('localhost/agent');
    const said = execFileSync('chroot', ['--userspec=65532:65532', root, ...Entrypoint, '--version'], {
      encoding: 'utf8',
    });
    assert.equal(said.trim(), version);
    execFileSync('chroot', [
      '--userspec=65532:65532',
      root,
      Entrypoint[0] ?? '',
      '-e',
      "require('fs').writeFileSync('/var/lib/ecs-drain-agent/x', '')",
    ]);
    const shells = spawnSync('chroot', [root, '/bin/sh', '-c', 'true']);
    assert.notEqual(shells.status, 0, 'a shell in it serves nobody but an attacker');
  });
});

/** A base image's directory: this machine's libraries that Node.js needs. */
async function layOutBase(node: string, base: string): Promise<string> {
  const needed = execFileSync('ldd', [node], { encoding: 'utf8' }).match(/\/\S+\.so\S*/g) ?? [];
  for (const file of needed) {
    await mkdir(dirname(join(base, file)), { recursive: true });
    await cp(file, join(base, file), { dereference: true });
  }
  await writeFile(join(base, 'Dockerfile'), 'FROM scratch\nCOPY . /\n');
  return base;
}
