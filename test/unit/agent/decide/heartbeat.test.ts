import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextHeartbeat } from '../../../../src/agent/decide/heartbeat.ts';
import type { Action, Heartbeat } from '../../../../src/agent/model.ts';
import { known, unknown } from '../../../../src/base/reading.ts';
import { HOUR, hook, MINUTE, NOW, policy, SECOND, withTask } from './observations.ts';

const wait: Action = { kind: 'wait', why: { for: 'hook' } };
const at = (lastHeartbeat: Heartbeat | undefined, over = hook) => {
  const waiting = { since: NOW - MINUTE, group: 'web-asg', hook: over };
  const observed = { ...withTask, hooks: unknown('throttled'), memory: { waiting }, lastHeartbeat };
  return nextHeartbeat(observed, policy, wait)?.at;
};
/** Only the name of the hook is known: the option gives it, and the group does not answer. */
const nameOnly = { name: 'drain', heartbeatTimeout: undefined, globalTimeout: undefined };

describe('where AWS says that nothing waits, the heartbeat goes on ever more rarely: AWS may be mistaken', () => {
  for (const [times, ms] of [
    [1, 10 * MINUTE],
    [2, 20 * MINUTE],
    [3, 40 * MINUTE],
    [4, HOUR],
    [12, HOUR],
  ] as const)
    it(`${times} times in a row: ${ms} ms later`, () =>
      assert.equal(at({ at: NOW, outcome: 'nothing-waiting', times }), NOW + ms));
});

it('while the group itself is not heard the heartbeat that nothing waits for goes on at its pace: the wait may have begun', () => {
  const lastHeartbeat = { at: NOW, outcome: 'nothing-waiting', times: 4 } as const;
  const waiting = { since: NOW - MINUTE, group: 'web-asg', hook: nameOnly };
  const seen = { ...withTask, hooks: unknown('throttled'), memory: { waiting }, lastHeartbeat };
  const after = (lifecycle: typeof seen.lifecycle) =>
    (nextHeartbeat({ ...seen, lifecycle }, policy, wait)?.at ?? 0) - NOW;
  assert.equal(after(unknown('throttled')), 6 * SECOND);
  assert.equal(after(withTask.lifecycle), 48 * SECOND);
});

describe('a hook of which only the name is known has the shortest time-out that there is, or it could end', () => {
  it('one every 6 s', () => assert.equal(at({ at: NOW, outcome: 'recorded' }, nameOnly), NOW + 6 * SECOND));
  it('ever more rarely where it is throttled, and so is the question after the rest: each takes a request from it', () => {
    const crowded = { keptAt: NOW - 20 * SECOND, spread: 0 };
    const after = (seconds: number, wasThrottled?: true) => {
      const sentAt = NOW - 20 * SECOND + seconds * SECOND;
      const lastHeartbeat = { at: sentAt, outcome: 'recorded', wasThrottled } as const;
      const waiting = { since: NOW - 20 * SECOND, group: 'web-asg', hook: nameOnly };
      const observed = {
        ...withTask,
        hooks: unknown('throttled'),
        memory: { waiting },
        lastHeartbeat,
        crowded,
      };
      return ((nextHeartbeat(observed, policy, wait)?.at ?? 0) - sentAt) / SECOND;
    };
    assert.deepEqual([after(0, true), after(15, true), after(50, true), after(600, true)], [6, 6, 20, 60]);
    assert.equal(after(600), 6, 'there are requests for both, and a hook of 30 s would have ended');
  });
  it('after a failure one in 5 s', () =>
    assert.equal(at({ at: NOW, outcome: 'failed', recordedAt: NOW - SECOND }, nameOnly), NOW + 5 * SECOND));
  it('a last one 28 s after the one before', () =>
    assert.equal(
      at({ at: NOW, outcome: 'failed', recordedAt: NOW - 25 * SECOND }, nameOnly),
      NOW + 3 * SECOND,
    ));
});

describe('after a failure', () => {
  it('it comes at its pace where none was ever recorded', () =>
    assert.equal(at({ at: NOW, outcome: 'failed' }), NOW + MINUTE));
  it('the last one before the time-out has gone: the next comes at its pace', () =>
    assert.equal(at({ at: NOW, outcome: 'failed', recordedAt: NOW - HOUR + 2 * SECOND }), NOW + MINUTE));
  it('the last one before the time-out is 2 s before it', () =>
    assert.equal(at({ at: NOW, outcome: 'failed', recordedAt: NOW - HOUR + 2 * SECOND + 1 }), NOW + 1));
});

it('there is none for an action of which the hook is not known, while the group is silent', () => {
  const observed = {
    ...withTask,
    lifecycle: unknown('throttled'),
    memory: { waiting: { since: NOW, group: 'web-asg' } },
  };
  assert.equal(nextHeartbeat(observed, policy, wait), undefined);
});

describe('where the account’s requests are short', () => {
  const after = (strain: number, seconds: number, jitter = 0) =>
    (at({ at: NOW, outcome: 'recorded', strain, jitter }, { ...hook, heartbeatTimeout: seconds * SECOND }) ??
      0) - NOW;
  it('heartbeats are rarer, up to seven tenths of the time-out', () => {
    assert.deepEqual([after(0, 300), after(0.5, 300), after(1, 300)], [73_500, 141_750, 210_000]);
    assert.deepEqual([after(0, 3_600), after(1, 3_600)], [10 * MINUTE, 20 * MINUTE]);
    assert.equal(after(1, 120), 84 * SECOND);
  });
  it('and by up to a fifth less rare, each by its own chance: those throttled together would come back together', () => {
    assert.equal(after(1, 300, 0.5), 196_350);
    assert.equal(after(1, 300, 1), 182_700);
  });
  it('but not those of a hook of less than two minutes', () =>
    assert.deepEqual([after(1, 30), after(1, 119)], [6 * SECOND, 28_250]));
  const throttled = (secondsAgo: number, jitter: number, timeout = 300) =>
    (at(
      { at: NOW, outcome: 'failed', recordedAt: NOW - secondsAgo * SECOND, jitter },
      { ...hook, heartbeatTimeout: timeout * SECOND },
    ) ?? 0) - NOW;
  it('and one long past the time-out as if a third of it were left: heartbeats whose answers were lost may have counted', () =>
    assert.deepEqual(
      [throttled(35, 1, 35), throttled(66, 1, 35), throttled(600, 1, 35)].map(Math.round),
      [7_917, 7_917, 7_917],
      'the hook times out while its agent rests',
    ));
  it('… of a long one too, long before the longest rest has passed', () =>
    assert.equal(Math.round(throttled(600, 1)), 38_333, 'the hook times out while its agent rests'));
  it('one that was throttled is tried again by chance, and sooner as the time-out nears', () => {
    assert.deepEqual(
      [throttled(100, 0), throttled(100, 1), throttled(240, 1)],
      [5 * SECOND, 65 * SECOND, 17 * SECOND],
    );
    assert.deepEqual([Math.round(throttled(260, 1)), throttled(296, 1)], [10_333, 2 * SECOND]);
    assert.equal(throttled(299, 1), 7 * SECOND, 'the last second’s tries would keep others from theirs');
  });
  it('the first one of all counts its time-out from when the hook began to wait', () => {
    const retry = (waitsSince: number, seconds = 300, signalledAt = waitsSince) =>
      (nextHeartbeat(
        {
          ...withTask,
          memory: {
            signalledAt,
            waiting: {
              since: waitsSince,
              group: 'web-asg',
              hook: { ...hook, heartbeatTimeout: seconds * SECOND },
            },
          },
          lastHeartbeat: { at: NOW, outcome: 'failed', jitter: 1 },
        },
        policy,
        wait,
      )?.at ?? 0) - NOW;
    assert.equal(Math.round(retry(NOW - 180 * SECOND)), 45_333, 'the hook may run into its time-out');
    assert.equal(retry(NOW + SECOND), 65 * SECOND);
    assert.equal(Math.round(retry(NOW, 120)), 65_000);
    assert.equal(
      Math.round(retry(NOW - 60 * SECOND, 120)),
      25_833,
      'one that waits for 10 s already would time out',
    );
    assert.deepEqual(
      [16, 29, 30].map((seconds) => Math.round(retry(NOW - seconds * SECOND, 30))),
      [2 * SECOND, 5 * SECOND, 7_500],
      'it may have begun to wait ten seconds later, and times out by chance while an outage is over',
    );
    assert.equal(
      Math.round(retry(NOW - HOUR, 30)),
      7_500,
      'a process that was just started does not know for how long',
    );
    assert.equal(
      Math.round(retry(NOW, 124, NOW - 60 * SECOND)),
      32_129,
      'the group says only now that it waits, and it would time out after a minute of tries that failed',
    );
  });
  it('… or from when metadata last said that the group keeps the instance: while it was silent the hook may have waited', () => {
    const waiting = { since: NOW, group: 'web-asg', hook: { ...hook, heartbeatTimeout: 120 * SECOND } };
    const retry = (keptAt: number) =>
      (nextHeartbeat(
        {
          ...withTask,
          crowded: { keptAt, spread: 0 },
          memory: { signalledAt: NOW, waiting },
          lastHeartbeat: { at: NOW, outcome: 'failed', jitter: 1 },
        },
        policy,
        wait,
      )?.at ?? 0) - NOW;
    assert.equal(retry(NOW), 65 * SECOND);
    assert.equal(Math.round(retry(NOW - 60 * SECOND)), 25_833, 'the hook times out while its agent rests');
  });
  it('that of a hook of less than two minutes within a twelfth of its time-out: two tries that are throttled would be too far apart', () =>
    assert.deepEqual(
      [throttled(6, 1, 30), throttled(13, 1, 60), throttled(28, 1, 119), throttled(28, 0, 119)].map(
        Math.round,
      ),
      [7_500, 10_000, 14_917, 5_000],
    ));
  it('never so often that a minute’s twelve requests are used up before the last try', () =>
    assert.ok(
      throttled(296 - 5, 0) >= 5 * SECOND,
      'the hook times out while its agent waits for its own limit',
    ));
});

describe('the first one, while an action is completed that has waited for longer than heartbeats may be apart', () => {
  const timeout = { ...hook, heartbeatTimeout: 300 * SECOND };
  const complete: Action = {
    kind: 'complete',
    group: 'web-asg',
    hook: 'drain',
    result: 'CONTINUE',
    why: 'drained',
  };
  const first = (
    action: Action,
    waitedFor: number,
    crowded: { keptAt: number; spread: number } | undefined,
  ) => {
    const memory = { waiting: { since: NOW - waitedFor, group: 'web-asg', hook: timeout } };
    const observed = { ...withTask, hooks: known([timeout]), memory, lastHeartbeat: undefined, crowded };
    return (nextHeartbeat(observed, policy, action)?.at ?? 0) - NOW;
  };
  const crowded = { keptAt: NOW - 91 * SECOND, spread: 0.5 };
  it('comes no sooner than it would otherwise: where requests are short, the releases need them', () => {
    assert.equal(first(wait, 90 * SECOND, crowded), 77_500);
    assert.equal(first(complete, 90 * SECOND, crowded), 77_500, 'it takes its own release’s turn');
  });
  it('comes at once where they are not short, and not before its time', () => {
    assert.equal(
      first(complete, 90 * SECOND, undefined),
      0,
      'the hook times out while its completion is held up',
    );
    assert.equal(first(complete, SECOND, undefined), 72_500, 'a heartbeat for each release is for nothing');
  });
});

describe('while only metadata says that the group terminates the instance', () => {
  const assumed = known({
    kind: 'in-group',
    group: 'web-asg',
    state: 'Terminating',
    from: 'metadata',
  } as const);
  const first = (more: Partial<typeof withTask>) =>
    nextHeartbeat(
      {
        ...withTask,
        lifecycle: assumed,
        assumedGroup: 'web-asg',
        lastHeartbeat: undefined,
        memory: { signalledAt: NOW },
        ...more,
      },
      policy,
      wait,
    );
  it('a heartbeat tells whether its hook waits, seconds after the signal', () =>
    assert.deepEqual(first({}), { group: 'web-asg', hook: 'drain', at: NOW + 4 * SECOND }));
  it('later where Auto Scaling is short, each at its own time: others need theirs to keep a hook alive', () => {
    const later = (spread: number, seconds: number) => {
      const timeout = { ...hook, heartbeatTimeout: seconds * SECOND };
      const crowded = { keptAt: NOW - SECOND, spread };
      return (first({ crowded, hooks: known([timeout]) })?.at ?? 0) - NOW + SECOND;
    };
    assert.deepEqual([later(0, 300), later(0.5, 300)], [100 * SECOND, 168_500]);
    assert.deepEqual([later(0, 3_600), later(0.5, 3_600)], [100 * SECOND, 170 * SECOND]);
    assert.equal(later(0.5, 120), 67_400);
    assert.equal(later(1, 300), 237 * SECOND, 'an outage of a fifth of the time-out would end the task');
    assert.equal(later(0.5, 119), 5 * SECOND, 'a short hook has no time to wait');
  });
  it('though nothing was kept of the signal yet', () =>
    assert.deepEqual(first({ memory: {} })?.at, NOW + 4 * SECOND));
  it('unless it is not known which hook is ours', () =>
    assert.equal(first({ hooks: unknown('throttled') }), undefined));
  it('for the hook that an earlier process knew as its own, while the hooks cannot be read: it would time out', () => {
    const memory = { signalledAt: NOW, hook: { ...hook, name: 'named-by-a-tag' } };
    assert.equal(first({ hooks: unknown('throttled'), memory })?.hook, 'named-by-a-tag');
    assert.equal(first({ memory })?.hook, 'drain', 'what the group has now counts');
    const onlyTold = { signalledAt: NOW, hook: { ...nameOnly, name: 'told-by-a-tag' } };
    assert.equal(
      first({ hooks: unknown('throttled'), memory: onlyTold }),
      undefined,
      'the group may have no such hook',
    );
    const several = known([hook, { ...hook, name: 'other' }]);
    assert.equal(first({ hooks: several, memory }), undefined, 'it is none of them');
  });
  it('for the hook that was last known to wait while the group is silent, though it has others by now: the action would time out', () => {
    const waiting = { since: NOW - MINUTE, group: 'web-asg', hook: { ...hook, name: 'removed' } };
    const memory = { signalledAt: NOW - MINUTE, waiting };
    const others = known([hook, { ...hook, name: 'other' }]);
    const silent = { lifecycle: unknown('throttled'), hooks: others, memory };
    assert.equal(first(silent)?.hook, 'removed');
  });
  it('and goes on while the group fails to answer, where nothing waited yet: the hook would time out', () => {
    const silent = { lifecycle: unknown('throttled'), memory: { signalledAt: NOW } };
    const lastHeartbeat = { at: NOW, outcome: 'nothing-waiting', times: 1 } as const;
    assert.equal(first({ ...silent, lastHeartbeat })?.at, NOW + 10 * MINUTE);
    assert.equal(first({ ...silent, lastHeartbeat, assumedGroup: undefined }), undefined);
  });
});

describe('while the group, which had begun to terminate the instance, is not heard, and tasks are left', () => {
  const lifecycle = known({ kind: 'in-group', group: 'web-asg', state: 'Terminating' } as const);
  const short = { ...hook, heartbeatTimeout: 34 * SECOND };
  const unasked = {
    ...withTask,
    lifecycle,
    beginningGroup: 'web-asg',
    notWaitingAt: NOW - 5 * SECOND,
    hooks: known([short]),
    lastHeartbeat: undefined,
    memory: { signalledAt: NOW - MINUTE },
  };
  const next = (more: Partial<typeof withTask>) => nextHeartbeat({ ...unasked, ...more }, policy, wait);
  it('a heartbeat tells whether its hook waits: it would time out before the minute has requests again', () =>
    assert.deepEqual(next({}), { group: 'web-asg', hook: 'drain', at: NOW + 5_500 }));
  it('though the last question failed', () =>
    assert.equal(next({ lifecycle: unknown('throttled') })?.at, NOW + 5_500));
  it('counts from the last word of the group, whatever was recorded before', () => {
    const lastHeartbeat = { at: NOW - MINUTE, outcome: 'recorded' } as const;
    assert.equal(next({ lastHeartbeat })?.at, NOW + 5_500);
    assert.equal(next({ lastHeartbeat: { ...lastHeartbeat, at: NOW } })?.at, NOW + 7 * SECOND);
  });
  it('not where none is left: a release asks the group', () =>
    assert.equal(next({ tasks: known([]) }), undefined));
  it('not where the group has not begun', () => assert.equal(next({ beginningGroup: undefined }), undefined));
});

it('goes to the hook that the option names by now, though an earlier process knew another one to wait', () => {
  const waiting = { since: NOW - MINUTE, group: 'web-asg', hook: { ...hook, name: 'backup' } };
  const seen = { ...withTask, lifecycle: unknown('throttled'), hooks: unknown('not asked yet') };
  const restarted = { ...seen, memory: { signalledAt: NOW - MINUTE, waiting } };
  assert.equal(nextHeartbeat(restarted, { ...policy, lifecycleHook: 'drain' }, wait)?.hook, 'drain');
  assert.equal(nextHeartbeat(restarted, policy, wait)?.hook, 'backup');
});

it('after one that was recorded at once the next one comes as late as the strain says', () =>
  assert.equal(at({ at: NOW, outcome: 'recorded', strain: 1 }), NOW + 20 * MINUTE));
