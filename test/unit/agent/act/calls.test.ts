import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCalls } from '../../../../src/agent/act/calls.ts';
import type { Mutation } from '../../../../src/agent/model.ts';
import type { AutoScaling } from '../../../../src/aws/auto-scaling.ts';
import type { Ecs } from '../../../../src/aws/ecs.ts';
import { AwsError } from '../../../../src/aws/errors.ts';
import { settled } from '../../../support/virtual-clock.ts';

const containerInstance = { kind: 'registered', cluster: 'web', arn: 'ci', status: 'DRAINING' } as const;
const unless = new AbortController().signal;
const isPast = () => false;
const refused = new AwsError('ecs:StopTask', 'rejected', 'Refused', 'no');
const stop = (why: 'spot' | 'timeout', ...ids: string[]): Mutation => ({
  kind: 'stop-tasks',
  cluster: 'web',
  tasks: ids.map((arn) => ({ arn, group: 'family:a', lastStatus: 'RUNNING', desiredStatus: 'RUNNING' })),
  why,
});

/** The calls that are made, each answered as `answer` says. */
function setUp(answer: (call: string) => unknown = () => undefined) {
  const calls: unknown[][] = [];
  const record =
    (name: string) =>
    async (...args: unknown[]) => {
      calls.push([name, ...args]);
      return answer(`${name} ${args[1]}`);
    };
  const ecs = {
    setStatus: record('setStatus'),
    deregister: record('deregister'),
    stopTask: record('stopTask'),
  } as unknown as Ecs;
  const autoScaling = {
    complete: record('complete'),
    terminate: record('terminate'),
    heartbeat: record('heartbeat'),
  } as unknown as AutoScaling;
  const faults: string[] = [];
  const onFault = (operation: string, error: unknown) => void faults.push(`${operation}: ${error}`);
  let refusals = 0;
  const onTasksRunning = () => void refusals++;
  const { mutate, heartbeat } = createCalls({ ecs, autoScaling, onFault, onTasksRunning });
  return {
    mutate: (mutation: Mutation, signal = unless) => mutate(mutation, signal, isPast),
    heartbeat: (group: string, hook: string) => heartbeat(group, hook, unless),
    calls,
    faults,
    refusals: () => refusals,
  };
}

describe('each change is one call', () => {
  for (const [mutation, call] of [
    [{ kind: 'set-draining', containerInstance }, ['setStatus', 'web', 'ci', 'DRAINING', { unless, isPast }]],
    [{ kind: 'set-active', containerInstance }, ['setStatus', 'web', 'ci', 'ACTIVE', { unless, isPast }]],
    [{ kind: 'deregister', containerInstance }, ['deregister', 'web', 'ci', { unless, isPast }]],
    [
      { kind: 'complete', group: 'g', hook: 'h', result: 'ABANDON', why: 'timeout' },
      ['complete', 'g', 'h', 'ABANDON', { unless, isPast }],
    ],
    [{ kind: 'terminate', why: 'drained' }, ['terminate', { unless, isPast }]],
  ] as const)
    it(mutation.kind, async () => {
      const { mutate, calls } = setUp();
      assert.deepEqual(await mutate(mutation), { kind: 'done' });
      assert.deepEqual(calls, [call]);
    });

  it('heartbeat', async () => {
    const { heartbeat, calls } = setUp(() => 'recorded');
    assert.deepEqual(await heartbeat('g', 'h'), { kind: 'done' });
    assert.deepEqual(calls, [['heartbeat', 'g', 'h', { unless }]]);
  });
});

describe('what AWS answers', () => {
  it('that tasks run: nothing was deregistered, and somebody is told that ECS knows of some', async () => {
    const { mutate, refusals } = setUp(() => 'tasks-running');
    assert.deepEqual(await mutate({ kind: 'deregister', containerInstance }), { kind: 'tasks-running' });
    assert.equal(refusals(), 1);
  });
  it('that nothing waits: no heartbeat was recorded', async () =>
    assert.deepEqual(await setUp(() => 'nothing-waiting').heartbeat('g', 'h'), { kind: 'nothing-waiting' }));
  it('any other success', async () => {
    const { mutate, refusals } = setUp(() => 'deregistered');
    assert.deepEqual(await mutate({ kind: 'deregister', containerInstance }), { kind: 'done' });
    assert.equal(refusals(), 0);
  });
  it('an error: it failed', async () => {
    const { mutate } = setUp(() => Promise.reject(refused));
    assert.deepEqual(await mutate({ kind: 'terminate', why: 'drained' }), { kind: 'failed', error: refused });
  });
  it('an error of AWS is no fault of ours', async () => {
    const { mutate, faults } = setUp(() => Promise.reject(refused));
    await mutate({ kind: 'terminate', why: 'drained' });
    assert.deepEqual(faults, [], 'an outage of AWS would be reported to us');
  });
});

describe('a fault of our own, which is none of AWS', () => {
  const fault = () => Promise.reject(new TypeError('x is not a function'));
  const operations = {
    'set-draining': 'ecs:UpdateContainerInstancesState',
    'set-active': 'ecs:UpdateContainerInstancesState',
    deregister: 'ecs:DeregisterContainerInstance',
    complete: 'autoscaling:CompleteLifecycleAction',
    terminate: 'autoscaling:TerminateInstanceInAutoScalingGroup',
  };
  for (const mutation of [
    { kind: 'set-draining', containerInstance },
    { kind: 'set-active', containerInstance },
    { kind: 'deregister', containerInstance },
    { kind: 'complete', group: 'g', hook: 'h', result: 'CONTINUE', why: 'drained' },
    { kind: 'terminate', why: 'drained' },
  ] as const)
    it(`is told, and may have been done all the same: ${mutation.kind}`, async () => {
      const { mutate, faults } = setUp(fault);
      const outcome = await mutate(mutation);
      assert.deepEqual(
        faults,
        [`${operations[mutation.kind]}: TypeError: x is not a function`],
        'nobody learns of it',
      );
      assert.ok(outcome.kind === 'failed', 'it would never be tried again');
      assert.equal(outcome.error.kind, 'transient', 'it may have been done, and would count as surely not');
      assert.equal(outcome.error.message, 'x is not a function');
    });
  it('a heartbeat', async () => {
    const { heartbeat, faults } = setUp(fault);
    assert.equal((await heartbeat('g', 'h')).kind, 'failed', 'no other heartbeat would be sent');
    assert.deepEqual(faults, ['autoscaling:RecordLifecycleActionHeartbeat: TypeError: x is not a function']);
  });
  it('StopTask of one of several tasks', async () => {
    const { mutate, faults } = setUp((call) => (call === 'stopTask b' ? fault() : undefined));
    const outcome = await mutate(stop('timeout', 'a', 'b'));
    assert.equal(outcome.kind, 'partly', 'the task that was asked would be asked again');
    assert.deepEqual(faults, ['ecs:StopTask: TypeError: x is not a function']);
  });
});

describe('tasks that are asked to stop', () => {
  it('at an operator’s limit: each, in its cluster, and why', async () => {
    const { mutate, calls } = setUp();
    assert.deepEqual(await mutate(stop('timeout', 'a', 'b')), { kind: 'done' });
    const reason = 'ecs-drain-agent: drain timeout';
    assert.deepEqual(calls, [
      ['stopTask', 'web', 'a', reason, { urgent: false, unless, isPast }],
      ['stopTask', 'web', 'b', reason, { urgent: false, unless, isPast }],
    ]);
  });

  it('before a Spot interruption: without regard to budgets, since it cannot be done later', async () => {
    const { mutate, calls } = setUp();
    await mutate(stop('spot', 'a'));
    assert.deepEqual(calls, [
      ['stopTask', 'web', 'a', 'ecs-drain-agent: Spot interruption', { urgent: true, unless, isPast }],
    ]);
  });

  it('one that cannot be asked keeps none of the others from it, and those need not be asked again', async () => {
    const { mutate, calls } = setUp((call) => (call === 'stopTask b' ? Promise.reject(refused) : undefined));
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const outcome = await mutate(stop('timeout', ...ids));
    assert.ok(outcome.kind === 'partly', 'all seven would be asked again, outside the budget');
    assert.equal(outcome.error, refused);
    assert.deepEqual(
      outcome.refused?.map(({ arn }) => arn),
      ['b'],
      'it would keep its place before those that were not tried yet',
    );
    assert.deepEqual(
      outcome.asked.map(({ arn }) => arn),
      ids.filter((id) => id !== 'b'),
    );
    assert.deepEqual(
      calls.map(([, , arn]) => arn),
      ids,
    );
  });

  for (const kind of ['unsent', 'throttled', 'transient'] as const)
    it(`one is refused, and another is ${kind}: that one is not kept waiting for a refusal’s quarter of a minute`, async () => {
      const later = new AwsError('ecs:StopTask', kind, 'Later', 'not now');
      const { mutate } = setUp((call) => Promise.reject(call === 'stopTask a' ? refused : later));
      const outcome = await mutate(stop('spot', 'a', 'b'));
      assert.ok(outcome.kind === 'failed');
      assert.equal(outcome.error, later, 'half of the time before a Spot interruption is lost');
      assert.deepEqual(
        outcome.refused?.map(({ arn }) => arn),
        ['a'],
        'the other one can be asked',
      );
    });

  it('none of which could be asked: it failed', async () => {
    const { mutate } = setUp(() => Promise.reject(refused));
    const outcome = await mutate(stop('timeout', 'a', 'b'));
    assert.ok(outcome.kind === 'failed');
    assert.equal(outcome.error, refused);
  });

  it('five at a time', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { mutate, calls } = setUp(() => promise);
    const outcome = mutate(stop('timeout', 'a', 'b', 'c', 'd', 'e', 'f', 'g'));
    await settled();
    assert.equal(calls.length, 5);
    resolve();
    await outcome;
    assert.equal(calls.length, 7);
  });
});
