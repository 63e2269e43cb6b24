import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createFileStore } from '../../src/agent/state/state-file.ts';
import { runCli } from './agent-process.ts';
import { type Agent, end, scenario, waitUntil } from './scenario.ts';

const directory = mkdtempSync(join(tmpdir(), 'ecs-drain-agent-test-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** EX_CONFIG and EX_USAGE of sysexits.h. */
const CONFIG = 78;
const USAGE = 64;

/** The message, with nothing on the standard output. */
async function refused(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await runCli(args, env);
  assert.equal(stdout, '');
  return { code, message: stderr };
}

/** A process that is busy without end would hold up its host's shutdown, and a test that only waits for it. */
async function obeysSigterm(agent: Agent): Promise<void> {
  let hasEnded = false;
  void agent.exited.then(() => {
    hasEnded = true;
  });
  agent.signal('SIGTERM');
  await waitUntil(() => hasEnded, 'the agent to end, as SIGTERM tells it');
  assert.deepEqual(await agent.exited, { code: 0, signal: null });
}

const wrong = (...problems: string[]) => ({
  code: CONFIG,
  message: `ecs-drain-agent: the configuration is wrong.\n${problems.map((one) => `  ${one}\n`).join('')}`,
});

/** On the command line itself. */
const misused = (...problems: string[]) => ({
  code: USAGE,
  message: `ecs-drain-agent: the command line is wrong.\n${problems.map((one) => `  ${one}\n`).join('')}Try: ecs-drain-agent run --help\n`,
});

describe('what a new user gets wrong is told whole', { concurrency: 4 }, () => {
  test('an unknown flag', async () => {
    assert.deepEqual(
      await refused(['run', '--poll-intervall', '5s']),
      misused('--poll-intervall: unknown option. Did you mean --poll-interval?'),
    );
  });

  test('a time without a unit', async () => {
    assert.deepEqual(
      await refused(['run', '--poll-interval', '5']),
      misused(
        '--poll-interval: "5" has no unit; write a number with ms, s, m, h or d, for example 5s. Allowed: a time from 1s to 5m.',
      ),
    );
  });

  test('a tag key that instance metadata can never serve', async () => {
    assert.deepEqual(
      await refused(['run', '--tag-key', 'a b']),
      wrong(
        '--tag-key: "a b" can never be read from instance metadata, which serves keys of A-Z a-z 0-9 + - = . , _ : @ only. Choose such a key, or set --tag-source ec2.',
      ),
    );
  });

  const cannotBeRead = (path: string, code: string) =>
    `${path}: cannot be read (${code}). It must be a text file that the agent's user may read; name another with --config or ECS_DRAIN_CONFIG, or remove it to use the defaults.`;

  test('a configuration file that is a directory', async () => {
    assert.deepEqual(await refused(['run', '--config', directory]), wrong(cannotBeRead(directory, 'EISDIR')));
  });

  test('a configuration file that user data has not written yet: the unit starts the agent again', async () => {
    const path = join(directory, 'nothing.conf');
    const { code, message } = await refused(['run'], { ECS_DRAIN_CONFIG: path });
    assert.equal(code, 75, 'the unit never starts it again, and the instance has no agent');
    assert.equal(
      message,
      `ecs-drain-agent: the configuration cannot be read.\n  ${cannotBeRead(path, 'ENOENT')}\n`,
    );
  });

  test('a configuration file that is a FIFO: it says so, and does not wait for a writer', async () => {
    const path = join(directory, 'fifo.conf');
    execFileSync('mkfifo', [path]);
    const { code, message } = await refused(['run', '--config', path]);
    assert.equal(code, CONFIG);
    assert.match(message, /fifo\.conf: cannot be read \(\S+fifo\.conf is a FIFO or a device, not a file\)/);
  });

  test('a broken configuration file, and everything else that is wrong with it', async () => {
    const path = join(directory, 'broken.conf');
    writeFileSync(path, '# ours\nECS_DRAIN_MODE=fast\nthis is no line\n');
    assert.deepEqual(
      await refused(['run', '--config', path], { ECS_DRAIN_LOG_LEVEL: 'loud' }),
      wrong(
        `${path} line 3: not an assignment. Allowed: NAME=value without a space around =, the value with or without quotes, or # comment on a line of its own.`,
        `ECS_DRAIN_MODE in ${path} line 2: "fast" is not one of the allowed values. Allowed: drain, deregister.`,
        'ECS_DRAIN_LOG_LEVEL in the environment: "loud" is not one of the allowed values. Allowed: debug, info, warn, error.',
      ),
    );
  });

  test('a flag without its value, and a word that is no option', async () => {
    assert.deepEqual(await refused(['run', '--mode']), misused('--mode: a value is missing.'));
    assert.deepEqual(await refused(['run', 'now']), misused('"now": this command takes options only.'));
  });

  test('an unknown command, and none', async () => {
    assert.deepEqual(await refused(['runn']), {
      code: USAGE,
      message:
        'ecs-drain-agent: the command line is wrong.\n  "runn" is not a command. Did you mean run?\nTry: ecs-drain-agent --help\n',
    });
    const { code, message } = await refused([]);
    assert.equal(code, USAGE);
    assert.match(message, /^Drains this Amazon ECS container instance/);
  });
});

describe('what can be done without is said, and done without', { concurrency: 4 }, () => {
  scenario('an unknown ECS_DRAIN_ name', {}, async ({ fleet, agent }) => {
    const running = await agent(fleet.addInstance(), { env: { ECS_DRAIN_POLL_INTERVALL: '5s' } });
    const { msg, level } = await running.says('config.warning');
    assert.equal(level, 'warn');
    assert.equal(
      msg,
      'ECS_DRAIN_POLL_INTERVALL in the environment is not an option and is ignored. Did you mean ECS_DRAIN_POLL_INTERVAL?',
    );
    await running.says('agent.watching');
  });

  scenario('a state directory that cannot be made', {}, async ({ fleet, agent, directory, happens }) => {
    const machine = fleet.addInstance();
    const file = join(directory(), 'a-file');
    writeFileSync(file, '');
    const running = await agent(machine, { stateDir: join(file, 'state') });
    const { msg } = await running.says('state.unwritable');
    assert.match(msg, /a-file.*set --state-dir \(ECS_DRAIN_STATE_DIR\) to a directory/);
    fleet.scaleIn(machine);
    await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
  });

  scenario('a state directory in /proc, where none can be made', {}, async ({ fleet, agent, polls }) => {
    const machine = fleet.addInstance();
    const running = await agent(machine, { stateDir: '/proc/ecs-drain-agent' });
    const { msg, level } = await running.says('state.unwritable');
    assert.equal(level, 'warn');
    assert.equal(
      msg,
      'nothing can be kept in the state directory /proc/ecs-drain-agent (from --state-dir): ' +
        "ENOENT: no such file or directory, mkdir '/proc/ecs-drain-agent'; " +
        'set --state-dir (ECS_DRAIN_STATE_DIR) to a directory that this user can make and write',
    );
    await running.says('agent.watching');
    await polls(machine, 2);
    await obeysSigterm(running);
  });

  scenario('a state file that is a FIFO: it does not wait for a writer', {}, async (scene) => {
    const { fleet, agent, directory, happens } = scene;
    const machine = fleet.addInstance();
    const stateDir = directory();
    execFileSync('mkfifo', [join(stateDir, 'state.json')]);
    const running = await agent(machine, { stateDir });
    const { msg } = await running.says('state.discarded');
    assert.match(msg, /state\.json is a FIFO or a device, not a file: starting without it$/);
    fleet.scaleIn(machine);
    await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
    assert.equal(createFileStore(stateDir).load()?.instanceId, machine.id);
  });

  scenario(
    'FIFOs in the place of the AWS SDK’s own files: it drains, and ends when told',
    {},
    async (scene) => {
      const { fleet, agent, directory, happens } = scene;
      const machine = fleet.addInstance();
      const home = directory();
      mkdirSync(join(home, '.aws'));
      for (const name of ['config', 'credentials']) execFileSync('mkfifo', [join(home, '.aws', name)]);
      const env = { HOME: home, AWS_CONFIG_FILE: '', AWS_SHARED_CREDENTIALS_FILE: '' };
      const running = await agent(machine, { env });
      const { msg } = await running.says('config.warning');
      assert.match(msg, /\.aws\/config is a FIFO, a socket or a device, and is left out/);
      fleet.scaleIn(machine);
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      await obeysSigterm(running);
    },
  );

  scenario('a status file that cannot be removed', {}, async ({ fleet, agent }) => {
    const running = await agent(fleet.addInstance());
    await running.says('agent.watching');
    const path = join(running.stateDir, 'status.json');
    putDirectoryAt(path);
    writeFileSync(join(path, 'in-the-way'), '');
    await obeysSigterm(running);
    assert.equal(running.lines('agent.stopped').length, 1);
  });

  scenario(
    'a second agent in the same state directory: refused, and the first keeps its status',
    {},
    async ({ fleet, agent, polls }) => {
      const machine = fleet.addInstance();
      const first = await agent(machine);
      await first.says('agent.watching');
      const second = await agent(machine, { stateDir: first.stateDir });
      const { msg, level } = await second.says('agent.already-running', { pid: first.pid });
      assert.equal(level, 'error');
      assert.equal(
        msg,
        `another agent, with process id ${first.pid}, runs with the state directory ${first.stateDir} (from --state-dir); ` +
          'stop that one first, or give this one a directory of its own with --state-dir (ECS_DRAIN_STATE_DIR)',
      );
      assert.deepEqual(await second.exited, { code: 75, signal: null });
      assert.deepEqual(second.lines('agent.started'), []);

      await polls(machine, 1);
      const { code, stdout } = await runCli(['status', '--json', '--state-dir', first.stateDir]);
      assert.equal(code, 0, 'status no longer shows the agent that runs');
      assert.equal(JSON.parse(stdout).pid, first.pid);

      await obeysSigterm(first);
      const third = await agent(machine, { stateDir: first.stateDir });
      await third.says('agent.watching');
      await third.crash();
      const fourth = await agent(machine, { stateDir: first.stateDir });
      await fourth.says('agent.watching');
      assert.deepEqual(
        readdirSync(first.stateDir).filter((name) => name.endsWith('.new')),
        [],
      );
    },
  );

  scenario(
    'a corrupt state file: replaced by a good one',
    {},
    async ({ fleet, agent, directory, happens }) => {
      const machine = fleet.addInstance();
      const stateDir = directory();
      const path = join(stateDir, 'state.json');
      writeFileSync(path, 'not JSON at all');
      const running = await agent(machine, { stateDir });
      await running.says('state.discarded');
      fleet.scaleIn(machine);
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      assert.equal(createFileStore(stateDir).load()?.instanceId, machine.id);
    },
  );

  scenario('no metadata at all: it says so and waits', {}, async ({ fleet, agent }) => {
    const running = await agent(fleet.addInstance({ imdsAfter: 3_600_000 }));
    const { msg } = await running.says('agent.waiting', { for: 'imds' });
    assert.match(msg, /^waiting for instance metadata: .*ECONNREFUSED/);
    const { code, stdout } = await runCli(['status', '--json', '--state-dir', running.stateDir]);
    assert.equal(code, 12);
    assert.equal(JSON.parse(stdout).state, 'starting');
    assert.deepEqual(await end(running), { code: 0, signal: null });
  });

  scenario(
    'an ECS agent that never comes up: it says so, watches, and cannot be moved to release anything',
    { except: { L1: 'nothing tells in which cluster the instance is' } },
    async ({ fleet, agent, requests, polls }) => {
      const machine = fleet.addInstance({ ecsAgentAfter: 'never' });
      const running = await agent(machine);
      const { msg } = await running.says('agent.waiting', { for: 'ecs-agent' });
      assert.match(msg, /^waiting for the ECS agent: .*ECONNREFUSED/);
      await running.says('agent.watching');
      fleet.scaleIn(machine);
      await running.says('lifecycle.heartbeat');
      await polls(machine, 6);
      assert.deepEqual(requests('autoscaling:CompleteLifecycleAction'), []);
    },
  );
});

/** The agent may write the file anew between the removal and what takes its place; over a directory it cannot. */
function putDirectoryAt(path: string): void {
  for (;;) {
    rmSync(path, { force: true });
    try {
      return void mkdirSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
