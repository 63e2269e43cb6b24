import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { COMPLETE, createDrill, draining, HOUR, MINUTE, nothingLost, released, SECOND } from './drill.ts';

describe('a function that drains from outside', () => {
  test('finds the instance DRAINING and takes it for drained: here its tasks are listed all the same', async () => {
    const drill = createDrill();
    const task = drill.fleet.runTask(drill.machine, { runsForMs: HOUR });
    drill.fleet.world.call('ecs:UpdateContainerInstancesState', {
      cluster: 'web',
      containerInstances: [drill.machine.ecsAgent.containerInstance?.arn ?? ''],
      status: 'DRAINING',
    });
    drill.start();
    drill.fleet.scaleIn(drill.machine);
    await drill.pass(50 * MINUTE);
    assert.deepEqual(drill.calls(COMPLETE), []);
    await released(drill);
    assert.equal(task.lastStatus, 'STOPPED');
    nothingLost(drill);
  });

  test('reads the first page of ListTasks: here the task on the third page counts', async () => {
    const drill = createDrill({ fleet: { timings: { stopTimeout: 40 * MINUTE } } });
    // Stopped tasks stay listed, so one that was asked to stop and has not ended is the last of many.
    for (let count = 0; count < 249; count++)
      drill.fleet.runTask(drill.machine, { cpu: 1, memory: 1, runsForMs: MINUTE });
    const last = drill.fleet.runTask(drill.machine, { ignoresSigterm: true });
    drill.start();
    await drill.pass(2 * MINUTE);
    drill.fleet.world.call('ecs:StopTask', { cluster: 'web', task: last.arn });
    // The ECS agent would know better than the list: here only the list counts.
    drill.fault({ match: { service: 'introspection' }, fault: { what: 'refuse' }, forMs: HOUR });
    drill.fleet.scaleIn(drill.machine);
    await drill.pass(30 * MINUTE);
    assert.notEqual(last.lastStatus, 'STOPPED');
    assert.deepEqual(drill.calls('ecs:DeregisterContainerInstance'), [], 'it knows that one is left');
    await released(drill);
    nothingLost(drill);
  });

  test('lists the tasks once: here one that was placed in the last moment counts', async () => {
    for (const laterMs of [0, 500, 1_500, 3_000, 4_500, 6_000]) {
      const drill = createDrill({ fleet: { timings: { pending: 20 * SECOND } } });
      drill.start();
      await drill.pass(10 * SECOND);
      drill.fleet.scaleIn(drill.machine);
      await drill.pass(laterMs);
      // ECS places nothing on an instance that is DRAINING.
      if (drill.machine.ecsAgent.containerInstance?.status !== 'ACTIVE') continue;
      const task = drill.fleet.runTask(drill.machine, { running: false, runsForMs: 10 * MINUTE });
      await released(drill);
      assert.equal(task.lastStatus, 'STOPPED');
      nothingLost(drill);
    }
  });

  test('ends after 15 minutes: here a task of an hour ends by itself', async () => {
    const drill = createDrill();
    await draining(drill, HOUR);
    await released(drill);
    nothingLost(drill);
  });
});
