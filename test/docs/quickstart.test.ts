import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));
/** What the page promises. */
const FIVE_MINUTES = 300_000;

/** The commands of the page, block by block. What is tested is what has been committed. */
it('docs/quickstart.md leads from an empty directory to a drained instance', {
  timeout: FIVE_MINUTES,
}, async (test) => {
  const directory = mkdtempSync(join(tmpdir(), 'ecs-drain-quickstart-'));
  test.after(() => rmSync(directory, { recursive: true, force: true }));
  const blocks = readFileSync(join(repository, 'docs/quickstart.md'), 'utf8')
    .split('```sh\n')
    .slice(1)
    .map((rest) => rest.slice(0, rest.indexOf('```')));
  assert.equal(blocks.length, 8);
  const script = blocks.map((block, index) => `${block}\necho "== end of block ${index}: $?"`).join('\n');
  const { code, output } = await bash(script, directory, test.signal);
  const [, , , , run, drain, , last] = output.split(/^== end of block \d+: \d+\n/m);
  const codes = [...output.matchAll(/^== end of block \d+: (\d+)$/gm)].map(([, status]) => Number(status));
  // The last command of the block that drains is `status`, which says so by its exit code.
  assert.deepEqual(codes, [0, 0, 0, 0, 0, 10, 0, 0], output);
  assert.equal(code, 0, output);
  assert.match(run ?? '', /^state +watching tag ecs-drain-agent:terminate, lifecycle, spot$/m);
  assert.match(drain ?? '', /^state +draining: \d tasks? left/m);
  assert.match(drain ?? '', /standalone task \w+ of group family:nightly-report/);
  assert.match(last ?? '', /The sandbox has ended\. Tasks interrupted: 0\.\n$/);
});

async function bash(
  script: string,
  cwd: string,
  stop: AbortSignal,
): Promise<{ code: number | null; output: string }> {
  // The Node of a user, not the one that runs this test, nor what npm has told it.
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|NODE|AWS_|ECS_DRAIN_)/i.test(name),
  );
  const path = (process.env.PATH ?? '').split(delimiter).filter((part) => !part.includes('node_modules'));
  const child = spawn('bash', ['-c', script], {
    cwd,
    env: {
      ...Object.fromEntries(inherited),
      PATH: path.join(delimiter),
      REPOSITORY: repository,
      npm_config_prefer_offline: 'true',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const end = () => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  };
  stop.addEventListener('abort', end, { once: true });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  end();
  return { code, output };
}
