import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const checkout = new URL('../..', import.meta.url).pathname;
const skip =
  existsSync('/usr/bin/dpkg') && existsSync('/usr/bin/systemctl') ? false : 'needs dpkg and systemctl';
const UNIT = 'ecs-drain-agent.service';

test('a .deb that was removed and is installed again has an enabled agent that is started', { skip }, () => {
  using host = packageHost();
  assert.deepEqual(host.dpkg('--install'), ['enable', 'daemon-reload', 'is-enabled', 'restart']);
  assert.deepEqual(host.dpkg('--remove'), ['stop', 'daemon-reload', 'reset-failed']);
  const again = host.dpkg('--install');
  assert.ok(host.isEnabled(), 'no instance of an image that is made now has an agent after its boot');
  assert.ok(again.includes('restart'), 'this instance has no agent, and would be terminated with its tasks');
});

test('an agent that the operator has disabled stays so: an upgrade restarts it only where it runs', {
  skip,
}, () => {
  using host = packageHost();
  host.dpkg('--install');
  host.systemctl('disable');
  for (const upgrade of [['--install'], ['--remove', '--install']]) {
    const calls = upgrade.flatMap((step) => host.dpkg(step));
    assert.ok(!host.isEnabled(), 'an agent that the operator has disabled is enabled again');
    assert.deepEqual(calls.slice(-3), ['daemon-reload', 'is-enabled', 'try-restart']);
  }
});

test('a removal that is broken off starts the agent again', { skip }, () => {
  using host = packageHost();
  host.dpkg('--install');
  // dpkg unpacks the other package, cannot remove ours for it, and calls our postinst with abort-remove.
  assert.deepEqual(host.script('postinstall.sh', 'abort-remove', 'in-favour', 'other', '1'), [
    'daemon-reload',
    'is-enabled',
    'restart',
  ]);
});

test('a purge leaves no link of the unit and no state, and the next installation is a first one', {
  skip,
}, () => {
  using host = packageHost();
  host.dpkg('--install');
  mkdirSync(host.at('var/lib/private/ecs-drain-agent'), { recursive: true });
  host.dpkg('--purge');
  for (const path of [
    `etc/systemd/system/multi-user.target.wants/${UNIT}`,
    'var/lib/private/ecs-drain-agent',
  ])
    assert.ok(!isThere(host.at(path)), path);
  assert.equal(host.dpkg('--install')[0], 'enable');
});

test('an upgrade takes a unit that the operator has edited as a whole for no other installation', {
  skip,
}, () => {
  using host = packageHost();
  const unit = host.at(`etc/systemd/system/${UNIT}`);
  mkdirSync(dirname(unit), { recursive: true });
  // As install.sh leaves it.
  cpSync(join(checkout, 'systemd', UNIT), unit);
  assert.throws(() => host.dpkg('--install'), /was installed on this host by install\.sh/);
  rmSync(unit);
  host.dpkg('--install');
  // As `systemctl edit --full` leaves it.
  cpSync(join(checkout, 'systemd', UNIT), unit);
  assert.equal(
    host.dpkg('--install').at(-1),
    'restart',
    'the package cannot be upgraded, and its advice does not help',
  );
  host.script('preinstall.sh', '2');
});

/**
 * dpkg in a file tree of its own, with a package of our maintainer scripts and our unit. systemctl really enables and
 * disables in that tree, and only notes what it is asked to start and stop.
 */
function packageHost() {
  const work = mkdtempSync(join(tmpdir(), 'package-scripts-'));
  const root = join(work, 'root');
  const at = (path: string) => join(root, path);
  const notes = join(work, 'notes');
  for (const directory of [
    'var/lib/dpkg/info',
    'var/lib/dpkg/updates',
    'var/lib/dpkg/triggers',
    'run/systemd/system',
  ])
    mkdirSync(at(directory), { recursive: true });
  for (const file of ['status', 'available']) writeFileSync(at(`var/lib/dpkg/${file}`), '');
  writeExecutable(join(work, 'bin/systemctl'), systemctlIn(root, notes));
  const env = { PATH: `${join(work, 'bin')}:/usr/sbin:/usr/bin:/sbin:/bin`, DPKG_ROOT: root };
  const run = (file: string, args: readonly string[]) => {
    writeFileSync(notes, '');
    execFileSync(file, args, { env, stdio: 'pipe' });
    return readFileSync(notes, 'utf8').split('\n').filter(Boolean);
  };

  const tree = join(work, 'tree');
  for (const [source, destination] of [
    ['packaging/preinstall.sh', 'DEBIAN/preinst'],
    ['packaging/postinstall.sh', 'DEBIAN/postinst'],
    ['packaging/preremove.sh', 'DEBIAN/prerm'],
    ['packaging/postremove.sh', 'DEBIAN/postrm'],
  ] as const)
    writeExecutable(join(tree, destination), readFileSync(join(checkout, source), 'utf8'));
  cpSync(join(checkout, 'systemd', UNIT), join(tree, 'usr/lib/systemd/system', UNIT));
  writeExecutable(join(tree, 'etc/ecs-drain-agent/agent.conf'), '');
  writeFileSync(join(tree, 'DEBIAN/conffiles'), '/etc/ecs-drain-agent/agent.conf\n');
  writeFileSync(
    join(tree, 'DEBIAN/control'),
    'Package: ecs-drain-agent\nVersion: 1\nArchitecture: all\nMaintainer: a test <test@localhost>\nDescription: test\n',
  );
  const deb = join(work, 'ecs-drain-agent.deb');
  run('dpkg-deb', ['--build', '--root-owner-group', '-Znone', tree, deb]);

  const asAnybody = [`--root=${root}`, '--force-script-chrootless', '--force-not-root'];
  return {
    at,
    /** Which commands of systemctl its scripts call, in order. */
    dpkg: (step: string) => run('dpkg', [...asAnybody, step, step === '--install' ? deb : 'ecs-drain-agent']),
    script: (name: string, ...args: string[]) => run(join(checkout, 'packaging', name), args),
    systemctl: (command: string) => run('systemctl', [command, UNIT]),
    isEnabled: () => isThere(at(`etc/systemd/system/multi-user.target.wants/${UNIT}`)),
    [Symbol.dispose]: () => rmSync(work, { recursive: true }),
  };
}

const systemctlIn = (root: string, notes: string) => `#!/bin/sh
for word in "$@"; do case "$word" in -*) ;; *) command=$word; break ;; esac; done
echo "$command" >>'${notes}'
case "$command" in enable | disable | is-enabled) exec /usr/bin/systemctl --root='${root}' "$@" ;; esac
`;

/** Also a link to what is not there. */
const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

function writeExecutable(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o755 });
}
