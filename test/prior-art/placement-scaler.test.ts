import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createDrill, MINUTE, nothingLost, released } from './drill.ts';

describe('a scaler that goes by failed placements', () => {
  test('is blocked by an instance that drains: here the reason is named, and the instance leaves as soon as it can', async () => {
    const drill = createDrill();
    const other = drill.fleet.addInstance({ cpu: 0, memory: 0 });
    const service = drill.fleet.addService({ name: 'site', desiredCount: 1, minimumHealthyPercent: 100 });
    const isRunning = () => [...service.tasks].some(({ lastStatus }) => lastStatus === 'RUNNING');
    drill.start();
    await drill.until(isRunning, 'the service to run');
    drill.fleet.scaleIn(drill.machine);
    await drill.until(
      () => drill.report()?.blockedBy?.some(({ kind }) => kind === 'no-replacement') ?? false,
      'the reason',
      30 * MINUTE,
    );
    assert.equal(other.ecsAgent.containerInstance?.status, 'ACTIVE');
    drill.fleet.addInstance();
    await released(drill);
    assert.ok(isRunning(), 'the service runs elsewhere');
    nothingLost(drill);
  });
});
