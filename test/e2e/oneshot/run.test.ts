import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseDemand } from '../../../src/base/demand.ts';
import { addFault, addMessageQueue, type Fleet, type Sandbox } from '../../../src/sandbox/index.ts';
import { requested, running, startCluster, startedTasks, startOneshot } from './oneshot-process.ts';

let fleet: Fleet;
let sandbox: Sandbox;
const directory = mkdtempSync(join(tmpdir(), 'ecs-oneshot-'));
before(async () => {
  ({ fleet, sandbox } = await startCluster(4));
  const container = { name: 'main', image: 'busybox', cpu: 64, memory: 64 };
  fleet.world.call('ecs:RegisterTaskDefinition', {
    family: 'fast',
    containerDefinitions: [container],
    placementConstraints: [{ type: 'memberOf', expression: 'attribute:disk == nvme' }],
  });
  fleet.world.call('ecs:RegisterTaskDefinition', {
    family: 'listening',
    // SSH's.
    containerDefinitions: [{ ...container, portMappings: [{ containerPort: 22, hostPort: 22 }] }],
  });
});
after(async () => {
  await sandbox.close();
  rmSync(directory, { recursive: true, force: true });
});

const job = ['run', '--cluster', 'batch', '--task-definition', 'job'];
const run = (...args: string[]) => startOneshot([...job, ...args], sandbox).ended;

describe('the exit code', { concurrency: 4 }, () => {
  for (const [args, code, lastLine] of [
    [['--', 'true'], 0, /^ecs-oneshot: exit code 0, the container's: main exited with code 0/],
    [['--', 'sh', '-c', 'sleep 1; exit 3'], 3, /exit code 3, the container's/],
    [['--', 'sh', '-c', 'exit 75'], 75, /exit code 75, the container's/],
    [['--', 'oom'], 137, /used more memory than it may/],
    [
      ['--cpu', '9000', '--capacity-timeout', '1s', '--', 'true'],
      75,
      /exit code 75, the launcher's: not started within 1 s: .*RESOURCE:CPU/,
    ],
    [
      ['--task-definition', 'fast', '--', 'true'],
      69,
      /no container instance of the cluster can take it: the task definition's placement constraint is unmet/,
    ],
    [
      ['--task-definition', 'listening', '--capacity-timeout', '1s', '--', 'true'],
      75,
      /a port that the task binds is taken on every instance \(RESOURCE:PORTS\); it is safe to try again/,
    ],
    [['--task-definition', 'gone'], 69, /could not be started: CannotPullContainerError/],
    [['--task-definition', 'nosuch'], 69, /Unable to describe task definition/],
    [['--cluster', 'nosuch', '--', 'true'], 69, /Cluster not found/],
    [['--container', 'other', '--', 'true'], 64, /has no container other: it has main/],
    [
      ['--task-definition', 'attended', '--', 'sh', '-c', 'sleep 1; exit 4'],
      4,
      /exit code 4, the container's: main exited with code 4,/,
    ],
    [['--task-definition', 'paired', '--', 'true'], 64, /2 essential containers \(proxy, main\): name one/],
    [
      ['--task-definition', 'paired', '--container', 'main', '--', 'sleep', '60'],
      143,
      /exit code 143, the container's: main exited with code 143, and proxy exited with code 9/,
    ],
    [['--timeout', '1s', '--', 'sleep', '60'], 124, /the time limit passed, and it was stopped/],
  ] as const) {
    test(`${args.join(' ')}: ${code}`, async () => {
      const ended = await run(...args);
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.lastLine, lastLine);
      assert.equal(ended.stdout, '');
    });
  }

  test('that of the container, though whoever read the output has gone', async () => {
    const launcher = startOneshot([...job, '--', 'sh', '-c', 'sleep 1; exit 3'], sandbox);
    launcher.onLine(launcher.stopReading);
    assert.equal(
      (await launcher.ended).code,
      3,
      'the caller would take 1 for what the container exited with',
    );
  });

  test('a host that is lost: 71, and never a success', async () => {
    const machine = fleet.addInstance({ cpu: 4096, memory: 8192, instanceType: 'c5.large' });
    const ended = startOneshot([...job, '--cpu', '4096', '--', 'sleep', '60'], sandbox).ended;
    while (machine.placed[0]?.lastStatus !== 'RUNNING')
      await new Promise((resolve) => setTimeout(resolve, 20));
    fleet.terminate(machine, 'hardware failure');
    const { code, lastLine } = await ended;
    assert.equal(code, 71);
    assert.match(lastLine, /ended without an exit code: its host was lost/);
  });
});

describe('a task of the network mode awsvpc', () => {
  const networked = ['run', '--cluster', 'batch', '--task-definition', 'networked'];
  const asked = () => (fleet.world.requestLog.entries ?? []).filter(({ api }) => api === 'ecs:RunTask');

  test('runs with its network interface in the subnets that are given', async () => {
    const args = [
      '--subnets',
      'subnet-0b,subnet-0a',
      '--security-groups',
      'sg-0a',
      '--',
      'sh',
      '-c',
      'exit 4',
    ];
    const { code, stderr } = await startOneshot([...networked, ...args], sandbox).ended;
    assert.equal(code, 4, stderr);
    const input = asked().at(-1)?.input as { networkConfiguration?: object } | undefined;
    assert.deepEqual(input?.networkConfiguration, {
      awsvpcConfiguration: { subnets: ['subnet-0b', 'subnet-0a'], securityGroups: ['sg-0a'] },
    });
  });

  for (const [args, code, lastLine] of [
    [networked, 69, /has the network mode awsvpc, and no subnets were given .*: name them with --subnets$/],
    [[...networked, '--dry-run'], 69, /name them with --subnets$/],
    [[...job, '--subnets', 'subnet-0a'], 69, /the network mode bridge, which takes no network configuration/],
    [
      [...networked, '--subnets', 'subnet-0b'],
      69,
      /no container instance of the cluster can take it: its zone is not that of the subnets/,
    ],
    [[...networked, '--subnets', 'subnet-0a', '--assign-public-ip', 'ENABLED'], 64, /--help/],
  ] as const) {
    test(`${args.slice(1).join(' ')}: ${code}`, async () => {
      const before = asked().length;
      const ended = await startOneshot([...args, '--', 'true'], sandbox).ended;
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.lastLine, lastLine);
      const isAnswer = /no container instance/.test(ended.lastLine);
      assert.equal(asked().length - before, isAnswer ? 1 : 0, 'RunTask was called for what it refuses');
    });
  }

  test('the same key with a subnet in which it does not run is refused', async () => {
    const keyed = [...networked, '--key', 'networked', '--subnets'];
    assert.equal((await startOneshot([...keyed, 'subnet-0a', '--', 'true'], sandbox).ended).code, 0);
    const { code, lastLine } = await startOneshot([...keyed, 'subnet-1a', '--', 'true'], sandbox).ended;
    assert.equal(code, 65);
    assert.match(lastLine, /the key was used with other parameters: its subnet is subnet-0a/);
  });

  test('where every network interface is taken, its group launches an instance in the zone of the subnets', async (context) => {
    const { fleet: own, sandbox: ownSandbox } = await startCluster(0);
    context.after(() => ownSandbox.close());
    // Two interfaces: one is its own.
    own.addInstance({ cpu: 4096, memory: 8192, instanceType: 't3.micro' });
    own.group.launch = (availabilityZone) =>
      own.addInstance({ cpu: 4096, memory: 8192, availabilityZone, ecsAgentAfter: 500 });
    const args = [...networked, '--subnets', 'subnet-0a', '--group', 'web-asg', '--'];
    const first = startOneshot([...args, 'sleep', '600'], ownSandbox);
    await running(own);
    const { code, stderr } = await startOneshot([...args, 'sh', '-c', 'exit 4'], ownSandbox).ended;
    assert.equal(code, 4, stderr);
    assert.match(stderr, /no network interface is left on every instance/);
    assert.equal(own.group.desired, 2);
    first.signal('SIGTERM');
    assert.equal((await first.ended).code, 143);
  });
});

describe('run once', () => {
  test('a RunTask whose answer is lost is repeated, and the job runs once', async () => {
    const before = startedTasks(fleet);
    addFault(fleet.world, {
      match: { api: 'ecs:RunTask' },
      fault: { what: 'act-then-lose-response' },
      count: 2,
    });
    const { code, stderr } = await run('--', 'sh', '-c', 'exit 6');
    assert.equal(code, 6, stderr);
    assert.equal(startedTasks(fleet) - before, 1);
  });

  test('the same key with another command is refused, and nothing is started', async () => {
    assert.equal((await run('--key', 'k', '--', 'true')).code, 0);
    const before = startedTasks(fleet);
    const { code, lastLine } = await run('--key', 'k', '--', 'false');
    assert.equal(code, 65);
    assert.match(lastLine, /the key was used with other parameters: its command is \["true"\]/);
    assert.equal(startedTasks(fleet), before);
  });
});

test('a key whose earlier call has waited for room: its client tokens are used up, and the task is started all the same', async (context) => {
  const { fleet: own, sandbox: ownSandbox } = await startCluster(0);
  context.after(() => ownSandbox.close());
  own.addInstance({ cpu: 128, memory: 128 });
  const args = [...job, '--key', 'k', '--capacity-timeout', '45s', '--', 'sh', '-c', 'exit 6'];
  const first = startOneshot(args, ownSandbox);
  await requested(own, 'ecs:RunTask');
  first.signal('SIGKILL');
  await first.ended;
  // What it would have gone on to send.
  const [sent] = (own.world.requestLog.entries ?? []).filter(({ api }) => api === 'ecs:RunTask');
  assert.ok(sent);
  const { clientToken = '', ...input } = sent.input as { taskDefinition: string; clientToken?: string };
  for (let attempt = 1; attempt <= 12; attempt++)
    own.world.call('ecs:RunTask', { ...input, clientToken: clientToken.replace(/0$/, String(attempt)) });
  own.addInstance({ cpu: 2048, memory: 4096 });
  const { code, stderr } = await startOneshot(args, ownSandbox).ended;
  assert.equal(code, 6, stderr);
  assert.match(stderr, /there is room; catching up with the earlier calls with this key/);
  assert.equal(startedTasks(own), 1);
});

describe('room', { concurrency: 3 }, () => {
  test('an empty cluster: the group launches an instance, and the job runs there', async () => {
    const empty = await startCluster(0);
    empty.fleet.group.launch = () =>
      empty.fleet.addInstance({ cpu: 2048, memory: 4096, ecsAgentAfter: 1_000 });
    const group = ['--group', empty.fleet.group.name];
    const { code, stderr } = await startOneshot([...job, ...group, '--', 'sh', '-c', 'exit 8'], empty.sandbox)
      .ended;
    await empty.sandbox.close();
    assert.equal(code, 8, stderr);
    assert.match(
      stderr,
      /waiting for room: the cluster has no instance; the group web-asg launches an instance/,
    );
    assert.equal(empty.fleet.group.desired, 1);
  });

  test('a crowd in an empty cluster: every job runs once, and no launcher asks for more than one instance', async () => {
    const empty = await startCluster(0);
    empty.fleet.group.launch = () =>
      empty.fleet.addInstance({ cpu: 65_536, memory: 65_536, ecsAgentAfter: 1_500 });
    const args = [...job, '--group', empty.fleet.group.name, '--', 'sh', '-c', 'exit 8'];
    const ended = await Promise.all(Array.from({ length: 5 }, () => startOneshot(args, empty.sandbox).ended));
    await empty.sandbox.close();
    assert.deepEqual(
      ended.map(({ code }) => code),
      [8, 8, 8, 8, 8],
    );
    assert.equal(startedTasks(empty.fleet), 5);
    // Those that see the same capacity launch together; one that comes later has seen another, and asks for one more.
    assert.ok(
      empty.fleet.group.desired <= 5,
      `${empty.fleet.group.desired} instances for five jobs that fit in one`,
    );
  });

  test('a demand queue is told what is needed until there is room, and the group is left to whoever reads it', async () => {
    const empty = await startCluster(0);
    const { url } = addMessageQueue(empty.fleet.world, 'demand');
    const QueueUrl = `${empty.sandbox.apiUrl}${new URL(url).pathname}`;
    const args = ['--key', 'k', '--group', empty.fleet.group.name, '--demand-queue', QueueUrl];
    const launcher = startOneshot([...job, ...args, '--', 'sh', '-c', 'exit 8'], empty.sandbox);
    await requested(empty.fleet, 'sqs:SendMessage');
    const { Messages: messages = [] } = empty.fleet.world.call('sqs:ReceiveMessage', { QueueUrl });
    const read = parseDemand(messages[0]?.Body ?? '');
    assert.ok(read.kind === 'demand', messages[0]?.Body);
    const { since: _, ...needs } = read.demand;
    assert.deepEqual(needs, {
      cluster: 'batch',
      group: 'web-asg',
      key: 'k',
      cpu: 1024,
      memory: 1024,
      gpu: 0,
      networkInterfaces: 0,
      ports: [],
      constraints: [],
    });
    empty.fleet.addInstance({ cpu: 2048, memory: 4096 });
    const { code, stderr } = await launcher.ended;
    const asked = empty.fleet.world.requestLog.counts.get('autoscaling:LaunchInstances');
    await empty.sandbox.close();
    assert.equal(code, 8, stderr);
    assert.match(stderr, /waiting for room: the cluster has no instance; the demand queue is told/);
    assert.equal(asked, undefined, 'two would launch for the same job');
  });

  test('a demand queue that is not there is said, and never ends the launch', async () => {
    const empty = await startCluster(0);
    const QueueUrl = `${empty.sandbox.apiUrl}/111122223333/nosuch`;
    const launcher = startOneshot(
      [...job, '--demand-queue', QueueUrl, '--', 'sh', '-c', 'exit 8'],
      empty.sandbox,
    );
    await requested(empty.fleet, 'sqs:SendMessage');
    empty.fleet.addInstance({ cpu: 2048, memory: 4096 });
    const { code, stderr } = await launcher.ended;
    await empty.sandbox.close();
    assert.equal(code, 8, stderr);
    assert.match(stderr, /the demand queue cannot be told: .*QueueDoesNotExist/);
  });

  test('a group that is not there: said at once', async () => {
    const { code, lastLine } = await run('--group', 'nosuch', '--cpu', '9000', '--', 'true');
    assert.equal(code, 69, lastLine);
    assert.match(lastLine, /there is no Auto Scaling group nosuch/);
  });
});

describe('the log', { concurrency: 4 }, () => {
  const script = 'echo one; sleep 3; echo two; exit 4';
  const logging = (...args: string[]) => {
    const command = ['--task-definition', 'logging', ...args, '--', 'sh', '-c', script];
    return startOneshot(['run', '--cluster', 'batch', ...command], sandbox);
  };

  test('is followed on standard output, and nothing else is there', async () => {
    const { code, stdout } = await logging().ended;
    assert.deepEqual([code, stdout], [4, 'one\ntwo\n']);
  });

  test('comes at the end where it is wanted then', async () => {
    const { code, stdout } = await logging('--logs', 'end').ended;
    assert.deepEqual([code, stdout], [4, 'one\ntwo\n']);
  });

  test('its last lines are on standard error after a failure where it is not wanted', async () => {
    const { code, stdout, stderr } = await logging('--logs', 'none').ended;
    assert.deepEqual([code, stdout], [4, '']);
    assert.match(stderr, /ecs-oneshot: log: one\necs-oneshot: log: two\n/);
  });

  for (const [name, fault] of [
    ['forbidden', { what: 'error', name: 'AccessDeniedException' }],
    ['throttled', { what: 'throttle' }],
    ['without an answer', { what: 'stall' }],
  ] as const) {
    test(`is never in the way of the exit code: ${name}`, async () => {
      // A fault of this launcher's alone.
      const accessKeyId = `AKIA${fault.what.toUpperCase()}`;
      addFault(fleet.world, { match: { service: 'logs', accessKeyId }, fault, count: 1_000 });
      const { code, stderr } = await startOneshot(
        ['run', '--cluster', 'batch', '--task-definition', 'logging', '--', 'sh', '-c', script],
        sandbox,
        { AWS_ACCESS_KEY_ID: accessKeyId },
      ).ended;
      assert.equal(code, 4, stderr);
      if (fault.what === 'error') assert.match(stderr, /the log cannot be read: .*AccessDenied/);
    });
  }

  test('of a task without one it is said once why none is shown', async () => {
    const { stderr } = await run('--', 'true');
    assert.equal(stderr.match(/the log of main is not shown: it has no log configuration/g)?.length, 1);
  });
});

describe('what its callers rely on', { concurrency: 4 }, () => {
  test('a job file, and a result file', async () => {
    const file = join(directory, 'nightly.yml');
    const result = join(directory, 'result.json');
    writeFileSync(
      file,
      'cluster: batch\ntask-definition: job\nregion: eu-west-1\ncommand: [sh, -c, "exit 9"]\n',
    );
    const { code } = await startOneshot(['run', file, '--result-file', result], sandbox, {
      AWS_REGION: '',
    }).ended;
    assert.equal(code, 9);
    const { exit_code, source, kind, containers } = JSON.parse(readFileSync(result, 'utf8'));
    assert.deepEqual(
      { exit_code, source, kind, containers },
      {
        exit_code: 9,
        source: 'container',
        kind: 'exited',
        containers: [{ name: 'main', exit_code: 9, reason: null }],
      },
    );
  });

  test('status says how the task of a key is', async () => {
    await run('--key', 'done', '--', 'false');
    const status = await startOneshot(['status', '--cluster', 'batch', '--key', 'done'], sandbox).ended;
    assert.equal(status.code, 0);
    assert.match(status.stdout, /has STOPPED after \d+ s: main exited with code 1/);
    assert.equal(
      (await startOneshot(['status', '--cluster', 'batch', '--key', 'no'], sandbox).ended).code,
      1,
    );
  });

  test('without credentials it says so, and starts nothing', async () => {
    const { code, lastLine } = await startOneshot([...job, '--', 'true'], sandbox, {
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_EC2_METADATA_DISABLED: 'true',
    }).ended;
    assert.equal(code, 77);
    assert.match(lastLine, /Could not load credentials/);
  });
});
