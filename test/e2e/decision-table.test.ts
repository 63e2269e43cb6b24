import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { FleetOptions } from '../../src/sandbox/fleet.ts';
import { scenario } from './scenario.ts';

const KEY = 'ecs-drain-agent:terminate';
const fleet: FleetOptions = { hooks: [{ name: 'drain', heartbeatTimeout: 30 }] };

// A test for each row of the decision table, with the real process.
describe('decision table', { concurrency: 5 }, () => {
  scenario('no signal: watch, and ask AWS nothing', { fleet }, async ({ fleet, agent, requests, polls }) => {
    const machine = fleet.addInstance();
    fleet.runTask(machine);
    const running = await agent(machine);
    await running.says('agent.watching');
    await running.says('agent.ready', { cluster: 'web' });
    // The third reading of the signals: it has been at rest for two polls.
    await polls(machine, 3);
    assert.equal(requests().length, 0);
  });

  scenario(
    'no signal any more, DRAINING set by us: set ACTIVE again',
    { fleet },
    async ({ fleet, agent, happens }) => {
      const machine = fleet.addInstance();
      const task = fleet.runTask(machine);
      const running = await agent(machine);
      fleet.putTag(machine, KEY, '');
      await happens('container-instance', { instanceId: machine.id, to: 'DRAINING' });
      await running.says('drain.progress', { tasksLeft: 1 });
      fleet.removeTag(machine, KEY);
      await happens('container-instance', { instanceId: machine.id, from: 'DRAINING', to: 'ACTIVE' });
      await running.says('drain.cancelled');
      await running.log.first(() => running.lines('agent.watching').length >= 1, 'it to watch again');
      assert.equal(task.lastStatus, 'RUNNING');
    },
  );

  scenario(
    'lifecycle action waiting: a heartbeat at once, and again before the hook times out',
    { fleet },
    async ({ fleet, agent, happens, timeline }) => {
      const machine = fleet.addInstance();
      const task = fleet.runTask(machine);
      const running = await agent(machine);
      fleet.scaleIn(machine);
      await running.says('lifecycle.heartbeat', { hook: 'drain' });
      const beats = () => timeline.items.filter(({ type }) => type === 'heartbeat');
      await timeline.first(() => beats().length === 2, 'a second heartbeat');
      fleet.endTask(task);
      await happens('lifecycle-action-ended', { instanceId: machine.id, by: 'call', result: 'CONTINUE' });
    },
  );

  scenario(
    'ACTIVE: set DRAINING; tasks left: wait; none left: deregister; then CONTINUE',
    { fleet },
    async ({ fleet, agent, happens, requests }) => {
      const machine = fleet.addInstance();
      const task = fleet.runTask(machine, { family: 'report' });
      const running = await agent(machine);
      await running.says('agent.watching');
      fleet.scaleIn(machine);
      await running.says('drain.signalled');
      await running.says('drain.draining');
      const progress = await running.says('drain.progress', { tasksLeft: 1 });
      assert.match(
        progress.msg,
        /^draining: 1 task left: (standalone task [0-9a-f]{8} of group )?family:report/,
      );
      fleet.endTask(task);
      await running.says('drain.deregistered', { tasksLeft: 0 });
      await running.says('lifecycle.completed', { hook: 'drain', result: 'CONTINUE', why: 'drained' });
      await happens('machine-terminated', { instanceId: machine.id });
      assert.equal(task.stopCode, 'EssentialContainerExited');
      assert.deepEqual(
        requests('ecs:DeregisterContainerInstance').map(({ input }) => (input as { force?: boolean }).force),
        [false],
      );
    },
  );

  scenario(
    '"Found running tasks": wait, and try again',
    { fleet },
    async ({ fleet, agent, happens, requests, fault }) => {
      const machine = fleet.addInstance();
      fault({
        match: { api: 'ecs:DeregisterContainerInstance' },
        fault: {
          what: 'error',
          name: 'InvalidParameterException',
          message: 'Found running tasks on the instance.',
        },
      });
      const running = await agent(machine);
      fleet.scaleIn(machine);
      await running.says('drain.refused');
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      assert.equal(requests('ecs:DeregisterContainerInstance').length, 2);
    },
  );

  scenario(
    'never registered: nothing to deregister, CONTINUE',
    { fleet },
    async ({ fleet, agent, happens, requests }) => {
      const machine = fleet.addInstance({ ecsAgentAfter: 'never' });
      const running = await agent(machine, { args: ['--cluster', 'web'] });
      await running.says('agent.waiting', { for: 'ecs-agent' });
      fleet.scaleIn(machine);
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      assert.deepEqual(requests('ecs:DeregisterContainerInstance'), []);
    },
  );

  scenario(
    'Terminating:Retained: wait on, and terminate in the group once the last task has ended',
    { fleet: { ...fleet, groupOptions: { onAbandon: 'retain' } }, setting: { retains: true } },
    async ({ fleet, agent, happens, requests }) => {
      const machine = fleet.addInstance();
      const task = fleet.runTask(machine);
      const running = await agent(machine);
      fleet.scaleIn(machine);
      await running.says('lifecycle.heartbeat');
      // An operator's own hand.
      fleet.world.call('autoscaling:CompleteLifecycleAction', {
        AutoScalingGroupName: fleet.group.name,
        LifecycleHookName: 'drain',
        InstanceId: machine.id,
        LifecycleActionResult: 'ABANDON',
      });
      await happens('lifecycle-state', { instanceId: machine.id, to: 'Terminating:Retained' });
      fleet.endTask(task);
      await running.says('instance.terminated', { why: 'drained' });
      await happens('machine-terminated', { instanceId: machine.id });
      assert.equal(requests('autoscaling:TerminateInstanceInAutoScalingGroup').length, 1);
    },
  );

  scenario(
    'Terminating, the hook not waiting yet: look again soon',
    { fleet: { ...fleet, timings: { terminatingToWait: 8_000 } } },
    async ({ fleet, agent, happens }) => {
      const machine = fleet.addInstance();
      const running = await agent(machine);
      fleet.scaleIn(machine);
      await running.says('drain.deregistered');
      const { at: waits } = await happens('lifecycle-state', { to: 'Terminating:Wait' });
      const { at: ended } = await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      assert.ok(ended > waits);
    },
  );

  scenario(
    "the group's state unknown: look again, release nothing meanwhile",
    { fleet },
    async ({ fleet, agent, happens, requests, fault }) => {
      const machine = fleet.addInstance();
      fault({
        match: { api: 'autoscaling:DescribeAutoScalingInstances' },
        fault: { what: '5xx' },
        count: 5,
      });
      const running = await agent(machine);
      fleet.scaleIn(machine);
      await running.says('call.failed', { operation: 'autoscaling:DescribeAutoScalingInstances' });
      await running.says('call.recovered', { operation: 'autoscaling:DescribeAutoScalingInstances' });
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      const asked = requests('autoscaling:DescribeAutoScalingInstances').filter(
        ({ outcome }) => outcome === 'ok',
      );
      const [completed] = requests('autoscaling:CompleteLifecycleAction');
      assert.ok(completed && asked[0] && asked[0].at <= completed.at);
    },
  );

  scenario(
    'InService: a maintenance drain, nothing to complete; and when the group takes it later, CONTINUE',
    { fleet },
    async ({ fleet, agent, happens, requests }) => {
      const machine = fleet.addInstance();
      const running = await agent(machine);
      fleet.putTag(machine, KEY, 'maintenance');
      await running.says('drain.done', { why: 'maintenance' });
      assert.deepEqual(requests('autoscaling:CompleteLifecycleAction'), []);
      fleet.scaleIn(machine);
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
    },
  );

  scenario('in no group: done', { fleet }, async ({ fleet, agent, happens, requests }) => {
    const machine = fleet.addInstance({ group: undefined });
    const task = fleet.runTask(machine);
    const running = await agent(machine);
    fleet.putTag(machine, KEY, '');
    await running.says('drain.progress', { tasksLeft: 1 });
    fleet.endTask(task);
    await happens('container-instance', { to: 'INACTIVE' });
    await running.says('drain.done', { why: 'no-group' });
    assert.deepEqual(
      requests().filter(({ api }) => api.startsWith('autoscaling:Complete') || api.includes('Heartbeat')),
      [],
    );
  });

  scenario(
    'Terminating:Proceed: the group takes it whatever we do',
    { fleet: { hooks: [], timings: { proceedToShutdown: 20_000 } } },
    async ({ fleet, agent, requests }) => {
      const machine = fleet.addInstance();
      const running = await agent(machine);
      fleet.scaleIn(machine);
      await running.says('drain.done', { why: 'terminating' });
      assert.deepEqual(requests('autoscaling:CompleteLifecycleAction'), []);
    },
  );

  scenario(
    'mode deregister: never DRAINING, deregister again and again until it succeeds',
    { fleet, setting: { mode: 'deregister' } },
    async ({ fleet, agent, happens, timeline, requests }) => {
      const machine = fleet.addInstance();
      const task = fleet.runTask(machine);
      const running = await agent(machine, { args: ['--mode', 'deregister'] });
      fleet.scaleIn(machine);
      await running.says('drain.refused');
      fleet.endTask(task);
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      assert.ok(requests('ecs:DeregisterContainerInstance').length >= 2);
      assert.ok(
        !timeline.items.some((event) => event.type === 'container-instance' && event.to === 'DRAINING'),
      );
    },
  );
});
