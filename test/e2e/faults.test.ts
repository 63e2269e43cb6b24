import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import type { FaultKind } from '../../src/sandbox/faults.ts';
import type { FleetOptions } from '../../src/sandbox/fleet.ts';
import { end, type Scene, scenario } from './scenario.ts';

const KEY = 'ecs-drain-agent:terminate';
const fleet: FleetOptions = { hooks: [{ name: 'drain', heartbeatTimeout: 30 }] };

describe('AWS does not answer as it should', { concurrency: 6 }, () => {
  scenario(
    'a permission is missing: said once, with the IAM action, and used once it is granted',
    { fleet },
    async ({ fleet, agent, happens, fault }) => {
      const machine = fleet.addInstance();
      fleet.runTask(machine, { runsForMs: 2_000 });
      fault({
        match: { api: 'ecs:UpdateContainerInstancesState' },
        fault: {
          what: 'error',
          name: 'AccessDeniedException',
          message: 'User is not authorized to perform it',
        },
      });
      const running = await agent(machine);
      fleet.scaleIn(machine);
      const forbidden = await running.says('call.forbidden');
      assert.equal(forbidden.level, 'error');
      assert.equal(forbidden.iamAction, 'ecs:UpdateContainerInstancesState');
      assert.match(forbidden.msg, /allow ecs:UpdateContainerInstancesState in the instance's role/);
      // A policy can be mended while we wait; the next try is a minute away.
      await running.log.first(({ event }) => event === 'call.recovered', 'the next try', 90_000);
      assert.equal(running.lines('call.forbidden').length, 1);
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
    },
  );

  scenario('throttled for a while: it slows down and comes through', { fleet }, async (scene) => {
    const { fleet, agent, happens, fault, requests } = scene;
    const machine = fleet.addInstance();
    fault({ match: { service: 'ecs' }, fault: { what: 'throttle' }, forMs: 5_000 });
    await agent(machine);
    fleet.scaleIn(machine);
    await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
    assert.ok(requests().some(({ outcome }) => outcome === 'fault:throttle'));
  });

  for (const what of ['5xx', 'reset', 'garbage', 'truncated', 'html', 'redirect', 'huge'] as const)
    scenario(`${what} from every API: never taken for an answer`, { fleet }, (scene) =>
      through(scene, { what }),
    );

  scenario(
    'the answer to CompleteLifecycleAction is lost: done all the same',
    { fleet },
    async ({ fleet, agent, happens, fault }) => {
      const machine = fleet.addInstance();
      fault({
        match: { api: 'autoscaling:CompleteLifecycleAction' },
        fault: { what: 'act-then-lose-response' },
      });
      const running = await agent(machine);
      fleet.scaleIn(machine);
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      assert.deepEqual(await end(running), { code: 0, signal: null });
    },
  );

  scenario(
    'metadata that no longer answers, the tag unknown: nothing that cannot be undone meanwhile',
    { fleet },
    async ({ fleet, agent, fault, requests, happens }) => {
      const machine = fleet.addInstance();
      const task = fleet.runTask(machine);
      const running = await agent(machine);
      fleet.putTag(machine, KEY, '');
      await running.says('drain.progress');
      fault({ match: { service: 'imds' }, fault: { what: '5xx' }, forMs: 20_000 });
      await happens('container-instance', { to: 'DRAINING' });
      await running.says('signals.unknown');
      fleet.endTask(task);
      await happens('task', { to: 'STOPPED' });
      await running.says('signals.known');
      await happens('container-instance', { to: 'INACTIVE' });
      const [deregistered] = requests('ecs:DeregisterContainerInstance');
      const known = Date.parse((await running.says('signals.known')).time);
      assert.ok(deregistered && deregistered.at >= known);
    },
  );

  scenario(
    'metadata that no longer answers, the group terminating: the drain goes on',
    { fleet },
    async ({ fleet, agent, fault, happens }) => {
      const machine = fleet.addInstance();
      const task = fleet.runTask(machine);
      const running = await agent(machine);
      fleet.scaleIn(machine);
      await running.says('lifecycle.heartbeat');
      fault({ match: { service: 'imds' }, fault: { what: 'reset' }, forMs: 60_000 });
      fleet.endTask(task);
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
    },
  );

  scenario(
    'an ECS agent that dies while tasks run: ECS alone is believed',
    { fleet },
    async ({ fleet, agent, happens }) => {
      const machine = fleet.addInstance();
      const task = fleet.runTask(machine);
      const running = await agent(machine);
      fleet.scaleIn(machine);
      await running.says('drain.progress');
      fleet.ecsAgent(machine, 'down');
      fleet.endTask(task);
      await running.says('agent.waiting', { for: 'ecs-agent' });
      assert.notEqual(task.lastStatus, 'STOPPED');
      fleet.ecsAgent(machine, 'up');
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
    },
  );
});

/** Two seconds to end, and what a busy machine adds to it. */
const END_MS = 2_000;

describe('asked to end, it ends at once and leaves AWS as it is', { concurrency: 6 }, () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    scenario(`${signal} while it watches`, { fleet }, async (scene) => {
      const running = await scene.agent(scene.fleet.addInstance());
      await running.says('agent.watching');
      await endsAtOnce(running, signal);
      assert.match((await running.says('agent.stopped')).msg, new RegExp(`stopped by ${signal}`));
      assert.deepEqual(scene.requests(), []);
    });

    scenario(`${signal} while it waits for metadata that refuses`, { fleet }, async (scene) => {
      const running = await scene.agent(scene.fleet.addInstance({ imdsAfter: 3_600_000 }));
      await running.says('agent.waiting', { for: 'imds' });
      await endsAtOnce(running, signal);
    });

    scenario(`${signal} while metadata keeps it waiting`, { fleet }, async (scene) => {
      const machine = scene.fleet.addInstance();
      scene.fault({ match: { service: 'imds' }, fault: { what: 'stall' }, forMs: 60_000 });
      const running = await scene.agent(machine);
      await running.says('agent.started');
      await scene.polls(machine, 0);
      await endsAtOnce(running, signal);
    });

    scenario(`${signal} in the middle of a call that gets no answer`, { fleet }, async (scene) => {
      const { fleet, fault, agent } = scene;
      const machine = fleet.addInstance();
      fault({ match: { api: 'ecs:DescribeContainerInstances' }, fault: { what: 'stall' }, forMs: 60_000 });
      const running = await agent(machine);
      fleet.scaleIn(machine);
      await running.says('lifecycle.heartbeat');
      assert.equal(scene.requests('ecs:DescribeContainerInstances').length, 1);
      await endsAtOnce(running, signal);
      assert.equal(machine.ecsAgent.containerInstance?.status, 'ACTIVE');
    });

    scenario(`${signal} between two tries of a call`, { fleet }, async (scene) => {
      const { fleet, fault, agent, timeline } = scene;
      const machine = fleet.addInstance();
      fault({ match: { service: 'ecs' }, fault: { what: 'throttle' }, forMs: 60_000 });
      const running = await agent(machine);
      fleet.scaleIn(machine);
      await timeline.first(
        () => scene.requests('ecs:DescribeContainerInstances').length > 0,
        'the first try',
      );
      await endsAtOnce(running, signal);
    });

    scenario(
      `${signal} while it drains: DRAINING stays, the hook goes on waiting`,
      { fleet },
      async (scene) => {
        const { fleet, agent } = scene;
        const machine = fleet.addInstance();
        fleet.runTask(machine);
        const running = await agent(machine);
        fleet.scaleIn(machine);
        await running.says('lifecycle.heartbeat');
        await running.says('drain.progress');
        await endsAtOnce(running, signal);
        assert.equal(machine.ecsAgent.containerInstance?.status, 'DRAINING');
        assert.equal(machine.member?.state, 'Terminating:Wait');
      },
    );
  }
});

/** A drain with a task of 4 s, in which every API fails for the first seconds. */
async function through({ fleet, agent, happens, fault }: Scene, kind: FaultKind): Promise<void> {
  const machine = fleet.addInstance();
  const task = fleet.runTask(machine, { runsForMs: 4_000 });
  const faults = (['ecs', 'autoscaling'] as const).map((service) =>
    fault({ match: { service }, fault: kind, forMs: 3_000 }),
  );
  await agent(machine);
  fleet.scaleIn(machine);
  await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
  await happens('machine-terminated', { instanceId: machine.id });
  assert.equal(task.stopCode, 'EssentialContainerExited');
  assert.deepEqual(fleet.world.interruptions, []);
  for (const { hits } of faults) assert.ok(hits > 0);
}

async function endsAtOnce(running: Parameters<typeof end>[0], signal: 'SIGTERM' | 'SIGINT'): Promise<void> {
  const from = systemClock.monotonic();
  assert.deepEqual(await end(running, signal), { code: 0, signal: null });
  const took = systemClock.monotonic() - from;
  assert.ok(took < END_MS, `it took ${took.toFixed(0)} ms to end: systemd would have to kill it`);
}
