import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Outcome } from '../../../src/agent/model.ts';
import {
  type AgentOptions,
  begin,
  busy,
  failed,
  known,
  local,
  manual,
  START,
  scriptAgent,
  task,
  unknown,
  waits,
} from './scripted-agent.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** Its action is abandoned after 5 min. */
const hook = { name: 'drain', heartbeatTimeout: MINUTE, globalTimeout: 10 * MINUTE };

describe('at the operator’s limit, where the first dozen tasks are refused for ever,', () => {
  it('the others are asked all the same: they would run for ever', async () => {
    const many = Array.from({ length: 14 }, (_, index) => ({ ...task, arn: `${task.arn}${index}` }));
    const localTasks = many.map(({ arn }) => ({ ...local, arn }));
    const agent = scriptAgent({ policy: { drainTimeout: MINUTE, onTimeout: 'stop-tasks' } });
    const refused = many.slice(0, 12);
    agent.outcomes['stop-tasks'] = { kind: 'failed', error: failed('rejected'), refused };
    await begin(agent, { tasks: many, localTasks: known(localTasks) });
    await agent.pass(3 * MINUTE);
    const tried = agent.mutations.flatMap((one) => (one.kind === 'stop-tasks' ? one.tasks : []));
    assert.equal(new Set(tried.map(({ arn }) => arn)).size, 14);
  });
});

const nowhere: readonly (readonly [string, Outcome])[] = [
  ['somebody else has ended the action, and another hook holds the instance', { kind: 'nothing-waiting' }],
  ['Auto Scaling is down', { kind: 'failed', error: failed('transient') }],
  ['Auto Scaling throttles', { kind: 'failed', error: failed('throttled') }],
];

for (const [why, outcome] of nowhere)
  describe(`near the hook’s limit, where ${why},`, () => {
    const drain = async (policy: NonNullable<AgentOptions['policy']>, forMs: number) => {
      const agent = scriptAgent({ policy, says: { hooks: [hook], retains: true } });
      Object.assign(agent.outcomes, { complete: outcome, heartbeat: outcome });
      await begin(agent, busy());
      await agent.pass(forMs);
      return agent;
    };
    const times = (did: readonly string[], what: string) =>
      did.filter((one) => one.endsWith(` s ${what}`)).map((one) => Number(one.split(' ')[0]));

    it('the tasks are asked to stop 30 s before a Spot interruption: they would be cut off', async () => {
      const agent = await drain({}, 7 * MINUTE);
      const interruptionAt = agent.clock.now() + 2 * MINUTE;
      agent.says.other = { source: 'spot', action: 'terminate', interruptionAt };
      await agent.pass(125 * SECOND);
      const [askedAt = Infinity] = times(agent.did, 'stop-tasks');
      const dueAt = 10 + 7 * 60 + 90;
      assert.ok(askedAt >= dueAt && askedAt <= dueAt + 1, `asked at ${askedAt} s, and ${dueAt} was due`);
    });
    it('they are asked to stop at the operator’s limit: they would run for ever', async () => {
      const agent = await drain({ drainTimeout: 8 * MINUTE, onTimeout: 'stop-tasks' }, 10 * MINUTE);
      const [askedAt = Infinity] = times(agent.did, 'stop-tasks');
      assert.ok(askedAt < 15 + 8 * 60 + 15, `asked at ${askedAt} s`);
    });
    it('an instance that somebody sets ACTIVE is set DRAINING again: it would go on taking tasks', async () => {
      const agent = await drain({}, 6 * MINUTE);
      agent.says.status = 'ACTIVE';
      await agent.pass(6 * MINUTE);
      assert.equal(agent.says.status, 'DRAINING');
    });
    it('the abandon is tried again: the instance would be terminated with its tasks', async () => {
      const agent = await drain({}, 9 * MINUTE);
      const tried = times(agent.did, 'complete');
      assert.ok(tried.length >= 4, agent.did.join());
      agent.outcomes.complete = { kind: 'done' };
      await agent.pass(5 * MINUTE);
      assert.ok(agent.events().includes('lifecycle.abandoned'));
    });
  });

describe('the global limit of a hook that was not known to wait for minutes', () => {
  const lifecycle = { source: 'lifecycle' } as const;
  const late = { name: 'drain', heartbeatTimeout: 30 * MINUTE, globalTimeout: 60 * MINUTE };
  const says = { ...busy(), hooks: [late], retains: true, lifecycle: waits } as const;
  const cutOff = 'the group’s default result ends the tasks';
  const abandonedAt = (agent: ReturnType<typeof scriptAgent>) => {
    assert.ok(agent.events().includes('lifecycle.abandoned'), cutOff);
    return Number(agent.did.find((one) => one.endsWith(' complete'))?.split(' ')[0]);
  };

  it('counts from the signal, where Auto Scaling answered nothing for 15 min', async () => {
    const agent = scriptAgent({ groupInMetadata: { ...waits, state: 'Terminating', from: 'metadata' } });
    const outage = { kind: 'failed', error: failed('transient') } as const;
    await agent.pass(10 * SECOND);
    agent.outcomes.heartbeat = outage;
    const { error } = outage;
    Object.assign(agent.says, { ...says, signal: known(lifecycle), lifecycle: error, hooks: error });
    await agent.pass(15 * MINUTE);
    delete agent.outcomes.heartbeat;
    Object.assign(agent.says, says);
    await agent.pass(50 * MINUTE);
    assert.ok(abandonedAt(agent) <= 15 + 55 * 60, cutOff);
  });
  it('counts from the signal that the process before has saved', async () => {
    const signalledAt = START - 15 * MINUTE;
    const memory = { signalledAt, signals: [lifecycle], drainingSetAt: signalledAt };
    const agent = scriptAgent({ memory, says: { ...says, status: 'DRAINING', signal: known(lifecycle) } });
    await agent.pass(60 * MINUTE);
    assert.ok(abandonedAt(agent) <= (55 - 15) * 60 + 1, cutOff);
  });
});

describe('a group that has retained an instance, whose policy is removed,', () => {
  const ended = 'the agent itself ends the task: the group does not retain any more';
  it('is waited with when it terminates the instance once more, though the tag still tells of the first event', async () => {
    const agent = scriptAgent({ says: { hooks: [hook], retains: true } });
    await agent.pass(10 * SECOND);
    const eventAt = agent.clock.now();
    await begin(agent, {
      ...busy(),
      signal: known({ source: 'tag', value: `time=${eventAt}`, eventAt } as const),
    });
    await agent.pass(12 * MINUTE);
    assert.deepEqual(agent.says.lifecycle, { ...waits, state: 'Terminating:Retained' });
    Object.assign(agent.says, { retains: false, lifecycle: waits });
    await agent.pass(9 * MINUTE);
    assert.equal(agent.did.filter((one) => one.endsWith(' complete')).length, 1, ended);
  });
  it('is asked once more before the action is abandoned, where only the process before had its answer', async () => {
    const since = START - 8 * MINUTE;
    const waiting = { since, group: 'web-asg', hook };
    const memory = { signalledAt: since, signals: [manual], drainingSetAt: since, waiting, retains: true };
    const agent = scriptAgent({
      memory,
      says: { ...busy(), hooks: [hook], status: 'DRAINING', signal: known(manual), lifecycle: waits },
    });
    await agent.pass(MINUTE);
    assert.ok(!agent.did.some((one) => one.endsWith(' complete')), ended);
  });
});

describe('at an operator’s limit, where ECS counts a task and lists none,', () => {
  const view = unknown('ECS counts 1 task on the container instance, and lists none');
  const drain = async (retains: boolean) => {
    const agent = scriptAgent({
      policy: { drainTimeout: 20 * MINUTE, onTimeout: 'abandon' },
      says: { status: 'DRAINING', retains },
    });
    await begin(agent, { ...busy(), view });
    await agent.pass(30 * MINUTE);
    return agent.did.filter((one) => one.endsWith(' complete'));
  };
  it('a group that retains is told to: the limit would never take effect', async () =>
    assert.deepEqual(await drain(true), ['1215 s complete']));
  it('another one is not: what runs would end with the instance', async () =>
    assert.deepEqual(await drain(false), []));
});

describe('an operator who asks for an instance that its group began to take out ten minutes ago, unheard since,', () => {
  it('has it deregistered after half a minute: its root volume may be about to be replaced', async () => {
    const agent = scriptAgent();
    await agent.pass(10 * SECOND);
    const silent = failed('transient');
    Object.assign(agent.says, { signal: known({ source: 'lifecycle' } as const), lifecycle: silent });
    await agent.pass(10 * MINUTE);
    agent.says.other = manual;
    await agent.pass(2 * MINUTE);
    const [at = NaN] = agent.did
      .filter((one) => one.endsWith(' deregister'))
      .map((one) => Number(one.split(' ')[0]));
    assert.ok(at >= 610 + 30 && at <= 610 + 40, `deregistered at ${at} s, and asked for at 610 s`);
  });
});

describe('a second Spot notice in one drain, hours after the first, whose host was only stopped,', () => {
  it('asks the tasks to stop 30 s before its own interruption: they would lose 90 s', async () => {
    const agent = scriptAgent();
    const spot = () =>
      ({ source: 'spot', action: 'stop', interruptionAt: agent.clock.now() + 2 * MINUTE }) as const;
    await begin(agent, { ...busy(), lifecycle: { kind: 'in-group', group: 'web-asg', state: 'InService' } });
    agent.says.other = spot();
    await agent.pass(10 * SECOND);
    Object.assign(agent.says, { other: undefined, signal: known(manual) });
    await agent.pass(10 * MINUTE);
    agent.says.other = spot();
    await agent.pass(85 * SECOND);
    assert.deepEqual(agent.did, ['15 s set-draining']);
    await agent.pass(10 * SECOND);
    assert.deepEqual(agent.did.slice(1), ['710 s stop-tasks']);
  });
});

it('a Spot notice whose source falls silent still has the tasks asked to stop in time: they would end without SIGTERM', async () => {
  const agent = scriptAgent({ says: { ...busy(), other: manual } });
  const interruptionAt = agent.clock.now() + 2 * MINUTE;
  agent.says.signal = known({ source: 'spot', action: 'terminate', interruptionAt });
  await agent.pass(MINUTE);
  agent.says.signal = unknown('IMDS timed out');
  await agent.pass(MINUTE);
  assert.deepEqual(
    agent.did.filter((one) => one.endsWith('stop-tasks')),
    ['90 s stop-tasks'],
  );
});
