import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  beginDrain,
  beginMutation,
  beginWaiting,
  pretend,
  tryOf,
} from '../../../../src/agent/act/drain-state.ts';
import { settle } from '../../../../src/agent/act/settle.ts';
import { settleHeartbeat } from '../../../../src/agent/act/settle-heartbeat.ts';
import type { SettleContext } from '../../../../src/agent/act/settled.ts';
import type { DrainState, EcsView, Memory, Mutation, Outcome } from '../../../../src/agent/model.ts';
import { containerInstanceIn } from '../../../../src/agent/observe/container-instance.ts';
import { AwsError, type AwsErrorKind } from '../../../../src/aws/errors.ts';
import { known, unknown } from '../../../../src/base/reading.ts';

const NOW = 1_800_000_000_000;
const active = { kind: 'registered', cluster: 'web', arn: 'a', status: 'ACTIVE' } as const;
const draining = { ...active, status: 'DRAINING' } as const;
const setDraining: Mutation = { kind: 'set-draining', containerInstance: active };
const setActive: Mutation = { kind: 'set-active', containerInstance: draining };
const deregister: Mutation = { kind: 'deregister', containerInstance: draining };
const complete: Mutation = {
  kind: 'complete',
  group: 'web',
  hook: 'drain',
  result: 'CONTINUE',
  why: 'drained',
};
const task = { arn: 't', group: 'family:batch', lastStatus: 'RUNNING', desiredStatus: 'RUNNING' };
const stopTasks = { kind: 'stop-tasks', cluster: 'web', tasks: [task], why: 'spot' } as const;
const terminate: Mutation = { kind: 'terminate', why: 'rebalance' };

const done: Outcome = { kind: 'done' };
const tasksRunning: Outcome = { kind: 'tasks-running' };
const nothingWaiting: Outcome = { kind: 'nothing-waiting' };
const failed = (kind: AwsErrorKind): Outcome => ({
  kind: 'failed',
  error: new AwsError('ecs:DeregisterContainerInstance', kind, 'Any', 'it failed'),
});

const own = [{ cluster: 'web', containerInstanceArn: 'a' }];
const view: EcsView = {
  containerInstance: draining,
  tasks: known([]),
  isListed: true,
  requests: 3,
  heard: 'a',
  own,
  gone: ['x'],
};
const context: SettleContext = {
  now: NOW,
  mode: 'drain',
  isDryRun: false,
  view,
  viewAskedAt: NOW - 3_000,
  tasksLeft: known([]),
  isHostBusy: false,
  jitter: 0,
};
const fresh = beginDrain({});
const after = (
  mutation: Mutation,
  outcome: Outcome,
  {
    state = fresh,
    memory = state.memory,
    ...more
  }: { state?: DrainState; memory?: Memory } & Partial<SettleContext> = {},
) => settle(state, mutation, outcome, memory, { ...context, ...more });

describe('what was done', () => {
  it('DRAINING while the host has tasks: no list of them could end the drain', () =>
    assert.deepEqual(after(setDraining, done, { isHostBusy: true }).stale, []));
  it('DRAINING: shown at once, and the tasks are listed anew', () => {
    const begun = beginMutation(fresh, setDraining, NOW - 100);
    const { state, shows, stale, events } = after(setDraining, done, { state: begun });
    assert.deepEqual(shows, {
      view: {
        containerInstance: draining,
        tasks: unknown('being listed again'),
        isListed: false,
        describedAt: NOW,
        requests: 3,
        heard: 'a',
        own,
        gone: [],
      },
      asOf: NOW,
    });
    assert.deepEqual(stale, ['ecsView']);
    assert.deepEqual(
      events.map(({ event }) => event),
      ['drain.draining'],
    );
    assert.deepEqual(state.memory, { drainingSetAt: NOW - 100, drainingSetOn: 'a' });
    assert.equal(state.unsureBefore, -Infinity);
  });
  it('DRAINING, and called ACTIVE by ECS’s old descriptions: set again ever more rarely, with requests left for the rest', () => {
    let state = fresh;
    const rests = [1, 2, 3, 4, 5].map(() => {
      state = after(setDraining, done, { state }).state;
      return (state.attempts['set-draining']?.restsUntil ?? 0) - NOW;
    });
    assert.deepEqual(rests, [2_000, 4_000, 8_000, 15_000, 15_000]);
  });
  it('given back: nothing of ours is left on it', () => {
    const { state, shows, stale, events } = after(setActive, done, {
      state: beginDrain({ drainingSetAt: 5, drainingSetOn: 'a', signalledAt: 4 }),
    });
    assert.deepEqual(state.memory, { signalledAt: 4 });
    assert.deepEqual(shows?.view.containerInstance, active);
    assert.deepEqual(stale, []);
    assert.deepEqual(
      events.map(({ event }) => event),
      ['drain.cancelled'],
    );
  });
  it('tasks asked to stop: when each was, beside those asked before', () => {
    const { state, stale, events } = after(stopTasks, done, {
      state: beginDrain({ askedToStop: { old: NOW - 60_000, s: NOW - 59_999 } }),
    });
    assert.deepEqual(
      state.memory.askedToStop,
      { s: NOW - 59_999, t: NOW },
      'days of a drain fill the state file',
    );
    assert.deepEqual(
      stale,
      [],
      'a list of many pages takes the requests that the release needs seconds later',
    );
    assert.deepEqual(events, [
      {
        event: 'drain.tasks-stopping',
        message: 'asked 1 task to stop (the Spot interruption is near)',
        fields: { why: 'spot' },
      },
    ]);
  });
  it('a task asked to stop that had been refused before: it can be asked', () => {
    const state = { ...beginDrain({}), stopRefusedAt: { t: NOW - 60_000, u: NOW - 60_000 } };
    assert.deepEqual(after(stopTasks, done, { state }).state.stopRefusedAt, { u: NOW - 60_000 });
  });
  it('tasks that nobody was asked to stop: another look would take the requests that the release needs', () => {
    assert.deepEqual(after(stopTasks, failed('unsent')).stale, []);
    assert.deepEqual(after(stopTasks, failed('transient')).stale, ['ecsView'], 'some may stop by now');
  });
  it('some of the tasks asked to stop: which were, and the others are asked once that has rested', () => {
    const [one] = stopTasks.tasks;
    assert.ok(one);
    const both = { ...stopTasks, tasks: [one, { ...one, arn: 'u' }] };
    const error = new AwsError('ecs:StopTask', 'throttled', 'Any', 'it failed');
    const partly: Outcome = { kind: 'partly', asked: [one], error };
    const { state, stale, events } = after(both, partly);
    assert.deepEqual(state.memory.askedToStop, { t: NOW }, 'it is asked again within seconds');
    assert.deepEqual(
      events.map(({ event, message }) => [event, message]),
      [['drain.tasks-stopping', 'asked 1 of 2 tasks to stop (the Spot interruption is near)']],
      'nobody learns why a job ended',
    );
    assert.deepEqual(stale, []);
    assert.equal(state.attempts['stop-tasks spot']?.failures, 1);
    assert.ok((state.attempts['stop-tasks spot']?.restsUntil ?? 0) >= NOW + 1_000);
  });
  it('deregistered: as of when the rest of the view was asked', () => {
    const { shows, stale, events } = after(deregister, done);
    assert.deepEqual(shows, {
      view: {
        containerInstance: { kind: 'deregistered', arn: 'a' },
        tasks: known([]),
        isListed: false,
        requests: 0,
        heard: 'a',
        own,
        gone: [],
      },
      asOf: NOW - 3_000,
    });
    assert.deepEqual(stale, []);
    assert.deepEqual(
      events.map(({ event }) => event),
      ['drain.deregistered'],
    );
  });
  it('deregistered while the ECS agent was silent: ECS is asked whether the host is another one by now', () => {
    const { shows, state } = after(deregister, done, { view: { ...view, heard: undefined } });
    assert.equal(shows?.asOf, -Infinity);
    assert.equal(
      shows?.view.tasks.kind,
      'unknown',
      'the operator’s hooks would run as if none were left under its new name',
    );
    assert.equal(state.memory.deregistered, 'a', 'after a restart ECS lists no task of what is deregistered');
    assert.equal(after(deregister, done, { view: undefined }).shows?.asOf, -Infinity);
  });
  it('deregistered, though the ECS agent had named another: ECS is asked after that one', () => {
    const { shows } = after(deregister, done, { view: { ...view, heard: 'b' } });
    assert.equal(shows?.asOf, -Infinity, 'the instance is let go while tasks can be placed on it');
  });
  it('of the old container instance while the host is known under a new one: the new one may have tasks', () => {
    const anew = { ...active, arn: `${active.arn}-anew` };
    const { shows, stale } = after(deregister, done, { view: { ...view, containerInstance: anew } });
    assert.equal(shows, undefined, 'the instance would be let go with what runs under its new name');
    assert.deepEqual(stale, ['ecsView']);
  });

  it('deregistered with tasks left, or while it took new ones: ECS is asked after them', () => {
    const left = after(deregister, done, { tasksLeft: known([task]) });
    assert.deepEqual(left.shows?.view.tasks, known([task]));
    assert.deepEqual(left.stale, ['ecsView']);
    const wasActive = after({ kind: 'deregister', containerInstance: active }, done);
    assert.deepEqual(wasActive.shows?.view.tasks, unknown('asking what was placed last'));
    assert.deepEqual(wasActive.stale, ['ecsView']);
    assert.equal(
      wasActive.state.memory.deregistered,
      undefined,
      'after a restart its last tasks would count as known',
    );
  });
  it('deregistered, and meanwhile a look could not tell which tasks are left: ECS is asked after them', () => {
    const { shows, stale } = after(deregister, done, { tasksLeft: unknown('ECS counts 1 and lists none') });
    assert.deepEqual(
      shows?.view.tasks,
      unknown('asking what was placed last'),
      'the instance is let go with a task on it that ECS counts and nobody has seen',
    );
    assert.deepEqual(stale, ['ecsView']);
  });
  it('completed: as AWS has answered, until the group says more', () => {
    const { state, stale, events } = after(complete, done);
    assert.deepEqual(state.memory.completed, {
      hook: 'drain',
      result: 'CONTINUE',
      at: NOW,
      standing: 'answered',
    });
    assert.deepEqual(stale, [], 'it is asked half a minute later, if the instance is still there');
    assert.deepEqual(events, [
      {
        event: 'lifecycle.completed',
        message: 'lifecycle action of hook drain ended with CONTINUE (drained)',
        fields: { hook: 'drain', result: 'CONTINUE', why: 'drained' },
      },
    ]);
    const abandoned = after({ ...complete, result: 'ABANDON', why: 'hook-limit' }, done);
    assert.deepEqual(abandoned.stale, ['lifecycle'], 'the instance may be retained');
    assert.deepEqual(
      abandoned.events.map(({ event }) => event),
      ['lifecycle.abandoned'],
    );
  });
  it('terminated again and again: told ever more rarely, since the group retains it each time, and that is said', () => {
    const retained: Mutation = { kind: 'terminate', why: 'drained' };
    let state = after(retained, done).state;
    const rests = [state.attempts.terminate?.restsUntil];
    const said: string[] = [];
    let message: string | undefined;
    for (let times = 2; times <= 6; times++) {
      const next = after(retained, done, { state });
      message = next.events.at(-1)?.message;
      state = next.state;
      rests.push(state.attempts.terminate?.restsUntil);
      said.push(next.events.map(({ event, fields }) => `${event} ${fields?.times ?? ''}`.trim()).join());
    }
    const inSeconds = rests.map((at = 0) => (at - NOW) / 1_000);
    assert.deepEqual(inSeconds, [30, 60, 120, 240, 300, 300]);
    assert.match(message ?? '', /each of 5 times that it was told to terminate it/);
    assert.deepEqual(said, [
      'instance.terminated',
      ...[2, 3, 4, 5].map((times) => `instance.terminated,instance.retained-again ${times}`),
    ]);
  });
  it('terminated again while it stays in service: no hook is blamed for it', () => {
    let state = after(terminate, done).state;
    for (let times = 2; times <= 4; times++) {
      const next = after(terminate, done, { state });
      state = next.state;
      assert.deepEqual(
        next.events.map(({ event }) => event),
        ['instance.terminated'],
        'an operator is told to look for a hook that ends with ABANDON, and there is none',
      );
    }
  });
  it('terminated: the group is asked what it makes of it', () => {
    const { state, stale, events } = after(terminate, done);
    assert.equal(state.memory.terminatedAt, NOW);
    assert.deepEqual(stale, ['lifecycle']);
    assert.deepEqual(
      events.map(({ event, fields }) => [event, fields]),
      [['instance.terminated', { why: 'rebalance' }]],
    );
  });
});

describe('how long it rests', () => {
  /** After each of these outcomes in a row, in ms. */
  const rests = (
    mutation: Mutation,
    outcomes: readonly Outcome[],
    mode: 'drain' | 'deregister' = 'drain',
  ) => {
    let state = fresh;
    return outcomes.map((outcome) => {
      state = after(mutation, outcome, { state, mode }).state;
      return (state.attempts[tryOf(mutation)]?.restsUntil ?? 0) - NOW;
    });
  };
  const times = (n: number, outcome: Outcome) => Array.from({ length: n }, () => outcome);

  it('a second after a failure, then five, and a second again once it got somewhere', () =>
    assert.deepEqual(
      rests(complete, [...times(3, failed('transient')), nothingWaiting, failed('transient')]),
      [1_000, 5_000, 5_000, 15_000, 1_000],
    ));
  it('each kind for itself, and StopTask before a Spot interruption apart from that at a limit', () => {
    const atLimit: Mutation = { ...stopTasks, why: 'timeout' };
    const { attempts } = after(atLimit, failed('permission')).state;
    assert.deepEqual(
      Object.keys(attempts),
      ['stop-tasks timeout'],
      'a Spot instance ends before its tasks are asked to',
    );
    assert.equal(tryOf(stopTasks), 'stop-tasks spot');
  });
  it('not at all for an action that has only begun to wait, whatever none before it was answered', () => {
    const times5 = { at: NOW, outcome: 'nothing-waiting', times: 5 } as const;
    const waited = { ...after(complete, nothingWaiting).state, heartbeat: times5 };
    const { attempts, heartbeat } = beginWaiting(
      after(terminate, failed('throttled'), { state: waited }).state,
      NOW,
    );
    assert.deepEqual(Object.keys(attempts), ['terminate'], 'a retained instance is completed minutes late');
    assert.equal(heartbeat, undefined, 'its hook times out, for want of a heartbeat');
    const recorded = { at: NOW, outcome: 'recorded' } as const;
    const beaten = { ...waited, heartbeat: recorded };
    assert.equal(beginWaiting(beaten, NOW).heartbeat, recorded, 'each instance of a fleet sends two at once');
    assert.equal(beginWaiting(beaten, NOW + 1).heartbeat, undefined, 'it was recorded for the wait before');
  });
  it('a minute where the permission is missing', () =>
    assert.deepEqual(rests(complete, [failed('permission')]), [60_000]));
  it('a second at least, whatever failed', () =>
    assert.deepEqual(rests(complete, [failed('stopped')]), [1_000]));
  it('… and by up to a fifth longer, by chance: a fleet that failed together would come back together', () => {
    const { attempts } = after(complete, failed('stopped'), { jitter: 1 }).state;
    assert.equal(attempts.complete?.restsUntil, NOW + 1_200);
  });
  it('5 s at most before a Spot interruption, whatever AWS refuses: half a minute must hold several tries', () => {
    assert.deepEqual(rests(stopTasks, [failed('permission')]), [5_000]);
    assert.deepEqual(rests({ ...stopTasks, why: 'timeout' }, [failed('permission')]), [60_000]);
  });
  it('2, 3, 4 and 5 s after ECS refused to deregister', () =>
    assert.deepEqual(rests(deregister, times(5, tasksRunning)), [2_000, 3_000, 4_000, 5_000, 5_000]));
  it('… and ever longer after that: each try takes a look at ECS, and three APIs are asked all the time', () => {
    const all = rests(deregister, times(46, tasksRunning));
    assert.deepEqual([all[23], all[24], all[43], all[44], all[45]], [5_000, 15_000, 15_000, 60_000, 60_000]);
  });
  it('ever longer where the group refuses to terminate a retained instance, as one of a warm pool', () => {
    const minutes = rests(terminate, times(5, failed('rejected'))).map((ms) => ms / 60_000);
    assert.deepEqual(minutes, [0.5, 1, 2, 4, 5]);
  });
  it('15 s after each refusal in mode deregister, and longer where a list takes more requests', () => {
    assert.deepEqual(rests(deregister, times(2, tasksRunning), 'deregister'), [20_000, 20_000]);
    const rest = (requests: number) =>
      (after(deregister, tasksRunning, { mode: 'deregister', view: { ...view, requests } }).state.attempts
        .deregister?.restsUntil ?? 0) - NOW;
    assert.deepEqual([rest(2), rest(8)], [15_000, 120_000]);
  });
  it('twice as long each time no action waits, up to five minutes', () =>
    assert.deepEqual(
      rests(complete, times(6, nothingWaiting)),
      [15_000, 30_000, 60_000, 120_000, 240_000, 300_000],
    ));
  it('not at all once it was done', () =>
    assert.deepEqual(rests(complete, [failed('throttled'), done])[1], -Infinity));
});

describe('a refusal', () => {
  it('is told once, and the tasks are listed anew', () => {
    const first = after(deregister, tasksRunning);
    assert.deepEqual(
      first.events.map(({ event }) => event),
      ['drain.refused'],
    );
    assert.deepEqual(first.stale, ['ecsView']);
    assert.deepEqual(after(deregister, tasksRunning, { state: first.state }).events, []);
  });
  it('asks nothing anew in mode deregister, which lists before each try', () =>
    assert.deepEqual(after(deregister, tasksRunning, { mode: 'deregister' }).stale, []));
  it('that nothing waits confirms what we completed, and asks the group', () => {
    const completed = { hook: 'drain', result: 'CONTINUE', at: 1, standing: 'answered' } as const;
    const { state, stale, events } = after(complete, nothingWaiting, { state: beginDrain({ completed }) });
    assert.deepEqual(state.memory.completed, { ...completed, at: NOW, standing: 'confirmed' });
    assert.deepEqual(stale, ['lifecycle', 'hooks'], 'the hook may have another name by now');
    assert.deepEqual(
      events.map(({ event, fields }) => [event, fields]),
      [['lifecycle.nothing-waiting', { hook: 'drain' }]],
    );
    assert.deepEqual(after(complete, nothingWaiting).state.memory, {});
    // The answer to our own completion was lost, or somebody else has ended the action.
    const unsure = after(complete, nothingWaiting);
    assert.equal(unsure.events.length, 1);
    const repeated = after(complete, nothingWaiting, { state: unsure.state });
    assert.deepEqual(repeated.events, [], 'the log warns of it for as long as another hook waits');
    const again = after(complete, nothingWaiting, {
      state: beginDrain({ completed: { ...completed, standing: 'confirmed' } }),
    });
    assert.deepEqual(again.events, [], 'it is repeated every five minutes while another hook waits');
  });
});

describe('a failure', () => {
  it('makes the view of ECS worthless, and the group’s state where the instance was to go', () => {
    assert.deepEqual(after(deregister, failed('transient')).stale, ['ecsView']);
    assert.deepEqual(after(complete, failed('transient')).stale, ['ecsView', 'lifecycle']);
    assert.deepEqual(after(terminate, failed('transient')).stale, ['ecsView', 'lifecycle']);
  });
  it('by throttling says nothing of the instance: it is tried again without a look', () => {
    assert.deepEqual(after(deregister, failed('throttled')).stale, []);
    assert.deepEqual(after(complete, failed('throttled')).stale, []);
  });
  it('of the release rests shortly if it is throttled, by chance: heartbeats that ask for the same have minutes', () => {
    for (const mutation of [complete, terminate, deregister])
      assert.deepEqual([throttled(mutation, 1, 0), throttled(mutation, 1, 1)], [250, 750], mutation.kind);
    const later = [2, 3, 4, 5, 6].map((times) => throttled(complete, times, 1));
    assert.deepEqual(later, [750, 750, 750, 6_000, 6_000], 'a minute has twelve requests');
    assert.equal(throttled(complete, 5, 0), 1_000);
  });
  it('of another change rests longer each time it is throttled, by chance', () => {
    const rests = [throttled(setDraining, 1, 0), throttled(setDraining, 1, 1), throttled(setDraining, 2, 1)];
    assert.deepEqual(rests, [1_000, 1_200, 1_800]);
  });
  function throttled(mutation: Mutation, times: number, jitter: number): number {
    let state = fresh;
    for (let time = 1; time <= times; time++)
      state = after(mutation, failed('throttled'), { state, jitter }).state;
    return (state.attempts[tryOf(mutation)]?.restsUntil ?? 0) - NOW;
  }
  it('says nothing by itself: the call has', () =>
    assert.deepEqual(after(complete, failed('transient')).events, []));
});

describe('our DRAINING', () => {
  const begun = beginMutation(fresh, setDraining, NOW);
  const statusIn = (state: DrainState, askedAt: number) => {
    const seen = containerInstanceIn(state, known({ ...view, containerInstance: active }), askedAt);
    return seen.kind === 'known' && seen.value.kind === 'registered' ? seen.value.status : seen.kind;
  };

  it('is written down before it is set, and on what', () =>
    assert.deepEqual(begun.memory, { drainingSetAt: NOW, drainingSetOn: 'a' }));
  it('alone is: nothing else is written ahead', () =>
    assert.equal(beginMutation(fresh, deregister, NOW), fresh));
  it('has not arrived until AWS has answered: StopTask before a Spot interruption does not wait for that', () => {
    assert.equal(statusIn(begun, NOW + 1), 'ACTIVE');
    assert.equal(statusIn(after(setDraining, done, { state: begun }).state, NOW), 'ACTIVE');
  });
  for (const kind of ['rejected', 'permission', 'credentials', 'throttled', 'unsent'] as const)
    it(`was not set where AWS said no, or was never asked (${kind}): an operator’s own would be undone`, () => {
      const { state } = after(setDraining, failed(kind), { state: begun, memory: {} });
      assert.deepEqual(state.memory, {});
      assert.equal(statusIn(state, NOW - 10_000), 'ACTIVE');
    });
  it('stays ours where AWS said no to setting it once more', () => {
    for (const before of [{ drainingSetAt: 5, drainingSetOn: 'earlier' }, { drainingSetAt: 5 }]) {
      const again = beginMutation(beginDrain(before), setDraining, NOW);
      const { state } = after(setDraining, failed('rejected'), { state: again, memory: before });
      assert.deepEqual(state.memory, before, 'DRAINING that was never set would count as ours');
    }
  });
  it('may have been set where the answer was lost: only a later view can tell', () => {
    const { state } = after(setDraining, failed('transient'), { state: begun, memory: {}, now: NOW + 2_000 });
    assert.deepEqual(state.memory, { drainingSetAt: NOW, drainingSetOn: 'a' });
    assert.equal(statusIn(state, NOW + 1_999), 'unknown');
    assert.equal(statusIn(state, NOW + 2_000), 'ACTIVE');
  });
  it('of another failure is left as it was', () => {
    const { state } = after(deregister, failed('transient'), { state: begun, memory: {} });
    assert.equal(state.unsureBefore, Infinity);
  });
});

describe('in a dry run', () => {
  const seenAs = (state: DrainState) =>
    containerInstanceIn(state, known({ ...view, containerInstance: active }), NOW);
  it('what was left out counts as done', () => {
    const drainingInName = pretend(fresh, setDraining);
    assert.deepEqual(seenAs(drainingInName), known(draining));
    assert.deepEqual(seenAs(pretend(drainingInName, deregister)), known({ kind: 'deregistered', arn: 'a' }));
    assert.deepEqual(seenAs(pretend(drainingInName, setActive)), known(active));
  });
  it('a completed action is not doubted, though it still waits', () =>
    assert.equal(after(complete, done, { isDryRun: true }).state.memory.completed?.standing, 'confirmed'));
  it('each is noted once', () =>
    assert.deepEqual(pretend(pretend(fresh, deregister), deregister).pretended, ['deregister']));
  it('what is not known, or gone, stays so', () => {
    assert.deepEqual(containerInstanceIn(fresh, unknown('throttled'), NOW), unknown('throttled'));
    const gone = { kind: 'deregistered', arn: 'b' } as const;
    const state = pretend(fresh, setDraining);
    assert.deepEqual(
      containerInstanceIn(state, known({ ...view, containerInstance: gone }), NOW),
      known(gone),
    );
  });
});

describe('an outcome changes its own part of the state, and nothing else', () => {
  const memory: Memory = {
    signalledAt: 3,
    drainingSetAt: 4,
    drainingSetOn: 'a',
    askedToStop: { s: 1 },
    hooksRun: {},
  };
  const resting = { failures: 2, refusals: 3, nothingWaited: 4, restsUntil: 5 };
  const state: DrainState = {
    memory,
    attempts: { terminate: resting },
    heartbeat: { at: 6, outcome: 'recorded' },
    pretended: ['deregister'],
    unsureBefore: 7,
  };
  const first = { failures: 0, refusals: 0, nothingWaited: 0, restsUntil: -Infinity };
  const stateAfter = (mutation: Mutation, outcome: Outcome, more: Partial<DrainState> = {}) =>
    after(mutation, outcome, { state: { ...state, ...more } }).state;
  const attempts = (kind: ReturnType<typeof tryOf>, changed: object = {}) => ({
    terminate: resting,
    [kind]: { ...first, ...changed },
  });

  it('DRAINING', () =>
    assert.deepEqual(stateAfter(setDraining, done), {
      ...state,
      attempts: attempts('set-draining', { refusals: 1, restsUntil: NOW + 2_000 }),
      unsureBefore: -Infinity,
    }));
  it('ACTIVE', () =>
    assert.deepEqual(stateAfter(setActive, done), {
      ...state,
      memory: { signalledAt: 3, askedToStop: { s: 1 }, hooksRun: {} },
      attempts: attempts('set-active'),
    }));
  it('tasks asked to stop', () =>
    assert.deepEqual(stateAfter(stopTasks, done), {
      ...state,
      memory: { ...memory, askedToStop: { t: NOW } },
      attempts: attempts('stop-tasks spot'),
    }));
  it('deregistered: what had been set DRAINING is not there any more to be given back', () => {
    const { drainingSetAt: _, drainingSetOn: __, ...rest } = memory;
    assert.deepEqual(stateAfter(deregister, done), {
      ...state,
      memory: { ...rest, deregistered: 'a' },
      attempts: attempts('deregister'),
    });
  });
  it('completed', () =>
    assert.deepEqual(stateAfter(complete, done), {
      ...state,
      memory: {
        ...memory,
        completed: { hook: 'drain', result: 'CONTINUE', at: NOW, standing: 'answered' },
      },
      attempts: attempts('complete'),
    }));
  it('terminated', () =>
    assert.deepEqual(stateAfter(terminate, done), {
      ...state,
      memory: { ...memory, terminatedAt: NOW },
      attempts: { terminate: { ...resting, failures: 0, refusals: 4, restsUntil: NOW + 240_000 } },
    }));
  it('refused', () =>
    assert.deepEqual(stateAfter(deregister, tasksRunning), {
      ...state,
      attempts: attempts('deregister', { refusals: 1, restsUntil: NOW + 2_000 }),
    }));
  it('that nothing waits', () =>
    assert.deepEqual(stateAfter(complete, nothingWaiting), {
      ...state,
      attempts: attempts('complete', { nothingWaited: 1, restsUntil: NOW + 15_000 }),
      heartbeat: { at: NOW, outcome: 'nothing-waiting', times: 1 },
    }));
  it('that nothing waits, as heartbeats were told before', () => {
    const heartbeat = { at: 6, outcome: 'nothing-waiting', times: 3 } as const;
    assert.deepEqual(stateAfter(complete, nothingWaiting, { heartbeat }).heartbeat, {
      ...heartbeat,
      at: NOW,
    });
  });
  it('that nothing waits, after it looked completed', () => {
    const completed = { hook: 'drain', result: 'CONTINUE', at: 9, standing: 'doubted' } as const;
    const { memory: left } = stateAfter(complete, nothingWaiting, { memory: { ...memory, completed } });
    assert.deepEqual(left, { ...memory, completed: { ...completed, at: NOW, standing: 'confirmed' } });
  });
  it('a failure', () =>
    assert.deepEqual(stateAfter(complete, failed('throttled')), {
      ...state,
      attempts: attempts('complete', { failures: 1, restsUntil: NOW + 250 }),
    }));
  it('that DRAINING may have been set', () =>
    assert.deepEqual(stateAfter(setDraining, failed('transient')), {
      ...state,
      attempts: attempts('set-draining', { failures: 1, restsUntil: NOW + 1_000 }),
      unsureBefore: NOW,
    }));
  it('that ACTIVE may have been set: what ECS said before is nothing to rest on', () => {
    assert.equal(stateAfter(setActive, failed('transient')).unsureBefore, NOW);
    assert.equal(stateAfter(setActive, failed('throttled')).unsureBefore, state.unsureBefore);
  });
  it('that DRAINING was not set', () => {
    const { signalledAt } = memory;
    const before = after(setDraining, failed('rejected'), { state, memory: { signalledAt: 3 } }).state;
    assert.deepEqual(before.memory, { signalledAt, askedToStop: { s: 1 }, hooksRun: {} });
  });
  it('DRAINING written ahead', () =>
    assert.deepEqual(beginMutation(state, setDraining, NOW), {
      ...state,
      memory: { ...memory, drainingSetAt: NOW, drainingSetOn: 'a' },
      unsureBefore: Infinity,
    }));
  it('a dry run', () =>
    assert.deepEqual(pretend(state, setDraining), {
      ...state,
      pretended: ['deregister', 'set-draining'],
    }));
  it('a heartbeat', () =>
    assert.deepEqual(
      settleHeartbeat(state, { hook: 'drain', outcome: done, at: NOW, jitter: 0.5, isGroupCrowded: false })
        .state,
      {
        ...state,
        heartbeat: { at: NOW, outcome: 'recorded' },
      },
    ));
});

describe('what succeeded, or got an answer, begins anew: the next failure is a first one', () => {
  const restAfterBoth = (mutation: Mutation, outcome: Outcome) => {
    const between = after(mutation, outcome, { state: after(mutation, failed('transient')).state }).state;
    const { attempts } = after(mutation, failed('transient'), { state: between }).state;
    return (attempts[tryOf(mutation)]?.restsUntil ?? 0) - NOW;
  };
  it('done', () => assert.equal(restAfterBoth(stopTasks, done), 1_000));
  it('refused', () => assert.equal(restAfterBoth(deregister, tasksRunning), 1_000));
  it('nothing waiting', () => assert.equal(restAfterBoth(complete, nothingWaiting), 1_000));
});

it('what is shown where ECS has said nothing yet: a list of two requests, on no container instance of ours', () => {
  const { shows } = after(setDraining, done, { view: undefined });
  assert.deepEqual(shows, {
    view: {
      containerInstance: draining,
      tasks: unknown('being listed again'),
      isListed: false,
      describedAt: NOW,
      requests: 2,
      heard: undefined,
      own: [],
      gone: [],
    },
    asOf: NOW,
  });
});

it('what ECS has said is believed by a process that has set nothing, whenever it was asked', () =>
  assert.deepEqual(containerInstanceIn(beginDrain({}), known(view), -Infinity), known(draining)));

it('deregistered where ECS has said nothing yet: no container instance is called ours', () =>
  assert.deepEqual(after(deregister, done, { view: undefined }).shows?.view.own, []));

it('refused in mode deregister where ECS has said nothing yet: 15 s', () => {
  const { state } = after(deregister, tasksRunning, { mode: 'deregister', view: undefined });
  assert.equal(state.attempts.deregister?.restsUntil, NOW + 15_000);
});
