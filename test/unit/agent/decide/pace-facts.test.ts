import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { paceFacts } from '../../../../src/agent/decide/pace-facts.ts';
import type { Observation, Policy } from '../../../../src/agent/model.ts';
import { known, unknown } from '../../../../src/base/reading.ts';
import { HOUR, hook, inState, MINUTE, NOW, policy, SECOND, tag, withTask } from './observations.ts';

/** Announced two minutes ahead, as always. */
const spot: Observation = {
  ...withTask,
  signals: known([tag, { source: 'spot', action: 'terminate', interruptionAt: NOW + 2 * MINUTE }]),
  memory: { ...withTask.memory, spotSeenAt: NOW },
};
const limited = { ...policy, drainTimeout: 10 * MINUTE, onTimeout: 'stop-tasks' } as const;

describe('tasks must be known by when they are asked to stop, or they would be cut off', () => {
  it('30 s before a Spot interruption', () =>
    assert.equal(paceFacts(spot, policy).stopTasksAt, NOW + 90 * SECOND));
  it('but not where the operator wants none asked then', () =>
    assert.equal(paceFacts(spot, { ...policy, spotStopTasks: false }).stopTasksAt, undefined));
  it('at the operator’s limit, which counts from the signal', () =>
    assert.equal(paceFacts(withTask, limited).stopTasksAt, NOW + 9 * MINUTE));
  it('but not where he wants something else to happen at it', () =>
    assert.equal(paceFacts(withTask, { ...limited, onTimeout: 'continue' }).stopTasksAt, undefined));
  it('at the earlier of both', () => {
    assert.equal(paceFacts(spot, limited).stopTasksAt, NOW + 90 * SECOND);
    assert.equal(paceFacts(spot, { ...limited, drainTimeout: 2 * MINUTE }).stopTasksAt, NOW + MINUTE);
  });
});

it('whether the group retains is asked at an operator’s limit that abandons the action, and at no other', () => {
  const at = (onTimeout: 'abandon' | 'continue') =>
    paceFacts(withTask, { ...policy, drainTimeout: 10 * MINUTE, onTimeout }).abandonAt;
  assert.equal(at('abandon'), NOW + 9 * MINUTE);
  assert.equal(at('continue'), undefined);
});

describe('a drain is over, and only what was set DRAINING is to be given back', () => {
  const isOver = (more: Partial<Observation>) => paceFacts({ ...withTask, ...more }, policy).isOver;
  const event = { ...tag, value: 'time=2026-01-02T03:04:05Z', eventAt: NOW - HOUR };
  const past: Partial<Observation> = {
    signals: known([event]),
    lifecycle: inState('InService'),
    keptForMs: 30 * SECOND,
  };
  it('where no signal is there', () => {
    assert.equal(isOver({}), false);
    assert.equal(isOver({ signals: known([]), lifecycle: inState('InService') }), true);
    assert.equal(
      isOver({ signals: known([]) }),
      false,
      'what the group itself terminates would be released late',
    );
    assert.equal(isOver({ signals: unknown('silent') }), false, 'a drain would slow down in an outage');
  });
  it('where only a tag is there of a lifecycle event that the group says is over', () => {
    assert.equal(isOver(past), true);
    assert.equal(isOver({ ...past, keptForMs: 29 * SECOND }), false);
    assert.equal(isOver({ ...past, silentSignals: { spot: 'metadata is silent' } }), false);
    assert.equal(isOver({ ...past, lifecycle: inState('Terminating:Wait') }), false);
    assert.equal(isOver({ ...past, signals: known([tag]) }), false, 'an operator’s own tag asks for it');
  });
});

describe('a limit may end the lifecycle action', () => {
  it('the hook’s own, or what the operator has set, whatever is to happen at it', () => {
    assert.equal(paceFacts(withTask, policy).limitAt, NOW - MINUTE + 48 * HOUR);
    assert.equal(paceFacts(withTask, policy).hookLimit, NOW - MINUTE + 48 * HOUR);
    assert.equal(paceFacts(withTask, { ...limited, onTimeout: 'wait' }).limitAt, NOW + 9 * MINUTE);
  });
});

describe('a limit waits for ECS’s word on the tasks', () => {
  const letsGoAt = (onTimeout: Policy['onTimeout']) =>
    paceFacts(withTask, { ...limited, onTimeout }).letsGoAt;
  it('where it lets the instance go with them', () => {
    assert.equal(letsGoAt('continue'), NOW + 9 * MINUTE);
    assert.equal(letsGoAt('abandon'), NOW + 9 * MINUTE);
  });
  it('and not where the agent only goes on waiting: a fleet would take ECS’s answers from releases, for nothing', () =>
    assert.equal(letsGoAt('wait'), undefined));
});

describe('heartbeats', () => {
  it('come at the pace of our hook', () =>
    assert.equal(paceFacts(withTask, policy).heartbeatInterval, 10 * MINUTE));
  it('have no pace where it is not known which hook is ours', () => {
    const two = known([hook, { ...hook, name: 'backup' }]);
    const observed = { ...withTask, hooks: two, memory: { signalledAt: NOW, signals: [tag] } };
    assert.equal(paceFacts(observed, policy).heartbeatInterval, undefined);
  });
  it('would be needed most often by the shortest of the hooks of which one may be ours', () => {
    const backup = { ...hook, name: 'backup', heartbeatTimeout: 156 * SECOND };
    const signalled = { ...withTask, memory: { signalledAt: NOW, signals: [tag] } };
    const unclear = (observed: Observation, more = {}) =>
      paceFacts(observed, { ...policy, ...more }).unclearInterval;
    const two = { ...signalled, hooks: known([hook, backup]) };
    assert.equal(unclear(two), 37.5 * SECOND);
    assert.equal(unclear(two, { lifecycleHook: 'nosuch' }), 37.5 * SECOND);
    assert.equal(unclear(two, { lifecycleHook: 'backup' }), undefined);
    assert.equal(unclear({ ...signalled, hooks: known([backup]) }), undefined);
    assert.equal(
      unclear({ ...signalled, hooks: known([backup]) }, { lifecycleHook: 'nosuch' }),
      37.5 * SECOND,
    );
    assert.equal(unclear({ ...signalled, hooks: known([]) }), undefined);
    assert.equal(unclear({ ...signalled, hooks: unknown('throttled') }), undefined);
  });
});

it('a signal of which nothing is known is told from none', () => {
  assert.equal(paceFacts({ ...withTask, signals: unknown('silent') }, policy).isSignalUnknown, true);
  assert.equal(paceFacts(withTask, policy).isSignalUnknown, false);
  assert.equal(paceFacts({ ...withTask, signals: unknown('silent') }, policy).isUnsignalled, false);
  assert.equal(paceFacts({ ...withTask, signals: known([]) }, policy).isUnsignalled, true);
});

it('metadata terminates the instance as long as it says so, and not because it did before in this drain', () => {
  const lifecycle = { source: 'lifecycle' } as const;
  const before = { ...withTask, memory: { ...withTask.memory, signals: [lifecycle] } };
  const isTermination = (signals: typeof before.signals) =>
    paceFacts({ ...before, signals }, policy).isTermination;
  assert.equal(isTermination(known([lifecycle])), true);
  assert.equal(isTermination(unknown('silent')), true);
  assert.equal(isTermination(known([{ source: 'manual' }])), false, 'the group is asked every 5 s, for good');
});

it('a group that says that the instance stays, though metadata says that it takes it out, contradicts itself', () => {
  const signals = known([{ source: 'lifecycle' } as const]);
  const observed = { ...withTask, signals, memory: { signalledAt: NOW } };
  assert.equal(paceFacts({ ...observed, lifecycle: inState('InService') }, policy).isContradicted, true);
  assert.equal(paceFacts(observed, policy).isContradicted, false);
});

it('the group is to terminate what EC2 recommends to be rid of, where the operator wants that', () => {
  const rebalanced: Observation = { ...withTask, signals: known([{ source: 'rebalance', noticeAt: NOW }]) };
  assert.equal(paceFacts(rebalanced, { ...policy, rebalanceTerminate: true }).isToTerminate, true);
  assert.equal(paceFacts(rebalanced, policy).isToTerminate, false);
  assert.equal(paceFacts(withTask, { ...policy, rebalanceTerminate: true }).isToTerminate, false);
});
