import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runCli } from './agent-process.ts';
import { end, scenario } from './scenario.ts';

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

const wrong = (...problems: string[]) => ({
  code: CONFIG,
  message: `ecs-drain-agent: the configuration is wrong.\n${problems.map((one) => `  ${one}\n`).join('')}`,
});

describe('what a new user gets wrong is told whole', { concurrency: 4 }, () => {
  test('an unknown flag', async () => {
    assert.deepEqual(
      await refused(['run', '--poll-intervall', '5s']),
      wrong('--poll-intervall: there is no such option. Did you mean --poll-interval?'),
    );
  });

  test('a time without a unit', async () => {
    assert.deepEqual(
      await refused(['run', '--poll-interval', '5']),
      wrong(
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

  for (const [what, path, code] of [
    ['is not there', join(directory, 'nothing.conf'), 'ENOENT'],
    ['is a directory', directory, 'EISDIR'],
  ] as const)
    test(`a configuration file that ${what}`, async () => {
      assert.deepEqual(
        await refused(['run', '--config', path]),
        wrong(
          `${path}: cannot be read (${code}). It must be a text file that the agent's user may read; name another with --config or ECS_DRAIN_CONFIG, or remove it to use the defaults.`,
        ),
      );
    });

  test('a broken configuration file, and everything else that is wrong with it', async () => {
    const path = join(directory, 'broken.conf');
    writeFileSync(path, '# ours\nECS_DRAIN_MODE=fast\nthis is no line\n');
    assert.deepEqual(
      await refused(['run', '--config', path], { ECS_DRAIN_LOG_LEVEL: 'loud' }),
      wrong(
        `${path} line 3: "this is no line" is not an assignment. Allowed: NAME=value, with or without quotes, or # comment.`,
        `ECS_DRAIN_MODE in ${path} line 2: "fast" is none of the names allowed. Allowed: drain, deregister.`,
        'ECS_DRAIN_LOG_LEVEL in the environment: "loud" is none of the names allowed. Allowed: debug, info, warn, error.',
      ),
    );
  });

  test('a flag without its value, and a word that is no option', async () => {
    assert.deepEqual(await refused(['run', '--mode']), wrong('--mode: a value is missing.'));
    assert.deepEqual(await refused(['run', 'now']), wrong('"now": this command takes options only.'));
  });

  test('an unknown command, and none', async () => {
    assert.deepEqual(await refused(['runn']), {
      code: USAGE,
      message: 'ecs-drain-agent: "runn" is not a command. Did you mean run?\n',
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
      assert.equal(JSON.parse(readFileSync(path, 'utf8')).instanceId, machine.id);
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
