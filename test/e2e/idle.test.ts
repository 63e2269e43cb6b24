import assert from 'node:assert/strict';
import { watchLoading } from './loading.ts';
import { scenario } from './scenario.ts';

const SDK = 'node_modules/@aws-sdk/';

scenario(
  'while it watches it has loaded no AWS SDK client; once a drain begins, those that it needs',
  {},
  async (scene) => {
    const { fleet, agent, polls, happens } = scene;
    const machine = fleet.addInstance();
    const loading = watchLoading(scene);
    const running = await agent(machine, { nodeArgs: loading.nodeArgs });
    await running.says('agent.watching');
    await polls(machine, 3);
    assert.deepEqual(loading.loaded('src/cli.ts'), ['src/cli.ts']);
    assert.deepEqual([...loading.loaded(SDK), ...loading.loaded('node_modules/@smithy/')], []);

    fleet.scaleIn(machine);
    await happens('lifecycle-action-ended', { by: 'call' });
    const clients = loading.loaded(SDK).map((path) => /@aws-sdk\/(client-[^/]+)/.exec(path)?.[1]);
    assert.deepEqual([...new Set(clients.filter((name) => name !== undefined))].sort(), [
      'client-auto-scaling',
      'client-ecs',
    ]);
  },
);
