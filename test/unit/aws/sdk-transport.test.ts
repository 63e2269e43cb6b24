import assert from 'node:assert/strict';
import dns from 'node:dns';
import http, { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, type TestContext, test } from 'node:test';
import { classify } from '../../../src/aws/errors.ts';
import { awsServices, type Operation, type Transport } from '../../../src/aws/operations.ts';
import type { SdkModules } from '../../../src/aws/sdk/service.ts';
import { createTransport } from '../../../src/aws/sdk/transport.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { awsServices as oneshotServices } from '../../../src/oneshot/aws/operations.ts';
import { addFault } from '../../../src/sandbox/faults.ts';
import { createFleet, type Fleet } from '../../../src/sandbox/fleet.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/start.ts';
import type { Machine } from '../../../src/sandbox/world/state.ts';
import { awsServices as scalerServices } from '../../../src/scaler/aws/operations.ts';
import { startProxy } from '../../support/proxy.ts';
import { type SkewedFront, startSkewedFront } from '../../support/skewed-front.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';

// The real SDK clients over the wire; only the pace of their questions to metadata is on a virtual clock.

let fleet: Fleet;
let machine: Machine;
let sandbox: Sandbox;
let clock: VirtualClock;
let transport: Transport;

beforeEach(async () => {
  fleet = createFleet({ clock: systemClock });
  machine = fleet.addInstance();
  sandbox = await startSandbox(fleet, { clock: systemClock });
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE'])
    delete process.env[name];
  Object.assign(process.env, sandbox.environment(machine.id));
  clock = createVirtualClock();
  transport = createTransport(awsServices, 'eu-west-1', 'a-test', { clock, random: () => 0 });
});
afterEach(() => sandbox.close());

const listTasks = (signal = new AbortController().signal) =>
  transport('ecs:ListTasks', { cluster: 'web' }, { signal });
const listContainerInstances = () =>
  transport('ecs:ListContainerInstances', { cluster: 'web' }, { signal: new AbortController().signal });
const keysUsed = (api: string) =>
  (fleet.world.requestLog.entries ?? []).filter((one) => one.api === api).map((one) => one.accessKeyId);
const timesAskedForKeys = () =>
  (fleet.world.requestLog.entries ?? []).filter(({ input }) => String(input).endsWith('/ecs-instance-role'))
    .length;
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => assert.fail('the call succeeded'),
    (error) => error,
  );
function refuse(accessKeyId: string, name: string, status: number, api?: string): void {
  addFault(fleet.world, {
    match: { accessKeyId, ...(api && { api }) },
    fault: { what: 'error', name, status },
    count: Infinity,
  });
}
function passTime(ms: number): void {
  void clock.sleep(ms);
  clock.step();
}

describe('where NODE_USE_ENV_PROXY=1 gives Node’s global agent a proxy', () => {
  const { signal } = new AbortController();
  const transportOf = <S extends SdkModules>(services: S) =>
    createTransport(services, 'eu-west-1', 'a-test', { clock: systemClock, random: () => 0 });
  const tasks = ['0123456789abcdef0123456789abcdef'];
  for (const [program, ask] of [
    ['ecs-drain-agent', () => listTasks()],
    [
      'ecs-oneshot',
      () => transportOf(oneshotServices)('ecs:DescribeTasks', { cluster: 'web', tasks }, { signal }),
    ],
    ['ecs-scaler', () => transportOf(scalerServices)('ecs:ListTasks', { cluster: 'web' }, { signal })],
  ] as const)
    test(`${program} asks metadata for its credentials without it`, async (t) => {
      const proxy = await startProxy(undefined);
      const { globalAgent } = http;
      t.after(() => {
        http.globalAgent = globalAgent;
        proxy.close();
      });
      http.globalAgent = new http.Agent({ proxyEnv: { HTTP_PROXY: `http://127.0.0.1:${proxy.port}` } });
      const [{ status }] = await Promise.allSettled([ask()]);
      assert.deepEqual(proxy.seen, [], 'the credentials of the host go through a proxy');
      assert.deepEqual([status, timesAskedForKeys()], ['fulfilled', 1]);
    });
});

describe('credentials that AWS refuses give way to those that metadata has by now', () => {
  const calls: [Operation, object][] = [
    ['ecs:ListTasks', { cluster: 'web' }],
    ['autoscaling:DescribeAutoScalingInstances', {}],
    ['ec2:DescribeTags', {}],
  ];
  for (const [operation, input] of calls) {
    for (const [name, status] of [
      ['UnrecognizedClientException', 400],
      ['InvalidClientTokenId', 403],
      ['AuthFailure', 401],
      ['ExpiredToken', 403],
      ['AccessDenied', 403],
      ['UnauthorizedOperation', 403],
    ] as const) {
      test(`${operation}, ${name}: else an exchanged role stalls the drain until the hook ends`, async () => {
        const send = () => transport(operation, input as never, { signal: new AbortController().signal });
        await send();
        const old = machine.imds.accessKeyId;
        fleet.exchangeCredentials(machine);
        refuse(old, name, status);
        assert.equal((await failure(send())).name, name);
        await send();
        assert.deepEqual(keysUsed(operation), [old, old, machine.imds.accessKeyId]);
      });
    }
  }

  test('and are not asked for while AWS takes them', async () => {
    await listTasks();
    fleet.exchangeCredentials(machine);
    passTime(3_600_000);
    addFault(fleet.world, { fault: { what: 'throttle' } });
    await failure(listTasks());
    await listTasks();
    assert.equal(timesAskedForKeys(), 1);
  });

  for (const [what, name, restMs] of [
    ['refused', 'UnrecognizedClientException', 5_000],
    ['denied', 'AccessDeniedException', 30_000],
  ] as const) {
    test(`while they stay ${what}, metadata is asked every ${restMs / 1000} s and no more`, async () => {
      refuse(machine.imds.accessKeyId, name, 400);
      const callOften = async () => {
        for (let index = 0; index < 4; index++) await failure(listTasks());
        return timesAskedForKeys();
      };
      assert.equal(await callOften(), 2);
      passTime(restMs - 1);
      assert.equal(await callOften(), 2);
      passTime(1);
      assert.equal(await callOften(), 3);
    });
  }

  test('but are kept where metadata has none: they may do for other calls', async () => {
    await listTasks();
    refuse(machine.imds.accessKeyId, 'AccessDeniedException', 400, 'ecs:ListTasks');
    await failure(listTasks());
    machine.imds.forbidden = true;
    assert.deepEqual(
      (await listContainerInstances()).containerInstanceArns?.length,
      1,
      'a call that the role allows fails since metadata is down',
    );
  });

  test('several calls at once ask metadata once', async () => {
    await listTasks();
    refuse(machine.imds.accessKeyId, 'ExpiredTokenException', 400);
    fleet.exchangeCredentials(machine);
    await failure(listTasks());
    await Promise.all([listTasks(), listContainerInstances(), listTasks()]);
    assert.equal(timesAskedForKeys(), 2);
  });
});

describe('where the clock of the host is wrong', () => {
  let front: SkewedFront;
  beforeEach(async () => {
    front = await startSkewedFront(sandbox.apiUrl, 10 * 60_000);
    process.env.AWS_ENDPOINT_URL = front.url;
  });
  afterEach(() => front.close());

  const { signal } = new AbortController();
  for (const [operation, input] of [
    ['ecs:ListTasks', { cluster: 'web' }],
    ['autoscaling:DescribeLifecycleHooks', { AutoScalingGroupName: 'web-asg' }],
    ['ec2:DescribeTags', {}],
  ] as const)
    test(`${operation} succeeds all the same: else no heartbeat is recorded, and the hook times out`, async () => {
      for (let call = 0; call < 4; call++) {
        await transport(operation, input, { signal });
        passTime(10_000);
      }
      assert.deepEqual([front.refused(), timesAskedForKeys()], [1, 1]);
      front.aheadMs = -20 * 60_000;
      await transport(operation, input, { signal });
    });

  test('credentials that AWS refuses as well give way, and AWS’s time is not forgotten with them', async () => {
    await listTasks();
    refuse(machine.imds.accessKeyId, 'ExpiredTokenException', 400);
    fleet.exchangeCredentials(machine);
    await failure(listTasks());
    await listTasks();
    assert.equal(front.refused(), 1);
  });
});

test('AWS_RETRY_MODE=adaptive does not hold requests back that AWS would answer', async (t) => {
  process.env.AWS_RETRY_MODE = 'adaptive';
  t.after(() => delete process.env.AWS_RETRY_MODE);
  addFault(fleet.world, { match: { service: 'ecs' }, fault: { what: 'throttle' }, count: 4 });
  for (let call = 0; call < 4; call++) await failure(listTasks());
  // The SDK's own bucket would give a request every two seconds after that.
  await assert.doesNotReject(listTasks(AbortSignal.timeout(1_000)));
});

test('name servers of which the first is dead do not stop a call: each lookup takes 5 s', async (t) => {
  process.env.AWS_ENDPOINT_URL = sandbox.apiUrl.replace('127.0.0.1', 'localhost');
  const { lookup } = dns;
  const begun = Promise.withResolvers<() => void>();
  t.mock.method(dns, 'lookup', (...args: Parameters<typeof lookup>) => begun.resolve(() => lookup(...args)));
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const asked = listTasks();
  const answer = await begun.promise;
  // In steps: a timer that another one sets counts from when that one was due.
  for (let passed = 0; passed < 5_500; passed += 500) t.mock.timers.tick(500);
  t.mock.timers.reset();
  answer();
  assert.deepEqual((await asked).taskArns, []);
});

test('an answer of metadata that never ends stops one call, not every later one', async () => {
  addFault(fleet.world, {
    match: { service: 'imds', path: 'security-credentials/ecs-instance-role' },
    fault: { what: 'drip', ms: 500 },
  });
  const giveUp = new AbortController();
  const first = failure(listTasks(giveUp.signal));
  const reason = new Error('no answer in 10 s');
  while (timesAskedForKeys() === 0) await new Promise((resolve) => setImmediate(resolve));
  giveUp.abort(reason);
  assert.equal(await first, reason);
  assert.deepEqual((await listTasks()).taskArns, []);
});

test('metadata that never answers holds a call up for 3 s at most, and then the old credentials do', async () => {
  await listTasks();
  const old = machine.imds.accessKeyId;
  addFault(fleet.world, {
    match: { api: 'ecs:ListTasks' },
    fault: { what: 'error', name: 'AccessDeniedException', status: 400 },
  });
  await failure(listTasks());
  addFault(fleet.world, { match: { service: 'imds' }, fault: { what: 'drip', ms: 500 }, count: Infinity });
  const late = listTasks();
  while ((fleet.world.faults[0]?.hits ?? 0) === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(clock.step(), true);
  assert.equal(clock.monotonic(), 3_000);
  await late;
  assert.deepEqual(keysUsed('ecs:ListTasks'), [old, old, old]);
});

describe('an answer that is not of AWS is none: else a heartbeat counts as recorded, and the hook times out', () => {
  const calls = [
    ['ecs:StopTask', { cluster: 'web', task: 'a' }],
    ['autoscaling:RecordLifecycleActionHeartbeat', { AutoScalingGroupName: 'g', LifecycleHookName: 'h' }],
    ['ec2:DescribeTags', {}],
  ] as const;
  const send = (index: number) => {
    const [operation, input] = calls[index] as (typeof calls)[number];
    return transport(operation, input as never, { signal: new AbortController().signal });
  };
  for (const [index, [operation]] of calls.entries()) {
    for (const [what, body] of Object.entries({
      empty: '',
      'a page': '<html><head><title>Blocked</title></head><body><h1>By policy</h1></body></html>',
      'an object': '{}',
      'some XML': '<?xml version="1.0"?><Response><Code>AccessDenied</Code></Response>',
      'a word': 'OK',
    })) {
      for (const status of [200, 302, 403, 404, 503])
        test(`${operation}: ${what}, with status ${status}`, async (t) => {
          await answerAll(t, status, {}, body);
          const error = classify(operation, await failure(send(index)));
          assert.deepEqual([error.code, error.kind], ['NotFromAws', 'transient']);
        });
    }
    test(`${operation}: what has a request id is of AWS, whatever it says`, async (t) => {
      await answerAll(t, 200, { 'x-amzn-requestid': 'r' }, operation.startsWith('ecs:') ? '{}' : '<R/>');
      await send(index);
    });
  }

  test('EC2 has given its request id in the body alone', async (t) => {
    const body = '<DescribeTagsResponse><requestId>r</requestId><tagSet/></DescribeTagsResponse>';
    await answerAll(t, 200, {}, body);
    await send(2);
  });
  test('and Auto Scaling its refusals, which still are refusals', async (t) => {
    const error =
      '<Error><Code>ValidationError</Code><Message>No active Lifecycle Action found</Message></Error>';
    await answerAll(t, 400, {}, `<ErrorResponse>${error}<RequestId>r</RequestId></ErrorResponse>`);
    const { kind, code } = classify('autoscaling:x', await failure(send(1)));
    assert.deepEqual([kind, code], ['rejected', 'ValidationError']);
  });
});

describe('an answer that no service gives ends the call, not the process', () => {
  const open = '{"taskArns":[';
  for (const [what, body, message] of [
    ['of 9 MB', `${open}"${'x'.repeat(9 * 1024 * 1024)}"]}`, 'the answer is larger than 8388608 bytes'],
    ['of many objects', `${open}${'{},'.repeat(200_000)}{}]}`, 'the answer holds more than 200000 values'],
    ['of many lists', `${open}${'[],'.repeat(200_000)}[]]}`, 'the answer holds more than 200000 values'],
    ['nested deeply', `${open}${'['.repeat(300_000)}`, 'the answer holds more than 200000 values'],
    ['of many elements', '<a>'.repeat(300_000), 'the answer holds more than 200000 values'],
  ] as const) {
    for (const status of [200, 400, 503]) {
      test(`one ${what}, with status ${status}`, async (t) => {
        await answerAll(t, status, { 'content-type': 'application/x-amz-json-1.1' }, body);
        const { kind, message: said } = classify('ecs:ListTasks', await failure(listTasks()));
        assert.equal(kind, 'transient', 'an answer that nobody could read counts as a refusal by AWS');
        assert.equal(said, `calling ecs:ListTasks: AnswerTooLarge: ${message}`);
      });
    }
  }
});

/** Lets every call be answered in the same way. */
async function answerAll(
  t: TestContext,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<void> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
