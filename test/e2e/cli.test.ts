import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { optionList } from '../../src/config/options.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { runCli } from './agent-process.ts';

const wrong = (problem: string, command = '') =>
  `ecs-drain-agent: the command line is wrong.\n  ${problem}\nTry: ecs-drain-agent ${command}--help\n`;

describe('the command line', () => {
  test('--help names every command, option and variable, in lines that fit a terminal', async () => {
    const { code, stdout, stderr } = await runCli(['--help']);
    assert.deepEqual([code, stderr], [0, '']);
    for (const name of ['run', 'status', 'doctor', 'drain', 'sandbox']) {
      assert.match(stdout, new RegExp(`^ {2}${name} +[A-Z]`, 'm'));
    }
    for (const { flag, env } of optionList) {
      assert.ok(stdout.includes(`--${flag}`), flag);
      assert.ok(stdout.includes(env), env);
    }
    const tooLong = stdout.split('\n').filter((line) => line.length > 100);
    assert.deepEqual(tooLong, []);
    assert.deepEqual(await runCli(['help']), { code, stdout, stderr });
  });

  for (const words of [
    ['status', '--help'],
    ['help', 'status'],
  ])
    test(`${words.join(' ')}: its own flags and exit codes, and not those of others`, async () => {
      const { code, stdout } = await runCli(words);
      assert.equal(code, 0);
      assert.match(stdout, /^Usage: ecs-drain-agent status \[--json\] \[--health\]$/m);
      assert.match(stdout, /^ {2}--health +Let the exit code/m);
      assert.match(stdout, /^ {2}--state-dir PATH/m);
      assert.match(stdout, /^ {2}13 +watching or draining, and something must be fixed/m);
      assert.doesNotMatch(stdout, /--cancel|--poll-interval/);
    });

  test('--version is the one of package.json', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    for (const word of ['--version', '-V', 'version'])
      assert.deepEqual(await runCli([word]), { code: 0, stdout: `${version}\n`, stderr: '' });
  });

  for (const [words, code] of [
    [['--help'], 0],
    [['run', '--help'], 0],
    [['status'], 3],
    [['doctor'], 1],
  ] as const)
    test(`${words.join(' ')} | head ends as it would without, and with no stack trace`, async () => {
      const gone = ['bash', '-c', '"$@" | true; exit $PIPESTATUS', 'bash'];
      assert.deepEqual(await runCli(words, {}, gone), { code, stdout: '', stderr: '' });
    });

  test('no command at all: what there is, on stderr, and exit code 64', async () => {
    const { code, stdout, stderr } = await runCli([]);
    assert.deepEqual([code, stdout], [64, '']);
    assert.match(stderr, /^Drains this Amazon ECS container instance/);
  });

  for (const [name, said] of [
    ['statsu', wrong('"statsu" is not a command. Did you mean status?')],
    [
      'terminate',
      wrong(
        '"terminate" is not a command. The commands are run, status, doctor, drain, sandbox, help, version, completion.',
      ),
    ],
    ['--verison', wrong('"--verison" is not a command. Did you mean --version?')],
    [
      '--mode=drain',
      wrong(
        '"--mode=drain" is not a command. Options come after the command: ecs-drain-agent COMMAND --mode=drain.',
      ),
    ],
    ['constructor', /is not a command/],
  ] as const) {
    test(`${name} is no command: exit code 64`, async () => {
      const { code, stdout, stderr } = await runCli([name]);
      assert.deepEqual([code, stdout], [64, '']);
      if (typeof said === 'string') assert.equal(stderr, said);
      else assert.match(stderr, said);
    });
  }

  for (const command of ['run', 'status', 'doctor', 'drain']) {
    test(`${command} with a wrong configuration names all that is wrong: exit code 64`, async (t) => {
      const file = join(temporaryDirectory(t), 'agent.conf');
      writeFileSync(file, 'ECS_DRAIN_MODE=gently\n');
      const { code, stdout, stderr } = await runCli([command, '--poll-interval', '5', '--config', file]);
      assert.deepEqual([code, stdout], [64, '']);
      assert.equal(
        stderr,
        'ecs-drain-agent: the command line is wrong.\n' +
          '  --poll-interval: "5" has no unit; write a number with ms, s, m, h or d, for example 5s. Allowed: a time from 1s to 5m.\n' +
          `  ECS_DRAIN_MODE in ${file} line 1: "gently" is not one of the allowed values. Allowed: drain, deregister.\n` +
          `Try: ecs-drain-agent ${command} --help\n`,
      );
    });

    test(`${command} with a wrong file alone: exit code 78`, async (t) => {
      const file = join(temporaryDirectory(t), 'agent.conf');
      writeFileSync(file, 'ECS_DRAIN_MODE=drian\n');
      const { code, stderr } = await runCli([command, '--config', file]);
      assert.equal(code, 78);
      assert.equal(
        stderr,
        'ecs-drain-agent: the configuration is wrong.\n' +
          `  ECS_DRAIN_MODE in ${file} line 1: "drian" is not one of the allowed values (did you mean drain?). Allowed: drain, deregister.\n`,
      );
    });
  }

  for (const [words, problem] of [
    [['run', '--cancel'], '--cancel: an option of drain, not of this command.'],
    [['status', '--jsn'], '--jsn: unknown option. Did you mean --json?'],
    [['drain', '--cancle'], '--cancle: unknown option. Did you mean --cancel?'],
    [['drain', '--cancel=now'], '--cancel: it takes no value.'],
    [['doctor', '--hlep'], '--hlep: unknown option. Did you mean --help?'],
    [['run', '--dry-run', 'yes'], '--dry-run: "yes" is neither true nor false. Allowed: true, false.'],
    [
      ['run', '--signals', ''],
      '--signals: "" is empty. Allowed: one or more of tag, lifecycle, spot, rebalance, scheduled, separated by commas.',
    ],
    [
      ['run', '--signals', 'tga'],
      '--signals: "tga" contains "tga" (did you mean tag?). Allowed: one or more of tag, lifecycle, spot, rebalance, scheduled, separated by commas.',
    ],
  ] as const)
    test(`${words.join(' ')}: exit code 64`, async () => {
      const [command] = words;
      assert.deepEqual(await runCli([...words]), {
        code: 64,
        stdout: '',
        stderr: wrong(problem, `${command} `),
      });
    });
});
