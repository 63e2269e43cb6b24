import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Freshness,
  heartbeatWaitsFor,
  isHeartbeatWanted,
  isStillWanted,
  outdated,
  sentWithin,
} from '../../../../src/agent/decide/freshness.ts';
import type { Action, Asked, EcsView, Mutation } from '../../../../src/agent/model.ts';
import { known, unknown } from '../../../../src/base/reading.ts';
import { inState, nothing } from './observations.ts';

const NOW = 1_800_000_000_000;
const SECOND = 1_000;
const at = (when: number): Asked => ({ at: when, answeredAt: when, isAsking: false, isStale: false });
const registered = { kind: 'registered', cluster: 'web', arn: 'a', status: 'DRAINING' } as const;
const view: EcsView = {
  containerInstance: { kind: 'deregistered', arn: 'a' },
  tasks: known([]),
  isListed: true,
  requests: 0,
  heard: 'a',
  own: [],
  gone: [],
};
/** All of it was asked half a second before the try was due, and the name since it was decided on. */
const seen: Freshness = {
  now: NOW,
  asked: {
    identity: at(NOW),
    signals: at(NOW - SECOND),
    registration: at(NOW - 500),
    localTasks: at(NOW - 500),
    ecsView: at(NOW - 500),
    lifecycle: at(NOW - 120_000),
    retention: at(NOW - 300_000),
  },
  registration: known({ cluster: 'web', containerInstanceArn: 'a' }),
  localTasks: known([]),
  ecsView: known(view),
  decidedAt: NOW,
  dueAt: NOW,
  emptySince: undefined,
  signalledAt: undefined,
  signalsChangedAt: -Infinity,
  restedUntil: -Infinity,
  isReplacing: false,
  mayReplace: false,
};
const complete = {
  kind: 'complete',
  group: 'web',
  hook: 'drain',
  result: 'CONTINUE',
  why: 'drained',
} as const satisfies Mutation;
const terminate = { kind: 'terminate', why: 'drained' } as const satisfies Mutation;
const needed = (mutation: Mutation, more: Partial<Freshness> = {}) =>
  outdated(mutation, { ...seen, ...more });
const asked = (more: Partial<Freshness['asked']>) => ({ asked: { ...seen.asked, ...more } });

describe('the name is asked again', () => {
  const every: readonly Mutation[] = [
    { kind: 'set-draining', containerInstance: registered },
    { kind: 'set-active', containerInstance: registered },
    { kind: 'stop-tasks', cluster: 'web', tasks: [], why: 'spot' },
    { kind: 'deregister', containerInstance: registered },
    complete,
    terminate,
  ];
  for (const mutation of every)
    it(`before ${mutation.kind}, since metadata may have become another instance’s`, () => {
      const lifecycle = at(NOW - 30_000);
      assert.deepEqual(needed(mutation, asked({ lifecycle, identity: at(NOW - 1) })), ['identity']);
      assert.deepEqual(needed(mutation, asked({ lifecycle })), []);
    });
});

it('what is given back for a tag whose event is over was kept by its group half a minute ago: another event may have begun', () => {
  const active = { kind: 'set-active', containerInstance: registered } as const;
  assert.deepEqual(needed(active, asked({ lifecycle: at(NOW - 30_000) })), []);
  assert.deepEqual(needed(active, asked({ lifecycle: at(NOW - 30_001) })), ['lifecycle']);
});

describe('before the instance is let go', () => {
  it('after a question that had to wait for its requests, the host is asked once more: it may have registered anew', () => {
    const ecsView = { ...at(NOW - 48_000), answeredAt: NOW };
    const before = { registration: at(NOW - 501), localTasks: at(NOW - 501) };
    const due = { dueAt: NOW - 48_000 };
    assert.deepEqual(needed(complete, { ...due, ...asked({ ...before, ecsView }) }), [
      'registration',
      'localTasks',
    ]);
    assert.deepEqual(needed(complete, { ...due, ...asked({ ecsView }) }), []);
    const quick = { ...ecsView, at: NOW - 5_000 };
    assert.deepEqual(needed(complete, { ...due, ...asked({ ...before, ecsView: quick }) }), []);
    const lifecycle = { ...at(NOW - 4_000), answeredAt: NOW };
    assert.deepEqual(needed(terminate, { ...due, ...asked({ ...before, lifecycle }) }), [
      'registration',
      'localTasks',
    ]);
  });
  it('the group is asked once a termination has rested: that it is retained may have been said before it', () => {
    const told = (ago: number) => asked({ lifecycle: at(NOW - ago) });
    assert.deepEqual(needed(terminate, { ...told(1), restedUntil: NOW }), ['lifecycle']);
    assert.deepEqual(needed(terminate, { ...told(0), restedUntil: NOW }), []);
  });
  for (const mutation of [complete, terminate, { kind: 'terminate', why: 'rebalance' }] as const)
    for (const [question, ms] of [
      ['registration', 500],
      ['localTasks', 500],
      ['ecsView', 60_000],
      // An instance in service has no hook whose heartbeats would show that it waits.
      ['lifecycle', mutation.why === 'rebalance' ? 500 : 120_000],
    ] as const)
      it(`(${mutation.kind}, ${mutation.why}) ${question} is asked again after ${ms} ms: the host may have tasks again`, () => {
        const all = mutation.why === 'rebalance' ? { lifecycle: at(NOW - 500) } : {};
        assert.deepEqual(needed(mutation, asked({ ...all, [question]: at(NOW - ms - 1) })), [question]);
        assert.deepEqual(needed(mutation, asked({ ...all, [question]: at(NOW - ms) })), []);
      });

  it('ECS is asked again after 5 s where it has not let go of what the ECS agent says that the host is', () => {
    const others: readonly EcsView[] = [
      { ...view, containerInstance: { kind: 'never-registered' } },
      { ...view, containerInstance: { kind: 'deregistered', arn: 'b' } },
      { ...view, containerInstance: registered },
      { ...view, tasks: unknown('being listed') },
    ];
    for (const ecsView of others.map(known)) {
      assert.deepEqual(needed(complete, { ...asked({ ecsView: at(NOW - 5_001) }), ecsView }), ['ecsView']);
      assert.deepEqual(needed(complete, { ...asked({ ecsView: at(NOW - 5_000) }), ecsView }), []);
    }
  });

  it('ECS is asked again after half a second where the ECS agent does not say the same once more', () => {
    const old = asked({ ecsView: at(NOW - 501) });
    assert.deepEqual(needed(complete, { ...old, registration: unknown('silent') }), ['ecsView']);
  });
  it('ECS is asked again where its last answer does not count any more', () =>
    assert.deepEqual(needed(complete, { ecsView: unknown('throttled') }), ['ecsView']));
  it('the group is asked since the host’s last task has ended', () => {
    assert.deepEqual(needed(complete, { emptySince: NOW - 119_999 }), ['lifecycle']);
    assert.deepEqual(needed({ ...complete, why: 'timeout' }, { emptySince: NOW }), []);
  });

  it('the group is asked at once where it was to replace the root volume: it may terminate the instance by now', () => {
    const isReplacing = true;
    assert.deepEqual(needed(complete, { isReplacing, ...asked({ lifecycle: at(NOW - 501) }) }), [
      'lifecycle',
    ]);
    assert.deepEqual(needed(complete, { isReplacing, ...asked({ lifecycle: at(NOW - 500) }) }), []);
  });

  it('what was asked since it was due has been asked, however long that took and whatever came of it', () => {
    const silent = {
      ...asked({}),
      registration: unknown('hangs'),
      ecsView: known({ ...view, heard: undefined }),
    };
    assert.deepEqual(
      needed(complete, silent),
      [],
      'an ECS agent that hangs would keep the instance for ever',
    );
  });
  it('ECS is asked again where the ECS agent says that the host is another container instance by now', () => {
    const registration = known({ cluster: 'web', containerInstanceArn: 'b' });
    assert.deepEqual(needed(complete, { registration }), ['ecsView']);
    assert.deepEqual(needed(complete, { registration, ecsView: known({ ...view, heard: 'b' }) }), []);
    assert.deepEqual(needed(complete, { registration, ...asked({ ecsView: at(NOW - 501) }) }), ['ecsView']);
  });
  it('ECS is heard last where the ECS agent is silent: its host can register anew while another question hangs', () => {
    const silent = {
      registration: unknown('hangs'),
      ecsView: known({ ...view, heard: undefined }),
      dueAt: NOW - 4_000,
    };
    const waited = { ...at(NOW - 4_000), answeredAt: NOW - 501 };
    assert.deepEqual(needed(complete, { ...silent, ...asked({ ecsView: waited }) }), ['ecsView']);
    assert.deepEqual(
      needed(complete, { ...silent, ...asked({ ecsView: { ...waited, answeredAt: NOW - 500 } }) }),
      [],
    );
  });
  it('ECS is heard last where a root volume is replaced: others can set the instance ACTIVE while a request waits', () => {
    const waited = { ...at(NOW - 50_000), answeredAt: NOW - 501 };
    const since = { isReplacing: true, dueAt: NOW - 60_000 };
    assert.deepEqual(needed(complete, { ...since, ...asked({ lifecycle: at(NOW), ecsView: waited }) }), [
      'ecsView',
    ]);
    assert.deepEqual(
      needed(complete, {
        ...since,
        ...asked({ lifecycle: at(NOW), ecsView: { ...waited, answeredAt: NOW - 500 } }),
      }),
      [],
    );
    assert.deepEqual(
      needed(complete, { dueAt: NOW - 60_000, ...asked({ lifecycle: at(NOW), ecsView: waited }) }),
      [],
      'nothing is placed on what ECS has let go',
    );
  });
  it('the group is heard where a new signal has made its word doubtful, and it was to replace a root volume', () => {
    const doubted = asked({ lifecycle: { ...at(NOW), isStale: true } });
    assert.deepEqual(
      needed(complete, { isReplacing: true, ...doubted }),
      ['lifecycle'],
      'what is terminated by now would stay in its cluster, and could be given tasks',
    );
    assert.deepEqual(needed(complete, { isReplacing: true, ...asked({ lifecycle: at(NOW) }) }), []);
    assert.deepEqual(needed(complete, doubted), [], 'nothing takes a termination back');
  });
  it('nothing is asked again where a limit lets it go: what is left does not count then', () => {
    const old = asked({ registration: at(0), localTasks: at(0), ecsView: at(0), retention: at(NOW) });
    assert.deepEqual(needed({ kind: 'terminate', why: 'timeout' }, old), []);
    assert.deepEqual(needed({ ...complete, why: 'timeout' }, old), []);
    assert.deepEqual(needed({ ...complete, why: 'hook-limit', result: 'ABANDON' }, old), []);
  });
  it('near the hook’s limit, whether the group retains is asked again after 30 s: else the agent itself would end the tasks', () => {
    const old = asked({ retention: at(NOW - 30_001) });
    assert.deepEqual(needed({ ...complete, why: 'hook-limit', result: 'ABANDON' }, old), ['retention']);
    assert.deepEqual(needed({ ...complete, why: 'hook-limit', result: 'CONTINUE' }, old), []);
  });
  it('at an operator’s limit too: which tasks are left may be unknown', () => {
    const abandon = { ...complete, why: 'timeout', result: 'ABANDON' } as const;
    assert.deepEqual(needed(abandon, asked({ retention: at(NOW - 30_001) })), ['retention']);
    assert.deepEqual(needed(abandon, asked({ retention: at(NOW - 30_000) })), []);
  });
});

describe('before the container instance is deregistered', () => {
  const deregister = { kind: 'deregister', containerInstance: registered } as const;
  it('the group is asked again after half a minute unless it terminates the instance: it may replace its root volume by now', () => {
    const heard = (ago: number) => ({ mayReplace: true, ...asked({ lifecycle: at(NOW - ago) }) });
    assert.deepEqual(needed(deregister, heard(30_001)), ['lifecycle']);
    assert.deepEqual(needed(deregister, heard(30_000)), []);
    assert.deepEqual(needed(deregister, { ...heard(30_001), mayReplace: false }), []);
  });
  for (const question of ['registration', 'localTasks'] as const)
    it(`${question} is asked again after half a second: ECS may have lost a task that the host runs`, () => {
      assert.deepEqual(needed(deregister, asked({ [question]: at(NOW - 501) })), [question]);
      assert.deepEqual(needed(deregister, asked({ [question]: at(NOW - 500) })), []);
    });
  it('its tasks are listed for this signal: what was listed for one that was withdrawn may have changed', () => {
    assert.deepEqual(needed(deregister, { signalledAt: NOW - 499 }), ['ecsView']);
    assert.deepEqual(needed(deregister, { signalledAt: NOW - 500 }), []);
  });
});

describe('before ignored tasks are asked to stop', () => {
  const stop = { kind: 'stop-tasks', cluster: 'web', tasks: [], why: 'ignored' } as const;
  const partial = { ecsView: known({ ...view, isListed: false }) };
  it('all are listed: another may be left that the drain waits for', () => {
    assert.deepEqual(needed(stop, partial), ['ecsView']);
    assert.deepEqual(needed(stop), []);
    assert.deepEqual(needed({ ...stop, why: 'spot' }, partial), [], 'what is known must do');
  });
  it('all are listed now: the host may not have been told yet of one that came since', () => {
    assert.deepEqual(needed(stop, asked({ ecsView: at(NOW - 5_001) })), ['ecsView']);
    assert.deepEqual(needed(stop, asked({ ecsView: at(NOW - 5_000) })), []);
  });
});

describe('before tasks are asked to stop for a Spot interruption', () => {
  const stop = { kind: 'stop-tasks', cluster: 'web', tasks: [], why: 'spot' } as const;
  const minutesAgo = asked({ ecsView: at(NOW - 120_001) });
  it('ECS is asked where it places them, if it last said so minutes ago: what cannot be undone would rest on old answers', () => {
    assert.deepEqual(needed(stop, minutesAgo), ['ecsView']);
    assert.deepEqual(needed(stop, asked({ ecsView: at(NOW - 120_000) })), []);
  });
  it('that is waited for ten seconds: they must have ended before the interruption', () => {
    assert.deepEqual(needed(stop, { ...minutesAgo, now: NOW + 9_999 }), ['ecsView']);
    assert.deepEqual(needed(stop, { ...minutesAgo, now: NOW + 10_000 }), []);
  });
  it('at an operator’s limit what is known must do: all were listed before it', () => {
    assert.deepEqual(needed({ ...stop, why: 'timeout' }, minutesAgo), []);
  });
});

describe('before each try to deregister', () => {
  const active = { kind: 'deregister', containerInstance: { ...registered, status: 'ACTIVE' } } as const;
  it('what is ACTIVE is listed again: it is given tasks', () => {
    assert.deepEqual(needed(active, { restedUntil: NOW - 499 }), ['ecsView']);
    assert.deepEqual(needed(active, { restedUntil: NOW - 500 }), []);
    assert.deepEqual(needed(active), [], 'the first try needs no second list');
  });
  it('what is ACTIVE is listed in full: another task may have come than those that were described again', () => {
    assert.deepEqual(needed(active, { ecsView: known({ ...view, isListed: false }) }), ['ecsView']);
  });
  it('what was looked at while the host had tasks is looked at again: that was no list of what is left', () => {
    const draining = { kind: 'deregister', containerInstance: registered } as const;
    assert.deepEqual(needed(draining, { emptySince: NOW - 499 }), ['ecsView']);
    assert.deepEqual(needed(draining, { emptySince: NOW - 500 }), []);
  });
  it('what is DRAINING is not: ECS itself refuses', () => {
    const draining = { kind: 'deregister', containerInstance: registered } as const;
    const seen = (ago: number) => ({ restedUntil: NOW, ...asked({ ecsView: at(NOW - ago) }) });
    assert.deepEqual(needed(draining, seen(20_000)), []);
    assert.deepEqual(
      needed(draining, seen(20_001)),
      ['ecsView'],
      'it may have waited for its group for days',
    );
  });
  it('what is DRAINING is listed again where the ECS agent is silent, of itself or of its tasks: only lists tell that none is left', () => {
    const draining = { kind: 'deregister', containerInstance: registered } as const;
    const seen = (ago: number) => asked({ ecsView: at(NOW - ago) });
    for (const silent of [{ registration: unknown('silent') }, { localTasks: unknown('silent') }]) {
      assert.deepEqual(needed(draining, { ...seen(5_000), ...silent }), []);
      assert.deepEqual(needed(draining, { ...seen(5_001), ...silent }), ['ecsView'], 'it may have lagged');
      const refused = { ...seen(2_000), ...silent, restedUntil: NOW - 1_999 };
      assert.deepEqual(needed(draining, refused), ['ecsView'], 'ECS has refused since: a task runs');
    }
  });
});

it('what was DRAINING is set ACTIVE only on signals of now: it may have to go again, and a source that is slow delays the others', () => {
  const active = { kind: 'set-active', containerInstance: registered } as const;
  const read = (ago: number) =>
    outdated(active, { ...seen, asked: { ...seen.asked, lifecycle: at(NOW), signals: at(NOW - ago) } });
  assert.deepEqual(read(SECOND), []);
  assert.deepEqual(read(SECOND + 1), ['signals']);
});

it('what was DRAINING is set ACTIVE, and what no signal asks for deregistered, by a word of the group since the signals changed', () => {
  for (const kind of ['set-active', 'deregister'] as const) {
    const mutation = { kind, containerInstance: registered };
    const gone = { ...seen, signalsChangedAt: NOW - SECOND };
    assert.deepEqual(
      outdated(mutation, gone).filter((question) => question === 'lifecycle'),
      ['lifecycle'],
      `${kind}: its group may have begun to terminate it, or keep it by now`,
    );
    const heard = { ...gone, asked: { ...seen.asked, lifecycle: at(NOW - SECOND) } };
    assert.deepEqual(outdated(mutation, heard), []);
    const signalled = { ...seen, asked: { ...seen.asked, lifecycle: at(NOW - 30_000) } };
    assert.deepEqual(outdated(mutation, signalled), []);
  }
});

describe('what still waits to be sent', () => {
  const signal = { ...nothing, signals: known([{ source: 'manual' } as const]) };
  const none = { ...nothing, signals: known([]) };
  const silent = { ...nothing, signals: unknown('silent') };
  const wait: Action = { kind: 'wait', why: { for: 'hook' } };
  const draining = { kind: 'set-draining', containerInstance: registered } as const;
  const active = { kind: 'set-active', containerInstance: registered } as const;
  const deregister = { kind: 'deregister', containerInstance: registered } as const;
  const stop = { kind: 'stop-tasks', cluster: 'web', tasks: [], why: 'timeout' } as const;

  for (const mutation of [draining, stop] as const)
    it(`${mutation.kind} is sent though what is decided on is not known now, and not without a signal`, () => {
      assert.equal(isStillWanted(mutation, signal, wait), true);
      assert.equal(isStillWanted(mutation, silent, wait), true);
      assert.equal(isStillWanted(mutation, none, mutation), false, 'a drain begins for nothing');
      const unheard = { ...none, lifecycle: unknown('throttled'), memory: { isTerminating: true } };
      assert.equal(isStillWanted(mutation, unheard, wait), false, 'its group may keep it by now');
    });
  it('what a group terminates by its own word needs no signal', () => {
    const terminating = { ...none, lifecycle: inState('Terminating:Wait') };
    assert.equal(isStillWanted(draining, terminating, wait), true, 'it is given tasks that end with it');
    assert.equal(isStillWanted(active, terminating, wait), false, 'it is given tasks that end with it');
  });
  it('set-active is sent for a tag whose event is over, as long as it is what is decided on', () => {
    assert.equal(isStillWanted(active, signal, active), true);
    assert.equal(isStillWanted(active, signal, wait), false);
  });
  it('nothing is sent once metadata names another instance: it would be changed', () => {
    const refuse: Action = { kind: 'refuse', why: 'identity-changed' };
    for (const mutation of [draining, active, deregister, stop, complete, terminate] as const)
      assert.equal(isStillWanted(mutation, silent, refuse), false, mutation.kind);
    for (const observed of [signal, silent])
      assert.equal(isHeartbeatWanted({ ...observed, identity: 'changed' }), false, 'heartbeat');
  });
  it('a heartbeat is not sent without a signal: an instance that stays would be kept from its group', () => {
    assert.equal(isHeartbeatWanted(signal), true);
    assert.equal(isHeartbeatWanted(silent), true, 'its hook times out');
    assert.equal(isHeartbeatWanted(none), false);
  });
  it('set-active is not sent once a signal has come', () => {
    assert.equal(isStillWanted(active, none, wait), true);
    assert.equal(isStillWanted(active, silent, wait), true);
    assert.equal(isStillWanted(active, signal, draining), false, 'it is given tasks again');
  });
  for (const mutation of [deregister, complete, terminate] as const)
    it(`${mutation.kind} is sent while it is what is decided on`, () => {
      assert.equal(isStillWanted(mutation, signal, mutation), true);
      const others: Action[] = [wait, { kind: 'watch' }, draining, active];
      for (const other of others)
        assert.equal(isStillWanted(mutation, signal, other), false, 'it lets go of a task');
    });
  it('neither for another container instance nor another hook or result', () => {
    const anew: Action = { kind: 'deregister', containerInstance: { ...registered, arn: 'b' } };
    assert.equal(isStillWanted(deregister, signal, anew), false);
    for (const more of [{ hook: 'backup' }, { result: 'ABANDON' }] as const)
      assert.equal(isStillWanted(complete, signal, { ...complete, ...more }), false);
  });
});

describe('a heartbeat that is due', () => {
  const heard = { identity: at(NOW), signals: at(NOW - SECOND), lifecycle: at(NOW - SECOND) };
  const due = { now: NOW, asked: heard, decidedAt: NOW, dueAt: NOW, unsignalledSince: undefined };
  const stale = { ...heard, signals: { ...at(-Infinity), isStale: true } };
  const failure = { kind: 'transient', times: 1, at: NOW, since: NOW, jitter: 0 } as const;

  it('is sent once signals and name were heard', () => {
    assert.equal(heartbeatWaitsFor(due), undefined, 'the hook times out');
  });
  it('waits to hear whether there is still a signal, for five seconds at most', () => {
    assert.equal(heartbeatWaitsFor({ ...due, asked: stale }), 'answers', 'an instance that stays is held');
    const later = { ...due, asked: stale, now: NOW + 5 * SECOND };
    assert.equal(heartbeatWaitsFor({ ...later, now: later.now - 1 }), 'answers');
    assert.equal(heartbeatWaitsFor(later), undefined, 'the hook times out');
  });
  it('is sent where no source of signals answers', () => {
    const silent = { ...stale, signals: { ...stale.signals, failure } };
    assert.equal(heartbeatWaitsFor({ ...due, asked: silent }), undefined, 'the hook times out');
  });
  it('waits for the word of the group since the signal went', () => {
    const gone = { ...due, unsignalledSince: NOW - SECOND + 1 };
    assert.equal(heartbeatWaitsFor(gone), 'answers', 'an instance that stays is held');
    assert.equal(heartbeatWaitsFor({ ...gone, unsignalledSince: NOW - SECOND }), undefined);
  });
  it('asks for the name again, once since it was due or decided on', () => {
    const asked = { ...heard, identity: at(NOW - 1) };
    assert.equal(heartbeatWaitsFor({ ...due, asked }), 'identity', 'it keeps another instance');
    assert.equal(heartbeatWaitsFor({ ...due, asked, dueAt: NOW - 1 }), undefined);
    assert.equal(heartbeatWaitsFor({ ...due, asked, decidedAt: NOW - 1 }), undefined);
  });
});

it('what nothing takes back rests on old answers after five seconds, and nothing else does', () => {
  const abandon = { ...complete, result: 'ABANDON', why: 'hook-limit' } as const;
  const stop = { kind: 'stop-tasks', cluster: 'web', tasks: [], why: 'timeout' } as const;
  for (const mutation of [complete, terminate, stop])
    assert.equal(sentWithin(mutation), 5_000, mutation.kind);
  assert.equal(sentWithin(abandon), 5_000, 'the group may not retain any more');
  assert.equal(sentWithin({ kind: 'set-draining', containerInstance: registered }), undefined);
  assert.equal(sentWithin({ kind: 'set-active', containerInstance: registered }), undefined);
});
