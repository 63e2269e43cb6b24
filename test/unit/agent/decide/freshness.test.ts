import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Freshness, outdated } from '../../../../src/agent/decide/freshness.ts';
import type { Asked, EcsView, Mutation } from '../../../../src/agent/model.ts';
import { known, unknown } from '../../../../src/base/reading.ts';

const NOW = 1_800_000_000_000;
const at = (when: number): Asked => ({ at: when, isAsking: false, isStale: false });
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
  asked: {
    identity: at(NOW),
    registration: at(NOW - 500),
    localTasks: at(NOW - 500),
    ecsView: at(NOW - 500),
  },
  registration: known({ cluster: 'web', containerInstanceArn: 'a' }),
  ecsView: known(view),
  decidedAt: NOW,
  dueAt: NOW,
  restedUntil: -Infinity,
};
const complete: Mutation = {
  kind: 'complete',
  group: 'web',
  hook: 'drain',
  result: 'CONTINUE',
  why: 'drained',
};
const terminate: Mutation = { kind: 'terminate', why: 'drained' };
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
      assert.deepEqual(needed(mutation, asked({ identity: at(NOW - 1) })), ['identity']);
      assert.deepEqual(needed(mutation), []);
    });
});

describe('before the instance is let go', () => {
  for (const mutation of [complete, terminate, { kind: 'terminate', why: 'rebalance' }] as const)
    for (const question of ['registration', 'localTasks', 'ecsView'] as const)
      it(`(${mutation.kind}, ${mutation.why}) ${question} is asked again: the host may have tasks again`, () =>
        assert.deepEqual(needed(mutation, asked({ [question]: at(NOW - 501) })), [question]));

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
  it('nothing is asked again where a limit lets it go: what is left does not count then', () => {
    const old = asked({ registration: at(0), localTasks: at(0), ecsView: at(0) });
    assert.deepEqual(needed({ kind: 'terminate', why: 'timeout' }, old), []);
    assert.deepEqual(needed({ ...complete, why: 'timeout' }, old), []);
    assert.deepEqual(needed({ ...complete, why: 'hook-limit', result: 'ABANDON' }, old), []);
  });
});

describe('before each try to deregister', () => {
  const active = { kind: 'deregister', containerInstance: { ...registered, status: 'ACTIVE' } } as const;
  it('what is ACTIVE is listed again: it is given tasks', () => {
    assert.deepEqual(needed(active, { restedUntil: NOW - 499 }), ['ecsView']);
    assert.deepEqual(needed(active, { restedUntil: NOW - 500 }), []);
    assert.deepEqual(needed(active), [], 'the first try needs no second list');
  });
  it('what is DRAINING is not: ECS itself refuses', () =>
    assert.deepEqual(
      needed(
        { kind: 'deregister', containerInstance: registered },
        { restedUntil: NOW, ...asked({ ecsView: at(0) }) },
      ),
      [],
    ));
});
