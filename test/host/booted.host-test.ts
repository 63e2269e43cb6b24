import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { root as checkout } from '../../scripts/package/shell.ts';
import type { Task } from '../../src/sandbox/world/state.ts';
import { type Artifacts, artifacts, version } from './artifacts.ts';
import { type BootedHost, bootHost, type Entry, whyNoHost } from './booted-host.ts';
import { type Cloud, type CloudOptions, inCloud } from './cloud.ts';

const reason = await whyNoHost();
const skip = reason ?? false;
let built: Artifacts;
before(async () => {
  if (!skip) built = await artifacts();
});
after(() => built?.remove());

type Method = {
  readonly name: string;
  /** Shell commands, run as root in the folder with the artifacts. */
  readonly install: string;
  readonly remove: string;
  readonly unit: string;
};

const methods: readonly Method[] = [
  {
    name: 'install.sh',
    install: 'bash install.sh ecs-drain-agent-*.tar.gz',
    remove: '/opt/ecs-drain-agent/share/install.sh --uninstall',
    unit: '/etc/systemd/system/ecs-drain-agent.service',
  },
  {
    name: 'the .deb',
    install: 'dpkg -i ecs-drain-agent_*.deb',
    remove: 'dpkg --purge ecs-drain-agent',
    unit: '/lib/systemd/system/ecs-drain-agent.service',
  },
];

for (const method of methods) {
  describe(`on a booted host, installed by ${method.name}`, { skip }, () => {
    let host: BootedHost;
    let filesBefore: ReadonlySet<string>;
    before(async () => {
      host = await bootHost(method.name.replace(/\W/g, ''));
      for (const file of [built.tarball, `${built.tarball}.sha256`, built.deb]) {
        await cp(file, join(host.root, 'root', basename(file)));
      }
      await cp(join(checkout, 'packer/install.sh'), join(host.root, 'root/install.sh'));
      filesBefore = await filesOf(host);
    });
    after(() => host?.close());

    /** Starts the agent against a fresh AWS with one long task on the instance, and puts the tag on. */
    const draining = (
      options: CloudOptions,
      body: (cloud: Cloud, task: Task, since: number) => Promise<void>,
    ) =>
      inCloud(host, options, async (cloud, since) => {
        const task = cloud.fleet.runTask(cloud.machine, { family: 'long' });
        cloud.fleet.scaleIn(cloud.machine);
        await cloud.happened('the container instance to be DRAINING', isDraining);
        await body(cloud, task, since);
      });

    test('the unit is enabled and becomes active by its own notification', async () => {
      // This machine may have metadata of its own, which are none of the test's business: nothing listens here.
      await host.sh(`systemctl set-environment ${nowhere}`);
      await host.sh(`cd /root && ${method.install}`);
      // Joins the start job that the installation began, and returns when systemd has had READY=1.
      await host.sh('systemctl start ecs-drain-agent');
      const shown = await properties(host, 'ActiveState,SubState,Type,UnitFileState,FragmentPath,NRestarts');
      assert.deepEqual(shown, {
        ActiveState: 'active',
        SubState: 'running',
        Type: 'notify',
        UnitFileState: 'enabled',
        FragmentPath: method.unit,
        NRestarts: '0',
      });
      assert.equal(await host.sh('ecs-drain-agent --version'), `${version}\n`);
    });

    test('without instance metadata it waits, and systemctl status says for what', async () => {
      await host.journal.next('agent.waiting', isEvent('agent.waiting'));
      assert.match(await statusLine(host), /metadata/);
      const { status, output } = await host.attempt('ecs-drain-agent status --json');
      assert.deepEqual([status, JSON.parse(output).state], [12, 'starting']);
    });

    test('the process has its own user, no capability, and a system call filter', async () => {
      const status = await host.sh('cat /proc/$(systemctl show --value -p MainPID ecs-drain-agent)/status');
      const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1];
      assert.ok(Number(field('Uid')?.split('\t')[0]) >= 61_184, 'a DynamicUser');
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
        assert.equal(Number.parseInt(field(set) ?? '1', 16), 0, set);
      }
      assert.equal(field('NoNewPrivs'), '1');
      assert.equal(field('Seccomp'), '2');
    });

    test('systemd-analyze security rates the exposure 1.3 at most', async (t) => {
      const text = await host.sh('systemd-analyze security --no-pager ecs-drain-agent');
      const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(text)?.[1]);
      t.diagnostic(`exposure ${exposure}`);
      assert.ok(exposure <= 1.3, text);
    });

    test('systemd has nothing to say against the unit', async () => {
      assert.equal(await host.sh(`systemd-analyze verify ${method.unit} 2>&1`), '');
    });

    test('at rest it watches, as systemctl status, status and status of another user tell', async (t) => {
      await host.sh(`systemctl unset-environment ${nowhere}`);
      await inCloud(host, {}, async ({ fleet }, since) => {
        await host.journal.next('agent.watching', isEvent('agent.watching'), since);
        assert.match(await statusLine(host), /^watching tag ecs-drain-agent:terminate/);
        assert.match(await host.sh('ecs-drain-agent status'), /watching tag ecs-drain-agent:terminate/);
        const json = await host.sh('setpriv --reuid=65534 --clear-groups ecs-drain-agent status --json');
        assert.equal(JSON.parse(json).state, 'watching');
        const resident = /VmRSS:\s+(\d+) kB/.exec(
          await host.sh('cat /proc/$(systemctl show --value -p MainPID ecs-drain-agent)/status'),
        )?.[1];
        t.diagnostic(`resident while watching: ${(Number(resident) / 1024).toFixed(1)} MiB`);
        const asked = (fleet.world.requestLog.entries ?? [])
          .map(({ api }) => api)
          .filter((api) => api.includes(':'));
        assert.deepEqual(asked, [], 'it costs no AWS request');
      });
    });

    test('a drain runs to its end, and the journal has each step as JSON with its priority', async () => {
      await draining({}, async ({ fleet, happened }, task, since) => {
        await host.journal.next('drain.draining', isEvent('drain.draining'), since);
        assert.match(await statusLine(host), /^draining: 1 task left/);
        assert.equal((await host.attempt('ecs-drain-agent status')).status, 10);
        assert.deepEqual(completions(fleet), [], 'the task still runs');
        fleet.endTask(task);
        await happened('the lifecycle action to be completed', isCompletion);
        await host.journal.next('lifecycle.completed', isEvent('lifecycle.completed'), since);

        const entries = host.journal.entries.slice(since).filter(isOwn);
        for (const entry of entries) {
          const { level } = JSON.parse(entry.MESSAGE);
          assert.equal(entry.PRIORITY, { error: '3', warn: '4', info: '6', debug: '7' }[level as string]);
        }
        const names = entries.map((entry) => JSON.parse(entry.MESSAGE).event as string);
        const steps = ['drain.signalled', 'drain.draining', 'drain.deregistered', 'lifecycle.completed'];
        assert.deepEqual(
          names.filter((name) => steps.includes(name)),
          steps,
        );
        assertNobodyInterrupted(fleet);
      });
    });

    test('journalctl -p warning shows the warnings and only those', async () => {
      await inCloud(host, { instance: { imdsAfter: 4_000 } }, async (_cloud, since) => {
        await host.journal.next('agent.ready', isEvent('agent.ready'), since);
        const events = (await host.sh('journalctl -u ecs-drain-agent -o cat -p warning -t ecs-drain-agent'))
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line));
        assert.ok(events.some(({ event }) => event === 'agent.waiting'));
        assert.deepEqual(
          [...new Set(events.map(({ level }) => level))].filter((level) => !/warn|error/.test(level)),
          [],
        );
      });
    });

    test('SIGSTOP: the watchdog restarts it, and the drain still ends', async () => {
      await draining({}, async ({ fleet, happened }, task) => {
        const pid = await mainPid(host);
        const since = host.journal.now();
        await host.sh('systemctl kill --signal=STOP --kill-whom=main ecs-drain-agent');
        await host.journal.next('the watchdog', ({ MESSAGE }) => MESSAGE.includes('Watchdog timeout'), since);
        await host.journal.next('agent.started', isStartOfOtherThan(pid), since);
        fleet.endTask(task);
        await happened('the lifecycle action to be completed', isCompletion);
        assertNobodyInterrupted(fleet);
      });
    });

    test('kill -9: it is restarted, and the drain still ends', async () => {
      await draining({}, async ({ fleet, happened }, task) => {
        const pid = await mainPid(host);
        const since = host.journal.now();
        await host.sh('systemctl kill --signal=KILL --kill-whom=main ecs-drain-agent');
        await host.journal.next('agent.started', isStartOfOtherThan(pid), since);
        fleet.endTask(task);
        await happened('the lifecycle action to be completed', isCompletion);
        assertNobodyInterrupted(fleet);
      });
    });

    test('crashing again and again, it is restarted after ever longer waits', async () => {
      await inCloud(host, {}, async () => {
        const waits: number[] = [];
        for (let crash = 0; crash < 4; crash++) {
          const since = host.journal.now();
          await host.sh('systemctl kill --signal=KILL --kill-whom=main ecs-drain-agent');
          const died = await host.journal.next(
            'its end',
            ({ MESSAGE }) => /Main process exited/.test(MESSAGE),
            since,
          );
          const restarted = (entry: Entry) => isEvent('agent.started')(entry) && stamp(entry) > stamp(died);
          waits.push(
            (stamp(await host.journal.next('agent.started', restarted, since)) - stamp(died)) / 1_000_000,
          );
          // Joins the start job: only then is there a main process again.
          await host.sh('systemctl start ecs-drain-agent');
        }
        // RestartSec=1s, and nothing, 2, 4 and 8 seconds more.
        assert.deepEqual(
          waits.map((seconds, index) => seconds >= ([1, 3, 5, 9][index] ?? 0)),
          [true, true, true, true],
          `waited ${waits.map((seconds) => seconds.toFixed(1))} s`,
        );
        assert.equal((await properties(host, 'ActiveState')).ActiveState, 'active');
      });
    });

    test('systemctl stop in the middle of a drain returns within 2 s and leaves AWS as it is', async () => {
      await draining({}, async ({ fleet, happened, machine }, task) => {
        const before_ = performance.now();
        await host.sh('systemctl stop ecs-drain-agent');
        const took = performance.now() - before_;
        assert.ok(took < 2_000, `took ${Math.round(took)} ms`);
        assert.deepEqual(await properties(host, 'ActiveState,Result,ExecMainStatus'), {
          ActiveState: 'inactive',
          Result: 'success',
          ExecMainStatus: '0',
        });
        assert.equal((await host.attempt('ecs-drain-agent status')).status, 3);
        assert.equal(machine.ecsAgent.containerInstance?.status, 'DRAINING');
        assert.deepEqual(completions(fleet), []);
        await host.sh('systemctl start ecs-drain-agent');
        fleet.endTask(task);
        await happened('the lifecycle action to be completed', isCompletion);
        assertNobodyInterrupted(fleet);
      });
    });

    test('the host reboots in the middle of a drain, and the drain ends', async () => {
      await draining({}, async ({ fleet, happened }, task) => {
        const since = host.journal.now();
        await host.reboot();
        await host.journal.next('agent.started', isEvent('agent.started'), since);
        assert.deepEqual(completions(fleet), []);
        fleet.endTask(task);
        await happened('the lifecycle action to be completed', isCompletion);
        assertNobodyInterrupted(fleet);
      });
    });

    test('user data that restarts the agent ends, and the ECS agent starts after it', async () => {
      const units = join(host.root, 'etc/systemd/system');
      for (const [name, text] of Object.entries(amazonsUnits)) await writeFile(join(units, name), text);
      await host.sh(`systemctl enable --quiet ${Object.keys(amazonsUnits).join(' ')}`);
      await host.reboot().catch((error: Error) => {
        assert.fail(
          `user data and the agent wait for each other: the host never joins its cluster (${error.message})`,
        );
      });
      const [userData, ecsAgent] = ['cloud-final', 'ecs'].map((unit) =>
        host.attempt(`systemctl is-active ${unit}`),
      );
      assert.deepEqual([(await userData)?.output, (await ecsAgent)?.output], ['active\n', 'active\n']);
      await host.sh(`systemctl disable --quiet --now ${Object.keys(amazonsUnits).join(' ')}`);
      for (const name of Object.keys(amazonsUnits)) await rm(join(units, name));
      await host.sh('systemctl daemon-reload');
    });

    test('instance metadata arrives late: it waits, saying so, and then drains', async () => {
      await inCloud(host, { instance: { imdsAfter: 5_000 } }, async ({ fleet, happened, machine }, since) => {
        await host.journal.next('agent.waiting', isEvent('agent.waiting'), since);
        fleet.scaleIn(machine);
        await happened('the lifecycle action to be completed', isCompletion);
      });
    });

    test('the ECS agent arrives late: nothing is completed before it is known what runs here', async () => {
      await inCloud(
        host,
        { instance: { ecsAgentAfter: 5_000 } },
        async ({ fleet, happened, machine }, since) => {
          await host.journal.next('agent.watching', isEvent('agent.watching'), since);
          await happened('the ECS agent', ({ type }) => type === 'ecs-agent');
          const task = fleet.runTask(machine, { family: 'late' });
          fleet.scaleIn(machine);
          await happened('the container instance to be DRAINING', isDraining);
          fleet.endTask(task);
          await happened('the lifecycle action to be completed', isCompletion);
          assertNobodyInterrupted(fleet);
        },
      );
    });

    test('drain by hand, taken back, leaves the instance ACTIVE', async () => {
      await inCloud(host, {}, async ({ fleet, happened, machine }) => {
        fleet.runTask(machine, { family: 'long' });
        await host.sh('ecs-drain-agent drain');
        await happened('the container instance to be DRAINING', isDraining);
        await host.sh('ecs-drain-agent drain --cancel');
        await happened(
          'the container instance to be ACTIVE again',
          (event) =>
            event.type === 'container-instance' && event.from === 'DRAINING' && event.to === 'ACTIVE',
        );
      });
    });

    test("an operator's hook runs, in the unit's own confines, before the instance is released", async () => {
      const folder = '/etc/ecs-drain-agent/hooks.d/drained';
      await host.sh(`mkdir -p ${folder}`);
      await writeFile(join(host.root, folder, '10-look'), lookAround, { mode: 0o755 });
      await draining({}, async ({ fleet, happened }, task, since) => {
        const line = (text: RegExp) => (entry: Entry) =>
          isEvent('hook.output')(entry) && text.test(entry.MESSAGE);
        assert.ok(!host.journal.entries.slice(since).some(isEvent('hook.output')), 'a task still runs');
        fleet.endTask(task);
        await host.journal.next('its user', line(/user 6\d{4}\b/), since);
        const writable = await host.journal.next('what it may write', line(/writable/), since);
        const folders = JSON.parse(writable.MESSAGE)
          .msg.split(' ')
          .filter((word: string) => word.startsWith('/'));
        assert.deepEqual(folders.sort(), ['/run/ecs-drain-agent', '/var/lib/private/ecs-drain-agent']);
        // What it can write, it cannot run.
        await host.journal.next(
          'its confines',
          line(/\/run\/ecs-drain-agent\/tmp\.\S+: Permission denied/),
          since,
        );
        await host.journal.next('its end', isEvent('hook.finished'), since);
        await happened('the lifecycle action to be completed', isCompletion);
      });
      await host.sh('rm -r /etc/ecs-drain-agent/hooks.d');
    });

    test('a hook can neither speak for the agent nor look into it, and the agent goes on', async () => {
      const folder = '/etc/ecs-drain-agent/hooks.d/drained';
      await host.sh(`mkdir -p ${folder}`);
      await writeFile(join(host.root, folder, '10-attack'), attack, { mode: 0o755 });
      await draining({}, async ({ fleet, happened }, task, since) => {
        const pid = await mainPid(host);
        fleet.endTask(task);
        await host.journal.next('its end', isEvent('hook.finished'), since);
        const said = host.journal.entries
          .slice(since)
          .filter(isEvent('hook.output'))
          .map(({ MESSAGE }) => JSON.parse(MESSAGE).msg.replace('10-attack: ', ''));
        assert.deepEqual(said, [
          'memory: No such file or directory',
          'environment: No such file or directory',
          'files: No such file or directory',
          'io_uring_setup: Operation not permitted',
          'memfd_create: Operation not permitted',
          'process_vm_readv: Operation not permitted',
          'listen: Operation not permitted',
          'home: /var/lib/ecs-drain-agent',
        ]);
        await happened('the lifecycle action to be completed', isCompletion);
        assert.equal(
          await mainPid(host),
          pid,
          'a message of a hook made systemd take another process for ours',
        );
        assert.doesNotMatch(await statusLine(host), /forged/);
        assert.doesNotMatch(
          await host.sh('journalctl -o cat'),
          /forged/,
          'a hook wrote into the log as the agent',
        );
        assert.equal((await properties(host, 'ActiveState')).ActiveState, 'active');
      });
      await host.sh('rm -r /etc/ecs-drain-agent/hooks.d');
    });

    test('metrics are served once the unit lets them, as docs/metrics.md shows', async () => {
      const conf = ['ECS_DRAIN_METRICS_LISTEN=127.0.0.1:19464'];
      await inCloud(host, { conf }, async (_cloud, since) => {
        await host.journal.next('metrics.unavailable', isEvent('metrics.unavailable'), since);
      });
      const dropIn = /```ini\n# systemctl edit ecs-drain-agent\n(\[Service\]\nSocketBindAllow=[^`]*)```/
        .exec((await readFile(join(checkout, 'docs/metrics.md'), 'utf8')).replaceAll(/^ {2}/gm, ''))?.[1]
        ?.replaceAll('9464', '19464');
      assert.ok(dropIn, 'the page shows a drop-in');
      const folder = join(host.root, 'etc/systemd/system/ecs-drain-agent.service.d');
      await mkdir(folder);
      await writeFile(join(folder, 'metrics.conf'), dropIn);
      await host.sh('systemctl daemon-reload');
      await inCloud(host, { conf }, async (_cloud, since) => {
        await host.journal.next('metrics.ready', isEvent('metrics.ready'), since);
        assert.match(await (await fetch('http://127.0.0.1:19464/metrics')).text(), /^ecs_drain_agent_state/m);
      });
      await rm(folder, { recursive: true });
      await host.sh('systemctl daemon-reload');
    });

    test('doctor names what is missing, each with its fix, and exits non-zero', async () => {
      const wanting: CloudOptions = {
        instance: { metadataTags: false },
        hooks: [],
        forbidden: ['ecs:DeregisterContainerInstance'],
      };
      await inCloud(host, wanting, async () => {
        const { status, output } = await host.attempt('ecs-drain-agent doctor');
        assert.notEqual(status, 0, output);
        const fix = (what: RegExp) => assert.match(output, what);
        fix(
          /^FAIL {2}ecs:DeregisterContainerInstance: forbidden .* Fix: allow ecs:DeregisterContainerInstance/m,
        );
        fix(
          /^warn {2}instance tags: .* Fix: aws ec2 modify-instance-metadata-options .*--instance-metadata-tags enabled/m,
        );
        fix(/^FAIL {2}lifecycle hook: .* Fix: aws autoscaling put-lifecycle-hook/m);
        fix(/^ok {4}systemd unit: ecs-drain-agent.service is active, enabled$/m);
        assert.equal(output.match(/^FAIL/gm)?.length, 2, output);
      });
      await inCloud(host, {}, async () => {
        const { status, output } = await host.attempt('ecs-drain-agent doctor');
        assert.equal(status, 0, output);
      });
    });

    test('a wrong configuration is a failed unit that names the option, and is not tried in a loop', async () => {
      await writeFile(join(host.root, 'etc/ecs-drain-agent/agent.conf'), 'ECS_DRAIN_POLL_INTERVAL=5\n');
      const since = host.journal.now();
      await host.attempt('systemctl start ecs-drain-agent');
      assert.deepEqual(await properties(host, 'ActiveState,ExecMainStatus,NRestarts'), {
        ActiveState: 'failed',
        ExecMainStatus: '78',
        NRestarts: '0',
      });
      const entry = await host.journal.next(
        'the option',
        ({ MESSAGE }) => MESSAGE.includes('ECS_DRAIN_POLL_INTERVAL'),
        since,
      );
      assert.equal(entry.PRIORITY, '3');
      await host.sh('systemctl reset-failed ecs-drain-agent');
    });

    test('installing again upgrades in place: the configuration stays, the agent is restarted', async () => {
      await inCloud(host, {}, async () => {
        const conf = await readFile(join(host.root, 'etc/ecs-drain-agent/agent.conf'), 'utf8');
        const pid = await mainPid(host);
        const since = host.journal.now();
        await host.sh(`cd /root && ${method.install}`);
        await host.journal.next('agent.started', isStartOfOtherThan(pid), since);
        assert.equal(await readFile(join(host.root, 'etc/ecs-drain-agent/agent.conf'), 'utf8'), conf);
      });
    });

    test('removal leaves nothing behind but logs', async () => {
      await host.sh('systemctl start ecs-drain-agent');
      await host.sh(method.remove);
      const left = [...(await filesOf(host))].filter((file) => !filesBefore.has(file));
      assert.deepEqual(left, []);
      const { ActiveState, LoadState } = await properties(host, 'ActiveState,LoadState');
      assert.deepEqual([ActiveState, LoadState], ['inactive', 'not-found']);
      assert.match(await host.sh('journalctl -u ecs-drain-agent -o cat | head -n 3'), /agent/);
    });
  });
}

/** As an ECS-optimized AMI orders them (aws/amazon-ecs-agent, packaging/amazon-linux-ami-integrated/ecs.service). */
const amazonsUnits = {
  'cloud-final.service':
    '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/systemctl restart ecs-drain-agent\n[Install]\nWantedBy=multi-user.target\n',
  'ecs.service':
    '[Unit]\nAfter=cloud-final.service\n[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n',
};

/** A hook that tries to pass for the agent, and to read what the agent keeps for itself. */
const attack = `#!/bin/bash
exec 2>&1
for message in STATUS=forged WATCHDOG=trigger MAINPID=$$ STOPPING=1; do
  NOTIFY_SOCKET=/run/systemd/notify systemd-notify "$message"
done
logger -t ecs-drain-agent '{"level":"info","event":"agent.stopped","msg":"forged"}' 2>/dev/null
echo '<6>{"level":"info","event":"agent.stopped","msg":"forged"}' | systemd-cat -t ecs-drain-agent 2>/dev/null
why() { sed 's/.*: //'; }
echo memory: $(head -c 1 /proc/$PPID/mem 2>&1 | why)
echo environment: $(cat /proc/$PPID/environ 2>&1 | why)
echo files: $(ls /proc/$PPID/fd/ 2>&1 | why)
perl -e '
  for (["io_uring_setup", 425], ["memfd_create", 319], ["process_vm_readv", 310], ["listen", 50]) {
    my ($name, $number) = @$_;
    syscall($number, 0, 0, 0, 0, 0, 0);
    print "$name: $!\\n";
  }'
echo home: $HOME
`;

/** A hook that tells where it finds itself. */
const lookAround = `#!/bin/bash
echo user $(id -u)
echo writable: $(find / -type d -writable -not -path '/proc/*' 2>/dev/null)
scratch=$(mktemp)
cp /bin/true $scratch
chmod +x $scratch
$scratch 2>&1
rm $scratch
`;

const nowhere = 'AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:9';

const isOwn = (entry: Entry) =>
  entry.SYSLOG_IDENTIFIER === 'ecs-drain-agent' && entry.MESSAGE.startsWith('{');

const isEvent = (name: string) => (entry: Entry) => isOwn(entry) && JSON.parse(entry.MESSAGE).event === name;

/** A start that is not the one of the process that runs, which the journal may show late. */
const isStartOfOtherThan = (pid: string | undefined) => (entry: Entry) =>
  isEvent('agent.started')(entry) && entry._PID !== pid;

type Event = Parameters<Parameters<Cloud['happened']>[1]>[0];

const isDraining = (event: Event) => event.type === 'container-instance' && event.to === 'DRAINING';

const isCompletion = (event: Event) =>
  event.type === 'lifecycle-action-ended' && event.by === 'call' && event.result === 'CONTINUE';

/** The calls that let the instance go, by the request log. */
function completions({ world }: Cloud['fleet']) {
  return (world.requestLog.entries ?? []).filter(({ api }) => api === 'autoscaling:CompleteLifecycleAction');
}

function assertNobodyInterrupted({ world }: Cloud['fleet']): void {
  assert.deepEqual(world.interruptions, [], 'tasks were cut short');
}

/** Microseconds since the Unix epoch. */
const stamp = (entry: Entry) => Number(entry.__REALTIME_TIMESTAMP);

async function properties(host: BootedHost, names: string): Promise<Record<string, string>> {
  const text = await host.sh(`systemctl show --property=${names} ecs-drain-agent`);
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/s).slice(0, 2)),
  );
}

const mainPid = async (host: BootedHost) => (await properties(host, 'MainPID')).MainPID;

/** What `systemctl status` shows behind "Status:". */
async function statusLine(host: BootedHost): Promise<string> {
  const text = await host.sh('systemctl status --no-pager --full ecs-drain-agent');
  return /^\s*Status: "(.*)"$/m.exec(text)?.[1] ?? assert.fail(`no status line in:\n${text}`);
}

/** Every file of the host but logs, caches, temporary ones and what package management and systemd note of themselves. */
async function filesOf({ root }: BootedHost): Promise<ReadonlySet<string>> {
  const folders = ['etc', 'opt', 'usr', 'var/lib', 'root', 'home', 'srv'];
  const notes = /^(var\/lib\/(dpkg|systemd|apt)|etc\/(\.pwd\.lock|.*-)$)/;
  const files = new Set<string>();
  for (const folder of folders) {
    // dpkg takes an empty /opt along.
    if (!existsSync(join(root, folder))) continue;
    for (const path of await readdir(join(root, folder), { recursive: true })) {
      const file = join(folder, path);
      if (!notes.test(file)) files.add(file);
    }
  }
  return files;
}
