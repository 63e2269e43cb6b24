import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Outcome } from '../../../src/agent/model.ts';
import {
  type AgentOptions,
  begin,
  busy,
  failed,
  known,
  manual,
  scriptAgent,
  unknown,
} from './scripted-agent.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** Its action is abandoned after 5 min. */
const hook = { name: 'drain', heartbeatTimeout: MINUTE, globalTimeout: 10 * MINUTE };

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
