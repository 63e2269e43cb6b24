import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beginDrain } from '../../../../src/agent/act/drain-state.ts';
import type { Asked, DrainState, EcsView, Heartbeat, Memory, Policy } from '../../../../src/agent/model.ts';
import { createPaceObserver } from '../../../../src/agent/observe/pace-inputs.ts';
import type { DrainPolls, Poll, SeenInDrain, WatchPolls } from '../../../../src/agent/polls.ts';
import { known, type Reading, unknown } from '../../../../src/base/reading.ts';
import type { Registration } from '../../../../src/host/ecs-agent.ts';
import { inState, policy, tag, withTask } from '../decide/observations.ts';

const NEVER: Asked = { at: -Infinity, answeredAt: -Infinity, isAsking: false, isStale: true };
const asked = (at: number): Asked => ({ at, answeredAt: at, isAsking: false, isStale: false });
const ignoreTasks = [{ by: 'group', name: 'service:x' }] as const;
const throttled = (times: number): Asked => ({
  ...asked(5),
  isStale: true,
  failure: { kind: 'throttled', times, at: 5, since: 5, jitter: 0.5 },
});
const view: EcsView = {
  containerInstance: { kind: 'registered', cluster: 'web', arn: 'ci', status: 'DRAINING' },
  tasks: known([]),
  isListed: true,
  requests: 2,
  heard: 'ci',
  own: [],
  gone: [],
};

type Given = {
  readonly policy?: Partial<Policy & { readonly dryRun: boolean }>;
  readonly state?: Partial<DrainState>;
  readonly seen?: Partial<SeenInDrain>;
  readonly resumedAt?: number | undefined;
};

function setUp(given: Given = {}) {
  const says = {
    asked: NEVER,
    view: unknown('not asked yet') as Reading<EcsView>,
    lastKnown: undefined as EcsView | undefined,
    registration: unknown('silent') as Reading<Registration>,
    heardAt: 0,
  };
  const poll = (own: Partial<Poll<never>>) =>
    ({ asked: () => NEVER, reading: () => unknown('not asked yet'), ...own }) as Poll<never>;
  const ecsView = poll({
    asked: () => says.asked,
    reading: () => says.view as Reading<never>,
    lastKnown: () => says.lastKnown as never,
  });
  const other = poll({});
  const observer = createPaceObserver({
    now: () => 10,
    resumedAt: () => given.resumedAt,
    policy: { ...policy, dryRun: false, ...given.policy },
    polls: {
      ecsView,
      localTasks: other,
      lifecycle: other,
      hooks: other,
      retention: other,
      explained: other,
    } satisfies DrainPolls,
    watch: {
      registration: poll({
        reading: () => says.registration as Reading<never>,
        asked: () => asked(says.heardAt),
      }) as WatchPolls['registration'],
    },
    seenInDrain: () => ({
      onHost: new Map(),
      gone: new Set(),
      ignored: new Set(),
      silentSince: undefined,
      emptySince: undefined,
      onlyIgnoredSince: undefined,
      terminatingSince: undefined,
      keptForMs: undefined,
      notWaitingAt: undefined,
      ...given.seen,
    }),
    observer: { lastView: () => says.lastKnown, isHostBusy: () => false },
    state: () => ({ ...beginDrain({}), ...given.state }),
    phase: () => 'draining',
    waitToldAt: () => undefined,
    jitter: () => 0.5,
    spread: 0.5,
    canExplain: false,
  });
  const hear = (containerInstanceArn: string, at: number) => {
    says.registration = known({ cluster: 'web', containerInstanceArn });
    says.heardAt = at;
  };
  const pace = () => {
    observer.noteAnswers();
    return observer.pace();
  };
  return { says, pace, hear, note: observer.note };
}

it('looks that are throttled crowd a drain, and two in a row queue it, to its end', () => {
  const { says, pace } = setUp();
  const is = () => [pace().isEcsCrowded, pace().isQueued];
  assert.deepEqual(is(), [false, false]);
  says.asked = throttled(1);
  assert.deepEqual(is(), [true, false]);
  says.asked = throttled(2);
  assert.deepEqual(is(), [true, true]);
  assert.equal(pace().queuedAt, 5);
  says.asked = asked(9);
  assert.deepEqual(is(), [true, true], 'it would take its turn again from those who have had none');
  assert.equal(pace().queuedAt, 5);
});

it('ECS is unclear since the first of its answers that told nothing, until one does', () => {
  const { says, pace } = setUp();
  assert.equal(pace().unclearSince, undefined, 'it was not asked yet');
  says.asked = asked(3);
  assert.equal(pace().unclearSince, 3);
  says.asked = asked(6);
  assert.equal(pace().unclearSince, 3, 'it would be looked at as often for ever as at first');
  says.view = known(view);
  assert.equal(pace().unclearSince, undefined);
});

it('tasks have to be described where some may be ignored', () => {
  assert.equal(setUp().pace().mustDescribe, false, 'looks that can release nothing');
  assert.equal(setUp({ policy: { ignoreTasks } }).pace().mustDescribe, true);
});

it('a termination is heard of where metadata is read for it, and asked for otherwise', () => {
  assert.equal(setUp().pace().hearsOfTermination, true, 'a fleet’s requests would be used up');
  const { hearsOfTermination } = setUp({ policy: { signals: ['tag', 'spot'] } }).pace();
  assert.equal(hearsOfTermination, false, 'a hook that waits unseen times out');
});

it('an ACTIVE container instance is listed where the drain sets none DRAINING', () => {
  const lists = (more: NonNullable<Given['policy']>) => setUp({ policy: more }).pace().listsWhileActive;
  assert.deepEqual([lists({}), lists({ mode: 'deregister' }), lists({ dryRun: true })], [false, true, true]);
});

it('what was found DRAINING is checked sooner than what this drain has set so', () => {
  const found = (memory: Memory, resumedAt?: number) =>
    setUp({ state: { memory }, resumedAt }).pace().foundDrainingSince;
  assert.equal(found({ signalledAt: 3 }), 3);
  assert.equal(found({ signalledAt: 3, drainingSetAt: 3 }), undefined);
  const before = { signalledAt: 3, drainingSetAt: 2 };
  assert.equal(found(before), 3, 'the drain before gave it back, and it is given tasks for five minutes');
  assert.equal(found({ drainingSetAt: 2 }), undefined);
  const own = { signalledAt: 3, drainingSetAt: 3 };
  assert.equal(found(own, 5), 5, 'while no process ran, others may have set it ACTIVE');
  assert.equal(found({ ...own, drainingSetAt: 6 }, 5), undefined);
  assert.equal(found({ drainingSetAt: 3 }, 5), undefined);
});

it('a root volume is replaced where the group was last known to do so', () => {
  const replaces = (memory: Memory) => setUp({ state: { memory } }).pace().isReplacing;
  assert.deepEqual([replaces({}), replaces({ isReplacing: true })], [false, true]);
});

it('a hook is held by a heartbeat that was recorded, until its action is completed', () => {
  const completed = { hook: 'drain', result: 'CONTINUE', at: 7, standing: 'answered' } as const;
  const recorded: Heartbeat = { at: 5, outcome: 'recorded' };
  const heldAt = (heartbeat: Heartbeat | undefined, memory: Memory = {}, notWaitingAt?: number) =>
    setUp({ state: { heartbeat, memory }, seen: { notWaitingAt } }).pace().heldAt;
  assert.equal(heldAt(undefined), undefined);
  assert.equal(heldAt(recorded), recorded.at);
  assert.equal(heldAt(recorded, { completed }), undefined, 'it may wait still, and nobody would ask');
  assert.equal(heldAt({ at: 5, outcome: 'nothing-waiting', times: 1 }), undefined);
  assert.equal(heldAt(recorded, {}, recorded.at), recorded.at);
  assert.equal(heldAt(recorded, {}, recorded.at + 1), undefined, 'the group has retained the instance since');
  const completedAt = (result: 'CONTINUE' | 'ABANDON') =>
    setUp({ state: { memory: { completed: { ...completed, result } } } }).pace().completedAt;
  assert.equal(completedAt('CONTINUE'), 7);
  assert.equal(completedAt('ABANDON'), undefined, 'it may be retained, and is asked for sooner');
});

it('a heartbeat that failed says nothing of its hook, and one that was throttled is told from it', () => {
  const failure: Heartbeat = { at: 5, outcome: 'failed', recordedAt: undefined };
  const failed = (heartbeat: Heartbeat | undefined) => setUp({ state: { heartbeat } }).pace().heartbeatFailed;
  assert.deepEqual(
    [failed(undefined), failed({ at: 5, outcome: 'recorded' }), failed(failure)],
    [undefined, undefined, 'unclear'],
  );
  assert.equal(failed({ ...failure, jitter: 0.5 }), 'throttled');
});

it('tasks that were seen here count until ECS calls them gone: a release looks for the others', () => {
  const task = { family: 'x', knownStatus: 'RUNNING', since: 1, at: 1 };
  const onHost = new Map(['a', 'b', 'c'].map((arn) => [arn, { ...task, arn }]));
  assert.equal(setUp({ seen: { onHost, gone: new Set(['b']) } }).pace().tasksSeenHere, 2);
});

it('they are told of once ECS has described each of them, and where it runs: others could be stopped in their place', () => {
  const seen = { family: 'x', knownStatus: 'RUNNING', since: 1, at: 1 };
  const onHost = new Map(['a', 'b'].map((arn) => [arn, { ...seen, arn }]));
  const task = (arn: string, containerInstanceArn?: string) => ({
    arn,
    group: 'family:x',
    lastStatus: 'RUNNING',
    desiredStatus: 'RUNNING',
    ...(containerInstanceArn !== undefined && { containerInstanceArn }),
  });
  const areTold = (tasks: EcsView['tasks'], gone: readonly string[] = []) => {
    const { says, pace } = setUp({ seen: { onHost, gone: new Set(gone) } });
    says.lastKnown = { ...view, tasks };
    return pace().areTasksTold;
  };
  assert.equal(areTold(known([task('a', 'ci'), task('b', 'ci')])), true);
  assert.equal(areTold(known([task('a', 'ci'), task('c', 'ci')])), false, 'as many, and others');
  assert.equal(areTold(known([task('a', 'ci'), task('b')])), false);
  assert.equal(areTold(known([task('a', 'ci')]), ['b']), true);
  assert.equal(areTold(unknown('throttled')), false);
  assert.equal(setUp({ seen: { onHost } }).pace().areTasksTold, false);
});

it('a host on which only ignored tasks run is empty where ECS lists another, and where it is not known to list none', () => {
  const emptySince = (tasks: EcsView['tasks'] | undefined, more: Partial<SeenInDrain> = {}) => {
    const { says, pace } = setUp({ policy: { ignoreTasks }, seen: { onlyIgnoredSince: 5, ...more } });
    says.lastKnown = tasks && { ...view, tasks };
    return pace().emptySince;
  };
  const task = { arn: 't', lastStatus: 'RUNNING', desiredStatus: 'RUNNING', containerInstanceArn: 'ci' };
  const ignored = { ...task, group: 'service:x' };
  assert.equal(emptySince(undefined), 5);
  assert.equal(emptySince(unknown('throttled')), 5);
  assert.equal(
    emptySince(known([ignored, { ...task, group: 'family:y' }])),
    5,
    'its end is seen minutes late',
  );
  assert.equal(emptySince(known([ignored])), undefined, 'ECS is asked again and again while they stop');
  assert.equal(emptySince(known([ignored]), { emptySince: 7 }), 7);
});

describe('a host is registered anew', () => {
  it('since the ECS agent says that it is another than ECS was asked for', () => {
    const { says, pace, hear } = setUp();
    hear('ci', 2);
    assert.equal(pace().registeredAnewAt, undefined, 'nothing was asked yet');
    says.lastKnown = view;
    says.view = known(view);
    assert.equal(pace().registeredAnewAt, undefined);
    hear('ci-2', 4);
    assert.equal(pace().registeredAnewAt, 4);
    hear('ci-2', 6);
    assert.equal(pace().registeredAnewAt, 4, 'it was said then');
  });
  it('… and where the ECS agent was silent then, that it is another than ECS has named', () => {
    const { says, pace, hear } = setUp();
    says.lastKnown = { ...view, heard: undefined };
    says.view = known(says.lastKnown);
    hear('ci', 2);
    assert.equal(pace().registeredAnewAt, undefined, 'ECS would be asked again and again');
    hear('ci-2', 4);
    assert.equal(pace().registeredAnewAt, 4, 'the tasks of the new one would be missed');
    says.lastKnown = { ...says.lastKnown, containerInstance: { kind: 'never-registered' } };
    assert.equal(pace().registeredAnewAt, 4, 'it registers late, and is given tasks at once');
  });
  it('and where ECS had told nothing, since it says something else', () => {
    const { says, pace, hear } = setUp();
    hear('ci', 2);
    says.asked = asked(3);
    assert.equal(pace().registeredAnewAt, undefined);
    hear('ci-2', 3);
    assert.equal(pace().registeredAnewAt, undefined, 'ECS was asked for what was said in that moment');
    hear('ci-3', 4);
    assert.equal(pace().registeredAnewAt, 4);
  });
  it('but not while the ECS agent says nothing: ECS would be asked again and again', () => {
    const { says, pace, hear } = setUp();
    says.lastKnown = view;
    says.view = known(view);
    assert.equal(pace().registeredAnewAt, undefined);
    hear('ci', 2);
    assert.equal(pace().registeredAnewAt, undefined);
    says.registration = unknown('silent');
    assert.equal(pace().registeredAnewAt, undefined);
  });
});

it('what metadata says of a termination counts from when it first said so', () => {
  const { pace, note } = setUp();
  note({ ...withTask, signals: known([tag]) });
  assert.equal(pace().terminationSince, undefined, 'what failed before the termination makes its hook wait');
  note({ ...withTask, signals: known([{ source: 'lifecycle' } as const]) });
  assert.equal(pace().terminationSince, 10);
  note({ ...withTask, signals: known([tag]) });
  assert.equal(pace().terminationSince, undefined);
});

it('a group that keeps what metadata says it terminates contradicts it, until it does not', () => {
  const { pace, note } = setUp();
  const told = { ...withTask, signals: known([{ source: 'lifecycle' } as const]) };
  note({ ...withTask, signals: known([tag]), lifecycle: inState('InService') });
  assert.equal(pace().contradictedSince, undefined, 'an operator drains what stays: it is asked every 5 s');
  note({ ...told, lifecycle: inState('InService') });
  assert.equal(pace().contradictedSince, 10);
  note({ ...told, lifecycle: inState('Terminating:Wait') });
  assert.equal(pace().contradictedSince, undefined);
});
