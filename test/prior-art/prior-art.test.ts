import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { createDrill, type Drill } from './drill.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const COMPLETE = 'autoscaling:CompleteLifecycleAction';
const HEARTBEAT = 'autoscaling:RecordLifecycleActionHeartbeat';

/** Each is something that another system of this kind does wrong, as this one does it. */
const released = (drill: Drill) => drill.until(drill.isReleased, 'the release');
const nothingLost = ({ fleet }: Drill) =>
  assert.deepEqual(fleet.world.interruptions, [], 'a task was cut short');

/** A drain that waits for one task. */
async function draining(drill: Drill, runsForMs: number) {
  const task = drill.fleet.runTask(drill.machine, { runsForMs });
  drill.start();
  drill.fleet.scaleIn(drill.machine);
  await drill.until(() => drill.said.includes('drain.progress'), 'the drain to wait for its task');
  return task;
}

describe('a daemon fed by a queue of lifecycle events', () => {
  test('loses the event in a crash: here there is no event to lose', async () => {
    for (const crashAfter of [0, 1 * SECOND, 5 * SECOND, 40 * SECOND, 20 * MINUTE]) {
      const drill = createDrill();
      drill.fleet.runTask(drill.machine, { runsForMs: 30 * MINUTE });
      drill.start();
      await drill.pass(10 * SECOND);
      drill.fleet.scaleIn(drill.machine);
      await drill.pass(crashAfter);
      drill.kill();
      await drill.pass(15 * SECOND);
      drill.start();
      await released(drill);
      nothingLost(drill);
    }
  });

  test('completes with CONTINUE though its handler failed: here nothing is completed until the drain has succeeded', async () => {
    const drill = createDrill();
    await draining(drill, 5 * MINUTE);
    drill.fault({ match: { service: 'ecs' }, fault: { what: '5xx' }, forMs: 40 * MINUTE });
    await drill.pass(39 * MINUTE);
    assert.deepEqual(drill.calls(COMPLETE), []);
    assert.equal(drill.machine.member?.state, 'Terminating:Wait');
    await released(drill);
    nothingLost(drill);
  });

  test('heartbeats at one pace, whatever the hook’s time-out: here at the pace that the hook needs', async () => {
    for (const [heartbeatTimeout, atLeast, atMost] of [
      [30, 290, 300],
      [3_600, 3, 4],
      [7_200, 3, 4],
    ] as const) {
      const drill = createDrill({ fleet: { hooks: [{ name: 'drain', heartbeatTimeout }] } });
      await draining(drill, 10 * HOUR);
      const before = drill.calls(HEARTBEAT).length;
      await drill.pass(30 * MINUTE);
      const beats = drill.calls(HEARTBEAT).length - before;
      assert.ok(beats >= atLeast && beats <= atMost, `time-out ${heartbeatTimeout} s: ${beats} heartbeats`);
      assert.equal(drill.machine.member?.state, 'Terminating:Wait');
    }
  });

  test('heartbeats without end: here a group that retains is handed the instance before the hook’s limit', async () => {
    const drill = createDrill({
      fleet: { hooks: [{ name: 'drain', heartbeatTimeout: 30 }], groupOptions: { onAbandon: 'retain' } },
    });
    await draining(drill, 90 * MINUTE);
    await drill.until(() => drill.machine.member?.state === 'Terminating:Retained', 'it to be retained');
    await drill.pass(MINUTE);
    const beats = drill.calls(HEARTBEAT).length;
    await drill.pass(30 * MINUTE);
    assert.equal(drill.calls(HEARTBEAT).length, beats, 'nothing is kept alive any more');
    await released(drill);
    nothingLost(drill);
  });

  test('exits 0 after an error: here an error in the configuration is said, and any other outlived', async () => {
    assert.equal(loadConfig(['--mode', 'x'], {}, () => '').kind, 'wrong');
    const drill = createDrill();
    drill.fault({ fault: { what: '5xx' }, forMs: 40 * MINUTE });
    await draining(drill, HOUR);
    assert.equal(drill.hasEnded(), false);
    await released(drill);
    nothingLost(drill);
  });
});

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

  test('ends after 15 minutes: here a task of three hours ends by itself', async () => {
    const drill = createDrill();
    await draining(drill, 3 * HOUR);
    await released(drill);
    nothingLost(drill);
  });
});

describe('managed draining', () => {
  test('ends at its limit: here a group that retains waits on far beyond the hook’s, and the instance goes then', async () => {
    const drill = createDrill({
      fleet: { hooks: [{ name: 'drain', heartbeatTimeout: 60 }], groupOptions: { onAbandon: 'retain' } },
    });
    const task = await draining(drill, 5 * HOUR);
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
