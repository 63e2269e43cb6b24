import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { scenario } from './scenario.ts';

const HOUR = 3_600_000;
const listening = { setting: { signals: ['tag', 'lifecycle', 'spot', 'scheduled'] } } as const;
const args = ['--signals', 'tag,lifecycle,spot,scheduled'];

describe('an event that EC2 has scheduled', { concurrency: 4 }, () => {
  scenario('is none of the agent’s business unless it is told so', {}, async ({ fleet, agent, polls }) => {
    const machine = fleet.addInstance();
    const running = await agent(machine);
    await running.says('agent.watching');
    fleet.scheduleEvent(machine, { code: 'instance-retirement', notBefore: systemClock.now() + HOUR });
    await polls(machine, 3);
    assert.deepEqual(running.lines('drain.signalled'), []);
  });

  scenario('drains the instance, which then waits for the event or its group', listening, async (scene) => {
    const { fleet, agent, happens, requests } = scene;
    const machine = fleet.addInstance();
    const task = fleet.runTask(machine);
    const running = await agent(machine, { args });
    await running.says('agent.watching');
    fleet.scheduleEvent(machine, { code: 'instance-retirement', notBefore: systemClock.now() + 20 * HOUR });
    const { msg } = await running.says('drain.signalled');
    assert.match(
      msg,
      /^scheduled \(instance-retirement, not before 20\S+Z\) says that this instance must go$/,
    );
    await running.says('drain.progress', { tasksLeft: 1 });
    fleet.endTask(task);
    await happens('container-instance', { to: 'INACTIVE' });
    await running.says('drain.done', { why: 'maintenance' });
    assert.deepEqual(requests('autoscaling:TerminateInstanceInAutoScalingGroup'), []);
    assert.equal(machine.member?.state, 'InService');
    fleet.scaleIn(machine);
    await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
  });

  scenario(
    'that the host outlasts leaves it DRAINING in its cluster, and ACTIVE afterwards',
    listening,
    async (scene) => {
      const { fleet, agent, happens, polls, requests } = scene;
      const machine = fleet.addInstance();
      const task = fleet.runTask(machine);
      const running = await agent(machine, { args });
      await running.says('agent.watching');
      const id = fleet.scheduleEvent(machine, { code: 'system-reboot', notBefore: systemClock.now() + HOUR });
      await running.says('drain.progress', { tasksLeft: 1 });
      fleet.endTask(task);
      const { msg } = await running.says('drain.done', { why: 'event' });
      assert.equal(msg, 'drained: it stays DRAINING until the event that EC2 has scheduled is over');
      await polls(machine, 3);
      assert.deepEqual(requests('ecs:DeregisterContainerInstance'), [], 'a reboot does not bring it back');
      assert.equal(machine.ecsAgent.containerInstance?.status, 'DRAINING');
      fleet.unscheduleEvent(machine, id);
      await happens('container-instance', { from: 'DRAINING', to: 'ACTIVE' });
      await running.says('drain.cancelled');
    },
  );

  scenario('that the host outlasts gives way to the group', listening, async (scene) => {
    const { fleet, agent, happens } = scene;
    const machine = fleet.addInstance();
    const running = await agent(machine, { args });
    await running.says('agent.watching');
    fleet.scheduleEvent(machine, { code: 'system-maintenance', notBefore: systemClock.now() + HOUR });
    await running.says('drain.done', { why: 'event' });
    fleet.scaleIn(machine);
    await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
    await happens('container-instance', { to: 'INACTIVE' });
  });

  scenario('that EC2 calls off gives the instance back', listening, async (scene) => {
    const { fleet, agent, happens } = scene;
    const machine = fleet.addInstance();
    fleet.runTask(machine);
    const running = await agent(machine, { args });
    await running.says('agent.watching');
    const id = fleet.scheduleEvent(machine, { code: 'system-reboot', notBefore: systemClock.now() + HOUR });
    await running.says('drain.progress', { tasksLeft: 1 });
    fleet.unscheduleEvent(machine, id);
    await running.says('drain.cancelled');
    await happens('container-instance', { from: 'DRAINING', to: 'ACTIVE' });
  });

  scenario('that comes later than the drain is to begin before it waits', listening, async (scene) => {
    const { fleet, agent, polls } = scene;
    const machine = fleet.addInstance();
    const running = await agent(machine, { args });
    await running.says('agent.watching');
    fleet.scheduleEvent(machine, { code: 'instance-stop', notBefore: systemClock.now() + 25 * HOUR });
    await polls(machine, 3);
    assert.deepEqual(running.lines('drain.signalled'), []);
    assert.equal(machine.ecsAgent.containerInstance?.status, 'ACTIVE');
  });
});
