import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decide } from '../../../../src/agent/decide/decide.ts';
import { type Leaving, leaving } from '../../../../src/agent/decide/group-state.ts';
import type { Action, Memory, Observation, Policy } from '../../../../src/agent/model.ts';
import { known, unknown } from '../../../../src/base/reading.ts';
import {
  CI,
  draining,
  hook,
  inState,
  MINUTE,
  NOW,
  nothing,
  policy,
  SECOND,
  withTask,
} from './observations.ts';

const lifecycle = { source: 'lifecycle' } as const;
/** As the tagger writes it. */
const event = { source: 'tag', value: 'hook=drain time=…', hook: 'drain', eventAt: NOW - MINUTE } as const;
const active = { ...draining, status: 'ACTIVE' } as const;

describe('what a state in the group means', () => {
  const rows: readonly (readonly [string, Leaving | undefined])[] = [
    ['InService', undefined],
    ['Standby', undefined],
    ['Pending:Wait', undefined],
    ['Warmed:Running', undefined],
    ['Warmed:Pending:Retained', undefined],
    ['RootVolumeReplaced', undefined],
    ['Quarantined', undefined],
    ['Terminating', { aim: 'termination', stage: 'begun' }],
    ['Terminating:Wait', { aim: 'termination', stage: 'waiting' }],
    ['Terminating:Proceed', { aim: 'termination', stage: 'proceeding' }],
    ['Terminating:Retained', { aim: 'termination', stage: 'retained' }],
    ['Terminated', { aim: 'termination', stage: 'over' }],
    ['Warmed:Terminating', { aim: 'termination', stage: 'begun' }],
    ['Warmed:Terminating:Wait', { aim: 'termination', stage: 'waiting' }],
    ['Warmed:Terminating:Proceed', { aim: 'termination', stage: 'proceeding' }],
    ['Warmed:Terminating:Retained', { aim: 'termination', stage: 'retained' }],
    ['Warmed:Terminated', { aim: 'termination', stage: 'over' }],
    ['ReplacingRootVolume', { aim: 'root-volume', stage: 'begun' }],
    ['ReplacingRootVolume:Wait', { aim: 'root-volume', stage: 'waiting' }],
    ['ReplacingRootVolume:Proceed', { aim: 'root-volume', stage: 'proceeding' }],
  ];
  for (const [state, meaning] of rows) it(state, () => assert.deepEqual(leaving(state), meaning));
});

const completing: Action = {
  kind: 'complete',
  group: 'web-asg',
  hook: 'drain',
  result: 'CONTINUE',
  why: 'drained',
};
const decideIn = (state: string, seen: Partial<Observation> = {}, and: Partial<Policy> = {}) =>
  decide({ ...withTask, lifecycle: inState(state), ...seen }, { ...policy, ...and });
const empty = { tasks: known([]) };

describe('while the root volume is replaced', () => {
  it('the container instance is set DRAINING', () =>
    assert.deepEqual(decideIn('ReplacingRootVolume', { containerInstance: known(active) }).action, {
      kind: 'set-draining',
      containerInstance: active,
    }));
  it('the tasks are waited for, and the lifecycle action is kept alive', () => {
    const { action, heartbeat } = decideIn('ReplacingRootVolume:Wait');
    assert.equal(action.kind, 'wait');
    assert.deepEqual(heartbeat, { group: 'web-asg', hook: 'drain' });
  });
  it('a drained instance stays in its cluster: deregistered, it would not take tasks again', () =>
    assert.deepEqual(decideIn('ReplacingRootVolume', empty).action, { kind: 'wait', why: { for: 'hook' } }));
  it('the action is completed once no task is left', () =>
    assert.deepEqual(decideIn('ReplacingRootVolume:Wait', empty).action, completing));
  it('the action is not completed while the host may have become another container instance, which can have tasks', () => {
    const containerInstance = known({ ...draining, newer: 'arn:newer' });
    const { action, heartbeat } = decideIn('ReplacingRootVolume:Wait', { ...empty, containerInstance });
    assert.equal(action.kind === 'wait' && action.why.for, 'container-instance');
    assert.deepEqual(heartbeat, { group: 'web-asg', hook: 'drain' });
    assert.equal(decideIn('Terminating:Wait', { ...empty, containerInstance }).action.kind, 'deregister');
  });
  it('in mode deregister the instance leaves its cluster, as always', () =>
    assert.deepEqual(decideIn('ReplacingRootVolume:Wait', empty, { mode: 'deregister' }).action, {
      kind: 'deregister',
      containerInstance: draining,
    }));
  it('nothing is left to do once the group goes on, or while another owner’s hook waits beside ours', () => {
    const completed = { hook: 'drain', result: 'CONTINUE', at: NOW - MINUTE, standing: 'confirmed' } as const;
    assert.deepEqual(
      decideIn('ReplacingRootVolume:Wait', { ...empty, memory: { ...withTask.memory, completed } }).action,
      { kind: 'done', why: 'root-volume' },
      'the operator is told that the instance goes, which stays',
    );
    assert.deepEqual(decideIn('ReplacingRootVolume:Proceed', empty).action, {
      kind: 'done',
      why: 'root-volume',
    });
  });
  it('the action is not abandoned near its limit: what becomes of the instance then is documented nowhere', () => {
    const waiting = { since: NOW - 47.95 * 60 * MINUTE, group: 'web-asg', hook };
    const seen = { memory: { ...withTask.memory, waiting }, retainsAbandoned: known(true) };
    assert.equal(decideIn('Terminating:Wait', seen).action.kind, 'complete');
    assert.equal(decideIn('ReplacingRootVolume:Wait', seen).action.kind, 'wait');
  });
  for (const state of ['InService', 'RootVolumeReplaced'])
    it(`the instance takes tasks again afterwards, in ${state}, once no signal is left`, () =>
      assert.deepEqual(decideIn(state, { signals: known([]), ...empty }).action, {
        kind: 'set-active',
        containerInstance: draining,
      }));
});

describe('an instance of a warm pool', () => {
  it('that waits for its hook is released like any other', () => {
    const seen = { ...empty, containerInstance: known({ kind: 'deregistered', arn: CI } as const) };
    assert.deepEqual(decideIn('Warmed:Terminating:Wait', seen).action, completing);
    assert.deepEqual(decideIn('Warmed:Terminating:Retained', seen).action, {
      kind: 'terminate',
      why: 'drained',
    });
  });
  it('that never registered is released at once', () => {
    const seen = { ...empty, containerInstance: known({ kind: 'never-registered' } as const) };
    assert.deepEqual(decideIn('Warmed:Terminating:Wait', seen).action, completing);
  });
  it('keeps its hook alive while tasks run', () =>
    assert.deepEqual(decideIn('Warmed:Terminating:Wait').heartbeat, { group: 'web-asg', hook: 'drain' }));
  it('drains to the end though metadata does not answer', () => {
    const seen = { ...empty, signals: unknown('no answer') };
    assert.equal(decideIn('Warmed:Terminating:Wait', seen).action.kind, 'deregister');
  });
});

describe('a tag that tells of a lifecycle event', () => {
  const memory: Memory = { signalledAt: NOW - 10 * SECOND, signals: [event] };
  const tagged: Observation = {
    ...nothing,
    signals: known([event]),
    containerInstance: known(active),
    memory,
  };
  const actionFor = (seen: Partial<Observation>) => decide({ ...tagged, ...seen }, policy).action;
  const waits = { kind: 'wait', for: 'group-state' };
  const waitOf = (action: Action) =>
    action.kind === 'wait' ? { kind: action.kind, for: action.why.for } : action;

  it('sets nothing DRAINING before the group is heard: the event may be over, and services would lose tasks', () =>
    assert.deepEqual(waitOf(actionFor({})), waits));
  it('is believed after half a minute if the group cannot be heard', () => {
    const after = (ms: number) => actionFor({ memory: { ...memory, signalledAt: NOW - ms } }).kind;
    assert.equal(after(30 * SECOND - 1), 'wait', 'a second of the group’s silence would move all services');
    assert.equal(after(30 * SECOND), 'set-draining');
  });
  it('is believed after half a minute of the group’s silence, however old the tag is: one failure says nothing', () => {
    const old = { ...memory, signalledAt: NOW - 60 * MINUTE };
    const silentFor = (ms: number) => actionFor({ memory: old, groupSilentSince: NOW - ms }).kind;
    assert.equal(silentFor(30 * SECOND - 1), 'wait', 'services would lose tasks on an instance that stays');
    assert.equal(silentFor(30 * SECOND), 'set-draining');
  });
  for (const state of ['Terminating', 'Terminating:Wait', 'ReplacingRootVolume:Wait', 'Warmed:Terminating'])
    it(`is believed in ${state}`, () =>
      assert.equal(actionFor({ lifecycle: inState(state) }).kind, 'set-draining'));
  it('is believed while the group is silent, whose hook was known to wait', () => {
    const waiting = { since: NOW - MINUTE, group: 'web-asg', hook };
    const action = actionFor({ memory: { ...memory, waiting } });
    assert.equal(action.kind, 'set-draining', 'it is given tasks that end with it');
  });
  it('is not believed for a hook that was known to wait once a heartbeat says that nothing waits: tasks would be asked to stop', () => {
    const waiting = { since: NOW - MINUTE, group: 'web-asg', hook };
    const lastHeartbeat = { at: NOW, outcome: 'nothing-waiting', times: 1 } as const;
    const late = { drainTimeout: SECOND, onTimeout: 'stop-tasks' } as const;
    const seen = { ...withTask, ...tagged, memory: { ...memory, waiting, signalledAt: NOW - MINUTE } };
    const action = (more: Partial<Observation>) =>
      decide({ ...seen, containerInstance: known(draining), ...more }, { ...policy, ...late }).action;
    assert.equal(action({ tasks: withTask.tasks }).kind, 'stop-tasks');
    assert.deepEqual(waitOf(action({ tasks: withTask.tasks, lastHeartbeat })), waits);
  });
  it('is past once the instance has been in no group for half a minute: it would be deregistered, which cannot be undone', () => {
    const detached = (keptForMs: number) => actionFor({ lifecycle: known({ kind: 'no-group' }), keptForMs });
    assert.deepEqual(waitOf(detached(30 * SECOND - 1)), waits);
    assert.deepEqual(detached(30 * SECOND), { kind: 'watch' });
  });

  it('is not taken for past by one answer of the group, nor before it has said so for half a minute', () => {
    for (const keptForMs of [0, 30 * SECOND - 1])
      assert.deepEqual(waitOf(actionFor({ lifecycle: inState('InService'), keptForMs })), waits);
  });
  for (const state of ['InService', 'RootVolumeReplaced', 'Warmed:Running', 'Standby'])
    it(`is past once the group has been keeping the instance, in ${state}`, () =>
      assert.deepEqual(actionFor({ lifecycle: inState(state), keptForMs: 30 * SECOND }), { kind: 'watch' }));
  it('is past: what was set DRAINING for it takes tasks again', () => {
    const seen = { containerInstance: known(draining), memory: { ...memory, drainingSetAt: NOW - MINUTE } };
    assert.deepEqual(actionFor({ ...seen, lifecycle: inState('InService'), keptForMs: 30 * SECOND }), {
      kind: 'set-active',
      containerInstance: draining,
    });
  });
  it('is not past while another source is silent: it may have asked for the instance all the while', () => {
    const seen = { containerInstance: known(draining), memory: { ...memory, drainingSetAt: NOW - MINUTE } };
    const silent = {
      ...seen,
      lifecycle: inState('InService'),
      keptForMs: 30 * SECOND,
      silentSignals: { manual: 'silent' },
    };
    assert.deepEqual(
      waitOf(actionFor(silent)),
      { kind: 'wait', for: 'signals' },
      'it is given tasks that end with it',
    );
  });
  it('does not hold up what else asks for the instance', () => {
    const seen = { lifecycle: inState('InService'), keptForMs: MINUTE };
    assert.equal(actionFor({ ...seen, signals: known([event, lifecycle]) }).kind, 'set-draining');
    assert.equal(actionFor({ ...seen, signals: known([event, { source: 'manual' }]) }).kind, 'set-draining');
  });
  it('without a time is an operator’s own request', () => {
    const signals = known([{ source: 'tag', value: 'hook=drain', hook: 'drain' } as const]);
    assert.equal(
      actionFor({ signals, lifecycle: inState('InService'), keptForMs: MINUTE }).kind,
      'set-draining',
    );
  });
});

describe('a drained instance', () => {
  const signalled = (signals: Observation['signals'], lifecycle: Observation['lifecycle']) =>
    decide({ ...withTask, ...empty, signals, lifecycle }, policy).action;
  it('is not deregistered for the group’s sake while the group cannot be heard: it may return to service', () => {
    for (const signals of [known([lifecycle]), known([event]), known([event, lifecycle])])
      assert.equal(signalled(signals, unknown('no answer')).kind, 'wait', JSON.stringify(signals));
  });
  it('is not deregistered for the group’s sake while the group says that it stays', () => {
    assert.equal(signalled(known([lifecycle]), inState('InService')).kind, 'wait');
    assert.equal(signalled(known([event]), inState('InService')).kind, 'wait');
    assert.equal(signalled(known([lifecycle]), known({ kind: 'no-group' })).kind, 'wait');
  });
  it('is deregistered when an operator asks for it, whatever the group says', () => {
    const manual = known([{ source: 'manual' } as const]);
    assert.equal(signalled(manual, inState('InService')).kind, 'deregister');
    assert.equal(signalled(manual, unknown('no answer')).kind, 'deregister');
    assert.equal(signalled(manual, known({ kind: 'no-group' })).kind, 'deregister');
  });
});

it('an operator’s own request is not deregistered for half a minute while the group is silent', () => {
  const silent = (ms: number) =>
    decideIn('InService', {
      lifecycle: unknown('throttled'),
      signals: known([{ source: 'manual' }]),
      memory: { signalledAt: NOW - ms },
      containerInstance: known(draining),
      ...empty,
    }).action.kind;
  assert.equal(
    silent(30 * SECOND - 1),
    'wait',
    'its root volume may be about to be replaced: it returns to service',
  );
  assert.equal(silent(30 * SECOND), 'deregister', 'who may not ask the group is held for ever');
  const unsignalled = { lifecycle: unknown('throttled'), signals: known([{ source: 'manual' } as const]) };
  const begun = { ...unsignalled, memory: {}, containerInstance: known(draining), ...empty };
  assert.equal(decideIn('InService', begun).action.kind, 'wait', 'the half minute has only begun');
});

describe('what only metadata and heartbeats have said of the group', () => {
  const assumed = known({
    kind: 'in-group',
    group: 'web-asg',
    state: 'Terminating:Wait',
    from: 'metadata',
  } as const);
  const asksFirst = { kind: 'wait', why: { for: 'group-state', cause: 'the group itself is asked first' } };
  const decideOn = (containerInstance: Observation['containerInstance']) =>
    decide({ ...withTask, ...empty, lifecycle: assumed, containerInstance }, policy).action;
  it('deregisters nothing: the instance may stay', () =>
    assert.deepEqual(decideOn(known(draining)), asksFirst));
  it('releases nothing: another hook may wait by now', () =>
    assert.deepEqual(decideOn(known({ kind: 'deregistered', arn: draining.arn })), asksFirst));
});
