import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DrainPace } from '../../../../src/agent/decide/drain-pace.ts';
import { drainDue, type WatchPace, watchDue } from '../../../../src/agent/decide/pace.ts';
import { at, draining, inMs, inState, MINUTE, NOW, never, SECOND } from './paces.ts';

const watching: WatchPace = {
  phase: 'watching',
  pollInterval: 5 * SECOND,
  jitter: 0.5,
  asked: { signals: at(NOW), identity: at(NOW), registration: at(NOW) },
  isRenamed: false,
  isRegistrationKnown: true,
  seemsNeverRegistered: false,
};

describe('what is always asked', () => {
  it('while nothing happens: the signals every poll, the rest rarely', () =>
    assert.deepEqual(inMs(watchDue(watching)), {
      signals: 5 * SECOND,
      identity: MINUTE,
      registration: MINUTE,
    }));
  it('the signals are jittered by a fifth, so that a fleet does not poll at once', () => {
    assert.equal(inMs(watchDue({ ...watching, jitter: 0 })).signals, 4 * SECOND);
    assert.equal(inMs(watchDue({ ...watching, jitter: 1 })).signals, 6 * SECOND);
  });
  it('as which container instance the host is registered: soon, until it is known', () =>
    assert.equal(inMs(watchDue({ ...watching, isRegistrationKnown: false })).registration, 5 * SECOND));
  for (const phase of ['draining', 'done'] as const)
    it(`while ${phase}: who this is at every poll, and its registration every 15 s`, () => {
      const due = inMs(watchDue({ ...watching, phase, isRegistrationKnown: false }));
      assert.deepEqual(due, { signals: 5 * SECOND, identity: 5 * SECOND, registration: 15 * SECOND });
    });
  it('who this is at every poll, where metadata last named another instance: a hook may wait for us', () =>
    assert.equal(inMs(watchDue({ ...watching, isRenamed: true })).identity, 5 * SECOND));
  it('every 5 s where ECS knows no container instance: the ECS agent may be about to register', () =>
    assert.equal(
      inMs(watchDue({ ...watching, phase: 'draining', seemsNeverRegistered: true })).registration,
      5 * SECOND,
    ));
});

describe('what is asked in a drain', () => {
  const due = (more: Partial<DrainPace> = {}) => inMs(drainDue({ ...draining, ...more }));

  it('with a task left: the host every two seconds, ECS every 5 min, the group never', () =>
    assert.deepEqual(due(), {
      localTasks: 2 * SECOND,
      ecsView: 5 * MINUTE,
      lifecycle: Infinity,
      hooks: Infinity,
      retention: Infinity,
      explained: Infinity,
    }));
  it('the host every second in an account that is throttled: ECS is asked later there, and must be within 5 s', () =>
    assert.equal(due({ isEcsCrowded: true }).localTasks, SECOND));
  it('once it is done: no more than whether somebody changes that', () =>
    assert.deepEqual(due({ phase: 'done', lifecycle: inState('InService'), isTermination: false }), {
      localTasks: Infinity,
      ecsView: 5 * MINUTE,
      lifecycle: 5 * MINUTE,
      hooks: Infinity,
      retention: Infinity,
      explained: Infinity,
    }));
  it('at once what was never answered', () => {
    const asked = { ...draining.asked, ecsView: never, lifecycle: never, hooks: never, localTasks: never };
    const soon = drainDue({ ...draining, asked });
    assert.deepEqual([soon.ecsView, soon.lifecycle, soon.hooks, soon.localTasks], Array(4).fill(-Infinity));
  });
});

describe('why a drain waits', () => {
  const due = (servicesSince: number | undefined, asked = at(NOW)) =>
    inMs(drainDue({ ...draining, servicesSince, asked: { ...draining.asked, explained: asked } })).explained;
  it('is asked 20 s after a service’s tasks are waited for, a minute later, then every 5 min', () => {
    assert.equal(due(NOW - 5 * SECOND, never), 15 * SECOND);
    assert.equal(due(NOW - 20 * SECOND), MINUTE);
    assert.equal(due(NOW - 80 * SECOND + 1), MINUTE);
    assert.equal(due(NOW - 80 * SECOND), 5 * MINUTE);
  });
  it('is not asked where no service’s tasks are left', () => assert.equal(due(undefined), Infinity));
});
