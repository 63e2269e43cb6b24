import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Fleet, Sandbox } from '../../../src/sandbox/index.ts';
import { follow } from '../program-process.ts';
import { running, startCluster, startedTasks } from './oneshot-process.ts';

// Called as each scheduler calls it, by the wrapper that the packages bring, found in PATH.

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const home = mkdtempSync(join(tmpdir(), 'ecs-oneshot-'));
const jobFile = join(home, 'nightly.yml');
let fleet: Fleet;
let sandbox: Sandbox;
before(async () => {
  ({ fleet, sandbox } = await startCluster(4));
  for (const folder of ['bin', '.aws']) mkdirSync(join(home, folder));
  copyFileSync(join(root, 'packaging/program'), join(home, 'bin/ecs-oneshot'));
  symlinkSync(process.execPath, join(home, 'bin/node'));
  symlinkSync(join(root, 'dist/oneshot'), join(home, 'lib'));
  writeFileSync(join(home, '.aws/config'), `[default]\nendpoint_url = ${sandbox.apiUrl}\n`);
  writeFileSync(
    join(home, '.aws/credentials'),
    '[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = example\n',
  );
  writeFileSync(
    jobFile,
    'cluster: batch\ntask-definition: logging\nregion: eu-west-1\ncommand: [sh, -c, "echo done; exit 9"]\n',
  );
});
after(async () => {
  await sandbox.close();
  rmSync(home, { recursive: true, force: true });
});

const PATH = `${join(home, 'bin')}:/usr/local/bin:/usr/bin:/bin`;

/** Runs a command line through a shell, in this environment and no other. */
const call = (line: string, env: Readonly<Record<string, string>>) =>
  follow(spawn('/bin/sh', ['-c', line], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] }));

/** What kuroko2 leaves of the environment (its `Command::Shell`). */
const kuroko2 = (instanceId: string) => ({
  HOME: home,
  PATH,
  LANG: 'C.UTF-8',
  KUROKO2_LAUNCHED_TIME: '2026-11-26 01:02:03 +0900',
  KUROKO2_JOB_DEFINITION_ID: '42',
  KUROKO2_JOB_DEFINITION_NAME: 'Nightly report',
  KUROKO2_JOB_INSTANCE_ID: instanceId,
});

describe('called by', { concurrency: 4 }, () => {
  test('cron: the line of a crontab gives the job its exit code, and its output to the mail', async () => {
    const line = `ecs-oneshot run ${jobFile} --key "nightly-$(date +%F)"`;
    const cron = { HOME: home, PATH, SHELL: '/bin/sh', LOGNAME: 'batch' };
    const { code, stdout, stderr } = await call(line, cron).ended;
    assert.equal(code, 9, stderr);
    assert.equal(stdout, 'done\n');
    assert.match(stderr, /key nightly-\d{4}-\d\d-\d\d\n/);
  });

  test('kuroko2: an environment of seven variables is enough', async () => {
    const line = `exec ecs-oneshot run ${jobFile} --key "$KUROKO2_JOB_INSTANCE_ID" 2>&1`;
    const { code, stdout } = await call(line, kuroko2('1001')).ended;
    assert.equal(code, 9, stdout);
    assert.match(stdout, /key 1001\n/);
    assert.match(stdout, /^done$/m);
    assert.match(stdout.trimEnd().split('\n').at(-1) ?? '', /exit code 9, the container's/);
  });

  test('kuroko2: SIGTERM to the one process that it knows stops the task', async () => {
    const { fleet: own, sandbox: ownSandbox } = await startCluster();
    const line = `exec ecs-oneshot run ${jobFile} --key "$KUROKO2_JOB_INSTANCE_ID" -- sleep 60`;
    const called = call(line, { ...kuroko2('1002'), AWS_ENDPOINT_URL: ownSandbox.apiUrl });
    await running(own);
    called.signal('SIGTERM');
    const { code, stderr } = await called.ended;
    await ownSandbox.close();
    assert.equal(code, 143, stderr);
    for (const { lastStatus } of own.cluster.tasks.values()) assert.equal(lastStatus, 'STOPPED');
  });

  test('barbeque: the last line of standard output names the cluster and the task, and the code is 0', async () => {
    const line = `ecs-oneshot run ${jobFile} --no-wait --env=BARBEQUE_QUEUE_NAME=default -- sh -c 'exit 3'`;
    const { code, stdout, stderr } = await call(line, { HOME: home, PATH }).ended;
    assert.equal(code, 0, stderr);
    const { cluster, task_arn: arn } = JSON.parse(stdout.split('\n').filter(Boolean).at(-1) ?? '');
    assert.equal(cluster, 'batch');
    assert.ok(fleet.cluster.tasks.has(arn.split('/').at(-1)), arn);
  });

  test('barbeque: where nothing can be started the code is not 0, and standard output is empty', async () => {
    const line = `ecs-oneshot run ${jobFile} --task-definition nosuch --no-wait -- true`;
    const { code, stdout } = await call(line, { HOME: home, PATH }).ended;
    assert.deepEqual([code, stdout], [69, '']);
  });

  test('two workers of a queue, for a message that was delivered twice at once: it runs once, and both have its code', async () => {
    const { fleet: own, sandbox: ownSandbox } = await startCluster();
    const line = `ecs-oneshot run ${jobFile} --key 059f36b4-87a3-44ab-83d2-661975830a7d`;
    const env = { HOME: home, PATH, AWS_ENDPOINT_URL: ownSandbox.apiUrl };
    const both = await Promise.all([call(line, env).ended, call(line, env).ended]);
    await ownSandbox.close();
    assert.deepEqual(
      both.map(({ code }) => code),
      [9, 9],
    );
    assert.equal(startedTasks(own), 1, 'the message was worked off twice');
  });
});
