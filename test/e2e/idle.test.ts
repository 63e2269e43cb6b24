import assert from 'node:assert/strict';
import { UNIT_FLAGS } from '../../scripts/unit-flags.ts';
import { TUNNEL, watchBuiltIns, watchLoading } from './loading.ts';
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
    assert.deepEqual(loading.loaded(TUNNEL), [], 'only a proxy needs it');
  },
);

/** Each takes 0.4 to 10 MB, and a drain or another command needs it. */
const LARGE_BUILT_INS = [
  'crypto',
  'fs/promises',
  'https',
  'internal/deps/undici/undici',
  'perf_hooks',
  'tls',
];

scenario(
  'while it watches it has loaded no large part of Node; in a drain it never loads fetch',
  {},
  async (scene) => {
    const { fleet, agent, polls, happens } = scene;
    const machine = fleet.addInstance();
    const builtIns = watchBuiltIns(scene);
    const running = await agent(machine, { nodeArgs: builtIns.nodeArgs });
    await running.says('agent.watching');
    await polls(machine, 3);
    const atRest = builtIns.loaded();
    assert.ok(atRest.includes('http'), 'the list of what is loaded is not the process’s own');
    const large = (loaded: readonly string[]) => LARGE_BUILT_INS.filter((name) => loaded.includes(name));
    assert.deepEqual(large(atRest), [], 'every instance carries what only a drain needs');

    fleet.scaleIn(machine);
    await happens('lifecycle-action-ended', { by: 'call' });
    assert.ok(
      !large(builtIns.loaded()).includes('internal/deps/undici/undici'),
      'a drain loads all of fetch',
    );
  },
);

scenario(
  'as the unit starts it, it neither parses nor compiles what it needs to watch',
  {},
  async (scene) => {
    const loading = watchLoading(scene);
    const nodeArgs = [...UNIT_FLAGS, ...loading.nodeArgs];
    const running = await scene.agent(scene.fleet.addInstance(), { nodeArgs });
    await running.says('agent.watching');
    assert.deepEqual(loading.cached(), ['main.js'], 'each start takes a fifth more processor time');
  },
);
