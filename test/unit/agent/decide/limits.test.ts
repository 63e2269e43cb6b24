import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  atLimit,
  beyondHookLimit,
  drainDeadline,
  hookLimit,
  interruptionAt,
  nearestLimit,
  pastTimeout,
} from '../../../../src/agent/decide/limits.ts';
import type { ContainerInstance, Observation, Policy } from '../../../../src/agent/model.ts';
import { ifKnown, known } from '../../../../src/base/reading.ts';
import {
  CI,
  draining,
  HOUR,
  hook,
  inState,
  MINUTE,
  NOW,
  nothing,
  policy,
  SECOND,
  tag,
  taskOf,
  withTask,
} from './observations.ts';

const stopAtLimit = { ...policy, drainTimeout: MINUTE, onTimeout: 'stop-tasks' } as const;
const spot = (interruptionAt: number) => ({ source: 'spot', action: 'terminate', interruptionAt }) as const;
const completed = { hook: 'drain', result: 'CONTINUE', at: NOW, standing: 'answered' } as const;
/** So many tasks that were asked to stop at that time. */
const asked = (count: number, at: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [taskOf(`old${index}`).arn, at]));

/** The ids of the tasks that a limit asks to stop. */
function stopped(
  observed: Observation,
  tasks = ifKnown(observed.tasks) ?? [],
  on: ContainerInstance = draining,
) {
  const action = atLimit(observed, stopAtLimit, on, tasks);
  return action?.kind === 'stop-tasks' ? action.tasks.map(({ arn }) => arn.split('/').at(-1)) : action;
}

describe('at an operator’s limit', () => {
  const remembering = (askedToStop: Record<string, number>): Observation => ({
    ...withTask,
    memory: { ...withTask.memory, askedToStop },
  });

  it('tasks are asked to stop from its very moment on', () => {
    assert.deepEqual(stopped(withTask), ['a']);
    assert.equal(stopped({ ...withTask, now: NOW - 1, wallNow: NOW - 1 }), undefined);
  });
  it('twelve in a minute, the rest when it is over', () => {
    const thirteen = Array.from({ length: 13 }, (_, index) => taskOf(`t${index}`));
    assert.equal((stopped(withTask, thirteen) as string[]).length, 12);
    assert.equal(stopped(remembering(asked(12, NOW - MINUTE + 1))), undefined);
    assert.deepEqual(stopped(remembering(asked(12, NOW - MINUTE))), ['a']);
    assert.deepEqual(stopped(remembering(asked(11, NOW - SECOND))), ['a']);
  });
  it('none while more than twelve were asked before an interruption that did not come', () =>
    assert.equal(stopped(remembering(asked(20, NOW - SECOND))), undefined));
  it('those that were refused come last, or a dozen of them would keep all others from being asked', () => {
    const thirteen = Array.from({ length: 13 }, (_, index) => taskOf(`t${index}`));
    const refused = thirteen.slice(0, 12).map(({ arn }, index) => [arn, NOW - MINUTE + index] as const);
    const observed = { ...withTask, stopRefusedAt: Object.fromEntries(refused) };
    const first = ['t12', ...Array.from({ length: 11 }, (_, index) => `t${index}`)];
    assert.deepEqual(stopped(observed, thirteen), first);
  });
  it('one that was refused is not asked again for ten seconds: others are tried each second before an interruption', () => {
    const { arn } = taskOf('a');
    const refused = (ago: number) => stopped({ ...withTask, stopRefusedAt: { [arn]: NOW - ago } });
    assert.equal(refused(10 * SECOND - 1), undefined);
    assert.deepEqual(refused(10 * SECOND), ['a']);
  });
  it('one is asked again a minute later', () => {
    const { arn } = taskOf('a');
    assert.equal(stopped(remembering({ [arn]: NOW - MINUTE + 1 })), undefined);
    assert.deepEqual(stopped(remembering({ [arn]: NOW - MINUTE })), ['a']);
  });
  it('none that is on another container instance, or on none that ECS names: it may be anybody’s', () => {
    const foreign = taskOf('foreign', { containerInstanceArn: `${CI}2` });
    const nowhere = taskOf('nowhere', { containerInstanceArn: undefined });
    assert.deepEqual(stopped(withTask, [foreign, nowhere, taskOf('ours')]), ['ours']);
  });
  it('none that ECS is stopping already', () =>
    assert.equal(stopped(withTask, [taskOf('a', { desiredStatus: 'STOPPED' })]), undefined));
  it('none once the container instance is deregistered: StopTask could only fail', () =>
    assert.equal(stopped(withTask, undefined, { kind: 'deregistered', arn: CI }), undefined));
});

describe('before a Spot interruption', () => {
  it('all tasks are asked to stop, however many: it cannot be done later', () => {
    const many = Array.from({ length: 30 }, (_, index) => taskOf(`t${index}`));
    const observed = { ...withTask, signals: known([spot(NOW + 30 * SECOND)]) };
    const action = atLimit(observed, policy, draining, many);
    assert.equal(action?.kind === 'stop-tasks' && action.tasks.length, 30);
  });
});

describe('near the hook’s global limit', () => {
  const near = (ms: number): Observation => ({
    ...withTask,
    retainsAbandoned: known(true),
    memory: { ...withTask.memory, waiting: { since: NOW - 48 * HOUR + ms, group: 'web-asg', hook } },
  });
  const abandon = {
    kind: 'complete',
    group: 'web-asg',
    hook: 'drain',
    result: 'ABANDON',
    why: 'hook-limit',
  };

  it('a group that retains is told to, five minutes before', () => {
    assert.deepEqual(beyondHookLimit(near(5 * MINUTE), policy), abandon);
    assert.equal(beyondHookLimit(near(5 * MINUTE + 1), policy), undefined);
  });
  it('but not while one that got nowhere rests: the limits below it, and ACTIVE, would wait for Auto Scaling', () => {
    const rests = (ms: number) => ({ ...near(MINUTE), completionRestsUntil: NOW + ms });
    assert.equal(beyondHookLimit(rests(1), policy), undefined);
    assert.deepEqual(beyondHookLimit(rests(0), policy), abandon);
  });
  it('nor in the half-minute before a Spot interruption: its tasks would be cut off without SIGTERM', () => {
    const interrupted = (ms: number) => ({ ...near(MINUTE), signals: known([spot(NOW + ms)]) });
    assert.deepEqual(beyondHookLimit(interrupted(30 * SECOND + 1), policy), abandon);
    assert.equal(beyondHookLimit(interrupted(30 * SECOND), policy), undefined);
    assert.equal(beyondHookLimit(interrupted(1), policy), undefined);
    assert.deepEqual(beyondHookLimit(interrupted(0), policy), abandon, 'it did not come');
    assert.deepEqual(beyondHookLimit(interrupted(SECOND), { ...policy, spotStopTasks: false }), abandon);
  });
  it('never where the hook’s own numbers are not known', () => {
    const nameOnly = { name: 'drain', heartbeatTimeout: undefined, globalTimeout: undefined };
    const waiting = { since: NOW - 48 * HOUR, group: 'web-asg', hook: nameOnly };
    const observed = { ...near(0), memory: { waiting } };
    assert.equal(beyondHookLimit(observed, policy), undefined);
    assert.equal(hookLimit(observed), undefined);
  });
});

describe('the limits that are shown', () => {
  const { memory } = withTask;
  it('the hook’s, while its action waits', () => {
    assert.equal(hookLimit(withTask), NOW - MINUTE + 48 * HOUR);
    assert.equal(hookLimit({ ...withTask, memory: { ...memory, completed } }), undefined);
    assert.equal(hookLimit(nothing), undefined);
    assert.equal(
      hookLimit({ ...withTask, memory: { waiting: { since: NOW, group: 'web-asg' } } }),
      undefined,
    );
  });
  it('the operator’s, since the first signal', () => {
    assert.equal(drainDeadline(withTask, { ...policy, drainTimeout: HOUR }), NOW + 59 * MINUTE);
    assert.equal(drainDeadline(withTask, policy), undefined);
    assert.equal(drainDeadline(nothing, { ...policy, drainTimeout: HOUR }), undefined);
    assert.equal(pastTimeout(withTask, policy), false);
    assert.equal(pastTimeout(nothing, { ...policy, drainTimeout: 0 }), false);
  });
  it('the interruption’s: as announced, and two minutes after its notice was seen at the latest', () => {
    const noticed = (at: number, spotSeenAt?: number): Observation => ({
      ...withTask,
      signals: known([tag, spot(at)]),
      memory: { ...memory, ...(spotSeenAt !== undefined && { spotSeenAt }) },
    });
    assert.equal(interruptionAt(noticed(NOW + MINUTE)), NOW + MINUTE);
    assert.equal(interruptionAt(noticed(NOW + HOUR)), NOW + 2 * MINUTE);
    assert.equal(interruptionAt(noticed(NOW + HOUR, NOW - MINUTE)), NOW + MINUTE);
    assert.equal(interruptionAt(withTask), undefined);
  });
  it('and the nearest of them', () => {
    const all = {
      ...withTask,
      signals: known([spot(NOW + MINUTE)]),
    };
    const continues: Policy = { ...policy, drainTimeout: 90 * SECOND, onTimeout: 'continue' };
    assert.equal(nearestLimit(all, continues), NOW + 30 * SECOND);
    assert.equal(nearestLimit(all, policy), NOW + MINUTE);
    assert.equal(nearestLimit(withTask, policy), NOW - MINUTE + 48 * HOUR);
    assert.equal(nearestLimit(nothing, policy), undefined);
  });
  it('none at which the wait goes on: nobody is woken for it', () => {
    const retained = { ...withTask, retainsAbandoned: known(true) };
    assert.equal(nearestLimit(retained, policy), undefined);
    const replacing = { ...retained, lifecycle: inState('ReplacingRootVolume:Wait') };
    assert.equal(nearestLimit(replacing, policy), NOW - MINUTE + 48 * HOUR, 'nothing retains it then');
    assert.equal(
      nearestLimit({ ...withTask, retainsAbandoned: known(false) }, policy),
      NOW - MINUTE + 48 * HOUR,
    );
    const waits: Policy = { ...policy, drainTimeout: 2 * HOUR, onTimeout: 'wait' };
    assert.equal(nearestLimit(withTask, waits), NOW - MINUTE + 48 * HOUR, 'its own limit ends nothing');
  });
});
