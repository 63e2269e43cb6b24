import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { FleetOptions } from '../../src/sandbox/fleet.ts';
import { scenario } from './scenario.ts';

const fleet: FleetOptions = { hooks: [{ name: 'drain', heartbeatTimeout: 30 }] };

const listening = { fleet, setting: { signals: ['tag', 'lifecycle', 'spot', 'rebalance'] } } as const;

describe('a Spot interruption', { concurrency: 4 }, () => {
  scenario('drains at once, and leaves the tasks their time', { fleet }, async (scene) => {
    const { fleet, agent, requests, happens } = scene;
    const machine = fleet.addInstance();
    const task = fleet.runTask(machine);
    const running = await agent(machine);
    await running.says('agent.watching');
    fleet.interruptSpot(machine, { time: fleet.world.now + 120_000 });
    await running.says('drain.signalled');
    await happens('container-instance', { to: 'DRAINING' });
    await running.says('drain.progress', { tasksLeft: 1 });
    fleet.endTask(task);
    await happens('container-instance', { to: 'INACTIVE' });
    assert.deepEqual(requests('ecs:StopTask'), []);
    // The group does not end the instance: the interruption does.
    await running.says('drain.done', { why: 'maintenance' });
  });

  scenario(
    'stops no task where that is not wanted',
    {
      fleet,
      except: { S: 'the interruption takes the task along', L: 'the interruption takes the task along' },
    },
    async (scene) => {
      const { fleet, agent, requests, happens } = scene;
      const machine = fleet.addInstance({ group: undefined });
      fleet.runTask(machine);
      const running = await agent(machine, { env: { ECS_DRAIN_SPOT_STOP_TASKS: 'false' } });
      await running.says('agent.watching');
      fleet.interruptSpot(machine, { time: fleet.world.now + 15_000 });
      await running.says('drain.progress');
      await happens('machine-terminated', { instanceId: machine.id });
      assert.deepEqual(requests('ecs:StopTask'), []);
      assert.equal(fleet.world.interruptions.length, 1);
    },
  );

  scenario('stops the tasks at once where it comes within half a minute', { fleet }, async (scene) => {
    const { fleet, agent, happens } = scene;
    const machine = fleet.addInstance({ group: undefined });
    const task = fleet.runTask(machine, { exitAfterSigtermMs: 500 });
    const running = await agent(machine);
    await running.says('agent.watching');
    fleet.interruptSpot(machine, { time: fleet.world.now + 25_000 });
    await running.says('drain.tasks-stopping', { why: 'spot' });
    await happens('container-instance', { to: 'INACTIVE' });
    assert.equal(task.stopCode, 'UserInitiated');
    assert.match(task.stoppedReason ?? '', /Spot interruption/);
    assert.equal(fleet.world.interruptions.length, 0);
  });
});

describe('a rebalance recommendation', { concurrency: 4 }, () => {
  scenario('is nothing to go by unless it was asked for', { fleet }, async (scene) => {
    const { fleet, agent, requests, polls } = scene;
    const machine = fleet.addInstance();
    const running = await agent(machine);
    await running.says('agent.watching');
    fleet.recommendRebalance(machine);
    await polls(machine, 3);
    assert.deepEqual(requests(), []);
  });

  scenario('drains, and leaves the instance to its group', listening, async (scene) => {
    const { fleet, agent, requests, happens } = scene;
    const machine = fleet.addInstance();
    const task = fleet.runTask(machine);
    const running = await agent(machine, { args: ['--signals', 'tag,lifecycle,spot,rebalance'] });
    await running.says('agent.watching');
    fleet.recommendRebalance(machine);
    await running.says('drain.progress', { tasksLeft: 1 });
    fleet.endTask(task);
    await happens('container-instance', { to: 'INACTIVE' });
    await running.says('drain.done', { why: 'maintenance' });
    assert.deepEqual(requests('autoscaling:TerminateInstanceInAutoScalingGroup'), []);
    assert.equal(machine.member?.state, 'InService');
  });

  scenario('has the group replace the instance where that is wanted', listening, async (scene) => {
    const { fleet, agent, requests, happens } = scene;
    const machine = fleet.addInstance();
    const { desired } = fleet.group;
    const task = fleet.runTask(machine);
    const running = await agent(machine, {
      args: ['--signals', 'tag,lifecycle,spot,rebalance', '--rebalance-terminate'],
    });
    await running.says('agent.watching');
    fleet.recommendRebalance(machine);
    await running.says('drain.progress', { tasksLeft: 1 });
    fleet.endTask(task);
    await running.says('instance.terminated', { why: 'rebalance' });
    await running.says('lifecycle.completed', { result: 'CONTINUE' });
    await happens('machine-terminated', { instanceId: machine.id });
    const calls = requests('autoscaling:TerminateInstanceInAutoScalingGroup');
    assert.equal(calls.length, 1);
    assert.deepEqual(calls[0]?.input, { InstanceId: machine.id, ShouldDecrementDesiredCapacity: false });
    assert.equal(fleet.group.desired, desired);
    assert.deepEqual(
      running.lines('drain.done').map(({ why }) => why),
      ['released'],
    );
  });
});
