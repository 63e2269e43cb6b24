import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createDrill, HOUR, SECOND } from './drill.ts';

const hook = { name: 'drain', heartbeatTimeout: 3_600, defaultResult: 'ABANDON' } as const;

describe('who asks the ECS agent before a release waits for it for ever: here an empty host goes within 30 s', () => {
  for (const onAbandon of ['retain', 'terminate'] as const)
    for (const [name, fault] of [
      ['refuses connections', { what: 'refuse' }],
      ['takes 400 ms to answer', { what: 'delay', ms: 400 }],
      ['takes 600 ms to answer', { what: 'delay', ms: 600 }],
      ['accepts connections and never answers', { what: 'stall' }],
    ] as const)
      test(`though its ECS agent ${name}, in a group that would ${onAbandon} it`, async () => {
        const drill = createDrill({ fleet: { groupOptions: { onAbandon }, hooks: [hook] } });
        drill.start();
        await drill.pass(10 * SECOND);
        drill.fault({ match: { service: 'introspection' }, fault, count: Infinity });
        drill.fleet.scaleIn(drill.machine);
        await drill.pass(30 * SECOND);
        assert.ok(drill.isReleased(), 'an instance without work is paid for');
      });

  test('a task that it can no longer tell of is waited for, as long as ECS lists it', async () => {
    const drill = createDrill({ fleet: { hooks: [hook] } });
    const { fleet, machine } = drill;
    const task = fleet.runTask(machine, { family: 'batch', runsForMs: HOUR });
    drill.start();
    await drill.pass(10 * SECOND);
    drill.fault({ match: { service: 'introspection' }, fault: { what: 'refuse' }, count: Infinity });
    fleet.scaleIn(machine);
    await drill.until(drill.isReleased, 'the release', 2 * HOUR);
    assert.equal(task.lastStatus, 'STOPPED');
  });
});
