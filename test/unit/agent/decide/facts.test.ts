import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  earlier,
  groupState,
  isCompleted,
  isContradicted,
  isEventAlone,
  isGroupsDoing,
  isOver,
  isReleased,
  maybeGroupsDoing,
  onAgentClock,
  onWallClock,
  outlastsEvent,
  signalsOf,
  terminationDecided,
  waitingHook,
} from '../../../../src/agent/decide/facts.ts';
import type { Observation } from '../../../../src/agent/model.ts';
import { known, unknown } from '../../../../src/base/reading.ts';
import type { Signal } from '../../../../src/signals/signal.ts';
import { HOUR, hook, inState, MINUTE, NOW, nothing, tag, withTask } from './observations.ts';

const completed = { hook: 'drain', result: 'CONTINUE', at: NOW, standing: 'answered' } as const;

describe('the signals', () => {
  it('are as they are said now', () =>
    assert.deepEqual(signalsOf({ ...withTask, signals: known([{ source: 'manual' }]) }), [
      { source: 'manual' },
    ]));
  it('are as they last were while metadata is silent, or the tag’s hook would be forgotten', () =>
    assert.deepEqual(signalsOf({ ...withTask, signals: unknown('silent') }), [tag]));
  it('of a source that is silent are as they last were, beside what others say now', () => {
    const spot = { source: 'spot', action: 'terminate', interruptionAt: NOW } as const;
    const manual = { source: 'manual' } as const;
    const memory = { ...withTask.memory, signals: [spot, tag] };
    const beside = (silentSignals: Observation['silentSignals']) =>
      signalsOf({ ...withTask, memory, signals: known([manual]), silentSignals });
    assert.deepEqual(
      beside({ spot: 'IMDS is silent' }),
      [manual, spot],
      'no StopTask comes before the interruption',
    );
    assert.deepEqual(
      beside({ scheduled: 'for ever' }),
      [manual],
      'what is over asks for the instance for ever',
    );
    assert.deepEqual(beside(undefined), [manual]);
  });
  it('of a source that says that it has none are gone, though another is silent: a task would be asked to stop for a Spot notice that is over', () => {
    const spot = { source: 'spot', action: 'hibernate', interruptionAt: NOW } as const;
    const observed = {
      ...withTask,
      memory: { ...withTask.memory, signals: [spot, tag] },
      signals: unknown('silent'),
    };
    assert.deepEqual(signalsOf({ ...observed, silentSignals: { lifecycle: 'reset' } }), []);
    assert.deepEqual(signalsOf({ ...observed, silentSignals: { lifecycle: 'reset', tag: 'reset' } }), [tag]);
    assert.deepEqual(signalsOf({ ...observed, silentSignals: { tag: 'reset', spot: 'reset' } }), [spot, tag]);
  });
  it('are none where none was ever seen', () => assert.deepEqual(signalsOf(nothing), []));
});

it('no signal at all is no tag that is left of a lifecycle event', () => {
  assert.equal(isEventAlone({ ...nothing, signals: known([]) }), false);
  assert.equal(isEventAlone({ ...nothing, signals: known([{ ...tag, eventAt: NOW }]) }), true);
  assert.equal(isEventAlone({ ...nothing, signals: known([tag]) }), false);
});

describe('what asks for the instance', () => {
  const lifecycle: Signal = { source: 'lifecycle' };
  const manual: Signal = { source: 'manual' };
  const event: Signal = { ...tag, eventAt: NOW - MINUTE };
  const scheduled = (code: string): Signal => ({ source: 'scheduled', code, eventId: 'e', notBefore: NOW });
  const reboot = scheduled('system-reboot');
  const spot: Signal = { source: 'spot', action: 'terminate', interruptionAt: NOW };
  const noGroup = known({ kind: 'no-group' } as const);
  const when = (signals: readonly Signal[], state = inState('InService') as Observation['lifecycle']) => ({
    ...nothing,
    signals: known(signals),
    lifecycle: state,
  });

  for (const [what, signals, surely, maybe] of [
    ['metadata', [lifecycle], true, true],
    ['the tag of a lifecycle event', [event], true, true],
    ['both', [lifecycle, event], true, true],
    ['a tag that names a hook', [{ ...tag, hook: 'drain' }], false, true],
    ['an operator’s tag', [tag], false, false],
    ['a reboot of the host', [reboot], false, true],
    ['the host’s retirement', [scheduled('instance-retirement')], false, false],
    ['an interruption beside metadata', [lifecycle, spot], false, false],
    ['an operator beside the tag of an event', [event, manual], false, false],
  ] as const)
    it(`(${what}) is ${surely ? '' : maybe ? 'perhaps ' : 'not '}the group’s doing`, () => {
      assert.equal(isGroupsDoing(when(signals)), surely);
      const late =
        'where the group is silent, the instance is held for ever, or leaves a cluster that it returns to';
      assert.equal(maybeGroupsDoing(when(signals)), maybe, late);
    });

  it('is contradicted by a group that keeps what only its own doing asks for', () => {
    for (const signal of [lifecycle, event]) assert.equal(isContradicted(when([signal])), true);
    assert.equal(isContradicted(when([manual])), false, 'an operator’s request would wait for the group');
    assert.equal(isContradicted(when([lifecycle], inState('Terminating'))), false);
    assert.equal(isContradicted(when([lifecycle], unknown('throttled'))), false);
  });
  it('is contradicted by being in no group: it would leave its cluster for an event that is over', () => {
    assert.equal(isContradicted(when([lifecycle], noGroup)), true);
    assert.equal(isContradicted(when([event, lifecycle], noGroup)), true);
    assert.equal(isContradicted(when([event], noGroup)), true);
    assert.equal(isContradicted(when([manual], noGroup)), false);
  });

  it('is outlasted by the host where it is a reboot alone, or one beside what the group contradicts', () => {
    const stays = 'it leaves its cluster, and does not come back with the reboot';
    assert.equal(outlastsEvent(when([reboot], unknown('throttled'))), true, stays);
    assert.equal(outlastsEvent(when([scheduled('instance-reboot')], noGroup)), true, stays);
    assert.equal(outlastsEvent(when([scheduled('system-maintenance'), reboot])), true, stays);
    assert.equal(outlastsEvent(when([reboot, lifecycle])), true, stays);
    assert.equal(outlastsEvent(when([event, reboot])), true, stays);
    assert.equal(outlastsEvent(when([event, reboot], noGroup)), true, stays);
    assert.equal(outlastsEvent(when([reboot, lifecycle], noGroup)), true, stays);
  });
  it('is not outlasted by the host otherwise', () => {
    const left = 'it is left in its cluster, with nothing on it';
    assert.equal(outlastsEvent(when([])), false, left);
    assert.equal(outlastsEvent(when([lifecycle])), false, left);
    assert.equal(outlastsEvent(when([scheduled('instance-stop')])), false, left);
    assert.equal(outlastsEvent(when([reboot], inState('Terminating'))), false, left);
    assert.equal(outlastsEvent(when([reboot, manual])), false, left);
    assert.equal(outlastsEvent(when([reboot, lifecycle, manual])), false, left);
    assert.equal(outlastsEvent(when([reboot, manual], noGroup)), false, left);
    assert.equal(outlastsEvent(when([reboot, lifecycle], unknown('throttled'))), false, left);
  });

  it('that a silent source told of keeps a tag from being all that asks for the instance', () => {
    const silent = { ...when([event]), silentSignals: { manual: 'EIO' } };
    assert.equal(isEventAlone(silent), true);
    assert.equal(isEventAlone({ ...silent, memory: { ...silent.memory, signals: [event, manual] } }), false);
  });

  it('is the group’s doing, and outlasted, by what is heard: nothing is deregistered for what a silent source last said', () => {
    const silentSignals = { manual: 'EIO' };
    const keeps = when([lifecycle]);
    const remembering = {
      ...keeps,
      memory: { ...keeps.memory, signals: [lifecycle, manual] },
      silentSignals,
    };
    assert.equal(isGroupsDoing(remembering), true);
    assert.equal(maybeGroupsDoing(remembering), true);
    assert.equal(outlastsEvent({ ...remembering, signals: known([reboot]) }), true);
  });

  it('is over without a signal, or once the group has kept what an event’s tag alone asks for long enough', () => {
    const kept = { ...when([event]), keptForMs: 30_000 };
    assert.equal(isOver(when([])), true);
    assert.equal(isOver(kept), true);
    assert.equal(isOver({ ...kept, keptForMs: 29_999 }), false, 'one answer that lags ends the drain');
    assert.equal(isOver(when([event])), false, 'nobody has said yet that the group keeps it');
    assert.equal(
      isOver({ ...kept, silentSignals: { spot: 'IMDS is silent' } }),
      false,
      'another signal may be there',
    );
    assert.equal(isOver({ ...kept, signals: known([event, manual]) }), false);
    assert.equal(isOver({ ...kept, lifecycle: inState('Terminating') }), false);
    const silent = { ...kept, signals: unknown('the host stood still'), memory: { signals: [event] } };
    assert.equal(isOver(silent), false, 'it is given back, with another signal there by now');
  });
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
