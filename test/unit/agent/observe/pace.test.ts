import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beginDrain } from '../../../../src/agent/act/drain-state.ts';
import type { Asked, EcsView } from '../../../../src/agent/model.ts';
import { createPaceObserver } from '../../../../src/agent/observe/pace.ts';
import type { DrainPolls, Poll, WatchPolls } from '../../../../src/agent/polls.ts';
import { known, type Reading, unknown } from '../../../../src/base/reading.ts';
import type { Registration } from '../../../../src/host/ecs-agent.ts';
import { policy } from '../decide/observations.ts';

const NEVER: Asked = { at: -Infinity, answeredAt: -Infinity, isAsking: false, isStale: true };
const asked = (at: number): Asked => ({ at, answeredAt: at, isAsking: false, isStale: false });
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

function setUp(ignoreTasks: typeof policy.ignoreTasks = []) {
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
    policy: { ...policy, ignoreTasks, dryRun: false },
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
    }),
    observer: { lastView: () => says.lastKnown, isHostBusy: () => false },
    state: () => beginDrain({}),
    phase: () => 'draining',
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
  return { says, pace, hear };
}

it('looks that are throttled crowd a drain, and two in a row queue it, to its end', () => {
  const { says, pace } = setUp();
  const is = () => [pace().isCrowded, pace().isQueued];
  assert.deepEqual(is(), [false, false]);
  says.asked = throttled(1);
  assert.deepEqual(is(), [true, false]);
  says.asked = throttled(2);
  assert.deepEqual(is(), [true, true]);
  says.asked = asked(9);
  assert.deepEqual(is(), [true, true], 'it would take its turn again from those who have had none');
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
  assert.equal(setUp([{ by: 'group', name: 'service:x' }]).pace().mustDescribe, true);
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
    assert.equal(pace().registeredAnewAt, undefined);
  });
  it('and where ECS had told nothing, since it says something else', () => {
    const { says, pace, hear } = setUp();
    hear('ci', 2);
    says.asked = asked(3);
    assert.equal(pace().registeredAnewAt, undefined);
    hear('ci-2', 4);
    assert.equal(pace().registeredAnewAt, 4);
  });
});
