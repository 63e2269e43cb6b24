import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import type { FleetOptions } from '../../src/sandbox/fleet.ts';
import { end, scenario, waitUntil } from './scenario.ts';

const KEY = 'ecs-drain-agent:terminate';
const fleet: FleetOptions = { hooks: [{ name: 'drain', heartbeatTimeout: 30 }] };

describe('AWS does not answer as it should', { concurrency: 6 }, () => {
  scenario(
    'a permission is missing: said once, with the IAM action, and used once it is granted',
    { fleet },
    async ({ fleet, agent, happens, fault }) => {
      const machine = fleet.addInstance();
      const task = fleet.runTask(machine);
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
      // A policy can be fixed while we wait; the next try is a minute away.
      await running.log.first(({ event }) => event === 'call.recovered', 'the next try', 90_000);
      assert.equal(running.lines('call.forbidden').length, 1);
      fleet.endTask(task);
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
    },
  );

  scenario(
    'the role is made anew in mid-drain: released with the new credentials, hours before the old ones expire',
    { fleet },
    async ({ fleet, agent, happens, fault, requests }) => {
      const machine = fleet.addInstance();
      const task = fleet.runTask(machine);
      const running = await agent(machine);
      fleet.scaleIn(machine);
      await running.says('lifecycle.heartbeat');
      const old = machine.imds.accessKeyId;
      for (const [service, name, status] of [
        ['ecs', 'UnrecognizedClientException', 400],
        ['autoscaling', 'InvalidClientTokenId', 403],
      ] as const)
        fault({
          match: { service, accessKeyId: old },
          fault: { what: 'error', name, status },
          count: Infinity,
        });
      fleet.exchangeCredentials(machine);
      fleet.endTask(task);
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      assert.equal(requests().at(-1)?.accessKeyId, machine.imds.accessKeyId);
    },
  );

  scenario(
    'metadata takes minutes over the credentials: the next call asks for them anew',
    { fleet },
    async ({ fleet, agent, happens, fault }) => {
      const machine = fleet.addInstance();
      const slow = fault({
        match: { service: 'imds', path: 'security-credentials/ecs-instance-role' },
        fault: { what: 'drip', ms: 500 },
      });
      await agent(machine);
      fleet.scaleIn(machine);
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      assert.equal(slow.hits, 1);
    },
  );

  scenario('throttled for a while: it slows down and comes through', { fleet }, async (scene) => {
    const { fleet, agent, happens, fault, lift, requests } = scene;
    const machine = fleet.addInstance();
    const throttled = fault({ match: { service: 'ecs' }, fault: { what: 'throttle' }, count: Infinity });
    await agent(machine);
    fleet.scaleIn(machine);
    await waitUntil(() => throttled.hits > 0, 'a throttled call');
    lift(throttled);
    await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
    assert.ok(requests().some(({ outcome }) => outcome === 'fault:throttle'));
  });

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
    async ({ fleet, agent, fault, lift, polls, requests, happens }) => {
      const machine = fleet.addInstance();
      const task = fleet.runTask(machine);
      const running = await agent(machine);
      fleet.putTag(machine, KEY, '');
      await running.says('drain.progress');
      const broken = fault({ match: { service: 'imds' }, fault: { what: '5xx' }, count: Infinity });
      await happens('container-instance', { to: 'DRAINING' });
      await running.says('signals.unknown');
      fleet.endTask(task);
      await happens('task', { to: 'STOPPED' });
      await polls(machine, 6);
      assert.deepEqual(requests('ecs:DeregisterContainerInstance'), []);
      lift(broken);
      await running.says('signals.known');
      await happens('container-instance', { to: 'INACTIVE' });
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
      fault({ match: { service: 'imds' }, fault: { what: 'reset' }, count: Infinity });
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

/** The unit's TimeoutStopSec. */
const END_MS = 5_000;

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
      scene.fault({ match: { service: 'imds' }, fault: { what: 'stall' }, count: Infinity });
      const running = await scene.agent(machine);
      await running.says('agent.started');
      await scene.polls(machine, 0);
      await endsAtOnce(running, signal);
    });

    scenario(`${signal} in the middle of a call that gets no answer`, { fleet }, async (scene) => {
      const { fleet, fault, agent } = scene;
      const machine = fleet.addInstance();
      fault({ match: { api: 'ecs:DescribeContainerInstances' }, fault: { what: 'stall' }, count: Infinity });
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
      fault({ match: { service: 'ecs' }, fault: { what: 'throttle' }, count: Infinity });
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

async function endsAtOnce(running: Parameters<typeof end>[0], signal: 'SIGTERM' | 'SIGINT'): Promise<void> {
  const from = systemClock.monotonic();
  assert.deepEqual(await end(running, signal), { code: 0, signal: null });
  const took = systemClock.monotonic() - from;
  assert.ok(took < END_MS, `it took ${took.toFixed(0)} ms to end: systemd would have to kill it`);
}
