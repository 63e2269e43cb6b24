import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { createWakeup } from '../../../src/agent/wakeup.ts';
import { createVirtualClock, settled } from '../../support/virtual-clock.ts';

const MINUTE = 60_000;

function setUp() {
  const clock = createVirtualClock();
  const stop = new AbortController();
  const wakeup = createWakeup(clock, stop.signal);
  /** Begins to sleep; says how long it took, in ms, once it is over. */
  const sleep = () => {
    const begun = clock.monotonic();
    const state: { tookMs: number | undefined } = { tookMs: undefined };
    void wakeup.sleep(MINUTE).then(() => {
      state.tookMs = clock.monotonic() - begun;
    });
    return state;
  };
  const pass = async (ms: number) => {
    const end = clock.trueNow() + ms;
    clock.at(end, () => {});
    while (clock.step(end)) await settled();
  };
  return { wakeup, stop, sleep, pass };
}

describe('the loop', () => {
  it('sleeps as long as it is told', async () => {
    const { sleep, pass } = setUp();
    const one = sleep();
    await pass(MINUTE - 1);
    assert.equal(one.tookMs, undefined, 'it would be busy');
    await pass(1);
    assert.equal(one.tookMs, MINUTE, 'what is due would be late');
  });

  it('wakes as soon as an answer comes', async () => {
    const { wakeup, sleep, pass } = setUp();
    const one = sleep();
    await pass(1_000);
    wakeup.ring();
    await settled();
    assert.equal(one.tookMs, 1_000, 'the end of the last task would be seen a minute late');
  });

  it('does not sleep over an answer that came while it was awake, and sleeps after that', async () => {
    const { wakeup, sleep } = setUp();
    wakeup.ring();
    const one = sleep();
    await settled();
    assert.equal(one.tookMs, 0);
    const next = sleep();
    await settled();
    assert.equal(next.tookMs, undefined, 'one answer would keep it busy for ever');
  });

  it('sleeps on after it was woken by an answer', async () => {
    const { wakeup, sleep } = setUp();
    sleep();
    wakeup.ring();
    await settled();
    const next = sleep();
    await settled();
    assert.equal(next.tookMs, undefined, 'one answer would keep it busy for ever');
  });

  it('ends its sleep when the agent stops, and begins none after that', async () => {
    const { stop, sleep } = setUp();
    const one = sleep();
    await settled();
    stop.abort();
    await settled();
    assert.equal(one.tookMs, 0, 'systemd would have to kill it');
    const next = sleep();
    await settled();
    assert.equal(next.tookMs, 0);
  });

  it('gathers no listeners in months of sleeps', async () => {
    const { stop, sleep, pass } = setUp();
    for (let turn = 0; turn < 3; turn++) {
      sleep();
      await pass(MINUTE);
    }
    assert.equal(getEventListeners(stop.signal, 'abort').length, 1, 'its own, from the beginning');
  });
});
