import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { requested, startCluster, startOneshot } from './oneshot-process.ts';

const directory = mkdtempSync(join(tmpdir(), 'ecs-oneshot-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** What a launcher has loaded when it ends: source files, and Node's own modules. */
function watch() {
  const hook = join(directory, 'hook.mjs');
  const list = join(directory, 'loaded');
  writeFileSync(
    hook,
    `const { writeFileSync } = process.getBuiltinModule('fs');
    const urls = [];
    process.getBuiltinModule('module').registerHooks({
      load: (url, context, next) => {
        urls.push(url);
        return next(url, context);
      },
    });
    process.on('exit', () => {
      const own = process.moduleLoadList.flatMap((line) => /^NativeModule (.+)$/.exec(line)?.[1] ?? []);
      writeFileSync(${JSON.stringify(list)}, JSON.stringify({ urls, own }));
    });`,
  );
  const meta = fileURLToPath(new URL('../../../dist/oneshot/meta.json', import.meta.url));
  return {
    environment: { NODE_OPTIONS: `--import ${hook}` },
    loaded: () => {
      const { urls, own } = JSON.parse(readFileSync(list, 'utf8')) as { urls: string[]; own: string[] };
      const { outputs } = JSON.parse(readFileSync(meta, 'utf8')) as {
        outputs: Record<string, { inputs: Record<string, unknown> }>;
      };
      const sources = Object.entries(outputs)
        .filter(([output]) => urls.some((url) => url.endsWith(`/${basename(output)}`)))
        .flatMap(([, { inputs }]) => Object.keys(inputs));
      return { sources, own };
    },
  };
}

test('a launcher that waits for its task has loaded the client of ECS, and nothing that it does not use', async (context) => {
  const { fleet, sandbox } = await startCluster();
  context.after(() => sandbox.close());
  const { environment, loaded } = watch();
  const args = ['run', '--cluster', 'batch', '--task-definition', 'job', '--', 'sleep', '60'];
  const launcher = startOneshot(args, sandbox, environment);
  await requested(fleet, 'ecs:DescribeTasks');
  launcher.signal('SIGTERM');
  assert.equal((await launcher.ended).code, 143);
  const { sources, own } = loaded();
  const has = (part: string) => sources.some((source) => source.includes(part));
  assert.ok(has('@aws-sdk/client-ecs/'));
  for (const part of [
    '/node_modules/yaml/',
    '@aws-sdk/client-auto-scaling/',
    '@aws-sdk/client-cloudwatch-logs/',
    '@aws-sdk/client-sqs/',
    'src/oneshot/status.ts',
  ])
    assert.ok(!has(part), `${part} takes memory for as long as the task runs`);
  assert.deepEqual(
    own.filter((name) => /undici|^internal\/deps\/(?!cjs-module-lexer|minimatch)/.test(name)),
    [],
    'Node has loaded its fetch, which takes 13 MB',
  );
});
