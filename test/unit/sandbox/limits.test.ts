import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFleet, type Fleet } from '../../../src/sandbox/fleet.ts';
import { inMemory } from '../../../src/sandbox/in-memory.ts';
import { parseLimits } from '../../../src/sandbox/parse-limits.ts';
import { startSandbox } from '../../../src/sandbox/start.ts';
import type { WorldInput, WorldOperation } from '../../../src/sandbox/world/handlers.ts';
import { bucketOf, type Limits } from '../../../src/sandbox/world/limits.ts';
import { createVirtualClock, START } from '../../support/virtual-clock.ts';
import { createSdk } from './sdk.ts';

const cluster = { cluster: 'web' };
const definition = { family: 'a', containerDefinitions: [{ name: 'a' }] };

function stage(limits: Limits): Fleet {
  const fleet = createFleet({ now: START, limits });
  fleet.addInstance();
  return fleet;
}

/** How many of so many calls at this moment are answered. */
function answered<O extends WorldOperation>(
  { world }: Fleet,
  operation: O,
  input: WorldInput<O>,
  times: number,
): number {
  let count = 0;
  for (let index = 0; index < times; index++) {
    try {
      world.call(operation, input);
      count++;
    } catch (error) {
      assert.ok(error instanceof Error && /Throttl|RequestLimit/.test(error.name), String(error));
    }
  }
  return count;
}

describe('a fleet that asks more than an account may is throttled as AWS throttles it', () => {
  for (const [operation, input, burst, inHalfASecond] of [
    ['ecs:ListTasks', cluster, 100, 10],
    ['ecs:ListContainerInstances', cluster, 100, 10],
    ['ecs:ListServices', cluster, 100, 10],
    ['ecs:GetTaskProtection', cluster, 200, 40],
    ['ecs:RegisterTaskDefinition', definition, 20, 0],
    ['ec2:DescribeTags', {}, 100, 10],
    ['autoscaling:DescribeAutoScalingGroups', {}, 100, 10],
  ] as const) {
    test(`${operation}: ${burst} at once`, () => {
      const fleet = stage('aws');
      assert.equal(answered(fleet, operation, input, 300), burst);
      fleet.pass(500);
      assert.equal(answered(fleet, operation, input, 300), inHalfASecond, 'in the next half a second');
      fleet.pass(3_600_000);
      assert.equal(answered(fleet, operation, input, 300), burst, 'a bucket holds no more than its burst');
    });
  }

  test('ECS cluster modify: 100 at once, 40 a second', () => {
    const fleet = stage('aws');
    const arn = fleet.world.machines.values().next().value?.ecsAgent.containerInstance?.arn ?? '';
    const input = { ...cluster, containerInstances: [arn], status: 'DRAINING' as const };
    assert.equal(answered(fleet, 'ecs:UpdateContainerInstancesState', input, 300), 100);
    fleet.pass(1_000);
    assert.equal(answered(fleet, 'ecs:UpdateContainerInstancesState', input, 300), 40);
  });

  test('a token comes back with the time, not with the next second', () => {
    const fleet = stage({ 'auto-scaling': { burst: 2, perSecond: 3 } });
    const ask = () => answered(fleet, 'autoscaling:DescribeAutoScalingGroups', {}, 1);
    assert.equal(ask() + ask(), 2);
    fleet.pass(333);
    assert.equal(ask(), 0, 'a third of a second is 333.3 ms');
    fleet.pass(1);
    assert.equal(ask(), 1);
    fleet.pass(333);
    assert.equal(ask(), 1, 'what was left over counts');
  });

  test('a request that is throttled takes no token', () => {
    const fleet = stage({ 'auto-scaling': { burst: 2, perSecond: 1 } });
    const ask = (times: number) => answered(fleet, 'autoscaling:DescribeAutoScalingGroups', {}, times);
    assert.equal(ask(50), 2);
    fleet.pass(1_000);
    assert.equal(ask(50), 1);
  });
});

describe('who shares a bucket', () => {
  test("ECS's reads share one, its changes another, Auto Scaling's actions a third", () => {
    const fleet = stage('aws');
    assert.equal(answered(fleet, 'ecs:ListTasks', cluster, 60), 60);
    assert.equal(answered(fleet, 'ecs:ListContainerInstances', cluster, 60), 40);
    assert.equal(answered(fleet, 'ecs:ListServices', cluster, 60), 60);
    assert.equal(
      answered(fleet, 'autoscaling:DescribeLifecycleHooks', { AutoScalingGroupName: 'web-asg' }, 70),
      70,
    );
    assert.equal(answered(fleet, 'autoscaling:DescribeAutoScalingInstances', {}, 70), 30);
    assert.equal(answered(fleet, 'ec2:DescribeTags', {}, 70), 70);
  });

  for (const [operation, bucket] of [
    ['ecs:DescribeContainerInstances', 'ecs-cluster-read'],
    ['ecs:ListContainerInstances', 'ecs-cluster-read'],
    ['ecs:ListTasks', 'ecs-cluster-read'],
    ['ecs:DescribeTasks', 'ecs-cluster-read'],
    ['ecs:UpdateContainerInstancesState', 'ecs-cluster-modify'],
    ['ecs:DeregisterContainerInstance', 'ecs-cluster-modify'],
    ['ecs:RunTask', 'ecs-cluster-modify'],
    ['ecs:StartTask', 'ecs-cluster-modify'],
    ['ecs:StopTask', 'ecs-cluster-modify'],
    ['ecs:DescribeServices', 'ecs-service-read'],
    ['ecs:ListServices', 'ecs-service-read'],
    ['ecs:GetTaskProtection', 'ecs-task-protection'],
    ['ecs:RegisterTaskDefinition', 'ecs-task-definitions'],
    ['ec2:DescribeTags', 'ec2-describe-tags'],
    ['autoscaling:RecordLifecycleActionHeartbeat', 'auto-scaling'],
    ['autoscaling:CompleteLifecycleAction', 'auto-scaling'],
    ['ec2:CreateTags', undefined],
  ] as const satisfies (readonly [WorldOperation, string | undefined])[]) {
    test(`${operation}: ${bucket ?? 'none'}`, () => assert.equal(bucketOf(operation), bucket));
  }

  test('all instances of the account, and whoever else calls', async () => {
    const fleet = stage({ 'ecs-cluster-read': { burst: 2, perSecond: 1 } });
    const other = fleet.addInstance();
    const clock = createVirtualClock();
    const asks = async (instanceId: string) => {
      const { transport } = inMemory(fleet.world, { clock, instanceId });
      return transport('ecs:ListTasks', cluster, { signal: new AbortController().signal });
    };
    const [first] = fleet.world.machines.keys();
    await asks(first ?? '');
    fleet.world.call('ecs:ListTasks', cluster);
    await assert.rejects(asks(other.id), { name: 'ThrottlingException', message: 'Rate exceeded' });
  });
});

test('without limits nobody is throttled, and with one bucket only its calls are', () => {
  assert.equal(answered(stage('none'), 'ecs:ListTasks', cluster, 5_000), 5_000);
  const fleet = stage({ 'auto-scaling': { burst: 50, perSecond: 10 } });
  assert.equal(answered(fleet, 'ecs:ListTasks', cluster, 5_000), 5_000);
  assert.equal(answered(fleet, 'autoscaling:DescribeAutoScalingInstances', {}, 5_000), 50);
});

test('the request log tells what was throttled, and counts it', () => {
  const fleet = stage({ 'ecs-cluster-read': { burst: 1, perSecond: 1 } });
  answered(fleet, 'ecs:ListTasks', cluster, 3);
  const { entries, counts, throttled } = fleet.world.requestLog;
  assert.deepEqual(
    entries?.map(({ outcome }) => outcome),
    ['ok', 'throttled', 'throttled'],
  );
  assert.deepEqual([...counts], [['ecs:ListTasks', 3]]);
  assert.deepEqual([...throttled], [['ecs:ListTasks', 2]]);
});

test('what a test does to the World takes nothing from the account', () => {
  const fleet = stage({
    'ecs-cluster-modify': { burst: 0, perSecond: 0 },
    'auto-scaling': { burst: 0, perSecond: 0 },
  });
  const [machine] = fleet.world.machines.values();
  assert.ok(machine);
  fleet.deregisterByForce(machine);
  fleet.deleteHook('drain');
  assert.equal(machine.ecsAgent.containerInstance?.status, 'INACTIVE');
});

test('on the wire each service answers with its own error, as the real SDK reads it', async (t) => {
  const clock = createVirtualClock();
  const none = { burst: 0, perSecond: 1 };
  const fleet = createFleet({
    clock,
    limits: { 'ecs-cluster-read': none, 'ec2-describe-tags': none, 'auto-scaling': none },
  });
  const sandbox = await startSandbox(fleet, { clock });
  const sdk = createSdk(sandbox.apiUrl);
  t.after(async () => {
    sdk.destroy();
    await sandbox.close();
  });
  await assert.rejects(sdk.call('ecs:ListTasks', cluster), { name: 'ThrottlingException' });
  await assert.rejects(sdk.call('ec2:DescribeTags', {}), { name: 'RequestLimitExceeded' });
  await assert.rejects(sdk.call('autoscaling:DescribeAutoScalingGroups', {}), { name: 'Throttling' });
  const snapshot = await (await fetch(`${sandbox.apiUrl}/_sandbox/snapshot`)).json();
  assert.deepEqual((snapshot as { throttled: unknown }).throttled, {
    'ecs:ListTasks': 1,
    'ec2:DescribeTags': 1,
    'autoscaling:DescribeAutoScalingGroups': 1,
  });
});

describe('limits as people write them', () => {
  for (const [text, expected] of [
    ['none', 'none'],
    ['aws', 'aws'],
    ['auto-scaling=50/10', { 'auto-scaling': { burst: 50, perSecond: 10 } }],
    [
      'ecs-cluster-read=1/2,ec2-describe-tags=3/4',
      { 'ecs-cluster-read': { burst: 1, perSecond: 2 }, 'ec2-describe-tags': { burst: 3, perSecond: 4 } },
    ],
    [
      'auto-scaling=50/10,aws',
      {
        'ecs-cluster-read': { burst: 100, perSecond: 20 },
        'ecs-cluster-modify': { burst: 100, perSecond: 40 },
        'ecs-service-read': { burst: 100, perSecond: 20 },
        'ecs-task-protection': { burst: 200, perSecond: 80 },
        'ecs-task-definitions': { burst: 20, perSecond: 1 },
        'ec2-describe-tags': { burst: 100, perSecond: 20 },
        'logs-get-events': { burst: 10, perSecond: 10 },
        'auto-scaling': { burst: 50, perSecond: 10 },
      },
    ],
    ['', undefined],
    ['none,aws', undefined],
    ['autoscaling=50/10', undefined],
    ['toString=1/1', undefined],
    ['auto-scaling=50', undefined],
    ['auto-scaling=-5/10', undefined],
    ['auto-scaling=50/10.5', undefined],
  ] as const) {
    test(JSON.stringify(text), () => assert.deepEqual(parseLimits(text), expected));
  }
});
