import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { remember } from '../../../../src/agent/decide/remember.ts';
import type { Memory, Observation } from '../../../../src/agent/model.ts';
import { known, unknown } from '../../../../src/base/reading.ts';
import { HOUR, inState, MINUTE, NOW, nothing, SECOND } from './observations.ts';

const tag = { source: 'tag', value: 'x' } as const;
const lifecycle = { source: 'lifecycle' } as const;
const hook = { name: 'drain', heartbeatTimeout: 3_600_000, globalTimeout: 172_800_000 };
const config = { lifecycleHook: undefined };

const observation: Observation = { ...nothing, signals: known([]) };
const after = (seen: Partial<Observation>) => remember({ ...observation, ...seen }, config);

describe('that the root volume is to be replaced', () => {
  const replacing = (memory: Memory, lifecycle: Observation['lifecycle']) =>
    after({ memory, signals: known([tag]), lifecycle }).isReplacing;
  it('is remembered while the group is silent, or an instance that stays would leave its cluster', () => {
    assert.equal(replacing({}, inState('ReplacingRootVolume:Wait')), true);
    assert.equal(replacing({ isReplacing: true }, unknown('silent')), true);
    assert.equal(replacing({}, unknown('silent')), undefined);
  });
  it('is forgotten once the group terminates it instead', () =>
    assert.equal(replacing({ isReplacing: true }, inState('Terminating')), undefined));
  it('is remembered whatever metadata says, because it may say the same of both, and the instance would leave its cluster', () => {
    const said = known({
      kind: 'in-group',
      group: 'web-asg',
      state: 'Terminating:Wait',
      from: 'metadata',
    } as const);
    assert.equal(replacing({ isReplacing: true }, said), true);
    assert.equal(replacing({}, said), undefined);
  });
});

describe('what is remembered of the signals', () => {
  it('nothing while nothing happens: the same object, so that nothing is written to disk', () => {
    const memory: Memory = {};
    assert.equal(after({ memory }), memory);
  });
  it('when the group itself said that it terminates the instance, where no signal is left: a limit counts from then', () => {
    const memory = { drainingSetAt: NOW - MINUTE };
    assert.equal(after({ memory, lifecycle: inState('Terminating:Wait') }).signalledAt, NOW);
    assert.equal(after({ memory, lifecycle: inState('InService') }).signalledAt, undefined);
    assert.equal(
      after({ memory: { ...memory, signalledAt: 1 }, lifecycle: inState('Terminating') }).signalledAt,
      1,
    );
  });
  it('when the first one was seen', () => {
    assert.deepEqual(after({ signals: known([tag]) }), { signalledAt: NOW, signals: [tag] });
  });
  it('the first one stays first when another joins', () => {
    const memory: Memory = { signalledAt: NOW - MINUTE, signals: [tag] };
    assert.deepEqual(after({ memory, signals: known([lifecycle, tag]) }), {
      signalledAt: NOW - MINUTE,
      signals: [tag, lifecycle],
    });
  });
  it('what a signal says now replaces what it said', () => {
    const memory: Memory = { signalledAt: NOW - MINUTE, signals: [tag] };
    const renamed = { ...tag, hook: 'drain' };
    assert.deepEqual(after({ memory, signals: known([renamed]) }).signals, [renamed]);
  });
  it('all of it while the sources are silent', () => {
    const memory: Memory = { signalledAt: NOW - MINUTE, signals: [tag], drainingSetAt: NOW - MINUTE };
    const silence = { memory, signals: unknown('IMDS is silent') };
    assert.equal(after(silence), memory);
    assert.equal(after({ ...silence, silentSignals: { tag: 'IMDS is silent' } }), memory);
    const other = after({ ...silence, silentSignals: { spot: 'IMDS is silent' } });
    assert.deepEqual(other, { ...memory, signals: [] }, 'the tag’s own source says that it is gone');
  });
  it('nothing of a drain whose signal is gone', () => {
    assert.deepEqual(after({ memory: { signalledAt: NOW - MINUTE, signals: [tag] } }), {});
  });
  it('nor what was noted since of a drain that was given back: the next process would take one up', () =>
    assert.deepEqual(after({ memory: { notWaitingAt: NOW - MINUTE, retains: true } }), {}));
  it('nor of one whose tag tells of a lifecycle event that is over: the next one’s limit would count from it', () => {
    const past = { ...tag, eventAt: NOW - 5 * MINUTE };
    const memory: Memory = { signalledAt: NOW - MINUTE, signals: [past], drainingSetAt: NOW - MINUTE };
    const seen = { memory, signals: known([past]), lifecycle: inState('InService') };
    assert.deepEqual(after({ ...seen, keptForMs: 30_000 }), { drainingSetAt: NOW - MINUTE });
    assert.equal(after({ ...seen, keptForMs: 29_999 }), memory);
  });
  it('but that we set DRAINING, until that is given back', () => {
    const memory: Memory = { signalledAt: NOW - MINUTE, signals: [tag], drainingSetAt: NOW - MINUTE };
    assert.deepEqual(after({ memory }), { drainingSetAt: NOW - MINUTE });
    const named = { drainingSetAt: NOW - MINUTE, drainingSetOn: 'a' };
    assert.deepEqual(after({ memory: { ...memory, ...named } }), named, 'another’s would be undone');
    const replacing = { drainingSetAt: NOW - MINUTE, isReplacing: true };
    assert.deepEqual(
      after({ memory: { ...memory, isReplacing: true } }),
      replacing,
      'the group may be silent',
    );
    assert.deepEqual(after({ memory: replacing, lifecycle: inState('InService') }), {
      drainingSetAt: NOW - MINUTE,
    });
  });
  it('but what waits to be replaced, with its hook: tasks that run here end with the root volume', () => {
    const waiting = { since: NOW - MINUTE, group: 'web-asg', hook: { ...hook, name: 'b' } };
    const memory: Memory = { signalledAt: NOW - MINUTE, signals: [tag], waiting, hook: waiting.hook };
    const hooks = known([hook, waiting.hook]);
    const lifecycle = inState('ReplacingRootVolume:Wait');
    const kept = after({ memory, lifecycle, hooks });
    assert.deepEqual(
      kept,
      { isReplacing: true, waiting, hook: waiting.hook },
      'nobody knows which hook is ours',
    );
    assert.equal(after({ memory: kept, lifecycle, hooks }), kept, 'it would be saved each second');
    assert.deepEqual(after({ memory: kept, lifecycle: inState('InService') }), {});
  });
  it('and that we completed our action of it, while another owner’s hook still holds the replacement', () => {
    const completed = { hook: 'drain', result: 'CONTINUE', at: NOW - SECOND, standing: 'confirmed' } as const;
    const memory: Memory = { signalledAt: NOW - MINUTE, signals: [tag], isReplacing: true, completed };
    const lifecycle = inState('ReplacingRootVolume:Wait');
    const kept = after({ memory, lifecycle });
    assert.equal(kept.completed, completed, 'heartbeats would go on for an action that has ended');
    assert.equal(after({ memory: kept, lifecycle }), kept, 'it would be saved each second');
    assert.deepEqual(after({ memory: kept, lifecycle: inState('InService') }), {});
  });
});

describe('what is remembered of a Spot interruption', () => {
  const spot = { source: 'spot', action: 'terminate', interruptionAt: NOW + 2 * MINUTE } as const;
  it('when its notice was first seen', () => {
    const first = after({ signals: known([spot]) });
    assert.equal(first.spotSeenAt, NOW);
    assert.equal(after({ memory: first, signals: known([spot]), now: NOW + MINUTE }).spotSeenAt, NOW);
  });
  it('nothing where another signal asks for the drain', () => {
    assert.equal(after({ signals: known([tag]) }).spotSeenAt, undefined);
  });
  it('not once it is gone and must have come: of a second notice the tasks would be asked to stop 90 s too early', () => {
    const memory: Memory = { signalledAt: NOW, signals: [tag, spot], spotSeenAt: NOW };
    const seenAt = (ms: number, more: Partial<Observation> = {}) =>
      after({ memory, signals: known([tag]), now: NOW + ms, ...more }).spotSeenAt;
    assert.equal(seenAt(2 * MINUTE), undefined);
    assert.equal(seenAt(2 * MINUTE - 1), NOW, 'metadata may just have failed to tell of it');
    assert.equal(seenAt(2 * MINUTE, { signals: unknown('IMDS is silent') }), NOW);
    assert.equal(seenAt(2 * MINUTE, { silentSignals: { spot: 'IMDS is silent' } }), NOW);
    const denied = { scheduled: 'not a word' };
    assert.equal(
      seenAt(2 * MINUTE, { silentSignals: denied }),
      undefined,
      'another source is silent for ever',
    );
    assert.equal(seenAt(2 * MINUTE, { signals: known([tag, spot]) }), NOW);
    assert.equal(seenAt(2 * MINUTE, { memory: { ...memory, signals: [tag] }, signals: known([spot]) }), NOW);
  });
});

it('of the next Spot notice the two minutes count anew, also where nobody heard that the one before was gone', () => {
  const first = { source: 'spot', action: 'hibernate', interruptionAt: NOW } as const;
  const next = { ...first, interruptionAt: NOW + HOUR };
  const memory: Memory = { signalledAt: NOW, signals: [first], spotSeenAt: NOW - 2 * MINUTE };
  assert.equal(after({ memory, signals: known([next]) }).spotSeenAt, NOW);
});

describe('what is remembered of the lifecycle action', () => {
  const signalled = { signalledAt: NOW - MINUTE, signals: [tag] };
  const base = { memory: signalled, signals: known([tag]) };

  it('since when it waits, in which group, and which hook is ours', () => {
    const seen = { ...base, lifecycle: inState('Terminating:Wait'), hooks: known([hook]) };
    assert.deepEqual(after(seen).waiting, { since: NOW - MINUTE, group: 'web-asg', hook });
  });
  it('since the drain began, where the group was not heard: its limit comes two days later, and nobody would see it coming', () => {
    const seen = { ...base, lifecycle: inState('Terminating:Wait') };
    assert.equal(after(seen).waiting?.since, NOW - MINUTE);
    assert.equal(after({ ...seen, keptAt: NOW - 20 * MINUTE }).waiting?.since, NOW - 20 * MINUTE);
    assert.equal(after({ ...seen, memory: {} }).waiting?.since, NOW);
  });
  it('since the group last said that nothing waits, in this process or the one before: a drain by hand can be days old', () => {
    const seen = { ...base, lifecycle: inState('Terminating:Wait'), keptAt: NOW - 20 * MINUTE };
    assert.equal(after({ ...seen, notWaitingAt: NOW - 7 }).waiting?.since, NOW - 7);
    const memory = { ...signalled, notWaitingAt: NOW - 30 };
    assert.equal(after({ ...seen, memory }).waiting?.since, NOW - 30);
    assert.equal(after({ ...seen, memory, notWaitingAt: NOW - 7 }).waiting?.since, NOW - 7);
  });
  it('not since an event of before then: retained and terminated once more, it would be abandoned at once', () => {
    const signals = known([{ ...tag, eventAt: NOW - 60 * MINUTE }]);
    const memory = { ...signalled, notWaitingAt: NOW - 30 };
    const seen = { ...base, signals, memory, lifecycle: inState('Terminating:Wait') };
    assert.equal(after(seen).waiting?.since, NOW - 30);
  });
  it('when the group last said that nothing waits, to the minute: the disk would be written with each answer', () => {
    const seen = { ...base, lifecycle: inState('Terminating'), notWaitingAt: NOW };
    const told = (notWaitingAt: number) =>
      after({ ...seen, memory: { ...signalled, notWaitingAt } }).notWaitingAt;
    assert.equal(after(seen).notWaitingAt, NOW);
    assert.equal(told(NOW - 59_999), NOW - 59_999);
    assert.equal(told(NOW - MINUTE), NOW);
  });
  it('since the event that the tag names, where that is earlier', () => {
    const signals = known([{ ...tag, eventAt: NOW - 5 * MINUTE }]);
    const seen = { ...base, signals, lifecycle: inState('Terminating:Wait'), hooks: known([hook]) };
    assert.equal(after(seen).waiting?.since, NOW - 5 * MINUTE);
  });
  it('since that event by the host’s clock, which was set after the agent had started', () => {
    const signals = known([{ ...tag, eventAt: NOW + 55 * MINUTE }]);
    const seen = { ...base, signals, lifecycle: inState('Terminating:Wait'), hooks: known([hook]) };
    assert.equal(after({ ...seen, wallNow: NOW + 60 * MINUTE }).waiting?.since, NOW - 5 * MINUTE);
  });
  it('that the group retains, as long as the drain lasts', () => {
    const seen = { ...base, lifecycle: inState('Terminating:Wait') };
    assert.equal(after({ ...seen, retainsAbandoned: known(true) }).retains, true);
    const memory = { ...signalled, retains: true };
    assert.equal(after({ ...seen, memory, retainsAbandoned: unknown('throttled') }).retains, true);
    assert.equal(after({ ...seen, memory, retainsAbandoned: known(false) }).retains, false);
  });
  it('the hook that was ours, though somebody adds another', () => {
    const memory = { ...signalled, waiting: { since: NOW - MINUTE, group: 'web-asg', hook } };
    const hooks = known([{ ...hook, name: 'backup' }, hook]);
    const seen = { ...base, memory, lifecycle: inState('Terminating:Wait'), hooks };
    assert.deepEqual(after(seen).waiting, memory.waiting);
  });
  it('the hook that was ours, though another was added before the instance is retained and waits once more', () => {
    const hooks = known([{ ...hook, name: 'backup' }, hook]);
    const seen = { ...base, memory: { ...signalled, hook }, lifecycle: inState('Terminating:Wait'), hooks };
    assert.deepEqual(after(seen).waiting?.hook, hook, 'nobody keeps the hook alive that waits for us');
  });
  it('the hook that the tag named, though its value is another now', () => {
    const named = { source: 'tag', value: 'hook=drain', hook: 'drain' } as const;
    const hooks = known([{ ...hook, name: 'backup' }, hook]);
    const before = after({ ...base, signals: known([named]), lifecycle: inState('InService'), hooks });
    const later = after({ ...base, memory: before, lifecycle: inState('Terminating:Wait'), hooks });
    assert.deepEqual(later.waiting?.hook, hook, 'nobody keeps the hook alive that waits for us');
  });
  it('the hook that the tag of an earlier event names, if the group cannot tell its hooks before that tag is removed', () => {
    const pastTag = { source: 'tag', value: 'hook=drain time=…', hook: 'drain', eventAt: 0 } as const;
    const ends = { ...base, signals: known([lifecycle]), lifecycle: inState('Terminating:Wait') };
    const before = after({ ...ends, memory: signalled, pastTag });
    assert.equal(before.hook?.name, 'drain');
    const hooks = known([{ ...hook, name: 'backup' }, hook]);
    assert.deepEqual(after({ ...ends, memory: before, hooks }).waiting?.hook, hook, 'nobody releases it');
    assert.equal(after({ ...base, memory: {}, signals: known([]), pastTag }).hook, undefined);
  });
  it('the hook that the tag names before the group has said which it has, and no other after that', () => {
    const named = (hook: string) => known([{ source: 'tag', value: `hook=${hook}`, hook } as const]);
    const before = after({ ...base, signals: named('drain') });
    assert.equal(before.hook?.name, 'drain');
    assert.equal(after({ ...base, memory: before, signals: named('nosuch') }).hook?.name, 'drain');
    const hooks = known([{ ...hook, name: 'backup' }, hook]);
    const later = after({ ...base, memory: before, lifecycle: inState('Terminating:Wait'), hooks });
    assert.deepEqual(later.waiting?.hook, hook, 'nobody keeps the hook alive that waits for us');
  });
  it('the hook that the tag named last, if the group has it: the name before was a mistake', () => {
    const named = (hook: string) => known([{ source: 'tag', value: `hook=${hook}`, hook } as const]);
    const wrong = after({ ...base, signals: named('backup') });
    const right = after({ ...base, memory: wrong, signals: named('drain') });
    assert.equal(
      after({ ...base, memory: right, signals: named('drain') }),
      right,
      'it would be written each time',
    );
    const hooks = known([{ ...hook, name: 'backup' }, hook]);
    const untagged = { ...base, signals: known([lifecycle]), lifecycle: inState('Terminating:Wait'), hooks };
    const later = after({ ...untagged, memory: right });
    assert.deepEqual(later.waiting?.hook, hook, 'another owner’s hook is kept alive, and ours times out');
    assert.equal(later.namedHook, undefined);
    const only = known([{ ...hook, name: 'backup' }]);
    assert.equal(after({ ...untagged, memory: right, hooks: only }).waiting?.hook?.name, 'backup');
  });
  it('the group’s only hook while metadata alone says that the group terminates the instance: another may be added', () => {
    const lifecycle = known({
      kind: 'in-group',
      group: 'web-asg',
      state: 'Terminating',
      from: 'metadata',
    } as const);
    const memory = after({ ...base, lifecycle, hooks: known([hook]) });
    const hooks = known([{ ...hook, name: 'backup' }, hook]);
    const later = after({ ...base, memory, lifecycle: inState('Terminating:Wait'), hooks });
    assert.deepEqual(later.waiting?.hook, hook, 'nobody keeps the hook alive that waits for us');
  });
  it('no hook before one waits or is named: the group’s only one may be another owner’s', () => {
    const seen = { ...base, lifecycle: inState('InService'), hooks: known([hook]) };
    assert.equal(after(seen).hook, undefined);
  });
  it('not since an event in the future, or of days ago', () => {
    for (const eventAt of [NOW + MINUTE, NOW - 49 * 60 * MINUTE]) {
      const seen = { ...base, signals: known([{ ...tag, eventAt }]), lifecycle: inState('Terminating:Wait') };
      assert.equal(after(seen).waiting?.since, NOW - MINUTE);
    }
  });
  it('the same while the group does not answer', () => {
    const waiting = { since: NOW - MINUTE, group: 'web-asg', hook };
    const memory = { ...signalled, waiting };
    assert.equal(after({ ...base, memory }).waiting, waiting);
  });
  it('the hook’s numbers when it does not answer for the hooks alone', () => {
    const waiting = { since: NOW - MINUTE, group: 'web-asg', hook };
    const seen = { ...base, memory: { ...signalled, waiting }, lifecycle: inState('Terminating:Wait') };
    assert.deepEqual(after(seen).waiting, waiting);
  });
  it('the hook that an earlier process knew as its own, when the group does not answer for the hooks', () => {
    const seen = { ...base, memory: { ...signalled, hook }, lifecycle: inState('Terminating:Wait') };
    assert.deepEqual(after(seen).waiting?.hook, hook, 'it would time out');
  });
  it('nothing once it waits no more', () => {
    const memory = { ...signalled, waiting: { since: NOW - MINUTE, group: 'web-asg', hook } };
    assert.deepEqual(after({ ...base, memory, lifecycle: inState('Terminating:Proceed') }), {
      ...signalled,
      isTerminating: true,
    });
  });
});

describe('a lifecycle action that looked completed', () => {
  const completed = { hook: 'drain', result: 'CONTINUE', at: NOW - 30_000, standing: 'answered' } as const;
  const memory: Memory = { signalledAt: NOW - MINUTE, signals: [tag], completed };
  const standing = (seen: Partial<Observation>) =>
    after({ memory, signals: known([tag]), hooks: known([hook]), ...seen }).completed?.standing;

  it('is doubted when it still waits half a minute later', () => {
    assert.equal(standing({ lifecycle: inState('Terminating:Wait') }), 'doubted');
  });
  it('is not doubted before', () => {
    const justNow = { ...memory, completed: { ...completed, at: NOW - 29_999 } };
    assert.equal(standing({ memory: justNow, lifecycle: inState('Terminating:Wait') }), 'answered');
  });
  it('is not doubted once the group goes on', () => {
    assert.equal(standing({ lifecycle: inState('Terminating:Proceed') }), 'answered');
  });
  it('is not doubted while the group is silent', () => {
    assert.equal(standing({ lifecycle: unknown('throttled') }), 'answered');
  });
  it('is not doubted again once confirmed', () => {
    const confirmed = { ...memory, completed: { ...completed, standing: 'confirmed' } as const };
    assert.equal(standing({ memory: confirmed, lifecycle: inState('Terminating:Wait') }), 'confirmed');
  });
});

describe('an instance that another hook’s end has retained, or that has stayed', () => {
  const completed = { hook: 'drain', result: 'CONTINUE', at: NOW - MINUTE, standing: 'confirmed' } as const;
  const memory: Memory = { signalledAt: NOW - MINUTE, signals: [tag], completed };

  it('waits for its hooks once more when it is terminated: what was completed before is forgotten', () => {
    for (const state of [
      'Terminating:Retained',
      'Warmed:Terminating:Retained',
      'Terminating',
      'ReplacingRootVolume',
      'InService',
    ]) {
      const next = after({ memory, signals: known([tag]), lifecycle: inState(state) });
      assert.equal(next.completed, undefined, `${state}: the second lifecycle action is never completed`);
    }
  });
  it('is another wait once the group wants something else of it, though nobody saw the states in between', () => {
    const waiting = { since: NOW - MINUTE, group: 'web-asg', hook };
    const before: Memory = { ...memory, waiting, isReplacing: true };
    const tagged = { source: 'tag', value: 'x', eventAt: NOW - 60 * MINUTE } as const;
    const next = after({
      memory: before,
      signals: known([tagged]),
      lifecycle: inState('Terminating:Wait'),
      hooks: known([hook]),
    });
    assert.equal(next.completed, undefined, 'the termination’s lifecycle action is never completed');
    assert.deepEqual(next.waiting, { since: NOW, group: 'web-asg', hook });
    assert.equal(next.isReplacing, undefined);
  });
  it('keeps what was completed while that wait is coming to its end', () => {
    for (const state of ['Terminating:Wait', 'Terminating:Proceed', 'ReplacingRootVolume:Proceed']) {
      const next = after({ memory, signals: known([tag]), lifecycle: inState(state) });
      assert.equal(next.completed, completed, state);
    }
  });
});

describe('what is remembered of the tasks', () => {
  const task = { arn: 'a', group: 'family:batch', lastStatus: 'RUNNING', desiredStatus: 'RUNNING' };
  const other = { ...task, arn: 'b' };
  const draining: Memory = { signalledAt: NOW, signals: [tag] };
  const left = (memory: Memory, tasks: Observation['tasks']) =>
    after({ memory, signals: known([tag]), tasks });

  it('which were left', () => {
    assert.deepEqual(left(draining, known([task, other])).tasksLeft, ['a', 'b']);
  });
  it('the same object while they are the same, in whatever order', () => {
    const memory = { ...draining, tasksLeft: ['a', 'b'] };
    assert.equal(left(memory, known([other, task])), memory);
  });
  it('one that has ended no more, and the last one leaves nothing', () => {
    assert.deepEqual(left({ ...draining, tasksLeft: ['a', 'b'] }, known([other])).tasksLeft, ['b']);
    assert.deepEqual(left({ ...draining, tasksLeft: ['b'], tasksAddedAt: NOW }, known([])), draining);
  });
  it('when the latest of them was first seen: ECS may not know it yet when another process asks', () => {
    const since = (before: readonly string[], tasks: Observation['tasks']) =>
      left({ ...draining, tasksLeft: before, tasksAddedAt: NOW - MINUTE }, tasks).tasksAddedAt;
    assert.equal(left(draining, known([task])).tasksAddedAt, NOW);
    assert.equal(since(['a'], known([task, other])), NOW);
    assert.equal(since(['a', 'b'], known([other])), NOW - MINUTE);
  });
  it('all of them while they are not known', () => {
    const memory = { ...draining, tasksLeft: ['a'] };
    assert.equal(left(memory, unknown('no answer')), memory);
  });
  it('none where nothing has asked for the instance', () => {
    const memory: Memory = {};
    assert.equal(after({ memory, signals: unknown('no answer'), tasks: known([task]) }), memory);
  });
});

describe('what is new joins what is remembered, and takes nothing from it', () => {
  const spot = { source: 'spot', action: 'terminate', interruptionAt: NOW + 2 * MINUTE } as const;
  const completed = { hook: 'drain', result: 'CONTINUE', at: NOW - MINUTE, standing: 'answered' } as const;
  const memory: Memory = {
    signalledAt: NOW - MINUTE,
    signals: [tag],
    drainingSetAt: NOW - MINUTE,
    tasksLeft: ['a'],
    hooksRun: { draining: 'succeeded' },
  };
  const base = { memory, signals: known([tag]) };
  const taskOf = (arn: string) => ({
    arn,
    group: 'family:batch',
    lastStatus: 'RUNNING',
    desiredStatus: 'RUNNING',
  });

  it('a signal', () =>
    assert.deepEqual(after({ ...base, signals: known([tag, lifecycle]) }), {
      ...memory,
      signals: [tag, lifecycle],
    }));
  it('a Spot notice beside another signal', () =>
    assert.deepEqual(after({ ...base, signals: known([tag, spot]) }), {
      ...memory,
      signals: [tag, spot],
      spotSeenAt: NOW,
    }));
  it('the lifecycle action', () =>
    assert.deepEqual(after({ ...base, lifecycle: inState('Terminating:Wait'), hooks: known([hook]) }), {
      ...memory,
      isTerminating: true,
      waiting: { since: NOW - MINUTE, group: 'web-asg', hook },
      hook,
    }));
  it('that the group retains', () =>
    assert.deepEqual(after({ ...base, retainsAbandoned: known(true) }), { ...memory, retains: true }));
  it('another task in the place of one', () => {
    const both = { ...memory, tasksLeft: ['a', 'b'] };
    assert.deepEqual(after({ ...base, memory: both, tasks: known([taskOf('a'), taskOf('c')]) }), {
      ...memory,
      tasksLeft: ['a', 'c'],
      tasksAddedAt: NOW,
    });
  });
  it('a doubt', () =>
    assert.deepEqual(
      after({ ...base, memory: { ...memory, completed }, lifecycle: inState('Terminating:Wait') }),
      {
        ...memory,
        isTerminating: true,
        waiting: { since: NOW - MINUTE, group: 'web-asg' },
        completed: { ...completed, standing: 'doubted' },
      },
    ));
  it('nothing where nothing is: the same object, or the disk would be written every second', () => {
    const waiting = { since: NOW - MINUTE, group: 'web-asg', hook };
    const full: Memory = {
      ...memory,
      isTerminating: true,
      waiting,
      hook,
      retains: true,
      completed,
      spotSeenAt: NOW,
      signals: [tag, spot],
    };
    const seen = {
      memory: full,
      signals: known([{ ...tag }, { ...spot }]),
      lifecycle: inState('Terminating:Wait'),
      hooks: known([{ ...hook }]),
      retainsAbandoned: known(true),
      tasks: known([taskOf('a')]),
      now: NOW - 40_000,
    };
    assert.equal(after(seen), full);
  });
});

describe('the signals of a drain', () => {
  it('one of several that says something else is remembered as it is now', () => {
    const before = { source: 'tag', value: 'true' } as const;
    const now = { source: 'tag', value: 'hook=drain', hook: 'drain' } as const;
    const memory: Memory = { signalledAt: 1, signals: [before, lifecycle] };
    assert.deepEqual(after({ memory, signals: known([now, lifecycle]) }).signals, [now, lifecycle]);
  });
  it('one that is gone is forgotten while another stays: silence would bring it back, and let the instance go on its word', () => {
    const memory: Memory = { signalledAt: 1, signals: [tag, lifecycle] };
    assert.deepEqual(after({ memory, signals: known([lifecycle]) }).signals, [lifecycle]);
  });
  it('one that a silent source may still have stays', () => {
    const memory: Memory = { signalledAt: 1, signals: [tag, lifecycle] };
    assert.equal(after({ memory, signals: known([lifecycle]), silentSignals: { tag: 'silent' } }), memory);
  });
  it('one that is gone is forgotten though another source is silent: that one says nothing of it', () => {
    const memory: Memory = { signalledAt: 1, signals: [tag, lifecycle] };
    const silentSignals = { spot: 'silent' };
    assert.deepEqual(after({ memory, signals: known([lifecycle]), silentSignals }).signals, [lifecycle]);
  });
  it('are those of before while only the group’s own word keeps the drain going', () => {
    const memory: Memory = { signalledAt: 1, signals: [tag], isTerminating: true };
    const terminating = { signals: known([]), lifecycle: inState('Terminating') };
    assert.equal(after({ ...terminating, memory }), memory, 'its limits begin anew');
  });
});

describe('that the group itself terminates the instance', () => {
  const retained: Memory = { signalledAt: 1, signals: [tag], isTerminating: true };
  it('outlasts its silence: an instance that it has retained would be given tasks that end with it', () => {
    const told = after({
      memory: { signalledAt: 1, signals: [tag] },
      lifecycle: inState('Terminating:Retained'),
    });
    assert.equal(told.isTerminating, true);
    const silent = {
      memory: { ...told, drainingSetAt: 1 },
      signals: known([]),
      lifecycle: unknown('aborted'),
    };
    assert.equal(after(silent).isTerminating, true);
  });
  it('ends where it says otherwise', () => {
    assert.equal(
      after({ memory: retained, lifecycle: inState('InService'), signals: known([tag]) }).isTerminating,
      undefined,
    );
  });
});

describe('the hook of the lifecycle action that waits', () => {
  const other = { ...hook, name: 'backup' };
  const wait = { lifecycle: inState('Terminating:Wait'), hooks: known([other, hook]) };
  it('is the one that the tag names, though metadata has fallen silent', () => {
    const memory: Memory = { signalledAt: 1, signals: [{ ...tag, hook: 'drain' }] };
    assert.deepEqual(after({ ...wait, memory, signals: unknown('silent') }).waiting?.hook, hook);
  });
  it('can be told where metadata has been silent from the start', () =>
    assert.deepEqual(after({ ...wait, hooks: known([hook]), signals: unknown('silent') }).waiting, {
      since: NOW,
      group: 'web-asg',
      hook,
    }));
  for (const [what, changed] of [
    ['heartbeat time-out, where it is shorter', { heartbeatTimeout: 60_000 }],
    ['global limit, where it is shorter', { globalTimeout: 6_000_000 }],
    ['name', { name: 'drain2', heartbeatTimeout: 7_200_000 }],
  ] as const)
    it(`is as the group says it is now: its ${what}`, () => {
      const memory: Memory = {
        signalledAt: 1,
        signals: [tag],
        waiting: { since: 1, group: 'web-asg', hook },
      };
      const hooks = known([{ ...hook, ...changed }]);
      const seen = { memory, signals: known([tag]), lifecycle: inState('Terminating:Wait'), hooks };
      assert.deepEqual(after(seen).waiting, { since: 1, group: 'web-asg', hook: { ...hook, ...changed } });
    });
  it('keeps the shorter numbers with which it began to wait: they may be the ones that count', () => {
    const waiting = { since: 1, group: 'web-asg', hook };
    const memory: Memory = { signalledAt: 1, signals: [tag], waiting };
    const hooks = known([{ ...hook, heartbeatTimeout: 7_200_000, globalTimeout: 172_800_001 }]);
    const seen = { memory, signals: known([tag]), lifecycle: inState('Terminating:Wait'), hooks };
    assert.equal(after(seen).waiting, waiting, 'the hook would time out, and end the tasks');
  });
  it('waits since the event that the tag names, though another signal came first', () => {
    const signals = known([lifecycle, { ...tag, eventAt: NOW - MINUTE }]);
    assert.equal(after({ signals, lifecycle: inState('Terminating:Wait') }).waiting?.since, NOW - MINUTE);
  });
  it('waits since an event of less than two days ago', () => {
    const since = (eventAt: number) =>
      after({
        signals: known([{ ...tag, eventAt }]),
        lifecycle: inState('Terminating:Wait'),
      }).waiting?.since;
    const twoDays = 48 * 60 * MINUTE;
    assert.equal(since(NOW - twoDays + 1), NOW - twoDays + 1);
    assert.equal(since(NOW - twoDays), NOW, 'its limit would have passed already');
  });
});

describe('that the group was asked to terminate the instance', () => {
  const memory: Memory = { signalledAt: 1, signals: [tag], terminatedAt: NOW };
  const seen = { memory, signals: known([tag]) };
  it('is forgotten once its hook waits: retained after that, it must be terminated once more', () =>
    assert.equal(after({ ...seen, lifecycle: inState('Terminating:Wait') }).terminatedAt, undefined));
  it('is remembered until then', () =>
    assert.equal(after({ ...seen, lifecycle: inState('Terminating:Retained') }).terminatedAt, NOW));
  it('is forgotten once the group has begun: it may be retained again before it was seen waiting', () => {
    const { terminatedAt } = after({ ...seen, lifecycle: inState('Terminating') });
    assert.equal(terminatedAt, undefined, 'the instance is left behind, retained');
  });
});
