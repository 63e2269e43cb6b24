import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decide } from '../../src/agent/decide/decide.ts';
import { remember } from '../../src/agent/decide/remember.ts';
import type { Observation, Policy } from '../../src/agent/model.ts';
import { report } from '../../src/agent/report/report.ts';
import { parseState, resume, type State } from '../../src/agent/state/state-file.ts';
import { known, unknown } from '../../src/base/reading.ts';
import { anyText, damaged, nearly } from './text.ts';

const runs = { seed: 6, numRuns: 3_000 };
const NOW = 1_800_000_000_000;

const time = fc.oneof(
  fc.integer({ min: NOW - 100 * 3_600_000, max: NOW }),
  fc.constantFrom(0, -1, 1e300, -1e300, 8.64e15),
);
const name = fc.string({ minLength: 1, maxLength: 8 });
const signal = fc.oneof(
  nearly({ source: fc.constant('tag'), value: fc.string(), hook: name, eventAt: time }),
  nearly({ source: fc.constant('spot'), action: name, interruptionAt: time }),
  nearly({ source: fc.constant('rebalance'), noticeAt: time }),
  nearly({ source: fc.constant('scheduled'), code: name, eventId: name, notBefore: time }),
  nearly({ source: fc.constantFrom('lifecycle', 'manual', 'other') }),
);
const hook = nearly({ name, heartbeatTimeout: time, globalTimeout: time, defaultResult: name });
const memory = nearly({
  signalledAt: time,
  signals: fc.array(signal, { maxLength: 3 }),
  drainingSetAt: time,
  drainingSetOn: name,
  deregistered: name,
  waiting: nearly({ since: time, group: name, hook }),
  completed: nearly({
    hook: name,
    result: fc.constantFrom('CONTINUE', 'ABANDON'),
    at: time,
    standing: fc.constantFrom('answered', 'doubted', 'confirmed'),
  }),
  hook,
  terminatedAt: time,
  askedToStop: fc.dictionary(name, time, { maxKeys: 2 }),
  tasksLeft: fc.array(name, { maxLength: 3 }),
  hooksRun: nearly({ drained: fc.constantFrom('succeeded', 'failed') }),
});
const written = fc
  .record({
    version: fc.constant(1),
    instanceId: fc.constant('i-0123456789abcdef0'),
    savedAt: time,
    uptime: fc.option(time, { nil: undefined }),
    // One member only, as often as many: each must be looked at, though others are wrong too.
    memory: fc.oneof(
      memory,
      fc
        .tuple(memory, fc.nat(9))
        .map(([all, at]) => Object.fromEntries(Object.entries(all ?? {}).slice(at, at + 1))),
    ),
  })
  .map((state) => JSON.stringify(state));

describe('a state file that says anything', () => {
  test('is refused as corrupt, or holds what its types say', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof({ weight: 6, arbitrary: written }, damaged(written), anyText), (text) => {
        const state = parsed(text);
        if (!state) return;
        accepted++;
        assertState(state);
      }),
      runs,
    );
    assert.ok(accepted > runs.numRuns / 10, `only ${accepted} were accepted: this looks at nothing`);
  });

  test('that is accepted is gone on from, at any time of the clock, without an error', () =>
    fc.assert(
      fc.property(written, time, time, fc.constantFrom('known', 'unknown'), (text, now, uptime, answers) => {
        const state = parsed(text);
        if (!state) return;
        const resumed = resume(state, now, uptime);
        assertState({ ...state, memory: resumed });
        const observed = observation(resumed, now, answers === 'known');
        const next = { ...observed, memory: remember(observed, policy) };
        report(next, decide(next, policy), policy, 'the tag');
      }),
      runs,
    ));
});

/** Undefined where it was refused, as it must be: with an error that says what is wrong. */
function parsed(text: string): State | undefined {
  try {
    return parseState(text);
  } catch (error) {
    assert.match((error as Error).message, /^the state file is corrupt: /);
    return undefined;
  }
}

function assertState({ instanceId, savedAt, memory }: State): void {
  assert.equal(typeof instanceId, 'string');
  assertTime(savedAt);
  const {
    signalledAt,
    drainingSetAt,
    drainingSetOn,
    deregistered,
    signals,
    waiting,
    completed,
    terminatedAt,
    askedToStop,
    tasksLeft,
    hooksRun,
  } = memory;
  for (const at of [signalledAt, drainingSetAt, terminatedAt]) if (at !== undefined) assertTime(at);
  for (const arn of [drainingSetOn, deregistered]) if (arn !== undefined) assert.equal(typeof arn, 'string');
  for (const one of signals ?? []) {
    switch (one.source) {
      case 'tag':
        assert.equal(typeof one.value, 'string');
        if (one.hook !== undefined) assert.equal(typeof one.hook, 'string');
        if (one.eventAt !== undefined) assertTime(one.eventAt);
        break;
      case 'spot':
        assert.equal(typeof one.action, 'string');
        assertTime(one.interruptionAt);
        break;
      case 'rebalance':
        assertTime(one.noticeAt);
        break;
      case 'scheduled':
        assert.equal(typeof one.code, 'string');
        assert.equal(typeof one.eventId, 'string');
        assertTime(one.notBefore);
        break;
      default:
        assert.ok(['lifecycle', 'manual'].includes(one.source));
    }
  }
  if (waiting !== undefined) {
    assertTime(waiting.since);
    assert.equal(typeof waiting.group, 'string');
    if (waiting.hook !== undefined) {
      assert.equal(typeof waiting.hook.name, 'string');
      for (const ms of [waiting.hook.heartbeatTimeout, waiting.hook.globalTimeout])
        if (ms !== undefined) assertTime(ms);
      if (waiting.hook.defaultResult !== undefined) assert.equal(typeof waiting.hook.defaultResult, 'string');
    }
  }
  if (completed !== undefined) {
    assert.equal(typeof completed.hook, 'string');
    assert.ok(['CONTINUE', 'ABANDON'].includes(completed.result));
    assertTime(completed.at);
    assert.ok(['answered', 'doubted', 'confirmed'].includes(completed.standing));
  }
  for (const at of Object.values(askedToStop ?? {})) assertTime(at);
  for (const arn of tasksLeft ?? []) assert.match(arn, /./s);
  for (const result of Object.values(hooksRun ?? {})) assert.ok(['succeeded', 'failed'].includes(result));
}

function assertTime(value: unknown): void {
  assert.ok(typeof value === 'number' && Number.isFinite(value), `${value} is no time`);
}

const policy: Policy = {
  mode: 'drain',
  signals: ['tag', 'lifecycle', 'spot'],
  drainTimeout: 3_600_000,
  onTimeout: 'stop-tasks',
  ignoreTasks: [],
  lifecycleHook: undefined,
  spotStopTasks: true,
  rebalanceTerminate: true,
};

function observation(memory: Observation['memory'], now: number, answers: boolean): Observation {
  const hooks = [{ name: 'drain', heartbeatTimeout: 30_000, globalTimeout: 3_000_000 }];
  return {
    now,
    wallNow: now,
    signals: answers ? known([{ source: 'manual' }]) : unknown('no answer'),
    identity: 'confirmed',
    containerInstance: known({ kind: 'registered', cluster: 'web', arn: 'arn:x', status: 'DRAINING' }),
    tasks: known([{ arn: 'a', group: 'family:a', lastStatus: 'RUNNING', desiredStatus: 'RUNNING' }]),
    lifecycle: answers
      ? known({ kind: 'in-group', group: 'web-asg', state: 'Terminating:Wait' })
      : unknown('no answer'),
    hooks: answers ? known(hooks) : unknown('no answer'),
    retainsAbandoned: known(true),
    memory,
    lastHeartbeat: undefined,
  };
}
