import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HooksResult } from '../../../src/operator-hooks/operator-hooks.ts';
import { type AgentOptions, busy, failed, known, manual, scriptAgent, waits } from './scripted-agent.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/**
 * A drain is cancelled, and its instance set ACTIVE; but the answer is lost, so that it counts as still to be given back. Then
 * tasks come, and something asks for it again.
 */
async function drainTwice(options: AgentOptions) {
  const agent = scriptAgent(options);
  await agent.pass(10 * SECOND);
  agent.says.signal = known({
    source: 'scheduled',
    code: 'system-reboot',
    eventId: 'e',
    notBefore: agent.clock.now() + 120 * MINUTE,
  });
  await agent.pass(2 * MINUTE);
  agent.outcomes['set-active'] = { kind: 'failed', error: failed('transient') };
  agent.says.signal = known(undefined);
  for (let times = 0; times < 100 && !agent.did.some((one) => one.endsWith('set-active')); times++)
    await agent.pass(100);
  Object.assign(agent.says, { ...busy(), status: 'ACTIVE', signal: known(manual), lifecycle: waits });
  await agent.pass(3 * MINUTE);
  return agent;
}

describe('a drain that begins before the last one was given back', () => {
  it('runs the operator’s hooks of its own: what they save would be lost with the instance', async () => {
    const agent = await drainTwice({ hooks: { draining: 'succeeded', drained: 'succeeded' } });
    Object.assign(agent.says, { tasks: [], localTasks: known([]) });
    await agent.pass(MINUTE);
    assert.deepEqual(
      agent.ran.map(({ stage }) => stage),
      ['draining', 'drained', 'draining', 'drained', 'released'],
    );
    assert.match(agent.did.at(-1) ?? '', /complete/);
  });
  it('takes none of those that still ran for the last one for its own', async () => {
    const { promise, resolve } = Promise.withResolvers<HooksResult>();
    const hooks: NonNullable<AgentOptions['hooks']> = { drained: promise };
    const agent = await drainTwice({ hooks });
    Object.assign(hooks, { drained: 'succeeded' });
    resolve('succeeded');
    Object.assign(agent.says, { tasks: [], localTasks: known([]) });
    await agent.pass(MINUTE);
    assert.deepEqual(
      agent.ran.map(({ stage }) => stage),
      ['draining', 'drained', 'draining', 'drained', 'released'],
    );
  });
  it('counts its own limit, where both are lifecycle events: its tasks would be stopped too early', async () => {
    const agent = scriptAgent({ policy: { drainTimeout: 5 * MINUTE, onTimeout: 'stop-tasks' } });
    const event = (eventAt: number) => known({ source: 'tag', value: `time=${eventAt}`, eventAt } as const);
    const hooks = [{ name: 'drain', heartbeatTimeout: 30 * SECOND, globalTimeout: 50 * MINUTE }];
    Object.assign(agent.says, { ...busy(), hooks, lifecycle: waits, signal: event(agent.clock.now()) });
    await agent.pass(30 * SECOND);
    agent.outcomes['set-active'] = { kind: 'failed', error: failed('transient') };
    agent.outcomes.heartbeat = { kind: 'nothing-waiting' };
    agent.says.lifecycle = { ...waits, state: 'InService' };
    for (let times = 0; times < 1_800 && !agent.did.some((one) => one.endsWith('set-active')); times++)
      await agent.pass(100);
    const again = agent.clock.monotonic() / SECOND;
    Object.assign(agent.says, { status: 'ACTIVE', lifecycle: waits, signal: event(agent.clock.now()) });
    await agent.pass(7 * MINUTE);
    const stopped = agent.did.find((one) => one.endsWith('stop-tasks'));
    const after = Number(stopped?.split(' ')[0]) - again;
    assert.ok(after >= 300 && after < 310, `${stopped}, ${after} s after it began`);
  });
  it('tells once more that its limit has passed: nobody would learn why its tasks are stopped', async () => {
    const agent = await drainTwice({
      policy: { drainTimeout: MINUTE, onTimeout: 'stop-tasks' },
      says: busy(),
    });
    assert.equal(agent.events().filter((event) => event === 'drain.timeout').length, 2);
  });
});
