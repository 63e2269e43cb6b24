import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { COMPLETE, createDrill, draining, HEARTBEAT, HOUR, MINUTE, nothingLost, released } from './drill.ts';

describe('a termination handler of a node', () => {
  test('does not try a failed CompleteLifecycleAction again: here it is tried until it succeeds', async () => {
    const drill = createDrill();
    drill.fault({
      match: { api: COMPLETE },
      fault: { what: 'error', name: 'ServiceUnavailable', status: 503 },
      count: 30,
    });
    await draining(drill, 2 * MINUTE);
    await released(drill);
    assert.equal(drill.calls(COMPLETE).length, 31);
    nothingLost(drill);
  });

  test('heartbeats for an action that is over: here less and less often, and soon never', async () => {
    const drill = createDrill({
      fleet: {
        hooks: [
          { name: 'drain', heartbeatTimeout: 300 },
          { name: 'backup', heartbeatTimeout: 7_200 },
        ],
      },
      flags: ['--lifecycle-hook', 'drain'],
    });
    await draining(drill, 90 * MINUTE);
    await drill.until(() => drill.machine.member?.state === 'Terminating:Wait', 'the hook to wait');
    // Somebody else completes our hook; the other one still holds the instance.
    drill.fleet.world.call('autoscaling:CompleteLifecycleAction', {
      AutoScalingGroupName: 'web-asg',
      LifecycleHookName: 'drain',
      InstanceId: drill.machine.id,
      LifecycleActionResult: 'CONTINUE',
    });
    const before = drill.calls(HEARTBEAT).length;
    await drill.pass(80 * MINUTE);
    const beats = drill.calls(HEARTBEAT).length - before;
    assert.ok(beats >= 1 && beats <= 9, `${beats} heartbeats for nothing in 80 minutes, instead of 96`);
  });

  test('says that all is well whatever happens: here the report says what is not known', async () => {
    const drill = createDrill();
    await draining(drill, 2 * HOUR);
    drill.fault({ match: { service: 'ecs' }, fault: { what: '5xx' }, forMs: HOUR });
    await drill.pass(10 * MINUTE);
    assert.equal(drill.report()?.state, 'draining');
    assert.match(drill.report()?.summary ?? '', /waiting to learn/);
    assert.ok(drill.said.includes('call.failed'));
  });

  test('completes the hook in a dry run: here a dry run makes no call that changes anything', async () => {
    const drill = createDrill({ flags: ['--dry-run'] });
    drill.fleet.runTask(drill.machine, { runsForMs: 5 * MINUTE });
    drill.start();
    drill.fleet.scaleIn(drill.machine);
    await drill.pass(30 * MINUTE);
    assert.equal(drill.machine.member?.state, 'Terminating:Wait');
    for (const api of [
      COMPLETE,
      HEARTBEAT,
      'ecs:UpdateContainerInstancesState',
      'ecs:DeregisterContainerInstance',
    ])
      assert.deepEqual(drill.calls(api), [], api);
    assert.ok(drill.said.includes('dry-run.skipped'));
  });

  test('panics at the fourth error of one kind: here a day of one and the same error is outlived', async () => {
    const drill = createDrill();
    drill.start();
    await drill.pass(MINUTE);
    drill.fault({ match: { service: 'imds' }, fault: { what: '5xx' }, forMs: 24 * HOUR });
    await drill.pass(25 * HOUR);
    assert.equal(drill.hasEnded(), false);
    drill.fleet.runTask(drill.machine, { runsForMs: 10 * MINUTE });
    drill.fleet.scaleIn(drill.machine);
    await released(drill);
    nothingLost(drill);
  });
});
