import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDrill, draining, HOUR, MINUTE, SECOND } from '../../prior-art/drill.ts';

describe('a drain', () => {
  it('asks tasks to stop 30 s before a Spot interruption, though StopTask at a limit waits for its share', async () => {
    const drill = createDrill({ flags: ['--drain-timeout', '10m', '--on-timeout', 'stop-tasks'] });
    for (let more = 0; more < 20; more++) drill.fleet.runTask(drill.machine, { runsForMs: HOUR });
    await draining(drill, HOUR);
    await drill.pass(9 * MINUTE);
    drill.fault({
      match: { api: 'ecs:StopTask' },
      fault: { what: 'throttle' },
      forMs: 2 * MINUTE + 20 * SECOND,
    });
    await drill.pass(75 * SECOND);
    const noticedAt = drill.fleet.world.now;
    drill.fleet.interruptSpot(drill.machine);
    await drill.pass(95 * SECOND);
    const late = drill.machine.placed
      .filter((task) => task.desiredStatus !== 'STOPPED')
      .map(({ arn }) => arn);
    assert.deepEqual(late, [], 'tasks are cut off that nobody asked to stop');
    assert.ok(drill.fleet.world.now < noticedAt + 2 * MINUTE);
  });

  it('asks no task to stop after the signal is gone, though StopTask still waited for its share', async () => {
    const drill = createDrill({ flags: ['--drain-timeout', '10m', '--on-timeout', 'stop-tasks'] });
    for (let more = 0; more < 12; more++) drill.fleet.runTask(drill.machine, { runsForMs: HOUR });
    drill.start();
    drill.fleet.putTag(drill.machine, 'ecs-drain-agent:terminate', 'true');
    drill.fault({ match: { api: 'ecs:StopTask' }, fault: { what: 'throttle' }, forMs: 11 * MINUTE });
    await drill.until(() => drill.calls('ecs:StopTask').length > 0, 'the first task to be asked');
    await drill.pass(30 * SECOND);
    const asked = drill.calls('ecs:StopTask').length;
    drill.fleet.removeTag(drill.machine, 'ecs-drain-agent:terminate');
    await drill.pass(5 * MINUTE);
    assert.equal(drill.calls('ecs:StopTask').length, asked, 'a job of an instance that stays was cut short');
    assert.ok(drill.said.includes('drain.cancelled'));
  });
});
