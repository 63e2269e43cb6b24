import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createExplain } from '../../../../src/agent/observe/explain.ts';
import type { Caller } from '../../../../src/aws/call.ts';
import type { Task } from '../../../../src/aws/ecs.ts';
import { AwsError, type AwsErrorKind } from '../../../../src/aws/errors.ts';
import type { Operation } from '../../../../src/aws/operations.ts';
import { createManualClock } from '../../sandbox/manual-clock.ts';

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
  const clock = createManualClock();
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
  const explain = createExplain(call as unknown as Caller, clock, (event, _message, fields) =>
    said.push(`${event} ${fields?.iamAction}`),
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
