import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createHeartbeats } from '../../../../src/agent/act/heartbeats.ts';
import type { Outcome } from '../../../../src/agent/act/mutations.ts';
import { AwsError } from '../../../../src/aws/errors.ts';
import { createVirtualClock, START, settled } from '../../../support/virtual-clock.ts';

const done: Outcome = { kind: 'done' };
const nothingWaiting: Outcome = { kind: 'nothing-waiting' };
const failed: Outcome = {
  kind: 'failed',
  error: new AwsError('autoscaling:RecordLifecycleActionHeartbeat', 'transient', 'Timeout', 'no answer'),
};

function setUp(isDryRun = false) {
  const clock = createVirtualClock();
  const said: string[] = [];
  const answers: ((outcome: Outcome) => void)[] = [];
  const heartbeats = createHeartbeats({
    record: isDryRun
      ? undefined
      : (group, hook) => {
          said.push(`asked for ${group} ${hook}`);
          return new Promise((resolve) => answers.push(resolve));
        },
    clock,
    onRecorded: (hook) => said.push(`recorded ${hook}`),
    onNothingWaiting: () => said.push('nothing waits'),
    onChange: () => said.push('news'),
  });
  const record = () => heartbeats.record({ group: 'web', hook: 'drain' });
  const beat = async (outcome: Outcome, atMs: number) => {
    clock.at(START + atMs, () => {});
    clock.step();
    record();
    answers.shift()?.(outcome);
    await settled();
    return heartbeats.last();
  };
  return { heartbeats, record, beat, said, answers };
}

describe('heartbeats', () => {
  it('are recorded one at a time', async () => {
    const { record, said, answers, heartbeats } = setUp();
    record();
    record();
    assert.deepEqual(said, ['asked for web drain']);
    answers[0]?.(done);
    await settled();
    assert.deepEqual(said, ['asked for web drain', 'recorded drain', 'news']);
    assert.deepEqual(heartbeats.last(), { at: START, outcome: 'recorded' });
    record();
    assert.equal(said.at(-1), 'asked for web drain');
  });

  it('that failed know when the last was recorded', async () => {
    const { beat } = setUp();
    assert.deepEqual(await beat(failed, 1), { at: START + 1, outcome: 'failed', recordedAt: undefined });
    await beat(done, 10);
    await beat(failed, 20);
    assert.deepEqual(await beat(failed, 30), { at: START + 30, outcome: 'failed', recordedAt: START + 10 });
  });

  it('for which nothing waits are counted while they follow each other', async () => {
    const { beat, said } = setUp();
    await beat(nothingWaiting, 1);
    assert.deepEqual(await beat(nothingWaiting, 2), { at: START + 2, outcome: 'nothing-waiting', times: 2 });
    assert.equal(said.filter((one) => one === 'nothing waits').length, 2);
    await beat(failed, 3);
    assert.deepEqual(await beat(nothingWaiting, 4), { at: START + 4, outcome: 'nothing-waiting', times: 1 });
  });

  it('are forgotten with their drain', async () => {
    const { beat, heartbeats } = setUp();
    await beat(done, 1);
    heartbeats.forget();
    assert.equal(heartbeats.last(), undefined);
  });

  it('are made in name only in a dry run, and not told', async () => {
    const { record, said, heartbeats } = setUp(true);
    record();
    await settled();
    assert.deepEqual(said, ['news']);
    assert.deepEqual(heartbeats.last(), { at: START, outcome: 'recorded' });
  });
});
