import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beginDrain } from '../../../../src/agent/act/drain-state.ts';
import { settleHeartbeat } from '../../../../src/agent/act/settle-heartbeat.ts';
import type { Outcome } from '../../../../src/agent/model.ts';
import { AwsError, type AwsErrorKind } from '../../../../src/aws/errors.ts';

const NOW = 1_800_000_000_000;
const done: Outcome = { kind: 'done' };
const nothingWaiting: Outcome = { kind: 'nothing-waiting' };
const failed = (kind: AwsErrorKind): Outcome => ({
  kind: 'failed',
  error: new AwsError('autoscaling:RecordLifecycleActionHeartbeat', kind, 'Any', 'it failed'),
});
const answer = { hook: 'drain', outcome: done, at: NOW, jitter: 0.5, isGroupCrowded: false };
const fresh = beginDrain({});

describe('a heartbeat', () => {
  const beat = (outcomes: readonly Outcome[]) =>
    outcomes.reduce(
      (state, outcome, index) => settleHeartbeat(state, { ...answer, outcome, at: NOW + index }).state,
      fresh,
    ).heartbeat;

  it('that was recorded is told', () => {
    assert.deepEqual(beat([done]), { at: NOW, outcome: 'recorded' });
    assert.deepEqual(settleHeartbeat(fresh, answer).events, [
      {
        event: 'lifecycle.heartbeat',
        message: 'heartbeat recorded for hook drain',
        fields: { hook: 'drain' },
      },
    ]);
  });
  it('that failed keeps when one was last recorded, through all failures', () => {
    const failure = failed('transient');
    assert.deepEqual(beat([failure]), { at: NOW, outcome: 'failed', recordedAt: undefined });
    assert.deepEqual(beat([done, failure, failure]), { at: NOW + 2, outcome: 'failed', recordedAt: NOW });
  });
  it('that failed where nothing waited is tried again ever more rarely all the same', () =>
    assert.deepEqual(
      beat([nothingWaiting, failed('throttled'), failed('transient')]),
      { at: NOW + 2, outcome: 'nothing-waiting', times: 3 },
      'an action that nobody waits for takes requests from those that somebody does',
    ));
  it('that is throttled strains all that follow, and ten that are not relieve them', () => {
    const throttled = failed('throttled');
    assert.deepEqual(beat([done, throttled]), {
      at: NOW + 1,
      outcome: 'failed',
      recordedAt: NOW,
      jitter: 0.5,
      strain: 0.5,
      wasThrottled: true,
    });
    assert.deepEqual(beat([throttled, throttled, throttled, done]), {
      at: NOW + 3,
      outcome: 'recorded',
      strain: 0.9,
      jitter: 0.5,
      wasThrottled: true,
    });
    assert.deepEqual(beat([throttled, done, done, done, done, done]), { at: NOW + 5, outcome: 'recorded' });
    const crowded = settleHeartbeat(fresh, { ...answer, isGroupCrowded: true }).state.heartbeat;
    assert.deepEqual(crowded, { at: NOW, outcome: 'recorded', strain: 0.9, jitter: 0.5 });
    assert.equal(beat([throttled, failed('transient')])?.strain, 0.5, 'a lost answer relieves nobody');
  });
  it('that was never sent changes nothing: the next would rest as after a failure, and the hook could time out', () => {
    const settled = settleHeartbeat(fresh, { ...answer, outcome: failed('unsent') });
    assert.deepEqual(settled, { state: fresh, events: [], stale: [] });
    assert.deepEqual(beat([done, failed('unsent')]), { at: NOW, outcome: 'recorded' });
    assert.deepEqual(beat([nothingWaiting, failed('unsent')]), {
      at: NOW,
      outcome: 'nothing-waiting',
      times: 1,
    });
  });
  it('that nobody waited for is counted, and the group is asked', () => {
    assert.deepEqual(beat([nothingWaiting, nothingWaiting]), {
      at: NOW + 1,
      outcome: 'nothing-waiting',
      times: 2,
    });
    assert.deepEqual(beat([nothingWaiting, done, nothingWaiting]), {
      at: NOW + 2,
      outcome: 'nothing-waiting',
      times: 1,
    });
    assert.deepEqual(settleHeartbeat(fresh, { ...answer, outcome: nothingWaiting }).stale, [
      'lifecycle',
      'hooks',
    ]);
    const completed = { hook: 'drain', result: 'CONTINUE', at: 1, standing: 'doubted' } as const;
    const { state } = settleHeartbeat(beginDrain({ completed }), { ...answer, outcome: nothingWaiting });
    assert.equal(
      state.memory.completed?.standing,
      'confirmed',
      'heartbeats would go on that nobody waits for',
    );
  });
});
