import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type CommandName, loadOptions } from '../../../../src/oneshot/config/load.ts';

const directory = mkdtempSync(join(tmpdir(), 'ecs-oneshot-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const jobFile = (text: string) => {
  const path = join(directory, 'job.yml');
  writeFileSync(path, text);
  return path;
};
const load = async (argv: string[], environment = {}, name: CommandName = 'run') => {
  const loaded = await loadOptions(name, argv, environment);
  if (loaded.kind === 'wrong') assert.fail(loaded.problems.join('\n'));
  return loaded;
};
const problems = async (argv: string[], environment = {}, name: CommandName = 'run') => {
  const loaded = await loadOptions(name, argv, environment);
  return loaded.kind === 'wrong' ? loaded.problems : [];
};
const least = ['--cluster', 'batch', '--task-definition', 'job'];

describe('a job file', () => {
  test('has the flags as its keys, and flags win', async () => {
    const path = jobFile(
      'cluster: batch\ntask-definition: job:3\nmemory: 512\ncapacity-timeout: 5m\nno-wait: true\n',
    );
    const { options } = await load([path, '--memory', '1024']);
    assert.deepEqual(
      [options.cluster, options.taskDefinition, options.memory, options.capacityTimeout, options.noWait],
      ['batch', 'job:3', 1024, 300_000, true],
    );
  });

  test('gives environment and command, to which flags add, and which a command replaces', async () => {
    const path = jobFile(
      'cluster: batch\ntask-definition: job\nenv: {A: 1, B: true}\ncommand: [rake, "x y"]\n',
    );
    const fromFile = await load([path]);
    assert.deepEqual(fromFile.command, ['rake', 'x y']);
    assert.deepEqual(fromFile.containerEnvironment, { A: '1', B: 'true' });
    const changed = await load([path, '--env', 'B=2', '--env', 'SECRET', '--', 'other', '--flag'], {
      SECRET: 's',
    });
    assert.deepEqual(changed.command, ['other', '--flag']);
    assert.deepEqual(changed.containerEnvironment, { A: '1', B: '2', SECRET: 's' });
  });

  test('gives subnets and security groups as lists, or as a flag does', async () => {
    const least = 'cluster: batch\ntask-definition: job\n';
    const listed = await load([
      jobFile(`${least}subnets: [subnet-0a1b, subnet-0c]\nsecurity-groups: [sg-0a1b]\n`),
    ]);
    assert.deepEqual(listed.options.subnets, ['subnet-0a1b', 'subnet-0c']);
    assert.deepEqual(listed.options.securityGroups, ['sg-0a1b']);
    const flat = await load([jobFile(`${least}subnets: subnet-0a1b, subnet-0c\n`)]);
    assert.deepEqual(flat.options.subnets, ['subnet-0a1b', 'subnet-0c']);
    assert.equal(flat.options.securityGroups, undefined);
  });

  for (const [text, problem] of [
    ['subnets: [[a]]', /job\.yml: subnets must be a list of IDs, or one/],
    ['subnets: []', /subnets must be a list of IDs/],
    [
      'subnets: [private-a]',
      /job\.yml: subnets: "private-a" contains "private-a", which is no ID of that kind/,
    ],
    [
      'assign-public-ip: DISABLED',
      /job\.yml: assign-public-ip is no option: ECS assigns no public IP address/,
    ],
    ['networkConfiguration: {}', /networkConfiguration is no option: give its members as subnets and/],
    ['clustr: batch', /job\.yml: "clustr" is no option\. Did you mean cluster\?/],
    ['cluster: [a]', /cluster must be one value/],
    ['command: rake db', /command must be a list of words/],
    ['env: [A]', /env must be a map/],
    ['- a', /it must be a map of options/],
    ['cluster: [a\n b: c', /at line 1/],
    ['cluster: batch\ncluster: other', /unique/],
    ['memory: much', /job\.yml: memory: "much" is not a whole number/],
  ] as const) {
    test(`${JSON.stringify(text)} is a mistake that is named`, async () => {
      assert.match((await problems([jobFile(text)])).join('\n'), problem);
    });
  }

  test('one that is not there is named', async () => {
    assert.match(
      (await problems([join(directory, 'none.yml')])).join('\n'),
      /none\.yml: the job file cannot be read/,
    );
  });
});

describe('the command line', () => {
  for (const [argv, problem] of [
    [['--task-definition', 'job'], /^--cluster: it must be given/],
    [[...least, 'job.yml'], /a job file comes first/],
    [[...least, '--clustr', 'x'], /--clustr: unknown option\. Did you mean --cluster\?/],
    [[...least, '--'], /a command is missing/],
    [[...least, '--env', '1A=2'], /is not NAME=VALUE/],
    [[...least, '--env', 'UNSET'], /UNSET is not set here/],
    [[...least, '--key', ''], /--key: "" is empty/],
    [[...least, '--timeout', '5'], /has no unit/],
    [[...least, '--cpu', '0'], /is not a whole number/],
    [[...least, '--demand-queue', 'demand'], /--demand-queue: "demand" is not the URL of a standard queue/],
    [
      [...least, '--demand-queue', 'https://sqs.eu-west-1.amazonaws.com/111122223333/a.fifo'],
      /standard queue/,
    ],
    [
      [...least, '--demand-queue', 'https://sqs.eu-west-1.amazonaws.com/1/a', '--capacity-provider', 'p'],
      /--demand-queue: it cannot be given together with --capacity-provider/,
    ],
    [[...least, '--security-groups', 'sg-0a'], /--security-groups: --subnets must be given too/],
    [[...least, '--subnets', 'sg-0a'], /--subnets: "sg-0a" contains "sg-0a", which is no ID of that kind/],
    [[...least, '--subnets', Array(17).fill('subnet-0a').join(',')], /--subnets: .* has more than 16 IDs/],
    [[...least, '--assign-public-ip', 'ENABLED'], /^--assign-public-ip: no option: ECS assigns no public IP/],
    [['--cluster', 'a b', '--task-definition', 'job'], /is not the name of an ECS cluster/],
    [[...least, '--result-file', '/proc/nowhere/result.json'], /--result-file: .* cannot be written/],
  ] as const) {
    test(`${argv.join(' ')}: refused before anything is started`, async () => {
      assert.match((await problems([...argv])).join('\n'), problem);
    });
  }

  test('status and stop need a key', async () => {
    for (const name of ['status', 'stop'] as const)
      assert.deepEqual(await problems(['--cluster', 'batch'], {}, name), [
        '--key: it must be given, here or in a job file.',
      ]);
  });

  test('what follows -- is the command, whatever it looks like', async () => {
    assert.deepEqual((await load([...least, '--', '--help'])).command, ['--help']);
  });
});
