import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createDrill, draining, HOUR, MINUTE, nothingLost, released } from './drill.ts';

describe('managed draining', () => {
  test('ends at its limit: here a group that retains waits on far beyond the hook’s, and the instance goes then', async () => {
    const drill = createDrill({
      fleet: { hooks: [{ name: 'drain', heartbeatTimeout: 60 }], groupOptions: { onAbandon: 'retain' } },
    });
    const task = await draining(drill, 150 * MINUTE);
    await released(drill);
    assert.equal(task.lastStatus, 'STOPPED');
    nothingLost(drill);
  });

  test('has no limit of the operator’s own, and cannot keep a stuck instance: here both can be chosen', async () => {
    const drill = createDrill({
      fleet: { groupOptions: { onAbandon: 'retain' } },
      flags: ['--drain-timeout', '1h', '--on-timeout', 'abandon'],
    });
    const task = await draining(drill, 100 * HOUR);
    await drill.pass(HOUR + MINUTE);
    assert.equal(drill.machine.member?.state, 'Terminating:Retained');
    assert.equal(task.lastStatus, 'RUNNING');
    nothingLost(drill);
  });
});
