import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Memory } from '../../../../src/agent/model.ts';
import { createKept } from '../../../../src/agent/state/kept.ts';
import type { State, StateStore } from '../../../../src/agent/state/state-file.ts';
import { createVirtualClock, START } from '../../../support/virtual-clock.ts';

const OWN = 'i-own';
const UPTIME = 50_000;
const ci = (id: string | number) => ({ cluster: 'web', containerInstanceArn: `ci/${id}` });
const state: State = {
  instanceId: OWN,
  savedAt: START - 1_000,
  uptime: UPTIME - 1_000,
  memory: { signalledAt: START - 5_000 },
  heard: [ci('before')],
  own: [ci('own')],
};

function setUp(
  load: () => State | undefined,
  save?: (state: State) => void,
  remove = () => {},
  putOnDisk = () => {},
) {
  const clock = createVirtualClock();
  const saved: State[] = [];
  const said: string[] = [];
  const store: StateStore = {
    load,
    putOnDisk,
    save: save ?? ((next) => void saved.push(next)),
    remove,
  };
  const kept = createKept({ store, clock, uptime: () => UPTIME }, OWN, (event, message) =>
    said.push(`${event}: ${message}`),
  );
  return { kept, saved, said, clock };
}

describe('what an earlier process left', () => {
  it('is picked up: the drain, and what this host is', () => {
    const { kept, said } = setUp(() => state);
    assert.deepEqual(kept.memory, { signalledAt: START - 5_000 });
    assert.deepEqual(
      kept.heard(),
      [{ ...ci('before'), since: START - 1_000 }],
      'the host may have registered a moment before a restart, and ECS may not show it yet',
    );
    assert.deepEqual(
      kept.own(),
      [{ ...ci('own'), since: START - 1_000 }],
      'ECS may have described it a moment before a restart, and not know it in its next answer',
    );
    assert.deepEqual(said, []);
  });
  it('is put on the disk, unless it is another instance’s', () => {
    let puts = 0;
    const setUpWith = (found: State | undefined) =>
      setUp(
        () => found,
        undefined,
        undefined,
        () => puts++,
      );
    setUpWith(state);
    assert.equal(puts, 1);
    setUpWith({ ...state, instanceId: 'i-another' });
    assert.equal(puts, 1);
  });

  it('says since when the ECS agent has named what ECS does not know, by the clock of this process', () => {
    const { kept } = setUp(() => ({
      ...state,
      savedAt: START + 700_000,
      heard: [
        { ...ci('lie'), since: START + 300_000 },
        { ...ci('new'), since: START + 700_000 },
        { ...ci('wrong'), since: START + 999_000 },
      ],
    }));
    assert.deepEqual(
      kept.heard().map(({ since }) => since),
      [START - 401_000, START - 1_000, START - 1_000],
      'each restart would hold an instance without tasks for five more minutes, for what was named long ago',
    );
  });

  it('is no older than it was when it was saved, and what has passed since the boot', () => {
    const { kept } = setUp(() => ({
      ...state,
      savedAt: START - 900_000,
      uptime: UPTIME + 1,
      heard: [{ ...ci('new'), since: START - 901_000 }],
    }));
    assert.equal(
      kept.heard()[0]?.since,
      START - UPTIME - 1_000,
      'ECS may not know it yet, and would give it tasks after its release',
    );
  });

  it('may be as new as the boot, where nothing tells how long the host was down', () => {
    const { kept } = setUp(() => ({ ...state, savedAt: START - 900_000, uptime: UPTIME + 1 }));
    assert.equal(kept.heard()[0]?.since, START - UPTIME);
  });

  it('names all that this host was said to be, and not what was said last alone', () => {
    const { kept } = setUp(() => ({ ...state, heard: [ci('real'), ci('lie')] }));
    const heard = kept.heard().map(({ containerInstanceArn }) => containerInstanceArn);
    assert.deepEqual(
      heard,
      ['ci/real', 'ci/lie'],
      'one lie before a restart, and this host is not found in ECS',
    );
  });

  it('is nothing on the first start', () => {
    const { kept, said } = setUp(() => undefined);
    assert.deepEqual([kept.memory, kept.heard(), kept.own()], [{}, [], []]);
    assert.deepEqual(said, []);
  });

  it('need not say what this host is', () => {
    const { kept } = setUp(() => ({ instanceId: OWN, savedAt: START, memory: {} }));
    assert.deepEqual([kept.heard(), kept.own()], [[], []]);
  });

  it('of another instance, in an image that was made of it, is left: its drain is not ours', () => {
    const { kept, said } = setUp(() => ({ ...state, instanceId: 'i-other' }));
    assert.deepEqual([kept.memory, kept.heard(), kept.own()], [{}, [], []]);
    assert.deepEqual(said, [
      'state.discarded: the state file is of another instance, i-other: starting without it',
    ]);
    assert.equal(kept.stateOf, 'i-other', 'a request to drain that came with it would count');
  });

  it('that cannot be read is left, and told', () => {
    const { kept, said } = setUp(() => {
      throw new Error('the state file is corrupt: not JSON');
    });
    assert.deepEqual(kept.memory, {});
    assert.deepEqual(said, ['state.discarded: the state file is corrupt: not JSON: starting without it']);
  });
});

describe('what is kept', () => {
  it('all of it, each time something is new', () => {
    const { kept, saved, clock } = setUp(() => state);
    kept.save({ terminatedAt: 7 }, START + 7);
    assert.deepEqual(saved, [
      {
        instanceId: OWN,
        savedAt: START + 7,
        uptime: UPTIME,
        memory: { terminatedAt: 7 },
        heard: [{ ...ci('before'), since: START - 1_000 }],
        own: [ci('own')],
      },
    ]);
    void clock.sleep(60);
    clock.step();
    kept.hear(ci('new'));
    const heard = [
      { ...ci('before'), since: START - 1_000 },
      { ...ci('new'), since: START + 60 },
    ];
    assert.deepEqual(saved[1], { ...saved[0], savedAt: START + 60, heard });
    kept.confirm([ci('own'), ci('new')]);
    assert.deepEqual(saved[2], {
      ...saved[0],
      savedAt: START + 60,
      heard,
      own: [ci('own'), ci('new')],
    });
    assert.equal(kept.mayList(), false);
    kept.noteMayList();
    assert.deepEqual(saved[3], { ...saved[2], mayList: true }, 'a refusal would count as that of a new role');
    assert.equal(kept.mayList(), true);
  });
  it('that the role could list container instances, for the next process', () => {
    const { kept, saved } = setUp(() => ({ ...state, mayList: true }));
    assert.equal(kept.mayList(), true);
    kept.noteMayList();
    assert.deepEqual(saved, []);
  });

  it('nothing where nothing is new: the disk would be written every second', () => {
    const { kept, saved } = setUp(() => state);
    kept.hear(ci('before'));
    kept.confirm([ci('own')]);
    kept.confirm([]);
    assert.deepEqual(saved, []);
  });

  it('says once that it cannot be written, and again after it could', () => {
    let isFull = true;
    const { kept, said } = setUp(
      () => undefined,
      () => {
        if (isFull) throw new Error('ENOSPC');
      },
    );
    kept.save({}, 1);
    kept.save({}, 2);
    const message = 'state.unwritable: the state file cannot be written: ENOSPC';
    assert.deepEqual(said, [message]);
    isFull = false;
    kept.save({}, 3);
    isFull = true;
    kept.save({}, 4);
    assert.deepEqual(said, [message, message]);
  });
});

describe('on a disk that is full, the state file', () => {
  const waiting = { since: 50, group: 'web-asg' };
  const completed = { hook: 'drain', result: 'CONTINUE', at: 60, standing: 'answered' } as const;
  const old = {
    signalledAt: START - 5_000,
    drainingSetAt: START - 4_000,
    waiting,
    completed,
    retains: true,
    tasksLeft: ['task'],
  };
  const removals = (next: Memory, laterToo = next) => {
    let count = 0;
    let isFull = false;
    const save = () => {
      if (isFull) throw new Error('ENOSPC');
    };
    const { kept } = setUp(
      () => undefined,
      save,
      () => void count++,
    );
    kept.save(old, START);
    isFull = true;
    kept.save(next, START);
    kept.save(laterToo, START);
    return count;
  };

  it('is removed once its drain is over: after a restart, a limit on the next drain would count from that one', () => {
    assert.equal(removals({}), 1);
    assert.equal(removals({ drainingSetAt: 1 }, { signalledAt: START }), 1);
  });
  it('… or its wait or completion: the hook that waits anew would get no heartbeat, and time out', () => {
    const { completed: _, ...waitsAnew } = old;
    assert.equal(removals(waitsAnew), 1);
    assert.equal(removals({ ...old, completed: { ...completed, at: 70 } }), 1);
    assert.equal(removals({ ...old, waiting: { ...waiting, since: 70 } }), 1);
  });
  it('… or what the group does with an instance that is abandoned has changed: its tasks would be lost', () =>
    assert.equal(removals({ ...old, retains: false }), 1));
  it('stays while what it says is only older: a cancelled drain would leave the instance DRAINING', () => {
    const { tasksLeft: _, ...rest } = old;
    const doubted = { ...completed, standing: 'doubted' } as const;
    assert.equal(removals({ ...rest, completed: doubted, drainingSetAt: 7, terminatedAt: 8 }), 0);
    assert.equal(removals({ drainingSetAt: old.drainingSetAt }), 0);
  });
  it('leaves its room to what is true now: of a host that ECS has let go, nothing else tells which it was', () => {
    const saved: State[] = [];
    let isFull = true;
    const { kept } = setUp(
      () => state,
      (next) => {
        if (isFull) throw new Error('ENOSPC');
        saved.push(next);
      },
      () => {
        isFull = false;
      },
    );
    kept.save({}, START);
    assert.deepEqual(saved, [
      {
        ...state,
        savedAt: START,
        uptime: UPTIME,
        memory: {},
        heard: [{ ...ci('before'), since: START - 1_000 }],
      },
    ]);
  });
  it('that cannot be removed either is tried again', () => {
    let tries = 0;
    const { kept, said } = setUp(
      () => state,
      () => {
        throw new Error('EROFS');
      },
      () => {
        tries++;
        throw new Error('EROFS');
      },
    );
    kept.save({}, START);
    kept.save({}, START);
    assert.equal(tries, 2);
    assert.deepEqual(said, ['state.unwritable: the state file cannot be written: EROFS']);
  });
});

describe('the container instances that this host was said to be', () => {
  it('are in the order in which they were heard, each once, and since when it is known', () => {
    const { kept, clock } = setUp(() => undefined);
    kept.hear(ci('a'));
    void clock.sleep(500);
    clock.step();
    kept.hear(ci('b'));
    kept.hear(ci('a'));
    assert.deepEqual(kept.heard(), [
      { ...ci('b'), since: START + 500 },
      { ...ci('a'), since: START },
    ]);
  });

  it('are the first four and the last four: whoever lies on the port names many, and pushes none of them out', () => {
    const { kept } = setUp(() => undefined);
    for (let index = 1; index <= 8; index++) kept.hear(ci(index));
    assert.equal(kept.heard().length, 8);
    for (let index = 9; index <= 12; index++) kept.hear(ci(index));
    assert.deepEqual(
      kept.heard().map(({ containerInstanceArn }) => containerInstanceArn),
      ['ci/1', 'ci/2', 'ci/3', 'ci/4', 'ci/9', 'ci/10', 'ci/11', 'ci/12'],
    );
  });

  it('and that ECS confirmed as well', () => {
    const { kept } = setUp(() => undefined);
    kept.confirm(Array.from({ length: 10 }, (_, index) => ci(index + 1)));
    assert.deepEqual(
      kept.own().map(({ containerInstanceArn }) => containerInstanceArn),
      ['ci/1', 'ci/2', 'ci/3', 'ci/4', 'ci/7', 'ci/8', 'ci/9', 'ci/10'],
    );
  });
});
