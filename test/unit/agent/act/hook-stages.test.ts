import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createHookStages, RETRY_MS } from '../../../../src/agent/act/hook-stages.ts';
import { decide } from '../../../../src/agent/decide/decide.ts';
import { stagesDue } from '../../../../src/agent/decide/stages-due.ts';
import type { Action, Memory, Observation, Policy, StageState } from '../../../../src/agent/model.ts';
import { known, unknown } from '../../../../src/base/reading.ts';
import type { HookFacts, HookStage, HooksResult } from '../../../../src/operator-hooks/operator-hooks.ts';
import { createVirtualClock } from '../../../support/virtual-clock.ts';
import { CI as arn, inState, MINUTE, NOW, policy } from '../decide/observations.ts';

const registered = (status: string) => known({ kind: 'registered', cluster: 'web', arn, status } as const);

/** Drained and deregistered, the lifecycle action waiting. */
const empty: Observation = {
  now: NOW,
  wallNow: NOW,
  signals: known([{ source: 'lifecycle' }]),
  identity: 'confirmed',
  containerInstance: known({ kind: 'deregistered', arn }),
  tasks: known([]),
  lifecycle: known({ kind: 'in-group', group: 'web-asg', state: 'Terminating:Wait' }),
  hooks: known([{ name: 'drain', heartbeatTimeout: 3_600_000, globalTimeout: 48 * 3_600_000 }]),
  retainsAbandoned: known(false),
  memory: { signalledAt: NOW - 10 * MINUTE },
  lastHeartbeat: { at: NOW, outcome: 'recorded' },
};
const completed: Memory['completed'] = { hook: 'drain', result: 'CONTINUE', at: NOW, standing: 'answered' };

describe('the release waits for the hooks of stage drained', () => {
  const actionOf = (drainedHooks: StageState | undefined, more: Partial<Policy> = {}): Action =>
    decide({ ...empty, drainedHooks }, { ...policy, ...more }).action;

  it('but not where there can be none', () => assert.equal(actionOf(undefined).kind, 'complete'));
  it('until they have run', () => {
    for (const state of ['due', 'running'] as const) {
      assert.deepEqual(actionOf(state), { kind: 'wait', why: { for: 'operator-hooks', state: 'running' } });
    }
    assert.equal(actionOf('settled').kind, 'complete');
  });
  it('until they have succeeded, where they hold it', () =>
    assert.deepEqual(actionOf('held'), { kind: 'wait', why: { for: 'operator-hooks', state: 'failed' } }));
  it("until the operator's own limit, where that lets the instance go", () => {
    const limit = { drainTimeout: 5 * MINUTE };
    assert.equal(actionOf('held', { ...limit, onTimeout: 'wait' }).kind, 'wait');
    assert.equal(actionOf('held', { ...limit, onTimeout: 'stop-tasks' }).kind, 'wait');
    assert.deepEqual(actionOf('held', { ...limit, onTimeout: 'continue' }), {
      kind: 'complete',
      group: 'web-asg',
      hook: 'drain',
      result: 'CONTINUE',
      why: 'drained',
    });
    assert.deepEqual(actionOf('held', { ...limit, onTimeout: 'abandon' }), {
      kind: 'complete',
      group: 'web-asg',
      hook: 'drain',
      result: 'ABANDON',
      why: 'timeout',
    });
    assert.equal(actionOf('running', { ...limit, onTimeout: 'continue' }).kind, 'wait');
  });
  it('beyond the hook limit of a group that retains', () => {
    const near = { ...empty, drainedHooks: 'held', retainsAbandoned: known(true) } as const;
    const waiting = {
      since: NOW - 48 * 3_600_000 + MINUTE,
      group: 'web-asg',
      hook: { name: 'drain', heartbeatTimeout: 3_600_000, globalTimeout: 48 * 3_600_000 },
    };
    assert.deepEqual(decide({ ...near, memory: { ...near.memory, waiting } }, policy).action, {
      kind: 'complete',
      group: 'web-asg',
      hook: 'drain',
      result: 'ABANDON',
      why: 'hook-limit',
    });
  });
  it('and the heartbeats go on meanwhile', () => {
    const due = { ...empty, drainedHooks: 'held', lastHeartbeat: undefined } as const;
    assert.deepEqual(decide(due, policy).heartbeat, { group: 'web-asg', hook: 'drain' });
  });
  it('in a retained instance too', () => {
    const retained = {
      ...empty,
      lifecycle: known({ kind: 'in-group', group: 'g', state: 'Terminating:Retained' }),
    };
    assert.equal(decide({ ...retained, drainedHooks: 'running' } as Observation, policy).action.kind, 'wait');
    assert.equal(
      decide({ ...retained, drainedHooks: 'settled' } as Observation, policy).action.kind,
      'terminate',
    );
  });
});

describe('the stages whose time has come', () => {
  const due = (more: Partial<Observation>, mode: Policy['mode'] = 'drain') => {
    const observed: Observation = { ...empty, drainedHooks: 'due', ...more };
    return stagesDue(observed, decide(observed, { ...policy, mode }).action, { mode });
  };
  const task = { arn: 't', group: 'family:a', lastStatus: 'RUNNING', desiredStatus: 'RUNNING' };

  it('none while nothing asks for the instance', () =>
    assert.deepEqual(due({ signals: known([]), lifecycle: inState('InService'), memory: {} }), []));
  it('none while it is not known whether something does', () =>
    assert.deepEqual(due({ signals: unknown('silent'), lifecycle: unknown('silent') }), []));
  it('none while the container instance is ACTIVE', () =>
    assert.deepEqual(due({ containerInstance: registered('ACTIVE') }), []));
  it('draining once it is DRAINING', () =>
    assert.deepEqual(due({ containerInstance: registered('DRAINING'), tasks: known([task]) }), ['draining']));
  it('draining at once in mode deregister, where it stays ACTIVE', () =>
    assert.deepEqual(due({ containerInstance: registered('ACTIVE'), tasks: known([task]) }, 'deregister'), [
      'draining',
    ]));
  it('not drained before ECS has let the empty instance go', () =>
    assert.deepEqual(due({ containerInstance: registered('DRAINING') }), ['draining']));
  it('drained after that', () => assert.deepEqual(due({}), ['draining', 'drained']));
  it('each once in a drain', () =>
    assert.deepEqual(due({ memory: { signalledAt: 0, hooksRun: { draining: 'failed' } } }), ['drained']));
  it('released once the action is completed', () =>
    assert.deepEqual(
      due({ memory: { signalledAt: 0, completed, hooksRun: { draining: 'succeeded', drained: 'failed' } } }),
      ['released'],
    ));
  it('not released where the action was only abandoned', () =>
    assert.deepEqual(
      due({
        memory: {
          signalledAt: 0,
          completed: { ...completed, result: 'ABANDON' } as Memory['completed'] & object,
          hooksRun: { draining: 'succeeded', drained: 'failed' },
        },
      }),
      [],
    ));
});

describe('running the stages', () => {
  const facts: HookFacts = { instanceId: 'i-1', region: 'eu-west-1', signals: [] };

  function setUp(holds: boolean) {
    const clock = createVirtualClock();
    const runs: [HookStage, number][] = [];
    let changes = 0;
    const ended: [HookStage, string][] = [];
    let answer = Promise.withResolvers<HooksResult>();
    const stages = createHookStages({
      clock,
      running: new Map(),
      hooks: {
        holds,
        run: (stage, _facts, attempt) => {
          runs.push([stage, attempt]);
          return answer.promise;
        },
      },
      onRun: (stage, result) => void ended.push([stage, result]),
      onHeld: (stage, ms) => void ended.push([stage, `again in ${ms}`]),
      onChange: () => void changes++,
    });
    const end = async (result: HooksResult) => {
      answer.resolve(result);
      answer = Promise.withResolvers();
      await new Promise(setImmediate);
    };
    return { stages, clock, runs, ended, end, changes: () => changes };
  }

  it('starts each once, and says what came of it', async () => {
    const { stages, runs, ended, end } = setUp(false);
    stages.start('drained', facts);
    stages.start('drained', facts);
    assert.equal(stages.state('drained'), 'running');
    await end('failed');
    stages.start('drained', facts);
    assert.deepEqual(runs, [['drained', 1]]);
    assert.deepEqual(ended, [['drained', 'failed']]);
    assert.equal(stages.state('drained'), 'settled');
  });

  it('says nothing of a stage without hooks', async () => {
    const { stages, ended, end } = setUp(false);
    stages.start('draining', facts);
    await end('none');
    assert.deepEqual([stages.state('draining'), ended], ['settled', []]);
  });

  it('tries the hooks that hold the release again, ever more slowly', async () => {
    const { stages, clock, runs, ended, end } = setUp(true);
    stages.start('drained', facts);
    await end('failed');
    assert.equal(stages.state('drained'), 'held');
    assert.equal(stages.retryAt(), clock.now() + 15_000);
    clock.pass(RETRY_MS - 1);
    stages.start('drained', facts);
    assert.equal(runs.length, 1);
    clock.pass(1);
    stages.start('drained', facts);
    await end('failed');
    clock.pass(30_000);
    stages.start('drained', facts);
    await end('succeeded');
    assert.deepEqual(runs, [
      ['drained', 1],
      ['drained', 2],
      ['drained', 3],
    ]);
    assert.deepEqual(ended, [
      ['drained', 'again in 15000'],
      ['drained', 'again in 30000'],
      ['drained', 'succeeded'],
    ]);
  });

  it('tries them every five minutes at last', async () => {
    const { stages, clock, ended, end } = setUp(true);
    for (let run = 0; run < 7; run++) {
      stages.start('drained', facts);
      await end('failed');
      clock.pass(5 * MINUTE);
    }
    assert.deepEqual(
      ended.map(([, what]) => what),
      [15_000, 30_000, 60_000, 120_000, 240_000, 300_000, 300_000].map((ms) => `again in ${ms}`),
    );
  });

  it('announces no other try while one runs, or where none has failed: the loop would wake for nothing', async () => {
    const { stages, clock, end } = setUp(true);
    assert.equal(stages.retryAt(), Infinity);
    stages.start('drained', facts);
    assert.equal(stages.retryAt(), Infinity);
    await end('failed');
    clock.pass(RETRY_MS);
    stages.start('drained', facts);
    assert.equal(stages.retryAt(), Infinity);
  });

  it('wakes the loop when they have run, or the release would come late', async () => {
    const { stages, changes, end } = setUp(false);
    stages.start('drained', facts);
    assert.equal(changes(), 0);
    await end('succeeded');
    assert.equal(changes(), 1);
  });

  it('counts the tries of stage drained only', async () => {
    const { stages, clock, runs, end } = setUp(true);
    stages.start('drained', facts);
    await end('failed');
    clock.pass(RETRY_MS);
    stages.start('draining', facts);
    assert.deepEqual(runs.at(-1), ['draining', 1]);
  });

  it('a stage that was not begun is due', () => assert.equal(setUp(false).stages.state('released'), 'due'));

  it('holds nothing back in the other stages', async () => {
    const { stages, ended, end } = setUp(true);
    stages.start('draining', facts);
    await end('failed');
    assert.deepEqual([stages.state('draining'), ended], ['settled', [['draining', 'failed']]]);
  });

  it('drops what belongs to a drain that was cancelled', async () => {
    const { stages, ended, end } = setUp(false);
    stages.start('draining', facts);
    stages.close();
    await end('succeeded');
    assert.deepEqual([stages.state('draining'), ended], ['running', []]);
  });
});
