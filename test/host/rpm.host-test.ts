import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { cacheDirectory, run } from '../../scripts/package/shell.ts';
import { type Artifacts, artifacts } from './artifacts.ts';
import { baseImage, whyNoHost } from './booted-host.ts';

const skip = (await whyNoHost()) ?? (existsSync('/usr/bin/rpm') ? false : 'rpm is not installed');

/**
 * Amazon Linux cannot be had here. This installs the .rpm by rpm into a file tree, as an image build does, with its
 * scripts run in that tree: only what it requires of the distribution by name is left unchecked.
 */
describe('the .rpm, in a file tree that is not booted', { skip }, () => {
  let built: Artifacts;
  const root = join(cacheDirectory('hosts'), `rpm-${process.pid}`);
  const at = (path: string) => join(root, path);
  const rpm = (...args: string[]) => run('rpm', ['--root', root, '--nodeps', ...args]);
  before(async () => {
    built = await artifacts();
    await mkdir(cacheDirectory('hosts'), { recursive: true });
    await run('cp', ['--archive', '--reflink=auto', await baseImage(), root]);
    await run('rpm', ['--root', root, '--initdb']);
    await run('cp', [built.rpm, at('root/')]);
  });
  after(async () => {
    await built?.remove();
    await rm(root, { recursive: true, force: true });
  });

  test('installs, enables the unit, and runs', async () => {
    await rpm('--install', built.rpm);
    assert.ok(existsSync(at('etc/systemd/system/multi-user.target.wants')));
    assert.equal(await run('systemctl', ['--root', root, 'is-enabled', 'ecs-drain-agent']), 'enabled\n');
    assert.match(await run('chroot', [root, 'ecs-drain-agent', '--version']), /^\d+\.\d+\.\d+\n$/);
    assert.equal(await rpm('--verify', 'ecs-drain-agent'), '');
  });

  test('an upgrade keeps the configuration and leaves the unit enabled', async () => {
    await writeFile(at('etc/ecs-drain-agent/agent.conf'), 'ECS_DRAIN_MODE=deregister\n');
    await rpm('--upgrade', '--force', built.rpm);
    assert.equal(await readFile(at('etc/ecs-drain-agent/agent.conf'), 'utf8'), 'ECS_DRAIN_MODE=deregister\n');
    assert.equal(await run('systemctl', ['--root', root, 'is-enabled', 'ecs-drain-agent']), 'enabled\n');
  });

  test('beside an installation by install.sh it refuses, and says what to do', async () => {
    await rpm('--erase', 'ecs-drain-agent');
    await mkdir(at('etc/systemd/system'), { recursive: true });
    await writeFile(at('etc/systemd/system/ecs-drain-agent.service'), '');
    await assert.rejects(rpm('--install', built.rpm), /install\.sh --uninstall/);
    await rm(at('etc/systemd/system/ecs-drain-agent.service'));
  });

  test('removal leaves nothing but a configuration that was changed', async () => {
    await rm(at('etc/ecs-drain-agent'), { recursive: true, force: true });
    await rpm('--install', built.rpm);
    await mkdir(at('var/lib/private/ecs-drain-agent'), { recursive: true });
    await rpm('--erase', 'ecs-drain-agent');
    for (const path of [
      'opt/ecs-drain-agent',
      'usr/bin/ecs-drain-agent',
      'etc/ecs-drain-agent',
      'var/lib/private/ecs-drain-agent',
      'lib/systemd/system/ecs-drain-agent.service',
      'etc/systemd/system/multi-user.target.wants/ecs-drain-agent.service',
    ]) {
      assert.ok(!existsSync(at(path)), path);
    }
  });
});
