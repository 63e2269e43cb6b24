import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import { createBudget } from '../../../src/aws/budget.ts';
import { type Attempt, createCaller, withdrawnBy } from '../../../src/aws/call.ts';
import type { Transport } from '../../../src/aws/operations.ts';
import { createVirtualClock, settled } from '../../support/virtual-clock.ts';
import { pass } from './virtual-time.ts';

const throttled = serviceError('ThrottlingException', 400);
const outage = serviceError('ServerException', 503);
const expired = serviceError('ExpiredTokenException', 400);

describe('a call that fails is tried again', () => {
  const four = { attempts: 4 };

  // Full jitter, drawn at its longest: the ceilings double from the first, up to 15 s.
  for (const [what, error, delays] of [
    ['an outage', outage, [500, 1_000, 2_000]],
    ['credentials that are not there yet', expired, [1_000, 2_000, 4_000]],
    ['throttling', throttled, [2_000, 4_000, 8_000]],
    [
      'a connection that broke',
      Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }),
      [500, 1_000, 2_000],
    ],
  ] as const) {
    test(`after ${what}, as often as it is told, later each time`, async () => {
      const { call, clock, sentAt } = setUp(() => Promise.reject(error));
      const outcome = await pass(clock, call('ecs:ListTasks', {}, four));
      assert.ok('error' in outcome);
      const [a = 0, b = 0, c = 0] = delays;
      assert.deepEqual(sentAt, [0, a, a + b, a + b + c]);
    });
  }

  test('and succeeds as soon as AWS does', async () => {
    let left = 2;
    const attempts: Attempt[] = [];
    const answer = () => (left-- > 0 ? Promise.reject(outage) : Promise.resolve({ taskArns: ['a'] }));
    const { call, clock } = setUp(answer, { onAttempt: (attempt) => attempts.push(attempt) });
    assert.deepEqual(await pass(clock, call('ecs:ListTasks', {}, four)), { value: { taskArns: ['a'] } });
    assert.deepEqual(
      attempts.map(({ operation, attempt, error }) => `${operation} ${attempt} ${error?.kind ?? 'ok'}`),
      ['ecs:ListTasks 1 transient', 'ecs:ListTasks 2 transient', 'ecs:ListTasks 3 ok'],
    );
  });

  test('at a time that no other instance shares: the wait is anything from nothing to the ceiling', async () => {
    const { call, clock, sentAt } = setUp(() => Promise.reject(throttled), { random: () => 0 });
    await pass(clock, call('ecs:ListTasks', {}, four));
    // A timer takes a millisecond at least.
    assert.deepEqual(sentAt, [0, 1, 2, 3]);
  });

  for (const [what, error, kind] of [
    ['AWS understood and refused', serviceError('InvalidParameterException', 400), 'rejected'],
    ['a policy forbids', serviceError('AccessDeniedException', 400), 'permission'],
    ['a policy forbids, in EC2’s words', serviceError('UnauthorizedOperation', 403), 'permission'],
  ] as const) {
    test(`but not what ${what}`, async () => {
      const { call, clock, sentAt } = setUp(() => Promise.reject(error));
      const outcome = await pass(clock, call('ecs:StopTask', { task: 'x' }, four));
      assert.ok('error' in outcome);
      assert.equal(outcome.error.kind, kind);
      assert.equal(outcome.error.cause, error);
      assert.deepEqual(sentAt, [0]);
    });
  }

  test('but not unless the caller wants it', async () => {
    const { call, clock, sentAt } = setUp(() => Promise.reject(outage));
    await pass(clock, call('ecs:ListTasks', {}));
    assert.deepEqual(sentAt, [0]);
  });
});

test('a call that is tried for long waits 15 s at most', async () => {
  const { call, clock, sentAt } = setUp(() => Promise.reject(throttled));
  await pass(clock, call('ecs:ListTasks', {}, { attempts: 6 }));
  assert.deepEqual(sentAt, [0, 2_000, 6_000, 14_000, 29_000, 44_000]);
});

test('a call that was answered leaves nothing behind: an agent that runs for months would gather it', async () => {
  const { call, clock, stop } = setUp(() => Promise.resolve({}));
  await call('ecs:ListTasks', {});
  assert.deepEqual(getEventListeners(stop.signal, 'abort'), []);
  assert.equal(clock.step(), false, 'something still waits');
});

test('a call without an answer is given up after 10 s, and its request is cancelled', async () => {
  const cancelled: number[] = [];
  const { call, clock, sentAt } = setUp((signal, at) => {
    signal.addEventListener('abort', () => cancelled.push(at()));
    return new Promise(() => {});
  });
  const outcome = await pass(clock, call('ecs:ListTasks', {}, { attempts: 2 }));
  assert.ok('error' in outcome);
  assert.equal(outcome.error.message, 'calling ecs:ListTasks: no answer in 10000 ms');
  assert.equal(outcome.error.kind, 'transient');
  assert.deepEqual(sentAt, [0, 10_500]);
  assert.deepEqual(cancelled, [10_000, 20_500]);
});

test('an answer that comes too late harms nobody', async () => {
  const { call, clock } = setUp((signal) => {
    const { promise, reject } = Promise.withResolvers<object>();
    signal.addEventListener('abort', () => reject(new Error('aborted')));
    return promise;
  });
  const outcome = await pass(clock, call('ecs:ListTasks', {}, { attempts: 1 }));
  assert.ok('error' in outcome && outcome.error.code === 'TimeoutError');
});

describe('when the agent stops', () => {
  test('a call that waits for its answer ends at once', async () => {
    const { call, stop } = setUp((signal) => {
      const { promise, reject } = Promise.withResolvers<object>();
      signal.addEventListener('abort', () =>
        reject(Object.assign(new Error('aborted'), { name: 'AbortError' })),
      );
      return promise;
    });
    const outcome = call('ecs:ListTasks', {}).catch((error) => error);
    await settled();
    stop.abort();
    assert.equal((await outcome).kind, 'stopped');
  });

  test('one that waits for its next attempt ends too, without another request', async () => {
    const { call, stop, sentAt } = setUp(() => Promise.reject(throttled));
    const outcome = call('ecs:ListTasks', {}, { attempts: 4 }).catch((error) => error);
    await settled();
    stop.abort();
    const { kind } = await outcome;
    assert.ok(kind === 'stopped' || kind === 'throttled');
    assert.deepEqual(sentAt, [0]);
  });

  test('one that waits for its share is never sent', async () => {
    const { call, stop, sentAt } = setUp(() => Promise.resolve({}));
    const calls = Array.from({ length: 13 }, () => call('ecs:ListTasks', {}).catch((error) => error));
    await settled();
    assert.equal(sentAt.length, 12);
    stop.abort();
    const outcomes = await Promise.all(calls);
    assert.equal(outcomes[12].kind, 'unsent');
    assert.equal(outcomes[12].message, 'the agent is stopping');
    assert.equal(sentAt.length, 12);
  });
});

describe('a call that is not wanted any more', () => {
  const givenUp = { kind: 'unsent', message: 'it is not wanted any more' };

  test('a question of a drain that is over does not take others’ share of requests', async () => {
    const { call, sentAt } = setUp(() => Promise.resolve({}));
    const over = new AbortController();
    const ask = withdrawnBy(over.signal, call);
    const questions = Array.from({ length: 13 }, () => ask('ecs:ListTasks', {}).catch((error) => error));
    await settled();
    assert.equal(sentAt.length, 12);
    over.abort();
    const { kind, message } = (await Promise.all(questions))[12];
    assert.deepEqual({ kind, message }, givenUp);
    assert.equal(sentAt.length, 12);
  });

  test('is never sent if it still waits for its share, and uses up none', async () => {
    const { call, clock, sentAt } = setUp(() => Promise.resolve({}));
    const unless = new AbortController();
    await Promise.all(Array.from({ length: 12 }, () => call('ecs:StopTask', { task: 'a' })));
    const outcome = call('ecs:StopTask', { task: 'a' }, { unless: unless.signal });
    await settled();
    unless.abort();
    await assert.rejects(outcome, givenUp);
    await pass(clock, Promise.all(Array.from({ length: 12 }, () => call('ecs:StopTask', { task: 'a' }))));
    assert.deepEqual(sentAt, [...Array<number>(12).fill(0), ...Array<number>(12).fill(61_000)]);
  });

  test('is never sent once what asked for it is past, nor tried again: no timer goes off while the host stands still', async () => {
    const { call, clock, sentAt } = setUp(() => Promise.reject(throttled));
    const urgent = (isPast: () => boolean) =>
      call('ecs:StopTask', { task: 'a' }, { urgent: true, attempts: 2, isPast });
    await assert.rejects(
      urgent(() => true),
      givenUp,
    );
    assert.deepEqual(sentAt, []);
    const outcome = await pass(
      clock,
      urgent(() => sentAt.length > 0),
    );
    assert.ok('error' in outcome && outcome.error.kind === 'stopped');
    assert.equal(sentAt.length, 1);
  });

  test('is not tried again', async () => {
    const { call, clock, sentAt } = setUp(() => Promise.reject(throttled));
    const unless = new AbortController();
    const outcome = call('ecs:StopTask', { task: 'a' }, { urgent: true, attempts: 2, unless: unless.signal });
    await settled();
    unless.abort();
    await assert.rejects(outcome);
    await pass(clock, Promise.resolve({}));
    assert.deepEqual(sentAt, [0]);
  });

  test('and was sent once does not pass for one that was never sent: it may have been done', async () => {
    const unless = new AbortController();
    const { call, clock } = setUp(() => {
      void clock.sleep(1).then(() => unless.abort());
      return Promise.reject(outage);
    });
    const outcome = await pass(
      clock,
      call('ecs:StopTask', { task: 'a' }, { attempts: 2, unless: unless.signal }),
    );
    assert.ok('error' in outcome && outcome.error.kind !== 'unsent');
  });

  test('… nor while it waits for its share to be sent again', async () => {
    let isOut = false;
    const { call, clock, sentAt } = setUp(() => (isOut ? Promise.reject(outage) : Promise.resolve({})));
    await Promise.all(Array.from({ length: 11 }, () => call('ecs:StopTask', { task: 'a' })));
    isOut = true;
    const unless = new AbortController();
    void clock.sleep(1_000).then(() => unless.abort());
    const outcome = await pass(
      clock,
      call('ecs:StopTask', { task: 'b' }, { attempts: 2, unless: unless.signal }),
    );
    assert.equal('error' in outcome && outcome.error.kind, 'stopped', 'nothing would tell that it was asked');
    assert.equal(sentAt.length, 12);
  });

  test('is waited for to its end if it was sent: it may have been done', async () => {
    const { promise, resolve } = Promise.withResolvers<object>();
    const { call } = setUp(() => promise);
    const unless = new AbortController();
    const outcome = call('ecs:StopTask', { task: 'a' }, { unless: unless.signal });
    await settled();
    unless.abort();
    resolve({});
    assert.deepEqual(await outcome, {});
  });
});

describe('the share of each API', () => {
  test('is twelve requests in any minute, whatever they are for', async () => {
    const { call, clock, sentAt } = setUp(() => Promise.resolve({}));
    const calls = Promise.all(Array.from({ length: 30 }, () => call('ecs:ListTasks', {})));
    assert.ok('value' in (await pass(clock, calls)));
    assert.deepEqual(sentAt, [
      ...Array<number>(12).fill(0),
      ...Array<number>(12).fill(61_000),
      ...Array<number>(6).fill(122_000),
    ]);
  });

  test('is waited for once: whoever asks again and again keeps the host busy', async () => {
    const { call, clock, sleeps } = setUp(() => Promise.resolve({}));
    await pass(clock, Promise.all(Array.from({ length: 13 }, () => call('ecs:ListTasks', {}))));
    assert.deepEqual(
      sleeps.filter((ms) => ms !== 10_000),
      [61_000],
    );
  });

  test('holds for retries as well', async () => {
    const { call, clock, sentAt } = setUp(() => Promise.reject(outage), { random: () => 0 });
    for (let index = 0; index < 4; index++) await pass(clock, call('ecs:ListTasks', {}, { attempts: 4 }));
    // A timer takes a millisecond at least.
    assert.deepEqual(sentAt, [0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 61_000, 61_001, 61_002, 61_003]);
  });

  test('is its own: one that is used up leaves the others alone', async () => {
    const { call, clock, sentAt } = setUp(() => Promise.resolve({}));
    await Promise.all(Array.from({ length: 12 }, () => call('ecs:ListTasks', {})));
    await pass(clock, call('ecs:DescribeTasks', { tasks: [] }));
    assert.equal(sentAt.at(-1), 0);
  });

  test('does not keep back what cannot be done later', async () => {
    const { call, clock, sentAt } = setUp(() => Promise.resolve({}));
    await Promise.all(Array.from({ length: 12 }, () => call('ecs:StopTask', { task: 'x' })));
    await pass(clock, call('ecs:StopTask', { task: 'x' }, { urgent: true }));
    assert.deepEqual(sentAt, Array<number>(13).fill(0));
  });
});

type Answer = (signal: AbortSignal, now: () => number) => Promise<object>;

function setUp(
  answer: Answer,
  options: { random?: () => number; onAttempt?: (attempt: Attempt) => void } = {},
) {
  const virtual = createVirtualClock();
  const sleeps: number[] = [];
  const clock = {
    ...virtual,
    sleep: (ms: number, until?: { signal?: AbortSignal | undefined }) => {
      sleeps.push(ms);
      return virtual.sleep(ms, until);
    },
  };
  const stop = new AbortController();
  const sentAt: number[] = [];
  const transport = ((_operation: string, _input: object, { signal }: { signal: AbortSignal }) => {
    sentAt.push(clock.monotonic());
    return answer(signal, clock.monotonic);
  }) as Transport;
  const call = createCaller({
    transport,
    clock,
    random: () => 1,
    budget: createBudget(clock),
    stop: stop.signal,
    ...options,
  });
  return { call, clock, stop, sentAt, sleeps };
}

function serviceError(name: string, httpStatusCode: number): Error {
  return Object.assign(new Error('not now'), { name, $metadata: { httpStatusCode } });
}
