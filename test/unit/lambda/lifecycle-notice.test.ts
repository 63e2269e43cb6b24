import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedNotice, readLifecycleNotice } from '../../../src/lambda/lifecycle-notice.ts';
import { lambdaEvent } from './events.ts';

describe('a lifecycle notice', () => {
  it('is read from an EventBridge event', () => {
    assert.deepEqual(readLifecycleNotice(lambdaEvent('eventbridge-terminate')), {
      kind: 'terminating',
      instanceId: 'i-1234567890abcdef0',
      group: 'my-asg',
      hook: 'my-lifecycle-hook',
      time: '2021-01-13T00:12:37.214Z',
    });
  });

  it('counts when the group ends an instance of its warm pool for good', () => {
    assert.equal(readLifecycleNotice(lambdaEvent('eventbridge-terminates-in-warm-pool')).kind, 'terminating');
  });

  const ignored: [event: string, why: string][] = [
    ['eventbridge-launch', 'launching'],
    ['eventbridge-returns-to-warm-pool', 'returns-to-warm-pool'],
    ['eventbridge-replaces-root-volume', 'instance-stays'],
    ['eventbridge-terminate-successful', 'not-a-lifecycle-action'],
  ];
  for (const [event, why] of ignored) {
    it(`is ignored: ${event}`, () => {
      const notice = readLifecycleNotice(lambdaEvent(event));
      assert.equal(notice.kind, 'ignored');
      assert.equal(notice.why, why);
    });
  }

  it('is ignored for an instance that stays, wherever it goes: a tag would drain it in its next life', () => {
    for (const Destination of ['AutoScalingGroup', 'WarmPool', 'SomewhereNew', '', 7]) {
      const message = {
        LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
        EC2InstanceId: 'i-1234567890abcdef0',
        Destination,
      };
      assert.equal(readLifecycleNotice(message).kind, 'ignored', String(Destination));
    }
  });

  it('cannot be forged by an account that puts its own events on the bus', () => {
    const forged = { ...(lambdaEvent('eventbridge-terminate') as object), source: 'my.own' };
    assert.deepEqual(readLifecycleNotice(forged), { kind: 'ignored', why: 'not-from-auto-scaling' });
  });

  it('is read from an instance with an old, short id', () => {
    const notice = readLifecycleNotice({
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      EC2InstanceId: 'i-1a2b3c4d',
    });
    assert.deepEqual(notice, {
      kind: 'terminating',
      instanceId: 'i-1a2b3c4d',
      group: undefined,
      hook: undefined,
      time: undefined,
    });
  });

  const terminating = { LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING' };
  const malformed: [what: string, message: unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['a number', 7],
    ['a list', []],
    ['text', 'Hello from SNS!'],
    ['JSON that is no object', '"i-1234567890abcdef0"'],
    ['an empty object', {}],
    ['an empty body', ''],
    ['some other JSON', '{"foo": 2}'],
    ['no instance id', terminating],
    ['an empty instance id', { ...terminating, EC2InstanceId: '' }],
    ['the id of something else', { ...terminating, EC2InstanceId: 'vol-1234567890abcdef0' }],
    ['two ids', { ...terminating, EC2InstanceId: 'i-1234567890abcdef0,i-1234567890abcdef1' }],
    ['an id in capitals', { ...terminating, EC2InstanceId: 'i-1234567890ABCDEF0' }],
    ['an id of ten digits', { ...terminating, EC2InstanceId: 'i-1234567890' }],
    ['a list as id', { ...terminating, EC2InstanceId: ['i-1234567890abcdef0'] }],
    ['a transition that AWS does not have', { ...terminating, LifecycleTransition: 'terminate' }],
    ['a topic that wants confirming', { Type: 'SubscriptionConfirmation', Message: 'You have chosen…' }],
    ['an EventBridge event without detail', { source: 'aws.autoscaling', 'detail-type': 'x' }],
  ];
  for (const [what, message] of malformed) {
    it(`is refused when it is ${what}`, () => {
      assert.throws(() => readLifecycleNotice(message), MalformedNotice);
    });
  }
});
