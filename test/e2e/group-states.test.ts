import assert from 'node:assert/strict';
import { runCli } from './agent-process.ts';
import { scenario } from './scenario.ts';

const hooks = [{ name: 'drain', heartbeatTimeout: 30 }];
const timings = { terminatingToWait: 200, proceedToShutdown: 200, rootVolumeExchange: 1_000 };

scenario(
  'an instance whose root volume is replaced is drained, stays in its cluster, and takes tasks again',
  { fleet: { hooks, timings, rootVolumeTarget: 'Terminated', rootVolumeHoldsEcsAgent: false } },
  async ({ fleet, agent, happens, requests }) => {
    const machine = fleet.addInstance();
    const task = fleet.runTask(machine);
    const running = await agent(machine);
    await running.says('agent.watching');
    fleet.replaceRootVolume(machine);
    await running.says('lifecycle.heartbeat');
    await running.says('drain.progress');
    assert.equal((await runCli(['status', '--state-dir', running.stateDir])).code, 10);
    fleet.endTask(task);
    await running.says('lifecycle.completed');
    await running.says('drain.done', { why: 'root-volume' });
    await happens('lifecycle-state', { to: 'RootVolumeReplaced' });
    await running.says('drain.cancelled');
    assert.equal(machine.ecsAgent.containerInstance?.status, 'ACTIVE');
    assert.deepEqual(requests('ecs:DeregisterContainerInstance'), []);
    assert.deepEqual(fleet.world.interruptions, []);
  },
);

scenario(
  'an instance of a warm pool that is terminated is drained and released',
  { fleet: { hooks, timings } },
  async ({ fleet, agent, happens }) => {
    const machine = fleet.addInstance({ warm: true });
    const running = await agent(machine);
    await running.says('agent.watching');
    fleet.scaleIn(machine);
    await running.says('lifecycle.completed');
    await happens('lifecycle-state', { to: 'Warmed:Terminated' });
  },
);

scenario(
  'another owner’s hook that will end the wait is named, with the time, in the log and in status',
  {
    fleet: { hooks: [{ name: 'drain' }, { name: 'ship-logs', heartbeatTimeout: 600 }], timings },
    setting: { lifecycleHook: 'drain' },
  },
  async ({ fleet, agent }) => {
    const machine = fleet.addInstance();
    fleet.runTask(machine);
    const running = await agent(machine, { args: ['--lifecycle-hook', 'drain'] });
    await running.says('agent.watching');
    fleet.scaleIn(machine);
    const { msg } = await running.says('drain.other-hook');
    assert.match(msg, /the hook ship-logs, which is not ours, ends every hook .* with ABANDON/);
    await running.says('drain.progress');
    const { stdout } = await runCli(['status', '--state-dir', running.stateDir]);
    assert.match(stdout, /^other hook +ship-logs ends the wait at \d{4}-/m);
  },
);
