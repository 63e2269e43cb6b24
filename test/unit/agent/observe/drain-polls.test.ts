import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EcsView } from '../../../../src/agent/model.ts';
import { createDrainPolls, type DrainPollPorts } from '../../../../src/agent/observe/drain-polls.ts';
import type { Lifecycle } from '../../../../src/aws/auto-scaling.ts';
import { AwsError } from '../../../../src/aws/errors.ts';
import { known, type Reading, unknown } from '../../../../src/base/reading.ts';
import type { LocalTask } from '../../../../src/host/ecs-agent.ts';
import { createVirtualClock, START, settled } from '../../../support/virtual-clock.ts';

const SECOND = 1_000;
const local = (arn: string): LocalTask => ({ arn, family: 'batch', knownStatus: 'RUNNING' });
const view: EcsView = {
  containerInstance: { kind: 'registered', cluster: 'web', arn: 'ci', status: 'DRAINING' },
  tasks: known([{ arn: 'a', group: 'service:site', lastStatus: 'RUNNING', desiredStatus: 'RUNNING' }]),
  isListed: true,
  requests: 2,
  heard: 'ci',
  own: [],
  gone: [],
};

function setUp(tasksLeft: readonly string[] = []) {
  const clock = createVirtualClock();
  const says = {
    tasks: known([]) as Reading<readonly LocalTask[]>,
    view: known(view) as Reading<EcsView> | AwsError,
    lifecycle: { kind: 'in-group', group: 'web-asg', state: 'InService' } as Lifecycle | AwsError,
    tasksLeft,
    isWaiting: false,
    heldAt: -Infinity,
    isTerminating: false,
    tagSince: -Infinity,
    mayAssumeWait: true,
    inMetadata: undefined as Lifecycle | undefined,
  };
  const asked: unknown[][] = [];
  const views: EcsView[] = [];
  const orThrow = <T>(answer: T | AwsError): T => {
    if (answer instanceof AwsError) throw answer;
    return answer;
  };
  const source: DrainPollPorts = {
    ecsAgent: { tasks: async () => says.tasks },
    autoScaling: {
      lifecycle: async () => orThrow(says.lifecycle),
      terminatingHooks: async (group) => {
        asked.push(['hooks', group]);
        return [];
      },
      retainsAbandoned: async (group) => {
        asked.push(['retention', group]);
        return true;
      },
    },
    readEcsView: async (...args) => {
      asked.push(args);
      return orThrow(says.view);
    },
    explain: async (...args) => {
      asked.push(['explain', ...args]);
      return { services: [], protectedTasks: [] };
    },
    nextViewKind: () => 'quick',
    tasksLeft: () => says.tasksLeft,
    tasksLeftAt: START,
    isWaiting: () => says.isWaiting,
    heldAt: () => says.heldAt,
    isTerminating: () => says.isTerminating,
    tagSince: () => says.tagSince,
    mayAssumeWait: () => says.mayAssumeWait,
    groupInMetadata: async () => says.inMetadata,
    isIgnored: ({ family }) => family === 'monitor',
    onView: (one) => void views.push(one),
  };
  const { polls, seenInDrain, forgetSilence } = createDrainPolls(source, {
    clock,
    random: () => 0.5,
    onAnswer: () => {},
    onFault: assert.fail,
  });
  const ask = async (question: keyof typeof polls) => {
    polls[question].ask();
    await settled();
  };
  const pass = (ms: number) => {
    clock.at(clock.trueNow() + ms, () => {});
    clock.step();
  };
  return { polls, seenInDrain, forgetSilence, says, asked, views, ask, pass, source, clock };
}
const throttled = new AwsError('ecs:ListTasks', 'throttled', 'Throttling', 'too much');

it('an instance that is in no group is kept as it would be by one: nothing terminates it', async () => {
  const { seenInDrain, says, ask, pass } = setUp();
  await ask('lifecycle');
  pass(SECOND);
  await ask('lifecycle');
  assert.equal(seenInDrain().keptForMs, SECOND);
  says.lifecycle = { kind: 'no-group' };
  pass(SECOND);
  await ask('lifecycle');
  assert.equal(seenInDrain().keptForMs, 2 * SECOND);
});

it('what the group said before the tag was read that is there counts for nothing: its event may have come after that', async () => {
  const { seenInDrain, says, ask, pass, clock } = setUp();
  await ask('lifecycle');
  pass(30 * SECOND);
  await ask('lifecycle');
  assert.equal(seenInDrain().keptForMs, 30 * SECOND);
  pass(SECOND);
  says.tagSince = clock.now();
  assert.equal(seenInDrain().keptForMs, undefined);
  await ask('lifecycle');
  assert.equal(seenInDrain().keptForMs, 0);
  pass(SECOND);
  await ask('lifecycle');
  assert.equal(seenInDrain().keptForMs, SECOND);
});

it('a task that an earlier process left is gone once ECS calls it MISSING, but for five minutes after that was saved: it may be new', async () => {
  const { seenInDrain, says, ask, pass } = setUp(['left']);
  says.view = known({ ...view, gone: ['left'], missing: ['left'] });
  pass(300 * SECOND - 1);
  await ask('ecsView');
  assert.deepEqual([...seenInDrain().gone], []);
  pass(1);
  await ask('ecsView');
  assert.deepEqual([...seenInDrain().gone], ['left']);
});

describe('what the ECS agent says', () => {
  it('is empty since the first answer without a task', async () => {
    const { seenInDrain, says, ask, pass } = setUp();
    assert.equal(seenInDrain().emptySince, undefined);
    await ask('localTasks');
    pass(SECOND);
    await ask('localTasks');
    assert.equal(seenInDrain().emptySince, START);
    says.tasks = known([local('a')]);
    await ask('localTasks');
    assert.equal(seenInDrain().emptySince, undefined);
    says.tasks = known([]);
    await ask('localTasks');
    assert.equal(seenInDrain().emptySince, START + SECOND);
  });
  it('has no task that is waited for since only those are left that ECS has described as ignored', async () => {
    const { seenInDrain, says, ask, pass } = setUp();
    const tasks = known([
      { arn: 'a', group: 'g', lastStatus: 'RUNNING', desiredStatus: 'RUNNING' },
      { arn: 'm', group: 'g', lastStatus: 'RUNNING', desiredStatus: 'RUNNING', family: 'monitor' },
    ]);
    says.tasks = known([{ ...local('m'), family: 'monitor' }]);
    await ask('localTasks');
    assert.equal(
      seenInDrain().onlyIgnoredSince,
      undefined,
      'the host alone says so: anybody may answer there',
    );
    says.view = known({ ...view, tasks });
    await ask('ecsView');
    says.tasks = known([local('a'), local('m')]);
    await ask('localTasks');
    assert.equal(seenInDrain().onlyIgnoredSince, undefined);
    pass(SECOND);
    says.tasks = known([local('m')]);
    await ask('localTasks');
    assert.equal(seenInDrain().onlyIgnoredSince, START + SECOND);
    assert.equal(seenInDrain().emptySince, undefined);
    assert.deepEqual([...seenInDrain().ignored], ['m']);
    says.tasks = unknown('refused');
    await ask('localTasks');
    assert.equal(seenInDrain().onlyIgnoredSince, undefined);
  });
  it('is silent since it was first asked in vain, and anew once the host has stood still: nobody asked it meanwhile', async () => {
    const { seenInDrain, forgetSilence, says, ask, pass } = setUp();
    says.tasks = unknown('refused');
    await ask('localTasks');
    pass(SECOND);
    await ask('localTasks');
    assert.equal(seenInDrain().silentSince, START);
    forgetSilence();
    pass(SECOND);
    await ask('localTasks');
    assert.equal(
      seenInDrain().silentSince,
      START + 2 * SECOND,
      'its last word would not count any more, and the instance be released with its tasks',
    );
  });
  it('is not empty where it does not answer: ECS would be asked every second', async () => {
    const { seenInDrain, says, ask } = setUp();
    await ask('localTasks');
    says.tasks = unknown('refused');
    await ask('localTasks');
    assert.equal(seenInDrain().emptySince, undefined);
  });
  it('is kept, though it lists the task no more: it has ended only once ECS says so', async () => {
    const { seenInDrain, says, ask, pass } = setUp();
    says.tasks = known([local('a')]);
    await ask('localTasks');
    pass(SECOND);
    says.tasks = known([{ ...local('b'), knownStatus: 'STOPPING' }]);
    await ask('localTasks');
    assert.deepEqual(
      [...seenInDrain().onHost],
      [
        ['a', { ...local('a'), since: START, at: START }],
        [
          'b',
          { arn: 'b', family: 'batch', knownStatus: 'STOPPING', since: START + SECOND, at: START + SECOND },
        ],
      ],
    );
  });
});

describe('ECS is asked', () => {
  it('after what was left, and what the host has listed, each once, by name', async () => {
    const { says, asked, ask } = setUp();
    says.tasks = known([local('a'), local('b')]);
    says.tasksLeft = ['a', 'c'];
    await ask('localTasks');
    await ask('ecsView');
    assert.deepEqual(asked, [['quick', undefined, ['a', 'c', 'b']]]);
  });
  it('no more after what it has called gone', async () => {
    const { seenInDrain, says, asked, ask } = setUp();
    says.tasks = known([local('a'), local('b')]);
    says.view = known({ ...view, gone: ['a'] });
    await ask('localTasks');
    await ask('ecsView');
    await ask('ecsView');
    assert.deepEqual([...seenInDrain().gone], ['a']);
    assert.deepEqual(asked[1], ['quick', { ...view, gone: ['a'] }, ['b']]);
  });
  it('with what it said last, though it was silent since', async () => {
    const { says, asked, ask } = setUp();
    await ask('ecsView');
    says.view = throttled;
    await ask('ecsView');
    says.view = unknown('it contradicts itself');
    await ask('ecsView');
    assert.deepEqual(
      asked.map(([, last]) => last),
      [undefined, view, view],
    );
  });
});

describe('what ECS says', () => {
  it('is passed on, to be kept', async () => {
    const { views, ask } = setUp();
    await ask('ecsView');
    assert.deepEqual(views, [view]);
  });
  it('that is not known is not', async () => {
    const { seenInDrain, says, views, ask } = setUp();
    says.view = unknown('it contradicts itself');
    await ask('ecsView');
    assert.deepEqual([views, [...seenInDrain().gone]], [[], []]);
  });
});

describe('the group', () => {
  it('has the instance Terminating since the first answer that says so', async () => {
    const { seenInDrain, says, ask, pass } = setUp();
    await ask('lifecycle');
    assert.equal(seenInDrain().terminatingSince, undefined);
    pass(SECOND);
    says.lifecycle = { kind: 'in-group', group: 'web-asg', state: 'Terminating' };
    await ask('lifecycle');
    pass(SECOND);
    await ask('lifecycle');
    assert.equal(seenInDrain().terminatingSince, START + SECOND);
    says.lifecycle = throttled;
    await ask('lifecycle');
    assert.equal(seenInDrain().terminatingSince, START + SECOND, 'it would be asked every 3 s for ever');
    says.lifecycle = { kind: 'in-group', group: 'web-asg', state: 'Terminating:Wait' };
    await ask('lifecycle');
    assert.equal(seenInDrain().terminatingSince, undefined);
  });
  it('is asked for its hooks and whether it retains, by its name', async () => {
    const { polls, asked, ask } = setUp();
    await ask('lifecycle');
    await ask('hooks');
    await ask('retention');
    assert.deepEqual(asked, [
      ['hooks', 'web-asg'],
      ['retention', 'web-asg'],
    ]);
    assert.deepEqual(polls.retention.reading(), known(true));
  });
  it('is asked for them by the name that it had, while it is silent', async () => {
    const { says, asked, ask } = setUp();
    await ask('lifecycle');
    says.lifecycle = throttled;
    await ask('lifecycle');
    await ask('hooks');
    assert.deepEqual(asked, [['hooks', 'web-asg']]);
  });
  it('is asked for them anew once it no longer keeps the instance', async () => {
    const { polls, says, ask } = setUp();
    says.lifecycle = { kind: 'in-group', group: 'web-asg', state: 'InService' };
    await ask('lifecycle');
    await ask('hooks');
    assert.equal(polls.hooks.asked().isStale, false);
    says.lifecycle = { kind: 'in-group', group: 'web-asg', state: 'Terminating' };
    await ask('lifecycle');
    assert.equal(polls.hooks.asked().isStale, true, 'a hook that was put in its place gets no heartbeat');
    await ask('hooks');
    await ask('lifecycle');
    assert.equal(polls.hooks.asked().isStale, false, 'it would be asked with every look');
  });
  it('is not asked where there is none', async () => {
    const { polls, says, asked, ask } = setUp();
    says.lifecycle = { kind: 'no-group' };
    await ask('lifecycle');
    await ask('hooks');
    assert.deepEqual(polls.hooks.reading(), unknown('the instance is in no group'));
    assert.deepEqual(asked, []);
  });
});

describe('why the drain waits', () => {
  it('is asked about the tasks that ECS lists', async () => {
    const { polls, asked, ask } = setUp();
    await ask('ecsView');
    await ask('explained');
    assert.deepEqual(asked[1], ['explain', 'web', view.tasks.kind === 'known' && view.tasks.value]);
    assert.deepEqual(polls.explained.reading(), known({ services: [], protectedTasks: [] }));
  });
  for (const [what, answer] of [
    ['nothing is known of ECS', unknown('throttled')],
    ['the tasks are not known', known({ ...view, tasks: unknown('being listed again') })],
    [
      'it is deregistered',
      known({ ...view, containerInstance: { kind: 'deregistered', arn: 'ci' } as const }),
    ],
  ] as const)
    it(`is not asked where ${what}`, async () => {
      const { polls, says, asked, ask } = setUp();
      says.view = answer;
      await ask('ecsView');
      await ask('explained');
      assert.equal(asked.length, 1);
      assert.deepEqual(polls.explained.reading(), unknown('nothing to explain'));
    });
  it('is not asked where nobody wants to know', async () => {
    const { source, clock } = setUp();
    const ports = { clock, random: () => 0.5, onAnswer: () => {}, onFault: assert.fail };
    const { polls } = createDrainPolls({ ...source, explain: undefined }, ports);
    polls.ecsView.ask();
    await settled();
    polls.explained.ask();
    await settled();
    assert.deepEqual(polls.explained.reading(), unknown('nothing to explain'));
  });
});

describe('the state in the group', () => {
  it('is not “in none” while a lifecycle action waits: its heartbeats would end, and its tasks with it', async () => {
    const { polls, says, ask } = setUp();
    says.lifecycle = { kind: 'no-group' };
    await ask('lifecycle');
    assert.deepEqual(polls.lifecycle.reading(), known({ kind: 'no-group' }));
    says.isWaiting = true;
    await ask('lifecycle');
    assert.equal(polls.lifecycle.reading().kind, 'unknown');
  });
  it('… unless it has said so for minutes, and no heartbeat was recorded: it would be asked for ever, and never given back', async () => {
    const { polls, says, ask, pass, clock } = setUp();
    Object.assign(says, { lifecycle: { kind: 'no-group' }, isWaiting: true, heldAt: clock.now() - 1 });
    const kindIn = async (ms: number) => {
      if (ms > 0) pass(ms);
      await ask('lifecycle');
      return polls.lifecycle.reading().kind;
    };
    assert.deepEqual(
      [await kindIn(0), await kindIn(299_999), await kindIn(1)],
      ['unknown', 'unknown', 'known'],
    );
    says.heldAt = clock.now();
    assert.equal(await kindIn(1), 'unknown', 'AWS has just said that it waits');
  });
  it('is not “in service” where the group terminates it, unless that is said for half a minute, and after the last heartbeat that was recorded', async () => {
    const { polls, says, ask, pass, clock } = setUp();
    says.isTerminating = true;
    const kindIn = async (ms: number) => {
      if (ms > 0) pass(ms);
      await ask('lifecycle');
      return polls.lifecycle.reading().kind;
    };
    assert.deepEqual([await kindIn(0), await kindIn(29_999)], ['unknown', 'unknown']);
    says.heldAt = clock.now();
    assert.equal(await kindIn(1), 'unknown', 'it would be set ACTIVE, and given tasks');
    assert.deepEqual([await kindIn(29_998), await kindIn(1)], ['unknown', 'known']);
  });
});

describe('a group that metadata names', () => {
  const inMetadata = { kind: 'in-group', group: 'web-asg', state: 'Terminating', from: 'metadata' } as const;
  const busy = known([local]);
  it('is believed at first while tasks run here, and asked the next time', async () => {
    const { polls, seenInDrain, says, ask } = setUp();
    Object.assign(says, { inMetadata, tasks: busy });
    await ask('lifecycle');
    assert.deepEqual(polls.lifecycle.reading(), known(inMetadata));
    assert.equal(
      seenInDrain().terminatingSince,
      undefined,
      'the group would be asked whether its hook waits',
    );
    await ask('lifecycle');
    assert.deepEqual(polls.lifecycle.reading(), known(says.lifecycle));
  });
  for (const [what, more] of [
    ['no task runs here: it could be let go', { tasks: known([]) }],
    ['the ECS agent is silent', { tasks: unknown('silent') }],
    ['more is known of its lifecycle action', { tasks: busy, mayAssumeWait: false }],
    ['metadata names none', { tasks: busy, inMetadata: undefined }],
  ] as const)
    it(`is asked at once where ${what}`, async () => {
      const { polls, says, ask } = setUp();
      Object.assign(says, { inMetadata, ...more });
      await ask('lifecycle');
      assert.deepEqual(polls.lifecycle.reading(), known(says.lifecycle));
    });
});
