import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { GIVE_UP_AFTER_MS, KILL_AFTER_MS, runHook } from '../../../src/operator-hooks/run-hook.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';
import { createHookFiles, type HookFiles } from './hook-files.ts';

const MINUTE = 60_000;

it('gives the hook its environment and input, and takes its lines', async (test) => {
  const { end, lines } = start(createHookFiles(test), 'echo "$STAGE"; cat; echo oops >&2; pwd; env | wc -l');
  assert.deepEqual(await end, { kind: 'succeeded' });
  assert.deepEqual(
    lines.filter(([stream]) => stream === 'stderr'),
    [['stderr', 'oops']],
  );
  // PWD and the shell's own _ come on top of the two that are given.
  assert.deepEqual(
    lines.filter(([stream]) => stream === 'stdout').map(([, line]) => line.trim()),
    ['drained', '{"stage":"drained"}', '/', '3'],
  );
});

it('reports an exit code, a signal, and what could not be started', async (test) => {
  const files = createHookFiles(test);
  assert.deepEqual(await start(files, 'exit 3').end, { kind: 'failed', why: 'exit code 3' });
  assert.deepEqual(await start(files, 'kill -TERM $$').end, { kind: 'failed', why: 'ended by SIGTERM' });
  assert.deepEqual(await start(files, '#!/nowhere/sh\n').end, {
    kind: 'failed',
    why: 'it could not be started (ENOENT): the interpreter in its first line is not there',
  });
  const notExecutable = await runHook({ ...given(files.write('drained/plain', 'true', 0o644)), onLine() {} });
  assert.match(
    notExecutable.kind === 'failed' ? notExecutable.why : '',
    /^it may not be executed \(EACCES\)/,
  );
});

it('bounds what a hook can say', async (test) => {
  const { end, lines } = start(
    createHookFiles(test),
    'yes | head -n 5000; head -c 100000 /dev/zero | tr "\\0" x',
  );
  assert.deepEqual(await end, { kind: 'succeeded' });
  assert.equal(lines.length, 201);
  assert.match(lines.at(-1)?.[1] ?? '', /the rest is left out/);
});

it('cuts a line that does not end', async (test) => {
  const { end, lines } = start(createHookFiles(test), 'head -c 100000 /dev/zero | tr "\\0" x');
  assert.deepEqual(await end, { kind: 'succeeded' });
  assert.ok(lines.length > 1 && lines.every(([, line]) => line.length <= 2_000), 'a line came whole');
});

it('does not mind a hook that reads no input, nor one that leaves something running', async (test) => {
  const { end } = start(createHookFiles(test), 'exec <&-; sleep 60 & exit 0', {
    input: 'x'.repeat(1_000_000),
  });
  assert.deepEqual(await end, { kind: 'succeeded' });
});

it('ends a hook that takes too long, with everything that it started', async (test) => {
  const files = createHookFiles(test);
  const clock = createHookClock();
  const pids = files.path('pids');
  const said = Promise.withResolvers<void>();
  const { end } = start(
    files,
    `trap '' TERM\nsleep 600 &\necho "$$ $!" > ${pids}\necho ready\nwhile :; do wait; done`,
    { clock, onLine: () => said.resolve() },
  );
  await said.promise;
  clock.pass(MINUTE);
  // SIGTERM ends the sleep and not the hook itself: only SIGKILL does, and that has its time.
  clock.pass(0);
  await new Promise(setImmediate);
  clock.pass(KILL_AFTER_MS);
  assert.deepEqual(await end, { kind: 'failed', why: 'it took longer than 1 min' });
  const [hook = '', child = ''] = readFileSync(pids, 'utf8').trim().split(' ');
  assert.ok(!isRunning(hook), 'the hook still runs');
  // Killed with its group, it ends when the kernel gets to it.
  for (let tries = 0; isRunning(child); tries++) {
    assert.ok(tries < 1_000, 'what the hook had started still runs');
    await systemClock.sleep(10);
  }
});

it('gives up a hook that not even SIGKILL ends: it would hold the instance without end', async (test) => {
  const clock = createHookClock();
  const said = Promise.withResolvers<number>();
  const { end } = start(createHookFiles(test), 'echo $$; exec sleep 600', {
    clock,
    onLine: (_, line) => said.resolve(Number(line)),
  });
  const pid = await said.promise;
  // As for a process that sleeps in the kernel, where its disk does not answer.
  const kill = test.mock.method(process, 'kill', () => true);
  for (const ms of [MINUTE, KILL_AFTER_MS, GIVE_UP_AFTER_MS]) {
    clock.pass(ms);
    await new Promise(setImmediate);
  }
  assert.deepEqual(await end, {
    kind: 'failed',
    why: 'it took longer than 1 min, and SIGKILL does not end it: it waits in the kernel, as for a disk or a network file system that is gone',
  });
  assert.deepEqual(
    kill.mock.calls.map(({ arguments: told }) => told),
    [
      [-pid, 'SIGTERM'],
      [-pid, 'SIGKILL'],
    ],
  );
  kill.mock.restore();
  process.kill(-pid, 'SIGKILL');
});

it('waits no longer for a hook when the agent stops', async (test) => {
  const files = createHookFiles(test);
  const stop = new AbortController();
  const said = Promise.withResolvers<void>();
  const { end } = start(files, 'echo ready; sleep 600', { stop: stop.signal, onLine: () => said.resolve() });
  await said.promise;
  stop.abort();
  assert.deepEqual(await end, { kind: 'failed', why: 'the agent is stopping' });
});

type Options = Partial<Parameters<typeof runHook>[0]>;
let count = 0;

function start(files: HookFiles, script: string, options: Options = {}) {
  const lines: [string, string][] = [];
  const end = runHook({
    ...given(files.write(`drained/${count++}`, script)),
    onLine: (stream, line) => lines.push([stream, line]),
    ...options,
  });
  return { end, lines };
}

const given = (path: string) => ({
  path,
  environment: { PATH: process.env.PATH ?? '', STAGE: 'drained' },
  input: '{"stage":"drained"}\n',
  timeoutMs: MINUTE,
  clock: systemClock,
  stop: new AbortController().signal,
});

/** Stands still until it is told, but for the short wait for a hook's last output. */
function createHookClock(): VirtualClock {
  const clock = createVirtualClock();
  return {
    ...clock,
    sleep: (ms, options) => (ms < KILL_AFTER_MS ? Promise.resolve() : clock.sleep(ms, options)),
  };
}

function isRunning(pid: string): boolean {
  try {
    // A zombie that nobody has reaped yet has ended all the same.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
