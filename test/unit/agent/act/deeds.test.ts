import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDeeds } from '../../../../src/agent/act/deeds.ts';
import type { Deed, Outcome } from '../../../../src/agent/act/mutations.ts';
import type { Memory } from '../../../../src/agent/model.ts';
import type { Look } from '../../../../src/agent/observe/ecs-view.ts';
import { createSource } from '../../../../src/agent/observe/poll.ts';
import type { Sources } from '../../../../src/agent/observe/polls.ts';
import { AwsError, type AwsErrorKind } from '../../../../src/aws/errors.ts';
import { known, type Reading } from '../../../../src/base/reading.ts';
import type { EventName } from '../../../../src/log/events.ts';
import { createVirtualClock, START, settled } from '../../../support/virtual-clock.ts';

const active = { kind: 'registered', cluster: 'web', arn: 'a', status: 'ACTIVE' } as const;
const draining = { ...active, status: 'DRAINING' } as const;
const setDraining: Deed = { kind: 'set-draining', containerInstance: active };
const deregister: Deed = { kind: 'deregister', containerInstance: draining };
const complete: Deed = { kind: 'complete', group: 'web', hook: 'drain', result: 'ABANDON', why: 'timeout' };
const stopTasks: Deed = { kind: 'stop-tasks', cluster: 'web', tasks: [], why: 'timeout' };

const done: Outcome = { kind: 'done' };
const failed = (kind: AwsErrorKind): Outcome => ({
  kind: 'failed',
  error: new AwsError('ecs:UpdateContainerInstancesState', kind, 'Any', 'it failed'),
});

type SetUp = { mode?: 'drain' | 'deregister'; isDryRun?: boolean; memory?: Memory };

async function setUp({ mode = 'drain', isDryRun = false, memory: first = {} }: SetUp = {}) {
  const clock = createVirtualClock();
  const made: Deed['kind'][] = [];
  const said: EventName[] = [];
  const answers: ((outcome: Outcome) => void)[] = [];
  let memory = first;
  let status: 'ACTIVE' | 'DRAINING' = 'ACTIVE';
  const ask = <T>(read: () => Reading<T>) =>
    createSource(
      async () => read(),
      clock,
      () => {},
      () => 0,
    );
  const look = ask<Look>(() =>
    known({ containerInstance: { ...active, status }, tasks: known([]), requests: 3, isRemembered: false }),
  );
  const lifecycle = ask(() => known({ kind: 'no-group' } as const));
  const sources = { look, lifecycle, localTasks: { hasAnswered: () => true }, tasksSeenHere: () => [] };
  look.ask();
  lifecycle.ask();
  await settled();
  const deeds = createDeeds({
    act: isDryRun
      ? undefined
      : (deed) => {
          made.push(deed.kind);
          return new Promise((resolve) => answers.push(resolve));
        },
    mode,
    sources: sources as unknown as Sources,
    memory: () => memory,
    recall: (next) => {
      memory = next;
    },
    clock,
    log: (event) => said.push(event),
    onChange: () => {},
  });
  return {
    deeds,
    made,
    said,
    look,
    lifecycle,
    begin: (deed: Deed) => deeds.begin(deed, START),
    answer: async (outcome: Outcome) => {
      answers.shift()?.(outcome);
      await settled();
    },
    pass: (ms: number) => {
      clock.at(clock.trueNow() + ms, () => {});
      clock.step();
    },
    memory: () => memory,
    seenStatus: () => {
      const seen = deeds.containerInstanceIn(look.reading());
      if (seen.kind === 'unknown') return 'unknown';
      return seen.value.kind === 'registered' ? seen.value.status : seen.value.kind;
    },
    /** Looks at ECS, which by now has this status. */
    looks: async (now: 'ACTIVE' | 'DRAINING') => {
      status = now;
      look.ask();
      await settled();
    },
  };
}

describe('what is done', () => {
  it('is one thing at a time, beside which tasks can be asked to stop', async () => {
    const { begin, made, answer } = await setUp();
    begin(stopTasks);
    begin(stopTasks);
    begin(deregister);
    begin(complete);
    assert.deepEqual(made, ['stop-tasks', 'deregister']);
    await answer(done);
    begin(stopTasks);
    assert.deepEqual(made, ['stop-tasks', 'deregister'], 'not begun while something else is under way');
    await answer(done);
    begin(complete);
    assert.deepEqual(made, ['stop-tasks', 'deregister', 'complete']);
  });

  /** How long it rests after each of these outcomes in a row, in ms. */
  async function restsAfter(deed: Deed, outcomes: readonly Outcome[], setting: SetUp = {}) {
    const { begin, made, answer, deeds, pass } = await setUp(setting);
    const rests: number[] = [];
    let now = START;
    for (const outcome of outcomes) {
      const before = made.length;
      begin(deed);
      assert.equal(made.length, before + 1);
      await answer(outcome);
      const ms = deeds.restsUntil() - now;
      rests.push(ms);
      pass(ms - 1);
      begin(deed);
      assert.equal(made.length, before + 1, 'it was begun though it rests');
      pass(1);
      now += ms;
    }
    return rests;
  }

  it('rests a second after a failure, then five', async () =>
    assert.deepEqual(
      await restsAfter(complete, [failed('transient'), failed('transient'), failed('transient')]),
      [1_000, 5_000, 5_000],
    ));
  it('rests a minute where the permission is missing', async () =>
    assert.deepEqual(await restsAfter(complete, [failed('permission')]), [60_000]));
  it('rests 2, 3, 4 and 5 s after ECS refused to deregister', async () =>
    assert.deepEqual(
      await restsAfter(deregister, Array(5).fill({ kind: 'tasks-running' })),
      [2_000, 3_000, 4_000, 5_000, 5_000],
    ));
  it('rests 15 s after each refusal in mode deregister', async () =>
    assert.deepEqual(
      await restsAfter(deregister, Array(2).fill({ kind: 'tasks-running' }), { mode: 'deregister' }),
      [15_000, 15_000],
    ));
  it('rests twice as long each time no action waits, up to five minutes', async () =>
    assert.deepEqual(
      await restsAfter(complete, Array(6).fill({ kind: 'nothing-waiting' })),
      [15_000, 30_000, 60_000, 120_000, 240_000, 300_000],
    ));
  it('begins anew with another drain', async () => {
    const { begin, made, answer, deeds } = await setUp();
    begin(complete);
    await answer(failed('permission'));
    deeds.forget();
    assert.equal(deeds.restsUntil(), Infinity);
    begin(complete);
    assert.deepEqual(made, ['complete', 'complete']);
  });
});

describe('our DRAINING', () => {
  it('is written down before it is set', async () => {
    const { begin, memory } = await setUp();
    begin(setDraining);
    assert.deepEqual(memory(), { drainingSetAt: START });
  });
  it('is unknown to have arrived until AWS has answered', async () => {
    const { begin, answer, seenStatus, said } = await setUp();
    begin(setDraining);
    assert.equal(seenStatus(), 'unknown');
    await answer(done);
    assert.equal(seenStatus(), 'DRAINING');
    assert.deepEqual(said, ['drain.draining']);
  });
  for (const kind of ['rejected', 'permission'] as const)
    it(`was not set where AWS said no (${kind})`, async () => {
      const { begin, answer, seenStatus, memory } = await setUp();
      begin(setDraining);
      await answer(failed(kind));
      assert.deepEqual(memory(), {});
      assert.equal(seenStatus(), 'ACTIVE');
    });
  it('stays ours where AWS said no to setting it once more', async () => {
    const { begin, answer, memory } = await setUp({ memory: { drainingSetAt: 5 } });
    begin(setDraining);
    await answer(failed('rejected'));
    assert.deepEqual(memory(), { drainingSetAt: START });
  });
  it('may have been set where the answer was lost: only a later look can tell', async () => {
    const { begin, answer, seenStatus, memory, pass, looks } = await setUp();
    begin(setDraining);
    pass(2_000);
    await answer(failed('transient'));
    assert.deepEqual(memory(), { drainingSetAt: START });
    assert.equal(seenStatus(), 'unknown');
    pass(1);
    await looks('DRAINING');
    assert.equal(seenStatus(), 'DRAINING');
  });
});

describe('what was done', () => {
  it('makes what was read before due again', async () => {
    const { begin, answer, look, lifecycle } = await setUp();
    assert.deepEqual([look.isStale(), lifecycle.isStale()], [false, false]);
    begin(setDraining);
    await answer(done);
    assert.deepEqual([look.isStale(), lifecycle.isStale()], [true, false]);
    begin(complete);
    await answer(done);
    assert.deepEqual([look.isStale(), lifecycle.isStale()], [true, true]);
  });
  it('is kept for after a restart', async () => {
    const { begin, answer, memory } = await setUp({ memory: { askedToStop: { old: 1 } } });
    begin({ kind: 'terminate', why: 'timeout' });
    await answer(done);
    begin(complete);
    await answer(done);
    begin({
      ...stopTasks,
      tasks: [{ arn: 'new', group: 'family:a', lastStatus: 'RUNNING', desiredStatus: 'RUNNING' }],
    });
    await answer(done);
    assert.deepEqual(memory(), {
      terminated: true,
      completed: { hook: 'drain', result: 'ABANDON', at: START, standing: 'answered' },
      askedToStop: { old: 1, new: START },
    });
  });
  it('leaves the tasks of what was ACTIVE to be asked after, and none of what was DRAINING', async () => {
    for (const [containerInstance, tasks] of [
      [active, 'unknown'],
      [draining, 'known'],
    ] as const) {
      const { begin, answer, look, seenStatus } = await setUp({ mode: 'deregister' });
      begin({ kind: 'deregister', containerInstance });
      await answer(done);
      const seen = look.reading();
      assert.ok(seen.kind === 'known');
      assert.equal(seenStatus(), 'deregistered');
      assert.equal(seen.value.tasks.kind, tasks);
      assert.equal(look.isStale(), tasks === 'unknown');
    }
  });
});

describe('in a dry run', () => {
  it('nothing is done, and what would come next is decided on', async () => {
    const { begin, made, said, seenStatus, looks } = await setUp({ isDryRun: true });
    begin(setDraining);
    await looks('ACTIVE');
    assert.equal(seenStatus(), 'DRAINING');
    begin(deregister);
    await looks('ACTIVE');
    assert.equal(seenStatus(), 'deregistered');
    assert.deepEqual(made, []);
    assert.deepEqual(said, ['dry-run.skipped', 'drain.draining', 'dry-run.skipped', 'drain.deregistered']);
  });
  it('giving it back takes the pretence back', async () => {
    const { begin, seenStatus, looks } = await setUp({ isDryRun: true });
    begin(setDraining);
    begin({ kind: 'set-active', containerInstance: draining });
    await looks('ACTIVE');
    assert.equal(seenStatus(), 'ACTIVE');
  });
});
