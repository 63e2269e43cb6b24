import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Problem } from '../../src/agent/report/problems.ts';
import { systemClock } from '../../src/base/clock.ts';
import { version } from '../../src/base/version.ts';
import { findAgent } from '../../src/commands/find-agent.ts';
import type { EventName } from '../../src/log/events.ts';
import { addFault, type FaultKind } from '../../src/sandbox/faults.ts';
import { createFleet, type FleetOptions } from '../../src/sandbox/fleet.ts';
import { startSandbox } from '../../src/sandbox/start.ts';
import { requestDrain } from '../../src/signals/manual.ts';
import { assertOfSchema } from '../support/json-schema.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { runCli, startAgentProcess } from './agent-process.ts';

const id = 'i-0123456789abcdef0';

describe('status and drain, with an agent', () => {
  test('a drain by hand, asked for and taken back', async (t) => {
    const host = await setUp(t);
    const task = host.fleet.runTask(host.machine, { family: 'report' });
    await host.starts();
    const arn = host.machine.ecsAgent.containerInstance?.arn;

    assert.match(
      await host.status(0),
      new RegExp(
        [
          '^state {15}watching tag ecs-drain-agent:terminate, lifecycle, spot',
          `instance {12}${id} in eu-west-1`,
          `container instance  ${arn?.split('/').at(-1)}`,
          'cluster {13}web',
          'Auto Scaling group  web-asg',
          `version {13}${version.replaceAll('.', '\\.')}`,
          'since {15}20\\d\\d-\\S+Z \\(\\d+ s ago\\)\n$',
        ].join('\n'),
      ),
    );
    assertOfSchema('status', (await host.run('status', '--json')).stdout);
    assert.deepEqual(await host.run('drain'), {
      code: 0,
      stdout:
        'Drain requested: the agent begins at its next poll. `ecs-drain-agent status` shows how it goes; `drain --cancel` withdraws it.\n',
      stderr: '',
    });
    assert.match(
      (await host.run('drain')).stdout,
      /^A drain was requested before, and still is: nothing changes\. /,
      'asked twice, one thinks that the first request was lost',
    );
    await host.logs('drain.progress');
    const [state, because, , instance, cluster, ...rest] = (await host.status(10, 'oldest')).split('\n');
    assert.match(state ?? '', /^state {15}draining: 1 task left, oldest \d+ s$/);
    assert.equal(because, 'because of          manual');
    assert.equal(instance, `container instance  ${arn?.split('/').at(-1)}`);
    assert.equal(cluster, 'cluster             web');
    assert.match(rest.join('\n'), new RegExp(`\n  task ${task.id} of family:report: RUNNING, \\d+ s old\n`));
    assert.equal((await host.run('status', '--health')).code, 0, 'a drain is no reason to restart the agent');
    const { stdout } = await host.run('status', '--json');
    assertOfSchema('status', stdout);
    const json = JSON.parse(stdout);
    assert.deepEqual(
      [json.state, json.signals, json.containerInstance, json.tasksLeft, json.tasks[0].group],
      ['draining', ['manual'], arn, 1, 'family:report'],
    );

    assert.deepEqual(await host.run('drain', '--cancel'), {
      code: 0,
      stdout:
        'The request is withdrawn. The agent sets the container instance ACTIVE again at its next poll, if it was the one that set it DRAINING.\n',
      stderr: '',
    });
    await host.logs('drain.cancelled');
    await host.status(0);
    assert.equal(host.machine.ecsAgent.containerInstance?.status, 'ACTIVE');
    assert.equal(
      (await host.run('drain', '--cancel')).stdout,
      'There was no request to withdraw. The agent goes on watching.\n',
    );
  });

  test('taken back while the tag still asks for it', async (t) => {
    const host = await setUp(t);
    host.fleet.runTask(host.machine);
    host.fleet.putTag(host.machine, 'ecs-drain-agent:terminate', '');
    await host.starts();
    await host.logs('drain.progress');
    await host.status(10);
    assert.equal(
      (await host.run('drain')).stdout,
      'Drain requested. The agent was draining already, because of tag: it goes on until both are withdrawn.\n',
    );
    assert.equal(
      (await host.run('drain', '--cancel')).stdout,
      'The request is withdrawn. The drain goes on, because of tag. Remove the tag ecs-drain-agent:terminate to cancel it.\n',
    );
    host.fleet.scaleIn(host.machine);
    await host.logs('drain.signal-joined');
    assert.match(await host.status(10, 'lifecycle'), /^because of {10}tag, lifecycle$/m);
    assert.equal(
      (await host.run('drain', '--cancel')).stdout,
      'There was no request to withdraw. The drain goes on, because of tag, lifecycle. The Auto Scaling group is terminating this instance: that cannot be cancelled.\n',
    );
  });

  test('taken back too late', async (t) => {
    const host = await setUp(t);
    await host.starts();
    await host.run('drain');
    await host.logs('drain.done');
    assert.match(
      await host.status(11),
      /^state {15}drained and deregistered; the Auto Scaling group has not asked for the instance\n/,
    );
    assert.equal(
      (await host.run('drain')).stdout,
      'A drain was requested before, and still is: nothing changes. It is done: drained and deregistered; the Auto Scaling group has not asked for the instance.\n',
    );
    assert.match(
      (await host.run('drain', '--cancel')).stdout,
      /^The request is withdrawn\. But it came too late: /,
    );
  });

  test('an agent that still waits for instance metadata', async (t) => {
    const host = await setUp(t);
    host.machine.imds.forbidden = true;
    const agent = host.start();
    await agent.log.first(({ event }) => event === 'agent.waiting', 'the agent to wait');
    assert.match(await host.status(12), /^state {15}waiting for instance metadata: .*\(403\)\n/);
  });

  test('a drain that a policy and an unclear hook hold up: what, since when, and the fix', async (t) => {
    const host = await setUp(t, { hooks: [{ name: 'ours' }, { name: 'theirs' }] });
    const forbidden: FaultKind = { what: 'error', name: 'AccessDeniedException', status: 400, message: 'no' };
    addFault(host.fleet.world, {
      match: { api: 'ecs:UpdateContainerInstancesState' },
      fault: forbidden,
      count: 1_000,
    });
    host.fleet.runTask(host.machine);
    await host.starts();
    host.fleet.scaleIn(host.machine);
    await host.logs('drain.hook-unclear');
    const text = await host.status(13, 'UpdateContainerInstancesState');
    assert.match(
      text,
      /^problem {13}ecs:UpdateContainerInstancesState is forbidden \(AccessDeniedException: no\), since 20\S+Z \(\d+ s ago\)\nfix {17}allow ecs:UpdateContainerInstancesState in/m,
    );
    assert.match(
      text,
      /^problem {13}the group has several terminating hooks \(ours, theirs\): .*\nfix {17}set --lifecycle-hook/m,
    );
    const status = (await host.run('status', '--json')).stdout;
    assertOfSchema('status', status);
    assert.deepEqual(
      JSON.parse(status).problems.map(({ kind, iamAction }: Problem) => [kind, iamAction]),
      [
        ['permission', 'ecs:UpdateContainerInstancesState'],
        ['hook-unclear', undefined],
      ],
    );
    const doctor = await host.run('doctor', '--json');
    assert.equal(doctor.code, 13, 'a drain waits, and whoever looks is told only that something is not well');
    assertOfSchema('doctor', doctor.stdout);
    assert.equal((await host.run('status', '--health')).code, 0, 'a restart would not help');
  });

  test('an agent that hangs is unhealthy', async (t) => {
    const host = await setUp(t);
    const agent = await host.starts();
    await host.status(0);
    process.kill(agent.pid ?? 0, 'SIGSTOP');
    const fourMinutesAgo = Date.now() / 1_000 - 240;
    utimesSync(join(host.stateDir, 'status.json'), fourMinutesAgo, fourMinutesAgo);
    const { code } = await host.run('status', '--health');
    process.kill(agent.pid ?? 0, 'SIGCONT');
    assert.equal(code, 1, 'a container whose agent hangs is healthy for ever, and its tasks are lost');
  });

  test('an agent that was killed does not run, whoever has its process number now', async (t) => {
    const host = await setUp(t);
    const agent = await host.starts();
    await host.status(0);
    agent.signal('SIGKILL');
    await agent.exited;
    await host.status(3);
    const file = join(host.stateDir, 'status.json');
    const left = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...left, pid: process.pid }));
    assert.equal(
      await host.status(3),
      'not running: no agent runs on this host (systemctl status ecs-drain-agent)\n',
    );
    const { stdout } = await host.run('status', '--json');
    assert.equal(stdout, '{"schemaVersion":1,"state":"not-running"}\n');
    assertOfSchema('status', stdout);
    assert.equal(
      (await host.run('drain')).stdout,
      'Drain requested, but no agent runs on this host: it begins when one is started (systemctl start ecs-drain-agent).\n',
    );
  });
});

describe('status and drain, without an agent', () => {
  for (const text of ['', '{', 'null', '[]', '{"pid":1}', '{"pid":"1","state":"watching"}']) {
    test(`a status file with ${text || 'nothing'} in it counts as none`, async (t) => {
      const stateDir = temporaryDirectory(t);
      writeFileSync(join(stateDir, 'status.json'), text);
      assert.deepEqual(findAgent(stateDir, {}), { kind: 'not-running' });
    });
  }

  test('a status file that this user may not read', { skip: process.getuid?.() !== 0 }, (t) => {
    const stateDir = temporaryDirectory(t);
    writeFileSync(join(stateDir, 'status.json'), '{}', { mode: 0o600 });
    process.seteuid?.(65_534);
    try {
      assert.deepEqual(findAgent(stateDir, {}), {
        kind: 'unreadable',
        why: `${join(stateDir, 'status.json')} may not be read by this user; try again as root`,
      });
    } finally {
      process.seteuid?.(0);
    }
  });

  test('a state directory that is not there', async (t) => {
    const stateDir = join(temporaryDirectory(t), 'none');
    const { code, stdout, stderr } = await runCli(['drain', '--state-dir', stateDir]);
    assert.deepEqual([code, stdout], [1, '']);
    assert.equal(
      stderr,
      `ecs-drain-agent: the request cannot be left in ${stateDir}: ENOENT: no such file or directory, open '${stateDir}/drain-requested'\n` +
        'No agent has run here with this state directory: start it first, or give the --state-dir that it runs with.\n',
    );
  });

  for (const [what, mount, hint] of [
    ['a full disk', 'mount -t tmpfs -o nr_inodes=1 tmpfs', 'Make room there: the disk is full.'],
    [
      'a read-only file system',
      'mount -t tmpfs -o ro tmpfs',
      'Its file system is read-only: mount it writable,',
    ],
  ] as const)
    test(`${what} is not for root to write either: the message says what helps`, {
      skip: process.getuid?.() !== 0,
    }, async (t) => {
      const stateDir = temporaryDirectory(t);
      const within = ['unshare', '--mount', 'sh', '-ec', `${mount} "${stateDir}"; exec "$@"`, 'sh'];
      const { code, stderr } = await runCli(['drain', '--state-dir', stateDir], {}, within);
      assert.equal(code, 1);
      assert.ok(stderr.split('\n')[1]?.startsWith(hint), stderr);
    });

  test('a request that root leaves is the agent’s', { skip: process.getuid?.() !== 0 }, async (t) => {
    const stateDir = join(temporaryDirectory(t), 'state');
    mkdirSync(stateDir);
    chownSync(stateDir, 65_534, 65_534);
    await requestDrain(stateDir, undefined);
    const { uid, gid } = statSync(join(stateDir, 'drain-requested'));
    assert.deepEqual([uid, gid], [65_534, 65_534]);
  });
});

async function setUp(t: TestContext, groupOptions: FleetOptions = {}) {
  const fleet = createFleet({ clock: systemClock, ...groupOptions });
  const machine = fleet.addInstance({ instanceId: id });
  const sandbox = await startSandbox(fleet, { clock: systemClock });
  const stateDir = temporaryDirectory(t);
  const environment = {
    ...sandbox.environment(id),
    ECS_DRAIN_STATE_DIR: stateDir,
    ECS_DRAIN_POLL_INTERVAL: '1s',
  };
  t.after(() => sandbox.close());
  let agent: ReturnType<typeof startAgentProcess> | undefined;
  const start = () => {
    const started = startAgentProcess(['run'], environment);
    t.after(async () => {
      started.signal('SIGTERM');
      await started.exited;
    });
    agent = started;
    return started;
  };
  const run = (...args: string[]) => runCli(args, environment);
  return {
    fleet,
    machine,
    stateDir,
    run,
    start,
    starts: async () => {
      const started = start();
      await started.log.first(
        ({ event }) => event === 'agent.watching' || event === 'drain.signalled',
        'the agent to begin',
      );
      return started;
    },
    logs: (wanted: EventName) => agent?.log.first(({ event }) => event === wanted, wanted),
    /** The agent writes its log first and its status right after: asked in between, `status` is asked again. */
    status: async (expected: number, text = '') => {
      let answer = await run('status');
      const isEarly = () =>
        answer.code !== expected || answer.stdout.includes('not asked yet') || !answer.stdout.includes(text);
      // ECS says what a task is some seconds after the host has named it.
      for (let tries = 0; isEarly() && tries < 400; tries++) answer = await run('status');
      assert.equal(answer.code, expected, answer.stdout);
      return answer.stdout;
    },
  };
}
