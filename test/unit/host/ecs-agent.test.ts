import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createEcsAgent } from '../../../src/host/ecs-agent.ts';
import { type Scripted, scriptedHttp, text } from '../../support/scripted-http.ts';

const url = 'http://127.0.0.1:51678';
const agent = (answer: Scripted, base = url) => {
  const { http, requests } = scriptedHttp(() => answer);
  const strange: string[] = [];
  return { ...createEcsAgent(http, base, undefined, (message) => strange.push(message)), requests, strange };
};
const saying = (body: unknown) => agent(text(JSON.stringify(body)));
const unknown = (cause: string) => ({ kind: 'unknown', cause: `asking the ECS agent at ${url}: ${cause}` });
const known = (value: unknown) => ({ kind: 'known', value });

const arn = 'arn:aws:ecs:eu-west-1:123456789012:container-instance/web/0123456789abcdef0123456789abcdef';
const taskArn = (n: number | string, cluster = 'web/') =>
  `arn:aws:ecs:eu-west-1:123456789012:task/${cluster}${String(n).padStart(32, '0')}`;

describe('how ECS knows this host', () => {
  test('as its agent says', async () => {
    const { registration, requests } = agent(
      text(`{"Cluster":"web","ContainerInstanceArn":"${arn}","Version":"Amazon ECS Agent - v1.102.0"}`),
      `${url}//`,
    );
    assert.deepEqual(await registration(), known({ cluster: 'web', containerInstanceArn: arn }));
    assert.equal(requests[0]?.url, 'http://127.0.0.1:51678/v1/metadata');
    assert.equal(requests[0]?.maxBytes, 65_536);
  });

  for (const [what, answer, cause] of [
    [
      'it has not registered yet: the connection is refused',
      new Error('connect ECONNREFUSED 127.0.0.1:51678'),
      'connect ECONNREFUSED 127.0.0.1:51678',
    ],
    [
      'it has not registered yet: it has no ARN',
      text('{"Cluster":"web","ContainerInstanceArn":null,"Version":"x"}'),
      'it has not registered yet',
    ],
    ['it says nothing', text(''), 'Unexpected end of JSON input'],
    ['it says a list', text('[]'), 'not a JSON object'],
    ['it says null', text('null'), 'not a JSON object'],
    [
      'its ARN is one of a task',
      text(`{"Cluster":"web","ContainerInstanceArn":"${taskArn(1)}"}`),
      `"${taskArn(1)}" is not the ARN of a container instance`,
    ],
    [
      'its ARN has not the form of one',
      text(`{"Cluster":"web","ContainerInstanceArn":"${arn}\\n${'x'.repeat(1_000)}"}`),
      `"${arn}\\n${'x'.repeat(200 - arn.length - 1)}…" is not the ARN of a container instance`,
    ],
    [
      'its ARN names another cluster',
      text(`{"Cluster":"batch","ContainerInstanceArn":"${arn}"}`),
      `"${arn}" is not in the cluster "batch"`,
    ],
    [
      'its cluster has a name that none can have',
      text(`{"Cluster":"web\\u001b[2J","ContainerInstanceArn":"${arn}"}`),
      '"web\\u001b[2J" is not the name of a cluster',
    ],
  ] as const) {
    test(`is not known where ${what}`, async () => {
      assert.deepEqual(await agent(answer).registration(), unknown(cause));
    });
  }

  for (const [what, status] of [
    ['something else listens there', 404],
    ['it fails', 500],
  ] as const) {
    test(`is not known where ${what}`, async () => {
      assert.deepEqual(await agent(text('nope', status)).registration(), {
        kind: 'unknown',
        cause: `the ECS agent answered HTTP ${status} at ${url}`,
      });
    });
  }
});

describe('the tasks on this host', () => {
  const tasks = (...list: unknown[]) => saying({ Tasks: list }).tasks();

  test('are those that have not stopped, whatever else the agent calls their state', async () => {
    const task = (n: number, DesiredStatus: string, KnownStatus: string) => ({
      Arn: taskArn(n),
      Family: 'site',
      Version: '3',
      DesiredStatus,
      KnownStatus,
      Containers: [],
    });
    assert.deepEqual(
      await tasks(
        task(1, 'RUNNING', 'RUNNING'),
        task(2, 'STOPPED', 'RUNNING'),
        task(3, 'STOPPED', 'STOPPED'),
        task(4, 'RUNNING', 'NONE'),
        task(5, 'RUNNING', 'SOMETHING_NEW'),
      ),
      known([
        { arn: taskArn(1), family: 'site', knownStatus: 'RUNNING' },
        { arn: taskArn(2), family: 'site', knownStatus: 'RUNNING' },
        { arn: taskArn(4), family: 'site', knownStatus: 'NONE' },
        { arn: taskArn(5), family: 'site', knownStatus: 'SOMETHING_NEW' },
      ]),
    );
  });

  test('are none where the list is empty, or Go’s empty list', async () => {
    assert.deepEqual(await tasks(), known([]));
    assert.deepEqual(await agent(text('{"Tasks":null}')).tasks(), known([]));
  });

  test('need no family, and no cluster in their ARN', async () => {
    assert.deepEqual(
      await tasks({ Arn: taskArn(1, ''), KnownStatus: 'RUNNING' }),
      known([{ arn: taskArn(1, ''), family: '', knownStatus: 'RUNNING' }]),
    );
  });

  for (const status of [undefined, null, '', 7])
    test(`one whose status is ${JSON.stringify(status)} may run, and holds the instance`, async () => {
      assert.deepEqual(
        await tasks({ Arn: taskArn(1), KnownStatus: status }),
        known([{ arn: taskArn(1), family: '', knownStatus: 'UNKNOWN' }]),
      );
    });

  test('have texts of a bounded length: they reach logs and status', async () => {
    assert.deepEqual(
      await tasks({ Arn: taskArn(1), Family: 'F'.repeat(10_000), KnownStatus: 'K'.repeat(10_000) }),
      known([{ arn: taskArn(1), family: 'F'.repeat(255), knownStatus: 'K'.repeat(255) }]),
    );
  });

  for (const [what, entry, described] of [
    ['the ARN of something else', { Arn: arn, KnownStatus: 'RUNNING' }, `with the ARN "${arn}"`],
    ['another text for an ARN', { Arn: 'x', KnownStatus: 'RUNNING' }, 'with the ARN "x"'],
    ['no ARN', { KnownStatus: 'RUNNING' }, 'without an ARN'],
    ['an ARN that is no text', { Arn: {}, KnownStatus: 'STOPPED' }, 'without an ARN'],
    ['text', 'a', 'without an ARN'],
    ['null', null, 'without an ARN'],
    ['a list', [taskArn(1)], 'without an ARN'],
  ] as const) {
    test(`an entry that is ${what} hides none of the others, and is told of once`, async () => {
      const { tasks: ask, strange } = saying({
        Tasks: [entry, { Arn: taskArn(1), KnownStatus: 'RUNNING' }, entry],
      });
      assert.deepEqual(await ask(), known([{ arn: taskArn(1), family: '', knownStatus: 'RUNNING' }]));
      await ask();
      assert.deepEqual(strange, [
        `the ECS agent at ${url}: 2 of 3 entries of its task list are no tasks, the first ${described}: left out`,
      ]);
    });

    test(`a list of which each entry is ${what} is no list of tasks: not known, never none`, async () => {
      const { tasks: ask, strange } = saying({ Tasks: [entry] });
      assert.deepEqual(
        await ask(),
        unknown(`1 of 1 entries of its task list are no tasks, the first ${described}`),
      );
      assert.deepEqual(strange, []);
    });
  }

  test('strange entries that change with every answer do not fill the log', async () => {
    let asked = 0;
    const strange: string[] = [];
    const { http } = scriptedHttp(() =>
      text(JSON.stringify({ Tasks: [{ Arn: `x${asked++}` }, { Arn: taskArn(1), KnownStatus: 'STOPPED' }] })),
    );
    const { tasks: ask } = createEcsAgent(http, url, undefined, (message) => strange.push(message));
    for (let index = 0; index < 5; index++) assert.deepEqual(await ask(), known([]));
    assert.equal(strange.length, 1);
  });

  for (const [what, body, cause] of [
    ['an object without a list', '{}', 'its list of tasks is not a list'],
    ['a list in an object', '{"Tasks":{"0":{}}}', 'its list of tasks is not a list'],
    ['a list', '[]', 'not a JSON object'],
  ] as const) {
    test(`are not known, and not none, from ${what}`, async () => {
      assert.deepEqual(await agent(text(body)).tasks(), unknown(cause));
    });
  }
});

describe('more than any ECS agent says is not known, and costs neither memory nor time', () => {
  const running = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ Arn: taskArn(n), KnownStatus: 'RUNNING' }));

  test('of bytes', async () => {
    const { tasks: ask, requests } = agent(text('{"Tasks":[]}'));
    await ask();
    assert.equal(requests[0]?.maxBytes, 8 * 1024 * 1024);
    assert.equal(requests[0]?.timeoutMs, 2_000);
  });

  test('of values, and not before', async () => {
    const most = `{"Tasks":[],"x":[${'1,'.repeat(199_996)}1]}`;
    assert.deepEqual(await agent(text(most)).tasks(), known([]));
  });

  test('of tasks that run', async () => {
    const most = await saying({ Tasks: running(1_000) }).tasks();
    assert.equal(most.kind === 'known' && most.value.length, 1_000);
    assert.deepEqual(
      await saying({ Tasks: running(1_001) }).tasks(),
      unknown('it lists more than 1000 tasks that have not stopped'),
    );
  });

  test('but stopped tasks of hours are no trouble', async () => {
    const stopped = running(5_000).map((task) => ({ ...task, KnownStatus: 'STOPPED' }));
    const reading = await saying({ Tasks: [...stopped, ...running(2)] }).tasks();
    assert.equal(reading.kind === 'known' && reading.value.length, 2);
  });

  for (const [what, body] of [
    ['objects', `{"Tasks":[${'{},'.repeat(100_000)}{}]}`],
    ['lists in lists', `{"Tasks":${'['.repeat(200_001)}`],
    ['numbers', `{"Tasks":[${'1,'.repeat(200_001)}1]}`],
    ['members', `{${'"a":1,'.repeat(200_001)}"Tasks":[]}`],
  ] as const) {
    test(`of ${what}`, async () => {
      assert.deepEqual(await agent(text(body)).tasks(), unknown('its answer holds more than 200000 values'));
    });
  }
});
