import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { START } from '../support/virtual-clock.ts';
import type { Drain } from './drains.ts';
import { type Figures, figuresOf } from './figures.ts';
import { judge } from './promises.ts';
import { defaultScenario, HOUR, MINUTE, type Scenario, SECOND } from './scenario.ts';
import { table } from './table.ts';

const SIGNAL = START + 20 * SECOND;

function drain(changes: Partial<Drain> = {}): Drain {
  return {
    signalAt: SIGNAL,
    drainingAt: SIGNAL + 3 * SECOND,
    lastExitAt: SIGNAL + 9 * MINUTE - 3 * SECOND,
    lastStoppedAt: SIGNAL + 9 * MINUTE,
    releasedAt: SIGNAL + 9 * MINUTE + SECOND,
    timedOut: false,
    tasksCut: 0,
    askedToStop: new Map(),
    tasksUnasked: 0,
    requests: new Map([['ecs:ListTasks', 10]]),
    throttled: new Map(),
    ...changes,
  };
}

/** So many drains that went well, and others. */
function figures(well: number, others: readonly Drain[], changes: Partial<Scenario> = {}): Figures {
  const drains = [...Array.from({ length: well }, () => drain()), ...others];
  return figuresOf({ ...defaultScenario, agents: drains.length, ...changes }, drains);
}

const late = drain({ releasedAt: SIGNAL + 9 * MINUTE + 5_001 });

describe('F1: no hook times out, no task is cut short', () => {
  test('one hook', () => {
    const lost = drain({ timedOut: true, releasedAt: undefined, lastStoppedAt: undefined, tasksCut: 2 });
    const { timedOut, tasksCut, leftBehind, release } = figures(9, [lost]);
    assert.deepEqual({ timedOut, tasksCut, leftBehind }, { timedOut: 1, tasksCut: 2, leftBehind: 0 });
    assert.deepEqual(release, { p50: 1_000, p99: Infinity, max: Infinity });
    assert.equal(judge(figures(9, [lost])).F1, 'broken');
  });
  test('an instance that is left behind breaks it too', () =>
    assert.equal(judge(figures(9, [drain({ releasedAt: undefined })])).F1, 'broken'));
  test('kept', () => assert.equal(judge(figures(10, [late])).F1, 'kept'));
});

describe('F2: 99 of 100 are released within 5 s', () => {
  test('1 of 100 is late', () => assert.equal(judge(figures(99, [late])).F2, 'kept'));
  test('1 of 10 is late', () => assert.equal(judge(figures(9, [late])).F2, 'broken'));
  test('2 of 100 are late', () => assert.equal(judge(figures(98, [late, late])).F2, 'broken'));
  test('the last task had ended before the signal: it counts from there', () => {
    const early = drain({ lastStoppedAt: SIGNAL - MINUTE, releasedAt: SIGNAL + 4 * SECOND });
    assert.deepEqual(figures(0, [early]).release, { p50: 4_000, p99: 4_000, max: 4_000 });
  });
  test('what ended in an outage, or within 5 min of it, is not judged', () => {
    // From 1 min to 9 min after the signal.
    const outage = { outageMs: 8 * MINUTE };
    const ended = (at: number) =>
      drain({ lastStoppedAt: SIGNAL + at * MINUTE, releasedAt: SIGNAL + at * MINUTE + 60_000 });
    assert.equal(judge(figures(1, [ended(1), ended(8), ended(13.9)], outage)).F2, 'kept');
    assert.equal(judge(figures(1, [ended(14)], outage)).F2, 'broken');
  });
});

describe('F3: 15 requests, beside heartbeats, a look at ECS and the group every 5 min, and one every 5 s for a task’s end', () => {
  const asked = (requests: Record<string, number>, lasted: number, unlearntMs = 3 * SECOND) =>
    figures(0, [
      drain({
        requests: new Map(Object.entries(requests)),
        lastExitAt: SIGNAL + lasted - unlearntMs,
        lastStoppedAt: SIGNAL + lasted,
        releasedAt: SIGNAL + lasted,
      }),
    ]);
  for (const [requests, lasted, expected] of [
    [{ 'ecs:ListTasks': 15 }, MINUTE, 15],
    [{ 'ecs:ListTasks': 16 }, 5 * MINUTE - 1, 16],
    [{ 'ecs:ListTasks': 17 }, 5 * MINUTE, 15],
    [{ 'ecs:ListTasks': 16, 'autoscaling:DescribeLifecycleHooks': 3 }, 10 * MINUTE, 13],
    [{ 'ecs:ListTasks': 13, 'autoscaling:DescribeLifecycleHooks': 9 }, 10 * MINUTE, 16],
    [{ 'ecs:ListTasks': 16, 'autoscaling:DescribeAutoScalingInstances': 2 }, 5 * MINUTE, 15],
    [{ 'ecs:ListTasks': 14, 'autoscaling:DescribeAutoScalingInstances': 2 }, 5 * MINUTE - 1, 16],
    [{ 'ecs:ListTasks': 39, 'autoscaling:RecordLifecycleActionHeartbeat': 6 }, HOUR, 15],
  ] as const) {
    test(`${JSON.stringify(requests)} in ${lasted} ms`, () => {
      const one = asked(requests, lasted);
      assert.equal(one.besides.max, expected);
      assert.equal(judge(one).F3, expected > 15 ? 'broken' : 'kept');
    });
  }
  test('each 5 s that ECS takes to learn of the last task’s end take a look at it', () => {
    const asking = { 'ecs:DescribeTasks': 18 };
    assert.equal(asked(asking, MINUTE, 4_999).besides.max, 18);
    assert.equal(asked(asking, MINUTE, 15_000).besides.max, 15);
    assert.equal(asked(asking, MINUTE, 15_000).answers.max, 18, 'which leaves out nothing but heartbeats');
    assert.equal(asked(asking, MINUTE, 2 * MINUTE).besides.max, 6, 'it had ended before the signal');
  });
  test('what was throttled takes nothing from others', () => {
    const requests = new Map([
      ['ecs:ListTasks', 20],
      ['autoscaling:RecordLifecycleActionHeartbeat', 6],
    ]);
    const throttled = new Map([
      ['ecs:ListTasks', 5],
      ['autoscaling:RecordLifecycleActionHeartbeat', 4],
    ]);
    const ended = { lastExitAt: SIGNAL + MINUTE, lastStoppedAt: SIGNAL + MINUTE };
    const one = drain({ requests, throttled, ...ended });
    const released = figures(0, [{ ...one, releasedAt: SIGNAL + MINUTE }]);
    assert.equal(released.besides.max, 15);
    assert.equal(released.answers.max, 15);
  });
  test('waiting for the end of an outage is not judged', () =>
    assert.equal(
      judge(figures(1, [drain({ requests: new Map([['ecs:ListTasks', 900]]) })], { outageMs: 1 })).F3,
      'not judged',
    ));
});

describe('F4: DRAINING within 30 s + N/40 s', () => {
  for (const [agents, after, expected] of [
    [10, 30_250, 'kept'],
    [10, 30_251, 'broken'],
    [1_000, 55_000, 'kept'],
    [1_000, 55_001, 'broken'],
  ] as const)
    test(`${agents} instances, ${after} ms`, () =>
      assert.equal(judge(figures(0, [drain({ drainingAt: SIGNAL + after })], { agents })).F4, expected));
});

test('the table has a row for each fleet', () => {
  const lines = table([figures(9, [late], { agents: 1_000 })]).split('\n');
  assert.deepEqual(
    lines[2]?.split('|').map((cell) => cell.trim()),
    [
      '',
      '1,000',
      'agent',
      '1.0 s',
      '5.0 s',
      '5.0 s',
      '3.0 s',
      '0',
      '0',
      '0',
      '10',
      '0 %',
      '10',
      '10',
      'kept',
      'broken',
      'kept',
      'kept',
      '',
    ],
  );
});
