import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../../src/aws/call.ts';
import { AwsError } from '../../../src/aws/errors.ts';
import { createNeedMetric } from '../../../src/scaler/aws/need-metric.ts';
import type { Operations } from '../../../src/scaler/aws/operations.ts';
import { noNeed, publishNeed, recallNeed } from '../../../src/scaler/turn/need.ts';
import { createVirtualClock, settled } from '../../support/virtual-clock.ts';

const HOUR = 3_600_000;
const NOW = 1_795_000_000_000;

/** A metric of which CloudWatch gives these pages, what it was asked, and a clock to go by. */
function metric(pages: readonly object[]) {
  const clock = createVirtualClock(NOW);
  const asked: [string, Record<string, unknown>][] = [];
  const call = (async (operation: string, input: Record<string, unknown>) => {
    asked.push([operation, input]);
    const answer = pages[asked.length - 1] ?? {};
    if (answer instanceof Error) throw answer;
    return answer;
  }) as unknown as Caller<Operations>;
  return { asked, clock, need: createNeedMetric(call, 'batch', 'workers') };
}

const refused = new AwsError('cloudwatch:GetMetricData', 'permission', 'AccessDenied', 'not allowed');

describe('what past hours have needed', () => {
  test('is read page by page, up to the last full hour', async () => {
    const { asked, need } = metric([
      { MetricDataResults: [{ Timestamps: [new Date(HOUR)], Values: [2] }], NextToken: 'more' },
      { MetricDataResults: [{ Timestamps: [new Date(2 * HOUR)], Values: [5] }] },
    ]);
    assert.deepEqual(await need.read(NOW), [
      { from: HOUR, instances: 2 },
      { from: 2 * HOUR, instances: 5 },
    ]);
    assert.equal(asked[1]?.[1].NextToken, 'more');
    assert.deepEqual(asked[0]?.[1].EndTime, new Date(NOW - (NOW % HOUR)));
  });

  test('is read once an hour', async () => {
    const ports = metric([{ MetricDataResults: [] }]);
    const first = await recallNeed(ports, noNeed);
    ports.clock.jump(60_000);
    await recallNeed(ports, first.need);
    assert.equal(ports.asked.length, 1);
    ports.clock.jump(HOUR);
    await recallNeed(ports, first.need);
    assert.equal(ports.asked.length, 2);
  });

  test('that cannot be read is no reason for a turn to fail, and is tried again a minute later', async () => {
    const ports = metric([refused, { MetricDataResults: [] }]);
    const step = await recallNeed(ports, noNeed);
    assert.equal(step.need.byHour, undefined, 'what could not be read is taken for a history without needs');
    assert.deepEqual(step.warnings, ['what past hours have needed could not be read: not allowed']);
    ports.clock.jump(59_999);
    await recallNeed(ports, step.need);
    assert.equal(ports.asked.length, 1, 'each turn waits for a CloudWatch that is away');
    ports.clock.jump(1);
    assert.deepEqual((await recallNeed(ports, step.need)).need.byHour, []);
  });

  test('is kept when it cannot be read again', async () => {
    const ports = metric([{ MetricDataResults: [{ Timestamps: [new Date(HOUR)], Values: [2] }] }, refused]);
    const first = await recallNeed(ports, noNeed);
    ports.clock.jump(HOUR);
    const second = await recallNeed(ports, first.need);
    assert.deepEqual(second.need.byHour, [{ from: HOUR, instances: 2 }]);
  });

  test('is waited for three seconds: jobs wait for the turn', async () => {
    const clock = createVirtualClock(NOW);
    const need = { read: () => new Promise<never>(() => {}), publish: () => new Promise<never>(() => {}) };
    const step = recallNeed({ clock, need }, noNeed);
    await settled();
    clock.step(NOW + 3_000);
    assert.match((await step).warnings.join(), /no answer in 3000 ms/);
  });

  for (const StatusCode of ['InternalError', 'Forbidden', 'PartialData'])
    test(`is not read from an answer with the status ${StatusCode}`, async () => {
      const { need } = metric([{ MetricDataResults: [{ StatusCode, Timestamps: [], Values: [] }] }]);
      await assert.rejects(need.read(NOW), /its status is/, 'the floor would be too low');
    });
});

describe('what is needed now', () => {
  test('is published once a minute at most', async () => {
    const { asked, ...ports } = metric([]);
    const first = await publishNeed(ports, noNeed, NOW, 3);
    await publishNeed(ports, first.need, NOW + 59_999, 4);
    await publishNeed(ports, first.need, NOW + 60_000, 4);
    assert.deepEqual(
      asked.map(([, { Namespace, MetricData }]) => [
        Namespace,
        (MetricData as { Value: number }[])[0]?.Value,
      ]),
      [
        ['ecs-scaler', 3],
        ['ecs-scaler', 4],
      ],
    );
  });

  test('is not published where nobody looks ahead', async () => {
    const { clock } = metric([]);
    assert.deepEqual(await publishNeed({ clock }, noNeed, NOW, 3), { need: noNeed, warnings: [] });
  });
});
