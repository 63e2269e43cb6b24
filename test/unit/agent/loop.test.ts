import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EcsView } from '../../../src/agent/model.ts';
import type { Reading } from '../../../src/base/reading.ts';
import {
  begin,
  busy,
  CI,
  failed,
  hook,
  known,
  manual,
  OWN,
  START,
  scriptAgent,
  task,
  unknown,
  waits,
} from './scripted-agent.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
type Agent = ReturnType<typeof scriptAgent>;
/** The signal goes, and the group keeps the instance. */
const withdrawn = { signal: known(undefined), lifecycle: { ...waits, state: 'InService' } } as const;

/** The last task ends: the ECS agent says so at once, ECS a moment later. */
async function end(agent: Agent, afterMs = 2 * SECOND) {
  agent.says.localTasks = known([]);
  await agent.pass(afterMs);
  agent.says.tasks = [];
}

describe('while nothing asks for the instance', () => {
  it('the signals are asked for every 5 s, who this is and what it is registered as every minute, and AWS never', async () => {
    const agent = scriptAgent();
    await agent.pass(2 * MINUTE - 1);
    assert.deepEqual(
      agent.times('signals'),
      Array.from({ length: 24 }, (_, index) => index * 5),
    );
    assert.deepEqual(agent.times('identity'), [0, 60]);
    assert.deepEqual(agent.times('registration'), [0, 60]);
    assert.deepEqual(
      new Set(agent.asked.map((one) => one.replace(/^[\d.]+ s /, ''))),
      new Set(['signals', 'identity', 'registration']),
    );
    assert.deepEqual([agent.did, agent.saved], [[], []]);
  });
  it('that is said once', async () => {
    const agent = scriptAgent();
    await agent.pass(MINUTE);
    assert.deepEqual(
      agent.said.map(({ event, message, fields }) => [event, message, fields]),
      [['agent.watching', 'watching tag x', { instanceId: OWN }]],
    );
    assert.equal(agent.report()?.state, 'watching');
  });
  it('the loop sleeps until the next question is due', async () => {
    const agent = scriptAgent();
    await agent.pass(MINUTE - 1);
    assert.ok(agent.sleeps.length <= 30, `it woke ${agent.sleeps.length} times in a minute`);
  });
  it('the signals are asked for at times of its own, jittered by a fifth anew each time', async () => {
    const agent = scriptAgent({ random: [0, 0.5, 1] });
    await agent.pass(19 * SECOND);
    assert.deepEqual(agent.times('signals'), [0, 5, 11, 15]);
  });
  it('it is not said again when metadata was silent for a while', async () => {
    const agent = scriptAgent();
    await agent.pass(6 * SECOND);
    agent.says.signal = unknown('silent');
    await agent.pass(MINUTE);
    agent.says.signal = known(undefined);
    await agent.pass(MINUTE);
    assert.equal(agent.events().filter((event) => event === 'agent.watching').length, 1);
  });
  it('it is not said while metadata is silent', async () => {
    const agent = scriptAgent({ says: { signal: unknown('silent') } });
    await agent.pass(10 * SECOND);
    assert.deepEqual(agent.events(), []);
  });
  it('what the ECS agent says that this host is is asked every 5 s until it answers', async () => {
    const agent = scriptAgent({ says: { registration: unknown('refused') } });
    await agent.pass(11 * SECOND);
    assert.deepEqual(agent.times('registration'), [0, 5, 10]);
  });
  it('the agent stops at once when it is told to', async () => {
    const agent = scriptAgent();
    await agent.pass(7 * SECOND);
    agent.stop.abort();
    await agent.pass(0);
    assert.equal(agent.isOver(), true);
  });
});

describe('a drain', () => {
  it('sets DRAINING and records a heartbeat at once, waits for the task, deregisters and completes', async () => {
    const agent = scriptAgent();
    await begin(agent, busy());
    await agent.pass(10 * SECOND);
    assert.deepEqual(agent.did, ['15 s set-draining', '15 s heartbeat']);
    await end(agent);
    await agent.pass(10 * SECOND);
    assert.deepEqual(agent.did.slice(2), ['23 s deregister', '23 s complete']);
    assert.deepEqual(agent.mutations.at(-1), {
      kind: 'complete',
      group: 'web-asg',
      hook: 'drain',
      result: 'CONTINUE',
      why: 'drained',
    });
    assert.deepEqual(agent.events(), [
      'agent.watching',
      'drain.signalled',
      'drain.draining',
      'drain.progress',
      'lifecycle.heartbeat',
      'drain.deregistered',
      'lifecycle.completed',
      'drain.done',
    ]);
  });
  it('waits for a task that only the ECS agent still lists', async () => {
    const agent = scriptAgent();
    await begin(agent, busy());
    await agent.pass(10 * SECOND);
    agent.says.tasks = [];
    await agent.pass(MINUTE);
    assert.deepEqual(agent.did, ['15 s set-draining', '15 s heartbeat'], 'the task would be cut short');
  });
  it('waits while it is not known what the ECS agent says', async () => {
    const agent = scriptAgent();
    const { promise, resolve } = Promise.withResolvers<Agent['says']['localTasks']>();
    await begin(agent, { localTasks: promise as Promise<never> });
    await agent.pass(MINUTE);
    assert.deepEqual(agent.did, ['15 s set-draining', '15 s heartbeat'], 'it may list a task that runs');
    resolve(known([]));
    await agent.pass(SECOND);
    assert.equal(agent.did.at(-2), '70 s deregister');
  });
  it('sends heartbeats every tenth minute while tasks run, by a time-out of an hour', async () => {
    const agent = scriptAgent();
    await begin(agent, busy());
    await agent.pass(31 * MINUTE);
    assert.deepEqual(agent.did, [
      '15 s set-draining',
      '15 s heartbeat',
      '615 s heartbeat',
      '1215 s heartbeat',
      '1815 s heartbeat',
    ]);
  });
  it('tries what failed again, a second later and then every five, and says so nowhere itself', async () => {
    const agent = scriptAgent();
    agent.outcomes['set-draining'] = { kind: 'failed', error: failed('transient') };
    await begin(agent, busy());
    await agent.pass(18 * SECOND);
    assert.deepEqual(
      agent.did.filter((one) => one.endsWith('set-draining')),
      ['15 s set-draining', '16.1 s set-draining', '21.6 s set-draining', '27.1 s set-draining'],
    );
  });
  it('tells what has changed with its facts', async () => {
    const agent = scriptAgent();
    await begin(agent, busy());
    await agent.pass(10 * SECOND);
    const { fields } = agent.said.find(({ event }) => event === 'lifecycle.heartbeat') ?? {};
    assert.equal(fields?.instanceId, OWN);
    assert.equal(fields?.hook, 'drain');
    assert.equal(fields?.group, 'web-asg');
  });
  it('tells with --log-level debug what is observed and decided, and else not', async () => {
    for (const [logLevel, expected] of [
      ['debug', true],
      ['info', false],
    ] as const) {
      const agent = scriptAgent({ policy: { logLevel } });
      await begin(agent);
      await agent.pass(10 * SECOND);
      assert.equal(
        agent.events().some((event) => event.startsWith('debug.') || event.startsWith('trace.')),
        expected,
        agent.events().join(),
      );
    }
  });
});

describe('a drain that is cancelled', () => {
  it('gives the instance back, and nothing of it is kept', async () => {
    const agent = scriptAgent();
    await begin(agent, { ...busy(), lifecycle: { ...waits, state: 'InService' } });
    await agent.pass(10 * SECOND);
    agent.says.signal = known(undefined);
    await agent.pass(10 * SECOND);
    assert.deepEqual(agent.did, ['15 s set-draining', '25 s set-active']);
    assert.deepEqual(agent.saved.at(-1), {});
    assert.deepEqual(agent.events().slice(-3), ['drain.progress', 'drain.cancelled', 'agent.watching']);
    const before = agent.asked.length;
    await agent.pass(MINUTE - SECOND);
    assert.deepEqual(
      agent.asked.slice(before).filter((one) => !/signals|identity|registration/.test(one)),
      [],
      'AWS would be asked for ever',
    );
  });
  it('leaves DRAINING that somebody else has set, and says so', async () => {
    const agent = scriptAgent();
    await begin(agent, { ...busy(), status: 'DRAINING' });
    await agent.pass(10 * SECOND);
    Object.assign(agent.says, withdrawn);
    await agent.pass(40 * SECOND);
    assert.deepEqual(agent.did, ['15 s heartbeat']);
    assert.deepEqual(agent.events().slice(-2), ['drain.not-ours', 'agent.watching']);
  });
  it('too late says so: it cannot be registered again', async () => {
    const agent = scriptAgent();
    await begin(agent, { lifecycle: { ...waits, state: 'InService' } });
    await agent.pass(10 * SECOND);
    agent.says.signal = known(undefined);
    await agent.pass(10 * SECOND);
    assert.deepEqual(agent.did, ['15 s set-draining', '15 s deregister']);
    assert.deepEqual(agent.events().slice(-2), ['drain.cancelled-too-late', 'agent.watching']);
    assert.deepEqual(agent.saved.at(-1), {}, 'after a restart it would be taken for a drain');
  });
  it('too late, of an instance that somebody else had set DRAINING, says so as well', async () => {
    const agent = scriptAgent();
    await begin(agent, { status: 'DRAINING', lifecycle: { ...waits, state: 'InService' } });
    await agent.pass(10 * SECOND);
    agent.says.signal = known(undefined);
    await agent.pass(10 * SECOND);
    assert.deepEqual(agent.did, ['15 s deregister']);
    assert.deepEqual(
      agent.events().filter((event) => event.startsWith('drain.cancelled') || event === 'drain.not-ours'),
      ['drain.cancelled-too-late'],
    );
  });
  it('hears no more of what was on its way: its heartbeat would count for the next', async () => {
    const agent = scriptAgent();
    const answer = Promise.withResolvers<{ kind: 'done' }>();
    agent.outcomes.heartbeat = answer.promise;
    await begin(agent, { ...busy(), status: 'DRAINING' });
    await agent.pass(10 * SECOND);
    Object.assign(agent.says, withdrawn);
    await agent.pass(40 * SECOND);
    answer.resolve({ kind: 'done' });
    await agent.pass(SECOND);
    assert.equal(agent.events().includes('lifecycle.heartbeat'), false);
    delete agent.outcomes.heartbeat;
    Object.assign(agent.says, { signal: known(manual), lifecycle: waits });
    await agent.pass(10 * SECOND);
    assert.deepEqual(agent.did, ['15 s heartbeat', '65 s heartbeat'], 'the next hook would time out');
  });
  it('learns nothing from an answer that comes after its end', async () => {
    const agent = scriptAgent();
    const { promise, resolve } = Promise.withResolvers<Reading<EcsView>>();
    await begin(agent, { ...busy(), view: promise, lifecycle: withdrawn.lifecycle });
    await agent.pass(10 * SECOND);
    agent.says.signal = known(undefined);
    await agent.pass(10 * SECOND);
    const containerInstance = { kind: 'deregistered', arn: CI } as const;
    const answer = { isListed: true, requests: 2, heard: CI, own: [], gone: [] };
    resolve(known({ ...answer, containerInstance, tasks: known([]) }));
    await agent.pass(SECOND);
    assert.deepEqual(agent.views, [], 'the next drain would count it as its own');
  });
  it('learns nothing from a change that is answered after its end', async () => {
    const agent = scriptAgent();
    const answer = Promise.withResolvers<{ kind: 'tasks-running' }>();
    agent.outcomes.deregister = answer.promise;
    await begin(agent, { status: 'DRAINING', lifecycle: withdrawn.lifecycle });
    await agent.pass(10 * SECOND);
    agent.says.signal = known(undefined);
    await agent.pass(10 * SECOND);
    const saved = agent.saved.length;
    answer.resolve({ kind: 'tasks-running' });
    await agent.pass(10 * SECOND);
    assert.equal(agent.saved.length, saved);
    assert.equal(agent.events().includes('drain.refused'), false);
  });
  it('tells of a change that AWS has made after its end', async () => {
    const agent = scriptAgent();
    const answer = Promise.withResolvers<{ kind: 'done' }>();
    agent.outcomes.deregister = answer.promise;
    await begin(agent, { status: 'DRAINING', lifecycle: withdrawn.lifecycle });
    await agent.pass(10 * SECOND);
    agent.says.signal = known(undefined);
    await agent.pass(10 * SECOND);
    const saved = agent.saved.length;
    answer.resolve({ kind: 'done' });
    await agent.pass(SECOND);
    assert.equal(
      agent.events().includes('drain.deregistered'),
      true,
      'nobody learns why ECS lost the instance',
    );
    assert.equal(agent.saved.length, saved);
  });
});

describe('a drain whose signal goes while the group itself terminates the instance', () => {
  const gone = async (options: Parameters<typeof scriptAgent>[0], more: Parameters<typeof begin>[1] = {}) => {
    const agent = scriptAgent(options);
    await begin(agent, { ...busy(), ...more });
    await agent.pass(MINUTE);
    agent.says.signal = known(undefined);
    return agent;
  };
  const isGivenTasks = ({ did }: Agent) => did.some((one) => one.includes('set-active'));

  it('goes on to its end: the group never takes that back, and new tasks would end with it', async () => {
    const agent = await gone({ policy: { signals: ['tag'] } });
    const before = agent.did.length;
    await agent.pass(25 * MINUTE);
    assert.equal(isGivenTasks(agent), false, 'it is given tasks that end with it');
    assert.ok(
      agent.did.slice(before).length >= 2,
      'no heartbeat is recorded: its hook times out with its tasks',
    );
    await end(agent);
    await agent.pass(10 * SECOND);
    assert.deepEqual(
      agent.did.slice(-2).map((one) => one.replace(/^.* s /, '')),
      ['deregister', 'complete'],
    );
    assert.equal(agent.report()?.state, 'released');
  });
  for (const [state, wrong] of [
    ['Terminating', { kind: 'no-group' }],
    ['Terminating', withdrawn.lifecycle],
    ['Terminating:Wait', withdrawn.lifecycle],
    ['Terminating:Retained', { kind: 'no-group' }],
  ] as const)
    it(`goes on though the group, which said ${state}, says ${wrong.kind} for half a minute: a replica may be behind`, async () => {
      const right = { ...waits, state };
      const agent = await gone({ policy: { signals: ['tag'] } }, { lifecycle: right });
      await agent.pass(10 * SECOND);
      const asked = agent.times('lifecycle').length;
      agent.says.lifecycle = wrong;
      while (agent.times('lifecycle').length === asked) await agent.pass(SECOND);
      await agent.pass(28 * SECOND);
      agent.says.lifecycle = right;
      await agent.pass(20 * MINUTE);
      assert.equal(isGivenTasks(agent), false, 'it is given tasks that end with it');
      if (state !== 'Terminating:Wait') return;
      const late = 'no heartbeat is recorded: its hook times out with its tasks';
      assert.ok(agent.did.filter((one) => one.endsWith('heartbeat')).length >= 3, late);
    });
  it('is cancelled once its group has said for half a minute that it keeps the instance, also after a restart', async () => {
    const memory = {
      signalledAt: START - MINUTE,
      signals: [manual],
      drainingSetAt: START,
      isTerminating: true,
    };
    const agent = scriptAgent({
      policy: { signals: ['tag'] },
      memory,
      says: { ...busy(), status: 'DRAINING', lifecycle: withdrawn.lifecycle },
    });
    await agent.pass(29 * SECOND);
    assert.equal(isGivenTasks(agent), false, 'one answer that is behind gives it tasks that end with it');
    await agent.pass(10 * SECOND);
    assert.equal(isGivenTasks(agent), true, 'it is left DRAINING in a group that keeps it');
  });
  it('goes on though one answer contradicts the heartbeats that were recorded: it may be behind them', async () => {
    const groupInMetadata = {
      kind: 'in-group',
      group: 'web-asg',
      state: 'Terminating',
      from: 'metadata',
    } as const;
    const agent = await gone({ groupInMetadata }, { lifecycle: withdrawn.lifecycle });
    assert.ok(
      agent.did.some((one) => one.endsWith('heartbeat')),
      'none was recorded',
    );
    await agent.pass(20 * SECOND);
    agent.says.lifecycle = waits;
    await agent.pass(5 * MINUTE);
    assert.equal(isGivenTasks(agent), false, 'it is given tasks that end with it');
  });
  it('goes on though only metadata had said so, which is silent of it for a moment', async () => {
    const groupInMetadata = {
      kind: 'in-group',
      group: 'web-asg',
      state: 'Terminating',
      from: 'metadata',
    } as const;
    const agent = await gone({ groupInMetadata, policy: { drainTimeout: 2 * MINUTE } });
    await agent.pass(4 * SECOND);
    agent.says.signal = known({ source: 'lifecycle' });
    await agent.pass(MINUTE);
    assert.equal(isGivenTasks(agent), false, 'it is given tasks that end with it');
    assert.ok((agent.report()?.waitedSeconds ?? 0) > 110, 'the operator’s limit begins anew');
  });
  it('goes on while the group does not answer, where its hook was known to wait', async () => {
    const agent = await gone({});
    agent.says.lifecycle = failed('throttled');
    await agent.pass(10 * MINUTE);
    assert.equal(isGivenTasks(agent), false, 'it is given tasks that end with it');
    agent.says.lifecycle = withdrawn.lifecycle;
    await agent.pass(2 * MINUTE);
    assert.equal(isGivenTasks(agent), true, 'it is left DRAINING in a group that keeps it');
    assert.equal(agent.report()?.state, 'watching');
  });
  it('goes on though the group had been heard before it began to terminate it', async () => {
    const agent = await gone({ policy: { signals: ['tag'] } }, { lifecycle: withdrawn.lifecycle });
    agent.says.lifecycle = waits;
    await agent.pass(MINUTE);
    assert.equal(isGivenTasks(agent), false, 'it is given tasks that end with it');
  });
  it('is found after a restart by the group’s word alone', async () => {
    const memory = { signalledAt: START - MINUTE, signals: [manual], drainingSetAt: START - MINUTE } as const;
    const agent = scriptAgent({ memory, says: { ...busy(), status: 'DRAINING', lifecycle: waits } });
    await agent.pass(MINUTE);
    assert.deepEqual(
      agent.did.map((one) => one.replace(/^.* s /, '')),
      ['heartbeat'],
      'it is given tasks that end with it',
    );
  });
  it('ends where the group has retained it and does not any more', async () => {
    const agent = await gone({}, { lifecycle: { ...waits, state: 'Terminating:Retained' } });
    await agent.pass(2 * MINUTE);
    assert.equal(isGivenTasks(agent), false);
    agent.says.lifecycle = withdrawn.lifecycle;
    await agent.pass(6 * MINUTE);
    assert.equal(isGivenTasks(agent), true, 'what the group keeps stays out of its cluster for ever');
  });
});

describe('the next drain', () => {
  it('rests on nothing that the one before has seen', async () => {
    const agent = scriptAgent();
    await begin(agent, { status: 'DRAINING', lifecycle: { ...waits, state: 'InService' } });
    agent.outcomes.deregister = { kind: 'failed', error: failed('permission') };
    await agent.pass(10 * SECOND);
    agent.says.signal = known(undefined);
    await agent.pass(10 * SECOND);
    delete agent.outcomes.deregister;
    agent.did.length = 0;
    // It serves again, and has a task. ECS and the ECS agent are slow to say so.
    const { promise } = Promise.withResolvers<never>();
    Object.assign(agent.says, { ...busy(), view: promise, signal: known(manual), lifecycle: waits });
    await agent.pass(10 * SECOND);
    assert.deepEqual(agent.did, ['35 s heartbeat'], 'the task would be cut short');
  });
  it('finds nothing of one whose container instance somebody else has deregistered', async () => {
    const agent = scriptAgent();
    await begin(agent, { ...busy(), lifecycle: { ...waits, state: 'InService' } });
    await agent.pass(10 * SECOND);
    agent.says.status = undefined;
    await agent.pass(6 * MINUTE);
    agent.says.signal = known(undefined);
    await agent.pass(10 * SECOND);
    assert.equal(agent.events().at(-2), 'drain.cancelled-too-late');
    assert.deepEqual(
      agent.saved.at(-1),
      {},
      'after a restart, DRAINING of somebody else would be given back',
    );
  });
  it('says again that it watches', async () => {
    const agent = scriptAgent();
    await begin(agent, { status: 'DRAINING', ...busy() });
    await agent.pass(10 * SECOND);
    Object.assign(agent.says, withdrawn);
    await agent.pass(40 * SECOND);
    assert.equal(agent.events().filter((event) => event === 'agent.watching').length, 2);
  });
});

describe('what is kept for after a restart', () => {
  it('is what is new, and all of it once a minute: a time that passed while the agent was down is counted from there', async () => {
    const agent = scriptAgent();
    await begin(agent, { ...busy(), lifecycle: { kind: 'no-group' } });
    await agent.pass(10 * SECOND);
    const news = agent.saved.length;
    await agent.pass(2 * MINUTE + 5 * SECOND);
    assert.equal(agent.saved.length, news + 2);
    assert.deepEqual(agent.saved.at(-1), {
      signalledAt: START + 15 * SECOND,
      signals: [manual],
      drainingSetAt: START + 15 * SECOND,
      drainingSetOn: CI,
      notWaitingAt: START + 15 * SECOND,
      tasksLeft: [task.arn],
      tasksAddedAt: START + 15 * SECOND,
    });
  });
  it('is written before DRAINING is set: killed in between, it would be taken for somebody else’s', async () => {
    const agent = scriptAgent();
    agent.outcomes['set-draining'] = Promise.withResolvers<never>().promise;
    await begin(agent, busy());
    await agent.pass(5 * SECOND);
    assert.equal(agent.saved.at(-1)?.drainingSetAt, START + 15 * SECOND);
  });
  it('is not written where nothing of it is new: a heartbeat is not kept', async () => {
    const agent = scriptAgent();
    const answer = Promise.withResolvers<{ kind: 'done' }>();
    agent.outcomes.heartbeat = answer.promise;
    await begin(agent, { ...busy(), status: 'DRAINING' });
    await agent.pass(10 * SECOND);
    const saved = agent.saved.length;
    answer.resolve({ kind: 'done' });
    await agent.pass(SECOND);
    assert.equal(agent.saved.length, saved);
  });
  it('is given back, where nothing else of it was left', async () => {
    const agent = scriptAgent({ memory: { drainingSetAt: START - MINUTE }, says: { status: 'DRAINING' } });
    await agent.pass(3 * SECOND);
    assert.deepEqual(agent.did, ['0 s set-active'], 'it would stay DRAINING for good');
  });
  it('all of it each minute, to the second', async () => {
    const agent = scriptAgent();
    await begin(agent, { ...busy(), status: 'DRAINING', lifecycle: { kind: 'no-group' } });
    await agent.pass(10 * SECOND);
    const news = agent.saved.length;
    await agent.pass(55 * SECOND);
    assert.equal(agent.saved.length, news + 1, 'saved at 15 s, and again at 75 s');
  });
  it('nothing any more once the agent stops: the next process may have begun', async () => {
    const agent = scriptAgent();
    const answer = Promise.withResolvers<{ kind: 'done' }>();
    agent.outcomes.complete = answer.promise;
    await begin(agent, { status: 'DRAINING' });
    await agent.pass(10 * SECOND);
    agent.stop.abort();
    await agent.pass(0);
    const saved = agent.saved.length;
    answer.resolve({ kind: 'done' });
    await agent.pass(SECOND);
    assert.equal(agent.saved.length, saved);
  });
  it('without a signal is no drain: AWS is asked nothing', async () => {
    const agent = scriptAgent({ memory: { tasksLeft: ['t'] }, says: { signal: unknown('silent') } });
    await agent.pass(MINUTE);
    assert.deepEqual([agent.times('ECS full'), agent.times('lifecycle'), agent.did], [[], [], []]);
  });
  it('ends with its signal: no heartbeat before that was asked, for a hook that may wait no more', async () => {
    const agent = scriptAgent({
      memory: { signalledAt: START - MINUTE, signals: [manual], waiting: waited },
      says: { takesMs: SECOND },
    });
    await agent.pass(MINUTE);
    assert.deepEqual(agent.did, []);
  });
  it('is gone on with where nobody answers whether there is a signal: its hook would time out', async () => {
    const agent = scriptAgent({
      memory: { signalledAt: START - MINUTE, signals: [manual], waiting: waited },
      says: { takesMs: SECOND, signal: unknown('silent') },
    });
    await agent.pass(10 * SECOND);
    assert.ok(
      agent.did.some((one) => one.includes('heartbeat')),
      String(agent.did),
    );
  });
  it('is gone on with', async () => {
    const agent = scriptAgent({
      memory: { signalledAt: START - MINUTE, signals: [manual], drainingSetAt: START - MINUTE },
    });
    agent.says.status = 'DRAINING';
    agent.says.lifecycle = { ...waits, state: 'InService' };
    await agent.pass(3 * SECOND);
    assert.deepEqual(agent.did, ['0 s set-active'], 'a drain that was cancelled while it was down');
  });
});

const waited = { since: START - MINUTE, group: 'web-asg', hook };

describe('under another instance’s name', () => {
  it('nothing is changed, and ECS is asked nothing', async () => {
    const agent = scriptAgent();
    await agent.pass(10 * SECOND);
    agent.says.instanceId = known('i-0fedcba9876543210');
    await agent.pass(MINUTE);
    agent.says.signal = known(manual);
    await agent.pass(MINUTE);
    assert.deepEqual(agent.did, []);
    assert.deepEqual(agent.times('ECS full'), []);
    assert.ok(agent.sleeps.length < 100, `the loop woke ${agent.sleeps.length} times in two minutes`);
  });
});

describe('a tag that tells of a lifecycle event that is over', () => {
  const tag = {
    source: 'tag',
    value: 'hook=drain time=2026-01-02T03:04:05Z',
    eventAt: START - MINUTE,
  } as const;

  it('leaves the instance in service: nothing is changed, and the group is asked no more', async () => {
    const agent = scriptAgent({ says: { signal: known(tag) } });
    await agent.pass(10 * MINUTE);
    assert.deepEqual(agent.did, []);
    assert.deepEqual(agent.times('lifecycle').length, 2);
    assert.equal(agent.events().filter((event) => event === 'tag.past').length, 1);
    assert.equal(agent.report()?.state, 'watching');
    assert.match(
      agent.report()?.summary ?? '',
      /the tag that is there tells of a lifecycle event that is over/,
    );
  });
  it('gives way to the next event, whose tag has another value', async () => {
    const agent = scriptAgent({ says: { signal: known(tag) } });
    await agent.pass(2 * MINUTE);
    agent.says.signal = known({ ...tag, value: 'hook=drain time=2026-01-03T00:00:00Z' });
    agent.says.lifecycle = { kind: 'in-group', group: 'web-asg', state: 'Terminating:Wait' };
    await agent.pass(MINUTE);
    assert.ok(
      agent.did.some((one) => one.includes('set-draining')),
      agent.did.join(),
    );
  });
  it('gives way to the same event’s tag, once it was removed in between', async () => {
    const agent = scriptAgent({ says: { signal: known(tag) } });
    await agent.pass(2 * MINUTE);
    agent.says.signal = known(undefined);
    await agent.pass(MINUTE);
    agent.says.signal = known(tag);
    agent.says.lifecycle = { kind: 'in-group', group: 'web-asg', state: 'Terminating:Wait' };
    await agent.pass(MINUTE);
    assert.ok(
      agent.did.some((one) => one.includes('set-draining')),
      agent.did.join(),
    );
  });
  it('still names the hook for the next event, which may come without a tag', async () => {
    const says = {
      signal: known({ ...tag, hook: 'drain' } as const),
      hooks: [hook, { ...hook, name: 'backup' }],
    };
    const agent = scriptAgent({ says });
    await agent.pass(2 * MINUTE);
    agent.says.other = { source: 'lifecycle' };
    agent.says.lifecycle = { kind: 'in-group', group: 'web-asg', state: 'Terminating:Wait' };
    await agent.pass(MINUTE);
    assert.ok(
      agent.did.some((one) => one.includes('complete')),
      agent.did.join(),
    );
  });
  it('is not past by what the group said before the tag told of it, where an operator’s tag was there before', async () => {
    for (const status of ['ACTIVE', 'DRAINING'] as const) {
      const operators = known({ source: 'tag', value: 'maintenance' } as const);
      const agent = scriptAgent({
        policy: { signals: ['tag', 'spot'] },
        says: { signal: operators, status, ...busy() },
      });
      await agent.pass(2 * MINUTE);
      Object.assign(agent.says, { signal: known(tag), lifecycle: waits });
      await agent.pass(2 * MINUTE);
      assert.equal(
        agent.events().filter((event) => event === 'tag.past').length,
        0,
        `found ${status}: the termination is taken for one that is over`,
      );
      assert.ok(
        agent.did.some((one) => one.includes('heartbeat')),
        `found ${status}: no heartbeat is recorded, and the hook times out with the tasks: ${agent.did}`,
      );
      assert.ok(!agent.did.some((one) => one.includes('set-active')), 'it is given tasks that end with it');
    }
  });
  it('is not past by what the group said of an earlier event’s tag', async () => {
    const agent = scriptAgent({ policy: { signals: ['tag'] }, says: { signal: known(tag), ...busy() } });
    await agent.pass(25 * SECOND);
    Object.assign(agent.says, {
      signal: known({ ...tag, value: 'hook=drain time=2026-01-03T00:00:00Z' }),
      lifecycle: failed('throttled'),
    });
    await agent.pass(30 * SECOND);
    agent.says.lifecycle = { kind: 'in-group', group: 'web-asg', state: 'InService' };
    await agent.pass(10 * SECOND);
    assert.deepEqual(
      agent.events().filter((event) => event === 'tag.past'),
      [],
      'one answer of the group, which may lag, ends the drain of a termination',
    );
  });
  it('is still past while metadata does not answer', async () => {
    const agent = scriptAgent({ says: { signal: known(tag) } });
    await agent.pass(2 * MINUTE);
    agent.says.signal = unknown('silent');
    await agent.pass(MINUTE);
    agent.says.signal = known(tag);
    await agent.pass(2 * MINUTE);
    assert.deepEqual([agent.did, agent.times('lifecycle').length], [[], 2]);
  });
});

describe('after the host has stood still', () => {
  const forgets = async (ms: number) => {
    const agent = scriptAgent();
    agent.outcomes.deregister = { kind: 'failed', error: failed('throttled') };
    await begin(agent);
    await agent.pass(20 * SECOND);
    agent.says.takesMs = 3 * SECOND;
    agent.standStill(ms);
    const before = agent.did.length;
    await agent.pass(3.5 * SECOND);
    // A heartbeat that is overdue rests on no answer, and its lack would end the hook.
    return { agent, didSince: agent.did.slice(before).filter((one) => !one.includes('heartbeat')) };
  };

  it('for half a minute, nothing is asked anew: timers are that late on a busy host', async () => {
    const agent = scriptAgent();
    await begin(agent, busy());
    await agent.pass(20 * SECOND);
    const before = agent.asked.length;
    agent.standStill(30 * SECOND);
    await agent.pass(4 * SECOND);
    assert.ok(agent.asked.length > before, 'it has not woken');
    assert.deepEqual(
      agent.asked.slice(before).filter((one) => one.includes('ECS') || one.includes('lifecycle')),
      [],
    );
  });
  it('for more than half a minute, all is asked anew', async () => {
    const agent = scriptAgent();
    await begin(agent, busy());
    await agent.pass(20 * SECOND);
    agent.standStill(30 * SECOND + 1);
    await agent.pass(4 * SECOND);
    assert.ok(agent.times('lifecycle').length > 1, 'it would decide on what was so before');
  });
  it('no standstill is seen where nothing tells of one: tasks would be cut off by an interruption that is forgotten', async () => {
    const spot = { source: 'spot', action: 'terminate', interruptionAt: START + 75 * SECOND } as const;
    const memory = { signalledAt: START, signals: [spot], spotSeenAt: START, drainingSetAt: START };
    const silent = { signal: unknown('metadata is not there yet'), status: 'DRAINING' };
    const agent = scriptAgent({
      memory,
      tellsOfStandstill: false,
      says: { ...busy(), ...silent, other: manual },
    });
    await agent.pass(MINUTE);
    assert.equal(agent.mutations.filter(({ kind }) => kind === 'stop-tasks').length, 1);
  });
  it('for a moment, all is asked anew if the host was hibernated: a Spot interruption may be over', async () => {
    const spot = { source: 'spot', action: 'hibernate', interruptionAt: START + 75 * SECOND } as const;
    const agent = scriptAgent();
    await begin(agent, { ...busy(), signal: known(spot), other: manual, lifecycle: { kind: 'no-group' } });
    await agent.pass(20 * SECOND);
    agent.hibernate(30 * SECOND);
    agent.says.signal = unknown('metadata is not there yet');
    const before = agent.times('lifecycle').length;
    await agent.pass(2 * MINUTE);
    assert.ok(agent.times('lifecycle').length > before);
    assert.ok(!agent.did.some((one) => one.endsWith('stop-tasks')), 'tasks end for a notice of before');
    assert.deepEqual(agent.saved.at(-1)?.signals, [manual]);
    assert.equal(agent.saved.at(-1)?.spotSeenAt, undefined);
  });
  it('nothing is decided on what was answered before: others went on meanwhile', async () => {
    const { agent, didSince } = await forgets(10 * MINUTE);
    assert.deepEqual(
      didSince,
      [],
      'a container instance that was set ACTIVE meanwhile would be deregistered',
    );
    await agent.pass(MINUTE);
    assert.ok(agent.did.length > 1, 'the drain would not go on');
  });
});

describe('an ECS agent that falls silent in a drain', () => {
  it('is named first as why tasks are still there: without it ECS never learns that one has ended', async () => {
    const agent = scriptAgent({ says: { signal: known(manual), tasks: [task], status: 'DRAINING' } });
    await agent.pass(20 * SECOND);
    agent.says.localTasks = unknown('refused');
    await agent.pass(14 * SECOND);
    assert.notEqual(agent.report()?.blockedBy?.[0]?.kind, 'ecs-agent');
    await agent.pass(4 * SECOND);
    assert.equal(agent.report()?.blockedBy?.[0]?.kind, 'ecs-agent');
    agent.says.localTasks = known([]);
    await agent.pass(2 * SECOND);
    assert.notEqual(agent.report()?.blockedBy?.[0]?.kind, 'ecs-agent');
  });
});
