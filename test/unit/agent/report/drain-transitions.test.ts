import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { begin, busy, failed, hook, scriptAgent, waits } from '../scripted-agent.ts';

const MINUTE = 60_000;

describe('that the hook’s limit is near', () => {
  const told = (agent: ReturnType<typeof scriptAgent>) =>
    agent.events().filter((event) => event === 'drain.limit-near').length;

  const near = { ...busy(), hooks: [{ ...hook, globalTimeout: 12 * MINUTE }] };

  it('is said once, and in the last ten minutes after each look at ECS', async () => {
    const agent = scriptAgent();
    await begin(agent, near);
    await agent.pass(MINUTE);
    assert.equal(told(agent), 1, 'nobody learns of it in time');
    await agent.pass(10 * MINUTE);
    assert.ok(told(agent) > 1, 'the tasks that are named are those of long ago');
  });
  it('is not said once it has passed: an instance that outlives it would fill the log', async () => {
    const agent = scriptAgent();
    await begin(agent, near);
    await agent.pass(13 * MINUTE);
    const before = told(agent);
    await agent.pass(10 * MINUTE);
    assert.equal(told(agent), before);
  });
});

describe('that the instance is released, while another owner’s hook holds it', () => {
  const held = async () => {
    const agent = scriptAgent();
    await begin(agent);
    await agent.pass(10_000);
    // Our own action has ended, and the instance still waits.
    agent.says.lifecycle = waits;
    agent.outcomes.complete = { kind: 'nothing-waiting' };
    await agent.pass(5 * MINUTE);
    return agent;
  };

  it('is said once, though the completion is repeated', async () => {
    const agent = await held();
    const saidBefore = agent.events().filter((event) => event === 'drain.done').length;
    const did = agent.did.length;
    await agent.pass(30 * MINUTE);
    assert.ok(agent.did.length > did, 'nothing is repeated');
    const said = agent.events().filter((event) => event === 'drain.done').length;
    assert.equal(said, saidBefore, 'the log fills with ends of one drain');
  });
  it('is reported while the completion is repeated and does not get through', async () => {
    const agent = await held();
    agent.outcomes.complete = { kind: 'failed', error: failed('transient') };
    await agent.pass(10 * MINUTE);
    assert.equal(agent.report()?.state, 'released', 'somebody is told that a drain goes on');
  });
});

describe('what a drain waits for in mode deregister, where ECS is asked again and again whether any task is left,', () => {
  const trying = async (more: Parameters<typeof scriptAgent>[0] = {}) => {
    const agent = scriptAgent({ ...more, policy: { mode: 'deregister', ...more?.policy } });
    agent.outcomes.deregister = { kind: 'tasks-running' };
    await begin(agent, { ...busy(), status: 'ACTIVE' });
    return agent;
  };

  it('is said once a minute', async () => {
    const agent = await trying();
    await agent.pass(3 * MINUTE);
    const said = agent.events().filter((event) => event === 'drain.progress').length;
    assert.equal(said, 3, 'nobody learns for hours what holds the instance');
    assert.match(
      agent.report()?.summary ?? '',
      /^draining: 1 task left.*; deregistering the container instance$/,
    );
  });
  it('is said when the drain timeout has passed', async () => {
    const agent = await trying({ policy: { drainTimeout: MINUTE } });
    await agent.pass(2 * MINUTE);
    assert.equal(agent.events().filter((event) => event === 'drain.timeout').length, 1);
  });
});
