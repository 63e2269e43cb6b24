import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createFileStore } from '../../src/agent/state/state-file.ts';
import { systemClock } from '../../src/base/clock.ts';
import { findAgent } from '../../src/commands/find-agent.ts';
import { createFleet } from '../../src/sandbox/fleet.ts';
import { startSandbox } from '../../src/sandbox/start.ts';
import { requestDrain, withdrawDrain } from '../../src/signals/manual.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { runCli } from './agent-process.ts';

/** The agent's user, which may write the state and the runtime directory, and runs the operator's hooks too. */
const SERVICE = 61_999;
const SECRET = 'root:$6$hash:19000::::::\n';
/** Clears the screen, names the window, and begins a line of its own. */
const HOSTILE = 'x\u001b[2J\u001b]0;owned\u0007\r\nforged\u009b31m\u202e';
// biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\p{Cf}]|^forged/mu;
const asRoot = { skip: process.getuid?.() === 0 ? false : 'it is about what root does' };

/** Every name there that a command opens, makes or removes. */
const PLACES = [
  'state/drain-requested',
  'state/state.json',
  'state/state.json.latest',
  'state/status.json',
  'state/agent.pid',
  'run/status.json',
];

type Plant = (path: string, victims: string) => void;

/** What that user can put there. A device it can only link to. */
const PLANTS: Record<string, Plant> = {
  'links to a file of root': (path, victims) => symlinkSync(join(victims, 'shadow'), path),
  'links to a name in a directory of root': (path, victims) => symlinkSync(join(victims, 'new'), path),
  'links to a FIFO': (path, victims) => symlinkSync(join(victims, 'fifo'), path),
  'links to a device': (path) => symlinkSync('/dev/full', path),
  'links to a directory of root': (path, victims) => symlinkSync(victims, path),
  'links to themselves': (path) => symlinkSync(path, path),
  FIFOs: (path) => execFileSync('mkfifo', [path]),
  directories: (path) => mkdirSync(path),
  'a status of the wrong shape': (path) =>
    writeFileSync(
      path,
      JSON.stringify({
        pid: process.pid,
        state: 'draining',
        summary: 's',
        signals: [],
        updatedAt: 'x',
        tasks: [null],
        cluster: 7,
      }),
    ),
  'the status of a drain that a terminal would obey': (path) => writeStatus(path, 'draining'),
  'the status of a host that is released that a terminal would obey': (path) => writeStatus(path, 'released'),
};

function writeStatus(path: string, state: 'draining' | 'released') {
  const { pid } = process;
  const status = { pid, state, summary: HOSTILE, signals: ['lifecycle', HOSTILE], updatedAt: HOSTILE };
  writeFileSync(path, JSON.stringify(status));
}

const COMMANDS = [['status'], ['status', '--json'], ['drain'], ['drain', '--cancel'], ['doctor']];

describe('root, in directories that the agent’s user may write', asRoot, () => {
  for (const [what, plant] of Object.entries(PLANTS)) {
    test(`${what}: no command of root follows, hangs or fails without a reason`, {
      timeout: 120_000,
    }, async (t) => {
      const host = await setUp(t);
      for (const command of COMMANDS) {
        host.plantAll(plant);
        const { code, stdout, stderr } = await host.run(...command);
        const said = `${command.join(' ')} said: ${stdout}${stderr}`;
        assert.ok(code !== null && code < 64, `${command.join(' ')} crashed: ${code}\n${said}`);
        assert.doesNotMatch(stderr, /node:internal|^\s+at /m, 'a stack trace is no reason');
        assert.ok(!said.includes(SECRET.trim()), 'it showed a file of root');
        assert.doesNotMatch(said, CONTROL, 'it told a terminal what to do');
        host.assertUntouched(said);
      }
    });
  }

  test('another user reads the status, and can request no drain', async (t) => {
    const { top } = await setUp(t);
    const stateDir = join(top, 'state');
    // As the agent leaves it where no unit makes the directory, whatever the umask.
    rmSync(stateDir, { recursive: true });
    const umask = process.umask(0);
    t.after(() => process.umask(umask));
    createFileStore(stateDir).save({ instanceId: 'i-00000000000000001', savedAt: 0, memory: {} });
    const status = {
      pid: process.pid,
      state: 'watching',
      summary: 'watching',
      signals: [],
      updatedAt: 'now',
    };
    writeFileSync(join(top, 'run/status.json'), JSON.stringify(status), { mode: 0o644 });
    process.seteuid?.(65_534);
    try {
      assert.equal(findAgent(stateDir, { RUNTIME_DIRECTORY: join(top, 'run') }).kind, 'running');
      await assert.rejects(requestDrain(stateDir, undefined), { code: 'EACCES' });
      process.seteuid?.(0);
      await requestDrain(stateDir, undefined);
      process.seteuid?.(65_534);
      await assert.rejects(withdrawDrain(stateDir), { code: 'EACCES' });
      assert.throws(() => createFileStore(stateDir).load(), { code: 'EACCES' });
    } finally {
      process.seteuid?.(0);
    }
  });

  test('another directory in the place of the state directory: root goes nowhere', async (t) => {
    const host = await setUp(t);
    // A state directory in one that is the service user's as well, which then links elsewhere.
    chownSync(join(host.top, 'run'), SERVICE, SERVICE);
    symlinkSync(host.victims, join(host.top, 'run/state'));
    lchownSync(join(host.top, 'run/state'), SERVICE, SERVICE);
    const stateDir = join(host.top, 'run/state');
    const { code, stderr } = await host.run('drain', '--state-dir', stateDir);
    assert.equal(code, 1);
    assert.match(stderr, /another user could put something else there: \S+\/run belongs to user 61999/);
    const { stdout } = await host.run('doctor', '--state-dir', stateDir);
    assert.match(
      stdout,
      /^FAIL {2}state directory: another user could put another directory in the place of/m,
    );
    host.assertUntouched(stderr);
  });

  test('a state directory that is linked to by root, as systemd lays it out, serves as ever', async (t) => {
    const host = await setUp(t);
    symlinkSync('state', join(host.top, 'link'));
    const { code, stderr } = await host.run('drain', '--state-dir', join(host.top, 'link'));
    assert.equal(code, 0, stderr);
    const { uid, gid } = statSync(join(host.top, 'state/drain-requested'));
    assert.deepEqual([uid, gid], [SERVICE, SERVICE], 'the agent could not remove it');
  });
});

async function setUp(t: TestContext) {
  const top = temporaryDirectory(t);
  chmodSync(top, 0o755);
  const victims = join(top, 'victims');
  mkdirSync(victims, { mode: 0o700 });
  writeFileSync(join(victims, 'shadow'), SECRET, { mode: 0o600 });
  execFileSync('mkfifo', [join(victims, 'fifo')]);
  const before = look(victims);
  const fleet = createFleet({ clock: systemClock });
  const { id } = fleet.addInstance();
  const sandbox = await startSandbox(fleet, { clock: systemClock });
  t.after(() => sandbox.close());
  const directories = ['state', 'run'].map((name) => join(top, name));
  const empty = () => {
    for (const directory of directories) {
      execFileSync('rm', ['-rf', directory]);
      mkdirSync(directory, { mode: 0o755 });
      chownSync(directory, SERVICE, SERVICE);
    }
  };
  empty();
  const environment = {
    ...sandbox.environment(id),
    ECS_DRAIN_STATE_DIR: join(top, 'state'),
    ECS_DRAIN_HOOKS_DIR: join(top, 'no-hooks'),
  };
  return {
    top,
    victims,
    plantAll: (plant: Plant) => {
      empty();
      for (const place of PLACES) {
        const path = join(top, place);
        plant(path, victims);
        lchownSync(path, SERVICE, SERVICE);
      }
    },
    run: (...args: string[]) =>
      // Where the unit's runtime directory is, `status` looks too.
      runCli(
        args,
        args[0] === 'status' ? { ...environment, RUNTIME_DIRECTORY: join(top, 'run') } : environment,
      ),
    assertUntouched: (said: string) =>
      assert.deepEqual(look(victims), before, `root changed what is its own. It ${said}`),
  };
}

/** Every file's name, owner, mode and text. */
function look(directory: string) {
  return readdirSync(directory).map((name) => {
    const { uid, gid, mode, size } = statSync(join(directory, name));
    return [name, uid, gid, mode, size, name === 'fifo' ? '' : readFileSync(join(directory, name), 'utf8')];
  });
}
