import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { startedByOf } from '../../../src/base/keys.ts';
import {
  addCapacityProvider,
  addFault,
  type Fleet,
  removeFault,
  type Sandbox,
} from '../../../src/sandbox/index.ts';
import { startFunction } from '../tagger/tagger-function.ts';
import { ACCESS_KEY, startScaler, startWorkers } from './scaler-process.ts';
import { waitingJobs } from './waiting-jobs.ts';

let fleet: Fleet;
let sandbox: Sandbox;
let queueUrl: string;
let wait: (...keys: string[]) => void;

// A cluster of its own for each test: what one leaves is demand and room for the next.
beforeEach(async () => {
  ({ fleet, sandbox } = await startWorkers());
  ({ url: queueUrl, wait } = waitingJobs(fleet, sandbox));
});
afterEach(() => sandbox.close());

const group = ['--cluster', 'batch', '--group', 'workers'];
const scale = (name: string, ...args: string[]) => startScaler([name, ...group, ...args], sandbox);
const once = (...args: string[]) => scale('once', ...args).ended;

const calls = (api: string) =>
  (fleet.world.requestLog.entries ?? []).filter(
    (entry) => entry.api === api && entry.accessKeyId === ACCESS_KEY,
  ).length;
const CHANGES = [
  'ecs:TagResource',
  'ecs:UntagResource',
  'ecs:UpdateContainerInstancesState',
  'autoscaling:LaunchInstances',
  'autoscaling:TerminateInstanceInAutoScalingGroup',
  'sqs:DeleteMessageBatch',
];
const changes = () => CHANGES.filter((api) => calls(api) > 0);
const statuses = () => [...fleet.cluster.containerInstances.values()].map(({ status }) => status);

describe('ecs-scaler', { timeout: 300_000 }, () => {
  test('plan says why each instance stays and each job waits, and changes nothing', async () => {
    fleet.runTask(fleet.addInstance({ cpu: 4096, memory: 8192 }), { cpu: 4096, memory: 4096 });
    wait('nightly-1', 'nightly-2', 'nightly-3');
    const { code, stdout } = await scale('plan', '--demand-queue', queueUrl).ended;
    assert.equal(code, 0);
    assert.match(stdout, /launch 2 instances.*: for nightly-1, nightly-2, nightly-3/);
    assert.match(stdout, /i-\w+ .* stays +1 task on it/);
    assert.match(stdout, /nightly-3 .* an instance is launched for it/);
    assert.deepEqual(changes(), [], 'who only looks would change the cluster');
  });

  test('jobs that wait together are launched for at once, and by two scalers once', async () => {
    fleet.runTask(fleet.addInstance({ cpu: 4096, memory: 8192 }), { cpu: 4096, memory: 4096 });
    wait('nightly-1', 'nightly-2', 'nightly-3');
    // Both see the same: what one of them takes from the queue is said again ten seconds later.
    const plans = await Promise.all([
      scale('once', '--demand-queue', queueUrl).ended,
      scale('once', '--demand-queue', queueUrl).ended,
    ]);
    assert.deepEqual(
      plans.map(({ code }) => code),
      [0, 0],
    );
    assert.ok(fleet.group.desired <= 3, 'two scalers have launched twice as many as the jobs need');
    wait('nightly-1', 'nightly-2', 'nightly-3');
    await once('--demand-queue', queueUrl);
    assert.equal(fleet.group.desired, 3);
  });

  test('in an empty group as many are launched at once as its launch template says', async () => {
    // Two vCPUs: one job on each.
    wait('nightly-1', 'nightly-2', 'nightly-3');
    const { stdout } = await once('--demand-queue', queueUrl);
    assert.match(stdout, /^launch 3 instances in eu-west-1a: for nightly-1, nightly-2, nightly-3/);
    assert.equal(fleet.group.desired, 3, 'the others would wait until the first has booted');
    wait('nightly-1', 'nightly-2', 'nightly-3');
    await once('--demand-queue', queueUrl);
    assert.equal(fleet.group.desired, 3, 'what boots is room that comes');
  });

  test('in a group that LaunchInstances does not take the desired capacity is raised, never beyond what was seen', async () => {
    fleet.group.spec = { kind: 'configuration', name: 'old' };
    fleet.runTask(fleet.addInstance({ cpu: 4096, memory: 8192 }), { cpu: 4096, memory: 4096 });
    wait('nightly-1', 'nightly-2', 'nightly-3');
    assert.match((await once('--demand-queue', queueUrl)).stdout, /^launch 2 instances/);
    assert.equal(fleet.group.desired, 3);
    wait('nightly-1', 'nightly-2', 'nightly-3', 'nightly-4', 'nightly-5');
    // Somebody raises it between the plan and the raise: to set what the plan has seen would lower it.
    const match = { api: 'autoscaling:LaunchInstances' };
    addFault(fleet.world, { match, fault: { what: 'delay', ms: 400 } });
    fleet.world.requestLog.entries?.splice(0);
    const turn = once('--demand-queue', queueUrl);
    while (calls('ecs:ListTasks') < 2) await systemClock.sleep(5);
    await systemClock.sleep(100);
    fleet.world.call('autoscaling:SetDesiredCapacity', {
      AutoScalingGroupName: 'workers',
      DesiredCapacity: 5,
    });
    assert.match((await turn).stdout, /^not done: launch 1 instance.*; the group wants 5 now/);
    assert.equal(fleet.group.desired, 5, 'instances that somebody has asked for are taken away');
  });

  test('a job that has been started is not launched for, although its last message is still there', async () => {
    fleet.runTask(fleet.addInstance({ cpu: 4096, memory: 8192 }), {
      cpu: 4096,
      memory: 4096,
      startedBy: startedByOf('batch', 'nightly-1'),
    });
    wait('nightly-1');
    await once('--demand-queue', queueUrl);
    assert.equal(fleet.group.desired, 1, 'an instance comes that nobody needs');
  });

  test('an empty instance goes in two turns, with decrement', async () => {
    fleet.addInstance({ cpu: 4096, memory: 8192 });
    const first = await once('--empty-for', '0s', '--settle-for', '1s');
    assert.match(first.stdout, /^cordon i-\w+ until .*: empty for/);
    assert.deepEqual(statuses(), ['DRAINING']);
    await systemClock.sleep(1_000);
    const second = await once('--empty-for', '0s', '--settle-for', '1s');
    assert.match(second.stdout, /^terminate i-\w+: empty, cordoned, and not needed/);
    assert.equal(fleet.group.desired, 0);
  });

  test('an instance on which only a daemon service runs goes too, when ECS has stopped that', async () => {
    fleet.addInstance({ cpu: 4096, memory: 8192 });
    fleet.addService({ name: 'monitor', strategy: 'DAEMON', cpu: 256, memory: 128 });
    const daemon = () => [...fleet.cluster.tasks.values()].at(-1)?.lastStatus;
    while (daemon() !== 'RUNNING') await systemClock.sleep(20);
    assert.match(
      (await once('--empty-for', '0s', '--settle-for', '1s')).stdout,
      /^cordon i-\w+ until .*: empty for/,
    );
    await systemClock.sleep(1_000);
    while (daemon() !== 'STOPPED') {
      const { stdout } = await once('--empty-for', '0s', '--settle-for', '1s');
      if (daemon() !== 'STOPPED') assert.equal(stdout, '', 'its daemon is cut short');
    }
    await once('--empty-for', '0s', '--settle-for', '1s');
    assert.equal(fleet.group.desired, 0);
  });

  test('a cordoned instance that got a task is given back', async () => {
    const machine = fleet.addInstance({ cpu: 4096, memory: 8192 });
    await once('--empty-for', '0s');
    fleet.runTask(machine, { cpu: 1024, memory: 1024 });
    const { stdout } = await once('--empty-for', '0s');
    assert.match(stdout, /lift the cordon of i-\w+: it got 1 task right before it/);
    assert.deepEqual(statuses(), ['ACTIVE']);
    assert.equal(calls('autoscaling:TerminateInstanceInAutoScalingGroup'), 0);
  });

  test('a task that comes between the plan and the termination stops it', async () => {
    const machine = fleet.addInstance({ cpu: 4096, memory: 8192 });
    await once('--empty-for', '0s', '--settle-for', '1s');
    await systemClock.sleep(1_000);
    fleet.world.requestLog.entries?.splice(0);
    // The plan reads the group once, and the termination once more.
    const match = { api: 'autoscaling:DescribeAutoScalingGroups' };
    addFault(fleet.world, { match, fault: { what: 'delay', ms: 400 }, skip: 1, count: 1 });
    const turn = once('--empty-for', '0s', '--settle-for', '1s');
    while (calls('ecs:ListTasks') < 2) await systemClock.sleep(5);
    fleet.runTask(machine, { cpu: 1024, memory: 1024 });
    const { stdout } = await turn;
    assert.match(stdout, /^not done: terminate i-\w+.*; it has a task now/);
    assert.equal(calls('autoscaling:TerminateInstanceInAutoScalingGroup'), 0);
  });

  for (const api of ['ecs:DescribeTasks', 'ecs:ListContainerInstances', 'sqs:ReceiveMessage']) {
    test(`without an answer to ${api} there is no plan: 75`, async () => {
      fleet.runTask(fleet.addInstance({ cpu: 4096, memory: 8192 }), { cpu: 1024, memory: 1024 });
      const fault = addFault(fleet.world, { match: { api }, fault: { what: '5xx' }, count: 100 });
      const { code, stderr } = await once('--empty-for', '0s', '--demand-queue', queueUrl);
      removeFault(fleet.world, fault.id);
      assert.equal(code, 75, stderr);
      assert.match(stderr, new RegExp(`there is no plan: calling ${api}`));
      assert.deepEqual(changes(), []);
    });
  }

  test('without permission: 77', async () => {
    addFault(fleet.world, {
      match: { api: 'ecs:DescribeClusters' },
      fault: { what: 'error', name: 'AccessDeniedException' },
    });
    assert.equal((await once()).code, 77);
  });

  test('a group that is not there: 69', async () => {
    const { code, stderr } = await startScaler(['once', '--cluster', 'batch', '--group', 'other'], sandbox)
      .ended;
    assert.equal(code, 69);
    assert.match(stderr, /there is no Auto Scaling group other/);
  });

  test('beside ECS managed scaling it only says what it would do', async () => {
    const scaling = { warmupMs: 300_000 };
    addCapacityProvider(fleet.world, fleet.cluster, { name: 'workers-cp', group: fleet.group, scaling });
    fleet.addInstance({ cpu: 4096, memory: 8192 });
    wait('nightly-1', 'nightly-2', 'nightly-3', 'nightly-4');
    const { stdout } = await scale('plan', '--demand-queue', queueUrl).ended;
    assert.match(
      stdout,
      /^Advice only: ECS managed scaling sizes the group \(capacity provider workers-cp\)\.$/m,
    );
    assert.match(stdout, /launch 1 instance .*: for nightly-3, nightly-4/);
    const launching = await once('--demand-queue', queueUrl);
    assert.equal(launching.code, 0, launching.stderr);
    assert.match(
      launching.stdout,
      /^advice only, as ECS managed scaling sizes the group .*\nadvice: launch 1 instance/,
    );
    assert.match((await once('--empty-for', '0s')).stdout, /advice: cordon i-\w+/);
    assert.deepEqual(changes(), ['sqs:DeleteMessageBatch'], 'two scalers size one group, against each other');
    assert.deepEqual(statuses(), ['ACTIVE']);
  });

  test('a capacity provider without managed scaling leaves the group to it', async () => {
    addCapacityProvider(fleet.world, fleet.cluster, { name: 'workers-cp', group: fleet.group });
    fleet.addInstance({ cpu: 4096, memory: 8192 });
    assert.match((await once('--empty-for', '0s')).stdout, /^cordon i-\w+/);
    assert.deepEqual(statuses(), ['DRAINING']);
  });

  test('run launches as soon as a job waits, and ends with SIGTERM', async () => {
    const scaler = scale('run', '--demand-queue', queueUrl, '--interval', '5m');
    while (calls('sqs:ReceiveMessage') === 0) await systemClock.sleep(20);
    wait('nightly-1');
    await new Promise<void>((resolve) =>
      scaler.onOutput((line) => {
        if (line.startsWith('launch 1 instance')) resolve();
      }),
    );
    scaler.signal('SIGTERM');
    assert.equal((await scaler.ended).code, 0);
  });

  test('run that is ended in the middle of a launch says that it was under way', async () => {
    const match = { api: 'autoscaling:LaunchInstances' };
    addFault(fleet.world, { match, fault: { what: 'act-then-stall' }, count: 1 });
    wait('nightly-1');
    const scaler = scale('run', '--demand-queue', queueUrl);
    while (calls('autoscaling:LaunchInstances') === 0) await systemClock.sleep(20);
    scaler.signal('SIGTERM');
    const { code, stdout } = await scaler.ended;
    assert.equal(code, 0);
    assert.match(stdout, /^not finished: launch 1 instance .* for nightly-1; this program is stopping/m);
  });

  test('a cluster of another Region is refused: that of its name here is another', async () => {
    const cluster = 'arn:aws:ecs:us-east-1:111122223333:cluster/batch';
    const args = ['once', '--cluster', cluster, '--group', 'workers', '--empty-for', '0s'];
    fleet.addInstance({ cpu: 4096, memory: 8192 });
    const { code, stderr } = await startScaler(args, sandbox).ended;
    assert.equal(code, 64);
    assert.match(stderr, /is in us-east-1, and the Region is eu-west-1/);
    assert.deepEqual(changes(), []);
  });

  test('the Lambda function takes a turn for each invocation, and fails where there is no plan', async () => {
    fleet.addInstance({ cpu: 4096, memory: 8192 });
    const lambda = await startFunction('scaler', {
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL: sandbox.apiUrl,
      ECS_SCALER_CLUSTER: 'batch',
      ECS_SCALER_GROUP: 'workers',
      ECS_SCALER_EMPTY_FOR: '0s',
    });
    try {
      assert.deepEqual(await lambda.invoke({}), { kind: 'response', body: { actions: 1 } });
      assert.deepEqual(statuses(), ['DRAINING']);
      assert.match(await lambda.line('"kind":"cordon"'), /^\{"at":\d+,"cluster":"batch"/);
      addFault(fleet.world, {
        match: { api: 'ecs:DescribeClusters' },
        fault: { what: 'error', name: 'AccessDeniedException' },
      });
      const outcome = await lambda.invoke({});
      assert.equal(outcome.kind, 'error');
    } finally {
      await lambda.close();
    }
  });
});
