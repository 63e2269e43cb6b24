import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { optionList } from '../../src/config/options.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { runCli } from './agent-process.ts';

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
    assert.deepEqual(await runCli(['doctor', '--help']), { code, stdout, stderr });
  });

  test('--version is the one of package.json', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    assert.deepEqual(await runCli(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('no command at all: what there is, on stderr, and exit code 64', async () => {
    const { code, stdout, stderr } = await runCli([]);
    assert.deepEqual([code, stdout], [64, '']);
    assert.match(stderr, /^Drains this Amazon ECS container instance/);
  });

  for (const [name, said] of [
    ['statsu', 'ecs-drain-agent: "statsu" is not a command. Did you mean status?\n'],
    [
      'terminate',
      'ecs-drain-agent: "terminate" is not a command. The commands are run, status, doctor, drain, sandbox.\n',
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
    test(`${command} with a wrong configuration names all that is wrong: exit code 78`, async (t) => {
      const file = join(temporaryDirectory(t), 'agent.conf');
      writeFileSync(file, 'ECS_DRAIN_MODE=gently\n');
      const { code, stdout, stderr } = await runCli([command, '--poll-interval', '5', '--config', file]);
      assert.deepEqual([code, stdout], [78, '']);
      assert.equal(
        stderr,
        'ecs-drain-agent: the configuration is wrong.\n' +
          '  --poll-interval: "5" has no unit; write a number with ms, s, m, h or d, for example 5s. Allowed: a time from 1s to 5m.\n' +
          `  ECS_DRAIN_MODE in ${file} line 1: "gently" is not one of the allowed values. Allowed: drain, deregister.\n`,
      );
    });
  }

  test('a flag of another command is none of this one', async () => {
    const { code, stderr } = await runCli(['run', '--cancel']);
    assert.equal(code, 78);
    assert.match(stderr, /--cancel: unknown option\./);
  });
});
