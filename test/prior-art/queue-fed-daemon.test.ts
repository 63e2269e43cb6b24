import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import {
  COMPLETE,
  createDrill,
  draining,
  HEARTBEAT,
  HOUR,
  MINUTE,
  nothingLost,
  released,
  SECOND,
} from './drill.ts';

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
      [30, 290, 301],
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
