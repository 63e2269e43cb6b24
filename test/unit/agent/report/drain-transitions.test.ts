import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { begin, busy, hook, scriptAgent } from '../scripted-agent.ts';

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
