import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { FaultKind } from '../../src/sandbox/faults.ts';
import type { FleetOptions } from '../../src/sandbox/fleet.ts';
import { type Scene, scenario, waitUntil } from './scenario.ts';

/** The `nth` request of a drain to an API, from 1 on. */
type Call = { readonly api: string; readonly nth: number };

/** A kill just before AWS acts on a call, and just after it has, while the answer is still on its way. */
const moments: readonly { readonly when: string; readonly fault: FaultKind }[] = [
  { when: 'before', fault: { what: 'stall' } },
  { when: 'after', fault: { what: 'drip' } },
];

/** What a drain cannot do without, each once. */
const INDISPENSABLE = [
  'autoscaling:CompleteLifecycleAction',
  'autoscaling:RecordLifecycleActionHeartbeat',
  'ecs:DeregisterContainerInstance',
  'ecs:UpdateContainerInstancesState',
];

const fleet: FleetOptions = { hooks: [{ name: 'drain', heartbeatTimeout: 30 }] };
const calls: Call[] = [];

// Not inside a suite: what it asks of AWS is what the tests below are made of.
await scenario('a drain that nothing disturbs', { fleet }, async (scene) => {
  const { machine, end } = await beginDrain(scene);
  const running = await scene.agent(machine);
  await end();
  await running.says('drain.done');
  const seen = new Map<string, number>();
  for (const { api } of scene.requests()) {
    const nth = (seen.get(api) ?? 0) + 1;
    seen.set(api, nth);
    calls.push({ api, nth });
  }
  for (const api of INDISPENSABLE) assert.equal(seen.get(api), 1, `${api} in an undisturbed drain`);
});

describe('killed with SIGKILL at every call of a drain, and started again', { concurrency: 16 }, () => {
  for (const { api, nth } of calls)
    for (const { when, fault } of moments)
      scenario(`just ${when} ${api} (${nth})`, { fleet }, async (scene) => {
        const planned = scene.fault({ match: { api }, fault, skip: nth - 1 });
        const { machine, end } = await beginDrain(scene);
        const first = await scene.agent(machine);
        await waitUntil(
          () => planned.hits > 0 || machine.member === undefined,
          `request ${nth} to ${api}, or the end of the drain`,
        );
        // How often it looks depends on how fast the host is; what it changes does not.
        if (planned.hits === 0) return assert.ok(nth > 1, `${api} was never asked`);
        await first.crash();
        await scene.agent(machine, { stateDir: first.stateDir });
        await end();
      });
});

/** A scale-in with a task that runs until the first heartbeat. `end` resolves when it has ended as every drain must. */
async function beginDrain({ fleet, happens }: Scene) {
  const machine = fleet.addInstance();
  const task = fleet.runTask(machine);
  fleet.scaleIn(machine);
  const over = happens('heartbeat').then(() => fleet.endTask(task));
  over.catch(() => {});
  const end = async () => {
    await over;
    await happens('lifecycle-action-ended', { hook: 'drain', by: 'call', result: 'CONTINUE' });
    await happens('machine-terminated', { instanceId: machine.id });
    assert.equal(machine.ecsAgent.containerInstance?.status, 'INACTIVE');
    assert.equal(task.stopCode, 'EssentialContainerExited');
    assert.deepEqual(fleet.world.interruptions, []);
  };
  return { machine, end };
}
