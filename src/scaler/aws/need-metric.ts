import type { MetricDataResult } from '@aws-sdk/client-cloudwatch';
import type { Caller } from '../../aws/call.ts';
import { dateAt, timeOfDate } from '../../base/clock.ts';
import { HOUR_MS, MOST_WEEKS } from '../plan/forecast.ts';
import type { HourOfNeed } from '../plan/model.ts';
import type { Operations } from './operations.ts';
import { incomplete, readAll } from './whole.ts';

/** A policy binds publishing to this namespace. */
export const NAMESPACE = 'ecs-scaler';
const METRIC = 'InstancesNeeded';

/** How many instances a group needs, as a metric of CloudWatch: it is there after every process and for months. */
export type NeedMetric = {
  /** The most that was needed in each full hour before a time, as far back as a forecast looks. Rejects with an `AwsError`. */
  read(before: number): Promise<readonly HourOfNeed[]>;
  publish(at: number, instances: number): Promise<void>;
};

/** A turn does without it, and has not the time to ask again. */
const ONCE = { attempts: 1 };

export function createNeedMetric(call: Caller<Operations>, cluster: string, group: string): NeedMetric {
  const dimensions = [
    { Name: 'Cluster', Value: cluster },
    { Name: 'Group', Value: group },
  ];
  return {
    read: async (before) => {
      const end = Math.floor(before / HOUR_MS) * HOUR_MS;
      const operation = 'cloudwatch:GetMetricData';
      const results = await readAll<MetricDataResult>(operation, 'MetricDataResults', async (nextToken) => {
        const input = {
          StartTime: dateAt(end - MOST_WEEKS * 7 * 24 * HOUR_MS),
          EndTime: dateAt(end),
          ScanBy: 'TimestampAscending' as const,
          MetricDataQueries: [
            {
              Id: 'need',
              MetricStat: {
                Metric: { Namespace: NAMESPACE, MetricName: METRIC, Dimensions: dimensions },
                Period: HOUR_MS / 1_000,
                Stat: 'Maximum',
              },
            },
          ],
          NextToken: nextToken,
        };
        const { MetricDataResults: items, NextToken } = await call(operation, input, ONCE);
        const isCutOff = ({ StatusCode: code }: MetricDataResult) =>
          code === 'InternalError' || code === 'Forbidden' || (code === 'PartialData' && !NextToken);
        const wrong = items?.find(isCutOff);
        // Too few hours would say that too little is needed.
        if (wrong) throw incomplete(operation, `its status is ${wrong.StatusCode}`);
        return { items, nextToken: NextToken };
      });
      const hours = results.flatMap(({ Timestamps: times = [], Values: values = [] }) => {
        if (times.length !== values.length) throw incomplete(operation, 'it has more times than values');
        return times.map((time, index) => ({
          from: timeOfDate(time) ?? Number.NaN,
          instances: values[index] ?? Number.NaN,
        }));
      });
      return hours
        .filter(({ from, instances }) => Number.isFinite(from) && Number.isFinite(instances))
        .sort((a, b) => a.from - b.from);
    },
    publish: async (at, instances) => {
      const datum = { MetricName: METRIC, Dimensions: dimensions, Timestamp: dateAt(at) };
      const MetricData = [{ ...datum, Value: instances, Unit: 'Count' as const }];
      await call('cloudwatch:PutMetricData', { Namespace: NAMESPACE, MetricData }, ONCE);
    },
  };
}
