import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../../src/aws/call.ts';
import { AwsError } from '../../../src/aws/errors.ts';
import { queueRegion } from '../../../src/base/queue-region.ts';
import type { Operations } from '../../../src/oneshot/aws/operations.ts';
import { createTasks } from '../../../src/oneshot/aws/tasks.ts';
import type { Launch, Told } from '../../../src/oneshot/launch/model.ts';
import { needsOf } from '../../../src/oneshot/launch/needs.ts';
import { createTeller } from '../../../src/oneshot/tell-demand.ts';
import { createVirtualClock, settled } from '../../support/virtual-clock.ts';
import { scriptCall } from '../aws/scripted-call.ts';
import { after, defined, fresh, noRoom, started } from './launch/launches.ts';

describe('what a task needs of an instance', () => {
  const needs = async (taskDefinition: object, asked: { cpu?: number; memory?: number } = {}) => {
    const { call } = scriptCall({ taskDefinition });
    const definition = await createTasks(call as unknown as Caller<Operations>, 'batch').define('job');
    return needsOf(definition, 'main', { cpu: undefined, memory: undefined, network: undefined, ...asked });
  };
  const main = { name: 'main', cpu: 256, memory: 512 };
  const none = { gpu: 0, ports: [], constraints: [], networkInterfaces: 0, subnets: [] };

  for (const [what, definition, asked, expected] of [
    ['is what its container reserves', [main], {}, { cpu: 256, memory: 512, ...none }],
    [
      'is the sum of what its containers reserve',
      [main, { name: 'proxy', cpu: 128, memory: 64 }],
      {},
      { cpu: 384, memory: 576, ...none },
    ],
    [
      'is a soft limit before a hard one',
      [{ ...main, memoryReservation: 100 }],
      {},
      { cpu: 256, memory: 100, ...none },
    ],
    [
      'is what is asked for in place of what its container has',
      [main, { name: 'proxy', cpu: 128, memory: 64 }],
      { cpu: 1024, memory: 2048 },
      { cpu: 1152, memory: 2112, ...none },
    ],
    [
      'is 0 CPU units where none are reserved',
      [{ name: 'main', memory: 512 }],
      {},
      { cpu: 0, memory: 512, ...none },
    ],
    [
      'has GPUs',
      [{ ...main, resourceRequirements: [{ type: 'GPU', value: '2' }] }],
      {},
      { ...none, cpu: 256, memory: 512, gpu: 2 },
    ],
    [
      'has the ports of the host that are fixed',
      [
        {
          ...main,
          portMappings: [{ containerPort: 80 }, { containerPort: 53, hostPort: 53, protocol: 'udp' }],
        },
      ],
      {},
      { ...none, cpu: 256, memory: 512, ports: [{ port: 53, protocol: 'udp' }] },
    ],
  ] as const) {
    test(what, async () =>
      assert.deepEqual(await needs({ containerDefinitions: definition }, asked), expected),
    );
  }

  test('is what the definition reserves for the whole task, whatever its containers have', async () => {
    const whole = { cpu: '512', memory: '1024', containerDefinitions: [main] };
    assert.deepEqual(await needs(whole, { cpu: 4096 }), { cpu: 512, memory: 1024, ...none });
  });

  test('in the network mode host, its containers’ ports are the host’s; with awsvpc they are not', async () => {
    const containerDefinitions = [{ ...main, portMappings: [{ containerPort: 8080 }] }];
    const { ports } = await needs({ containerDefinitions, networkMode: 'host' });
    assert.deepEqual(ports, [{ port: 8080, protocol: 'tcp' }]);
    assert.deepEqual((await needs({ containerDefinitions, networkMode: 'awsvpc' })).ports, []);
  });

  test('has the placement constraints of its definition', async () => {
    const constraint = { type: 'memberOf', expression: 'attribute:ecs.os-type == linux' };
    const { constraints } = await needs({ containerDefinitions: [main], placementConstraints: [constraint] });
    assert.deepEqual(constraints, [constraint]);
  });
});

describe("a queue's Region", () => {
  for (const [url, region] of [
    ['https://sqs.eu-west-1.amazonaws.com/111122223333/demand', 'eu-west-1'],
    ['https://sqs.cn-north-1.amazonaws.com.cn/111122223333/demand', 'cn-north-1'],
    ['https://sqs-fips.us-gov-west-1.amazonaws.com/111122223333/demand', 'us-gov-west-1'],
    ['https://ap-south-1.queue.amazonaws.com/111122223333/demand', 'ap-south-1'],
    ['https://vpce-0a1b.sqs.eu-west-1.vpce.amazonaws.com/111122223333/demand', 'eu-west-1'],
    ['http://127.0.0.1:4566/111122223333/demand', undefined],
  ] as const) {
    test(`of ${url} is ${region}`, () => assert.equal(queueRegion(url), region));
  }
});

describe('a demand queue', () => {
  const waits = after(fresh, defined, noRoom);
  const notYet = after(fresh, defined, noRoom, {
    kind: 'start-answered',
    answer: { kind: 'not-yet', why: 'AGENT', completed: true, except: [] },
  });

  async function telling(launches: readonly (readonly [at: number, Launch])[], send: () => Promise<void>) {
    const clock = createVirtualClock(0);
    const sentAt: number[] = [];
    const told: Told[] = [];
    const teller = createTeller({
      send: async () => {
        sentAt.push(clock.now());
        await send();
      },
      clock,
      random: () => 1,
      onTold: (one) => told.push(one),
    });
    for (const [at, launch] of launches) clock.at(at, () => teller.update(launch));
    do await settled();
    while (clock.step(60_000));
    teller.end();
    return { sentAt, told };
  }

  test('is told at once and every ten seconds for as long as there is no room', async () => {
    const { sentAt } = await telling(
      [
        [1_000, after(fresh, defined)],
        [2_000, waits],
        [12_500, waits],
        [32_500, after(fresh, defined, noRoom, started())],
      ],
      async () => {},
    );
    assert.deepEqual(sentAt, [2_000, 12_000, 22_000, 32_000]);
  });

  test('is not told while the launch waits for something else', async () => {
    const { sentAt } = await telling(
      [
        [0, waits],
        [5_000, notYet],
        [25_000, waits],
        [35_000, notYet],
      ],
      async () => {},
    );
    assert.deepEqual(sentAt, [0, 30_000]);
  });

  test('that forbids it is tried once a minute, and one that does not answer every ten seconds', async () => {
    const forbidden = await telling([[0, waits]], async () => {
      throw new AwsError('sqs:SendMessage', 'permission', 'AccessDenied', 'not allowed');
    });
    assert.deepEqual(forbidden.sentAt, [0, 60_000]);
    assert.deepEqual(forbidden.told[0], { trouble: 'not allowed' });
    const silent = await telling([[0, waits]], async () => {
      throw new AwsError('sqs:SendMessage', 'transient', 'TimeoutError', 'no answer');
    });
    assert.deepEqual(silent.sentAt.slice(0, 3), [0, 10_000, 20_000]);
  });
});
