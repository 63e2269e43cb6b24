import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { restsOnOldView, stagesDue } from '../../../../src/agent/decide/stages-due.ts';
import type { Action, Memory } from '../../../../src/agent/model.ts';
import { known, unknown } from '../../../../src/base/reading.ts';
import { CI, draining, NOW, withTask } from './observations.ts';

const tasks: Action = { kind: 'wait', why: { for: 'tasks', tasks: [], pastTimeout: false } };
const due = (action: Action, more: Partial<typeof withTask> = {}, mode: 'drain' | 'deregister' = 'drain') =>
  stagesDue({ ...withTask, ...more }, action, { mode });

describe('no hook of the operator runs', () => {
  for (const action of [
    { kind: 'watch' },
    { kind: 'refuse', why: 'identity-changed' },
    { kind: 'set-active', containerInstance: draining },
    { kind: 'wait', why: { for: 'signals', cause: 'silent' } },
  ] as const)
    it(`where the action is ${JSON.stringify(action)}: the drain is not on`, () =>
      assert.deepEqual(due(action), []));
});

describe('stage draining', () => {
  it('comes once the container instance takes no more tasks', () => {
    assert.deepEqual(due(tasks), ['draining']);
    assert.deepEqual(due(tasks, { containerInstance: known({ kind: 'deregistered', arn: CI }) }), [
      'draining',
    ]);
    const active = { ...draining, status: 'ACTIVE' };
    assert.deepEqual(due(tasks, { containerInstance: known(active) }), []);
    assert.deepEqual(due(tasks, { containerInstance: known(active) }, 'deregister'), ['draining']);
  });
  it('waits until the tasks are listed: the hook is told how many there are', () =>
    assert.deepEqual(due(tasks, { tasks: unknown('being listed again') }, 'deregister'), []));
  it('waits until it is known what this host is', () =>
    assert.deepEqual(due(tasks, { containerInstance: unknown('throttled') }, 'deregister'), []));
});

describe('stage released', () => {
  const ran: Memory = { hooksRun: { draining: 'succeeded' } };
  const completed = { hook: 'drain', result: 'CONTINUE', at: NOW, standing: 'answered' } as const;
  it('comes once we have let the instance go', () =>
    assert.deepEqual(due({ kind: 'done', why: 'released' }, { memory: { ...ran, completed } }), [
      'released',
    ]));
  it('comes where the group terminates it whatever we do', () =>
    assert.deepEqual(due({ kind: 'done', why: 'terminating' }, { memory: ran }), ['released']));
  for (const why of ['maintenance', 'no-group'] as const)
    it(`does not come where nobody terminates it: ${why}`, () =>
      assert.deepEqual(due({ kind: 'done', why }, { memory: ran }), []));
  it('does not come while something is waited for', () =>
    assert.deepEqual(due({ kind: 'wait', why: { for: 'hook' } }, { memory: ran }), []));
});

describe('before the hooks of a stage begin, ECS is looked at again', () => {
  const isOfAnother = false;
  const old = { answeredAt: NOW - 33_000, isOfAnother };
  it('where that no task is left follows from an old look: a host that has registered anew may have tasks', () => {
    assert.equal(restsOnOldView('drained', old, NOW), true);
    assert.equal(restsOnOldView('drained', { answeredAt: NOW - 5_000, isOfAnother }, NOW), false);
  });
  it('where the ECS agent names another container instance by now: it may have tasks', () =>
    assert.equal(restsOnOldView('drained', { answeredAt: NOW, isOfAnother: true }, NOW), true));
  it('not for those that write nothing of the tasks’ end', () =>
    assert.deepEqual(
      (['draining', 'released'] as const).map((stage) => restsOnOldView(stage, old, NOW)),
      [false, false],
    ));
});
