import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startAgent } from '../../src/agent/start.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type Figures, figuresOf } from './figures.ts';
import { judge } from './promises.ts';
import { runFleet } from './run-fleet.ts';
import { defaultScenario, HOUR, MINUTE, type Scenario, SECOND } from './scenario.ts';

async function figures(changes: Partial<Scenario>): Promise<Figures> {
  const scenario = { ...defaultScenario, tasksMs: 2 * MINUTE, ...changes };
  const drains = await runFleet(scenario, { startAgent, loadConfig });
  return figuresOf(scenario, [...drains.byInstance.values()]);
}

describe('a fleet that drains at once, under the request limits of one account', () => {
  const half = { hookMs: 5 * MINUTE, autoScaling: { burst: 50, perSecond: 10 } };
  for (const [what, changes] of [
    ['50 agents, a hook of 300 s, half of what Auto Scaling allows', { ...half, agents: 50 }],
    ['50 agents that start in the same second', { startTogether: true, agents: 50 }],
    ['30 agents, while no AWS API answers for a minute', { ...half, outageMs: MINUTE, agents: 30 }],
  ] as const) {
    test(what, { timeout: 120_000 }, async () => {
      const { tasksCut, timedOut, leftBehind } = await figures(changes);
      assert.equal(tasksCut, 0, 'tasks were cut short');
      assert.equal(timedOut, 0, 'hooks timed out: their instances were terminated, whatever ran on them');
      assert.equal(leftBehind, 0, 'instances were left behind, to cost money until their hook times out');
    });
  }
});

test('60 agents without work, whose looks take more answers than ECS gives in minutes, all go in the end', {
  timeout: 120_000,
}, async () => {
  const { leftBehind, timedOut, release } = await figures(overloaded(60));
  assert.deepEqual(
    { leftBehind, timedOut },
    { leftBehind: 0, timedOut: 0 },
    'none is ever released: all begin anew',
  );
  // Each takes six to eight answers, of which there is one a second.
  assert.ok(release.max <= 10 * MINUTE, `the last was released after ${release.max / MINUTE} min`);
});

test('and so do 30 whose ECS agents are silent: ECS alone tells then what they are', {
  timeout: 120_000,
}, async () => {
  const { leftBehind, timedOut } = await figures({ ...overloaded(30), silentEcsAgents: true });
  assert.deepEqual(
    { leftBehind, timedOut },
    { leftBehind: 0, timedOut: 0 },
    'none is ever released: all begin anew',
  );
});

test('Spot interrupts 60 instances at once, in an account with few requests left: each task is asked to stop before', {
  timeout: 120_000,
}, async () => {
  const ecsReads = { burst: 20, perSecond: 4 };
  const { tasksAsked, tasksUnasked, asked } = await figures({ ...hours, isSpot: true, agents: 60, ecsReads });
  assert.equal(tasksUnasked, 0, 'tasks were ended without a SIGTERM');
  assert.ok(tasksAsked >= 100, `only ${tasksAsked} tasks ran: this shows nothing`);
  assert.ok(asked.max <= 100 * SECOND, `the last one had ${120 - asked.max / SECOND} s left`);
});

const hours = { tasksMs: 2 * HOUR };
const overloaded = (agents: number) => ({
  agents,
  tasksMs: 10 * SECOND,
  ecsReads: { burst: agents / 10, perSecond: agents / 60 },
});

test('100 agents that drain at once keep all that is promised for a fleet', {
  timeout: 120_000,
}, async () => {
  assert.deepEqual(judge(await figures({ agents: 100 })), { F1: 'kept', F2: 'kept', F3: 'kept', F4: 'kept' });
});

test('the limits are felt: one drainer that asks for each of 300 instances every 10 s is late', async () => {
  const { throttled, releasedInTime } = await figures({ agents: 300, program: 'central-drainer' });
  assert.ok(throttled > 1_000, `${throttled} requests were throttled`);
  assert.ok(releasedInTime < 0.9, `${releasedInTime} were released within 5 s`);
});

test('three minutes without AWS end hooks of one minute: a fleet that is lost is counted as lost', async () => {
  const { timedOut, tasksCut } = await figures({ agents: 10, hookMs: MINUTE, outageMs: 3 * MINUTE });
  assert.equal(timedOut, 10);
  assert.ok(tasksCut >= 5, `${tasksCut} tasks were cut short`);
});

test('the same scenario comes to the same figures', async () => {
  const changes = { agents: 20, autoScaling: { burst: 5, perSecond: 2 } };
  assert.deepEqual(await figures(changes), await figures(changes));
});
