import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as nodeFs from 'node:fs';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Memory } from '../../../../src/agent/model.ts';
import { createFileStore, parseState, resume, type State } from '../../../../src/agent/state/state-file.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const hour = 3_600_000;
const arn = 'arn:aws:ecs:eu-west-1:111122223333:container-instance/web/0123456789abcdef';

const full: State = {
  instanceId: 'i-0123456789abcdef0',
  savedAt: 10 * hour,
  memory: {
    signalledAt: 1_000,
    signals: [{ source: 'tag', value: 'hook=drain', hook: 'drain' }, { source: 'manual' }],
    drainingSetAt: 2_000,
    waiting: {
      since: 3_000,
      group: 'web-asg',
      hook: { name: 'drain', heartbeatTimeout: 60_000, globalTimeout: undefined },
    },
    completed: { hook: 'drain', result: 'CONTINUE', at: 4_000, standing: 'answered' },
    spotSeenAt: 10 * hour - 1_000,
    hook: { name: 'drain', heartbeatTimeout: 60_000, globalTimeout: undefined },
    terminatedAt: 4_500,
    askedToStop: { task: 5_000 },
    tasksLeft: ['task', 'other-task'],
    tasksAddedAt: 4_700,
    hooksRun: { drained: 'succeeded' },
  },
  heard: [{ cluster: 'web', containerInstanceArn: arn }],
};

describe('the state file', () => {
  test('gives back what was put into it', (t) => {
    const store = createFileStore(temporaryDirectory(t));
    assert.equal(store.load(), undefined);
    store.save(full);
    const { version, ...state } = store.load() as State & { version: number };
    assert.equal(version, 1);
    assert.deepEqual(JSON.parse(JSON.stringify(state)), JSON.parse(JSON.stringify(full)));
  });

  test('is kept at once where the disk hangs, and one fsync after the other is asked for what is newest', async (t) => {
    const waiting: (() => void)[] = [];
    const fsync = ((_: number, done: () => void) => void waiting.push(done)) as typeof nodeFs.fsync;
    const fsyncSync = () => assert.fail('heartbeats, StopTask and the watchdog would wait for the disk');
    const directory = temporaryDirectory(t);
    const store = createFileStore(directory, { ...nodeFs, fsync, fsyncSync });
    for (const savedAt of [1, 2, 3]) store.save({ ...full, savedAt });
    assert.equal(createFileStore(directory).load()?.savedAt, 3, 'a killed agent forgets what it has done');
    // The file and its directory, for the first one, and once more for the others.
    for (const more of [1, 1, 1, 1, 0]) {
      assert.equal(waiting.length, more, 'DNS shares the threads that wait for the disk');
      waiting.pop()?.();
      await new Promise(setImmediate);
    }
    store.save(full);
    assert.equal(waiting.length, 1, 'a host that loses power forgets all that came after the first save');
  });

  test('survives a power failure that comes before the newer one is on the disk, and until then a kill loses nothing', async (t) => {
    const { directory, store, endSync } = withHangingDisk(t);
    store.save({ ...full, savedAt: 1 });
    await endSync();
    assert.deepEqual(readdirSync(directory), ['state.json']);
    store.save({ ...full, savedAt: 2 });
    assert.equal(createFileStore(directory).load()?.savedAt, 2, 'a killed agent forgets what it has done');
    // What XFS leaves of a file that was renamed, and not synced before.
    truncateSync(join(directory, 'state.json.latest'));
    assert.equal(
      createFileStore(directory).load()?.savedAt,
      1,
      'an instance that was set DRAINING by the agent, and then is not to be terminated any more, stays DRAINING',
    );
  });

  test('takes the older one’s place only if it is on the disk, and is the latest', async (t) => {
    const { directory, store, endSync } = withHangingDisk(t);
    const older = () => JSON.parse(readFileSync(join(directory, 'state.json'), 'utf8')).savedAt;
    store.save({ ...full, savedAt: 1 });
    await endSync();
    store.save({ ...full, savedAt: 2 });
    store.save({ ...full, savedAt: 3 });
    await endSync();
    assert.equal(older(), 1, 'the newest would take its place, and is in the cache of the kernel only');
    await endSync(new Error('EIO: i/o error, fsync'));
    assert.equal(older(), 1, 'a disk that fails would take the last one that is whole');
    assert.equal(store.load()?.savedAt, 3);
    store.save({ ...full, savedAt: 4 });
    await endSync();
    assert.equal(older(), 4);
    assert.deepEqual(readdirSync(directory), ['state.json']);
  });

  test('is put on the disk by the process that finds it, if the one before was killed before that, and only then', async (t) => {
    const killed = withHangingDisk(t);
    killed.store.save({ ...full, savedAt: 1 });
    await killed.endSync();
    killed.store.save({ ...full, savedAt: 2 });
    const { store, endSync, syncs } = withHangingDisk(t, killed.directory);
    store.load();
    store.putOnDisk();
    await endSync();
    assert.deepEqual(readdirSync(killed.directory), ['state.json']);
    assert.equal(
      store.load()?.savedAt,
      2,
      'a host that loses power next forgets what the killed agent has done',
    );
    const next = withHangingDisk(t, killed.directory);
    next.store.load();
    next.store.putOnDisk();
    assert.deepEqual([syncs(), next.syncs()], [2, 0]);
  });

  test('that a power failure has left empty does not take the place of the one before', async (t) => {
    const { directory, store, endSync } = withHangingDisk(t);
    store.save({ ...full, savedAt: 1 });
    await endSync();
    writeFileSync(join(directory, 'state.json.latest'), '');
    const next = withHangingDisk(t, directory);
    assert.equal(next.store.load()?.savedAt, 1);
    next.store.putOnDisk();
    await next.endSync();
    assert.equal(next.store.load()?.savedAt, 1);
  });

  test('that is removed while the disk hangs is gone, the older one and the latest', async (t) => {
    const { directory, store, endSync } = withHangingDisk(t);
    store.save({ ...full, savedAt: 1 });
    await endSync();
    store.save({ ...full, savedAt: 2 });
    store.remove();
    assert.deepEqual(readdirSync(directory), []);
    await endSync();
    assert.equal(store.load(), undefined);
  });

  test('that is corrupt is told where there is no other, and the other is taken where there is one', (t) => {
    const directory = temporaryDirectory(t);
    const store = createFileStore(directory);
    const [older, latest] = ['state.json', 'state.json.latest'].map((name) => join(directory, name));
    writeFileSync(String(latest), '');
    assert.throws(() => store.load(), { message: 'the state file is corrupt: not JSON' });
    writeFileSync(String(older), JSON.stringify({ version: 1, ...full }));
    assert.equal(store.load()?.savedAt, 10 * hour);
    writeFileSync(String(latest), JSON.stringify({ version: 1, ...full, savedAt: 7 }));
    writeFileSync(String(older), '{}');
    assert.equal(store.load()?.savedAt, 7);
  });

  test('is removed, with room for nothing and though it is not there', (t) => {
    const store = createFileStore(temporaryDirectory(t));
    store.save(full);
    store.remove();
    assert.equal(store.load(), undefined, 'an operator’s limit would count from a drain that is over');
    store.remove();
  });

  test('is for its own user only, and its directory is made', async (t) => {
    const directory = join(temporaryDirectory(t), 'a', 'b');
    const { store, endSync } = withHangingDisk(t, directory);
    store.save(full);
    await endSync();
    assert.equal(statSync(join(directory, 'state.json')).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(directory), ['state.json']);
  });

  test('stays as it was when it cannot be replaced', (t) => {
    const directory = temporaryDirectory(t);
    const store = createFileStore(directory);
    store.save(full);
    // What would be written first is in the way, as on a disk that is full.
    mkdirSync(join(directory, 'state.json.latest.new'));
    assert.throws(() => store.save({ ...full, savedAt: 0 }), { code: 'EISDIR' });
    assert.equal(store.load()?.savedAt, 10 * hour);
  });

  test('half a file that a crash left beside it is no harm', (t) => {
    const directory = temporaryDirectory(t);
    const store = createFileStore(directory);
    store.save(full);
    writeFileSync(join(directory, 'state.json.latest.new'), '{"version":1,"inst');
    assert.equal(store.load()?.savedAt, 10 * hour);
    store.save({ ...full, savedAt: 7 });
    assert.equal(store.load()?.savedAt, 7);
  });

  test('that cannot be read is an error, and not none', (t) => {
    const directory = temporaryDirectory(t);
    mkdirSync(join(directory, 'state.json'));
    assert.throws(() => createFileStore(directory).load(), { code: 'EISDIR' });
    chmodSync(directory, 0o700);
  });

  test('that is a FIFO, or far too large, is an error at once, and holds up no start', (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, 'state.json');
    execFileSync('mkfifo', [path]);
    assert.throws(() => createFileStore(directory).load(), /state\.json is a FIFO or a device, not a file/);
    rmSync(path);
    writeFileSync(path, Buffer.alloc(8 * 1024 * 1024 + 1));
    assert.throws(() => createFileStore(directory).load(), /state\.json is larger than 8388608 bytes/);
    createFileStore(directory).save(full);
    assert.equal(createFileStore(directory).load()?.savedAt, 10 * hour);
  });

  test('is written by the file system that is given', (t) => {
    const directory = temporaryDirectory(t);
    const writeSync = () => {
      throw new Error('the disk is full');
    };
    assert.throws(() => createFileStore(directory, { ...nodeFs, writeSync }).save(full), /the disk is full/);
    assert.equal(createFileStore(directory).load(), undefined);
  });

  test('holds the version first, so that a later one can tell', (t) => {
    const directory = temporaryDirectory(t);
    createFileStore(directory).save({ instanceId: 'i-1', savedAt: 1, memory: {} });
    const text = readFileSync(join(directory, 'state.json.latest'), 'utf8');
    assert.equal(text, '{"version":1,"instanceId":"i-1","savedAt":1,"memory":{}}');
  });
});

/** A store whose fsync(2) returns only when it is told to. */
function withHangingDisk(t: TestContext, directory = temporaryDirectory(t)) {
  const waiting: ((error: Error | null) => void)[] = [];
  let syncs = 0;
  const fsync = ((_: number, done: (error: Error | null) => void) => {
    syncs++;
    waiting.push(done);
  }) as never;
  return {
    directory,
    syncs: () => syncs,
    store: createFileStore(directory, { ...nodeFs, fsync }),
    /** Ends the one that is under way, of the file and of its directory. */
    endSync: async (error: Error | null = null) => {
      for (const outcome of [error, null]) {
        waiting.shift()?.(outcome);
        await new Promise(setImmediate);
      }
    },
  };
}

describe('a state that is corrupt is refused, whatever is wrong with it', () => {
  const ok = { version: 1, instanceId: 'i-1', savedAt: 1, memory: {} };
  const withMemory = (memory: object) => ({ ...ok, memory });
  for (const [state, what] of [
    ['', 'not JSON'],
    ['{"version":1,"instanceId":"i-1","saved', 'not JSON'],
    ['\u0000\u0000\u0000', 'not JSON'],
    ['null', 'not an object'],
    ['[]', 'not an object'],
    [{ ...ok, version: 2 }, 'version 2'],
    [{}, 'version undefined'],
    [{ ...ok, instanceId: 5 }, 'instanceId'],
    [{ ...ok, instanceId: '' }, 'instanceId'],
    [{ ...ok, savedAt: '1' }, 'savedAt'],
    [{ ...ok, memory: undefined }, 'memory'],
    [{ ...ok, memory: [] }, 'memory'],
    [{ ...ok, uptime: 'long' }, 'uptime'],
    [{ ...ok, own: {} }, 'own'],
    [{ ...ok, heard: {} }, 'heard'],
    [{ ...ok, heard: [{ cluster: 'web' }] }, 'heard'],
    [{ ...ok, heard: [{ cluster: 'web', containerInstanceArn: arn, since: null }] }, 'heard'],
    [{ ...ok, own: [{ cluster: 'web', containerInstanceArn: arn }, { cluster: 'web' }] }, 'own'],
    [withMemory({ signalledAt: null }), 'signalledAt'],
    [withMemory({ drainingSetAt: 'x' }), 'drainingSetAt'],
    [withMemory({ signals: 'tag' }), 'signals'],
    [withMemory({ signals: [null] }), 'signals'],
    [withMemory({ signals: [{}] }), 'signals'],
    [withMemory({ signals: [{ source: 'tag' }] }), 'signals'],
    [withMemory({ signals: [{ source: 'tag', value: '', hook: 7 }] }), 'signals'],
    [withMemory({ signals: [{ source: 'spot', action: 'terminate' }] }), 'signals'],
    [withMemory({ signals: [{ source: 'moon' }] }), 'signals'],
    [withMemory({ signalledAt: 1e300 }), 'signalledAt'],
    [withMemory({ waiting: { since: 1 } }), 'waiting'],
    [withMemory({ waiting: { since: 1, group: 'g', hook: {} } }), 'waiting'],
    [withMemory({ waiting: { since: 1, group: 'g', hook: { name: 'h', globalTimeout: '1' } } }), 'waiting'],
    [withMemory({ completed: { hook: 'h', result: 'MAYBE', at: 1, standing: 'answered' } }), 'completed'],
    [withMemory({ completed: { hook: 'h', result: 'CONTINUE', at: 1 } }), 'completed'],
    [withMemory({ terminatedAt: true }), 'terminatedAt'],
    [withMemory({ hook: { name: '' } }), 'hook'],
    [withMemory({ askedToStop: { a: 'x' } }), 'askedToStop'],
    [withMemory({ tasksLeft: ['task', ''] }), 'tasksLeft'],
    [withMemory({ hooksRun: { drained: 'maybe' } }), 'hooksRun'],
    [withMemory({ hooksRun: { draining: 'failed', drained: 'maybe' } }), 'hooksRun'],
    [withMemory({ retains: 'yes' }), 'retains'],
    [withMemory({ isReplacing: 'yes' }), 'isReplacing'],
    [withMemory({ spotSeenAt: 'now' }), 'spotSeenAt'],
    [withMemory({ signals: [{ source: 'spot', action: 7, interruptionAt: 1 }] }), 'signals'],
    [withMemory({ signals: [{ source: 'rebalance' }] }), 'signals'],
    [withMemory({ signals: [{ source: 'scheduled', code: 'x', eventId: 'y' }] }), 'signals'],
    [withMemory({ signals: [{ source: 'scheduled', code: '', eventId: 'y', notBefore: 1 }] }), 'signals'],
    [withMemory({ signals: [{ source: 'scheduled', code: 'x', notBefore: 1 }] }), 'signals'],
    [withMemory({ signalledAt: 8_640_000_000_000_001 }), 'signalledAt'],
  ] as const) {
    const text = typeof state === 'string' ? state : JSON.stringify(state);
    test(`${text.slice(0, 90)}`, () => {
      assert.throws(() => parseState(text), { message: `the state file is corrupt: ${what}` });
    });
  }

  for (const memory of [
    { signals: [{ source: 'lifecycle' }, { source: 'manual' }] },
    { signals: [{ source: 'spot', action: 'stop', interruptionAt: 1 }] },
    { signals: [{ source: 'rebalance', noticeAt: 1 }] },
    { signals: [{ source: 'scheduled', code: 'x', eventId: 'y', notBefore: 1 }] },
    { signals: [{ source: 'tag', value: '', eventAt: 1 }] },
    { signalledAt: 8_640_000_000_000_000 },
    { retains: false },
    { isReplacing: true },
    { completed: { hook: 'h', result: 'ABANDON', at: 1, standing: 'doubted' } },
    { completed: { hook: 'h', result: 'ABANDON', at: 1, standing: 'confirmed' } },
    { hooksRun: { draining: 'failed', drained: 'succeeded' } },
  ])
    test(`that holds ${JSON.stringify(memory)} is taken: a drain goes on by it`, () =>
      assert.deepEqual(parseState(JSON.stringify(withMemory(memory))).memory, memory));

  test('that holds what this host is is taken', () => {
    const own = [{ cluster: 'web', containerInstanceArn: arn }];
    assert.deepEqual(parseState(JSON.stringify({ ...ok, uptime: 5, own })).own, own);
  });

  test('that holds whether container instances could be listed is taken', () => {
    assert.equal(parseState(JSON.stringify({ ...ok, mayList: true })).mayList, true);
    assert.throws(() => parseState(JSON.stringify({ ...ok, mayList: 'yes' })), {
      message: 'the state file is corrupt: mayList',
    });
  });

  test('a member that this version does not know is no harm', () => {
    assert.equal(parseState(JSON.stringify({ ...ok, colour: 'red' })).instanceId, 'i-1');
  });
});

describe('after a restart', () => {
  const { savedAt } = full;
  const state = { ...full, uptime: 2 * hour };

  test('time passed while the agent was down counts', () => {
    assert.deepEqual(resume(state, savedAt, 2 * hour), full.memory);
    assert.equal(resume(state, savedAt, 2 * hour).signalledAt, 1_000);
    const { spotSeenAt: _, ...kept } = full.memory;
    assert.deepEqual(resume(state, savedAt + 3 * hour, 5 * hour), kept, 'a notice counts for two minutes');
  });

  test('by how long the host is up: a clock that was set forward meanwhile uses up no limit', () => {
    const memory = { ...full.memory, notWaitingAt: 2_500 };
    const shifted = resume({ ...state, memory }, savedAt + 48 * hour + 1_000, 2 * hour + 1_000);
    const by = 48 * hour;
    assert.deepEqual(shifted, {
      ...full.memory,
      notWaitingAt: 2_500 + by,
      signalledAt: 1_000 + by,
      drainingSetAt: 2_000 + by,
      spotSeenAt: 58 * hour - 1_000,
      waiting: { ...full.memory.waiting, since: 3_000 + by },
      completed: { ...full.memory.completed, at: 4_000 + by },
      terminatedAt: 4_500 + by,
      askedToStop: { task: 5_000 + by },
      tasksAddedAt: 4_700 + by,
    });
  });

  test('a clock that was set back leaves no time in the future', () => {
    const shifted = resume(state, savedAt - 5 * hour, 2 * hour);
    assert.equal(shifted.signalledAt, 1_000 - 5 * hour);
    assert.equal(shifted.waiting?.since, 3_000 - 5 * hour);
  });

  test('of a downtime with a reboot in it, what came after the boot', () => {
    assert.equal(resume(state, savedAt + 9 * hour, hour).signalledAt, 1_000 + 8 * hour);
  });

  test('when a task was first seen, but after a reboot: none of those runs any more, and ECS may have forgotten them', () => {
    const memory: Memory = { tasksLeft: ['task'], tasksAddedAt: savedAt };
    const after = (ms: number, uptime: number) => resume({ ...state, memory }, savedAt + ms, uptime);
    assert.equal(after(48 * hour, 2 * hour + 1_000).tasksAddedAt, savedAt + 48 * hour - 1_000);
    assert.deepEqual(after(hour, hour), { tasksLeft: ['task'] });
  });

  test('a Spot notice whose interruption has stopped the host says nothing any more', () => {
    const notice = { source: 'spot', action: 'stop', interruptionAt: savedAt + hour } as const;
    const memory: Memory = { signals: [{ source: 'manual' }, notice], spotSeenAt: savedAt };
    const after = (ms: number, uptime: number) => resume({ ...state, memory }, savedAt + ms, uptime);
    const gone = { signals: [{ source: 'manual' }] };
    assert.deepEqual(after(2 * hour, hour / 2), gone, 'tasks that came since would be asked to stop');
    assert.deepEqual(after(hour / 2, hour / 4).signals, memory.signals, 'a reboot before it');
    assert.deepEqual(after(hour / 2, 3 * hour).signals, memory.signals, 'the host goes on without a reboot');
    assert.deepEqual(after(2 * hour, 4 * hour), gone, 'the host may have been hibernated, and goes on');
    const seen = { ...state, memory: { spotSeenAt: savedAt } };
    assert.deepEqual(resume(seen, savedAt + hour, 1), {}, 'the next notice would have no two minutes');
    const later = (ms: number) => resume(seen, savedAt + ms, 2 * hour + ms);
    assert.deepEqual(later(119_999), seen.memory, 'a notice that comes back would have two minutes more');
    assert.deepEqual(later(120_000), {}, 'the next notice would have no two minutes');
  });

  test('a Spot notice has passed if the host was hibernated while no agent ran, though its time is yet to come', () => {
    const notice = { source: 'spot', action: 'hibernate', interruptionAt: savedAt + hour } as const;
    const memory: Memory = { signals: [{ source: 'manual' }, notice], spotSeenAt: savedAt };
    const before = { ...state, uptime: 2 * hour, awake: hour, memory };
    const after = (awakeMs: number, kept: State = before) =>
      resume(kept, savedAt + 20_000, 2 * hour + 20_000, hour + awakeMs).signals;
    assert.deepEqual(after(15_000), [{ source: 'manual' }], 'tasks would be asked to stop for nothing');
    assert.deepEqual(after(19_500), memory.signals, 'uptime is told in hundredths of a second');
    const { awake: _, ...earlier } = before;
    assert.deepEqual(after(15_000, earlier), memory.signals, 'an earlier version did not keep that');
  });

  test('where the state does not say how long the host was up, none of it', () => {
    assert.equal(resume(full, savedAt + hour, 3 * hour).signalledAt, 1_000 + hour);
  });

  test('nothing is made up', () => {
    const memory: Memory = {};
    assert.deepEqual(resume({ ...full, memory }, savedAt + 49 * hour, 0), {});
  });
});
