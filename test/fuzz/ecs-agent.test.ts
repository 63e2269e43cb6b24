import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createEcsAgent } from '../../src/host/ecs-agent.ts';
import { scriptedHttp, text } from '../support/scripted-http.ts';
import { anyText, damaged, nearly } from './text.ts';

const runs = { seed: 5, numRuns: 1_500 };
const saying = (body: string, status = 200) => {
  const { http } = scriptedHttp(() => text(body, status));
  return createEcsAgent(http, 'http://127.0.0.1:51678');
};
const json = (value: fc.Arbitrary<unknown>) => value.map((one) => JSON.stringify(one));

describe('an ECS agent that says anything', () => {
  const metadata = json(
    nearly({
      Cluster: fc.string({ minLength: 1 }),
      ContainerInstanceArn: fc.string({ minLength: 1 }),
      Version: fc.string(),
    }),
  );

  test('has registered only if it names a cluster and a container instance', () =>
    fc.assert(
      fc.asyncProperty(fc.oneof(metadata, damaged(metadata), anyText), async (body) => {
        const reading = await saying(body).registration();
        if (reading.kind === 'unknown') {
          assert.equal(typeof reading.cause, 'string');
          return;
        }
        const { Cluster, ContainerInstanceArn } = JSON.parse(body);
        assert.deepEqual(reading.value, { cluster: Cluster, containerInstanceArn: ContainerInstanceArn });
        for (const name of Object.values(reading.value)) assert.ok(typeof name === 'string' && name !== '');
      }),
      runs,
    ));

  const task = nearly({
    Arn: fc.string({ minLength: 1 }),
    Family: fc.string(),
    KnownStatus: fc.constantFrom('NONE', 'CREATED', 'RUNNING', 'STOPPED', 'stopped', ''),
  });
  const tasks = json(
    fc.oneof(
      nearly({ Tasks: fc.array(task, { maxLength: 4 }) }),
      fc.record({
        Tasks: fc.array(
          fc.record({ Arn: fc.string({ minLength: 1 }), KnownStatus: fc.constantFrom('RUNNING', 'STOPPED') }),
        ),
      }),
    ),
  );

  test('is believed about every task of its list, or about none', () =>
    fc.assert(
      fc.asyncProperty(fc.oneof(tasks, damaged(tasks), anyText), async (body) => {
        const reading = await saying(body).tasks();
        if (reading.kind === 'unknown') {
          assert.equal(typeof reading.cause, 'string');
          return;
        }
        const { Tasks } = JSON.parse(body) as { Tasks: { Arn: string; KnownStatus: string }[] | null };
        // Go's empty list is null; any other thing than a list must not read as an empty one.
        assert.ok(Tasks === null || Array.isArray(Tasks), body);
        const left = (Tasks ?? []).filter(({ KnownStatus }) => KnownStatus !== 'STOPPED');
        assert.deepEqual(
          reading.value.map(({ arn }) => arn),
          left.map(({ Arn }) => Arn),
        );
        for (const one of reading.value) {
          assert.deepEqual(
            [one.arn, one.family, one.knownStatus].map((member) => typeof member),
            ['string', 'string', 'string'],
          );
        }
      }),
      runs,
    ));

  test('is not believed under another status than 200', () =>
    fc.assert(
      fc.asyncProperty(tasks, fc.constantFrom(201, 204, 301, 404, 500, 503), async (body, status) => {
        assert.equal((await saying(body, status).tasks()).kind, 'unknown');
        assert.equal((await saying(body, status).registration()).kind, 'unknown');
      }),
      { ...runs, numRuns: 200 },
    ));
});
