import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createAutoScaling } from '../../../src/aws/auto-scaling.ts';
import { rejected, scriptCall } from './scripted-call.ts';

const OWN = 'i-own';
const ask = (...answers: readonly (object | Error)[]) => {
  const { call, calls } = scriptCall(...answers);
  return { group: createAutoScaling(call, OWN), calls };
};
const member = (InstanceId: string, LifecycleState?: string) => ({
  InstanceId,
  AutoScalingGroupName: 'web-asg',
  LifecycleState,
});

describe('the state of the instance in its group', () => {
  test('is its own, whatever else is answered', async () => {
    const { group, calls } = ask({
      AutoScalingInstances: [member('i-other', 'InService'), member(OWN, 'Standby')],
    });
    assert.deepEqual(await group.lifecycle(), { kind: 'in-group', group: 'web-asg', state: 'Standby' });
    assert.deepEqual(calls, [['autoscaling:DescribeAutoScalingInstances', { InstanceIds: [OWN] }]]);
  });
  test('of another instance is not ours: it would be let go for that one', async () => {
    const { group } = ask({ AutoScalingInstances: [member('i-other', 'Terminating:Wait')] });
    await assert.rejects(group.lifecycle(), { kind: 'transient', code: 'IncompleteAnswer' });
  });
  for (const [answer, what] of [
    [{}, 'AutoScalingInstances'],
    [{ AutoScalingInstances: [member(OWN)] }, 'group or state'],
    [{ AutoScalingInstances: [{ InstanceId: OWN, LifecycleState: 'InService' }] }, 'group or state'],
  ] as const)
    test(`is not known from ${JSON.stringify(answer)}`, async () =>
      await assert.rejects(ask(answer).group.lifecycle(), {
        kind: 'transient',
        message: `calling autoscaling:DescribeAutoScalingInstances: the answer is without ${what}`,
      }));
});

describe('the hooks of the group', () => {
  const terminating = 'autoscaling:EC2_INSTANCE_TERMINATING';
  test('are those of a termination, with their numbers in ms', async () => {
    const { group, calls } = ask({
      LifecycleHooks: [
        { LifecycleHookName: 'boot', LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING' },
        {
          LifecycleHookName: 'drain',
          LifecycleTransition: terminating,
          HeartbeatTimeout: 60,
          GlobalTimeout: 6_000,
          DefaultResult: 'ABANDON',
        },
        { LifecycleHookName: 'backup', LifecycleTransition: terminating },
      ],
    });
    assert.deepEqual(await group.terminatingHooks('web-asg'), [
      { name: 'drain', heartbeatTimeout: 60_000, globalTimeout: 6_000_000, defaultResult: 'ABANDON' },
      { name: 'backup', heartbeatTimeout: undefined, globalTimeout: undefined, defaultResult: undefined },
    ]);
    assert.deepEqual(calls, [['autoscaling:DescribeLifecycleHooks', { AutoScalingGroupName: 'web-asg' }]]);
  });
  for (const [answer, what] of [
    [{}, 'LifecycleHooks'],
    [{ LifecycleHooks: [{ LifecycleTransition: terminating }] }, "a hook's name or transition"],
  ] as const)
    test(`are not known from ${JSON.stringify(answer)}`, async () =>
      await assert.rejects(ask(answer).group.terminatingHooks('web-asg'), {
        message: `calling autoscaling:DescribeLifecycleHooks: the answer is without ${what}`,
      }));
});

describe('whether the group retains', () => {
  const groupOf = (name: string, trigger?: string) => ({
    AutoScalingGroupName: name,
    ...(trigger && { InstanceLifecyclePolicy: { RetentionTriggers: { TerminateHookAbandon: trigger } } }),
  });
  for (const [groups, expected] of [
    [[groupOf('web-asg', 'retain')], true],
    [[groupOf('web-asg', 'terminate')], false],
    [[groupOf('web-asg')], false],
    [[groupOf('other', 'retain'), groupOf('web-asg')], false],
  ] as const)
    test(`${JSON.stringify(groups)}: ${expected}`, async () =>
      assert.equal(await ask({ AutoScalingGroups: groups }).group.retainsAbandoned('web-asg'), expected));
  for (const answer of [{}, { AutoScalingGroups: [groupOf('other', 'retain')] }])
    test(`is not known from ${JSON.stringify(answer)}`, async () =>
      await assert.rejects(ask(answer).group.retainsAbandoned('web-asg'), {
        message: 'calling autoscaling:DescribeAutoScalingGroups: the answer is without the group',
      }));
});

describe('the lifecycle action', () => {
  const action = { AutoScalingGroupName: 'web-asg', LifecycleHookName: 'drain', InstanceId: OWN };
  const nothing = rejected('No active Lifecycle Action found with instance ID i-own');
  test('is kept alive', async () => {
    const { group, calls } = ask({}, nothing);
    assert.equal(await group.heartbeat('web-asg', 'drain'), 'recorded');
    assert.equal(await group.heartbeat('web-asg', 'drain'), 'nothing-waiting');
    assert.deepEqual(calls[0], ['autoscaling:RecordLifecycleActionHeartbeat', action]);
  });
  test('is completed', async () => {
    const { group, calls } = ask({}, nothing);
    assert.equal(await group.complete('web-asg', 'drain', 'ABANDON'), 'completed');
    assert.equal(await group.complete('web-asg', 'drain', 'CONTINUE'), 'nothing-waiting');
    assert.deepEqual(calls[0], [
      'autoscaling:CompleteLifecycleAction',
      { ...action, LifecycleActionResult: 'ABANDON' },
    ]);
  });
  test('that cannot be completed is an error', async () =>
    await assert.rejects(ask(rejected('no such group')).group.complete('web-asg', 'drain', 'CONTINUE'), {
      message: 'no such group',
    }));
});

describe('terminating the instance', () => {
  test('leaves the group its desired capacity', async () => {
    const { group, calls } = ask({ Activity: {} });
    await group.terminate();
    assert.deepEqual(calls, [
      [
        'autoscaling:TerminateInstanceInAutoScalingGroup',
        { InstanceId: OWN, ShouldDecrementDesiredCapacity: false },
      ],
    ]);
  });
  test('has not been done where the answer is none', async () =>
    await assert.rejects(ask({}).group.terminate(), { kind: 'transient' }));
});
