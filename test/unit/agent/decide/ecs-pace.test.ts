import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DrainPace } from '../../../../src/agent/decide/drain-pace.ts';
import { ecsViewDue, nextViewKind } from '../../../../src/agent/decide/ecs-pace.ts';
import type { EcsView } from '../../../../src/agent/model.ts';
import { known, unknown } from '../../../../src/base/reading.ts';
import { draining, emptied, MINUTE, NOW, SECOND, stale, view } from './paces.ts';

const due = (more: Partial<DrainPace> = {}) => ecsViewDue({ ...draining, ...more }) - NOW;
const kind = (more: Partial<DrainPace> = {}) => nextViewKind({ ...draining, ...more });
const asked = (ecsView: DrainPace['asked']['ecsView']) => ({ asked: { ...draining.asked, ecsView } });
const undescribed = { ecsView: { ...view, tasks: unknown('not listed') } };
const active = {
  ecsView: { ...view, containerInstance: { ...view.containerInstance, status: 'ACTIVE' } as const },
};

describe('while a task runs on the host, ECS can end nothing', () => {
  it('and is looked at every 5 min, for what somebody may have changed', () => {
    assert.equal(due(), 5 * MINUTE);
    assert.equal(due({ spread: 1 }), 5.5 * MINUTE);
    assert.equal(kind(), 'check');
  });
  it('… since it was last described: views of the tasks alone put nothing off', () => {
    const described = (ago: number) => due({ ecsView: { ...view, describedAt: NOW - ago } });
    assert.deepEqual([described(4 * MINUTE), described(6 * MINUTE)], [MINUTE, 0]);
  });
  it('or every minute where some tasks may be such as are not waited for: only ECS tells which', () =>
    assert.equal(due({ mustDescribe: true }), MINUTE));
  it('and is asked once, soon, what these tasks are', () => {
    assert.deepEqual([due(undescribed), due({ ...undescribed, spread: 1 })], [5 * SECOND, 10 * SECOND]);
    assert.equal(kind(undescribed), 'quick');
    const described = (ago: number) => ({ ecsView: { ...undescribed.ecsView, describedAt: NOW - ago } });
    assert.equal(kind(described(5 * MINUTE - 1)), 'quick');
    assert.equal(
      kind(described(5 * MINUTE)),
      'check',
      'who has set it ACTIVE would be noticed minutes later',
    );
  });
  it('and more often for five minutes where it was found DRAINING: ECS’s word may be older than what set it ACTIVE', () => {
    const found = (ago: number) => due({ foundDrainingSince: NOW - ago });
    assert.deepEqual(
      [found(0), found(45 * SECOND - 1), found(45 * SECOND), found(5 * MINUTE - 1), found(5 * MINUTE)],
      [25 * SECOND, 25 * SECOND, MINUTE, MINUTE, 5 * MINUTE],
    );
    assert.equal(due({ foundDrainingSince: NOW, isEcsCrowded: true }), 25 * SECOND, 'once is chance');
    assert.equal(due({ foundDrainingSince: NOW, isEcsCrowded: true, isQueued: true }), 5 * MINUTE);
    const late = due({ foundDrainingSince: NOW, spread: 1 });
    assert.equal(late, 27.5 * SECOND, 'what a whole fleet begins in the same second it goes on with at once');
  });
  it('but rarely in an account that is throttled: others need its requests more', () => {
    const crowded = { ...undescribed, isEcsCrowded: true };
    assert.deepEqual([due(crowded), due({ ...crowded, spread: 1 })], [5 * MINUTE, 10 * MINUTE]);
    assert.equal(due({ ...crowded, mustDescribe: true }), SECOND, 'some may be such as are not waited for');
  });
  it('and soon where a limit has passed that lets the instance go with them: it takes effect only once ECS has said which they are', () => {
    const crowded = { ...undescribed, isEcsCrowded: true };
    const passed = (ago: number) => due({ ...crowded, letsGoAt: NOW - ago });
    assert.deepEqual(
      [passed(-1), passed(0), passed(10 * MINUTE - 1), passed(10 * MINUTE)],
      [5 * MINUTE, 5 * SECOND, 5 * SECOND, 5 * MINUTE],
    );
    const failure = { kind: 'throttled', times: 4, at: NOW, since: NOW, jitter: 0.9 } as const;
    const throttled = { ...undescribed, ...asked({ ...stale, failure }) };
    assert.ok(due(throttled) > MINUTE, 'without a limit nothing waits for it');
    assert.ok(due({ ...throttled, letsGoAt: NOW }) < 6 * SECOND);
    assert.ok(
      due({ ...asked({ ...stale, failure }), letsGoAt: NOW }) < 6 * SECOND,
      'what was said counts no more',
    );
  });
  it('at once where they are to be asked to stop within the minute: they would be cut off without a SIGTERM', () =>
    assert.equal(due({ ...undescribed, stopTasksAt: NOW + MINUTE }), SECOND));
  it('and not sooner than that: all of a fleet would look at once', () =>
    assert.equal(due({ stopTasksAt: NOW + MINUTE + 1 }), 5 * MINUTE));
  it('but not while it is ACTIVE, and not listed: every second would use up the minute’s requests for nothing', () => {
    const waits = { ...active.ecsView, tasks: unknown('not listed') };
    assert.ok(due({ ecsView: waits, stopTasksAt: NOW + MINUTE }) >= 15 * SECOND);
  });
  it('and a look that was throttled is the same again, when it has rested', () => {
    const failure = { kind: 'throttled', times: 1, at: NOW, since: NOW, jitter: 0 } as const;
    const throttled = asked({ ...stale, failure });
    assert.equal(due(throttled), 5 * SECOND);
    assert.equal(kind(throttled), 'check');
    assert.equal(kind({ ...undescribed, ...throttled }), 'quick', 'others need the requests of a whole look');
    const ignoring = due({ ...throttled, mustDescribe: true });
    assert.equal(ignoring, 300, 'tasks that nobody waits for would hold the instance for minutes more');
  });
  it('and one whose answer no longer counts comes at once', () =>
    assert.equal(ecsViewDue({ ...draining, ...asked(stale) }), -Infinity));
});

describe('the release in an account that was throttled when the drain began', () => {
  const crowded = { ...emptied(NOW - SECOND), isQueued: true, signalledAt: NOW - 10 * SECOND };
  it('leaves ECS’s answers to those that are not DRAINING yet: tasks would land on them', () => {
    assert.equal(due(crowded), 42 * SECOND);
    assert.equal(due({ ...crowded, spread: 1 }), 55 * SECOND);
    assert.equal(due({ ...crowded, ...asked(stale) }), 42 * SECOND, 'an answer that no longer counts');
  });
  it('and comes as soon as any other after little more than a minute', () =>
    assert.equal(
      due({ ...crowded, spread: 1, signalledAt: NOW - 65 * SECOND }),
      due({ ...crowded, isQueued: false }),
    ));
  it('and at once where no signal is left: it would be looked at never again', () =>
    assert.equal(due({ ...crowded, signalledAt: undefined }), due({ ...crowded, isQueued: false })));
  it('but an instance that is ACTIVE, or whose tasks must be asked to stop, is looked at all the same', () => {
    assert.equal(due({ ...crowded, ...active }), due({ ...crowded, ...active, signalledAt: undefined }));
    const busy = { isQueued: true, signalledAt: NOW, ...undescribed, mustDescribe: true };
    assert.equal(due(busy), SECOND);
  });
});

describe('while tasks can still be placed here, or must be asked to stop', () => {
  for (const [what, more] of [
    ['ACTIVE', active],
    ['mode deregister', { listsWhileActive: true }],
    ['a minute before the limit', { stopTasksAt: NOW + MINUTE }],
    ['after it', { stopTasksAt: NOW - MINUTE }],
  ] as const)
    it(`ECS is looked at every 15 to 18 s, all of it: ${what}`, () => {
      assert.equal(due(more), 15 * SECOND);
      assert.equal(due({ ...more, jitter: 1 }), 18 * SECOND);
      assert.equal(kind(more), 'full');
    });
  it('its tasks are listed once a minute there, and only described in between: the last list must not wait for its requests', () => {
    const listed = (ago: number, more: Partial<typeof view> = {}) => ({
      stopTasksAt: NOW,
      ecsView: { ...view, listedAt: NOW - ago, ...more },
    });
    assert.equal(kind(listed(MINUTE - 1)), 'check');
    assert.equal(kind(listed(MINUTE)), 'full');
    assert.equal(
      kind({ ...listed(0), isHostBusy: false }),
      'full',
      'only ECS tells, where the ECS agent is silent',
    );
    assert.equal(kind({ ...listed(0), listsWhileActive: true }), 'full', 'tasks are placed here');
    assert.equal(kind(listed(0, { heard: 'anew' })), 'full', 'what the host is by now may be given tasks');
    assert.equal(kind(listed(0, { tasks: unknown('not listed') })), 'full', 'they must be known by then');
    assert.equal(kind({ ...listed(0), ...asked(stale) }), 'full', 'what it said no longer counts');
  });
  it('but once a minute when the limit is long past: those that do not stop are asked once a minute', () =>
    assert.equal(due({ stopTasksAt: NOW - 10 * MINUTE }), MINUTE));
  for (const [requests, ms] of [
    [2, 15 * SECOND],
    [3, 20 * SECOND],
    [6, MINUTE],
    [10, 5 * MINUTE],
    [40, 5 * MINUTE],
  ] as const)
    it(`every ${ms / SECOND} s where it takes ${requests} lists: one more must always fit into a minute`, () =>
      assert.equal(due({ ecsView: { ...view, requests }, listsWhileActive: true }), ms));
});

describe('before a Spot interruption', () => {
  it('what may be ACTIVE still is listed too, 20 s before its tasks are asked to stop: no sooner, since DRAINING needs the requests', () => {
    assert.equal(kind({ ecsView: undefined, spotStopAt: NOW + 20_000 }), 'all');
    assert.equal(kind({ ecsView: undefined, spotStopAt: NOW + 20_001 }), 'full');
  });
  it('ECS is looked at anew after 5 s if it told of no tasks', () => {
    const untold = { ecsView: { ...active.ecsView, tasks: unknown('their lists failed') } };
    assert.equal(due({ ...untold, spotStopAt: NOW + 20_000 }), 5 * SECOND);
    assert.equal(due({ ...untold, spotStopAt: NOW + 20_001 }), 15 * SECOND);
  });
  it('a look that was throttled is tried again at the pace of a release, though the instance is given tasks', () => {
    const failure = { kind: 'throttled', times: 4, at: NOW, since: NOW, jitter: 0.9 } as const;
    const after = (ms: number) => due({ ...active, ...asked({ ...stale, failure }), spotStopAt: NOW + ms });
    assert.ok(after(20_000) < after(20_001));
  });
});

describe('before a Spot interruption of many instances at once, which ECS answers one after the other', () => {
  const queued = (stopsIn: number, more: Partial<DrainPace> = {}) => ({
    isQueued: true,
    queuedAt: NOW - 119_999,
    stopTasksAt: NOW + stopsIn,
    spotStopAt: NOW + stopsIn,
    ...more,
  });

  it('one request tells of the tasks that the host names: lists would take others’ turns, and their tasks get no SIGTERM', () => {
    assert.equal(kind(queued(MINUTE)), 'quick');
    assert.equal(kind(queued(MINUTE, undescribed)), 'quick');
    assert.equal(due(queued(MINUTE, undescribed)), SECOND);
  });
  it('but all is listed where ECS has answered for two minutes: only ECS may know of a task', () => {
    assert.equal(kind(queued(MINUTE, { queuedAt: NOW - 120_000 })), 'full');
    assert.equal(kind(queued(MINUTE, { queuedAt: undefined })), 'full');
    assert.equal(due(queued(MINUTE, { queuedAt: NOW - 120_000 })), 15 * SECOND);
  });
  it('and the container instance is looked at too, where its description counts no more, or is old', () => {
    assert.equal(kind(queued(MINUTE, asked(stale))), 'check');
    const described = (ago: number) => ({ ecsView: { ...view, describedAt: NOW - ago } });
    assert.equal(kind(queued(MINUTE, described(5 * MINUTE - 1))), 'quick');
    assert.equal(kind(queued(MINUTE, described(5 * MINUTE))), 'check');
  });
  it('once ECS has described them all, it is asked again 15 to 25 s after they are to be asked to stop', () => {
    assert.equal(due(queued(MINUTE)), 75 * SECOND);
    assert.equal(due(queued(MINUTE, { spread: 1 })), 85 * SECOND);
    assert.equal(due(queued(MINUTE, { areTasksTold: false })), 15 * SECOND, 'one that it has not described');
  });
  it('and then about all of it', () => {
    assert.equal(kind(queued(-15 * SECOND + 1)), 'quick');
    assert.equal(kind(queued(-15 * SECOND)), 'all');
    assert.equal(due(queued(-15 * SECOND)), 15 * SECOND);
    assert.equal(kind(queued(-25 * SECOND + 1, { spread: 1 })), 'quick');
  });
  it('but all of it where only ECS tells of the tasks, where some can be placed here still, or no interruption comes', () => {
    assert.equal(kind(queued(MINUTE, { isHostBusy: false })), 'full');
    assert.equal(kind(queued(MINUTE, { listsWhileActive: true })), 'full');
    assert.equal(kind(queued(MINUTE, active)), 'full');
    assert.equal(kind(queued(MINUTE, { spotStopAt: undefined })), 'full');
    assert.equal(due(queued(MINUTE, { spotStopAt: undefined })), 15 * SECOND);
  });
});

describe('without the ECS agent', () => {
  const silent = { isHostBusy: false, emptySince: undefined };
  it('ECS is looked at every 30 to 45 s, all of it', () => {
    assert.deepEqual([due(silent), due({ ...silent, spread: 1 })], [30 * SECOND, 45 * SECOND]);
    assert.equal(kind(silent), 'full');
  });
  it('and more rarely where it takes many lists', () =>
    assert.equal(due({ ...silent, ecsView: { ...view, requests: 6 } }), MINUTE));
});

describe('when the host’s last task has ended', () => {
  it('ECS is asked two seconds later, since it hears of it later still', () => {
    for (const tasksSeenHere of [1, 0]) assert.equal(due({ ...emptied(NOW + 400), tasksSeenHere }), 2_400);
  });
  it('and at once where none was ever seen here', () =>
    assert.equal(due({ ...emptied(NOW + 400), ...undescribed, tasksSeenHere: 0 }), 0));
  it('and rarely where none was ever seen here, and ECS does not say what is left: that takes whole lists', () => {
    const unseen = (since: number) => due({ ...emptied(since), ...undescribed, tasksSeenHere: 0 });
    assert.deepEqual([unseen(NOW - SECOND), unseen(NOW - 5 * MINUTE)], [15 * SECOND, 30 * SECOND]);
  });
  for (const [elapsed, every] of [
    [0, 2],
    [2, 2],
    [3.999, 2],
    [4, 3],
    [7, 4],
    [13.999, 4],
    [14, 4.8],
    [59, 4.8],
    [60, 15],
    [299, 15],
    [300, 30],
  ] as const)
    it(`again ${every} s after it was asked ${elapsed} s after that end`, () =>
      assert.equal(due(emptied(NOW - elapsed * SECOND)), every * SECOND));
  it('only every 4.7 s in an account that is throttled: thousands would ask before ECS can know', () => {
    const crowded = (elapsed: number) => due({ ...emptied(NOW - elapsed * SECOND), isEcsCrowded: true });
    assert.equal(
      due({ ...emptied(NOW + 400), isEcsCrowded: true }),
      4_300,
      'the host may have said it a second late',
    );
    assert.deepEqual([0, 5, 14, 59, 60, 300].map(crowded), [
      4_700,
      4_700,
      4_700,
      4_700,
      15 * SECOND,
      30 * SECOND,
    ]);
  });
  it('first about these tasks alone; only a whole look says that none is left', () => {
    assert.equal(kind(emptied(NOW)), 'quick');
    assert.equal(kind({ ...emptied(NOW), ...asked(stale) }), 'full', 'what it said no longer counts');
    assert.equal(kind({ ...emptied(NOW), ...active }), 'full', 'a task may have been placed');
    assert.equal(kind({ ...emptied(NOW), ecsView: { ...view, tasks: known([]) }, tasksSeenHere: 0 }), 'full');
  });
  it('ever more rarely once none is left, while it stays DRAINING: it may wait for a day, and with it a fleet', () => {
    const empty = { ecsView: { ...view, tasks: known([]) }, tasksSeenHere: 0 };
    const since = (minutes: number, more: Partial<DrainPace> = {}) =>
      due({ ...emptied(NOW - minutes * MINUTE), ...empty, ...more }) / MINUTE;
    assert.deepEqual([since(0.9), since(1), since(4.9), since(5), since(600)], [0.25, 1, 1, 5, 5]);
    assert.equal(since(600, { listsWhileActive: true }), 0.25, 'it can be given tasks');
  });
  it('once more where a root volume is replaced: whole looks would use up a minute’s requests, and none be the last', () => {
    const listed = { ...view, tasks: known([]), listedAt: NOW - 19_999 };
    const again = (ecsView: Partial<EcsView>, more: Partial<DrainPace> = {}) =>
      kind({
        ...emptied(NOW),
        ...asked(stale),
        isReplacing: true,
        tasksSeenHere: 0,
        ecsView: { ...listed, ...ecsView },
        ...more,
      });
    assert.equal(again({}), 'confirm');
    assert.equal(again({ listedAt: NOW - 20_000 }), 'full', 'a task may have come since, and have gone');
    const never = { ecsView: { ...view, tasks: known([]) } };
    assert.equal(again({}, never), 'full', 'nobody knows when it was listed');
    assert.equal(again({ tasks: view.tasks }), 'full');
    assert.equal(again({ isListed: false }), 'full');
    const { status } = active.ecsView.containerInstance;
    const given = { ...view.containerInstance, status } as EcsView['containerInstance'];
    assert.equal(again({ containerInstance: given }), 'full', 'it is given tasks');
    assert.equal(again({}, { tasksSeenHere: 1 }), 'full');
    assert.equal(again({}, { isReplacing: false }), 'full', 'it goes for good: all is asked');
  });
  it('and once a minute about all: somebody may have set it ACTIVE, however long its tasks take to end', () => {
    const describedAgo = (ms: number, emptySince = NOW - 5 * MINUTE) =>
      kind({ ...emptied(emptySince), ecsView: { ...view, describedAt: NOW - ms } });
    const early = describedAgo(60_000, NOW - 59_999);
    assert.equal(early, 'quick', 'whole looks at each end use up the account’s requests');
    assert.deepEqual([describedAgo(59_999), describedAgo(60_000)], ['quick', 'full']);
    const plain = (ms: number) =>
      kind({
        ...emptied(NOW - 1),
        listsWhileActive: true,
        ecsView: { ...view, describedAt: NOW - ms },
      });
    const old = 'in mode deregister ECS would decide on what it has not told for minutes';
    assert.deepEqual([plain(59_999), plain(60_000)], ['quick', 'full'], old);
  });
});

describe('a host that is another container instance by now', () => {
  it('is looked up at once', () => {
    assert.equal(due({ registeredAnewAt: NOW + 1 }), 0);
    assert.equal(kind({ registeredAnewAt: NOW + 1 }), 'full');
    assert.equal(due({ registeredAnewAt: NOW }), 5 * MINUTE, 'it was asked for that one already');
    const unconfirmed = { ...view, heard: 'anew' };
    assert.equal(
      due({ ecsView: unconfirmed }),
      15 * SECOND,
      'what the host is by now would stay ACTIVE for minutes',
    );
    assert.equal(nextViewKind({ ...draining, ecsView: unconfirmed }), 'full');
    const failure = { kind: 'throttled', times: 20, at: NOW, since: NOW - 3 * MINUTE, jitter: 0.9 } as const;
    const throttled = { ...asked({ ...stale, failure }), ecsView: view };
    assert.ok(due(throttled) > 30 * SECOND);
    assert.ok(
      due({ ...throttled, registeredAnewAt: NOW + 1 }) <= 30 * SECOND,
      'after an outage it would stay ACTIVE for minutes, as a check can wait',
    );
    assert.ok(
      due({ ...throttled, registeredAnewAt: NOW }) <= 30 * SECOND,
      'a look that failed has not told what the host is by now',
    );
    assert.equal(kind({ registeredAnewAt: NOW }), 'check', 'a list each time would use up the requests');
  });
});

describe('where ECS does not tell which container instance this host is', () => {
  const unclear = (minutes: number, more: Partial<DrainPace> = {}) =>
    due({ unclearSince: NOW - minutes * MINUTE, signalledAt: NOW - 60 * MINUTE, isHostBusy: false, ...more });
  it('it is asked every 15 s for as long as its answers can lag, then once a minute', () =>
    assert.deepEqual(
      [unclear(0), unclear(5.9), unclear(6), unclear(50)],
      [15, 15, 60, 60].map((s) => s * SECOND),
    ));
  it('… where no signal is left, too', () =>
    assert.equal(unclear(6, { signalledAt: undefined }), MINUTE, 'it is asked as often for ever'));
  it('every 5 s at first where it has told nothing in this drain: the instance may be ACTIVE', () =>
    assert.deepEqual(
      [0, 5.9, 6].map((minutes) => unclear(minutes, { ecsView: undefined })),
      [5 * SECOND, 5 * SECOND, MINUTE],
    ));
  it('ever more rarely where nothing asks for the instance: nobody waits for it', () => {
    const over = (minutes: number, more = {}) => unclear(minutes, { isOver: true, ...more });
    assert.deepEqual(
      [over(0), over(0.9), over(1), over(4.9), over(5), over(50)],
      [15, 15, 60, 60, 300, 300].map((s) => s * SECOND),
    );
    assert.equal(over(5, { ecsView: undefined }), 5 * MINUTE);
    assert.equal(over(5, { isHostBusy: true }), 5 * MINUTE, 'another process answers there and lists tasks');
  });
  it('and from anew for a new signal, and for what the ECS agent says anew', () => {
    assert.equal(unclear(50, { signalledAt: NOW - MINUTE }), 15 * SECOND);
    assert.equal(unclear(50, { registeredAnewAt: NOW - MINUTE }), 15 * SECOND);
    assert.equal(unclear(50, { registeredAnewAt: NOW + 1 }), 0);
  });
  it('as ever while tasks run on what it was, unless it says to be another by now, which is given tasks', () => {
    assert.equal(unclear(1, { isHostBusy: true }), 5 * MINUTE);
    assert.equal(unclear(1, { isHostBusy: true, registeredAnewAt: NOW - MINUTE }), 15 * SECOND);
  });
});

it('a dry run that is done looks at ECS every 5 min: a fleet on trial would take the reads that real drains need', () => {
  const pretended = { ...emptied(NOW - 10 * MINUTE), ...active, listsWhileActive: true, tasksSeenHere: 0 };
  assert.equal(due({ ...pretended, phase: 'done', spread: 0 }), 5 * MINUTE);
  assert.equal(due({ ...pretended, phase: 'done', spread: 1 }), 5.5 * MINUTE);
  assert.ok(due({ ...pretended, spread: 0 }) < MINUTE);
});

describe('a drain that is over, and waits for its group', () => {
  const over = {
    ...emptied(NOW - MINUTE),
    isOver: true,
    ecsView: { ...view, tasks: known([]) },
    tasksSeenHere: 0,
  };
  it('looks at ECS every 5 min, though no task is left: a fleet that is cancelled asks as often', () =>
    assert.equal(due(over), 5 * MINUTE));
  it('and only at what ECS itself has said runs here', () => {
    assert.equal(kind(over), 'given-back');
    assert.equal(kind({ ...over, ...asked(stale) }), 'given-back');
  });
});

describe('a host that ECS has let go of', () => {
  const gone = { ecsView: { ...view, containerInstance: { kind: 'deregistered', arn: 'a' } as const } };
  const empty = { ...gone.ecsView, tasks: known([]) };
  it('is looked up every 5 min, whether nothing was seen on it or its tasks still run', () => {
    assert.equal(due({ ecsView: empty, isHostBusy: false, tasksSeenHere: 0 }), 5 * MINUTE);
    assert.equal(due(gone), 5 * MINUTE);
    const silent = { ecsView: { ...empty, heard: undefined }, isHostBusy: false, tasksSeenHere: 0 };
    assert.equal(due(silent), MINUTE, 'it may register anew, and only ECS tells');
    const fellSilent = { ecsView: empty, isHostBusy: false, tasksSeenHere: 0, isRegistrationTold: false };
    assert.equal(due(fellSilent), MINUTE, 'it may have registered anew before, and is given tasks');
    assert.equal(
      due({ ...silent, unclearSince: NOW - MINUTE }),
      15 * SECOND,
      'ECS has contradicted itself since',
    );
    assert.equal(kind(gone), 'full');
  });
  it('sooner while tasks that were seen on it have not been seen to end', () => {
    assert.equal(due({ ...gone, isHostBusy: false }), 30 * SECOND);
    assert.equal(due({ ...gone, isHostBusy: false, spread: 1 }), 45 * SECOND);
    assert.equal(due({ ...gone, ...emptied(NOW + 1) }), 0);
    assert.equal(due({ ...gone, ...emptied(NOW) }), 4_800);
    const listedByEcs = { ...gone, ...emptied(NOW), tasksSeenHere: 0 };
    assert.equal(due(listedByEcs), 4_800, 'ECS alone knew of the task, and the instance is kept for minutes');
  });
});

describe('after a look that was throttled, the next comes the sooner the more waits for it', () => {
  const failure = { kind: 'throttled', times: 1, at: NOW, since: NOW, jitter: 0 } as const;
  const rest = (more: Partial<DrainPace>) => due({ ...asked({ ...stale, failure }), ...more });
  const idle = { isHostBusy: false, emptySince: NOW };
  const released = { ecsView: { ...view, containerInstance: { kind: 'deregistered', arn: 'a' } as const } };
  it('4 s where it is given tasks and runs some, since all of a fleet wait for that', () => {
    assert.equal(rest(active), 4_000);
    assert.equal(rest({ ecsView: undefined }), 4_000);
  });
  it('5 s where its tasks run and none is given to it: that is a check', () => {
    assert.equal(rest({}), 5_000);
    assert.equal(rest(released), 5_000);
  });
  it('0.3 s where it could be released, or where tasks must be asked to stop', () => {
    assert.equal(rest(idle), 300);
    assert.equal(rest({ ...active, ...idle }), 300);
    assert.equal(rest({ ecsView: undefined, ...idle }), 300);
    assert.equal(rest({ ...released, ...idle }), 300);
    assert.equal(rest({ stopTasksAt: NOW + MINUTE }), 300);
  });
});
