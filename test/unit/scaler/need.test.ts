import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../../src/aws/call.ts';
import { AwsError } from '../../../src/aws/errors.ts';
import { createNeedMetric } from '../../../src/scaler/aws/need-metric.ts';
import type { Operations } from '../../../src/scaler/aws/operations.ts';
import { emptyMemory } from '../../../src/scaler/turn/memory.ts';
import { publishNeed, recallNeed } from '../../../src/scaler/turn/need.ts';

const HOUR = 3_600_000;
const NOW = 1_795_000_000_000;

/** A metric of which CloudWatch gives these pages, and what it was asked. */
function metric(pages: readonly object[]) {
  const asked: [string, Record<string, unknown>][] = [];
  const call = (async (operation: string, input: Record<string, unknown>) => {
    asked.push([operation, input]);
    const answer = pages[asked.length - 1] ?? {};
    if (answer instanceof Error) throw answer;
    return answer;
  }) as unknown as Caller<Operations>;
  return { asked, need: createNeedMetric(call, 'batch', 'workers') };
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
    const { asked, need } = metric([{ MetricDataResults: [] }]);
    const first = await recallNeed(need, emptyMemory, NOW);
    await recallNeed(need, first.memory, NOW + 60_000);
    assert.equal(asked.length, 1);
    await recallNeed(need, first.memory, NOW + HOUR);
    assert.equal(asked.length, 2);
  });

  test('that cannot be read is no reason for a turn to fail', async () => {
    const step = await recallNeed(metric([refused]).need, emptyMemory, NOW);
    assert.deepEqual(step, {
      memory: emptyMemory,
      warnings: ['what past hours have needed could not be read: not allowed'],
    });
  });
});

describe('what is needed now', () => {
  test('is published once a minute at most', async () => {
    const { asked, need } = metric([]);
    const { memory } = await publishNeed(need, emptyMemory, NOW, 3);
    await publishNeed(need, memory, NOW + 59_999, 4);
    await publishNeed(need, memory, NOW + 60_000, 4);
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
    assert.deepEqual(await publishNeed(undefined, emptyMemory, NOW, 3), {
      memory: emptyMemory,
      warnings: [],
    });
  });
});
