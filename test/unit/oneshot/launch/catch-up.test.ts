import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AwsError } from '../../../../src/aws/errors.ts';
import { decide } from '../../../../src/oneshot/launch/decide.ts';
import type { Launch, Outcome, Policy } from '../../../../src/oneshot/launch/model.ts';
import { settle } from '../../../../src/oneshot/launch/settle.ts';
import { after, defined, fresh, noRoom, policy, T0, unanswered } from './launches.ts';

// A key's earlier calls have used up client tokens: RunTask repeats what it answered then.

const nothingFound: Outcome = { kind: 'looked', task: undefined };
const misfit: Outcome = {
  kind: 'start-answered',
  answer: {
    kind: 'misfit',
    reasons: ['ATTRIBUTE'],
    by: [{ arn: 'a', reason: 'ATTRIBUTE' }],
    completed: true,
    except: ['a'],
  },
};
const room: Outcome = { kind: 'compared', hasRoom: true };
const none: Outcome = { kind: 'compared', hasRoom: false };
const notCompared = (kind: AwsError['kind']): Outcome => ({
  kind: 'failed',
  call: 'compare',
  error: new AwsError('ecs:ListContainerInstances', kind, 'Code', 'no'),
});
const grouped: Policy = { ...policy, group: 'workers' };

const called = (goes: Policy, ...outcomes: readonly Outcome[]) =>
  after(goes, defined, nothingFound, ...outcomes);
/** What comes next, and how soon, in ms. */
function next(launch: Launch, goes: Policy, now: number): string {
  const step = decide(launch, goes, now);
  if (step.kind === 'wait') return `wait ${step.until - now}`;
  if (step.kind === 'end') return `end ${step.end.code} ${step.end.kind}`;
  return step.kind === 'start' ? `start ${step.attempt}` : step.kind;
}
const at = (outcomes: number) => T0 + (outcomes + 2) * 1_000;

describe('an answer that RunTask may have given to an earlier call', () => {
  test('is compared with the cluster before anything is made of it', () => {
    assert.equal(next(called(policy, noRoom), policy, at(1)), 'compare');
    assert.equal(
      next(called(grouped, noRoom), grouped, at(1)),
      'compare',
      'an instance would be launched for nothing',
    );
    assert.equal(
      next(called(policy, misfit), policy, at(1)),
      'compare',
      'it would end for good by an old answer',
    );
  });
  test('cannot be, where nobody else knows the key', () => {
    assert.match(next(after(fresh, defined, noRoom), fresh, T0 + 2_000), /^wait/);
  });

  test('where there is room, the next client tokens are tried at once, and the group is asked for nothing', () => {
    const first = called(grouped, noRoom, room);
    assert.equal(next(first, grouped, at(2)), 'start 1');
    const second = settle(first, grouped, noRoom, at(3), () => 0.5);
    assert.equal(next(second, grouped, at(3)), 'wait 450');
    assert.equal(next(second, grouped, at(3) + 450), 'start 2');
    // Two at first, and then it is compared again.
    const third = settle(second, grouped, noRoom, at(4), () => 0.5);
    assert.equal(next(third, grouped, at(4)), 'compare');
  });
  test('as many tokens as half an hour of waiting uses up are behind it after a minute', () => {
    let launch = called(policy, noRoom);
    let now = at(1);
    let tries = 1;
    while (tries < 90) {
      const step = decide(launch, policy, now);
      if (step.kind === 'wait') now = step.until;
      else {
        if (step.kind === 'start') tries++;
        launch = settle(launch, policy, step.kind === 'compare' ? room : noRoom, now, () => 0.5);
      }
    }
    assert.ok(now - at(1) < 60_000, `${now - at(1)} ms`);
  });
  test('where there is none, it is a new answer: the next try comes as late as any', () => {
    const launch = called(policy, noRoom, none);
    assert.equal(next(launch, policy, at(2)), 'wait 2750');
    assert.equal(next(called(grouped, noRoom, none), grouped, at(2)), 'measure');
    assert.equal(next(called(policy, misfit, none), policy, at(2)), 'end 69 refused');
  });
  test('it is compared again after a while, and rarely in the end', () => {
    const launch = settle(called(policy, noRoom, none), policy, noRoom, at(3), () => 0.5);
    assert.match(next(launch, policy, at(3)), /^wait/);
    const later = settle(launch, policy, noRoom, at(2) + 45_000, () => 0.5);
    assert.equal(next(later, policy, at(2) + 45_000), 'compare');
  });
  test('where that cannot be told, it goes on as slowly as it waits for room', () => {
    const forbidden = called(policy, noRoom, notCompared('permission'));
    assert.match(next(forbidden, policy, at(2)), /^wait/);
    const later = settle(forbidden, policy, noRoom, at(2) + 600_000, () => 0.5);
    assert.match(next(later, policy, at(2) + 600_000), /^wait/, 'it would ask again and again');
    assert.equal(next(called(policy, misfit, notCompared('permission')), policy, at(2)), 'end 69 refused');
    assert.match(next(called(policy, misfit, notCompared('throttled')), policy, at(2)), /^wait/);
  });
  test('one that keeps differing from the cluster ends that: the difference must have another reason', () => {
    let launch = called(policy, noRoom);
    for (let tries = 0; tries < 300; tries++) {
      if (decide(launch, policy, at(1)).kind === 'compare')
        launch = settle(launch, policy, room, at(1), () => 0.5);
      launch = settle(launch, policy, noRoom, at(1), () => 0.5);
    }
    assert.match(next(launch, policy, at(1)), /^wait [2-9]\d{3,}$/, 'it would call RunTask twice a second');
  });
  test('nothing is said to be refused while a later RunTask has no answer', () => {
    const launch = called(policy, misfit, room, unanswered, none);
    assert.doesNotMatch(next(launch, policy, at(4) + 120_000), /^end/);
  });
});
