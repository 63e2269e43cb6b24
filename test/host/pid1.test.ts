import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { createFleet } from '../../src/sandbox/fleet.ts';
import { startSandbox } from '../../src/sandbox/start.ts';
import type { TimelineEvent } from '../../src/sandbox/world/timeline.ts';
import { cli, isolated } from '../e2e/agent-process.ts';
import { createFeed } from '../e2e/feed.ts';
import { temporaryDirectory } from '../support/temporary.ts';

// As in a container: process 1 of a namespace of its own, without any systemd, the root read-only but for the state, a user
// with no name and no capabilities, and the flags of the Dockerfile.

const UID = 65_532;
const FLAGS = ['--disable-sigusr1', '--jitless', '--max-semi-space-size=1', '--max-old-space-size=128'];
const unshare = (script: string) => [
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  'sh',
  '-ec',
  script,
];
const SEAL = 'mount --make-rprivate /; mount --bind "$STATE" "$STATE"; mount -o remount,bind,ro /';
const BECOME = `exec setpriv --reuid ${UID} --regid ${UID} --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs`;

const succeeds = (command: string) =>
  spawnSync('unshare', unshare(`${SEAL}; ${BECOME} ${command}`), { env: { ...process.env, STATE: '/srv' } })
    .status === 0;

const cannot =
  process.getuid?.() !== 0
    ? 'only root can make namespaces here'
    : !succeeds('true')
      ? 'unshare, mount or setpriv cannot do it here'
      : !succeeds(`test -r '${cli}'`)
        ? 'the checkout is in a folder that its owner alone may enter, and the agent is another user'
        : false;

test('as process 1 outside systemd, on a read-only root, it drains to the end and ends at SIGTERM', {
  skip: cannot,
}, async (t) => {
  const state = temporaryDirectory(t);
  chownSync(state, UID, UID);
  const timeline = createFeed<TimelineEvent>();
  const fleet = createFleet({ clock: systemClock, onEvent: (event) => timeline.push(event) });
  const sandbox = await startSandbox(fleet, { clock: systemClock });
  const machine = fleet.addInstance();
  const task = fleet.runTask(machine);
  await sandbox.settled();
  const words = [process.execPath, ...FLAGS, cli, 'run', '--poll-interval', '1s', '--state-dir', state];
  const child = spawn('unshare', unshare(`${SEAL}; ${BECOME} ${words.map((one) => `'${one}'`).join(' ')}`), {
    env: { ...isolated(sandbox.environment(machine.id)), HOME: state, STATE: state },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { log, ended } = follow(child);
  try {
    const { pid, level } = await log.first(({ event }) => event === 'agent.started', 'the agent to start');
    assert.deepEqual([pid, level], [1, 'info']);
    await log.first(({ event }) => event === 'agent.watching', 'the agent to watch');
    assert.deepEqual(
      log.items.filter(({ event }) => event === 'state.unwritable'),
      [],
    );
    fleet.scaleIn(machine);
    await log.first(({ event }) => event === 'drain.progress', 'the drain');
    const asked = [process.execPath, ...FLAGS, cli, 'status', '--health', '--state-dir', state];
    // As a container engine runs a health check: beside process 1.
    const beside = ['-t', String(insideOf(child)), '--mount', '--pid', ...asked];
    const health = spawnSync('nsenter', beside, { encoding: 'utf8' });
    assert.match(health.stdout, /draining: 1 task left/);
    assert.equal(health.status, 0, 'a drain is no reason to restart the agent');
    fleet.endTask(task);
    await timeline.first(
      (event) => event.type === 'lifecycle-action-ended' && event.by === 'call',
      'the release',
    );
    process.kill(insideOf(child), 'SIGTERM');
    assert.equal(await ended, 0);
    assert.equal(log.items.at(-1)?.event, 'agent.stopped');
  } finally {
    // unshare(1) itself would leave it behind.
    if (child.exitCode === null) process.kill(insideOf(child), 'SIGKILL');
    await sandbox.close();
  }
});

/** Process 1 of the namespace, by its number outside. */
const insideOf = ({ pid }: ChildProcess): number =>
  Number(execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' }));

type Line = { readonly event: string; readonly level: string; readonly pid?: number };

function follow(child: ChildProcess) {
  const log = createFeed<Line>();
  if (!child.stdout) throw new Error('no output');
  createInterface({ input: child.stdout }).on('line', (line) => log.push(JSON.parse(line) as Line));
  const ended = new Promise<number | null>((resolve) =>
    child.once('close', (code) => {
      log.end('the agent had ended');
      resolve(code);
    }),
  );
  return { log, ended };
}
