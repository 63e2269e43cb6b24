import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EcsView } from '../../../../src/agent/model.ts';
import { type SeenOnHost, tasksOn } from '../../../../src/agent/observe/tasks.ts';
import { known, unknown } from '../../../../src/base/reading.ts';

const NOW = 1_800_000_000_000;
const listed = { arn: 'e', group: 'family:batch', lastStatus: 'RUNNING', desiredStatus: 'RUNNING' };
const onHost = (arn: string) => ({ arn, family: 'batch', knownStatus: 'RUNNING' });
const view = (tasks: EcsView['tasks']) =>
  known<EcsView>({
    containerInstance: { kind: 'deregistered', arn: 'a' },
    tasks,
    isListed: true,
    requests: 2,
    heard: 'a',
    own: [],
    gone: [],
  });
const host = (
  now: SeenOnHost['now'],
  before: Record<string, number> = {},
  gone: readonly string[] = [],
): SeenOnHost => ({
  wasAsked: true,
  now,
  before: new Map(Object.entries(before).map(([arn, at]) => [arn, { ...onHost(arn), at }])),
  gone: new Set(gone),
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
  it('are gone once ECS says so and the ECS agent lists them no more', () =>
    assert.deepEqual(arns(known([]), host(known([]), { h: NOW - 1_000 }, ['h'])), []));
  it('are waited for where the ECS agent lists them no more and ECS has not said that they are gone', () =>
    assert.deepEqual(arns(known([]), host(known([]), { h: NOW - 3_600_000 })), ['h']));
  it('hold it for a minute on the last word of an ECS agent that fell silent', () => {
    const silent = unknown('refused');
    assert.deepEqual(arns(known([]), host(silent, { h: NOW - 59_999 }, ['h'])), ['h']);
    assert.deepEqual(arns(known([]), host(silent, { h: NOW - 60_000 }, ['h'])), []);
  });
  it('are unknown while ECS does not say, or the ECS agent was not asked yet', () => {
    assert.equal(arns(unknown('throttled'), host(known([]))), 'throttled');
    assert.deepEqual(tasksOn(unknown('no view'), host(known([])), NOW), unknown('no view'));
    const notAsked = { ...host(unknown('not asked yet')), wasAsked: false };
    assert.equal(arns(known([]), notAsked), 'the ECS agent has not been asked yet');
  });
});
