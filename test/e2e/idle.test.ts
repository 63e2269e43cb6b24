import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cli } from './agent-process.ts';
import { scenario } from './scenario.ts';

const preload = fileURLToPath(new URL('./record-modules.ts', import.meta.url));

scenario(
  'while it watches it has loaded no AWS SDK client; once a drain begins, those that it needs',
  {},
  async ({ fleet, agent, polls, directory, happens }) => {
    const machine = fleet.addInstance();
    const record = join(directory(), 'modules');
    const running = await agent(machine, {
      nodeArgs: ['--import', preload],
      env: { RECORD_MODULES: record },
    });
    await running.says('agent.watching');
    await polls(machine, 3);
    assert.deepEqual(sdkPackages(record), []);

    fleet.scaleIn(machine);
    await happens('lifecycle-action-ended', { by: 'call' });
    assert.deepEqual(
      sdkPackages(record).filter((name) => name.startsWith('client-')),
      ['client-auto-scaling', 'client-ecs'],
    );
  },
);

/** The AWS SDK's packages that are in the modules loaded so far, as the build's own record tells. */
function sdkPackages(record: string): readonly string[] {
  const loaded = new Set(
    readFileSync(record, 'utf8')
      .split('\n')
      .filter((url) => url.startsWith('file:'))
      .map((url) => basename(fileURLToPath(url))),
  );
  assert.ok(loaded.has(basename(cli)), 'the record knows the program itself');
  const { outputs } = JSON.parse(readFileSync(join(dirname(cli), 'meta.json'), 'utf8')) as {
    outputs: Record<string, { inputs: Record<string, unknown> }>;
  };
  const names = Object.entries(outputs)
    .filter(([path]) => loaded.has(basename(path)))
    .flatMap(([, { inputs }]) => Object.keys(inputs))
    .map((path) => /node_modules\/@(?:aws-sdk|smithy)\/([^/]+)\//.exec(path)?.[1])
    .filter((name) => name !== undefined);
  return [...new Set(names)].sort();
}
