import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beginDrain } from '../../../../src/agent/act/drain-state.ts';
import type { DrainState, EcsView, Memory, Policy } from '../../../../src/agent/model.ts';
import { createDrainPolls } from '../../../../src/agent/observe/drain-polls.ts';
import { createObserver } from '../../../../src/agent/observe/observation.ts';
import type { Lifecycle } from '../../../../src/aws/auto-scaling.ts';
import { AwsError, type AwsErrorKind } from '../../../../src/aws/errors.ts';
import { known, type Reading, unknown } from '../../../../src/base/reading.ts';
import type { LocalTask } from '../../../../src/host/ecs-agent.ts';
import { createVirtualClock, START, settled } from '../../../support/virtual-clock.ts';

const containerInstance = { kind: 'registered', cluster: 'web', arn: 'ci', status: 'DRAINING' } as const;
const task = { arn: 'a', group: 'service:site', lastStatus: 'RUNNING', desiredStatus: 'RUNNING' };
const view: EcsView = {
  containerInstance,
  tasks: known([task]),
  isListed: true,
  requests: 2,
  heard: 'ci',
  own: [],
  gone: [],
};
const local: LocalTask = { arn: 'a', family: 'site', knownStatus: 'RUNNING' };
const failed = (kind: AwsErrorKind) => new AwsError('ecs:ListTasks', kind, 'Failed', 'it failed');

/** A drain that began with the first moment, and has asked both ECS and the ECS agent then, unless told. */
function setUp(mode: Policy['mode'] = 'drain', memory: Memory = { signalledAt: START }) {
  const clock = createVirtualClock();
  const says = {
    view: known(view) as Reading<EcsView> | AwsError,
    tasks: known([local]) as Reading<readonly LocalTask[]>,
    group: failed('transient') as Lifecycle | AwsError,
    retains: true as boolean | AwsError,
    inMetadata: undefined as Lifecycle | undefined,
  };
  let state: DrainState = beginDrain(memory);
  const fail = async () => {
    throw failed('transient');
  };
  const { polls, seenInDrain } = createDrainPolls(
    {
      ecsAgent: { tasks: async () => says.tasks },
      autoScaling: {
        lifecycle: async () => {
          if (says.group instanceof AwsError) throw says.group;
          return says.group;
        },
        terminatingHooks: fail,
        retainsAbandoned: async () => {
          if (says.retains instanceof AwsError) throw says.retains;
          return says.retains;
        },
      },
      groupInMetadata: async () => says.inMetadata,
      readEcsView: async () => {
        if (says.view instanceof AwsError) throw says.view;
        return says.view;
      },
      mayAssumeWait: () => true,
      nextViewKind: () => 'full',
      tasksLeft: () => [],
      isWaiting: () => false,
      heldAt: () => -Infinity,
      isTerminating: () => false,
      tagSince: () => -Infinity,
      isIgnored: () => false,
      onView: () => {},
      tasksLeftAt: -Infinity,
    },
    { clock, random: () => 0.5, onAnswer: () => {}, onFault: (_, error) => assert.fail(String(error)) },
  );
  const observer = createObserver({
    clock,
    policy: { mode },
    polls,
    seenInDrain,
    state: () => state,
    signalsChangedAt: () => -Infinity,
    keptAt: () => undefined,
    spread: 0.5,
    drainedHooks: () => undefined,
  });
  return {
    says,
    observer,
    setState: (next: Partial<DrainState>) => {
      state = { ...state, ...next };
    },
    ask: async (...questions: ('ecsView' | 'localTasks' | 'lifecycle' | 'retention')[]) => {
      for (const question of questions) {
        polls[question].ask();
        await settled();
      }
    },
    pass: async (ms: number) => {
      clock.at(clock.trueNow() + ms, () => {});
      clock.step(clock.trueNow() + ms);
      await settled();
    },
    observe: () =>
      observer.observe({
        now: clock.now(),
        wallNow: clock.now(),
        signals: known([{ source: 'manual' }]),
        identity: 'confirmed',
      }),
  };
}

describe('a look at ECS that fails', () => {
  async function afterFailure(kind: AwsErrorKind, mode?: Policy['mode']) {
    const drain = setUp(mode);
    await drain.ask('ecsView', 'localTasks');
    await drain.pass(1_000);
    drain.says.view = failed(kind);
    await drain.ask('ecsView');
    return drain;
  }

  it('by throttling leaves what ECS said before, while a task runs here', async () => {
    const drain = await afterFailure('throttled');
    assert.deepEqual(drain.observe().containerInstance, known(containerInstance));
  });
  it('otherwise makes it unknown', async () => {
    const drain = await afterFailure('transient');
    assert.equal(drain.observe().containerInstance.kind, 'unknown', 'the drain would rest on old answers');
  });
  it('by throttling makes it unknown in mode deregister, and once no task runs here', async () => {
    const plain = await afterFailure('throttled', 'deregister');
    assert.equal(plain.observe().containerInstance.kind, 'unknown');
    const drain = await afterFailure('throttled');
    drain.says.tasks = known([]);
    await drain.ask('localTasks');
    assert.equal(drain.observe().containerInstance.kind, 'unknown', 'it could be released on an old list');
  });
  it('leaves nothing of before this process stood still', async () => {
    const drain = await afterFailure('transient');
    drain.observer.forget('this process stood still');
    drain.says.view = failed('throttled');
    await drain.ask('ecsView', 'localTasks');
    assert.equal(drain.observe().containerInstance.kind, 'unknown', 'it acts on what was so hours ago');
  });
  it('leaves what was asked in the very moment in which it went on', async () => {
    const drain = setUp();
    await drain.pass(1_000);
    drain.observer.forget('this process stood still');
    await drain.ask('ecsView', 'localTasks');
    drain.says.view = failed('throttled');
    await drain.ask('ecsView');
    assert.equal(drain.observe().containerInstance.kind, 'known');
  });
});

it('whether the group retains is an old word once it fails to tell, and its last answer is more than a minute old', async () => {
  const drain = setUp();
  drain.says.group = { kind: 'in-group', group: 'web-asg', state: 'Terminating:Wait' };
  await drain.ask('lifecycle', 'retention');
  await drain.pass(60_000);
  assert.equal(drain.observe().isRetentionOld, false);
  drain.says.retains = failed('transient');
  await drain.ask('retention');
  assert.equal(drain.observe().isRetentionOld, false);
  await drain.pass(1);
  assert.equal(drain.observe().isRetentionOld, true, 'tasks would end that nobody knows of');
});

describe('the group has been silent', () => {
  const inService: Lifecycle = { kind: 'in-group', group: 'web-asg', state: 'InService' };

  it('since its first failure after an answer', async () => {
    const drain = setUp();
    await drain.ask('lifecycle');
    drain.says.group = inService;
    await drain.ask('lifecycle');
    assert.equal(drain.observe().groupSilentSince, undefined);
    await drain.pass(1_000);
    drain.says.group = failed('transient');
    await drain.ask('lifecycle');
    await drain.pass(1_000);
    await drain.ask('lifecycle');
    assert.equal(drain.observe().groupSilentSince, START + 1_000);
  });
  it('since the host stood still at the earliest: nobody asked it meanwhile', async () => {
    const drain = setUp();
    await drain.ask('lifecycle');
    await drain.pass(60_000);
    drain.observer.forget('this process stood still');
    assert.equal(drain.observe().groupSilentSince, START + 60_000);
  });
});

describe('the group’s first answer in a drain', () => {
  const inService: Lifecycle = { kind: 'in-group', group: 'web-asg', state: 'InService' };
  const isAwaited = ({ observe }: ReturnType<typeof setUp>) => observe().isGroupAwaited;

  it('is waited for once it was asked for, and for half a minute where it fails: its hook may wait', async () => {
    const drain = setUp();
    assert.equal(isAwaited(drain), false);
    const asked = drain.ask('lifecycle');
    assert.equal(isAwaited(drain), true, 'an instance that goes is set ACTIVE');
    await asked;
    await drain.pass(29_999);
    await drain.ask('lifecycle');
    assert.equal(isAwaited(drain), true);
    await drain.pass(1);
    assert.equal(isAwaited(drain), false, 'where Auto Scaling is down, no drain could be cancelled');
  });
  it('is waited for as long as it fails where metadata has told last that the group terminates the instance', async () => {
    const drain = setUp('drain', { signalledAt: START, signals: [{ source: 'lifecycle' }] });
    await drain.ask('lifecycle');
    await drain.pass(600_000);
    await drain.ask('lifecycle');
    assert.equal(isAwaited(drain), true, 'an instance that goes is set ACTIVE, and given tasks');
    drain.says.group = failed('permission');
    await drain.ask('lifecycle');
    assert.equal(isAwaited(drain), false);
  });
  it('is not waited for where the role may not ask', async () => {
    const drain = setUp();
    drain.says.group = failed('permission');
    await drain.ask('lifecycle');
    assert.equal(isAwaited(drain), false);
  });
  it('is there whatever fails later', async () => {
    const drain = setUp();
    drain.says.group = inService;
    await drain.ask('lifecycle');
    drain.says.group = failed('transient');
    await drain.ask('lifecycle');
    assert.deepEqual([drain.observe().lifecycle.kind, isAwaited(drain)], ['unknown', false]);
    assert.equal(drain.observe().assumedGroup, undefined);
  });
  it('is waited for once more where metadata has told since that the group terminates the instance', async () => {
    const drain = setUp('drain', { signalledAt: START, signals: [{ source: 'lifecycle' }] });
    drain.says.group = inService;
    await drain.ask('lifecycle');
    assert.equal(drain.observe().assumedGroup, undefined, 'the group itself says that it stays');
    drain.says.group = failed('transient');
    await drain.ask('lifecycle');
    await drain.pass(600_000);
    assert.equal(isAwaited(drain), true, 'an instance that goes is set ACTIVE, and given tasks');
    assert.equal(drain.observe().assumedGroup, 'web-asg', 'no heartbeat would be recorded');
    drain.says.group = failed('permission');
    await drain.ask('lifecycle');
    assert.equal(isAwaited(drain), false);
  });
  it('is waited for without end where metadata has told that the group terminates the instance', async () => {
    const drain = setUp();
    drain.says.inMetadata = { ...inService, state: 'Terminating', from: 'metadata' };
    await drain.ask('lifecycle');
    await drain.ask('lifecycle');
    await drain.pass(600_000);
    const { lifecycle, assumedGroup } = drain.observe();
    assert.deepEqual([lifecycle.kind, isAwaited(drain)], ['unknown', true]);
    assert.equal(assumedGroup, 'web-asg', 'no heartbeat would be recorded');
  });
});

describe('what ECS said last', () => {
  it('counts where DRAINING is being set, and where it was asked once that may have arrived', async () => {
    const drain = setUp();
    await drain.ask('ecsView');
    drain.setState({ unsureBefore: Infinity });
    assert.equal(drain.observer.lastView(), view);
    drain.setState({ unsureBefore: START });
    assert.equal(drain.observer.lastView(), view);
  });
  it('counts no more where DRAINING may have been set since', async () => {
    const drain = setUp();
    await drain.ask('ecsView');
    drain.setState({ unsureBefore: START + 1 });
    assert.equal(drain.observer.lastView(), undefined, 'what is DRAINING would count as ACTIVE');
  });
  it('before this drain does not count', async () => {
    const drain = setUp();
    await drain.ask('ecsView');
    drain.setState({ memory: { signalledAt: START + 1 } });
    assert.equal(drain.observer.lastView(), undefined);
  });
});

it('what ECS said counts where nothing asks for the instance any more: it tells what is to be given back', async () => {
  const drain = setUp();
  await drain.ask('ecsView');
  drain.setState({ memory: {} });
  assert.equal(drain.observer.lastView(), view);
});

describe('the ECS agent', () => {
  it('has to be asked before a list of ECS counts: the host may run what ECS has lost', async () => {
    const drain = setUp();
    drain.says.view = known({ ...view, tasks: known([]) });
    await drain.ask('ecsView');
    assert.equal(drain.observe().tasks.kind, 'unknown', 'a running task would be cut short');
  });
  it('that is silent says of no task that it runs here', async () => {
    const drain = setUp();
    drain.says.tasks = unknown('no answer');
    await drain.ask('localTasks');
    assert.equal(drain.observer.isHostBusy(), false);
  });
});
