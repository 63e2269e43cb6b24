import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import { awsServices } from '../../../src/aws/operations.ts';
import { createTransport } from '../../../src/aws/sdk/transport.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { createNodeHttp } from '../../../src/host/node-http.ts';
import { createFleet, type Fleet } from '../../../src/sandbox/fleet.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/start.ts';
import { createVirtualClock, START } from '../../support/virtual-clock.ts';

const first = 'i-00000000000000001';
const limits = { timeoutMs: 5000, maxBytes: 1_000_000 };
const http = createNodeHttp(systemClock);

let fleet: Fleet;
let sandbox: Sandbox;

function setUp(): void {
  const clock = createVirtualClock();
  before(async () => {
    fleet = createFleet({ clock });
    fleet.addInstance({ instanceId: first });
    sandbox = await startSandbox(fleet, { clock });
  });
  after(() => sandbox.close());
}

describe('the real SDK, with nothing but the environment of an instance', () => {
  setUp();

  test('takes its credentials from the metadata service, and the log knows who called', async (t) => {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE } = process.env;
    const kept = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE };
    for (const name of Object.keys(kept)) delete process.env[name];
    const environment = sandbox.environment(first);
    Object.assign(process.env, environment);
    t.after(() => {
      for (const name of Object.keys(environment)) delete process.env[name];
      for (const [name, value] of Object.entries(kept)) if (value !== undefined) process.env[name] = value;
    });

    const transport = createTransport(awsServices, 'eu-west-1', 'a-test', {
      clock: systemClock,
      random: () => 0,
    });
    const { signal } = new AbortController();
    const answer = await transport('ecs:ListTasks', { cluster: 'web' }, { signal });
    assert.deepEqual(answer.taskArns, []);
    const entries = fleet.world.requestLog.entries ?? [];
    assert.deepEqual(entries.at(-1), {
      at: entries.at(-1)?.at,
      api: 'ecs:ListTasks',
      instanceId: first,
      accessKeyId: 'ASIASANDBOX000000001',
      input: { cluster: 'web' },
      outcome: 'ok',
    });
    assert.deepEqual(
      entries.slice(0, -1).map(({ api, input }) => `${api} ${String(input)}`),
      [
        'imds /latest/api/token',
        'imds /latest/meta-data/iam/security-credentials/',
        'imds /latest/meta-data/iam/security-credentials/ecs-instance-role',
      ],
    );
  });
});

describe('what is no call that the sandbox knows', () => {
  setUp();

  for (const [what, headers, body, status, expected] of [
    [
      'an ECS operation that it has not',
      { 'x-amz-target': 'AmazonEC2ContainerServiceV20141113.CreateTaskSet' },
      '{}',
      400,
      /"__type":"UnknownOperationException"/,
    ],
    [
      'ECS with a body that is no JSON',
      { 'x-amz-target': 'AmazonEC2ContainerServiceV20141113.ListTasks' },
      '{',
      400,
      /"__type":"SerializationException"/,
    ],
    [
      'an EC2 action that it has not',
      {},
      'Action=RunInstances&Version=2016-11-15',
      400,
      /<Code>InvalidAction</,
    ],
    [
      'an Auto Scaling action that it has not',
      {},
      'Action=PutScalingPolicy&Version=2011-01-01',
      400,
      /<Code>InvalidAction<.*PutScalingPolicy/,
    ],
    [
      'a number that is none',
      {},
      'Action=DescribeAutoScalingGroups&Version=2011-01-01&MaxRecords=many',
      400,
      /<Code>ValidationError<.*MaxRecords must be an integer/,
    ],
    [
      'another service',
      { 'x-amz-target': 'DynamoDB_20120810.GetItem' },
      '{}',
      400,
      /^\{"__type":"UnknownOperationException","message":"The sandbox speaks ECS/,
    ],
    [
      'another service of the Query protocol',
      {},
      'Action=GetCallerIdentity&Version=2011-06-15',
      400,
      /<Code>InvalidAction<\/Code><Message>The sandbox speaks ECS/,
    ],
    ['anything at all', {}, 'hello', 400, /The sandbox speaks ECS/],
  ] as const) {
    test(`${what} is answered ${status}`, async () => {
      const answer = await post('/', body, headers);
      assert.equal(answer.status, status);
      assert.match(answer.body.replaceAll('&#34;', '"'), expected);
    });
  }
});

describe('the ports of an instance', () => {
  setUp();
  const get = (url: string) =>
    http({ method: 'GET', url, ...limits }).then(
      ({ status }) => status,
      (error: NodeJS.ErrnoException) => error.code,
    );

  test('an instance added later has its own', async () => {
    const late = fleet.addInstance({ ecsAgentAfter: 'never' });
    await sandbox.settled();
    assert.equal(await get(`${sandbox.imdsUrl(late.id)}/latest/meta-data/instance-id`), 401);
    assert.equal(await get(`${sandbox.introspectionUrl(late.id)}/v1/metadata`), 'ECONNREFUSED');
    assert.equal(await get(`${sandbox.introspectionUrl(first)}/v1/metadata`), 200);
  });

  test('they close when the machine goes', async () => {
    const [machine] = fleet.world.machines.values();
    assert.ok(machine);
    const urls = [`${sandbox.imdsUrl(first)}/`, `${sandbox.introspectionUrl(first)}/`];
    fleet.terminate(machine, 'a test');
    await sandbox.settled();
    assert.deepEqual(await Promise.all(urls.map(get)), ['ECONNREFUSED', 'ECONNREFUSED']);
  });
});

test('things happen when their time has come, though nobody calls', async () => {
  const clock = createVirtualClock();
  const idle = createFleet({ clock, timings: { terminatingToWait: 1000 } });
  const machine = idle.addInstance();
  const waiting = new Promise<number>((resolve) => {
    idle.world.onEvent((event) => {
      if (event.type === 'lifecycle-state' && event.to === 'Terminating:Wait') resolve(event.at);
    });
  });
  const running = await startSandbox(idle, { clock });
  idle.scaleIn(machine);
  // The ticker must have seen what was planned before time passes.
  await running.settled();
  await new Promise((resolve) => setImmediate(resolve));
  clock.pass(1000);
  assert.equal(await waiting, START + 1000);
  await running.close();
});

describe('the control endpoint', () => {
  setUp();
  beforeEach(() => {
    fleet.world.requestLog.entries?.splice(0);
  });
  const json = async (method: 'GET' | 'POST' | 'DELETE', path: string, body: object = {}) => {
    const { status, body: text } = await ask(
      method,
      `/_sandbox/${path}`,
      method === 'POST' ? JSON.stringify(body) : '',
    );
    return { status, body: JSON.parse(text) };
  };

  test('takes faults, lists and removes them', async () => {
    const added = await json('POST', 'faults', {
      match: { api: 'ecs:ListTasks' },
      fault: { what: 'throttle' },
    });
    assert.equal(added.status, 200);
    const headers = { 'x-amz-target': 'AmazonEC2ContainerServiceV20141113.ListTasks' };
    assert.match((await post('/', '{"cluster":"web"}', headers)).body, /ThrottlingException/);
    assert.equal((await post('/', '{"cluster":"web"}', headers)).status, 200);
    assert.deepEqual(
      (await json('GET', 'requests?api=ecs:ListTasks')).body.map((one: { outcome: string }) => one.outcome),
      ['fault:throttle', 'ok'],
    );
    await json('POST', 'faults', { fault: { what: 'reset' }, forMs: 60_000 });
    await json('DELETE', 'faults');
    assert.deepEqual((await json('GET', 'faults')).body, []);
  });

  test('does what AWS has no API for', async () => {
    const { taskArn } = (await json('POST', 'tasks', { instanceId: first, family: 'report' })).body;
    const task = [...fleet.cluster.tasks.values()].find(({ arn }) => arn === taskArn);
    assert.ok(task);
    assert.equal(task.lastStatus, 'RUNNING');
    assert.equal((await json('POST', `tasks/${task.id}/end`)).status, 200);
    assert.equal(task.containersRunning, false);

    const [machine] = fleet.world.machines.values();
    await json('POST', `instances/${first}`, { metadataTags: false, ecsAgent: 'down' });
    assert.deepEqual([machine?.imds.tags, machine?.ecsAgent.up], [false, false]);
    await json('POST', `instances/${first}/scale-in`);
    assert.equal(machine?.member?.state, 'Terminating');

    const { instanceId } = (await json('POST', 'instances', {})).body;
    assert.equal((await json('GET', `instances/${instanceId}/environment`)).body.AWS_REGION, 'eu-west-1');
  });

  test('says what is wrong, and what there is', async () => {
    assert.match(
      (await json('POST', `instances/${first}`, { colour: 1 })).body.error,
      /colour cannot be changed/,
    );
    assert.match((await json('POST', 'instances/i-1', {})).body.error, /has no instance i-1/);
    assert.match((await json('POST', 'faults', {})).body.error, /A fault is/);
    const nowhere = await json('GET', 'nowhere');
    assert.equal(nowhere.status, 404);
    assert.ok(nowhere.body.endpoints.length > 10);
  });

  test('has nothing for a web page', async () => {
    const answer = await ask('POST', '/_sandbox/faults', '{}', { origin: 'https://example.org' });
    assert.equal(answer.status, 403);
  });
});

function post(path: string, body: string, headers: Record<string, string>) {
  return ask('POST', path, body, headers);
}

function ask(
  method: string,
  path: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(sandbox.apiUrl + path, { method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
