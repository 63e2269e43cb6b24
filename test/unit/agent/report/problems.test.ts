import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Action, Observation } from '../../../../src/agent/model.ts';
import { problemsOf } from '../../../../src/agent/report/problems.ts';
import { report } from '../../../../src/agent/report/report.ts';
import { known, unknown } from '../../../../src/base/reading.ts';
import { hook, nothing, policy, taskOf, withTask } from '../decide/observations.ts';

const tasksLeft: Action = {
  kind: 'wait',
  why: { for: 'tasks', tasks: [taskOf('a')], pastTimeout: false },
};
const told = (observed: Observation, action: Action = tasksLeft) =>
  problemsOf(observed, action, policy, []).map(({ kind, fix }) => `${kind}: ${fix}`);

describe('what somebody must fix before a drain goes on', () => {
  it('is nothing while a task works and its hook is kept', () => assert.deepEqual(told(withTask), []));

  it('is the choice of the hook, for which no heartbeat goes out while tasks run', () => {
    const several = { ...withTask, hooks: known([hook, { ...hook, name: 'other' }]) };
    const unheard = { ...several, memory: { signalledAt: withTask.now } };
    assert.deepEqual(told(unheard), [
      "hook-unclear: set --lifecycle-hook (ECS_DRAIN_LIFECYCLE_HOOK) to the agent's own, one of drain, other, and restart the agent",
    ]);
  });

  it('is a hook where the group has none, once nothing else is left', () => {
    const none = { ...withTask, hooks: known([]), memory: {} };
    assert.deepEqual(told(none), [], 'tasks are left, and the group may have its reasons');
    assert.deepEqual(told(none, { kind: 'wait', why: { for: 'hook-choice', choice: { kind: 'none' } } }), [
      'hook-unclear: give the group a terminating lifecycle hook for the agent (docs/deploy.md)',
    ]);
  });

  it('is what holds the instance though no task is left', () =>
    assert.deepEqual(
      told(withTask, { kind: 'wait', why: { for: 'operator-hooks', state: 'failed' } }).map((one) =>
        one.slice(0, 15),
      ),
      ['operator-hooks:'],
    ));

  it('is an ECS agent that is down, and not a task that works', () => {
    const silent = { ...withTask, ecsAgentSilentSince: withTask.now - 90_000 };
    assert.deepEqual(
      report(silent, { action: tasksLeft }, policy, '').problems?.map(({ kind }) => kind),
      ['ecs-agent'],
    );
  });

  it('is metadata that does not say whether the instance must go', () =>
    assert.deepEqual(
      problemsOf({ ...nothing, signals: unknown('IMDS answered 500') }, { kind: 'watch' }, policy, []).map(
        ({ why }) => why,
      ),
      ['it is not known whether this instance must go: IMDS answered 500'],
    ));
});

it('in mode deregister, a service that keeps its tasks on an ACTIVE instance holds the drain for good', () => {
  const site = taskOf('a', { group: 'service:site' });
  const active = {
    kind: 'registered',
    cluster: 'web',
    arn: site.containerInstanceArn ?? '',
    status: 'ACTIVE',
  };
  const shown = (status: string) =>
    report(
      {
        ...withTask,
        tasks: known([site]),
        containerInstance: known({ ...active, status } as const),
      } as Observation,
      { action: tasksLeft },
      { ...policy, mode: 'deregister' },
      '',
    );
  assert.deepEqual(
    shown('ACTIVE').blockedBy?.map(({ kind, why }) => [kind, why]),
    [
      [
        'kept',
        "task a of service:site stays: in mode deregister the instance is ACTIVE, so ECS keeps a service's tasks on it, and may place new ones",
      ],
    ],
  );
  assert.match(shown('ACTIVE').problems?.[0]?.fix ?? '', /--mode drain.*scale service:site down/);
  assert.deepEqual(
    shown('DRAINING').blockedBy?.map(({ kind }) => kind),
    ['service'],
    'somebody else has set it DRAINING, so ECS does move them',
  );
});
