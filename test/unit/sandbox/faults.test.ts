import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { awsServices, type Transport } from '../../../src/aws/operations.ts';
import { createTransport } from '../../../src/aws/sdk/transport.ts';
import { systemClock } from '../../../src/base/clock.ts';
import type { HttpRequest } from '../../../src/host/http.ts';
import { createNodeHttp } from '../../../src/host/node-http.ts';
import { addFault, type FaultKind } from '../../../src/sandbox/faults.ts';
import { createFleet } from '../../../src/sandbox/fleet.ts';
import { type InMemoryFace, inMemory } from '../../../src/sandbox/in-memory.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/start.ts';
import type { WorldInput, WorldOperation } from '../../../src/sandbox/world/handlers.ts';
import { createVirtualClock, START } from '../../support/virtual-clock.ts';

// What a fault looks like to the agent must not depend on the face: the simulation believes the in-memory one.

const id = 'i-00000000000000001';
const limits = { timeoutMs: 5000, maxBytes: 65_536 };

const calls = [
  ['ecs:ListTasks', { cluster: 'web' }],
  ['ec2:DescribeTags', {}],
  ['autoscaling:DescribeLifecycleHooks', { AutoScalingGroupName: 'web-asg' }],
] as const;

const kinds: FaultKind[] = [
  { what: 'throttle' },
  { what: 'error', name: 'AccessDeniedException', status: 400, message: 'not you' },
  { what: '5xx' },
  { what: '5xx', status: 500 },
  { what: 'reset' },
  { what: 'reset-mid-body' },
  { what: 'garbage' },
  { what: 'truncated' },
  { what: 'html' },
  { what: 'empty' },
  { what: 'huge' },
  { what: 'redirect' },
  { what: 'delay', ms: 1 },
  { what: 'act-then-lose-response' },
];

describe('a fault looks the same on both faces', () => {
  const make = () => {
    const fleet = createFleet({ clock: systemClock });
    fleet.addInstance({ instanceId: id });
    return fleet;
  };
  const wired = make();
  const direct = make();
  const memory: InMemoryFace = inMemory(direct.world, { clock: systemClock, instanceId: id });
  const http = createNodeHttp(systemClock);
  let sandbox: Sandbox;
  let sandboxed: Transport;

  before(async () => {
    sandbox = await startSandbox(wired, { clock: systemClock });
    Object.assign(process.env, sandbox.environment(id), {
      AWS_ACCESS_KEY_ID: 'ASIASANDBOX000000001',
      AWS_SECRET_ACCESS_KEY: 'anything',
    });
    const ports = { clock: systemClock, random: () => 0 };
    sandboxed = createTransport(awsServices, 'eu-west-1', 'a-test', ports);
  });
  after(() => sandbox.close());

  const bothLogs = () =>
    [wired, direct].map(({ world }) =>
      (world.requestLog.entries ?? []).map((one) => `${one.api} ${one.outcome}`),
    );
  const plan = (fault: FaultKind) => {
    for (const { world } of [wired, direct]) addFault(world, { fault });
  };
  const { signal } = new AbortController();

  for (const kind of kinds) {
    for (const [operation, input] of calls) {
      test(`${JSON.stringify(kind)} at ${operation}`, async () => {
        plan(kind);
        const overTheWire = await seen(sandboxed(operation, input, { signal }));
        const inMemory = await seen((memory.transport as Transport)(operation, input, { signal }));
        assert.deepEqual(inMemory, overTheWire);
        const [log, logInMemory] = bothLogs();
        assert.deepEqual(logInMemory, log);
      });
    }
    test(`${JSON.stringify(kind)} at the ECS agent`, async () => {
      plan(kind);
      const request: Omit<HttpRequest, 'url'> = { method: 'GET', ...limits };
      const overTheWire = await seen(http({ ...request, url: `${sandbox.introspectionUrl(id)}/v1/tasks` }));
      const inMemory = await seen(memory.http({ ...request, url: 'http://127.0.0.1:51678/v1/tasks' }));
      assert.deepEqual(inMemory, overTheWire);
      const [log, logInMemory] = bothLogs();
      assert.deepEqual(logInMemory, log);
    });
  }

  test('an ECS agent that is down really refuses', async () => {
    for (const fleet of [wired, direct])
      for (const machine of fleet.world.machines.values()) fleet.ecsAgent(machine, 'down');
    await sandbox.settled();
    const request: Omit<HttpRequest, 'url'> = { method: 'GET', ...limits };
    const expected = { failed: { name: 'Error', code: 'ECONNREFUSED', status: undefined } };
    assert.deepEqual(await seen(http({ ...request, url: `${sandbox.introspectionUrl(id)}/` })), expected);
    assert.deepEqual(await seen(memory.http({ ...request, url: 'http://127.0.0.1:51678/' })), expected);
    for (const fleet of [wired, direct])
      for (const machine of fleet.world.machines.values()) fleet.ecsAgent(machine, 'up');
    await sandbox.settled();
    const answer = await http({ ...request, url: `${sandbox.introspectionUrl(id)}/v1/metadata` });
    assert.equal(answer.status, 200, 'and answers on the same port when it is up again');
  });

  for (const face of ['the wire', 'memory'] as const) {
    test(`over ${face} a server that acted has acted, though its answer was lost`, async () => {
      const fleet = face === 'memory' ? direct : wired;
      const call: Transport = face === 'memory' ? memory.transport : sandboxed;
      const [machine] = fleet.world.machines.values();
      assert.ok(machine);
      const task = fleet.runTask(machine, { ignoresSigterm: true });
      addFault(fleet.world, { fault: { what: 'act-then-lose-response' } });
      const answer = await seen(call('ecs:StopTask', { cluster: 'web', task: task.arn }, { signal }));
      assert.deepEqual(answer, {
        failed: { name: 'TimeoutError', code: 'ECONNRESET', status: undefined },
      });
      assert.equal(task.desiredStatus, 'STOPPED');
    });
  }
});

describe('which requests a fault is for', () => {
  const scene = () => {
    const clock = createVirtualClock();
    const fleet = createFleet({ clock });
    fleet.addInstance({ instanceId: id });
    const { transport, http } = inMemory(fleet.world, { clock, instanceId: id });
    const { signal } = new AbortController();
    const ask = async (operation: 'ecs:ListTasks' | 'ecs:DescribeClusters' | 'ec2:DescribeTags') => {
      const input: WorldInput<WorldOperation> = { cluster: 'web' } as never;
      return transport(operation as 'ecs:ListTasks', input as never, { signal }).then(
        () => 'ok',
        (error: Error) => error.name,
      );
    };
    const get = (url: string) =>
      http({ method: 'GET', url, ...limits }).then(
        ({ status }) => String(status),
        (error: Error) => error.message,
      );
    return { clock, fleet, ask, get };
  };

  test('the next one, and no more', async () => {
    const { fleet, ask } = scene();
    addFault(fleet.world, { match: { api: 'ecs:ListTasks' }, fault: { what: 'throttle' } });
    assert.deepEqual(
      [await ask('ec2:DescribeTags'), await ask('ecs:ListTasks'), await ask('ecs:ListTasks')],
      ['ok', 'ThrottlingException', 'ok'],
    );
  });

  test('so many, of one service', async () => {
    const { fleet, ask } = scene();
    addFault(fleet.world, { match: { service: 'ecs' }, fault: { what: '5xx' }, count: 2 });
    assert.deepEqual(
      [
        await ask('ecs:ListTasks'),
        await ask('ec2:DescribeTags'),
        await ask('ecs:ListTasks'),
        await ask('ecs:ListTasks'),
      ],
      ['ServerException', 'ok', 'ServerException', 'ok'],
    );
  });

  test('one later than the next', async () => {
    const { fleet, ask } = scene();
    addFault(fleet.world, { match: { api: 'ListTasks' }, fault: { what: '5xx' }, skip: 1 });
    assert.deepEqual(
      [
        await ask('ecs:ListTasks'),
        await ask('ec2:DescribeTags'),
        await ask('ecs:ListTasks'),
        await ask('ecs:ListTasks'),
      ],
      ['ok', 'ok', 'ServerException', 'ok'],
    );
  });

  test('all for a time', async () => {
    const { clock, fleet, ask } = scene();
    addFault(fleet.world, { match: { api: 'ListTasks' }, fault: { what: 'reset' }, forMs: 60_000 });
    clock.pass(59_999);
    assert.equal(await ask('ecs:ListTasks'), 'TimeoutError');
    clock.pass(1);
    assert.equal(await ask('ecs:ListTasks'), 'ok');
  });

  test('none of another instance', async () => {
    const { fleet, ask } = scene();
    addFault(fleet.world, { match: { instanceId: 'i-00000000000000002' }, fault: { what: 'reset' } });
    assert.equal(await ask('ecs:ListTasks'), 'ok');
  });

  test('those to a path of the ECS agent', async () => {
    const { fleet, get } = scene();
    addFault(fleet.world, { match: { service: 'introspection', path: '/v1/tasks' }, fault: { what: '5xx' } });
    assert.equal(await get('http://127.0.0.1:51678/v1/metadata'), '200');
    assert.equal(await get('http://127.0.0.1:51678/v1/tasks'), '503');
  });

  test('a stall lasts as long as the caller waits', async () => {
    const { clock, fleet, get } = scene();
    addFault(fleet.world, { fault: { what: 'stall' } });
    const answer = get('http://127.0.0.1:51678/v1/metadata');
    await Promise.resolve();
    clock.pass(5000);
    assert.match(await answer, /^No answer within 5000 ms/);
    assert.equal(clock.now(), START + 5000);
  });
});

test('without credentials no call is made', async () => {
  const clock = createVirtualClock();
  const fleet = createFleet({ clock });
  fleet.addInstance({ instanceId: id, credentialsAfter: 1000 });
  const { transport } = inMemory(fleet.world, { clock, instanceId: id });
  const ask = () =>
    seen(transport('ecs:ListTasks', { cluster: 'web' }, { signal: new AbortController().signal }));
  assert.deepEqual(await ask(), {
    failed: { name: 'CredentialsProviderError', code: undefined, status: undefined },
  });
  assert.deepEqual(fleet.world.requestLog.entries, []);
  clock.pass(1000);
  assert.deepEqual(await ask(), { answered: { taskArns: [] } });
});

/** What the agent can tell one outcome from another by. */
function seen(answer: Promise<object>): Promise<unknown> {
  return answer.then(
    ({ $metadata: _, ...value }: { readonly $metadata?: object }) => ({
      answered: JSON.parse(JSON.stringify(value)),
    }),
    (error: Error & { code?: string; $metadata?: { httpStatusCode?: number } }) => ({
      failed: { name: error.name, code: error.code, status: error.$metadata?.httpStatusCode },
    }),
  );
}
