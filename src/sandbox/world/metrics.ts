import type * as CloudWatch from '@aws-sdk/client-cloudwatch';
import { dateAt, timeOfDate } from '../../base/clock.ts';
import { serviceError } from './errors.ts';
import type { Handlers } from './operations.ts';
import { pageByPlace } from './paging.ts';
import type { MetricId, MetricValue, WorldState } from './state.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What PutMetricData takes. (CloudWatch API reference, PutMetricData) */
const MOST_DATA = 1_000;
const MOST_DIMENSIONS = 30;
const OLDEST_MS = 14 * DAY;
const NEWEST_MS = 2 * HOUR;
const LARGEST = 2 ** 360;

/** What GetMetricData takes and gives. (CloudWatch API reference, GetMetricData) */
const MOST_QUERIES = 500;
const MOST_POINTS = 100_800;
/** How long data points are kept, by the least period at which they can still be had. */
const KEPT = [
  { periodMs: MINUTE, forMs: 15 * DAY },
  { periodMs: 5 * MINUTE, forMs: 63 * DAY },
  { periodMs: HOUR, forMs: 455 * DAY },
];

/** CloudWatch's metrics, as far as single values and their plain statistics go. */
export const metrics = {
  'cloudwatch:PutMetricData': (world, input) => {
    const { Namespace: namespace = '', MetricData: data = [] } = input;
    if (namespace === '') throw missing('Namespace');
    if (/^:|[^ -~]/.test(namespace) || namespace.length > 255 || namespace.startsWith('AWS/'))
      throw invalid(`The value ${namespace} for parameter Namespace is invalid.`);
    if (data.length === 0) throw missing('MetricData');
    if (data.length > MOST_DATA)
      throw invalid(`The collection MetricData must not have a size greater than ${MOST_DATA}.`);
    // One that is wrong fails the whole request.
    const found = data.map((one, index) =>
      readDatum(world, namespace, one, `MetricData.member.${index + 1}`),
    );
    for (const { id, value } of found) recordMetric(world, id, value);
    return {};
  },
  'cloudwatch:GetMetricData': (world, input) => {
    const { MetricDataQueries: queries = [], MaxDatapoints: most = MOST_POINTS } = input;
    const from = timeIn(input.StartTime);
    const to = timeIn(input.EndTime);
    if (from === undefined || to === undefined)
      throw refused('The parameters StartTime and EndTime must be specified.');
    if (from >= to) throw refused('The parameter StartTime must be less than the parameter EndTime.');
    if (queries.length === 0 || queries.length > MOST_QUERIES)
      throw refused(`The parameter MetricDataQueries must have 1 to ${MOST_QUERIES} members.`);
    if (!Number.isInteger(most) || most < 1 || most > MOST_POINTS)
      throw refused(`The parameter MaxDatapoints must be from 1 to ${MOST_POINTS}.`);
    const isAscending = input.ScanBy === 'TimestampAscending';
    const all = queries.flatMap((query) =>
      pointsOf(world, query, startOf(world, from), to, isAscending).map((point) => ({ query, point })),
    );
    const { items, nextToken } = pageByPlace(all, {
      operation: 'cloudwatch:GetMetricData',
      // A page of a list that a test makes short is short here too.
      limit: Math.min(most, world.options.pageSize * POINTS_A_PAGE),
      // Over the wire a time is a number, and the token is the same.
      input: { ...input, StartTime: from, EndTime: to },
      token: input.NextToken,
      refuse: () => serviceError('InvalidNextToken', 'The next token specified is invalid.'),
    });
    return {
      MetricDataResults: queries.map((query) => {
        const own = items.filter((one) => one.query === query).map(({ point }) => point);
        return {
          Id: query.Id ?? '',
          Label: query.Label ?? query.MetricStat?.Metric?.MetricName ?? '',
          Timestamps: own.map(({ at }) => dateAt(at)),
          Values: own.map(({ value }) => value),
          StatusCode: nextToken === undefined ? 'Complete' : 'PartialData',
        };
      }),
      Messages: [],
      ...(nextToken !== undefined && { NextToken: nextToken }),
    };
  },
} satisfies Handlers<'cloudwatch'>;

const POINTS_A_PAGE = 100;

/** Adds a value to a metric. Of any age: what PutMetricData takes is two weeks old at most. */
export function recordMetric(world: WorldState, id: MetricId, value: Omit<MetricValue, 'unit'>): void {
  const key = keyOf(id);
  const metric = world.metrics.get(key) ?? { id, values: [] };
  world.metrics.set(key, metric);
  metric.values.push({ unit: 'None', ...value });
}

/** The order in which dimensions are named says nothing. */
function keyOf({ namespace, name, dimensions }: MetricId): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function readDatum(
  world: WorldState,
  namespace: string,
  datum: CloudWatch.MetricDatum,
  where: string,
): { readonly id: MetricId; readonly value: MetricValue } {
  const { MetricName: name, Value: value, Unit: unit = 'None' } = datum;
  if (!name) throw missing(`${where}.MetricName`);
  if (datum.Values !== undefined || datum.StatisticValues !== undefined)
    throw invalid(`The sandbox takes no ${where}.Values and no ${where}.StatisticValues: give a Value.`);
  if (value === undefined) throw missing(`${where}.Value`);
  if (typeof value !== 'number' || !Number.isFinite(value) || Math.abs(value) > LARGEST)
    throw invalid(`The value ${value} for parameter ${where}.Value is invalid.`);
  const at = datum.Timestamp === undefined ? world.now : timeIn(datum.Timestamp);
  if (at === undefined || at < world.now - OLDEST_MS || at > world.now + NEWEST_MS)
    throw invalid(
      `The parameter ${where}.Timestamp must specify a time no more than two weeks in the past and two hours in the future.`,
    );
  const dimensions = dimensionsOf(datum.Dimensions, where);
  return { id: { namespace, name, dimensions }, value: { at, value, unit } };
}

function dimensionsOf(given: readonly CloudWatch.Dimension[] = [], where: string): Record<string, string> {
  if (given.length > MOST_DIMENSIONS)
    throw invalid(`The collection ${where}.Dimensions must not have a size greater than ${MOST_DIMENSIONS}.`);
  return Object.fromEntries(
    given.map(({ Name, Value }) => {
      if (!Name || !Value) throw missing(`${where}.Dimensions`);
      return [Name, Value];
    }),
  );
}

type Point = { readonly at: number; readonly value: number };

function pointsOf(
  world: WorldState,
  { Id: id = '', MetricStat: stat }: CloudWatch.MetricDataQuery,
  from: number,
  to: number,
  isAscending: boolean,
): readonly Point[] {
  if (!/^[a-z]\w*$/.test(id)) throw refused(`The value ${id} for parameter Id is invalid.`);
  if (!stat) throw refused('The sandbox answers queries of a MetricStat, and no expressions.');
  const { Metric: metric = {}, Period: period = 0, Stat: name = '', Unit: unit } = stat;
  const compute = statistics[name];
  if (!compute)
    throw refused(`The sandbox has the statistics ${Object.keys(statistics).join(', ')}, not ${name}.`);
  if (period < 60 || period % 60 !== 0)
    throw refused(`The period must be a multiple of 60: it was ${period}.`);
  const { Namespace: namespace = '', MetricName = '', Dimensions } = metric;
  const dimensions = dimensionsOf(Dimensions, 'Metric');
  const found = world.metrics.get(keyOf({ namespace, name: MetricName, dimensions }));
  const periodMs = period * 1_000;
  const kept = KEPT.findLast((one) => one.periodMs <= periodMs)?.forMs ?? 0;
  const values = (found?.values ?? []).filter(
    (one) => one.at >= from && one.at < to && one.at > world.now - kept && (!unit || unit === one.unit),
  );
  const byPeriod = Map.groupBy(values, ({ at }) => Math.floor(at / periodMs) * periodMs);
  const points = [...byPeriod].map(([at, own]) => ({ at, value: compute(own.map(({ value }) => value)) }));
  return points.sort((a, b) => (isAscending ? a.at - b.at : b.at - a.at));
}

const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0);

const statistics: Readonly<Record<string, (values: readonly number[]) => number>> = {
  Average: (values) => sum(values) / values.length,
  Maximum: (values) => Math.max(...values),
  Minimum: (values) => Math.min(...values),
  SampleCount: (values) => values.length,
  Sum: sum,
};

/** A start is rounded down, the further back the more. */
function startOf(world: WorldState, from: number): number {
  const age = world.now - from;
  const step = KEPT.find(({ forMs }) => age <= forMs)?.periodMs ?? HOUR;
  return Math.floor(from / step) * step;
}

/** As the SDK gives a time, or in seconds, as AWS JSON has it. */
function timeIn(value: unknown): number | undefined {
  return typeof value === 'number' ? value * 1_000 : timeOfDate(value);
}

const invalid = (message: string) => serviceError('InvalidParameterValueException', message);
const missing = (name: string) =>
  serviceError('MissingRequiredParameterException', `The parameter ${name} is required.`);
const refused = (message: string) => serviceError('ValidationException', message);
