import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Entry } from './entry.ts';
import {
  A,
  atRest,
  called,
  disturbed,
  draining,
  found,
  happened,
  lifecycle,
  looks,
  readImds,
  setStatus,
  started,
  status,
  stopTask,
  TASK,
  tag,
  tagRemoved,
} from './log.ts';

// The checker is of use only if it can find fault.

describe('Q1, at rest', () => {
  test('a request', () => {
    assert.deepEqual(found([...atRest, called(5, 'ec2:DescribeTags')], 6), [
      `Q1: ${A} called ec2:DescribeTags at rest: every instance of a fleet would`,
    ]);
    assert.deepEqual(found([...atRest, called(5, 'ec2:DescribeTags')], 6, { tagsInMetadata: false }), []);
  });

  test('long after a drain was cancelled', () => {
    const log = [...atRest, tag(10), tagRemoved(20), called(60, 'ecs:ListTasks')];
    assert.deepEqual(found(log, 61), [
      `Q1: ${A} called ecs:ListTasks at rest: every instance of a fleet would`,
    ]);
  });
});

describe('Q1, where a drain was cancelled that is for a new root volume', () => {
  const replacing = lifecycle(9, 'ReplacingRootVolume:Wait');
  const cancelled = [...atRest, replacing, tag(10), tagRemoved(20)];
  const asks = (at: number) => called(at, 'autoscaling:DescribeAutoScalingInstances');
  const violation = `Q1: ${A} called autoscaling:DescribeAutoScalingInstances at rest: every instance of a fleet would`;

  test('its group is asked until the new one is there, and not for longer', () => {
    assert.deepEqual(found([...cancelled, asks(600)], 601), []);
    const replaced = [...cancelled, lifecycle(700, 'InService')];
    assert.deepEqual(found([...replaced, asks(765)], 766), []);
    assert.deepEqual(found([...replaced, asks(900)], 901), [violation]);
  });

  test('ECS is asked rarely meanwhile', () => {
    const every = (seconds: number) =>
      Array.from({ length: 20 }, (_, index) =>
        called(330 + index * seconds, 'ecs:DescribeContainerInstances'),
      );
    assert.deepEqual(found([...cancelled, ...every(60)], 1_600), []);
    assert.deepEqual(found([...cancelled, ...every(15)], 700), [
      `Q1: ${A} asked ECS 9 times in five minutes for a drain that is over: a fleet would`,
    ]);
  });

  test('an instance that was not drained for it asks nothing', () => {
    assert.deepEqual(found([...atRest, replacing, asks(600)], 601), [violation]);
  });
});

describe('Q2, twelve a minute', () => {
  const beats = (count: number, seconds: number) =>
    Array.from({ length: count }, (_, index) =>
      called(20 + index * seconds, 'autoscaling:DescribeLifecycleHooks'),
    );

  test('the thirteenth', () => {
    assert.deepEqual(found([...draining, ...beats(12, 1)], 80), []);
    assert.deepEqual(found([...draining, ...beats(13, 1)], 80), [
      `Q2: ${A} called autoscaling:DescribeLifecycleHooks 13 times within a minute: a fleet would be throttled`,
    ]);
  });

  test('spread over more than a minute, or over two processes', () => {
    assert.deepEqual(found([...draining, ...beats(40, 5)], 300), []);
    const [first, second] = [beats(7, 1), beats(14, 1).slice(7)];
    assert.deepEqual(found([...draining, ...first, started(26.5), ...second], 80), []);
  });

  test('what was sent in the moment in which the host went on counts as sent before it stood still', () => {
    const api = 'autoscaling:DescribeLifecycleHooks';
    const stoodStill = disturbed(20, { what: 'hibernation', forMs: 6_000 });
    const log = (first: number) => [
      ...draining,
      stoodStill,
      called(first, api),
      ...Array.from({ length: 12 }, (_, index) => called(69 + index, api)),
    ];
    assert.deepEqual(found(log(26), 82), []);
    assert.equal(found(log(26.05), 82).length, 1);
  });

  test('a throttled request is a request', () => {
    const throttled = Array.from({ length: 13 }, (_, index) =>
      called(20 + index, 'ecs:ListTasks', {}, 'ThrottlingException'),
    );
    assert.equal(found([...draining, ...throttled], 80).length, 1);
  });
});

test('Q2, a task that is asked to stop again within a minute, but not for a signal that has come since', () => {
  const asked = [
    ...atRest,
    tag(10),
    readImds(11),
    ...looks(11),
    status(12, 'DRAINING'),
    setStatus(12, 'DRAINING'),
    stopTask(20),
  ];
  const ignores = ['group:service:web'];
  const again = (between: readonly Entry[]) => found([...asked, ...between, stopTask(31)], 32, { ignores });
  assert.deepEqual(again([]), [
    `Q2: ${A} asked ${TASK} to stop again after 11000 ms: a fleet would be throttled`,
  ]);
  assert.deepEqual(again([tagRemoved(25), tag(29)]), []);
});

test('Q2, a task that is asked to stop again within a minute, but not once the EC2 API has called the tag removed', () => {
  const told = (at: number, ...tags: readonly object[]): Entry => ({
    kind: 'answer',
    at: at * 1_000,
    instanceId: A,
    api: 'ec2:DescribeTags',
    input: {},
    output: { Tags: tags },
  });
  const ours = { Key: 'ecs-drain-agent:terminate', Value: '' };
  const asked = [...atRest, tag(10), told(11, ours), ...looks(11), setStatus(12, 'DRAINING'), stopTask(20)];
  const again = (...between: readonly Entry[]) =>
    found([...asked, ...between, stopTask(31)], 32, { ignores: ['group:service:web'], tagSource: 'ec2' });
  const twice = `Q2: ${A} asked ${TASK} to stop again after 11000 ms: a fleet would be throttled`;
  assert.deepEqual(again(told(25), told(29, ours)), []);
  assert.deepEqual(again(told(19), told(29, ours)), [twice], 'told before it was asked');
  assert.deepEqual(again(told(25, ours)), [twice], 'told that the tag is there');
  const terminated = happened(22, {
    type: 'target-state',
    instanceId: A,
    to: 'Terminated',
  });
  assert.deepEqual(again(terminated, told(25)), [twice], 'the group asked for it all the while');
});

test('Q1, the EC2 API is asked for the tag more often than every 15 s', () => {
  const asks = (at: number) => called(at, 'ec2:DescribeTags');
  assert.deepEqual(found([...atRest, asks(20), asks(35)], 40, { tagsInMetadata: false }), []);
  assert.deepEqual(found([...atRest, asks(20), asks(34)], 40, { tagsInMetadata: false }), [
    `Q1: ${A} called ec2:DescribeTags twice within 14000 ms: a fleet would be throttled`,
  ]);
});
