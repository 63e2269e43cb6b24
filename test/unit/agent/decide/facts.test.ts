import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  earlier,
  groupState,
  isCompleted,
  isEventAlone,
  isReleased,
  onAgentClock,
  onWallClock,
  signalsOf,
  terminationDecided,
  waitingHook,
} from '../../../../src/agent/decide/facts.ts';
import { known, unknown } from '../../../../src/base/reading.ts';
import { HOUR, hook, inState, MINUTE, NOW, nothing, tag, withTask } from './observations.ts';

const completed = { hook: 'drain', result: 'CONTINUE', at: NOW, standing: 'answered' } as const;

describe('the signals', () => {
  it('are as they are said now', () =>
    assert.deepEqual(signalsOf({ ...withTask, signals: known([{ source: 'manual' }]) }), [
      { source: 'manual' },
    ]));
  it('are as they last were while metadata is silent, or the tag’s hook would be forgotten', () =>
    assert.deepEqual(signalsOf({ ...withTask, signals: unknown('silent') }), [tag]));
  it('are none where none was ever seen', () => assert.deepEqual(signalsOf(nothing), []));
});

it('no signal at all is no tag that is left of a lifecycle event', () => {
  assert.equal(isEventAlone({ ...nothing, signals: known([]) }), false);
  assert.equal(isEventAlone({ ...nothing, signals: known([{ ...tag, eventAt: NOW }]) }), true);
  assert.equal(isEventAlone({ ...nothing, signals: known([tag]) }), false);
});

describe('the group has decided on the termination', () => {
  for (const [lifecycle, expected] of [
    [inState('InService'), false],
    [inState('Terminating'), true],
    [inState('Terminating:Wait'), true],
    [inState('Terminated'), true],
    [known({ kind: 'no-group' } as const), false],
    [unknown('throttled'), false],
  ] as const)
    it(`${JSON.stringify(lifecycle)}: ${expected}`, () =>
      assert.equal(terminationDecided({ ...nothing, lifecycle }), expected));
});

it('the state in the group is told where there is a group', () => {
  assert.equal(groupState({ ...nothing, lifecycle: inState('Standby') }), 'Standby');
  assert.equal(groupState({ ...nothing, lifecycle: known({ kind: 'no-group' }) }), undefined);
  assert.equal(groupState(nothing), undefined);
});

describe('the lifecycle action that waits for us', () => {
  it('is of our hook, since it was first seen to wait', () =>
    assert.deepEqual(waitingHook(withTask, { lifecycleHook: undefined }), {
      since: NOW - MINUTE,
      group: 'web-asg',
      hook,
    }));
  it('waits since now where nothing is remembered', () =>
    assert.deepEqual(waitingHook({ ...withTask, memory: {} }, { lifecycleHook: undefined }), {
      since: NOW,
      group: 'web-asg',
      hook,
    }));
  it('is of the hook that was ours while the group does not say which it has', () => {
    const silent = { ...withTask, hooks: unknown('throttled') };
    assert.deepEqual(waitingHook(silent, { lifecycleHook: undefined })?.hook, hook);
  });
  for (const [what, more] of [
    ['in another state', { lifecycle: inState('Terminating') }],
    ['in no group', { lifecycle: known({ kind: 'no-group' } as const) }],
    ['where the group does not answer', { lifecycle: unknown('throttled') }],
    ['once it is completed', { memory: { ...withTask.memory, completed } }],
    ['where the group has none that could be ours', { hooks: known([]) }],
  ] as const)
    it(`there is none ${what}`, () =>
      assert.equal(waitingHook({ ...withTask, ...more }, { lifecycleHook: undefined }), undefined));
});

it('an action is completed until that is doubted', () => {
  assert.equal(isCompleted({}), false);
  assert.equal(isCompleted({ completed }), true);
  assert.equal(isCompleted({ completed: { ...completed, standing: 'confirmed' } }), true);
  assert.equal(isCompleted({ completed: { ...completed, standing: 'doubted' } }), false);
});

it('the instance is let go by CONTINUE or a termination, not by ABANDON: it may be retained, with its tasks', () => {
  assert.equal(isReleased({}), false);
  assert.equal(isReleased({ completed }), true);
  assert.equal(isReleased({ completed: { ...completed, result: 'ABANDON' } }), false);
  assert.equal(isReleased({ terminatedAt: NOW }), true);
});

it('an announced time keeps its distance when the host’s clock is set, and is shown by that clock', () => {
  const clocks = { now: NOW, wallNow: NOW + HOUR };
  assert.equal(onAgentClock(NOW + HOUR + MINUTE, clocks), NOW + MINUTE);
  assert.equal(onWallClock(NOW + MINUTE, clocks), NOW + HOUR + MINUTE);
});

it('deadlines only tighten', () => {
  assert.equal(earlier(1, 2), 1);
  assert.equal(earlier(2, 1), 1);
  assert.equal(earlier(undefined, 2), 2);
  assert.equal(earlier(2, undefined), 2);
  assert.equal(earlier(undefined, undefined), undefined);
});
