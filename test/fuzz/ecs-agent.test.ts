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

const CLUSTER_ARN = 'arn:aws:ecs:eu-west-1:123456789012:cluster/web';
const CONTAINER_INSTANCE = /^arn:[a-z0-9-]+:ecs:[a-z0-9-]+:[0-9]{12}:container-instance\/([\w-]+\/)?[\w-]+$/;
const TASK = /^arn:[a-z0-9-]+:ecs:[a-z0-9-]+:[0-9]{12}:task\/([\w-]+\/)?[\w-]+$/;

/** ARNs, some without a cluster, and texts that are nearly one. */
const arnOf = (kind: string) =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc
        .tuple(fc.constantFrom('', 'web/', 'jobs_2/'), fc.stringMatching(/^[0-9a-f]{32}$/))
        .map(([cluster, id]) => `arn:aws:ecs:eu-west-1:123456789012:${kind}/${cluster}${id}`),
    },
    fc.constantFrom(
      `arn:aws:ecs:eu-west-1:123456789012:${kind}/web/`,
      `arn:aws:ecs:eu-west-1:12345:${kind}/web/a`,
      'arn:aws:ecs:eu-west-1:123456789012:service/web/a',
      `arn:aws:ecs:eu-west-1:123456789012:${kind}/web/a\u001b[31m`,
    ),
    fc.string(),
  );

describe('an ECS agent that says anything', () => {
  const metadata = json(
    nearly({
      Cluster: fc.oneof(
        fc.constantFrom('web', 'jobs_2', CLUSTER_ARN, 'w'.repeat(256)),
        fc.string({ minLength: 1 }),
      ),
      ContainerInstanceArn: arnOf('container-instance'),
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
        assert.ok(Cluster === CLUSTER_ARN || /^[\w-]{1,255}$/.test(Cluster), Cluster);
        assert.match(ContainerInstanceArn, CONTAINER_INSTANCE);
      }),
      runs,
    ));

  const task = nearly({
    Arn: arnOf('task'),
    Family: fc.string(),
    KnownStatus: fc.constantFrom('NONE', 'CREATED', 'RUNNING', 'STOPPED', 'stopped', ''),
  });
  const tasks = json(
    fc.oneof(
      nearly({ Tasks: fc.array(task, { maxLength: 4 }) }),
      fc.record({
        Tasks: fc.array(
          fc.record({ Arn: arnOf('task'), KnownStatus: fc.constantFrom('RUNNING', 'STOPPED') }),
        ),
      }),
    ),
  );

  test('is believed about every entry that names a task, and about no other', () =>
    fc.assert(
      fc.asyncProperty(fc.oneof(tasks, damaged(tasks), anyText), async (body) => {
        const reading = await saying(body).tasks();
        if (reading.kind === 'unknown') {
          assert.equal(typeof reading.cause, 'string');
          return;
        }
        const { Tasks } = JSON.parse(body) as { Tasks: unknown[] | null };
        // Go's empty list is null; any other thing than a list must not read as an empty one.
        assert.ok(Tasks === null || Array.isArray(Tasks), body);
        const entries = (Tasks ?? []) as ({ Arn?: unknown; KnownStatus?: unknown } | null)[];
        const named = entries.filter((one) => typeof one?.Arn === 'string' && TASK.test(one.Arn));
        assert.ok(entries.length === 0 || named.length > 0, `read as no tasks: ${body}`);
        assert.deepEqual(
          reading.value.map(({ arn }) => arn),
          named.filter((one) => one?.KnownStatus !== 'STOPPED').map((one) => one?.Arn),
        );
        for (const one of reading.value) {
          for (const text of [one.family, one.knownStatus])
            assert.ok(typeof text === 'string' && text.length <= 255);
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
