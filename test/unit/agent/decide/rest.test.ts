import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dueAfter, restAfter, type Urgency } from '../../../../src/agent/decide/rest.ts';
import type { Asked, Failure } from '../../../../src/agent/model.ts';
import type { AwsErrorKind } from '../../../../src/aws/errors.ts';
import { MINUTE, NOW, SECOND } from './paces.ts';

const failure = (kind: AwsErrorKind, times: number, jitter: number, forMs = 0): Failure => ({
  kind,
  times,
  at: NOW,
  since: NOW - forMs,
  jitter,
});

describe('after a failure', () => {
  for (const [kind, first, later] of [
    ['transient', 1_000, 5_000],
    ['credentials', 5_000, 5_000],
    ['rejected', 15_000, 15_000],
    ['permission', 60_000, 60_000],
    ['stopped', 0, 0],
  ] as const)
    it(`(${kind}) the rest is ${first} ms, and ${later} ms after the next, or up to a fifth more`, () => {
      assert.equal(restAfter(failure(kind, 1, 0), 'release'), first);
      assert.equal(restAfter(failure(kind, 2, 0), 'release'), later);
      assert.equal(restAfter(failure(kind, 9, 0), 'hold'), later);
      assert.equal(restAfter(failure(kind, 2, 1), 'release'), later * 1.2);
    });

  it('what nothing waits for rests ever longer in an outage, up to 40 s', () => {
    const rests = [1, 2, 3, 4, 5, 6, 7, 8].map((times) =>
      restAfter(failure('transient', times, 0), 'nothing'),
    );
    assert.deepEqual(rests, [1_000, 5_000, 10_000, 20_000, 40_000, 40_000, 40_000, 40_000]);
  });
});

describe('after throttling the rest is drawn, so that a fleet does not come back at once', () => {
  const range = (urgency: Urgency, times: number, forMs = 0) =>
    [0, 1].map((jitter) => restAfter(failure('throttled', times, jitter, forMs), urgency));

  it('short where an instance could go, and up to 6 s, or 20 s among many', () => {
    assert.deepEqual(range('release', 9), [300, 6_000]);
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((times) => range('queued', times)),
      [
        [300, 1_200],
        [300, 1_800],
        [300, 2_700],
        [300, 4_050],
        [300, 6_075],
        [300, 9_112.5],
        [300, 13_668.75],
        [300, 20_000],
        [300, 20_000],
      ],
    );
  });
  it('long where nothing waits for it, up to two minutes', () => {
    assert.deepEqual(
      [1, 2, 3, 4].map((times) => range('nothing', times)),
      [
        [5_000, 20_000],
        [5_000, 40_000],
        [5_000, 80_000],
        [5_000, 120_000],
      ],
    );
  });
  it('shorter with each try while it is to be DRAINING: then few are left, and room for all of them', () => {
    assert.deepEqual(
      [1, 2, 3, 5, 6, 12, 13].map((times) => range('draining', times)),
      [
        [4_000, 14_000],
        [4_000, 14_000],
        [3_000, 9_000],
        [3_000, 9_000],
        [1_500, 5_000],
        [1_500, 5_000],
        [3_000, 9_000],
      ],
    );
  });
  it('then on average so long that a minute’s twelve tries last until the thousandth instance has had its turn', () => {
    const rests = Array.from({ length: 11 }, (_, tried) => range('draining', tried + 1));
    const mean = rests.reduce((sum, [least = 0, most = 0]) => sum + (least + most) / 2, 0);
    assert.equal(
      mean,
      55_500,
      'AWS answers a thousand within 45 s, and who has no try left waits for the next minute',
    );
  });
  it('never so long that a hook of unknown time-out would miss the last third of it', () => {
    assert.deepEqual(
      [0, 20, 26, 40, 100, 1_000].map((passed) => range('hold', 9, passed * SECOND)[1]),
      [5_000, 5_000, 8_000, 15_000, 20_000, 20_000],
    );
  });
  it('nor that it would miss what is left where the wait was seen 4 s late', () => {
    for (let timeout = 30 * SECOND; timeout <= 30 * MINUTE; timeout += SECOND) {
      const outage = (timeout * 2) / 3;
      const [, most = Infinity] = range('hold', 9, outage - 1);
      assert.ok(
        outage + most < timeout - 4 * SECOND,
        `a hook of ${timeout} ms: ${most} ms of rest after ${outage}`,
      );
    }
  });
  it('after four tries never so short that an outage uses up the minute’s twelve before a hook of a minute needs one', () => {
    const least = [4, 5, 9].map((times) => range('hold', times, 0)[0]);
    assert.deepEqual(least, [500, 4_000, 4_000]);
    const drawn = (times: number, passed: number) =>
      restAfter(failure('throttled', times, 0.25, passed), 'hold');
    let tries = 1;
    for (let passed = 0; passed < 40 * SECOND; tries++) passed += drawn(tries, passed);
    assert.ok(tries <= 12, `${tries} tries in an outage of 40 s, three times of four`);
  });
});

describe('a question that failed', () => {
  const asked = (kind: AwsErrorKind, isStale = true): Asked => ({
    at: NOW - MINUTE,
    answeredAt: NOW - MINUTE,
    isAsking: false,
    isStale,
    failure: failure(kind, 1, 0),
  });
  it('is due as soon as it has rested, and nothing sooner', () => {
    assert.equal(dueAfter(asked('transient'), 10 * MINUTE, 'release') - NOW, 1_000);
    assert.equal(dueAfter(asked('permission', false), SECOND, 'release') - NOW, MINUTE);
    assert.equal(dueAfter(asked('transient', false), 5 * MINUTE, 'release') - NOW, 4 * MINUTE);
  });
});
