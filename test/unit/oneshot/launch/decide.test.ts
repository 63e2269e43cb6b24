import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AwsError } from '../../../../src/aws/errors.ts';
import { decide, waitsSince } from '../../../../src/oneshot/launch/decide.ts';
import type { Launch, Policy, Step } from '../../../../src/oneshot/launch/model.ts';
import { cancelled, sent, settle } from '../../../../src/oneshot/launch/settle.ts';
import {
  after,
  defined,
  described,
  exited,
  fresh,
  MINUTE,
  noRoom,
  policy,
  started,
  T0,
  taskView,
  unanswered,
} from './launches.ts';

const HOUR = 60 * MINUTE;
const nothingFound = { kind: 'looked', task: undefined } as const;
const found = (task = taskView()) => ({ kind: 'looked', task }) as const;
const failed = (kind: AwsError['kind'], call: 'define' | 'look' | 'describe' | 'stop' = 'describe') =>
  ({
    kind: 'failed',
    call,
    error: new AwsError('ecs:X', kind, 'Code', `calling ecs:X: ${kind}`),
  }) as const;

/** What is decided later, in short: `start 1`, `end 75`. */
function then(launch: Launch, goes: Policy = policy, now = T0 + HOUR): string {
  const step: Step = decide(launch, goes, now);
  switch (step.kind) {
    case 'start':
      return `start ${step.attempt}`;
    case 'end':
      return `end ${step.end.code} ${step.end.kind}`;
    case 'stop':
      return `stop ${step.why}`;
    default:
      return step.kind;
  }
}

const soon = T0 + 10 * 1_000;
/** It waits for its capacity provider to find it an instance. */
const unplaced = taskView({ lastStatus: 'PROVISIONING', containerInstanceArn: undefined });

const networked: Policy = {
  ...policy,
  asked: { ...policy.asked, network: { subnets: ['subnet-a'], securityGroups: [] } },
};
const awsvpc = { ...defined, definition: { ...defined.definition, networkMode: 'awsvpc' } };

describe('a task of the network mode awsvpc', () => {
  for (const [what, definition, goes, expected] of [
    ['without subnets is refused before it is looked for', awsvpc, policy, 'end 69 refused'],
    ['with subnets is looked for', awsvpc, networked, 'look'],
    ['is the only one that takes subnets', defined, networked, 'end 69 refused'],
  ] as const) {
    test(what, () => assert.equal(then(after(goes, definition), goes), expected));
  }

  test('needs a network interface, in the zone of its subnets', () => {
    const { needs } = after(networked, awsvpc);
    assert.deepEqual([needs?.networkInterfaces, needs?.subnets], [1, ['subnet-a']]);
    assert.equal(after(policy, defined).needs?.networkInterfaces, 0);
  });
});

describe('a launch', () => {
  for (const [what, launch, goes, now, expected] of [
    ['reads the task definition first', after(policy), policy, soon, 'define'],
    ['looks for a task of its key, so that nothing runs twice', after(policy, defined), policy, soon, 'look'],
    ['with a key of its own starts at once', after(fresh, defined), fresh, soon, 'start 0'],
    [
      'starts where no task of its key is there',
      after(policy, defined, nothingFound),
      policy,
      soon,
      'start 0',
    ],
    [
      'waits for the task of its key instead of starting another',
      after(policy, defined, found()),
      policy,
      soon,
      'describe',
    ],
    [
      'gives back how the task of its key has ended',
      after(policy, defined, found(exited(4))),
      policy,
      soon,
      'end 4 exited',
    ],
    [
      'refuses a key that was used with another command',
      after({ ...policy, asked: { ...policy.asked, command: ['other'] } }, defined, found()),
      policy,
      soon,
      'end 65 conflict',
    ],
    [
      'tries again with the same client token where RunTask had no answer',
      after(fresh, defined, unanswered),
      fresh,
      soon,
      'start 0',
    ],
    [
      'takes a new client token once RunTask has said that there was no room',
      after(fresh, defined, noRoom),
      fresh,
      soon,
      'start 1',
    ],
    [
      'keeps its client token in an empty cluster: that RunTask has not completed',
      after(fresh, defined, {
        kind: 'start-answered',
        answer: { kind: 'no-room', missing: [], completed: false, except: [] },
      }),
      fresh,
      soon,
      'start 0',
    ],
    [
      'gives up where there was no room in time',
      after(fresh, defined, noRoom),
      fresh,
      T0 + HOUR,
      'end 75 no-room',
    ],
    [
      'looks for the task before it gives up while RunTask may have started it',
      after({ ...fresh, capacityTimeoutMs: MINUTE }, defined, unanswered),
      { ...fresh, capacityTimeoutMs: MINUTE },
      T0 + MINUTE + 30_000,
      'look',
    ],
    [
      'never says that it is safe to try again while RunTask may have started it',
      after({ ...fresh, capacityTimeoutMs: MINUTE }, defined, unanswered),
      { ...fresh, capacityTimeoutMs: MINUTE },
      T0 + 3 * MINUTE,
      'end 76 lost',
    ],
    ['describes the task that it has started', after(fresh, defined, started()), fresh, soon, 'describe'],
    [
      'without waiting, ends when the task is started',
      after({ ...fresh, waits: false }, defined, started()),
      { ...fresh, waits: false },
      soon,
      'end 0 detached',
    ],
    [
      'takes MISSING right after RunTask for no end',
      after(fresh, defined, started(), described(undefined)),
      fresh,
      T0 + 2 * MINUTE,
      'describe',
    ],
    [
      'has lost track of a task that ECS does not know for minutes',
      after(fresh, defined, started(), described(undefined)),
      fresh,
      T0 + 6 * MINUTE,
      'end 76 lost',
    ],
    [
      'asks again, however long the process has stood still',
      after(fresh, defined, started(), described(taskView({ lastStatus: 'RUNNING', startedAt: T0 }))),
      fresh,
      T0 + 5 * HOUR,
      'describe',
    ],
    [
      'ends with the container',
      after(fresh, defined, started(), described(exited(0))),
      fresh,
      soon,
      'end 0 exited',
    ],
    [
      'never takes a missing exit code for a success',
      after(fresh, defined, started(), described(exited(undefined))),
      fresh,
      soon,
      'end 71 no-exit-code',
    ],
    [
      'stops a task at its time limit',
      after({ ...fresh, timeoutMs: MINUTE }, defined, started(taskView({ startedAt: T0 }))),
      { ...fresh, timeoutMs: MINUTE },
      T0 + 2 * MINUTE,
      'stop timed-out',
    ],
    [
      'counts its time limit by its own clock, which may be an hour ahead: the task has only just started',
      after(
        { ...fresh, timeoutMs: MINUTE },
        defined,
        started(),
        described(taskView({ startedAt: T0 - HOUR })),
      ),
      { ...fresh, timeoutMs: MINUTE },
      T0 + MINUTE,
      'describe',
    ],
    [
      '… or an hour behind',
      after(
        { ...fresh, timeoutMs: MINUTE },
        defined,
        started(),
        described(taskView({ startedAt: T0 + HOUR })),
      ),
      { ...fresh, timeoutMs: MINUTE },
      T0 + 2 * MINUTE,
      'stop timed-out',
    ],
    [
      '… but a clock that was behind and has been set right since cuts no task short',
      after(
        { ...fresh, timeoutMs: 30 * MINUTE },
        defined,
        started(),
        described(taskView({ startedAt: T0 + HOUR })),
      ),
      { ...fresh, timeoutMs: 30 * MINUTE },
      T0 + HOUR + MINUTE,
      'describe',
    ],
    [
      'leaves a task at its time limit where it was told to',
      after({ ...fresh, timeoutMs: MINUTE }, defined, started(taskView({ startedAt: T0 }))),
      { ...fresh, timeoutMs: MINUTE, onTimeout: 'detach' },
      T0 + 2 * MINUTE,
      'end 124 timed-out',
    ],
    [
      'looks once more before it takes back a task: a minute ago it had no instance, and by now it may run',
      after(fresh, defined, started(unplaced)),
      fresh,
      T0 + HOUR,
      'describe',
    ],
    [
      'takes back a task for which a capacity provider finds no instance in time',
      settle(after(fresh, defined, started(unplaced)), fresh, described(unplaced), T0 + HOUR, () => 0.5),
      fresh,
      T0 + HOUR,
      'stop no-room',
    ],
    [
      'leaves a task alone that was placed just before the time for it was over',
      settle(after(fresh, defined, started(unplaced)), fresh, described(taskView()), T0 + HOUR, () => 0.5),
      fresh,
      T0 + 2 * HOUR,
      'describe',
    ],
    [
      'goes on where AWS does not answer',
      after(fresh, defined, started(), failed('transient')),
      fresh,
      T0 + HOUR,
      'describe',
    ],
    [
      'goes on through an outage of any length',
      after(fresh, defined, started(), ...Array.from({ length: 50 }, () => failed('throttled'))),
      fresh,
      T0 + 9 * HOUR,
      'describe',
    ],
    [
      'has lost track where it may not look',
      after(fresh, defined, started(), ...Array.from({ length: 5 }, () => failed('permission'))),
      fresh,
      soon,
      'end 76 lost',
    ],
    [
      'ends where a policy forbids it to begin',
      after(fresh, failed('permission', 'define')),
      fresh,
      soon,
      'end 77 forbidden',
    ],
    [
      'ends where the task definition is not there',
      after(fresh, failed('rejected', 'define')),
      fresh,
      soon,
      'end 69 refused',
    ],
    [
      'waits for credentials that come late',
      after(fresh, failed('credentials', 'define')),
      fresh,
      T0 + 15_000,
      'define',
    ],
    [
      'ends without credentials',
      after(fresh, failed('credentials', 'define')),
      fresh,
      T0 + MINUTE,
      'end 77 forbidden',
    ],
  ] as const) {
    test(what, () => assert.equal(then(launch, goes, now), expected));
  }
});

describe('what a definite answer makes of an earlier RunTask without one', () => {
  const answered = (answer: Parameters<typeof settle>[2] & { kind: 'start-answered' }) =>
    then(
      settle(after(fresh, defined, unanswered), fresh, answer, soon, () => 0.5),
      fresh,
      soon + MINUTE,
    );
  test('no room under the same token: the earlier one has started nothing either', () => {
    assert.equal(answered(noRoom as never), 'start 1');
  });
  test('forbidden: the earlier one may have started it', () => {
    const answer = { kind: 'forbidden', why: 'not allowed' } as const;
    assert.equal(answered({ kind: 'start-answered', answer }), 'end 76 lost');
  });
});

describe('SIGTERM', () => {
  const otherJob = taskView({
    overrides: {
      taskRoleArn: undefined,
      containers: [
        { name: 'main', command: ['migrate'], environment: {}, cpu: undefined, memory: undefined },
      ],
    },
  });
  const term = (launch: Launch) => cancelled(launch, 'SIGTERM', soon);
  for (const [what, launch, goes, expected] of [
    ['before anything was asked', after(fresh), fresh, 'end 143 cancelled'],
    ['before RunTask', after(fresh, defined), fresh, 'end 143 cancelled'],
    ['with a key that may be in use: it looks first', after(policy), policy, 'look'],
    ['while it waits for room', after(fresh, defined, noRoom), fresh, 'end 143 cancelled'],
    [
      'while RunTask has no answer: it looks, and starts nothing',
      after(fresh, defined, unanswered),
      fresh,
      'look',
    ],
    ['while the task runs', after(fresh, defined, started()), fresh, 'stop cancelled'],
    ['when another launcher has started the task', after(policy, defined, found()), policy, 'stop cancelled'],
  ] as const) {
    test(what, () => assert.equal(then(term(launch), goes, soon), expected));
  }

  for (const [what, launch, task, expected] of [
    ['comes to stop the task of its own key', after(policy), taskView(), 'stop cancelled'],
    ['leaves the task of another job with this key alone', after(policy), otherJob, 'end 65 conflict'],
    ['leaves it alone by its container too', after(policy, defined), otherJob, 'end 65 conflict'],
  ] as const) {
    test(`before it has looked: ${what}`, () => {
      const looked = settle(term(launch), policy, found(task), soon, () => 0.5);
      assert.equal(then(looked, policy, soon), expected);
    });
  }

  test('while RunTask is on its way: its task is stopped', () => {
    const inFlight = term(sent(after(fresh, defined), 'start'));
    assert.equal(
      then(
        settle(inFlight, fresh, started(), soon, () => 0.5),
        fresh,
        soon,
      ),
      'stop cancelled',
    );
    assert.equal(
      then(
        settle(inFlight, fresh, noRoom, soon, () => 0.5),
        fresh,
        soon,
      ),
      'end 143 cancelled',
    );
    assert.equal(
      then(
        settle(inFlight, fresh, unanswered, soon, () => 0.5),
        fresh,
        soon + MINUTE / 2,
      ),
      'look',
    );
  });

  test('where RunTask may have started a task that never shows: it does not claim that nothing runs', () => {
    const launch = settle(term(after(fresh, defined, unanswered)), fresh, nothingFound, soon, () => 0.5);
    assert.equal(then(launch, fresh, soon + MINUTE), 'end 76 lost');
  });

  test('minutes after RunTask had no answer: that nothing runs is said only when ECS has been asked', () => {
    const launch = term(after(fresh, defined, unanswered));
    assert.equal(then(launch, fresh, soon + 10 * MINUTE), 'end 76 lost');
    const asked = settle(launch, fresh, nothingFound, soon + 10 * MINUTE, () => 0.5);
    assert.equal(then(asked, fresh, soon + 10 * MINUTE), 'end 143 cancelled');
  });

  test('it is done only when the task has been seen to stop', () => {
    const running = after(fresh, defined, started());
    const asked = settle(term(running), fresh, { kind: 'stop-accepted', why: 'cancelled' }, soon, () => 0.5);
    assert.equal(then(asked, fresh, soon + HOUR), 'describe');
    const stopped = exited(137, { stopCode: 'UserInitiated' });
    assert.equal(
      then(
        settle(asked, fresh, described(stopped), soon, () => 0.5),
        fresh,
      ),
      'end 143 cancelled',
    );
  });

  test('a task that ended by itself a moment before keeps its own code', () => {
    const asked = settle(
      term(after(fresh, defined, started())),
      fresh,
      { kind: 'stop-accepted', why: 'cancelled' },
      soon,
      () => 0.5,
    );
    assert.equal(
      then(
        settle(asked, fresh, described(exited(9)), soon, () => 0.5),
        fresh,
      ),
      'end 9 exited',
    );
  });

  test('a StopTask that fails is sent again', () => {
    const launch = settle(
      term(after(fresh, defined, started())),
      fresh,
      failed('throttled', 'stop'),
      soon,
      () => 0.5,
    );
    assert.equal(then(launch, fresh, soon + MINUTE), 'stop cancelled');
  });

  test('a task that StopTask does not know yet, right after RunTask, is asked to stop for minutes: it would run on', () => {
    const error = new AwsError(
      'ecs:StopTask',
      'rejected',
      'InvalidParameterException',
      'calling ecs:StopTask: InvalidParameterException: The referenced task was not found.',
    );
    const unknown = { kind: 'failed', call: 'stop', error } as const;
    const asked = Array.from({ length: 10 }).reduce<Launch>(
      (launch) => settle(launch, fresh, unknown, soon, () => 0.5),
      term(after(fresh, defined, started())),
    );
    assert.equal(then(asked, fresh, soon + 2 * MINUTE), 'stop cancelled');
    assert.equal(then(asked, fresh, soon + 5 * MINUTE), 'end 76 lost');
    const accepted = settle(asked, fresh, { kind: 'stop-accepted', why: 'cancelled' }, soon, () => 0.5);
    assert.equal(then(accepted, fresh, soon + 5 * MINUTE), 'describe');
  });

  test('twice: it leaves at once, and says what may run', () => {
    const twice = (launch: Launch, goes: Policy = fresh) => then(term(term(launch)), goes, soon);
    assert.equal(twice(after(fresh, defined, started())), 'end 76 lost');
    assert.equal(twice(sent(after(fresh, defined), 'start')), 'end 76 lost');
    assert.equal(twice(after(fresh, defined, noRoom)), 'end 143 cancelled');
    assert.equal(twice(after(policy, defined), policy), 'end 76 lost');
  });

  test('SIGINT ends with 130', () => {
    assert.equal(then(cancelled(after(fresh), 'SIGINT', soon), fresh, soon), 'end 130 cancelled');
  });
});

describe('a task without an instance that ECS does not stop, and that is looked at before each try', () => {
  /** From the end of the time for room on: how it ends within an hour, and how often ECS was asked to stop it. */
  function untilEnd(...kinds: readonly AwsError['kind'][]): readonly [string, number] {
    let launch = after(fresh, defined, started(unplaced));
    let stops = 0;
    for (let now = T0 + 30 * MINUTE; now < T0 + 90 * MINUTE; ) {
      const step = decide(launch, fresh, now);
      if (step.kind === 'end') return [step.end.kind, stops];
      if (step.kind === 'wait') now = step.until;
      else {
        const kind = kinds[stops % kinds.length] ?? 'throttled';
        if (step.kind === 'stop') stops++;
        const outcome = step.kind === 'stop' ? failed(kind, 'stop') : described(unplaced);
        launch = settle(launch, fresh, outcome, now, () => 0.5);
        now += 100;
      }
    }
    return ['goes on', stops];
  }
  test('a policy forbids it: the launch ends, it does not go on for ever', () =>
    assert.deepEqual(untilEnd('permission'), ['lost', 5]));
  test('only one try of five is refused: it may run on only if all are', () =>
    assert.equal(untilEnd('throttled', 'throttled', 'throttled', 'throttled', 'permission')[0], 'goes on'));
  test('ECS throttles it: the tries become rarer, down to two a minute', () =>
    assert.deepEqual(untilEnd('throttled'), ['goes on', 124]));
});

describe('how long it waits', () => {
  const wait = (launch: Launch, goes: Policy, now: number) => {
    const step = decide(launch, goes, now);
    return step.kind === 'wait' ? step.until - now : step.kind;
  };
  test('at the deadline for room it gives up, not at the next try', () => {
    const goes = { ...fresh, capacityTimeoutMs: 2_000 };
    // Answered two seconds after T0: there is nothing left to wait for two seconds later.
    assert.equal(wait(after(goes, defined, noRoom), goes, T0 + 2_000), 2_000);
  });
  test('a running task is described each twentieth of its time, and in time for its limit', () => {
    const running = described(taskView({ lastStatus: 'RUNNING', startedAt: T0 - 10 * MINUTE }));
    const attached = started(taskView({ startedAt: T0 - 10 * MINUTE }));
    const launch = after(fresh, defined, attached, running);
    // The third outcome comes 3 s after T0, when it has run for 603 s.
    assert.equal(wait(launch, fresh, T0 + 3_000), 30_150);
    const goes = { ...fresh, timeoutMs: 10 * MINUTE + 5_000 };
    assert.equal(wait(after(goes, defined, attached, running), goes, T0 + 3_000), 2_000);
  });
});

describe('a task that waits for its place counts its time', () => {
  const since = (createdAt: number | undefined, isAttached: boolean) =>
    (waitsSince({ task: taskView({ createdAt }), firstSeenAt: T0, isAttached }, T0 + MINUTE) - T0) / MINUTE;
  test('from when ECS says that it was created', () => {
    assert.equal(since(T0 - 4 * MINUTE, false), -4);
    assert.equal(since(T0 - HOUR, true), -60, 'an earlier launcher has started it');
  });
  test('from when it was first seen where this host’s clock is wrong: it would be stopped within seconds', () => {
    assert.equal(since(T0 - HOUR, false), 0, 'this launcher has started it, so it cannot be so old');
    assert.equal(since(T0 + HOUR, true), 0);
    assert.equal(since(undefined, true), 0);
  });
});
