import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createAutoScaling } from '../../../src/aws/auto-scaling.ts';
import { createBudget } from '../../../src/aws/budget.ts';
import { type Caller, createCaller } from '../../../src/aws/call.ts';
import { describeTag } from '../../../src/aws/ec2.ts';
import { createEcs } from '../../../src/aws/ecs.ts';
import { AwsError } from '../../../src/aws/errors.ts';
import { awsServices } from '../../../src/aws/operations.ts';
import { createTransport } from '../../../src/aws/sdk/transport.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { addFault } from '../../../src/sandbox/faults.ts';
import { createFleet, type Fleet } from '../../../src/sandbox/fleet.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/start.ts';
import type { Machine } from '../../../src/sandbox/world/state.ts';

// Every call goes through the real SDK clients and over the wire.

const id = 'i-0123456789abcdef0';
const noId = '0'.repeat(32);
let fleet: Fleet;
let machine: Machine;
let sandbox: Sandbox;
let call: Caller;
let arn: string;

before(async () => {
  fleet = createFleet({
    clock: systemClock,
    hooks: [
      { name: 'drain', heartbeatTimeout: 600 },
      { name: 'boot', transition: 'autoscaling:EC2_INSTANCE_LAUNCHING' },
    ],
    timings: { terminatingToWait: 0 },
  });
  machine = fleet.addInstance({ instanceId: id, cpu: 200_000, memory: 400_000 });
  sandbox = await startSandbox(fleet, { clock: systemClock });
  Object.assign(process.env, sandbox.environment(id), {
    AWS_ACCESS_KEY_ID: 'ASIASANDBOX000000001',
    AWS_SECRET_ACCESS_KEY: 'anything',
  });
  call = createCaller({
    transport: createTransport(awsServices, 'eu-west-1', 'a-test', { clock: systemClock, random: () => 0 }),
    clock: systemClock,
    random: () => 0,
    budget: { take: async () => {} },
    stop: new AbortController().signal,
  });
  arn = machine.ecsAgent.containerInstance?.arn ?? '';
});
after(() => sandbox.close());
beforeEach(() => {
  fleet.world.requestLog.entries?.splice(0);
  fleet.world.faults.splice(0);
});

const asked = () => (fleet.world.requestLog.entries ?? []).map(({ api }) => api);
const inputs = () =>
  (fleet.world.requestLog.entries ?? []).map(({ input }) => input as Record<string, unknown>);

describe('ECS: container instances', () => {
  test('found by the instance id, on whichever page it is', async () => {
    assert.deepEqual(await createEcs(call).find('web', id), [arn]);
    assert.deepEqual(await createEcs(call).find('web', 'i-0fedcba9876543210'), []);
    assert.deepEqual(inputs()[0], { cluster: 'web', filter: `ec2InstanceId == ${id}` });
    const pages = scripted([
      { containerInstanceArns: [], nextToken: 'a' },
      { containerInstanceArns: ['x'], nextToken: 'b' },
      { containerInstanceArns: ['y'] },
    ]);
    assert.deepEqual(await createEcs(pages.call).find('web', id), ['x', 'y']);
    assert.deepEqual(
      pages.inputs.map(({ nextToken }) => nextToken),
      [undefined, 'a', 'b'],
    );
  });

  test('described', async () => {
    const [one] = await createEcs(call).describe('web', [arn]);
    const { registeredAt, ...found } = one?.kind === 'found' ? one : assert.fail('it was not found');
    assert.deepEqual(found, {
      kind: 'found',
      arn,
      status: 'ACTIVE',
      ec2InstanceId: id,
      agentConnected: true,
      taskCount: 0,
    });
    assert.equal(typeof registeredAt, 'number', 'of several, nothing would say which is the last');
    const [silent] = await createEcs(
      scripted([
        {
          containerInstances: [
            {
              containerInstanceArn: 'a',
              status: 'X',
              ec2InstanceId: 'i',
              runningTasksCount: 0,
              pendingTasksCount: 0,
            },
          ],
        },
      ]).call,
    ).describe('web', ['a']);
    assert.deepEqual(silent, {
      kind: 'found',
      arn: 'a',
      status: 'X',
      ec2InstanceId: 'i',
      agentConnected: false,
      taskCount: 0,
    });
  });

  test('several in their order, a hundred at a time, counting tasks that run and that are pending', async () => {
    const arns = Array.from({ length: 101 }, (_, index) => `a${index}`);
    const found = (one: string) => ({
      containerInstanceArn: one,
      status: 'ACTIVE',
      ec2InstanceId: id,
      runningTasksCount: 2,
      pendingTasksCount: 3,
    });
    const pages = scripted([
      {
        containerInstances: arns.slice(0, 99).reverse().map(found),
        failures: [{ arn: 'a99', reason: 'MISSING' }],
      },
      { containerInstances: [found('a100')] },
    ]);
    const described = await createEcs(pages.call).describe('web', arns);
    assert.deepEqual(
      described.map((one) => one.arn),
      arns,
    );
    assert.deepEqual(described[99], { kind: 'missing', arn: 'a99' });
    assert.equal(described[0]?.kind === 'found' && described[0].taskCount, 5);
    assert.deepEqual(
      pages.inputs.map(({ containerInstances }) => (containerInstances as string[]).length),
      [100, 1],
    );
  });

  test('one that ECS does not know is missing, which is an answer', async () => {
    const missing = arn.replace(/[^/]+$/, noId);
    assert.deepEqual(await createEcs(call).describe('web', [missing]), [{ kind: 'missing', arn: missing }]);
  });

  test('set DRAINING, set DRAINING again, and set ACTIVE', async () => {
    const ecs = createEcs(call);
    for (const status of ['DRAINING', 'DRAINING', 'ACTIVE'] as const) {
      await ecs.setStatus('web', arn, status);
      assert.equal(machine.ecsAgent.containerInstance?.status, status);
    }
  });

  test('one that cannot be set says why, though ECS answers 200', async () => {
    const missing = arn.replace(/[^/]+$/, noId);
    await rejects(createEcs(call).setStatus('web', missing, 'DRAINING'), {
      kind: 'rejected',
      code: 'MISSING',
      message: 'calling ecs:UpdateContainerInstancesState: MISSING',
    });
    const { call: scriptedCall } = scripted([{ failures: [{ reason: 'INACTIVE', detail: 'too late' }] }]);
    await rejects(createEcs(scriptedCall).setStatus('web', arn, 'DRAINING'), {
      code: 'INACTIVE',
      message: 'calling ecs:UpdateContainerInstancesState: INACTIVE: too late',
    });
  });

  test('a cluster that is not there is an error', async () => {
    await rejects(createEcs(call).describe('nowhere', [arn]), {
      kind: 'rejected',
      code: 'ClusterNotFoundException',
    });
  });
});

describe('ECS: tasks', () => {
  test('a cluster that is not there has none', async () => {
    const gone = arn.replace(/container-instance.*/, `task/nowhere/${noId}`);
    assert.deepEqual(await createEcs(call).describeTasks('web', [gone]), [], 'the host is held for ever');
  });

  test('one that was asked to stop and still runs is listed', async () => {
    const ecs = createEcs(call);
    const running = fleet.runTask(machine, { family: 'report', startedBy: 'cron' });
    const stopping = fleet.runTask(machine, { ignoresSigterm: true });
    await ecs.stopTask('web', stopping.arn, 'a test', { urgent: false });
    const { arns, requests } = await ecs.listTasks('web', arn);
    assert.deepEqual([...arns].sort(), [running.arn, stopping.arn].sort());
    assert.equal(requests, 2);
    const [described] = await ecs.describeTasks('web', [running.arn]);
    assert.deepEqual(described, {
      arn: running.arn,
      group: 'family:report',
      lastStatus: 'RUNNING',
      desiredStatus: 'RUNNING',
      containerInstanceArn: arn,
      startedBy: 'cron',
      family: 'report',
      createdAt: running.createdAt,
    });
    assert.equal((await ecs.describeTasks('web', [stopping.arn]))[0]?.desiredStatus, 'STOPPED');
    assert.equal(stopping.stoppedReason, 'a test');
  });

  test('more than a hundred, listed in pages and described a hundred at a time', async () => {
    const ecs = createEcs(call);
    const before = (await ecs.listTasks('web', arn)).arns.length;
    for (let index = 0; index < 250; index++) fleet.runTask(machine, { cpu: 1, memory: 4 });
    fleet.world.requestLog.entries?.splice(0);
    const { arns, requests } = await ecs.listTasks('web', arn);
    assert.equal(new Set(arns).size, before + 250);
    assert.equal(requests, asked().length);
    assert.ok(requests >= 4, `${requests} requests for ${arns.length} tasks`);
    fleet.world.requestLog.entries?.splice(0);
    assert.equal((await ecs.describeTasks('web', arns)).length, before + 250);
    assert.deepEqual(
      inputs().map(({ tasks }) => (tasks as string[]).length),
      [100, 100, before + 50],
    );
  });

  test('one that ECS has forgotten is left out', async () => {
    const [known] = (await createEcs(call).listTasks('web', arn)).arns;
    assert.ok(known);
    const found = await createEcs(call).describeTasks('web', [
      known,
      arn.replace(/:container-instance\/.*$/, `:task/web/${noId}`),
    ]);
    assert.deepEqual(
      found.map((task) => task.arn),
      [known],
    );
  });

  test('each is asked for in the cluster that its ARN names', async () => {
    const ofTasks = (...asked: string[]) => ({ tasks: asked.map((taskArn) => ({ taskArn })) });
    const arns = ['web', 'other', 'web'].map(
      (name, n) => `arn:aws:ecs:eu-west-1:111122223333:task/${name}/${n}`,
    );
    const [first = '', second = '', third = ''] = arns;
    const old = 'arn:aws:ecs:eu-west-1:111122223333:task/3';
    const { call: scriptedCall, inputs: sent } = scripted([ofTasks(first, third, old), ofTasks(second)]);
    assert.equal((await createEcs(scriptedCall).describeTasks('web', [...arns, old])).length, 4);
    assert.deepEqual(sent, [
      { cluster: 'web', tasks: [first, third, old] },
      { cluster: 'other', tasks: [second] },
    ]);
  });

  test('none to describe is no request', async () => {
    assert.deepEqual(await createEcs(call).describeTasks('web', []), []);
    assert.deepEqual(asked(), []);
  });

  test('what a task need not have', async () => {
    const { call: scriptedCall } = scripted([{ tasks: [{ taskArn: 'a' }] }]);
    assert.deepEqual(await createEcs(scriptedCall).describeTasks('web', ['a']), [
      {
        arn: 'a',
        group: '',
        lastStatus: 'UNKNOWN',
        desiredStatus: 'UNKNOWN',
        containerInstanceArn: undefined,
        startedBy: undefined,
        family: undefined,
        createdAt: undefined,
      },
    ]);
  });

  test('as long as they run, ECS refuses to deregister, and is never asked to by force', async () => {
    assert.equal(await createEcs(call).deregister('web', arn), 'tasks-running');
    assert.deepEqual(inputs(), [{ cluster: 'web', containerInstance: arn, force: false }]);
    assert.equal(machine.ecsAgent.containerInstance?.status, 'ACTIVE');
  });

  test('without any, the container instance is deregistered', async () => {
    const other = fleet.addInstance();
    const otherArn = other.ecsAgent.containerInstance?.arn ?? '';
    const ecs = createEcs(call);
    assert.equal(await ecs.deregister('web', otherArn), 'deregistered');
    const [described] = await ecs.describe('web', [otherArn]);
    assert.equal(described?.kind === 'found' && described.status, 'INACTIVE');
    assert.equal(described?.kind === 'found' && described.ec2InstanceId, other.id);
    await rejects(ecs.deregister('web', otherArn), { kind: 'rejected', code: 'ClientException' });
  });
});

describe('Auto Scaling', () => {
  const autoScaling = () => createAutoScaling(call, id);

  test('the instance in its group', async () => {
    assert.deepEqual(await autoScaling().lifecycle(), {
      kind: 'in-group',
      group: 'web-asg',
      state: 'InService',
    });
  });

  test('an instance in none', async () => {
    const alone = fleet.addInstance({ group: undefined });
    assert.deepEqual(await createAutoScaling(call, alone.id).lifecycle(), { kind: 'no-group' });
  });

  test('the terminating hooks, and no launching one', async () => {
    assert.deepEqual(await autoScaling().terminatingHooks('web-asg'), [
      { name: 'drain', heartbeatTimeout: 600_000, globalTimeout: 60_000_000, defaultResult: 'ABANDON' },
    ]);
  });

  test('whether the group retains', async () => {
    assert.equal(await autoScaling().retainsAbandoned('web-asg'), false);
    fleet.group.onAbandon = 'retain';
    assert.equal(await autoScaling().retainsAbandoned('web-asg'), true);
  });

  test('nothing waits while the instance is in service', async () => {
    assert.equal(await autoScaling().heartbeat('web-asg', 'drain'), 'nothing-waiting');
    assert.equal(await autoScaling().complete('web-asg', 'drain', 'CONTINUE'), 'nothing-waiting');
    assert.deepEqual(inputs(), [
      { AutoScalingGroupName: 'web-asg', LifecycleHookName: 'drain', InstanceId: id },
      {
        AutoScalingGroupName: 'web-asg',
        LifecycleHookName: 'drain',
        InstanceId: id,
        LifecycleActionResult: 'CONTINUE',
      },
    ]);
  });

  test('a group that is not there is an error', async () => {
    await rejects(autoScaling().terminatingHooks('nowhere'), { kind: 'rejected', code: 'ValidationError' });
    await rejects(autoScaling().retainsAbandoned('nowhere'), { kind: 'transient', code: 'IncompleteAnswer' });
  });

  test('heartbeat, abandon, and terminate what was retained', async () => {
    fleet.scaleIn(machine);
    fleet.world.advance(systemClock.now());
    assert.equal(await autoScaling().heartbeat('web-asg', 'drain'), 'recorded');
    assert.equal(await autoScaling().complete('web-asg', 'drain', 'ABANDON'), 'completed');
    assert.deepEqual(await autoScaling().lifecycle(), {
      kind: 'in-group',
      group: 'web-asg',
      state: 'Terminating:Retained',
    });
    assert.equal(
      await autoScaling().complete('web-asg', 'drain', 'CONTINUE'),
      'nothing-waiting',
      'twice is no harm',
    );
    fleet.world.requestLog.entries?.splice(0);
    await autoScaling().terminate();
    assert.deepEqual(inputs(), [{ InstanceId: id, ShouldDecrementDesiredCapacity: false }]);
    assert.equal(machine.member?.state, 'Terminating:Wait', 'its hooks wait once more');
  });

  test('a heartbeat is tried once: the next is due soon enough', async () => {
    addFault(fleet.world, { match: { service: 'autoscaling' }, fault: { what: '5xx' }, forMs: 60_000 });
    await rejects(autoScaling().heartbeat('web-asg', 'drain'), { kind: 'transient' });
    assert.equal(asked().length, 1);
  });
});

describe('EC2', () => {
  test('our tag, and no other', async () => {
    fleet.putTag(machine, 'ecs-drain-agent:terminate', 'hook=drain');
    fleet.putTag(machine, 'Name', 'x');
    fleet.putTag(machine, 'empty', '');
    assert.equal(await describeTag(call, id, 'ecs-drain-agent:terminate'), 'hook=drain');
    assert.equal(await describeTag(call, id, 'empty'), '');
    assert.equal(await describeTag(call, id, 'nothing'), undefined);
  });

  test('an answer about others does not say that our tag is gone', async () => {
    const { call: scriptedCall } = scripted([
      {
        Tags: [
          { Key: 'k', ResourceId: 'i-0fedcba9876543210', Value: '' },
          { Key: 'K', ResourceId: id, Value: '' },
        ],
      },
    ]);
    await rejects(describeTag(scriptedCall, id, 'k'), { kind: 'transient', code: 'StrangeAnswer' });
  });

  test('throttling is told at once: the poll itself slows down', async () => {
    addFault(fleet.world, { match: { service: 'ec2' }, fault: { what: 'throttle' }, forMs: 60_000 });
    await rejects(describeTag(call, id, 'k'), { kind: 'throttled', code: 'RequestLimitExceeded' });
    assert.equal(asked().length, 1);
  });
});

describe('an answer without what was asked for is none', () => {
  const one = (answer: object) => scripted([answer]).call;
  for (const [what, answer, ask] of [
    ['find', {}, (c: Caller) => createEcs(c).find('web', id)],
    ['describe', {}, (c: Caller) => createEcs(c).describe('web', ['a'])],
    [
      'describe, empty',
      { containerInstances: [], failures: [] },
      (c: Caller) => createEcs(c).describe('web', ['a']),
    ],
    [
      'describe, of another',
      { containerInstances: [{ containerInstanceArn: 'b', status: 'ACTIVE', ec2InstanceId: id }] },
      (c: Caller) => createEcs(c).describe('web', ['a']),
    ],
    [
      'describe, without a status',
      { containerInstances: [{ containerInstanceArn: 'a', ec2InstanceId: id }] },
      (c: Caller) => createEcs(c).describe('web', ['a']),
    ],
    [
      'describe, other failure',
      { failures: [{ arn: 'a', reason: 'SLOW' }] },
      (c: Caller) => createEcs(c).describe('web', ['a']),
    ],
    ['listTasks', {}, (c: Caller) => createEcs(c).listTasks('web', 'a')],
    ['describeTasks', {}, (c: Caller) => createEcs(c).describeTasks('web', ['a'])],
    [
      'describeTasks, that failed for a reason that does not say it is gone',
      { tasks: [], failures: [{ arn: 'a', reason: 'INTERNAL' }] },
      (c: Caller) => createEcs(c).describeTasks('web', ['a']),
    ],
    [
      'describeTasks, of another',
      { tasks: [{ taskArn: 'b' }], failures: [] },
      (c: Caller) => createEcs(c).describeTasks('web', ['a']),
    ],
    [
      'deregister, of another',
      { containerInstance: { containerInstanceArn: 'b' } },
      (c: Caller) => createEcs(c).deregister('web', 'a'),
    ],
    [
      'describeTasks, too few',
      { tasks: [{ taskArn: 'a' }], failures: [] },
      (c: Caller) => createEcs(c).describeTasks('web', ['a', 'b']),
    ],
    ['deregister', {}, (c: Caller) => createEcs(c).deregister('web', 'a')],
    ['lifecycle', {}, (c: Caller) => createAutoScaling(c, id).lifecycle()],
    [
      'lifecycle, without a state',
      { AutoScalingInstances: [{ InstanceId: id, AutoScalingGroupName: 'g' }] },
      (c: Caller) => createAutoScaling(c, id).lifecycle(),
    ],
    ['hooks', {}, (c: Caller) => createAutoScaling(c, id).terminatingHooks('g')],
    ['retains', {}, (c: Caller) => createAutoScaling(c, id).retainsAbandoned('g')],
    [
      'retains, of another',
      { AutoScalingGroups: [{ AutoScalingGroupName: 'h' }] },
      (c: Caller) => createAutoScaling(c, id).retainsAbandoned('g'),
    ],
    ['terminate', {}, (c: Caller) => createAutoScaling(c, id).terminate()],
    ['describeTag', {}, (c: Caller) => describeTag(c, id, 'k')],
    [
      'describeTag, without a value: no tag would cancel a drain',
      { Tags: [{ Key: 'k', ResourceId: id }] },
      (c: Caller) => describeTag(c, id, 'k'),
    ],
  ] as const) {
    test(what, async () => {
      await rejects(ask(one(answer)), { kind: 'transient', code: 'IncompleteAnswer' });
    });
  }

  for (const what of ['html', 'garbage', 'truncated'] as const) {
    test(`${what} over the wire`, async () => {
      addFault(fleet.world, { fault: { what }, count: 20 });
      await rejects(createEcs(call).listTasks('web', arn), { kind: 'transient' });
      addFault(fleet.world, { fault: { what }, count: 20 });
      await rejects(createAutoScaling(call, id).lifecycle(), { kind: 'transient' });
      await rejects(createAutoScaling(call, id).terminatingHooks('web-asg'), { kind: 'transient' });
      await rejects(describeTag(call, id, 'k'), { kind: 'transient' });
    });
  }
});

test('a list whose pages never end is not known, instead of being asked for without end', async () => {
  let requests = 0;
  const endless = (async () => {
    requests++;
    return { taskArns: [], containerInstanceArns: [], nextToken: 'more' };
  }) as unknown as Caller;
  const message = (operation: string) =>
    `calling ${operation}: the answer is incomplete: it has more than 100 pages`;
  await rejects(createEcs(endless).listTasks('web', 'x'), { message: message('ecs:ListTasks') });
  await rejects(createEcs(endless).find('web', id), { message: message('ecs:ListContainerInstances') });
  assert.equal(requests, 200);
});

/** A caller that gets these answers, one after the other, and never asks anybody. */
function scripted(answers: readonly object[]) {
  const left = [...answers];
  const seen: Record<string, unknown>[] = [];
  const made = createCaller({
    transport: (async (_operation: string, input: object) => {
      seen.push(input as Record<string, unknown>);
      return left.length > 1 ? left.shift() : left[0];
    }) as never,
    clock: systemClock,
    random: () => 0,
    budget: createBudget(systemClock),
    stop: new AbortController().signal,
  });
  return { call: made, inputs: seen };
}

async function rejects(
  promise: Promise<unknown>,
  expected: { kind?: string; code?: string; message?: string },
): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  assert.ok(error instanceof AwsError, `it did not fail with an AwsError: ${error}`);
  const { kind, code, message } = error;
  const seen = { kind, code, message };
  assert.deepEqual({ ...seen, ...expected }, seen);
}
