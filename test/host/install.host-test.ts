import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { cacheDirectory, root as checkout, run } from '../../scripts/package/shell.ts';
import { type Artifacts, artifacts, version } from './artifacts.ts';
import { baseImage, whyNoHost } from './booted-host.ts';

const skip = (await whyNoHost()) ?? false;
const name = `ecs-drain-agent-${version}-linux-x64`;

/** In a file tree that is not booted, as in an image build. */
describe('install.sh', { skip }, () => {
  let built: Artifacts;
  const host = join(cacheDirectory('hosts'), `install-${process.pid}`);
  const at = (path: string) => join(host, path);
  const sh = (script: string) => run('chroot', [host, '/bin/sh', '-e', '-c', `cd /root; ${script}`]);
  const isInstalled = () => stat(at('opt/ecs-drain-agent')).then(Boolean, () => false);

  before(async () => {
    built = await artifacts();
    await mkdir(cacheDirectory('hosts'), { recursive: true });
    await run('cp', ['--archive', '--reflink=auto', await baseImage(), host]);
    await cp(join(checkout, 'packer/install.sh'), at('root/install.sh'));
  });
  beforeEach(async () => {
    for (const file of [built.tarball, `${built.tarball}.sha256`])
      await cp(file, at(`root/${basename(file)}`));
    await rm(at('opt/ecs-drain-agent'), { recursive: true, force: true });
    await rm(at(`root/${name}`), { recursive: true, force: true });
  });
  after(async () => {
    await built?.remove();
    await rm(host, { recursive: true, force: true });
  });

  test('installs what it has checked, though the tarball is exchanged meanwhile', async () => {
    await mkdir(at('root/bin'), { recursive: true });
    // Whoever may write the tarball waits for the moment after the check.
    await writeFile(
      at('root/bin/sha256sum'),
      `#!/bin/sh\n/usr/bin/sha256sum "$@"\nstatus=$?\necho other >/root/${name}.tar.gz\nexit $status\n`,
      { mode: 0o755 },
    );
    await sh(`PATH=/root/bin:$PATH bash install.sh --no-start ${name}.tar.gz`);
    assert.equal(await sh('ecs-drain-agent --version'), `${version}\n`);
    await rm(at('root/bin'), { recursive: true });
  });

  test('refuses a file, a link or a FIFO that the list of checksums does not name', async () => {
    const plants: Record<string, (tree: string) => Promise<unknown>> = {
      'lib/chunks/more.js': (tree) => writeFile(join(tree, 'lib/chunks/more.js'), ''),
      'share/link': (tree) => symlink('/etc/shadow', join(tree, 'share/link')),
      'lib/fifo': (tree) => run('mkfifo', [join(tree, 'lib/fifo')]),
    };
    for (const [what, plant] of Object.entries(plants)) {
      await sh(`rm -rf ${name}; tar -xzf ${name}.tar.gz`);
      await plant(at(`root/${name}`));
      const why = new RegExp(`holds ${what}, which its SHA256SUMS does not name`);
      await assert.rejects(sh(`bash ${name}/install.sh --no-start`), why);
      // The same in a tarball, with a checksum that fits it.
      await sh(
        `tar -cf - ${name} | gzip -1 >${name}.tar.gz; sha256sum ${name}.tar.gz >${name}.tar.gz.sha256`,
      );
      await assert.rejects(sh(`bash install.sh --no-start ${name}.tar.gz`), why);
      assert.equal(await isInstalled(), false);
      for (const file of [built.tarball, `${built.tarball}.sha256`])
        await cp(file, at(`root/${basename(file)}`));
    }
    assert.deepEqual(
      (await readdir(at('opt'))).filter((entry) => entry.startsWith('.ecs')),
      [],
      'it left what it refused',
    );
  });

  test('refuses a tarball without a checksum, or with that of another', async () => {
    for (const text of ['', 'nonsense', `${'0'.repeat(64)}  ${name}.tar.gz\n`]) {
      await writeFile(at(`root/${name}.tar.gz.sha256`), text);
      await assert.rejects(
        sh(`bash install.sh --no-start ${name}.tar.gz`),
        /is damaged or is not what was published/,
      );
    }
    assert.equal(await isInstalled(), false);
  });

  test('--uninstall removes links that the agent’s user left, and not what they lead to', async () => {
    await sh(`bash install.sh --no-start ${name}.tar.gz`);
    await sh(
      'mkdir -p /root/keep /var/lib/private/ecs-drain-agent; echo kept >/root/keep/file; ' +
        'ln -s private/ecs-drain-agent /var/lib/ecs-drain-agent; cd /var/lib/ecs-drain-agent; ' +
        'ln -s /root/keep directory; ln -s /root/keep/file file; mkfifo fifo; chown -h -R 61999 .',
    );
    await sh('/opt/ecs-drain-agent/share/install.sh --uninstall');
    assert.equal(await sh('cat /root/keep/file; ls /var/lib/private'), 'kept\n');
    assert.equal(await sh('stat -c %u /root/keep/file'), '0\n');
    assert.equal(await isInstalled(), false);
  });

  test('gives every file its mode, whatever the umask', async () => {
    await rm(at('etc/ecs-drain-agent'), { recursive: true, force: true });
    await sh(`umask 077; bash install.sh --no-start ${name}.tar.gz`);
    const modes = await sh(
      "stat -c '%a %U %n' /opt/ecs-drain-agent /opt/ecs-drain-agent/bin/* /opt/ecs-drain-agent/lib/cli.js " +
        '/opt/ecs-drain-agent/share /opt/ecs-drain-agent/share/install.sh /etc/ecs-drain-agent ' +
        '/etc/ecs-drain-agent/agent.conf /etc/systemd/system/ecs-drain-agent.service',
    );
    assert.deepEqual(modes.trim().split('\n'), [
      '755 root /opt/ecs-drain-agent',
      '755 root /opt/ecs-drain-agent/bin/connect-notify',
      '755 root /opt/ecs-drain-agent/bin/ecs-drain-agent',
      '711 root /opt/ecs-drain-agent/bin/node',
      '755 root /opt/ecs-drain-agent/bin/restart-delay',
      '644 root /opt/ecs-drain-agent/lib/cli.js',
      '755 root /opt/ecs-drain-agent/share',
      '755 root /opt/ecs-drain-agent/share/install.sh',
      '755 root /etc/ecs-drain-agent',
      '644 root /etc/ecs-drain-agent/agent.conf',
      '644 root /etc/systemd/system/ecs-drain-agent.service',
    ]);
    const writable = await sh('find /opt/ecs-drain-agent ! -type l -perm /022');
    assert.equal(writable, '');
    assert.match(await readFile(at('etc/ecs-drain-agent/agent.conf'), 'utf8'), /^# Configuration/);
  });
});

/** As Packer runs it on the build instance, with what a build instance has: keys, a machine id, a journal. */
test('provision.sh leaves nothing in the image that names its builder or lets him in', { skip }, async () => {
  const built = await artifacts();
  const host = join(cacheDirectory('hosts'), `provision-${process.pid}`);
  const at = (path: string) => join(host, path);
  const ofBuilder = [
    'root/.ssh/authorized_keys',
    'home/ec2-user/.ssh/authorized_keys',
    'etc/ssh/ssh_host_ed25519_key',
    'etc/ssh/ssh_host_ed25519_key.pub',
    'var/lib/ecs/data/agent.db',
    'var/log/ecs/ecs-agent.log',
    'var/log/journal/0123/system.journal',
    'var/lib/systemd/random-seed',
    'home/ec2-user/.bash_history',
    'etc/machine-id',
  ];
  try {
    await run('cp', ['--archive', '--reflink=auto', await baseImage(), host]);
    for (const file of ofBuilder) {
      await mkdir(dirname(at(file)), { recursive: true });
      await writeFile(at(file), 'of the builder\n');
    }
    await mkdir(at('tmp'), { recursive: true });
    for (const [from, to] of [
      [built.tarball, 'ecs-drain-agent.tar.gz'],
      [`${built.tarball}.sha256`, 'ecs-drain-agent.tar.gz.sha256'],
      [join(checkout, 'packer/install.sh'), 'install.sh'],
      [join(checkout, 'packer/provision.sh'), 'provision.sh'],
    ] as const) {
      await cp(from, at(`tmp/${to}`));
    }
    await writeFile(at('tmp/agent.conf'), 'ECS_DRAIN_MODE=deregister\n');

    await run('chroot', [host, '/bin/bash', '/tmp/provision.sh']);

    const there = ofBuilder.filter((file) => existsSync(at(file)));
    assert.deepEqual(there, ['etc/machine-id'], 'every instance of the image would have it');
    assert.equal(await readFile(at('etc/machine-id'), 'utf8'), '', 'all instances would be one machine');
    assert.equal(await readFile(at('etc/ecs-drain-agent/agent.conf'), 'utf8'), 'ECS_DRAIN_MODE=deregister\n');
    assert.equal(
      await run('systemctl', ['--root', host, 'is-enabled', 'ecs-drain-agent']),
      'enabled\n',
      'no instance of the image would drain',
    );
  } finally {
    await built.remove();
    await rm(host, { recursive: true, force: true });
  }
});
