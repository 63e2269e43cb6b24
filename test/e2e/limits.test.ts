import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { FleetOptions } from '../../src/sandbox/fleet.ts';
import { runCli } from './agent-process.ts';
import { type Scene, scenario } from './scenario.ts';

const KEY = 'ecs-drain-agent:terminate';
const fleet: FleetOptions = { hooks: [{ name: 'drain', heartbeatTimeout: 30 }] };
const LIMIT_MS = 2_000;

function limited(onTimeout: 'wait' | 'stop-tasks' | 'continue' | 'abandon') {
  return { fleet, setting: { limit: { after: LIMIT_MS, onTimeout } } } as const;
}

/** An agent with a limit of two seconds, on an instance with a task that would go on for ever. */
async function pastItsLimit({ fleet, agent }: Scene, onTimeout: string) {
  const machine = fleet.addInstance();
  const task = fleet.runTask(machine, { exitAfterSigtermMs: 1_000 });
  const running = await agent(machine, { args: ['--drain-timeout', '2s', '--on-timeout', onTimeout] });
  fleet.scaleIn(machine);
  return { machine, task, running };
}

describe('a drain with real tasks', { concurrency: 5 }, () => {
  describe('a monitoring task that never ends', { concurrency: 2 }, () => {
    const ignoring = { fleet, setting: { ignores: ['family:cadvisor', 'startedBy:user-data'] } } as const;
    const args = ['--ignore-tasks', 'family:cadvisor,startedBy:user-data'];

    scenario('is asked to stop once only it is left, and waited for', ignoring, async (scene) => {
      const { fleet } = scene;
      const machine = fleet.addInstance();
      const monitor = fleet.runTask(machine, { family: 'cadvisor', exitAfterSigtermMs: 1_500 });
      const shipper = fleet.runTask(machine, { family: 'logs', startedBy: 'user-data' });
      const report = fleet.runTask(machine, { family: 'report', startedBy: 'user-data-2' });
      const running = await scene.agent(machine, { args });
      fleet.scaleIn(machine);
      await running.says('drain.progress', { tasksLeft: 3 });
      // What the tasks are is described a moment later, and status follows every ten seconds.
      let shown = '';
      for (let times = 0; times < 30 && !shown.includes('ignored'); times++) {
        shown = (await runCli(['status', '--state-dir', running.stateDir])).stdout;
        await scene.polls(machine, 1);
      }
      assert.match(shown, /draining: 3 tasks left, 2 of them ignored/);
      assert.deepEqual(scene.requests('ecs:StopTask'), [], 'it watches a task that still works');
      fleet.endTask(report);
      await running.says('drain.tasks-stopping', {
        why: 'ignored',
        msg: 'asked 2 tasks to stop (no other task is left)',
      });
      assert.equal(report.lastStatus, 'STOPPED');
      await scene.happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      assert.deepEqual(
        [monitor, shipper].map(({ lastStatus, stoppedReason }) => [lastStatus, stoppedReason]),
        Array.from({ length: 2 }, () => [
          'STOPPED',
          'ecs-drain-agent: only tasks that the drain does not wait for are left',
        ]),
      );
      assert.deepEqual(fleet.world.interruptions, []);
    });

    scenario(
      'does without itself for a task that lands after it was asked to stop',
      ignoring,
      async (scene) => {
        const { fleet } = scene;
        const machine = fleet.addInstance();
        fleet.runTask(machine, { family: 'cadvisor', exitAfterSigtermMs: 4_000 });
        const running = await scene.agent(machine, { args });
        fleet.scaleIn(machine);
        await running.says('drain.tasks-stopping', { why: 'ignored' });
        const late = fleet.runTask(machine, { family: 'report' });
        const { at } = await scene.happens('task', { taskArn: late.arn, to: 'RUNNING' });
        await scene.happens('container-instance', { to: 'DRAINING' });
        await scene.polls(machine, 8);
        assert.deepEqual(
          scene.timeline.items.filter((event) => event.type === 'lifecycle-action-ended'),
          [],
          `it ran since ${at}`,
        );
        fleet.endTask(late);
        await scene.happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
        assert.deepEqual(fleet.world.interruptions, []);
      },
    );
  });

  describe('the operator’s own limit', { concurrency: 3 }, () => {
    scenario('wait: say so, and wait on', limited('wait'), async (scene) => {
      const { task, running } = await pastItsLimit(scene, 'wait');
      await running.says('drain.timeout', { onTimeout: 'wait', tasksLeft: 1 });
      await running.says('lifecycle.heartbeat');
      assert.equal(task.desiredStatus, 'RUNNING');
      scene.fleet.endTask(task);
      await scene.happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      assert.deepEqual(scene.requests('ecs:StopTask'), []);
    });

    scenario(
      'stop-tasks: ask them to stop, and wait until they have',
      limited('stop-tasks'),
      async (scene) => {
        const { machine, task, running } = await pastItsLimit(scene, 'stop-tasks');
        await running.says('drain.tasks-stopping', { why: 'timeout' });
        await scene.happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
        assert.equal(task.stopCode, 'UserInitiated');
        assert.equal(task.lastStatus, 'STOPPED');
        assert.equal(scene.requests('ecs:StopTask').length, 1);
        await scene.happens('machine-terminated', { instanceId: machine.id });
        assert.deepEqual(scene.fleet.world.interruptions, []);
      },
    );

    scenario('continue: let the instance go with its task', limited('continue'), async (scene) => {
      const { task, running } = await pastItsLimit(scene, 'continue');
      await running.says('lifecycle.completed', { result: 'CONTINUE', why: 'timeout' });
      await scene.happens('machine-terminated');
      assert.deepEqual(
        scene.fleet.world.interruptions.map(({ taskArn }) => taskArn),
        [task.arn],
      );
    });

    scenario('abandon: the group terminates the instance', limited('abandon'), async (scene) => {
      const { running } = await pastItsLimit(scene, 'abandon');
      await running.says('lifecycle.abandoned', { result: 'ABANDON', why: 'timeout' });
      await scene.happens('lifecycle-action-ended', { by: 'call', result: 'ABANDON' });
      await scene.happens('lifecycle-state', { to: 'Terminating:Proceed' });
    });

    scenario(
      'abandon, in a group that retains: wait on without a limit, and terminate at the end',
      {
        fleet: { ...fleet, groupOptions: { onAbandon: 'retain' } },
        setting: { retains: true, limit: { after: LIMIT_MS, onTimeout: 'abandon' } },
      },
      async (scene) => {
        const { machine, task, running } = await pastItsLimit(scene, 'abandon');
        await running.says('lifecycle.abandoned', { result: 'ABANDON', why: 'timeout' });
        await scene.happens('lifecycle-state', { to: 'Terminating:Retained' });
        scene.fleet.endTask(task);
        await running.says('instance.terminated', { why: 'drained' });
        await scene.happens('machine-terminated', { instanceId: machine.id });
        assert.deepEqual(scene.fleet.world.interruptions, []);
      },
    );
  });

  describe('tasks that take their time', { concurrency: 3 }, () => {
    scenario('asked to stop, and slow about it: wait until STOPPED', { fleet }, async (scene) => {
      const { fleet, agent, happens } = scene;
      const machine = fleet.addInstance();
      fleet.addInstance();
      const service = fleet.addService({
        name: 'site',
        desiredCount: 2,
        minimumHealthyPercent: 0,
        behaviour: { exitAfterSigtermMs: 6_000 },
      });
      await scene.timeline.first(
        () => [...service.tasks].filter(({ lastStatus }) => lastStatus === 'RUNNING').length === 2,
        'the service to run',
      );
      await agent(machine);
      fleet.scaleIn(machine);
      const { taskArn } = await happens('task-asked-to-stop', { instanceId: machine.id });
      const { at: stoppedAt } = await happens('task', { taskArn, to: 'STOPPED' });
      const { at: gone } = await happens('container-instance', { instanceId: machine.id, to: 'INACTIVE' });
      assert.ok(gone >= stoppedAt);
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
    });

    scenario(
      'more than 100 of them, over several pages',
      { fleet },
      async ({ fleet, agent, happens, requests }) => {
        const machine = fleet.addInstance();
        const tasks = Array.from({ length: 230 }, () => fleet.runTask(machine, { cpu: 1, memory: 1 }));
        const running = await agent(machine);
        fleet.scaleIn(machine);
        await running.says('drain.progress', { tasksLeft: 230 });
        const last = tasks.at(-1);
        for (const task of tasks.slice(0, -1)) fleet.endTask(task);
        if (last) await happens('task', { taskArn: tasks.at(-2)?.arn ?? '', to: 'STOPPED' });
        assert.deepEqual(requests('ecs:DeregisterContainerInstance'), []);
        if (last) fleet.endTask(last);
        await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      },
    );

    scenario(
      'a service, a daemon and a batch task, with a replacement for the service',
      { fleet },
      async (scene) => {
        const { fleet, agent, happens } = scene;
        const machine = fleet.addInstance();
        const other = fleet.addInstance();
        const site = fleet.addService({ name: 'site', desiredCount: 2 });
        const daemon = fleet.addService({ name: 'logs', strategy: 'DAEMON' });
        const batch = fleet.runTask(machine);
        await scene.timeline.first(
          () =>
            [...site.tasks, ...daemon.tasks].filter(({ lastStatus }) => lastStatus === 'RUNNING').length ===
            4,
          'the services to run',
        );
        const running = await agent(machine);
        fleet.scaleIn(machine);
        await running.says('drain.progress');
        fleet.endTask(batch);
        await happens('machine-terminated', { instanceId: machine.id });
        assert.equal(batch.stopCode, 'EssentialContainerExited');
        assert.deepEqual(
          [...site.tasks].map((task) => [task.lastStatus, task.containerInstance.machine.id]),
          [
            ['RUNNING', other.id],
            ['RUNNING', other.id],
          ],
        );
      },
    );
  });

  describe('other reasons to go', { concurrency: 3 }, () => {
    scenario(
      'a Spot interruption: half a minute before it, tasks are asked to stop',
      { fleet },
      async ({ fleet, agent, requests, happens }) => {
        const machine = fleet.addInstance({ group: undefined });
        const task = fleet.runTask(machine, { exitAfterSigtermMs: 500 });
        const running = await agent(machine);
        await running.says('agent.watching');
        fleet.interruptSpot(machine, { time: fleet.world.now + 34_000 });
        await running.says('drain.signalled');
        await running.says('drain.tasks-stopping', { why: 'spot' });
        await happens('container-instance', { to: 'INACTIVE' });
        assert.equal(task.stopCode, 'UserInitiated');
        assert.equal(requests('ecs:StopTask').length, 1);
        await running.says('drain.done', { why: 'no-group' });
      },
    );

    scenario('asked for on the host, and taken back', { fleet }, async ({ fleet, agent, drain, happens }) => {
      const machine = fleet.addInstance();
      fleet.runTask(machine);
      const running = await agent(machine);
      await running.says('agent.watching');
      await drain(running);
      await happens('container-instance', { to: 'DRAINING' });
      await drain(running, 'withdrawn');
      await happens('container-instance', { from: 'DRAINING', to: 'ACTIVE' });
      await running.says('drain.cancelled');
    });

    scenario(
      'a tag whose value is "false" is no signal',
      { fleet },
      async ({ fleet, agent, polls, requests }) => {
        const machine = fleet.addInstance();
        fleet.putTag(machine, KEY, 'False');
        const running = await agent(machine);
        await running.says('agent.watching');
        await polls(machine, 2);
        assert.deepEqual(requests(), []);
      },
    );

    scenario(
      'a dry run changes nothing, and says what it would have done',
      { fleet, setting: { dryRun: true } },
      async ({ fleet, agent, requests }) => {
        const machine = fleet.addInstance();
        const task = fleet.runTask(machine);
        const running = await agent(machine, { args: ['--dry-run'] });
        fleet.scaleIn(machine);
        await running.says('drain.progress', { tasksLeft: 1 });
        fleet.endTask(task);
        for (const action of ['set-draining', 'deregister', 'complete'])
          await running.says('dry-run.skipped', { action });
        assert.equal(machine.member?.state, 'Terminating:Wait');
        assert.equal(machine.ecsAgent.containerInstance?.status, 'ACTIVE');
        assert.ok(requests().length > 0);
      },
    );
  });
});
