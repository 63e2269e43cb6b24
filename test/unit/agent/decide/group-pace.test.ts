import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DrainPace } from '../../../../src/agent/decide/drain-pace.ts';
import { hooksDue, lifecycleDue, retentionDue } from '../../../../src/agent/decide/group-pace.ts';
import { known, unknown } from '../../../../src/base/reading.ts';
import { at, draining, emptied, inState, MINUTE, NOW, never, SECOND, stale } from './paces.ts';

describe('the state in the group', () => {
  const due = (more: Partial<DrainPace> = {}) => lifecycleDue({ ...draining, ...more }) - NOW;

  it('is not asked while heartbeats say that the hook waits', () => assert.equal(due(), Infinity));
  it('is asked every 5 min where none is recorded, and every minute where nothing but the group is waited for', () => {
    assert.equal(due({ heldAt: undefined }), 5 * MINUTE);
    assert.equal(due({ heldAt: undefined, isHostBusy: false }), MINUTE);
    assert.equal(due({ heldAt: undefined, ...emptied(NOW - SECOND) }), MINUTE);
  });
  it('is asked every minute while a root volume is to be replaced: terminated instead, it would not be retained', () => {
    const replacing = { lifecycle: inState('ReplacingRootVolume:Wait') };
    assert.equal(due(replacing), MINUTE);
    assert.equal(due({ ...replacing, heldAt: undefined }), MINUTE);
  });
  it('… or as often as a short hook needs, before and after the drain: it waits anew once the instance is terminated', () => {
    const replacing = { lifecycle: inState('ReplacingRootVolume:Wait') };
    const phases = [replacing, { ...replacing, ...emptied(NOW) }, { ...replacing, phase: 'done' } as const];
    for (const more of phases) {
      assert.equal(due({ ...more, heartbeatInterval: 20 * SECOND }), 20 * SECOND);
      assert.equal(due({ ...more, heartbeatInterval: 8 * SECOND }), 15 * SECOND, 'requests are used up');
    }
  });
  it('is asked when the host’s last task has ended: the release rests on it', () => {
    assert.equal(due(emptied(NOW + 1)), 0);
    assert.equal(due({ ...emptied(NOW), heldAt: undefined }), MINUTE);
  });
  it('and not every minute again while heartbeats tell that the hook waits: a fleet’s releases would wait for these answers', () => {
    assert.equal(due({ ...emptied(NOW), heldAt: NOW }), 5 * MINUTE);
    assert.equal(due({ ...emptied(NOW + 1), heldAt: NOW }), 0);
  });
  for (const [elapsed, every] of [
    [0, 3],
    [3, 3],
    [6, 6],
    [12, 18],
    [30, 60],
    [600, 60],
  ] as const)
    it(`is asked ${every} s after it was Terminating for ${elapsed} s`, () =>
      assert.equal(
        due({ lifecycle: inState('Terminating'), terminatingSince: NOW - elapsed * SECOND }),
        every * SECOND,
      ));
  it('is asked as often as a short hook needs heartbeats: it may have begun to wait', () => {
    const long = { lifecycle: inState('Terminating'), terminatingSince: NOW - MINUTE };
    assert.equal(due({ ...long, heartbeatInterval: 6 * SECOND }), 6 * SECOND);
  });
  it('of a retained instance is asked as often as its hook needs a heartbeat: somebody may terminate it, and its hook waits again', () => {
    const retained = { lifecycle: inState('Terminating:Retained') };
    assert.equal(due(retained), 5 * MINUTE);
    assert.equal(due({ ...retained, heartbeatInterval: 50 * SECOND }), 50 * SECOND);
    assert.equal(due({ ...retained, heartbeatInterval: 6 * SECOND }), 6 * SECOND);
  });
  it('… and again within a third of that after throttling: the hook may have waited since the last answer, and an outage leaves no more', () => {
    const failure = { kind: 'throttled', times: 9, at: NOW, since: NOW - 60 * SECOND, jitter: 1 } as const;
    const asked = { ...draining.asked, lifecycle: { ...at(NOW - MINUTE), failure } };
    const after = (interval: number, more: Partial<DrainPace> = {}) =>
      due({
        asked,
        lifecycle: unknown('throttled'),
        heartbeatInterval: interval,
        heldAt: undefined,
        ...more,
      });
    assert.deepEqual([after(24 * SECOND), after(6 * SECOND)], [8 * SECOND, 5_100]);
    assert.equal(after(10 * MINUTE), 20 * SECOND, 'a long hook leaves time enough');
    assert.equal(after(24 * SECOND, { heldAt: NOW }), 20 * SECOND, 'heartbeats keep it alive');
    assert.equal(after(12 * SECOND, emptied(NOW)), 6 * SECOND, 'a release has its own pace');
  });
  it('of one that was terminated once more is asked as soon as of one that is Terminating: an answer may be of before', () => {
    const again = { lifecycle: inState('Terminating:Retained'), phase: 'done' } as const;
    assert.equal(due({ ...again, terminatedAt: NOW - SECOND }), 3 * SECOND);
    assert.equal(due({ ...again, terminatedAt: NOW - 12 * SECOND }), 18 * SECOND);
  });
  it('of one in service is asked rarely, since metadata tells when that changes', () => {
    const inService = { lifecycle: inState('InService'), isTermination: false };
    assert.equal(due({ ...inService, heartbeatInterval: undefined }), 5 * MINUTE);
    assert.equal(due({ ...inService, heartbeatInterval: 20 * MINUTE }), 5 * MINUTE);
    assert.equal(due({ ...inService, hearsOfTermination: false }), 30 * SECOND);
    assert.equal(due({ ...inService, hearsOfTermination: false, phase: 'done' }), 15 * SECOND);
    assert.equal(due({ ...inService, isContradicted: true }), 30 * SECOND, 'a tag says that it goes');
    const over = { ...inService, isContradicted: true, hearsOfTermination: false, isOver: true };
    assert.equal(due(over), 5 * MINUTE, 'a drain that is over has nothing to learn there');
    assert.equal(due({ ...inService, isTermination: true }), 5 * SECOND, 'metadata says that it goes');
    const contradicted = (minutes: number, heartbeatInterval?: number) =>
      due({
        ...inService,
        isTermination: true,
        contradictedSince: NOW - minutes * MINUTE,
        heartbeatInterval,
      });
    assert.equal(contradicted(4.9), 5 * SECOND);
    assert.equal(contradicted(5), 30 * SECOND, 'it is asked 720 times an hour, for good');
    assert.equal(contradicted(5, 6 * SECOND), 6 * SECOND, 'a short hook times out');
  });
  it('of one in service is asked as often as its hook would need heartbeats: metadata may not tell of a root volume', () => {
    const inService = { lifecycle: inState('InService'), isTermination: false };
    assert.equal(due({ ...inService, heartbeatInterval: 50 * SECOND }), 50 * SECOND);
    assert.equal(due({ ...inService, heartbeatInterval: 6 * SECOND }), 30 * SECOND);
    const unclear = { heartbeatInterval: undefined, unclearInterval: 40 * SECOND };
    assert.equal(due({ ...inService, ...unclear }), 40 * SECOND, 'one of them may be ours');
    assert.equal(due({ ...inService, heartbeatInterval: 50 * SECOND, phase: 'done' }), 5 * MINUTE);
  });
  it('is asked 25 s after the action was completed, and then every minute', () => {
    const done = { phase: 'done', lifecycle: inState('Terminating:Wait') } as const;
    assert.equal(due({ ...done, completedAt: NOW }), 25 * SECOND);
    assert.equal(due({ ...done, completedAt: NOW - 25 * SECOND }), MINUTE);
    assert.equal(due({ phase: 'done', lifecycle: inState('Terminated') }), MINUTE);
  });
  it('is asked again after 5 s where it is no group’s, though metadata says that the group terminates it', () => {
    const noGroup = { lifecycle: known({ kind: 'no-group' } as const) };
    assert.equal(due(noGroup), 5 * SECOND);
    assert.equal(due({ ...noGroup, isTermination: false }), 5 * MINUTE);
    const unheard = { ...noGroup, isTermination: false, hearsOfTermination: false };
    const old = { ...unheard, signalledAt: NOW - 5 * MINUTE };
    assert.equal(due(old), 5 * MINUTE, 'no group terminates it');
    const isNew = { ...unheard, signalledAt: NOW - 5 * MINUTE + 1 };
    assert.equal(due(isNew), 30 * SECOND, 'an answer of before its launch, and its hook times out');
  });
  it('is asked every half a minute where it is to terminate what it has not got in service yet', () => {
    const standby = { lifecycle: inState('Standby'), isTermination: false, isToTerminate: true };
    assert.equal(due({ ...standby, phase: 'done' }), 30 * SECOND, 'an instance without work is paid for');
    assert.equal(due(standby), 5 * MINUTE);
  });
  it('is asked every half a minute where it is to terminate what it said it has not: that can be wrong, and it is paid for', () => {
    const noGroup = { lifecycle: known({ kind: 'no-group' } as const), isTermination: false };
    const recommended = { ...noGroup, phase: 'done' as const, isToTerminate: true };
    const lately = { ...recommended, emptySince: NOW - 5 * MINUTE + 1 };
    assert.equal(due(lately), 30 * SECOND, 'an instance without work is paid for');
    assert.equal(due({ ...lately, isToTerminate: false }), 5 * MINUTE);
    const old = { ...recommended, emptySince: NOW - 5 * MINUTE };
    assert.equal(due(old), 5 * MINUTE, 'a fleet in no group takes requests from others for hours');
  });
  it('is asked once more without tasks where it was in none: a group may have to be told of its end', () => {
    const noGroup = { lifecycle: known({ kind: 'no-group' } as const), isTermination: false };
    assert.equal(due({ ...noGroup, emptySince: NOW + 1 }), 0);
    assert.equal(due({ ...noGroup, emptySince: NOW }), 5 * MINUTE);
    const contradicted = { ...noGroup, isContradicted: true };
    assert.equal(
      due(contradicted),
      30 * SECOND,
      'the tag of an event would hold an instance for five minutes',
    );
    assert.equal(due({ ...contradicted, isOver: true }), 5 * MINUTE);
  });
  it('is asked at once where it was never answered, and every 5 s where it is not known', () => {
    const asked = { ...draining.asked, lifecycle: never };
    assert.equal(lifecycleDue({ ...draining, asked }), -Infinity);
    assert.equal(due({ lifecycle: unknown('cut off') }), 5 * SECOND);
  });
  it('is asked sooner after throttling where an instance could go', () => {
    const failure = { kind: 'throttled', times: 1, at: NOW, since: NOW, jitter: 1 } as const;
    const asked = { ...draining.asked, lifecycle: { ...stale, failure } };
    assert.equal(due({ asked }), 5_000);
    assert.equal(due({ asked, ...emptied(NOW) }), 1_200);
  });
});

describe('the state in a group that only metadata has named', () => {
  const lifecycle = known({
    kind: 'in-group',
    group: 'web-asg',
    state: 'Terminating',
    from: 'metadata',
  } as const);
  const due = (more: Partial<DrainPace> = {}) => lifecycleDue({ ...draining, lifecycle, ...more }) - NOW;
  const hooksOf = (hooks: DrainPace['asked']['hooks']) => ({
    heartbeatInterval: undefined,
    asked: { ...draining.asked, hooks },
  });
  const failed = (kind: 'throttled' | 'transient' | 'permission') =>
    hooksOf({ ...stale, failure: { kind, times: 1, at: NOW, since: NOW, jitter: 0 } });

  it('is asked 5 to 15 min later: heartbeats tell enough', () =>
    assert.deepEqual([due(), due({ spread: 1 })], [5 * MINUTE, 15 * MINUTE]));
  it('is asked within the five minutes that abandoning leaves, where no heartbeat tells whether the hook waits', () => {
    assert.equal(due({ heldAt: undefined, heartbeatFailed: 'unclear' }), 30 * SECOND);
    // A time-out of 30 s: a heartbeat every 6 s, and a limit of 50 min.
    const short = { heldAt: undefined, heartbeatFailed: 'throttled', spread: 1 } as const;
    assert.equal(due({ ...short, heartbeatInterval: 6 * SECOND }), 200 * SECOND);
  });
  it('is not asked for hours where a long hook’s heartbeats are throttled: the requests are needed for them', () => {
    const long = { heldAt: undefined, heartbeatFailed: 'throttled', spread: 1 } as const;
    assert.equal(due({ ...long, heartbeatInterval: 73.5 * SECOND }), 882 * SECOND);
    assert.equal(due({ ...long, heartbeatInterval: 10 * MINUTE }), 120 * MINUTE);
  });
  it('is asked at once when nothing runs here any more, or the ECS agent is silent', () => {
    assert.equal(due(emptied(NOW)), 0);
    assert.equal(due({ isHostBusy: false }), 0);
  });
  it('is asked at once when metadata has fallen silent: only the group’s own word counts then', () =>
    assert.equal(due({ isSignalUnknown: true }), 0));
  it('is asked at once when the signal has gone: metadata may have been wrong for a moment', () =>
    assert.equal(due({ isUnsignalled: true }), 0));
  it('is asked at once near a limit, at which the action may be ended', () => {
    assert.equal(due({ limitAt: NOW + 10 * MINUTE }), 0);
    assert.equal(due({ limitAt: NOW + 10 * MINUTE + 1 }), 5 * MINUTE);
  });
  it('is asked at once where the hooks do not tell which is ours, and not while they are only throttled', () => {
    assert.equal(due(hooksOf(at(NOW))), 0);
    assert.equal(due(failed('permission')), 0);
    assert.equal(due(failed('throttled')), 5 * MINUTE);
    assert.equal(due(failed('transient')), 5 * MINUTE);
    assert.equal(due(hooksOf(never)), 5 * MINUTE);
  });
});

describe('the group’s hooks', () => {
  const due = (more: Partial<DrainPace> = {}) => hooksDue({ ...draining, ...more }) - NOW;
  it('are asked once it terminates the instance, and not where there is no group', () => {
    const asked = { ...draining.asked, hooks: never };
    assert.equal(hooksDue({ ...draining, asked, lifecycle: inState('Terminating') }), -Infinity);
    for (const lifecycle of [unknown('cut off'), known({ kind: 'no-group' } as const)])
      assert.equal(due({ asked, lifecycle }), Infinity);
  });
  it('are asked once while it keeps the instance: how soon an untold replacement must be noticed is theirs to say', () => {
    const kept = { asked: { ...draining.asked, hooks: never }, lifecycle: inState('InService') };
    assert.equal(
      hooksDue({ ...draining, ...kept }),
      -Infinity,
      'a short hook times out, and its tasks are lost',
    );
    assert.equal(due({ ...kept, asked: draining.asked, heartbeatInterval: undefined }), Infinity);
    assert.equal(due({ ...kept, hearsOfTermination: false }), Infinity, 'it is asked every 30 s as it is');
    assert.equal(due({ ...kept, phase: 'done' }), Infinity, 'no task depends on it');
    assert.equal(due({ ...kept, isContradicted: true }), Infinity, 'nothing but the group asks for it');
    assert.equal(due({ ...kept, isOver: true }), Infinity, 'nothing asks for it any more');
  });
  it('are read again beside a heartbeat, 5 min after the last time: a hook that was shortened times out before the next', () => {
    const read = (ago: number) => ({ asked: { ...draining.asked, hooks: at(NOW - ago) } });
    assert.equal(due(read(10 * MINUTE)), 0);
    assert.equal(due({ ...read(10 * MINUTE), spread: 1 }), 10 * SECOND, 'a fleet’s heartbeats come together');
    assert.equal(due(read(299 * SECOND)), 0, 'a hook of 20 min is read at each of its heartbeats');
    assert.equal(due(read(4 * MINUTE)), Infinity, 'a fleet of short hooks asks for more than there is');
    assert.equal(due({ ...read(10 * MINUTE), heldAt: NOW - 6 * MINUTE }), Infinity, 'between two heartbeats');
    assert.equal(due({ ...read(10 * MINUTE), heldAt: undefined }), Infinity, 'a heartbeat is tried first');
  });
  it('are read again three times more rarely where heartbeats are throttled: those need the requests', () => {
    const read = (ago: number) => ({ asked: { ...draining.asked, hooks: at(NOW - ago) }, strain: 1 });
    assert.equal(due(read(14 * MINUTE)), Infinity);
    assert.equal(due(read(15 * MINUTE)), 0);
  });
  it('are read again when one begins to wait: ours may have been shortened before, and would time out before the next heartbeat', () => {
    const read = (ago: number) => ({
      asked: { ...draining.asked, hooks: at(NOW - ago) },
      heldAt: undefined,
      waitToldAt: NOW,
    });
    assert.equal(due(read(31 * SECOND)), 0);
    assert.equal(due(read(30 * SECOND)), Infinity, 'they have just been read');
    assert.equal(due({ ...read(31 * SECOND), waitToldAt: NOW - MINUTE }), Infinity, 'they were read since');
    assert.equal(due({ ...read(31 * SECOND), phase: 'done' }), Infinity, 'nothing depends on it any more');
  });
  it('… where no task is left once half a minute has not been enough for its release: a fleet’s others wait for theirs', () => {
    const failure = { kind: 'throttled', times: 1, at: NOW, since: NOW, jitter: 0 } as const;
    const empty = { heldAt: undefined, waitToldAt: NOW, emptySince: NOW - SECOND };
    assert.equal(due({ ...empty, asked: { ...draining.asked, hooks: at(NOW - MINUTE) } }), 30 * SECOND);
    const asked = { ...draining.asked, hooks: { ...stale, failure } };
    assert.equal(due({ ...empty, asked }), 5 * SECOND);
    assert.equal(due({ ...empty, asked, heartbeatInterval: undefined }), 300, 'its release waits for them');
  });
  it('rest long after throttling while heartbeats hold the hook, and as short as any where none is held', () => {
    const failure = { kind: 'throttled', times: 1, at: NOW, since: NOW, jitter: 0 } as const;
    const asked = { ...draining.asked, hooks: { ...stale, failure } };
    assert.equal(due({ asked }), 5 * SECOND, 'it takes others’ heartbeats their requests');
    assert.equal(due({ asked, heldAt: undefined }), SECOND / 2);
    assert.equal(due({ asked, areHooksKnown: false }), SECOND / 2);
  });
  it('rest no longer for what was throttled before the group began to terminate the instance', () => {
    const failure = { kind: 'throttled', times: 9, at: NOW, since: NOW - 5 * MINUTE, jitter: 1 } as const;
    const asked = { ...draining.asked, hooks: { ...stale, failure } };
    const unread = { asked, heldAt: undefined, areHooksKnown: false, heartbeatInterval: undefined };
    assert.equal(due(unread), 20 * SECOND);
    assert.equal(
      due({ ...unread, terminationSince: NOW - 20 * SECOND }),
      5 * SECOND,
      'a hook of half a minute times out before anybody knows that it is ours',
    );
  });
  it('are asked again by themselves only where none of them is ours: somebody may mend it', () => {
    assert.equal(due(), Infinity);
    assert.equal(due({ heartbeatInterval: undefined }), 10 * MINUTE);
  });
  it('are asked sooner where one of which it is not clear whether it is ours would time out before that', () => {
    const unclear = (unclearInterval: number) => due({ heartbeatInterval: undefined, unclearInterval });
    assert.equal(unclear(3 * MINUTE), 3 * MINUTE, 'what an operator fixes comes too late for the tasks');
    assert.equal(
      unclear(6 * SECOND),
      MINUTE,
      'a fleet of unclear hooks takes the requests of others’ heartbeats',
    );
    assert.equal(unclear(30 * MINUTE), 10 * MINUTE);
  });
});

describe('whether the group retains', () => {
  const due = (hookLimit: number | undefined, asked = never, more: Partial<DrainPace> = {}) =>
    retentionDue({ ...draining, hookLimit, ...more, asked: { ...draining.asked, retention: asked } }) - NOW;
  it('is asked 65, 35, 25, 15 and 8 min before the hook’s limit ends the wait: 5 min before it that decides', () => {
    const limit = NOW + 100 * MINUTE;
    assert.equal(due(limit), 35 * MINUTE);
    assert.deepEqual(
      [40, 65, 70, 80, 90].map((minutes) => due(limit, at(NOW + minutes * MINUTE)) / MINUTE),
      [65, 75, 75, 85, 92],
    );
    assert.equal(due(limit, at(NOW + 93 * MINUTE)), Infinity);
  });
  it('is asked at once where that is near, and not where no limit is known', () => {
    assert.equal(due(NOW + 12 * MINUTE), -53 * MINUTE);
    assert.equal(due(undefined), Infinity);
    assert.equal(due(NOW, never, { lifecycle: inState('InService') }), Infinity);
  });
  it('is asked at an operator’s limit that abandons the action: the tasks may be unknown then', () => {
    const abandonAt = NOW + 20 * MINUTE;
    assert.equal(due(undefined, never, { abandonAt }), 20 * MINUTE);
    assert.equal(due(NOW + 100 * MINUTE, never, { abandonAt }), 20 * MINUTE);
    assert.equal(due(NOW + 100 * MINUTE, at(abandonAt), { abandonAt }), 35 * MINUTE);
    assert.equal(due(undefined, at(abandonAt), { abandonAt }), Infinity);
  });
  it('is asked at once where that is wanted before the action is abandoned, and never before it matters', () => {
    assert.equal(due(NOW, { ...at(NOW - 60 * MINUTE), isStale: true }), -Infinity);
    assert.equal(due(NOW + 100 * MINUTE, never), 35 * MINUTE);
  });
  it('is asked again after a failure', () => {
    const failure = { kind: 'transient', times: 1, at: NOW, since: NOW, jitter: 0 } as const;
    assert.equal(due(NOW + 100 * MINUTE, { ...stale, failure }), SECOND);
  });
});
