import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type DrainPace,
  drainDue,
  dueAfter,
  nextViewKind,
  restAfter,
  type WatchPace,
  watchDue,
} from '../../../../src/agent/decide/pace.ts';
import type { Asked, EcsView } from '../../../../src/agent/model.ts';
import type { AwsErrorKind } from '../../../../src/aws/errors.ts';
import { known, unknown } from '../../../../src/base/reading.ts';

const NOW = 1_800_000_000_000;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const at = (when: number): Asked => ({ at: when, isAsking: false, isStale: false });
const never: Asked = { at: -Infinity, isAsking: false, isStale: true };
const task = { arn: 't', group: 'family:batch', lastStatus: 'RUNNING', desiredStatus: 'RUNNING' };
const registered = { kind: 'registered', cluster: 'web', arn: 'a', status: 'DRAINING' } as const;
const view: EcsView = {
  containerInstance: registered,
  tasks: known([task]),
  isListed: true,
  requests: 2,
  heard: 'a',
  own: [],
  gone: [],
};
const inState = (state: string) => known({ kind: 'in-group', group: 'web-asg', state } as const);

const watching: WatchPace = {
  phase: 'watching',
  pollInterval: 5 * SECOND,
  jitter: 0.5,
  asked: { signals: at(NOW), identity: at(NOW), registration: at(NOW) },
  isRegistrationKnown: true,
  seemsNeverRegistered: false,
};

/** A drain with a task left, everything asked just now. */
const draining: DrainPace = {
  now: NOW,
  phase: 'draining',
  jitter: 0,
  asked: {
    localTasks: at(NOW),
    ecsView: at(NOW),
    lifecycle: at(NOW),
    hooks: at(NOW),
    retention: at(NOW),
    explained: at(NOW),
  },
  ecsView: known(view),
  registeredAnewAt: undefined,
  lifecycle: inState('Terminating:Wait'),
  isTermination: false,
  listedAt: NOW,
  terminatingSince: undefined,
  emptySince: undefined,
  tasksSeenHere: 1,
  servicesSince: undefined,
};

/** How many ms after it was last asked each question is due. */
const inMs = (due: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(due).map(([question, when]) => [question, when - NOW]));

describe('what is always asked', () => {
  it('while nothing happens: the signals every poll, the rest rarely', () =>
    assert.deepEqual(inMs(watchDue(watching)), {
      signals: 5 * SECOND,
      identity: MINUTE,
      registration: 10 * MINUTE,
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
  it('every 5 s where ECS knows no container instance: the ECS agent may be about to register', () =>
    assert.equal(
      inMs(watchDue({ ...watching, phase: 'draining', seemsNeverRegistered: true })).registration,
      5 * SECOND,
    ));
});

describe('what is asked in a drain', () => {
  const due = (more: Partial<DrainPace> = {}) => inMs(drainDue({ ...draining, ...more }));

  it('with a task left', () =>
    assert.deepEqual(due(), {
      localTasks: SECOND,
      ecsView: 15 * SECOND,
      lifecycle: 30 * SECOND,
      hooks: 10 * MINUTE,
      retention: 10 * MINUTE,
      explained: Infinity,
    }));
  it('once it is done: whether the group takes the instance', () =>
    assert.deepEqual(due({ phase: 'done', lifecycle: inState('InService') }), {
      localTasks: Infinity,
      ecsView: 15 * SECOND,
      lifecycle: 15 * SECOND,
      hooks: Infinity,
      retention: Infinity,
      explained: Infinity,
    }));
  it('at once what was never answered', () => {
    const asked = { ...draining.asked, ecsView: never, lifecycle: never, hooks: never, localTasks: never };
    const soon = drainDue({ ...draining, asked });
    assert.deepEqual([soon.ecsView, soon.lifecycle, soon.hooks, soon.localTasks], Array(4).fill(-Infinity));
  });
  it('every 5 s what is not known', () => {
    const soon = due({ ecsView: unknown('cut off'), lifecycle: unknown('cut off') });
    assert.deepEqual([soon.ecsView, soon.lifecycle], [5 * SECOND, 5 * SECOND]);
  });
});

describe('the view of ECS', () => {
  const due = (more: Partial<DrainPace>) => inMs(drainDue({ ...draining, ...more })).ecsView;

  for (const [requests, ms] of [
    [2, 15 * SECOND],
    [3, 20 * SECOND],
    [6, MINUTE],
    [10, 5 * MINUTE],
    [12, 5 * MINUTE],
    [40, 5 * MINUTE],
  ] as const)
    it(`comes every ${ms / SECOND} s where it takes ${requests} lists: one more must always fit into a minute`, () =>
      assert.equal(due({ ecsView: known({ ...view, requests }) }), ms));
  it('is jittered by up to a fifth', () => assert.equal(due({ jitter: 1 }), 18 * SECOND));

  it('comes at once when the host’s last task has ended since the last one', () =>
    assert.equal(due({ emptySince: NOW + 400 }), 0));
  for (const [elapsed, every] of [
    [0, 1],
    [0.999, 1],
    [1, 2],
    [2.999, 2],
    [3, 3],
    [6, 4],
    [13.999, 4],
    [14, 5],
    [600, 5],
  ] as const)
    it(`comes ${every} s after one that was asked ${elapsed} s after the host's last task had ended`, () =>
      assert.equal(due({ emptySince: NOW - elapsed * SECOND }), every * SECOND));
  it('has time again where nothing is left to be seen to end', () => {
    const nothingLeft = { ecsView: known({ ...view, tasks: known([]) }), tasksSeenHere: 0 };
    assert.equal(due({ ...nothingLeft, emptySince: NOW - MINUTE }), 15 * SECOND);
    assert.equal(due({ ...nothingLeft, emptySince: NOW - MINUTE, tasksSeenHere: 1 }), 5 * SECOND);
  });

  it('comes at once when the ECS agent says that the host is another container instance by now', () => {
    assert.equal(due({ registeredAnewAt: NOW + 1 }), 0);
    assert.equal(due({ registeredAnewAt: NOW }), 15 * SECOND, 'it was asked for that one already');
  });

  const gone = {
    ecsView: known({ ...view, containerInstance: { kind: 'deregistered', arn: 'a' } as const }),
  };
  it('comes once a minute when ECS has let go of the host and nothing was seen on it', () =>
    assert.equal(due({ ...gone, tasksSeenHere: 0 }), MINUTE));
  it('comes sooner while tasks that were seen on it have not been seen to end', () => {
    assert.equal(due({ ...gone }), 15 * SECOND);
    assert.equal(due({ ...gone, emptySince: NOW + 1 }), 0);
    assert.equal(due({ ...gone, emptySince: NOW }), 5 * SECOND);
  });
});

describe('a view of ECS is a quick one', () => {
  const kind = (more: Partial<DrainPace> = {}) =>
    nextViewKind({ ...draining, emptySince: NOW - SECOND, ...more });

  it('when the host’s last task has ended and ECS still lists some', () => assert.equal(kind(), 'quick'));
  it('but not while tasks run on the host', () => assert.equal(kind({ emptySince: undefined }), 'full'));
  it('nor when the list no longer counts', () =>
    assert.equal(kind({ asked: { ...draining.asked, ecsView: { ...at(NOW), isStale: true } } }), 'full'));
  it('nor when nothing is known, or ECS has let go of the host', () => {
    assert.equal(kind({ ecsView: unknown('throttled') }), 'full');
    assert.equal(
      kind({ ecsView: known({ ...view, containerInstance: { kind: 'never-registered' } }) }),
      'full',
    );
  });
  it('nor when nothing is left', () =>
    assert.equal(kind({ ecsView: known({ ...view, tasks: known([]) }), tasksSeenHere: 0 }), 'full'));
  it('nor when the list is old enough for a whole one', () => {
    assert.equal(kind({ listedAt: NOW - 9_999 }), 'quick');
    assert.equal(
      kind({ listedAt: NOW - 10_000 }),
      'full',
      'quick ones would hide a task that landed meanwhile',
    );
  });
});

describe('the state in the group', () => {
  const due = (more: Partial<DrainPace>) => inMs(drainDue({ ...draining, ...more })).lifecycle;

  for (const [elapsed, every] of [
    [0, 3],
    [2.999, 3],
    [3, 4],
    [7, 5],
    [60, 5],
  ] as const)
    it(`is asked ${every} s after it was Terminating for ${elapsed} s: its hook is about to wait`, () =>
      assert.equal(
        due({ lifecycle: inState('Terminating'), terminatingSince: NOW - elapsed * SECOND }),
        every * SECOND,
      ));
  for (const [state, ms] of [
    ['InService', 15 * SECOND],
    ['Terminating:Wait', MINUTE],
    ['Terminated', MINUTE],
  ] as const)
    it(`is asked every ${ms / SECOND} s once all is done, in ${state}`, () =>
      assert.equal(due({ phase: 'done', lifecycle: inState(state) }), ms));
  it('is asked every minute once all is done, in no group', () =>
    assert.equal(due({ phase: 'done', lifecycle: known({ kind: 'no-group' }) }), MINUTE));
  it('is asked again after 5 s where it is no group’s, though metadata says that the group terminates it', () => {
    const noGroup = known({ kind: 'no-group' } as const);
    assert.equal(due({ lifecycle: noGroup }), 30 * SECOND);
    assert.equal(due({ lifecycle: noGroup, isTermination: true }), 5 * SECOND);
  });
  it('throttled rests 5 s only: heartbeats rest on it', () => {
    const failure = { kind: 'throttled', times: 3, at: NOW, jitter: 0 } as const;
    const failed = { at: NOW, isAsking: false, isStale: true, failure };
    const asked = { ...draining.asked, lifecycle: failed, hooks: failed, retention: failed, ecsView: failed };
    const resting = inMs(drainDue({ ...draining, asked }));
    assert.deepEqual(
      [resting.lifecycle, resting.hooks, resting.retention, resting.ecsView],
      [5 * SECOND, 5 * SECOND, 5 * SECOND, 15 * SECOND],
    );
    const unheard = inMs(drainDue({ ...draining, asked, lifecycle: unknown('throttled') }));
    assert.equal(unheard.lifecycle, 5 * SECOND);
  });
  it('that failed otherwise rests as all else does', () => {
    for (const [kind, ms] of [
      ['transient', 5 * SECOND],
      ['permission', MINUTE],
    ] as const) {
      const failure = { kind, times: 3, at: NOW, jitter: 0 } as const;
      const asked = { ...draining.asked, lifecycle: { at: NOW, isAsking: false, isStale: true, failure } };
      assert.equal(inMs(drainDue({ ...draining, asked })).lifecycle, ms);
    }
  });
});

describe('the group’s hooks and its retention', () => {
  const due = (lifecycle: DrainPace['lifecycle']) => {
    const { hooks, retention } = inMs(drainDue({ ...draining, lifecycle }));
    return [hooks, retention];
  };
  it('are asked once it terminates the instance, and not before', () => {
    assert.deepEqual(due(inState('InService')), [Infinity, Infinity]);
    assert.deepEqual(due(unknown('throttled')), [Infinity, Infinity]);
    assert.deepEqual(due(known({ kind: 'no-group' })), [Infinity, Infinity]);
    assert.deepEqual(due(inState('Terminating')), [10 * MINUTE, 10 * MINUTE]);
  });
});

describe('why a drain waits', () => {
  const due = (servicesSince: number | undefined, asked = at(NOW)) =>
    inMs(drainDue({ ...draining, servicesSince, asked: { ...draining.asked, explained: asked } })).explained;
  it('is asked 20 s after a service’s tasks are waited for, then once a minute', () => {
    assert.equal(due(NOW - 5 * SECOND, never), 15 * SECOND);
    assert.equal(due(NOW - 5 * MINUTE), MINUTE);
  });
  it('is not asked where no service’s tasks are left', () => assert.equal(due(undefined), Infinity));
});

describe('after a failure', () => {
  for (const [kind, first, later] of [
    ['transient', 1_000, 5_000],
    ['credentials', 5_000, 5_000],
    ['throttled', 15_000, 15_000],
    ['rejected', 15_000, 15_000],
    ['permission', 60_000, 60_000],
    ['stopped', 0, 0],
  ] as const)
    it(`(${kind}) the rest is ${first} ms, and ${later} ms after the next`, () =>
      assert.deepEqual([restAfter(kind, 1), restAfter(kind, 2)], [first, later]));

  const failed = (kind: AwsErrorKind, jitter: number, isStale = true): Asked => ({
    at: NOW - MINUTE,
    isAsking: false,
    isStale,
    failure: { kind, times: 1, at: NOW, jitter },
  });
  it('it rests up to a fifth longer, so that a fleet does not come back at once', () => {
    assert.equal(dueAfter(failed('throttled', 0.5), SECOND) - NOW, 16_500);
  });
  it('what is asked rarely is due as soon as it has rested, and nothing sooner', () => {
    assert.equal(dueAfter(failed('transient', 0), 10 * MINUTE) - NOW, 1_000);
    assert.equal(dueAfter(failed('permission', 0, false), SECOND) - NOW, MINUTE);
    assert.equal(dueAfter(failed('transient', 0, false), 5 * MINUTE) - NOW, 4 * MINUTE);
  });
});
