import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AwsError } from '../../../../src/aws/errors.ts';
import type { Launch, Outcome, Policy } from '../../../../src/oneshot/launch/model.ts';
import { progressOf } from '../../../../src/oneshot/report/words.ts';
import {
  after,
  defined,
  described,
  fresh,
  MINUTE,
  noRoom,
  started,
  T0,
  taskView,
} from '../launch/launches.ts';

const SECOND = 1_000;
const withGroup: Policy = { ...fresh, group: 'workers' };
const launched: Outcome = { kind: 'grown', answer: { kind: 'launched', count: 2, ids: ['i-1', 'i-2'] } };
const throttled: Outcome = {
  kind: 'failed',
  call: 'describe',
  error: new AwsError(
    'ecs:DescribeTasks',
    'throttled',
    'ThrottlingException',
    'calling ecs:DescribeTasks: Rate exceeded',
  ),
};

describe('somebody who waits for room is told', () => {
  test('what is missing, what the task needs, what the group was asked for, since when and until when', () => {
    const launch = after(withGroup, defined, noRoom, launched);
    const { lines, topic } = progressOf(launch, withGroup, T0 + 92 * SECOND);
    assert.deepEqual(lines, [
      'waiting for room for 1 min 30 s, 28 min 30 s left',
      'too little CPU on every instance; the task needs 256 CPU units and 512 MiB of memory',
      'the group workers launches 2 instances; asked again in 46 s',
    ]);
    assert.equal(
      topic,
      'waiting for room: too little CPU on every instance; the group workers launches 2 instances',
    );
  });

  test('that the demand queue is told, or why it is not', () => {
    const launch: Launch = { ...after(fresh, defined, noRoom), told: { trouble: undefined } };
    assert.equal(progressOf(launch, fresh, T0 + MINUTE).lines[2], 'the demand queue is told');
    const refused: Launch = { ...launch, told: { trouble: 'calling sqs:SendMessage: not allowed' } };
    assert.match(progressOf(refused, fresh, T0 + MINUTE).topic, /cannot be told: calling sqs:SendMessage/);
  });

  test('the error where it is not for want of room', () => {
    const launch = after(fresh, defined, {
      kind: 'start-answered',
      answer: { kind: 'not-yet', why: 'the ECS agent is not connected', completed: true, except: [] },
    });
    const { lines } = progressOf(launch, fresh, T0 + 12 * SECOND);
    assert.deepEqual(lines, ['not started yet for 10 s, 29 min 50 s left', 'the ECS agent is not connected']);
  });
});

describe('somebody who watches a task', () => {
  const running = taskView({ lastStatus: 'RUNNING', startedAt: T0 + 4 * SECOND });

  test('is told where it runs, and for how long', () => {
    const launch = after(fresh, defined, started(), described(running));
    const { lines, topic } = progressOf(launch, fresh, T0 + 64 * SECOND);
    assert.deepEqual(lines, ['task 0a1b is running, for 1 min', 'on container instance c1']);
    assert.equal(topic, 'task 0a1b is running on container instance c1');
  });

  test('hears nothing of a question that was throttled, and of several in a row that AWS does not answer', () => {
    const once = after(fresh, defined, started(), described(running), throttled, throttled);
    assert.match(progressOf(once, fresh, T0 + MINUTE).topic, /is running/);
    const often = after(fresh, defined, started(), described(running), throttled, throttled, throttled);
    assert.deepEqual(progressOf(often, fresh, T0 + MINUTE).lines, [
      'AWS cannot be asked',
      'calling ecs:DescribeTasks: Rate exceeded',
    ]);
  });
});
