import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EcsView } from '../../../src/agent/model.ts';
import type { HooksResult } from '../../../src/operator-hooks/operator-hooks.ts';
import {
  type AgentOptions,
  busy,
  CI,
  failed,
  known,
  local,
  manual,
  START,
  scriptAgent,
  task,
  waits,
} from './scripted-agent.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/**
 * A drain is cancelled, and its instance set ACTIVE; but the answer is lost, so that it counts as still to be given back. Then
 * tasks come, and something asks for it again.
 */
async function drainTwice(options: AgentOptions, outcomes: ReturnType<typeof scriptAgent>['outcomes'] = {}) {
  const agent = scriptAgent(options);
  Object.assign(agent.outcomes, outcomes);
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
  const { says = {} } = options;
  const again = { status: 'ACTIVE', signal: known(manual), lifecycle: waits };
  Object.assign(agent.says, { ...busy(), ...says, ...again });
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
  it('asks tasks to stop in the same order as the last one did: those that it could not ask are no worse than others', async () => {
    const many = Array.from({ length: 13 }, (_, index) => ({ ...task, arn: `${task.arn}${index}` }));
    const localTasks = known(many.map(({ arn }) => ({ ...local, arn })));
    const refused = { kind: 'failed', error: failed('rejected'), refused: many.slice(0, 12) } as const;
    const limited = { drainTimeout: MINUTE, onTimeout: 'stop-tasks' } as const;
    const agent = await drainTwice(
      { policy: limited, says: { tasks: many, localTasks } },
      { 'stop-tasks': refused },
    );
    const drains = agent.mutations.map(({ kind }) => kind);
    const from = drains.lastIndexOf('set-draining');
    const asked = (mutations: typeof agent.mutations) =>
      mutations.flatMap((one) => (one.kind === 'stop-tasks' ? [one.tasks.map(({ arn }) => arn)] : []))[0];
    const first = asked(agent.mutations);
    assert.equal(first?.length, 12);
    assert.deepEqual(asked(agent.mutations.slice(from)), first);
  });
  it('goes on where a task of the last one could not be asked to stop, and keeps what it is about', async () => {
    const refused = { kind: 'failed', error: failed('rejected'), refused: [task] } as const;
    const limited = { drainTimeout: MINUTE, onTimeout: 'stop-tasks' } as const;
    const agent = await drainTwice({ policy: limited, says: busy() }, { 'stop-tasks': refused });
    const last = agent.did.findLastIndex((one) => one.endsWith('set-active'));
    const since = agent.did.slice(last + 1).map((one) => one.replace(/.* s /, ''));
    assert.ok(since.includes('set-draining'), 'tasks would be placed on it until it ends');
    assert.ok(since.includes('stop-tasks'), 'its limit would never take effect');
    assert.ok(
      agent.saved.every((memory) => memory !== undefined),
      'a restart would find nothing',
    );
  });
});

describe('DRAINING that the agent has set, on a host that has registered anew since,', () => {
  const other = CI.replace(/1$/, '2');
  const view = known<EcsView>({
    containerInstance: { kind: 'registered', cluster: 'web', arn: other, status: 'DRAINING' },
    tasks: known([]),
    isListed: true,
    requests: 2,
    heard: other,
    own: [],
    gone: [],
  });
  const anew = { registration: known({ cluster: 'web', containerInstanceArn: other }), view };

  it('is not what it is now: an operator’s own DRAINING would be undone', async () => {
    const agent = scriptAgent({ says: { ...busy(), signal: known(manual) } });
    await agent.pass(20 * SECOND);
    assert.deepEqual(agent.did, ['0 s set-draining']);
    Object.assign(agent.says, anew);
    await agent.pass(MINUTE);
    agent.says.signal = known(undefined);
    await agent.pass(MINUTE);
    assert.deepEqual(agent.did.slice(1), []);
    assert.deepEqual(agent.events().slice(-2), ['drain.not-ours', 'agent.watching']);
  });
  it('is not after a restart either', async () => {
    const memory = { drainingSetAt: START - MINUTE, drainingSetOn: CI };
    const agent = scriptAgent({ memory, says: anew });
    await agent.pass(MINUTE);
    assert.deepEqual(agent.did, []);
  });
  it('counts for whatever it is where an earlier version has not written on what: it would stay DRAINING', async () => {
    const agent = scriptAgent({ memory: { drainingSetAt: START - MINUTE }, says: anew });
    await agent.pass(MINUTE);
    assert.deepEqual(
      agent.mutations
        .map((one) => [one.kind, 'containerInstance' in one && one.containerInstance.arn])
        .slice(0, 1),
      [['set-active', other]],
    );
  });
});
