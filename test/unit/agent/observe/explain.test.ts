import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createExplain } from '../../../../src/agent/observe/explain.ts';
import type { Caller } from '../../../../src/aws/call.ts';
import type { Task } from '../../../../src/aws/ecs.ts';
import { AwsError, type AwsErrorKind } from '../../../../src/aws/errors.ts';
import type { Operation } from '../../../../src/aws/operations.ts';
import { createVirtualClock } from '../../../support/virtual-clock.ts';

const HOUR = 3_600_000;
const of = (id: string, group: string, createdAt: number): Task => ({
  arn: `task/web/${id}`,
  group,
  lastStatus: 'RUNNING',
  desiredStatus: 'RUNNING',
  createdAt,
});
const tasks = [
  of('young', 'service:site', 20),
  of('alone', 'family:report', 1),
  of('old', 'service:api', 10),
];

function setUp(fails: Partial<Record<Operation, AwsErrorKind>> = {}) {
  const clock = createVirtualClock();
  const calls: [Operation, object][] = [];
  const said: string[] = [];
  const call = async (operation: Operation, input: object) => {
    calls.push([operation, input]);
    const kind = fails[operation];
    if (kind) throw new AwsError(operation, kind, 'Failed', 'it failed');
    return operation === 'ecs:DescribeServices'
      ? {
          services: [
            {
              serviceName: 'api',
              schedulingStrategy: 'REPLICA',
              desiredCount: 2,
              runningCount: 1,
              pendingCount: 1,
              deploymentConfiguration: { minimumHealthyPercent: 50, maximumPercent: 200 },
              events: [{ createdAt: new Date(5), message: 'hello' }],
            },
          ],
        }
      : {
          protectedTasks: [
            { taskArn: 'task/web/old', protectionEnabled: true, expirationDate: new Date(7) },
            { taskArn: 'task/web/young', protectionEnabled: false },
          ],
        };
  };
  const explain = createExplain(
    call as unknown as Caller,
    clock,
    (event, _message, fields) => said.push(`${event} ${fields?.iamAction}`),
    (question, error) => said.push(`${question}: ${error}`),
  );
  return { explain: () => explain('web', tasks), explainOf: explain, clock, calls, said };
}

describe('asking what blocks a drain', () => {
  it('asks one question at a time, in turn, once, the oldest first', async () => {
    const { explain, calls } = setUp();
    const services = [
      {
        name: 'api',
        isDaemon: false,
        desired: 2,
        running: 1,
        pending: 1,
        minimumHealthyPercent: 50,
        maximumPercent: 200,
        events: [{ at: 5, message: 'hello' }],
      },
    ];
    assert.deepEqual(await explain(), { services, protectedTasks: [] });
    assert.deepEqual(await explain(), { services, protectedTasks: [{ arn: 'task/web/old', until: 7 }] });
    await explain();
    const describe = ['ecs:DescribeServices', { cluster: 'web', services: ['api', 'site'] }];
    assert.deepEqual(calls, [
      describe,
      ['ecs:GetTaskProtection', { cluster: 'web', tasks: ['task/web/old', 'task/web/young'] }],
      describe,
    ]);
  });

  it('keeps what it knows when an answer cannot be read, and tells of that: it is an error in this program', async () => {
    const { explainOf, said } = setUp();
    const unreadable = {
      ...of('odd', 'service:x', 1),
      get arn(): string {
        throw new TypeError('odd');
      },
    };
    assert.deepEqual((await explainOf('web', [unreadable])).protectedTasks, []);
    await explainOf('web', [unreadable]);
    assert.deepEqual(said, ['ecs:GetTaskProtection: TypeError: odd'], 'nobody would look for it');
  });

  it('asks nothing about standalone tasks', async () => {
    const { explainOf, calls } = setUp();
    await explainOf('web', [of('alone', 'family:report', 1)]);
    assert.deepEqual(calls, []);
  });

  it('asks about ten services at most', async () => {
    const { explainOf, calls } = setUp();
    await explainOf(
      'web',
      Array.from({ length: 12 }, (_, index) => of(`t${index}`, `service:s${index}`, index)),
    );
    const input = calls[0]?.[1];
    assert.equal(input && 'services' in input && Array.isArray(input.services) && input.services.length, 10);
  });

  it('keeps what it knows when an answer fails, and says nothing of it', async () => {
    const { explain, said } = setUp({ 'ecs:GetTaskProtection': 'throttled' });
    const first = await explain();
    assert.deepEqual(await explain(), first);
    assert.deepEqual(said, []);
  });

  it('says once which permission it lacks, and asks that again an hour later', async () => {
    const { explain, clock, calls, said } = setUp({ 'ecs:DescribeServices': 'permission' });
    for (let minute = 0; minute < 60; minute++) {
      await explain();
      clock.pass(HOUR / 60);
    }
    assert.deepEqual(said, ['drain.unexplained ecs:DescribeServices']);
    assert.equal(calls.filter(([operation]) => operation === 'ecs:DescribeServices').length, 1);
    await explain();
    await explain();
    assert.equal(calls.filter(([operation]) => operation === 'ecs:DescribeServices').length, 2);
  });

  it('asks nothing at all where both are forbidden', async () => {
    const { explain, calls } = setUp({
      'ecs:DescribeServices': 'permission',
      'ecs:GetTaskProtection': 'permission',
    });
    for (let minute = 0; minute < 5; minute++) await explain();
    assert.equal(calls.length, 2);
  });
});

describe('what ECS leaves out', () => {
  /** What comes of these answers, in this order. */
  const answered = async (answers: readonly object[], about = tasks) => {
    const left = [...answers];
    const inputs: object[] = [];
    const call = async (_operation: Operation, input: object) => {
      inputs.push(input);
      return left.shift() ?? {};
    };
    const explain = createExplain(call as unknown as Caller, createVirtualClock(), () => {}, assert.fail);
    let explained: Awaited<ReturnType<typeof explain>> = { services: [], protectedTasks: [] };
    for (const _ of answers) explained = await explain('web', about);
    return { ...explained, inputs };
  };

  it('of a service is none, or nothing', async () => {
    const { services } = await answered([{ services: [{}, { schedulingStrategy: 'DAEMON', events: [{}] }] }]);
    const bare = {
      name: '',
      isDaemon: false,
      desired: 0,
      running: 0,
      pending: 0,
      minimumHealthyPercent: undefined,
      maximumPercent: undefined,
      events: [],
    };
    assert.deepEqual(services, [bare, { ...bare, isDaemon: true, events: [{ at: 0, message: '' }] }]);
  });
  it('altogether leaves nothing to tell', async () => {
    const { services, protectedTasks } = await answered([{}, {}]);
    assert.deepEqual([services, protectedTasks], [[], []]);
  });
  it('altogether is news: nothing is left of what was told before', async () => {
    const protectedTask = { taskArn: 'task/web/old', protectionEnabled: true };
    const first = [{ services: [{ serviceName: 'api' }] }, { protectedTasks: [protectedTask] }];
    const { services, protectedTasks } = await answered([...first, {}, {}]);
    assert.deepEqual([services, protectedTasks], [[], []]);
  });
  it('of a protected task is its name and its end', async () => {
    const { protectedTasks } = await answered([{}, { protectedTasks: [{ protectionEnabled: true }] }]);
    assert.deepEqual(protectedTasks, [{ arn: '', until: undefined }]);
  });
  it('or says too much of is cut: twenty events, a hundred tasks', async () => {
    const events = Array.from({ length: 25 }, (_, index) => ({ message: `${index}` }));
    const many = Array.from({ length: 120 }, (_, index) => of(`t${index}`, 'service:site', index));
    const { services, inputs } = await answered([{ services: [{ events }] }, {}], many);
    assert.equal(services[0]?.events.length, 20);
    const asked = inputs[1] as { tasks: readonly string[] };
    assert.deepEqual([asked.tasks.length, asked.tasks[99]], [100, 'task/web/t99']);
  });
  it('when a task began makes it the youngest', async () => {
    const { createdAt: _, ...ageless } = of('ageless', 'service:ageless', 0);
    const old = of('old', 'service:old', 5);
    const older = of('older', 'service:older', 4);
    for (const order of [
      [ageless, old, older],
      [old, ageless, older],
      [old, older, ageless],
    ]) {
      const { inputs } = await answered([{}], order);
      assert.deepEqual(inputs, [{ cluster: 'web', services: ['older', 'old', 'ageless'] }]);
    }
  });
});
