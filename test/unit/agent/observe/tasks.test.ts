import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EcsView } from '../../../../src/agent/model.ts';
import { goneBy, noteListed, type SeenOnHost, tasksOn } from '../../../../src/agent/observe/tasks.ts';
import type { SeenTask } from '../../../../src/agent/polls.ts';
import { ifKnown, known, unknown } from '../../../../src/base/reading.ts';

const NOW = 1_800_000_000_000;
const listed = { arn: 'e', group: 'family:batch', lastStatus: 'RUNNING', desiredStatus: 'RUNNING' };
const onHost = (arn: string) => ({ arn, family: 'batch', knownStatus: 'RUNNING' });
const view = (tasks: EcsView['tasks'], seen: Partial<EcsView> = {}) =>
  known<EcsView>({
    containerInstance: { kind: 'deregistered', arn: 'a' },
    tasks,
    isListed: true,
    requests: 2,
    heard: 'a',
    own: [],
    gone: [],
    ...seen,
  });
const host = (
  now: SeenOnHost['now'],
  before: Record<string, number> = {},
  gone: readonly string[] = [],
  ignored: readonly string[] = [],
): SeenOnHost => ({
  wasAsked: true,
  now,
  before: new Map(Object.entries(before).map(([arn, at]) => [arn, { ...onHost(arn), since: at, at }])),
  gone: new Set(gone),
  ignored: new Set(ignored),
});
const arns = (ecs: EcsView['tasks'], seen: SeenOnHost) => {
  const tasks = tasksOn(view(ecs), seen, NOW);
  return tasks.kind === 'known' ? tasks.value.map(({ arn }) => arn) : tasks.cause;
};

describe('the tasks on a host', () => {
  it('are those that ECS lists and those that the ECS agent lists, each once', () => {
    const seen = host(known([onHost('e'), onHost('h')]), { e: NOW, h: NOW });
    assert.deepEqual(arns(known([listed]), seen), ['e', 'h']);
  });
  it('name what only the ECS agent lists as it does', () =>
    assert.deepEqual(
      tasksOn(view(known([])), host(known([onHost('h')]), { h: NOW }), NOW),
      known([{ arn: 'h', group: 'family:batch', lastStatus: 'RUNNING', desiredStatus: 'UNKNOWN' }]),
    ));
  it('hold the instance while the ECS agent says that they run, though ECS calls them gone', () =>
    assert.deepEqual(
      arns(known([]), host(known([onHost('h')]), { h: NOW }, ['h'])),
      ['h'],
      'a container that still works is cut off',
    ));
  it('do not hold it where ECS has described the task as one that is ignored, and calls it gone now', () => {
    const seen = (gone: string[]) => host(known([onHost('h')]), { h: NOW }, gone, ['h']);
    assert.deepEqual(arns(known([]), seen(['h'])), [], 'held for ever for a task that nobody waits for');
    assert.deepEqual(arns(known([]), seen([])), ['h'], 'ECS has not said yet that it is gone');
  });
  it('are gone once ECS says so and the ECS agent lists them no more', () =>
    assert.deepEqual(arns(known([]), host(known([]), { h: NOW - 1_000 }, ['h'])), []));
  it('are waited for where the ECS agent lists them no more and ECS has not said that they are gone', () =>
    assert.deepEqual(arns(known([]), host(known([]), { h: NOW - 3_600_000 })), ['h']));
  it('hold it for a minute on the last word of an ECS agent that fell silent', () => {
    const silent = unknown('refused');
    assert.deepEqual(arns(known([]), host(silent, { h: NOW - 59_999 }, ['h'])), ['h']);
    const gone = { ...host(silent, { h: NOW - 60_000 }, ['h']), silentSince: NOW - 60_000 };
    assert.deepEqual(arns(known([]), gone), []);
  });
  it('are unknown for a minute of silence, though ECS lists none', () => {
    const ofSilence = (silentSince?: number) =>
      tasksOn(view(known([])), { ...host(unknown('refused')), silentSince }, NOW);
    for (const since of [NOW, NOW - 59_999, undefined])
      assert.equal(ofSilence(since).kind, 'unknown', 'a task that only the ECS agent knows is cut off');
    assert.deepEqual(ofSilence(NOW - 60_000), known([]), 'an ECS agent that is stopped holds it for ever');
    const after = (deregistered: string) =>
      tasksOn(view(known([])), { ...host(unknown('refused')), silentSince: NOW, deregistered }, NOW).kind;
    const { containerInstance } = ifKnown(view(known([]))) ?? {};
    assert.ok(containerInstance && 'arn' in containerInstance);
    const waits = 'an ECS agent ends with its registration, and each release would wait a minute for it';
    assert.equal(after(containerInstance.arn), 'known', waits);
    const earlier = 'that of an earlier container instance tells nothing of this one';
    assert.equal(after('earlier'), 'unknown', earlier);
  });
  describe('where ECS counts none on a DRAINING container instance', () => {
    const registered = { kind: 'registered', cluster: 'web', arn: 'a', agentConnected: true } as const;
    const after = (ms: number, status: string, hasUnlisted?: boolean, drainingFor = 120_000) => {
      const more = {
        containerInstance: { ...registered, status },
        hasUnlisted,
        drainingSince: NOW - drainingFor,
      };
      const seen = view(known([]), more);
      return tasksOn(seen, { ...host(unknown('refused')), silentSince: NOW - ms }, NOW).kind;
    };
    it('are unknown for only twelve seconds of silence', () => {
      assert.equal(after(11_999, 'DRAINING'), 'unknown');
      assert.equal(after(12_000, 'DRAINING'), 'known', 'an empty host is paid for');
      assert.equal(after(59_999, 'ACTIVE'), 'unknown', 'its counts may be older than a task');
      assert.equal(after(59_999, 'DRAINING', true), 'unknown', 'what ECS has counted may be on its way down');
      assert.equal(after(60_000, 'DRAINING', true), 'known');
    });
    it('since it has been DRAINING: until then it was given tasks, which DRAINING may have stopped', () => {
      assert.equal(after(40_000, 'DRAINING', undefined, 11_999), 'unknown');
      assert.equal(after(40_000, 'DRAINING', undefined, 12_000), 'known');
      assert.equal(after(60_000, 'DRAINING', undefined, 0), 'known', 'but for no longer than a minute');
      const untold = view(known([]), { containerInstance: { ...registered, status: 'DRAINING' } });
      const silent = (ms: number) => ({ ...host(unknown('refused')), silentSince: NOW - ms });
      assert.equal(tasksOn(untold, silent(59_999), NOW).kind, 'unknown');
      assert.equal(tasksOn(untold, silent(60_000), NOW).kind, 'known');
    });
  });
  it('are unknown while ECS does not say, or the ECS agent was not asked yet', () => {
    assert.equal(arns(unknown('throttled'), host(known([]))), 'throttled');
    assert.equal(arns(unknown('throttled'), host(known([]), { h: NOW })), 'throttled', 'others may be left');
    assert.deepEqual(tasksOn(unknown('no view'), host(known([])), NOW), unknown('no view'));
    const notAsked = { ...host(unknown('not asked yet')), wasAsked: false };
    assert.equal(arns(known([]), notAsked), 'the ECS agent has not been asked yet');
  });
});

describe('what is remembered of the tasks that the ECS agent has listed', () => {
  const note = (before: Map<string, SeenTask>, gone: Set<string>, at: number, ...listed: string[]) => {
    noteListed(listed.map(onHost), before, gone, at);
    return [...before.keys()];
  };

  it('all that ECS has not called gone', () => {
    const before = new Map<string, SeenTask>();
    note(before, new Set(), NOW, 'a', 'b');
    assert.deepEqual(note(before, new Set(), NOW + 3_600_000, 'b'), ['a', 'b'], 'a running task is lost');
  });
  it('one that is gone as long as its last word counts, or it is listed', () => {
    const before = new Map<string, SeenTask>();
    const gone = new Set(['a']);
    note(before, gone, NOW, 'a');
    assert.deepEqual(note(before, gone, NOW + 59_999), ['a']);
    assert.deepEqual(note(before, gone, NOW + 59_999, 'a'), ['a']);
    assert.deepEqual(note(before, gone, NOW + 119_998), ['a']);
    assert.deepEqual(note(before, gone, NOW + 119_999), [], 'days of a drain fill the memory');
    assert.deepEqual([...gone], []);
  });
  it('no more than a thousand that are not listed now, those seen first: whoever lies on its port lists others each time', () => {
    const before = new Map<string, SeenTask>();
    note(before, new Set(), NOW, 'real');
    const batch = (name: string) => Array.from({ length: 1_000 }, (_, n) => `${name}${n}`);
    for (const round of ['a', 'b', 'c', 'd'])
      assert.ok(note(before, new Set(), NOW, ...batch(round)).length <= 2_000, 'lies fill the memory');
    const left = note(before, new Set(), NOW);
    assert.equal(left.length, 1_000);
    assert.equal(left[0], 'real', 'a task that was seen before the lies is lost');
  });
});

it('what the ECS agent lists pushes nothing out that it listed before', () => {
  const seen = (prefix: string) => Array.from({ length: 600 }, (_, index) => onHost(`${prefix}${index}`));
  const before = new Map<string, SeenTask>(
    seen('old').map((task) => [task.arn, { ...task, since: NOW, at: NOW }]),
  );
  noteListed(seen('new'), before, new Set(), NOW + 1_000);
  assert.equal(before.size, 1_200);
});

describe('a task of which ECS says nothing', () => {
  const seenFor = (ms: number) => {
    const before = new Map<string, SeenTask>();
    noteListed([onHost('h')], before, new Set(), NOW - ms);
    // It was first listed then, and is still.
    noteListed([onHost('h')], before, new Set(), NOW - 1_000);
    return before;
  };
  const minutes = 5 * 60_000;
  it('is not gone for five minutes, where ECS has never described it: it may not know it yet', () => {
    const unknownYet = { gone: ['h'], missing: ['h'] };
    assert.deepEqual(goneBy(unknownYet, seenFor(minutes - 1), NOW), [], 'a task that is new is cut off');
    assert.deepEqual(goneBy(unknownYet, seenFor(minutes), NOW), ['h'], 'the instance is kept for ever');
  });
  it('is gone where ECS has described it before, or calls it STOPPED', () =>
    assert.deepEqual(goneBy({ gone: ['h'] }, seenFor(2_000), NOW), ['h']));
  it('is none of ours where the host has not listed it', () =>
    assert.deepEqual(goneBy({ gone: ['h'] }, new Map(), NOW), []));
});
