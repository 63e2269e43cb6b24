import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EcsView, Outcome } from '../../../src/agent/model.ts';
import type { Reading } from '../../../src/base/reading.ts';
import type { HooksResult } from '../../../src/operator-hooks/operator-hooks.ts';
import {
  begin,
  busy,
  CI,
  failed,
  hook,
  known,
  local,
  manual,
  type Says,
  START,
  scriptAgent,
  task,
  unknown,
  waits,
} from './scripted-agent.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const pending = () => Promise.withResolvers<Outcome>();
const inService = { ...waits, state: 'InService' };

it('a heartbeat that was recorded while the group was not heard is kept: the next process would know of no hook that waits', async () => {
  const agent = scriptAgent();
  await begin(agent, { ...busy(), status: 'DRAINING', lifecycle: { ...waits, state: 'Terminating' } });
  await agent.pass(20 * SECOND);
  agent.says.lifecycle = failed('permission');
  await agent.pass(20 * MINUTE);
  assert.deepEqual(
    agent.did.slice(0, 1).map((one) => one.replace(/.* s /, '')),
    ['heartbeat'],
  );
  const { waiting } = agent.saved.at(-1) ?? {};
  assert.deepEqual([waiting?.group, waiting?.hook?.name], ['web-asg', 'drain']);
});

it('a heartbeat that is recorded before a root volume is replaced says nothing of a termination: the next process would deregister what stays', async () => {
  const agent = scriptAgent();
  const begun = { ...waits, state: 'ReplacingRootVolume' };
  await begin(agent, { ...busy(), status: 'DRAINING', lifecycle: begun });
  await agent.pass(20 * SECOND);
  agent.says.lifecycle = failed('permission');
  await agent.pass(20 * MINUTE);
  assert.match(agent.did[0] ?? '', /heartbeat$/);
  assert.equal(agent.saved.at(-1)?.waiting?.hook?.name, 'drain');
  assert.deepEqual(
    agent.saved.filter(({ isTerminating }) => isTerminating !== undefined),
    [],
  );
});

describe('a drain that an earlier process has begun', () => {
  const memory = {
    signalledAt: START - 10 * MINUTE,
    signals: [manual],
    drainingSetAt: START - 9 * MINUTE,
    drainingSetOn: CI,
  };
  const says = { ...busy(), status: 'DRAINING', signal: known(manual), lifecycle: inService };
  it('sets DRAINING what somebody has set ACTIVE meanwhile, though ECS tells that late: tasks would be placed on it for minutes', async () => {
    const agent = scriptAgent({ memory, says });
    await agent.pass(20 * SECOND);
    agent.says.status = 'ACTIVE';
    await agent.pass(20 * SECOND);
    assert.deepEqual(
      agent.did.map((one) => one.replace(/.* s /, '')),
      ['set-draining'],
    );
  });
  it('… and after the host was hibernated in a drain: others could set it ACTIVE meanwhile', async () => {
    const agent = scriptAgent({ says: { ...says, status: 'ACTIVE' } });
    await agent.pass(20 * SECOND);
    assert.deepEqual(agent.did, ['0 s set-draining']);
    agent.hibernate(10 * MINUTE);
    await agent.pass(20 * SECOND);
    agent.says.status = 'ACTIVE';
    await agent.pass(40 * SECOND);
    assert.equal(agent.did.filter((one) => one.endsWith('set-draining')).length, 2);
  });
  for (const [what, localTasks] of [
    ['the host is silent', unknown('refused')],
    ['the host has listed it since', known([local])],
  ] as const)
    it(`is not held up for minutes by a task of a time that was not kept, which ECS does not know, where ${what}`, async () => {
      const view = known<EcsView>({
        containerInstance: { kind: 'registered', cluster: 'web', arn: CI, status: 'DRAINING' },
        tasks: known([]),
        isListed: true,
        requests: 2,
        heard: CI,
        own: [{ cluster: 'web', containerInstanceArn: CI }],
        gone: [task.arn],
        missing: [task.arn],
      });
      const left = { ...memory, tasksLeft: [task.arn] };
      const agent = scriptAgent({ memory: left, says: { ...says, view, localTasks } });
      await agent.pass(20 * SECOND);
      assert.deepEqual(agent.did, []);
      if (localTasks.kind === 'known') agent.says.localTasks = known([]);
      await agent.pass(MINUTE);
      assert.match(agent.did[0] ?? '', / deregister$/, 'nothing runs on it, and it is paid for');
    });
});

it('heartbeats go on while they are recorded, whatever group Auto Scaling lists the instance in: the hook would time out with its tasks', async () => {
  const agent = scriptAgent();
  const short = { ...hook, heartbeatTimeout: 2 * MINUTE };
  await begin(agent, { ...busy(), status: 'DRAINING', hooks: [short] });
  await agent.pass(20 * SECOND);
  Object.assign(agent.says, {
    lifecycle: { kind: 'no-group' },
    other: { source: 'rebalance', noticeAt: START },
  });
  await agent.pass(20 * MINUTE);
  assert.ok(agent.times('lifecycle').length > 5, 'it is asked what has become of it');
  assert.ok(agent.events().includes('lifecycle.heartbeat'), 'nobody learns that one was recorded');
  const last = agent.did.filter((one) => one.endsWith(' heartbeat')).at(-1);
  assert.ok(Number(last?.split(' ')[0]) > 20 * 60, `the last one came after ${last}`);
});

it('a heartbeat is no answer of a group that fails: what it has made of the instance since it waited would be asked no more', async () => {
  const agent = scriptAgent();
  await begin(agent, { ...busy(), status: 'DRAINING' });
  await agent.pass(20 * SECOND);
  const other = { source: 'rebalance', noticeAt: START } as const;
  Object.assign(agent.says, { lifecycle: failed('permission'), other });
  await agent.pass(13 * MINUTE);
  assert.deepEqual(agent.did, ['15 s heartbeat', '615 s heartbeat']);
  assert.ok((agent.times('lifecycle').at(-1) ?? 0) > 630, agent.times('lifecycle').join());
});

it('heartbeats go on after a restart though the group was never heard since: the hook would time out with its tasks', async () => {
  const waiting = { since: START - MINUTE, group: 'web-asg', hook };
  const agent = scriptAgent({
    memory: { signalledAt: START - MINUTE, signals: [manual], waiting },
    says: { ...busy(), status: 'DRAINING', signal: known(manual), lifecycle: failed('permission') },
  });
  await agent.pass(21 * MINUTE);
  assert.deepEqual(
    agent.did.map((one) => Number(one.split(' ')[0])),
    [0, 600, 1_200],
  );
});

describe('one change at a time', () => {
  it('none is begun while another is under way, and heartbeats go on beside it', async () => {
    const agent = scriptAgent();
    const answer = pending();
    agent.outcomes['set-draining'] = answer.promise;
    await begin(agent, busy());
    await agent.pass(11 * MINUTE);
    assert.deepEqual(agent.did, ['15 s set-draining', '15 s heartbeat', '615 s heartbeat']);
    answer.resolve({ kind: 'done' });
    await agent.pass(SECOND);
    assert.equal(agent.events().at(-1), 'drain.progress');
  });
  it('not even what asks tasks to stop, while ECS may be letting go of the instance', async () => {
    const agent = scriptAgent({ policy: { drainTimeout: MINUTE, onTimeout: 'stop-tasks' } });
    agent.outcomes.deregister = pending().promise;
    await begin(agent, { status: 'DRAINING' });
    await agent.pass(20 * SECOND);
    Object.assign(agent.says, busy());
    await agent.pass(2 * MINUTE);
    assert.deepEqual(agent.did, ['15 s deregister', '15 s heartbeat']);
  });
  it('what failed is tried again as soon as it has rested, whatever else is due when', async () => {
    const agent = scriptAgent();
    const answer = pending();
    agent.outcomes['set-draining'] = answer.promise;
    await begin(agent, busy());
    await agent.pass(5_300);
    answer.resolve({ kind: 'failed', error: failed('transient') });
    await agent.pass(2 * SECOND);
    assert.deepEqual(agent.did.slice(2), ['16.4 s set-draining']);
  });
  it('one heartbeat at a time', async () => {
    const agent = scriptAgent();
    const answer = pending();
    agent.outcomes.heartbeat = answer.promise;
    await begin(agent, busy());
    await agent.pass(30 * MINUTE);
    assert.deepEqual(agent.did, ['15 s set-draining', '15 s heartbeat']);
    answer.resolve({ kind: 'done' });
    await agent.pass(SECOND);
    assert.equal(agent.did.length, 3, 'the hook would run into its time-out');
  });
  it('no heartbeat while the action is being completed: AWS would call it unknown', async () => {
    const agent = scriptAgent();
    agent.outcomes.complete = pending().promise;
    await begin(agent, { ...busy(), status: 'DRAINING' });
    await agent.pass(8 * MINUTE);
    Object.assign(agent.says, { tasks: [], localTasks: known([]) });
    await agent.pass(30 * MINUTE);
    assert.deepEqual(agent.did, ['15 s heartbeat', '493 s deregister', '493 s complete']);
  });
  it('a completion that still waits for its share of requests gives way to a heartbeat: the hook would time out', async () => {
    const agent = scriptAgent({ policy: { drainTimeout: 598 * SECOND, onTimeout: 'continue' } });
    agent.outcomes.complete = pending().promise;
    await begin(agent, { ...busy(), status: 'DRAINING' });
    await agent.pass(604 * SECOND);
    assert.deepEqual(agent.did, ['15 s heartbeat', '613 s complete']);
    assert.equal(agent.isWithdrawn('complete'), false);
    await agent.pass(2 * SECOND);
    assert.equal(agent.isWithdrawn('complete'), true);
  });
  it('what asks tasks to stop holds nothing up', async () => {
    const agent = scriptAgent({ policy: { drainTimeout: MINUTE, onTimeout: 'stop-tasks' } });
    agent.outcomes['stop-tasks'] = pending().promise;
    await begin(agent, { ...busy(), status: 'DRAINING' });
    await agent.pass(2 * MINUTE);
    assert.deepEqual(agent.did, ['15 s heartbeat', '75 s stop-tasks']);
    Object.assign(agent.says, { tasks: [], localTasks: known([]) });
    await agent.pass(5 * SECOND);
    assert.deepEqual(
      agent.did.slice(2).map((one) => one.replace(/.* s /, '')),
      ['deregister', 'complete'],
    );
  });
});

describe('what waits to be sent is withdrawn', () => {
  const limited = { drainTimeout: MINUTE, onTimeout: 'stop-tasks' } as const;
  const stopping = async () => {
    const agent = scriptAgent({ policy: { ...limited, pollInterval: SECOND } });
    agent.outcomes['stop-tasks'] = pending().promise;
    await begin(agent, { ...busy(), status: 'DRAINING', lifecycle: inService });
    await passUntil(agent, 'stop-tasks');
    assert.equal(agent.isWithdrawn('stop-tasks'), false);
    return agent;
  };
  const passUntil = async (agent: ReturnType<typeof scriptAgent>, kind: string) => {
    const isDone = () => agent.did.some((one) => one.endsWith(kind));
    for (let second = 0; second < 180 && !isDone(); second++) await agent.pass(SECOND);
    assert.ok(isDone(), agent.did.join());
  };
  it('once no signal is left: a task would be stopped for nothing', async () => {
    const agent = await stopping();
    agent.says.signal = known(undefined);
    await agent.pass(2 * SECOND);
    assert.equal(agent.isWithdrawn('stop-tasks'), true);
  });
  it('but not what comes after a new signal: tasks would run into their limit unasked', async () => {
    const agent = scriptAgent({ policy: limited });
    agent.outcomes['set-active'] = { kind: 'failed', error: failed('transient') };
    agent.outcomes['stop-tasks'] = pending().promise;
    await begin(agent, { ...busy(), lifecycle: inService });
    await agent.pass(20 * SECOND);
    agent.says.signal = known(undefined);
    await agent.pass(10 * SECOND);
    agent.says.signal = known(manual);
    await passUntil(agent, 'stop-tasks');
    assert.equal(agent.isWithdrawn('stop-tasks'), false);
  });
  it('and what was done of it by then is told: nobody would learn why a job has ended', async () => {
    const agent = scriptAgent({ policy: limited });
    const answer = pending();
    agent.outcomes['stop-tasks'] = answer.promise;
    await begin(agent, { ...busy(), status: 'DRAINING', lifecycle: inService });
    await agent.pass(2 * MINUTE);
    agent.says.signal = known(undefined);
    await agent.pass(10 * SECOND);
    assert.equal(agent.events().at(-1), 'agent.watching');
    answer.resolve({ kind: 'partly', asked: [task], error: failed('unsent') });
    await agent.pass(SECOND);
    assert.equal(agent.events().at(-1), 'drain.tasks-stopping');
  });
  it('while the instance is still to be given back', async () => {
    const agent = scriptAgent({ policy: limited });
    agent.outcomes['stop-tasks'] = pending().promise;
    agent.outcomes['set-active'] = pending().promise;
    await begin(agent, { ...busy(), lifecycle: inService });
    await agent.pass(2 * MINUTE);
    agent.says.signal = known(undefined);
    await agent.pass(10 * SECOND);
    assert.deepEqual(agent.did.slice(1), ['75 s stop-tasks', '135 s set-active']);
    assert.equal(agent.isWithdrawn('stop-tasks'), true);
  });
  it('once the host has tasks again: it would be deregistered, or let go, with them on it', async () => {
    for (const kind of ['deregister', 'complete'] as const) {
      const agent = scriptAgent();
      agent.outcomes[kind] = pending().promise;
      await begin(agent, { ...busy(), status: 'DRAINING', tasks: [], localTasks: known([]) });
      await agent.pass(6 * SECOND);
      assert.ok(
        agent.did.some((one) => one.endsWith(kind)),
        agent.did.join(),
      );
      assert.equal(agent.isWithdrawn(kind), false);
      Object.assign(agent.says, busy());
      await agent.pass(3 * SECOND);
      assert.equal(agent.isWithdrawn(kind), true, kind);
    }
  });
  it('after 5 s where tasks are asked to stop', async () => {
    const agent = await stopping();
    await agent.pass(3 * SECOND);
    assert.equal(agent.isWithdrawn('stop-tasks'), false);
    await agent.pass(2 * SECOND);
    assert.equal(agent.isWithdrawn('stop-tasks'), true, 'they would be stopped by a signal that may be gone');
  });
  it('after 5 s where it lets go of the instance: what it rests on is asked anew', async () => {
    for (const kind of ['deregister', 'complete'] as const) {
      const agent = scriptAgent();
      agent.outcomes[kind] = pending().promise;
      await begin(agent, { ...busy(), status: 'DRAINING', tasks: [], localTasks: known([]) });
      await agent.pass(9 * SECOND);
      assert.ok(
        agent.did.some((one) => one.endsWith(kind)),
        agent.did.join(),
      );
      assert.equal(agent.isWithdrawn(kind), false);
      await agent.pass(2 * SECOND);
      assert.equal(agent.isWithdrawn(kind), true, `${kind} would be sent on the strength of old answers`);
    }
  });
  it('once metadata names another instance: that one would be changed', async () => {
    const change = async (kind: 'set-draining' | 'stop-tasks' | 'heartbeat', more: object) => {
      const agent = scriptAgent({ policy: limited });
      agent.outcomes[kind] = pending().promise;
      await begin(agent, { ...busy(), ...more });
      await passUntil(agent, kind);
      assert.equal(agent.isWithdrawn(kind), false, agent.did.join());
      agent.says.instanceId = known('i-0fedcba9876543210');
      await agent.pass(2 * MINUTE);
      assert.equal(agent.isWithdrawn(kind), true, kind);
    };
    await change('set-draining', {});
    await change('stop-tasks', { status: 'DRAINING' });
    await change('heartbeat', { status: 'DRAINING' });
  });
  it('and what was never sent has changed nothing: DRAINING that an operator sets then stays', async () => {
    const agent = scriptAgent();
    const answer = pending();
    agent.outcomes['set-draining'] = answer.promise;
    await begin(agent, { ...busy(), lifecycle: inService });
    await agent.pass(20 * SECOND);
    Object.assign(agent.says, { signal: known(undefined), status: 'DRAINING' });
    await agent.pass(10 * SECOND);
    assert.equal(agent.isWithdrawn('set-draining'), true);
    answer.resolve({ kind: 'failed', error: failed('unsent') });
    await agent.pass(5 * MINUTE);
    assert.deepEqual(agent.did, ['15 s set-draining'], 'the operator’s DRAINING is undone');
  });
  it('but not what gives an instance back beside the tag of an event that is over: it would stay DRAINING', async () => {
    const tag = { source: 'tag', value: 'time=x', hook: undefined, eventAt: START - 60 * MINUTE } as const;
    const agent = scriptAgent({
      memory: { signalledAt: START - MINUTE, drainingSetAt: START - MINUTE, signals: [tag] },
      says: { ...busy(), signal: known(tag), status: 'DRAINING', lifecycle: inService },
    });
    agent.outcomes['set-active'] = pending().promise;
    await agent.pass(2 * MINUTE);
    assert.equal(agent.did.length, 1, agent.did.join());
    assert.equal(agent.isWithdrawn('set-active'), false);
  });
  it('when the agent stops', async () => {
    const agent = await stopping();
    agent.stop.abort();
    await agent.pass(0);
    assert.equal(agent.isWithdrawn('stop-tasks'), true);
  });
  it('when the agent stops: a heartbeat too', async () => {
    const agent = scriptAgent();
    agent.outcomes.heartbeat = pending().promise;
    await begin(agent, busy());
    await agent.pass(10 * SECOND);
    assert.equal(agent.isWithdrawn('heartbeat'), false);
    agent.stop.abort();
    await agent.pass(0);
    assert.equal(agent.isWithdrawn('heartbeat'), true);
  });
});

describe('the name is asked for again', () => {
  it('before anything is begun, heartbeats included: metadata may have become another instance’s', async () => {
    const agent = scriptAgent();
    const { promise, resolve } = Promise.withResolvers<ReturnType<typeof known<string>>>();
    await begin(agent, busy());
    agent.says.instanceId = promise;
    await agent.pass(MINUTE);
    assert.deepEqual(agent.did, []);
    resolve(known('i-0fedcba9876543210'));
    await agent.pass(MINUTE);
    assert.deepEqual(agent.did, []);
    assert.ok(agent.events().includes('identity.changed'));
  });
  it('and silence keeps nothing waiting', async () => {
    const agent = scriptAgent();
    await begin(agent, { ...busy(), instanceId: unknown('silent') });
    await agent.pass(10 * SECOND);
    assert.deepEqual(agent.did, ['15 s set-draining', '15 s heartbeat']);
  });
  it('once for each kind of action: a drain asks no more than it needs', async () => {
    const agent = scriptAgent();
    await begin(agent, busy());
    await agent.pass(9 * SECOND);
    assert.deepEqual(agent.times('identity'), [0, 15]);
  });
  it('while it is another’s, ECS and the group are asked nothing, and the drain goes on once it is ours', async () => {
    const agent = scriptAgent();
    await begin(agent, { ...busy(), status: 'DRAINING' });
    await agent.pass(20 * SECOND);
    agent.says.instanceId = known('i-0fedcba9876543210');
    await agent.pass(20 * MINUTE);
    assert.deepEqual(agent.did, ['15 s heartbeat']);
    agent.says.instanceId = known('i-0123456789abcdef0');
    await agent.pass(10 * SECOND);
    assert.equal(agent.did.length, 2, 'the hook would run into its time-out');
  });
});

describe('heartbeats', () => {
  it('ask for the name once for a decision, not for each of them', async () => {
    const agent = scriptAgent();
    const hooks = [{ name: 'drain', heartbeatTimeout: 2_334_000, globalTimeout: undefined }];
    await begin(agent, { ...busy(), status: 'DRAINING', hooks });
    await agent.pass(11 * MINUTE);
    assert.deepEqual(agent.did, ['15 s heartbeat', '597 s heartbeat']);
    assert.equal(agent.times('identity').includes(597), false);
  });
  it('are recorded for a hook that was added before the wait began: it would time out within ten minutes', async () => {
    const agent = scriptAgent();
    const begun = { ...waits, state: 'Terminating' };
    const added = agent.says.hooks;
    await begin(agent, { ...busy(), status: 'DRAINING', lifecycle: begun, hooks: [] });
    await agent.pass(10 * SECOND);
    assert.deepEqual(agent.did, []);
    Object.assign(agent.says, { lifecycle: waits, hooks: added });
    await agent.pass(20 * SECOND);
    assert.match(agent.did.at(-1) ?? '', /heartbeat/);
  });
  const shortened = [{ ...hook, heartbeatTimeout: 300_000, globalTimeout: 30_000_000 }];
  const shortest = (did: readonly string[]) => {
    const at = did.filter((one) => one.endsWith('heartbeat')).map((one) => Number.parseFloat(one));
    return Math.max(...at.slice(-3).map((one, index, all) => (all[index + 1] ?? one) - one));
  };
  it('come sooner once somebody has shortened the hook, in the middle of its action', async () => {
    const agent = scriptAgent();
    await begin(agent, { ...busy(), status: 'DRAINING' });
    await agent.pass(5 * MINUTE);
    agent.says.hooks = shortened;
    await agent.pass(12 * MINUTE);
    assert.equal(shortest(agent.did), 73.5, 'a fleet loses its tasks when one number of its hook is changed');
    assert.deepEqual(agent.times('hooks'), [15, 620, 987.5], 'others’ heartbeats need the requests');
  });
  it('need no hooks read again where the instance is released as soon as it is known to wait', async () => {
    const agent = scriptAgent();
    await begin(agent, { ...busy(), status: 'DRAINING', lifecycle: { ...waits, state: 'Terminating' } });
    await agent.pass(2 * MINUTE);
    Object.assign(agent.says, { lifecycle: waits, tasks: [], localTasks: known([]) });
    await agent.pass(10 * MINUTE);
    assert.match(agent.did.at(-1) ?? '', /complete/);
    assert.deepEqual(agent.times('hooks'), [15], 'the releases of a fleet wait for one another');
  });
  describe('where nothing asks any more for an instance whose root volume is about to be replaced', () => {
    const short = { name: 'drain', heartbeatTimeout: 60_000, globalTimeout: 6_000_000 };
    const lifecycle = { ...waits, state: 'ReplacingRootVolume:Wait' };
    const withdraw = async (more: Partial<Says> = {}) => {
      const agent = scriptAgent();
      await begin(agent, { ...busy(), hooks: [short], lifecycle, ...more });
      await agent.pass(20 * SECOND);
      agent.says.signal = known(undefined);
      await agent.pass(MINUTE);
      return agent;
    };
    const beatsIn = async (agent: Awaited<ReturnType<typeof withdraw>>, ms: number) => {
      const before = agent.did.length;
      await agent.pass(ms);
      return agent.did.slice(before).filter((one) => one.endsWith('heartbeat')).length;
    };
    it('go on while a task runs: it would end with the old volume', async () => {
      assert.equal(await beatsIn(await withdraw(), 10 * MINUTE), 45);
      const others = await withdraw({ status: 'DRAINING' });
      assert.equal(await beatsIn(others, 10 * MINUTE), 45, 'though somebody else has set it DRAINING');
    });
    it('… and after a restart', async () => {
      const agent = await withdraw({ status: 'DRAINING' });
      const says = { ...busy(), status: 'DRAINING', hooks: [short, { ...short, name: 'backup' }], lifecycle };
      const restarted = scriptAgent({ memory: agent.saved.at(-1) ?? {}, says });
      assert.equal(await beatsIn(restarted, MINUTE), 4);
    });
    it('end with the last task: nothing else is to be kept from the group', async () => {
      const agent = await withdraw();
      Object.assign(agent.says, { tasks: [], localTasks: known([]) });
      await agent.pass(10 * SECOND);
      assert.equal(await beatsIn(agent, 10 * MINUTE), 0, 'the refresh waits for nothing, up to two days');
      agent.says.lifecycle = { ...waits, state: 'InService' };
      await agent.pass(2 * MINUTE);
      assert.match(agent.did.at(-1) ?? '', /set-active/);
    });
  });
  for (const state of ['Terminating', 'Terminating:Retained'])
    it(`… or while the group had the instance ${state}: then it is the new action’s by anybody’s reading`, async () => {
      const agent = scriptAgent();
      await begin(agent, { ...busy(), status: 'DRAINING', lifecycle: { ...waits, state } });
      await agent.pass(2 * MINUTE);
      agent.says.hooks = shortened;
      await agent.pass(MINUTE);
      agent.says.lifecycle = waits;
      await agent.pass(10 * MINUTE);
      assert.equal(shortest(agent.did), 73.5, 'the hook times out with the task');
    });
  it('do not wait for the name again because the decision has changed meanwhile', async () => {
    const agent = scriptAgent();
    const answers = [1, 2, 3].map(() => Promise.withResolvers<ReturnType<typeof known<string>>>());
    const answer = (index: number) => {
      agent.says.instanceId = answers[index + 1]?.promise ?? agent.says.instanceId;
      answers[index]?.resolve(known('i-0123456789abcdef0'));
    };
    await begin(agent, { ...busy(), view: failed('transient') });
    agent.says.instanceId = answers[0]?.promise ?? agent.says.instanceId;
    await agent.pass(7 * SECOND);
    // It was on its way before the heartbeat was due: the name is asked for once more.
    answer(0);
    agent.says.view = undefined;
    await agent.pass(6 * SECOND);
    assert.deepEqual(agent.did, []);
    answer(1);
    await agent.pass(0);
    assert.deepEqual(agent.did, ['23 s heartbeat'], 'a short time-out would run out');
  });
  it('wait for the name where the decision has changed since it was last told', async () => {
    const agent = scriptAgent();
    const short = { name: 'drain', heartbeatTimeout: 30_000, globalTimeout: 3_000_000 };
    agent.outcomes.deregister = pending().promise;
    await begin(agent, { ...busy(), status: 'DRAINING', hooks: [short] });
    await agent.pass(18 * SECOND);
    assert.deepEqual(agent.did, ['15 s heartbeat', '21 s heartbeat', '27 s heartbeat']);
    agent.says.instanceId = Promise.withResolvers<never>().promise;
    await agent.pass(3 * SECOND);
    Object.assign(agent.says, { tasks: [], localTasks: known([]) });
    await agent.pass(30 * SECOND);
    assert.deepEqual(
      agent.did.filter((one) => Number.parseFloat(one) > 33),
      [],
      'metadata may have become another instance’s',
    );
  });
});

describe('after a restart, while nobody has said whether there is still a signal,', () => {
  const hookOf = { ...hook, heartbeatTimeout: 60_000 };
  const waiting = { since: START - MINUTE, group: 'web-asg', hook: hookOf };
  const restart = (heard: Promise<ReturnType<typeof known<typeof manual>>>) =>
    scriptAgent({
      memory: { signalledAt: START - MINUTE, signals: [manual], waiting },
      says: { ...busy(), status: 'DRAINING', lifecycle: waits, hooks: [hookOf], signal: heard },
    });
  it('the first heartbeat waits for that for 5 s, and not longer: the hook would time out', async () => {
    const agent = restart(Promise.withResolvers<never>().promise);
    await agent.pass(14 * SECOND);
    assert.deepEqual(agent.did, ['5 s heartbeat']);
  });
  it('none is recorded once there is none: an instance that stays would be kept from its group', async () => {
    const { promise, resolve } = Promise.withResolvers<never>();
    const agent = restart(promise);
    agent.says.lifecycle = inService;
    await agent.pass(4 * SECOND);
    resolve(known(undefined) as never);
    agent.says.signal = known(undefined);
    await agent.pass(10 * SECOND);
    assert.deepEqual(agent.did, []);
  });
});

describe('tasks that the drain does not wait for', () => {
  const ignoreTasks = [{ by: 'family', name: 'monitor' }] as const;
  const monitor = { ...task, arn: `${task.arn}0`, group: 'family:monitor', family: 'monitor' };
  const localMonitor = { ...local, arn: monitor.arn, family: 'monitor' };

  it('are asked to stop seconds after the last other one has ended on the host', async () => {
    const agent = scriptAgent({ policy: { ignoreTasks } });
    await begin(agent, {
      tasks: [task, monitor],
      localTasks: known([local, localMonitor]),
      lifecycle: waits,
    });
    await agent.pass(5 * MINUTE);
    assert.ok(!agent.did.some((one) => one.includes('stop-tasks')), 'another task still works');
    const endsAt = agent.clock.monotonic();
    Object.assign(agent.says, { localTasks: known([localMonitor]) });
    await agent.pass(2_500);
    Object.assign(agent.says, { tasks: [monitor] });
    await agent.pass(5_000);
    const [at = '', kind] = agent.did.at(-1)?.split(' s ') ?? [];
    assert.equal(kind, 'stop-tasks');
    assert.ok(Number(at) * 1_000 - endsAt < 6_000, `asked ${at}: an instance without work is paid for`);
    assert.ok(!agent.did.some((one) => one.includes('complete')));
  });
  it('are not asked for again and again while they stop', async () => {
    const agent = scriptAgent({ policy: { ignoreTasks } });
    await begin(agent, { tasks: [monitor], localTasks: known([localMonitor]), lifecycle: waits });
    await agent.pass(MINUTE);
    Object.assign(agent.says, { tasks: [{ ...monitor, desiredStatus: 'STOPPED' }] });
    const before = agent.asked.length;
    await agent.pass(MINUTE);
    const views = agent.asked.slice(before).filter((one) => one.includes(' ECS '));
    assert.ok(views.length <= 5, `ECS was asked ${views.length} times in a minute`);
    Object.assign(agent.says, { tasks: [], localTasks: known([]) });
    await agent.pass(5_000);
    assert.match(agent.did.at(-1) ?? '', /complete/);
  });
});

describe('mode deregister', () => {
  it('tries at once, and again every 15 s while ECS refuses', async () => {
    const agent = scriptAgent({ policy: { mode: 'deregister' } });
    agent.outcomes.deregister = { kind: 'tasks-running' };
    await begin(agent, busy());
    await agent.pass(36 * SECOND);
    assert.deepEqual(
      agent.did.filter((one) => one.endsWith('deregister')),
      ['15 s deregister', '30 s deregister', '45 s deregister'],
    );
  });
  it('first asks ECS for the tasks alone that ran here, once the host has none', async () => {
    const agent = scriptAgent({ policy: { mode: 'deregister' } });
    agent.outcomes.deregister = { kind: 'tasks-running' };
    await begin(agent, busy());
    await agent.pass(20 * SECOND);
    agent.says.localTasks = known([]);
    await agent.pass(9 * SECOND);
    assert.deepEqual(agent.times('ECS quick'), [34, 36, 39], 'whole lists would use up the requests');
    assert.deepEqual(agent.times('ECS full'), [15, 30]);
  });
});

describe('a drain that is cancelled', () => {
  const cancelling = async (kind: 'throttled' | 'transient' | 'rejected') => {
    const agent = scriptAgent();
    await begin(agent, { ...busy(), lifecycle: inService });
    await agent.pass(MINUTE);
    agent.outcomes['set-active'] = { kind: 'failed', error: failed(kind) };
    agent.says.signal = known(undefined);
    return agent;
  };
  it('sets nothing ACTIVE on what ECS said before a try that failed: others may have set it DRAINING', async () => {
    for (const kind of ['transient', 'rejected'] as const) {
      const agent = await cancelling(kind);
      agent.says.view = failed('throttled');
      await agent.pass(MINUTE);
      assert.deepEqual(agent.did, ['15 s set-draining', '75 s set-active'], kind);
    }
  });
  it('and then again hears the group again: it may have begun to terminate the instance since', async () => {
    const agent = await cancelling('throttled');
    await agent.pass(5 * SECOND);
    agent.says.signal = known(manual);
    await agent.pass(5 * SECOND);
    const before = agent.times('lifecycle').length;
    agent.says.signal = known(undefined);
    agent.says.lifecycle = waits;
    delete agent.outcomes['set-active'];
    await agent.pass(10 * SECOND);
    // The try that is due asks for the signals first, and so learns that it is withdrawn.
    assert.deepEqual(agent.times('lifecycle').slice(before).map(Math.floor), [81]);
    assert.equal(agent.says.status, 'DRAINING', 'it is given tasks that end with it');
  });
  it('lists no tasks for each try that is throttled: nothing was changed', async () => {
    const agent = await cancelling('throttled');
    await agent.pass(4 * MINUTE);
    assert.ok(agent.did.length > 20);
    assert.deepEqual(agent.times('ECS full'), [15]);
  });
  it('and begins again rests on nothing that ECS said before: it may have been set ACTIVE', async () => {
    const agent = await cancelling('throttled');
    await agent.pass(20 * SECOND);
    Object.assign(agent.says, { signal: known(manual), status: 'ACTIVE', view: failed('throttled') });
    await agent.pass(20 * SECOND);
    agent.says.view = undefined;
    await agent.pass(30 * SECOND);
    const late = 'an instance that must go is given new tasks for minutes';
    assert.match(agent.did.at(-1) ?? '', /set-draining$/, late);
  });
});

describe('while its tasks run', () => {
  it('a look at ECS that is throttled makes nothing unknown: it could end nothing', async () => {
    const agent = scriptAgent();
    await begin(agent, { ...busy(), status: 'DRAINING' });
    await agent.pass(MINUTE);
    agent.says.view = failed('throttled');
    await agent.pass(10 * MINUTE);
    assert.match(agent.report()?.summary ?? '', /^draining: 1 task left/);
  });
  it('ECS is checked the more rarely once it has throttled looks: others need its requests more', async () => {
    const agent = scriptAgent();
    await begin(agent, { ...busy(), status: 'DRAINING', view: failed('throttled') });
    await agent.pass(20 * SECOND);
    agent.says.view = undefined;
    await agent.pass(20 * MINUTE);
    const [first = 0, second = 0] = agent.times('ECS check');
    assert.equal(second - first, 450);
  });
  it('they are listed in the minute before a limit at which they are asked to stop', async () => {
    const agent = scriptAgent({ policy: { drainTimeout: 10 * MINUTE, onTimeout: 'stop-tasks' } });
    await begin(agent, { ...busy(), status: 'DRAINING' });
    await agent.pass(10 * MINUTE + 10 * SECOND);
    assert.equal(agent.times('ECS full')[1], 555, 'one that ECS has placed since would be cut off');
  });
  it('the group is asked again and again for an action that was completed at a limit, and not before', async () => {
    const agent = scriptAgent({ policy: { drainTimeout: 6 * MINUTE, onTimeout: 'continue' } });
    await begin(agent, { ...busy(), status: 'DRAINING' });
    await agent.pass(6 * MINUTE + 6 * SECOND);
    assert.equal(agent.did.at(-1), '375 s complete');
    assert.deepEqual(agent.times('lifecycle'), [15, 375], 'heartbeats tell enough');
    agent.says.lifecycle = waits;
    await agent.pass(5 * MINUTE);
    assert.ok(
      agent.times('lifecycle').length > 4,
      'it may wait still, and the instance would be left behind',
    );
  });
  it('the group is asked at once when another signal joins: its hook may wait already', async () => {
    const agent = scriptAgent();
    await begin(agent, { ...busy(), status: 'DRAINING', lifecycle: inService });
    await agent.pass(22 * SECOND);
    agent.says.other = { source: 'rebalance', noticeAt: START };
    await agent.pass(22 * SECOND);
    assert.deepEqual(agent.times('lifecycle'), [15, 35]);
  });
});

describe('a release that the operator’s hooks hold up for seconds', () => {
  const held = async (state: string, by: string) => {
    const { promise, resolve } = Promise.withResolvers<'succeeded'>();
    const agent = scriptAgent({ hooks: { drained: promise } });
    await begin(agent, { ...busy(), status: 'DRAINING', lifecycle: { ...waits, state } });
    await agent.pass(MINUTE);
    Object.assign(agent.says, { tasks: [], localTasks: known([]) });
    await agent.pass(15 * SECOND);
    agent.says.lifecycle = { ...waits, state: by };
    resolve('succeeded');
    await agent.pass(5 * SECOND);
    return agent;
  };
  it('rests on what the group said before: a fleet’s requests would be used up', async () => {
    const agent = await held('Terminating:Wait', 'Terminating:Wait');
    assert.equal(agent.did.at(-1), '85 s complete');
    assert.deepEqual(agent.times('lifecycle'), [15, 71]);
  });
  it('asks the group once more where a root volume was to be replaced: what is terminated by now would stay in its cluster', async () => {
    const agent = await held('ReplacingRootVolume:Wait', 'Terminating:Wait');
    assert.deepEqual(agent.did.slice(-2), ['85 s deregister', '85 s complete']);
  });
});

describe('while only metadata says that the group terminates the instance', () => {
  const inMetadata = { ...waits, state: 'Terminating', from: 'metadata' } as const;
  const signal = { source: 'lifecycle' } as const;
  it('the heartbeat that tells that the hook waits was recorded for it: no other follows at once', async () => {
    const agent = scriptAgent({ groupInMetadata: inMetadata });
    await begin(agent, { ...busy(), status: 'DRAINING', signal: known(signal) });
    await agent.pass(5 * MINUTE);
    assert.deepEqual(agent.did, ['19 s heartbeat']);
    assert.deepEqual(agent.times('lifecycle'), [], 'a fleet’s requests would be used up');
  });
  it('and the group does not answer, heartbeats are sent though the ECS agent is silent: the hook would time out with the tasks', async () => {
    const agent = scriptAgent({ groupInMetadata: inMetadata });
    const silent = { localTasks: unknown('silent'), lifecycle: failed('throttled') };
    await begin(agent, { ...busy(), status: 'DRAINING', signal: known(signal), ...silent });
    await agent.pass(20 * SECOND);
    assert.equal(agent.did[0], '19 s heartbeat');
  });
  it('a heartbeat that is recorded says that its hook waits, and one that fails says nothing', async () => {
    const throttled = { status: 'DRAINING', signal: known(signal), lifecycle: failed('throttled') };
    for (const [outcome, state] of [
      [{ kind: 'failed', error: failed('transient') }, 'Terminating'],
      [{ kind: 'done' }, 'Terminating:Wait'],
    ] as const) {
      const agent = scriptAgent({ groupInMetadata: inMetadata });
      agent.outcomes.heartbeat = outcome;
      await begin(agent, { ...busy(), ...throttled });
      await agent.pass(20 * SECOND);
      assert.equal(agent.did[0], '19 s heartbeat');
      assert.equal(agent.report()?.lifecycleState, state);
    }
  });
  it('a heartbeat that is recorded says so too where the group kept it when it was last heard, and fails: the next process would know of no hook that waits', async () => {
    const agent = scriptAgent();
    await begin(agent, { ...busy(), status: 'DRAINING', lifecycle: inService });
    await agent.pass(20 * SECOND);
    Object.assign(agent.says, { signal: known(signal), lifecycle: failed('transient') });
    await agent.pass(30 * SECOND);
    assert.match(agent.did[0] ?? '', /heartbeat$/);
    assert.equal(agent.report()?.lifecycleState, 'Terminating:Wait');
    assert.equal(agent.saved.at(-1)?.waiting?.hook?.name, 'drain');
  });
  it('heartbeats go on where none waited yet and the group fails to answer: its hook begins to wait, and times out', async () => {
    const agent = scriptAgent({ groupInMetadata: inMetadata });
    agent.outcomes.heartbeat = { kind: 'nothing-waiting' };
    const failing = { status: 'DRAINING', signal: known(signal), lifecycle: failed('transient') };
    await begin(agent, { ...busy(), ...failing });
    await agent.pass(12 * MINUTE);
    assert.deepEqual(agent.did, ['19 s heartbeat', '619 s heartbeat']);
  });
  it('the first heartbeat of many that are throttled waits, for 2 min and more: others need theirs to live', async () => {
    const agent = scriptAgent({ groupInMetadata: inMetadata, policy: { signals: ['lifecycle'] } });
    const throttled = { status: 'DRAINING', signal: known(signal), hooks: failed('throttled') };
    await begin(agent, { ...busy(), ...throttled });
    await agent.pass(10 * SECOND);
    agent.says.hooks = [hook];
    await agent.pass(5 * MINUTE);
    assert.deepEqual(
      agent.did,
      ['180 s heartbeat'],
      '170 s after metadata last said that the group keeps it',
    );
    assert.deepEqual(agent.times('hooks'), [15, 17.75, 20.5], 'metadata does not tell when a wait began');
  });
  for (const [kind, seconds] of [
    ['transient', 45],
    ['throttled', 215],
  ] as const)
    it(`the group itself is asked once a heartbeat has failed (${kind}): its hook may have been waiting`, async () => {
      const agent = scriptAgent({ groupInMetadata: inMetadata });
      agent.outcomes.heartbeat = { kind: 'failed', error: failed(kind) };
      const hooks = [{ ...hook, heartbeatTimeout: 60_000 }];
      await begin(agent, { ...busy(), status: 'DRAINING', signal: known(signal), hooks });
      await agent.pass(4 * MINUTE);
      assert.deepEqual(agent.times('lifecycle'), [seconds]);
    });
  it('the group itself is asked after a restart where its hook waited before: it may have ended meanwhile', async () => {
    const waiting = { since: START, group: 'web-asg' };
    const agent = scriptAgent({
      groupInMetadata: inMetadata,
      memory: { signalledAt: START, signals: [signal], waiting },
      says: { ...busy(), status: 'DRAINING', lifecycle: waits, signal: known(signal) },
    });
    await agent.pass(MINUTE);
    assert.deepEqual(agent.times('lifecycle'), [0]);
  });
});

it('a drain that begins before the last one was given back rests on nothing that ECS had said by then', async () => {
  const agent = scriptAgent();
  await begin(agent, { ...busy(), lifecycle: inService });
  await agent.pass(MINUTE);
  agent.outcomes['set-active'] = { kind: 'failed', error: failed('transient') };
  Object.assign(agent.says, { signal: known(undefined), view: failed('throttled') });
  await agent.pass(20 * SECOND);
  Object.assign(agent.says, { signal: known(manual), lifecycle: waits, status: 'ACTIVE' });
  await agent.pass(30 * SECOND);
  agent.says.view = undefined;
  await agent.pass(30 * SECOND);
  assert.match(
    agent.did.at(-1) ?? '',
    /set-draining$/,
    'an instance that must go is given new tasks for minutes',
  );
});

it('another hook’s action is completed at once, and kept alive, though that of the hook before did not wait for long', async () => {
  const agent = scriptAgent();
  agent.outcomes.complete = { kind: 'nothing-waiting' };
  agent.outcomes.heartbeat = { kind: 'nothing-waiting' };
  await begin(agent, { status: 'DRAINING', hooks: [hook] });
  await agent.pass(3.5 * MINUTE);
  agent.says.hooks = [{ ...hook, name: 'drain-2' }];
  await agent.pass(MINUTE);
  const completed = agent.mutations.flatMap((one) => (one.kind === 'complete' ? [one.hook] : []));
  const left = 'the instance would be left behind for minutes';
  assert.deepEqual(completed, ['drain', 'drain', 'drain', 'drain', 'drain', 'drain-2', 'drain-2'], left);
});

it('another hook that the tag names is kept alive at once, though a heartbeat was recorded for the one before', async () => {
  const tagOf = (name: string) => known({ source: 'tag', value: `hook=${name}`, hook: name } as const);
  const agent = scriptAgent();
  const hooks = [hook, { ...hook, name: 'backup' }];
  await begin(agent, { ...busy(), status: 'DRAINING', hooks, signal: tagOf('drain') });
  await agent.pass(MINUTE);
  agent.says.signal = tagOf('backup');
  await agent.pass(MINUTE);
  assert.deepEqual(
    agent.said.flatMap(({ event, fields }) => (event === 'lifecycle.heartbeat' ? [fields?.hook] : [])),
    ['drain', 'backup'],
    'its action times out with the tasks',
  );
  assert.equal(agent.did.at(-1), '75 s heartbeat');
});

it('a lifecycle action that begins to wait is completed at once, though none waited for long before', async () => {
  const agent = scriptAgent();
  agent.outcomes.complete = { kind: 'nothing-waiting' };
  await begin(agent, { status: 'DRAINING' });
  await agent.pass(2 * MINUTE);
  assert.deepEqual(
    agent.did.filter((one) => one.endsWith('complete')),
    ['15 s complete', '30 s complete', '60 s complete', '120 s complete'],
  );
  agent.says.lifecycle = { ...waits, state: 'Terminating' };
  await agent.pass(65 * SECOND);
  delete agent.outcomes.complete;
  agent.says.lifecycle = waits;
  await agent.pass(20 * SECOND);
  assert.match(agent.did.at(-1) ?? '', /^210 s complete$/, 'the instance would be left behind for minutes');
});

describe('before the instance is let go', () => {
  it('answers that take longer than they count as new are waited for once, not for ever', async () => {
    const agent = scriptAgent({ says: { takesMs: 700 } });
    await begin(agent, { status: 'DRAINING' });
    await agent.pass(MINUTE);
    assert.match(agent.did.at(-1) ?? '', /complete/, 'the instance would be left behind');
  });
  it('all is asked again for each try: it may have been given tasks since the last one', async () => {
    const agent = scriptAgent();
    agent.outcomes.complete = { kind: 'failed', error: failed('transient') };
    await begin(agent, { status: 'DRAINING' });
    await agent.pass(6_900);
    assert.deepEqual(agent.did.slice(-2), ['15 s complete', '16.1 s complete']);
    for (const question of ['registration', 'local tasks', 'ECS full'])
      assert.ok(
        agent.times(question).some((at) => at >= 16 && at <= 16.1),
        `${question}: ${agent.times(question)}`,
      );
  });
  it('all is asked again where something came in between', async () => {
    const agent = scriptAgent();
    const { promise, resolve } = Promise.withResolvers<ReturnType<typeof known>>();
    await begin(agent, { status: undefined, registration: promise as never });
    await agent.pass(6 * SECOND);
    assert.equal(agent.did.length, 0, 'it waits to learn what this host is');
    // A task shows up on the host, and ends.
    agent.says.localTasks = known([local]);
    await agent.pass(10 * SECOND);
    resolve(known({ cluster: 'web', containerInstanceArn: CI }));
    await agent.pass(10 * SECOND);
    agent.says.registration = known({ cluster: 'web', containerInstanceArn: CI });
    agent.says.localTasks = known([]);
    await agent.pass(20 * SECOND);
    const at = Number(agent.did.find((one) => one.endsWith(' complete'))?.split(' ')[0]);
    assert.ok(at > 35, `${agent.did}`);
    for (const question of ['registration', 'ECS full'])
      assert.ok(
        agent.times(question).some((when) => when >= at - 0.5 && when <= at),
        `${question} was not asked at ${at}: ${agent.times(question)}`,
      );
  });
});

describe('what ECS says while a deregistration is on its way', () => {
  const view = (status: string, tasks: EcsView['tasks']) =>
    known<EcsView>({
      containerInstance: { kind: 'registered', cluster: 'web', arn: CI, status },
      tasks,
      isListed: true,
      requests: 2,
      heard: CI,
      own: [{ cluster: 'web', containerInstanceArn: CI }],
      gone: [],
    });
  for (const [name, meanwhile] of [
    ['that it counts a task and lists none', view('DRAINING', unknown('ECS counts 1 and lists none'))],
    ['that somebody has set it ACTIVE', view('ACTIVE', unknown('they are listed once it is DRAINING'))],
  ] as const)
    it(`${name}, is looked into before the instance is let go: a task may be on it`, async () => {
      const agent = scriptAgent();
      const answer = pending();
      agent.outcomes.deregister = answer.promise;
      await begin(agent);
      await agent.pass(8 * SECOND);
      agent.says.view = meanwhile;
      await agent.pass(20 * SECOND);
      assert.equal(agent.isWithdrawn('deregister'), true, 'it was sent all the same');
      agent.says.view = undefined;
      const answeredAt = agent.clock.monotonic() / SECOND;
      answer.resolve({ kind: 'done' });
      await agent.pass(2 * SECOND);
      assert.match(agent.did.at(-1) ?? '', /complete/);
      const asked = agent.asked.filter((one) => / s ECS /.test(one) && Number.parseFloat(one) >= answeredAt);
      assert.ok(asked.length > 0, 'let go without a look at ECS since it contradicted itself');
    });
});

describe('a dry run', () => {
  it('changes nothing, and says each change that it leaves out once', async () => {
    const agent = scriptAgent({ policy: { dryRun: true } });
    await begin(agent);
    await agent.pass(5 * MINUTE);
    assert.deepEqual(agent.did, []);
    assert.deepEqual(
      agent.said
        .filter(({ event }) => event === 'dry-run.skipped')
        .map(({ message, fields }) => [message, fields?.action]),
      [
        ['would have made the call now: set-draining', 'set-draining'],
        ['would have made the call now: deregister', 'deregister'],
        ['would have made the call now: complete', 'complete'],
      ],
    );
  });
  it('tells nothing as done, nor that it came too late', async () => {
    const agent = scriptAgent({ policy: { dryRun: true } });
    await begin(agent);
    await agent.pass(5 * MINUTE);
    agent.says.signal = known(undefined);
    await agent.pass(MINUTE);
    const pretended = agent
      .events()
      .filter((event) => !/^(agent|drain\.(signalled|progress|blocked|done))/.test(event));
    assert.deepEqual(new Set(pretended), new Set(['dry-run.skipped']));
  });
  it('keeps nothing: after a restart what was only pretended would be taken for true', async () => {
    const agent = scriptAgent({ policy: { dryRun: true } });
    await begin(agent, busy());
    await agent.pass(5 * MINUTE);
    assert.deepEqual(agent.saved, []);
  });
  it('says nothing of heartbeats, which it does not record', async () => {
    const agent = scriptAgent({ policy: { dryRun: true } });
    await begin(agent, busy());
    await agent.pass(30 * MINUTE);
    assert.equal(agent.events().includes('lifecycle.heartbeat'), false);
  });
});

describe('the operator’s hooks', () => {
  const other = CI.replace(/1$/, '2');
  const view: EcsView = {
    containerInstance: { kind: 'registered', cluster: 'web', arn: CI, status: 'DRAINING' },
    tasks: known([]),
    isListed: true,
    requests: 2,
    heard: CI,
    own: [],
    gone: [task.arn],
  };
  /** The last task ends, and ECS is looked at. Meanwhile the ECS agent is asked once more what the host is. */
  const looking = async (registration: Says['registration']) => {
    const { promise, resolve } = Promise.withResolvers<Reading<EcsView>>();
    const hooksRun = { draining: 'succeeded' } as const;
    const agent = scriptAgent({
      hooks: { drained: 'succeeded' },
      memory: { signalledAt: START, signals: [manual], hooksRun, drainingSetAt: START, drainingSetOn: CI },
      says: { ...busy(), status: 'DRAINING', signal: known(manual), lifecycle: waits },
    });
    await agent.pass(55 * SECOND);
    Object.assign(agent.says, { localTasks: known([]), view: promise, registration });
    await agent.pass(7 * SECOND);
    const lookedAt = Number(agent.asked.findLast((one) => one.includes(' ECS '))?.split(' ')[0]);
    const heardAt = agent.times('registration').at(-1) ?? 0;
    assert.ok(55 < lookedAt && lookedAt < heardAt, `ECS at ${lookedAt} s, the ECS agent at ${heardAt} s`);
    return { agent, look: () => resolve(known(view)) };
  };

  it('run at their stages, each once, with the facts of the drain', async () => {
    const agent = scriptAgent({ hooks: { draining: 'succeeded', drained: 'failed', released: 'none' } });
    await begin(agent, { ...busy(), status: 'DRAINING' });
    await agent.pass(10 * SECOND);
    Object.assign(agent.says, { tasks: [], localTasks: known([]) });
    await agent.pass(10 * SECOND);
    assert.deepEqual(
      agent.ran.map(({ stage }) => stage),
      ['draining', 'drained', 'released'],
    );
    const [first] = agent.ran;
    assert.deepEqual(
      [first?.facts.instanceId, first?.facts.region, first?.facts.tasksLeft, first?.facts.signals],
      ['i-0123456789abcdef0', 'eu-west-1', 1, ['manual']],
    );
    assert.deepEqual(agent.saved.at(-1)?.hooksRun, { draining: 'succeeded', drained: 'failed' });
    assert.equal(
      agent.saved.at(-1)?.signalledAt,
      START + 15 * SECOND,
      'they would take the rest of it with them',
    );
  });
  it('of stage drained do not begin by a look of before the host became another container instance: it may have tasks', async () => {
    const { agent, look } = await looking(known({ cluster: 'web', containerInstanceArn: other }));
    agent.says.view = known({ ...view, heard: other, tasks: known([task]) });
    look();
    await agent.pass(10 * SECOND);
    assert.deepEqual(agent.ran, [], 'what they save would be of a host that goes on');
  });
  for (const [what, registration] of [
    ['is still the same', known({ cluster: 'web', containerInstanceArn: CI })],
    ['has fallen silent since', unknown('refused')],
  ] as const)
    it(`of stage drained begin by that look where the host ${what}: each look takes requests of others`, async () => {
      const { agent, look } = await looking(registration);
      agent.says.view = unknown('it is throttled');
      look();
      await agent.pass(0);
      assert.equal(agent.ran[0]?.stage, 'drained');
    });
  it('of stage drained hold the release until they succeed, where that is wanted', async () => {
    const hooks = { drained: 'failed' as 'failed' | 'succeeded', holds: true };
    const agent = scriptAgent({ hooks });
    await begin(agent, { status: 'DRAINING' });
    await agent.pass(10 * SECOND);
    assert.deepEqual(agent.did, ['15 s deregister', '15 s heartbeat']);
    const held = agent.said.find(({ event }) => event === 'hook.holding');
    assert.equal(
      held?.message,
      'the instance is kept until the hooks of stage drained succeed; trying again in 15 s',
    );
    assert.equal(held?.fields?.stage, 'drained');
    hooks.drained = 'succeeded';
    await agent.pass(11 * SECOND);
    assert.deepEqual(agent.did.slice(2), ['30 s complete']);
  });
  it('that hold the release are tried again as soon as they have rested, whatever else is due when', async () => {
    const { promise, resolve } = Promise.withResolvers<'failed'>();
    const hooks: NonNullable<Parameters<typeof scriptAgent>[0]>['hooks'] & object = {
      holds: true,
      drained: promise,
    };
    const agent = scriptAgent({ hooks });
    await begin(agent, { status: 'DRAINING' });
    await agent.pass(7_300);
    resolve('failed');
    await agent.pass(0);
    Object.assign(hooks, { drained: 'succeeded' });
    await agent.pass(16 * SECOND);
    assert.equal(agent.did.at(-1), '32.3 s complete');
  });
  it('that have run before a restart are not run again, and hold nothing', async () => {
    const agent = scriptAgent({
      hooks: { drained: 'failed', holds: true },
      memory: {
        signalledAt: START,
        signals: [manual],
        hooksRun: { draining: 'succeeded', drained: 'succeeded' },
      },
      says: { status: undefined, signal: known(manual), lifecycle: waits },
    });
    await agent.pass(10 * SECOND);
    assert.deepEqual(
      agent.ran.map(({ stage }) => stage),
      ['released'],
    );
    assert.deepEqual(agent.did, ['0 s complete']);
  });
  it('of a drain that is cancelled end before those of the next begin: they need not bear to run at once', async () => {
    const { promise, resolve } = Promise.withResolvers<HooksResult>();
    const agent = scriptAgent({ hooks: { draining: promise } });
    await begin(agent, { ...busy(), lifecycle: inService });
    await agent.pass(30 * SECOND);
    agent.says.signal = known(undefined);
    await agent.pass(30 * SECOND);
    for (let turn = 0; turn < 2; turn++) {
      agent.says.signal = known(manual);
      await agent.pass(30 * SECOND);
      assert.equal(agent.ran.length, 1, 'two of the same hook run at once');
      if (turn === 0) agent.says.signal = known(undefined);
      await agent.pass(30 * SECOND);
    }
    resolve('succeeded');
    await agent.pass(SECOND);
    assert.deepEqual(
      agent.ran.map(({ stage }) => stage),
      ['draining', 'draining'],
      'the hook of a drain that was cancelled meanwhile runs, or that of this one does not',
    );
  });
  it('that end after the agent change nothing any more: the next process may have begun', async () => {
    const { promise, resolve } = Promise.withResolvers<'succeeded'>();
    const agent = scriptAgent({ hooks: { draining: promise } });
    await begin(agent, { ...busy(), status: 'DRAINING', lifecycle: inService });
    await agent.pass(10 * SECOND);
    assert.equal(agent.ran.length, 1);
    agent.stop.abort();
    await agent.pass(0);
    const saved = agent.saved.length;
    resolve('succeeded');
    await agent.pass(SECOND);
    assert.equal(agent.saved.length, saved);
  });
  it('of a drain that is cancelled change nothing any more', async () => {
    const { promise, resolve } = Promise.withResolvers<'succeeded'>();
    const agent = scriptAgent({ hooks: { draining: promise } });
    await begin(agent, { ...busy(), status: 'DRAINING', lifecycle: inService });
    await agent.pass(10 * SECOND);
    agent.says.signal = known(undefined);
    await agent.pass(10 * SECOND);
    const saved = agent.saved.length;
    resolve('succeeded');
    await agent.pass(SECOND);
    assert.equal(agent.saved.length, saved, 'the next drain would not run them');
  });
});

describe('what is asked', () => {
  it('why it waits: 20 s after a service’s task was first waited for, a minute later, then every 5 min', async () => {
    const agent = scriptAgent({ explains: true });
    const ofService = { ...task, group: 'service:site' };
    await begin(agent, { status: 'DRAINING', tasks: [ofService], localTasks: known([local]) });
    await agent.pass(2 * MINUTE);
    assert.deepEqual(agent.times('services'), [35, 95]);
    agent.says.tasks = [task];
    await agent.pass(9 * MINUTE);
    assert.ok(agent.times('services').length <= 3, 'for tasks of no service there is nothing to explain');
  });
  it('why it waits, where one of several tasks is a service’s', async () => {
    const agent = scriptAgent({ explains: true });
    const ofService = { ...task, arn: `${task.arn}2`, group: 'service:site' };
    await begin(agent, { status: 'DRAINING', tasks: [task, ofService], localTasks: known([local]) });
    await agent.pass(MINUTE);
    assert.deepEqual(agent.times('services'), [35]);
  });
  it('why it waits is not asked where no task is a service’s', async () => {
    const agent = scriptAgent({ explains: true });
    await begin(agent, { status: 'DRAINING', ...busy() });
    await agent.pass(5 * MINUTE);
    assert.deepEqual(agent.times('services'), []);
  });
  it('the group, at once, when a signal says something new of it: its hook may wait already', async () => {
    const agent = scriptAgent();
    await begin(agent, { status: 'DRAINING', ...busy(), lifecycle: inService });
    await agent.pass(9 * SECOND);
    assert.deepEqual(agent.times('lifecycle'), [15]);
    agent.says.signal = known({ source: 'lifecycle' });
    agent.says.lifecycle = waits;
    await agent.pass(2 * SECOND);
    assert.deepEqual(agent.times('lifecycle'), [15, 20]);
    assert.deepEqual(agent.did, ['20 s heartbeat']);
  });
  it('the group, for a drain that begins before the one before it is given back: what it said for that one is old', async () => {
    const agent = scriptAgent();
    agent.outcomes['set-active'] = { kind: 'failed', error: failed('throttled') };
    await begin(agent, { ...busy(), lifecycle: inService });
    await agent.pass(10 * SECOND);
    agent.says.signal = known(undefined);
    await agent.pass(10 * SECOND);
    assert.match(agent.did.at(-1) ?? '', /set-active/);
    Object.assign(agent.says, { signal: known(manual), tasks: [], localTasks: known([]) });
    agent.says.lifecycle = { ...waits, state: 'ReplacingRootVolume:Wait' };
    await agent.pass(10 * SECOND);
    assert.deepEqual(
      agent.did.filter((one) => one.endsWith('deregister')),
      [],
      'an instance whose root volume is replaced leaves its cluster for good',
    );
    // At the next try the signal is seen, and a moment later that no task is left.
    assert.deepEqual(agent.times('lifecycle').map(Math.floor), [15, 25, 30, 31]);
  });
  it('ECS every 5 min when all is done, though tasks were seen on the host: they have ended', async () => {
    const agent = scriptAgent();
    await begin(agent, { status: 'DRAINING', ...busy() });
    await agent.pass(10 * SECOND);
    Object.assign(agent.says, { tasks: [], localTasks: known([]) });
    await agent.pass(5 * SECOND);
    assert.match(agent.did.at(-1) ?? '', /complete/);
    const before = agent.times('ECS full').length + agent.times('ECS quick').length;
    await agent.pass(11 * MINUTE);
    assert.equal(agent.times('ECS full').length + agent.times('ECS quick').length - before, 2);
  });
  it('the group once a minute when all is done, and the host’s tasks no more', async () => {
    const agent = scriptAgent();
    await begin(agent, { status: 'DRAINING' });
    await agent.pass(6 * SECOND);
    assert.deepEqual(agent.did, ['15 s deregister', '15 s complete']);
    const before = agent.asked.length;
    await agent.pass(2 * MINUTE);
    assert.deepEqual(
      agent.asked.slice(before).filter((one) => !/signals|identity|registration/.test(one)),
      ['40 s lifecycle', '100 s lifecycle'],
    );
  });
  it('what this host is, every 5 s where ECS knows it nowhere: the ECS agent may be about to register it', async () => {
    const agent = scriptAgent();
    const never = known({
      containerInstance: { kind: 'never-registered' } as const,
      tasks: known([]),
      isListed: true,
      requests: 0,
      heard: undefined,
      own: [],
      gone: [],
    });
    await begin(agent, { view: never, registration: unknown('refused'), lifecycle: inService });
    await agent.pass(22 * SECOND);
    const times = agent.times('registration').filter((at) => at >= 15);
    assert.deepEqual(times, [15, 20, 25, 30]);
  });
  it('ECS every 15 s where it contradicts itself, while the host is not busy: the instance is paid for meanwhile', async () => {
    const agent = scriptAgent();
    await begin(agent, { status: undefined, tasks: [], localTasks: unknown('silent'), lifecycle: inService });
    await agent.pass(20 * SECOND);
    agent.says.view = unknown('it contradicts itself');
    await agent.pass(10 * MINUTE);
    const views = agent.times('ECS full').slice(-3);
    assert.deepEqual(
      views.slice(1).map((at, index) => at - (views[index] ?? 0)),
      [15, 15],
    );
  });
  it('ECS every 5 min after somebody else has deregistered the host, while a task that was seen on it runs', async () => {
    const agent = scriptAgent();
    await begin(agent, { status: undefined, ...busy() });
    await agent.pass(11 * MINUTE);
    assert.deepEqual(agent.times('ECS full'), [15, 315, 615]);
  });
  it('ECS, at once, when the ECS agent says that the host is another container instance now', async () => {
    const agent = scriptAgent();
    await begin(agent, { status: 'DRAINING', ...busy() });
    await agent.pass(22 * SECOND);
    assert.deepEqual(agent.times('ECS full'), [15]);
    agent.says.registration = known({ cluster: 'web', containerInstanceArn: `${CI}2` });
    await agent.pass(14 * SECOND);
    assert.deepEqual(
      agent.times('ECS full').slice(0, 2),
      [15, 45],
      'the tasks of the new one would be missed',
    );
  });
  it('ECS more often while the ECS agent says nothing', async () => {
    const agent = scriptAgent();
    await begin(agent, { status: 'DRAINING', ...busy(), localTasks: unknown('refused') });
    await agent.pass(80 * SECOND);
    assert.deepEqual(agent.times('ECS full'), [15, 52.5, 90]);
  });
  it('the group every 5 s where it knows nothing of an instance that metadata says it terminates', async () => {
    const agent = scriptAgent();
    await begin(agent, { status: 'DRAINING', ...busy(), lifecycle: { kind: 'no-group' } });
    await agent.pass(6 * SECOND);
    agent.says.signal = known({ source: 'lifecycle' });
    await agent.pass(20 * SECOND);
    assert.deepEqual(agent.times('lifecycle'), [15, 20, 25, 30, 35]);
  });
  it('nothing before it has rested after a failure', async () => {
    const agent = scriptAgent();
    await begin(agent, { ...busy(), view: failed('throttled') });
    await agent.pass(30 * SECOND);
    assert.deepEqual(agent.times('ECS full'), [15, 24, 33, 39]);
  });
});

describe('what the group said once', () => {
  it('of its hooks outlasts a question that fails', async () => {
    const agent = scriptAgent();
    await begin(agent, { ...busy(), status: 'DRAINING' });
    await agent.pass(5 * MINUTE);
    agent.says.hooks = failed('transient');
    agent.says.retains = failed('transient');
    await agent.pass(26 * MINUTE);
    assert.deepEqual(agent.did, [
      '15 s heartbeat',
      '615 s heartbeat',
      '1215 s heartbeat',
      '1815 s heartbeat',
    ]);
    Object.assign(agent.says, { tasks: [], localTasks: known([]) });
    await agent.pass(10 * SECOND);
    assert.match(agent.did.at(-1) ?? '', /complete/);
  });
  it('of its retention outlasts a restart', async () => {
    const since = START - 172_800_000 + 4 * MINUTE;
    const agent = scriptAgent({
      memory: {
        signalledAt: since,
        signals: [manual],
        retains: true,
        waiting: {
          since,
          group: 'web-asg',
          hook: { name: 'drain', heartbeatTimeout: 3_600_000, globalTimeout: 172_800_000 },
        },
      },
      says: {
        ...busy(),
        status: 'DRAINING',
        signal: known(manual),
        lifecycle: waits,
        retains: failed('throttled'),
      },
    });
    await agent.pass(10 * SECOND);
    assert.equal(agent.mutations[0]?.kind === 'complete' && agent.mutations[0].result, 'ABANDON');
  });
});
