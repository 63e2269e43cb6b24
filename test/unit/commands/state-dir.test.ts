import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { claimStateDir } from '../../../src/commands/state-dir.ts';
import { isRunning, ownProcess } from '../../../src/host/process.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const withProc = { skip: existsSync('/proc/self/stat') ? false : 'there is no /proc here' };

describe('a state directory', () => {
  test('is claimed, claimed again by the same process, and given back', (t) => {
    const directory = join(temporaryDirectory(t), 'made');
    const claim = claimStateDir(directory);
    assert.ok(claim.kind === 'ours');
    assert.equal(JSON.parse(readFileSync(join(directory, 'agent.pid'), 'utf8')).pid, process.pid);
    assert.equal(claimStateDir(directory).kind, 'ours');
    claim.release();
    assert.equal(existsSync(join(directory, 'agent.pid')), false);
  });

  test('of an agent that runs is not taken from it', withProc, async (t) => {
    const directory = temporaryDirectory(t);
    const { pid, startedTicks } = await otherProcess(t);
    writeFileSync(join(directory, 'agent.pid'), JSON.stringify({ pid, startedTicks }));
    assert.deepEqual(claimStateDir(directory), { kind: 'taken', pid });
  });

  for (const [what, owner] of [
    ['whose process number another has by now', { startedTicks: '1' }],
    ['that did not say when it was started', { startedTicks: undefined }],
    ['that has ended', { pid: 2 ** 22 + 1 }],
  ] as const)
    test(`of an agent ${what} is free: else none would ever run again`, withProc, async (t) => {
      const directory = temporaryDirectory(t);
      writeFileSync(join(directory, 'agent.pid'), JSON.stringify({ ...(await otherProcess(t)), ...owner }));
      assert.equal(claimStateDir(directory).kind, 'ours');
    });

  for (const text of ['', '{', 'null', '7', '{"pid":"7"}', 'x'.repeat(10_000)])
    test(`with an agent.pid of ${text.slice(0, 12) || 'nothing'} is free`, (t) => {
      const directory = temporaryDirectory(t);
      writeFileSync(join(directory, 'agent.pid'), text);
      assert.equal(claimStateDir(directory).kind, 'ours');
    });

  test('given back late leaves the next owner’s claim alone', (t) => {
    const directory = temporaryDirectory(t);
    const claim = claimStateDir(directory);
    writeFileSync(join(directory, 'agent.pid'), '{"pid":1}');
    assert.ok(claim.kind === 'ours');
    claim.release();
    assert.equal(readFileSync(join(directory, 'agent.pid'), 'utf8'), '{"pid":1}');
  });

  test('that cannot be made says why', (t) => {
    const file = join(temporaryDirectory(t), 'file');
    writeFileSync(file, '');
    const claim = claimStateDir(join(file, 'state'));
    assert.ok(claim.kind === 'unusable');
    assert.match(claim.why, /^ENOTDIR: .*file\/state'$/);
  });
});

test('a process that has ended and is not yet waited for does not run', withProc, async (t) => {
  // The shell starts a child, says its number, and becomes a program that never waits for children.
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  const ticks = startedTicks(pid);
  assert.equal(isRunning({ pid, startedTicks: ticks }), true);
  process.kill(pid, 'SIGKILL');
  while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) await new Promise(setImmediate);
  assert.equal(isRunning({ pid, startedTicks: ticks }), false, 'nothing would ever start beside a zombie');
});

test('this process runs', withProc, () => {
  assert.equal(isRunning(ownProcess()), true);
});

async function otherProcess(t: TestContext) {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  return { pid, startedTicks: startedTicks(pid) };
}

const startedTicks = (pid: number) =>
  readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19];
