import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFleet } from '../../../src/sandbox/fleet.ts';
import { recordMetric } from '../../../src/sandbox/world/metrics.ts';
import type { WorldOptions } from '../../../src/sandbox/world/options.ts';
import { outcome } from './calls.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** On the hour, in ms since the Unix epoch. */
const NOW = 1_795_010_400_000;
const Dimensions = [
  { Name: 'Cluster', Value: 'batch' },
  { Name: 'Group', Value: 'workers' },
];

function scene(options: WorldOptions = {}) {
  const { world } = createFleet({ now: NOW, ...options });
  const put = (agoMs: number, Value: number, more: object = {}) =>
    world.call('cloudwatch:PutMetricData', {
      Namespace: 'jobs',
      MetricData: [{ MetricName: 'Needed', Dimensions, Timestamp: new Date(NOW - agoMs), Value, ...more }],
    });
  const get = (fromAgo: number, toAgo: number, more: object = {}, stat: object = {}) =>
    world.call('cloudwatch:GetMetricData', {
      StartTime: new Date(NOW - fromAgo),
      EndTime: new Date(NOW - toAgo),
      ScanBy: 'TimestampAscending',
      MetricDataQueries: [
        {
          Id: 'need',
          MetricStat: {
            Metric: { Namespace: 'jobs', MetricName: 'Needed', Dimensions: [...Dimensions].reverse() },
            Period: 3_600,
            Stat: 'Maximum',
            ...stat,
          },
        },
      ],
      ...more,
    });
  const values = (...asked: Parameters<typeof get>) => get(...asked).MetricDataResults?.[0]?.Values;
  return { world, put, get, values };
}

describe('a metric of CloudWatch', () => {
  test('gives the statistic of each period, its start included and its end not', () => {
    const { put, get } = scene();
    put(3 * HOUR, 2);
    put(2 * HOUR + 1, 5);
    put(2 * HOUR, 1);
    put(HOUR, 9);
    assert.deepEqual(get(3 * HOUR, HOUR), {
      MetricDataResults: [
        {
          Id: 'need',
          Label: 'Needed',
          Timestamps: [new Date(NOW - 3 * HOUR), new Date(NOW - 2 * HOUR)],
          Values: [5, 1],
          StatusCode: 'Complete',
        },
      ],
      Messages: [],
    });
  });

  test('gives the newest first unless told', () => {
    const { put, values } = scene();
    put(3 * HOUR, 2);
    put(2 * HOUR, 1);
    assert.deepEqual(values(3 * HOUR, 0, { ScanBy: undefined }), [1, 2]);
  });

  for (const [Stat, value] of Object.entries({ Average: 2, Maximum: 3, Minimum: 1, SampleCount: 2, Sum: 4 }))
    test(`has the statistic ${Stat}`, () => {
      const { put, values } = scene();
      put(60_000, 1);
      put(60_000, 3);
      assert.deepEqual(values(HOUR, 0, {}, { Stat }), [value]);
    });

  test('is another one with other dimensions', () => {
    const { put, values } = scene();
    put(60_000, 1, { Dimensions: [] });
    assert.deepEqual(values(HOUR, 0), []);
  });

  test('comes in pages, of which all but the last say that there is more', () => {
    const { put, get } = scene();
    for (let hour = 3; hour > 0; hour--) put(hour * HOUR, hour);
    const first = get(4 * HOUR, 0, { MaxDatapoints: 2 });
    const [one] = first.MetricDataResults ?? [];
    assert.deepEqual([one?.Values, one?.StatusCode], [[3, 2], 'PartialData']);
    const second = get(4 * HOUR, 0, { MaxDatapoints: 2, NextToken: first.NextToken });
    const [rest] = second.MetricDataResults ?? [];
    assert.deepEqual([rest?.Values, rest?.StatusCode, second.NextToken], [[1], 'Complete', undefined]);
  });

  test('has by the minute what is younger than 15 days, and by the hour what is older', () => {
    const { world, values } = scene();
    const id = { namespace: 'jobs', name: 'Needed', dimensions: { Cluster: 'batch', Group: 'workers' } };
    recordMetric(world, id, { at: NOW - 16 * DAY, value: 7 });
    recordMetric(world, id, { at: NOW - 14 * DAY, value: 8 });
    assert.deepEqual(values(20 * DAY, 0, {}, { Period: 60 }), [8]);
    assert.deepEqual(values(20 * DAY, 0), [7, 8]);
  });

  for (const [what, agoMs, more] of [
    ['a time more than two weeks ago', 14 * DAY + 1, {}],
    ['a time more than two hours ahead', -2 * HOUR - 1, {}],
    ['what is no number', 0, { Value: Number.NaN }],
    ['no name', 0, { MetricName: '' }],
  ] as const)
    test(`takes ${what.startsWith('no') ? `nothing with ${what}` : `no value with ${what}`}`, () => {
      const { put, values } = scene();
      assert.match(
        outcome(() => String(put(agoMs, 1, more))),
        /InvalidParameterValue|MissingRequiredParameter/,
      );
      assert.deepEqual(values(20 * DAY, -DAY), [], 'what is refused is recorded all the same');
    });
});
