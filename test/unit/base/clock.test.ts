import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import {
  dateAt,
  isoTime,
  localTime,
  parseTime,
  parseUtcTime,
  steady,
  systemClock,
  timeOfDate,
} from '../../../src/base/clock.ts';
import { createVirtualClock, START, settled } from '../../support/virtual-clock.ts';

describe('to sleep', () => {
  /** Timers that only this test lets go by. */
  const timers = (t: TestContext) => t.mock.timers.enable({ apis: ['setTimeout'] });
  const follow = (sleep: Promise<void>) => {
    const state = { isOver: false };
    void sleep.then(() => {
      state.isOver = true;
    });
    return state;
  };

  test('takes its time', async (t) => {
    timers(t);
    const sleep = follow(systemClock.sleep(1_000));
    t.mock.timers.tick(999);
    await settled();
    assert.equal(sleep.isOver, false, 'it asks too early');
    t.mock.timers.tick(1);
    await settled();
    assert.equal(sleep.isOver, true, 'it never wakes');
  });

  test('ends at once when the agent stops, and leaves no timer that would keep the process', async (t) => {
    timers(t);
    const cleared = t.mock.method(globalThis, 'clearTimeout');
    const stop = new AbortController();
    const sleep = follow(systemClock.sleep(1_000, { signal: stop.signal }));
    stop.abort();
    await settled();
    assert.equal(sleep.isOver, true, 'a stop takes as long as the sleep');
    assert.equal(cleared.mock.callCount(), 1);
    assert.deepEqual(getEventListeners(stop.signal, 'abort'), []);
  });

  test('does not begin where the agent has stopped', async (t) => {
    timers(t);
    const begun = t.mock.method(globalThis, 'setTimeout');
    await systemClock.sleep(1_000, { signal: AbortSignal.abort() });
    assert.equal(begun.mock.callCount(), 0);
  });

  test('gathers no listeners: a loop sleeps on one signal for months', async (t) => {
    timers(t);
    const { signal } = new AbortController();
    const sleep = systemClock.sleep(1, { signal });
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    t.mock.timers.tick(1);
    await sleep;
    assert.deepEqual(getEventListeners(signal, 'abort'), []);
  });

  test('until a moment that has just passed ends at once, without a warning of Node’s on standard error', async (t) => {
    const warned = t.mock.method(process, 'emitWarning', () => {});
    await systemClock.sleep(-0.8);
    assert.equal(warned.mock.callCount(), 0);
  });

  test('for longer than a timer can take is as long as it can, not a busy loop', (t) => {
    timers(t);
    const begun = t.mock.method(globalThis, 'setTimeout');
    void systemClock.sleep(3_000_000_000);
    assert.equal(begun.mock.calls[0]?.arguments[1], 2_147_483_647);
  });
});

test('the host’s own monotonic time is in ms', (t) => {
  t.mock.method(process, 'uptime', () => 12.5);
  assert.equal(systemClock.monotonic(), 12_500);
});

describe('a steady clock', () => {
  test('starts at the host’s time and goes on with the monotonic one, however the host’s is set', async () => {
    const host = createVirtualClock();
    const clock = steady(host);
    assert.equal(clock.now(), START);
    host.jump(3_600_000);
    const sleep = clock.sleep(5_000);
    host.step();
    await sleep;
    assert.equal(clock.now(), START + 5_000, 'a deadline would move by an hour');
    assert.equal(clock.monotonic(), 5_000);
  });

  test('counts the time for which the host stood still, once', async () => {
    const host = createVirtualClock();
    let hibernatedMs = 0;
    const clock = steady(host, () => 60_000 + host.monotonic() + hibernatedMs);
    const pass = async (ms: number) => {
      const sleep = clock.sleep(ms);
      host.step();
      await sleep;
    };
    await pass(5_000);
    assert.equal(clock.monotonic(), 5_000);
    hibernatedMs = 600_000;
    await pass(100);
    assert.equal(clock.now(), START + 605_100, 'what was learnt ten minutes ago would count as new');
    assert.equal(clock.monotonic(), 605_100);
    await pass(1_000);
    assert.equal(clock.monotonic(), 606_100);
    // What the host's uptime is rounded by is no standstill.
    hibernatedMs += 10;
    await pass(1_000);
    assert.equal(clock.monotonic(), 607_100);
  });

  test('tells of a standstill at once to whoever asks, though it has just looked', () => {
    const host = createVirtualClock();
    let hibernatedMs = 0;
    const clock = steady(host, () => host.monotonic() + hibernatedMs);
    clock.now();
    assert.equal(clock.stoodStill?.(), 0);
    hibernatedMs = 2_000;
    assert.equal(clock.stoodStill?.(), 2_000, 'a call that waits would be sent on what was so before');
  });

  test('reads the host’s uptime twenty times a second at most: each time it is a file', async () => {
    const host = createVirtualClock();
    let reads = 0;
    const clock = steady(host, () => {
      reads++;
      return host.monotonic();
    });
    const pass = async (ms: number) => {
      void host.sleep(ms);
      host.step();
      clock.now();
    };
    clock.now();
    const before = reads;
    clock.now();
    await pass(49);
    assert.equal(reads - before, 0);
    await pass(1);
    assert.equal(reads - before, 1);
    await pass(49);
    assert.equal(reads - before, 1);
  });

  test('takes no second for a standstill: the host’s clocks disagree by that much', async () => {
    const host = createVirtualClock();
    let ahead = 0;
    const clock = steady(host, () => host.monotonic() + ahead);
    ahead = 1_000;
    assert.equal(clock.monotonic(), 0);
    ahead = 1_001;
    void host.sleep(50);
    host.step();
    assert.equal(clock.monotonic(), 1_051, 'what was learnt before it would count as new');
  });

  test('begun later, at what the host’s shows then', async () => {
    const host = createVirtualClock();
    void host.sleep(7_000);
    host.step();
    assert.equal(steady(host).now(), START + 7_000);
  });
});

test('a time is shown in UTC, and one that no calendar holds as it stands', () => {
  assert.equal(isoTime(1_767_323_045_000), '2026-01-02T03:04:05.000Z');
  assert.equal(isoTime(9e15), '9000000000000000 ms');
});

test('a time is shown as a clock on the wall here shows it, with its distance from UTC', (t) => {
  const { TZ } = process.env;
  t.after(() => {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  });
  const shown = (zone: string) => {
    process.env.TZ = zone;
    return localTime(1_767_323_045_000);
  };
  assert.equal(shown('UTC'), '03:04:05 UTC');
  assert.equal(shown('Europe/Berlin'), '04:04:05 +01:00');
  assert.equal(shown('Asia/Kolkata'), '08:34:05 +05:30');
  assert.equal(shown('America/St_Johns'), '23:34:05 -03:30');
  assert.equal(localTime(9e15), '9000000000000000 ms');
});

test('AWS’s times are read only whole and in UTC: half a time would move a deadline', () => {
  assert.equal(parseUtcTime('2026-01-02T03:04:05Z'), 1_767_323_045_000);
  assert.equal(parseUtcTime('2026-01-02T03:04:05.123456789Z'), 1_767_323_045_123);
  for (const text of [
    '2026',
    '2026-01-02',
    '2026-01-02T03:04:05',
    '2026-01-02T03:04:05+01:00',
    '2026-13-02T03:04:05Z',
  ])
    assert.equal(parseUtcTime(text), undefined, text);
});

test('a text is read as a time, or as none', () => {
  assert.equal(parseTime('2026-01-02T03:04:05Z'), 1_767_323_045_000);
  assert.equal(parseTime('soon'), undefined);
});

test('times of the SDK become ms, and back', () => {
  assert.equal(dateAt(1_767_323_045_000).toISOString(), '2026-01-02T03:04:05.000Z');
  assert.equal(timeOfDate(new Date('2026-01-02T03:04:05Z')), 1_767_323_045_000);
  assert.equal(timeOfDate(1_767_323_045_000), undefined);
});
