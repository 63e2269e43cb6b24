import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createEcsAgent } from '../../../src/host/ecs-agent.ts';
import { type Scripted, scriptedHttp, text } from '../../support/scripted-http.ts';

const url = 'http://127.0.0.1:51678';
const agent = (answer: Scripted, base = url) => {
  const { http, requests } = scriptedHttp(() => answer);
  return { ...createEcsAgent(http, base), requests };
};
const unknown = (cause: string) => ({ kind: 'unknown', cause });

describe('how ECS knows this host', () => {
  test('as its agent says', async () => {
    const { registration, requests } = agent(
      text('{"Cluster":"web","ContainerInstanceArn":"arn:x","Version":"Amazon ECS Agent - v1.102.0"}'),
      `${url}/`,
    );
    assert.deepEqual(await registration(), {
      kind: 'known',
      value: { cluster: 'web', containerInstanceArn: 'arn:x' },
    });
    assert.equal(requests[0]?.url, 'http://127.0.0.1:51678/v1/metadata');
  });

  for (const [what, answer, cause] of [
    [
      'it has not registered yet: the connection is refused',
      new Error('connect ECONNREFUSED 127.0.0.1:51678'),
      `asking the ECS agent at ${url}: connect ECONNREFUSED 127.0.0.1:51678`,
    ],
    [
      'it has not registered yet: it has no ARN',
      text('{"Cluster":"web","ContainerInstanceArn":null,"Version":"x"}'),
      `asking the ECS agent at ${url}: it has not registered yet`,
    ],
    ['something else listens there', text('nope', 404), `the ECS agent answered HTTP 404 at ${url}`],
    ['it has its troubles', text('', 500), `the ECS agent answered HTTP 500 at ${url}`],
    ['it says nothing', text(''), `asking the ECS agent at ${url}: Unexpected end of JSON input`],
    ['it says a list', text('[]'), `asking the ECS agent at ${url}: not a JSON object`],
    ['it says null', text('null'), `asking the ECS agent at ${url}: not a JSON object`],
  ] as const) {
    test(`is not known where ${what}`, async () => {
      assert.deepEqual(await agent(answer).registration(), unknown(cause));
    });
  }
});

describe('the tasks on this host', () => {
  const tasks = (...list: object[]) => agent(text(JSON.stringify({ Tasks: list }))).tasks();

  test('are those that have not stopped', async () => {
    assert.deepEqual(
      await tasks(
        {
          Arn: 'a',
          Family: 'site',
          Version: '3',
          DesiredStatus: 'RUNNING',
          KnownStatus: 'RUNNING',
          Containers: [],
        },
        {
          Arn: 'b',
          Family: 'site',
          Version: '3',
          DesiredStatus: 'STOPPED',
          KnownStatus: 'RUNNING',
          Containers: [],
        },
        {
          Arn: 'c',
          Family: 'site',
          Version: '3',
          DesiredStatus: 'STOPPED',
          KnownStatus: 'STOPPED',
          Containers: [],
        },
        {
          Arn: 'd',
          Family: 'job',
          Version: '1',
          DesiredStatus: 'RUNNING',
          KnownStatus: 'NONE',
          Containers: null,
        },
      ),
      {
        kind: 'known',
        value: [
          { arn: 'a', family: 'site', knownStatus: 'RUNNING' },
          { arn: 'b', family: 'site', knownStatus: 'RUNNING' },
          { arn: 'd', family: 'job', knownStatus: 'NONE' },
        ],
      },
    );
  });

  test('are none where the list is empty, or Go’s empty list', async () => {
    assert.deepEqual(await tasks(), { kind: 'known', value: [] });
    assert.deepEqual(await agent(text('{"Tasks":null}')).tasks(), { kind: 'known', value: [] });
  });

  test('need no family', async () => {
    assert.deepEqual(await tasks({ Arn: 'a', KnownStatus: 'RUNNING' }), {
      kind: 'known',
      value: [{ arn: 'a', family: '', knownStatus: 'RUNNING' }],
    });
  });

  for (const [what, body, cause] of [
    ['an object without a list', '{}', 'its list of tasks is not a list'],
    ['a list of something else', '{"Tasks":["a"]}', 'not a JSON object'],
    ['a task without a status', '{"Tasks":[{"Arn":"a"}]}', 'a task without Arn or KnownStatus'],
    ['a task without an ARN', '{"Tasks":[{"KnownStatus":"STOPPED"}]}', 'a task without Arn or KnownStatus'],
  ] as const) {
    test(`are not known, and not none, from ${what}`, async () => {
      assert.deepEqual(await agent(text(body)).tasks(), unknown(`asking the ECS agent at ${url}: ${cause}`));
    });
  }

  test('may be many: stopped ones stay listed for hours', async () => {
    const { tasks: ask, requests } = agent(text('{"Tasks":[]}'));
    await ask();
    assert.equal(requests[0]?.maxBytes, 16 * 1024 * 1024);
  });
});
